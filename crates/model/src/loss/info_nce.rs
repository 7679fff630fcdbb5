//! The contrast that `L_f` and `L_t` share: an anchor, its positive, and the words (or clips) of
//! the batch.

use burn::tensor::{Bool, Tensor, TensorData};

use super::settings::Denominator;
use crate::ops::masked_log_sum_exp;

/// The vectors an anchor is contrasted with.
pub(super) struct Keys<'a> {
    /// `[b, n, e]`
    pub(super) vectors: Tensor<3>,
    /// `[b n]`: which of them exist.
    pub(super) exist: &'a [bool],
}

/// `-log( exp(anchor . positive / tau) / denominator )`, averaged over the anchors that are
/// `matched`.
///
/// # Shapes
/// - `anchors`, `positives`: `[b, t, e]`; `matched`: `b t` flags
///
/// With every anchor unmatched the loss is zero.
pub(super) fn info_nce(
    anchors: Tensor<3>,
    positives: Tensor<3>,
    keys: Keys<'_>,
    matched: &[bool],
    denominator: Denominator,
    temperature: f64,
) -> Tensor<1> {
    let [b, t, e] = anchors.dims();
    let [videos, n, _] = keys.vectors.dims();
    let positive = (anchors.clone() * positives).sum_dim(2).div_scalar(temperature);
    let logits = anchors
        .reshape([b * t, e])
        .matmul(keys.vectors.reshape([videos * n, e]).transpose())
        .div_scalar(temperature);
    let positive = positive.reshape([b * t, 1]);

    let own_too = denominator != Denominator::PositivePlusOtherSentences;
    let with_positive = denominator != Denominator::AllWords;
    let columns = videos * n + usize::from(with_positive);
    let mut keep = Vec::with_capacity(b * t * columns);
    for row in 0..b * t {
        let own = row / t * n..(row / t + 1) * n;
        keep.extend(
            keys.exist
                .iter()
                .enumerate()
                .map(|(i, exists)| *exists && (own_too || !own.contains(&i))),
        );
        keep.extend(with_positive.then_some(true));
    }
    let logits =
        if with_positive { Tensor::cat(vec![logits, positive.clone()], 1) } else { logits };
    let keep = mask(keep, [b * t, columns], &logits);
    let losses = masked_log_sum_exp(logits, keep) - positive.reshape([b * t]);

    let count = matched.iter().filter(|matched| **matched).count();
    if count == matched.len() {
        return losses.mean();
    }
    let weights: Vec<f64> =
        matched.iter().map(|matched| if *matched { 1.0 / count as f64 } else { 0.0 }).collect();
    let weights = TensorData::new(weights, [b * t]);
    let weights = Tensor::<1>::from_data(weights, (&losses.device(), losses.dtype()));
    (losses * weights).sum()
}

/// A constant mask `[rows, columns]` beside `like`.
fn mask<const D: usize>(keep: Vec<bool>, shape: [usize; 2], like: &Tensor<D>) -> Tensor<2, Bool> {
    Tensor::from_data(TensorData::new(keep, shape), &like.device())
}
