//! What CLIP's image tower gets to see time with: TimeSformer's time attention (§A.3).

use burn::module::Module;
use burn::tensor::Tensor;

use super::attention::{Attention, LayerSize};
use crate::initialiser::Initialiser;
use crate::layers::{LayerNorm, Linear};
use crate::ops::Sequences;
use crate::timesformer::TemporalInit;

/// `layer_norm.*`, `self_attn.*` and `dense.*`.
#[derive(Module, Debug)]
pub(crate) struct Temporal {
    layer_norm: LayerNorm,
    self_attn: Attention,
    /// Zero at first where the tower starts from image weights.
    dense: Linear,
}

impl Temporal {
    pub(crate) fn new(size: &LayerSize, init: TemporalInit, random: &mut Initialiser) -> Self {
        let (d, std) = (size.hidden_size, size.initializer_range);
        Self {
            layer_norm: size.norm(random),
            self_attn: size.attention(random),
            dense: match init {
                TemporalInit::Zero => Linear::zero(d, d, random.device()),
                TemporalInit::Normal => Linear::normal(d, d, std, random),
            },
        }
    }

    /// # Shapes
    /// - `patches`: `[b, p f, d]`, the frames of a position next to each other; returns the same
    pub(crate) fn forward(
        &self,
        patches: Tensor<3>,
        num_heads: usize,
        num_frames: usize,
    ) -> Tensor<3> {
        let over_time = Sequences::Consecutive { length: num_frames };
        let normed = self.layer_norm.forward(patches.clone());
        let time = self.self_attn.forward(normed, num_heads, &over_time);
        self.dense.forward_residual(time, patches)
    }
}
