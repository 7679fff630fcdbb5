//! The whole model: two encoders, two projection heads, one context-warping head.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::branch::{TextBranch, VideoBranch, num_words, project, words};
use crate::clip_feature::ClipFeature;
use crate::clip_patches::ClipPatches;
use crate::context_warp::{ContextWarp, ContextWarpConfig};
use crate::initialiser::Initialiser;
use crate::loss::VideoTextEmbeddings;
use crate::model_part::first_trained;
use crate::projection::{Projection, ProjectionConfig, ProjectionKind};
use crate::sentence_feature::SentenceFeature;
use crate::text_encoder::{TextEncoder, TextEncoderConfig};
use crate::token_batch::TokenBatch;
use crate::video_encoder::{VideoEncoder, VideoEncoderConfig};
use crate::weight_count::{sum, table};

/// Everything that fixes the shape of the model: the contents of `config.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LocVtpConfig {
    /// The video encoder.
    pub video: VideoEncoderConfig,
    /// The text encoder.
    pub text: TextEncoderConfig,
    /// The joint space.
    pub projection: ProjectionConfig,
    /// The context-warping head.
    pub context_warp: ContextWarpConfig,
    /// Which tokens make the feature of a clip.
    pub clip_feature: ClipFeature,
    /// Which tokens make the feature of a sentence.
    #[serde(skip_serializing_if = "SentenceFeature::is_default")]
    pub sentence_feature: SentenceFeature,
}

impl Default for LocVtpConfig {
    /// The paper's sizes.
    fn default() -> Self {
        Self {
            video: VideoEncoderConfig::default(),
            text: TextEncoderConfig::default(),
            projection: ProjectionConfig::default(),
            context_warp: ContextWarpConfig::default(),
            clip_feature: ClipFeature::Class,
            sentence_feature: SentenceFeature::default(),
        }
    }
}

impl LocVtpConfig {
    /// # Errors
    /// When a size cannot be used, or two contradict each other; the message names them.
    pub fn check(&self) -> Result<(), ModelError> {
        self.video.check()?;
        self.text.check()?;
        let setting = |key: &str, found: String, expected| {
            Err(ModelError::Setting { key: key.into(), found, expected })
        };
        if self.projection.dim == 0 {
            return setting("projection.dim", "0".into(), "1 or more");
        }
        if !(0.0..1.0).contains(&self.projection.dropout) {
            let found = self.projection.dropout.to_string();
            return setting("projection.dropout", found, "a probability from 0 to below 1");
        }
        if matches!(self.video, VideoEncoderConfig::C3d(_))
            && self.clip_feature != ClipFeature::Class
        {
            return Err(ModelError::Contradiction {
                first: "clip_feature".into(),
                second: "video.kind".into(),
                reason: "C3D has no tokens to choose from; leave clip_feature at \"class\"".into(),
            });
        }
        if self.has_joint_space() && self.projection.kind == ProjectionKind::Identity {
            for (first, width) in
                [("the video encoder", self.video.width()), ("the text encoder", self.text.width())]
            {
                if width != self.projection.dim {
                    return Err(ModelError::Contradiction {
                        first: "projection.kind".into(),
                        second: "projection.dim".into(),
                        reason: format!(
                            "an identity leaves the {width} numbers of {first} as they are, and \
                             the joint space has {}; set dim to {width}, or take a linear head",
                            self.projection.dim
                        ),
                    });
                }
            }
        }
        let warp = &self.context_warp;
        if warp.scale_magnitude && warp.max_distance == 0 {
            return Err(ModelError::Contradiction {
                first: "context_warp.scale_magnitude".into(),
                second: "context_warp.max_distance".into(),
                reason: "nothing can be divided by a distance of 0; raise max_distance".into(),
            });
        }
        Ok(())
    }

    /// How many numbers its large parameters have, by its sizes alone.
    pub(crate) fn least_weights(&self) -> u128 {
        let (dim, joint) = (self.projection.dim, self.has_joint_space());
        let head = |input| match self.projection.kind {
            _ if !joint => 0,
            ProjectionKind::Identity => 0,
            ProjectionKind::Linear => table(&[input, dim]),
            ProjectionKind::Residual => sum([table(&[input, dim]), table(&[dim, dim])]),
        };
        let warp = if joint { table(&[dim, dim]) } else { 0 };
        let (video, text) = (head(self.video.width()), head(self.text.width()));
        sum([self.video.least_weights(), self.text.least_weights(), video, text, warp])
    }

    /// Whether there is a joint space of clips and words; without a text encoder there is none.
    pub fn has_joint_space(&self) -> bool {
        !self.text.is_none()
    }

    /// Width of what [`LocVtp::embed_clips`] gives.
    pub fn embedding_width(&self) -> usize {
        if self.has_joint_space() { self.projection.dim } else { self.video.width() }
    }

    /// A model with random weights that depend on `seed` alone.
    pub fn init(&self, seed: u64, device: &Device) -> LocVtp {
        let random = &mut Initialiser::new(seed, device);
        let (video, text) = (self.video.init(random), self.text.init(random));
        self.with_heads(video, text, random)
    }

    /// A model whose encoders are to be filled from files: of them nothing is drawn.
    pub fn init_heads(&self, seed: u64, device: &Device) -> LocVtp {
        let blank = &mut Initialiser::blank(device);
        let (video, text) = (self.video.init(blank), self.text.init(blank));
        self.with_heads(video, text, &mut Initialiser::new(seed, device))
    }

    /// A model that is to be filled from a file: nothing is drawn.
    pub fn blank(&self, device: &Device) -> LocVtp {
        let blank = &mut Initialiser::blank(device);
        let (video, text) = (self.video.init(blank), self.text.init(blank));
        self.with_heads(video, text, blank)
    }

    fn with_heads(
        &self,
        video: VideoEncoder,
        text: Option<TextEncoder>,
        random: &mut Initialiser,
    ) -> LocVtp {
        let joint = self.has_joint_space();
        let head = |input, std, random: &mut Initialiser| {
            if joint { self.projection.init(input, std, random) } else { None }
        };
        LocVtp {
            video,
            text,
            video_projection: head(self.video.width(), self.video.initializer_range(), random),
            text_projection: head(self.text.width(), self.text.initializer_range(), random),
            context_warp: joint.then(|| self.context_warp.init(self.projection.dim, random)),
            patch_size: self.video.patch_size(),
            clip_feature: self.clip_feature,
        }
    }
}

/// LocVTP.
#[derive(Module, Debug)]
pub struct LocVtp {
    /// `timesformer.*`
    video: VideoEncoder,
    /// `distilbert.*`, `bert.*`; absent in a model of videos alone, as are the heads
    text: Option<TextEncoder>,
    /// `video_projection.*`, absent where the heads are identities
    video_projection: Option<Projection>,
    /// `text_projection.*`
    text_projection: Option<Projection>,
    /// `context_warp.*`
    context_warp: Option<ContextWarp>,
    patch_size: usize,
    #[module(skip)]
    clip_feature: ClipFeature,
}

impl LocVtp {
    /// Side of the patches that [`ClipPatches`] must be cut into.
    pub fn patch_size(&self) -> usize {
        self.patch_size
    }

    /// The video encoder and the text encoder; a model of videos alone has none of texts.
    pub(crate) fn encoders(&self) -> (&VideoEncoder, Option<&TextEncoder>) {
        (&self.video, self.text.as_ref())
    }

    /// The context-warping head; a model without a text encoder has none.
    pub fn context_warp(&self) -> Option<&ContextWarp> {
        self.context_warp.as_ref()
    }

    /// Clip features in the encoder's width.
    ///
    /// # Shapes
    /// - `clips`: `r` clips; returns `[r, d]`
    pub fn backbone_clips(&self, clips: ClipPatches) -> Tensor<2> {
        self.video.clip_features(clips, self.clip_feature)
    }

    /// Projected clips, not of unit length; without a text encoder those of the backbone.
    ///
    /// # Shapes
    /// - `clips`: `r` clips; returns `[r, e]`
    pub fn embed_clips(&self, clips: ClipPatches) -> Tensor<2> {
        self.project_clips(self.backbone_clips(clips))
    }

    /// Clip features brought from the encoder's width into the joint space.
    ///
    /// # Shapes
    /// - `features`: `[r, d]`; returns `[r, e]`
    pub fn project_clips(&self, features: Tensor<2>) -> Tensor<2> {
        project(self.video_projection.as_ref(), features)
    }

    /// Words in the text encoder's width: the first token (`[CLS]`) is dropped, the last (`[SEP]`)
    /// and padding lie behind the words.
    ///
    /// # Shapes
    /// - `tokens`: `b` sentences of `n + 2` padded tokens
    /// - returns `[b, n, d]`; the number of words of sentence `i` is `tokens.lengths[i] - 2`. A SigLIP has no first token,
    ///   so its words are one more
    ///
    /// # Panics
    /// When the model has no text encoder; its directory has no tokenizer to make tokens with.
    pub fn backbone_words(&self, tokens: &TokenBatch) -> Tensor<3> {
        let encoder = self.text_encoder();
        words(encoder.tower(), encoder.token_features(tokens), tokens)
    }

    /// Projected words, not of unit length; otherwise as [`LocVtp::backbone_words`].
    ///
    /// # Shapes
    /// - returns `[b, n, e]`
    ///
    /// # Panics
    /// As [`LocVtp::backbone_words`].
    pub fn embed_words(&self, tokens: &TokenBatch) -> Tensor<3> {
        project(self.text_projection.as_ref(), self.backbone_words(tokens))
    }

    /// Projected last tokens, not of unit length: whole sentences of a model whose
    /// [`SentenceFeature`] they are.
    ///
    /// # Shapes
    /// - returns `[b, e]`
    ///
    /// # Panics
    /// As [`LocVtp::backbone_words`].
    pub fn embed_last_tokens(&self, tokens: &TokenBatch) -> Tensor<2> {
        let all = self.text_encoder().token_features(tokens);
        project(self.text_projection.as_ref(), self.last_tokens(&all, tokens))
    }

    /// Both of one pass through the text encoder: what [`LocVtp::embed_words`] and
    /// [`LocVtp::embed_last_tokens`] give.
    ///
    /// # Panics
    /// As [`LocVtp::backbone_words`].
    pub fn embed_words_and_last_tokens(&self, tokens: &TokenBatch) -> (Tensor<3>, Tensor<2>) {
        let encoder = self.text_encoder();
        let all = encoder.token_features(tokens);
        let last = self.last_tokens(&all, tokens);
        let projection = self.text_projection.as_ref();
        (project(projection, words(encoder.tower(), all, tokens)), project(projection, last))
    }

    fn last_tokens(&self, all: &Tensor<3>, tokens: &TokenBatch) -> Tensor<2> {
        let [_, _, d] = all.dims();
        let last = |(row, length): (usize, &usize)| {
            let place = self.text_encoder().tower().sentence_place(*length, tokens.padded_length);
            all.clone().narrow(0, row, 1).narrow(1, place, 1).reshape([1, d])
        };
        Tensor::cat(tokens.lengths.iter().enumerate().map(last).collect(), 0)
    }

    /// The text encoder's own vectors of whole sentences, in its width and as its makers compare them: of a
    /// sentence model its pooled tokens, of CLIP the last token, not of unit length; [`None`] where the encoder
    /// has none.
    ///
    /// # Shapes
    /// - returns `[b, d]`
    ///
    /// # Panics
    /// As [`LocVtp::backbone_words`].
    pub fn backbone_sentences(&self, tokens: &TokenBatch) -> Option<Tensor<2>> {
        self.text_encoder().tower().own_sentences(tokens)
    }

    fn text_encoder(&self) -> &TextEncoder {
        self.text.as_ref().expect("a model that is given words has a text encoder")
    }

    /// The half of the clips, in parts.
    pub(crate) fn video_branch(&self) -> VideoBranch<'_> {
        VideoBranch {
            tower: self.video.tower(),
            head: self.video_projection.as_ref(),
            feature: self.clip_feature,
        }
    }

    /// How deep in the half of the videos and in that of the words the first part lies that learns, as
    /// [`first_trained`] counts.
    pub(crate) fn first_trained(&self) -> [Option<usize>; 2] {
        let video_head = self.video_projection.as_ref();
        let text_head = self.text_projection.as_ref();
        let text = self
            .text
            .as_ref()
            .and_then(|text| first_trained(text, text_head, text.tower().num_blocks()));
        [first_trained(&self.video, video_head, self.video.tower().num_blocks()), text]
    }

    /// The half of the words, in parts.
    ///
    /// # Panics
    /// As [`LocVtp::backbone_words`].
    pub(crate) fn text_branch(&self) -> TextBranch<'_> {
        TextBranch { tower: self.text_encoder().tower(), head: self.text_projection.as_ref() }
    }

    /// A batch of pairs: `b` videos of `t` clips each and their sentences.
    ///
    /// # Panics
    /// When the clips are not a multiple of the sentences, or as [`LocVtp::embed_words`].
    pub fn forward(&self, clips: ClipPatches, tokens: &TokenBatch) -> VideoTextEmbeddings {
        let b = tokens.lengths.len();
        let clips = self.embed_clips(clips);
        let [r, e] = clips.dims();
        assert_eq!(r % b, 0, "{r} clips are not shared evenly by {b} sentences");
        VideoTextEmbeddings {
            clips: clips.reshape([b, r / b, e]),
            words: self.embed_words(tokens),
            num_words: num_words(self.text_encoder().tower(), tokens),
        }
    }
}
