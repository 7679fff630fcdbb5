//! What a term of the loss is a function of.

use std::cell::OnceCell;

use super::embeddings::VideoTextEmbeddings;
use super::matched_batch::MatchedBatch;
use super::settings::LossConfig;
use super::warp_distances::WarpDistances;
use crate::context_warp::ContextWarp;
use crate::correspondence::CorrespondenceConfig;

/// A batch, and how it is to be judged. Words are matched to clips when the first term asks, once
/// for all terms.
pub(super) struct LossInputs<'a> {
    pub(super) embeddings: &'a VideoTextEmbeddings,
    pub(super) config: &'a LossConfig,
    /// Absent for videos of one clip.
    pub(super) warp: Option<(&'a ContextWarp, &'a WarpDistances)>,
    correspondence: &'a CorrespondenceConfig,
    seed: u64,
    matched: OnceCell<MatchedBatch>,
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
        Self { embeddings, config, warp, correspondence, seed, matched: OnceCell::new() }
    }

    /// The batch with its matches.
    pub(super) fn matched(&self) -> &MatchedBatch {
        self.matched.get_or_init(|| {
            MatchedBatch::new(self.embeddings, self.config, self.correspondence, self.seed)
        })
    }
}
