//! CLIP's text tower.
//!
//! Axes: `b` sentences, `n` tokens (padded on the right), `d` width, `e` CLIP's joint space. A token
//! sees itself and those before it, so padding is never seen.

use burn::module::Module;
use burn::tensor::Tensor;

use super::ClipTextConfig;
use super::attention::LayerSize;
use super::layer::Layer;
use crate::initialiser::Initialiser;
use crate::layers::{Embedding, LayerNorm, LinearWithoutBias};
use crate::ops::Sequences;
use crate::text_tower::TextTower;
use crate::token_batch::TokenBatch;

/// The text tower.
#[derive(Module, Debug)]
pub struct ClipText {
    /// `text_model.*`
    text_model: TextModel,
    /// `text_projection.weight`
    text_projection: LinearWithoutBias,
    num_heads: usize,
}

#[derive(Module, Debug)]
struct TextModel {
    /// `embeddings.*`
    embeddings: Embeddings,
    /// `encoder.layers.{i}.*`
    encoder: Encoder,
    /// `final_layer_norm.*`
    final_layer_norm: LayerNorm,
}

#[derive(Module, Debug)]
struct Embeddings {
    /// `token_embedding.weight`, `[vocabulary, d]`
    token_embedding: Embedding,
    /// `position_embedding.weight`, `[positions, d]`
    position_embedding: Embedding,
}

#[derive(Module, Debug)]
struct Encoder {
    layers: Vec<Layer>,
}

impl ClipTextConfig {
    /// A tower with random weights.
    pub fn init(&self, random: &mut Initialiser) -> ClipText {
        let (d, std) = (self.hidden_size, self.initializer_range);
        let size = LayerSize {
            hidden_size: d,
            intermediate_size: self.intermediate_size,
            layer_norm_eps: self.layer_norm_eps,
            initializer_range: std,
            activation: self.hidden_act,
        };
        let positions = self.max_position_embeddings;
        ClipText {
            text_model: TextModel {
                embeddings: Embeddings {
                    token_embedding: Embedding::normal(self.vocab_size, d, std, random),
                    position_embedding: Embedding::normal(positions, d, std, random),
                },
                encoder: Encoder {
                    layers: (0..self.num_hidden_layers).map(|_| size.layer(None, random)).collect(),
                },
                final_layer_norm: size.norm(random),
            },
            text_projection: LinearWithoutBias::normal(d, self.projection_dim, std, random),
            num_heads: self.num_attention_heads,
        }
    }
}

impl ClipText {
    /// Every token in CLIP's joint space, not of unit length; rows of padding have no meaning.
    ///
    /// # Shapes
    /// - returns `[b, n, e]`
    pub fn forward(&self, tokens: &TokenBatch) -> Tensor<3> {
        self.token_features(tokens)
    }

    /// CLIP's own feature of a sentence: that of its last token, not of unit length.
    ///
    /// # Shapes
    /// - returns `[b, e]`
    pub fn sentences(&self, tokens: &TokenBatch) -> Tensor<2> {
        let all = self.forward(tokens);
        let [_, _, e] = all.dims();
        let last = |(i, length): (usize, &usize)| {
            all.clone().narrow(0, i, 1).narrow(1, length - 1, 1).reshape([1, e])
        };
        Tensor::cat(tokens.lengths.iter().enumerate().map(last).collect(), 0)
    }
}

impl TextTower for ClipText {
    fn num_blocks(&self) -> usize {
        self.text_model.encoder.layers.len()
    }

    fn embed(&self, tokens: &TokenBatch) -> Tensor<3> {
        let Embeddings { token_embedding, position_embedding } = &self.text_model.embeddings;
        let places = position_embedding.first(tokens.padded_length);
        token_embedding.of_tokens(tokens) + places
    }

    fn block(&self, number: usize, x: Tensor<3>, _tokens: &TokenBatch) -> Tensor<3> {
        let layer = &self.text_model.encoder.layers[number];
        layer.forward(x, self.num_heads, &Sequences::Causal)
    }

    fn finish(&self, x: Tensor<3>) -> Tensor<3> {
        self.text_projection.forward(self.text_model.final_layer_norm.forward(x))
    }

    fn own_sentences(&self, tokens: &TokenBatch) -> Option<Tensor<2>> {
        Some(self.sentences(tokens))
    }
}
