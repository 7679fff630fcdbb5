//! DINOv2's picture tower against Hugging Face's `Dinov2Model`, from its own directory.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod golden;

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{DType, Device, Tensor, TensorData};
use golden::{Arrays, assert_close, numbers};
use locvtp_model::encoders::{Dinov2, Dinov2Config};
use locvtp_model::weights::{
    Import, ImportSettings, NamedTensor, Source, SourceKind, import, read_safetensors,
    to_safetensors,
};
use locvtp_model::{ClipFeature, ClipPatches, Fit, VideoEncoderConfig};
use locvtp_video::{Interpolation, Scaling};
use serde_json::{Value, json};

/// Two blocks in f32 err by a few units in the last place of numbers around 3, a gradient passes every
/// layer twice; in f64 only the golden's own storage in f32, and that of the resized places, is left.
const TOLERANCES: [(DType, f64, f64); 2] = [(DType::F32, 1e-5, 1e-4), (DType::F64, 1e-6, 1e-6)];

fn imported(folder: &Path, settings: &ImportSettings) -> Result<Import, String> {
    let text = |error: locvtp_model::ModelError| error.to_string();
    let source = Source::open(None, &[folder.to_owned()], false).map_err(text)?;
    import(&[source], None, settings, &Device::flex()).map_err(text)
}

fn config(import: &Import) -> Dinov2Config {
    match &import.directory.config.video {
        VideoEncoderConfig::Dinov2(config) => config.clone(),
        other => panic!("{other:?}"),
    }
}

fn written(import: &Import) -> BTreeMap<String, NamedTensor> {
    let dir = tempfile::tempdir().unwrap();
    import.write(&dir.path().join("model")).unwrap();
    let weights = read_safetensors(&dir.path().join("model/model.safetensors")).unwrap();
    let own = weights
        .into_iter()
        .filter_map(|(name, tensor)| Some((name.strip_prefix("dinov2.")?.to_owned(), tensor)));
    own.collect()
}

fn tower(import: &Import, device: &Device) -> Dinov2 {
    golden::filled(config(import).init(&mut golden::any_weights(device)), written(import))
}

/// The pixels of the golden, by its formula.
fn waves(frames: usize, side: usize, device: &Device, dtype: DType) -> Tensor<5> {
    let pixels: Vec<f64> =
        (0..frames * 3 * side * side).map(|place| (0.37 * place as f64).sin()).collect();
    let pixels = TensorData::new(pixels, [1, frames, 3, side, side]);
    Tensor::from_data(pixels, (device, dtype))
}

/// The golden's directory with another `config.json` and other tensors.
fn changed(
    config: impl Fn(&mut Value),
    tensors: impl Fn(&mut BTreeMap<String, NamedTensor>),
) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut json = golden::json("dinov2/config.json");
    config(&mut json);
    std::fs::write(folder.path().join("config.json"), json.to_string()).unwrap();
    let mut weights = golden::weights("dinov2/model.safetensors");
    tensors(&mut weights);
    std::fs::write(folder.path().join("model.safetensors"), to_safetensors(&weights)).unwrap();
    folder
}

#[test]
fn a_directory_says_sizes_and_pictures() {
    let import = imported(&golden::path("dinov2"), &ImportSettings::default()).unwrap();
    let found = config(&import);
    // The table of places is made for 20, the pictures are of 12.
    assert_eq!((found.image_size, found.patch_size, found.num_frames), (12, 4, 1));
    assert_eq!((found.num_attention_heads, found.intermediate_size), (2, 16));
    let pictures = &import.directory.preprocessing;
    assert!(pictures.is_frame_by_frame());
    assert_eq!((pictures.image_size, pictures.short_side, pictures.fit), (12, 14, Fit::ShortSide));
    assert_eq!(pictures.interpolation, Interpolation::Bicubic);
    assert_eq!(pictures.scaling, Scaling::HuggingFace);
    assert_eq!(pictures.normalisation.mean, [0.485, 0.456, 0.406]);
    let report = import.origins.video.unwrap();
    assert_eq!(report.resized.len(), 1);
    assert_eq!(
        (&report.resized[0].from[..], &report.resized[0].to[..]),
        (&[1, 26, 8][..], &[1, 10, 8][..])
    );
    assert!(import.drawn.is_empty(), "{:?}", import.drawn);
}

#[test]
fn tokens_clips_and_gradients_equal_hugging_faces() {
    let device = Device::flex().autodiff();
    let import = imported(&golden::path("dinov2"), &ImportSettings::default()).unwrap();
    let expected = Arrays::read("dinov2/expected.safetensors");
    for (dtype, forward, backward) in TOLERANCES {
        let tower = golden::cast(tower(&import, &device), dtype);
        let clips = waves(2, 12, &device, dtype);
        let tokens = numbers(tower.tokens(clips.clone()));
        assert_close("tokens", &tokens, expected.values("tokens"), forward);

        let patches = ClipPatches::from_pixels(clips, 4);
        let clip = tower.forward(patches, ClipFeature::Class);
        assert_close("clip", &numbers(clip.clone()), expected.values("clip"), forward);

        let loss_weights = expected.tensor("loss_weights", &device, dtype);
        let gradients = (clip * loss_weights).sum().backward();
        let found = golden::named_gradients(&tower, gradients);
        let mut compared = 0;
        for (name, expected) in expected.gradients() {
            assert_close(name, &found[name], expected, backward);
            compared += 1;
        }
        assert!(compared > 20, "{compared} gradients compared");
    }
}

#[test]
fn pictures_of_the_size_that_it_was_trained_with_need_no_resizing() {
    let settings = ImportSettings { image_size: Some(20), ..ImportSettings::default() };
    let import = imported(&golden::path("dinov2"), &settings).unwrap();
    assert_eq!(import.directory.preprocessing.image_size, 20);
    assert!(import.origins.video.as_ref().unwrap().resized.is_empty());
    let mut weights = golden::weights("dinov2/model.safetensors");
    weights.remove("embeddings.mask_token").unwrap();
    assert_eq!(written(&import), weights);
    let pixels = waves(1, 20, &Device::flex(), DType::F32);
    let patches = ClipPatches::from_pixels(pixels, 4);
    let found = numbers(import.directory.model.backbone_clips(patches));
    let expected = Arrays::read("dinov2/expected.safetensors");
    assert_close("class", &found, expected.values("larger_class"), TOLERANCES[0].1);
}

#[test]
fn a_clip_is_the_mean_of_its_frames() {
    let settings = ImportSettings { num_frames: Some(2), ..ImportSettings::default() };
    let import = imported(&golden::path("dinov2"), &settings).unwrap();
    let expected = Arrays::read("dinov2/expected.safetensors");
    let clip = ClipPatches::from_pixels(waves(2, 12, &Device::flex(), DType::F32), 4);
    let found = numbers(import.directory.model.backbone_clips(clip));
    assert_close("clip", &found, expected.values("clip"), TOLERANCES[0].1);
    assert!(!import.directory.preprocessing.is_frame_by_frame());
}

#[test]
fn relatives_with_other_parts_are_refused_with_the_reason() {
    let no = |_: &mut Value| {};
    let registers = changed(no, |tensors| {
        let tensor = NamedTensor { shape: vec![1, 4, 8], values: vec![0.0; 32] };
        tensors.insert("embeddings.register_tokens".into(), tensor);
    });
    let swiglu = changed(|config| config["use_swiglu_ffn"] = true.into(), |_| {});
    let other = changed(|config| config["num_hidden_layers"] = 3.into(), |_| {});
    let heads = changed(|config| config["num_attention_heads"] = json!(3), |_| {});
    let silu = changed(|config| config["hidden_act"] = "silu".into(), |_| {});
    let partial = changed(no, |tensors| {
        tensors.remove("encoder.layer.1.layer_scale2.lambda1").unwrap();
    });
    for (folder, pieces) in [
        (registers, &["register tokens", "without registers"][..]),
        (swiglu, &["SwiGLU", "small, base or large"]),
        (other, &["num_hidden_layers", "3"]),
        (heads, &["3 attention heads"]),
        (silu, &["hidden_act", "silu"]),
        (partial, &["encoder.layer.1.layer_scale2.lambda1"]),
    ] {
        let message = imported(folder.path(), &ImportSettings::default()).unwrap_err();
        for piece in pieces {
            assert!(message.contains(piece), "{piece:?} is missing in: {message}");
        }
    }
    let folder = changed(no, |_| {});
    let odd = ImportSettings { image_size: Some(13), ..ImportSettings::default() };
    let message = imported(folder.path(), &odd).unwrap_err();
    assert!(message.contains("patches of 4 x 4"), "{message}");
    assert_eq!(SourceKind::named("dinov2"), Some(SourceKind::Dinov2));
}
