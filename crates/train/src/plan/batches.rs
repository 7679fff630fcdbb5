//! The sizes of a batch of each kind, and how often it comes.

use locvtp_corpus::{PairSampler, SpanKind};
use locvtp_model::{BatchSize, Learning, SentenceTokenizer};
use serde::Serialize;

use crate::error::TrainError;
use crate::experiment::Experiment;
use crate::patch_dropout;
use crate::prepared::Prepared;

/// Batches whose sentences are counted, and steps whose kinds are.
const BATCHES_LOOKED_AT: u64 = 4;
const STEPS_LOOKED_AT: u64 = 4096;

/// A batch of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BatchPlan {
    /// Long or short spans, or pictures.
    pub kind: SpanKind,
    /// Its share of the steps.
    pub share: f64,
    /// Pairs of the whole batch.
    pub num_pairs: usize,
    /// Clips of a pair.
    pub num_clips: usize,
    /// Frames of a clip.
    pub num_frames: usize,
    /// Patches of a frame that a step sees.
    pub num_patches: usize,
    /// Side of a frame, pixels.
    pub image_size: usize,
    /// Tokens of a sentence, padded to the batch's longest: the mean of some batches.
    pub num_tokens: usize,
    /// Floating-point operations of a step on it, update and losses left out.
    pub operations: f64,
}

impl BatchPlan {
    /// Its sizes.
    pub fn size(&self) -> BatchSize {
        BatchSize {
            num_pairs: self.num_pairs,
            num_clips: self.num_clips,
            num_patches: self.num_patches,
            num_frames: self.num_frames,
            num_tokens: self.num_tokens,
        }
    }
}

/// The batches of every kind of which the run has a step.
pub(crate) fn of(prepared: &Prepared) -> Result<Vec<BatchPlan>, TrainError> {
    let Prepared { experiment, sampler, tokenizer, total_steps, .. } = prepared;
    let places = (experiment.preprocessing.image_size / experiment.model.video.patch_size()).pow(2);
    let num_patches = patch_dropout::num_kept(places, experiment.train.patch_dropout);
    let learning = prepared.state.directory.model.parameter_counts().learning;
    let steps = (*total_steps).clamp(1, STEPS_LOOKED_AT);
    let mut batches = Vec::new();
    for kind in sampler.kinds() {
        let share = (0..steps).filter(|&step| sampler.kind(step) == kind).count();
        if share == 0 {
            continue;
        }
        let [num_clips, num_frames] = experiment.clips_of(kind);
        let mut batch = BatchPlan {
            kind,
            share: share as f64 / steps as f64,
            num_pairs: experiment.pairs.batch_len(kind),
            num_clips,
            num_frames,
            num_patches,
            image_size: experiment.preprocessing.image_size,
            num_tokens: num_tokens(sampler, tokenizer, kind)?,
            operations: 0.0,
        };
        batch.operations = operations(experiment, &batch.size(), &learning);
        batches.push(batch);
    }
    Ok(batches)
}

/// Floating-point operations of a step: forward; and of what learns twice as many for the gradients, and forward again where
/// the step has two passes.
pub(super) fn operations(experiment: &Experiment, size: &BatchSize, learning: &Learning) -> f64 {
    let model = &experiment.model;
    let again = 2.0 + experiment.train.memory.forward_again();
    (1.0 + again * model.share_learned(size, learning)) * model.forward_operations(size)
}

/// The padded length of the sentences of a batch: the mean over the first few.
fn num_tokens(
    sampler: &PairSampler,
    tokenizer: &SentenceTokenizer,
    kind: SpanKind,
) -> Result<usize, TrainError> {
    let batches = sampler.batches_per_epoch(kind).min(BATCHES_LOOKED_AT);
    let mut sum = 0;
    for nth in 0..batches {
        let mut longest = 0;
        for pair in sampler.batch_of(kind, nth) {
            longest = longest.max(tokenizer.encode(&pair.text)?.ids.len());
        }
        sum += tokenizer.padded_length(longest);
    }
    Ok((sum as u64).div_ceil(batches.max(1)) as usize)
}
