//! A micro-batch and an update, measured with the real model on generated pixels; and the time of steps that follows.
//!
//! Left out are the losses of a whole batch (three products of its embeddings, far below a hundredth of the encoders' work),
//! the exchange between processes, and waiting for the loader, whose rate is measured beside.

use std::time::Instant;

use locvtp_corpus::{PairSampler, SpanKind};
use locvtp_model::{ClipBytes, Learning, TokenBatch};
use serde::Serialize;

use super::batches::{BatchPlan, operations};
use super::run_memory::RunMemory;
use crate::batch::{BatchSource, PretrainBatch};
use crate::error::TrainError;
use crate::experiment::Experiment;
use crate::optimizer::Adam;
use crate::prepared::Prepared;
use crate::schedule::Position;
use crate::step_gradients::{StepGradients, step_gradients};

/// Floating-point operations that are measured at once, about: a second or two of a few cores; but one clip at least.
const OPERATIONS: f64 = 4e11;

/// What takes longer than this is measured once, in seconds. The first time memory is taken for the first time, too.
const LONG_S: f64 = 8.0;

/// What is done again until so much time is spent, in seconds.
const REPEAT_S: f64 = 2.0;

/// Pairs that are decoded to see how fast that goes.
const PAIRS_DECODED: usize = 2;

/// Processes that are told of, at most.
const MOST_PROCESSES: usize = 64;

/// A micro-batch that was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Its kind.
    pub kind: SpanKind,
    /// Pairs.
    pub num_pairs: usize,
    /// Clips of each.
    pub num_clips: usize,
    /// How long its gradients took, s.
    pub seconds: f64,
    /// Seconds of processors that they took.
    pub cpu_seconds: f64,
    /// Floating-point operations of it.
    pub operations: f64,
}

/// A run with so many processes, each on a machine like this one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ProcessesPlan {
    /// Processes.
    pub processes: usize,
    /// Of a step, the mean over the kinds of batches, s.
    pub step_s: f64,
    /// Of an epoch, s.
    pub epoch_s: f64,
    /// Of the run, s.
    pub run_s: f64,
}

/// What the loader can decode.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DecodingRate {
    /// Pairs that all its threads decode in a second, where each has a core.
    pub pairs_per_s: f64,
    /// Pairs that the steps of one process use in a second.
    pub needed_per_s: f64,
}

/// What was measured.
pub(super) struct Times {
    pub(super) measured: Vec<Measured>,
    pub(super) update_s: f64,
    pub(super) decoding: Option<DecodingRate>,
}

impl Times {
    /// The times of 1, 2, 4 .. processes that share every batch evenly.
    pub(super) fn of_processes(
        &self,
        batches: &[BatchPlan],
        steps_per_epoch: u64,
        total_steps: u64,
    ) -> Vec<ProcessesPlan> {
        let counts = std::iter::successors(Some(1), |count| Some(count * 2));
        let counts = counts.take_while(|&count| {
            count <= MOST_PROCESSES && batches.iter().all(|batch| batch.num_pairs % count == 0)
        });
        let of = |processes: usize| {
            let step_s = self.gradients_s(batches) / processes as f64 + self.update_s;
            let (epoch_s, run_s) = (step_s * steps_per_epoch as f64, step_s * total_steps as f64);
            ProcessesPlan { processes, step_s, epoch_s, run_s }
        };
        counts.map(of).collect()
    }

    /// Of the gradients of a batch, the mean over the kinds.
    fn gradients_s(&self, batches: &[BatchPlan]) -> f64 {
        let of = |batch: &BatchPlan| {
            let measured = self.measured.iter().find(|measured| measured.kind == batch.kind);
            let rate = measured.map_or(0.0, |measured| measured.seconds / measured.operations);
            batch.share * rate * batch.operations
        };
        batches.iter().map(of).sum()
    }
}

/// Measures a micro-batch of each kind, and an update; [`None`] where even that takes more memory than there is.
pub(super) fn measure(
    prepared: Prepared,
    batches: &[BatchPlan],
    is_too_large: &dyn Fn(f64) -> bool,
) -> Result<Option<Times>, TrainError> {
    let learning = prepared.state.directory.model.parameter_counts().learning;
    let parts: Vec<BatchPlan> =
        batches.iter().map(|batch| part_of(&prepared.experiment, batch, &learning)).collect();
    let memory = RunMemory::of(&prepared, &prepared.experiment, &parts);
    if is_too_large(memory.total() - memory.loader) {
        return Ok(None);
    }
    let decoded = decoding_rate(&prepared, batches)?;
    let Prepared { experiment, device, mut state, .. } = prepared;
    let (mut measured, mut update_s) = (Vec::new(), f64::INFINITY);
    for part in &parts {
        let began = Instant::now();
        let (mut least, mut least_cpu, mut times) = (f64::INFINITY, f64::INFINITY, 0);
        while times == 0
            || (times < 2 || began.elapsed().as_secs_f64() < REPEAT_S) && least < LONG_S
        {
            let model = &state.directory.model;
            let batch = generated(&experiment, part, times);
            let (begun, spent) = (Instant::now(), cpu_seconds());
            let position = Position { step: times, total_steps: u64::MAX, steps_per_epoch: 1 };
            let StepGradients { gradients, .. } =
                step_gradients(&experiment, model, batch, &position, &device);
            least = least.min(begun.elapsed().as_secs_f64());
            least_cpu = least_cpu.min(cpu_seconds() - spent);
            for _ in 0..2 {
                let begun = Instant::now();
                let norm = Adam::gradient_norm(&state.directory.model, &gradients);
                state.directory.model =
                    state.optimizer.step(state.directory.model, &gradients, norm, 0.0);
                update_s = update_s.min(begun.elapsed().as_secs_f64());
            }
            times += 1;
        }
        measured.push(Measured {
            kind: part.kind,
            num_pairs: part.num_pairs,
            num_clips: part.num_clips,
            seconds: least,
            cpu_seconds: least_cpu,
            operations: part.operations,
        });
    }
    let mut times = Times { measured, update_s, decoding: None };
    let step_s = times.gradients_s(batches) + times.update_s;
    let pairs = batches.iter().map(|batch| batch.share * batch.num_pairs as f64).sum::<f64>();
    times.decoding =
        decoded.map(|pairs_per_s| DecodingRate { pairs_per_s, needed_per_s: pairs / step_s });
    Ok(Some(times))
}

/// So much of a batch as is measured: some of its pairs, or some clips of one.
fn part_of(experiment: &Experiment, batch: &BatchPlan, learning: &Learning) -> BatchPlan {
    let of_pair = batch.operations / batch.num_pairs as f64;
    let mut part = *batch;
    part.num_pairs = ((OPERATIONS / of_pair) as usize).clamp(1, batch.num_pairs);
    if of_pair > OPERATIONS {
        let clips = OPERATIONS / of_pair * batch.num_clips as f64;
        part.num_clips = (clips as usize).clamp(1, batch.num_clips);
    }
    part.operations = operations(experiment, &part.size(), learning);
    part
}

/// A batch of these sizes whose numbers mean nothing.
fn generated(experiment: &Experiment, part: &BatchPlan, step: u64) -> PretrainBatch {
    let BatchPlan { num_pairs, num_clips, num_frames, num_patches, num_tokens, .. } = *part;
    let (side, dropout) = (experiment.preprocessing.image_size, experiment.train.patch_dropout);
    let (clips, patch_size) = (num_pairs * num_clips, experiment.model.video.patch_size());
    let clip: Vec<u8> = (0..num_frames * side * side * 3).map(|i| (i * 7919 % 255) as u8).collect();
    let normalisation = experiment.preprocessing.normalisation;
    let form = [num_frames, side, side];
    let mut bytes = ClipBytes::with_capacity(clips, form, patch_size, normalisation);
    (0..clips).for_each(|_| match dropout > 0.0 {
        true => bytes.push_some(&clip, &(0..num_patches).collect::<Vec<_>>()),
        false => bytes.push(&clip),
    });
    let tokens = num_pairs * num_tokens;
    PretrainBatch {
        step,
        kind: part.kind,
        clips: bytes,
        shape: [num_pairs, num_clips, num_frames],
        // Any of the first tokens, which every vocabulary has.
        tokens: TokenBatch {
            ids: (0..tokens).map(|i| (i % 5) as u32).collect(),
            lengths: vec![num_tokens; num_pairs],
            padded_length: num_tokens,
        },
    }
}

/// Pairs a second that the loader's threads decode: one of them is measured, on a few pairs; [`None`] where files would be
/// fetched from elsewhere.
fn decoding_rate(prepared: &Prepared, batches: &[BatchPlan]) -> Result<Option<f64>, TrainError> {
    let mut experiment = prepared.experiment.clone();
    // Nothing is remembered: a video is not decoded to its end for it.
    experiment.loader.cache_mib = 0;
    let pairs = &mut experiment.pairs;
    for size in [&mut pairs.long_batch, &mut pairs.short_batch, &mut pairs.picture_batch] {
        *size = PAIRS_DECODED.min(*size);
    }
    let corpus = std::sync::Arc::clone(prepared.sampler.corpus());
    if corpus.videos().iter().any(|video| video.media.is_remote()) {
        return Ok(None);
    }
    let sampler = PairSampler::new(corpus, experiment.pairs.clone(), experiment.run.seed)?;
    let wanted = batches.iter().max_by(|a, b| a.share.total_cmp(&b.share)).map(|batch| batch.kind);
    let Some(step) = (0..4096).find(|&step| Some(sampler.kind(step)) == wanted) else {
        return Ok(None);
    };
    let threads = experiment.loader.threads as f64;
    let (tokenizer, opener) = (prepared.tokenizer.clone(), prepared.opener.clone());
    let source = BatchSource::new(experiment, sampler, tokenizer, opener);
    let began = Instant::now();
    let batch = source.batch(step)?;
    Ok(Some(threads * batch.shape[0] as f64 / began.elapsed().as_secs_f64()))
}

/// Seconds that this process has spent on processors; 0 where the system does not tell.
fn cpu_seconds() -> f64 {
    /// Of a clock tick, as Linux has it for programs on every machine.
    const TICK_S: f64 = 0.01;
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    // User and system time are the 14th and 15th field, the name is the 2nd.
    let ticks =
        after_name.split_whitespace().skip(11).take(2).filter_map(|f| f.parse::<f64>().ok());
    ticks.sum::<f64>() * TICK_S
}
