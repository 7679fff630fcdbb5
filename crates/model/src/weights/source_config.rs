//! Sizes of an encoder, from the `config.json` beside a checkpoint and from the shapes in it. CLIP's
//! are in `clip_source`.

use serde_json::Value;

use super::import_settings::ImportSettings;
use super::known_values::{StatedValue, Values, stated_by};
use super::source::{Shapes, SourceKind};
use super::stated_sizes::{check_setting, check_sizes, even_heads};
use crate::ModelError;
use crate::c3d::C3dConfig;
use crate::distilbert::DistilBertConfig;
use crate::timesformer::{TimeSformerBlock, TimeSformerConfig};

/// Widths of the ViTs of timm with the heads of each; up to 1024 heads are 64 numbers wide.
const VIT_HEADS: [(usize, usize); 14] = [
    (192, 3),
    (256, 4),
    (320, 5),
    (384, 6),
    (512, 8),
    (640, 10),
    (768, 12),
    (832, 13),
    (896, 14),
    (1024, 16),
    (1152, 16),
    (1280, 16),
    (1408, 16),
    (1664, 16),
];

/// The sizes of a TimeSformer.
///
/// # Errors
/// When the shapes contradict each other, or `config.json` asks for what is not built here.
pub(super) fn timesformer_config(
    shapes: &Shapes<'_>,
    settings: &ImportSettings,
    values: &mut Values<'_>,
) -> Result<TimeSformerConfig, ModelError> {
    let json = shapes.source.json_beside("config.json")?;
    for (key, expected) in
        [("attention_type", "divided_space_time"), ("hidden_act", "gelu"), ("global_pool", "token")]
    {
        check_setting(shapes.source, key, &json[key], expected)?;
    }
    let timm = &json["model_args"];
    for (key, expected) in [("act_layer", "gelu"), ("global_pool", "token")] {
        check_setting(shapes.source, &format!("model_args.{key}"), &timm[key], expected)?;
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
    check_sizes(shapes.source, "config.json", &json, &sizes)?;
    let timm_sizes = [("embed_dim", hidden_size), ("depth", num_hidden_layers)];
    check_sizes(shapes.source, "config.json", timm, &timm_sizes)?;
    let is_theirs = json["model_type"] == "timesformer";
    let said = json["num_attention_heads"].as_u64().or(is_theirs.then_some(12));
    let said = said.or(timm["num_heads"].as_u64()).or(json["num_heads"].as_u64());
    let said = stated_by("config.json", said.map(|heads| heads as usize))
        .or_else(|| heads_of_architecture(&json, hidden_size));
    let typed = stated_by("--heads", settings.num_heads);
    let heads = heads(shapes, values, hidden_size, typed, said)?;
    let said = json["layer_norm_eps"].as_f64().or(is_theirs.then_some(1e-6));
    let stated = [stated_by("--epsilon", settings.epsilon), stated_by("config.json", said)];
    let epsilon = values.agreed("epsilon of the layer norms", stated)?;
    let usual = "as in timm's ViTs and the original TimeSformer";
    let epsilon = values.or_guess(epsilon, "epsilon of the layer norms", "--epsilon", 1e-6, usual);
    if shapes.source.kind == SourceKind::TimmVit
        && json["global_pool"].is_null()
        && timm["global_pool"].is_null()
    {
        let reason = "as in all of timm's ViTs with such a token but few";
        values.only("feature of a picture", "the class token's", reason);
    }
    Ok(TimeSformerConfig {
        image_size: settings.image_size.unwrap_or(side * patch_size),
        patch_size,
        num_channels: shapes.axis(kernel, 1)?,
        num_frames: settings.num_frames.unwrap_or(num_frames),
        hidden_size,
        num_hidden_layers,
        num_attention_heads: heads,
        intermediate_size,
        layer_norm_eps: epsilon,
        block: match shapes.source.kind {
            SourceKind::Frozen => TimeSformerBlock::Frozen,
            _ => TimeSformerBlock::Divided,
        },
        ..TimeSformerConfig::default()
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

/// The sizes of a DistilBERT.
///
/// # Errors
/// As [`timesformer_config`].
pub(super) fn distilbert_config(
    shapes: &Shapes<'_>,
    settings: &ImportSettings,
    values: &mut Values<'_>,
) -> Result<DistilBertConfig, ModelError> {
    let json = shapes.source.json_beside("config.json")?;
    check_setting(shapes.source, "activation", &json["activation"], "gelu")?;
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
    check_sizes(shapes.source, "config.json", &json, &sizes)?;
    let is_theirs = json["model_type"] == "distilbert";
    let said = json["n_heads"].as_u64().or(is_theirs.then_some(12)).map(|heads| heads as usize);
    let typed = stated_by("--text-heads", settings.num_text_heads);
    let heads = heads(shapes, values, dim, typed, stated_by("config.json", said))?;
    Ok(DistilBertConfig {
        vocab_size,
        max_position_embeddings: shapes.axis("embeddings.position_embeddings.weight", 0)?,
        dim,
        n_layers,
        n_heads: heads,
        hidden_dim,
        ..DistilBertConfig::default()
    })
}

/// The attention heads: as somebody says, or those of the ViTs and BERTs of that width.
fn heads(
    shapes: &Shapes<'_>,
    values: &mut Values<'_>,
    width: usize,
    typed: Option<StatedValue<usize>>,
    said: Option<StatedValue<usize>>,
) -> Result<usize, ModelError> {
    let flag = match shapes.source.kind {
        _ if shapes.plan.recipes.contains_key("embeddings.word_embeddings.weight") => {
            "--text-heads"
        }
        _ => "--heads",
    };
    let who = said.as_ref().or(typed.as_ref()).map(|stated| stated.who.clone());
    if let Some(found) = values.agreed("attention heads", [typed, said])? {
        even_heads(shapes.source, found, width, &who.unwrap_or_default())?;
        return Ok(found);
    }
    let Some((_, usual)) = VIT_HEADS.iter().find(|(known, _)| *known == width) else {
        return Err(ModelError::ForeignWeights {
            path: shapes.source.path().into(),
            reason: format!(
                "nothing says how many attention heads share its width of {width}, and no usual \
                 model has that width"
            ),
            way_out: format!("put its config.json beside it, or say {flag}"),
        });
    };
    let reason = format!("as in the usual models of width {width}");
    Ok(values.or_guess(None, "attention heads", flag, *usual, &reason))
}

/// The heads of a ViT that timm's `config.json` names, for example `vit_huge_patch14_224`.
fn heads_of_architecture(json: &Value, width: usize) -> Option<StatedValue<usize>> {
    const SIZES: [(&str, usize); 8] = [
        ("tiny", 192),
        ("small", 384),
        ("medium", 512),
        ("base", 768),
        ("large", 1024),
        ("huge", 1280),
        ("giant", 1408),
        ("gigantic", 1664),
    ];
    let name = json["architecture"].as_str()?;
    let size = name.strip_prefix("vit_").or_else(|| name.strip_prefix("deit_"))?;
    let (size, _) = size.split_once("_patch")?;
    let named = SIZES.iter().find(|(known, _)| *known == size)?.1;
    let heads = VIT_HEADS.iter().find(|(known, _)| *known == named && named == width)?.1;
    stated_by(&format!("config.json ({name})"), Some(heads))
}
