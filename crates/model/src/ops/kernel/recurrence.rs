//! A recurrent layer in one direction over a batch of sequences of different lengths.
//!
//! All inputs are multiplied by their weights at once; only the state goes from step to step. The
//! rows of a batch do not touch each other, so a task takes some of them through all steps and
//! waits for nobody. The activations of the gates take the place of their inputs, and in the
//! backward their gradients take the place of the activations.

use rayon::prelude::*;

use super::fresh::filled;
use super::matrix::{Matrix, column_sums, multiply};

/// Sequences that a task takes through all steps.
const SEQUENCES_PER_TASK: usize = 32;

/// Rows of gates that are written at a time before a product is added to them.
const FILLED_ROWS: usize = 16;

/// What happens in one step of one sequence. Slices are rows of `h`, of gates `GATES` times `h`.
pub(crate) trait Cell {
    /// Gates of a cell; the state's product has as many.
    const GATES: usize;

    /// Of how many gates, from the first, the state's bias is added to the input's once and for all.
    const GATES_OF_ONE_BIAS: usize;

    /// From the gates' inputs to their activations, and to the next state.
    fn forward(step: Step<'_>);

    /// From the activations to the gradients of the gates' inputs, and to the state before.
    fn backward(step: StepBack<'_>);
}

/// One step of one sequence.
pub(crate) struct Step<'a> {
    /// In: the input's share. Out: the activations.
    pub(crate) gates: &'a mut [f32],
    /// The state's share, without its bias.
    pub(crate) product: &'a [f32],
    /// The state's bias.
    pub(crate) bias: &'a [f32],
    /// What the cell keeps for the backward.
    pub(crate) kept: &'a mut [f32],
    /// The state.
    pub(crate) state: &'a mut [f32],
    /// A second state, where the cell has one.
    pub(crate) memory: &'a mut [f32],
}

/// The backward of one step of one sequence.
pub(crate) struct StepBack<'a> {
    /// In: the activations. Out: gradients of the gates' inputs.
    pub(crate) gates: &'a mut [f32],
    /// In: what the cell kept. Out: what it likes; see [`Cell::GATES_OF_ONE_BIAS`].
    pub(crate) kept: &'a mut [f32],
    /// What the cell kept one step before; zeros at the start.
    pub(crate) kept_before: &'a [f32],
    /// The state one step before; zeros at the start.
    pub(crate) state_before: &'a [f32],
    /// In: the gradient of the new state. Out: what of it passes by the product.
    pub(crate) d_state: &'a mut [f32],
    /// The same of the second state.
    pub(crate) d_memory: &'a mut [f32],
    /// Out: the gradient of the product.
    pub(crate) d_product: &'a mut [f32],
}

/// A layer's weights, as PyTorch stores them: `g` gates of `h` rows each.
#[derive(Clone, Copy)]
pub(crate) struct Weights<'a> {
    /// `[g h, i]`
    pub(crate) input: &'a [f32],
    /// `[g h, h]`
    pub(crate) state: &'a [f32],
    /// `[g h]`
    pub(crate) input_bias: &'a [f32],
    /// `[g h]`
    pub(crate) state_bias: &'a [f32],
}

/// How the sequences of a batch lie.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Rows of every sequence, padding included.
    pub(crate) steps: usize,
    /// Rows that are no padding.
    pub(crate) lengths: Vec<usize>,
    /// From the last to the first.
    pub(crate) reverse: bool,
}

/// What the backward wants of the forward.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// Activations, `[b, t, g h]`.
    gates: Vec<f32>,
    /// What the cells kept, `[b, t, h]`.
    cells: Vec<f32>,
}

/// The gradients of a layer's inputs.
pub(crate) struct Gradients {
    pub(crate) x: Vec<f32>,
    pub(crate) input: Vec<f32>,
    pub(crate) state: Vec<f32>,
    pub(crate) input_bias: Vec<f32>,
    pub(crate) state_bias: Vec<f32>,
}

/// The states of all steps, `[b, t, h]`, zeros in padding.
pub(crate) fn forward<C: Cell>(
    x: &[f32],
    weights: Weights<'_>,
    layout: &Layout,
) -> (Vec<f32>, Kept) {
    let gates_width = weights.input_bias.len();
    let (h, t) = (gates_width / C::GATES, layout.steps);
    let rows = layout.lengths.len() * t;
    let mut bias = weights.input_bias.to_vec();
    for (bias, more) in bias[..C::GATES_OF_ONE_BIAS * h].iter_mut().zip(weights.state_bias) {
        *bias += more;
    }
    let mut gates = filled(rows * gates_width, FILLED_ROWS * gates_width, |_, rows| {
        rows.chunks_exact_mut(gates_width).for_each(|row| row.copy_from_slice(&bias));
    });
    let input = x.len() / rows;
    let w = Matrix::new(weights.input, gates_width, input).transposed();
    multiply(Matrix::new(x, rows, input), w, 1.0, &mut gates, true, true);
    let (mut states, mut cells) = (vec![0.0; rows * h], vec![0.0; rows * h]);
    let sequences = SEQUENCES_PER_TASK * t;
    gates
        .par_chunks_mut(sequences * gates_width)
        .zip(cells.par_chunks_mut(sequences * h))
        .zip(states.par_chunks_mut(sequences * h))
        .zip(layout.lengths.par_chunks(SEQUENCES_PER_TASK))
        .for_each(|(((gates, cells), states), lengths)| {
            forward_some::<C>(gates, cells, states, weights, lengths, layout);
        });
    (states, Kept { gates, cells })
}

fn forward_some<C: Cell>(
    gates: &mut [f32],
    cells: &mut [f32],
    states: &mut [f32],
    weights: Weights<'_>,
    lengths: &[usize],
    layout: &Layout,
) {
    let (b, t, gates_width) = (lengths.len(), layout.steps, weights.input_bias.len());
    let h = gates_width / C::GATES;
    let (mut state, mut memory) = (vec![0.0; b * h], vec![0.0; b * h]);
    let mut product = vec![0.0; b * gates_width];
    let w = Matrix::new(weights.state, gates_width, h).transposed();
    for step in layout.order(lengths) {
        multiply(Matrix::new(&state, b, h), w, 1.0, &mut product, false, false);
        for (row, length) in lengths.iter().enumerate() {
            if step >= *length {
                continue;
            }
            let at = row * t + step;
            let state = &mut state[row * h..][..h];
            C::forward(Step {
                gates: &mut gates[at * gates_width..][..gates_width],
                product: &product[row * gates_width..][..gates_width],
                bias: weights.state_bias,
                kept: &mut cells[at * h..][..h],
                state,
                memory: &mut memory[row * h..][..h],
            });
            states[at * h..][..h].copy_from_slice(state);
        }
    }
}

/// All gradients, from the states and what the forward kept.
pub(crate) fn backward<C: Cell>(
    x: &[f32],
    states: &[f32],
    weights: Weights<'_>,
    layout: &Layout,
    kept: Kept,
    d_states: &[f32],
) -> Gradients {
    let gates_width = weights.input_bias.len();
    let (h, t) = (gates_width / C::GATES, layout.steps);
    let rows = layout.lengths.len() * t;
    let input = x.len() / rows;
    let Kept { mut gates, mut cells } = kept;
    let sequences = SEQUENCES_PER_TASK * t;
    gates
        .par_chunks_mut(sequences * gates_width)
        .zip(cells.par_chunks_mut(sequences * h))
        .zip(states.par_chunks(sequences * h))
        .zip(d_states.par_chunks(sequences * h))
        .zip(layout.lengths.par_chunks(SEQUENCES_PER_TASK))
        .for_each(|((((gates, cells), states), d_states), lengths)| {
            backward_some::<C>(gates, cells, states, d_states, weights.state, lengths, layout);
        });
    let d_gates = Matrix::new(&gates, rows, gates_width);
    let mut dx = vec![0.0; x.len()];
    let w = Matrix::new(weights.input, gates_width, input);
    multiply(d_gates, w, 1.0, &mut dx, false, true);
    let mut d_input = vec![0.0; gates_width * input];
    let x = Matrix::new(x, rows, input);
    multiply(d_gates.transposed(), x, 1.0, &mut d_input, false, true);
    let before = layout.states_before(states, h);
    let before = Matrix::new(&before, rows, h);
    let mut d_state = vec![0.0; gates_width * h];
    let shared = C::GATES_OF_ONE_BIAS * h;
    let (of_shared, of_rest) = d_state.split_at_mut(shared * h);
    multiply(d_gates.columns(0, shared).transposed(), before, 1.0, of_shared, false, true);
    let input_bias = column_sums(&gates, gates_width);
    let mut state_bias = input_bias.clone();
    if shared < gates_width {
        let of_cells = Matrix::new(&cells, rows, h);
        multiply(of_cells.transposed(), before, 1.0, of_rest, false, true);
        state_bias[shared..].copy_from_slice(&column_sums(&cells, h));
    }
    Gradients { x: dx, input: d_input, state: d_state, input_bias, state_bias }
}

fn backward_some<C: Cell>(
    gates: &mut [f32],
    cells: &mut [f32],
    states: &[f32],
    d_states: &[f32],
    weights: &[f32],
    lengths: &[usize],
    layout: &Layout,
) {
    let (b, t) = (lengths.len(), layout.steps);
    let h = states.len() / (b * t);
    let gates_width = C::GATES * h;
    for (row, length) in lengths.iter().enumerate() {
        gates[(row * t + length) * gates_width..(row + 1) * t * gates_width].fill(0.0);
        cells[(row * t + length) * h..(row + 1) * t * h].fill(0.0);
    }
    let (mut d_state, mut d_memory) = (vec![0.0; b * h], vec![0.0; b * h]);
    let mut d_product = vec![0.0; b * gates_width];
    let start = vec![0.0; h];
    let w = Matrix::new(weights, gates_width, h);
    for step in layout.order(lengths).rev() {
        for (row, length) in lengths.iter().enumerate() {
            let d_product = &mut d_product[row * gates_width..][..gates_width];
            if step >= *length {
                d_product.fill(0.0);
                continue;
            }
            let at = row * t + step;
            let before = layout.before(step, *length).map(|step| row * t + step);
            let d_state = &mut d_state[row * h..][..h];
            for (sum, more) in d_state.iter_mut().zip(&d_states[at * h..][..h]) {
                *sum += more;
            }
            let (kept, kept_before) = with_before(cells, at, before, h);
            C::backward(StepBack {
                gates: &mut gates[at * gates_width..][..gates_width],
                kept,
                kept_before: kept_before.unwrap_or(&start),
                state_before: before.map_or(&start[..], |before| &states[before * h..][..h]),
                d_state,
                d_memory: &mut d_memory[row * h..][..h],
                d_product,
            });
        }
        multiply(Matrix::new(&d_product, b, gates_width), w, 1.0, &mut d_state, true, false);
    }
}

/// The row `at`, to be written, and the row `before`, one before or one after it.
fn with_before(
    rows: &mut [f32],
    at: usize,
    before: Option<usize>,
    h: usize,
) -> (&mut [f32], Option<&[f32]>) {
    match before {
        None => (&mut rows[at * h..][..h], None),
        Some(before) if before < at => {
            let (low, high) = rows.split_at_mut(at * h);
            (&mut high[..h], Some(&low[before * h..]))
        }
        Some(before) => {
            let (low, high) = rows.split_at_mut(before * h);
            (&mut low[at * h..], Some(&high[..h]))
        }
    }
}

impl Layout {
    /// The steps in which some sequence of these lengths is not over, in the order they are taken.
    fn order(&self, lengths: &[usize]) -> impl DoubleEndedIterator<Item = usize> + use<> {
        let (longest, reverse) = (lengths.iter().copied().max().unwrap_or(0), self.reverse);
        (0..longest).map(move |step| if reverse { longest - 1 - step } else { step })
    }

    /// The step taken before, in a sequence of this length.
    fn before(&self, step: usize, length: usize) -> Option<usize> {
        if self.reverse { (step + 1 < length).then_some(step + 1) } else { step.checked_sub(1) }
    }

    /// For every step the state before it, zeros at the start and in padding.
    fn states_before(&self, states: &[f32], h: usize) -> Vec<f32> {
        let t = self.steps;
        filled(states.len(), t * h, |sequence, rows| {
            let states = &states[sequence * t * h..][..t * h];
            let length = self.lengths[sequence];
            if length == 0 {
                return;
            }
            if self.reverse {
                rows[..(length - 1) * h].copy_from_slice(&states[h..length * h]);
            } else {
                rows[h..length * h].copy_from_slice(&states[..(length - 1) * h]);
            }
        })
    }
}
