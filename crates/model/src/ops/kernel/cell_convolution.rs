//! The convolution over some cells of a map, as matrix products over slabs of the kernel's places.
//!
//! Work that no cell needs is not done. A sum over places is a product either from the output cells
//! (gather the inputs each of them sees, then multiply) or from the input cells (multiply, then
//! gather what each output is given); the side with fewer cells is taken. A slab is one row of the
//! kernel: wide enough for a product that keeps the processor busy, small enough to stay near it.

use std::ops::Range;

use rayon::prelude::*;

use super::fresh::filled;
use super::matrix::{Matrix, column_sums, multiply};

/// No cell.
pub(crate) const NONE: u32 = u32::MAX;

/// Rows of a product, about: samples are taken together until there are so many.
const ROWS_AT_ONCE: usize = 1024;

/// Cells that one task gathers at a time.
const CELLS_PER_TASK: usize = 16;

/// Which cells see which, and in which slabs that is computed.
pub(crate) struct Table<'a> {
    /// `[outputs, places]`: the input cell under each place of an output's kernel.
    pub(crate) sources: &'a [u32],
    /// `[inputs, places]`: the output cell whose kernel has the input at this place.
    pub(crate) targets: &'a [u32],
    /// What each output is multiplied by.
    pub(crate) scale: &'a [f32],
    /// Places of a kernel.
    pub(crate) places: usize,
    /// Places of a slab; divides `places`.
    pub(crate) slab: usize,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

/// The gradients.
pub(crate) struct Gradients {
    pub(crate) x: Vec<f32>,
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

impl Table<'_> {
    fn sums_by_output(&self) -> bool {
        self.outputs <= self.inputs
    }

    fn slabs(&self) -> impl Iterator<Item = Range<usize>> {
        (0..self.places / self.slab).map(|slab| slab * self.slab..(slab + 1) * self.slab)
    }

    /// Samples of one product.
    fn samples_at_once(&self, samples: usize) -> usize {
        let rows = self.inputs.min(self.outputs).max(1);
        (ROWS_AT_ONCE / rows).clamp(1, samples.max(1))
    }
}

/// `[b, outputs, o]` of `x: [b, inputs, i]`, `weight: [o, i, places]`, `bias: [o]`.
pub(crate) fn forward(
    table: &Table<'_>,
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    i: usize,
) -> Vec<f32> {
    let o = bias.len();
    let weight = arrange(table, weight, i, o);
    let samples = x.len() / (table.inputs * i).max(1);
    let mut y = filled(samples * table.outputs * o, CELLS_PER_TASK * o, |_, cells| {
        for cell in cells.chunks_exact_mut(o) {
            cell.copy_from_slice(bias);
        }
    });
    let group = table.samples_at_once(samples);
    let groups = x.chunks(group * table.inputs * i).zip(y.chunks_mut(group * table.outputs * o));
    for (x, y) in groups {
        for (places, weight) in table.slabs().zip(weight.chunks_exact(table.slab * i * o)) {
            if table.sums_by_output() {
                let rows = y.len() / o;
                let seen = gathered(table.sources, places, table, x, i, table.inputs);
                let seen = Matrix::new(&seen, rows, table.slab * i);
                multiply(seen, Matrix::new(weight, table.slab * i, o), 1.0, y, true, true);
            } else {
                let (rows, columns) = (x.len() / i, table.slab * o);
                let mut given = filled(rows * columns, CELLS_PER_TASK * columns, |_, _| ());
                let weight = Matrix::new(weight, i, columns);
                multiply(Matrix::new(x, rows, i), weight, 1.0, &mut given, false, true);
                add_gathered(table.sources, places, table, &given, o, table.inputs, y);
            }
        }
    }
    scaled(table, &mut y, o);
    y
}

/// The gradients of all inputs for the gradient of the result, `grad: [b, outputs, o]`.
pub(crate) fn backward(
    table: &Table<'_>,
    x: &[f32],
    weight: &[f32],
    grad: &[f32],
    i: usize,
    o: usize,
) -> Gradients {
    let mut grad = grad.to_vec();
    scaled(table, &mut grad, o);
    let weight = arrange(table, weight, i, o);
    let samples = x.len() / (table.inputs * i).max(1);
    let mut dx = vec![0.0; x.len()];
    let mut dw = vec![0.0; weight.len()];
    let group = table.samples_at_once(samples);
    let groups = x
        .chunks(group * table.inputs * i)
        .zip(dx.chunks_mut(group * table.inputs * i))
        .zip(grad.chunks(group * table.outputs * o));
    for ((x, dx), grad) in groups {
        let slab_size = table.slab * i * o;
        let slabs = weight.chunks_exact(slab_size).zip(dw.chunks_exact_mut(slab_size));
        for (places, (weight, dw)) in table.slabs().zip(slabs) {
            if table.sums_by_output() {
                let (rows, columns) = (grad.len() / o, table.slab * i);
                let seen = gathered(table.sources, places.clone(), table, x, i, table.inputs);
                let seen = Matrix::new(&seen, rows, columns);
                let grad = Matrix::new(grad, rows, o);
                multiply(seen.transposed(), grad, 1.0, dw, true, true);
                let weight = Matrix::new(weight, columns, o).transposed();
                let mut d_seen = filled(rows * columns, CELLS_PER_TASK * columns, |_, _| ());
                multiply(grad, weight, 1.0, &mut d_seen, false, true);
                add_gathered(table.targets, places, table, &d_seen, i, table.outputs, dx);
            } else {
                let (rows, columns) = (x.len() / i, table.slab * o);
                let d_given = gathered(table.targets, places, table, grad, o, table.outputs);
                let d_given = Matrix::new(&d_given, rows, columns);
                let x = Matrix::new(x, rows, i).transposed();
                multiply(x, d_given, 1.0, dw, true, true);
                let weight = Matrix::new(weight, i, columns).transposed();
                multiply(d_given, weight, 1.0, dx, true, true);
            }
        }
    }
    Gradients { x: dx, weight: arranged_back(table, &dw, i, o), bias: column_sums(&grad, o) }
}

/// For each cell of `table`, in every sample, the rows of `from` that `table` names at some places,
/// side by side; zeros where it names none. `[samples * cells, places * width]`.
fn gathered(
    table: &[u32],
    places: Range<usize>,
    sizes: &Table<'_>,
    from: &[f32],
    width: usize,
    from_cells: usize,
) -> Vec<f32> {
    let cells = table.len() / sizes.places;
    let samples = from.len() / (from_cells * width);
    let columns = places.len() * width;
    filled(samples * cells * columns, CELLS_PER_TASK * columns, |task, rows| {
        for (row, values) in rows.chunks_exact_mut(columns).enumerate() {
            let row = task * CELLS_PER_TASK + row;
            let (sample, cell) = (row / cells, row % cells);
            let named = &table[cell * sizes.places..][places.clone()];
            for (target, &source) in values.chunks_exact_mut(width).zip(named) {
                if source != NONE {
                    let at = (sample * from_cells + source as usize) * width;
                    target.copy_from_slice(&from[at..at + width]);
                }
            }
        }
    })
}

/// Adds to every cell of `to` the pieces of `from` that `table` names: of the row named at a place,
/// the piece of that place.
fn add_gathered(
    table: &[u32],
    places: Range<usize>,
    sizes: &Table<'_>,
    from: &[f32],
    width: usize,
    from_cells: usize,
    to: &mut [f32],
) {
    let cells = table.len() / sizes.places;
    let columns = places.len() * width;
    to.par_chunks_mut(CELLS_PER_TASK * width).enumerate().for_each(|(task, rows)| {
        for (row, values) in rows.chunks_exact_mut(width).enumerate() {
            let row = task * CELLS_PER_TASK + row;
            let (sample, cell) = (row / cells, row % cells);
            let named = &table[cell * sizes.places..][places.clone()];
            for (place, &source) in named.iter().enumerate() {
                if source != NONE {
                    let at = (sample * from_cells + source as usize) * columns + place * width;
                    for (value, more) in values.iter_mut().zip(&from[at..at + width]) {
                        *value += more;
                    }
                }
            }
        }
    });
}

fn scaled(table: &Table<'_>, cells: &mut [f32], width: usize) {
    cells.par_chunks_mut(CELLS_PER_TASK * width).enumerate().for_each(|(task, rows)| {
        for (row, values) in rows.chunks_exact_mut(width).enumerate() {
            let scale = table.scale[(task * CELLS_PER_TASK + row) % table.outputs];
            values.iter_mut().for_each(|value| *value *= scale);
        }
    });
}

/// `weight: [o, i, places]` slab by slab: `[slab, i, o]` each for products from the outputs,
/// `[i, slab, o]` for those from the inputs.
fn arrange(table: &Table<'_>, weight: &[f32], i: usize, o: usize) -> Vec<f32> {
    let (places, slab) = (table.places, table.slab);
    filled(weight.len(), o, |row, values| {
        let (number, input, place) = place_of_row(table, row, i);
        let place = number * slab + place;
        for (output, value) in values.iter_mut().enumerate() {
            *value = weight[(output * i + input) * places + place];
        }
    })
}

/// The inverse of [`arrange`].
fn arranged_back(table: &Table<'_>, arranged: &[f32], i: usize, o: usize) -> Vec<f32> {
    let (places, slab) = (table.places, table.slab);
    filled(arranged.len(), i * places, |output, values| {
        for row in 0..i * places {
            let (number, input, place) = place_of_row(table, row, i);
            values[input * places + number * slab + place] = arranged[row * o + output];
        }
    })
}

/// Slab, input and place inside the slab of a row of `o` numbers.
fn place_of_row(table: &Table<'_>, row: usize, i: usize) -> (usize, usize, usize) {
    let (number, rest) = (row / (table.slab * i), row % (table.slab * i));
    if table.sums_by_output() {
        (number, rest % i, rest / i)
    } else {
        (number, rest / table.slab, rest % table.slab)
    }
}
