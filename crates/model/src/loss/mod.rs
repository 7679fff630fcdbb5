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
//! | `matched_batch`, `pooled`, `inputs` | what the terms share |
//! | `contrast` | what a term is: anchors, and the vectors that they are contrasted with |
//! | `coarse`, `fine`, `temporal` | the terms, a file and a `ROW` each |
//! | `sum` | their values and their weighted sum |
//! | `term_row`, `term`, `per_term` | what is known of a term, the list of them, one value for each |

mod coarse;
mod contrast;
mod embeddings;
mod fine;
mod inputs;
mod matched_batch;
mod per_term;
mod pooled;
mod settings;
mod sum;
mod temporal;
mod term;
mod term_row;
mod warp_distances;

use crate::context_warp::ContextWarp;
use crate::correspondence::CorrespondenceConfig;
use inputs::LossInputs;
use matched_batch::MatchedBatch;

pub use embeddings::VideoTextEmbeddings;
pub use per_term::{LossWeights, PerTerm};
pub use pooled::{sentence_embedding, video_embedding};
pub use settings::{Denominator, LossConfig, TemporalTarget};
pub use sum::Losses;
pub use temporal::WarpSimilarities;
pub use term::Term;
pub use warp_distances::WarpDistances;

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
        sum::sum(&LossInputs::new(self, embeddings, correspondence, warp, seed), weights)
    }

    /// The cosines of fig. 5c for one batch; evaluation only.
    pub fn warp_similarities(
        &self,
        embeddings: &VideoTextEmbeddings,
        correspondence: &CorrespondenceConfig,
        head: &ContextWarp,
        distances: &WarpDistances,
    ) -> WarpSimilarities {
        let batch = MatchedBatch::new(embeddings, correspondence, 0);
        temporal::similarities(&batch, embeddings.clips.clone(), head, distances, self)
    }
}
