//! The unit vectors of a batch and which words belong to which clip.

use burn::tensor::Tensor;

use super::embeddings::{UNIT_EPSILON, VideoTextEmbeddings};
use super::settings::LossConfig;
use crate::correspondence::{Correspondence, CorrespondenceConfig};
use crate::ops::l2_normalise;

/// Unit vectors, their mask and their matches: what `L_f` and `L_t` share.
pub(crate) struct MatchedBatch {
    /// `[b, t, e]`
    pub(crate) clips: Tensor<3>,
    /// `[b, n, e]`
    pub(crate) words: Tensor<3>,
    /// `[b, t, e]`: `q_+`
    pub(crate) positives: Tensor<3>,
    /// `[b n]`: a word and not padding
    pub(crate) is_word: Vec<bool>,
    pub(crate) correspondence: Correspondence,
}

impl MatchedBatch {
    pub(crate) fn new(
        embeddings: &VideoTextEmbeddings,
        config: &LossConfig,
        correspondence: &CorrespondenceConfig,
        seed: u64,
    ) -> Self {
        let clips = l2_normalise(embeddings.clips.clone(), UNIT_EPSILON);
        let words = l2_normalise(embeddings.words.clone(), UNIT_EPSILON);
        let [_b, n, _e] = words.dims();
        let similarity = clips.clone().detach().matmul(words.clone().detach().swap_dims(1, 2));
        let correspondence = correspondence.find(similarity, &embeddings.num_words, seed);
        let mean = correspondence.weights_like(&clips).matmul(words.clone());
        let positives =
            if config.renormalise_positive { l2_normalise(mean, UNIT_EPSILON) } else { mean };
        let is_word =
            embeddings.num_words.iter().flat_map(|&words| (0..n).map(move |i| i < words)).collect();
        Self { clips, words, positives, is_word, correspondence }
    }
}
