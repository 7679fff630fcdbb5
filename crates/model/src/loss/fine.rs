//! `L_f`: a clip against the words of the batch.
//!
//! Paper: §A.6,
//! `L_f = 1/T sum_t -log( exp(v^t . q_+^t / tau) / sum_i sum_s exp(v^t . q_i^s / tau) )`, averaged
//! over the batch. With the literal denominator and `q_+` the plain mean of unit words it is never
//! negative: the positive's cosine is a mean of cosines that all stand below the fraction too.

use burn::tensor::Tensor;

use super::info_nce::{Keys, info_nce};
use super::{LossConfig, MatchedBatch};

pub(super) fn fine_loss(batch: &MatchedBatch, config: &LossConfig) -> Tensor<1> {
    info_nce(
        batch.clips.clone(),
        batch.positives.clone(),
        Keys { vectors: batch.words.clone(), exist: &batch.is_word },
        &batch.correspondence.matched,
        config.denominator,
        config.temperature,
    )
}
