//! CLIP's two towers against Hugging Face's `CLIPModel`, and what holds by their structure.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod golden;

use std::collections::BTreeMap;

use burn::tensor::{DType, Device, Tensor};
use golden::{Arrays, assert_close, numbers};
use locvtp_model::encoders::{ClipText, ClipTextConfig, ClipTime, ClipVision, ClipVisionConfig};
use locvtp_model::weights::NamedTensor;
use locvtp_model::{Initialiser, TokenBatch};

/// Number type, tolerance of values, tolerance of gradients: two blocks in f32 err by a few units in
/// the last place of numbers around 3, a gradient passes every layer twice; in f64 only the golden's
/// own storage in f32 is left.
const TOLERANCES: [(DType, f64, f64); 2] = [(DType::F32, 1e-5, 1e-4), (DType::F64, 2e-7, 2e-7)];

fn vision_config(time: ClipTime) -> ClipVisionConfig {
    let golden = golden::json("clip/config.json");
    let size = |key: &str| golden["vision"][key].as_u64().unwrap() as usize;
    ClipVisionConfig {
        image_size: size("image_size"),
        patch_size: size("patch_size"),
        num_frames: size("num_frames"),
        hidden_size: size("hidden_size"),
        num_hidden_layers: size("num_hidden_layers"),
        num_attention_heads: size("num_attention_heads"),
        intermediate_size: size("intermediate_size"),
        projection_dim: size("projection_dim"),
        time,
        ..ClipVisionConfig::default()
    }
}

fn text_config() -> ClipTextConfig {
    let golden = golden::json("clip/config.json");
    let size = |key: &str| golden["text"][key].as_u64().unwrap() as usize;
    ClipTextConfig {
        vocab_size: size("vocab_size"),
        max_position_embeddings: size("max_position_embeddings"),
        hidden_size: size("hidden_size"),
        num_hidden_layers: size("num_hidden_layers"),
        num_attention_heads: size("num_attention_heads"),
        intermediate_size: size("intermediate_size"),
        projection_dim: size("projection_dim"),
        ..ClipTextConfig::default()
    }
}

/// What Hugging Face's image tower has.
fn image_weights() -> BTreeMap<String, NamedTensor> {
    let mut weights = golden::weights("clip/vision.safetensors");
    weights.retain(|name, _| !is_ours(name));
    weights
}

fn is_ours(name: &str) -> bool {
    name.contains(".temporal.") || name.contains("time_embedding")
}

/// The image tower with Hugging Face's weights, under Hugging Face's names.
fn vision(time: ClipTime, device: &Device) -> ClipVision {
    let tower = vision_config(time).init(&mut golden::any_weights(device));
    match time {
        ClipTime::Divided => golden::filled(tower, golden::weights("clip/vision.safetensors")),
        ClipTime::Mean => golden::filled(tower, image_weights()),
    }
}

/// The image tower as the paper starts it: image weights, and temporal attention that adds nothing.
fn fresh(device: &Device) -> ClipVision {
    let tower = vision_config(ClipTime::Divided).init(&mut Initialiser::new(5, device));
    let (tower, report) = locvtp_model::weights::fill_parameters(tower, image_weights());
    assert!(report.missing.iter().all(|name| is_ours(name)), "{report}");
    assert!(report.unused.is_empty() && report.misshapen.is_empty(), "{report}");
    tower
}

fn text(device: &Device) -> ClipText {
    let weights = golden::weights("clip/text.safetensors");
    golden::filled(text_config().init(&mut golden::any_weights(device)), weights)
}

fn tokens(arrays: &Arrays) -> TokenBatch {
    let [_, n] = arrays.shape("input_ids") else { panic!("ids of sentences") };
    let mask = arrays.values("attention_mask").chunks(*n);
    TokenBatch {
        ids: arrays.values("input_ids").iter().map(|id| *id as u32).collect(),
        lengths: mask.map(|row| row.iter().sum::<f64>() as usize).collect(),
        padded_length: *n,
    }
}

/// `b` clips of normal noise.
fn clips(b: usize, device: &Device) -> Tensor<5> {
    Initialiser::new(6, device).normal([b, 3, 3, 8, 8], 1.0)
}

#[test]
fn frame_by_frame_the_image_tower_equals_hugging_faces() {
    let device = Device::flex();
    let arrays = Arrays::read("clip/clips.safetensors");
    for (dtype, tolerance, _) in TOLERANCES {
        let tower = golden::cast(vision(ClipTime::Mean, &device), dtype);
        let found = tower.forward_pixels(arrays.tensor("pixel_values", &device, dtype));
        let expected = arrays.values("mean_features");
        assert_close("mean_features", &numbers(found), expected, tolerance);
    }
}

#[test]
fn with_attention_over_time_features_and_gradients_equal_the_statement_in_pytorch() {
    let device = Device::flex().autodiff();
    let arrays = Arrays::read("clip/clips.safetensors");
    for (dtype, forward, backward) in TOLERANCES {
        let tower = golden::cast(vision(ClipTime::Divided, &device), dtype);
        let found = tower.forward_pixels(arrays.tensor("pixel_values", &device, dtype));
        let expected = arrays.values("divided_features");
        assert_close("divided_features", &numbers(found.clone()), expected, forward);

        let loss_weights = arrays.tensor("loss_weights", &device, dtype);
        let gradients = (found * loss_weights).sum().backward();
        let found = golden::named_gradients(&tower, gradients);
        let mut compared = 0;
        for (name, expected) in arrays.gradients() {
            assert_close(name, &found[name], expected, backward);
            compared += 1;
        }
        assert_eq!(compared, found.len());
    }
}

#[test]
fn words_sentences_and_gradients_equal_hugging_faces() {
    let device = Device::flex().autodiff();
    let arrays = Arrays::read("clip/sentences.safetensors");
    let tokens = tokens(&arrays);
    for (dtype, forward, backward) in TOLERANCES {
        let tower = golden::cast(text(&device), dtype);
        let sentences = numbers(tower.sentences(&tokens));
        assert_close("sentences", &sentences, arrays.values("sentences"), forward);
        let is_token = arrays.tensor::<2>("attention_mask", &device, dtype).unsqueeze_dim::<3>(2);
        let words = tower.forward(&tokens) * is_token;
        assert_close("words", &numbers(words.clone()), arrays.values("words"), forward);

        let loss_weights = arrays.tensor("loss_weights", &device, dtype);
        let gradients = (words * loss_weights).sum().backward();
        let found = golden::named_gradients(&tower, gradients);
        let mut compared = 0;
        for (name, expected) in arrays.gradients() {
            assert_close(name, &found[name], expected, backward);
            compared += 1;
        }
        assert_eq!(compared, found.len());
    }
}

#[test]
fn a_fresh_tower_does_not_see_the_order_of_frames() {
    let device = Device::flex();
    let clips = clips(2, &device);
    let [fresh, trained] = [fresh(&device), vision(ClipTime::Divided, &device)].map(|tower| {
        [clips.clone(), clips.clone().flip([1])].map(|clips| numbers(tower.forward_pixels(clips)))
    });
    assert_close("features", &fresh[1], &fresh[0], 1e-5);
    assert!(trained[0].iter().zip(&trained[1]).any(|(x, y)| (x - y).abs() > 1e-2));
    let (first, second) = fresh[0].split_at(fresh[0].len() / 2);
    assert!(first.iter().zip(second).any(|(x, y)| (x - y).abs() > 0.1));
}

#[test]
fn a_fresh_tower_takes_a_repeated_frame_for_the_image() {
    let device = Device::flex();
    let frame = clips(2, &device).narrow(1, 0, 1);
    let repeated = frame.clone().repeat_dim(1, 3);
    let image = numbers(vision(ClipTime::Mean, &device).forward_pixels(frame));
    assert_close("repeated", &numbers(fresh(&device).forward_pixels(repeated)), &image, 1e-5);
}

#[test]
fn a_clip_alone_equals_the_clip_in_a_batch() {
    let device = Device::flex();
    let clips = clips(3, &device);
    for time in [ClipTime::Divided, ClipTime::Mean] {
        let tower = vision(time, &device);
        let together = tower.forward_pixels(clips.clone());
        for i in 0..3 {
            let alone = tower.forward_pixels(clips.clone().narrow(0, i, 1));
            let in_batch = numbers(together.clone().narrow(0, i, 1));
            // Matrix products are tiled by their number of rows, so the last bit may differ.
            assert_close(&format!("{time:?} {i}"), &numbers(alone), &in_batch, 2e-6);
        }
    }
}

#[test]
fn padding_and_the_other_sentences_change_no_word() {
    let device = Device::flex();
    let batch = tokens(&Arrays::read("clip/sentences.safetensors"));
    let mut junk = batch.clone();
    for (row, length) in junk.ids.chunks_mut(batch.padded_length).zip(&batch.lengths) {
        row[*length..].fill(17);
    }
    assert_ne!(batch.ids, junk.ids);
    let tower = text(&device);
    let (clean, dirty) = (tower.forward(&batch), tower.forward(&junk));
    for (i, &length) in batch.lengths.iter().enumerate() {
        let words = |all: &Tensor<3>| numbers(all.clone().narrow(0, i, 1).narrow(1, 0, length));
        assert_eq!(words(&clean), words(&dirty), "sentence {i}");
        let ids = batch.ids[i * batch.padded_length..][..length].to_vec();
        let alone = TokenBatch { ids, lengths: vec![length], padded_length: length };
        let alone = numbers(tower.forward(&alone));
        assert_close(&format!("sentence {i}"), &alone, &words(&clean), 1e-6);
    }
    assert_eq!(numbers(tower.sentences(&batch)), numbers(tower.sentences(&junk)));
}

#[test]
fn a_word_does_not_see_what_comes_after_it() {
    let device = Device::flex();
    let batch = tokens(&Arrays::read("clip/sentences.safetensors"));
    let mut other = batch.clone();
    other.ids[4] = (other.ids[4] + 1) % 38;
    let [first, second] =
        [&batch, &other].map(|tokens| text(&device).forward(tokens).narrow(0, 0, 1));
    let [_, n, _] = first.dims();
    let part = |x: &Tensor<3>, from, length| numbers(x.clone().narrow(1, from, length));
    assert_eq!(part(&first, 0, 4), part(&second, 0, 4));
    assert_ne!(part(&first, 4, n - 4), part(&second, 4, n - 4));
}
