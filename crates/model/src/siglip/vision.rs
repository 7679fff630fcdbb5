//! SigLIP's image tower on clips.
//!
//! Axes: `b` clips, `f` frames, `p` patches of a frame, `d` width, which is that of the joint space, too; tokens are
//! the patches, with the frames of a position next to each other (`n = p f`). A clip's feature is the mean of what the
//! pooling head gives for its frames. Without temporal attention every frame is a clip of one frame; with one that adds
//! nothing the feature is the same.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::SiglipVisionConfig;
use super::pooling_head::PoolingHead;
use crate::clip::ClipTime;
use crate::clip::layer::Layer;
use crate::clip_feature::ClipFeature;
use crate::clip_patches::ClipPatches;
use crate::initialiser::Initialiser;
use crate::layers::{Embedding, LayerNorm};
use crate::ops::{self, Sequences};
use crate::timesformer::{TemporalInit, nearest};
use crate::video_tower::VideoTower;

/// The image tower.
#[derive(Module, Debug)]
pub struct SiglipVision {
    /// `vision_model.*`
    vision_model: VisionModel,
    num_heads: usize,
    patch_size: usize,
    #[module(skip)]
    time: ClipTime,
}

#[derive(Module, Debug)]
struct VisionModel {
    /// `embeddings.*`
    embeddings: Embeddings,
    /// `encoder.layers.{i}.*`
    encoder: Encoder,
    /// `post_layernorm.*`
    post_layernorm: LayerNorm,
    /// `head.*`
    head: PoolingHead,
}

#[derive(Module, Debug)]
struct Embeddings {
    /// `patch_embedding.*`
    patch_embedding: PatchEmbedding,
    /// `position_embedding.weight`, `[p, d]`
    position_embedding: Embedding,
    /// `time_embedding.weight`, `[f, d]`; ours, where there is temporal attention
    time_embedding: Option<Embedding>,
}

/// A convolution whose stride is its size.
#[derive(Module, Debug)]
struct PatchEmbedding {
    /// `[d, c, s, s]`
    weight: Param<Tensor<4>>,
    /// `[d]`
    bias: Param<Tensor<1>>,
}

#[derive(Module, Debug)]
struct Encoder {
    layers: Vec<Layer>,
}

impl SiglipVisionConfig {
    /// A tower with random weights.
    pub fn init(&self, random: &mut Initialiser) -> SiglipVision {
        let (d, s, std) = (self.hidden_size, self.patch_size, self.initializer_range);
        let temporal_init = (self.time == ClipTime::Divided).then_some(self.temporal_init);
        let size = self.layer_size();
        let embeddings = Embeddings {
            patch_embedding: PatchEmbedding {
                weight: Param::from_tensor(random.normal([d, self.num_channels, s, s], std)),
                bias: Param::from_tensor(Tensor::zeros([d], random.device())),
            },
            position_embedding: Embedding::normal(self.num_patches(), d, std, random),
            time_embedding: temporal_init.map(|init| match init {
                TemporalInit::Zero => Embedding::zero(self.num_frames, d, random.device()),
                TemporalInit::Normal => Embedding::normal(self.num_frames, d, std, random),
            }),
        };
        let layers = (0..self.num_hidden_layers).map(|_| size.layer(temporal_init, random));
        let encoder = Encoder { layers: layers.collect() };
        let post_layernorm = size.norm(random);
        let head = PoolingHead::new(&size, random);
        SiglipVision {
            vision_model: VisionModel { embeddings, encoder, post_layernorm, head },
            num_heads: self.num_attention_heads,
            patch_size: s,
            time: self.time,
        }
    }
}

impl SiglipVision {
    /// The feature of every clip in SigLIP's joint space, not of unit length.
    ///
    /// # Shapes
    /// - `clips`: `b` clips; returns `[b, d]`
    pub fn forward(&self, clips: ClipPatches, feature: ClipFeature) -> Tensor<2> {
        self.clip_features(clips, feature)
    }

    /// The same for normalised pixels, `[b, f, c, height, width]`, and the pooled feature.
    pub fn forward_pixels(&self, pixels: Tensor<5>) -> Tensor<2> {
        self.forward(ClipPatches::from_pixels(pixels, self.patch_size), ClipFeature::Class)
    }

    /// Frames that a row of tokens has.
    fn frames_of_a_row(&self, num_frames: usize) -> usize {
        match self.time {
            ClipTime::Divided => num_frames,
            ClipTime::Mean => 1,
        }
    }
}

/// Without temporal attention what goes through the blocks are frames: `[b f, p, d]`.
impl VideoTower for SiglipVision {
    fn num_blocks(&self) -> usize {
        self.vision_model.encoder.layers.len()
    }

    fn embed(&self, clips: ClipPatches) -> Tensor<3> {
        let clips = match self.time {
            ClipTime::Divided => clips,
            ClipTime::Mean => clips.single_frames(),
        };
        self.vision_model.embeddings.forward(clips)
    }

    fn block(&self, number: usize, x: Tensor<3>, num_frames: usize) -> Tensor<3> {
        let num_frames = self.frames_of_a_row(num_frames);
        let layer = &self.vision_model.encoder.layers[number];
        let x = layer.patches_over_time(x, self.num_heads, num_frames);
        layer.forward(x, self.num_heads, &Sequences::Patches { num_frames })
    }

    /// `class` is the pooled vector: there is no class token.
    fn finish(&self, x: Tensor<3>, num_frames: usize, feature: ClipFeature) -> Tensor<2> {
        let VisionModel { post_layernorm, head, .. } = &self.vision_model;
        let f = self.frames_of_a_row(num_frames);
        let [rows, n, d] = x.dims();
        let normed = post_layernorm.forward(x);
        let frames = match f {
            1 => normed,
            _ => normed.reshape([rows, n / f, f, d]).swap_dims(1, 2).reshape([rows * f, n / f, d]),
        };
        let pooled = head.forward(frames.clone(), self.num_heads);
        let features = match feature {
            ClipFeature::Class => pooled.squeeze_dim(1),
            // Of the pooled vector and the patches.
            _ => feature.of_tokens(Tensor::cat(vec![pooled, frames], 1)),
        };
        let b = rows * f / num_frames;
        features.reshape([b, num_frames, d]).mean_dim(1).reshape([b, d])
    }
}

impl Embeddings {
    /// # Shapes
    /// - returns `[b, p f, d]`
    fn forward(&self, clips: ClipPatches) -> Tensor<3> {
        let [b, p, f, pixels] = clips.values.dims();
        let weight = self.patch_embedding.weight.val();
        let [d, ..] = weight.dims();
        let positions = nearest::patch_positions(self.position_embedding.rows(), clips.grid);
        let mut places = clips.places(positions);
        if let Some(times) = &self.time_embedding {
            places = places + nearest::times(times.rows(), f).reshape([1, 1, f, d]);
        }
        let (weight, bias) = (weight.reshape([d, pixels]), self.patch_embedding.bias.val());
        let x = ops::linear(clips.values, weight.transpose(), bias);
        (x + places).reshape([b, p * f, d])
    }
}
