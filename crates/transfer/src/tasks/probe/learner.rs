//! How a head of a probe learns and is measured.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Tensor, TensorData};
use locvtp_model::{Device, Initialiser};
use rand::Rng;
use rand::seq::SliceRandom;

use super::clips::ProbeClips;
use super::head::{HeadKind, ProbeHead};
use super::question::Question;
use crate::error::TransferError;
use crate::fit::{FitBatch, Learner};
use crate::results::predictions::Tested;
use locvtp_measure::Metrics;
use locvtp_video::randomness::{Purpose, generator};

/// The seed of the questions that are measured: the same for every seed of the training, and none of
/// those, which TOML holds in 63 bits.
const TEST_SEED: u64 = u64::MAX;

/// What a mean absolute error is called in results.
pub(super) const DISTANCE_ERROR: &str = "mean absolute error in positions";

/// Questions that go through a head at once when it is measured.
const AT_ONCE: usize = 1024;

/// One head on the clips of one feature file.
pub(super) struct ProbeLearner<'a> {
    /// What is asked.
    pub question: Question,
    /// Which head.
    pub head: HeadKind,
    /// The clips.
    pub clips: &'a ProbeClips,
    /// Questions about a video in an epoch, and when it is measured.
    pub samples_per_video: usize,
    /// Teach and measure with labels that have nothing to do with the clips.
    pub meaningless: bool,
}

/// A question about a video.
struct ProbeQuestion {
    video: usize,
    /// In the order shown.
    positions: Vec<usize>,
    class: usize,
}

impl ProbeLearner<'_> {
    /// The answer is drawn first, so that all are equally likely.
    fn taught(&self, batch: &FitBatch<'_>, sample: usize) -> ProbeQuestion {
        let video = self.clips.train[sample / self.samples_per_video];
        let rng = &mut generator(batch.seed, Purpose::Sample, batch.epoch, sample as u64);
        let class = rng.random_range(0..self.question.num_classes());
        let positions = self.question.positions_for(class, rng);
        let class = self.label(class, batch.seed, batch.epoch, sample as u64);
        ProbeQuestion { video, positions, class }
    }

    /// The answer as it is taught and measured: the true one, or one drawn without a look at it.
    ///
    /// What is measured must be without meaning as well. A head taught nonsense still answers alike
    /// where the clips are alike, and one that gives one answer to each true order is right about
    /// none, one or two whole orders of six: against the truth it would stray from chance by far
    /// more than the number of questions says.
    fn label(&self, class: usize, seed: u64, epoch: u64, sample: u64) -> usize {
        if !self.meaningless {
            return class;
        }
        let rng = &mut generator(seed, Purpose::Control, epoch, sample);
        rng.random_range(0..self.question.num_classes())
    }

    /// The same questions always; every answer as often as every other, but for one.
    fn measured(&self, videos: &[usize]) -> Vec<ProbeQuestion> {
        let count = videos.len() * self.samples_per_video;
        let mut classes: Vec<usize> =
            (0..count).map(|sample| sample % self.question.num_classes()).collect();
        classes.shuffle(&mut generator(TEST_SEED, Purpose::SampleOrder, 0, 0));
        let asked = classes.into_iter().enumerate().map(|(sample, class)| {
            let rng = &mut generator(TEST_SEED, Purpose::Sample, 0, sample as u64);
            let positions = self.question.positions_for(class, rng);
            let class = self.label(class, TEST_SEED, 0, sample as u64);
            ProbeQuestion { video: videos[sample / self.samples_per_video], positions, class }
        });
        asked.collect()
    }

    /// # Shapes
    /// - returns `[asked, n, d]`
    fn shown(&self, asked: &[ProbeQuestion], device: &Device) -> Tensor<3> {
        let (n, d) = (self.question.num_clips(), self.clips.width);
        let mut values: Vec<f32> = Vec::with_capacity(asked.len() * n * d);
        for asked in asked {
            for &position in &asked.positions {
                values.extend(self.clips.clip(asked.video, position));
            }
        }
        Tensor::from_data(TensorData::new(values, [asked.len(), n, d]), device)
    }

    fn measure(&self, head: &ProbeHead, videos: &[usize], device: &Device) -> Metrics {
        let asked = self.measured(videos);
        let (mut right, mut error) = (0usize, None);
        for asked in asked.chunks(AT_ONCE) {
            let logits = head.forward(self.shown(asked, device));
            let logits: Vec<f32> = logits.into_data().try_to_vec().expect("logits are f32");
            let rows = logits.chunks_exact(self.question.num_classes());
            for (asked, row) in asked.iter().zip(rows) {
                let answer = greatest(row);
                right += usize::from(answer == asked.class);
                if let Some(by) = self.question.error_of(answer, asked.class) {
                    *error.get_or_insert(0.0) += by;
                }
            }
        }
        let count = asked.len() as f64;
        let accuracy = 100.0 * right as f64 / count;
        let metrics = Metrics::new().with(&format!("accuracy, {}", self.head.name()), accuracy);
        match error {
            Some(error) => {
                metrics.with(&format!("{DISTANCE_ERROR}, {}", self.head.name()), error / count)
            }
            None => metrics,
        }
    }
}

impl Learner for ProbeLearner<'_> {
    type Model = ProbeHead;

    fn init(&self, seed: u64, device: &Device) -> Result<ProbeHead, TransferError> {
        let sizes = [self.question.num_clips(), self.clips.width];
        let random = &mut Initialiser::new(seed, device);
        Ok(self.head.init(sizes, self.question.num_classes(), random))
    }

    fn num_samples(&self) -> usize {
        self.clips.train.len() * self.samples_per_video
    }

    fn loss(
        &self,
        model: &ProbeHead,
        batch: &FitBatch<'_>,
        device: &Device,
    ) -> Result<Tensor<1>, TransferError> {
        let asked: Vec<ProbeQuestion> =
            batch.samples.iter().map(|&sample| self.taught(batch, sample)).collect();
        let logits = log_softmax(model.forward(self.shown(&asked, device)), 1);
        let [b, classes] = logits.dims();
        let mut is_right = vec![0.0f32; b * classes];
        for (row, asked) in asked.iter().enumerate() {
            is_right[row * classes + asked.class] = 1.0;
        }
        let is_right = Tensor::<2>::from_data(TensorData::new(is_right, [b, classes]), device);
        Ok((logits * is_right).sum().mul_scalar(-1.0 / b as f64))
    }

    fn validate(
        &self,
        model: &ProbeHead,
        device: &Device,
    ) -> Result<Option<Metrics>, TransferError> {
        let videos = &self.clips.validation;
        Ok((!videos.is_empty()).then(|| self.measure(model, videos, device)))
    }

    fn test(&self, model: &ProbeHead, device: &Device) -> Result<Tested, TransferError> {
        Ok(self.measure(model, &self.clips.test, device).into())
    }
}

/// The first of the greatest.
fn greatest(row: &[f32]) -> usize {
    let mut best = 0;
    for (place, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = place;
        }
    }
    best
}
