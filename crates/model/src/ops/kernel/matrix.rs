//! Matrix products over row-major slices, and column sums.

use gemm::Parallelism;
use rayon::prelude::*;

use super::ROWS_PER_TASK;
use super::fresh::filled;

/// Multiply-adds above which a product is worth several threads.
const PARALLEL_FROM: usize = 128 * 128 * 64;

/// Rows that are written at a time before a product is added to them.
const FILLED_ROWS: usize = 16;

/// A row-major matrix, or the transpose of one.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `[rows, columns]`, row by row.
    pub(crate) fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns, "a {rows} x {columns} matrix");
        Self { values, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The columns `first..first + count`, in place.
    pub(crate) fn columns(self, first: usize, count: usize) -> Self {
        assert!(first + count <= self.columns, "{count} of {} columns from {first}", self.columns);
        let values = &self.values[(first * self.column_stride).min(self.values.len())..];
        Self { values, columns: count, ..self }
    }

    /// The same numbers with rows and columns exchanged.
    pub(crate) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// `target (+)= scale * a b`; `target` is row-major and is read only when `accumulate` is set.
///
/// `threads` false keeps the product on the calling thread, for callers that are parallel already.
pub(crate) fn multiply(
    a: Matrix<'_>,
    b: Matrix<'_>,
    scale: f32,
    target: &mut [f32],
    accumulate: bool,
    threads: bool,
) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    assert_eq!(b.rows, k, "inner sizes of a matrix product");
    assert_eq!(target.len(), m * n, "the target of a {m} x {k} x {n} product");
    let parallelism = if threads && m * n * k >= PARALLEL_FROM {
        Parallelism::Rayon(0)
    } else {
        Parallelism::None
    };
    // SAFETY: the three buffers are as long as their shapes and strides say (checked above and in
    // `Matrix::new`), and `target` is borrowed mutably, so it overlaps neither of the others.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            target.as_mut_ptr(),
            1,
            n as isize,
            accumulate,
            a.values.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0,
            scale,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// `x w + bias` with `x: [rows, i]`, `w: [i, o]`, `bias: [o]`.
pub(crate) fn affine(x: &[f32], w: &[f32], bias: &[f32], input: usize) -> Vec<f32> {
    let (rows, output) = (x.len() / input, bias.len());
    let mut y = filled(rows * output, FILLED_ROWS * output, |_, rows| {
        for row in rows.chunks_exact_mut(output) {
            row.copy_from_slice(bias);
        }
    });
    multiply(Matrix::new(x, rows, input), Matrix::new(w, input, output), 1.0, &mut y, true, true);
    y
}

/// `residual + x w + bias` with `residual: [rows, o]`.
pub(crate) fn affine_residual(
    x: &[f32],
    w: &[f32],
    bias: &[f32],
    residual: &[f32],
    input: usize,
) -> Vec<f32> {
    let (rows, output) = (x.len() / input, bias.len());
    let piece = FILLED_ROWS * output;
    let mut y = filled(rows * output, piece, |index, rows| {
        let residual = &residual[index * piece..][..rows.len()];
        for (row, residual) in rows.chunks_exact_mut(output).zip(residual.chunks_exact(output)) {
            for ((y, r), b) in row.iter_mut().zip(residual).zip(bias) {
                *y = r + b;
            }
        }
    });
    multiply(Matrix::new(x, rows, input), Matrix::new(w, input, output), 1.0, &mut y, true, true);
    y
}

/// The sum of every column of a row-major matrix with `columns` columns.
pub(crate) fn column_sums(values: &[f32], columns: usize) -> Vec<f32> {
    let parts: Vec<Vec<f32>> = values
        .par_chunks(ROWS_PER_TASK * columns)
        .map(|rows| {
            let mut sums = vec![0.0f32; columns];
            for row in rows.chunks_exact(columns) {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += value;
                }
            }
            sums
        })
        .collect();
    let mut totals = vec![0.0; columns];
    for part in parts {
        for (total, value) in totals.iter_mut().zip(part) {
            *total += value;
        }
    }
    totals
}
