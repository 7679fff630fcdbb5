//! C3D up to fc6 against PyTorch's own operations.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod golden;

use burn::tensor::{DType, Device, Tensor, TensorData};
use golden::{Arrays, assert_close, numbers};
use locvtp_model::ClipPatches;
use locvtp_model::encoders::{C3d, C3dConfig};

fn config() -> C3dConfig {
    let golden = golden::json("c3d/config.json");
    C3dConfig {
        image_size: golden::size(&golden, "image_size"),
        num_frames: golden::size(&golden, "num_frames"),
        base_width: golden::size(&golden, "base_width"),
        feature_width: golden::size(&golden, "feature_width"),
        ..C3dConfig::default()
    }
}

fn extractor(device: &Device) -> C3d {
    let weights = golden::weights("c3d/weights.safetensors");
    golden::filled(config().init(&mut golden::any_weights(device)), weights)
}

/// The golden's two clips, by the rule that its `config.json` tells.
fn clips(device: &Device, dtype: DType) -> Tensor<5> {
    let side = config().image_size;
    let shape = [2, config().num_frames, 3, side, side];
    let number = |i: usize| ((37 * i + 11 * (i / 1000)) % 257) as f64 / 128.0 - 1.0;
    let values: Vec<f64> = (0..shape.iter().product()).map(number).collect();
    Tensor::from_data(TensorData::new(values, shape), (device, dtype))
}

#[test]
fn features_equal_pytorchs() {
    let device = Device::flex();
    let arrays = Arrays::read("c3d/activations.safetensors");
    // Sums of up to 216 products eight times over, of numbers around 1.
    for (dtype, tolerance) in [(DType::F32, 1e-5), (DType::F64, 2e-7)] {
        let found = golden::cast(extractor(&device), dtype).forward_pixels(clips(&device, dtype));
        assert_close("features", &numbers(found), arrays.values("features"), tolerance);
    }
}

#[test]
fn frames_as_one_patch_are_the_frames() {
    let device = Device::flex();
    let pixels = clips(&device, DType::F32);
    let patches = ClipPatches::from_pixels(pixels.clone(), config().image_size);
    let extractor = extractor(&device);
    let [found, expected] = [extractor.forward(patches), extractor.forward_pixels(pixels)];
    assert_eq!(numbers(found), numbers(expected));
}

#[test]
fn a_clip_alone_equals_the_clip_in_a_batch() {
    let device = Device::flex();
    let clips = clips(&device, DType::F32);
    let extractor = extractor(&device);
    let together = numbers(extractor.forward_pixels(clips.clone()));
    for (i, in_batch) in together.chunks(config().feature_width).enumerate() {
        let alone = numbers(extractor.forward_pixels(clips.clone().narrow(0, i, 1)));
        assert_close(&format!("clip {i}"), &alone, in_batch, 2e-6);
    }
}
