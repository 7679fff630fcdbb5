//! Scaling of RGB bytes as Pillow does it, byte for byte.
//!
//! Two passes, one along rows and one along columns, with bytes between them. A pixel is a weighted sum
//! of the pixels under a kernel around its place, and the kernel is as many times wider as the picture
//! becomes smaller. Weights are computed in f64, divided by their sum and rounded to 22 bits behind the
//! point; sums are rounded to the nearest and kept to 0 to 255. The passes are of integers, so every
//! processor gives the same bytes.
//!
//! The `fast_image_resize` crate, which has the same kernels, has weights of 16 bits: a fifth of its
//! bytes differ from Pillow's, at bicubic edges by up to 21.

use std::ops::Range;

use multiversion::multiversion;

use crate::transform::Interpolation;

/// Bits behind the point of a weight.
const FRACTION_BITS: u32 = 22;
/// Half of a byte's last place, in sums of weighted bytes: with it, cutting is rounding.
const HALF: i32 = 1 << (FRACTION_BITS - 1);
/// Bytes of a row that the second pass adds up at once, in registers.
const BLOCK: usize = 64;

/// A part of a picture: columns and rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) columns: Range<usize>,
    pub(crate) rows: Range<usize>,
}

/// RGB rows of `row_bytes` bytes, of which the first pixels are the picture's.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) rgb: &'a [u8],
    pub(crate) row_bytes: usize,
}

impl<'a> Rows<'a> {
    /// The same from the upper left corner of a part on.
    pub(crate) fn part(self, part: &Window) -> Self {
        let start = part.rows.start * self.row_bytes + part.columns.start * 3;
        Self { rgb: &self.rgb[start..], row_bytes: self.row_bytes }
    }
}

/// Scales pictures of one size to another, or what lies in a window of the result. Keeps its
/// weights.
pub(crate) struct PillowScaler {
    across: Axis,
    down: Axis,
    order: Order,
    /// What the first pass makes for the second.
    middle: Vec<u8>,
}

/// Which pass comes first; its sums are rounded to bytes for the other.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    AlongRows,
    AlongColumns,
}

impl Order {
    /// Pillow's: along columns where more than twice as many rows go as columns. Before Pillow 13 it
    /// was along rows always; the bytes differ by a level or two.
    fn of(from: (usize, usize), to: (usize, usize)) -> Self {
        let gone = |from: usize, to: usize| from as i64 - to as i64;
        let (columns, rows) = (gone(from.0, to.0), gone(from.1, to.1));
        if rows > 0 && rows > 2 * columns { Self::AlongColumns } else { Self::AlongRows }
    }
}

impl PillowScaler {
    /// From and to (width, height); the window lies in the result.
    pub(crate) fn new(
        interpolation: Interpolation,
        from: (usize, usize),
        to: (usize, usize),
        window: &Window,
    ) -> Self {
        let across = Axis::new(interpolation, from.0, to.0, window.columns.clone());
        let down = Axis::new(interpolation, from.1, to.1, window.rows.clone());
        let order = Order::of(from, to);
        let pixels = match order {
            Order::AlongRows => down.source().len() * across.taps.len(),
            Order::AlongColumns => across.source().len() * down.taps.len(),
        };
        Self { across, down, order, middle: vec![0; pixels * 3] }
    }

    /// Writes the window as packed RGB.
    pub(crate) fn run(&mut self, from: Rows<'_>, out: &mut [u8]) {
        let Self { across, down, order, middle } = self;
        let (columns, rows) = (across.source(), down.source());
        let needed = from.part(&Window { columns: columns.clone(), rows: rows.clone() });
        let out_bytes = across.taps.len() * 3;
        match order {
            Order::AlongRows => {
                scale_rows(needed, columns.start, across, middle);
                let middle = Rows { rgb: middle, row_bytes: out_bytes };
                scale_columns(middle, rows.start, down, out_bytes, out);
            }
            Order::AlongColumns => {
                let middle_bytes = columns.len() * 3;
                scale_columns(needed, rows.start, down, middle_bytes, middle);
                let middle = Rows { rgb: middle, row_bytes: middle_bytes };
                scale_rows(middle, columns.start, across, out);
            }
        }
    }
}

/// Scales each row, which begins with the pixel `start` of the axis.
fn scale_rows(from: Rows<'_>, start: usize, across: &Axis, out: &mut [u8]) {
    let rows = from.rgb.chunks(from.row_bytes);
    for (row, out_row) in rows.zip(out.chunks_exact_mut(across.taps.len() * 3)) {
        scale_row(row, start, across, out_row);
    }
}

/// Scales the first `row_bytes` columns of bytes; the first row is the pixel `start` of the axis.
fn scale_columns(from: Rows<'_>, start: usize, down: &Axis, row_bytes: usize, out: &mut [u8]) {
    for (taps, out_row) in down.taps.iter().zip(out.chunks_exact_mut(row_bytes)) {
        let rows = &from.rgb[(taps.first - start) * from.row_bytes..];
        add_rows(rows, from.row_bytes, &down.weights[taps.weights.clone()], out_row);
    }
}

/// From which pixels of one side those of another are made.
struct Axis {
    taps: Vec<Taps>,
    weights: Vec<i32>,
}

/// The pixels from `first` on with their weights, one or more.
struct Taps {
    first: usize,
    weights: Range<usize>,
}

impl Axis {
    /// The pixels in `window` of a side of `from` pixels scaled to `to`.
    fn new(interpolation: Interpolation, from: usize, to: usize, window: Range<usize>) -> Self {
        let step = from as f64 / to as f64;
        let widening = step.max(1.0);
        let reach = reach(interpolation) * widening;
        let mut axis = Self { taps: Vec::with_capacity(window.len()), weights: Vec::new() };
        for index in window {
            let centre = (index as f64 + 0.5) * step;
            // Casts cut towards zero, and below zero to zero.
            let first = (centre - reach + 0.5) as usize;
            let end = ((centre + reach + 0.5) as usize).min(from);
            let place = |pixel: usize| (pixel as f64 - centre + 0.5) * (1.0 / widening);
            let weights = (first..end).map(|pixel| kernel(interpolation, place(pixel)));
            let weights: Vec<f64> = weights.collect();
            let sum: f64 = weights.iter().sum();
            let start = axis.weights.len();
            axis.weights.extend(weights.iter().map(|weight| fixed_point(weight / sum)));
            axis.taps.push(Taps { first, weights: start..axis.weights.len() });
        }
        axis
    }

    /// The pixels of the source that are needed.
    fn source(&self) -> Range<usize> {
        let ends = self.taps.iter().map(|taps| taps.first + taps.weights.len());
        self.taps.first().map_or(0, |taps| taps.first)..ends.max().unwrap_or(0)
    }
}

/// How far a kernel reaches from its centre, in pixels.
fn reach(interpolation: Interpolation) -> f64 {
    match interpolation {
        Interpolation::Bilinear => 1.0,
        Interpolation::Bicubic => 2.0,
    }
}

/// The weight of a pixel at this distance: a triangle, or Keys' cubic with a = -0.5.
fn kernel(interpolation: Interpolation, distance: f64) -> f64 {
    const A: f64 = -0.5;
    let x = distance.abs();
    match interpolation {
        Interpolation::Bilinear => (1.0 - x).max(0.0),
        Interpolation::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
        Interpolation::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
        Interpolation::Bicubic => 0.0,
    }
}

/// Rounded half away from zero.
fn fixed_point(weight: f64) -> i32 {
    (weight * f64::from(1 << FRACTION_BITS) + 0.5_f64.copysign(weight)) as i32
}

fn byte(sum: i32) -> u8 {
    (sum >> FRACTION_BITS).clamp(0, 255) as u8
}

/// One row of RGB, which begins with the pixel `start` of the axis.
#[multiversion(targets("x86_64+avx2+fma", "x86_64+sse4.1"))]
fn scale_row(row: &[u8], start: usize, axis: &Axis, out: &mut [u8]) {
    for (taps, out) in axis.taps.iter().zip(out.chunks_exact_mut(3)) {
        let weights = &axis.weights[taps.weights.clone()];
        let pixels = &row[(taps.first - start) * 3..][..weights.len() * 3];
        // Four bytes a pixel, the fourth for nothing, are one vector; the last pixel has but three.
        let mut sums = [HALF; 4];
        for (pixel, weight) in pixels.windows(4).step_by(3).zip(weights) {
            for (sum, value) in sums.iter_mut().zip(pixel) {
                *sum += i32::from(*value) * weight;
            }
        }
        let last = weights.len() - 1;
        for (channel, out) in out.iter_mut().enumerate() {
            *out = byte(sums[channel] + i32::from(pixels[last * 3 + channel]) * weights[last]);
        }
    }
}

/// The weighted sum of rows of bytes.
#[multiversion(targets("x86_64+avx2+fma", "x86_64+sse4.1"))]
fn add_rows(rows: &[u8], row_bytes: usize, weights: &[i32], out: &mut [u8]) {
    for (block, out) in out.chunks_mut(BLOCK).enumerate() {
        let mut sums = [HALF; BLOCK];
        for (row, weight) in rows.chunks(row_bytes).zip(weights) {
            let bytes = &row[block * BLOCK..][..out.len()];
            for (sum, value) in sums.iter_mut().zip(bytes) {
                *sum += i32::from(*value) * weight;
            }
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = byte(sum);
        }
    }
}
