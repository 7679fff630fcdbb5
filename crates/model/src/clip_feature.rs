//! From the tokens of a clip to its one feature.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Which tokens of the video encoder make the feature of a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClipFeature {
    /// The class token, as the paper's encoder gives it.
    Class,
    /// The mean of the patches.
    MeanPatch,
    /// The sum of the two: small models trained from nothing learn sooner with it.
    ClassPlusMeanPatch,
}

impl ClipFeature {
    /// # Shapes
    /// - `tokens`: `[r, n, d]`, the class token first; returns `[r, d]`
    pub(crate) fn of_tokens(self, tokens: Tensor<3>) -> Tensor<2> {
        let [r, n, d] = tokens.dims();
        let class = || tokens.clone().narrow(1, 0, 1).reshape([r, d]);
        let mean = || tokens.clone().narrow(1, 1, n - 1).mean_dim(1).reshape([r, d]);
        match self {
            Self::Class => class(),
            Self::MeanPatch => mean(),
            Self::ClassPlusMeanPatch => class() + mean(),
        }
    }
}
