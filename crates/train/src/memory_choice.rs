//! `train.memory_gib`: how a step finds its gradient, chosen by how much memory the run may take.

use std::cmp::Reverse;

use crate::error::TrainError;
use crate::experiment::{Experiment, TrainMemory};
use crate::observer::ChosenMemory;
use crate::plan::{BatchPlan, RunMemory, batches_of};
use crate::prepared::Prepared;

impl Prepared {
    /// The run with `train.memory` and `train.micro_batch` as `train.memory_gib` has them, where it is set: in one pass if
    /// that fits (and two were not asked for), else in two, with the largest part that fits. What was chosen stands in the
    /// settings from here on, and `train.memory_gib` no more.
    ///
    /// # Errors
    /// When nothing fits; says the least that would.
    pub(crate) fn with_memory_chosen(mut self, world_size: usize) -> Result<Self, TrainError> {
        let Some(gib) = self.experiment.train.memory_gib else { return Ok(self) };
        let mut parts = batches_of(&self)?;
        parts.iter_mut().for_each(|batch| batch.num_pairs /= world_size);
        let (most, mut least) = (gib * GIB, f64::INFINITY);
        for (memory, micro_batch) in choices(&self.experiment, &parts) {
            let mut experiment = self.experiment.clone();
            let train = &mut experiment.train;
            (train.memory, train.micro_batch, train.memory_gib) = (memory, micro_batch, None);
            let peak_bytes = RunMemory::of(&self, &experiment, &parts).total();
            if peak_bytes <= most {
                self.experiment = experiment;
                self.chosen_memory = Some(ChosenMemory { gib, memory, micro_batch, peak_bytes });
                return Ok(self);
            }
            least = least.min(peak_bytes);
        }
        // Rounded up, so that what is said is enough.
        let least_gib = (least / GIB * 100.0).ceil() / 100.0;
        Err(TrainError::MemoryTooSmall { gib, least_gib })
    }

    /// Of a run that goes on in other memory than before, because `train.memory_gib` has chosen so: that it ends otherwise.
    pub(crate) fn other_memory_than_before(&self) -> Option<String> {
        let was = self.state.memory_before?;
        let chosen = self.chosen_memory.as_ref()?;
        let now = (chosen.memory, chosen.micro_batch);
        (now != was).then(|| {
            format!(
                "`train.memory` was {} and is {} from step {} on, as `train.memory_gib` = {} has it; an uninterrupted run would end otherwise",
                told(was),
                told(now),
                self.state.next_step,
                chosen.gib
            )
        })
    }
}

fn told((memory, micro_batch): (TrainMemory, Option<usize>)) -> String {
    let memory = match memory {
        TrainMemory::Plain => "\"plain\"",
        TrainMemory::Recompute => "\"recompute\"",
    };
    match micro_batch {
        Some(pairs) => format!("{memory} with `train.micro_batch` = {pairs}"),
        None => memory.to_owned(),
    }
}

const GIB: f64 = (1u64 << 30) as f64;

/// What may be chosen, the largest first: one pass; then two, with so many pairs at once, or as many clips as are taken
/// where nothing is said.
fn choices(experiment: &Experiment, parts: &[BatchPlan]) -> Vec<(TrainMemory, Option<usize>)> {
    let largest = parts.iter().max_by_key(|part| part.num_pairs * part.num_clips);
    let Some(largest) = largest else { return Vec::new() };
    let usual = experiment.model.clips_at_once(&largest.size());
    let halves = std::iter::successors(Some(largest.num_pairs), |pairs| {
        (*pairs > 1).then(|| pairs.div_ceil(2))
    });
    let mut at_once: Vec<(usize, Option<usize>)> =
        halves.map(|pairs| (pairs * largest.num_clips, Some(pairs))).collect();
    at_once.push((usual, None));
    at_once.sort_by_key(|(clips, _)| Reverse(*clips));
    let two = at_once.into_iter().map(|(_, pairs)| (TrainMemory::Recompute, pairs));
    let one = (experiment.train.memory == TrainMemory::Plain).then_some((TrainMemory::Plain, None));
    one.into_iter().chain(two).collect()
}
