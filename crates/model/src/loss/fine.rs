//! `L_f`: a clip against the words of the batch.
//!
//! Paper: §A.6,
//! `L_f = 1/T sum_t -log( exp(v^t . q_+^t / tau) / sum_i sum_s exp(v^t . q_i^s / tau) )`, averaged
//! over the batch. With the literal denominator and `q_+` the plain mean of unit words it is never
//! negative: the positive's cosine is a mean of cosines that all stand below the fraction too.

use burn::tensor::Tensor;

use super::info_nce::{Keys, info_nce};
use super::inputs::LossInputs;
use super::term_row::TermRow;

pub(super) const ROW: TermRow = TermRow {
    symbol: "L_f",
    name: "fine",
    meaning: "clips and words",
    default_weight: 1.0,
    loss: |inputs| Some(fine_loss(inputs)),
};

fn fine_loss(inputs: &LossInputs<'_>) -> Tensor<1> {
    let (batch, config) = (inputs.matched(), inputs.config);
    info_nce(
        batch.clips.clone(),
        batch.positives.clone(),
        Keys { vectors: batch.words.clone(), exist: &batch.is_word },
        &batch.correspondence.matched,
        config.denominator,
        config.temperature,
    )
}
