//! `x (1 + tanh u) / 2`, `u = sqrt(2 / π) (x + 0.044715 x³)`, and its derivative.
//!
//! `(1 + tanh u) / 2` is the logistic function of `2 u`, which is what is worked out.

use multiversion::multiversion;
use rayon::prelude::*;

use super::elementary::sigmoid;

/// `2 sqrt(2 / π)`.
const SLOPE: f32 = 1.595_769;

const CUBIC: f32 = 0.044_715;

const CHUNK: usize = 16 * 1024;

#[inline(always)]
fn gate(x: f32) -> f32 {
    sigmoid(SLOPE * x * (CUBIC * x).mul_add(x, 1.0))
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn forward_chunk(x: &[f32], y: &mut [f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = *x * gate(*x);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn backward_chunk(x: &[f32], dy: &[f32], dx: &mut [f32]) {
    for ((dx, x), dy) in dx.iter_mut().zip(x).zip(dy) {
        let gate = gate(*x);
        let slope = SLOPE * (3.0 * CUBIC * *x).mul_add(*x, 1.0);
        *dx = *dy * gate * (slope * *x).mul_add(1.0 - gate, 1.0);
    }
}

/// `y = x σ(2 u)`, element by element.
pub(crate) fn forward(x: &[f32]) -> Vec<f32> {
    let mut y = vec![0.0; x.len()];
    y.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(y, x)| forward_chunk(x, y));
    y
}

/// `dx = dy σ (1 + 2 u' x (1 - σ))`, element by element.
pub(crate) fn backward(x: &[f32], dy: &[f32]) -> Vec<f32> {
    let mut dx = vec![0.0; x.len()];
    dx.par_chunks_mut(CHUNK)
        .zip(x.par_chunks(CHUNK))
        .zip(dy.par_chunks(CHUNK))
        .for_each(|((dx, x), dy)| backward_chunk(x, dy, dx));
    dx
}
