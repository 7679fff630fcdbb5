//! The forward pass of a step, its losses, and what is reported of it.

use burn::tensor::Tensor;
use locvtp_corpus::SpanKind;
use locvtp_model::loss::{Losses, PerTerm, VideoTextEmbeddings, WarpDistances};
use locvtp_model::{Device, LocVtp};
use locvtp_video::randomness::{Purpose, mix};

use crate::batch::PretrainBatch;
use crate::error::TrainError;
use crate::experiment::Experiment;
use crate::run_log::StepReport;
use crate::schedule::Position;

/// The losses of a batch.
///
/// The batch is used up: its bytes are gone before the encoder's graph grows.
pub fn losses(
    experiment: &Experiment,
    model: &LocVtp,
    batch: PretrainBatch,
    position: &Position,
    device: &Device,
) -> Losses {
    let embeddings = embeddings(model, batch, device);
    losses_of(experiment, model, &embeddings, position)
}

/// The embeddings of a batch, in one pass.
pub(crate) fn embeddings(
    model: &LocVtp,
    PretrainBatch { clips, tokens, .. }: PretrainBatch,
    device: &Device,
) -> VideoTextEmbeddings {
    let patches = clips.patches(0..clips.num_clips(), device);
    drop(clips);
    model.forward(patches, &tokens)
}

/// The losses of embeddings.
pub(crate) fn losses_of(
    experiment: &Experiment,
    model: &LocVtp,
    embeddings: &VideoTextEmbeddings,
    position: &Position,
) -> Losses {
    let ([b, t, _e], step, run_seed) =
        (embeddings.clips.dims(), position.step, experiment.run.seed);
    let distances = WarpDistances::draw(
        [b, t],
        experiment.model.context_warp.max_distance,
        mix(run_seed, Purpose::WarpDistances, step, 0),
    );
    experiment.loss.losses(
        embeddings,
        &experiment.objective.weights(position.progress()),
        &experiment.correspondence,
        model.context_warp().zip(distances.as_ref()),
        mix(run_seed, Purpose::Correspondence, step, 0),
    )
}

/// What a step did, as far as its losses tell; the rest is 0.
///
/// # Errors
/// When a loss is not finite.
pub(crate) fn report(
    experiment: &Experiment,
    kind: SpanKind,
    num_pairs: usize,
    position: &Position,
    losses: &Losses,
) -> Result<StepReport, TrainError> {
    let optimizer = &experiment.optimizer;
    let number = |what: &'static str, loss: &Tensor<1>| {
        finite(position.step, what, f64::from(loss.clone().into_scalar::<f32>()))
    };
    let mut terms = PerTerm::from_fn(|_| None);
    for (term, loss) in losses.terms.iter() {
        terms[term] = loss.as_ref().map(|loss| number(term.symbol(), loss)).transpose()?;
    }
    Ok(StepReport {
        step: position.step,
        kind,
        total: number("the loss", &losses.total)?,
        terms,
        gradient_norm: 0.0,
        learning_rate: optimizer.learning_rate
            * optimizer.schedule.factor(position, optimizer.warm_up_steps),
        num_pairs,
        elapsed_s: 0.0,
        waited_s: 0.0,
        queued_mib: 0.0,
        cached_mib: 0.0,
    })
}

/// A number of a step, if it can be gone on with.
///
/// # Errors
/// When it is not finite.
pub(crate) fn finite(step: u64, what: &'static str, value: f64) -> Result<f64, TrainError> {
    if value.is_finite() { Ok(value) } else { Err(TrainError::NotFinite { step, what, value }) }
}
