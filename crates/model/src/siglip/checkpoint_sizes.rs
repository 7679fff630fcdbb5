//! The sizes of SigLIP's two towers: from shapes, and from what `config.json` says of them.
//!
//! A `config.json` leaves out what is as in transformers' `SiglipConfig` by default, and that of a SigLIP 2 nearly all;
//! so what it leaves out is taken to be said, and compared with the tensors like the rest.

use serde_json::{Map, Value, json};

use super::{SiglipTextConfig, SiglipVisionConfig};
use crate::ModelError;
use crate::clip::ClipTime;
use crate::weights::ImportSettings;
use crate::weights::known_values::{Values, stated_by};
use crate::weights::source::{Shapes, Source};
use crate::weights::stated_sizes::{check_setting, check_sizes};
use crate::weights::usual_heads::heads;

const CONFIG: &str = "config.json";
const PATCHES: &str = "vision_model.embeddings.patch_embedding.weight";
const PLACES: &str = "vision_model.embeddings.position_embedding.weight";
const WORDS: &str = "text_model.embeddings.token_embedding.weight";
const TEXT_PLACES: &str = "text_model.embeddings.position_embedding.weight";

/// The sizes of SigLIP's image tower.
///
/// # Errors
/// When the shapes contradict each other or what `config.json` says, or when it is of a variant that is not built here.
pub(super) fn siglip_vision_config(
    shapes: &Shapes<'_>,
    settings: &ImportSettings,
    values: &mut Values<'_>,
) -> Result<SiglipVisionConfig, ModelError> {
    let source = shapes.source;
    refuse_free_sizes(shapes)?;
    let usual =
        json!({ "image_size": 224, "patch_size": 16, "num_channels": 3, "vision_use_head": true });
    let said = section(source, "vision_config", usual)?;
    if said["vision_use_head"] == false {
        return Err(ModelError::ForeignWeights {
            path: source.folder.join(CONFIG),
            reason: "`vision_config.vision_use_head` is false: pictures are not pooled".into(),
            way_out: "take a whole SigLIP, for example google/siglip2-base-patch16-224".into(),
        });
    }
    let (hidden_size, patch_size) = (shapes.axis(PATCHES, 0)?, shapes.axis(PATCHES, 3)?);
    let num_hidden_layers = shapes.layers("vision_model.encoder.layers.");
    let intermediate_size = shapes.axis("vision_model.encoder.layers.0.mlp.fc1.weight", 0)?;
    let places = shapes.axis(PLACES, 0)?;
    let side = places.isqrt();
    if side * side != places {
        return Err(shapes.refused(format!("its {places} places of patches are no square")));
    }
    let image_size = side * patch_size;
    let sizes = [
        ("hidden_size", hidden_size),
        ("num_hidden_layers", num_hidden_layers),
        ("intermediate_size", intermediate_size),
        ("patch_size", patch_size),
        ("image_size", image_size),
    ];
    check_sizes(source, CONFIG, &said, &sizes)?;
    let typed = ("--heads", settings.num_heads);
    let num_attention_heads = heads_of(shapes, values, hidden_size, typed, &said)?;
    // It was trained on pictures: it knows nothing of time before it is trained on.
    let num_frames = settings.num_frames.unwrap_or(1);
    let is_per_frame = settings.per_frame || num_frames == 1;
    Ok(SiglipVisionConfig {
        image_size: settings.image_size.unwrap_or(image_size),
        patch_size,
        num_channels: shapes.axis(PATCHES, 1)?,
        num_frames,
        hidden_size,
        num_hidden_layers,
        num_attention_heads,
        intermediate_size,
        layer_norm_eps: epsilon(values, settings, &said)?,
        time: if is_per_frame { ClipTime::Mean } else { ClipTime::Divided },
        ..SiglipVisionConfig::default()
    })
}

/// The sizes of SigLIP's text tower, with scale and bias of its joint space.
///
/// # Errors
/// As [`siglip_vision_config`].
pub(super) fn siglip_text_config(
    shapes: &Shapes<'_>,
    settings: &ImportSettings,
    values: &mut Values<'_>,
) -> Result<SiglipTextConfig, ModelError> {
    let usual = json!({ "vocab_size": 32_000, "max_position_embeddings": 64 });
    let said = section(shapes.source, "text_config", usual)?;
    let (vocab_size, hidden_size) = (shapes.axis(WORDS, 0)?, shapes.axis(WORDS, 1)?);
    let max_position_embeddings = shapes.axis(TEXT_PLACES, 0)?;
    let num_hidden_layers = shapes.layers("text_model.encoder.layers.");
    let intermediate_size = shapes.axis("text_model.encoder.layers.0.mlp.fc1.weight", 0)?;
    let projection_size = shapes.axis("text_model.head.weight", 0)?;
    let sizes = [
        ("hidden_size", hidden_size),
        ("num_hidden_layers", num_hidden_layers),
        ("intermediate_size", intermediate_size),
        ("vocab_size", vocab_size),
        ("max_position_embeddings", max_position_embeddings),
        ("projection_size", projection_size),
    ];
    check_sizes(shapes.source, CONFIG, &said, &sizes)?;
    let typed = ("--text-heads", settings.num_text_heads);
    Ok(SiglipTextConfig {
        vocab_size,
        max_position_embeddings,
        hidden_size,
        num_hidden_layers,
        num_attention_heads: heads_of(shapes, values, hidden_size, typed, &said)?,
        intermediate_size,
        projection_size,
        layer_norm_eps: epsilon(values, settings, &said)?,
        logit_scale: number(shapes, "logit_scale")?,
        logit_bias: number(shapes, "logit_bias")?,
        ..SiglipTextConfig::default()
    })
}

/// Refuses checkpoints of SigLIP 2 that take pictures of any size: their patches go through a linear map.
fn refuse_free_sizes(shapes: &Shapes<'_>) -> Result<(), ModelError> {
    let is_named = shapes.source.json_beside(CONFIG)?["model_type"] == "siglip2";
    let shape = shapes.of(PATCHES)?;
    if !is_named && shape.len() == 4 {
        return Ok(());
    }
    let shown = match is_named {
        true => format!("{CONFIG} beside it says siglip2"),
        false => format!("its patch embedding has the shape {shape:?}"),
    };
    Err(ModelError::ForeignWeights {
        path: shapes.source.path().into(),
        reason: format!(
            "it is a NaFlex SigLIP 2 ({shown}), which takes pictures of any proportions, and that is not built here"
        ),
        way_out: "take the checkpoint of the same size with a fixed picture size, for example \
                  google/siglip2-base-patch16-224"
            .into(),
    })
}

/// A section of `config.json` with what it leaves out; nothing where there is no such file.
fn section(source: &Source, name: &str, usual: Value) -> Result<Value, ModelError> {
    let mut config = source.json_beside(CONFIG)?;
    if !config.is_object() {
        return Ok(Value::Null);
    }
    let mut said = match config[name].take() {
        Value::Object(said) => said,
        _ => Map::new(),
    };
    let both = json!({
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "hidden_act": "gelu_pytorch_tanh",
        "layer_norm_eps": 1e-6,
    });
    for usual in [both, usual] {
        for (key, value) in usual.as_object().into_iter().flatten() {
            said.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    check_setting(source, &format!("{name}.hidden_act"), &said["hidden_act"], "gelu_pytorch_tanh")?;
    Ok(Value::Object(said))
}

fn heads_of(
    shapes: &Shapes<'_>,
    values: &mut Values<'_>,
    width: usize,
    typed: (&str, Option<usize>),
    said: &Value,
) -> Result<usize, ModelError> {
    let said = said["num_attention_heads"].as_u64().map(|heads| heads as usize);
    heads(shapes, values, width, typed, stated_by(CONFIG, said))
}

fn epsilon(
    values: &mut Values<'_>,
    settings: &ImportSettings,
    said: &Value,
) -> Result<f64, ModelError> {
    let (setting, flag) = ("epsilon of the layer norms", "--epsilon");
    let said = stated_by(CONFIG, said["layer_norm_eps"].as_f64());
    let found = values.agreed(setting, [stated_by(flag, settings.epsilon), said])?;
    Ok(values.or_guess(found, setting, flag, 1e-6, "as in all SigLIPs"))
}

/// The one number under a key.
fn number(shapes: &Shapes<'_>, key: &str) -> Result<f64, ModelError> {
    let missing =
        || shapes.refused(format!("no key {key}, which makes probabilities of its cosines"));
    let tensor = shapes.source.state.tensors.get(key).ok_or_else(missing)?;
    match tensor.read(key)?.values[..] {
        [number] if number.is_finite() => Ok(number.into()),
        _ => Err(shapes.refused(format!("{key} is no number, but of shape {:?}", tensor.shape))),
    }
}
