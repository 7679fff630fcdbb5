//! Hugging Face's `Dinov2Model`, alone or with a classifier; its names are ours.
//!
//! Positions are resized to the pictures at import, bicubic as Hugging Face's program does when it runs.

use locvtp_video::{Interpolation, Scaling};
use serde_json::Value;

use super::Dinov2Config;
use crate::clip_patches::PixelNormalisation;
use crate::weights::ImportSettings;
use crate::weights::key_table::Action::{Drop, Positions, To};
use crate::weights::key_table::{KeyRule, KeyTable};
use crate::weights::known_values::{Values, stated_by};
use crate::weights::source::{EncoderRow, OpenClipFiles, Shapes, Source, SourceRow, VideoRow};
use crate::weights::stated_sizes::{check_setting, check_sizes};
use crate::weights::usual_heads::heads;
use crate::weights::usual_pictures::UsualPictures;
use crate::{Fit, ModelError};

/// The row of its kind.
pub(crate) static ROW: SourceRow = SourceRow {
    name: "dinov2",
    video: Some(VideoRow {
        encoder: EncoderRow {
            table: &TABLE,
            config: |shapes, settings, values| Ok(dinov2_config(shapes, settings, values)?.into()),
        },
        pictures: UsualPictures {
            whose: "as in DINOv2's own program",
            // ImageNet's.
            normalisation: PixelNormalisation {
                mean: [0.485, 0.456, 0.406],
                std: [0.229, 0.224, 0.225],
            },
            fit: Fit::ShortSide,
            // 256 for 224.
            short_side: |side| side + side.div_ceil(7),
            interpolation: Interpolation::Bicubic,
            scaling: Scaling::HuggingFace,
            clip_seconds: None,
        },
    }),
    text: None,
    flags: &["--heads", "--epsilon"],
    open_clip: OpenClipFiles::Unasked,
};

const TABLE: KeyTable = KeyTable {
    prefix: Some("dinov2."),
    rules: &[
        KeyRule("embeddings.cls_token", To("embeddings.cls_token")),
        KeyRule("embeddings.mask_token", Drop("what stood for hidden patches in its training")),
        KeyRule("embeddings.position_embeddings", Positions("embeddings.position_embeddings")),
        KeyRule(
            "embeddings.patch_embeddings.projection.{}",
            To("embeddings.patch_embeddings.projection.{}"),
        ),
        KeyRule("encoder.layer.{}.norm1.{}", To("encoder.layer.{}.norm1.{}")),
        KeyRule("encoder.layer.{}.norm2.{}", To("encoder.layer.{}.norm2.{}")),
        KeyRule(
            "encoder.layer.{}.attention.attention.{}.{}",
            To("encoder.layer.{}.attention.attention.{}.{}"),
        ),
        KeyRule(
            "encoder.layer.{}.attention.output.dense.{}",
            To("encoder.layer.{}.attention.output.dense.{}"),
        ),
        KeyRule(
            "encoder.layer.{}.layer_scale1.lambda1",
            To("encoder.layer.{}.layer_scale1.lambda1"),
        ),
        KeyRule(
            "encoder.layer.{}.layer_scale2.lambda1",
            To("encoder.layer.{}.layer_scale2.lambda1"),
        ),
        KeyRule("encoder.layer.{}.mlp.fc1.{}", To("encoder.layer.{}.mlp.fc1.{}")),
        KeyRule("encoder.layer.{}.mlp.fc2.{}", To("encoder.layer.{}.mlp.fc2.{}")),
        KeyRule("layernorm.{}", To("layernorm.{}")),
        KeyRule("classifier.{}", Drop("the classifier of image classes")),
    ],
    constants: &[],
};

/// The sizes of a DINOv2.
///
/// # Errors
/// When the shapes contradict each other or `config.json`, or it is a variant that is not built here.
fn dinov2_config(
    shapes: &Shapes<'_>,
    settings: &ImportSettings,
    values: &mut Values<'_>,
) -> Result<Dinov2Config, ModelError> {
    let source = shapes.source;
    let json = source.json_beside("config.json")?;
    refuse_variants(source, &json)?;
    check_setting(source, "hidden_act", &json["hidden_act"], "gelu")?;
    let kernel = "embeddings.patch_embeddings.projection.weight";
    let (hidden_size, patch_size) = (shapes.axis(kernel, 0)?, shapes.axis(kernel, 3)?);
    let places = shapes.axis("embeddings.position_embeddings", 1)?;
    let known_side = (places - 1).isqrt().saturating_mul(patch_size);
    let num_hidden_layers = shapes.layers("encoder.layer.");
    let intermediate_size = shapes.axis("encoder.layer.0.mlp.fc1.weight", 0)?;
    let sizes = [
        ("hidden_size", hidden_size),
        ("num_hidden_layers", num_hidden_layers),
        ("patch_size", patch_size),
        ("image_size", known_side),
    ];
    check_sizes(source, "config.json", &json, &sizes)?;
    let said = json["num_attention_heads"].as_u64().or(json.is_object().then_some(12));
    let said = stated_by("config.json", said.map(|heads| heads as usize));
    let typed = ("--heads", settings.num_heads);
    let num_attention_heads = heads(shapes, values, hidden_size, typed, said)?;
    let said = json["layer_norm_eps"].as_f64().or(json.is_object().then_some(1e-6));
    let stated = [stated_by("--epsilon", settings.epsilon), stated_by("config.json", said)];
    let epsilon = values.agreed("epsilon of the layer norms", stated)?;
    let usual = "as in all of DINOv2's";
    let layer_norm_eps =
        values.or_guess(epsilon, "epsilon of the layer norms", "--epsilon", 1e-6, usual);
    Ok(Dinov2Config {
        image_size: settings.image_size.or(picture_side(source)?).unwrap_or(known_side),
        patch_size,
        num_channels: shapes.axis(kernel, 1)?,
        num_frames: settings.num_frames.unwrap_or(1),
        hidden_size,
        num_hidden_layers,
        num_attention_heads,
        intermediate_size,
        layer_norm_eps,
        ..Dinov2Config::default()
    })
}

/// Side of the pictures that its programs give it: smaller than those that its table of places is made for.
fn picture_side(source: &Source) -> Result<Option<usize>, ModelError> {
    let said = source.json_beside("preprocessor_config.json")?;
    let cut = &said["crop_size"];
    let side = cut.as_u64().or_else(|| cut["height"].as_u64());
    Ok(side.filter(|_| said["do_center_crop"] != false).map(|side| side as usize))
}

/// Refuses relatives with other parts.
fn refuse_variants(source: &Source, json: &Value) -> Result<(), ModelError> {
    let has = |part: &str| source.state.tensors.keys().any(|key| key.contains(part));
    let swiglu = json["use_swiglu_ffn"] == true || has(".mlp.weights_in.");
    let reason = if has("register_tokens") || json["model_type"] == "dinov2_with_registers" {
        "it has register tokens beside the class token, which are not built here"
    } else if swiglu {
        "the perceptrons of its blocks are gated (SwiGLU, of the giant size), which is not built here"
    } else {
        return Ok(());
    };
    Err(ModelError::ForeignWeights {
        path: source.path().into(),
        reason: reason.into(),
        way_out: "take DINOv2 small, base or large without registers".into(),
    })
}
