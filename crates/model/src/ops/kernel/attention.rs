//! Multi-head attention of many short sequences that lie inside one row-major `[rows, 3d]` matrix
//! of queries, keys and values.
//!
//! One task takes whole sequences: it gathers their rows head by head, so that every head is a
//! small contiguous matrix in the cache, and scatters the result. Nothing of the size of the scores
//! is kept: the backward computes the probabilities again from the inputs.

use multiversion::multiversion;
use rayon::prelude::*;

use super::elementary::{add_scaled, dot, softmax};
use super::matrix::{Matrix, multiply};

/// Sequences up to this length use plain loops; above it, the matrix product pays for its packing.
const SHORT: usize = 16;

/// Rows of queries a task takes at least, so that tiny sequences are not tiny tasks.
const QUERIES_PER_TASK: usize = 128;

/// Where the rows of one sequence lie and which of them are keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sequence {
    /// Row of the first element.
    pub(crate) first: usize,
    /// Row of the second element.
    pub(crate) second: usize,
    /// Distance between the following rows.
    pub(crate) stride: usize,
    /// Number of elements.
    pub(crate) length: usize,
    /// How many of the first elements are keys; the others are padding.
    pub(crate) keys: usize,
    /// The weight of the first element's result in its row; sequences that share their first row
    /// average there.
    pub(crate) first_weight: f32,
}

impl Sequence {
    #[inline(always)]
    fn row(&self, index: usize) -> usize {
        if index == 0 { self.first } else { self.second + (index - 1) * self.stride }
    }
}

/// Sizes shared by all sequences.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heads {
    /// Number of heads.
    pub(crate) count: usize,
    /// Width of one head.
    pub(crate) width: usize,
}

impl Heads {
    fn model_width(self) -> usize {
        self.count * self.width
    }
}

/// One head's matrices `[length, width]` and its scores `[length, keys]`.
#[derive(Default)]
struct Scratch {
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    grad: Vec<f32>,
    scores: Vec<f32>,
    score_grads: Vec<f32>,
    out: Vec<f32>,
    dq: Vec<f32>,
    dk: Vec<f32>,
    dv: Vec<f32>,
}

#[inline(always)]
fn gather(
    target: &mut Vec<f32>,
    source: &[f32],
    row_width: usize,
    at: usize,
    s: &Sequence,
    width: usize,
) {
    target.clear();
    for i in 0..s.length {
        let start = s.row(i) * row_width + at;
        target.extend_from_slice(&source[start..start + width]);
    }
}

#[inline(always)]
fn load_head(scratch: &mut Scratch, qkv: &[f32], s: &Sequence, heads: Heads, head: usize) {
    let (d, w) = (heads.model_width(), heads.width);
    gather(&mut scratch.q, qkv, 3 * d, head * w, s, w);
    gather(&mut scratch.k, qkv, 3 * d, d + head * w, s, w);
    gather(&mut scratch.v, qkv, 3 * d, 2 * d + head * w, s, w);
}

/// Fills `scratch.scores` with the attention probabilities of one head.
#[inline(always)]
fn probabilities(scratch: &mut Scratch, s: &Sequence, width: usize) {
    let scale = 1.0 / (width as f32).sqrt();
    scratch.scores.clear();
    scratch.scores.resize(s.length * s.keys, 0.0);
    if s.length <= SHORT {
        for i in 0..s.length {
            let q = &scratch.q[i * width..][..width];
            for j in 0..s.keys {
                scratch.scores[i * s.keys + j] = scale * dot(q, &scratch.k[j * width..][..width]);
            }
        }
    } else {
        let q = Matrix::new(&scratch.q, s.length, width);
        let k = Matrix::new(&scratch.k[..s.keys * width], s.keys, width);
        multiply(q, k.transposed(), scale, &mut scratch.scores, false, false);
    }
    for row in scratch.scores.chunks_exact_mut(s.keys) {
        softmax(row);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn forward_sequence(
    scratch: &mut Scratch,
    qkv: &[f32],
    s: &Sequence,
    heads: Heads,
    out: &mut [f32],
) {
    let (d, w) = (heads.model_width(), heads.width);
    for head in 0..heads.count {
        load_head(scratch, qkv, s, heads, head);
        probabilities(scratch, s, w);
        scratch.out.clear();
        scratch.out.resize(s.length * w, 0.0);
        if s.length <= SHORT {
            for i in 0..s.length {
                let target = &mut scratch.out[i * w..][..w];
                for j in 0..s.keys {
                    add_scaled(target, scratch.scores[i * s.keys + j], &scratch.v[j * w..][..w]);
                }
            }
        } else {
            let p = Matrix::new(&scratch.scores, s.length, s.keys);
            let v = Matrix::new(&scratch.v[..s.keys * w], s.keys, w);
            multiply(p, v, 1.0, &mut scratch.out, false, false);
        }
        for i in 0..s.length {
            out[i * d + head * w..][..w].copy_from_slice(&scratch.out[i * w..][..w]);
        }
    }
}

/// Writes the gradients of the sequence's rows of `qkv` into `d_qkv`, a `[length, 3d]` matrix.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn backward_sequence(
    scratch: &mut Scratch,
    qkv: &[f32],
    d_out: &[f32],
    s: &Sequence,
    heads: Heads,
    d_qkv: &mut [f32],
) {
    let (d, w, n, m) = (heads.model_width(), heads.width, s.length, s.keys);
    let scale = 1.0 / (w as f32).sqrt();
    for head in 0..heads.count {
        load_head(scratch, qkv, s, heads, head);
        gather(&mut scratch.grad, d_out, d, head * w, s, w);
        if s.first_weight != 1.0 {
            for value in &mut scratch.grad[..w] {
                *value *= s.first_weight;
            }
        }
        probabilities(scratch, s, w);
        scratch.score_grads.clear();
        scratch.score_grads.resize(n * m, 0.0);
        for buffer in [&mut scratch.dq, &mut scratch.dk, &mut scratch.dv] {
            buffer.clear();
            buffer.resize(n * w, 0.0);
        }
        let short = n <= SHORT;
        if short {
            for i in 0..n {
                let grad = &scratch.grad[i * w..][..w];
                for j in 0..m {
                    scratch.score_grads[i * m + j] = dot(grad, &scratch.v[j * w..][..w]);
                    add_scaled(&mut scratch.dv[j * w..][..w], scratch.scores[i * m + j], grad);
                }
            }
        } else {
            let grad = Matrix::new(&scratch.grad, n, w);
            let v = Matrix::new(&scratch.v[..m * w], m, w);
            let p = Matrix::new(&scratch.scores, n, m);
            multiply(grad, v.transposed(), 1.0, &mut scratch.score_grads, false, false);
            multiply(p.transposed(), grad, 1.0, &mut scratch.dv[..m * w], false, false);
        }
        for i in 0..n {
            let p = &scratch.scores[i * m..][..m];
            let dp = &mut scratch.score_grads[i * m..][..m];
            let mean = dot(p, dp);
            for (dp, p) in dp.iter_mut().zip(p) {
                *dp = scale * *p * (*dp - mean);
            }
        }
        if short {
            for i in 0..n {
                for j in 0..m {
                    let ds = scratch.score_grads[i * m + j];
                    add_scaled(&mut scratch.dq[i * w..][..w], ds, &scratch.k[j * w..][..w]);
                    add_scaled(&mut scratch.dk[j * w..][..w], ds, &scratch.q[i * w..][..w]);
                }
            }
        } else {
            let ds = Matrix::new(&scratch.score_grads, n, m);
            let q = Matrix::new(&scratch.q, n, w);
            let k = Matrix::new(&scratch.k[..m * w], m, w);
            multiply(ds, k, 1.0, &mut scratch.dq, false, false);
            multiply(ds.transposed(), q, 1.0, &mut scratch.dk[..m * w], false, false);
        }
        for i in 0..n {
            let row = &mut d_qkv[i * 3 * d..][..3 * d];
            row[head * w..][..w].copy_from_slice(&scratch.dq[i * w..][..w]);
            row[d + head * w..][..w].copy_from_slice(&scratch.dk[i * w..][..w]);
            row[2 * d + head * w..][..w].copy_from_slice(&scratch.dv[i * w..][..w]);
        }
    }
}

/// Sequences whose rows lie together: `rows` consecutive rows hold all of `sequences` and nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    /// Rows of a block.
    pub(crate) rows: usize,
    /// Sequences of a block.
    pub(crate) sequences: usize,
}

impl Block {
    /// So many blocks that a task has at least [`QUERIES_PER_TASK`] queries.
    fn grouped(self, total_rows: usize) -> Self {
        let blocks = QUERIES_PER_TASK.div_ceil(self.rows).clamp(1, total_rows / self.rows);
        Self { rows: self.rows * blocks, sequences: self.sequences * blocks }
    }
}

/// Adds the rows of a sequence to their places in a block that begins at row `start`.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn place(block: &mut [f32], start: usize, rows: &[f32], width: usize, s: &Sequence, weigh: bool) {
    for (i, row) in rows.chunks_exact(width).enumerate() {
        let target = &mut block[(s.row(i) - start) * width..][..width];
        if i == 0 {
            // The class token of a clip is the first row of a sequence in every frame.
            add_scaled(target, if weigh { s.first_weight } else { 1.0 }, row);
        } else {
            target.copy_from_slice(row);
        }
    }
}

/// Attention inside every sequence; `qkv` is `[rows, 3d]`, the result `[rows, d]`.
pub(crate) fn forward(qkv: &[f32], sequences: &[Sequence], block: Block, heads: Heads) -> Vec<f32> {
    let d = heads.model_width();
    let task = block.grouped(qkv.len() / (3 * d));
    let mut out = vec![0.0; qkv.len() / 3];
    out.par_chunks_mut(task.rows * d)
        .zip(sequences.par_chunks(task.sequences))
        .enumerate()
        .for_each(|(index, (out, sequences))| {
            let mut scratch = Scratch::default();
            let mut rows = Vec::new();
            for s in sequences {
                rows.resize(s.length * d, 0.0);
                forward_sequence(&mut scratch, qkv, s, heads, &mut rows);
                place(out, index * task.rows, &rows, d, s, true);
            }
        });
    out
}

/// The gradient of `qkv`, given the gradient of the result.
pub(crate) fn backward(
    qkv: &[f32],
    d_out: &[f32],
    sequences: &[Sequence],
    block: Block,
    heads: Heads,
) -> Vec<f32> {
    let width = 3 * heads.model_width();
    let task = block.grouped(qkv.len() / width);
    let mut d_qkv = vec![0.0; qkv.len()];
    d_qkv
        .par_chunks_mut(task.rows * width)
        .zip(sequences.par_chunks(task.sequences))
        .enumerate()
        .for_each(|(index, (d_qkv, sequences))| {
            let mut scratch = Scratch::default();
            let mut rows = Vec::new();
            for s in sequences {
                rows.resize(s.length * width, 0.0);
                backward_sequence(&mut scratch, qkv, d_out, s, heads, &mut rows);
                place(d_qkv, index * task.rows, &rows, width, s, false);
            }
        });
    d_qkv
}
