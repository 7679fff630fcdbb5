//! A linear classifier of seconds: which step is done in each, or background.
//!
//! It looks at every second alone. So there is nothing for sliding windows to do: a second's logits are
//! the same in every window around it, and so is their mean.

use std::rc::Rc;

use burn::module::{Module, Param};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor, TensorData};
use locvtp_model::layers::Linear;
use locvtp_model::{Device, Initialiser};
use serde::{Deserialize, Serialize};

use super::second_labels::SecondLabels;
use super::videos::{LabelledVideo, SegmentationVideos};
use crate::error::TransferError;
use crate::fit::training::TrainingSection;
use crate::fit::{FitBatch, Learner};
use crate::inputs::per_second::{PerSecondFeatures, VideoSeconds};
use crate::results::predictions::Tested;
use locvtp_measure::MeasureError;
use locvtp_measure::Metrics;
use locvtp_measure::metrics::{FrameAccuracy, FrameTally};

/// `[classifier]` of a segmentation task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassifierSettings {
    /// Whether every second's feature has unit length. Default: false.
    pub normalise: bool,
    /// What learns: the classifier alone, on frozen features, or the video encoder with it.
    #[serde(default, skip_serializing_if = "TunedPart::is_head")]
    pub tune: TunedPart,
}

impl ClassifierSettings {
    /// How it is trained on frozen features, by default. The paper says a linear classifier and no
    /// more; how it is trained is ours.
    pub fn training() -> TrainingSection {
        TrainingSection::constant_rate(1e-3, 20, 16, vec![0, 1, 2])
    }
}

/// What learns.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TunedPart {
    /// The classifier, on frozen features.
    #[default]
    Head,
    /// The video encoder as well; `[encoder]` says how.
    All,
}

impl TunedPart {
    fn is_head(&self) -> bool {
        *self == Self::Head
    }
}

/// The weights: a linear map to the labels, background first.
#[derive(Module, Debug)]
pub(super) struct Classifier {
    /// `d` to the labels
    pub fc: Linear,
}

impl Classifier {
    /// Drawn as PyTorch draws a linear layer: weights and biases uniform within `1 / sqrt(d)`.
    pub(super) fn init(width: usize, num_labels: usize, seed: u64, device: &Device) -> Self {
        let mut random = Initialiser::new(seed, device);
        let bound = (width as f64).sqrt().recip();
        let weight = Param::from_tensor(random.uniform([width, num_labels], bound));
        let bias = Param::from_tensor(random.uniform([num_labels], bound));
        Self { fc: Linear { weight, bias } }
    }

    /// # Shapes
    /// - `seconds`: `[seconds, width]`
    /// - returns `[seconds, labels]`
    pub(super) fn logits(&self, seconds: Vec<f32>, width: usize, device: &Device) -> Tensor<2> {
        let shape = [seconds.len() / width, width];
        self.fc.forward(Tensor::from_data(TensorData::new(seconds, shape), device))
    }
}

/// The mean over seconds of what the right label costs: `-log softmax`.
///
/// # Shapes
/// - `logits`: `[seconds, labels]`; `labels`: one a second
/// - returns `[1]`
pub(super) fn cross_entropy(logits: Tensor<2>, labels: &[u32]) -> Tensor<1> {
    let ([seconds, _], device) = (logits.dims(), logits.device());
    let labels: Vec<i32> = labels.iter().map(|label| *label as i32).collect();
    let labels = Tensor::<2, Int>::from_data(TensorData::new(labels, [seconds, 1]), &device);
    log_softmax(logits, 1).gather(1, labels).mean().neg()
}

/// Learns the classifier on frozen features.
pub(super) struct SegmentationLearner<'a> {
    videos: &'a SegmentationVideos,
    features: &'a PerSecondFeatures,
    /// Numbers of a feature.
    width: usize,
}

impl<'a> SegmentationLearner<'a> {
    /// Learns from and is measured on `videos`, whose seconds are in `features`.
    ///
    /// # Errors
    /// When the features cannot be read any more.
    pub(super) fn new(
        videos: &'a SegmentationVideos,
        features: &'a PerSecondFeatures,
    ) -> Result<Self, TransferError> {
        let mut learner = Self { videos, features, width: 0 };
        learner.width = learner.seconds(&videos.test[0])?.width;
        Ok(learner)
    }

    fn seconds(&self, video: &LabelledVideo) -> Result<Rc<VideoSeconds>, TransferError> {
        let gone =
            MeasureError::Nothing { what: "features of a video that had some before" }.into();
        self.features.read(&video.id)?.ok_or(gone)
    }

    fn logits(
        &self,
        model: &Classifier,
        videos: &[&LabelledVideo],
        device: &Device,
    ) -> Result<Tensor<2>, TransferError> {
        let mut values = Vec::new();
        for video in videos {
            values.extend_from_slice(&self.seconds(video)?.values);
        }
        Ok(model.logits(values, self.width, device))
    }

    fn predict(
        &self,
        model: &Classifier,
        videos: &[LabelledVideo],
        device: &Device,
    ) -> Result<(SecondLabels, FrameAccuracy), TransferError> {
        let (mut all, mut tally) = (SecondLabels::default(), FrameTally::default());
        for video in videos {
            let predicted = likeliest(self.logits(model, &[video], device)?);
            tally.add(&predicted, &video.labels);
            all.push(&video.id, predicted);
        }
        Ok((all, tally.accuracy()?))
    }
}

impl Learner for SegmentationLearner<'_> {
    type Model = Classifier;

    fn init(&self, seed: u64, device: &Device) -> Result<Classifier, TransferError> {
        Ok(Classifier::init(self.width, self.videos.num_labels(), seed, device))
    }

    fn num_samples(&self) -> usize {
        self.videos.train.len()
    }

    fn loss(
        &self,
        model: &Classifier,
        batch: &FitBatch<'_>,
        device: &Device,
    ) -> Result<Tensor<1>, TransferError> {
        let videos: Vec<&LabelledVideo> =
            batch.samples.iter().map(|&sample| &self.videos.train[sample]).collect();
        let labels: Vec<u32> = videos.iter().flat_map(|video| &video.labels).copied().collect();
        Ok(cross_entropy(self.logits(model, &videos, device)?, &labels))
    }

    fn validate(
        &self,
        model: &Classifier,
        device: &Device,
    ) -> Result<Option<Metrics>, TransferError> {
        if self.videos.validation.is_empty() {
            return Ok(None);
        }
        let (_, found) = self.predict(model, &self.videos.validation, device)?;
        Ok(Some(chosen_by(&found)))
    }

    fn test(&self, model: &Classifier, device: &Device) -> Result<Tested, TransferError> {
        let (labels, found) = self.predict(model, &self.videos.test, device)?;
        Ok(labels.tested(found.named()))
    }
}

/// What an epoch is chosen by.
pub(super) fn chosen_by(found: &FrameAccuracy) -> Metrics {
    Metrics::new().with("frame accuracy", found.accuracy)
}

/// The place of the greatest number of every row; of equal ones the first.
///
/// # Shapes
/// - `logits`: `[seconds, labels]`; returns one a second
pub(super) fn likeliest(logits: Tensor<2>) -> Vec<u32> {
    let [_, num_labels] = logits.dims();
    let logits: Vec<f32> = logits.into_data().try_to_vec().expect("logits are f32");
    let of_row = |row: &[f32]| {
        let first = (0, f32::NEG_INFINITY);
        let greatest = row.iter().enumerate().fold(first, |greatest, (label, logit)| {
            if *logit > greatest.1 { (label, *logit) } else { greatest }
        });
        greatest.0 as u32
    };
    logits.chunks_exact(num_labels).map(of_row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_logits_the_first_label_is_taken() {
        let logits = [[0.0, 2.0, 2.0], [-1.0, -3.0, -1.0]];
        assert_eq!(likeliest(Tensor::from_data(logits, &Device::flex())), [1, 0]);
    }

    #[test]
    fn the_loss_is_the_mean_over_seconds_of_what_the_right_label_costs() {
        let device = Device::flex();
        let logits = Tensor::from_data([[0.0, 0.0, 0.0], [1.0, 0.0, 2.0]], &device);
        let loss: f32 = cross_entropy(logits, &[2, 0]).into_scalar();
        // ln 3 = 1.098612; ln(e + 1 + e^2) - 1 = 1.407606.
        assert!((loss - (1.098_612 + 1.407_606) / 2.0).abs() < 1e-5, "{loss}");
    }
}
