//! Words to their features: the word, its phrase and its sentence side by side.
//!
//! The sentence's recurrent layers go over all rows, padding included, as in the release; since
//! every sentence is padded to the same number of words, what stands beside it in a batch changes
//! nothing. The last layer stops at the last word.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::Tensor;
use locvtp_model::Initialiser;
use locvtp_model::recurrent::{Lstm, RecurrentSizes};

use super::NamedGru;
use super::config::CsmganConfig;
use super::phrase_convolution::PhraseConvolution;

/// The words' encoder.
#[derive(Module, Debug)]
pub(super) struct SentenceEncoder {
    /// `unigram_conv.*`, `bigram_conv.*`, `trigram_conv.*`
    phrases: PhraseConvolution,
    /// `bilstm.*`
    bilstm: Lstm,
    /// `concat.gru.*`
    concat: NamedGru,
    dropout: Dropout,
}

impl SentenceEncoder {
    /// For words of width `d`, which is even.
    pub(super) fn new(config: &CsmganConfig, d: usize, random: &mut Initialiser) -> Self {
        let sizes = RecurrentSizes { input: d, hidden: d / 2, num_layers: 2, bidirectional: true };
        Self {
            phrases: PhraseConvolution::new(d, random),
            bilstm: sizes.lstm(random),
            concat: NamedGru::bidirectional(3 * d, config.hidden_width, random),
            dropout: DropoutConfig::new(config.dropout).init(),
        }
    }

    /// # Shapes
    /// - `words`: `[b, n, words]`; returns `[b, n, d]`, zeros after a sentence's last word
    pub(super) fn forward(&self, words: Tensor<3>, num_words: &[usize]) -> Tensor<3> {
        let [b, n, _] = words.dims();
        let phrases = self.phrases.forward(words.clone());
        let sentence = self.bilstm.forward(phrases.clone(), &vec![n; b], Some(&self.dropout));
        let joined = Tensor::cat(vec![words, phrases, sentence], 2);
        self.dropout.forward(self.concat.forward(joined, num_words))
    }
}
