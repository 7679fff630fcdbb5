//! CLIP's image tower on clips.
//!
//! Axes: `b` clips, `f` frames, `p` patches of a frame, `d` width, `e` CLIP's joint space; tokens
//! are the class token, then the patches with the frames of a position next to each other
//! (`n = 1 + p f`). Without temporal attention every frame is a clip of one frame.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::attention::LayerSize;
use super::layer::Layer;
use super::{ClipTime, ClipVisionConfig};
use crate::clip_feature::ClipFeature;
use crate::clip_patches::ClipPatches;
use crate::initialiser::Initialiser;
use crate::layers::{Embedding, LayerNorm, LinearWithoutBias};
use crate::ops::{self, Sequences};
use crate::timesformer::{TemporalInit, nearest};
use crate::video_tower::VideoTower;

/// The image tower.
#[derive(Module, Debug)]
pub struct ClipVision {
    /// `vision_model.*`
    vision_model: VisionModel,
    /// `visual_projection.weight`
    visual_projection: LinearWithoutBias,
    num_heads: usize,
    patch_size: usize,
    #[module(skip)]
    time: ClipTime,
}

#[derive(Module, Debug)]
struct VisionModel {
    /// `embeddings.*`
    embeddings: Embeddings,
    /// `pre_layrnorm.*`, as the source spells it
    pre_layrnorm: LayerNorm,
    /// `encoder.layers.{i}.*`
    encoder: Encoder,
    /// `post_layernorm.*`
    post_layernorm: LayerNorm,
}

#[derive(Module, Debug)]
struct Embeddings {
    /// `class_embedding`, `[d]`
    class_embedding: Param<Tensor<1>>,
    /// `patch_embedding.weight`
    patch_embedding: PatchEmbedding,
    /// `position_embedding.weight`, `[1 + p, d]`
    position_embedding: Embedding,
    /// `time_embedding.weight`, `[f, d]`; ours, where there is temporal attention
    time_embedding: Option<Embedding>,
}

/// A convolution whose stride is its size, without a bias.
#[derive(Module, Debug)]
struct PatchEmbedding {
    /// `[d, c, s, s]`
    weight: Param<Tensor<4>>,
}

#[derive(Module, Debug)]
struct Encoder {
    layers: Vec<Layer>,
}

impl ClipVisionConfig {
    /// A tower with random weights.
    pub fn init(&self, random: &mut Initialiser) -> ClipVision {
        let (d, s, std) = (self.hidden_size, self.patch_size, self.initializer_range);
        let temporal_init = (self.time == ClipTime::Divided).then_some(self.temporal_init);
        let size = LayerSize {
            hidden_size: d,
            intermediate_size: self.intermediate_size,
            layer_norm_eps: self.layer_norm_eps,
            initializer_range: std,
            activation: self.hidden_act,
        };
        let embeddings = Embeddings {
            class_embedding: Param::from_tensor(random.normal([d], std)),
            patch_embedding: PatchEmbedding {
                weight: Param::from_tensor(random.normal([d, self.num_channels, s, s], std)),
            },
            position_embedding: Embedding::normal(1 + self.num_patches(), d, std, random),
            time_embedding: temporal_init.map(|init| match init {
                TemporalInit::Zero => Embedding::zero(self.num_frames, d, random.device()),
                TemporalInit::Normal => Embedding::normal(self.num_frames, d, std, random),
            }),
        };
        ClipVision {
            vision_model: VisionModel {
                embeddings,
                pre_layrnorm: size.norm(random),
                encoder: Encoder {
                    layers: (0..self.num_hidden_layers)
                        .map(|_| size.layer(temporal_init, random))
                        .collect(),
                },
                post_layernorm: size.norm(random),
            },
            visual_projection: LinearWithoutBias::normal(d, self.projection_dim, std, random),
            num_heads: self.num_attention_heads,
            patch_size: s,
            time: self.time,
        }
    }
}

impl ClipVision {
    /// The feature of every clip in CLIP's joint space, not of unit length.
    ///
    /// # Shapes
    /// - `clips`: `b` clips; returns `[b, e]`
    pub fn forward(&self, clips: ClipPatches, feature: ClipFeature) -> Tensor<2> {
        self.clip_features(clips, feature)
    }

    /// The same for normalised pixels, `[b, f, c, height, width]`, and the class token's feature.
    pub fn forward_pixels(&self, pixels: Tensor<5>) -> Tensor<2> {
        self.forward(ClipPatches::from_pixels(pixels, self.patch_size), ClipFeature::Class)
    }

    /// `[b, n, d]` to `[b, e]`.
    fn project(&self, hidden: Tensor<3>, feature: ClipFeature) -> Tensor<2> {
        let hidden = match feature {
            // The others need no norm then.
            ClipFeature::Class => hidden.narrow(1, 0, 1),
            ClipFeature::MeanPatch | ClipFeature::ClassPlusMeanPatch => hidden,
        };
        let normed = self.vision_model.post_layernorm.forward(hidden);
        self.visual_projection.forward(feature.of_tokens(normed))
    }
}

/// Without temporal attention what goes through the blocks are frames: `[b f, 1 + p, d]`.
impl VideoTower for ClipVision {
    fn num_blocks(&self) -> usize {
        self.vision_model.encoder.layers.len()
    }

    fn embed(&self, clips: ClipPatches) -> Tensor<3> {
        let model = &self.vision_model;
        let clips = match self.time {
            ClipTime::Divided => clips,
            ClipTime::Mean => clips.single_frames(),
        };
        model.pre_layrnorm.forward(model.embeddings.forward(clips))
    }

    fn block(&self, number: usize, x: Tensor<3>, num_frames: usize) -> Tensor<3> {
        let num_frames = match self.time {
            ClipTime::Divided => num_frames,
            ClipTime::Mean => 1,
        };
        let layer = &self.vision_model.encoder.layers[number];
        let x = layer.over_time(x, self.num_heads, num_frames);
        layer.forward(x, self.num_heads, &Sequences::Frames { num_frames })
    }

    fn finish(&self, x: Tensor<3>, num_frames: usize, feature: ClipFeature) -> Tensor<2> {
        let features = self.project(x, feature);
        match self.time {
            ClipTime::Divided => features,
            ClipTime::Mean => {
                let ([rows, e], f) = (features.dims(), num_frames);
                let b = rows / f;
                features.reshape([b, f, e]).mean_dim(1).reshape([b, e])
            }
        }
    }
}

impl Embeddings {
    /// # Shapes
    /// - returns `[b, 1 + p f, d]`
    fn forward(&self, clips: ClipPatches) -> Tensor<3> {
        let [b, p, f, pixels] = clips.values.dims();
        let weight = self.patch_embedding.weight.val();
        let [d, ..] = weight.dims();
        let no_bias = Tensor::zeros([d], (&weight.device(), weight.dtype()));
        let [rows, columns] = clips.grid;
        let positions = nearest::positions(self.position_embedding.rows(), clips.grid);
        let class = self.class_embedding.val().reshape([1, 1, d]);
        let class = (class + positions.clone().narrow(1, 0, 1)).expand([b, 1, d]);
        let mut places = clips.places(positions.narrow(1, 1, rows * columns));
        let x = ops::linear(clips.values, weight.reshape([d, pixels]).transpose(), no_bias);
        if let Some(times) = &self.time_embedding {
            places = places + nearest::times(times.rows(), f).reshape([1, 1, f, d]);
        }
        let patches = (x + places).reshape([b, p * f, d]);
        Tensor::cat(vec![class, patches], 1)
    }
}
