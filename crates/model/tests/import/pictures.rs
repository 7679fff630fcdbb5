//! What a source says of its pictures: sizes, interpolation, normalisation, scaling.

use std::collections::BTreeMap;

use burn::tensor::Device;
use locvtp_model::weights::NamedTensor;
use locvtp_model::weights::{Import, ImportSettings, import};
use locvtp_model::weights::{Source, SourceKind};
use locvtp_model::{Fit, VideoEncoderConfig};
use locvtp_video::{Interpolation, Scaling};

use crate::checkpoints::{
    assert_says, clip_folder, file, hf_clip, imported, openai_clip, settings,
};

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
