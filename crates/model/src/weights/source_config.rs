//! Sizes of an encoder and its preprocessing, from the `config.json` beside a checkpoint and from
//! the shapes in it. CLIP's are in `clip_source`.

use serde_json::Value;

use super::import::ImportSettings;
use super::known_values::{Values, Voice, voice};
use super::open_clip_config;
use super::source::{Shapes, Source, SourceKind};
use super::source_picture::{self, SourcePicture};
use crate::c3d::C3dConfig;
use crate::distilbert::DistilBertConfig;
use crate::timesformer::{PixelNormalisation, TimeSformerBlock, TimeSformerConfig};
use crate::video_encoder::VideoEncoderConfig;
use crate::{ModelError, Preprocessing};

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
    let said = voice("config.json", said.map(|heads| heads as usize))
        .or_else(|| heads_of_architecture(&json, hidden_size));
    let typed = voice("--heads", settings.num_heads);
    let heads = heads(shapes, values, hidden_size, typed, said)?;
    let said = json["layer_norm_eps"].as_f64().or(is_theirs.then_some(1e-6));
    let voices = [voice("--epsilon", settings.epsilon), voice("config.json", said)];
    let epsilon = values.agreed("epsilon of the layer norms", voices)?;
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
    let typed = voice("--text-heads", settings.num_text_heads);
    let heads = heads(shapes, values, dim, typed, voice("config.json", said))?;
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

/// How videos become clips for a video encoder of `config`'s size.
///
/// # Errors
/// When `preprocessor_config.json`, `config.json` or `open_clip_config.json` ask for what is not
/// built here, or say otherwise than what was typed.
pub(super) fn preprocessing(
    source: &Source,
    config: &VideoEncoderConfig,
    settings: &ImportSettings,
    values: &mut Values<'_>,
) -> Result<Preprocessing, ModelError> {
    let json = source.json_beside("preprocessor_config.json")?;
    let timm = &source.json_beside("config.json")?["pretrained_cfg"];
    let open_clip = source_picture::open_clip_settings(source)?;
    let picture = SourcePicture::of(source, config.image_size(), settings, values)?;
    let normalisation = normalisation(source, &json, timm, &open_clip, settings, values)?;
    let clip_duration_s = match source.kind {
        SourceKind::C3d => 0.0,
        _ => values.or_guess(
            settings.clip_seconds,
            "seconds of a clip",
            "--clip-seconds",
            0.0,
            "0 takes frames that follow one another; what the source was trained on no file says",
        ),
    };
    Ok(Preprocessing {
        num_frames: config.num_frames(),
        clip_duration_s,
        image_size: config.image_size(),
        short_side: picture.short_side,
        fit: picture.fit,
        interpolation: picture.interpolation,
        scaling: picture.scaling,
        normalisation,
    })
}

/// Three numbers of a file.
fn three(value: &Value) -> Option<[f32; 3]> {
    let numbers: Vec<f32> =
        value.as_array()?.iter().filter_map(|x| Some(x.as_f64()? as f32)).collect();
    numbers.try_into().ok()
}

fn normalisation(
    source: &Source,
    json: &Value,
    timm: &Value,
    open_clip: &Value,
    settings: &ImportSettings,
    values: &mut Values<'_>,
) -> Result<PixelNormalisation, ModelError> {
    let file = "preprocessor_config.json";
    let factor = json["rescale_factor"].as_f64().unwrap_or(1.0 / 255.0);
    if (factor * 255.0 - 1.0).abs() > 1e-3 || json["do_rescale"] == false {
        return Err(ModelError::ForeignWeights {
            path: source.folder.join(file),
            reason: format!("bytes are scaled by {factor} there, and by 1/255 here"),
            way_out: "write image_mean and image_std for pixels from 0 to 1 there, without \
                      rescale_factor and do_rescale"
                .into(),
        });
    }
    let is_off = json["do_normalize"] == false;
    let usual = usual_normalisation(source.kind);
    let reason = usual_pictures(source.kind);
    let mut one = |setting, flag, typed, off, said: [Option<[f32; 3]>; 3], usual| {
        let [theirs, of_timm, of_open_clip] = said;
        let theirs = voice(file, if is_off { Some(off) } else { theirs });
        let said = theirs
            .or_else(|| voice("config.json", of_timm))
            .or_else(|| voice(open_clip_config::FILE, of_open_clip));
        let found = values.agreed(setting, [voice(flag, typed), said])?;
        Ok::<_, ModelError>(values.or_guess(found, setting, flag, usual, reason))
    };
    // Where open_clip's file is silent, its own default holds.
    let said = |key: &str, of_timm: &str, usual: [f32; 3]| {
        let of_open_clip = three(&open_clip[of_timm]).or(open_clip.is_object().then_some(usual));
        [three(&json[key]), three(&timm[of_timm]), of_open_clip]
    };
    let mean = said("image_mean", "mean", usual.mean);
    let std = said("image_std", "std", usual.std);
    Ok(PixelNormalisation {
        mean: one("mean of the pixels", "--mean", settings.mean, [0.0; 3], mean, usual.mean)?,
        std: one("deviation of the pixels", "--std", settings.std, [1.0; 3], std, usual.std)?,
    })
}

/// Whose way with pictures is taken where no file says.
pub(super) fn usual_pictures(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::TimmVit | SourceKind::DistilBert => "as in most of timm's ViTs",
        SourceKind::TimeSformer | SourceKind::HfTimeSformer => "as in TimeSformer's own program",
        SourceKind::Frozen => "as in Frozen-in-Time's own program",
        SourceKind::Clip | SourceKind::HfClip => "as in OpenAI's and most of open_clip's programs",
        SourceKind::C3d => "as in MMAction's",
    }
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
    key: &str,
    said: &Value,
    expected: &str,
) -> Result<(), ModelError> {
    match said.as_str() {
        Some(found) if found != expected => Err(ModelError::ForeignWeights {
            path: source.folder.join("config.json"),
            reason: format!("`{key}` is {found:?}, and only {expected:?} is built here"),
            way_out: "take a checkpoint of that variant".into(),
        }),
        _ => Ok(()),
    }
}

/// Refuses a `config.json` (or another `who`) that speaks of other sizes than the tensors have: it is
/// another model's, and what it alone says (the heads) would be wrong too.
pub(super) fn check_sizes(
    source: &Source,
    who: &str,
    json: &Value,
    sizes: &[(&str, usize)],
) -> Result<(), ModelError> {
    let other = sizes.iter().find_map(|(key, found)| {
        let said = json[*key].as_u64()?;
        (said != *found as u64).then_some((key, said, found))
    });
    let Some((key, said, found)) = other else { return Ok(()) };
    let beside = if who.starts_with("--") { "" } else { " beside it" };
    Err(ModelError::ForeignWeights {
        path: source.path().into(),
        reason: format!("its tensors have `{key}` {found}, and {who}{beside} says {said}"),
        way_out: "give what belongs to the same model, or leave it away and say --heads".into(),
    })
}

/// Refuses heads that cannot share a width evenly.
pub(super) fn even_heads(
    source: &Source,
    heads: usize,
    width: usize,
    who: &str,
) -> Result<(), ModelError> {
    if heads > 0 && width.is_multiple_of(heads) {
        return Ok(());
    }
    Err(ModelError::ForeignWeights {
        path: source.path().into(),
        reason: format!(
            "{who} says {heads} attention heads, which cannot share its width of {width} evenly"
        ),
        way_out: "correct the number there".into(),
    })
}

/// The attention heads: as somebody says, or those of the ViTs and BERTs of that width.
fn heads(
    shapes: &Shapes<'_>,
    values: &mut Values<'_>,
    width: usize,
    typed: Option<Voice<usize>>,
    said: Option<Voice<usize>>,
) -> Result<usize, ModelError> {
    let flag = match shapes.source.kind {
        _ if shapes.plan.recipes.contains_key("embeddings.word_embeddings.weight") => {
            "--text-heads"
        }
        _ => "--heads",
    };
    let who = said.as_ref().or(typed.as_ref()).map(|voice| voice.who.clone());
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
fn heads_of_architecture(json: &Value, width: usize) -> Option<Voice<usize>> {
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
    voice(&format!("config.json ({name})"), Some(heads))
}
