//! Checkpoints of other programs become our models: the same numbers come out.
//!
//! The checkpoints are tiny and random, written by those programs: `reference/foreign_weights.py`.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod golden;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::{DType, Device, Tensor};
use golden::{Arrays, assert_close, numbers};
use locvtp_model::Fit;
use locvtp_model::clip::Activation;
use locvtp_model::distilbert::{DistilBert, TokenBatch};
use locvtp_model::model_directory::ModelDirectory;
use locvtp_model::projection::ProjectionKind;
use locvtp_model::text_encoder::TextEncoderConfig;
use locvtp_model::timesformer::{ClipPatches, TimeSformerBlock};
use locvtp_model::video_encoder::VideoEncoderConfig;
use locvtp_model::weights::import::{Import, ImportSettings, Origins, PartReport, import};
use locvtp_model::weights::source::{Source, SourceKind};
use locvtp_model::weights::{NamedTensor, StateDict, read_safetensors};
use locvtp_video::{Interpolation, Scaling};

/// Two blocks in f32 on both sides err by a few units in the last place of numbers around 3.
const F32: f64 = 1e-5;

/// The tiny models' heads, which only a `config.json` says.
fn settings() -> ImportSettings {
    ImportSettings { num_heads: Some(2), ..ImportSettings::default() }
}

fn file(name: &str) -> PathBuf {
    golden::path("foreign").join(name)
}

fn open(kind: SourceKind, name: &str) -> Source {
    Source::open(Some(kind), &[file(name)], false).unwrap()
}

/// A text encoder comes with the tiny TimeSformer: alone it is no model.
fn with_video(source: Source) -> Vec<Source> {
    match source.kind {
        SourceKind::DistilBert => vec![open(SourceKind::HfTimeSformer, "hf-timesformer"), source],
        _ => vec![source],
    }
}

fn imported(kind: SourceKind, name: &str, settings: &ImportSettings) -> Import {
    import(&with_video(open(kind, name)), None, settings, &Device::flex()).unwrap()
}

fn refusal(kind: SourceKind, path: &Path, settings: &ImportSettings) -> String {
    let source = match Source::open(Some(kind), &[path.to_owned()], false) {
        Ok(source) => source,
        Err(error) => return error.to_string(),
    };
    import(&with_video(source), None, settings, &Device::flex()).unwrap_err().to_string()
}

#[track_caller]
fn assert_says(message: &str, pieces: &[&str]) {
    for piece in pieces {
        assert!(message.contains(piece), "{piece:?} is missing in: {message}");
    }
}

/// The feature of a clip of normalised pixels, `[1, f, 3, 8, 8]`.
fn clip_feature(import: &Import, pixels: Tensor<5>) -> Vec<f64> {
    let model = &import.directory.model;
    numbers(model.backbone_clips(ClipPatches::from_pixels(pixels, model.patch_size())))
}

/// The parameters as they lie in the model directory.
fn written(import: &Import) -> BTreeMap<String, NamedTensor> {
    let dir = tempfile::tempdir().unwrap();
    import.write(&dir.path().join("model")).unwrap();
    read_safetensors(&dir.path().join("model/model.safetensors")).unwrap()
}

#[test]
fn every_form_of_a_timesformer_gives_hugging_faces_feature() {
    let expected = Arrays::read("foreign/expected.safetensors");
    let device = Device::flex();
    for (kind, name, tolerance) in [
        (SourceKind::HfTimeSformer, "hf-timesformer", F32),
        (SourceKind::HfTimeSformer, "hf-timesformer/model.safetensors", F32),
        (SourceKind::HfTimeSformer, "sharded", F32),
        (SourceKind::HfTimeSformer, "sharded/model.safetensors.index.json", F32),
        (SourceKind::HfTimeSformer, "f64.safetensors", F32),
        // Weights rounded to 11 and 8 bits, through two blocks.
        (SourceKind::HfTimeSformer, "f16.safetensors", 5e-3),
        (SourceKind::HfTimeSformer, "bf16.safetensors", 4e-2),
        (SourceKind::TimeSformer, "timesformer.pyth", F32),
    ] {
        let import = imported(kind, name, &settings());
        let pixels = expected.tensor("pixel_values", &device, DType::F32);
        // The class token stands first.
        let class = &expected.values("timesformer")[..8];
        assert_close(name, &clip_feature(&import, pixels), class, tolerance);
    }
}

#[test]
fn an_image_model_sees_a_repeated_frame_as_timm_sees_the_frame() {
    let expected = Arrays::read("foreign/expected.safetensors");
    let pixels: Tensor<5> = expected.tensor("pixel_values", &Device::flex(), DType::F32);
    let repeated = pixels.narrow(1, 0, 1).repeat_dim(1, 4);
    for name in ["timm_vit.pth", "timm_vit_legacy.pth"] {
        let import = imported(SourceKind::TimmVit, name, &settings());
        let class = &expected.values("timm_first_frame")[..8];
        assert_close(name, &clip_feature(&import, repeated.clone()), class, F32);
        assert_eq!(import.directory.config.video.num_frames(), 16);
    }
}

#[test]
fn attention_over_time_starts_as_a_copy_that_adds_nothing() {
    let import = imported(SourceKind::TimmVit, "timm_vit.pth", &settings());
    let report = import.origins.video.as_ref().unwrap();
    let reasons: Vec<(usize, &str)> =
        report.set.iter().map(|set| (set.names.len(), &set.reason[..])).collect();
    // time_embeddings, and weight and bias of temporal_dense in two blocks.
    assert_eq!(reasons.len(), 1);
    assert_eq!(reasons[0].0, 5);
    assert_says(reasons[0].1, &["image model", "zero"]);
    let weights = written(&import);
    let layer = |rest: &str| &weights[&format!("timesformer.encoder.layer.1.{rest}")];
    assert_eq!(
        layer("temporal_attention.attention.qkv.weight"),
        layer("attention.attention.qkv.weight")
    );
    assert_eq!(layer("temporal_layernorm.bias"), layer("layernorm_before.bias"));
    assert!(layer("temporal_dense.weight").values.iter().all(|value| *value == 0.0));
}

#[test]
fn positions_are_resized_as_timm_resizes_them() {
    let larger = ImportSettings { image_size: Some(12), num_frames: Some(4), ..settings() };
    let import = imported(SourceKind::TimmVit, "timm_vit.pth", &larger);
    let (config, preprocessing) = (&import.directory.config, &import.directory.preprocessing);
    assert_eq!((config.video.image_size(), config.video.num_frames()), (12, 4));
    assert_eq!((preprocessing.image_size, preprocessing.num_frames), (12, 4));
    let expected = Arrays::read("foreign/expected.safetensors");
    let found = &written(&import)["timesformer.embeddings.position_embeddings"];
    assert_eq!(found.shape, expected.shape("timm_positions_3x3"));
    let found: Vec<f64> = found.values.iter().map(|value| f64::from(*value)).collect();
    assert_close("positions", &found, expected.values("timm_positions_3x3"), 1e-6);
    let resized = &import.origins.video.as_ref().unwrap().resized;
    assert_eq!(resized.len(), 1);
    assert_eq!((&resized[0].from[..], &resized[0].to[..]), (&[1, 5, 8][..], &[1, 10, 8][..]));

    let import = imported(SourceKind::HfTimeSformer, "hf-timesformer", &larger);
    let names = import.origins.video.as_ref().unwrap().resized.iter();
    let names: Vec<&str> = names.map(|resized| &resized.parameter[..]).collect();
    let prefix = "timesformer.embeddings";
    let both = ["position", "time"].map(|what| format!("{prefix}.{what}_embeddings"));
    assert_eq!(names, both);
}

#[test]
fn every_form_of_a_distilbert_gives_hugging_faces_hidden_states() {
    let expected = Arrays::read("foreign/expected.safetensors");
    let ids: Vec<u32> = expected.values("input_ids").iter().map(|id| *id as u32).collect();
    for name in ["distilbert", "distilbert_old"] {
        let import = imported(SourceKind::DistilBert, name, &ImportSettings::default());
        let TextEncoderConfig::DistilBert(config) = import.directory.config.text.clone() else {
            panic!("{:?}", import.directory.config.text);
        };
        let encoder: DistilBert = golden::filled(
            config.init(&mut golden::any_weights(&Device::flex())),
            written(&import)
                .into_iter()
                .filter_map(|(key, tensor)| Some((key.strip_prefix("distilbert.")?.into(), tensor)))
                .collect(),
        );
        let tokens = import.directory.words().unwrap().encode("A red square, moves").unwrap();
        // The comma is unknown to ten words.
        assert_eq!(tokens.ids, [2, 5, 6, 7, 1, 8, 9, 3], "{:?}", tokens.tokens);
        let batch =
            TokenBatch { ids: ids.clone(), lengths: vec![ids.len()], padded_length: ids.len() };
        let hidden = numbers(encoder.forward(&batch));
        assert_close(name, &hidden, expected.values("distilbert"), F32);
    }
}

#[test]
fn every_key_that_is_not_used_is_dropped_for_a_reason() {
    let import = imported(SourceKind::TimeSformer, "timesformer.pyth", &settings());
    let report = import.origins.video.unwrap();
    assert_eq!(report.filled.len(), 6 + 2 * 20 + 1);
    let dropped: Vec<&str> = report
        .dropped
        .iter()
        .flat_map(|dropped| dropped.names.iter().map(|name| &name[..]))
        .collect();
    assert_eq!(dropped, ["head.bias", "head.weight", "optimizer_state.state.0"]);
    let import = imported(SourceKind::DistilBert, "distilbert_old", &ImportSettings::default());
    let dropped = import.origins.text.unwrap().dropped;
    assert!(dropped.iter().any(|d| d.names == ["distilbert.embeddings.position_ids"]));
    assert!(dropped.iter().all(|dropped| !dropped.reason.is_empty()));
}

#[test]
fn a_second_import_adds_the_other_encoder_and_keeps_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("model");
    let device = Device::flex();
    imported(SourceKind::HfTimeSformer, "hf-timesformer", &settings()).write(&dir).unwrap();
    let origins = Origins::read(&dir).unwrap();
    assert!(origins.video.is_some() && origins.text.is_none());
    let before = read_safetensors(&dir.join("model.safetensors")).unwrap();
    let videos_alone = ModelDirectory::read(&dir, &device).unwrap();
    assert!(videos_alone.config.text.is_none() && videos_alone.tokenizer.is_none());

    let text = [open(SourceKind::DistilBert, "distilbert")];
    let text_settings = ImportSettings::default();
    import(&text, Some(&dir), &text_settings, &device).unwrap().write(&dir).unwrap();
    let origins = Origins::read(&dir).unwrap();
    assert!(origins.video.is_some() && origins.text.is_some());
    let after = read_safetensors(&dir.join("model.safetensors")).unwrap();
    assert!(before.keys().all(|key| key.starts_with("timesformer.")));
    for (key, tensor) in &before {
        assert_eq!(&after[key], tensor, "{key}");
    }
    let whole = ModelDirectory::read(&dir, &device).unwrap();
    assert_eq!(whole.config.text.width(), 8);
    assert_eq!(whole.preprocessing.normalisation.mean, [0.45; 3]);

    // Both at once give the same model.
    let both = [
        open(SourceKind::HfTimeSformer, "hf-timesformer"),
        open(SourceKind::DistilBert, "distilbert"),
    ];
    let both = written(&import(&both, None, &settings(), &device).unwrap());
    let imported = |key: &&String| !key.contains("projection.") && !key.starts_with("context_warp");
    for key in after.keys().filter(imported) {
        assert_eq!(after[key], both[key], "{key}");
    }
    assert_eq!(after.keys().collect::<Vec<_>>(), both.keys().collect::<Vec<_>>());
}

#[test]
fn our_names_are_hugging_faces() {
    let both = [
        open(SourceKind::HfTimeSformer, "hf-timesformer"),
        open(SourceKind::DistilBert, "distilbert"),
    ];
    let ours = written(&import(&both, None, &settings(), &Device::flex()).unwrap());
    let head = |key: &String| key.starts_with("classifier") || key.starts_with("vocab_");
    let mut theirs = Vec::new();
    for name in ["hf-timesformer", "distilbert"] {
        let state = StateDict::open(&file(name), false).unwrap();
        theirs.extend(state.tensors.into_keys().filter(|key| !head(key)));
    }
    theirs.sort();
    let encoders = ours.into_keys();
    let encoders = encoders.filter(|k| k.starts_with("timesformer") || k.starts_with("distilbert"));
    let mut encoders: Vec<String> = encoders.collect();
    encoders.sort();
    assert_eq!(encoders, theirs);
}

#[test]
fn the_kind_is_guessed_from_the_keys() {
    for (name, kind) in [
        ("hf-timesformer", SourceKind::HfTimeSformer),
        ("timesformer.pyth", SourceKind::TimeSformer),
        ("timm_vit.pth", SourceKind::TimmVit),
        ("distilbert_old", SourceKind::DistilBert),
    ] {
        let state = StateDict::open(&file(name), false).unwrap();
        assert_eq!(SourceKind::guess(&state), Some(kind), "{name}");
        assert_eq!(Source::open(None, &[file(name)], false).unwrap().kind, kind);
    }
    let state = StateDict::open(&golden::path("projection/weights.safetensors"), false).unwrap();
    assert_eq!(SourceKind::guess(&state), None);
}

#[test]
fn a_pickle_that_asks_to_run_code_is_refused() {
    for name in ["runs_code.pt", "runs_code_legacy.pt"] {
        let path = file(name);
        let message = StateDict::open(&path, false).unwrap_err().to_string();
        let pieces = [
            name,
            "posix.system",
            "may run code",
            "nothing was run",
            "safetensors",
            "--skip-calls",
        ];
        assert_says(&message, &pieces);
        let skipped = StateDict::open(&path, true).unwrap();
        assert_eq!(skipped.skipped_calls, ["posix.system"]);
        assert_eq!(skipped.tensors["weight"].read("weight").unwrap().values, [1.0, 1.0]);
    }
}

#[test]
fn a_torchscript_archive_names_the_file_to_take_instead() {
    let message = StateDict::open(&file("torchscript.pt"), true).unwrap_err().to_string();
    assert_says(&message, &["torchscript.pt", "TorchScript", "openai/clip-vit-base-patch16"]);
}

#[test]
fn weights_that_are_no_numbers_are_refused_with_their_key() {
    let message = refusal(SourceKind::HfTimeSformer, &file("nan.safetensors"), &settings());
    let key = "timesformer.encoder.layer.1.temporal_dense.bias";
    assert_says(&message, &["nan.safetensors", key, "NaN at number 3", "another copy"]);
}

#[test]
fn numbers_of_a_type_that_is_not_read_are_named_as_that_and_not_as_code() {
    for (name, said) in [
        ("holds_float8_e4m3fn.pt", "numbers of type float8_e4m3fn"),
        ("holds_float8_legacy.pt", "numbers of type float8_e4m3fn"),
        ("holds_float8_e5m2.pt", "numbers of type float8_e5m2"),
        ("holds_complex64.pt", "numbers of type ComplexFloat"),
        ("holds_qint8.pt", "quantised numbers (QInt8)"),
        ("holds_sparse.pt", "sparse tensors"),
    ] {
        // Also where calls may be skipped.
        for skip_calls in [false, true] {
            let message = StateDict::open(&file(name), skip_calls).unwrap_err().to_string();
            assert_says(&message, &[name, said, "f32, f64, f16 or bf16", "not quantised"]);
            assert!(!message.contains("code") && !message.contains("Python to use"), "{message}");
        }
    }
    // Those that are only not floating point lie there unread until they are asked for.
    let state = StateDict::open(&file("holds_uint16.pt"), false).unwrap();
    assert_eq!(state.tensors["weight"].number_type.to_string(), "U16");
    assert_eq!(state.tensors["bias"].read("bias").unwrap().values, [1.0, 1.0]);
    let message = state.tensors["weight"].read("weight").unwrap_err().to_string();
    assert_says(&message, &["holds_uint16.pt", "key weight holds U16", "f32, f64, f16 or bf16"]);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.safetensors");
    for (dtype, bytes) in
        [("F8_E4M3", 1), ("F8_E5M2", 1), ("U8", 1), ("BOOL", 1), ("U16", 2), ("U32", 4), ("I64", 8)]
    {
        let header =
            format!(r#"{{"w":{{"dtype":"{dtype}","shape":[1],"data_offsets":[0,{bytes}]}}}}"#);
        let start = (header.len() as u64).to_le_bytes();
        std::fs::write(&path, [&start, header.as_bytes(), &vec![0; bytes]].concat()).unwrap();
        let state = StateDict::open(&path, false).unwrap();
        assert_eq!(state.tensors["w"].number_type.to_string(), dtype);
        let message = state.tensors["w"].read("w").unwrap_err().to_string();
        assert_says(&message, &["other.safetensors", &format!("key w holds {dtype}"), "bf16"]);
    }
}

#[test]
fn files_that_are_cut_off_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "hf-timesformer/model.safetensors",
        "timesformer.pyth",
        "timm_vit_legacy.pth",
        "runs_code.pt",
    ] {
        let whole = std::fs::read(file(name)).unwrap();
        for share in [1, 4, 9] {
            let path = folder.path().join(file(name).file_name().unwrap());
            std::fs::write(&path, &whole[..whole.len() * share / 10]).unwrap();
            let kind = SourceKind::guess(&StateDict::open(&file(name), true).unwrap());
            let kind = kind.unwrap_or(SourceKind::TimmVit);
            let message = refusal(kind, &path, &settings());
            assert_says(&message, &[path.to_str().unwrap(), "cut off", "another copy"]);
        }
    }
}

/// A copy of the tiny TimeSformer with its tensors changed.
fn changed(
    change: impl FnOnce(&mut BTreeMap<String, NamedTensor>),
) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let mut tensors = read_safetensors(&file("hf-timesformer/model.safetensors")).unwrap();
    change(&mut tensors);
    let path = folder.path().join("changed.safetensors");
    std::fs::write(&path, locvtp_model::weights::to_safetensors(&tensors)).unwrap();
    (folder, path)
}

#[test]
fn missing_extra_and_misshapen_keys_are_named() {
    let key = "timesformer.encoder.layer.1.temporal_dense.bias";
    let refused = |path: &Path| refusal(SourceKind::HfTimeSformer, path, &settings());
    let (_folder, path) = changed(|tensors| _ = tensors.remove(key));
    let pieces = ["changed.safetensors", "1 parameters that no key fills", key, "whole checkpoint"];
    assert_says(&refused(&path), &pieces);

    let (_folder, path) = changed(|tensors| {
        let tensor = tensors[key].clone();
        tensors.insert("timesformer.encoder.layer.1.gate.weight".into(), tensor.clone());
        tensors.insert("adapter.down".into(), tensor);
    });
    let pieces = ["2 keys that no parameter takes", "adapter.down", "gate.weight", "config.json"];
    assert_says(&refused(&path), &pieces);

    let (_folder, path) = changed(|tensors| {
        tensors.insert(key.into(), NamedTensor { shape: vec![3], values: vec![0.0; 3] });
    });
    assert_says(&refused(&path), &["1 tensors of another shape", key, "[3] instead of [8]"]);
}

#[test]
fn a_checkpoint_of_another_kind_is_told() {
    let message = refusal(SourceKind::HfTimeSformer, &file("timm_vit.pth"), &settings());
    assert_says(&message, &["timm_vit.pth", "say --from timm-vit"]);
    let message = refusal(SourceKind::TimmVit, &file("timesformer.pyth"), &settings());
    assert_says(&message, &["timesformer.pyth", "say --from timesformer"]);
    let message = Source::open(None, &[golden::path("projection/weights.safetensors")], false);
    let message = message.unwrap_err().to_string();
    assert_says(&message, &["projection/weights.safetensors", "no kind", "hf-timesformer"]);
}

#[test]
fn what_a_file_does_not_say_is_asked_for() {
    let path = file("timm_vit.pth");
    let message = refusal(SourceKind::TimmVit, &path, &ImportSettings::default());
    assert_says(&message, &["timm_vit.pth", "width of 8", "config.json", "--heads"]);
    let folder = tempfile::tempdir().unwrap();
    for name in ["model.safetensors", "config.json"] {
        std::fs::copy(file("distilbert").join(name), folder.path().join(name)).unwrap();
    }
    let message = refusal(SourceKind::DistilBert, folder.path(), &ImportSettings::default());
    assert_says(&message, &["tokenizer.json", "vocab.txt", "--tokenizer"]);
    let large = golden::path("foreign/expected.safetensors");
    let wrong = ImportSettings { tokenizer: Some(large), ..ImportSettings::default() };
    let message = refusal(SourceKind::DistilBert, folder.path(), &wrong);
    assert_says(&message, &["expected.safetensors"]);
}

#[test]
fn a_variant_that_is_not_built_here_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let from = file("hf-timesformer");
    std::fs::copy(from.join("model.safetensors"), folder.path().join("model.safetensors")).unwrap();
    let config = std::fs::read_to_string(from.join("config.json")).unwrap();
    let joint = config.replace("divided_space_time", "joint_space_time");
    std::fs::write(folder.path().join("config.json"), joint).unwrap();
    let message = refusal(SourceKind::HfTimeSformer, folder.path(), &settings());
    assert_says(&message, &["config.json", "attention_type", "joint_space_time"]);
}

/// The tiny checkpoint in `name` with its `config.json` changed.
fn with_config(name: &str, change: impl FnOnce(&mut serde_json::Value)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(file(name)).unwrap() {
        let from = entry.unwrap().path();
        std::fs::copy(&from, folder.path().join(from.file_name().unwrap())).unwrap();
    }
    let path = folder.path().join("config.json");
    let mut config = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut config);
    std::fs::write(path, config.to_string()).unwrap();
    folder
}

#[test]
fn tensors_that_do_not_fit_the_config_beside_them_are_refused_with_both_sizes() {
    for (kind, name, key, said, found) in [
        (SourceKind::HfTimeSformer, "hf-timesformer", "hidden_size", 16, 8),
        (SourceKind::HfTimeSformer, "hf-timesformer", "num_hidden_layers", 3, 2),
        (SourceKind::HfTimeSformer, "hf-timesformer", "image_size", 16, 8),
        (SourceKind::DistilBert, "distilbert", "hidden_dim", 8, 16),
        (SourceKind::DistilBert, "distilbert", "vocab_size", 30522, 10),
    ] {
        let folder = with_config(name, |config| config[key] = said.into());
        let message = refusal(kind, folder.path(), &ImportSettings::default());
        let (said, found) = (format!("says {said}"), format!("`{key}` {found}"));
        assert_says(&message, &["model.safetensors", &found, &said, "config.json", "--heads"]);
    }
    let folder = clip_folder(&hf_clip());
    let path = folder.path().join("config.json");
    std::fs::write(&path, r#"{"vision_config": {"patch_size": 14}}"#).unwrap();
    let message = refusal(SourceKind::HfClip, folder.path(), &settings());
    assert_says(&message, &["`patch_size` 4", "says 14"]);

    let folder = with_config("distilbert", |config| config["n_heads"] = 3.into());
    let message = refusal(SourceKind::DistilBert, folder.path(), &ImportSettings::default());
    assert_says(&message, &["config.json says 3 attention heads", "width of 8"]);
    let three = ImportSettings { num_heads: Some(3), ..ImportSettings::default() };
    let message = refusal(SourceKind::TimmVit, &file("timm_vit.pth"), &three);
    assert_says(&message, &["timm_vit.pth", "3 attention heads", "--heads"]);
}

#[test]
fn shards_that_do_not_belong_together_are_refused() {
    let copied = || {
        let folder = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(file("sharded")).unwrap() {
            let from = entry.unwrap().path();
            std::fs::copy(&from, folder.path().join(from.file_name().unwrap())).unwrap();
        }
        folder
    };
    let refused = |path: &Path| refusal(SourceKind::HfTimeSformer, path, &settings());
    let second = "model-00002-of-00003.safetensors";
    let folder = copied();
    std::fs::remove_file(folder.path().join(second)).unwrap();
    assert_says(
        &refused(folder.path()),
        &["index.json", second, "not beside it", "copy all files"],
    );

    // Another model's shard lacks the keys that the index names.
    let folder = copied();
    std::fs::copy(file("distilbert/model.safetensors"), folder.path().join(second)).unwrap();
    assert_says(&refused(folder.path()), &["index.json", "none of its files holds", "same model"]);

    let folder = copied();
    let first = folder.path().join("model-00001-of-00003.safetensors");
    std::fs::copy(&first, folder.path().join(second)).unwrap();
    assert_says(&refused(folder.path()), &[second, "too", "the files of one model only"]);

    let folder = copied();
    let index = folder.path().join("model.safetensors.index.json");
    std::fs::write(&index, "{}").unwrap();
    assert_says(&refused(folder.path()), &["index.json", "weight_map is missing"]);
}

#[test]
fn two_checkpoints_for_one_encoder_and_a_trained_model_are_refused() {
    let device = Device::flex();
    let both = [
        open(SourceKind::HfTimeSformer, "hf-timesformer"),
        open(SourceKind::TimmVit, "timm_vit.pth"),
    ];
    let message = import(&both, None, &settings(), &device).unwrap_err().to_string();
    assert_says(&message, &["timm_vit.pth", "hf-timesformer", "video encoder", "one checkpoint"]);
    let folder = tempfile::tempdir().unwrap();
    let text = [open(SourceKind::DistilBert, "distilbert")];
    let message = import(&text, Some(folder.path()), &settings(), &device).unwrap_err();
    assert_says(&message.to_string(), &["import.json", "trained", "--out"]);
    let message = import(&text, None, &settings(), &device).unwrap_err();
    assert_says(&message.to_string(), &["distilbert", "alone", "a second --from"]);
}

#[test]
fn the_preprocessing_of_the_source_is_kept() {
    let of = |kind, name| imported(kind, name, &settings()).directory.preprocessing;
    assert_eq!(of(SourceKind::TimmVit, "timm_vit.pth").normalisation.mean, [0.5; 3]);
    let usual = of(SourceKind::HfTimeSformer, "hf-timesformer");
    assert_eq!((usual.normalisation.mean, usual.normalisation.std), ([0.45; 3], [0.225; 3]));
    assert_eq!((usual.short_side, usual.image_size, usual.num_frames), (8, 8, 2));
    assert_eq!(usual.interpolation, Interpolation::Bilinear);

    let folder = tempfile::tempdir().unwrap();
    for name in ["model.safetensors", "config.json"] {
        std::fs::copy(file("hf-timesformer").join(name), folder.path().join(name)).unwrap();
    }
    let said = r#"{"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.2, 0.2],
        "size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}}"#;
    std::fs::write(folder.path().join("preprocessor_config.json"), said).unwrap();
    let source = Source::open(None, &[folder.path().to_owned()], false).unwrap();
    let found = import(&[source], None, &settings(), &Device::flex()).unwrap();
    let found = found.directory.preprocessing;
    assert_eq!(found.normalisation.mean, [0.5, 0.4, 0.3]);
    // 8 * 256 / 224 = 9.14
    assert_eq!(found.short_side, 9);
}

/// What an import makes of `preprocessor_config.json` and a `pretrained_cfg` beside the tiny
/// TimeSformer.
fn scaled_by(preprocessor: Option<&str>, timm: Option<&str>) -> Result<Interpolation, String> {
    let folder = tempfile::tempdir().unwrap();
    let copy = |name: &str| {
        std::fs::copy(file("hf-timesformer").join(name), folder.path().join(name)).unwrap();
    };
    copy("model.safetensors");
    if let Some(said) = preprocessor {
        std::fs::write(folder.path().join("preprocessor_config.json"), said).unwrap();
    }
    if let Some(said) = timm {
        let config = format!(r#"{{"pretrained_cfg": {{"interpolation": {said}}}}}"#);
        std::fs::write(folder.path().join("config.json"), config).unwrap();
    }
    let source = Source::open(None, &[folder.path().to_owned()], false).unwrap();
    let made = import(&[source], None, &settings(), &Device::flex());
    made.map(|made| made.directory.preprocessing.interpolation).map_err(|error| error.to_string())
}

#[test]
fn how_the_source_scales_its_pictures_is_kept() {
    assert_eq!(scaled_by(None, None), Ok(Interpolation::Bilinear));
    assert_eq!(scaled_by(Some(r#"{"resample": 2}"#), None), Ok(Interpolation::Bilinear));
    assert_eq!(scaled_by(Some(r#"{"resample": 3}"#), None), Ok(Interpolation::Bicubic));
    assert_eq!(scaled_by(None, Some(r#""bicubic""#)), Ok(Interpolation::Bicubic));
    // Hugging Face's file goes before timm's.
    assert_eq!(
        scaled_by(Some(r#"{"resample": 2}"#), Some(r#""bicubic""#)),
        Ok(Interpolation::Bilinear)
    );
    let message = scaled_by(Some(r#"{"resample": 1}"#), None).unwrap_err();
    assert_says(&message, &["preprocessor_config.json", "`resample` is 1", "write 2"]);
    let message = scaled_by(None, Some(r#""lanczos""#)).unwrap_err();
    assert_says(&message, &["config.json", "pretrained_cfg.interpolation", "lanczos"]);
}

/// timm's tiny ViT in a folder as the hub has it, with its `config.json`.
fn timm_folder(config: &serde_json::Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(file("timm_vit.pth"), folder.path().join("pytorch_model.bin")).unwrap();
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    folder
}

fn import_timm(config: &serde_json::Value, settings: &ImportSettings) -> Result<Import, String> {
    let folder = timm_folder(config);
    let source = Source::open(None, &[folder.path().to_owned()], false).unwrap();
    import(&[source], None, settings, &Device::flex()).map_err(|error| error.to_string())
}

#[test]
fn timms_config_says_heads_and_pictures() {
    let mut config = serde_json::json!({
        "architecture": "vit_tiny_patch16_224",
        "num_features": 8,
        "global_pool": "token",
        "model_args": { "num_heads": 2, "embed_dim": 8, "depth": 2 },
        "pretrained_cfg": {
            "mean": [0.5, 0.25, 0.5], "std": [0.5, 0.5, 0.25], "interpolation": "bicubic",
            "crop_pct": 0.7,
        },
    });
    let usual = ImportSettings::default();
    let made = import_timm(&config, &usual).unwrap();
    let VideoEncoderConfig::TimeSformer(found) = &made.directory.config.video else { panic!() };
    assert_eq!(found.num_attention_heads, 2);
    let preprocessing = &made.directory.preprocessing;
    assert_eq!(preprocessing.normalisation.mean, [0.5, 0.25, 0.5]);
    assert_eq!(preprocessing.interpolation, Interpolation::Bicubic);
    // 8 / 0.7 = 11.4, which timm rounds down.
    assert_eq!((preprocessing.short_side, preprocessing.image_size), (11, 8));
    let guessed: Vec<&str> = made
        .origins
        .video
        .iter()
        .flat_map(|part| &part.guessed)
        .map(|it| &it.setting[..])
        .collect();
    assert_eq!(guessed, ["epsilon of the layer norms", "seconds of a clip"]);

    let four = ImportSettings { num_heads: Some(4), ..usual.clone() };
    let message = import_timm(&config, &four).unwrap_err();
    assert_says(&message, &["--heads says 4", "config.json says 2"]);
    for (section, key, value, pieces) in [
        ("model_args", "num_heads", serde_json::json!(3), ["says 3 attention heads", "width of 8"]),
        ("model_args", "depth", serde_json::json!(3), ["`depth` 2", "says 3"]),
        ("model_args", "act_layer", serde_json::json!("silu"), ["model_args.act_layer", "silu"]),
        ("model_args", "global_pool", serde_json::json!("avg"), ["model_args.global_pool", "avg"]),
    ] {
        let mut wrong = config.clone();
        wrong[section][key] = value;
        assert_says(&import_timm(&wrong, &usual).unwrap_err(), &pieces);
    }
    config["global_pool"] = "avg".into();
    assert_says(&import_timm(&config, &usual).unwrap_err(), &["`global_pool`", "avg", "token"]);
}

#[test]
fn every_guess_of_every_kind_is_in_its_report_with_the_flag_that_sets_it() {
    let heads = ("attention heads", Some("--heads"));
    let epsilon = ("epsilon of the layer norms", Some("--epsilon"));
    let pictures = [
        ("interpolation", Some("--interpolation")),
        ("short side", Some("--short-side")),
        ("mean of the pixels", Some("--mean")),
        ("deviation of the pixels", Some("--std")),
        ("seconds of a clip", Some("--clip-seconds")),
    ];
    let guesses = |report: &Option<PartReport>| -> Vec<(String, Option<String>)> {
        let all = report.iter().flat_map(|report| report.guessed.clone());
        all.map(|guess| (guess.setting, guess.flag)).collect()
    };
    let expected = |all: &[(&str, Option<&str>)]| -> Vec<(String, Option<String>)> {
        all.iter().map(|(name, flag)| ((*name).into(), flag.map(str::to_owned))).collect()
    };
    // Their own config.json says heads and epsilon; nothing says how pictures are made.
    let made = imported(SourceKind::HfTimeSformer, "hf-timesformer", &ImportSettings::default());
    assert_eq!(guesses(&made.origins.video), expected(&pictures));
    let made = imported(SourceKind::DistilBert, "distilbert", &ImportSettings::default());
    assert_eq!(guesses(&made.origins.text), expected(&[]));

    let typed = imported(SourceKind::TimeSformer, "timesformer.pyth", &settings());
    let all = [&[epsilon][..], &pictures].concat();
    assert_eq!(guesses(&typed.origins.video), expected(&all));
    let made = imported(SourceKind::TimmVit, "timm_vit.pth", &settings());
    let all = [&[epsilon, ("feature of a picture", None)][..], &pictures].concat();
    assert_eq!(guesses(&made.origins.video), expected(&all));

    // A width that models of timm have: the heads are those, and it is said.
    let (folder, path) = wide(192);
    let source = Source::open(Some(SourceKind::TimmVit), &[path], false).unwrap();
    let made = import(&[source], None, &ImportSettings::default(), &Device::flex()).unwrap();
    let VideoEncoderConfig::TimeSformer(found) = &made.directory.config.video else { panic!() };
    assert_eq!(found.num_attention_heads, 3);
    let all = [&[heads, epsilon, ("feature of a picture", None)][..], &pictures].concat();
    assert_eq!(guesses(&made.origins.video), expected(&all));
    let written = folder.path().join("model");
    made.write(&written).unwrap();
    assert_eq!(Origins::read(&written).unwrap(), made.origins);
    // timm's huge one has 16 heads of 80, which no rule of 64 gives.
    let (_folder, path) = wide(1280);
    let source = Source::open(Some(SourceKind::TimmVit), &[path], false).unwrap();
    let made = import(&[source], None, &ImportSettings::default(), &Device::flex()).unwrap();
    let VideoEncoderConfig::TimeSformer(found) = &made.directory.config.video else { panic!() };
    assert_eq!(found.num_attention_heads, 16);
}

/// A ViT under timm's names without blocks but the last's parts of size, `width` wide.
fn wide(width: usize) -> (tempfile::TempDir, PathBuf) {
    let mut tensors = BTreeMap::new();
    let mut add = |name: &str, shape: &[usize]| {
        let values = vec![0.01; shape.iter().product()];
        tensors.insert(name.to_owned(), NamedTensor { shape: shape.to_vec(), values });
    };
    add("cls_token", &[1, 1, width]);
    add("pos_embed", &[1, 5, width]);
    add("patch_embed.proj.weight", &[width, 3, 2, 2]);
    add("patch_embed.proj.bias", &[width]);
    for norm in ["norm", "blocks.0.norm1", "blocks.0.norm2"] {
        add(&format!("{norm}.weight"), &[width]);
        add(&format!("{norm}.bias"), &[width]);
    }
    for (layer, rows, columns) in [
        ("attn.qkv", 3 * width, width),
        ("attn.proj", width, width),
        ("mlp.fc1", 8, width),
        ("mlp.fc2", width, 8),
    ] {
        add(&format!("blocks.0.{layer}.weight"), &[rows, columns]);
        add(&format!("blocks.0.{layer}.bias"), &[rows]);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vit.safetensors");
    std::fs::write(&path, locvtp_model::weights::to_safetensors(&tensors)).unwrap();
    (folder, path)
}

#[test]
fn a_flag_that_changes_nothing_is_refused() {
    let usual = ImportSettings::default;
    let (video, text) = ("hf-timesformer", file("distilbert"));
    for (settings, flag) in [
        (ImportSettings { num_text_heads: Some(2), ..usual() }, "--text-heads"),
        (ImportSettings { preset: Some("ViT-B-32".into()), ..usual() }, "--preset"),
        (ImportSettings { activation: Some(Activation::Gelu), ..usual() }, "--activation"),
    ] {
        let message = refusal(SourceKind::HfTimeSformer, &file(video), &settings);
        assert_says(&message, &[&format!("{flag} changes nothing"), &format!("leave {flag} away")]);
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("model");
    imported(SourceKind::HfTimeSformer, video, &usual()).write(&dir).unwrap();
    let source = Source::open(Some(SourceKind::DistilBert), &[text], false).unwrap();
    let heads = ImportSettings { num_heads: Some(2), ..usual() };
    let message = import(&[source], Some(&dir), &heads, &Device::flex()).unwrap_err().to_string();
    assert_says(&message, &["--heads changes nothing", "--text-heads"]);
}

/// Fit, short side and way of an import of the tiny TimeSformer (pictures of 8) or CLIP with this
/// file beside it.
fn picture_of(
    from: PictureOf,
    file_name: &str,
    text: &str,
) -> Result<(Fit, usize, Scaling), String> {
    let folder = match from {
        PictureOf::OpenClip => clip_folder(&openai_clip()),
        PictureOf::HfClip => clip_folder(&hf_clip()),
        PictureOf::HfTimeSformer => {
            let folder = tempfile::tempdir().unwrap();
            let weights = file("hf-timesformer").join("model.safetensors");
            std::fs::copy(weights, folder.path().join("model.safetensors")).unwrap();
            folder
        }
    };
    std::fs::write(folder.path().join(file_name), text).unwrap();
    let source = Source::open(None, &[folder.path().to_owned()], false).unwrap();
    let made = import(&[source], None, &settings(), &Device::flex());
    let picture = made.map(|made| made.directory.preprocessing);
    let picture = picture.map_err(|error| error.to_string())?;
    let per_mille = picture.short_side * 1000 / picture.image_size;
    Ok((picture.fit, per_mille, picture.scaling))
}

#[derive(Clone, Copy)]
enum PictureOf {
    OpenClip,
    HfClip,
    HfTimeSformer,
}

#[test]
fn pictures_are_fitted_and_cut_as_the_sources_programs_do() {
    use Fit::{ShortSide, Squash};
    use PictureOf::{HfClip, HfTimeSformer, OpenClip};
    use Scaling::{HuggingFace, Torchvision};
    let hugging_face = "preprocessor_config.json";
    for (from, name, text, expected) in [
        // CLIP's own: to 224, cut 224; an old file says it in one number.
        (HfClip, hugging_face, r#"{"size": {"shortest_edge": 224}}"#, (ShortSide, 1000)),
        (HfClip, hugging_face, r#"{"size": 224, "crop_size": 224}"#, (ShortSide, 1000)),
        (HfTimeSformer, hugging_face, r#"{"size": {"shortest_edge": 448}}"#, (ShortSide, 2000)),
        // Both sides: squashed, then cut or not.
        (HfTimeSformer, hugging_face, r#"{"size": {"height": 224, "width": 224}}"#, (Squash, 1000)),
        (
            HfTimeSformer,
            hugging_face,
            r#"{"size": {"height": 336, "width": 336}, "crop_size": {"height": 224, "width": 224}}"#,
            (Squash, 1500),
        ),
        (
            HfTimeSformer,
            hugging_face,
            r#"{"size": {"height": 448, "width": 448}, "do_center_crop": false}"#,
            (Squash, 1000),
        ),
        (
            HfTimeSformer,
            hugging_face,
            r#"{"size": 224, "image_processor_type": "ViTImageProcessor"}"#,
            (Squash, 1000),
        ),
    ] {
        assert_eq!(
            picture_of(from, name, text),
            Ok((expected.0, expected.1, HuggingFace)),
            "{text}"
        );
    }
    for (from, name, text, expected) in [
        // 8 / 0.5 = 16; 8 / 0.9 = 8.9, cut to 8; 8 / 0.875 = 9.1, timm's own where nothing is said.
        (
            HfTimeSformer,
            "config.json",
            r#"{"pretrained_cfg": {"crop_pct": 0.5}}"#,
            (ShortSide, 2000),
        ),
        (
            HfTimeSformer,
            "config.json",
            r#"{"pretrained_cfg": {"crop_pct": 0.9}}"#,
            (ShortSide, 1000),
        ),
        (HfTimeSformer, "config.json", r#"{"pretrained_cfg": {}}"#, (ShortSide, 1125)),
        (
            HfTimeSformer,
            "config.json",
            r#"{"pretrained_cfg": {"crop_pct": 0.5, "crop_mode": "squash"}}"#,
            (Squash, 2000),
        ),
        (OpenClip, "open_clip_config.json", r#"{"preprocess_cfg": {}}"#, (ShortSide, 1000)),
        (
            OpenClip,
            "open_clip_config.json",
            r#"{"preprocess_cfg": {"resize_mode": "squash"}}"#,
            (Squash, 1000),
        ),
    ] {
        assert_eq!(
            picture_of(from, name, text),
            Ok((expected.0, expected.1, Torchvision)),
            "{text}"
        );
    }
    for (from, name, text, parts) in [
        (HfClip, hugging_face, r#"{"size": {"height": 224, "width": 336}}"#, ["`size`", "square"]),
        (
            HfClip,
            hugging_face,
            r#"{"size": {"shortest_edge": 224, "longest_edge": 600}}"#,
            ["`size`", "shortest_edge"],
        ),
        (
            HfTimeSformer,
            "config.json",
            r#"{"pretrained_cfg": {"crop_mode": "border"}}"#,
            ["`pretrained_cfg.crop_mode`", "padded"],
        ),
        (
            HfTimeSformer,
            "config.json",
            r#"{"pretrained_cfg": {"crop_pct": 1.5}}"#,
            ["`pretrained_cfg.crop_pct` is 1.5", "up to 1"],
        ),
        (
            OpenClip,
            "open_clip_config.json",
            r#"{"preprocess_cfg": {"resize_mode": "longest"}}"#,
            ["`preprocess_cfg.resize_mode`", "padded"],
        ),
    ] {
        assert_says(&picture_of(from, name, text).unwrap_err(), &[name, parts[0], parts[1]]);
    }
}

#[test]
fn the_way_of_a_source_is_the_default_of_its_import() {
    let of = |kind, name| imported(kind, name, &settings()).directory.preprocessing.scaling;
    assert_eq!(of(SourceKind::TimmVit, "timm_vit.pth"), Scaling::Torchvision);
    assert_eq!(of(SourceKind::HfTimeSformer, "hf-timesformer"), Scaling::HuggingFace);
    let clip = |tensors: &BTreeMap<String, NamedTensor>| {
        let folder = clip_folder(tensors);
        let source = Source::open(None, &[folder.path().to_owned()], false).unwrap();
        let made = import(&[source], None, &settings(), &Device::flex()).unwrap();
        made.directory.preprocessing.scaling
    };
    assert_eq!(
        (clip(&hf_clip()), clip(&openai_clip())),
        (Scaling::HuggingFace, Scaling::Torchvision)
    );
}

/// C3D's golden under the names of the three programs that hand it on.
fn c3d_forms() -> [(&'static str, BTreeMap<String, NamedTensor>); 3] {
    let own = golden::weights("c3d/weights.safetensors");
    let renamed = |names: &dyn Fn(&str) -> String| {
        let tensors = own.iter().map(|(key, tensor)| {
            let (layer, rest) = key.split_once('.').unwrap();
            (format!("{}.{rest}", names(layer)), tensor.clone())
        });
        tensors.collect::<BTreeMap<_, _>>()
    };
    let counted = [
        ("conv1", "features.0"),
        ("conv2", "features.3"),
        ("conv3a", "features.6"),
        ("conv3b", "features.8"),
        ("conv4a", "features.11"),
        ("conv4b", "features.13"),
        ("conv5a", "features.16"),
        ("conv5b", "features.18"),
        ("fc6", "classifier.0"),
    ];
    let mut plain = own.clone();
    let mut list =
        renamed(&|layer| counted.iter().find(|(own, _)| *own == layer).unwrap().1.to_owned());
    let mut mmaction = renamed(&|layer| match layer {
        "fc6" => "backbone.fc6".to_owned(),
        "conv1" | "conv2" => format!("backbone.{layer}a.conv"),
        _ => format!("backbone.{layer}.conv"),
    });
    let vector = NamedTensor { shape: vec![2], values: vec![0.0; 2] };
    plain.insert("fc8.bias".into(), vector.clone());
    list.insert("classifier.3.bias".into(), vector.clone());
    mmaction.insert("cls_head.fc_cls.bias".into(), vector.clone());
    mmaction.insert("backbone.fc7.bias".into(), vector);
    [("plain", plain), ("a list of layers", list), ("MMAction's", mmaction)]
}

#[test]
fn c3d_of_every_form_fills_a_feature_extractor() {
    let own = golden::weights("c3d/weights.safetensors");
    for (form, tensors) in c3d_forms() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c3d.safetensors");
        std::fs::write(&path, locvtp_model::weights::to_safetensors(&tensors)).unwrap();
        let source = Source::open(None, std::slice::from_ref(&path), false).unwrap();
        assert_eq!(source.kind, SourceKind::C3d, "{form}");
        let made = import(&[source], None, &ImportSettings::default(), &Device::flex()).unwrap();
        // fc6 says that the golden's frames have 48 pixels.
        let VideoEncoderConfig::C3d(config) = &made.directory.config.video else {
            panic!("{form}: {:?}", made.directory.config.video);
        };
        let sizes = [config.image_size, config.num_frames, config.base_width, config.feature_width];
        assert_eq!(sizes, [48, 16, 1, 12], "{form}");
        assert_eq!(made.directory.preprocessing.normalisation.std, [1.0 / 255.0; 3]);
        assert!(made.drawn.is_empty(), "{form}: {:?}", made.drawn);
        let ours = written(&made);
        assert_eq!(ours.len(), own.len());
        for (name, tensor) in &own {
            assert_eq!(&ours[&format!("c3d.{name}")], tensor, "{form}: {name}");
        }
        let wrong = ImportSettings { image_size: Some(112), ..ImportSettings::default() };
        let message = refusal(SourceKind::C3d, &path, &wrong);
        assert_says(&message, &["c3d.safetensors", "fc6 takes", "16 frames of 112 pixels"]);
    }
}

/// Tensors as a file, with a `config.json` and CLIP's tokenizer beside it.
fn clip_folder(tensors: &BTreeMap<String, NamedTensor>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let bytes = locvtp_model::weights::to_safetensors(tensors);
    std::fs::write(folder.path().join("model.safetensors"), bytes).unwrap();
    let golden = golden::json("clip/config.json");
    let heads = |tower: &str| golden[tower]["num_attention_heads"].clone();
    let config = serde_json::json!({
        "vision_config": { "num_attention_heads": heads("vision") },
        "text_config": { "num_attention_heads": heads("text") },
    });
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    for name in ["vocab.json", "merges.txt"] {
        let from = golden::path("clip_tokenizer").join(name);
        std::fs::copy(from, folder.path().join(name)).unwrap();
    }
    folder
}

/// Hugging Face's tiny `CLIPModel`, both towers.
fn hf_clip() -> BTreeMap<String, NamedTensor> {
    let mut tensors = golden::weights("clip/vision.safetensors");
    tensors.retain(|name, _| !name.contains(".temporal.") && !name.contains("time_embedding"));
    tensors.extend(golden::weights("clip/text.safetensors"));
    tensors.insert("logit_scale".into(), NamedTensor { shape: vec![], values: vec![4.6] });
    // The tiny tokenizer knows more tokens than the tiny tower.
    let tokens = tensors.get_mut("text_model.embeddings.token_embedding.weight").unwrap();
    let width = tokens.shape[1];
    *tokens = NamedTensor {
        shape: vec![600, width],
        values: tokens.values.iter().copied().cycle().take(600 * width).collect(),
    };
    tensors
}

/// The same under the names of CLIP's authors: one matrix for queries, keys and values, projections
/// turned.
fn openai_clip() -> BTreeMap<String, NamedTensor> {
    let hf = hf_clip();
    let mut tensors = BTreeMap::new();
    for (name, tensor) in &hf {
        if name.contains(".k_proj.") || name.contains(".v_proj.") {
            continue;
        }
        let mut tensor = tensor.clone();
        if name.contains(".q_proj.") {
            for other in [".k_proj.", ".v_proj."] {
                tensor.values.extend(&hf[&name.replace(".q_proj.", other)].values);
            }
            tensor.shape[0] *= 3;
        }
        if name.ends_with("l_projection.weight") || name.starts_with("text_projection") {
            let [rows, columns] = [tensor.shape[0], tensor.shape[1]];
            let at = |i: usize| tensor.values[i % rows * columns + i / rows];
            let values = (0..rows * columns).map(at).collect();
            tensor = NamedTensor { shape: vec![columns, rows], values };
        }
        let mut name = name.clone();
        for (hf, openai) in [
            ("vision_model.embeddings.patch_embedding", "visual.conv1"),
            ("vision_model.embeddings.class_embedding", "visual.class_embedding"),
            ("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"),
            ("vision_model.pre_layrnorm", "visual.ln_pre"),
            ("vision_model.post_layernorm", "visual.ln_post"),
            ("vision_model.encoder.layers", "visual.transformer.resblocks"),
            ("visual_projection.weight", "visual.proj"),
            ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
            ("text_model.embeddings.token_embedding", "token_embedding"),
            ("text_model.encoder.layers", "transformer.resblocks"),
            ("text_model.final_layer_norm", "ln_final"),
            ("text_projection.weight", "text_projection"),
            ("self_attn.q_proj.weight", "attn.in_proj_weight"),
            ("self_attn.q_proj.bias", "attn.in_proj_bias"),
            ("self_attn.out_proj", "attn.out_proj"),
            ("layer_norm1", "ln_1"),
            ("layer_norm2", "ln_2"),
            ("mlp.fc1", "mlp.c_fc"),
            ("mlp.fc2", "mlp.c_proj"),
        ] {
            name = name.replace(hf, openai);
        }
        tensors.insert(name, tensor);
    }
    tensors
}

#[test]
fn clip_of_either_form_fills_both_towers_and_their_joint_space() {
    let theirs = hf_clip();
    let mut models = Vec::new();
    for (kind, tensors) in [(SourceKind::HfClip, theirs.clone()), (SourceKind::Clip, openai_clip())]
    {
        let folder = clip_folder(&tensors);
        let source = Source::open(None, &[folder.path().to_owned()], false).unwrap();
        assert_eq!(source.kind, kind);
        let made = import(&[source], None, &settings(), &Device::flex()).unwrap();
        assert_eq!(made.directory.config.projection.kind, ProjectionKind::Identity);
        assert_eq!(made.drawn.len(), 1, "the context-warping head alone: {:?}", made.drawn);
        let preprocessing = &made.directory.preprocessing;
        let mean = preprocessing.normalisation.mean;
        assert_eq!(mean, [0.481_454_66, 0.457_827_5, 0.408_210_73]);
        assert_eq!(preprocessing.interpolation, Interpolation::Bicubic);
        let ours = written(&made);
        for (name, tensor) in theirs.iter().filter(|(name, _)| *name != "logit_scale") {
            assert_eq!(&ours[&format!("clip.{name}")], tensor, "{name}");
        }
        let layer = |rest: &str| &ours[&format!("clip.vision_model.encoder.layers.1.{rest}")];
        assert_eq!(layer("temporal.self_attn.k_proj.weight"), layer("self_attn.k_proj.weight"));
        assert_eq!(layer("temporal.layer_norm.bias"), layer("layer_norm1.bias"));
        assert!(layer("temporal.dense.weight").values.iter().all(|value| *value == 0.0));
        models.push(ours);
    }
    assert_eq!(models[0], models[1]);

    let folder = clip_folder(&theirs);
    let source = Source::open(None, &[folder.path().to_owned()], false).unwrap();
    let per_frame = ImportSettings { per_frame: true, ..settings() };
    let ours = written(&import(&[source], None, &per_frame, &Device::flex()).unwrap());
    assert!(ours.keys().all(|name| !name.contains("temporal")));
}

#[test]
fn frozen_in_time_fills_its_own_block_and_a_distilbert() {
    let video = golden::weights("frozen/weights.safetensors");
    let mut tensors = BTreeMap::new();
    for (name, tensor) in &video {
        let mut name = format!("state_dict.module.video_model.{name}");
        for (ours, frozen) in [
            ("embeddings.cls_token", "cls_token"),
            ("embeddings.position_embeddings", "pos_embed"),
            ("embeddings.time_embeddings", "temporal_embed"),
            ("embeddings.patch_embeddings.projection", "patch_embed.proj"),
            ("encoder.layer", "blocks"),
            ("temporal_attention.attention", "timeattn"),
            ("temporal_attention.output.dense", "timeattn.proj"),
            ("attention.attention", "attn"),
            ("attention.output.dense", "attn.proj"),
            ("temporal_layernorm", "norm3"),
            ("layernorm_before", "norm1"),
            ("layernorm_after", "norm2"),
            ("intermediate.dense", "mlp.fc1"),
            ("output.dense", "mlp.fc2"),
            ("layernorm", "norm"),
        ] {
            name = name.replace(ours, frozen);
        }
        tensors.insert(name, tensor.clone());
    }
    let text = read_safetensors(&file("distilbert/model.safetensors")).unwrap();
    for (name, tensor) in &text {
        if let Some(name) = name.strip_prefix("distilbert.") {
            tensors.insert(format!("state_dict.module.text_model.{name}"), tensor.clone());
        }
    }
    let vector = NamedTensor { shape: vec![2], values: vec![0.0; 2] };
    for name in ["txt_proj.1.bias", "vid_proj.0.bias"] {
        tensors.insert(format!("state_dict.module.{name}"), vector.clone());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frozen.safetensors");
    std::fs::write(&path, locvtp_model::weights::to_safetensors(&tensors)).unwrap();
    std::fs::copy(file("distilbert/vocab.txt"), folder.path().join("vocab.txt")).unwrap();

    let source = Source::open(None, &[path], false).unwrap();
    assert_eq!(source.kind, SourceKind::Frozen);
    let both = ImportSettings { num_text_heads: Some(2), ..settings() };
    let made = import(&[source], None, &both, &Device::flex()).unwrap();
    let VideoEncoderConfig::TimeSformer(config) = &made.directory.config.video else {
        panic!("{:?}", made.directory.config.video);
    };
    assert_eq!(config.block, TimeSformerBlock::Frozen);
    assert_eq!(made.directory.preprocessing.normalisation.mean, [0.485, 0.456, 0.406]);
    let ours = written(&made);
    for (name, tensor) in &video {
        assert_eq!(&ours[&format!("timesformer.{name}")], tensor, "{name}");
    }
    let own = text.iter().filter(|(name, _)| name.starts_with("distilbert."));
    for (name, tensor) in own {
        assert_eq!(&ours[name], tensor, "{name}");
    }
}
