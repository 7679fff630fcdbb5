//! What goes into a contrast besides the vectors, and what comes out.

use std::ops::Range;

use burn::tensor::Tensor;

/// A shorter positive than this is treated as this long where it is scaled to unit length.
pub(super) const SHORTEST_POSITIVE: f64 = 1e-12;

/// An anchor's positive, what it is not compared with, and what it counts. Constants: no gradient
/// flows through them.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchor {
    /// The factor of its loss in the total.
    pub weight: f64,
    /// The keys whose weighted sum is its positive, each with its weight; without any the positive
    /// is zero.
    pub positive: Vec<(usize, f32)>,
    /// The keys that do not stand below its fraction.
    pub excluded: Range<usize>,
}

impl Anchor {
    /// An anchor with one key for its positive, compared with all keys.
    pub fn of_key(key: usize, weight: f64) -> Self {
        Self { weight, positive: vec![(key, 1.0)], excluded: 0..0 }
    }
}

/// How a contrast is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ContrastChoices {
    /// What cosines are divided by.
    pub temperature: f64,
    /// The positive stands below the fraction too, beside the keys.
    pub positive_below: bool,
    /// The positive is scaled to unit length.
    pub unit_positive: bool,
}

/// The outcome of a contrast.
#[derive(Clone, Debug)]
pub struct Contrasted {
    /// The anchors' losses, each times its weight, added: `[1]`.
    pub total: Tensor<1>,
    /// The loss of every anchor: `[r]`, numbers without a gradient.
    pub losses: Tensor<1>,
}
