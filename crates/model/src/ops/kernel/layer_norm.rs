//! Layer normalisation over rows, and its gradients.

use multiversion::multiversion;
use rayon::prelude::*;

use super::ROWS_PER_TASK;
use super::elementary::{dot, sum};
use super::fresh::filled;

/// Rows that a task of the forward takes; they are independent of each other.
const FORWARD_ROWS: usize = 32;

/// Mean and reciprocal standard deviation of a row.
#[inline(always)]
fn moments(row: &[f32], epsilon: f32) -> (f32, f32) {
    let scale = 1.0 / row.len() as f32;
    let mean = sum(row) * scale;
    let mut lanes = [0.0f32; 16];
    let chunks = row.chunks_exact(16);
    let mut total = 0.0;
    for x in chunks.remainder() {
        total += (x - mean) * (x - mean);
    }
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            let centred = x - mean;
            *lane = centred.mul_add(centred, *lane);
        }
    }
    for lane in lanes {
        total += lane;
    }
    (mean, 1.0 / (total * scale + epsilon).sqrt())
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn forward_rows(x: &[f32], gamma: &[f32], beta: &[f32], epsilon: f32, y: &mut [f32]) {
    let d = gamma.len();
    for (x, y) in x.chunks_exact(d).zip(y.chunks_exact_mut(d)) {
        let (mean, scale) = moments(x, epsilon);
        for (((y, x), gamma), beta) in y.iter_mut().zip(x).zip(gamma).zip(beta) {
            *y = ((x - mean) * scale).mul_add(*gamma, *beta);
        }
    }
}

/// `sums` holds the gradient of gamma, then of beta.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn backward_rows(
    x: &[f32],
    gamma: &[f32],
    dy: &[f32],
    epsilon: f32,
    dx: &mut [f32],
    sums: &mut [f32],
) {
    let d = gamma.len();
    let (d_gamma, d_beta) = sums.split_at_mut(d);
    let mut hat = vec![0.0f32; d];
    let mut grad = vec![0.0f32; d];
    for ((x, dy), dx) in x.chunks_exact(d).zip(dy.chunks_exact(d)).zip(dx.chunks_exact_mut(d)) {
        let (mean, scale) = moments(x, epsilon);
        for i in 0..d {
            hat[i] = (x[i] - mean) * scale;
            grad[i] = dy[i] * gamma[i];
            d_gamma[i] = dy[i].mul_add(hat[i], d_gamma[i]);
            d_beta[i] += dy[i];
        }
        let mean_grad = sum(&grad) / d as f32;
        let mean_product = dot(&grad, &hat) / d as f32;
        for i in 0..d {
            dx[i] = scale * (grad[i] - mean_grad - hat[i] * mean_product);
        }
    }
}

/// `y = (x - mean) / sqrt(var + epsilon) * gamma + beta` for every row of `gamma.len()` numbers.
pub(crate) fn forward(x: &[f32], gamma: &[f32], beta: &[f32], epsilon: f32) -> Vec<f32> {
    let piece = FORWARD_ROWS * gamma.len();
    filled(x.len(), piece, |index, y| {
        forward_rows(&x[index * piece..][..y.len()], gamma, beta, epsilon, y);
    })
}

/// Gradients of the input, of gamma and of beta.
pub(crate) fn backward(
    x: &[f32],
    gamma: &[f32],
    dy: &[f32],
    epsilon: f32,
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let d = gamma.len();
    let chunk = ROWS_PER_TASK * d;
    let mut dx = vec![0.0; x.len()];
    let sums: Vec<Vec<f32>> = dx
        .par_chunks_mut(chunk)
        .zip(x.par_chunks(chunk))
        .zip(dy.par_chunks(chunk))
        .map(|((dx, x), dy)| {
            let mut sums = vec![0.0; 2 * d];
            backward_rows(x, gamma, dy, epsilon, dx, &mut sums);
            sums
        })
        .collect();
    let mut totals = vec![0.0; 2 * d];
    for part in sums {
        for (total, value) in totals.iter_mut().zip(part) {
            *total += value;
        }
    }
    let d_beta = totals.split_off(d);
    (dx, totals, d_beta)
}
