//! Anchors against keys in strips of anchors over all keys: three products, and nothing of the size
//! of anchors times keys.
//!
//! The table of a strip has a row for every key and a column for every anchor, so that one operand
//! of each product is read as it lies and an anchor's sum goes down a column. It is cut into panels
//! of keys. A panel has one writer, which makes its cosines and their exponentials, the anchors'
//! sums over it and its part of the anchors' gradient while a block of it is in the cache. The parts
//! are added in the order of the panels; then the exponentials, scaled by the anchors' sums, are the
//! softmax that the gradient of the panel's keys is made of.

use multiversion::multiversion;
use rayon::prelude::*;

use super::super::contrast_data::{Anchor, ContrastChoices, SHORTEST_POSITIVE};
use super::elementary::{add_scaled, dot, exp};
use super::fresh::filled;
use super::matrix::{Matrix, multiply};

/// Anchors in a strip, a multiple of the rows that the product makes at a time (48 with AVX-512, 24
/// with AVX2). More make the keys' gradient be read and written less often.
const MAX_STRIP: usize = 144;

/// Numbers in a strip's table, 48 MiB, which shortens the strip where there are very many keys.
const MAX_TABLE: usize = 12 << 20;

/// Keys that are worked on at a time; their part of the table stays in the second cache.
const BLOCK: usize = 512;

/// More panels than this would make the parts of the anchors' gradient large.
const MAX_PANELS: usize = 32;

/// Rows of the table that are added in f32 before they are added in f64.
const SUMMED_ROWS: usize = 64;

/// From this temperature on the largest cosine there can be, 1, is taken from all cosines before
/// they are divided and exponentiated: the smallest, -1, gives `e^-80`, which an f32 holds. Below,
/// it has to be the largest of the anchor.
const ONE_SHIFT_FROM: f64 = 0.025;

/// A contrast.
#[derive(Clone, Copy)]
pub(crate) struct Problem<'a> {
    /// `[r, width]`, of unit length or zero, as the keys.
    pub(crate) anchors: &'a [f32],
    /// `[c, width]`
    pub(crate) keys: &'a [f32],
    pub(crate) width: usize,
    pub(crate) rows: &'a [Anchor],
    pub(crate) choices: ContrastChoices,
}

/// Its outcome.
pub(crate) struct Found {
    pub(crate) total: f64,
    /// One for every anchor.
    pub(crate) losses: Vec<f32>,
    /// Those of the total at the anchors and at the keys, where asked for.
    pub(crate) gradients: Option<[Vec<f32>; 2]>,
}

/// Anchors in a strip over so many keys.
pub(crate) fn strip_rows(keys: usize) -> usize {
    (MAX_TABLE / keys.max(1) / 16 * 16).clamp(16, MAX_STRIP)
}

/// The losses, and with `gradients` the gradients of their total.
pub(crate) fn contrast(problem: Problem<'_>, gradients: bool) -> Found {
    let Problem { anchors, keys, width, rows, .. } = problem;
    let num_keys = keys.len() / width;
    let strip = strip_rows(num_keys).min(rows.len().max(1));
    let mut table = filled(strip * num_keys, strip * BLOCK, |_, _| ());
    let mut found = Found {
        total: 0.0,
        losses: Vec::with_capacity(rows.len()),
        gradients: gradients.then(|| [Vec::with_capacity(anchors.len()), vec![0.0; keys.len()]]),
    };
    for (anchors, rows) in anchors.chunks(strip * width).zip(rows.chunks(strip)) {
        let table = &mut table[..rows.len() * num_keys];
        Strip::new(Problem { anchors, rows, ..problem }).add_to(&mut found, table);
    }
    found
}

/// Some of the anchors against all keys.
struct Strip<'a> {
    /// Its anchors alone.
    problem: Problem<'a>,
    num_keys: usize,
    temperature: f64,
    /// The anchors, `[width, s]`: the product reads them so once for every block.
    columns: Vec<f32>,
    /// The positive of every anchor, `[s, width]`, its length before it was scaled, and its cosine.
    positives: Vec<f32>,
    lengths: Vec<f32>,
    cosines: Vec<f32>,
}

/// What a panel, or all of them, give to the anchors.
struct Parts {
    /// The sum of every anchor's exponentials.
    sums: Vec<f64>,
    /// Keys times exponentials, `[s, width]`; empty where gradients are not asked for.
    anchors: Vec<f32>,
}

impl<'a> Strip<'a> {
    fn new(problem: Problem<'a>) -> Self {
        let Problem { anchors, keys, width, rows, choices } = problem;
        let mut positives = vec![0.0; anchors.len()];
        let (mut lengths, mut cosines) = (Vec::new(), Vec::new());
        for (i, row) in rows.iter().enumerate() {
            let positive = &mut positives[i * width..][..width];
            for (key, weight) in &row.positive {
                add_row(positive, *weight, &keys[key * width..][..width]);
            }
            if choices.unit_positive {
                let length = product(positive, positive).sqrt();
                let scale = 1.0 / length.max(SHORTEST_POSITIVE as f32);
                positive.iter_mut().for_each(|x| *x *= scale);
                lengths.push(length);
            }
            cosines.push(product(positive, &anchors[i * width..][..width]));
        }
        let columns =
            (0..width).flat_map(|e| anchors.iter().skip(e).step_by(width).copied()).collect();
        let (num_keys, temperature) = (keys.len() / width, choices.temperature);
        Self { problem, num_keys, temperature, columns, positives, lengths, cosines }
    }

    /// Anchors of the strip.
    fn len(&self) -> usize {
        self.problem.rows.len()
    }

    /// Keys in a panel: so many for any number of threads.
    fn panel(&self) -> usize {
        self.num_keys.div_ceil(MAX_PANELS).max(1).next_multiple_of(BLOCK)
    }

    fn add_to(&self, found: &mut Found, table: &mut [f32]) {
        let is_shift_one = self.temperature >= ONE_SHIFT_FROM;
        let shift = if is_shift_one { vec![1.0; self.len()] } else { self.largest(table) };
        let parts = self.parts(table, &shift, is_shift_one, found.gradients.is_some());
        // What the positive adds below the fraction, and the whole sum.
        let (below, sums): (Vec<f64>, Vec<f64>) = std::iter::zip(&parts.sums, &shift)
            .zip(&self.cosines)
            .map(|((sum, shift), cosine)| {
                let logit = f64::from(cosine - shift) / self.temperature;
                let below = if self.problem.choices.positive_below { logit.exp() } else { 0.0 };
                found.losses.push(((sum + below).ln() - logit) as f32);
                (below, sum + below)
            })
            .unzip();
        let losses = &found.losses[found.losses.len() - self.len()..];
        found.total += std::iter::zip(self.problem.rows, losses)
            .map(|(row, loss)| row.weight * f64::from(*loss))
            .sum::<f64>();
        if let Some([d_anchors, d_keys]) = &mut found.gradients {
            let scales: Vec<f64> = std::iter::zip(self.problem.rows, &sums)
                .map(|(row, sum)| row.weight / (self.temperature * sum))
                .collect();
            self.add_keys_gradient(table, &scales, d_keys);
            let first = d_anchors.len();
            d_anchors.extend(self.scaled(&parts.anchors, &scales));
            let d_cosines = std::iter::zip(self.problem.rows, &scales).zip(&below).map(
                |((row, scale), below)| (scale * below - row.weight / self.temperature) as f32,
            );
            self.add_positives_gradient(d_cosines, &mut d_anchors[first..], d_keys);
        }
    }

    /// Makes the table of cosines; returns the largest of every anchor that stands below its
    /// fraction.
    fn largest(&self, table: &mut [f32]) -> Vec<f32> {
        let (s, panel, width) = (self.len(), self.panel(), self.problem.width);
        let parts: Vec<Vec<f32>> = table
            .par_chunks_mut(panel * s)
            .zip(self.problem.keys.par_chunks(panel * width))
            .enumerate()
            .map(|(index, (table, keys))| {
                let mut largest = vec![f32::NEG_INFINITY; s];
                self.cosines(keys, table);
                self.exclude(index * panel, table, f32::NEG_INFINITY);
                keep_larger(table, &mut largest);
                largest
            })
            .collect();
        let below = self.problem.choices.positive_below;
        let mut largest = if below { self.cosines.clone() } else { vec![f32::NEG_INFINITY; s] };
        parts.iter().for_each(|part| keep_larger(part, &mut largest));
        largest
    }

    /// Makes the table of exponentials, from the keys or, where that is done, from the cosines.
    fn parts(&self, table: &mut [f32], shift: &[f32], from_keys: bool, gradients: bool) -> Parts {
        let (s, panel, width) = (self.len(), self.panel(), self.problem.width);
        let parts: Vec<Parts> = table
            .par_chunks_mut(panel * s)
            .zip(self.problem.keys.par_chunks(panel * width))
            .enumerate()
            .map(|(index, (table, keys))| {
                let length = if gradients { s * width } else { 0 };
                let mut parts = Parts { sums: vec![0.0; s], anchors: vec![0.0; length] };
                let blocks = table.chunks_mut(BLOCK * s).zip(keys.chunks(BLOCK * width));
                for (block, (table, keys)) in blocks.enumerate() {
                    if from_keys {
                        self.cosines(keys, table);
                    }
                    exponentials(table, shift, (1.0 / self.temperature) as f32);
                    self.exclude(index * panel + block * BLOCK, table, 0.0);
                    add_rows(table, &mut parts.sums);
                    if gradients {
                        let keys = Matrix::new(keys, keys.len() / width, width);
                        let table = Matrix::new(table, table.len() / s, s).transposed();
                        multiply(table, keys, 1.0, &mut parts.anchors, true, false);
                    }
                }
                parts
            })
            .collect();
        let mut parts = parts.into_iter();
        let mut total =
            parts.next().unwrap_or_else(|| Parts { sums: vec![0.0; s], anchors: vec![] });
        for part in parts {
            std::iter::zip(&mut total.sums, part.sums).for_each(|(total, x)| *total += x);
            std::iter::zip(&mut total.anchors, part.anchors).for_each(|(total, x)| *total += x);
        }
        total
    }

    /// The cosines of `keys` with the anchors.
    fn cosines(&self, keys: &[f32], table: &mut [f32]) {
        let width = self.problem.width;
        let keys = Matrix::new(keys, keys.len() / width, width);
        multiply(keys, Matrix::new(&self.columns, width, self.len()), 1.0, table, false, false);
    }

    /// Puts `value` where an anchor is not compared with a key; the table begins with key `first`.
    fn exclude(&self, first: usize, table: &mut [f32], value: f32) {
        let s = self.len();
        let keys = first..first + table.len() / s;
        for (i, row) in self.problem.rows.iter().enumerate() {
            for key in row.excluded.start.max(keys.start)..row.excluded.end.min(keys.end) {
                table[(key - first) * s + i] = value;
            }
        }
    }

    /// The rows of a matrix `[s, width]`, each times its number.
    fn scaled<'b>(&self, rows: &'b [f32], scales: &'b [f64]) -> impl Iterator<Item = f32> + 'b {
        rows.chunks_exact(self.problem.width)
            .zip(scales)
            .flat_map(|(row, scale)| row.iter().map(move |x| x * *scale as f32))
    }

    /// From the table of exponentials.
    fn add_keys_gradient(&self, table: &[f32], scales: &[f64], d_keys: &mut [f32]) {
        let (s, panel, width) = (self.len(), self.panel(), self.problem.width);
        let anchors: Vec<f32> = self.scaled(self.problem.anchors, scales).collect();
        let anchors = Matrix::new(&anchors, s, width);
        table.par_chunks(panel * s).zip(d_keys.par_chunks_mut(panel * width)).for_each(
            |(table, d_keys)| {
                let table = Matrix::new(table, table.len() / s, s);
                multiply(table, anchors, 1.0, d_keys, true, false);
            },
        );
    }

    /// From the gradient at every positive's cosine.
    fn add_positives_gradient(
        &self,
        d_cosines: impl Iterator<Item = f32>,
        d_anchors: &mut [f32],
        d_keys: &mut [f32],
    ) {
        let Problem { anchors, width, rows, .. } = self.problem;
        let mut d_positive = vec![0.0; width];
        for (i, d_cosine) in d_cosines.enumerate() {
            let at = i * width..(i + 1) * width;
            let (anchor, positive) = (&anchors[at.clone()], &self.positives[at.clone()]);
            add_row(&mut d_anchors[at], d_cosine, positive);
            d_positive.fill(0.0);
            let length = self.lengths.get(i).map_or(1.0, |x| x.max(SHORTEST_POSITIVE as f32));
            add_row(&mut d_positive, d_cosine / length, anchor);
            // Of a direction there is no slope along itself.
            if self.lengths.get(i).is_some_and(|x| *x > SHORTEST_POSITIVE as f32) {
                let along = product(&d_positive, positive);
                add_row(&mut d_positive, -along, positive);
            }
            for (key, weight) in &rows[i].positive {
                add_row(&mut d_keys[key * width..][..width], *weight, &d_positive);
            }
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn product(a: &[f32], b: &[f32]) -> f32 {
    dot(a, b)
}

/// `target += scale * source`
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn add_row(target: &mut [f32], scale: f32, source: &[f32]) {
    add_scaled(target, scale, source);
}

/// `exp((cosine - shift) * scale)`, with a shift for every column.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn exponentials(table: &mut [f32], shift: &[f32], scale: f32) {
    for row in table.chunks_exact_mut(shift.len()) {
        for (x, shift) in row.iter_mut().zip(shift) {
            *x = exp((*x - shift) * scale);
        }
    }
}

/// The larger of every column and its number so far.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn keep_larger(table: &[f32], largest: &mut [f32]) {
    for row in table.chunks_exact(largest.len()) {
        for (largest, x) in largest.iter_mut().zip(row) {
            *largest = if *x > *largest { *x } else { *largest };
        }
    }
}

/// Adds every column to its sum.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn add_rows(table: &[f32], sums: &mut [f64]) {
    let mut part = vec![0.0f32; sums.len()];
    for rows in table.chunks(SUMMED_ROWS * sums.len()) {
        part.fill(0.0);
        for row in rows.chunks_exact(sums.len()) {
            for (part, x) in part.iter_mut().zip(row) {
                *part += x;
            }
        }
        for (sum, part) in sums.iter_mut().zip(&part) {
            *sum += f64::from(*part);
        }
    }
}
