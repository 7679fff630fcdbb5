//! The run file: one TOML that says everything a run depends on.
//!
//! [`Experiment::check`] finds contradictions before anything is read. How text becomes an [`Experiment`] is in
//! `experiment_file`. The resolved copy is saved with the run.
//!
//! | module | idea |
//! |---|---|
//! | `corpus_section`, `loader_section`, `start_section`, `short_sections` | the sections that no other part of the program owns |
//! | `check` | what no run survives, and what contradicts each other |
//! | `batch_sizes` | how large batches are, and what the loader may hold |

mod batch_sizes;
mod check;
mod corpus_section;
mod loader_section;
mod short_sections;
mod start_section;

use locvtp_corpus::PairSettings;
use locvtp_model::loss::LossConfig;
use locvtp_model::{CorrespondenceConfig, LocVtpConfig, Objective, Preprocessing};
use locvtp_video::address::without_passwords;
use locvtp_video::{Augmentation, ReadLimits, VideoOpener};
use serde::{Deserialize, Serialize};

pub use self::corpus_section::CorpusSection;
pub use self::loader_section::LoaderSection;
pub use self::short_sections::{
    RunSection, SamplingSection, TokenizerSection, TrainMemory, TrainSection,
};
pub use self::start_section::StartSection;

use crate::error::TrainError;
use crate::optimizer::OptimizerConfig;

/// A pre-training run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Experiment {
    /// Name and seed.
    pub run: RunSection,
    /// Where the weights come from.
    pub start: StartSection,
    /// Where the videos and their narration are.
    pub corpus: CorpusSection,
    /// How pairs are drawn from the narration.
    pub pairs: PairSettings,
    /// How a pair's span becomes clips.
    pub sampling: SamplingSection,
    /// How pixels become numbers; goes into the model directory.
    pub preprocessing: Preprocessing,
    /// What is changed at random in training; `augmentation = "paper"` above all sections, or a
    /// section of its own. Default: nothing.
    pub augmentation: Augmentation,
    /// Sizes of the model.
    pub model: LocVtpConfig,
    /// Where the words come from.
    pub tokenizer: TokenizerSection,
    /// Which words belong to a clip.
    pub correspondence: CorrespondenceConfig,
    /// The choices of the three losses.
    pub loss: LossConfig,
    /// How the losses are weighted over time.
    pub objective: Objective,
    /// Adam and its rate.
    pub optimizer: OptimizerConfig,
    /// How long, how often logged and saved, and in how much memory.
    pub train: TrainSection,
    /// Threads and memory of the loader; changes no result.
    pub loader: LoaderSection,
    /// What one video file may cost, before it counts as bad.
    pub limits: ReadLimits,
}

impl Experiment {
    /// The file form of the experiment, as it is kept and shown: addresses in it have no passwords.
    pub fn to_toml(&self) -> String {
        let text = toml::to_string_pretty(self).expect("an experiment is plain data");
        without_passwords(&text).into_owned()
    }

    /// Steps of the whole run, whose epochs have so many
    /// ([`PairSampler::steps_per_epoch`](locvtp_corpus::PairSampler::steps_per_epoch)).
    pub fn total_steps(&self, steps_per_epoch: u64) -> u64 {
        self.train.steps.unwrap_or(self.train.epochs.get().saturating_mul(steps_per_epoch))
    }

    /// How video files are opened.
    ///
    /// # Errors
    /// When the folder of frame tables cannot be made.
    pub fn opener(&self) -> Result<VideoOpener, TrainError> {
        self.loader.opener(self.limits)
    }
}
