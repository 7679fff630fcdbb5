//! TimeSformer: the frames of a clip in, its features out.
//!
//! Paper: §A.3 (a) of our specification; Bertasius et al., arXiv:2102.05095. Reference: Hugging
//! Face's `TimesformerModel`, whose parameter names the fields carry and whose numbers the goldens
//! hold. The block of Frozen-in-Time (§A.3 (b); Bain et al., arXiv:2104.00650) is a switch and keeps
//! the names. Axes: `b` clips, `f` frames, `p` patches of a frame, `d` width; tokens are the class
//! token, then the patches with the frames of a position next to each other (`n = 1 + p f`).

mod block;
pub(crate) mod checkpoint_sizes;
mod config;
mod cost;
mod embeddings;
pub(crate) mod hugging_face_checkpoint;
pub(crate) mod nearest;
pub(crate) mod original_checkpoint;
pub(crate) mod timm_vit_checkpoint;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::clip_feature::ClipFeature;
use crate::clip_patches::ClipPatches;
use crate::initialiser::Initialiser;
use crate::layers::LayerNorm;
use crate::video_tower::VideoTower;
use block::Block;
use embeddings::Embeddings;

pub use config::{TemporalInit, TimeSformerBlock, TimeSformerConfig};

/// The video encoder.
#[derive(Module, Debug)]
pub struct TimeSformer {
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
struct Encoder {
    layer: Vec<Block>,
}

impl TimeSformerConfig {
    /// A model with random weights.
    pub fn init(&self, random: &mut Initialiser) -> TimeSformer {
        TimeSformer {
            embeddings: Embeddings::new(self, random),
            encoder: Encoder {
                layer: (0..self.num_hidden_layers).map(|_| Block::new(self, random)).collect(),
            },
            layernorm: LayerNorm::new(self.hidden_size, self.layer_norm_eps, random.device()),
            num_heads: self.num_attention_heads,
            patch_size: self.patch_size,
        }
    }
}

impl TimeSformer {
    /// All tokens after the last layer norm, for clips that are patches already.
    ///
    /// # Shapes
    /// - `clips`: `b` clips of `f` frames and `p` patches
    /// - returns `[b, 1 + p f, d]`, the class token first
    pub fn forward(&self, clips: ClipPatches) -> Tensor<3> {
        self.layernorm.forward(self.hidden(clips))
    }

    /// The same for normalised pixels, `[b, f, c, height, width]`, in the reference's layout.
    pub fn forward_pixels(&self, pixels: Tensor<5>) -> Tensor<3> {
        self.forward(ClipPatches::from_pixels(pixels, self.patch_size))
    }
}

impl VideoTower for TimeSformer {
    fn num_blocks(&self) -> usize {
        self.encoder.layer.len()
    }

    fn embed(&self, clips: ClipPatches) -> Tensor<3> {
        self.embeddings.forward(clips)
    }

    fn block(&self, number: usize, x: Tensor<3>, num_frames: usize) -> Tensor<3> {
        self.encoder.layer[number].forward(x, self.num_heads, num_frames)
    }

    fn finish(&self, x: Tensor<3>, _num_frames: usize, feature: ClipFeature) -> Tensor<2> {
        feature.of_tokens(self.layernorm.forward(x))
    }
}
