//! The component model as a learner, and steps found by their scores.

use burn::tensor::{Tensor, TensorData};
use locvtp_model::Device;
use locvtp_train::OptimizerConfig;
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::component_model::{
    ComponentModel, Components, StepAssignment, assignment_loss, log_softmax_rows,
};
use super::ordering::align;
use super::videos::{StepsVideo, StepsVideos};
use crate::error::TransferError;
use crate::fit::training::TrainingSection;
use crate::fit::{FitBatch, Learner};
use crate::inputs::per_second::{PerSecondFeatures, VideoSeconds};
use crate::results::predictions::Tested;
use crate::results::predictions::{PREDICTIONS, PredictionFile};
use crate::setting_error::SettingError;
use locvtp_measure::MeasureError;
use locvtp_measure::Metrics;
use locvtp_measure::metrics::{StepRecall, StepVideo, step_recall};
use locvtp_video::randomness::{Purpose, generator};

/// `[component_model]` of a steps task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentSettings {
    /// Share of a feature's numbers that is left out in a step of training. Zhukov et al.: 0.7.
    pub dropout: f64,
    /// What a second outside of what narration allows costs. Zhukov et al.: 1e4.
    pub constraint_weight: f64,
    /// Epochs at the start, of `training.epochs`, in which steps are where chance and narration put
    /// them. Zhukov et al.: 30 of 60.
    pub random_epochs: u64,
    /// Whether every second's feature has unit length. Zhukov et al.: false.
    pub normalise: bool,
}

impl Default for ComponentSettings {
    /// Those of Zhukov et al.
    fn default() -> Self {
        Self { dropout: 0.7, constraint_weight: 1e4, random_epochs: 30, normalise: false }
    }
}

impl ComponentSettings {
    /// How it is trained, by default: as by Zhukov et al. (§D.3); three seeds are ours.
    pub fn training() -> TrainingSection {
        TrainingSection::constant_rate(1e-5, 60, 1, vec![0, 1, 2])
    }

    /// # Errors
    /// When a setting cannot be used; the message names it.
    pub fn check(&self) -> Result<(), SettingError> {
        let setting = |key, found: f64, expected| {
            Err(SettingError { key, found: found.to_string(), expected })
        };
        if !(0.0..1.0).contains(&self.dropout) {
            let expected = "a number from 0 to below 1";
            return setting("component_model.dropout", self.dropout, expected);
        }
        if !(self.constraint_weight >= 0.0 && self.constraint_weight.is_finite()) {
            let expected = "0 or more";
            return setting("component_model.constraint_weight", self.constraint_weight, expected);
        }
        Ok(())
    }
}

/// Learns the component model.
pub(super) struct StepsLearner<'a> {
    videos: &'a StepsVideos,
    features: &'a PerSecondFeatures,
    /// The words of the steps.
    components: Components,
    settings: &'a ComponentSettings,
    /// By which the assignment looks ahead.
    learning_rate: f64,
    /// Numbers of a feature.
    width: usize,
}

impl<'a> StepsLearner<'a> {
    /// Learns from and is measured on `videos`, whose seconds are in `features`.
    ///
    /// # Errors
    /// When the features cannot be read any more.
    pub(super) fn new(
        videos: &'a StepsVideos,
        features: &'a PerSecondFeatures,
        settings: &'a ComponentSettings,
        optimizer: &OptimizerConfig,
    ) -> Result<Self, TransferError> {
        let tested = videos.test.first().expect("reading found videos to test on");
        let width = features.read(&tested.id)?.map_or(0, |seconds| seconds.width);
        let components = Components::new(&videos.tasks);
        let learning_rate = optimizer.learning_rate;
        Ok(Self { videos, features, components, settings, learning_rate, width })
    }
}

impl StepsLearner<'_> {
    fn seconds(&self, video: &StepsVideo) -> Result<std::rc::Rc<VideoSeconds>, TransferError> {
        let gone =
            MeasureError::Nothing { what: "features of a video that had some before" }.into();
        self.features.read(&video.id)?.ok_or(gone)
    }

    /// A feature with a share of its numbers left out and the others raised for it.
    fn dropped_out(&self, x: &[f32], batch: &FitBatch<'_>, sample: usize) -> Vec<f32> {
        let drop = self.settings.dropout;
        let mut rng = generator(batch.seed, Purpose::TaskDevice, batch.step, 1 + sample as u64);
        let raise = (1.0 - drop).recip() as f32;
        x.iter().map(|x| if rng.random_bool(drop) { 0.0 } else { x * raise }).collect()
    }

    /// Where the steps are taken to be in a step of training.
    fn assignment(
        &self,
        video: &StepsVideo,
        x: &[f32],
        scores: &[f64],
        batch: &FitBatch<'_>,
        sample: usize,
    ) -> Vec<usize> {
        let k = video.num_steps();
        let constraints = video.constraints();
        let enough = "videos with fewer seconds than steps are left out";
        if batch.epoch < self.settings.random_epochs {
            let mut rng = generator(batch.seed, Purpose::Sample, batch.epoch, sample as u64);
            let costs: Vec<f64> = constraints.iter().map(|c| rng.random::<f64>() + c).collect();
            return align(&costs, k).expect(enough).seconds;
        }
        let assignment = StepAssignment {
            x,
            scores,
            constraints: &constraints,
            constraint_weight: self.settings.constraint_weight,
            learning_rate: self.learning_rate,
        };
        let now = align(&assignment.costs(k), k).expect(enough);
        let ahead = assignment.costs_ahead(&self.components.shares(&video.task), &now.seconds);
        align(&ahead, k).expect(enough).seconds
    }

    fn found(
        &self,
        model: &ComponentModel,
        videos: &[StepsVideo],
        device: &Device,
    ) -> Result<Vec<StepSeconds>, TransferError> {
        let costs = |video: &StepsVideo| {
            let x = matrix(&self.seconds(video)?.values, video.seconds, device);
            let scores = model.scores(x, &self.components.shares(&video.task));
            Ok(choice_costs(&numbers(scores), video.num_steps()))
        };
        cheapest(videos, costs)
    }
}

impl Learner for StepsLearner<'_> {
    type Model = ComponentModel;

    fn init(&self, seed: u64, device: &Device) -> Result<ComponentModel, TransferError> {
        Ok(ComponentModel::init(self.width, self.components.num_words(), seed, device))
    }

    fn num_samples(&self) -> usize {
        self.videos.train.len()
    }

    fn loss(
        &self,
        model: &ComponentModel,
        batch: &FitBatch<'_>,
        device: &Device,
    ) -> Result<Tensor<1>, TransferError> {
        let mut losses = Vec::with_capacity(batch.samples.len());
        for &sample in batch.samples {
            let video = &self.videos.train[sample];
            let x = self.dropped_out(&self.seconds(video)?.values, batch, sample);
            let shares = self.components.shares(&video.task);
            let scores = model.scores(matrix(&x, video.seconds, device), &shares);
            let found = self.assignment(video, &x, &numbers(scores.clone()), batch, sample);
            losses.push(assignment_loss(scores, &found));
        }
        Ok(Tensor::cat(losses, 0).mean())
    }

    fn validate(
        &self,
        model: &ComponentModel,
        device: &Device,
    ) -> Result<Option<Metrics>, TransferError> {
        if self.videos.validation.is_empty() {
            return Ok(None);
        }
        let videos = &self.videos.validation;
        let recall = recall_of(videos, &self.found(model, videos, device)?)?;
        Ok(Some(recall.named()))
    }

    fn test(&self, model: &ComponentModel, device: &Device) -> Result<Tested, TransferError> {
        tested(&self.videos.test, &self.found(model, &self.videos.test, device)?)
    }
}

/// What each step costs in each second, given scores: `-log softmax` over the steps of the task.
pub(super) fn choice_costs(scores: &[f64], num_steps: usize) -> Vec<f64> {
    log_softmax_rows(scores, num_steps).into_iter().map(|log_p| -log_p).collect()
}

/// The second in which each step of a video is found; none where it is not.
pub(super) type StepSeconds = Vec<Option<usize>>;

/// The cheapest seconds in order, by the costs that `costs` gives for a video; no second for any step
/// of a video with fewer seconds than steps.
///
/// # Errors
/// What `costs` says.
pub(super) fn cheapest(
    videos: &[StepsVideo],
    mut costs: impl FnMut(&StepsVideo) -> Result<Vec<f64>, TransferError>,
) -> Result<Vec<StepSeconds>, TransferError> {
    let find = |video: &StepsVideo| {
        let found = align(&costs(video)?, video.num_steps());
        Ok(found.map_or(vec![None; video.num_steps()], |found| {
            found.seconds.into_iter().map(Some).collect()
        }))
    };
    videos.iter().map(find).collect()
}

/// The recall of the seconds that were found, one list a video.
///
/// # Errors
/// When no step is annotated.
pub(super) fn recall_of(
    videos: &[StepsVideo],
    found: &[StepSeconds],
) -> Result<StepRecall, TransferError> {
    let measured: Vec<StepVideo<'_>> = videos
        .iter()
        .zip(found)
        .map(|(video, predicted)| StepVideo {
            task: &video.task,
            predicted,
            truth: video.truth.as_deref().expect("only annotated videos are measured"),
            seconds: Some(video.seconds),
        })
        .collect();
    Ok(step_recall(&measured)?)
}

/// What is told of the seconds that were found in the test part.
///
/// # Errors
/// When no step is annotated.
pub(super) fn tested(
    videos: &[StepsVideo],
    found: &[StepSeconds],
) -> Result<Tested, TransferError> {
    let recall = recall_of(videos, found)?;
    let metrics = recall.named().with("recall over all steps", recall.over_all_steps());
    let lines = videos.iter().zip(found).map(|(video, seconds)| AnswerLine {
        video: &video.id,
        seconds,
        length: video.seconds,
    });
    Ok(Tested { metrics, predictions: vec![PredictionFile::json_lines(PREDICTIONS, lines)] })
}

/// The seconds of one video.
#[derive(Serialize)]
struct AnswerLine<'a> {
    video: &'a str,
    seconds: &'a StepSeconds,
    length: usize,
}

fn matrix(values: &[f32], rows: usize, device: &Device) -> Tensor<2> {
    let columns = values.len() / rows.max(1);
    Tensor::from_data(TensorData::new(values.to_vec(), [rows, columns]), device)
}

/// The numbers of a tensor, out of the graph.
fn numbers(tensor: Tensor<2>) -> Vec<f64> {
    let values: Vec<f32> = tensor.into_data().try_to_vec().expect("scores are f32");
    values.into_iter().map(f64::from).collect()
}
