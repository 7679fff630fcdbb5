//! The words that a frame reads, by additive attention.

use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Bool, Tensor, TensorData};
use locvtp_model::Initialiser;
use locvtp_model::layers::{Linear, LinearWithoutBias};
use locvtp_model::ops::additive_scores;

/// `softmax_j(w_t · tanh(W_1 v_i + b + W_2 s_j))` over the words of the sentence, padding left out.
#[derive(Module, Debug)]
pub(super) struct WordAttention {
    /// `ws1.*`
    ws1: Linear,
    /// `ws2.weight`
    ws2: LinearWithoutBias,
    /// `wst.weight`
    wst: LinearWithoutBias,
}

impl WordAttention {
    /// For frames and words of width `d`.
    pub(super) fn new(d: usize, random: &mut Initialiser) -> Self {
        Self {
            ws1: Linear::uniform(d, d, random),
            ws2: LinearWithoutBias::uniform(d, d, random),
            wst: LinearWithoutBias::uniform(d, 1, random),
        }
    }

    /// The words as every frame reads them.
    ///
    /// # Shapes
    /// - `frames`: `[b, f, d]`; `words`: `[b, n, d]`; returns `[b, f, d]`
    pub(super) fn forward(
        &self,
        frames: Tensor<3>,
        words: Tensor<3>,
        num_words: &[usize],
    ) -> Tensor<3> {
        let ([b, f, d], [_, n, _]) = (frames.dims(), words.dims());
        assert_eq!(num_words.len(), b, "a number of words for each of {b} sentences");
        let weight = self.wst.weight.val().reshape([d]);
        let scores =
            additive_scores(self.ws1.forward(frames), self.ws2.forward(words.clone()), weight);
        let padding: Vec<bool> =
            num_words.iter().flat_map(|words| (0..n).map(move |word| word >= *words)).collect();
        let padding = Tensor::<3, Bool>::from_data(
            TensorData::new(padding, [b, 1, n]),
            &scores.device().without_autodiff(),
        );
        let scores = scores.mask_fill(padding.expand([b, f, n]), -1e30);
        softmax(scores, 2).matmul(words)
    }
}
