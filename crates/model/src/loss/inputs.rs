//! What a term of the loss is a function of.

use std::cell::OnceCell;

use burn::tensor::Tensor;

use super::contrast::Keys;
use super::embeddings::VideoTextEmbeddings;
use super::matched_batch::MatchedBatch;
use super::pooled::{sentence_embedding, video_embedding};
use super::settings::LossConfig;
use super::warp_distances::WarpDistances;
use crate::context_warp::ContextWarp;
use crate::correspondence::CorrespondenceConfig;

/// A batch, and how it is to be judged. Words are matched to clips, and clips and words pooled,
/// when the first term asks, once for all terms.
pub(super) struct LossInputs<'a> {
    pub(super) embeddings: &'a VideoTextEmbeddings,
    pub(super) config: &'a LossConfig,
    /// Absent for videos of one clip.
    pub(super) warp: Option<(&'a ContextWarp, &'a WarpDistances)>,
    correspondence: &'a CorrespondenceConfig,
    seed: u64,
    matched: OnceCell<MatchedBatch>,
    videos: OnceCell<Tensor<2>>,
    sentences: OnceCell<Tensor<2>>,
}

impl<'a> LossInputs<'a> {
    /// `seed` matters to random correspondence alone.
    pub(super) fn new(
        config: &'a LossConfig,
        embeddings: &'a VideoTextEmbeddings,
        correspondence: &'a CorrespondenceConfig,
        warp: Option<(&'a ContextWarp, &'a WarpDistances)>,
        seed: u64,
    ) -> Self {
        let (matched, videos, sentences) = Default::default();
        Self { embeddings, config, warp, correspondence, seed, matched, videos, sentences }
    }

    /// The batch with its matches.
    pub(super) fn matched(&self) -> &MatchedBatch {
        self.matched
            .get_or_init(|| MatchedBatch::new(self.embeddings, self.correspondence, self.seed))
    }

    /// Unit vectors of the batch, `[c, e]`.
    pub(super) fn vectors(&self, keys: Keys) -> Tensor<2> {
        let VideoTextEmbeddings { clips, words, num_words } = self.embeddings;
        let vectors = match keys {
            Keys::Words => &self.matched().words,
            Keys::Clips => &self.matched().clips,
            Keys::Videos => self.videos.get_or_init(|| video_embedding(clips.clone())),
            Keys::Sentences => {
                self.sentences.get_or_init(|| sentence_embedding(words.clone(), num_words))
            }
        };
        vectors.clone()
    }
}
