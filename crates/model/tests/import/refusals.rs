//! Checkpoints that are refused, and what is said of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use locvtp_model::encoders::Activation;
use locvtp_model::weights::{ImportSettings, import};
use locvtp_model::weights::{NamedTensor, StateDict, read_safetensors};
use locvtp_model::weights::{Source, SourceKind};

use crate::checkpoints::{
    assert_says, clip_folder, file, hf_clip, imported, open, refusal, settings,
};
use crate::golden;

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

    // A name is one of a file beside the index, and none of another index.
    let copy = folder.path().join("model-00002-of-00003.safetensors");
    for name in [format!("../{second}"), copy.display().to_string(), "..".to_owned()] {
        std::fs::write(&index, format!(r#"{{"weight_map": {{"a": {name:?}}}}}"#)).unwrap();
        assert_says(&refused(folder.path()), &["index.json", "weight_map", "no plain file name"]);
    }
    let itself = r#"{"weight_map": {"a": "model.safetensors.index.json"}}"#;
    std::fs::write(&index, itself).unwrap();
    assert_says(&refused(folder.path()), &["index.json", "is an index again"]);
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
