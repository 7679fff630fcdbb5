//! What a run tells whoever watches it: how it begins, every step, how it ends.

use std::path::{Path, PathBuf};

use locvtp_corpus::ReadReport;

use crate::experiment::TrainMemory;
use crate::run_log::StepReport;
use crate::usable::BadVideo;

/// What a run tells whoever watches it.
pub trait Observer {
    /// The corpus was read and the model is ready.
    fn started(&mut self, start: &RunStart);
    /// A step was done.
    fn step(&mut self, report: &StepReport, total_steps: u64);
    /// A checkpoint was written.
    fn checkpoint(&mut self, path: &Path);
    /// Something was left out or repaired.
    fn warning(&mut self, text: &str);
    /// Asked after every step: whether to save and stop.
    fn should_stop(&self) -> bool;
}

/// What a run begins with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunStart {
    /// What the caption file held.
    pub corpus: ReadReport,
    /// Videos trained on.
    pub num_videos: usize,
    /// Those of them that are opened only when a step wants them
    /// ([`UsableCorpus::num_unopened`](crate::UsableCorpus::num_unopened)).
    pub num_unopened: usize,
    /// Numbers in the model.
    pub num_parameters: usize,
    /// Tokens of the vocabulary.
    pub vocab_size: usize,
    /// The first step to do.
    pub first_step: u64,
    /// Steps of the whole run.
    pub total_steps: u64,
    /// What the loader may hold at most, MiB.
    pub loader_mib: usize,
    /// What `train.memory_gib` has chosen, where it is set.
    pub chosen_memory: Option<ChosenMemory>,
}

/// How a step finds its gradient, as `train.memory_gib` has chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ChosenMemory {
    /// What the run may take.
    pub gib: f64,
    /// `train.memory`.
    pub memory: TrainMemory,
    /// `train.micro_batch`.
    pub micro_batch: Option<usize>,
    /// What the run takes at its peak with them, about.
    pub peak_bytes: f64,
}

/// How a run ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunEnd {
    /// Whether all steps were done.
    pub finished: bool,
    /// The step to do next.
    pub next_step: u64,
    /// Seconds since the run (or its resume) began.
    pub seconds: f64,
    /// Videos that could not be used.
    pub bad_videos: Vec<BadVideo>,
    /// The model directory; written when the run is finished.
    pub model: PathBuf,
}
