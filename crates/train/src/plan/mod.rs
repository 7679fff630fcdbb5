//! What a run will be, said before it is begun: its sizes, its memory, its time, and what would make it fit.
//!
//! Everything is read that the run would read, nothing is trained and nothing written but frame tables, where the run file
//! has a folder for them.
//!
//! | module | one idea |
//! |---|---|
//! | `batches` | the sizes of a batch of each kind, and how often it comes |
//! | `run_memory` | what the process holds at its peak, by part |
//! | `machine` | what memory this machine has for it |
//! | `measured` | a micro-batch and an update, measured; and the time of steps that follows |
//! | `changes` | settings with which it fits |

mod batches;
mod changes;
mod machine;
mod measured;
mod run_memory;

use locvtp_corpus::ReadReport;
use locvtp_model::{Device, ParameterCounts};
use serde::Serialize;

pub use self::batches::BatchPlan;
pub(crate) use self::batches::of as batches_of;
pub use self::changes::Change;
pub use self::measured::{DecodingRate, Measured, ProcessesPlan};
pub use self::run_memory::RunMemory;

use self::machine::available_bytes;
use self::measured::{Times, measure};
use crate::error::TrainError;
use crate::experiment::Experiment;
use crate::observer::Observer;
use crate::prepared::Prepared;

/// What a run will be.
#[derive(Debug)]
pub struct Plan {
    /// The run file as resolved.
    pub experiment: Experiment,
    /// What the caption file held.
    pub corpus: ReadReport,
    /// Videos and pictures that can be used.
    pub num_videos: usize,
    /// Captions of them.
    pub num_pairs: usize,
    /// Steps of an epoch.
    pub steps_per_epoch: u64,
    /// Steps of the run.
    pub total_steps: u64,
    /// Numbers in the parts of the model.
    pub parameters: ParameterCounts,
    /// The batches of each kind that the run has.
    pub batches: Vec<BatchPlan>,
    /// Memory at the peak.
    pub memory: RunMemory,
    /// What this machine has for it, in bytes; [`None`] where that is not known.
    pub available_bytes: Option<f64>,
    /// The mildest way to fit, where it does not.
    pub change: Option<Change>,
    /// Times, where a micro-batch fits.
    pub times: Option<PlannedTimes>,
}

/// Times, from what was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlannedTimes {
    /// What was measured.
    pub measured: Vec<Measured>,
    /// Of one update of the weights, s.
    pub update_s: f64,
    /// For 1, 2, 4 .. processes.
    pub processes: Vec<ProcessesPlan>,
    /// What the loader decodes; [`None`] where that was not measured.
    pub decoding: Option<DecodingRate>,
}

impl Plan {
    /// Reads what the run would read, and measures a micro-batch. `observer` gets the warnings.
    ///
    /// # Errors
    /// Those of [`Prepared::open`] for a run that begins.
    pub fn of(
        experiment: &Experiment,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Self, TrainError> {
        // No folder, so that none is looked into, locked or made.
        let nowhere = std::env::temp_dir().join(format!("locvtp-plan-{}", std::process::id()));
        let prepared = Prepared::open(experiment, &nowhere, false, device, observer)?;
        let prepared = prepared.with_memory_chosen(1)?;
        let available_bytes = available_bytes();
        let batches = batches::of(&prepared)?;
        let memory = RunMemory::of(&prepared, &prepared.experiment, &batches);
        let is_too_large = |bytes: f64| available_bytes.is_some_and(|there| bytes > there);
        let too_small = available_bytes.filter(|_| is_too_large(memory.total()));
        let change = too_small.and_then(|there| changes::that_fits(&prepared, &batches, there));
        let (videos, start) = (prepared.videos(), prepared.start());
        let (num_videos, num_pairs) = (videos.len(), videos.iter().map(|v| v.captions.len()).sum());
        let (steps_per_epoch, total_steps) =
            (prepared.sampler.steps_per_epoch(), prepared.total_steps);
        let parameters = prepared.state.directory.model.parameter_counts();
        let experiment = prepared.experiment.clone();
        let times = measure(prepared, &batches, &is_too_large)?.map(|times: Times| PlannedTimes {
            processes: times.of_processes(&batches, steps_per_epoch, total_steps),
            measured: times.measured,
            update_s: times.update_s,
            decoding: times.decoding,
        });
        Ok(Self {
            experiment,
            corpus: start.corpus,
            num_videos,
            num_pairs,
            steps_per_epoch,
            total_steps,
            parameters,
            batches,
            memory,
            available_bytes,
            change,
            times,
        })
    }
}
