//! What there is to know of a term of the loss: the constant `ROW` of its file.

use burn::tensor::Tensor;

use super::inputs::LossInputs;

/// A term of the loss.
pub(super) struct TermRow {
    /// As a formula has it: `L_c`.
    pub(super) symbol: &'static str,
    /// Its key in run files, logs and summaries: `coarse`.
    pub(super) name: &'static str,
    /// What is compared with what, for people.
    pub(super) meaning: &'static str,
    /// Its weight where a run file names none. A new term has 0: files of before mean what they
    /// meant.
    pub(super) default_weight: f64,
    /// The term of a batch, a tensor of one number; none where the batch has nothing to compare.
    pub(super) loss: fn(&LossInputs<'_>) -> Option<Tensor<1>>,
}
