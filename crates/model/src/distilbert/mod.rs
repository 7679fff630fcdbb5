//! DistilBERT: the words of a sentence in, their features out.
//!
//! Paper: §A.4 of our specification; Sanh et al., arXiv:1910.01108. Reference: Hugging Face's
//! `DistilBertModel`, whose parameter names the fields carry and whose numbers the goldens hold.
//! Axes: `b` sentences, `n` tokens (padded on the right), `d` width.

#![expect(
    non_snake_case,
    reason = "`LayerNorm` is the checkpoint's own name, and the derive macro repeats it"
)]

pub(crate) mod checkpoint;
mod config;
mod cost;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::initialiser::Initialiser;
use crate::layers::{Embedding, LayerNorm, Linear};
use crate::ops::Sequences;
use crate::post_norm_block::PostNormBlock;
use crate::text_tower::TextTower;
use crate::token_batch::TokenBatch;

pub use config::DistilBertConfig;

/// The text encoder.
#[derive(Module, Debug)]
pub struct DistilBert {
    /// `embeddings.*`
    embeddings: Embeddings,
    /// `transformer.layer.{i}.*`
    transformer: Transformer,
    num_heads: usize,
}

#[derive(Module, Debug)]
struct Embeddings {
    /// `word_embeddings.weight`, `[vocabulary, d]`
    word_embeddings: Embedding,
    /// `position_embeddings.weight`, `[positions, d]`
    position_embeddings: Embedding,
    /// `LayerNorm.*`
    LayerNorm: LayerNorm,
}

#[derive(Module, Debug)]
struct Transformer {
    layer: Vec<Block>,
}

#[derive(Module, Debug)]
struct Block {
    /// `attention.*`
    attention: Attention,
    /// `sa_layer_norm.*`
    sa_layer_norm: LayerNorm,
    /// `ffn.*`
    ffn: FeedForward,
    /// `output_layer_norm.*`
    output_layer_norm: LayerNorm,
}

#[derive(Module, Debug)]
struct Attention {
    q_lin: Linear,
    k_lin: Linear,
    v_lin: Linear,
    out_lin: Linear,
}

#[derive(Module, Debug)]
struct FeedForward {
    lin1: Linear,
    lin2: Linear,
}

impl DistilBertConfig {
    /// A model with random weights.
    pub fn init(&self, random: &mut Initialiser) -> DistilBert {
        let (d, std) = (self.dim, self.initializer_range);
        let norm = |random: &Initialiser| LayerNorm::new(d, self.layer_norm_eps, random.device());
        let table = |rows, random: &mut Initialiser| Embedding::normal(rows, d, std, random);
        let block = |random: &mut Initialiser| {
            let mut square = || Linear::normal(d, d, std, random);
            Block {
                attention: Attention {
                    q_lin: square(),
                    k_lin: square(),
                    v_lin: square(),
                    out_lin: square(),
                },
                sa_layer_norm: norm(random),
                ffn: FeedForward {
                    lin1: Linear::normal(d, self.hidden_dim, std, random),
                    lin2: Linear::normal(self.hidden_dim, d, std, random),
                },
                output_layer_norm: norm(random),
            }
        };
        DistilBert {
            embeddings: Embeddings {
                word_embeddings: table(self.vocab_size, random),
                position_embeddings: table(self.max_position_embeddings, random),
                LayerNorm: norm(random),
            },
            transformer: Transformer { layer: (0..self.n_layers).map(|_| block(random)).collect() },
            num_heads: self.n_heads,
        }
    }
}

impl DistilBert {
    /// The last hidden state of every token; rows of padding hold numbers without meaning.
    ///
    /// # Shapes
    /// - returns `[b, n, d]`
    pub fn forward(&self, tokens: &TokenBatch) -> Tensor<3> {
        self.token_features(tokens)
    }
}

impl TextTower for DistilBert {
    fn num_blocks(&self) -> usize {
        self.transformer.layer.len()
    }

    fn embed(&self, tokens: &TokenBatch) -> Tensor<3> {
        let words = self.embeddings.word_embeddings.of_tokens(tokens);
        let places = self.embeddings.position_embeddings.first(tokens.padded_length);
        self.embeddings.LayerNorm.forward(words + places)
    }

    fn block(&self, number: usize, x: Tensor<3>, tokens: &TokenBatch) -> Tensor<3> {
        let sequences = Sequences::Padded { lengths: tokens.lengths.clone() };
        self.transformer.layer[number].forward(x, self.num_heads, &sequences)
    }

    fn finish(&self, x: Tensor<3>) -> Tensor<3> {
        x
    }
}

impl Block {
    fn forward(&self, x: Tensor<3>, num_heads: usize, sequences: &Sequences) -> Tensor<3> {
        let block = PostNormBlock {
            query: &self.attention.q_lin,
            key: &self.attention.k_lin,
            value: &self.attention.v_lin,
            output: &self.attention.out_lin,
            attention_norm: &self.sa_layer_norm,
            hidden: &self.ffn.lin1,
            perceptron_output: &self.ffn.lin2,
            perceptron_norm: &self.output_layer_norm,
        };
        block.forward(x, num_heads, sequences)
    }
}
