//! `L_f`: a clip against the words of the batch.
//!
//! Paper: §A.6,
//! `L_f = 1/T sum_t -log( exp(v^t . q_+^t / tau) / sum_i sum_s exp(v^t . q_i^s / tau) )`, averaged
//! over the batch. With the literal denominator and `q_+` the plain mean of unit words it is never
//! negative: the positive's cosine is a mean of cosines that all stand below the fraction too.

use super::contrast::{Contrast, Keys};
use super::inputs::LossInputs;
use super::term_row::TermRow;

pub(super) const ROW: TermRow = TermRow {
    symbol: "L_f",
    name: "fine",
    meaning: "clips and words",
    default_weight: 1.0,
    contrasts: |inputs| vec![fine_contrast(inputs)],
};

fn fine_contrast(inputs: &LossInputs<'_>) -> Contrast {
    let batch = inputs.matched();
    let rows = batch.anchors(inputs.config.denominator);
    Contrast { anchors: batch.clips.clone(), rows, keys: Keys::Words }
}
