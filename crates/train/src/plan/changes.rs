//! Settings with which a run fits into the memory that there is.

use locvtp_corpus::SpanKind;
use serde::Serialize;

use super::batches::BatchPlan;
use super::run_memory::RunMemory;
use crate::experiment::{Experiment, TrainMemory};
use crate::prepared::Prepared;

/// A way to fit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// What stands behind `--set`, as `train.memory=recompute`.
    pub set: Vec<String>,
    /// The process's peak with it, bytes.
    pub memory_bytes: f64,
    /// What it means for the run.
    pub means: &'static str,
}

/// The mildest way with which the run takes at most so many bytes. When none does, the one that takes least.
pub(super) fn that_fits(prepared: &Prepared, batches: &[BatchPlan], most: f64) -> Option<Change> {
    let mut best: Option<Change> = None;
    for Way { experiment, batches, set, means } in ways(&prepared.experiment, batches) {
        let memory_bytes = RunMemory::of(prepared, &experiment, &batches).total();
        let change = Change { set, memory_bytes, means };
        if memory_bytes <= most {
            return Some(change);
        }
        if best.as_ref().is_none_or(|best| memory_bytes < best.memory_bytes) {
            best = Some(change);
        }
    }
    best
}

/// Settings of a way to take less, and what is said of it.
struct Way {
    experiment: Experiment,
    batches: Vec<BatchPlan>,
    set: Vec<String>,
    means: &'static str,
}

const TWO_PASSES: &str = "the same gradient in two passes; a step takes about a third longer";
const READ_AHEAD: &str = "one batch waits, so that a slow file is waited for sooner";
const NOT_REMEMBERED: &str =
    "decoded videos are not remembered; each is decoded again when it is drawn";
const SMALLER_PARTS: &str = "the same gradient in smaller parts";
const SMALLER_BATCHES: &str =
    "another training: fewer negatives for every pair, and more steps an epoch";

/// Ways to take less, each on top of the one before.
fn ways(experiment: &Experiment, batches: &[BatchPlan]) -> Vec<Way> {
    let (mut experiment, mut batches) = (experiment.clone(), batches.to_vec());
    let (mut set, mut ways) = (Vec::new(), Vec::new());
    let mut add = |experiment: &Experiment, batches: &[BatchPlan], set: &[String], means| {
        let (experiment, batches) = (experiment.clone(), batches.to_vec());
        ways.push(Way { experiment, batches, set: set.to_vec(), means });
    };
    if experiment.train.memory == TrainMemory::Plain {
        experiment.train.memory = TrainMemory::Recompute;
        put(&mut set, "train.memory", "recompute".into());
        add(&experiment, &batches, &set, TWO_PASSES);
    }
    if experiment.queue_len() > 1 {
        experiment.loader.queue = 1;
        put(&mut set, "loader.queue", "1".into());
        add(&experiment, &batches, &set, READ_AHEAD);
    }
    if experiment.loader.cache_mib > 0 {
        experiment.loader.cache_mib = 0;
        put(&mut set, "loader.cache_mib", "0".into());
        add(&experiment, &batches, &set, NOT_REMEMBERED);
    }
    while let Some(pairs) = experiment.train.micro_batch.filter(|&pairs| pairs > 1) {
        experiment.train.micro_batch = Some(pairs / 2);
        put(&mut set, "train.micro_batch", (pairs / 2).to_string());
        add(&experiment, &batches, &set, SMALLER_PARTS);
    }
    while batches.iter().any(|batch| batch.num_pairs > 1) {
        for batch in &mut batches {
            batch.num_pairs = batch.num_pairs.div_ceil(2);
            let (key, size) = match batch.kind {
                SpanKind::Long => ("pairs.long_batch", &mut experiment.pairs.long_batch),
                SpanKind::Short => ("pairs.short_batch", &mut experiment.pairs.short_batch),
                SpanKind::Picture => ("pairs.picture_batch", &mut experiment.pairs.picture_batch),
            };
            *size = batch.num_pairs;
            put(&mut set, key, batch.num_pairs.to_string());
        }
        add(&experiment, &batches, &set, SMALLER_BATCHES);
    }
    ways
}

/// Sets a key, in the place of an earlier value.
fn put(set: &mut Vec<String>, key: &str, value: String) {
    set.retain(|entry| entry.split_once('=').is_none_or(|(earlier, _)| earlier != key));
    set.push(format!("{key}={value}"));
}
