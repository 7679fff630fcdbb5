//! Pre-training: a run file in, a model directory out.
//!
//! [`Experiment`] is the run file; [`pretrain`] runs it in a folder that then holds `run.toml` (as resolved), `log.jsonl`,
//! `tensorboard/`, `checkpoints/` and, at the end, `model/`. A run that was killed goes on from its newest whole
//! checkpoint and ends with the same bits, because every batch and every random draw is a pure function of the run file,
//! the corpus and the step.
//!
//! [`Prepared::open`] reads and decides all that; [`Prepared::train`] is the loop.
//!
//! | module | one idea |
//! |---|---|
//! | [`experiment`], `experiment_file`, [`run_file`] | the run file, and how its text is read |
//! | `start`, `start_settings` | what a run begins with, and what that decides |
//! | `file_kind` | which command a TOML file is for |
//! | `key_error`, `known_keys`, `plain_words` | what is said of a key that is not known, and of a value that does not fit |
//! | `left_out` | what a section may leave out because it has a default as a whole |
//! | `settings_schema`, `schema_forms` | what may stand in a file of settings, as a JSON schema |
//! | [`shell_words`] | commands that can be pasted |
//! | `usable` | which files of a corpus open |
//! | `replacements` | samples that cannot be decoded, and others in their place |
//! | `frame_source`, `batch`, `loader` | from files to batches, ahead of the encoder |
//! | `patch_dropout` | which patches of a clip a step sees |
//! | [`augmentation`] | what is changed at random of a sample and its sentence |
//! | `optimizer`, `schedule`, `layer_rates` | Adam, its rate, and its rate by depth |
//! | `moving_average` | a second model, of averaged weights |
//! | `prepared` | what is decided before the first step |
//! | `memory_choice` | one pass or two, chosen by how much memory there may be |
//! | `plan` | what a run will be, said before it is begun: sizes, memory, time |
//! | `step_losses`, `step_gradients`, `trainer` | the forward pass of a step, its gradients, and the loop |
//! | `together`, `shared_step` | what the ranks of a run agree on, and what they exchange in a step |
//! | `observer` | what a run tells on its way |
//! | `run_writer`, [`checkpoint`], `run_log`, `event_file` | what a run leaves on disk |
//! | `run_folder` | the same, read back |
//! | `nearby` | which folder was meant by one with nothing to go on with |
//! | `same_run`, `bad_videos` | which settings make another run; the list of videos left out |
//! | `variant` | the same run with other losses or another length |

pub mod augmentation;
mod bad_videos;
mod batch;
pub mod checkpoint;
mod error;
mod event_file;
pub mod experiment;
mod experiment_file;
mod file_kind;
mod frame_source;
mod key_error;
mod known_keys;
mod layer_rates;
mod left_out;
mod loader;
mod memory_choice;
mod moving_average;
mod nearby;
mod observer;
mod optimizer;
mod patch_dropout;
mod plain_words;
mod plan;
mod prepared;
mod replacements;
pub mod run_file;
mod run_folder;
mod run_log;
mod run_writer;
mod same_run;
mod schedule;
mod schema_forms;
mod settings_schema;
mod shared_step;
pub mod shell_words;
mod start;
mod start_settings;
mod step_gradients;
mod step_losses;
mod together;
mod trainer;
mod usable;
mod variant;

pub use batch::{BatchSource, PretrainBatch};
pub use error::TrainError;
pub use event_file::EventFile;
pub use experiment::Experiment;
pub use file_kind::FileKind;
pub use frame_source::{ClipRequest, FrameSource, PlanOf};
pub use known_keys::meant as keys_meant;
pub use loader::{HeldBytes, Loader};
pub use nearby::did_you_mean;
pub use observer::{ChosenMemory, Observer, RunEnd, RunStart};
pub use optimizer::{Adam, GradientSource, OptimizerConfig};
pub use plain_words::plain_words;
pub use plan::{
    BatchPlan, Change, DecodingRate, Measured, Plan, PlannedTimes, ProcessesPlan, RunMemory,
};
pub use prepared::Prepared;
pub use replacements::{Replacements, SampleOfFile};
pub use run_folder::{RUN_FILE, RunFolder};
pub use run_log::{LOG_FILE, StepReport, read_log};
pub use same_run::SettingDifference;
pub use schedule::{Position, Schedule};
pub use schema_forms::{FormTag, schema_forms};
pub use settings_schema::settings_schema;
pub use step_gradients::{StepGradients, step_gradients, step_gradients_together};
pub use step_losses::losses;
pub use trainer::{pretrain, pretrain_together};
pub use usable::{BadVideo, UsableCorpus};
pub use variant::LossSelection;
