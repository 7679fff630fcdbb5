//! Action segmentation: which step is done in every second of a video, or none (COIN).
//!
//! A linear classifier on the features of single seconds, trained on labels; or, without training, the
//! step whose text is most similar (§D.4). The number is frame accuracy over the whole test part,
//! background included, so what saying nothing but background reaches stands beside it.
//!
//! | module | idea |
//! |---|---|
//! | [`videos`] | labels of seconds and parts, from COIN's files |
//! | [`classifier`] | the linear map and its training |
//! | [`zero_shot`] | the most similar text, or background |

pub mod classifier;
pub mod videos;
pub mod zero_shot;

use std::path::Path;

use locvtp_model::Device;
use serde::{Deserialize, Serialize};
use toml::Table;

use self::classifier::{ClassifierSettings, SegmentationLearner};
use self::videos::{SegmentationData, SegmentationVideos};
use self::zero_shot::ZeroShotSegmentation;
use super::fit::FitEnd;
use super::label_texts::TextModel;
use super::per_second::PerSecondFeatures;
use super::task_file::{Task, TaskKind};
use super::{FeatureSection, Metrics, SeedResult, TaskObserver, TaskResult, TrainingSection, fit};
use crate::error::TransferError;
use crate::metrics::segmentation::FrameTally;

/// The settings of a segmentation task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentationTask {
    /// `segmentation`
    pub task: TaskKind,
    /// The annotations, and the part for validation.
    pub data: SegmentationData,
    /// The clip features, one a second.
    pub features: FeatureSection,
    /// The head that is trained; this, when `zero_shot` is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classifier: Option<ClassifierSettings>,
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

const ZERO_SHOT_DEFAULTS: &str = "
[zero_shot]
normalise = false
";

impl Task for SegmentationTask {
    fn defaults(given: &Table) -> Result<Table, TransferError> {
        let zero_shot = given.contains_key("zero_shot") && !given.contains_key("classifier");
        let head = if zero_shot { ZERO_SHOT_DEFAULTS } else { CLASSIFIER_DEFAULTS };
        Ok(toml::from_str(&format!("{DATA_DEFAULTS}{head}")).expect("the defaults are TOML"))
    }

    fn check(&self) -> Result<(), TransferError> {
        self.data.check()?;
        let setting = |key, found: &str, expected| {
            Err(TransferError::Setting { key, found: found.to_owned(), expected })
        };
        match (&self.classifier, &self.training, &self.zero_shot) {
            (Some(_), _, Some(_)) => {
                setting("zero_shot", "given beside classifier", "one of the two")
            }
            (None, Some(_), _) => setting(
                "training",
                "given without classifier",
                "a head to train: write [classifier], empty for the default one",
            ),
            (_, Some(training), None) => training.check(),
            (_, None, zero_shot) => match zero_shot.as_ref().and_then(|zero| zero.background) {
                Some(background) if !background.is_finite() => {
                    setting("zero_shot.background", &background.to_string(), "a finite number")
                }
                _ => Ok(()),
            },
        }
    }

    fn run(
        &self,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<Option<TaskResult>, TransferError> {
        let clips = self.features.open(device, observer)?;
        let by_text = self.zero_shot.as_ref().is_some_and(|zero_shot| zero_shot.normalise);
        let normalise = self.classifier.as_ref().map_or(by_text, |head| head.normalise);
        let features = PerSecondFeatures::new(clips, normalise);
        let videos = SegmentationVideos::read(&self.data, &features, observer)?;
        let mut seeds = Vec::new();
        if let Some(zero_shot) = &self.zero_shot {
            let model = TextModel::read(zero_shot.model.as_deref(), &self.features, device)?;
            let file = &self.features.file;
            let test = zero_shot::measure(zero_shot, &videos, &model, &features, file)?;
            seeds.push(SeedResult::untrained(test.into(), folder)?);
        }
        if let Some(training) = &self.training {
            let learner = SegmentationLearner { videos: &videos, features: &features };
            for &seed in &training.seeds {
                let folder = folder.join(format!("seed-{seed}"));
                match fit(&learner, training, seed, &folder, device, observer)? {
                    FitEnd::Done(result) => seeds.push(result),
                    FitEnd::Stopped => return Ok(None),
                }
            }
        }
        let mut result = TaskResult::new("segmentation", self, seeds);
        for (what, count) in videos.counts() {
            result = result.counting(what, count);
        }
        result.references = references(&videos)?;
        Ok(Some(result))
    }
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
