//! The losses of LocVTP and their sum.
//!
//! Paper: §A.6. Every choice the paper leaves open is a field of [`LossConfig`], and each default
//! is the paper's literal formula. Axes: `b` videos and their sentences, `t` clips, `n` words
//! (padded), `e` joint width.
//!
//! | module | one idea |
//! |---|---|
//! | `embeddings`, `warp_distances` | what the losses are of |
//! | `settings` | the choices |
//! | `matched_batch`, `inputs` | what the terms share |
//! | `coarse`, `fine`, `temporal` | the terms, a file and a `ROW` each; `info_nce` is two of them |
//! | `term_row`, `term`, `per_term` | what is known of a term, the list of them, one value for each |

mod coarse;
mod embeddings;
mod fine;
mod info_nce;
mod inputs;
mod matched_batch;
mod per_term;
mod settings;
mod temporal;
mod term;
mod term_row;
mod warp_distances;

use burn::tensor::Tensor;

use crate::context_warp::ContextWarp;
use crate::correspondence::CorrespondenceConfig;
use inputs::LossInputs;
use matched_batch::MatchedBatch;

pub use coarse::{sentence_embedding, video_embedding};
pub use embeddings::VideoTextEmbeddings;
pub use per_term::{LossWeights, PerTerm};
pub use settings::{Denominator, LossConfig, TemporalTarget};
pub use temporal::WarpSimilarities;
pub use term::Term;
pub use warp_distances::WarpDistances;

/// The losses of a batch, each a tensor of one number.
#[derive(Clone, Debug)]
pub struct Losses {
    /// The terms, each times its weight, added in their order.
    pub total: Tensor<1>,
    /// The terms without their weights; absent are those of weight 0, and `L_t` for videos of one
    /// clip.
    pub terms: PerTerm<Option<Tensor<1>>>,
}

impl LossConfig {
    /// All losses whose weight is not zero.
    ///
    /// `warp` brings `L_t`; leave it out for videos of one clip. `seed` matters to random
    /// correspondence alone.
    pub fn losses(
        &self,
        embeddings: &VideoTextEmbeddings,
        weights: &LossWeights,
        correspondence: &CorrespondenceConfig,
        warp: Option<(&ContextWarp, &WarpDistances)>,
        seed: u64,
    ) -> Losses {
        let inputs = LossInputs::new(self, embeddings, correspondence, warp, seed);
        let weighs = |term: Term| weights[term] != 0.0;
        let terms =
            PerTerm::from_fn(|term| weighs(term).then(|| (term.row().loss)(&inputs)).flatten());
        let total = terms
            .iter()
            .filter_map(|(term, loss)| Some(loss.clone()?.mul_scalar(weights[term])))
            .reduce(|a, b| a + b)
            .unwrap_or_else(|| Tensor::zeros([1], &embeddings.clips.device()));
        Losses { total, terms }
    }

    /// The cosines of fig. 5c for one batch; evaluation only.
    pub fn warp_similarities(
        &self,
        embeddings: &VideoTextEmbeddings,
        correspondence: &CorrespondenceConfig,
        head: &ContextWarp,
        distances: &WarpDistances,
    ) -> WarpSimilarities {
        let batch = MatchedBatch::new(embeddings, self, correspondence, 0);
        temporal::similarities(&batch, embeddings.clips.clone(), head, distances, self)
    }
}
