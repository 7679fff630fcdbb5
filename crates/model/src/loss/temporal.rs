//! `L_t`: the clip `delta` steps away, warped here, against the words of the batch.
//!
//! Paper: §A.6,
//! `L_t = 1/T sum_t -log( exp(z^t . q_+^t / tau) / sum_i sum_s exp(z^t . q_i^s / tau) )` with
//! `z^t = g(v^{t+delta}, delta)` of unit length and `q_+^t` the words matched to `v^t`, not to
//! `z^t`.

use burn::tensor::{Int, Tensor, TensorData};

use super::embeddings::UNIT_EPSILON;
use super::info_nce::{Keys, info_nce};
use super::inputs::LossInputs;
use super::matched_batch::MatchedBatch;
use super::settings::{Denominator, LossConfig, TemporalTarget};
use super::term_row::TermRow;
use super::warp_distances::WarpDistances;
use crate::context_warp::ContextWarp;
use crate::ops::l2_normalise;

pub(super) const ROW: TermRow = TermRow {
    symbol: "L_t",
    name: "temporal",
    meaning: "clips warped in time, and words",
    default_weight: 1.0,
    loss: temporal_loss,
};

/// Nothing for videos of one clip.
fn temporal_loss(inputs: &LossInputs<'_>) -> Option<Tensor<1>> {
    let (head, distances) = inputs.warp?;
    let (batch, config) = (inputs.matched(), inputs.config);
    let raw_clips = inputs.embeddings.clips.clone();
    let Warped { projected, .. } = warp(batch, raw_clips, head, distances, config);
    Some(match config.temporal_target {
        TemporalTarget::CrossModal => info_nce(
            projected,
            batch.positives.clone(),
            Keys { vectors: batch.words.clone(), exist: &batch.is_word },
            &batch.correspondence.matched,
            config.denominator,
            config.temperature,
        ),
        TemporalTarget::IntraModal => {
            let [b, t, _e] = batch.clips.dims();
            info_nce(
                projected,
                batch.clips.clone(),
                Keys { vectors: batch.clips.clone(), exist: &vec![true; b * t] },
                &vec![true; b * t],
                Denominator::AllWords,
                config.temperature,
            )
        }
    })
}

/// Unit vectors `[b, t, e]`.
struct Warped {
    /// `v^{t+delta}`
    source: Tensor<3>,
    /// `z^t`
    projected: Tensor<3>,
}

fn warp(
    batch: &MatchedBatch,
    raw_clips: Tensor<3>,
    head: &ContextWarp,
    distances: &WarpDistances,
    config: &LossConfig,
) -> Warped {
    let [b, t, e] = batch.clips.dims();
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
    let pick = |clips: Tensor<3>| clips.reshape([b * t, e]).select(0, index.clone());
    let source = pick(batch.clips.clone());
    let input = if config.normalise_before_warp { source.clone() } else { pick(raw_clips) };
    let projected = l2_normalise(head.forward(input, &distances.0), UNIT_EPSILON);
    Warped { source: source.reshape([b, t, e]), projected: projected.reshape([b, t, e]) }
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
    let [b, t, _e] = batch.clips.dims();
    let warped = warp(batch, raw_clips, head, distances, config);
    let positives = l2_normalise(batch.positives.clone(), UNIT_EPSILON);
    let matched: Vec<i64> =
        (0..b * t).filter(|&i| batch.correspondence.matched[i]).map(|i| i as i64).collect();
    let length = matched.len();
    let matched =
        Tensor::<1, Int>::from_data(TensorData::new(matched, [length]), &batch.clips.device());
    let cosine = |clips: Tensor<3>| {
        (clips * positives.clone()).sum_dim(2).reshape([b * t]).select(0, matched.clone())
    };
    WarpSimilarities {
        reference: cosine(batch.clips.clone()),
        bias: cosine(warped.source),
        projection: cosine(warped.projected),
    }
}
