//! From an encoder's width to the joint space of clips and words.
//!
//! Paper: §A.5. The residual head is the authors' release's (`PROJECTION` at 229bef6); the paper
//! does not say.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::initialiser::Initialiser;
use crate::layers::{LayerNorm, Linear};
use crate::ops::gelu;

/// Which head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProjectionKind {
    /// `p = A x; LayerNorm(dropout(B GELU(p)) + p)`.
    Residual,
    /// `A x`.
    Linear,
    /// None: the encoders end in a joint space of their own, as CLIP's do.
    Identity,
}

/// The joint space and the heads that lead into it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProjectionConfig {
    /// Which head, the same for clips and words.
    pub kind: ProjectionKind,
    /// Width of the joint space, `e`.
    #[schemars(range(min = 1))]
    pub dim: usize,
    /// Probability that a number of the residual branch is dropped in training. Release: 0.1;
    /// default 0.
    pub dropout: f64,
}

impl Default for ProjectionConfig {
    fn default() -> Self {
        Self { kind: ProjectionKind::Residual, dim: 256, dropout: 0.0 }
    }
}

/// A projection head.
#[derive(Module, Debug)]
pub struct Projection {
    /// `linear.*`
    linear: Linear,
    /// `feed.*`, absent in a linear head
    feed: Option<Linear>,
    /// `norm.*`, absent in a linear head
    norm: Option<LayerNorm>,
    dropout: Dropout,
}

impl ProjectionConfig {
    /// A head with random weights for features of width `input`; an identity has none.
    pub fn init(&self, input: usize, std: f64, random: &mut Initialiser) -> Option<Projection> {
        let residual = match self.kind {
            ProjectionKind::Residual => true,
            ProjectionKind::Linear => false,
            ProjectionKind::Identity => return None,
        };
        Some(Projection {
            linear: Linear::normal(input, self.dim, std, random),
            feed: residual.then(|| Linear::normal(self.dim, self.dim, std, random)),
            norm: residual.then(|| LayerNorm::new(self.dim, 1e-5, random.device())),
            dropout: DropoutConfig::new(self.dropout).init(),
        })
    }
}

impl Projection {
    /// # Shapes
    /// - `x`: `[.., d]`
    /// - returns `[.., e]`, not of unit length
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let p = self.linear.forward(x);
        match (&self.feed, &self.norm) {
            (Some(feed), Some(norm)) => {
                let y = self.dropout.forward(feed.forward(gelu(p.clone())));
                norm.forward(y + p)
            }
            _ => p,
        }
    }
}
