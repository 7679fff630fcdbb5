//! The block both towers and SigLIP's are made of: attention, then a perceptron, each on normalised tokens.

use burn::module::Module;
use burn::tensor::Tensor;

use super::Activation;
use super::attention::{Attention, LayerSize};
use super::temporal::Temporal;
use crate::initialiser::Initialiser;
use crate::layers::{LayerNorm, Linear};
use crate::ops::{Sequences, gelu, gelu_tanh, quick_gelu};
use crate::timesformer::TemporalInit;

#[derive(Module, Debug)]
pub(crate) struct Layer {
    /// `temporal.*`: ours, in an image tower that attends over time
    temporal: Option<Temporal>,
    /// `layer_norm1.*`
    layer_norm1: LayerNorm,
    /// `self_attn.*`
    self_attn: Attention,
    /// `layer_norm2.*`
    layer_norm2: LayerNorm,
    /// `mlp.*`
    mlp: Perceptron,
}

/// `fc1.*` and `fc2.*`
#[derive(Module, Debug)]
pub(crate) struct Perceptron {
    fc1: Linear,
    fc2: Linear,
    #[module(skip)]
    activation: Activation,
}

impl LayerSize {
    /// A block, with attention over time where it is told how that starts.
    pub(crate) fn layer(
        &self,
        temporal_init: Option<TemporalInit>,
        random: &mut Initialiser,
    ) -> Layer {
        Layer {
            temporal: temporal_init.map(|init| Temporal::new(self, init, random)),
            layer_norm1: self.norm(random),
            self_attn: self.attention(random),
            layer_norm2: self.norm(random),
            mlp: self.perceptron(random),
        }
    }

    pub(crate) fn perceptron(&self, random: &mut Initialiser) -> Perceptron {
        let (d, hidden, std) = (self.hidden_size, self.intermediate_size, self.initializer_range);
        Perceptron {
            fc1: Linear::normal(d, hidden, std, random),
            fc2: Linear::normal(hidden, d, std, random),
            activation: self.activation,
        }
    }
}

impl Perceptron {
    /// `residual` plus what becomes of `normed`.
    ///
    /// # Shapes
    /// - both `[b, n, d]`; returns the same
    pub(crate) fn forward_residual(&self, normed: Tensor<3>, residual: Tensor<3>) -> Tensor<3> {
        let hidden = self.fc1.forward(normed);
        let hidden = match self.activation {
            Activation::QuickGelu => quick_gelu(hidden),
            Activation::Gelu => gelu(hidden),
            Activation::GeluTanh => gelu_tanh(hidden),
        };
        self.fc2.forward_residual(hidden, residual)
    }
}

impl Layer {
    /// Attention of the patches over time, where the block has it; the class token stays.
    ///
    /// # Shapes
    /// - `x`: `[b, 1 + p f, d]`; returns the same
    pub(crate) fn over_time(&self, x: Tensor<3>, num_heads: usize, num_frames: usize) -> Tensor<3> {
        let Some(temporal) = &self.temporal else { return x };
        let [_b, n, _d] = x.dims();
        let class = x.clone().narrow(1, 0, 1);
        let patches = x.narrow(1, 1, n - 1);
        Tensor::cat(vec![class, temporal.forward(patches, num_heads, num_frames)], 1)
    }

    /// The same where there is no class token.
    ///
    /// # Shapes
    /// - `patches`: `[b, p f, d]`; returns the same
    pub(crate) fn patches_over_time(
        &self,
        patches: Tensor<3>,
        num_heads: usize,
        num_frames: usize,
    ) -> Tensor<3> {
        match &self.temporal {
            Some(temporal) => temporal.forward(patches, num_heads, num_frames),
            None => patches,
        }
    }

    /// # Shapes
    /// - `x`: `[b, n, d]`; returns the same
    ///
    /// Attention over time is left to [`Layer::over_time`]. Where sequences share their first row, its mean is taken before the output map; the map is
    /// affine, so that is the mean of what the map gives.
    pub(crate) fn forward(
        &self,
        x: Tensor<3>,
        num_heads: usize,
        sequences: &Sequences,
    ) -> Tensor<3> {
        let normed = self.layer_norm1.forward(x.clone());
        let x = self.self_attn.forward_residual(normed, num_heads, sequences, x);
        self.mlp.forward_residual(self.layer_norm2.forward(x.clone()), x)
    }
}
