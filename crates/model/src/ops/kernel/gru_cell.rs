//! One step of a gated recurrent unit, with PyTorch's gates: reset, update, new.
//!
//! `r = σ(x_r + h_r)`, `z = σ(x_z + h_z)`, `n = tanh(x_n + r h_n)`, `h' = (1 - z) n + z h`, where
//! `h_n` has its own bias, inside of `r`.

use multiversion::multiversion;

use super::elementary::{sigmoid, tanh};
use super::recurrence::{Cell, Step, StepBack};

/// Keeps `h_n`; in the backward its gradient.
pub(crate) struct GruCell;

impl Cell for GruCell {
    const GATES: usize = 3;
    const GATES_OF_ONE_BIAS: usize = 2;

    fn forward(step: Step<'_>) {
        forward(step.gates, step.product, step.bias, step.kept, step.state);
    }

    fn backward(step: StepBack<'_>) {
        backward(step.gates, step.kept, step.state_before, step.d_state, step.d_product);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn forward(
    gates: &mut [f32],
    product: &[f32],
    bias: &[f32],
    of_state: &mut [f32],
    state: &mut [f32],
) {
    let h = state.len();
    let (r, rest) = gates.split_at_mut(h);
    let (z, n) = rest.split_at_mut(h);
    let (n, of_state) = (&mut n[..h], &mut of_state[..h]);
    let (product_r, product_z) = (&product[..h], &product[h..2 * h]);
    let (product_n, bias) = (&product[2 * h..3 * h], &bias[2 * h..3 * h]);
    for k in 0..h {
        r[k] = sigmoid(r[k] + product_r[k]);
        z[k] = sigmoid(z[k] + product_z[k]);
        of_state[k] = product_n[k] + bias[k];
        n[k] = tanh(r[k].mul_add(of_state[k], n[k]));
        state[k] = z[k].mul_add(state[k] - n[k], n[k]);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn backward(
    gates: &mut [f32],
    of_state: &mut [f32],
    before: &[f32],
    d_state: &mut [f32],
    d_product: &mut [f32],
) {
    let h = d_state.len();
    let (r, rest) = gates.split_at_mut(h);
    let (z, n) = rest.split_at_mut(h);
    let (d_r, rest) = d_product.split_at_mut(h);
    let (d_z, d_n) = rest.split_at_mut(h);
    let (n, d_n, of_state, before) = (&mut n[..h], &mut d_n[..h], &mut of_state[..h], &before[..h]);
    for k in 0..h {
        let d = d_state[k];
        let of_n = d * (1.0 - z[k]) * (1.0 - n[k] * n[k]);
        let of_z = d * (before[k] - n[k]) * z[k] * (1.0 - z[k]);
        let of_r = of_n * of_state[k] * r[k] * (1.0 - r[k]);
        d_state[k] = d * z[k];
        (d_r[k], d_z[k], d_n[k]) = (of_r, of_z, of_n * r[k]);
        of_state[k] = of_n * r[k];
        (r[k], z[k], n[k]) = (of_r, of_z, of_n);
    }
}
