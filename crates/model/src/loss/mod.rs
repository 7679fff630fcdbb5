//! The three losses of LocVTP and their sum.
//!
//! Paper: §A.6. Every choice the paper leaves open is a field of [`LossConfig`], and each default
//! is the paper's literal formula. Axes: `b` videos and their sentences, `t` clips, `n` words
//! (padded), `e` joint width.

pub mod coarse;
mod fine;
mod info_nce;
mod temporal;

use burn::tensor::{Bool, Tensor, TensorData};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::context_warp::{ContextWarp, distances};
use crate::correspondence::{Correspondence, CorrespondenceConfig};
use crate::ops::l2_normalise;

/// Shorter vectors than this are treated as this long: `ReLU` can make the warped clip zero.
pub(crate) const UNIT_EPSILON: f64 = 1e-12;

/// Projected features of a batch of pairs, as the heads give them: not of unit length.
#[derive(Clone, Debug)]
pub struct VideoTextEmbeddings {
    /// Clips, `[b, t, e]`.
    pub clips: Tensor<3>,
    /// Words, `[b, n, e]`; rows of padding may hold anything finite.
    pub words: Tensor<3>,
    /// Words of every sentence, at least 1 each.
    pub num_words: Vec<usize>,
}

/// What stands below the fraction of `L_f` and `L_t` (§A.6, open point 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denominator {
    /// All words of all sentences, the own sentence included: the paper's formula.
    AllWords,
    /// The same and the positive.
    AllWordsPlusPositive,
    /// The positive and the words of the other sentences.
    PositivePlusOtherSentences,
}

/// What the warped clip should resemble in `L_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemporalTarget {
    /// The words matched to the clip here: the paper's choice.
    CrossModal,
    /// The clip here; the denominator is all clips of the batch (ablation §B.6 (e)).
    IntraModal,
}

/// The choices of the three losses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossConfig {
    /// `tau`. Paper: 0.07, fixed.
    pub temperature: f64,
    /// `L_c` in both directions, halved; the paper's formula has video to text alone.
    pub symmetric_coarse: bool,
    /// Scale the mean of the matched words to unit length again. Off: with the literal denominator
    /// it has a degenerate optimum, words spread apart so that their mean fits and no single one
    /// does.
    pub renormalise_positive: bool,
    /// What stands below the fraction of `L_f` and `L_t`.
    pub denominator: Denominator,
    /// What the warped clip should resemble.
    pub temporal_target: TemporalTarget,
    /// Scale a clip to unit length before it is warped, so that the sign and the magnitude meet a
    /// fixed scale.
    pub normalise_before_warp: bool,
}

impl Default for LossConfig {
    fn default() -> Self {
        Self {
            temperature: 0.07,
            symmetric_coarse: false,
            renormalise_positive: false,
            denominator: Denominator::AllWords,
            temporal_target: TemporalTarget::CrossModal,
            normalise_before_warp: true,
        }
    }
}

/// `lambda_c`, `lambda_f` and `lambda_t`; a term of weight 0 is not computed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossWeights {
    /// Weight of `L_c`. Paper: 0.5.
    pub coarse: f64,
    /// Weight of `L_f`. Paper: 1.
    pub fine: f64,
    /// Weight of `L_t`. Paper: 1.
    pub temporal: f64,
}

impl Default for LossWeights {
    fn default() -> Self {
        Self { coarse: 0.5, fine: 1.0, temporal: 1.0 }
    }
}

/// How far every clip of a batch is warped from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarpDistances(pub Vec<i32>);

impl WarpDistances {
    /// `b * t` distances, uniform over [`distances`]; none for videos of one clip, which have no
    /// neighbour.
    pub fn draw([b, t]: [usize; 2], max_distance: usize, seed: u64) -> Option<Self> {
        if t < 2 || max_distance == 0 {
            return None;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let drawn = (0..b * t)
            .map(|i| {
                let choices = distances(i % t, t, max_distance);
                choices[rng.random_range(0..choices.len())]
            })
            .collect();
        Some(Self(drawn))
    }
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

/// The losses of a batch, each a tensor of one number.
#[derive(Clone, Debug)]
pub struct Losses {
    /// `lambda_c L_c + lambda_f L_f + lambda_t L_t`.
    pub total: Tensor<1>,
    /// `L_c`.
    pub coarse: Option<Tensor<1>>,
    /// `L_f`.
    pub fine: Option<Tensor<1>>,
    /// `L_t`; absent for videos of one clip.
    pub temporal: Option<Tensor<1>>,
}

/// Unit vectors, their mask and their matches: what `L_f` and `L_t` share.
pub(crate) struct MatchedBatch {
    /// `[b, t, e]`
    pub(crate) clips: Tensor<3>,
    /// `[b, n, e]`
    pub(crate) words: Tensor<3>,
    /// `[b, t, e]`: `q_+`
    pub(crate) positives: Tensor<3>,
    /// `[b n]`: a word and not padding
    pub(crate) is_word: Vec<bool>,
    pub(crate) correspondence: Correspondence,
}

impl MatchedBatch {
    pub(crate) fn new(
        embeddings: &VideoTextEmbeddings,
        config: &LossConfig,
        correspondence: &CorrespondenceConfig,
        seed: u64,
    ) -> Self {
        let clips = l2_normalise(embeddings.clips.clone(), UNIT_EPSILON);
        let words = l2_normalise(embeddings.words.clone(), UNIT_EPSILON);
        let [_b, n, _e] = words.dims();
        let similarity = clips.clone().detach().matmul(words.clone().detach().swap_dims(1, 2));
        let correspondence = correspondence.find(similarity, &embeddings.num_words, seed);
        let mean = correspondence.weights_like(&clips).matmul(words.clone());
        let positives =
            if config.renormalise_positive { l2_normalise(mean, UNIT_EPSILON) } else { mean };
        let is_word =
            embeddings.num_words.iter().flat_map(|&words| (0..n).map(move |i| i < words)).collect();
        Self { clips, words, positives, is_word, correspondence }
    }
}

impl LossConfig {
    /// All losses whose weight is not zero.
    ///
    /// `warp` brings `L_t`; leave it out for videos of one clip. `seed` matters to random
    /// correspondence alone.
    pub fn losses(
        &self,
        embeddings: &VideoTextEmbeddings,
        weights: &LossWeights,
        correspondence: &CorrespondenceConfig,
        warp: Option<(&ContextWarp, &WarpDistances)>,
        seed: u64,
    ) -> Losses {
        let coarse = (weights.coarse != 0.0)
            .then(|| coarse::coarse_loss(embeddings, self.temperature, self.symmetric_coarse));
        let (mut fine, mut temporal) = (None, None);
        if weights.fine != 0.0 || (weights.temporal != 0.0 && warp.is_some()) {
            let batch = MatchedBatch::new(embeddings, self, correspondence, seed);
            if weights.fine != 0.0 {
                fine = Some(fine::fine_loss(&batch, self));
            }
            if let (true, Some((head, distances))) = (weights.temporal != 0.0, warp) {
                let raw = embeddings.clips.clone();
                temporal = Some(temporal::temporal_loss(&batch, raw, head, distances, self));
            }
        }
        let terms =
            [(weights.coarse, &coarse), (weights.fine, &fine), (weights.temporal, &temporal)];
        let total = terms
            .into_iter()
            .filter_map(|(weight, term)| term.clone().map(|loss| loss.mul_scalar(weight)))
            .reduce(|a, b| a + b)
            .unwrap_or_else(|| Tensor::zeros([1], &embeddings.clips.device()));
        Losses { total, coarse, fine, temporal }
    }

    /// The cosines of fig. 5c for one batch; evaluation only.
    pub fn warp_similarities(
        &self,
        embeddings: &VideoTextEmbeddings,
        correspondence: &CorrespondenceConfig,
        head: &ContextWarp,
        distances: &WarpDistances,
    ) -> WarpSimilarities {
        let batch = MatchedBatch::new(embeddings, self, correspondence, 0);
        temporal::similarities(&batch, embeddings.clips.clone(), head, distances, self)
    }
}

/// A constant mask `[rows, columns]` beside `like`.
pub(crate) fn mask<const D: usize>(
    keep: Vec<bool>,
    shape: [usize; 2],
    like: &Tensor<D>,
) -> Tensor<2, Bool> {
    Tensor::from_data(TensorData::new(keep, shape), &like.device())
}
