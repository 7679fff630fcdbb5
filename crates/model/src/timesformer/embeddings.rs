//! From patches to tokens: projection, place in the frame, time in the clip, class token.

use burn::module::{Module, Param};
use burn::tensor::{Tensor, assert_shape};

use super::{TemporalInit, TimeSformerConfig, nearest};
use crate::clip_patches::ClipPatches;
use crate::initialiser::Initialiser;
use crate::ops;

#[derive(Module, Debug)]
pub(super) struct Embeddings {
    /// `cls_token`, `[1, 1, d]`
    cls_token: Param<Tensor<3>>,
    /// `position_embeddings`, `[1, 1 + p, d]`
    position_embeddings: Param<Tensor<3>>,
    /// `time_embeddings`, `[1, f, d]`
    time_embeddings: Param<Tensor<3>>,
    /// `patch_embeddings.projection.*`
    patch_embeddings: PatchEmbeddings,
}

#[derive(Module, Debug)]
struct PatchEmbeddings {
    projection: PatchProjection,
}

/// A convolution whose stride is its size: one affine map of every patch.
#[derive(Module, Debug)]
struct PatchProjection {
    /// `[d, c, s, s]`
    weight: Param<Tensor<4>>,
    /// `[d]`
    bias: Param<Tensor<1>>,
}

impl Embeddings {
    pub(super) fn new(config: &TimeSformerConfig, random: &mut Initialiser) -> Self {
        let (d, s, std) = (config.hidden_size, config.patch_size, config.initializer_range);
        let (c, places) = (config.num_channels, 1 + config.num_patches());
        let times = [1, config.num_frames, d];
        Self {
            cls_token: Param::from_tensor(random.normal([1, 1, d], std)),
            position_embeddings: Param::from_tensor(
                random.normal([1, places, d], config.embedding_range),
            ),
            time_embeddings: Param::from_tensor(match config.temporal_init {
                TemporalInit::Zero => Tensor::zeros(times, random.device()),
                TemporalInit::Normal => random.normal(times, config.embedding_range),
            }),
            patch_embeddings: PatchEmbeddings {
                projection: PatchProjection {
                    weight: Param::from_tensor(random.normal([d, c, s, s], std)),
                    bias: Param::from_tensor(Tensor::zeros([d], random.device())),
                },
            },
        }
    }

    /// # Shapes
    /// - returns `[b, 1 + p f, d]`
    pub(super) fn forward(&self, clips: ClipPatches) -> Tensor<3> {
        let [b, p, f, pixels] = clips.values.dims();
        let projection = &self.patch_embeddings.projection;
        let [d, ..] = projection.weight.dims();
        let [rows, columns] = clips.grid;
        let positions = nearest::positions(self.position_embeddings.val(), clips.grid);
        let class = (self.cls_token.val() + positions.clone().narrow(1, 0, 1)).expand([b, 1, d]);
        let places = clips.places(positions.narrow(1, 1, rows * columns));

        let weight = projection.weight.val().reshape([d, pixels]).transpose();
        let x = ops::linear(clips.values, weight, projection.bias.val());
        assert_shape!(x, [b, p, f, d]);
        let times = nearest::times(self.time_embeddings.val(), f).reshape([1, 1, f, d]);
        let patches = (x + (places + times)).reshape([b, p * f, d]);
        Tensor::cat(vec![class, patches], 1)
    }
}
