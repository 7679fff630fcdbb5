//! SigLIP's two towers and its words against Hugging Face's (`reference/siglip.py`), and what holds by their structure.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod golden;
mod siglip_files;

use std::collections::{BTreeMap, BTreeSet};

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor, TensorData};
use golden::{assert_close, numbers};
use locvtp_model::TokenBatch;
use locvtp_model::encoders::{
    ClipTime, SiglipText, SiglipTextConfig, SiglipVision, SiglipVisionConfig,
};
use locvtp_model::weights::{fill_parameters, named_parameters};
use locvtp_model::{ClipFeature, ClipPatches, Initialiser, SentenceTokenizer, SentenceTokens};
use serde_json::Value;
use siglip_files::{PLACES, SECOND, expected, formula, path, seed_of, units};

/// As for CLIP: number type, tolerance of values, tolerance of gradients.
const TOLERANCES: [(DType, f64, f64); 2] = [(DType::F32, 1e-5, 1e-4), (DType::F64, 2e-7, 2e-7)];

const FRAMES: usize = 3;

fn vision_config(time: ClipTime) -> SiglipVisionConfig {
    SiglipVisionConfig {
        image_size: 12,
        patch_size: 4,
        num_frames: FRAMES,
        hidden_size: 16,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        intermediate_size: 24,
        time,
        ..SiglipVisionConfig::default()
    }
}

fn text_config() -> SiglipTextConfig {
    SiglipTextConfig {
        vocab_size: SECOND,
        hidden_size: 16,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        intermediate_size: 24,
        projection_size: 16,
        ..SiglipTextConfig::default()
    }
}

/// Each parameter as its name says.
fn by_formula<M: Module>(module: M) -> M {
    let shapes = named_parameters(&module).into_iter();
    let weights = shapes.map(|(name, tensor)| {
        let tensor = formula(&name, &tensor.shape);
        (name, tensor)
    });
    golden::filled(module, weights.collect())
}

fn vision(time: ClipTime, device: &Device) -> SiglipVision {
    by_formula(vision_config(time).init(&mut golden::any_weights(device)))
}

/// Image weights, and attention over time that adds nothing.
fn fresh(device: &Device) -> SiglipVision {
    let tower = vision_config(ClipTime::Divided).init(&mut Initialiser::new(5, device));
    let image = named_parameters(&vision(ClipTime::Mean, device));
    let (tower, report) = fill_parameters(tower, image);
    let is_ours = |name: &String| name.contains(".temporal.") || name.contains("time_embedding");
    assert!(report.missing.iter().all(is_ours) && report.unused.is_empty(), "{report}");
    tower
}

fn text(device: &Device) -> SiglipText {
    by_formula(text_config().init(&mut golden::any_weights(device)))
}

fn tokenizer() -> SentenceTokenizer {
    SentenceTokenizer::read(&path("tokenizer.json"), PLACES).unwrap()
}

fn made<const D: usize>(seed: u32, shape: [usize; D], device: &Device, dtype: DType) -> Tensor<D> {
    let values = units(seed).take(shape.iter().product()).collect::<Vec<f64>>();
    Tensor::from_data(TensorData::new(values, shape), (device, dtype))
}

fn pixels(device: &Device, dtype: DType) -> Tensor<5> {
    made(7, [2, FRAMES, 3, 12, 12], device, dtype)
}

/// All numbers of nested lists.
fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(all) => all.iter().flat_map(flat).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

/// Compares the length of each gradient, and its product with numbers by its name.
#[track_caller]
fn assert_gradients(found: &BTreeMap<String, Vec<f64>>, expected: &Value, tolerance: f64) {
    let expected = expected.as_object().unwrap();
    assert!(found.keys().eq(expected.keys().collect::<BTreeSet<_>>()), "{:?}", found.keys());
    for (name, gradient) in found {
        let length = gradient.iter().map(|x| x * x).sum::<f64>().sqrt();
        let units = units(seed_of(&format!("grad.{name}")));
        let product: f64 = gradient.iter().zip(units).map(|(x, unit)| x * unit).sum();
        let wanted = flat(&expected[name]);
        let scale = wanted.iter().fold(0.1f64, |scale, x| scale.max(x.abs()));
        for (x, y) in [length, product].iter().zip(&wanted) {
            assert!((x - y).abs() <= tolerance * scale, "{name}: {x} instead of {y}");
        }
    }
}

#[test]
fn frame_by_frame_features_and_gradients_equal_hugging_faces() {
    let (device, expected) = (Device::flex().autodiff(), expected());
    for (dtype, forward, backward) in TOLERANCES {
        let tower = golden::cast(vision(ClipTime::Mean, &device), dtype);
        let clips = pixels(&device, dtype);
        let images = tower.forward_pixels(clips.clone().reshape([2 * FRAMES, 1, 3, 12, 12]));
        assert_close("images", &numbers(images.clone()), &flat(&expected["images"]), forward);
        let found = tower.forward_pixels(clips);
        let mean = images.reshape([2, FRAMES, 16]).mean_dim(1);
        assert_close("clips", &numbers(found.clone()), &numbers(mean), 1e-6);
        let gradients = (found * made(8, [2, 16], &device, dtype)).sum().backward();
        let found = golden::named_gradients(&tower, gradients);
        assert_gradients(&found, &expected["mean_gradients"], backward);
    }
}

#[test]
fn with_attention_over_time_features_and_gradients_equal_the_statement_in_pytorch() {
    let (device, expected) = (Device::flex().autodiff(), expected());
    for (dtype, forward, backward) in TOLERANCES {
        let tower = golden::cast(vision(ClipTime::Divided, &device), dtype);
        let found = tower.forward_pixels(pixels(&device, dtype));
        assert_close("clips", &numbers(found.clone()), &flat(&expected["divided"]), forward);
        let gradients = (found * made(8, [2, 16], &device, dtype)).sum().backward();
        let found = golden::named_gradients(&tower, gradients);
        assert_gradients(&found, &expected["divided_gradients"], backward);
    }
}

#[test]
fn attention_over_time_starts_silent_so_a_clip_is_the_mean_of_its_frames() {
    let device = Device::flex();
    let clips = pixels(&device, DType::F32);
    for feature in [ClipFeature::Class, ClipFeature::MeanPatch, ClipFeature::ClassPlusMeanPatch] {
        let of = |tower: SiglipVision| {
            numbers(tower.forward(ClipPatches::from_pixels(clips.clone(), 4), feature))
        };
        let (silent, frames) = (of(fresh(&device)), of(vision(ClipTime::Mean, &device)));
        assert_close("features", &silent, &frames, 1e-5);
    }
    // And what is learned sees the order of frames.
    let tower = vision(ClipTime::Divided, &device);
    let [there, back] =
        [clips.clone(), clips.flip([1])].map(|it| numbers(tower.forward_pixels(it)));
    assert!(there.iter().zip(&back).any(|(x, y)| (x - y).abs() > 1e-2));
}

#[test]
fn a_clip_alone_equals_the_clip_in_a_batch() {
    let device = Device::flex();
    let clips = pixels(&device, DType::F32);
    for time in [ClipTime::Divided, ClipTime::Mean] {
        let tower = vision(time, &device);
        let together = tower.forward_pixels(clips.clone());
        for i in 0..2 {
            let alone = tower.forward_pixels(clips.clone().narrow(0, i, 1));
            let in_batch = numbers(together.clone().narrow(0, i, 1));
            assert_close(&format!("{time:?} {i}"), &numbers(alone), &in_batch, 2e-6);
        }
    }
}

/// The sentences that the golden asks for, as a batch.
fn asked(expected: &Value) -> TokenBatch {
    let tokenizer = tokenizer();
    let sentences = expected["asked"].as_array().unwrap().iter();
    let tokens: Vec<SentenceTokens> =
        sentences.map(|it| tokenizer.encode(it.as_str().unwrap()).unwrap()).collect();
    tokenizer.batch(&tokens)
}

#[test]
fn words_sentences_and_gradients_equal_hugging_faces() {
    let (device, expected) = (Device::flex().autodiff(), expected());
    let tokens = asked(&expected);
    assert_eq!(tokens.padded_length, PLACES);
    for (dtype, forward, backward) in TOLERANCES {
        let tower = golden::cast(text(&device), dtype);
        let (all, sentences) = (tower.forward(&tokens), tower.sentences(&tokens));
        let vectors = flat(&expected["sentence_vectors"]);
        assert_close("sentences", &numbers(sentences.clone()), &vectors, forward);
        let words = |i: usize| -> Tensor<2> {
            all.clone().narrow(0, i, 1).narrow(1, 0, tokens.lengths[i] - 1).reshape([-1, 16])
        };
        for (i, row) in expected["words"].as_array().unwrap().iter().enumerate() {
            assert_close(&format!("words {i}"), &numbers(words(i)), &flat(row), forward);
        }
        let shown = Tensor::cat((0..3).map(words).collect(), 0).sum();
        let loss = (sentences * made(9, [3, 16], &device, dtype)).sum() + shown;
        let found = golden::named_gradients(&tower, loss.backward());
        assert_gradients(&found, &expected["text_gradients"], backward);
    }
}

/// Sentences with the ids that transformers gives them, without padding.
fn sentences(version: &str) -> Vec<(String, Vec<u32>)> {
    let expected = expected();
    let texts = expected["sentences"].as_array().unwrap().iter();
    let ids = expected["tokens"][version].as_array().unwrap();
    let each = texts.zip(ids).map(|(text, ids)| {
        (text.as_str().unwrap().to_owned(), flat(ids).iter().map(|id| *id as u32).collect())
    });
    each.collect()
}

#[test]
fn ids_equal_transformers_also_after_being_written_and_read() {
    let first = SentenceTokenizer::read_sentence_pieces(&path("spiece.model"), PLACES).unwrap();
    for (version, built) in [("siglip", first), ("siglip2", tokenizer())] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tokenizer.json");
        std::fs::write(&file, built.to_json().unwrap()).unwrap();
        let read = SentenceTokenizer::read(&file, PLACES).unwrap();
        let sentences = sentences(version);
        assert!(sentences.len() >= 40);
        for (sentence, ids) in &sentences {
            for tokenizer in [&built, &read] {
                let found = tokenizer.encode(sentence).unwrap();
                assert_eq!(&found.ids, ids, "{version}: {sentence:?}");
                assert_eq!(found.num_words(), ids.len() - 1);
                assert_eq!(&tokenizer.encode_without_unknown_signs(sentence).unwrap(), &found);
            }
        }
        assert!(sentences.iter().any(|(_, ids)| ids.len() == PLACES), "a long one is cut");
    }
}

#[test]
fn a_batch_is_padded_to_the_one_length_with_what_the_version_pads_with() {
    let first = SentenceTokenizer::read_sentence_pieces(&path("spiece.model"), PLACES).unwrap();
    for (tokenizer, padding) in [(first, 1), (tokenizer(), 0)] {
        assert!(!tokenizer.has_first_token());
        let batch = tokenizer.batch(&[tokenizer.encode("a red square").unwrap()]);
        assert_eq!((batch.padded_length, batch.ids.len()), (PLACES, PLACES));
        let (words, rest) = batch.ids.split_at(batch.lengths[0]);
        assert_eq!(words.last(), Some(&1));
        assert!(rest.iter().all(|id| *id == padding), "{rest:?}");
    }
}

#[test]
fn special_tokens_are_never_words_even_when_a_sentence_says_them() {
    for sentence in ["a <eos> square", "<bos> a <pad>"] {
        let ids = tokenizer().encode(sentence).unwrap().ids;
        assert_eq!(ids.iter().filter(|id| **id < 3).count(), 1, "{ids:?}");
    }
}
