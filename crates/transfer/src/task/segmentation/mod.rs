//! Action segmentation: which step is done in every second of a video, or none (COIN).
//!
//! A linear classifier on the features of single seconds, trained on labels, with the video encoder
//! frozen or tuned; or, without training, the step whose text is most similar (§D.4). The number is
//! frame accuracy over the whole test part, background included, so what saying nothing but background
//! reaches stands beside it.
//!
//! | module | idea |
//! |---|---|
//! | [`annotations`] | what COIN's files say |
//! | [`videos`] | labels of seconds, and parts |
//! | [`classifier`] | the linear map and its training on frozen features |
//! | [`encoder`] | the video encoder tuned with it |
//! | [`second_clips`] | the clips of seconds, from video files |
//! | [`held_out`] | whole videos through encoder and classifier |
//! | [`zero_shot`] | the most similar text, or background |
//! | [`second_labels`] | the labels of the test videos, for `locvtp score` |

pub mod annotations;
pub mod classifier;
pub mod encoder;
pub mod held_out;
pub mod second_clips;
pub mod second_labels;
pub mod videos;
pub mod zero_shot;

use std::cell::RefCell;
use std::path::Path;

use locvtp_model::{Device, ModelDirectory};
use locvtp_video::{ClipStride, ReadLimits, Seconds};
use serde::{Deserialize, Serialize};
use toml::Table;

use self::annotations::{SegmentAnnotations, SegmentationData};
use self::classifier::{ClassifierSettings, SegmentationLearner, Tune};
use self::encoder::{EncoderLearner, EncoderSettings};
use self::held_out::ClipForm;
use self::second_clips::{SecondClips, TrainingSeconds};
use self::videos::SegmentationVideos;
use self::zero_shot::ZeroShotSegmentation;
use super::fit::FitEnd;
use super::label_texts::{LabelTexts, TextModel};
use super::per_second::PerSecondFeatures;
use super::predictions::{PredictionFile, TEST_VIDEOS};
use super::shared_observer::SharedObserver;
use super::task_file::{Task, TaskKind};
use super::tuning::{BatchesAhead, TunedModel};
use super::{
    FeatureSection, Learner, Metrics, SeedResult, TaskObserver, TaskResult, TrainingSection, fit,
};
use crate::error::TransferError;
use crate::extraction::decoding::ClipRule;
use crate::extraction::{ExtractSettings, FeatureSpace, IdRule, VideoFile, list_videos};
use crate::metrics::segmentation::FrameTally;
use crate::model_location::locate_model;

/// The settings of a segmentation task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentationTask {
    /// `segmentation`
    pub task: TaskKind,
    /// The annotations, and the part for validation.
    pub data: SegmentationData,
    /// The clip features, one a second; with `classifier.tune = "all"` the model and the videos of which
    /// they would be made, and no file is read or written.
    pub features: FeatureSection,
    /// The head that is trained; this, when `zero_shot` is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classifier: Option<ClassifierSettings>,
    /// How the encoder is tuned with it; this, with `classifier.tune = "all"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<EncoderSettings>,
    /// How it is trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingSection>,
    /// Without training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_shot: Option<ZeroShotSegmentation>,
}

const DATA_DEFAULTS: &str = "
[data]
validation = 0.1
split_seed = 0
[features]
stride_s = 1.0
";

/// The paper says a linear classifier and no more; how it is trained is ours.
const CLASSIFIER_DEFAULTS: &str = "
[classifier]
normalise = false
[training]
seeds = [0, 1, 2]
epochs = 20
batch = 16
keep = 'best'
[training.optimizer]
learning_rate = 1e-3
schedule = { shape = 'constant' }
";

/// Cross-entropy of 32 seconds a step in 8 epochs: the window and the epochs that MMPT (VideoCLIP) takes
/// for COIN. The paper says nothing of it, and the rates are ours.
const ENCODER_DEFAULTS: &str = "
[features]
file = ''
[classifier]
normalise = false
[encoder]
learning_rate = 3e-5
one_second_of = 8
[training]
seeds = [0, 1, 2]
epochs = 8
batch = 32
keep = 'best'
[training.optimizer]
learning_rate = 1e-3
schedule = { shape = 'constant' }
";

const ZERO_SHOT_DEFAULTS: &str = "
[zero_shot]
normalise = false
";

impl Task for SegmentationTask {
    fn defaults(given: &Table) -> Result<Table, TransferError> {
        let classifier = given.get("classifier");
        let tune = classifier.and_then(|classifier| classifier.get("tune")?.as_str());
        let head = match (classifier, tune) {
            (_, Some("all")) => ENCODER_DEFAULTS,
            (None, _) if given.contains_key("zero_shot") => ZERO_SHOT_DEFAULTS,
            _ => CLASSIFIER_DEFAULTS,
        };
        let mut defaults: Table = toml::from_str(DATA_DEFAULTS).expect("the defaults are TOML");
        let head: Table = toml::from_str(head).expect("the defaults are TOML");
        for (section, keys) in head {
            match (defaults.get_mut(&section).and_then(toml::Value::as_table_mut), keys) {
                (Some(there), toml::Value::Table(keys)) => there.extend(keys),
                (_, keys) => drop(defaults.insert(section, keys)),
            }
        }
        Ok(defaults)
    }

    fn check(&self) -> Result<(), TransferError> {
        self.data.check()?;
        let setting = |key, found: &str, expected| {
            Err(TransferError::Setting { key, found: found.to_owned(), expected })
        };
        match (&self.classifier, &self.training, &self.zero_shot) {
            (Some(_), _, Some(_)) => {
                return setting("zero_shot", "given beside classifier", "one of the two");
            }
            (None, Some(_), _) => {
                return setting(
                    "training",
                    "given without classifier",
                    "a head to train: write [classifier], empty for the default one",
                );
            }
            (_, Some(training), None) => training.check()?,
            (_, None, zero_shot) => {
                if let Some(background) = zero_shot.as_ref().and_then(|zero| zero.background)
                    && !background.is_finite()
                {
                    let found = background.to_string();
                    return setting("zero_shot.background", &found, "a finite number");
                }
            }
        }
        match (self.tune(), &self.encoder) {
            (Tune::Head, None) => Ok(()),
            (Tune::Head, Some(_)) => setting(
                "encoder",
                "given",
                "classifier.tune = \"all\", or no [encoder]: it is frozen",
            ),
            (Tune::All, encoder) => {
                self.check_tuned()?;
                encoder.as_ref().map_or(Ok(()), EncoderSettings::check)
            }
        }
    }

    fn run(
        &self,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<Option<TaskResult>, TransferError> {
        // Reading annotations takes seconds, making features hours.
        let annotations = SegmentAnnotations::read(&self.data, self.training.is_some(), observer)?;
        match (&self.encoder, &self.training) {
            (Some(encoder), Some(training)) => {
                self.run_tuned(annotations, encoder, training, folder, device, observer)
            }
            _ => self.run_frozen(annotations, folder, device, observer),
        }
    }
}

impl SegmentationTask {
    fn tune(&self) -> Tune {
        self.classifier.as_ref().map_or(Tune::Head, |classifier| classifier.tune)
    }

    /// An encoder is tuned on videos; features alone are not enough.
    fn check_tuned(&self) -> Result<(), TransferError> {
        let setting = |key, found: &str, expected| {
            Err(TransferError::Setting { key, found: found.to_owned(), expected })
        };
        let missing = "not given, with classifier.tune = \"all\"";
        if self.features.model.is_none() {
            let expected = "the model directory whose encoder is tuned; or classifier.tune = \"head\", \
                            which learns on the features of features.file";
            return setting("features.model", missing, expected);
        }
        if self.features.videos.is_empty() {
            let expected = "the video files: an encoder learns from videos and not from features; or \
                            classifier.tune = \"head\", which learns on the features of features.file";
            return setting("features.videos", missing, expected);
        }
        if self.features.space == Some(FeatureSpace::MeanColour) {
            let expected = "backbone or projected: mean colours have nothing to tune";
            return setting("features.space", "mean_colour", expected);
        }
        self.extract_settings().check()
    }

    /// How the features of the task would be made.
    fn extract_settings(&self) -> ExtractSettings {
        let stride = self.features.stride_s;
        ExtractSettings {
            space: self.features.space,
            stride: stride.map_or(ClipStride::Clip, |stride| ClipStride::Time(Seconds(stride))),
            consecutive: self.features.consecutive,
            ..ExtractSettings::default()
        }
    }

    fn run_frozen(
        &self,
        annotations: SegmentAnnotations,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<Option<TaskResult>, TransferError> {
        let zero_shot = self.zero_shot.as_ref().map(|settings| {
            let model = TextModel::read(settings.model.as_deref(), &self.features, device)?;
            let texts = annotations.steps.values().map(String::as_str);
            Ok::<_, TransferError>((settings, LabelTexts::embed(&model, texts)?))
        });
        let zero_shot = zero_shot.transpose()?;
        let found = self.features.find(device, observer)?;
        let wanted = annotations.those(|id| found.holds(id))?;
        let clips = found.open_those(&wanted, observer)?;
        let by_text = self.zero_shot.as_ref().is_some_and(|zero_shot| zero_shot.normalise);
        let normalise = self.classifier.as_ref().map_or(by_text, |head| head.normalise);
        let features = PerSecondFeatures::new(clips, normalise);
        let seconds_of = |id: &str| Ok(features.read(id)?.map(|seconds| seconds.len()));
        let without = "videos without features";
        let videos =
            SegmentationVideos::label(annotations, &self.data, without, seconds_of, observer)?;
        let mut seeds = Vec::new();
        if let Some((settings, texts)) = &zero_shot {
            let file = &self.features.file;
            let tested = zero_shot::measure(settings, &videos, texts, &features, file)?;
            seeds.push(SeedResult::untrained(tested, folder)?);
        }
        if let Some(training) = &self.training {
            let learner = SegmentationLearner::new(&videos, &features)?;
            let Some(found) = fit_seeds(&learner, training, folder, device, observer)? else {
                return Ok(None);
            };
            seeds.extend(found);
        }
        let tested = videos.test.iter().map(|video| &video.id);
        PredictionFile::lines(TEST_VIDEOS, tested).write(folder)?;
        self.result(&videos, seeds).map(Some)
    }

    fn run_tuned(
        &self,
        annotations: SegmentAnnotations,
        settings: &EncoderSettings,
        training: &TrainingSection,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<Option<TaskResult>, TransferError> {
        let making = self.extract_settings();
        let place = locate_model(self.features.model.as_deref().unwrap_or(Path::new("")));
        let directory = ModelDirectory::read(&place, device)?;
        let space = making.space_of(&directory)?;
        let width = match space {
            FeatureSpace::Projected => directory.config.embedding_width(),
            _ => directory.config.video.width(),
        };
        let normalise = self.classifier.as_ref().is_some_and(|head| head.normalise);
        let rule = ClipRule {
            preprocessing: making.preprocessing(&directory),
            stride: making.stride,
            opener: settings.loader.opener(ReadLimits::default())?,
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
            ahead: BatchesAhead::default(),
            unreadable: RefCell::default(),
        };
        let Some(seeds) = fit_seeds(&learner, training, folder, device, &mut &shared)? else {
            return Ok(None);
        };
        let result = self.result(&videos, seeds)?;
        let tested: Vec<&String> =
            videos.test.iter().map(|video| &video.id).filter(|id| learner.read(id)).collect();
        PredictionFile::lines(TEST_VIDEOS, &tested).write(folder)?;
        Ok(Some(
            result
                .counting("test videos left out: unreadable", videos.test.len() - tested.len())
                .counting("training videos replaced: unreadable", learner.replaced()),
        ))
    }

    /// The files of the annotated videos; others are not opened.
    fn annotated_files(
        &self,
        annotations: &SegmentAnnotations,
        observer: &mut dyn TaskObserver,
    ) -> Result<Vec<VideoFile>, TransferError> {
        let list = list_videos(&self.features.videos, IdRule::Stem)?;
        for missing in &list.missing {
            observer.warning(&format!("left out: {} is not there", missing.display()));
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

/// Fits with every seed; none when it was stopped.
fn fit_seeds<L: Learner>(
    learner: &L,
    training: &TrainingSection,
    folder: &Path,
    device: &Device,
    observer: &mut dyn TaskObserver,
) -> Result<Option<Vec<SeedResult>>, TransferError> {
    let mut seeds = Vec::with_capacity(training.seeds.len());
    for &seed in &training.seeds {
        let folder = folder.join(format!("seed-{seed}"));
        match fit(learner, training, seed, &folder, device, observer)? {
            FitEnd::Done(result) => seeds.push(result),
            FitEnd::Stopped => return Ok(None),
        }
    }
    Ok(Some(seeds))
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
