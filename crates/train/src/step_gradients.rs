//! The gradients of a step, in one pass or in two.

use burn::tensor::Tensor;
use locvtp_model::loss::{Losses, VideoTextEmbeddings};
use locvtp_model::{Device, EmbeddingGradients, LocVtp, MicroBatches, ParameterGradients};
use locvtp_video::randomness::{Purpose, mix};

use crate::batch::PretrainBatch;
use crate::experiment::{Experiment, TrainMemory};
use crate::schedule::Position;
use crate::step_losses::{encoder_input, losses, losses_of};

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
    match experiment.train.memory {
        TrainMemory::Plain => {
            let losses = losses(experiment, model, batch, position, device);
            let gradients = ParameterGradients::of(model, losses.total.backward());
            StepGradients { losses, gradients }
        }
        TrainMemory::Recompute => in_two_passes(experiment, model, batch, position, device),
    }
}

fn in_two_passes(
    experiment: &Experiment,
    model: &LocVtp,
    batch: PretrainBatch,
    position: &Position,
    device: &Device,
) -> StepGradients {
    let seed = mix(experiment.run.seed, Purpose::TrainingDevice, batch.step, 0);
    let micro_batches = MicroBatches { pairs: experiment.train.micro_batch, seed };
    let (clips, tokens) = encoder_input(experiment, model, batch, device);
    let first = model.first_pass(&clips, &tokens, micro_batches);

    // Here a run of several processes gathers the embeddings of all.
    let leaves = leaves(first.embeddings());
    let losses = losses_of(experiment, model, &leaves, position);
    let mut of_losses = losses.total.backward();
    let at_embeddings = EmbeddingGradients {
        clips: leaves.clips.grad_remove(&mut of_losses),
        words: leaves.words.grad_remove(&mut of_losses),
    };

    let mut gradients = ParameterGradients::of(model, of_losses);
    first.second_pass(model, at_embeddings, &mut gradients);
    // Here a run of several processes adds the gradients of all.
    StepGradients { losses, gradients }
}

/// The embeddings as what the losses are differentiated by.
fn leaves(
    VideoTextEmbeddings { clips, words, num_words }: &VideoTextEmbeddings,
) -> VideoTextEmbeddings {
    let leaf = |x: &Tensor<3>| Tensor::from_inner(x.clone()).require_grad();
    VideoTextEmbeddings { clips: leaf(clips), words: leaf(words), num_words: num_words.clone() }
}
