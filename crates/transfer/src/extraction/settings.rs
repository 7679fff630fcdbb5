//! Where clips begin and which features are taken of them.

use std::path::Path;

use locvtp_features::Provenance;
use locvtp_model::{LocVtpConfig, Preprocessing};
use locvtp_video::sampling::SHORTEST_STRIDE_S;
use locvtp_video::{ClipStride, LONGEST_VIDEO_S, Seconds, VideoOpener};
use serde::{Deserialize, Serialize};

use crate::error::TransferError;
use crate::model_fingerprint::weights_fingerprint;
use crate::setting_error::SettingError;

/// What the encoder computes with.
const PRECISION: &str = "f32";

/// Which features of a clip are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeatureSpace {
    /// The video encoder's own, `d` wide.
    Backbone,
    /// In the joint space with words, as the projection gives them: not of unit length. The authors'
    /// release feeds these to 2D-TAN (§A.9).
    Projected,
    /// Red, green and blue of all pixels of the clip, `0..=1`: nothing of the model, and a baseline
    /// that every probe of its features should beat.
    MeanColour,
}

impl FeatureSpace {
    /// Its name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Backbone => "backbone",
            Self::Projected => "projected",
            Self::MeanColour => "mean-colour",
        }
    }
}

/// How features are extracted.
#[derive(Clone, Debug)]
pub struct ExtractSettings {
    /// Which features; none for [`FeatureSpace::Projected`] where the model has a joint space, and
    /// [`FeatureSpace::Backbone`] where it has not.
    pub space: Option<FeatureSpace>,
    /// From the start of a clip to the start of the next.
    pub stride: ClipStride,
    /// Clips of neighbouring frames, whatever the model directory says: the paper's downstream
    /// tasks take 16 (§A.2).
    pub consecutive: bool,
    /// Clips that go through the encoder together; none for as many as the model's size suggests.
    pub batch: Option<usize>,
    /// Threads that decode, each another video.
    pub decode_threads: usize,
    /// What features are called in HDF5.
    pub dataset: String,
    /// Leave out what the output holds already.
    pub fresh: bool,
    /// How video files are opened.
    pub opener: VideoOpener,
    /// Leave out clips that touch a missing or damaged span, and not the whole video.
    pub skip_damaged: bool,
    /// Of a model that sees single frames: a frame that does not differ from the one before, but for what
    /// coding changes, takes its features and is not encoded.
    pub take_over_stills: bool,
}

impl Default for ExtractSettings {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            space: None,
            stride: ClipStride::Clip,
            consecutive: false,
            batch: None,
            // The encoder wants them too, and waits for decoders only where the model is small.
            decode_threads: processors.div_ceil(2).min(8),
            dataset: locvtp_features::DEFAULT_DATASET.to_owned(),
            fresh: false,
            opener: VideoOpener::default(),
            skip_damaged: false,
            take_over_stills: false,
        }
    }
}

impl ExtractSettings {
    /// # Errors
    /// When a setting cannot be used; the message names it.
    pub fn check(&self) -> Result<(), SettingError> {
        let setting = |key, found: String, expected| Err(SettingError { key, found, expected });
        match self.stride {
            ClipStride::Frames(0) => {
                return setting("stride", "0 frames".into(), "1 frame or more");
            }
            ClipStride::Time(Seconds(s)) if !(SHORTEST_STRIDE_S..=LONGEST_VIDEO_S).contains(&s) => {
                return setting("stride", format!("{s} s"), "seconds from 0.001 to 1000000");
            }
            _ => {}
        }
        if self.batch == Some(0) {
            return setting("batch", "0".into(), "1 or more");
        }
        if self.decode_threads == 0 {
            return setting("decode_threads", "0".into(), "1 or more");
        }
        Ok(())
    }

    /// How videos become clips: the model directory's way, or neighbouring frames.
    pub fn preprocessing(&self, of_model: &Preprocessing) -> Preprocessing {
        let mut preprocessing = of_model.clone();
        if self.consecutive {
            preprocessing.clip_duration_s = 0.0;
        }
        preprocessing
    }

    /// The features that are taken of this model.
    ///
    /// # Errors
    /// For projected features of a model that has no joint space.
    pub fn space_of(&self, config: &LocVtpConfig) -> Result<FeatureSpace, SettingError> {
        let joint = config.has_joint_space();
        match self.space {
            Some(FeatureSpace::Projected) if !joint => Err(SettingError {
                key: "space",
                found: "projected".into(),
                expected: "backbone: this model has no text encoder, so no joint space",
            }),
            Some(space) => Ok(space),
            None if joint => Ok(FeatureSpace::Projected),
            None => Ok(FeatureSpace::Backbone),
        }
    }

    /// What the features' file says of them.
    ///
    /// # Errors
    /// When the model's files cannot be read, or it has not these features.
    pub fn provenance(
        &self,
        config: &LocVtpConfig,
        of_model: &Preprocessing,
        model_dir: &Path,
    ) -> Result<Provenance, TransferError> {
        let preprocessing = self.preprocessing(of_model);
        let (frames, seconds) = (preprocessing.num_frames, preprocessing.clip_duration_s);
        let clip = if seconds == 0.0 {
            format!("{frames} consecutive frames")
        } else {
            format!("{frames} frames over {seconds} s")
        };
        let stride = match preprocessing.stride(self.stride) {
            ClipStride::Clip if seconds == 0.0 => format!("{frames} frames"),
            ClipStride::Clip => format!("{seconds} s"),
            ClipStride::Frames(n) => format!("{n} frames"),
            ClipStride::Time(Seconds(s)) => format!("{s} s"),
        };
        let space = self.space_of(config)?;
        let weights = match space {
            // They are nothing of the model.
            FeatureSpace::MeanColour => Provenance::NO_WEIGHTS.to_owned(),
            _ => weights_fingerprint(model_dir)?,
        };
        Ok(Provenance {
            model: model_dir.display().to_string(),
            weights,
            space: space.name().to_owned(),
            clip,
            stride,
            preprocessing: serde_json::to_string(&preprocessing).expect("plain data"),
            precision: PRECISION.to_owned(),
        })
    }
}
