//! One step of a long short-term memory, with PyTorch's gates: input, forget, cell, output.
//!
//! `c' = σ(f) c + σ(i) tanh(g)`, `h' = σ(o) tanh(c')`.

use multiversion::multiversion;

use super::elementary::{sigmoid, tanh};
use super::recurrence::{Cell, Step, StepBack};

/// Keeps `c'`.
pub(crate) struct LstmCell;

impl Cell for LstmCell {
    const GATES: usize = 4;
    const GATES_OF_ONE_BIAS: usize = 4;

    fn forward(step: Step<'_>) {
        forward(step.gates, step.product, step.kept, step.state, step.memory);
    }

    fn backward(step: StepBack<'_>) {
        backward(step.gates, step.kept, step.kept_before, step.d_state, step.d_memory);
        step.d_product.copy_from_slice(step.gates);
        // The old state reaches the new one through the gates alone.
        step.d_state.fill(0.0);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn forward(
    gates: &mut [f32],
    product: &[f32],
    kept: &mut [f32],
    state: &mut [f32],
    memory: &mut [f32],
) {
    let h = state.len();
    let (i, rest) = gates.split_at_mut(h);
    let (f, rest) = rest.split_at_mut(h);
    let (g, o) = rest.split_at_mut(h);
    let (o, kept, memory) = (&mut o[..h], &mut kept[..h], &mut memory[..h]);
    let (product_i, product_f) = (&product[..h], &product[h..2 * h]);
    let (product_g, product_o) = (&product[2 * h..3 * h], &product[3 * h..4 * h]);
    for k in 0..h {
        i[k] = sigmoid(i[k] + product_i[k]);
        f[k] = sigmoid(f[k] + product_f[k]);
        g[k] = tanh(g[k] + product_g[k]);
        o[k] = sigmoid(o[k] + product_o[k]);
        memory[k] = f[k].mul_add(memory[k], i[k] * g[k]);
        kept[k] = memory[k];
        state[k] = o[k] * tanh(memory[k]);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn backward(
    gates: &mut [f32],
    memory: &[f32],
    before: &[f32],
    d_state: &[f32],
    d_memory: &mut [f32],
) {
    let h = d_state.len();
    let (i, rest) = gates.split_at_mut(h);
    let (f, rest) = rest.split_at_mut(h);
    let (g, o) = rest.split_at_mut(h);
    let (o, memory, before, d_memory) =
        (&mut o[..h], &memory[..h], &before[..h], &mut d_memory[..h]);
    for k in 0..h {
        let shown = tanh(memory[k]);
        let of_memory = d_memory[k] + d_state[k] * o[k] * (1.0 - shown * shown);
        d_memory[k] = of_memory * f[k];
        let of_i = of_memory * g[k] * i[k] * (1.0 - i[k]);
        let of_g = of_memory * i[k] * (1.0 - g[k] * g[k]);
        f[k] = of_memory * before[k] * f[k] * (1.0 - f[k]);
        o[k] = d_state[k] * shown * o[k] * (1.0 - o[k]);
        (i[k], g[k]) = (of_i, of_g);
    }
}
