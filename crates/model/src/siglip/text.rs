//! SigLIP's text tower.
//!
//! Axes: `b` sentences, `n` tokens, `d` width, `e` SigLIP's joint space. Nothing stands before the words, and nothing
//! is hidden: a token sees all others and the padding, which is why a sentence's vector, that of the last place, is
//! SigLIP's own only where sentences are padded to [`SiglipTextConfig::max_position_embeddings`], as
//! [`SentenceTokenizer::batch`](crate::SentenceTokenizer::batch) does.

use burn::module::Module;
use burn::tensor::Tensor;

use super::SiglipTextConfig;
use crate::clip::layer::Layer;
use crate::initialiser::Initialiser;
use crate::layers::{Embedding, LayerNorm, Linear};
use crate::ops::Sequences;
use crate::text_tower::TextTower;
use crate::token_batch::TokenBatch;

/// The text tower.
#[derive(Module, Debug)]
pub struct SiglipText {
    /// `text_model.*`
    text_model: TextModel,
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
    /// `head.*`
    head: Linear,
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

impl SiglipTextConfig {
    /// A tower with random weights.
    pub fn init(&self, random: &mut Initialiser) -> SiglipText {
        let (d, std, size) = (self.hidden_size, self.initializer_range, self.layer_size());
        let positions = self.max_position_embeddings;
        let embeddings = Embeddings {
            token_embedding: Embedding::normal(self.vocab_size, d, std, random),
            position_embedding: Embedding::normal(positions, d, std, random),
        };
        let layers = (0..self.num_hidden_layers).map(|_| size.layer(None, random));
        let encoder = Encoder { layers: layers.collect() };
        let final_layer_norm = size.norm(random);
        let head = Linear::normal(d, self.projection_size, std, random);
        SiglipText {
            text_model: TextModel { embeddings, encoder, final_layer_norm, head },
            num_heads: self.num_attention_heads,
        }
    }
}

impl SiglipText {
    /// Every token in SigLIP's joint space, not of unit length.
    ///
    /// # Shapes
    /// - returns `[b, n, e]`
    pub fn forward(&self, tokens: &TokenBatch) -> Tensor<3> {
        self.token_features(tokens)
    }

    /// SigLIP's own feature of a sentence: that of the last place, not of unit length.
    ///
    /// # Shapes
    /// - returns `[b, e]`
    pub fn sentences(&self, tokens: &TokenBatch) -> Tensor<2> {
        self.forward(tokens).narrow(1, tokens.padded_length - 1, 1).squeeze_dim(1)
    }
}

impl TextTower for SiglipText {
    fn has_first_token(&self) -> bool {
        false
    }

    fn sentence_place(&self, _length: usize, padded_length: usize) -> usize {
        padded_length - 1
    }

    fn num_blocks(&self) -> usize {
        self.text_model.encoder.layers.len()
    }

    fn embed(&self, tokens: &TokenBatch) -> Tensor<3> {
        let Embeddings { token_embedding, position_embedding } = &self.text_model.embeddings;
        let places = position_embedding.first(tokens.padded_length);
        token_embedding.of_tokens(tokens) + places
    }

    fn block(&self, number: usize, x: Tensor<3>, tokens: &TokenBatch) -> Tensor<3> {
        let layer = &self.text_model.encoder.layers[number];
        let whole = Sequences::Consecutive { length: tokens.padded_length };
        layer.forward(x, self.num_heads, &whole)
    }

    fn finish(&self, x: Tensor<3>) -> Tensor<3> {
        self.text_model.head.forward(self.text_model.final_layer_norm.forward(x))
    }
}
