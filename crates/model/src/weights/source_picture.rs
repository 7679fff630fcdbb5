//! How the programs of a checkpoint make its pictures, from the files beside it: what is scaled to what
//! length, how, and how the centre is cut.
//!
//! Hugging Face's `preprocessor_config.json`, timm's `pretrained_cfg` in `config.json` and open_clip's
//! `preprocess_cfg` in `open_clip_config.json` are read as those programs read them (transformers 5.23,
//! timm 1.0, open_clip 3.3). Where a file is silent its program's own default holds. Programs that scale
//! tensors without looking at all pixels (the original TimeSformer, Frozen-in-Time, MMAction) have no
//! way of their own here: `fast` is taken for them.

use locvtp_video::{Interpolation, Scaling};
use serde_json::{Value, json};

use super::import_settings::ImportSettings;
use super::known_values::{Values, stated_by};
use super::open_clip_config;
use super::source::{OpenClipFiles, Source};
use super::usual_pictures::UsualPictures;
use crate::{Fit, ModelError};

const HUGGING_FACE_FILE: &str = "preprocessor_config.json";
const TIMM_FILE: &str = "config.json";

/// The side of the square that an image processor of Hugging Face cuts when its file names none.
const HUGGING_FACE_CUT: u64 = 224;
/// The share of the scaled side that timm keeps of models whose file names none.
const TIMM_CROP_PCT: f64 = 0.875;

/// From a frame to a square of `image_size`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SourcePicture {
    /// What the short side, or both, are scaled to, pixels.
    pub(super) short_side: usize,
    pub(super) fit: Fit,
    pub(super) interpolation: Interpolation,
    pub(super) scaling: Scaling,
}

/// The same as a file says it, its program's own defaults included.
struct StatedPicture {
    file: &'static str,
    short_side: Option<usize>,
    fit: Fit,
    interpolation: Option<Interpolation>,
    scaling: Scaling,
}

/// `preprocess_cfg` of open_clip; nothing where its files do not speak of the checkpoint.
pub(super) fn open_clip_settings(source: &Source) -> Result<Value, ModelError> {
    if source.row.open_clip == OpenClipFiles::Unasked {
        return Ok(Value::Null);
    }
    let file = source.json_beside(open_clip_config::FILE)?;
    // A file without the section, or of the model alone: open_clip's defaults.
    let said = &file["preprocess_cfg"];
    let is_silent = said.is_null() && !file.is_null();
    Ok(if is_silent { json!({}) } else { said.clone() })
}

impl SourcePicture {
    /// Of a source, for an encoder of this image size. What no file says and nobody typed is `usual`.
    ///
    /// # Errors
    /// When a file asks for what is not done here, or says otherwise than what was typed; the message
    /// names file and key.
    pub(super) fn of(
        source: &Source,
        usual: &UsualPictures,
        image_size: usize,
        settings: &ImportSettings,
        values: &mut Values<'_>,
    ) -> Result<Self, ModelError> {
        let said = said(source, image_size)?;
        let file = said.as_ref().map_or("", |said| said.file);
        let reason = usual.whose;
        let by_file = stated_by(file, said.as_ref().and_then(|said| said.interpolation));
        let typed = stated_by("--interpolation", settings.interpolation);
        let found = values.agreed("interpolation", [typed, by_file])?;
        let guess = usual.interpolation;
        let interpolation =
            values.or_guess(found, "interpolation", "--interpolation", guess, reason);
        let by_file = stated_by(file, said.as_ref().and_then(|said| said.short_side));
        let typed = stated_by("--short-side", settings.short_side);
        let found = values.agreed("short side", [typed, by_file])?;
        let guess = (usual.short_side)(image_size);
        let short_side = values.or_guess(found, "short side", "--short-side", guess, reason);
        let (fit, scaling) =
            said.map_or((usual.fit, usual.scaling), |said| (said.fit, said.scaling));
        Ok(Self { short_side, fit, interpolation, scaling })
    }
}

/// What the first file that is there says; none where there is none.
fn said(source: &Source, image_size: usize) -> Result<Option<StatedPicture>, ModelError> {
    let open_clip = open_clip_settings(source)?;
    if open_clip.is_object() && source.row.open_clip == OpenClipFiles::First {
        return of_open_clip(source, &open_clip, image_size).map(Some);
    }
    let hugging_face = source.json_beside(HUGGING_FACE_FILE)?;
    if hugging_face.is_object() {
        return of_hugging_face(source, &hugging_face, image_size).map(Some);
    }
    if open_clip.is_object() {
        return of_open_clip(source, &open_clip, image_size).map(Some);
    }
    let timm = source.json_beside(TIMM_FILE)?["pretrained_cfg"].take();
    timm.is_object().then(|| of_timm(source, &timm, image_size)).transpose()
}

fn of_open_clip(
    source: &Source,
    said: &Value,
    image_size: usize,
) -> Result<StatedPicture, ModelError> {
    let fit = match said["resize_mode"].as_str() {
        None | Some("shortest") => Fit::ShortSide,
        Some("squash") => Fit::Squash,
        Some(_) => {
            let key = "preprocess_cfg.resize_mode";
            return Err(unknown(
                source,
                open_clip_config::FILE,
                key,
                &said["resize_mode"],
                FITS_OPEN_CLIP,
            ));
        }
    };
    let interpolation = match said["interpolation"].as_str() {
        Some("bilinear") => Interpolation::Bilinear,
        // `random` is training's.
        None | Some("bicubic" | "random") => Interpolation::Bicubic,
        Some(_) => {
            let key = "preprocess_cfg.interpolation";
            let found = &said["interpolation"];
            return Err(unknown(source, open_clip_config::FILE, key, found, INTERPOLATIONS));
        }
    };
    Ok(StatedPicture {
        file: open_clip_config::FILE,
        short_side: Some(image_size),
        fit,
        interpolation: Some(interpolation),
        scaling: Scaling::Torchvision,
    })
}

fn of_timm(source: &Source, said: &Value, image_size: usize) -> Result<StatedPicture, ModelError> {
    let fit = match said["crop_mode"].as_str() {
        None | Some("center") => Fit::ShortSide,
        Some("squash") => Fit::Squash,
        Some(_) => {
            let key = "pretrained_cfg.crop_mode";
            return Err(unknown(source, TIMM_FILE, key, &said["crop_mode"], FITS_TIMM));
        }
    };
    let interpolation = match said["interpolation"].as_str() {
        Some("bilinear") => Interpolation::Bilinear,
        None | Some("bicubic") => Interpolation::Bicubic,
        Some(_) => {
            let key = "pretrained_cfg.interpolation";
            return Err(unknown(source, TIMM_FILE, key, &said["interpolation"], INTERPOLATIONS));
        }
    };
    let crop_pct = match &said["crop_pct"] {
        Value::Null => TIMM_CROP_PCT,
        said => said.as_f64().filter(|pct| *pct > 0.0 && *pct <= 1.0).ok_or_else(|| {
            let expected = "a share of the side above 0 and up to 1 is expected";
            unknown(source, TIMM_FILE, "pretrained_cfg.crop_pct", said, expected)
        })?,
    };
    Ok(StatedPicture {
        file: TIMM_FILE,
        short_side: Some(timm_side(image_size, crop_pct)),
        fit,
        interpolation: Some(interpolation),
        scaling: Scaling::Torchvision,
    })
}

/// What timm scales to, of which it keeps a share, pixels.
pub(crate) fn timm_side(image_size: usize, crop_pct: f64) -> usize {
    (image_size as f64 / crop_pct).floor() as usize
}

fn of_hugging_face(
    source: &Source,
    said: &Value,
    image_size: usize,
) -> Result<StatedPicture, ModelError> {
    let interpolation = match &said["resample"] {
        Value::Null => None,
        said => match said.as_u64() {
            Some(2) => Some(Interpolation::Bilinear),
            Some(3) => Some(Interpolation::Bicubic),
            _ => {
                return Err(unknown(source, HUGGING_FACE_FILE, "resample", said, INTERPOLATIONS));
            }
        },
    };
    // ViT's and SigLIP's processors scale to the size and cut nothing; those of CLIP and VideoMAE cut.
    let kind = ["image_processor_type", "feature_extractor_type"];
    let squashes = kind.iter().any(|key| {
        let squashing = |it: &str| it.starts_with("ViT") || it.starts_with("Siglip");
        said[*key].as_str().is_some_and(squashing)
    });
    let cuts = said["do_center_crop"].as_bool().unwrap_or(!squashes);
    let size = &said["size"];
    let refused = || unknown(source, HUGGING_FACE_FILE, "size", size, SIZES);
    let by_kind = if squashes { Fit::Squash } else { Fit::ShortSide };
    let (fit, scaled) = match (size, size.as_u64(), size["shortest_edge"].as_u64()) {
        (Value::Null, ..) => (by_kind, None),
        (_, Some(side), _) => (by_kind, Some(side)),
        (_, _, Some(_)) if !size["longest_edge"].is_null() => return Err(refused()),
        (_, _, Some(side)) => (Fit::ShortSide, Some(side)),
        _ => match (size["height"].as_u64(), size["width"].as_u64()) {
            (Some(height), Some(width)) if height == width => (Fit::Squash, Some(height)),
            _ => return Err(refused()),
        },
    };
    let cut = &said["crop_size"];
    let cut = cut.as_u64().or_else(|| cut["height"].as_u64()).unwrap_or(HUGGING_FACE_CUT);
    // The side is given for a cut of its own size; a cut of another size takes the same part.
    let short_side = match scaled {
        Some(side) if cuts && cut > 0 && side >= cut => {
            Some((image_size as f64 * side as f64 / cut as f64).round() as usize)
        }
        Some(_) => Some(image_size),
        None => None,
    };
    // Its files beside the checkpoint of another program say that the two are used together.
    Ok(StatedPicture {
        file: HUGGING_FACE_FILE,
        short_side,
        fit,
        interpolation,
        scaling: Scaling::HuggingFace,
    })
}

const INTERPOLATIONS: &str = "pictures are scaled bilinearly or bicubically here; write 2 (or \
    \"bilinear\") or 3 (or \"bicubic\") there, whichever is nearer, and expect features a little off";
const SIZES: &str = "a short side (\"shortest_edge\") or a square (\"height\" and \"width\") is read \
    here; write {\"shortest_edge\": 224} there, or the side of the model, and expect features a little off";
const FITS_TIMM: &str = "\"center\" and \"squash\" are done here, and no picture is padded; write \
    \"center\" there, and expect features a little off";
const FITS_OPEN_CLIP: &str = "\"shortest\" and \"squash\" are done here, and no picture is padded; write \
    \"shortest\" there, and expect features a little off";

/// The error for a value that is not done here; `expected` says what is, and after `;` the way out.
fn unknown(source: &Source, file: &str, key: &str, found: &Value, expected: &str) -> ModelError {
    let (done, way_out) = expected.split_once("; ").unwrap_or((expected, "correct it there"));
    ModelError::ForeignWeights {
        path: source.folder.join(file),
        reason: format!("`{key}` is {found}, and {done}"),
        way_out: way_out.into(),
    }
}
