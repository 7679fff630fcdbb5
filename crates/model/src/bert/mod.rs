//! BERT, XLM-RoBERTa and the sentence models made of them: the words of a sentence in, their features out,
//! and the vector of the whole sentence.
//!
//! Devlin et al., arXiv:1810.04805; Conneau et al., arXiv:1911.02116; Reimers and Gurevych,
//! arXiv:1908.10084. References: Hugging Face's `BertModel` and `XLMRobertaModel`, whose parameter names
//! the fields carry, and sentence-transformers, whose vectors of sentences the goldens hold.
//! Axes: `b` sentences, `n` tokens (padded on the right), `d` width.

#![expect(
    non_snake_case,
    reason = "`LayerNorm` is the checkpoint's own name, and the derive macro repeats it"
)]

pub(crate) mod checkpoint;
mod config;
mod cost;
mod sentence_rules;

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};

use crate::initialiser::Initialiser;
use crate::layers::{Embedding, LayerNorm, Linear};
use crate::ops::{Sequences, l2_normalise};
use crate::post_norm_block::PostNormBlock;
use crate::text_tower::TextTower;
use crate::token_batch::TokenBatch;

pub use config::{BertConfig, TokenPooling};

/// A vector shorter than this is divided by it, as in PyTorch's `normalize`.
const SHORTEST: f64 = 1e-12;

/// The text encoder.
#[derive(Module, Debug)]
pub struct Bert {
    /// `embeddings.*`
    embeddings: Embeddings,
    /// `encoder.layer.{i}.*`
    encoder: Encoder,
    num_heads: usize,
    first_position: usize,
    #[module(skip)]
    pooling: TokenPooling,
    normalize: bool,
}

#[derive(Module, Debug)]
struct Embeddings {
    /// `word_embeddings.weight`, `[vocabulary, d]`
    word_embeddings: Embedding,
    /// `position_embeddings.weight`, `[positions, d]`
    position_embeddings: Embedding,
    /// `token_type_embeddings.weight`, `[kinds, d]`
    token_type_embeddings: Embedding,
    /// `LayerNorm.*`
    LayerNorm: LayerNorm,
}

#[derive(Module, Debug)]
struct Encoder {
    layer: Vec<Block>,
}

#[derive(Module, Debug)]
struct Block {
    /// `attention.*`
    attention: Attention,
    /// `intermediate.dense.*`
    intermediate: Dense,
    /// `output.*`
    output: Output,
}

#[derive(Module, Debug)]
struct Attention {
    /// `self.*`
    self_: SelfAttention,
    /// `output.*`
    output: Output,
}

#[derive(Module, Debug)]
struct SelfAttention {
    query: Linear,
    key: Linear,
    value: Linear,
}

#[derive(Module, Debug)]
struct Dense {
    dense: Linear,
}

/// `dense.*` and `LayerNorm.*`
#[derive(Module, Debug)]
struct Output {
    dense: Linear,
    LayerNorm: LayerNorm,
}

impl BertConfig {
    /// A model with random weights.
    pub fn init(&self, random: &mut Initialiser) -> Bert {
        let (d, hidden, std) = (self.hidden_size, self.intermediate_size, self.initializer_range);
        let norm = |random: &Initialiser| LayerNorm::new(d, self.layer_norm_eps, random.device());
        let table = |rows, random: &mut Initialiser| Embedding::normal(rows, d, std, random);
        let output = |input, random: &mut Initialiser| Output {
            dense: Linear::normal(input, d, std, random),
            LayerNorm: norm(random),
        };
        let block = |random: &mut Initialiser| {
            let mut square = || Linear::normal(d, d, std, random);
            let self_ = SelfAttention { query: square(), key: square(), value: square() };
            Block {
                attention: Attention { self_, output: output(d, random) },
                intermediate: Dense { dense: Linear::normal(d, hidden, std, random) },
                output: output(hidden, random),
            }
        };
        Bert {
            embeddings: Embeddings {
                word_embeddings: table(self.vocab_size, random),
                position_embeddings: table(self.max_position_embeddings, random),
                token_type_embeddings: table(self.type_vocab_size, random),
                LayerNorm: norm(random),
            },
            encoder: Encoder {
                layer: (0..self.num_hidden_layers).map(|_| block(random)).collect(),
            },
            num_heads: self.num_attention_heads,
            first_position: self.first_position,
            pooling: self.pooling,
            normalize: self.normalize,
        }
    }
}

impl Bert {
    /// The last hidden state of every token; rows of padding hold numbers without meaning.
    ///
    /// # Shapes
    /// - returns `[b, n, d]`
    pub fn forward(&self, tokens: &TokenBatch) -> Tensor<3> {
        self.token_features(tokens)
    }

    /// The vector of every sentence: its tokens pooled, and brought to unit length where the model's rules
    /// say so.
    ///
    /// # Shapes
    /// - returns `[b, d]`
    pub fn sentences(&self, tokens: &TokenBatch) -> Tensor<2> {
        let all = self.forward(tokens);
        let [b, n, d] = all.dims();
        let pooled = match self.pooling {
            TokenPooling::Class => all.narrow(1, 0, 1).reshape([b, d]),
            TokenPooling::Mean => {
                let share = |length: usize| {
                    (0..n).map(move |at| if at < length { 1.0 / length as f64 } else { 0.0 })
                };
                let shares: Vec<f64> = tokens.lengths.iter().copied().flat_map(share).collect();
                let shares = TensorData::new(shares, [b, n, 1]);
                let (device, dtype) = (all.device(), all.dtype());
                let shares = Tensor::<3>::from_data(shares, (&device, dtype));
                (all * shares).sum_dim(1).reshape([b, d])
            }
        };
        if self.normalize { l2_normalise(pooled, SHORTEST) } else { pooled }
    }
}

impl TextTower for Bert {
    fn num_blocks(&self) -> usize {
        self.encoder.layer.len()
    }

    fn embed(&self, tokens: &TokenBatch) -> Tensor<3> {
        let Embeddings { word_embeddings, position_embeddings, token_type_embeddings, LayerNorm } =
            &self.embeddings;
        let words = word_embeddings.of_tokens(tokens);
        let places = position_embeddings.rows();
        let places = places.narrow(1, self.first_position, tokens.padded_length);
        LayerNorm.forward(words + (places + token_type_embeddings.first(1)))
    }

    fn block(&self, number: usize, x: Tensor<3>, tokens: &TokenBatch) -> Tensor<3> {
        let sequences = Sequences::Padded { lengths: tokens.lengths.clone() };
        self.encoder.layer[number].forward(x, self.num_heads, &sequences)
    }

    fn finish(&self, x: Tensor<3>) -> Tensor<3> {
        x
    }

    fn own_sentences(&self, tokens: &TokenBatch) -> Option<Tensor<2>> {
        Some(self.sentences(tokens))
    }
}

impl Block {
    fn forward(&self, x: Tensor<3>, num_heads: usize, sequences: &Sequences) -> Tensor<3> {
        let block = PostNormBlock {
            query: &self.attention.self_.query,
            key: &self.attention.self_.key,
            value: &self.attention.self_.value,
            output: &self.attention.output.dense,
            attention_norm: &self.attention.output.LayerNorm,
            hidden: &self.intermediate.dense,
            perceptron_output: &self.output.dense,
            perceptron_norm: &self.output.LayerNorm,
        };
        block.forward(x, num_heads, sequences)
    }
}
