//! `L_c`: a video against the sentences of the batch.
//!
//! Paper: §A.6,
//! `L_c = 1/N sum_n -log( exp(v_n . q_n / tau) / sum_i exp(v_n . q_i / tau) )`; `symmetric_coarse`
//! averages it with the same from text to video.

use super::contrast::{Contrast, Keys};
use super::inputs::LossInputs;
use super::term_row::TermRow;
use crate::ops::Anchor;

pub(super) const ROW: TermRow = TermRow {
    symbol: "L_c",
    name: "coarse",
    meaning: "videos and sentences",
    default_weight: 0.5,
    contrasts: coarse_contrasts,
};

fn coarse_contrasts(inputs: &LossInputs<'_>) -> Vec<Contrast> {
    let share = if inputs.config.symmetric_coarse { 0.5 } else { 1.0 };
    let direction = |from: Keys, keys: Keys| {
        let anchors = inputs.vectors(from);
        let [b, _e] = anchors.dims();
        let rows = (0..b).map(|i| Anchor::of_key(i, share / b as f64)).collect();
        Contrast { anchors, rows, keys }
    };
    let mut contrasts = vec![direction(Keys::Videos, Keys::Sentences)];
    if inputs.config.symmetric_coarse {
        contrasts.push(direction(Keys::Sentences, Keys::Videos));
    }
    contrasts
}
