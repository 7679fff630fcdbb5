//! The gradients of a step, in one pass or in two, of one process or of several.

use burn::tensor::Tensor;
use locvtp_cluster::{Alone, Communicator};
use locvtp_model::loss::{Losses, VideoTextEmbeddings};
use locvtp_model::{Device, EmbeddingGradients, LocVtp, MicroBatches, ParameterGradients};
use locvtp_video::randomness::{Purpose, mix};

use crate::batch::PretrainBatch;
use crate::error::TrainError;
use crate::experiment::{Experiment, TrainMemory};
use crate::schedule::Position;
use crate::shared_step::{GatheredEmbeddings, sum_gradients};
use crate::step_losses::{embeddings, losses, losses_of};
use crate::together::is_first;

/// What a step has found out about its batch.
pub struct StepGradients {
    /// The losses; their graph is used up.
    pub losses: Losses,
    /// The gradients of the total.
    pub gradients: ParameterGradients,
}

/// The losses of a batch and their gradients, as `train.memory` says.
///
/// The batch is used up, as by [`losses`](crate::losses). Dropout draws from `device` in a step of one
/// pass, which is to be seeded beforehand, and from the run's seed and the step in one of two.
pub fn step_gradients(
    experiment: &Experiment,
    model: &LocVtp,
    batch: PretrainBatch,
    position: &Position,
    device: &Device,
) -> StepGradients {
    step_gradients_together(&Alone, experiment, model, batch, position, device)
        .expect("one process has no other to be out of step with")
}

/// The same of a batch whose parts several processes have; losses and gradients are those of the whole.
///
/// # Errors
/// When another rank is elsewhere.
pub fn step_gradients_together(
    ranks: &dyn Communicator,
    experiment: &Experiment,
    model: &LocVtp,
    batch: PretrainBatch,
    position: &Position,
    device: &Device,
) -> Result<StepGradients, TrainError> {
    let is_alone = ranks.rank().world_size() == 1;
    let mut found = match experiment.train.memory {
        TrainMemory::Plain if is_alone => {
            let losses = losses(experiment, model, batch, position, device);
            let gradients = ParameterGradients::of(model, losses.total.backward());
            return Ok(StepGradients { losses, gradients });
        }
        TrainMemory::Plain => in_one_pass(ranks, experiment, model, batch, position, device)?,
        TrainMemory::Recompute => in_two_passes(ranks, experiment, model, batch, position, device)?,
    };
    sum_gradients(ranks, model, &mut found.gradients)?;
    Ok(found)
}

/// With the graph of this rank's part of the batch.
fn in_one_pass(
    ranks: &dyn Communicator,
    experiment: &Experiment,
    model: &LocVtp,
    batch: PretrainBatch,
    position: &Position,
    device: &Device,
) -> Result<StepGradients, TrainError> {
    let own = embeddings(model, batch, device);
    let without_graph = VideoTextEmbeddings {
        clips: own.clips.clone().inner(),
        words: own.words.clone().inner(),
        num_words: own.num_words.clone(),
    };
    let (mut found, at_own) = losses_of_all(ranks, experiment, model, without_graph, position)?;
    // The gradient of this sum at the embeddings is the one that was found.
    let times =
        |x: Tensor<3>, gradient: Option<Tensor<3>>| Some((x * Tensor::from_inner(gradient?)).sum());
    let parts = [times(own.clips, at_own.clips), times(own.words, at_own.words)];
    if let Some(sum) = parts.into_iter().flatten().reduce(|sum, part| sum + part) {
        found.gradients.add(model, &mut sum.backward());
    }
    Ok(found)
}

fn in_two_passes(
    ranks: &dyn Communicator,
    experiment: &Experiment,
    model: &LocVtp,
    batch: PretrainBatch,
    position: &Position,
    device: &Device,
) -> Result<StepGradients, TrainError> {
    let (run_seed, rank) = (experiment.run.seed, ranks.rank().index() as u64);
    let seed = mix(run_seed, Purpose::TrainingDevice, batch.step, rank);
    let micro_batches = MicroBatches { pairs: experiment.train.micro_batch, seed };
    let first = model.first_pass(&batch.clips, &batch.tokens, micro_batches, device);
    let own = first.embeddings().clone();
    let (mut found, at_own) = losses_of_all(ranks, experiment, model, own, position)?;
    first.second_pass(model, at_own, &mut found.gradients);
    Ok(found)
}

/// The losses of all ranks' embeddings, with the gradients of the context-warping head on rank 0 alone, and
/// the gradient at this rank's embeddings, which are without a graph.
fn losses_of_all(
    ranks: &dyn Communicator,
    experiment: &Experiment,
    model: &LocVtp,
    own: VideoTextEmbeddings,
    position: &Position,
) -> Result<(StepGradients, EmbeddingGradients), TrainError> {
    let gathered = GatheredEmbeddings::gather(ranks, own)?;
    let leaves = leaves(&gathered.all);
    let losses = losses_of(experiment, model, &leaves, position);
    let mut of_losses = losses.total.backward();
    let at_all = EmbeddingGradients {
        clips: leaves.clips.grad_remove(&mut of_losses),
        words: leaves.words.grad_remove(&mut of_losses),
    };
    // All ranks have the same; in the sum it counts once.
    let gradients = match is_first(ranks) {
        true => ParameterGradients::of(model, of_losses),
        false => ParameterGradients::default(),
    };
    Ok((StepGradients { losses, gradients }, gathered.own(at_all)))
}

/// The embeddings as what the losses are differentiated by.
fn leaves(
    VideoTextEmbeddings { clips, words, num_words }: &VideoTextEmbeddings,
) -> VideoTextEmbeddings {
    let leaf = |x: &Tensor<3>| Tensor::from_inner(x.clone()).require_grad();
    VideoTextEmbeddings { clips: leaf(clips), words: leaf(words), num_words: num_words.clone() }
}
