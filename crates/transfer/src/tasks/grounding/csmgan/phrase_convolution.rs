//! Words to phrases: the greatest of three convolutions over one, two and three words.
//!
//! Those over two and three words leave one out in between: words before and after, and with the
//! word itself the second before and after. Beyond the sentence are zeros.

use burn::module::{Module, Param};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, module::conv1d};
use locvtp_model::Initialiser;
use locvtp_model::ops::linear;

/// A convolution over a sequence.
#[derive(Module, Debug)]
pub(super) struct Convolution {
    /// `[output, input, width]`
    weight: Param<Tensor<3>>,
    /// `[output]`
    bias: Param<Tensor<1>>,
}

impl Convolution {
    /// Weights and bias uniform within `1 / sqrt(input width)`, as PyTorch draws them.
    pub(super) fn new(input: usize, output: usize, width: usize, random: &mut Initialiser) -> Self {
        let bound = 1.0 / ((input * width) as f64).sqrt();
        Self {
            weight: Param::from_tensor(random.uniform([output, input, width], bound)),
            bias: Param::from_tensor(random.uniform([output], bound)),
        }
    }

    /// Of every row on its own, for a convolution of width 1.
    ///
    /// # Shapes
    /// - `x`: `[b, n, input]`; returns `[b, n, output]`
    pub(super) fn at_each(&self, x: Tensor<3>) -> Tensor<3> {
        let weight = self.weight.val().squeeze_dim::<2>(2).swap_dims(0, 1);
        linear(x, weight, self.bias.val())
    }

    /// Of every row and its second neighbours, or of a row's neighbours alone for a width of 2; as
    /// many rows as come in.
    fn dilated(&self, x: Tensor<3>) -> Tensor<3> {
        let [_, _, width] = self.weight.dims();
        let options = ConvOptions::new([1], [width - 1], [2], 1);
        let y = conv1d(x.swap_dims(1, 2), self.weight.val(), Some(self.bias.val()), options);
        y.swap_dims(1, 2)
    }
}

/// The three convolutions.
#[derive(Module, Debug)]
pub(super) struct PhraseConvolution {
    /// `unigram_conv.*`
    unigram_conv: Convolution,
    /// `bigram_conv.*`
    bigram_conv: Convolution,
    /// `trigram_conv.*`
    trigram_conv: Convolution,
}

impl PhraseConvolution {
    /// For words of width `d`.
    pub(super) fn new(d: usize, random: &mut Initialiser) -> Self {
        Self {
            unigram_conv: Convolution::new(d, d, 1, random),
            bigram_conv: Convolution::new(d, d, 2, random),
            trigram_conv: Convolution::new(d, d, 3, random),
        }
    }

    /// # Shapes
    /// - `words`: `[b, n, d]`; returns the same
    pub(super) fn forward(&self, words: Tensor<3>) -> Tensor<3> {
        let one = self.unigram_conv.at_each(words.clone());
        let two = self.bigram_conv.dilated(words.clone());
        let three = self.trigram_conv.dilated(words);
        one.max_pair(two).max_pair(three)
    }
}
