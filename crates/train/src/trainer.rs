//! The pre-training loop: batch, losses, gradients, update, log, checkpoint; step after step.

use std::path::Path;
use std::sync::Arc;

use locvtp_model::Device;
use locvtp_video::randomness::{Purpose, mix};

use crate::batch::{BatchSource, PretrainBatch};
use crate::error::TrainError;
use crate::experiment::Experiment;
use crate::loader::Loader;
use crate::observer::{Observer, RunEnd};
use crate::optimizer::Adam;
use crate::prepared::Prepared;
use crate::run_writer::RunWriter;
use crate::schedule::Position;
use crate::step_gradients::{StepGradients, step_gradients};
use crate::step_losses::{self, finite};

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
    Prepared::open(experiment, run, resume, device, observer)?.train(observer)
}

impl Prepared {
    /// Does all steps that are left, or those until `observer` asks to stop.
    ///
    /// # Errors
    /// When the folder cannot be written, a batch cannot be made, or a loss is not finite.
    pub fn train(self, observer: &mut dyn Observer) -> Result<RunEnd, TrainError> {
        let mut files = RunWriter::open(&self)?;
        observer.started(&self.start());
        let Self {
            began,
            run,
            experiment,
            device,
            sampler,
            total_steps,
            mut state,
            lock: _lock,
            ..
        } = self;
        let (steps_per_epoch, (spent_s, waited_s)) = (sampler.steps_per_epoch(), files.spent_s());
        let every = experiment.train.checkpoint_every;
        let source = BatchSource::new(experiment.clone(), sampler, self.tokenizer, self.opener);
        let source = Arc::new(source);
        let mut batches = ahead(&source, &experiment, state.next_step, total_steps);

        let mut saved_at = state.next_step;
        while let Some(batch) = batches.next_result() {
            for bad in source.new_bad_videos() {
                let (path, reason) = (bad.path.display(), &bad.reason);
                observer.warning(&format!(
                    "left out from now on, with another in its place: {path}: {reason}"
                ));
                files.leave_out(bad)?;
            }
            let batch = batch?;
            let (step, kind, num_pairs) = (batch.step, batch.kind, batch.shape[0]);
            let position = Position { step, total_steps, steps_per_epoch };
            device.seed(mix(experiment.run.seed, Purpose::TrainingDevice, step, 0));

            let model = &state.directory.model;
            let StepGradients { losses, gradients } =
                step_gradients(&experiment, model, batch, &position, &device);
            let mut report = step_losses::report(&experiment, kind, num_pairs, &position, &losses)?;
            let norm = Adam::gradient_norm(model, &gradients);
            let norm = finite(step, "the gradient's length", norm)?;
            let rate = report.learning_rate;
            state.directory.model =
                state.optimizer.step(state.directory.model, &gradients, norm, rate);
            state.next_step = step + 1;

            report.gradient_norm = norm;
            report.elapsed_s = spent_s + began.elapsed().as_secs_f64();
            report.waited_s = waited_s + batches.waited().as_secs_f64();
            report.queued_mib = mib(batches.held_bytes());
            report.cached_mib = mib(source.held_bytes());
            let is_last = state.next_step == total_steps;
            if is_last || step % experiment.train.log_every == 0 {
                files.log(&report)?;
            }
            observer.step(&report, total_steps);
            let stops = observer.should_stop();
            if stops || is_last || every.is_some_and(|every| state.next_step % every == 0) {
                observer.checkpoint(&files.checkpoint(&state)?);
                saved_at = state.next_step;
            }
            if stops {
                break;
            }
        }
        drop(batches);
        if saved_at != state.next_step {
            files.checkpoint(&state)?;
        }
        let finished = state.next_step >= total_steps;
        if finished {
            files.model(&state.directory)?;
        }
        Ok(RunEnd {
            finished,
            next_step: state.next_step,
            seconds: began.elapsed().as_secs_f64(),
            bad_videos: files.into_bad_videos(),
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

fn mib(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
