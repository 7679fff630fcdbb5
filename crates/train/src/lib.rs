//! Pre-training: a run file in, a model directory out.
//!
//! [`Experiment`] is the run file; [`pretrain`] runs it in a folder that then holds `run.toml` (as resolved), `log.jsonl`,
//! `tensorboard/`, `checkpoints/` and, at the end, `model/`. A run that was killed goes on from its newest whole
//! checkpoint and ends with the same bits, because every batch and every random draw is a pure function of the run file,
//! the corpus and the step.
//!
//! | module | one idea |
//! |---|---|
//! | [`experiment`], `experiment_file`, [`run_file`] | the run file, and how its text is read |
//! | `start`, `start_settings` | what a run begins with, and what that decides |
//! | [`file_kind`] | which command a TOML file is for |
//! | `known_keys`, [`plain_words`] | what is said of a key that is not known, and of a value that does not fit |
//! | [`shell_words`] | commands that can be pasted |
//! | [`usable`] | which files of a corpus open |
//! | [`replacements`] | samples that cannot be decoded, and others in their place |
//! | [`frame_source`], [`batch`], [`loader`] | from files to batches, ahead of the encoder |
//! | [`augmentation`] | what is changed at random of a sample and its sentence |
//! | [`optimizer`], [`schedule`] | Adam and its rate |
//! | [`trainer`] | the loop |
//! | [`checkpoint`], [`run_log`], [`event_file`] | what a run leaves on disk |
//! | [`run_folder`] | the same, read back |
//! | [`nearby`] | which folder was meant by one with nothing to go on with |
//! | `same_run`, `bad_videos` | which settings make another run; the list of videos left out |
//! | [`variant`] | the same run with other losses or another length |

pub mod augmentation;
mod bad_videos;
pub mod batch;
pub mod checkpoint;
mod error;
pub mod event_file;
pub mod experiment;
mod experiment_file;
pub mod file_kind;
pub mod frame_source;
mod known_keys;
pub mod loader;
pub mod nearby;
pub mod optimizer;
pub mod plain_words;
pub mod replacements;
pub mod run_file;
pub mod run_folder;
pub mod run_log;
mod same_run;
pub mod schedule;
mod seeds;
pub mod shell_words;
mod start;
mod start_settings;
pub mod trainer;
pub mod usable;
pub mod variant;

pub use error::TrainError;
pub use experiment::Experiment;
pub use run_folder::RunFolder;
pub use run_log::StepReport;
pub use same_run::SettingDifference;
pub use trainer::{Observer, RunEnd, RunStart, pretrain};
pub use variant::LossSelection;
