//! Sizes of an encoder and its preprocessing, from the `config.json` beside a checkpoint and from
//! the shapes in it.

use serde_json::Value;

use super::import::ImportSettings;
use super::source::{Shapes, Source, SourceKind};
use super::source_picture::{self, SourcePicture};
use crate::c3d::C3dConfig;
use crate::clip::{Activation, ClipTextConfig, ClipTime, ClipVisionConfig};
use crate::distilbert::DistilBertConfig;
use crate::timesformer::{PixelNormalisation, TimeSformerBlock, TimeSformerConfig};
use crate::video_encoder::VideoEncoderConfig;
use crate::{ModelError, Preprocessing};

/// Width of an attention head in every ViT and BERT of the sizes tiny to huge.
const HEAD_WIDTH: usize = 64;

/// The sizes of a TimeSformer.
///
/// # Errors
/// When the shapes contradict each other, or `config.json` asks for what is not built here.
pub(super) fn timesformer_config(
    shapes: &Shapes<'_>,
    settings: &ImportSettings,
) -> Result<TimeSformerConfig, ModelError> {
    let json = shapes.source.json_beside("config.json")?;
    for (key, expected) in [("attention_type", "divided_space_time"), ("hidden_act", "gelu")] {
        check_setting(shapes.source, &json, key, expected)?;
    }
    let kernel = "embeddings.patch_embeddings.projection.weight";
    let hidden_size = shapes.axis(kernel, 0)?;
    let patch_size = shapes.axis(kernel, 3)?;
    let places = shapes.of("embeddings.position_embeddings")?.iter().rev().nth(1).copied();
    let side = places.and_then(|places| places.checked_sub(1)).map_or(0, usize::isqrt);
    let num_frames = match shapes.of("embeddings.time_embeddings").as_deref() {
        Ok([.., frames, _]) => *frames,
        _ => TimeSformerConfig::default().num_frames,
    };
    let num_hidden_layers = shapes.layers("encoder.layer.");
    let intermediate_size = shapes.axis("encoder.layer.0.intermediate.dense.weight", 0)?;
    let sizes = [
        ("hidden_size", hidden_size),
        ("num_hidden_layers", num_hidden_layers),
        ("intermediate_size", intermediate_size),
        ("patch_size", patch_size),
        ("image_size", side * patch_size),
    ];
    check_sizes(shapes.source, &json, &sizes)?;
    Ok(TimeSformerConfig {
        image_size: settings.image_size.unwrap_or(side * patch_size),
        patch_size,
        num_channels: shapes.axis(kernel, 1)?,
        num_frames: settings.num_frames.unwrap_or(num_frames),
        hidden_size,
        num_hidden_layers,
        num_attention_heads: heads(shapes, &json, "num_attention_heads", hidden_size, settings)?,
        intermediate_size,
        layer_norm_eps: json["layer_norm_eps"].as_f64().unwrap_or(1e-6),
        block: match shapes.source.kind {
            SourceKind::Frozen => TimeSformerBlock::Frozen,
            _ => TimeSformerBlock::Divided,
        },
        ..TimeSformerConfig::default()
    })
}

/// The sizes of CLIP's image tower.
///
/// # Errors
/// As [`timesformer_config`].
pub(super) fn clip_vision_config(
    shapes: &Shapes<'_>,
    settings: &ImportSettings,
) -> Result<ClipVisionConfig, ModelError> {
    let json = shapes.source.json_beside("config.json")?["vision_config"].take();
    let kernel = "vision_model.embeddings.patch_embedding.weight";
    let hidden_size = shapes.axis(kernel, 0)?;
    let patch_size = shapes.axis(kernel, 3)?;
    let places = shapes.axis("vision_model.embeddings.position_embedding.weight", 0)?;
    let usual = ClipVisionConfig::default();
    let num_hidden_layers = shapes.layers("vision_model.encoder.layers.");
    let intermediate_size = shapes.axis("vision_model.encoder.layers.0.mlp.fc1.weight", 0)?;
    let sizes = [
        ("hidden_size", hidden_size),
        ("num_hidden_layers", num_hidden_layers),
        ("intermediate_size", intermediate_size),
        ("patch_size", patch_size),
        ("image_size", (places - 1).isqrt() * patch_size),
    ];
    check_sizes(shapes.source, &json, &sizes)?;
    Ok(ClipVisionConfig {
        image_size: settings.image_size.unwrap_or((places - 1).isqrt() * patch_size),
        patch_size,
        num_channels: shapes.axis(kernel, 1)?,
        num_frames: settings.num_frames.unwrap_or(usual.num_frames),
        hidden_size,
        num_hidden_layers,
        num_attention_heads: heads(shapes, &json, "num_attention_heads", hidden_size, settings)?,
        intermediate_size,
        projection_dim: shapes.axis("visual_projection.weight", 0)?,
        hidden_act: activation(shapes.source, &json)?,
        layer_norm_eps: json["layer_norm_eps"].as_f64().unwrap_or(usual.layer_norm_eps),
        time: if settings.per_frame { ClipTime::Mean } else { ClipTime::Divided },
        ..usual
    })
}

/// The sizes of CLIP's text tower.
///
/// # Errors
/// As [`timesformer_config`].
pub(super) fn clip_text_config(
    shapes: &Shapes<'_>,
    settings: &ImportSettings,
) -> Result<ClipTextConfig, ModelError> {
    let json = shapes.source.json_beside("config.json")?["text_config"].take();
    let words = "text_model.embeddings.token_embedding.weight";
    let hidden_size = shapes.axis(words, 1)?;
    let usual = ClipTextConfig::default();
    let vocab_size = shapes.axis(words, 0)?;
    let num_hidden_layers = shapes.layers("text_model.encoder.layers.");
    let intermediate_size = shapes.axis("text_model.encoder.layers.0.mlp.fc1.weight", 0)?;
    let sizes = [
        ("hidden_size", hidden_size),
        ("num_hidden_layers", num_hidden_layers),
        ("intermediate_size", intermediate_size),
        ("vocab_size", vocab_size),
    ];
    check_sizes(shapes.source, &json, &sizes)?;
    Ok(ClipTextConfig {
        vocab_size,
        max_position_embeddings: shapes
            .axis("text_model.embeddings.position_embedding.weight", 0)?,
        hidden_size,
        num_hidden_layers,
        num_attention_heads: heads(shapes, &json, "num_attention_heads", hidden_size, settings)?,
        intermediate_size,
        projection_dim: shapes.axis("text_projection.weight", 0)?,
        hidden_act: activation(shapes.source, &json)?,
        layer_norm_eps: json["layer_norm_eps"].as_f64().unwrap_or(usual.layer_norm_eps),
        ..usual
    })
}

/// The sizes of a C3D. How many numbers its `fc6` takes tells the side of the frames.
///
/// # Errors
/// As [`timesformer_config`], and when no side gives `fc6` that many numbers.
pub(super) fn c3d_config(
    shapes: &Shapes<'_>,
    settings: &ImportSettings,
) -> Result<C3dConfig, ModelError> {
    let usual = C3dConfig::default();
    let inputs = shapes.axis("fc6.weight", 1)?;
    let of_side = |image_size| C3dConfig {
        image_size,
        num_frames: settings.num_frames.unwrap_or(usual.num_frames),
        base_width: shapes.axis("conv1.weight", 0).unwrap_or(usual.base_width),
        feature_width: shapes.axis("fc6.weight", 0).unwrap_or(usual.feature_width),
        ..usual.clone()
    };
    // Two neighbouring sides give the same; the larger, as 112 is, leaves no pixel out.
    let sides: Vec<usize> = match settings.image_size {
        Some(side) => vec![side],
        None => (1..=64).rev().map(|i| 16 * i).collect(),
    };
    let found =
        sides.iter().map(|side| of_side(*side)).find(|config| config.fc6_inputs() == inputs);
    found.ok_or_else(|| {
        let config = of_side(sides[0]);
        let side = settings.image_size.map_or("any side".into(), |side| format!("{side} pixels"));
        shapes.refused(format!(
            "its fc6 takes {inputs} numbers, and clips of {} frames of {side} do not give as many",
            config.num_frames
        ))
    })
}

/// The bend that a tower's `config.json` names; OpenAI's where there is none.
fn activation(source: &Source, json: &Value) -> Result<Activation, ModelError> {
    match json["hidden_act"].as_str() {
        None | Some("quick_gelu") => Ok(Activation::QuickGelu),
        Some("gelu") => Ok(Activation::Gelu),
        Some(other) => Err(ModelError::ForeignWeights {
            path: source.folder.join("config.json"),
            reason: format!(
                "`hidden_act` is {other:?}, and only gelu and quick_gelu are built here"
            ),
            way_out: "take a checkpoint of that variant".into(),
        }),
    }
}

/// The sizes of a DistilBERT.
///
/// # Errors
/// As [`timesformer_config`].
pub(super) fn distilbert_config(
    shapes: &Shapes<'_>,
    settings: &ImportSettings,
) -> Result<DistilBertConfig, ModelError> {
    let json = shapes.source.json_beside("config.json")?;
    check_setting(shapes.source, &json, "activation", "gelu")?;
    let dim = shapes.axis("embeddings.word_embeddings.weight", 1)?;
    let vocab_size = shapes.axis("embeddings.word_embeddings.weight", 0)?;
    let n_layers = shapes.layers("transformer.layer.");
    let hidden_dim = shapes.axis("transformer.layer.0.ffn.lin1.weight", 0)?;
    let sizes = [
        ("dim", dim),
        ("n_layers", n_layers),
        ("hidden_dim", hidden_dim),
        ("vocab_size", vocab_size),
    ];
    check_sizes(shapes.source, &json, &sizes)?;
    Ok(DistilBertConfig {
        vocab_size,
        max_position_embeddings: shapes.axis("embeddings.position_embeddings.weight", 0)?,
        dim,
        n_layers,
        n_heads: heads(shapes, &json, "n_heads", dim, settings)?,
        hidden_dim,
        ..DistilBertConfig::default()
    })
}

/// How videos become clips for a video encoder of `config`'s size.
///
/// # Errors
/// When `preprocessor_config.json` or `config.json` hold something else than numbers.
pub(super) fn preprocessing(
    source: &Source,
    config: &VideoEncoderConfig,
) -> Result<Preprocessing, ModelError> {
    let json = source.json_beside("preprocessor_config.json")?;
    let timm = &source.json_beside("config.json")?["pretrained_cfg"];
    let open_clip = source_picture::open_clip_settings(source)?;
    let picture = SourcePicture::of(source, config.image_size())?;
    let three = |value: &Value| -> Option<[f32; 3]> {
        let numbers: Vec<f32> =
            value.as_array()?.iter().filter_map(|x| Some(x.as_f64()? as f32)).collect();
        numbers.try_into().ok()
    };
    let usual = usual_normalisation(source.kind);
    let normalisation = PixelNormalisation {
        mean: [&open_clip["mean"], &json["image_mean"], &timm["mean"]]
            .into_iter()
            .find_map(three)
            .unwrap_or(usual.mean),
        std: [&open_clip["std"], &json["image_std"], &timm["std"]]
            .into_iter()
            .find_map(three)
            .unwrap_or(usual.std),
    };
    Ok(Preprocessing {
        num_frames: config.num_frames(),
        clip_duration_s: 0.0,
        image_size: config.image_size(),
        short_side: picture.short_side,
        fit: picture.fit,
        interpolation: picture.interpolation,
        scaling: picture.scaling,
        normalisation,
    })
}

/// What the pixels of a kind's checkpoints are normalised with when no file says so (§A.2 of our
/// specification).
fn usual_normalisation(kind: SourceKind) -> PixelNormalisation {
    match kind {
        SourceKind::TimeSformer | SourceKind::HfTimeSformer => {
            PixelNormalisation { mean: [0.45; 3], std: [0.225; 3] }
        }
        // ImageNet's, which Frozen-in-Time's transforms use.
        SourceKind::Frozen => {
            PixelNormalisation { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
        }
        SourceKind::Clip | SourceKind::HfClip => PixelNormalisation {
            mean: [0.481_454_66, 0.457_827_5, 0.408_210_73],
            std: [0.268_629_54, 0.261_302_6, 0.275_777_1],
        },
        // Bytes less the mean of Sports-1M's, as MMAction has it; no division.
        SourceKind::C3d => PixelNormalisation {
            mean: [104.0 / 255.0, 117.0 / 255.0, 128.0 / 255.0],
            std: [1.0 / 255.0; 3],
        },
        SourceKind::TimmVit | SourceKind::DistilBert => {
            PixelNormalisation { mean: [0.5; 3], std: [0.5; 3] }
        }
    }
}

/// Refuses a `config.json` that asks for a variant that is not built here.
fn check_setting(
    source: &Source,
    json: &Value,
    key: &str,
    expected: &str,
) -> Result<(), ModelError> {
    match json[key].as_str() {
        Some(found) if found != expected => Err(ModelError::ForeignWeights {
            path: source.folder.join("config.json"),
            reason: format!("`{key}` is {found:?}, and only {expected:?} is built here"),
            way_out: "take a checkpoint of that variant".into(),
        }),
        _ => Ok(()),
    }
}

/// Refuses a `config.json` that speaks of other sizes than the tensors have: it is another model's,
/// and what it alone says (the heads) would be wrong too.
fn check_sizes(source: &Source, json: &Value, sizes: &[(&str, usize)]) -> Result<(), ModelError> {
    let other = sizes.iter().find_map(|(key, found)| {
        let said = json[*key].as_u64()?;
        (said != *found as u64).then_some((key, said, found))
    });
    let Some((key, said, found)) = other else { return Ok(()) };
    Err(ModelError::ForeignWeights {
        path: source.path().into(),
        reason: format!(
            "its tensors have `{key}` {found}, and the config.json beside it says {said}"
        ),
        way_out: "put the config.json of the same model there, or take it away and say --heads"
            .into(),
    })
}

/// The attention heads: as asked, as `config.json` says, or from the usual width of one.
fn heads(
    shapes: &Shapes<'_>,
    json: &Value,
    key: &str,
    width: usize,
    settings: &ImportSettings,
) -> Result<usize, ModelError> {
    let said = json[key].as_u64().map(|heads| heads as usize);
    if let Some(heads) = said.or(settings.num_heads) {
        if heads == 0 || !width.is_multiple_of(heads) {
            return Err(ModelError::ForeignWeights {
                path: shapes.source.path().into(),
                reason: format!("{heads} attention heads cannot share its width of {width} evenly"),
                way_out: match said {
                    Some(_) => format!("correct `{key}` in the config.json beside it"),
                    None => "say another number with --heads".into(),
                },
            });
        }
        return Ok(heads);
    }
    if width.is_multiple_of(HEAD_WIDTH) {
        return Ok(width / HEAD_WIDTH);
    }
    Err(ModelError::ForeignWeights {
        path: shapes.source.path().into(),
        reason: format!(
            "nothing says how many attention heads share its width of {width}, and it is no \
             multiple of the usual {HEAD_WIDTH}"
        ),
        way_out: "put its config.json beside it, or say --heads".into(),
    })
}
