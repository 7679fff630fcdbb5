//! Multi-head attention of many short sequences that lie inside one row-major `[rows, 3d]` matrix
//! of queries, keys and values.
//!
//! One task takes whole sequences: it gathers their rows head by head, so that every head is a
//! small contiguous matrix in the cache, and scatters the result. Nothing of the size of the scores
//! is kept: the backward computes the probabilities again from the inputs.

use multiversion::multiversion;
use rayon::prelude::*;

use super::elementary::{add_scaled, dot, softmax};
use super::fresh::filled;
use super::matrix::{Matrix, multiply};

/// Sequences up to this length use plain loops; above it, the matrix product pays for its packing.
const SHORT: usize = 16;

/// Rows of a block from which on its sequences are shared out among the threads.
const WIDE: usize = 1024;

/// Rows of a wide block's result that a task puts together.
const PLACED_ROWS: usize = 64;

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

/// Puts the results of sequences into the rows from `start` on that `target` holds.
///
/// The first elements of sequences that share their first row are added there in the order of the
/// sequences.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn place(target: &mut [f32], start: usize, width: usize, s: &Sequence, rows: &[f32], weigh: bool) {
    let end = start + target.len() / width;
    if (start..end).contains(&s.first) {
        let row = &mut target[(s.first - start) * width..][..width];
        add_scaled(row, if weigh { s.first_weight } else { 1.0 }, &rows[..width]);
    }
    let before = start.saturating_sub(s.second).div_ceil(s.stride);
    for i in 1 + before..s.length {
        let row = s.row(i);
        if row >= end {
            break;
        }
        target[(row - start) * width..][..width].copy_from_slice(&rows[i * width..][..width]);
    }
}

/// A `[rows, width]` matrix, of which `compute` gives the rows of one sequence at a time.
///
/// Sequences of small blocks go to the threads in whole blocks, and their rows to their places at
/// once. A block of [`WIDE`] rows or more (the frames of one clip at full size) is work for all
/// threads: all its sequences are computed first, then all rows are placed.
fn sequence_by_sequence(
    [rows, width]: [usize; 2],
    sequences: &[Sequence],
    block: Block,
    weigh: bool,
    compute: impl Fn(&mut Scratch, &Sequence, &mut [f32]) + Sync,
) -> Vec<f32> {
    if block.rows < WIDE {
        let task = block.grouped(rows);
        return filled(rows * width, task.rows * width, |index, target| {
            let (mut scratch, mut result) = (Scratch::default(), Vec::new());
            let count = target.len() / width / block.rows * block.sequences;
            for s in &sequences[index * task.sequences..][..count] {
                result.resize(s.length * width, 0.0);
                compute(&mut scratch, s, &mut result);
                place(target, index * task.rows, width, s, &result, weigh);
            }
        });
    }
    let results: Vec<Vec<f32>> = sequences
        .par_iter()
        .map_init(Scratch::default, |scratch, s| {
            let mut result = vec![0.0; s.length * width];
            compute(scratch, s, &mut result);
            result
        })
        .collect();
    filled(rows * width, PLACED_ROWS * width, |index, target| {
        let start = index * PLACED_ROWS;
        let last = start + target.len() / width - 1;
        let of_blocks =
            start / block.rows * block.sequences..(last / block.rows + 1) * block.sequences;
        for i in of_blocks {
            place(target, start, width, &sequences[i], &results[i], weigh);
        }
    })
}

/// Attention inside every sequence; `qkv` is `[rows, 3d]`, the result `[rows, d]`.
pub(crate) fn forward(qkv: &[f32], sequences: &[Sequence], block: Block, heads: Heads) -> Vec<f32> {
    let d = heads.model_width();
    let shape = [qkv.len() / (3 * d), d];
    sequence_by_sequence(shape, sequences, block, true, |scratch, s, out| {
        forward_sequence(scratch, qkv, s, heads, out);
    })
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
    let shape = [qkv.len() / width, width];
    sequence_by_sequence(shape, sequences, block, false, |scratch, s, d_qkv| {
        backward_sequence(scratch, qkv, d_out, s, heads, d_qkv);
    })
}
