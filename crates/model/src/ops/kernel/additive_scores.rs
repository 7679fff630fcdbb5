//! `w · tanh(q_i + k_j)` for all queries and keys of a batch, without the `[b, m, n, d]` numbers in
//! between.

use multiversion::multiversion;
use rayon::prelude::*;

use super::elementary::tanh;
use super::fresh::filled;

const LANES: usize = 16;

/// Sizes of a batch: queries, keys and their width.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) queries: usize,
    pub(crate) keys: usize,
    pub(crate) width: usize,
}

/// `[b, queries, keys]`
pub(crate) fn forward(q: &[f32], k: &[f32], w: &[f32], sizes: Sizes) -> Vec<f32> {
    let Sizes { queries, keys, width } = sizes;
    let b = q.len() / (queries * width);
    filled(b * queries * keys, queries * keys, |element, scores| {
        let q = &q[element * queries * width..][..queries * width];
        let k = &k[element * keys * width..][..keys * width];
        for (scores, q) in scores.chunks_exact_mut(keys).zip(q.chunks_exact(width)) {
            for (score, k) in scores.iter_mut().zip(k.chunks_exact(width)) {
                *score = score_of(q, k, w);
            }
        }
    })
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn score_of(q: &[f32], k: &[f32], w: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (q_chunks, k_chunks, w_chunks) =
        (q.chunks_exact(LANES), k.chunks_exact(LANES), w.chunks_exact(LANES));
    let mut total = 0.0f32;
    let tails = q_chunks.remainder().iter().zip(k_chunks.remainder()).zip(w_chunks.remainder());
    for ((q, k), w) in tails {
        total = w.mul_add(tanh(q + k), total);
    }
    for ((q, k), w) in q_chunks.zip(k_chunks).zip(w_chunks) {
        for (((lane, q), k), w) in lanes.iter_mut().zip(q).zip(k).zip(w) {
            *lane = w.mul_add(tanh(q + k), *lane);
        }
    }
    for lane in lanes {
        total += lane;
    }
    total
}

/// The gradients of `q`, `k` and `w`.
pub(crate) fn backward(
    q: &[f32],
    k: &[f32],
    w: &[f32],
    d_scores: &[f32],
    sizes: Sizes,
) -> [Vec<f32>; 3] {
    let Sizes { queries, keys, width } = sizes;
    let (mut dq, mut dk) = (vec![0.0; q.len()], vec![0.0; k.len()]);
    let parts: Vec<Vec<f32>> = dq
        .par_chunks_mut(queries * width)
        .zip(dk.par_chunks_mut(keys * width))
        .zip(q.par_chunks(queries * width))
        .zip(k.par_chunks(keys * width))
        .zip(d_scores.par_chunks(queries * keys))
        .map(|((((dq, dk), q), k), d_scores)| {
            let mut dw = vec![0.0; width];
            for (i, d_scores) in d_scores.chunks_exact(keys).enumerate() {
                let (q, dq) = (&q[i * width..][..width], &mut dq[i * width..][..width]);
                for (j, d) in d_scores.iter().enumerate() {
                    let (k, dk) = (&k[j * width..][..width], &mut dk[j * width..][..width]);
                    add_gradients(q, k, w, *d, dq, dk, &mut dw);
                }
            }
            dw
        })
        .collect();
    let mut dw = vec![0.0; width];
    for part in parts {
        for (sum, more) in dw.iter_mut().zip(part) {
            *sum += more;
        }
    }
    [dq, dk, dw]
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn add_gradients(
    q: &[f32],
    k: &[f32],
    w: &[f32],
    d: f32,
    dq: &mut [f32],
    dk: &mut [f32],
    dw: &mut [f32],
) {
    let width = w.len();
    let (q, k, dq, dk, dw) =
        (&q[..width], &k[..width], &mut dq[..width], &mut dk[..width], &mut dw[..width]);
    for c in 0..width {
        let t = tanh(q[c] + k[c]);
        let slope = d * w[c] * (1.0 - t * t);
        dq[c] += slope;
        dk[c] += slope;
        dw[c] = d.mul_add(t, dw[c]);
    }
}
