//! Stacks of recurrent layers, with PyTorch's parameter names, gates and initial weights.
//!
//! `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, then `_l1` and so on, and each with
//! `_reverse` for the direction from the end: the names of `torch.nn.GRU` and `torch.nn.LSTM`.
//! Axes: `b` sequences, `n` rows of each, `d` width.

use burn::module::{Module, Param};
use burn::nn::Dropout;
use burn::tensor::Tensor;

use crate::initialiser::Initialiser;
use crate::ops::{self, Direction, RecurrentWeights};

/// Sizes of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecurrentSizes {
    /// Width of the rows that come in.
    pub input: usize,
    /// Width of a layer's state in one direction.
    pub hidden: usize,
    /// Layers, each over the states of the one before.
    pub num_layers: usize,
    /// Whether every layer goes through a sequence both ways and joins the two states.
    pub bidirectional: bool,
}

/// Gated recurrent units.
#[derive(Module, Debug)]
pub struct Gru {
    layers: Vec<RecurrentLayer>,
}

/// Long short-term memories.
#[derive(Module, Debug)]
pub struct Lstm {
    layers: Vec<RecurrentLayer>,
}

#[derive(Module, Debug)]
struct RecurrentLayer {
    forward: RecurrentDirection,
    reverse: Option<RecurrentDirection>,
}

/// Its parameters are named by [`ParameterPath`](crate::weights::ParameterPath) as PyTorch does.
#[derive(Module, Debug)]
struct RecurrentDirection {
    /// `[gates * hidden, input]`
    weight_ih: Param<Tensor<2>>,
    /// `[gates * hidden, hidden]`
    weight_hh: Param<Tensor<2>>,
    /// `[gates * hidden]`
    bias_ih: Param<Tensor<1>>,
    /// `[gates * hidden]`
    bias_hh: Param<Tensor<1>>,
}

impl RecurrentSizes {
    /// Gated recurrent units, all weights uniform within `1 / sqrt(hidden)` as PyTorch draws them.
    pub fn gru(&self, random: &mut Initialiser) -> Gru {
        Gru { layers: self.init(3, random) }
    }

    /// Long short-term memories, all weights uniform within `1 / sqrt(hidden)` as PyTorch draws them.
    pub fn lstm(&self, random: &mut Initialiser) -> Lstm {
        Lstm { layers: self.init(4, random) }
    }

    /// Width of the states that come out.
    pub fn output(&self) -> usize {
        self.hidden * if self.bidirectional { 2 } else { 1 }
    }

    fn init(&self, gates: usize, random: &mut Initialiser) -> Vec<RecurrentLayer> {
        let bound = 1.0 / (self.hidden as f64).sqrt();
        let rows = gates * self.hidden;
        (0..self.num_layers)
            .map(|layer| {
                let input = if layer == 0 { self.input } else { self.output() };
                let mut direction = || RecurrentDirection {
                    weight_ih: Param::from_tensor(random.uniform([rows, input], bound)),
                    weight_hh: Param::from_tensor(random.uniform([rows, self.hidden], bound)),
                    bias_ih: Param::from_tensor(random.uniform([rows], bound)),
                    bias_hh: Param::from_tensor(random.uniform([rows], bound)),
                };
                let forward = direction();
                RecurrentLayer { forward, reverse: self.bidirectional.then(direction) }
            })
            .collect()
    }
}

/// One of [`ops::gru`] and [`ops::lstm`].
type Operation = fn(Tensor<3>, RecurrentWeights, &[usize], Direction) -> Tensor<3>;

impl Gru {
    /// The states of the last layer; with both directions, forward and reverse side by side.
    ///
    /// # Shapes
    /// - `x`: `[b, n, d]`; `lengths`: of `b` sequences, what follows is padding
    /// - `between`: dropped out between layers; [`None`] for nothing
    /// - returns `[b, n, output]`, zeros in padding
    pub fn forward(&self, x: Tensor<3>, lengths: &[usize], between: Option<&Dropout>) -> Tensor<3> {
        through(&self.layers, ops::gru, x, lengths, between)
    }
}

impl Lstm {
    /// The states of the last layer; with both directions, forward and reverse side by side.
    ///
    /// # Shapes
    /// - `x`: `[b, n, d]`; `lengths`: of `b` sequences, what follows is padding
    /// - `between`: dropped out between layers; [`None`] for nothing
    /// - returns `[b, n, output]`, zeros in padding
    pub fn forward(&self, x: Tensor<3>, lengths: &[usize], between: Option<&Dropout>) -> Tensor<3> {
        through(&self.layers, ops::lstm, x, lengths, between)
    }
}

fn through(
    layers: &[RecurrentLayer],
    operation: Operation,
    mut x: Tensor<3>,
    lengths: &[usize],
    between: Option<&Dropout>,
) -> Tensor<3> {
    for (number, layer) in layers.iter().enumerate() {
        if let (Some(dropout), true) = (between, number > 0) {
            x = dropout.forward(x);
        }
        let there = |x| operation(x, layer.forward.weights(), lengths, Direction::Forward);
        x = match &layer.reverse {
            None => there(x),
            Some(reverse) => {
                let back = operation(x.clone(), reverse.weights(), lengths, Direction::Reverse);
                Tensor::cat(vec![there(x), back], 2)
            }
        };
    }
    x
}

impl RecurrentDirection {
    fn weights(&self) -> RecurrentWeights {
        RecurrentWeights {
            input: self.weight_ih.val(),
            state: self.weight_hh.val(),
            input_bias: self.bias_ih.val(),
            state_bias: self.bias_hh.val(),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::weights::named_parameters;

    #[test]
    fn parameters_are_named_and_shaped_as_in_pytorch() {
        let sizes = RecurrentSizes { input: 3, hidden: 2, num_layers: 2, bidirectional: true };
        let lstm = sizes.lstm(&mut Initialiser::new(1, &Device::flex()));
        let shapes: Vec<(String, Vec<usize>)> =
            named_parameters(&lstm).into_iter().map(|(name, it)| (name, it.shape)).collect();
        let expected = [
            ("bias_hh_l0", vec![8]),
            ("bias_hh_l0_reverse", vec![8]),
            ("bias_hh_l1", vec![8]),
            ("bias_hh_l1_reverse", vec![8]),
            ("bias_ih_l0", vec![8]),
            ("bias_ih_l0_reverse", vec![8]),
            ("bias_ih_l1", vec![8]),
            ("bias_ih_l1_reverse", vec![8]),
            ("weight_hh_l0", vec![8, 2]),
            ("weight_hh_l0_reverse", vec![8, 2]),
            ("weight_hh_l1", vec![8, 2]),
            ("weight_hh_l1_reverse", vec![8, 2]),
            ("weight_ih_l0", vec![8, 3]),
            ("weight_ih_l0_reverse", vec![8, 3]),
            ("weight_ih_l1", vec![8, 4]),
            ("weight_ih_l1_reverse", vec![8, 4]),
        ];
        let expected: Vec<_> =
            expected.into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect();
        assert_eq!(shapes, expected);
    }

    #[test]
    fn padding_changes_nothing_and_a_sequence_alone_equals_itself_in_a_batch() {
        let mut random = Initialiser::new(2, &Device::flex());
        let sizes = RecurrentSizes { input: 3, hidden: 4, num_layers: 2, bidirectional: true };
        let gru = sizes.gru(&mut random);
        let x = random.normal([2, 5, 3], 1.0);
        let both = gru.forward(x.clone(), &[5, 3], None);
        let alone = gru.forward(x.narrow(0, 1, 1).narrow(1, 0, 3), &[3], None);
        let numbers = |x: Tensor<3>| x.into_data().try_to_vec::<f32>().unwrap();
        let of_second = both.narrow(0, 1, 1);
        assert_eq!(numbers(of_second.clone().narrow(1, 0, 3)), numbers(alone));
        assert_eq!(numbers(of_second.narrow(1, 3, 2)), [0.0; 16]);
    }
}
