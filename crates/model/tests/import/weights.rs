//! The numbers that come out are those of the program that wrote the checkpoint.

use std::collections::BTreeMap;
use std::path::PathBuf;

use burn::tensor::{DType, Device, Tensor};
use locvtp_model::encoders::DistilBert;
use locvtp_model::encoders::TimeSformerBlock;
use locvtp_model::weights::{Import, ImportSettings, Origins, PartReport, import};
use locvtp_model::weights::{NamedTensor, StateDict, read_safetensors};
use locvtp_model::weights::{Source, SourceKind};
use locvtp_model::{
    ClipPatches, ModelDirectory, ProjectionKind, TextEncoderConfig, TokenBatch, VideoEncoderConfig,
};
use locvtp_video::Interpolation;

use crate::checkpoints::{
    assert_says, clip_folder, file, hf_clip, imported, open, openai_clip, refusal, settings,
};
use crate::golden;
use crate::golden::{Arrays, assert_close, numbers};

/// Two blocks in f32 on both sides err by a few units in the last place of numbers around 3.
const F32: f64 = 1e-5;

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
        assert_eq!(Source::open(None, &[file(name)], false).unwrap().kind(), kind);
    }
    let state = StateDict::open(&golden::path("projection/weights.safetensors"), false).unwrap();
    assert_eq!(SourceKind::guess(&state), None);
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
        assert_eq!(source.kind(), SourceKind::C3d, "{form}");
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

#[test]
fn clip_of_either_form_fills_both_towers_and_their_joint_space() {
    let theirs = hf_clip();
    let clips = ImportSettings { num_frames: Some(16), ..settings() };
    let mut models = Vec::new();
    for (kind, tensors) in [(SourceKind::HfClip, theirs.clone()), (SourceKind::Clip, openai_clip())]
    {
        let folder = clip_folder(&tensors);
        let source = Source::open(None, &[folder.path().to_owned()], false).unwrap();
        assert_eq!(source.kind(), kind);
        let made = import(&[source], None, &clips, &Device::flex()).unwrap();
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
    let ours = written(&import(&[source], None, &settings(), &Device::flex()).unwrap());
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
    assert_eq!(source.kind(), SourceKind::Frozen);
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
