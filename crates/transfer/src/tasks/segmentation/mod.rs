//! Action segmentation: which step is done in every second of a video, or none (COIN).
//!
//! A linear classifier on the features of single seconds, trained on labels, with the video encoder
//! frozen or tuned; or, without training, the step whose text is most similar (§D.4). The number is
//! frame accuracy over the whole test part, background included, so what saying nothing but background
//! reaches stands beside it.
//!
//! | module | idea |
//! |---|---|
//! | [`settings`] | what a task file may say |
//! | [`annotations`] | what COIN's files say |
//! | [`videos`] | labels of seconds, and parts |
//! | [`classifier`] | the linear map and its training on frozen features |
//! | [`encoder`], [`encoder_settings`] | the video encoder tuned with it |
//! | [`second_clips`] | the clips of seconds, from video files |
//! | [`held_out`] | whole videos through encoder and classifier |
//! | [`zero_shot`] | the most similar text, or background |
//! | [`second_labels`] | the labels of the test videos, for `locvtp score` |

mod annotations;
mod classifier;
mod encoder;
mod encoder_settings;
mod held_out;
mod second_clips;
mod second_labels;
mod settings;
mod videos;
mod zero_shot;

use std::cell::RefCell;
use std::path::Path;

use locvtp_model::{Device, ModelDirectory};
use locvtp_video::ReadLimits;

use self::annotations::SegmentAnnotations;
use self::classifier::{ClassifierSettings, SegmentationLearner};
use self::encoder::EncoderLearner;
use self::encoder_settings::EncoderSettings;
use self::held_out::ClipForm;
use self::second_clips::{SecondClips, TrainingSeconds};
use self::settings::SegmentationHead;
pub use self::settings::SegmentationTask;
use self::videos::SegmentationVideos;
use self::zero_shot::ZeroShotSegmentation;
use crate::error::TransferError;
use crate::extraction::decoding::ClipRule;
use crate::extraction::{FeatureSpace, VideoFile};
use crate::fit::fit_seeds;
use crate::fit::shared_observer::SharedObserver;
use crate::fit::training::TrainingSection;
use crate::fit::tuning::{BatchPrefetch, TunedModel};
use crate::inputs::FoundFeatures;
use crate::inputs::label_texts::{LabelTexts, TextModel};
use crate::inputs::per_second::PerSecondFeatures;
use crate::inputs::{Inputs, WordOrigin};
use crate::model_fingerprint::ModelIdentity;
use crate::model_location::locate_model;
use crate::observer::TaskObserver;
use crate::results::predictions::{PredictionFile, TEST_VIDEOS};
use crate::results::task_result::{SeedResult, TaskResult};
use locvtp_measure::Metrics;
use locvtp_measure::metrics::FrameTally;

impl SegmentationTask {
    pub(super) fn run(
        &self,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<TaskResult, TransferError> {
        let head = self.head()?;
        // Reading annotations takes seconds, making features hours.
        let is_trained = !matches!(head, SegmentationHead::ZeroShot(_));
        let annotations = SegmentAnnotations::read(&self.data, is_trained, observer)?;
        match head {
            SegmentationHead::ZeroShot(settings) => {
                self.run_zero_shot(annotations, settings, folder, device, observer)
            }
            SegmentationHead::Frozen { classifier, training } => {
                let found = self.features.find(device, observer)?;
                let parts =
                    self.frozen(annotations, found, None, classifier.normalise, folder, observer)?;
                let learner = SegmentationLearner::new(&parts.videos, &parts.features)?;
                let seeds = fit_seeds(&learner, training, folder, device, observer)?;
                self.frozen_result(parts, seeds, folder)
            }
            SegmentationHead::Tuned { classifier, encoder, training } => {
                let how = (classifier, encoder, training);
                self.run_tuned(annotations, how, folder, device, observer)
            }
        }
    }

    fn run_zero_shot(
        &self,
        annotations: SegmentAnnotations,
        settings: &ZeroShotSegmentation,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<TaskResult, TransferError> {
        let model = TextModel::read(settings.model.as_deref(), &self.features, device)?;
        let texts = LabelTexts::embed(&model, annotations.steps.values().map(String::as_str))?;
        let found = self.features.find(device, observer)?;
        found.check_text_model("zero_shot.model", model.identity())?;
        let words = Some(model.origin());
        let parts = self.frozen(annotations, found, words, settings.normalise, folder, observer)?;
        let (videos, features) = (&parts.videos, &parts.features);
        let tested = zero_shot::measure(settings, videos, &texts, features, &self.features.file)?;
        let seeds = vec![SeedResult::untrained(tested, folder)?];
        self.frozen_result(parts, seeds, folder)
    }

    /// The features of the annotated videos, and the labels of their seconds.
    fn frozen(
        &self,
        annotations: SegmentAnnotations,
        found: FoundFeatures<'_>,
        words: Option<WordOrigin>,
        normalise: bool,
        folder: &Path,
        observer: &mut dyn TaskObserver,
    ) -> Result<FrozenParts, TransferError> {
        let wanted = annotations.those(|id| found.holds(id));
        let wanted = wanted.map_err(|error| found.with_names(error, annotations.first_id()))?;
        let clips = found.open_those(&wanted, observer)?;
        let inputs = Inputs { features: Some(clips.origin().clone()), words, ..Inputs::default() };
        inputs.begin(folder)?;
        let features = PerSecondFeatures::new(clips, normalise);
        let seconds_of = |id: &str| Ok(features.read(id)?.map(|seconds| seconds.len()));
        let without = "videos without features";
        let videos =
            SegmentationVideos::label(annotations, &self.data, without, seconds_of, observer)?;
        Ok(FrozenParts { inputs, features, videos })
    }

    fn frozen_result(
        &self,
        parts: FrozenParts,
        seeds: Vec<SeedResult>,
        folder: &Path,
    ) -> Result<TaskResult, TransferError> {
        let FrozenParts { inputs, videos, .. } = parts;
        let tested = videos.test.iter().map(|video| &video.id);
        PredictionFile::lines(TEST_VIDEOS, tested).write(folder)?;
        Ok(TaskResult { inputs, ..self.result(&videos, seeds)? })
    }

    fn run_tuned(
        &self,
        annotations: SegmentAnnotations,
        (classifier, settings, training): (&ClassifierSettings, &EncoderSettings, &TrainingSection),
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<TaskResult, TransferError> {
        let making = self.features.extract_settings();
        let place = locate_model(self.features.model.as_deref().unwrap_or(Path::new("")));
        let directory = ModelDirectory::read(&place, device)?;
        let model = Some(ModelIdentity::of(&place)?);
        let inputs = Inputs { model, ..Inputs::default() };
        inputs.begin(folder)?;
        let space = making.space_of(&directory.config)?;
        let width = match space {
            FeatureSpace::Projected => directory.config.embedding_width(),
            _ => directory.config.video.width(),
        };
        let normalise = classifier.normalise;
        let rule = ClipRule {
            preprocessing: making.preprocessing(&directory.preprocessing),
            stride: making.stride,
            opener: settings.loader.opener(ReadLimits::default())?,
            skip_damaged: false,
        };
        let clips =
            SecondClips::open(&self.annotated_files(&annotations, observer)?, rule, observer)?;
        let seconds_of = |id: &str| Ok(clips.seconds(id));
        let without = "videos without a file that can be opened";
        let videos =
            SegmentationVideos::label(annotations, &self.data, without, seconds_of, observer)?;
        let patch_size = directory.model.patch_size();
        let shared = SharedObserver::new(observer);
        let learner = EncoderLearner {
            tuned: TunedModel::new(directory, place),
            videos: &videos,
            clips: &clips,
            form: ClipForm { space, normalise, width },
            settings,
            training,
            observer: &shared,
            seconds: TrainingSeconds::new(&videos, &clips, settings, patch_size, training.batch),
            ahead: BatchPrefetch::default(),
            unread: RefCell::default(),
        };
        let seeds = fit_seeds(&learner, training, folder, device, &mut &shared)?;
        let result = TaskResult { inputs, ..self.result(&videos, seeds)? };
        let tested: Vec<&String> =
            videos.test.iter().map(|video| &video.id).filter(|id| learner.read(id)).collect();
        PredictionFile::lines(TEST_VIDEOS, &tested).write(folder)?;
        Ok(result
            .counting("test videos left out: unreadable", videos.test.len() - tested.len())
            .counting("training videos replaced: unreadable", learner.replaced()))
    }

    /// The files of the annotated videos; others are not opened.
    fn annotated_files(
        &self,
        annotations: &SegmentAnnotations,
        observer: &mut dyn TaskObserver,
    ) -> Result<Vec<VideoFile>, TransferError> {
        let list = self.features.list_videos()?;
        for missing in &list.missing {
            observer.warning(&format!("left out: {} does not exist", missing.display()));
        }
        let files = list.videos;
        let is_there = |id: &str| files.binary_search_by(|file| file.id.as_str().cmp(id)).is_ok();
        let wanted = annotations.those(is_there)?;
        Ok(files.into_iter().filter(|file| wanted.contains(&file.id)).collect())
    }

    fn result(
        &self,
        videos: &SegmentationVideos,
        seeds: Vec<SeedResult>,
    ) -> Result<TaskResult, TransferError> {
        let mut result = TaskResult::new("segmentation", self, seeds);
        for (what, count) in videos.counts() {
            result = result.counting(what, count);
        }
        result.references = references(videos)?;
        Ok(result)
    }
}

/// What a head on frozen features learns from and is measured on.
struct FrozenParts {
    inputs: Inputs,
    features: PerSecondFeatures,
    videos: SegmentationVideos,
}

/// What saying one thing of every second reaches: background, and the label most frequent in training.
fn references(videos: &SegmentationVideos) -> Result<Metrics, TransferError> {
    let most_frequent = videos.most_frequent();
    let mut tally = FrameTally::default();
    for video in &videos.test {
        tally.add(&vec![most_frequent; video.labels.len()], &video.labels);
    }
    let frequent = tally.accuracy()?;
    Ok(Metrics::new()
        .with("frame accuracy of background alone", frequent.background_alone)
        .with("frame accuracy of the most frequent label", frequent.accuracy))
}
