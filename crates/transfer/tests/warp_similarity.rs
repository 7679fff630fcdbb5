//! The similarities of fig. 5c against plain arithmetic on the same vectors.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use locvtp_corpus::Vocabulary;
use locvtp_corpus::synthetic::{Split, TrueVideo, Truth};
use locvtp_model::encoders::DistilBertConfig;
use locvtp_model::encoders::TimeSformerConfig;
use locvtp_model::loss::WarpDistances;
use locvtp_model::{Device, LocVtpConfig, ModelDirectory, Preprocessing, SentenceTokenizer};
use locvtp_transfer::synthetic::{EmbeddedSplit, EmbeddedVideo};
use locvtp_transfer::synthetic::{WarpSimilaritySettings, warp_similarities};
use locvtp_transfer::{
    Embedder, JointVector, SentenceEmbedding, VideoEmbedding, dot, mean_unit, unit,
};
use locvtp_video::{Seconds, TimeSpan};

const WIDTH: usize = 4;

/// Vectors that follow from `seed` alone; any numbers will do.
fn vectors(count: usize, seed: usize) -> Vec<JointVector> {
    let number = |i: usize| ((i * 37 + seed * 101 + 13) as f32 * 0.7).sin();
    (0..count).map(|row| (0..WIDTH).map(|i| number(row * WIDTH + i)).collect()).collect()
}

fn units(vectors: &[JointVector]) -> Vec<JointVector> {
    vectors.iter().map(|vector| unit(vector)).collect()
}

fn video(clips: usize, words: usize, seed: usize) -> EmbeddedVideo {
    let (raw_clips, raw_words) = (vectors(clips, seed), vectors(words, seed + 50));
    EmbeddedVideo {
        path: format!("{seed}.mp4").into(),
        truth: TrueVideo {
            id: seed.to_string(),
            duration: Seconds(clips as f64),
            procedure: None,
            caption: String::new(),
            events: Vec::new(),
        },
        embedding: VideoEmbedding {
            spans: (0..clips).map(|t| TimeSpan::new(t as f64, t as f64 + 1.0)).collect(),
            clips: units(&raw_clips),
            video: mean_unit(&raw_clips),
            raw_clips,
        },
        caption: SentenceEmbedding {
            tokens: vec!["word".into(); words],
            words: units(&raw_words),
            sentence: mean_unit(&raw_words),
            raw_words,
        },
        queries: Vec::new(),
    }
}

fn split(videos: Vec<EmbeddedVideo>) -> EmbeddedSplit {
    let vocabulary = Vocabulary { colours: Vec::new(), shapes: Vec::new(), actions: Vec::new() };
    let truth = Truth { split: Split::Seen, vocabulary, videos: Vec::new() };
    EmbeddedSplit { truth, videos, skipped: Vec::new() }
}

fn embedder() -> Embedder {
    let device = Device::flex();
    let (mut video, mut text) = (TimeSformerConfig::default(), DistilBertConfig::default());
    (video.hidden_size, video.num_hidden_layers, video.num_attention_heads) = (8, 1, 2);
    (video.intermediate_size, video.image_size, video.patch_size) = (16, 16, 8);
    (text.dim, text.n_layers, text.n_heads, text.hidden_dim) = (8, 1, 2, 16);
    let mut config =
        LocVtpConfig { video: video.into(), text: text.into(), ..LocVtpConfig::default() };
    config.projection.dim = WIDTH;
    let max_tokens = config.text.max_tokens();
    let tokenizer = SentenceTokenizer::train(["a word"].into_iter(), 40, max_tokens).unwrap();
    config.text.set_vocab_size(tokenizer.vocab_size());
    let model = config.init(7, &device);
    let preprocessing = Preprocessing::default();
    Embedder::new(
        ModelDirectory { config, preprocessing, tokenizer: Some(tokenizer), model },
        device,
    )
}

#[test]
fn the_similarities_equal_plain_arithmetic() {
    let embedder = embedder();
    let settings = WarpSimilaritySettings { seed: 11, ..WarpSimilaritySettings::default() };
    let split = split(vec![video(6, 5, 1)]);
    let found = warp_similarities(&embedder, &split, &settings).unwrap();

    let head = embedder.directory().model.context_warp().unwrap();
    let max_distance = embedder.directory().config.context_warp.max_distance;
    let distances = WarpDistances::draw([1, 6], max_distance, 11).unwrap().0;
    let weight: Vec<f32> = head.weight().into_data().try_to_vec().unwrap();
    let columns = WIDTH + 2;
    let (clips, words) = (&split.videos[0].embedding.clips, &split.videos[0].caption.words);
    let (mut reference, mut bias, mut projection) = (0.0, 0.0, 0.0);
    for (t, clip) in clips.iter().enumerate() {
        // The three words closest to the clip, and the direction of their mean.
        let mut closest: Vec<&JointVector> = words.iter().collect();
        closest.sort_by(|a, b| dot(clip, b).total_cmp(&dot(clip, a)));
        let closest: Vec<JointVector> = closest[..3].iter().map(|word| (*word).clone()).collect();
        let positive = mean_unit(&closest);
        let neighbour = &clips[(t as i32 + distances[t]) as usize];
        let sign_and_length = [distances[t].signum() as f32, distances[t].abs() as f32];
        let input: Vec<f32> = neighbour.iter().copied().chain(sign_and_length).collect();
        let warped: Vec<f32> =
            weight.chunks_exact(columns).map(|row| dot(row, &input).max(0.0)).collect();
        reference += f64::from(dot(clip, &positive)) / 6.0;
        bias += f64::from(dot(neighbour, &positive)) / 6.0;
        projection += f64::from(dot(&unit(&warped), &positive)) / 6.0;
    }
    for (found, expected) in
        [(&found.reference, reference), (&found.bias, bias), (&found.projection, projection)]
    {
        assert_eq!(found.total(), 6);
        assert!((found.mean().unwrap() - expected).abs() < 1e-5, "{found:?} is not {expected}");
    }
}

#[test]
fn a_video_of_one_clip_has_no_neighbour_and_is_left_out() {
    let settings = WarpSimilaritySettings::default();
    let split = split(vec![video(1, 3, 1), video(4, 3, 2)]);
    let found = warp_similarities(&embedder(), &split, &settings).unwrap();
    assert_eq!(found.bias.total(), 4);
}
