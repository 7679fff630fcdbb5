//! DINOv2's picture tower, frame by frame.
//!
//! Oquab et al., arXiv:2304.07193. Reference: Hugging Face's `Dinov2Model`, whose parameter names the
//! fields carry and whose numbers the goldens hold. It was trained without words: it has no joint space,
//! and LocVTP's head stands behind it.
//!
//! Axes: `b` clips, `f` frames, `p` patches of a frame, `d` width. What goes through the blocks are
//! frames, the class token before their patches: `[b f, 1 + p, d]`.

pub(crate) mod checkpoint;
mod config;
mod cost;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::clip_feature::ClipFeature;
use crate::clip_patches::ClipPatches;
use crate::initialiser::Initialiser;
use crate::layers::{LayerNorm, Linear};
use crate::ops::{self, Sequences};
use crate::timesformer::nearest;
use crate::video_tower::VideoTower;

pub use config::Dinov2Config;

/// The picture tower.
#[derive(Module, Debug)]
pub struct Dinov2 {
    /// `embeddings.*`
    embeddings: Embeddings,
    /// `encoder.layer.{i}.*`
    encoder: Encoder,
    /// `layernorm.*`
    layernorm: LayerNorm,
    num_heads: usize,
    patch_size: usize,
}

#[derive(Module, Debug)]
struct Embeddings {
    /// `cls_token`, `[1, 1, d]`
    cls_token: Param<Tensor<3>>,
    /// `position_embeddings`, `[1, 1 + p, d]`
    position_embeddings: Param<Tensor<3>>,
    /// `patch_embeddings.*`
    patch_embeddings: PatchEmbeddings,
}

#[derive(Module, Debug)]
struct PatchEmbeddings {
    /// `projection.*`
    projection: Projection,
}

/// A convolution whose stride is its size.
#[derive(Module, Debug)]
struct Projection {
    /// `[d, c, s, s]`
    weight: Param<Tensor<4>>,
    /// `[d]`
    bias: Param<Tensor<1>>,
}

#[derive(Module, Debug)]
struct Encoder {
    layer: Vec<Block>,
}

#[derive(Module, Debug)]
struct Block {
    /// `norm1.*`
    norm1: LayerNorm,
    /// `attention.*`
    attention: Attention,
    /// `layer_scale1.lambda1`
    layer_scale1: LayerScale,
    /// `norm2.*`
    norm2: LayerNorm,
    /// `mlp.*`
    mlp: Perceptron,
    /// `layer_scale2.lambda1`
    layer_scale2: LayerScale,
}

#[derive(Module, Debug)]
struct Attention {
    /// `attention.*`
    attention: SelfAttention,
    /// `output.dense.*`
    output: Dense,
}

#[derive(Module, Debug)]
struct SelfAttention {
    query: Linear,
    key: Linear,
    value: Linear,
}

#[derive(Module, Debug)]
struct Dense {
    dense: Linear,
}

/// `fc1.*` and `fc2.*`
#[derive(Module, Debug)]
struct Perceptron {
    fc1: Linear,
    fc2: Linear,
}

/// A factor for each number that a block adds.
#[derive(Module, Debug)]
struct LayerScale {
    /// `[d]`
    lambda1: Param<Tensor<1>>,
}

impl Dinov2Config {
    /// A tower with random weights.
    pub fn init(&self, random: &mut Initialiser) -> Dinov2 {
        let (d, s, std) = (self.hidden_size, self.patch_size, self.initializer_range);
        let norm = |random: &Initialiser| LayerNorm::new(d, self.layer_norm_eps, random.device());
        let embeddings = Embeddings {
            cls_token: Param::from_tensor(random.normal([1, 1, d], std)),
            position_embeddings: Param::from_tensor(
                random.normal([1, 1 + self.num_patches(), d], std),
            ),
            patch_embeddings: PatchEmbeddings {
                projection: Projection {
                    weight: Param::from_tensor(random.normal([d, self.num_channels, s, s], std)),
                    bias: Param::from_tensor(Tensor::zeros([d], random.device())),
                },
            },
        };
        Dinov2 {
            embeddings,
            encoder: Encoder {
                layer: (0..self.num_hidden_layers).map(|_| self.block(random)).collect(),
            },
            layernorm: norm(random),
            num_heads: self.num_attention_heads,
            patch_size: s,
        }
    }

    fn block(&self, random: &mut Initialiser) -> Block {
        let (d, hidden, std) = (self.hidden_size, self.intermediate_size, self.initializer_range);
        let device = random.device().clone();
        let norm = || LayerNorm::new(d, self.layer_norm_eps, &device);
        let scale = || LayerScale::new(d, self.layerscale_value, &device);
        let mut square = || Linear::normal(d, d, std, random);
        let attention = SelfAttention { query: square(), key: square(), value: square() };
        Block {
            norm1: norm(),
            attention: Attention { attention, output: Dense { dense: square() } },
            layer_scale1: scale(),
            norm2: norm(),
            mlp: Perceptron {
                fc1: Linear::normal(d, hidden, std, random),
                fc2: Linear::normal(hidden, d, std, random),
            },
            layer_scale2: scale(),
        }
    }
}

impl LayerScale {
    fn new(d: usize, value: f64, device: &Device) -> Self {
        Self { lambda1: Param::from_tensor(Tensor::ones([d], device) * value) }
    }

    /// `residual` plus the scaled `x`, each `[b, n, d]`.
    fn onto(&self, x: Tensor<3>, residual: Tensor<3>) -> Tensor<3> {
        residual + x * self.lambda1.val().unsqueeze::<3>()
    }
}

impl Dinov2 {
    /// The class token of every clip, mean over its frames.
    ///
    /// # Shapes
    /// - `clips`: `b` clips; returns `[b, d]`
    pub fn forward(&self, clips: ClipPatches, feature: ClipFeature) -> Tensor<2> {
        self.clip_features(clips, feature)
    }

    /// The last hidden state of every frame, the class token before the patches, of normalised pixels.
    ///
    /// # Shapes
    /// - `pixels`: `[b, f, c, height, width]`; returns `[b f, 1 + p, d]`
    pub fn tokens(&self, pixels: Tensor<5>) -> Tensor<3> {
        let clips = ClipPatches::from_pixels(pixels, self.patch_size);
        self.layernorm.forward(self.hidden(clips))
    }
}

impl VideoTower for Dinov2 {
    fn num_blocks(&self) -> usize {
        self.encoder.layer.len()
    }

    fn embed(&self, clips: ClipPatches) -> Tensor<3> {
        self.embeddings.forward(clips.single_frames())
    }

    fn block(&self, number: usize, x: Tensor<3>, _num_frames: usize) -> Tensor<3> {
        self.encoder.layer[number].forward(x, self.num_heads)
    }

    fn finish(&self, x: Tensor<3>, num_frames: usize, feature: ClipFeature) -> Tensor<2> {
        let tokens = match feature {
            // The others need no norm then.
            ClipFeature::Class => x.narrow(1, 0, 1),
            ClipFeature::MeanPatch | ClipFeature::ClassPlusMeanPatch => x,
        };
        let features = feature.of_tokens(self.layernorm.forward(tokens));
        let ([rows, d], f) = (features.dims(), num_frames);
        let b = rows / f;
        features.reshape([b, f, d]).mean_dim(1).reshape([b, d])
    }
}

impl Embeddings {
    /// # Shapes
    /// - `frames`: `b` clips of one frame; returns `[b, 1 + p, d]`
    fn forward(&self, frames: ClipPatches) -> Tensor<3> {
        let [b, p, _one, pixels] = frames.values.dims();
        let Projection { weight, bias } = &self.patch_embeddings.projection;
        let weight = weight.val();
        let [d, ..] = weight.dims();
        let [rows, columns] = frames.grid;
        let positions = nearest::positions(self.position_embeddings.val(), frames.grid);
        let class = self.cls_token.val() + positions.clone().narrow(1, 0, 1);
        let places = frames.places(positions.narrow(1, 1, rows * columns));
        let weight = weight.reshape([d, pixels]).transpose();
        let patches = ops::linear(frames.values, weight, bias.val()) + places;
        Tensor::cat(vec![class.expand([b, 1, d]), patches.reshape([b, p, d])], 1)
    }
}

impl Block {
    /// `[b, n, d]` to `[b, n, d]`.
    fn forward(&self, x: Tensor<3>, num_heads: usize) -> Tensor<3> {
        let normed = self.norm1.forward(x.clone());
        let x = self.layer_scale1.onto(self.attention.forward(normed, num_heads), x);
        let hidden = ops::gelu(self.mlp.fc1.forward(self.norm2.forward(x.clone())));
        self.layer_scale2.onto(self.mlp.fc2.forward(hidden), x)
    }
}

impl Attention {
    /// `[b, n, d]` to `[b, n, d]`.
    fn forward(&self, x: Tensor<3>, num_heads: usize) -> Tensor<3> {
        let SelfAttention { query: q, key: k, value: v } = &self.attention;
        // One product for all three: the file keeps them apart, a small copy joins them.
        let weight = Tensor::cat(vec![q.weight.val(), k.weight.val(), v.weight.val()], 1);
        let bias = Tensor::cat(vec![q.bias.val(), k.bias.val(), v.bias.val()], 0);
        let sequences = Sequences::Frames { num_frames: 1 };
        let context = ops::attention(ops::linear(x, weight, bias), num_heads, &sequences);
        self.output.dense.forward(context)
    }
}
