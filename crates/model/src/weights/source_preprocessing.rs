//! How videos become clips for an imported encoder, from the files beside its checkpoint.

use serde_json::Value;

use super::import_settings::ImportSettings;
use super::known_values::{Values, stated_by};
use super::open_clip_config;
use super::source::Source;
use super::source_picture::{SourcePicture, open_clip_settings};
use super::usual_pictures::UsualPictures;
use crate::clip_patches::PixelNormalisation;
use crate::video_encoder::VideoEncoderConfig;
use crate::{ModelError, Preprocessing};

/// How videos become clips for a video encoder of `config`'s size; `usual` where no file says so.
///
/// # Errors
/// When `preprocessor_config.json`, `config.json` or `open_clip_config.json` ask for what is not
/// built here, or say otherwise than what was typed.
pub(super) fn preprocessing(
    source: &Source,
    usual: &UsualPictures,
    config: &VideoEncoderConfig,
    settings: &ImportSettings,
    values: &mut Values<'_>,
) -> Result<Preprocessing, ModelError> {
    let json = source.json_beside("preprocessor_config.json")?;
    let timm = &source.json_beside("config.json")?["pretrained_cfg"];
    let open_clip = open_clip_settings(source)?;
    let picture = SourcePicture::of(source, usual, config.image_size(), settings, values)?;
    let normalisation = normalisation(source, usual, [&json, timm, &open_clip], settings, values)?;
    let clip_duration_s = match usual.clip_seconds {
        Some(seconds) => seconds,
        None => values.or_guess(
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
    pictures: &UsualPictures,
    [json, timm, open_clip]: [&Value; 3],
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
    let (usual, reason) = (&pictures.normalisation, pictures.whose);
    let mut one = |setting, flag, typed, off, said: [Option<[f32; 3]>; 3], usual| {
        let [theirs, of_timm, of_open_clip] = said;
        let theirs = stated_by(file, if is_off { Some(off) } else { theirs });
        let said = theirs
            .or_else(|| stated_by("config.json", of_timm))
            .or_else(|| stated_by(open_clip_config::FILE, of_open_clip));
        let found = values.agreed(setting, [stated_by(flag, typed), said])?;
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
