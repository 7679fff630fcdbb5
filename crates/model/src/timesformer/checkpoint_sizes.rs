//! The sizes of a TimeSformer, from the `config.json` beside a checkpoint and from the shapes in it.

use super::{TimeSformerBlock, TimeSformerConfig};
use crate::ModelError;
use crate::weights::ImportSettings;
use crate::weights::known_values::{Values, stated_by};
use crate::weights::source::Shapes;
use crate::weights::stated_sizes::{check_setting, check_sizes};
use crate::weights::usual_heads::{heads, heads_of_architecture};

/// The sizes of a TimeSformer of divided attention.
///
/// # Errors
/// When the shapes contradict each other, or `config.json` asks for what is not built here.
pub(crate) fn timesformer_config(
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
    let heads = heads(shapes, values, hidden_size, ("--heads", settings.num_heads), said)?;
    let said = json["layer_norm_eps"].as_f64().or(is_theirs.then_some(1e-6));
    let stated = [stated_by("--epsilon", settings.epsilon), stated_by("config.json", said)];
    let epsilon = values.agreed("epsilon of the layer norms", stated)?;
    let usual = "as in timm's ViTs and the original TimeSformer";
    let epsilon = values.or_guess(epsilon, "epsilon of the layer norms", "--epsilon", 1e-6, usual);
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
        block: TimeSformerBlock::Divided,
        ..TimeSformerConfig::default()
    })
}
