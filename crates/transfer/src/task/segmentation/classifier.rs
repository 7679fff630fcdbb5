//! A linear classifier of seconds: which step is done in each, or background.
//!
//! It looks at every second alone. So there is nothing for sliding windows to do: a second's logits are
//! the same in every window around it, and so is their mean.

use burn::module::{Module, Param};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor, TensorData};
use locvtp_model::Device;
use locvtp_model::initialiser::Initialiser;
use locvtp_model::layers::Linear;
use serde::{Deserialize, Serialize};

use super::videos::{LabelledVideo, SegmentationVideos};
use crate::error::TransferError;
use crate::metrics::segmentation::{FrameAccuracy, FrameTally};
use crate::task::per_second::PerSecondFeatures;
use crate::task::{FitBatch, Learner, Metrics, Tested};

/// `[classifier]` of a segmentation task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierSettings {
    /// Whether every second's feature has unit length. Default: false.
    pub normalise: bool,
}

/// The weights: a linear map to the labels, background first.
#[derive(Module, Debug)]
pub struct Classifier {
    /// `d` to the labels
    pub fc: Linear,
}

impl Classifier {
    /// Drawn as PyTorch draws a linear layer: weights and biases uniform within `1 / sqrt(d)`.
    pub fn init(width: usize, num_labels: usize, seed: u64, device: &Device) -> Self {
        let mut random = Initialiser::new(seed, device);
        let bound = (width as f64).sqrt().recip();
        let weight = Param::from_tensor(random.uniform([width, num_labels], bound));
        let bias = Param::from_tensor(random.uniform([num_labels], bound));
        Self { fc: Linear { weight, bias } }
    }
}

/// The mean over seconds of what the right label costs: `-log softmax`.
///
/// # Shapes
/// - `logits`: `[seconds, labels]`; `labels`: one a second
/// - returns `[1]`
pub fn cross_entropy(logits: Tensor<2>, labels: &[u32]) -> Tensor<1> {
    let ([seconds, _], device) = (logits.dims(), logits.device());
    let labels: Vec<i32> = labels.iter().map(|label| *label as i32).collect();
    let labels = Tensor::<2, Int>::from_data(TensorData::new(labels, [seconds, 1]), &device);
    log_softmax(logits, 1).gather(1, labels).mean().neg()
}

/// Learns the classifier.
pub struct SegmentationLearner<'a> {
    /// What it learns from and is measured on.
    pub videos: &'a SegmentationVideos,
    /// Their seconds.
    pub features: &'a PerSecondFeatures,
}

impl SegmentationLearner<'_> {
    fn logits(
        &self,
        model: &Classifier,
        videos: &[&LabelledVideo],
        device: &Device,
    ) -> Result<Tensor<2>, TransferError> {
        let mut values = Vec::new();
        for video in videos {
            let gone = TransferError::Nothing { what: "features of a video that had some before" };
            values.extend_from_slice(&self.features.read(&video.id)?.ok_or(gone)?.values);
        }
        let width = self.videos.width;
        let shape = [values.len() / width, width];
        Ok(model.fc.forward(Tensor::from_data(TensorData::new(values, shape), device)))
    }

    fn accuracy(
        &self,
        model: &Classifier,
        videos: &[LabelledVideo],
        device: &Device,
    ) -> Result<FrameAccuracy, TransferError> {
        let mut tally = FrameTally::default();
        for video in videos {
            let logits = self.logits(model, &[video], device)?;
            let predicted = likeliest(&numbers(logits), self.videos.num_labels());
            tally.add(&predicted, &video.labels);
        }
        tally.accuracy()
    }
}

impl Learner for SegmentationLearner<'_> {
    type Model = Classifier;

    fn init(&self, seed: u64, device: &Device) -> Result<Classifier, TransferError> {
        Ok(Classifier::init(self.videos.width, self.videos.num_labels(), seed, device))
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
        let found = self.accuracy(model, &self.videos.validation, device)?;
        Ok(Some(Metrics::new().with("frame accuracy", found.accuracy)))
    }

    fn test(&self, model: &Classifier, device: &Device) -> Result<Tested, TransferError> {
        Ok(metrics(&self.accuracy(model, &self.videos.test, device)?).into())
    }
}

/// What is told of an accuracy.
pub fn metrics(found: &FrameAccuracy) -> Metrics {
    let metrics = Metrics::new().with("frame accuracy", found.accuracy);
    match found.without_background {
        Some(accuracy) => metrics.with("frame accuracy without background", accuracy),
        None => metrics,
    }
}

/// The greatest of every row of `[seconds, labels]`; of equal ones the first.
fn likeliest(logits: &[f32], num_labels: usize) -> Vec<u32> {
    let of_row = |row: &[f32]| {
        let first = (0, f32::NEG_INFINITY);
        let greatest = row.iter().enumerate().fold(first, |greatest, (label, logit)| {
            if *logit > greatest.1 { (label, *logit) } else { greatest }
        });
        greatest.0 as u32
    };
    logits.chunks_exact(num_labels).map(of_row).collect()
}

fn numbers(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("logits are f32")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_logits_the_first_label_is_taken() {
        assert_eq!(likeliest(&[0.0, 2.0, 2.0, -1.0, -3.0, -1.0], 3), [1, 0]);
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
