//! The video encoder against Hugging Face's `TimesformerModel`, and what holds by its structure.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod golden;

use burn::tensor::{DType, Device, Tensor};
use golden::{Arrays, assert_close, numbers};
use locvtp_model::Initialiser;
use locvtp_model::encoders::{TemporalInit, TimeSformer, TimeSformerConfig};

/// Two blocks in f32 err by a few units in the last place of numbers around 3.
const FORWARD: f64 = 1e-5;
/// A gradient sums products over up to 34 tokens and passes every layer twice.
const BACKWARD: f64 = 1e-4;
/// What the golden's own storage in f32 leaves of a computation in f64.
const STORED: f64 = 2e-7;

fn config() -> TimeSformerConfig {
    let golden = golden::json("timesformer/config.json");
    TimeSformerConfig {
        image_size: golden::size(&golden, "image_size"),
        patch_size: golden::size(&golden, "patch_size"),
        num_channels: golden::size(&golden, "num_channels"),
        num_frames: golden::size(&golden, "num_frames"),
        hidden_size: golden::size(&golden, "hidden_size"),
        num_hidden_layers: golden::size(&golden, "num_hidden_layers"),
        num_attention_heads: golden::size(&golden, "num_attention_heads"),
        intermediate_size: golden::size(&golden, "intermediate_size"),
        ..TimeSformerConfig::default()
    }
}

/// The encoder with Hugging Face's weights, under Hugging Face's names.
fn encoder(device: &Device) -> TimeSformer {
    let weights = golden::weights("timesformer/weights.safetensors");
    golden::filled(config().init(&mut golden::any_weights(device)), weights)
}

/// A fresh encoder as the paper starts it: temporal attention adds nothing, the time embedding is
/// zero. The other weights are large enough for the patches to matter.
fn fresh(temporal_init: TemporalInit, device: &Device) -> TimeSformer {
    let config = TimeSformerConfig { temporal_init, initializer_range: 0.2, ..config() };
    config.init(&mut Initialiser::new(5, device))
}

/// `b` clips of normal noise, `[b, 4, 3, 16, 16]`.
fn clips(b: usize, device: &Device) -> Tensor<5> {
    Initialiser::new(6, device).normal([b, 4, 3, 16, 16], 1.0)
}

/// The frames of `clips` in another order.
fn reordered(clips: &Tensor<5>, order: [usize; 4]) -> Tensor<5> {
    Tensor::cat(order.iter().map(|&frame| clips.clone().narrow(1, frame, 1)).collect(), 1)
}

/// `[b, 1 + p f, d]` as the class token `[b, 1, d]` and the patches `[b, p, f, d]`.
fn class_and_patches(hidden: Tensor<3>, f: usize) -> (Tensor<3>, Tensor<4>) {
    let [b, n, d] = hidden.dims();
    let patches = hidden.clone().narrow(1, 1, n - 1).reshape([b, (n - 1) / f, f, d]);
    (hidden.narrow(1, 0, 1), patches)
}

#[test]
fn hidden_states_and_gradients_equal_hugging_faces() {
    let device = Device::flex().autodiff();
    let arrays = Arrays::read("timesformer/square.safetensors");
    // f32 runs the fused operations and f64 the engine's.
    for (dtype, forward, backward) in
        [(DType::F32, FORWARD, BACKWARD), (DType::F64, STORED, STORED)]
    {
        let encoder = golden::cast(encoder(&device), dtype);
        let hidden = encoder.forward_pixels(arrays.tensor("pixel_values", &device, dtype));
        let expected = arrays.values("last_hidden_state");
        assert_close("last_hidden_state", &numbers(hidden.clone()), expected, forward);

        let loss_weights = arrays.tensor("loss_weights", &device, dtype);
        let gradients = (hidden * loss_weights).sum().backward();
        let found = golden::named_gradients(&encoder, gradients);
        let mut compared = 0;
        for (name, expected) in arrays.gradients() {
            assert_close(name, &found[name], expected, backward);
            compared += 1;
        }
        assert!(compared > 40, "{compared} gradients compared");
    }
}

#[test]
fn positions_and_times_are_resized_as_hugging_face_does() {
    let device = Device::flex();
    let wide = Arrays::read("timesformer/wide.safetensors");
    let expected = Arrays::read("timesformer/resized.safetensors");
    for (dtype, tolerance) in [(DType::F32, FORWARD), (DType::F64, STORED)] {
        let pixels = wide.tensor::<5>("pixel_values", &device, dtype).narrow(1, 0, 2);
        let hidden = golden::cast(encoder(&device), dtype).forward_pixels(pixels);
        let expected = expected.values("last_hidden_state");
        assert_close("resized", &numbers(hidden), expected, tolerance);
    }
}

#[test]
fn a_wide_picture_equals_hugging_faces() {
    // Hugging Face took a table of 2 x 3 positions as it is. Ours are square, so the same six stand
    // where a table of 6 x 6 is read for a grid of 2 x 3: rows 0 and 3, columns 0, 2 and 4. The
    // others are zero and must not be read.
    let device = Device::flex();
    let wide = Arrays::read("timesformer/wide.safetensors");
    let positions = wide.values("embeddings.position_embeddings");
    let d = config().hidden_size;
    let mut table = vec![0.0; 37 * d];
    let places = [0, 1, 1 + 2, 1 + 4, 1 + 18, 1 + 18 + 2, 1 + 18 + 4];
    for (place, row) in places.into_iter().zip(positions.chunks(d)) {
        for (to, from) in table[place * d..(place + 1) * d].iter_mut().zip(row) {
            *to = *from as f32;
        }
    }
    let mut weights = golden::weights("timesformer/weights.safetensors");
    let position_embeddings = weights.get_mut("embeddings.position_embeddings").unwrap();
    position_embeddings.shape = vec![1, 37, d];
    position_embeddings.values = table;
    let config = TimeSformerConfig { image_size: 48, ..config() };
    let encoder = golden::filled(config.init(&mut golden::any_weights(&device)), weights);

    let hidden = encoder.forward_pixels(wide.tensor("pixel_values", &device, DType::F32));
    assert_close("wide", &numbers(hidden), wide.values("last_hidden_state"), FORWARD);
}

#[test]
fn a_fresh_encoder_does_not_see_the_order_of_frames() {
    let device = Device::flex();
    let clips = clips(2, &device);
    let order = [2, 0, 3, 1];
    let encoder = fresh(TemporalInit::Zero, &device);
    let (class, patches) = class_and_patches(encoder.forward_pixels(clips.clone()), 4);
    let hidden = encoder.forward_pixels(reordered(&clips, order));
    let (class_reordered, patches_reordered) = class_and_patches(hidden, 4);
    // The mean over frames is summed in another order.
    assert_close("class", &numbers(class_reordered), &numbers(class.clone()), 1e-5);
    for (to, from) in order.into_iter().enumerate() {
        let found = numbers(patches_reordered.clone().narrow(2, to, 1));
        assert_close("patches", &found, &numbers(patches.clone().narrow(2, from, 1)), 1e-5);
    }
    // Two clips differ, so the class token is not a constant.
    let [first, second] = [0, 1].map(|i| numbers(class.clone().narrow(0, i, 1)));
    assert!(first.iter().zip(&second).any(|(x, y)| (x - y).abs() > 0.1));
}

#[test]
fn a_time_embedding_shows_the_order_of_frames() {
    let device = Device::flex();
    let clips = clips(1, &device);
    let encoder = encoder(&device);
    let (class, _) = class_and_patches(encoder.forward_pixels(clips.clone()), 4);
    let backwards = encoder.forward_pixels(reordered(&clips, [3, 2, 1, 0]));
    let (class_backwards, _) = class_and_patches(backwards, 4);
    let largest = numbers((class - class_backwards).abs().max())[0];
    assert!(largest > 1e-2, "{largest}");
}

#[test]
fn a_repeated_frame_equals_the_single_frame() {
    let device = Device::flex();
    let frame = clips(2, &device).narrow(1, 0, 1);
    let repeated = frame.clone().repeat_dim(1, 4);
    let encoder = fresh(TemporalInit::Zero, &device);
    let (class, patches) = class_and_patches(encoder.forward_pixels(frame), 1);
    let (class_repeated, patches_repeated) = class_and_patches(encoder.forward_pixels(repeated), 4);
    assert_close("class", &numbers(class_repeated), &numbers(class), 1e-5);
    for i in 0..4 {
        let found = numbers(patches_repeated.clone().narrow(2, i, 1));
        assert_close("patches", &found, &numbers(patches.clone()), 1e-5);
    }
}

#[test]
fn a_clip_alone_equals_the_clip_in_a_batch() {
    let device = Device::flex();
    let clips = clips(3, &device);
    let encoder = encoder(&device);
    let together = encoder.forward_pixels(clips.clone());
    for i in 0..3 {
        let alone = encoder.forward_pixels(clips.clone().narrow(0, i, 1));
        let in_batch = numbers(together.clone().narrow(0, i, 1));
        // Matrix products are tiled by their number of rows, so the last bit may differ.
        assert_close(&format!("clip {i}"), &numbers(alone), &in_batch, 2e-6);
    }
}

#[test]
fn temporal_dense_starts_at_zero_or_like_the_other_weights() {
    let device = Device::flex();
    let [zero, normal] = [TemporalInit::Zero, TemporalInit::Normal]
        .map(|init| locvtp_model::weights::named_parameters(&fresh(init, &device)));
    for (name, tensor) in &zero {
        if name.contains("temporal_dense") {
            assert!(tensor.values.iter().all(|x| *x == 0.0), "{name}");
            assert_eq!(normal[name].values.iter().any(|x| *x != 0.0), name.ends_with("weight"));
        }
    }
}
