//! The whole model: two encoders, two projection heads, one context-warping head.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::context_warp::{ContextWarp, ContextWarpConfig};
use crate::distilbert::{DistilBert, DistilBertConfig, TokenBatch};
use crate::initialiser::Initialiser;
use crate::loss::VideoTextEmbeddings;
use crate::projection::{Projection, ProjectionConfig};
use crate::timesformer::{ClipPatches, TimeSformer, TimeSformerConfig};

/// Which tokens of the video encoder make the feature of a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClipFeature {
    /// The class token, as the paper's encoder gives it.
    Class,
    /// The mean of the patches.
    MeanPatch,
    /// The sum of the two: small models trained from nothing learn sooner with it.
    ClassPlusMeanPatch,
}

/// Everything that fixes the shape of the model: the contents of `config.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LocVtpConfig {
    /// The video encoder.
    pub video: TimeSformerConfig,
    /// The text encoder.
    pub text: DistilBertConfig,
    /// The joint space.
    pub projection: ProjectionConfig,
    /// The context-warping head.
    pub context_warp: ContextWarpConfig,
    /// Which tokens make the feature of a clip.
    pub clip_feature: ClipFeature,
}

impl Default for LocVtpConfig {
    /// The paper's sizes.
    fn default() -> Self {
        Self {
            video: TimeSformerConfig::default(),
            text: DistilBertConfig::default(),
            projection: ProjectionConfig::default(),
            context_warp: ContextWarpConfig::default(),
            clip_feature: ClipFeature::Class,
        }
    }
}

impl LocVtpConfig {
    /// # Errors
    /// When a size cannot be used, or two contradict each other; the message names them.
    pub fn check(&self) -> Result<(), ModelError> {
        let setting = |key: &str, found: String, expected| {
            Err(ModelError::Setting { key: key.into(), found, expected })
        };
        let (video, text) = (&self.video, &self.text);
        for (key, size) in [
            ("video.num_frames", video.num_frames),
            ("video.hidden_size", video.hidden_size),
            ("video.intermediate_size", video.intermediate_size),
            ("text.vocab_size", text.vocab_size),
            ("text.dim", text.dim),
            ("text.hidden_dim", text.hidden_dim),
            ("projection.dim", self.projection.dim),
        ] {
            if size == 0 {
                return setting(key, "0".into(), "1 or more");
            }
        }
        if video.num_channels != 3 {
            let found = video.num_channels.to_string();
            return setting("video.num_channels", found, "3: videos are decoded to RGB");
        }
        if text.max_position_embeddings < 3 {
            return setting(
                "text.max_position_embeddings",
                text.max_position_embeddings.to_string(),
                "3 or more: [CLS], a word and [SEP]",
            );
        }
        for (key, value) in [
            ("video.layer_norm_eps", video.layer_norm_eps),
            ("video.initializer_range", video.initializer_range),
            ("video.embedding_range", video.embedding_range),
            ("text.layer_norm_eps", text.layer_norm_eps),
            ("text.initializer_range", text.initializer_range),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return setting(key, value.to_string(), "a number, 0 or more");
            }
        }
        if !(0.0..1.0).contains(&self.projection.dropout) {
            let found = self.projection.dropout.to_string();
            return setting("projection.dropout", found, "a probability from 0 to below 1");
        }
        let warp = &self.context_warp;
        if warp.scale_magnitude && warp.max_distance == 0 {
            return Err(ModelError::Contradiction {
                first: "context_warp.scale_magnitude".into(),
                second: "context_warp.max_distance".into(),
                reason: "nothing can be divided by a distance of 0; raise max_distance".into(),
            });
        }
        video.check()?;
        text.check()
    }

    /// A model with random weights that depend on `seed` alone.
    pub fn init(&self, seed: u64, device: &Device) -> LocVtp {
        let random = &mut Initialiser::new(seed, device);
        let e = self.projection.dim;
        let video_std = self.video.initializer_range;
        let text_std = self.text.initializer_range;
        LocVtp {
            timesformer: self.video.init(random),
            distilbert: self.text.init(random),
            video_projection: self.projection.init(self.video.hidden_size, video_std, random),
            text_projection: self.projection.init(self.text.dim, text_std, random),
            context_warp: self.context_warp.init(e, random),
            patch_size: self.video.patch_size,
            clip_feature: self.clip_feature as usize,
        }
    }
}

/// LocVTP.
#[derive(Module, Debug)]
pub struct LocVtp {
    /// `timesformer.*`
    timesformer: TimeSformer,
    /// `distilbert.*`
    distilbert: DistilBert,
    /// `video_projection.*`
    video_projection: Projection,
    /// `text_projection.*`
    text_projection: Projection,
    /// `context_warp.*`
    context_warp: ContextWarp,
    patch_size: usize,
    clip_feature: usize,
}

impl LocVtp {
    /// Side of the patches that [`ClipPatches`] must be cut into.
    pub fn patch_size(&self) -> usize {
        self.patch_size
    }

    /// The context-warping head.
    pub fn context_warp(&self) -> &ContextWarp {
        &self.context_warp
    }

    /// Clip features in the encoder's width.
    ///
    /// # Shapes
    /// - `clips`: `r` clips; returns `[r, d]`
    pub fn backbone_clips(&self, clips: ClipPatches) -> Tensor<2> {
        let hidden = self.timesformer.forward(clips);
        let [r, n, d] = hidden.dims();
        let class = || hidden.clone().narrow(1, 0, 1).reshape([r, d]);
        let mean = || hidden.clone().narrow(1, 1, n - 1).mean_dim(1).reshape([r, d]);
        if self.clip_feature == ClipFeature::Class as usize {
            class()
        } else if self.clip_feature == ClipFeature::MeanPatch as usize {
            mean()
        } else {
            class() + mean()
        }
    }

    /// Projected clips, not of unit length.
    ///
    /// # Shapes
    /// - `clips`: `r` clips; returns `[r, e]`
    pub fn embed_clips(&self, clips: ClipPatches) -> Tensor<2> {
        self.video_projection.forward(self.backbone_clips(clips))
    }

    /// Projected words, not of unit length: `[CLS]` is dropped, `[SEP]` and padding lie behind the
    /// words.
    ///
    /// # Shapes
    /// - `tokens`: `b` sentences of `n + 2` padded tokens
    /// - returns `[b, n, e]`; the number of words of sentence `i` is `tokens.lengths[i] - 2`
    pub fn embed_words(&self, tokens: &TokenBatch) -> Tensor<3> {
        let hidden = self.distilbert.forward(tokens);
        let n = tokens.padded_length - 2;
        self.text_projection.forward(hidden.narrow(1, 1, n))
    }

    /// A batch of pairs: `b` videos of `t` clips each and their sentences.
    ///
    /// # Panics
    /// When the clips are not a multiple of the sentences.
    pub fn forward(&self, clips: ClipPatches, tokens: &TokenBatch) -> VideoTextEmbeddings {
        let b = tokens.lengths.len();
        let clips = self.embed_clips(clips);
        let [r, e] = clips.dims();
        assert_eq!(r % b, 0, "{r} clips are not shared evenly by {b} sentences");
        VideoTextEmbeddings {
            clips: clips.reshape([b, r / b, e]),
            words: self.embed_words(tokens),
            num_words: tokens.lengths.iter().map(|length| length - 2).collect(),
        }
    }
}
