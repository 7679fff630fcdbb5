//! Rows of a padded batch scaled to unit length, and their gradient.

use multiversion::multiversion;
use rayon::prelude::*;

use super::ROWS_PER_TASK;
use super::elementary::dot;
use super::fresh::filled;

/// `1 / length` of a row, and whether it is long enough to have a direction.
#[inline(always)]
fn scale_of(row: &[f32], epsilon: f32) -> (f32, bool) {
    let square = dot(row, row);
    // Written so that a NaN stays one.
    if square < epsilon * epsilon { (1.0 / epsilon, false) } else { (1.0 / square.sqrt(), true) }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn forward_row(x: &[f32], epsilon: f32, y: &mut [f32]) {
    let (scale, _) = scale_of(x, epsilon);
    for (y, x) in y.iter_mut().zip(x) {
        *y = x * scale;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+fma", "x86_64+avx2+fma"))]
fn backward_row(x: &[f32], dy: &[f32], epsilon: f32, dx: &mut [f32]) {
    let (scale, has_direction) = scale_of(x, epsilon);
    // Of a direction there is no slope along itself.
    let along = if has_direction { dot(x, dy) * scale * scale } else { 0.0 };
    for ((dx, x), dy) in dx.iter_mut().zip(x).zip(dy) {
        *dx = (dy - along * x) * scale;
    }
}

/// The rows `places` of `x`, each divided by its length, or by `epsilon` where it is shorter.
pub(crate) fn forward(x: &[f32], width: usize, places: &[usize], epsilon: f32) -> Vec<f32> {
    filled(places.len() * width, ROWS_PER_TASK * width, |index, y| {
        let places = &places[index * ROWS_PER_TASK..];
        for (y, place) in y.chunks_exact_mut(width).zip(places) {
            forward_row(&x[place * width..][..width], epsilon, y);
        }
    })
}

/// The gradient of `x`, zero at rows that are not among `places`, which are in order.
pub(crate) fn backward(
    x: &[f32],
    width: usize,
    places: &[usize],
    epsilon: f32,
    dy: &[f32],
) -> Vec<f32> {
    let mut dx = vec![0.0; x.len()];
    dx.par_chunks_mut(ROWS_PER_TASK * width).enumerate().for_each(|(index, dx)| {
        let first = index * ROWS_PER_TASK;
        let begin = places.partition_point(|place| *place < first);
        let end = places.partition_point(|place| *place < first + dx.len() / width);
        for (i, place) in (begin..end).zip(&places[begin..end]) {
            let (x, dy) = (&x[place * width..][..width], &dy[i * width..][..width]);
            backward_row(x, dy, epsilon, &mut dx[(place - first) * width..][..width]);
        }
    });
    dx
}
