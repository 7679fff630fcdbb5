//! Multi-head attention of every row to its neighbours in the same sequence.
//!
//! A row has few keys, so that scores are plain dot products; they are worked out again in the
//! backward and nothing of their size is kept.

use std::ops::RangeInclusive;

use multiversion::multiversion;
use rayon::prelude::*;

use super::attention::Heads;
use super::elementary::{add_scaled, dot, softmax};
use super::fresh::filled;

/// Sequences of `rows` rows whose neighbours are up to `radius` rows away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows {
    pub(crate) rows: usize,
    pub(crate) radius: usize,
}

impl Windows {
    #[inline(always)]
    fn keys(self, row: usize) -> RangeInclusive<usize> {
        row.saturating_sub(self.radius)..=(row + self.radius).min(self.rows - 1)
    }
}

/// `[b, rows, d]` from `[b, rows, 3d]`.
pub(crate) fn forward(qkv: &[f32], windows: Windows, heads: Heads) -> Vec<f32> {
    let d = heads.count * heads.width;
    let sequence = windows.rows * d;
    filled(qkv.len() / 3, sequence, |element, out| {
        forward_sequence(&qkv[element * 3 * sequence..][..3 * sequence], windows, heads, out);
    })
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn forward_sequence(qkv: &[f32], windows: Windows, heads: Heads, out: &mut [f32]) {
    let (d, w) = (heads.count * heads.width, heads.width);
    let mut weights = Vec::with_capacity(2 * windows.radius + 1);
    for row in 0..windows.rows {
        for head in 0..heads.count {
            attention_weights(&mut weights, qkv, windows, heads, row, head);
            let target = &mut out[row * d + head * w..][..w];
            for (key, weight) in windows.keys(row).zip(&weights) {
                add_scaled(target, *weight, &qkv[key * 3 * d + 2 * d + head * w..][..w]);
            }
        }
    }
}

/// The softmax of a row's scores in one head.
#[inline(always)]
fn attention_weights(
    weights: &mut Vec<f32>,
    qkv: &[f32],
    windows: Windows,
    heads: Heads,
    row: usize,
    head: usize,
) {
    let (d, w) = (heads.count * heads.width, heads.width);
    let scale = 1.0 / (w as f32).sqrt();
    let q = &qkv[row * 3 * d + head * w..][..w];
    weights.clear();
    for key in windows.keys(row) {
        weights.push(scale * dot(q, &qkv[key * 3 * d + d + head * w..][..w]));
    }
    softmax(weights);
}

/// The gradient of `qkv`.
pub(crate) fn backward(qkv: &[f32], d_out: &[f32], windows: Windows, heads: Heads) -> Vec<f32> {
    let d = heads.count * heads.width;
    let sequence = windows.rows * d;
    let mut d_qkv = vec![0.0; qkv.len()];
    d_qkv
        .par_chunks_mut(3 * sequence)
        .zip(qkv.par_chunks(3 * sequence))
        .zip(d_out.par_chunks(sequence))
        .for_each(|((d_qkv, qkv), d_out)| backward_sequence(qkv, d_out, windows, heads, d_qkv));
    d_qkv
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn backward_sequence(
    qkv: &[f32],
    d_out: &[f32],
    windows: Windows,
    heads: Heads,
    d_qkv: &mut [f32],
) {
    let (d, w) = (heads.count * heads.width, heads.width);
    let scale = 1.0 / (w as f32).sqrt();
    let most = 2 * windows.radius + 1;
    let (mut weights, mut d_weights) = (Vec::with_capacity(most), Vec::with_capacity(most));
    for row in 0..windows.rows {
        for head in 0..heads.count {
            attention_weights(&mut weights, qkv, windows, heads, row, head);
            let grad = &d_out[row * d + head * w..][..w];
            d_weights.clear();
            let mut mean = 0.0f32;
            for (key, weight) in windows.keys(row).zip(&weights) {
                let value = key * 3 * d + 2 * d + head * w;
                let of_weight = dot(grad, &qkv[value..][..w]);
                mean = weight.mul_add(of_weight, mean);
                d_weights.push(of_weight);
                add_scaled(&mut d_qkv[value..][..w], *weight, grad);
            }
            let query = row * 3 * d + head * w;
            for ((key, weight), of_weight) in windows.keys(row).zip(&weights).zip(&d_weights) {
                let of_score = scale * weight * (of_weight - mean);
                let key = key * 3 * d + d + head * w;
                add_scaled(&mut d_qkv[query..][..w], of_score, &qkv[key..][..w]);
                add_scaled(&mut d_qkv[key..][..w], of_score, &qkv[query..][..w]);
            }
        }
    }
}
