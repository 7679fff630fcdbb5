//! A model on disk: what is written is read back, and what does not fit is an error that names the
//! file.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod golden;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use burn::tensor::{Device, Tensor};
use golden::numbers;
use locvtp_model::encoders::C3dConfig;
use locvtp_model::encoders::DistilBertConfig;
use locvtp_model::encoders::TimeSformerConfig;
use locvtp_model::encoders::{ClipTextConfig, ClipVisionConfig};
use locvtp_model::model_directory::{
    CONFIG_FILE, PREPROCESSING_FILE, TOKENIZER_FILE, WEIGHTS_FILE,
};
use locvtp_model::weights::{NamedTensor, named_parameters, read_safetensors, to_safetensors};
use locvtp_model::{
    ClipFeature, ClipPatches, Initialiser, LocVtpConfig, ModelDirectory, ModelError, Preprocessing,
    ProjectionConfig, ProjectionKind, SentenceTokenizer, TextEncoderConfig, TokenBatch,
    read_start_weights,
};
use locvtp_video::{FrameTransform, Interpolation, Scaling};

const TEXTS: [&str; 3] =
    ["so a red square moves left", "and then the disc moves right", "a blue square grows"];

/// The goldens' sizes: two blocks, width 24.
fn video() -> TimeSformerConfig {
    TimeSformerConfig {
        image_size: 16,
        patch_size: 8,
        num_frames: 4,
        hidden_size: 24,
        num_hidden_layers: 2,
        num_attention_heads: 3,
        intermediate_size: 48,
        ..TimeSformerConfig::default()
    }
}

/// A model of the goldens' sizes.
fn config() -> LocVtpConfig {
    LocVtpConfig {
        video: video().into(),
        text: DistilBertConfig {
            vocab_size: 50,
            max_position_embeddings: 16,
            dim: 24,
            n_layers: 2,
            n_heads: 3,
            hidden_dim: 48,
            ..DistilBertConfig::default()
        }
        .into(),
        projection: ProjectionConfig { dim: 12, ..ProjectionConfig::default() },
        ..LocVtpConfig::default()
    }
}

fn model(config: LocVtpConfig, seed: u64) -> ModelDirectory {
    let tokenizer = (!config.text.is_none())
        .then(|| SentenceTokenizer::train(TEXTS.into_iter(), 50, 16).unwrap());
    let preprocessing = Preprocessing {
        num_frames: 4,
        clip_duration_s: 1.5,
        image_size: 16,
        short_side: 18,
        ..Preprocessing::default()
    };
    let model = config.init(seed, &Device::flex());
    ModelDirectory { config, preprocessing, tokenizer, model }
}

/// A directory with the small model in it.
fn written() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    model(config(), 1).write_files(dir.path()).unwrap();
    dir
}

/// What reading the directory complains of, with all causes.
fn complaint(dir: &Path) -> String {
    let error = ModelDirectory::read(dir, &Device::flex()).unwrap_err();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

fn assert_names(text: &str, dir: &Path, file: &str) {
    let path = dir.join(file).display().to_string();
    assert!(text.contains(&path), "{path} is not named in: {text}");
}

/// Changes `config.json`.
fn edit_config(dir: &Path, edit: impl FnOnce(&mut serde_json::Value)) {
    let path = dir.join(CONFIG_FILE);
    let mut config = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    edit(&mut config);
    std::fs::write(path, config.to_string()).unwrap();
}

/// Changes `model.safetensors`.
fn edit_weights(dir: &Path, edit: impl FnOnce(&mut BTreeMap<String, NamedTensor>)) {
    let path = dir.join(WEIGHTS_FILE);
    let mut weights = read_safetensors(&path).unwrap();
    edit(&mut weights);
    std::fs::write(path, to_safetensors(&weights)).unwrap();
}

#[test]
fn a_preprocessing_written_before_interpolation_was_a_choice_is_bilinear() {
    let dir = written();
    let path = dir.path().join(PREPROCESSING_FILE);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["interpolation"], "bilinear");
    json.as_object_mut().unwrap().remove("interpolation");
    std::fs::write(&path, json.to_string()).unwrap();
    let read = ModelDirectory::read(dir.path(), &Device::flex()).unwrap();
    assert_eq!(read.preprocessing, model(config(), 1).preprocessing);
    json["interpolation"] = "bicubic".into();
    std::fs::write(&path, json.to_string()).unwrap();
    let read = ModelDirectory::read(dir.path(), &Device::flex()).unwrap();
    assert_eq!(read.preprocessing.centre().interpolation(), Interpolation::Bicubic);
    json["interpolation"] = "nearest".into();
    std::fs::write(&path, json.to_string()).unwrap();
    assert!(complaint(dir.path()).contains("expected `bilinear` or `bicubic`"));
}

#[test]
fn a_preprocessing_written_before_scaling_was_a_choice_is_fast() {
    let dir = written();
    let path = dir.path().join(PREPROCESSING_FILE);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&json["scaling"], &json["fit"]), (&"fast".into(), &"short_side".into()));
    for key in ["scaling", "fit"] {
        json.as_object_mut().unwrap().remove(key);
    }
    std::fs::write(&path, json.to_string()).unwrap();
    let read = || ModelDirectory::read(dir.path(), &Device::flex()).unwrap().preprocessing;
    assert_eq!(read(), model(config(), 1).preprocessing);
    json["scaling"] = "hugging_face".into();
    json["fit"] = "squash".into();
    std::fs::write(&path, json.to_string()).unwrap();
    let centre = read().centre();
    assert_eq!(centre.scaling(), Scaling::HuggingFace);
    assert!(matches!(centre, FrameTransform::SquashCentreCrop { side: 18, .. }), "{centre:?}");
    json["scaling"] = "pillow".into();
    std::fs::write(&path, json.to_string()).unwrap();
    assert!(
        complaint(dir.path()).contains("expected one of `fast`, `torchvision`, `hugging_face`")
    );
}

#[test]
fn training_begins_with_the_encoders_and_the_heads_that_fit() {
    let (dir, device) = (written(), Device::flex());
    let stored = read_safetensors(&dir.path().join(WEIGHTS_FILE)).unwrap();
    let started = |config: &LocVtpConfig| {
        let start = read_start_weights(dir.path(), config, 7, &device).unwrap();
        (named_parameters(&start.model), start.drawn)
    };
    assert_eq!(started(&config()), (stored.clone(), vec![]));

    // A joint space of another width: all three heads depend on it.
    let mut wider = config();
    wider.projection.dim = 14;
    let (found, drawn) = started(&wider);
    assert_eq!(drawn, ["context_warp", "text_projection", "video_projection"]);
    let drawn_anew = named_parameters(&wider.init_heads(7, &device));
    for (name, tensor) in &found {
        let is_encoder = name.starts_with("timesformer.") || name.starts_with("distilbert.");
        let expected = if is_encoder { &stored[name] } else { &drawn_anew[name] };
        assert_eq!(tensor, expected, "{name}");
    }
    assert!(found["video_projection.linear.weight"].values.iter().any(|value| *value != 0.0));

    // The encoders must be the directory's.
    let mut deeper = config();
    deeper.video = TimeSformerConfig { num_hidden_layers: 3, ..video() }.into();
    let error = read_start_weights(dir.path(), &deeper, 7, &device).unwrap_err();
    assert_names(&error.to_string(), dir.path(), WEIGHTS_FILE);
    assert!(error.to_string().contains("timesformer.encoder.layer.2"), "{error}");
}

#[test]
fn a_model_that_is_read_back_gives_the_same_embeddings_bit_for_bit() {
    let device = Device::flex();
    let original = model(config(), 3);
    let dir = tempfile::tempdir().unwrap();
    original.write_files(dir.path()).unwrap();
    let read = ModelDirectory::read(dir.path(), &device).unwrap();
    assert_eq!(read.config, original.config);
    assert_eq!(read.preprocessing, original.preprocessing);

    let pixels: Tensor<5> = Initialiser::new(2, &device).normal([2, 4, 3, 16, 16], 1.0);
    let clips = ClipPatches::from_pixels(pixels, original.model.patch_size());
    let tokens = |tokenizer: &SentenceTokenizer| -> TokenBatch {
        tokenizer.batch(&TEXTS.map(|text| tokenizer.encode(text).unwrap()))
    };
    assert_eq!(tokens(read.words().unwrap()), tokens(original.words().unwrap()));
    let embed = |model: &ModelDirectory| {
        let words = model.model.embed_words(&tokens(model.words().unwrap()));
        (numbers(model.model.embed_clips(clips.clone())), numbers(words))
    };
    assert_eq!(embed(&read), embed(&original));

    let again = tempfile::tempdir().unwrap();
    read.write_files(again.path()).unwrap();
    for file in [CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE, PREPROCESSING_FILE] {
        let [first, second] = [dir.path(), again.path()].map(|dir| std::fs::read(dir.join(file)));
        assert_eq!(first.unwrap(), second.unwrap(), "{file}");
    }
}

#[test]
fn the_keys_are_hugging_faces_under_the_name_of_the_encoder() {
    let dir = written();
    let weights = read_safetensors(&dir.path().join(WEIGHTS_FILE)).unwrap();
    let mut expected: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for encoder in ["timesformer", "distilbert"] {
        for (name, tensor) in golden::weights(&format!("{encoder}/weights.safetensors")) {
            expected.insert(format!("{encoder}.{name}"), tensor.shape);
        }
    }
    for head in ["video_projection", "text_projection"] {
        expected.insert(format!("{head}.linear.weight"), vec![12, 24]);
        expected.insert(format!("{head}.linear.bias"), vec![12]);
        expected.insert(format!("{head}.feed.weight"), vec![12, 12]);
        expected.insert(format!("{head}.feed.bias"), vec![12]);
        expected.insert(format!("{head}.norm.weight"), vec![12]);
        expected.insert(format!("{head}.norm.bias"), vec![12]);
    }
    expected.insert("context_warp.weight".into(), vec![12, 14]);
    let found: BTreeMap<String, Vec<usize>> =
        weights.into_iter().map(|(name, tensor)| (name, tensor.shape)).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_linear_head_writes_its_matrix_alone() {
    let mut config = config();
    config.projection.kind = ProjectionKind::Linear;
    let dir = tempfile::tempdir().unwrap();
    model(config, 1).write_files(dir.path()).unwrap();
    let weights = read_safetensors(&dir.path().join(WEIGHTS_FILE)).unwrap();
    let found: BTreeSet<&str> =
        weights.keys().filter_map(|name| name.strip_prefix("text_projection.")).collect();
    assert_eq!(found, BTreeSet::from(["linear.bias", "linear.weight"]));
    ModelDirectory::read(dir.path(), &Device::flex()).unwrap();
}

#[test]
fn weights_of_another_model_are_refused_with_the_keys_that_do_not_fit() {
    let dir = written();
    edit_weights(dir.path(), |weights| {
        weights.remove("context_warp.weight").unwrap();
        weights.get_mut("text_projection.feed.bias").unwrap().shape = vec![3, 4];
        let extra = NamedTensor { shape: vec![2], values: vec![1.0, 2.0] };
        weights.insert("classifier.weight".into(), extra);
    });
    let error = ModelDirectory::read(dir.path(), &Device::flex()).unwrap_err();
    assert!(matches!(error, ModelError::OtherModel { .. }), "{error:?}");
    let text = error.to_string();
    assert_names(&text, dir.path(), WEIGHTS_FILE);
    for part in [
        "1 missing in the file (context_warp.weight)",
        "1 unknown to the model (classifier.weight)",
        "1 of another shape (text_projection.feed.bias: [3, 4] instead of [12])",
    ] {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

#[test]
fn weights_of_a_deeper_model_are_refused() {
    let dir = written();
    let mut deeper = config();
    deeper.video = TimeSformerConfig { num_hidden_layers: 3, ..video() }.into();
    let other = tempfile::tempdir().unwrap();
    model(deeper, 1).write_files(other.path()).unwrap();
    std::fs::copy(other.path().join(WEIGHTS_FILE), dir.path().join(WEIGHTS_FILE)).unwrap();
    let text = complaint(dir.path());
    assert_names(&text, dir.path(), WEIGHTS_FILE);
    // The keys of a block: three norms and temporal_dense, two attentions of two maps, two maps,
    // weight and bias each.
    assert!(text.contains("20 unknown to the model (timesformer.encoder.layer.2."), "{text}");
}

#[test]
fn a_cut_off_weights_file_is_an_error_that_names_it() {
    let dir = written();
    let path = dir.path().join(WEIGHTS_FILE);
    let bytes = std::fs::read(&path).unwrap();
    // In the length, in the header, in the numbers.
    for length in [0, 5, 300, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let error = ModelDirectory::read(dir.path(), &Device::flex()).unwrap_err();
        assert!(matches!(error, ModelError::Safetensors { .. }), "{length} bytes: {error:?}");
        assert_names(&error.to_string(), dir.path(), WEIGHTS_FILE);
    }
}

#[test]
fn weights_that_are_integers_are_refused() {
    use safetensors::tensor::{Dtype, TensorView, serialize};
    let dir = written();
    let numbers = vec![0; 24 * 8];
    let view = TensorView::new(Dtype::I64, vec![24], &numbers).unwrap();
    let bytes = serialize([("timesformer.layernorm.bias", view)], None).unwrap();
    std::fs::write(dir.path().join(WEIGHTS_FILE), bytes).unwrap();
    let text = complaint(dir.path());
    assert_names(&text, dir.path(), WEIGHTS_FILE);
    assert!(text.contains("timesformer.layernorm.bias holds I64"), "{text}");
}

#[test]
fn a_cut_off_json_file_is_an_error_that_names_it() {
    for file in [CONFIG_FILE, PREPROCESSING_FILE, TOKENIZER_FILE] {
        let dir = written();
        let path = dir.path().join(file);
        let bytes = std::fs::read(&path).unwrap();
        for length in [0, bytes.len() / 2] {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let error = ModelDirectory::read(dir.path(), &Device::flex()).unwrap_err();
            assert!(matches!(error, ModelError::Json { .. }), "{error:?}");
            assert_names(&error.to_string(), dir.path(), file);
        }
    }
}

#[test]
fn a_missing_file_is_an_error_that_names_it() {
    for file in [CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE, PREPROCESSING_FILE] {
        let dir = written();
        std::fs::remove_file(dir.path().join(file)).unwrap();
        let text = complaint(dir.path());
        assert_names(&text, dir.path(), file);
        assert!(text.contains("No such file"), "{text}");
    }
}

#[test]
fn another_model_type_is_refused_by_name() {
    let dir = written();
    edit_config(dir.path(), |config| config["model_type"] = "clip".into());
    let text = complaint(dir.path());
    assert_names(&text, dir.path(), CONFIG_FILE);
    assert!(text.contains("\"clip\"") && text.contains("\"locvtp\""), "{text}");
}

#[test]
fn an_unknown_setting_is_refused_by_name() {
    let dir = written();
    edit_config(dir.path(), |config| config["video"]["num_blocks"] = 3.into());
    let text = complaint(dir.path());
    assert_names(&text, dir.path(), CONFIG_FILE);
    assert!(text.contains("num_blocks"), "{text}");
}

#[test]
fn sizes_that_contradict_each_other_are_named_both() {
    for (section, key, value, other) in [
        ("video", "patch_size", 5, "video.image_size"),
        ("video", "num_attention_heads", 5, "video.hidden_size"),
        ("text", "n_heads", 7, "text.dim"),
        ("text", "vocab_size", 9, TOKENIZER_FILE),
    ] {
        let dir = written();
        edit_config(dir.path(), |config| config[section][key] = value.into());
        let error = ModelDirectory::read(dir.path(), &Device::flex()).unwrap_err();
        assert!(matches!(error, ModelError::Contradiction { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(&format!("{section}.{key}")) && text.contains(other), "{text}");
    }
}

#[test]
fn a_tokenizer_without_berts_special_tokens_is_an_error_that_names_the_file() {
    let dir = written();
    let path = dir.path().join(TOKENIZER_FILE);
    let text = std::fs::read_to_string(&path).unwrap().replace("[SEP]", "[END]");
    std::fs::write(&path, text).unwrap();
    let text = complaint(dir.path());
    assert_names(&text, dir.path(), TOKENIZER_FILE);
    assert!(text.contains("no [SEP]"), "{text}");
}

#[test]
fn writing_into_a_folder_that_does_not_exist_is_an_error_that_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    let error = model(config(), 1).write_files(&missing).unwrap_err();
    assert!(matches!(error, ModelError::File { .. }), "{error:?}");
    assert_names(&error.to_string(), &missing, CONFIG_FILE);
}

#[test]
fn a_directory_of_before_the_encoders_had_kinds_is_read() {
    let dir = written();
    edit_config(dir.path(), |config| {
        for section in ["video", "text"] {
            config[section].as_object_mut().unwrap().remove("kind").unwrap();
        }
    });
    let read = ModelDirectory::read(dir.path(), &Device::flex()).unwrap();
    assert_eq!(read.config, config());
}

#[test]
fn an_encoder_of_an_unknown_kind_is_refused_with_those_that_are_known() {
    for (section, known) in [("video", "timesformer"), ("text", "distilbert")] {
        let dir = written();
        edit_config(dir.path(), |config| config[section]["kind"] = "lstm".into());
        let text = complaint(dir.path());
        assert_names(&text, dir.path(), CONFIG_FILE);
        assert!(text.contains("unknown variant `lstm`") && text.contains(known), "{text}");
    }
}

/// Small towers with a joint space of 12 numbers, and no heads behind them.
fn clip_config() -> LocVtpConfig {
    let video = ClipVisionConfig {
        image_size: 16,
        patch_size: 8,
        num_frames: 4,
        hidden_size: 24,
        num_hidden_layers: 2,
        num_attention_heads: 3,
        intermediate_size: 48,
        projection_dim: 12,
        ..ClipVisionConfig::default()
    };
    let text = ClipTextConfig {
        vocab_size: 50,
        max_position_embeddings: 16,
        hidden_size: 16,
        num_hidden_layers: 1,
        num_attention_heads: 2,
        intermediate_size: 32,
        projection_dim: 12,
        ..ClipTextConfig::default()
    };
    LocVtpConfig {
        video: video.into(),
        text: text.into(),
        projection: ProjectionConfig {
            kind: ProjectionKind::Identity,
            dim: 12,
            ..ProjectionConfig::default()
        },
        ..LocVtpConfig::default()
    }
}

#[test]
fn clips_towers_keep_hugging_faces_keys_under_one_prefix_and_need_no_heads() {
    let dir = tempfile::tempdir().unwrap();
    let original = model(clip_config(), 3);
    original.write_files(dir.path()).unwrap();
    let weights = read_safetensors(&dir.path().join(WEIGHTS_FILE)).unwrap();
    let prefixes: BTreeSet<String> =
        weights.keys().map(|name| name.split('.').take(2).collect::<Vec<_>>().join(".")).collect();
    let expected = [
        "clip.text_model",
        "clip.text_projection",
        "clip.vision_model",
        "clip.visual_projection",
        "context_warp.weight",
    ];
    assert_eq!(prefixes, expected.map(String::from).into());
    assert_eq!(weights["clip.visual_projection.weight"].shape, [12, 24]);

    let read = ModelDirectory::read(dir.path(), &Device::flex()).unwrap();
    assert_eq!(read.config, clip_config());
    let pixels: Tensor<5> = Initialiser::new(2, &Device::flex()).normal([2, 4, 3, 16, 16], 1.0);
    let clips = || ClipPatches::from_pixels(pixels.clone(), 8);
    let features = numbers(read.model.embed_clips(clips()));
    assert_eq!(features, numbers(original.model.backbone_clips(clips())));
    let words = read.words().unwrap();
    let tokens = words.batch(&TEXTS.map(|text| words.encode(text).unwrap()));
    let embeddings = read.model.embed_words(&tokens);
    assert_eq!(embeddings.dims(), [3, tokens.padded_length - 2, 12]);
    assert_eq!(numbers(embeddings), numbers(original.model.embed_words(&tokens)));
}

#[test]
fn an_identity_of_another_width_than_the_joint_space_is_refused() {
    let mut config = clip_config();
    config.projection.dim = 16;
    let error = config.check().unwrap_err().to_string();
    for part in ["projection.kind", "projection.dim", "12", "16"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn c3d_is_a_model_of_videos_alone_whose_frames_are_one_patch() {
    let c3d = C3dConfig {
        image_size: 32,
        num_frames: 16,
        base_width: 1,
        feature_width: 10,
        ..C3dConfig::default()
    };
    let config = LocVtpConfig {
        video: c3d.clone().into(),
        text: TextEncoderConfig::None,
        ..LocVtpConfig::default()
    };
    let dir = tempfile::tempdir().unwrap();
    model(config.clone(), 3).write_files(dir.path()).unwrap();
    let read = ModelDirectory::read(dir.path(), &Device::flex()).unwrap();
    assert_eq!(read.model.patch_size(), 32);
    let pixels: Tensor<5> = Initialiser::new(2, &Device::flex()).normal([2, 16, 3, 32, 32], 1.0);
    let features = read.model.embed_clips(ClipPatches::from_pixels(pixels, 32));
    assert_eq!(features.dims(), [2, 10]);

    let patches = LocVtpConfig { clip_feature: ClipFeature::MeanPatch, ..config.clone() };
    let error = patches.check().unwrap_err().to_string();
    assert!(error.contains("clip_feature") && error.contains("C3D"), "{error}");
    let odd = LocVtpConfig { video: C3dConfig { image_size: 40, ..c3d }.into(), ..config };
    let error = odd.check().unwrap_err().to_string();
    assert!(error.contains("video.image_size") && error.contains("multiple of 16"), "{error}");
}

#[test]
fn a_model_of_videos_alone_has_no_tokenizer_and_no_heads() {
    let config = LocVtpConfig { text: TextEncoderConfig::None, ..config() };
    let original = model(config, 3);
    let dir = tempfile::tempdir().unwrap();
    original.write_files(dir.path()).unwrap();
    assert!(!dir.path().join(TOKENIZER_FILE).exists());
    let weights = read_safetensors(&dir.path().join(WEIGHTS_FILE)).unwrap();
    assert!(weights.keys().all(|name| name.starts_with("timesformer.")), "{weights:?}");

    let read = ModelDirectory::read(dir.path(), &Device::flex()).unwrap();
    let pixels: Tensor<5> = Initialiser::new(2, &Device::flex()).normal([2, 4, 3, 16, 16], 1.0);
    let clips = || ClipPatches::from_pixels(pixels.clone(), 8);
    let features = read.model.embed_clips(clips());
    assert_eq!(features.dims(), [2, read.config.embedding_width()]);
    assert_eq!(numbers(features), numbers(original.model.backbone_clips(clips())));
    let error = read.words().unwrap_err();
    assert!(error.to_string().contains("no text encoder"), "{error}");
}

#[test]
fn sizes_that_the_weights_cannot_fill_are_refused_before_memory_is_taken_for_them() {
    for (section, key) in [
        ("video", "intermediate_size"),
        ("video", "num_hidden_layers"),
        ("video", "num_frames"),
        ("text", "vocab_size"),
        ("text", "n_layers"),
        ("text", "hidden_dim"),
        ("text", "max_position_embeddings"),
        ("projection", "dim"),
    ] {
        let dir = written();
        edit_config(dir.path(), |config| config[section][key] = (1u64 << 40).into());
        let text = complaint(dir.path());
        assert_names(&text, dir.path(), WEIGHTS_FILE);
        assert!(text.contains("its sizes ask for") && text.contains("config.json"), "{text}");
    }
    // All that is counted is there.
    for config in [config(), LocVtpConfig { video: clip_video().into(), ..config() }] {
        let dir = tempfile::tempdir().unwrap();
        model(config, 1).write_files(dir.path()).unwrap();
        ModelDirectory::read(dir.path(), &Device::flex()).unwrap();
    }
}

fn clip_video() -> ClipVisionConfig {
    ClipVisionConfig {
        image_size: 16,
        patch_size: 8,
        num_frames: 4,
        hidden_size: 24,
        num_hidden_layers: 2,
        num_attention_heads: 3,
        intermediate_size: 48,
        projection_dim: 12,
        ..ClipVisionConfig::default()
    }
}

/// Changes another JSON of the directory.
fn edit_json(dir: &Path, file: &str, edit: impl FnOnce(&mut serde_json::Value)) {
    let path = dir.join(file);
    let mut json = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    edit(&mut json);
    std::fs::write(path, json.to_string()).unwrap();
}

#[test]
fn clips_many_times_as_large_as_the_encoders_are_refused() {
    for (key, value) in [("num_frames", 1000), ("image_size", 4096), ("short_side", 1 << 20)] {
        let dir = written();
        edit_json(dir.path(), PREPROCESSING_FILE, |json| json[key] = value.into());
        let text = complaint(dir.path());
        assert!(text.contains("preprocessing."), "{key}: {text}");
    }
    let dir = written();
    edit_json(dir.path(), PREPROCESSING_FILE, |json| json["num_frames"] = 16.into());
    ModelDirectory::read(dir.path(), &Device::flex()).unwrap();
}

#[test]
fn a_tokenizers_padding_is_no_word_and_each_of_its_ids_has_a_row() {
    let dir = written();
    let whole = ModelDirectory::read(dir.path(), &Device::flex()).unwrap();
    let words = |directory: &ModelDirectory| {
        let tokenizer = directory.words().unwrap();
        tokenizer.encode("a red square").unwrap()
    };
    // As many as no memory holds.
    edit_json(dir.path(), TOKENIZER_FILE, |json| {
        json["padding"] = serde_json::json!({
            "strategy": {"Fixed": 1u64 << 40}, "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"
        });
    });
    let padded = ModelDirectory::read(dir.path(), &Device::flex()).unwrap();
    assert_eq!(words(&padded), words(&whole));

    let dir = written();
    edit_json(dir.path(), TOKENIZER_FILE, |json| {
        let vocabulary = json["model"]["vocab"].as_object_mut().unwrap();
        *vocabulary.values_mut().next_back().unwrap() = 4_000_000_000u32.into();
    });
    let text = complaint(dir.path());
    assert!(text.contains("4000000000") && text.contains(TOKENIZER_FILE), "{text}");
}

#[test]
fn a_json_of_very_many_values_is_not_taken_into_memory() {
    let dir = written();
    for file in [CONFIG_FILE, PREPROCESSING_FILE, TOKENIZER_FILE] {
        let path = dir.path().join(file);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, format!("[{}0]", "[[1],[1]],".repeat(2_000_000))).unwrap();
        let text = complaint(dir.path());
        assert_names(&text, dir.path(), file);
        assert!(text.contains("2000000 values"), "{text}");
        std::fs::write(&path, whole).unwrap();
    }
}
