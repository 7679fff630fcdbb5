//! `L_t`: the clip `delta` steps away, warped here, against the words of the batch.
//!
//! Paper: §A.6,
//! `L_t = 1/T sum_t -log( exp(z^t . q_+^t / tau) / sum_i sum_s exp(z^t . q_i^s / tau) )` with
//! `z^t = g(v^{t+delta}, delta)` of unit length and `q_+^t` the words matched to `v^t`, not to
//! `z^t`.

use burn::tensor::{Int, Tensor, TensorData};

use super::contrast::{Contrast, Keys};
use super::embeddings::UNIT_EPSILON;
use super::inputs::LossInputs;
use super::matched_batch::MatchedBatch;
use super::settings::{LossConfig, TemporalTarget};
use super::term_row::TermRow;
use super::warp_distances::WarpDistances;
use crate::context_warp::ContextWarp;
use crate::ops::{Anchor, l2_normalise, unit_rows};

pub(super) const ROW: TermRow = TermRow {
    symbol: "L_t",
    name: "temporal",
    meaning: "clips warped in time, and words",
    default_weight: 1.0,
    contrasts: |inputs| temporal_contrast(inputs).into_iter().collect(),
};

/// Nothing for videos of one clip.
fn temporal_contrast(inputs: &LossInputs<'_>) -> Option<Contrast> {
    let (head, distances) = inputs.warp?;
    let batch = inputs.matched();
    let raw_clips = inputs.embeddings.clips.clone();
    let Warped { projected: anchors, .. } = warp(batch, raw_clips, head, distances, inputs.config);
    Some(match inputs.config.temporal_target {
        TemporalTarget::CrossModal => {
            let rows = batch.anchors(inputs.config.denominator);
            Contrast { anchors, rows, keys: Keys::Words }
        }
        TemporalTarget::IntraModal => {
            let [count, _e] = anchors.dims();
            let rows = (0..count).map(|i| Anchor::of_key(i, 1.0 / count as f64)).collect();
            Contrast { anchors, rows, keys: Keys::Clips }
        }
    })
}

/// Unit vectors `[b t, e]`.
struct Warped {
    /// `v^{t+delta}`
    source: Tensor<2>,
    /// `z^t`
    projected: Tensor<2>,
}

fn warp(
    batch: &MatchedBatch,
    raw_clips: Tensor<3>,
    head: &ContextWarp,
    distances: &WarpDistances,
    config: &LossConfig,
) -> Warped {
    let [b, t, e] = raw_clips.dims();
    assert_eq!(distances.0.len(), b * t, "one distance per clip of {b} videos of {t}");
    let index: Vec<i64> = distances
        .0
        .iter()
        .enumerate()
        .map(|(i, &distance)| {
            let source = (i % t) as i64 + i64::from(distance);
            assert!((0..t as i64).contains(&source), "clip {source} of a video of {t} clips");
            (i / t * t) as i64 + source
        })
        .collect();
    let index = Tensor::<1, Int>::from_data(TensorData::new(index, [b * t]), &batch.clips.device());
    let source = batch.clips.clone().select(0, index.clone());
    let input = if config.normalise_before_warp {
        source.clone()
    } else {
        raw_clips.reshape([b * t, e]).select(0, index)
    };
    let warped = head.forward(input, &distances.0).reshape([1, b * t, e]);
    Warped { source, projected: unit_rows(warped, &[b * t], UNIT_EPSILON) }
}

/// The cosines behind fig. 5c, one per clip that has matched words.
#[derive(Clone, Debug)]
pub struct WarpSimilarities {
    /// `v^t . q_+^t`
    pub reference: Tensor<1>,
    /// `v^{t+delta} . q_+^t`
    pub bias: Tensor<1>,
    /// `z^t . q_+^t`
    pub projection: Tensor<1>,
}

/// The cosines of fig. 5c over the matched clips.
pub(super) fn similarities(
    batch: &MatchedBatch,
    raw_clips: Tensor<3>,
    head: &ContextWarp,
    distances: &WarpDistances,
    config: &LossConfig,
) -> WarpSimilarities {
    let warped = warp(batch, raw_clips, head, distances, config);
    let positives = l2_normalise(batch.positives(), UNIT_EPSILON);
    let matched: Vec<i64> =
        (0..batch.matched.len()).filter(|&i| batch.matched[i]).map(|i| i as i64).collect();
    let length = matched.len();
    let matched =
        Tensor::<1, Int>::from_data(TensorData::new(matched, [length]), &batch.clips.device());
    let cosine = |clips: Tensor<2>| {
        (clips * positives.clone()).sum_dim(1).squeeze_dim(1).select(0, matched.clone())
    };
    WarpSimilarities {
        reference: cosine(batch.clips.clone()),
        bias: cosine(warped.source),
        projection: cosine(warped.projected),
    }
}
