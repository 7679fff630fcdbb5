//! What tasks share that tune a whole model and not a head on frozen features.
//!
//! Samples that cannot be decoded are [replaced](locvtp_train::replacements) as in pre-training.
//!
//! | module | idea |
//! |---|---|
//! | [`batch_prefetch`] | the batches of a fit, decoded ahead on threads |
//! | [`tuned_model`] | a model directory whose weights learn |

pub(crate) mod batch_prefetch;
mod tuned_model;

pub(crate) use batch_prefetch::BatchPrefetch;
pub(crate) use tuned_model::TunedModel;

use locvtp_train::Replacements;

/// What the samples are of, in errors.
pub(crate) const TRAINING_VIDEOS: &str = "the training videos";

/// What is said of samples that were replaced since it was last asked.
pub(crate) fn told_of(replacements: &Replacements) -> Vec<String> {
    let new = replacements.new_undecodable().into_iter();
    new.map(|bad| format!("replaced from now on: {}", bad.reason)).collect()
}
