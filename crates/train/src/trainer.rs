//! The pre-training loop: batch, losses, gradients, update, log, checkpoint; step after step.

use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use locvtp_cluster::{Alone, Communicator};
use locvtp_model::Device;
use locvtp_video::randomness::{Purpose, mix};

use crate::batch::{BatchSource, PretrainBatch};
use crate::error::TrainError;
use crate::experiment::{Experiment, TrainSection};
use crate::layer_rates::rate_factors;
use crate::loader::Loader;
use crate::moving_average::averaged;
use crate::observer::{Observer, RunEnd};
use crate::optimizer::Adam;
use crate::prepared::Prepared;
use crate::run_writer::RunWriter;
use crate::schedule::Position;
use crate::step_gradients::{StepGradients, step_gradients_together};
use crate::step_losses::{self, finite};
use crate::together::{all_made, any_stops, of_first, on_first};

/// Runs `experiment` in the folder `run`: [`Prepared::open`], then [`Prepared::train`].
///
/// # Errors
/// Those of the two.
pub fn pretrain(
    experiment: &Experiment,
    run: &Path,
    resume: bool,
    device: &Device,
    observer: &mut dyn Observer,
) -> Result<RunEnd, TrainError> {
    pretrain_together(&Alone, experiment, run, resume, device, observer)
}

/// The same as one of several ranks that train one model: each brings its part of every batch. Rank 0 writes the
/// folder, which all must see.
///
/// # Errors
/// Those of the two, and when another rank fails or has another program, run file, corpus or checkpoint.
pub fn pretrain_together(
    ranks: &dyn Communicator,
    experiment: &Experiment,
    run: &Path,
    resume: bool,
    device: &Device,
    observer: &mut dyn Observer,
) -> Result<RunEnd, TrainError> {
    Prepared::open_together(ranks, experiment, run, resume, device, observer)?
        .train_together(ranks, observer)
}

impl Prepared {
    /// Does all steps that are left, or those until `observer` asks to stop.
    ///
    /// # Errors
    /// When the folder cannot be written, a batch cannot be made, or a loss is not finite.
    pub fn train(self, observer: &mut dyn Observer) -> Result<RunEnd, TrainError> {
        self.train_together(&Alone, observer)
    }

    /// The same with other ranks; rank 0 writes for all.
    ///
    /// # Errors
    /// Those of [`train`](Self::train), on all ranks when they happen to one.
    pub fn train_together(
        self,
        ranks: &dyn Communicator,
        observer: &mut dyn Observer,
    ) -> Result<RunEnd, TrainError> {
        let prepared = self.with_memory_chosen(ranks.rank().world_size())?;
        if let Some(warning) = prepared.other_memory_than_before() {
            observer.warning(&warning);
        }
        let mut files = on_first(ranks, || RunWriter::open(&prepared))?;
        observer.started(&prepared.start());
        let Self {
            began,
            run,
            experiment,
            device,
            sampler,
            total_steps,
            mut state,
            lock: _lock,
            tokenizer,
            opener,
            ..
        } = prepared;
        let steps_per_epoch = sampler.steps_per_epoch();
        let (spent_s, waited_s) = files.as_ref().map_or((0.0, 0.0), RunWriter::spent_s);
        let factors = rate_factors(&state.directory.model, experiment.train.layer_decay);
        let source = BatchSource::new(experiment.clone(), sampler, tokenizer, opener);
        let source = Arc::new(source);
        let mut batches = ahead(&source, &experiment, state.next_step, total_steps);

        let (mut saved_at, mut saved) = (state.next_step, Instant::now());
        while let Some(batch) = batches.next_result() {
            let (batch, bad) = all_made(ranks, batch, source.new_bad_videos())?;
            for bad in bad {
                let (path, reason) = (bad.path.display(), &bad.reason);
                observer.warning(&format!(
                    "left out from now on, with another in its place: {path}: {reason}"
                ));
                if let Some(files) = &mut files {
                    files.leave_out(bad)?;
                }
            }
            let (step, kind) = (batch.step, batch.kind);
            let num_pairs = batch.shape[0] * ranks.rank().world_size();
            let position = Position { step, total_steps, steps_per_epoch };
            let rank = ranks.rank().index() as u64;
            device.seed(mix(experiment.run.seed, Purpose::TrainingDevice, step, rank));

            let model = &state.directory.model;
            // What hangs is a file that is read, and not the encoders, which say nothing for as long as they take.
            let calculating = ranks.progress().calculating();
            let found =
                step_gradients_together(ranks, &experiment, model, batch, &position, &device);
            let StepGradients { losses, gradients } = found?;
            let mut report = step_losses::report(&experiment, kind, num_pairs, &position, &losses)?;
            let norm = of_first(ranks, Adam::gradient_norm(model, &gradients))?;
            let norm = finite(step, "the gradient's length", norm)?;
            let rate = report.learning_rate;
            let rate_of = |name: &str| rate * factors.get(name).copied().unwrap_or(1.0);
            state.directory.model =
                state.optimizer.step_with_rates(state.directory.model, &gradients, norm, &rate_of);
            state.next_step = step + 1;
            if let Some((average, keep)) = state.average.take().zip(experiment.train.ema) {
                let model = &state.directory.model;
                state.average = Some(averaged(average, model, keep, state.next_step));
            }
            // Before a checkpoint is written.
            drop((losses, gradients, calculating));

            report.gradient_norm = norm;
            report.elapsed_s = spent_s + began.elapsed().as_secs_f64();
            report.waited_s = waited_s + batches.waited().as_secs_f64();
            report.queued_mib = mib(batches.held_bytes());
            report.cached_mib = mib(source.held_bytes());
            let is_last = state.next_step == total_steps;
            if let Some(files) = &mut files
                && (is_last || step % experiment.train.log_every == 0)
            {
                files.log(&report)?;
            }
            observer.step(&report, total_steps);
            let stops = any_stops(ranks, observer.should_stop())?;
            if stops
                || is_last
                || is_checkpoint_due(&experiment.train, state.next_step, saved.elapsed())
            {
                if let Some(files) = &files {
                    observer.checkpoint(&files.checkpoint(&state)?);
                }
                (saved_at, saved) = (state.next_step, Instant::now());
            }
            if stops {
                break;
            }
        }
        drop(batches);
        let finished = state.next_step >= total_steps;
        if let Some(files) = &files {
            if saved_at != state.next_step {
                files.checkpoint(&state)?;
            }
            if finished {
                files.model(&state)?;
            }
        }
        Ok(RunEnd {
            finished,
            next_step: state.next_step,
            seconds: began.elapsed().as_secs_f64(),
            bad_videos: files.map_or_else(Vec::new, RunWriter::into_bad_videos),
            model: run.join("model"),
        })
    }
}

/// The batches of the steps from `first` to before `end`, made ahead on the loader's threads.
fn ahead(
    source: &Arc<BatchSource>,
    experiment: &Experiment,
    first: u64,
    end: u64,
) -> Loader<PretrainBatch> {
    let source = Arc::clone(source);
    let (threads, queue) = (experiment.loader.threads, experiment.queue_len());
    Loader::start(first, end, threads, queue, move |step| source.batch(step))
}

/// Whether a checkpoint is written behind a step, `next_step` being the next and the last one being `since` old.
fn is_checkpoint_due(train: &TrainSection, next_step: u64, since: Duration) -> bool {
    let by_steps = train.checkpoint_every.is_some_and(|every| next_step % every == 0);
    let by_time = |minutes: NonZero<u64>| since.as_secs() / 60 >= minutes.get();
    by_steps || train.checkpoint_minutes.is_some_and(by_time)
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_due_by_steps_and_by_time() {
        let mut train = TrainSection::default();
        let due = |train: &TrainSection, next_step, seconds| {
            is_checkpoint_due(train, next_step, Duration::from_secs(seconds))
        };
        assert!(due(&train, 500, 0) && !due(&train, 501, 1799) && due(&train, 501, 1800));
        train.checkpoint_minutes = None;
        assert!(due(&train, 1000, 0) && !due(&train, 501, u64::MAX));
        train.checkpoint_every = None;
        assert!(!due(&train, 1000, u64::MAX));
    }
}
