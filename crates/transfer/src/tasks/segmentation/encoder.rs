//! The video encoder, tuned with the classifier on top of it.
//!
//! A sample is a second of a training video, as its clip is decoded; an epoch takes one of some
//! neighbours. Held-out videos are embedded whole, in batches that do not grow with them. The clips are
//! those of which frozen features would be made, so the two cases differ in what learns and in nothing
//! else.
//!
//! Paper: Table 3, column FA ("video encoder + linear classifier"); how long and how fast is not said.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Tensor;
use locvtp_model::{ClipPatches, Device, LocVtp, Preprocessing, ops};

use super::classifier::{Classifier, chosen_by, cross_entropy};
use super::encoder_settings::EncoderSettings;
use super::held_out::{ClipForm, HeldOutObserver, Labeller, UnreadVideos};
use super::second_clips::{SecondClips, SecondsBatch, TrainingSeconds};
use super::second_labels::SecondLabels;
use super::videos::{LabelledVideo, SegmentationVideos};
use crate::embedding::Embedder;
use crate::error::TransferError;
use crate::extraction::FeatureSpace;
use crate::fit::shared_observer::SharedObserver;
use crate::fit::training::TrainingSection;
use crate::fit::tuning::batch_prefetch::PrefetchSettings;
use crate::fit::tuning::{BatchPrefetch, TunedModel, told_of};
use crate::fit::{FitBatch, Learner};
use crate::observer::TaskObserver;
use crate::results::predictions::Tested;
use locvtp_measure::Metrics;
use locvtp_measure::metrics::{FrameAccuracy, FrameTally};

/// An encoder and a classifier on top of it.
#[derive(Module, Debug)]
pub(super) struct TunedClassifier {
    /// The whole model; its text side has no part in the loss and stays as it is.
    pub encoder: LocVtp,
    /// Of its clips.
    pub classifier: Classifier,
}

/// Learns encoder and classifier.
pub(super) struct EncoderLearner<'a> {
    /// What the encoder begins with.
    pub tuned: TunedModel,
    /// What it learns from and is measured on.
    pub videos: &'a SegmentationVideos,
    /// Their clips.
    pub clips: &'a SecondClips,
    /// What the classifier sees of them.
    pub form: ClipForm,
    /// How the encoder learns.
    pub settings: &'a EncoderSettings,
    /// How both do.
    pub training: &'a TrainingSection,
    /// Is told of whole videos, while a fit tells of steps.
    pub observer: &'a SharedObserver<'a>,
    /// Makes the batches.
    pub seconds: Arc<TrainingSeconds>,
    /// Batches on their way.
    pub ahead: BatchPrefetch<SecondsBatch>,
    /// Held-out videos that could not be read to their end; each is told of once.
    pub unread: RefCell<UnreadVideos>,
}

impl EncoderLearner<'_> {
    /// Whether a held-out video could be read to its end, when it was tried.
    pub(super) fn read(&self, id: &str) -> bool {
        !self.unread.borrow().contains(id)
    }

    /// Training seconds' videos that others were taken for.
    pub(super) fn replaced(&self) -> usize {
        self.seconds.replacements.num_undecodable()
    }

    fn steps_per_epoch(&self) -> u64 {
        self.num_samples().div_ceil(self.training.batch) as u64
    }

    /// Labels held-out videos. Those that cannot be read to their end are told of and left out.
    fn predict(
        &self,
        model: &TunedClassifier,
        videos: &[LabelledVideo],
        what: &str,
        device: &Device,
    ) -> Result<(SecondLabels, FrameAccuracy), TransferError> {
        let labeller = Labeller {
            embedder: Embedder::new(self.tuned.with_weights(&model.encoder), device.clone()),
            classifier: &model.classifier,
            clips: self.clips,
            form: self.form,
            decode_threads: self.settings.loader.threads.max(1),
        };
        let to_read: Vec<&LabelledVideo> = {
            let unread = self.unread.borrow();
            videos.iter().filter(|video| !unread.has_hung(&video.id)).collect()
        };
        let (observer, unread) = (self.observer, &self.unread);
        let mut observer = HeldOutObserver { observer, unread, what };
        let mut labels = labeller.label(&to_read, &mut observer)?;
        let (mut all, mut tally) = (SecondLabels::default(), FrameTally::default());
        for video in videos {
            let Some(predicted) = labels.remove(&video.id) else { continue };
            tally.add(&predicted, &video.labels);
            all.push(&video.id, predicted);
        }
        Ok((all, tally.accuracy()?))
    }
}

impl Learner for EncoderLearner<'_> {
    type Model = TunedClassifier;

    /// The pre-trained encoder, whatever the seed, and the classifier that frozen features begin with.
    fn init(&self, seed: u64, device: &Device) -> Result<TunedClassifier, TransferError> {
        let encoder = self.tuned.start(device)?;
        let labels = self.videos.num_labels();
        let classifier = Classifier::init(self.form.width, labels, seed, device);
        Ok(TunedClassifier { encoder, classifier })
    }

    fn num_samples(&self) -> usize {
        self.seconds.num_samples()
    }

    fn loss(
        &self,
        model: &TunedClassifier,
        batch: &FitBatch<'_>,
        device: &Device,
    ) -> Result<Tensor<1>, TransferError> {
        let (seconds, seed) = (Arc::clone(&self.seconds), batch.seed);
        let ahead = PrefetchSettings {
            total_steps: self.training.epochs * self.steps_per_epoch(),
            threads: self.settings.loader.threads,
            queue: self.settings.loader.queue_len(self.seconds.batch_bytes()),
        };
        let made = self.ahead.next(batch, &ahead, move |step| seconds.batch(seed, step));
        for warning in told_of(&self.seconds.replacements) {
            let mut observer = self.observer;
            observer.warning(&warning);
        }
        let made = made?;
        let Preprocessing { num_frames, image_size, .. } = self.clips.rule().preprocessing;
        let shape = [made.labels.len(), num_frames, image_size, image_size];
        let patch_size = model.encoder.patch_size();
        let clips = ClipPatches::from_cut(made.patches, shape, patch_size, device);
        let mut clips = model.encoder.backbone_clips(clips);
        if self.form.space == FeatureSpace::Projected {
            clips = model.encoder.project_clips(clips);
        }
        if self.form.normalise {
            clips = ops::l2_normalise(clips, 1e-12);
        }
        Ok(cross_entropy(model.classifier.fc.forward(clips), &made.labels))
    }

    fn rate_factor(&self, parameter: &str) -> f64 {
        rate_factor(parameter, self.settings.learning_rate, self.training)
    }

    fn validate(
        &self,
        model: &TunedClassifier,
        device: &Device,
    ) -> Result<Option<Metrics>, TransferError> {
        if self.videos.validation.is_empty() {
            return Ok(None);
        }
        let part = &self.videos.validation;
        let (_, found) = self.predict(model, part, "validation videos", device)?;
        Ok(Some(chosen_by(&found)))
    }

    fn test(&self, model: &TunedClassifier, device: &Device) -> Result<Tested, TransferError> {
        let (labels, found) = self.predict(model, &self.videos.test, "test videos", device)?;
        Ok(labels.tested(found.named()))
    }

    fn kept(&self, model: &TunedClassifier, folder: &Path) -> Result<(), TransferError> {
        self.tuned.write(&model.encoder, folder)
    }
}

/// The classifier has the rate of the fit, the encoder its own.
fn rate_factor(parameter: &str, encoder_rate: f64, training: &TrainingSection) -> f64 {
    let is_head = parameter.starts_with("classifier.");
    if is_head { 1.0 } else { encoder_rate / training.optimizer.learning_rate }
}
