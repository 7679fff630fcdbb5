//! The terms of a batch and their weighted sum.
//!
//! All anchors that are contrasted with the same keys go through one operation, which makes the
//! gradient of the sum along with its value and so has to know the weights of the terms.

use burn::tensor::{Tensor, TensorData};

use super::contrast::{Contrast, Keys};
use super::inputs::LossInputs;
use super::per_term::{LossWeights, PerTerm};
use super::term::Term;
use crate::ops::{Anchor, Contrasted, contrast};

/// The losses of a batch, each a tensor of one number.
#[derive(Clone, Debug)]
pub struct Losses {
    /// The terms, each times its weight, added. Its gradient is that of all.
    pub total: Tensor<1>,
    /// The terms without their weights, numbers without a gradient; absent are those of weight 0,
    /// and `L_t` for videos of one clip.
    pub terms: PerTerm<Option<Tensor<1>>>,
}

/// The terms whose weight is not zero, and their sum.
pub(super) fn sum(inputs: &LossInputs<'_>, weights: &LossWeights) -> Losses {
    let weighing = Term::ALL.into_iter().filter(|term| weights[*term] != 0.0);
    let mut contrasts: Vec<(Term, Contrast)> = weighing
        .flat_map(|term| (term.row().contrasts)(inputs).into_iter().map(move |c| (term, c)))
        .collect();
    let mut terms = PerTerm::from_fn(|_| None);
    let mut total = None;
    for keys in Keys::ALL {
        let (stack, others) = contrasts.into_iter().partition(|(_, c)| c.keys == keys);
        contrasts = others;
        add_stack(&mut total, &mut terms, inputs, keys, stack, weights);
    }
    let total = total.unwrap_or_else(|| Tensor::zeros([1], &inputs.embeddings.clips.device()));
    Losses { total, terms }
}

/// Adds contrasts that share their keys.
fn add_stack(
    total: &mut Option<Tensor<1>>,
    terms: &mut PerTerm<Option<Tensor<1>>>,
    inputs: &LossInputs<'_>,
    keys: Keys,
    stack: Vec<(Term, Contrast)>,
    weights: &LossWeights,
) {
    if stack.is_empty() {
        return;
    }
    let (mut anchors, mut rows, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    for (term, contrast) in stack {
        parts.push((term, contrast.rows.iter().map(|row| row.weight).collect::<Vec<_>>()));
        anchors.push(contrast.anchors);
        let weight = weights[term];
        rows.extend(
            contrast.rows.into_iter().map(|row| Anchor { weight: weight * row.weight, ..row }),
        );
    }
    let choices = keys.choices(inputs.config);
    let Contrasted { total: added, losses } =
        contrast(Tensor::cat(anchors, 0), inputs.vectors(keys), rows, choices);
    let mut first = 0;
    for (term, shares) in parts {
        let count = shares.len();
        let shares = TensorData::new(shares, [count]);
        let shares = Tensor::<1>::from_data(shares, (&losses.device(), losses.dtype()));
        let value = (losses.clone().narrow(0, first, count) * shares).sum();
        add(&mut terms[term], value);
        first += count;
    }
    add(total, added);
}

fn add(sum: &mut Option<Tensor<1>>, value: Tensor<1>) {
    *sum = Some(match sum.take() {
        Some(sum) => sum + value,
        None => value,
    });
}
