//! The video encoders a model can have, behind one face.
//!
//! The section `video` of `config.json` and of a run file says which by its `kind`; without one it
//! is a TimeSformer.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::ModelError;
use crate::c3d::{C3d, C3dConfig};
use crate::clip::{ClipVision, ClipVisionConfig};
use crate::clip_feature::ClipFeature;
use crate::clip_patches::ClipPatches;
use crate::dinov2::{Dinov2, Dinov2Config};
use crate::encoder_cost::{ClipSize, EncoderCost};
use crate::initialiser::Initialiser;
use crate::kind_section::KindSection;
use crate::siglip::{SiglipVision, SiglipVisionConfig};
use crate::timesformer::{TimeSformer, TimeSformerConfig};
use crate::video_tower::{VideoTower, VideoTowerConfig};

/// Which video encoder, and its sizes.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[schemars(transform = crate::kind_schema::without_kind_the_first)]
#[non_exhaustive]
pub enum VideoEncoderConfig {
    /// `kind = "timesformer"`: the paper's (§A.3).
    TimeSformer(TimeSformerConfig),
    /// `kind = "clip"`: CLIP's image tower (§A.3).
    Clip(ClipVisionConfig),
    /// `kind = "siglip"`: SigLIP's image tower.
    Siglip(SiglipVisionConfig),
    /// `kind = "c3d"`: C3D up to `fc6` (§A.9), for features.
    C3d(C3dConfig),
    /// `kind = "dinov2"`: DINOv2's picture tower, frame by frame.
    Dinov2(Dinov2Config),
}

impl Default for VideoEncoderConfig {
    fn default() -> Self {
        Self::TimeSformer(TimeSformerConfig::default())
    }
}

impl From<TimeSformerConfig> for VideoEncoderConfig {
    fn from(config: TimeSformerConfig) -> Self {
        Self::TimeSformer(config)
    }
}

impl From<ClipVisionConfig> for VideoEncoderConfig {
    fn from(config: ClipVisionConfig) -> Self {
        Self::Clip(config)
    }
}

impl From<SiglipVisionConfig> for VideoEncoderConfig {
    fn from(config: SiglipVisionConfig) -> Self {
        Self::Siglip(config)
    }
}

impl From<C3dConfig> for VideoEncoderConfig {
    fn from(config: C3dConfig) -> Self {
        Self::C3d(config)
    }
}

impl From<Dinov2Config> for VideoEncoderConfig {
    fn from(config: Dinov2Config) -> Self {
        Self::Dinov2(config)
    }
}

impl<'de> Deserialize<'de> for VideoEncoderConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let section = KindSection::deserialize(deserializer)?;
        match section.kind.as_deref() {
            None | Some("timesformer") => Ok(Self::TimeSformer(section.read()?)),
            Some("clip") => Ok(Self::Clip(section.read()?)),
            Some("siglip") => Ok(Self::Siglip(section.read()?)),
            Some("c3d") => Ok(Self::C3d(section.read()?)),
            Some("dinov2") => Ok(Self::Dinov2(section.read()?)),
            Some(other) => {
                let kinds = &["timesformer", "clip", "siglip", "c3d", "dinov2"];
                Err(D::Error::unknown_variant(other, kinds))
            }
        }
    }
}

impl VideoEncoderConfig {
    fn config(&self) -> &dyn VideoTowerConfig {
        match self {
            Self::TimeSformer(config) => config,
            Self::Clip(config) => config,
            Self::Siglip(config) => config,
            Self::C3d(config) => config,
            Self::Dinov2(config) => config,
        }
    }

    /// Side of the square frames, pixels.
    pub fn image_size(&self) -> usize {
        self.config().image_size()
    }

    /// Side of the patches that [`ClipPatches`] must be cut into, pixels.
    pub fn patch_size(&self) -> usize {
        self.config().patch_size()
    }

    /// Frames of a clip.
    pub fn num_frames(&self) -> usize {
        self.config().num_frames()
    }

    /// Frames of a picture's clip: one where the encoder takes clips of any length, else the picture
    /// again and again (§A.2).
    pub fn num_picture_frames(&self) -> usize {
        self.config().num_picture_frames()
    }

    /// Width of a clip's feature, `d`.
    pub fn width(&self) -> usize {
        self.config().width()
    }

    /// Standard deviation of the initial weights.
    pub fn initializer_range(&self) -> f64 {
        self.config().initializer_range()
    }

    /// Name and size, for people.
    pub fn summary(&self) -> String {
        self.config().summary()
    }

    /// # Errors
    /// When a size cannot be used, or two contradict each other; the message names them.
    pub fn check(&self) -> Result<(), ModelError> {
        self.config().check()
    }

    /// How many numbers its large parameters have, by its sizes alone.
    pub(crate) fn least_weights(&self) -> u128 {
        self.config().least_weights()
    }

    /// What `rows` clips cost that go through it together.
    pub(crate) fn cost(&self, rows: usize, clip: ClipSize) -> EncoderCost {
        self.config().cost(rows, clip)
    }

    /// Clips of this size that go through it at once in a step of two passes.
    pub(crate) fn clips_at_once(&self, clip: ClipSize) -> usize {
        self.config().clips_at_once(clip)
    }

    pub(crate) fn init(&self, random: &mut Initialiser) -> VideoEncoder {
        match self {
            Self::TimeSformer(config) => {
                VideoEncoder::TimeSformer(KeyedTimeSformer { timesformer: config.init(random) })
            }
            Self::Clip(config) => VideoEncoder::Clip(KeyedClip { clip: config.init(random) }),
            Self::Siglip(config) => {
                VideoEncoder::Siglip(KeyedSiglip { siglip: config.init(random) })
            }
            Self::C3d(config) => VideoEncoder::C3d(KeyedC3d { c3d: config.init(random) }),
            Self::Dinov2(config) => {
                VideoEncoder::Dinov2(KeyedDinov2 { dinov2: config.init(random) })
            }
        }
    }
}

/// One of the video encoders; the structs in between give the parameters their prefixes.
#[derive(Module, Debug)]
pub(crate) enum VideoEncoder {
    TimeSformer(KeyedTimeSformer),
    Clip(KeyedClip),
    Siglip(KeyedSiglip),
    C3d(KeyedC3d),
    Dinov2(KeyedDinov2),
}

#[derive(Module, Debug)]
pub(crate) struct KeyedTimeSformer {
    /// `timesformer.*`
    timesformer: TimeSformer,
}

#[derive(Module, Debug)]
pub(crate) struct KeyedClip {
    /// `clip.vision_model.*` and `clip.visual_projection.weight`
    clip: ClipVision,
}

#[derive(Module, Debug)]
pub(crate) struct KeyedSiglip {
    /// `siglip.vision_model.*`
    siglip: SiglipVision,
}

#[derive(Module, Debug)]
pub(crate) struct KeyedC3d {
    /// `c3d.*`
    c3d: C3d,
}

#[derive(Module, Debug)]
pub(crate) struct KeyedDinov2 {
    /// `dinov2.*`
    dinov2: Dinov2,
}

impl VideoEncoder {
    pub(crate) fn tower(&self) -> &dyn VideoTower {
        match self {
            Self::TimeSformer(keyed) => &keyed.timesformer,
            Self::Clip(keyed) => &keyed.clip,
            Self::Siglip(keyed) => &keyed.siglip,
            Self::C3d(keyed) => &keyed.c3d,
            Self::Dinov2(keyed) => &keyed.dinov2,
        }
    }

    /// Features of clips.
    ///
    /// # Shapes
    /// - `clips`: `r` clips; returns `[r, d]`
    pub(crate) fn clip_features(&self, clips: ClipPatches, feature: ClipFeature) -> Tensor<2> {
        self.tower().clip_features(clips, feature)
    }
}
