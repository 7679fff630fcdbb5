//! The convolution over some cells of a map, and nothing else of it.
//!
//! A two-dimensional map of moments (start by end) is mostly empty: no moment ends before it starts,
//! and long ones are looked at more coarsely. A dense convolution computes the empty cells, too, and
//! a mask then throws them away. Here a map is the list of its cells that matter, and [`CellMap`]
//! says which cell of one list lies under which place of the kernel of which cell of another.

use std::collections::HashMap;
use std::sync::Arc;

use burn::backend::flex::FlexTensor;
use burn::tensor::{Int, Tensor, TensorData};

use super::cpu::{self, CpuKernel};
use super::kernel::cell_convolution::{NONE, Table, backward, forward};

/// A cell of a map: row and column, which may lie outside of what the map shows.
pub type Cell = (i32, i32);

/// Which cells a convolution reads and which it writes.
#[derive(Clone, Debug)]
pub struct CellMap(Arc<Places>);

#[derive(Debug)]
struct Places {
    kernel: usize,
    inputs: usize,
    outputs: usize,
    /// `[outputs, kernel²]`
    sources: Vec<u32>,
    /// `[inputs, kernel²]`
    targets: Vec<u32>,
    scale: Vec<f32>,
}

impl CellMap {
    /// A square kernel of `kernel` by `kernel` places, centred on each output cell; what it sees
    /// beside the input cells is zero. Every output is multiplied by its `scale`.
    ///
    /// # Panics
    /// When the kernel has no centre, there is not one scale an output, or no cell at all.
    pub fn new(kernel: usize, inputs: &[Cell], outputs: &[Cell], scale: Vec<f32>) -> Self {
        assert_eq!(kernel % 2, 1, "a kernel of {kernel} by {kernel} places has no centre");
        assert_eq!(scale.len(), outputs.len(), "scales of {} cells", outputs.len());
        assert!(!inputs.is_empty() && !outputs.is_empty(), "a map without cells");
        let numbered: HashMap<Cell, usize> =
            inputs.iter().enumerate().map(|(number, cell)| (*cell, number)).collect();
        let (places, reach) = (kernel * kernel, kernel as i32 / 2);
        let mut sources = vec![NONE; outputs.len() * places];
        let mut targets = vec![NONE; inputs.len() * places];
        for (output, (row, column)) in outputs.iter().enumerate() {
            for place in 0..places {
                let (down, right) = ((place / kernel) as i32, (place % kernel) as i32);
                let seen = (row + down - reach, column + right - reach);
                if let Some(&input) = numbered.get(&seen) {
                    sources[output * places + place] = input as u32;
                    targets[input * places + place] = output as u32;
                }
            }
        }
        let (inputs, outputs) = (inputs.len(), outputs.len());
        Self(Arc::new(Places { kernel, inputs, outputs, sources, targets, scale }))
    }

    /// Side of the kernel.
    pub fn kernel(&self) -> usize {
        self.0.kernel
    }

    /// How many cells it reads.
    pub fn inputs(&self) -> usize {
        self.0.inputs
    }

    /// How many cells it writes.
    pub fn outputs(&self) -> usize {
        self.0.outputs
    }

    /// How many products of a cell and a place of the kernel are computed, of a dense convolution's
    /// `outputs * kernel²`.
    pub fn products(&self) -> usize {
        self.0.inputs.min(self.0.outputs) * self.0.kernel * self.0.kernel
    }

    fn table(&self) -> Table<'_> {
        let Places { kernel, inputs, outputs, sources, targets, scale } = &*self.0;
        Table {
            sources,
            targets,
            scale,
            places: kernel * kernel,
            slab: *kernel,
            inputs: *inputs,
            outputs: *outputs,
        }
    }
}

/// The convolution: every output cell is the sum over the kernel's places of the input cell there
/// times the weights of the place, plus the bias, all times the cell's scale.
///
/// # Shapes
/// - `x`: `[b, inputs, i]`; `weight`: `[o, i, k, k]`, as PyTorch's `Conv2d`; `bias`: `[o]`
/// - returns `[b, outputs, o]`
///
/// # Panics
/// When the shapes are not those of `map`.
pub fn cell_convolution(
    x: Tensor<3>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    map: &CellMap,
) -> Tensor<3> {
    let ([_, inputs, i], [o, i_of_weight, k, k_right]) = (x.dims(), weight.dims());
    assert_eq!(inputs, map.inputs(), "cells of a map");
    assert_eq!([i_of_weight, k, k_right], [i, map.kernel(), map.kernel()], "sizes of the kernel");
    assert_eq!(bias.dims(), [o], "a bias an output channel");
    if cpu::serves(&x) {
        cpu::apply(CellConvolution(map.clone()), [x.into(), weight.into(), bias.into()])
    } else {
        composed(x, weight, bias, map)
    }
}

fn composed(x: Tensor<3>, weight: Tensor<4>, bias: Tensor<1>, map: &CellMap) -> Tensor<3> {
    let ([b, inputs, i], [o, _, k, _]) = (x.dims(), weight.dims());
    let (device, options) = (x.device(), (&x.device(), x.dtype()));
    // What a kernel sees beside the cells: one more cell, of zeros.
    let padded = Tensor::cat(vec![x, Tensor::zeros([b, 1, i], options)], 1);
    let weight = weight.reshape([o, i, k * k]);
    let mut y = bias.reshape([1, 1, o]).expand([b, map.outputs(), o]);
    for place in 0..k * k {
        let sources = map.0.sources.iter().skip(place).step_by(k * k);
        let sources: Vec<i64> = sources
            .map(|source| if *source == NONE { inputs as i64 } else { i64::from(*source) })
            .collect();
        let sources = TensorData::new(sources, [map.outputs()]);
        let seen = padded.clone().select(1, Tensor::<1, Int>::from_data(sources, &device));
        let weight: Tensor<2> = weight.clone().narrow(2, place, 1).squeeze_dim(2);
        y = y + seen.matmul(weight.swap_dims(0, 1).unsqueeze());
    }
    let scale = TensorData::new(map.0.scale.clone(), [1, map.outputs(), 1]);
    y * Tensor::from_data(scale, options)
}

#[derive(Clone, Debug)]
struct CellConvolution(CellMap);

impl CpuKernel<3> for CellConvolution {
    fn forward(&self, [x, weight, bias]: [&FlexTensor; 3]) -> FlexTensor {
        let i = cpu::width(x);
        let (x_values, weight) = (cpu::values(x), cpu::values(weight));
        let y = forward(&self.0.table(), x_values, weight, cpu::values(bias), i);
        let mut shape = x.layout().shape().clone();
        (shape[1], shape[2]) = (self.0.outputs(), cpu::width(bias));
        cpu::tensor(y, shape)
    }

    fn backward(
        &self,
        [x, weight, bias]: [&FlexTensor; 3],
        output_grad: &FlexTensor,
    ) -> [FlexTensor; 3] {
        let (i, o) = (cpu::width(x), cpu::width(bias));
        let (x_values, weights) = (cpu::values(x), cpu::values(weight));
        let grads = backward(&self.0.table(), x_values, weights, cpu::values(output_grad), i, o);
        [
            cpu::tensor(grads.x, x.layout().shape().clone()),
            cpu::tensor(grads.weight, weight.layout().shape().clone()),
            cpu::tensor(grads.bias, bias.layout().shape().clone()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::ops::ConvOptions;
    use burn::tensor::{DType, Device};

    use super::super::testing::{compare_bodies, random};
    use super::*;

    /// The upper triangle of a map of `n`, and the cells around it.
    fn triangles(n: i32) -> (Vec<Cell>, Vec<Cell>) {
        let cells = |from: i32, to: i32, below: i32| {
            let all = (from..to).flat_map(move |s| (from..to).map(move |e| (s, e)));
            all.filter(|(s, e)| e - s >= -below).collect()
        };
        (cells(0, n, 0), cells(-1, n + 1, 2))
    }

    #[test]
    fn both_ways_of_summing_equal_the_engines_values_and_gradients() {
        let (few, many) = triangles(5);
        for (inputs, outputs) in [(&few, &many), (&many, &few)] {
            let scale = (0..outputs.len()).map(|cell| 1.0 / (1 + cell) as f32).collect();
            let map = CellMap::new(3, inputs, outputs, scale);
            let sizes = [inputs.len(), 6, 4];
            let data = [
                random([1, 80 * inputs.len(), 6], 1.0, 1), // more samples than are taken together
                random([1, 4 * 6, 9], 1.0, 2),
                random([1, 1, 4], 1.0, 3),
            ];
            let body = |[x, weight, bias]: [Tensor<3>; 3]| {
                let [inputs, i, o] = sizes;
                let weight = weight.reshape([o, i, 3, 3]);
                cell_convolution(x.reshape([80, inputs, i]), weight, bias.reshape([o]), &map)
            };
            // The weight's gradient sums 80 * 15 products in another order.
            compare_bodies(data, body, 3e-5);
        }
    }

    #[test]
    fn it_is_the_dense_convolution_at_the_cells_that_are_asked_for() {
        let (inputs, outputs) = triangles(6);
        let device = Device::flex();
        let map = CellMap::new(3, &inputs, &outputs, vec![1.0; outputs.len()]);
        let tensor = |shape: [usize; 4], seed| {
            Tensor::<4>::from_data(random(shape, 1.0, seed), (&device, DType::F32))
        };
        let (x, weight) = (tensor([2, 1, inputs.len(), 5], 4), tensor([3, 5, 3, 3], 5));
        let x: Tensor<3> = x.squeeze_dim(1);
        let bias = Tensor::<1>::from_floats([0.5, -1.0, 2.0], &device);
        let found = cell_convolution(x.clone(), weight.clone(), bias.clone(), &map);
        // Cells of -1..7, with a border of one more.
        let mut dense = vec![0.0f32; 2 * 5 * 10 * 10];
        let values: Vec<f32> = x.into_data().try_to_vec().unwrap();
        for (place, value) in values.iter().enumerate() {
            let (b, cell, i) = (place / 5 / inputs.len(), place / 5 % inputs.len(), place % 5);
            let (s, e) = inputs[cell];
            dense[((b * 5 + i) * 10 + (s + 2) as usize) * 10 + (e + 2) as usize] = *value;
        }
        let dense = Tensor::<4>::from_data(TensorData::new(dense, [2, 5, 10, 10]), &device);
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        let dense = burn::tensor::module::conv2d(dense, weight, Some(bias), options);
        for (cell, (s, e)) in outputs.iter().enumerate() {
            let [s, e] = [s, e].map(|place| (place + 1) as usize);
            let expected: Tensor<2> =
                dense.clone().slice([0..2, 0..3, s..s + 1, e..e + 1]).reshape([2, 3]);
            let found: Tensor<2> = found.clone().narrow(1, cell, 1).reshape([2, 3]);
            let difference: f32 = (expected - found).abs().max().into_scalar();
            // Sums of 45 products of numbers below 1.
            assert!(difference < 1e-5, "cell {s}, {e}: {difference}");
        }
    }
}
