//! Sizes of an encoder and its preprocessing, from the `config.json` beside a checkpoint and from
//! the shapes in it.

use serde_json::Value;

use super::import::ImportSettings;
use super::source::{Shapes, Source, SourceKind};
use crate::distilbert::DistilBertConfig;
use crate::timesformer::{PixelNormalisation, TimeSformerConfig};
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
    let num_frames = match shapes.of("embeddings.time_embeddings") {
        Ok([.., frames, _]) => *frames,
        _ => TimeSformerConfig::default().num_frames,
    };
    Ok(TimeSformerConfig {
        image_size: settings.image_size.unwrap_or(side * patch_size),
        patch_size,
        num_channels: shapes.axis(kernel, 1)?,
        num_frames: settings.num_frames.unwrap_or(num_frames),
        hidden_size,
        num_hidden_layers: shapes.layers("encoder.layer."),
        num_attention_heads: heads(shapes, &json, "num_attention_heads", hidden_size, settings)?,
        intermediate_size: shapes.axis("encoder.layer.0.intermediate.dense.weight", 0)?,
        layer_norm_eps: json["layer_norm_eps"].as_f64().unwrap_or(1e-6),
        ..TimeSformerConfig::default()
    })
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
    Ok(DistilBertConfig {
        vocab_size: shapes.axis("embeddings.word_embeddings.weight", 0)?,
        max_position_embeddings: shapes.axis("embeddings.position_embeddings.weight", 0)?,
        dim,
        n_layers: shapes.layers("transformer.layer."),
        n_heads: heads(shapes, &json, "n_heads", dim, settings)?,
        hidden_dim: shapes.axis("transformer.layer.0.ffn.lin1.weight", 0)?,
        ..DistilBertConfig::default()
    })
}

/// How videos become clips for a video encoder of `config`'s size.
///
/// # Errors
/// When `preprocessor_config.json` or `config.json` hold something else than numbers.
pub(super) fn preprocessing(
    source: &Source,
    config: &TimeSformerConfig,
) -> Result<Preprocessing, ModelError> {
    let json = source.json_beside("preprocessor_config.json")?;
    let timm = &source.json_beside("config.json")?["pretrained_cfg"];
    let three = |value: &Value| -> Option<[f32; 3]> {
        let numbers: Vec<f32> =
            value.as_array()?.iter().filter_map(|x| Some(x.as_f64()? as f32)).collect();
        numbers.try_into().ok()
    };
    let usual = usual_normalisation(source.kind);
    let normalisation = PixelNormalisation {
        mean: three(&json["image_mean"]).or_else(|| three(&timm["mean"])).unwrap_or(usual.mean),
        std: three(&json["image_std"]).or_else(|| three(&timm["std"])).unwrap_or(usual.std),
    };
    let side = |value: &Value| -> Option<u64> {
        let keys = ["shortest_edge", "height"];
        value.as_u64().or_else(|| keys.iter().find_map(|key| value[*key].as_u64()))
    };
    // The short side is given for a cut of its own size; a cut of another size takes the same part.
    let short_side = match (side(&json["size"]), side(&json["crop_size"])) {
        (Some(short), Some(cut)) if cut > 0 && short >= cut => {
            (config.image_size as f64 * short as f64 / cut as f64).round() as usize
        }
        _ => config.image_size,
    };
    Ok(Preprocessing {
        num_frames: config.num_frames,
        clip_duration_s: 0.0,
        image_size: config.image_size,
        short_side,
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
