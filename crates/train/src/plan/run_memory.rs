//! What the process of a run holds at its peak, by part.

use locvtp_corpus::NarratedVideo;
use locvtp_model::StepMemory;
use serde::Serialize;

use super::batches::BatchPlan;
use crate::experiment::Experiment;
use crate::prepared::Prepared;

/// What the program holds without a model: its code, threads, FFmpeg, the corpus. Measured with 600 videos, in bytes.
const PROGRAM: f64 = 100.0 * 1024.0 * 1024.0;

/// What the allocator holds beside what is asked of it, as a share of that: it keeps what was freed, in pieces that do not
/// always fit what comes next. Measured by `benches/plan.rs`: peaks of 3,062 MiB where a step is counted as 2,541 (165 million
/// parameters, two passes), and of 1,521 MiB where it is 1,238 in the first step (the middle preset, one pass).
const ALLOCATOR_SHARE: f64 = 0.15;

/// Frames a second of videos, where decoded ones are remembered.
const FRAMES_PER_S: f64 = 30.0;

/// Memory at the peak of a run, in bytes, by part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RunMemory {
    /// The parameters.
    pub weights: f64,
    /// Their gradients, and what an update holds beside them.
    pub gradients: f64,
    /// Adam's two moments.
    pub moments: f64,
    /// The inputs of blocks that the first of two passes keeps.
    pub block_inputs: f64,
    /// The graph: of one part of the batch, or of all of it in one pass.
    pub graph: f64,
    /// Embeddings, and what the losses hold of them.
    pub losses: f64,
    /// The pixels of the batch in work, of those that the loader keeps ready, and its remembered videos.
    pub loader: f64,
    /// The program, and what its allocator holds beside all that.
    pub program: f64,
}

impl RunMemory {
    /// All of it: the process's peak.
    pub fn total(&self) -> f64 {
        self.parts().into_iter().map(|(_, bytes)| bytes).sum()
    }

    /// Its parts with their names for people.
    pub fn parts(&self) -> [(&'static str, f64); 8] {
        [
            ("weights", self.weights),
            ("gradients", self.gradients),
            ("Adam's moments", self.moments),
            ("inputs of blocks kept", self.block_inputs),
            ("graph", self.graph),
            ("embeddings and losses", self.losses),
            ("pixels, loader", self.loader),
            ("the program itself", self.program),
        ]
    }

    /// Of a run with the settings of `experiment`, which may differ from the prepared ones in batch sizes, in `train` and in
    /// `loader`.
    pub(crate) fn of(prepared: &Prepared, experiment: &Experiment, batches: &[BatchPlan]) -> Self {
        let parameters = prepared.state.directory.model.parameter_counts();
        let passes = experiment.train.passes();
        let of =
            |batch: &BatchPlan| experiment.model.step_memory(&batch.size(), passes, &parameters);
        let steps = batches.iter().map(of);
        let step = steps.max_by(|a, b| a.total().total_cmp(&b.total())).unwrap_or_default();
        let loader = loader_bytes(prepared, experiment, batches);
        Self::with_loader(step, loader)
    }

    fn with_loader(step: StepMemory, loader: f64) -> Self {
        Self {
            weights: step.weights,
            gradients: step.gradients,
            moments: step.moments,
            block_inputs: step.block_inputs,
            graph: step.graph,
            losses: step.losses,
            loader: step.pixels + loader,
            program: PROGRAM + ALLOCATOR_SHARE * step.total(),
        }
    }
}

/// The batches that wait while a step is in work, and the videos that are remembered.
fn loader_bytes(prepared: &Prepared, experiment: &Experiment, batches: &[BatchPlan]) -> f64 {
    let bytes = |batch: &BatchPlan| {
        let BatchPlan { num_pairs, num_clips, num_frames, num_patches, .. } = *batch;
        let patch = 3 * experiment.model.video.patch_size().pow(2);
        (num_pairs * num_clips * num_frames) as f64 * (num_patches * patch) as f64
    };
    let largest = batches.iter().map(bytes).fold(0.0, f64::max);
    let waiting = (experiment.queue_len() as u64).min(prepared.total_steps.saturating_sub(1));
    waiting as f64 * largest + remembered_bytes(prepared, experiment, batches)
}

/// Decoded videos that the run remembers. What is cropped at random is not.
fn remembered_bytes(prepared: &Prepared, experiment: &Experiment, batches: &[BatchPlan]) -> f64 {
    if experiment.augmentation.crop.is_some() {
        return 0.0;
    }
    let most = experiment.loader.cache_mib as f64 * f64::from(1 << 20);
    let frames = |video: &NarratedVideo| match video.is_picture {
        true => 1.0,
        false => FRAMES_PER_S * video.told_length().map_or(0.0, |length| length.0),
    };
    let videos = prepared.videos();
    let all = videos.iter().map(frames).sum::<f64>();
    let pairs = batches.iter().map(|batch| batch.num_pairs).max().unwrap_or(0);
    let visits = prepared.total_steps.saturating_mul(pairs as u64) as f64;
    let visited = (visits / videos.len().max(1) as f64).min(1.0);
    let side = experiment.preprocessing.image_size as f64;
    (visited * all * 3.0 * side * side).min(most)
}
