//! The training loop of a head: epochs over samples, the best state by validation, and nothing lost.
//!
//! An epoch's order and a step's draws are pure functions of the seed, so a fit that is killed and
//! goes on ends with the bits of one that was not.
//!
//! | module | idea |
//! |---|---|
//! | `training` | how long and how fast a head learns: `[training]` of a task file |
//! | `state` | what a fit leaves on disk |
//! | `tuning` | what the tasks share that tune a whole model |
//! | `shared_observer` | one observer for a fit and what is measured in it |
//! | `draws` | the order of an epoch's samples |

pub(crate) mod draws;
pub(crate) mod fit_error;
pub(crate) mod shared_observer;
mod state;
pub(crate) mod training;
pub(crate) mod tuning;

pub use fit_error::{FitError, StateDamage};
pub use training::{KeptEpoch, TrainingSection};

use std::path::Path;
use std::time::Instant;

use burn::module::Module;
use burn::tensor::Tensor;
use locvtp_model::Device;
use locvtp_train::{Adam, Position};
use rand::RngCore;

use crate::error::TransferError;
use crate::observer::{EpochReport, FitStep, TaskObserver};
use crate::results::predictions::{Tested, write_all};
use crate::results::task_result::SeedResult;
use draws::order;
use locvtp_measure::MeasureError;
use locvtp_measure::Metrics;
use locvtp_video::randomness::{Purpose, generator};
use state::{FitFolder, FitState};

/// Something with weights that learns from samples, and how it is measured.
pub trait Learner {
    /// The weights.
    type Model: Module;

    /// The weights before the first step, a function of the seed alone.
    ///
    /// # Errors
    /// When they come from a file that cannot be read.
    fn init(&self, seed: u64, device: &Device) -> Result<Self::Model, TransferError>;

    /// Samples to learn from; an epoch visits each once.
    fn num_samples(&self) -> usize;

    /// The loss of some samples, a mean over them.
    ///
    /// # Errors
    /// When a sample cannot be read.
    fn loss(
        &self,
        model: &Self::Model,
        batch: &FitBatch<'_>,
        device: &Device,
    ) -> Result<Tensor<1>, TransferError>;

    /// By how much the learning rate of a parameter differs from that of the fit.
    fn rate_factor(&self, _parameter: &str) -> f64 {
        1.0
    }

    /// What the best epoch is chosen by: the first number, the greater the better. `None` where there is no
    /// validation part. `model` records no gradients.
    ///
    /// # Errors
    /// When something cannot be measured.
    fn validate(
        &self,
        model: &Self::Model,
        device: &Device,
    ) -> Result<Option<Metrics>, TransferError>;

    /// The task's numbers on its test part, and the answers they are of. `model` records no gradients.
    ///
    /// # Errors
    /// When something cannot be measured.
    fn test(&self, model: &Self::Model, device: &Device) -> Result<Tested, TransferError>;

    /// Is given the weights that were kept, once they are measured, and the folder of the fit: to
    /// write them in a form that other commands read.
    ///
    /// # Errors
    /// When they cannot be written.
    fn kept(&self, _model: &Self::Model, _folder: &Path) -> Result<(), TransferError> {
        Ok(())
    }

    /// What was left out or repaired since it was last asked: told after each seed.
    fn new_warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The samples of a step.
#[derive(Clone, Copy, Debug)]
pub struct FitBatch<'a> {
    /// Which samples.
    pub samples: &'a [usize],
    /// The epoch, from 0.
    pub epoch: u64,
    /// The step of the whole fit, from 0.
    pub step: u64,
    /// The seed of the fit.
    pub seed: u64,
}

/// Fits with every seed of `training`, each in a folder of its own in `folder`.
///
/// # Errors
/// As [`fit`].
pub fn fit_seeds<L: Learner>(
    learner: &L,
    training: &TrainingSection,
    folder: &Path,
    device: &Device,
    observer: &mut dyn TaskObserver,
) -> Result<Vec<SeedResult>, TransferError> {
    let mut seeds = Vec::with_capacity(training.seeds.len());
    for &seed in &training.seeds {
        let folder = folder.join(format!("seed-{seed}"));
        let result = fit(learner, training, seed, &folder, device, observer);
        for warning in learner.new_warnings() {
            observer.warning(&warning);
        }
        seeds.push(result?);
    }
    Ok(seeds)
}

/// Trains with one seed in `folder`, or goes on there, and measures the head that is kept.
///
/// # Errors
/// When there are no samples, a loss is not finite, the folder cannot be written, or what the
/// learner says; [`TransferError::Stopped`] when `observer` stops it, and what is done is saved.
pub fn fit<L: Learner>(
    learner: &L,
    training: &TrainingSection,
    seed: u64,
    folder: &Path,
    device: &Device,
    observer: &mut dyn TaskObserver,
) -> Result<SeedResult, TransferError> {
    if learner.num_samples() == 0 {
        return Err(MeasureError::Nothing { what: "samples to train on" }.into());
    }
    let recording = device.clone().autodiff();
    let folder = FitFolder::new(folder);
    let start = learner.init(seed, &recording)?;
    let mut state = folder.read(start, &training.optimizer, &recording, observer)?;
    let steps_per_epoch = learner.num_samples().div_ceil(training.batch) as u64;
    let total_steps = training.epochs * steps_per_epoch;
    let mut log = folder.open_log(&state.epochs)?;
    while state.next_epoch() < training.epochs {
        let epoch = state.next_epoch();
        let began = Instant::now();
        let samples = order(seed, epoch, learner.num_samples());
        let (mut sum, mut rate) = (0.0, 0.0);
        for (number, samples) in samples.chunks(training.batch).enumerate() {
            let step = epoch * steps_per_epoch + number as u64;
            recording.seed(generator(seed, Purpose::TaskDevice, step, 0).next_u64());
            let position = Position { step, total_steps, steps_per_epoch };
            let optimizer = &training.optimizer;
            rate = optimizer.learning_rate
                * optimizer.schedule.factor(&position, optimizer.warm_up_steps);
            let batch = FitBatch { samples, epoch, step, seed };
            let loss = learn(learner, &mut state, &batch, rate, &recording)?;
            sum += loss;
            observer.step(&FitStep { seed, step, total_steps, loss });
            if observer.should_stop() {
                return Err(TransferError::Stopped);
            }
        }
        let validation = learner.validate(&state.model.valid(), device)?;
        let report = EpochReport {
            seed,
            epoch: epoch + 1,
            loss: sum / steps_per_epoch as f64,
            learning_rate: rate,
            validation,
            seconds: began.elapsed().as_secs_f64(),
        };
        observer.epoch(&report);
        log.write(&report)?;
        state.epoch_done(report);
        folder.write(&state)?;
    }
    let kept = match training.keep {
        KeptEpoch::Best => state.best_epoch(),
        KeptEpoch::Last => training.epochs,
    };
    let model = folder.read_kept(learner.init(seed, device)?, &state, kept)?;
    let validation = state.epochs[kept as usize - 1].validation.clone();
    let tested = learner.test(&model.valid(), device)?;
    learner.kept(&model, folder.path())?;
    let name = folder.path().file_name().map(Path::new).unwrap_or(Path::new(""));
    let (seed, epoch) = (Some(seed), Some(kept));
    let predictions = write_all(&tested.predictions, folder.path(), name)?;
    let test = tested.metrics;
    Ok(SeedResult { seed, epoch, validation, test, predictions })
}

/// One step; returns its loss.
fn learn<L: Learner>(
    learner: &L,
    state: &mut FitState<L::Model>,
    batch: &FitBatch<'_>,
    rate: f64,
    device: &Device,
) -> Result<f64, TransferError> {
    let loss = learner.loss(&state.model, batch, device)?;
    let value = f64::from(loss.clone().into_scalar::<f32>());
    let gradients = loss.backward();
    let norm = Adam::gradient_norm(&state.model, &gradients);
    if !value.is_finite() || !norm.is_finite() {
        return Err(FitError::Diverged { seed: batch.seed, step: batch.step, loss: value }.into());
    }
    let model = state.model.clone();
    let rate_of = |parameter: &str| rate * learner.rate_factor(parameter);
    state.model = state.optimizer.step_with_rates(model, &gradients, norm, &rate_of);
    Ok(value)
}
