//! CLIPs of open_clip become our models: heads and activation are told by somebody, never by a rule.
//!
//! The golden is a tiny model of open_clip's own (`reference/open_clip_model.py`): heads 4 wide, plain
//! GELU.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod golden;

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{DType, Device, Tensor};
use golden::{Arrays, assert_close, numbers};
use locvtp_model::encoders::{Activation, ClipText, ClipTextConfig, ClipTime, ClipVisionConfig};
use locvtp_model::weights::{Import, ImportSettings, import};
use locvtp_model::weights::{NamedTensor, read_safetensors};
use locvtp_model::weights::{Source, SourceKind};
use locvtp_model::{ClipPatches, TextEncoderConfig, TokenBatch, VideoEncoderConfig};
use locvtp_video::Interpolation;
use serde_json::{Value, json};

/// Two blocks in f32 err by a few units in the last place of numbers around 3.
const F32: f64 = 1e-5;

/// Every frame is a picture of its own, as in open_clip: so unless more is asked for.
fn pictures() -> ImportSettings {
    ImportSettings::default()
}

/// open_clip's tiny model with a tokenizer, and with `files` beside it.
fn folder(files: &[(&str, &Value)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let copy = |from: &str| {
        let from = golden::path(from);
        std::fs::copy(&from, folder.path().join(from.file_name().unwrap())).unwrap();
    };
    copy("open_clip/open_clip_model.safetensors");
    copy("clip_tokenizer/vocab.json");
    copy("clip_tokenizer/merges.txt");
    for (name, json) in files {
        std::fs::write(folder.path().join(name), json.to_string()).unwrap();
    }
    folder
}

fn own_config() -> Value {
    golden::json("open_clip/open_clip_config.json")
}

fn imported(folder: &Path, settings: &ImportSettings) -> Result<Import, String> {
    let source = Source::open(Some(SourceKind::Clip), &[folder.to_owned()], false);
    let source = source.map_err(|error| error.to_string())?;
    import(&[source], None, settings, &Device::flex()).map_err(|error| error.to_string())
}

fn towers(import: &Import) -> (&ClipVisionConfig, &ClipTextConfig) {
    match (&import.directory.config.video, &import.directory.config.text) {
        (VideoEncoderConfig::Clip(video), TextEncoderConfig::Clip(text)) => (video, text),
        other => panic!("{other:?}"),
    }
}

/// What was guessed, with the flag that sets it.
fn guessed(import: &Import) -> Vec<(String, String)> {
    let origins = &import.origins;
    let parts = [&origins.video, &origins.text].into_iter().flatten();
    let guesses = parts.flat_map(|part| &part.guessed);
    guesses.map(|it| (it.setting.clone(), it.flag.clone().unwrap_or_default())).collect()
}

#[track_caller]
fn assert_says(message: &str, pieces: &[&str]) {
    for piece in pieces {
        assert!(message.contains(piece), "{piece:?} is missing in: {message}");
    }
}

#[track_caller]
fn assert_gives_open_clips_numbers(import: &Import) {
    let (device, expected) = (Device::flex(), Arrays::read("open_clip/expected.safetensors"));
    let (video, text) = towers(import);
    assert_eq!((video.num_attention_heads, text.num_attention_heads), (4, 4));
    assert_eq!([video.hidden_act, text.hidden_act], [Activation::Gelu; 2]);

    let pixels: Tensor<4> = expected.tensor("pixel_values", &device, DType::F32);
    let model = &import.directory.model;
    let clips = ClipPatches::from_pixels(pixels.unsqueeze_dim(1), model.patch_size());
    let found = numbers(model.backbone_clips(clips));
    assert_close("pictures", &found, expected.values("pictures"), F32);

    let dir = tempfile::tempdir().unwrap();
    import.write(&dir.path().join("model")).unwrap();
    let weights = read_safetensors(&dir.path().join("model/model.safetensors")).unwrap();
    let weights = weights.into_iter().filter_map(|(name, tensor)| {
        let name = name.strip_prefix("clip.").filter(|name| name.starts_with("text"))?;
        Some((name.to_owned(), tensor))
    });
    let tower: ClipText =
        golden::filled(text.init(&mut golden::any_weights(&device)), weights.collect());
    let ids: Vec<u32> = expected.values("input_ids").iter().map(|id| *id as u32).collect();
    let last = |row: &[u32]| row.iter().position(|id| *id == 530).unwrap();
    let lengths: Vec<usize> = ids.chunks(12).map(|row| last(row) + 1).collect();
    let tokens = TokenBatch { ids, lengths: lengths.clone(), padded_length: 12 };
    let words = numbers(tower.forward(&tokens));
    // The last token's vector is open_clip's sentence.
    let ends = lengths.iter().enumerate();
    let found = ends.flat_map(|(row, length)| words[(row * 12 + length - 1) * 12..][..12].to_vec());
    assert_close("sentences", &found.collect::<Vec<_>>(), expected.values("sentences"), F32);
}

#[test]
fn a_clip_sees_frame_by_frame_unless_more_frames_are_asked_for() {
    let config = own_config();
    let folder = folder(&[("open_clip_config.json", &config)]);
    let of = |num_frames, per_frame| {
        let settings = ImportSettings { num_frames, per_frame, ..ImportSettings::default() };
        let import = imported(folder.path(), &settings).unwrap();
        let video = towers(&import).0;
        (video.num_frames, video.time, import.directory.preprocessing.is_frame_by_frame())
    };
    assert_eq!(of(None, false), (1, ClipTime::Mean, true));
    assert_eq!(of(Some(16), false), (16, ClipTime::Divided, false));
    assert_eq!(of(Some(16), true), (16, ClipTime::Mean, false));
}

#[test]
fn open_clips_file_says_heads_and_activation_in_both_its_forms() {
    let own = own_config();
    for config in [own.clone(), own["model_cfg"].clone()] {
        // A folder of the hub holds the same under Hugging Face's names too.
        let folder = folder(&[("open_clip_config.json", &config)]);
        let other = golden::path("foreign/hf-timesformer/model.safetensors");
        std::fs::copy(other, folder.path().join("model.safetensors")).unwrap();
        let import = imported(folder.path(), &pictures()).unwrap();
        assert_gives_open_clips_numbers(&import);
        let preprocessing = &import.directory.preprocessing;
        assert_eq!(preprocessing.interpolation, Interpolation::Bicubic);
        assert_eq!(preprocessing.normalisation.mean, [0.481_454_66, 0.457_827_5, 0.408_210_73]);
        assert_eq!(preprocessing.short_side, 8);
        let seconds = ("seconds of a clip".to_owned(), "--clip-seconds".to_owned());
        assert_eq!(guessed(&import), [seconds]);
    }
    let mut quick = own.clone();
    quick["model_cfg"]["quick_gelu"] = true.into();
    quick["preprocess_cfg"] =
        json!({"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.5, 1.0], "interpolation": "bilinear"});
    let folder = folder(&[("open_clip_config.json", &quick)]);
    let import = imported(folder.path(), &pictures()).unwrap();
    let (video, text) = towers(&import);
    assert_eq!([video.hidden_act, text.hidden_act], [Activation::QuickGelu; 2]);
    let preprocessing = &import.directory.preprocessing;
    assert_eq!(preprocessing.interpolation, Interpolation::Bilinear);
    assert_eq!(preprocessing.normalisation.std, [0.25, 0.5, 1.0]);
}

#[test]
fn hugging_faces_file_is_taken_where_open_clips_is_not_there() {
    let tower = |heads: u64| json!({"num_attention_heads": heads, "hidden_act": "gelu"});
    let config = json!({"vision_config": tower(4), "text_config": tower(4)});
    let folder = folder(&[("config.json", &config)]);
    assert_gives_open_clips_numbers(&imported(folder.path(), &pictures()).unwrap());
}

#[test]
fn what_nobody_says_is_asked_for_and_what_is_typed_is_taken() {
    let folder = folder(&[]);
    let message = imported(folder.path(), &pictures()).unwrap_err();
    assert_says(
        &message,
        &[
            "open_clip_model.safetensors",
            "width of 16",
            "text: 8",
            "gelu or quick_gelu",
            "open_clip_config.json",
            "--activation gelu|quick_gelu, --heads N and --text-heads N",
        ],
    );
    let typed = ImportSettings {
        activation: Some(Activation::Gelu),
        num_heads: Some(4),
        num_text_heads: Some(4),
        ..pictures()
    };
    for missing in [
        ImportSettings { activation: None, ..typed.clone() },
        ImportSettings { num_heads: None, ..typed.clone() },
        ImportSettings { num_text_heads: None, ..typed.clone() },
    ] {
        assert_says(&imported(folder.path(), &missing).unwrap_err(), &["nothing says"]);
    }
    let import = imported(folder.path(), &typed).unwrap();
    assert_gives_open_clips_numbers(&import);
    let flags = [
        ("epsilon of the layer norms", "--epsilon"),
        ("feature of a picture", ""),
        ("interpolation", "--interpolation"),
        ("short side", "--short-side"),
        ("mean of the pixels", "--mean"),
        ("deviation of the pixels", "--std"),
        ("seconds of a clip", "--clip-seconds"),
        ("epsilon of the layer norms", "--epsilon"),
        ("feature of a sentence", ""),
    ];
    let flags = flags.map(|(setting, flag)| (setting.to_owned(), flag.to_owned()));
    assert_eq!(guessed(&import), flags);

    let all = ImportSettings {
        epsilon: Some(1e-6),
        interpolation: Some(Interpolation::Bilinear),
        mean: Some([0.5; 3]),
        std: Some([0.25; 3]),
        short_side: Some(9),
        clip_seconds: Some(1.5),
        ..typed
    };
    let import = imported(folder.path(), &all).unwrap();
    assert_eq!(towers(&import).0.layer_norm_eps, 1e-6);
    assert_eq!(towers(&import).1.layer_norm_eps, 1e-6);
    let preprocessing = &import.directory.preprocessing;
    assert_eq!(preprocessing.interpolation, Interpolation::Bilinear);
    assert_eq!(preprocessing.normalisation.mean, [0.5; 3]);
    assert_eq!((preprocessing.short_side, preprocessing.clip_duration_s), (9, 1.5));
    assert_eq!(guessed(&import).len(), 2, "what cannot be set: {:?}", guessed(&import));
}

#[test]
fn what_is_typed_and_a_file_says_otherwise_is_an_error_with_both() {
    let folder = folder(&[("open_clip_config.json", &own_config())]);
    let usual = pictures;
    for (settings, pieces) in [
        (ImportSettings { num_heads: Some(2), ..usual() }, ["--heads says 2", "json says 4"]),
        (ImportSettings { num_text_heads: Some(2), ..usual() }, ["--text-heads says 2", "says 4"]),
        (
            ImportSettings { activation: Some(Activation::QuickGelu), ..usual() },
            ["--activation says quick_gelu", "open_clip_config.json says gelu"],
        ),
        (
            ImportSettings { epsilon: Some(1e-6), ..usual() },
            ["--epsilon says 1e-6", "says 0.00001"],
        ),
        (ImportSettings { mean: Some([0.5; 3]), ..usual() }, ["--mean says [0.5", "says [0.48"]),
        (ImportSettings { short_side: Some(9), ..usual() }, ["--short-side says 9", "says 8"]),
        (
            ImportSettings { preset: Some("ViT-B-32".into()), ..usual() },
            ["`hidden_size` 16", "--preset ViT-B-32 says 768"],
        ),
        (
            ImportSettings { preset: Some("ViT-B-33".into()), ..usual() },
            ["no such preset", "ViT-B-32-quickgelu"],
        ),
    ] {
        assert_says(&imported(folder.path(), &settings).unwrap_err(), &pieces);
    }
    // What they agree on is no error.
    let same = ImportSettings { num_heads: Some(4), activation: Some(Activation::Gelu), ..usual() };
    assert_gives_open_clips_numbers(&imported(folder.path(), &same).unwrap());
}

#[test]
fn a_file_of_another_model_is_refused() {
    for (section, key, value, pieces) in [
        ("vision_cfg", "width", json!(32), ["`hidden_size` 16", "says 32"]),
        ("vision_cfg", "patch_size", json!(8), ["`patch_size` 4", "says 8"]),
        ("vision_cfg", "image_size", json!([16, 16]), ["`image_size` 8", "says 16"]),
        ("vision_cfg", "mlp_ratio", json!(4.0), ["`intermediate_size` 32", "says 64"]),
        ("vision_cfg", "head_width", json!(5), ["3 attention heads", "width of 16"]),
        ("text_cfg", "context_length", json!(77), ["`max_position_embeddings` 12", "says 77"]),
        ("text_cfg", "heads", json!(3), ["3 attention heads", "width of 8"]),
        ("text_cfg", "no_causal_mask", json!(true), ["`text_cfg.no_causal_mask`", "not built"]),
        ("vision_cfg", "timm_model_name", json!("eva"), ["`vision_cfg.timm_model_name`", "plain"]),
    ] {
        let mut config = own_config();
        config["model_cfg"][section][key] = value;
        let folder = folder(&[("open_clip_config.json", &config)]);
        let message = imported(folder.path(), &pictures()).unwrap_err();
        assert_says(&message, &pieces);
        assert_says(&message, &["open_clip_config.json"]);
    }
    let named = json!({"model_cfg": "ViT-B-32"});
    let folder = folder(&[("open_clip_config.json", &named)]);
    assert_says(&imported(folder.path(), &pictures()).unwrap_err(), &["16", "says 768"]);
}

/// A CLIP of one block a tower, all numbers equal: vision of `width` on 4 x 4 patches of 8 pixels.
fn one_block(width: usize, text_width: usize) -> BTreeMap<String, NamedTensor> {
    let mut tensors = BTreeMap::new();
    let mut add = |name: &str, shape: &[usize]| {
        let values = vec![0.01; shape.iter().product()];
        tensors.insert(name.to_owned(), NamedTensor { shape: shape.to_vec(), values });
    };
    add("visual.class_embedding", &[width]);
    add("visual.conv1.weight", &[width, 3, 8, 8]);
    add("visual.positional_embedding", &[17, width]);
    add("visual.proj", &[width, 64]);
    add("text_projection", &[text_width, 64]);
    add("token_embedding.weight", &[600, text_width]);
    add("positional_embedding", &[20, text_width]);
    add("logit_scale", &[]);
    for name in ["visual.ln_pre", "visual.ln_post", "ln_final"] {
        let width = if name == "ln_final" { text_width } else { width };
        add(&format!("{name}.weight"), &[width]);
        add(&format!("{name}.bias"), &[width]);
    }
    for (tower, w) in [("visual.transformer", width), ("transformer", text_width)] {
        let mut part = |name: &str, rows: usize, columns: usize| {
            add(&format!("{tower}.resblocks.0.{name}weight"), &[rows, columns]);
            add(&format!("{tower}.resblocks.0.{name}bias"), &[rows]);
        };
        part("attn.in_proj_", 3 * w, w);
        part("attn.out_proj.", w, w);
        part("mlp.c_fc.", 4 * w, w);
        part("mlp.c_proj.", w, 4 * w);
        for norm in ["ln_1", "ln_2"] {
            add(&format!("{tower}.resblocks.0.{norm}.weight"), &[w]);
            add(&format!("{tower}.resblocks.0.{norm}.bias"), &[w]);
        }
    }
    tensors
}

fn write(folder: &Path, tensors: &BTreeMap<String, NamedTensor>) {
    let bytes = locvtp_model::weights::to_safetensors(tensors);
    std::fs::write(folder.join("open_clip_model.safetensors"), bytes).unwrap();
}

#[test]
fn heads_of_another_width_than_64_are_as_the_file_says_though_64_divides_too() {
    // As ViT-H-14: width 1280 is 16 heads of 80, and 20 of 64. Here 320 is 4 of 80, and 5 of 64.
    let config = json!({ "model_cfg": {
        "embed_dim": 64,
        "vision_cfg": { "image_size": 32, "layers": 1, "width": 320, "head_width": 80,
                        "patch_size": 8 },
        "text_cfg": { "context_length": 20, "vocab_size": 600, "width": 128, "heads": 2,
                      "layers": 1 },
    }});
    let folder = folder(&[("open_clip_config.json", &config)]);
    write(folder.path(), &one_block(320, 128));
    let import = imported(folder.path(), &ImportSettings::default()).unwrap();
    let (video, text) = towers(&import);
    assert_eq!((video.num_attention_heads, text.num_attention_heads), (4, 2));
    assert_eq!([video.hidden_act, text.hidden_act], [Activation::Gelu; 2]);
}

#[test]
fn openais_own_archives_say_so_by_their_keys() {
    let folder = folder(&[]);
    let mut tensors = one_block(128, 64);
    write(folder.path(), &tensors);
    assert_says(&imported(folder.path(), &pictures()).unwrap_err(), &["nothing says"]);
    for key in ["input_resolution", "context_length", "vocab_size"] {
        tensors.insert(key.into(), NamedTensor { shape: vec![], values: vec![1.0] });
    }
    write(folder.path(), &tensors);
    let import = imported(folder.path(), &ImportSettings::default()).unwrap();
    let (video, text) = towers(&import);
    assert_eq!((video.num_attention_heads, text.num_attention_heads), (2, 1));
    assert_eq!([video.hidden_act, text.hidden_act], [Activation::QuickGelu; 2]);
    let other = ImportSettings { activation: Some(Activation::Gelu), ..ImportSettings::default() };
    let message = imported(folder.path(), &other).unwrap_err();
    assert_says(&message, &["--activation says gelu", "OpenAI's program", "says quick_gelu"]);
}

#[test]
fn the_presets_that_a_checkpoint_could_be_are_named_by_its_sizes() {
    for (shapes, layers, presets) in [
        ([768, 32, 50, 512], [12, 12], "ViT-B-32, ViT-B-32-quickgelu ("),
        ([1280, 14, 257, 1024], [32, 24], "ViT-H-14, ViT-H-14-quickgelu ("),
        ([1664, 14, 257, 1280], [48, 32], "ViT-bigG-14, ViT-bigG-14-quickgelu ("),
        ([1408, 14, 257, 1024], [40, 24], "one of ViT-g-14 ("),
    ] {
        let [width, patch, places, text_width] = shapes;
        let mut keys = vec![
            ("visual.conv1.weight".to_owned(), vec![width, 3, patch, patch]),
            ("visual.positional_embedding".to_owned(), vec![places, width]),
            ("visual.transformer.resblocks.0.mlp.c_fc.weight".to_owned(), vec![4, width]),
            ("token_embedding.weight".to_owned(), vec![49_408, text_width]),
            ("positional_embedding".to_owned(), vec![77, text_width]),
        ];
        for (tower, layers) in ["visual.transformer", "transformer"].iter().zip(layers) {
            let last = format!("{tower}.resblocks.{}.ln_1.weight", layers - 1);
            keys.push((last, vec![1]));
        }
        // Only the header is read: the numbers are a hole in the file.
        let (mut header, mut end) = (serde_json::Map::new(), 0);
        for (key, shape) in &keys {
            let start = end;
            end += 4 * shape.iter().product::<usize>();
            let entry = json!({"dtype": "F32", "shape": shape, "data_offsets": [start, end]});
            header.insert(key.clone(), entry);
        }
        let header = Value::from(header).to_string();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("open_clip_model.safetensors");
        let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
        std::fs::write(&path, &bytes).unwrap();
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len((bytes.len() + end) as u64).unwrap();

        let message = imported(folder.path(), &ImportSettings::default()).unwrap_err();
        assert_says(&message, &[presets, "--preset", "LAION's"]);
        let wrong = ImportSettings { preset: Some("ViT-L-14".into()), ..ImportSettings::default() };
        assert_says(
            &imported(folder.path(), &wrong).unwrap_err(),
            &["--preset ViT-L-14 says 1024"],
        );
    }
}

#[test]
fn models_with_other_towers_are_told_by_what_they_are() {
    for (key, pieces) in [
        ("text.transformer.resblocks.0.ln_1.weight", ["custom_text", "ViT-B-32"]),
        ("text.cls_emb", ["custom_text", "text.cls_emb"]),
        ("visual.trunk.blocks.0.norm1.weight", ["timm's", "visual.trunk"]),
        ("visual.layer1.0.conv1.weight", ["ResNet", "visual.layer1"]),
        ("visual.attn_pool.query", ["CoCa", "visual.attn_pool"]),
        ("text_decoder.ln_final.weight", ["CoCa", "text_decoder"]),
    ] {
        let folder = folder(&[("open_clip_config.json", &own_config())]);
        let path = folder.path().join("open_clip_model.safetensors");
        let mut tensors = read_safetensors(&path).unwrap();
        tensors.insert(key.into(), NamedTensor { shape: vec![1], values: vec![0.0] });
        write(folder.path(), &tensors);
        assert_says(&imported(folder.path(), &pictures()).unwrap_err(), &pieces);
    }
}
