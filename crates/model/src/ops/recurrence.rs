//! Recurrent layers over sequences of different lengths: gated recurrent units and long short-term
//! memories, with PyTorch's gates and weights.

use burn::backend::flex::FlexTensor;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Tensor, TensorData};

use super::cpu::{self, KeepingKernel};
use super::kernel::gru_cell::GruCell;
use super::kernel::lstm_cell::LstmCell;
use super::kernel::recurrence::{self, Cell, Layout, Weights};

/// Which way a layer goes through a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the first to the last.
    Forward,
    /// From the last that is no padding to the first.
    Reverse,
}

/// The weights of one layer in one direction, `g` gates of `h` rows each.
#[derive(Clone, Debug)]
pub struct RecurrentWeights {
    /// `[g h, i]`
    pub input: Tensor<2>,
    /// `[g h, h]`
    pub state: Tensor<2>,
    /// `[g h]`
    pub input_bias: Tensor<1>,
    /// `[g h]`
    pub state_bias: Tensor<1>,
}

/// The states of a gated recurrent unit that starts from zeros; gates are reset, update, new.
///
/// # Shapes
/// - `x`: `[b, t, i]`; `lengths`: of `b` sequences, what follows is padding
/// - returns `[b, t, h]`, zeros in padding
///
/// # Panics
/// When a length is more than `t`, or there are not `b` of them.
pub fn gru(
    x: Tensor<3>,
    weights: RecurrentWeights,
    lengths: &[usize],
    direction: Direction,
) -> Tensor<3> {
    check(&x, lengths);
    if cpu::serves(&x) {
        return apply::<GruCell>(x, weights, lengths, direction);
    }
    let h = weights.state.dims()[1];
    stepwise(x, weights, lengths, direction, |x, state, (hidden, memory)| {
        let part = |gates: &Tensor<2>, gate: usize| gates.clone().narrow(1, gate * h, h);
        let r = sigmoid(part(&x, 0) + part(&state, 0));
        let z = sigmoid(part(&x, 1) + part(&state, 1));
        let n = (part(&x, 2) + r * part(&state, 2)).tanh();
        (n.clone() + z * (hidden - n), memory)
    })
}

/// The states of a long short-term memory that starts from zeros; gates are input, forget, cell,
/// output.
///
/// # Shapes
/// - `x`: `[b, t, i]`; `lengths`: of `b` sequences, what follows is padding
/// - returns `[b, t, h]`, zeros in padding
///
/// # Panics
/// When a length is more than `t`, or there are not `b` of them.
pub fn lstm(
    x: Tensor<3>,
    weights: RecurrentWeights,
    lengths: &[usize],
    direction: Direction,
) -> Tensor<3> {
    check(&x, lengths);
    if cpu::serves(&x) {
        return apply::<LstmCell>(x, weights, lengths, direction);
    }
    let h = weights.state.dims()[1];
    stepwise(x, weights, lengths, direction, |x, state, (_, memory)| {
        let gates = x + state;
        let part = |gate: usize| gates.clone().narrow(1, gate * h, h);
        let memory = sigmoid(part(1)) * memory + sigmoid(part(0)) * part(2).tanh();
        (sigmoid(part(3)) * memory.clone().tanh(), memory)
    })
}

fn check(x: &Tensor<3>, lengths: &[usize]) {
    let [b, t, _] = x.dims();
    assert_eq!(lengths.len(), b, "a length for each of {b} sequences");
    assert!(lengths.iter().all(|length| *length <= t), "{lengths:?} in {t} rows");
}

/// A state and, where there is one, a second.
type State = (Tensor<2>, Tensor<2>);

/// The engine's own operations, one step after the other; `cell` takes the shares of input and
/// state in the gates, and the state before.
fn stepwise(
    x: Tensor<3>,
    weights: RecurrentWeights,
    lengths: &[usize],
    direction: Direction,
    cell: impl Fn(Tensor<2>, Tensor<2>, State) -> State,
) -> Tensor<3> {
    let [b, t, i] = x.dims();
    let [gates, h] = weights.state.dims();
    let (device, dtype) = (x.device(), x.dtype());
    let w = weights.input.swap_dims(0, 1).expand([b, i, gates]);
    let inputs = x.matmul(w) + weights.input_bias.reshape([1, 1, gates]);
    let (w, bias) = (weights.state.swap_dims(0, 1), weights.state_bias.reshape([1, gates]));
    let zeros = Tensor::<2>::zeros([b, h], (&device, dtype));
    let mut state = (zeros.clone(), zeros);
    let mut states = Vec::with_capacity(t);
    for number in 0..t {
        let step = if direction == Direction::Reverse { t - 1 - number } else { number };
        let going: Vec<f32> =
            lengths.iter().map(|length| f32::from(u8::from(step < *length))).collect();
        let going =
            Tensor::<2>::from_data(TensorData::new(going, [b, 1]), (&device, dtype)).expand([b, h]);
        let input = inputs.clone().narrow(1, step, 1).squeeze_dim(1);
        let product = state.0.clone().matmul(w.clone()) + bias.clone();
        let (next, memory) = cell(input, product, state.clone());
        let next = next * going.clone();
        states.push(next.clone().unsqueeze_dim(1));
        // Zeros stand where a sequence is over or has not begun, and are what it begins with.
        state = (next, memory * going);
    }
    if direction == Direction::Reverse {
        states.reverse();
    }
    Tensor::cat(states, 1)
}

fn apply<C: Cell + Send + 'static>(
    x: Tensor<3>,
    weights: RecurrentWeights,
    lengths: &[usize],
    direction: Direction,
) -> Tensor<3> {
    let [_, steps, _] = x.dims();
    let reverse = direction == Direction::Reverse;
    let layout = Layout { steps, lengths: lengths.to_vec(), reverse };
    let RecurrentWeights { input, state, input_bias, state_bias } = weights;
    let inputs = [x.into(), input.into(), state.into(), input_bias.into(), state_bias.into()];
    cpu::apply(Recurrence::<C> { layout, cell: std::marker::PhantomData }, inputs)
}

struct Recurrence<C> {
    layout: Layout,
    cell: std::marker::PhantomData<fn() -> C>,
}

impl<C> Clone for Recurrence<C> {
    fn clone(&self) -> Self {
        Self { layout: self.layout.clone(), cell: self.cell }
    }
}

impl<C> std::fmt::Debug for Recurrence<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recurrence").field("layout", &self.layout).finish()
    }
}

impl<C: Cell + 'static> KeepingKernel<5> for Recurrence<C> {
    /// The states, and what leads from one to the next.
    type Kept = (FlexTensor, recurrence::Kept);

    fn forward(&self, inputs: [&FlexTensor; 5]) -> (FlexTensor, Self::Kept) {
        let [x, ..] = inputs;
        let (states, kept) =
            recurrence::forward::<C>(cpu::values(x), weights_of(inputs), &self.layout);
        let mut shape = x.layout().shape().clone();
        shape[2] = states.len() / (shape[0] * shape[1]);
        let states = cpu::tensor(states, shape);
        (states.clone(), (states, kept))
    }

    fn backward(
        &self,
        inputs: [&FlexTensor; 5],
        (states, kept): Self::Kept,
        output_grad: &FlexTensor,
    ) -> [FlexTensor; 5] {
        let [x, ..] = inputs;
        let gradients = recurrence::backward::<C>(
            cpu::values(x),
            cpu::values(&states),
            weights_of(inputs),
            &self.layout,
            kept,
            cpu::values(output_grad),
        );
        let numbers = [
            gradients.x,
            gradients.input,
            gradients.state,
            gradients.input_bias,
            gradients.state_bias,
        ];
        let mut numbers = numbers.into_iter();
        inputs.map(|input| {
            let numbers = numbers.next().expect("a gradient of every input");
            cpu::tensor(numbers, input.layout().shape().clone())
        })
    }
}

fn weights_of<'a>([_, input, state, input_bias, state_bias]: [&'a FlexTensor; 5]) -> Weights<'a> {
    Weights {
        input: cpu::values(input),
        state: cpu::values(state),
        input_bias: cpu::values(input_bias),
        state_bias: cpu::values(state_bias),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{compare_bodies, random};
    use super::*;

    const LENGTHS: [usize; 35] = {
        let mut lengths = [6; 35];
        lengths[1] = 1;
        lengths[2] = 4;
        lengths[33] = 5;
        lengths[34] = 0;
        lengths
    };

    /// 35 sequences of 6 rows, more than a task takes; sums over all rows in another order.
    fn check(gates: usize, body: impl Fn(Tensor<3>, RecurrentWeights, Direction) -> Tensor<3>) {
        let (i, h) = (5, 7);
        let inputs = [
            random([35, 6, i], 1.0, 1),
            random([1, gates * h, i], 0.7, 2),
            random([1, gates * h, h], 0.7, 3),
            random([1, 1, gates * h], 0.7, 4),
            random([1, 1, gates * h], 0.7, 5),
        ];
        for direction in [Direction::Forward, Direction::Reverse] {
            let body = |[x, input, state, input_bias, state_bias]: [Tensor<3>; 5]| {
                let weights = RecurrentWeights {
                    input: input.squeeze_dim(0),
                    state: state.squeeze_dim(0),
                    input_bias: input_bias.reshape([gates * h]),
                    state_bias: state_bias.reshape([gates * h]),
                };
                body(x, weights, direction)
            };
            compare_bodies(inputs.clone(), body, 2e-5);
        }
    }

    #[test]
    fn the_fused_gru_equals_the_engines() {
        check(3, |x, weights, direction| gru(x, weights, &LENGTHS, direction));
    }

    #[test]
    fn the_fused_lstm_equals_the_engines() {
        check(4, |x, weights, direction| lstm(x, weights, &LENGTHS, direction));
    }
}
