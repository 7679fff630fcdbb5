//! The heads of the probes: one linear map, or VCOP's comparison of every pair.
//!
//! Weights and biases are uniform within one over the root of the inputs, as PyTorch's linear layers
//! begin.

use burn::module::{Module, Param};
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use locvtp_model::Initialiser;
use locvtp_model::layers::Linear;
use serde::{Deserialize, Serialize};

/// Numbers that VCOP compares two clips in.
const PAIR_WIDTH: usize = 512;

/// VCOP's dropout.
const DROPOUT: f64 = 0.5;

/// Which head.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum HeadKind {
    /// One linear map of the clips behind one another. It cannot compare clips, so it measures what
    /// each of them says of its place.
    Linear,
    /// Every pair through one linear map of 512 and a ReLU, then a linear map of all pairs, with
    /// dropout of one half between (Xu et al., VCOP, CVPR 2019).
    Vcop,
}

impl HeadKind {
    /// Its name in files and results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Vcop => "vcop",
        }
    }

    /// A head for `num_clips` clips of `width` numbers.
    pub fn init(
        self,
        [num_clips, width]: [usize; 2],
        num_classes: usize,
        random: &mut Initialiser,
    ) -> ProbeHead {
        let pairs = num_clips * (num_clips - 1) / 2;
        let (pair, input) = match self {
            Self::Linear => (None, num_clips * width),
            Self::Vcop => (Some(linear(2 * width, PAIR_WIDTH, random)), pairs * PAIR_WIDTH),
        };
        let dropout = DropoutConfig::new(DROPOUT).init();
        ProbeHead { pair, answer: linear(input, num_classes, random), dropout }
    }
}

fn linear(input: usize, output: usize, random: &mut Initialiser) -> Linear {
    let bound = 1.0 / (input as f64).sqrt();
    Linear {
        weight: Param::from_tensor(random.uniform([input, output], bound)),
        bias: Param::from_tensor(random.uniform([output], bound)),
    }
}

/// A head of a probe.
#[derive(Module, Debug)]
pub struct ProbeHead {
    /// `pair.*`, VCOP's alone
    pair: Option<Linear>,
    /// `answer.*`
    answer: Linear,
    dropout: Dropout,
}

impl ProbeHead {
    /// Dropout works only while gradients are recorded.
    ///
    /// # Shapes
    /// - `clips`: `[b, n, d]`, in the order shown; returns `[b, classes]`
    pub fn forward(&self, clips: Tensor<3>) -> Tensor<2> {
        let [b, n, d] = clips.dims();
        let Some(pair) = &self.pair else {
            return self.answer.forward(clips.reshape([b, n * d]));
        };
        let clip = |place| clips.clone().narrow(1, place, 1).reshape([b, d]);
        let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
        let compared = pairs
            .map(|(i, j)| relu(pair.forward(Tensor::cat(vec![clip(i), clip(j)], 1))))
            .collect();
        self.answer.forward(self.dropout.forward(Tensor::cat(compared, 1)))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;
    use locvtp_model::Device;

    use super::*;

    #[test]
    fn the_heads_compute_what_they_say() {
        let device = Device::flex();
        let random = &mut Initialiser::new(7, &device);
        let values = |tensor: Tensor<2>| tensor.into_data().try_to_vec::<f32>().unwrap();
        // Of two clips there is one pair, of three there are three.
        let pairs = [(2, vec![(0, 1)]), (3, vec![(0, 1), (0, 2), (1, 2)])];
        let kinds = [HeadKind::Linear, HeadKind::Vcop].map(|kind| (kind, pairs.clone()));
        for (kind, (n, pairs)) in
            kinds.into_iter().flat_map(|(kind, pairs)| pairs.map(|pairs| (kind, pairs)))
        {
            let numbers: Vec<f32> = (0..2 * n * 4).map(|i| (i as f32 * 0.7).sin()).collect();
            let clips = TensorData::new(numbers.clone(), [2, n, 4]);
            let clips = Tensor::<3>::from_data(clips, &device);
            let head = kind.init([n, 4], 6, random);
            let found = values(head.forward(clips));
            assert_eq!(found.len(), 2 * 6);
            let (weight, bias) = (values(head.answer.weight.val()), head.answer.bias.val());
            let bias = bias.into_data().try_to_vec::<f32>().unwrap();
            for sample in 0..2 {
                let clip = |place: usize| &numbers[(sample * n + place) * 4..][..4];
                let input: Vec<f32> = match &head.pair {
                    None => numbers[sample * n * 4..][..n * 4].to_vec(),
                    Some(pair) => {
                        let (weight, bias) = (values(pair.weight.val()), pair.bias.val());
                        let bias = bias.into_data().try_to_vec::<f32>().unwrap();
                        pairs
                            .iter()
                            .flat_map(|&(i, j)| {
                                let both = [clip(i), clip(j)].concat();
                                apply(&both, &weight, &bias).into_iter().map(|x| x.max(0.0))
                            })
                            .collect()
                    }
                };
                let expected = apply(&input, &weight, &bias);
                for (found, expected) in found[sample * 6..].iter().zip(&expected) {
                    // Sums of 1,536 products in f32, in another order.
                    assert!((found - expected).abs() < 1e-4, "{kind:?}: {found} {expected}");
                }
            }
        }
    }

    fn apply(input: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
        let outputs = bias.len();
        (0..outputs)
            .map(|o| {
                let sum: f32 =
                    input.iter().enumerate().map(|(i, x)| x * weight[i * outputs + o]).sum();
                sum + bias[o]
            })
            .collect()
    }
}
