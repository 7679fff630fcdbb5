//! What there is to know of a term of the loss: the constant `ROW` of its file.

use super::contrast::Contrast;
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
    /// What the term contrasts in a batch; the term is the sum of their losses. Empty where the
    /// batch has nothing to compare.
    pub(super) contrasts: fn(&LossInputs<'_>) -> Vec<Contrast>,
}
