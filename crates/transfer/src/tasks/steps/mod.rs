//! Action step localisation: at which second of a video each step of its task is done (CrossTask).
//!
//! Two ways (§D.3). Without training, a step is as likely in a second as its text is similar to the
//! clip. Trained, the `component_model` of Zhukov et al. scores steps on the features of the
//! pre-trained model, learning from narration where steps may be and never from the annotations.
//! Either way the steps' order does the rest: `ordering` names one second for each step.
//!
//! | module | idea |
//! |---|---|
//! | `release` | tasks, intervals and parts, from the release's files |
//! | `videos` | the videos as the task needs them |
//! | `ordering` | one second a step, in order, as cheap as can be |
//! | `component_model` | scores from the words of a step; where steps are taken to be |
//! | `learner` | the training of it, and recall |

mod component_model;
mod learner;
mod ordering;
mod release;
mod videos;

pub use component_model::{ComponentModel, Components, StepAssignment, assignment_loss};
pub use ordering::{align, equal_distances};

use std::path::{Path, PathBuf};

use locvtp_model::Device;
use rand::Rng;
use serde::{Deserialize, Serialize};
use toml::Table;

use self::learner::{ComponentSettings, StepsLearner, cheapest, choice_costs, recall_of, tested};
use self::release::ListedParts;
use self::videos::{StepsData, StepsVideo, StepsVideos};
use super::defaults::Defaults;
use super::task_kind::TaskKind;
use super::task_settings::TaskSettings;
use crate::embedding::dot;
use crate::error::TransferError;
use crate::fit::fit_seeds;
use crate::fit::training::TrainingSection;
use crate::inputs::FeatureSection;
use crate::inputs::Inputs;
use crate::inputs::label_texts::{LabelTexts, TextModel};
use crate::inputs::per_second::PerSecondFeatures;
use crate::observer::TaskObserver;
use crate::results::predictions::{PredictionFile, TEST_VIDEOS, Tested};
use crate::results::task_result::{SeedResult, TaskResult};
use crate::setting_error::SettingError;
use locvtp_measure::Metrics;
use locvtp_video::randomness::{Purpose, generator};

/// The settings of a steps task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StepsTask {
    /// `steps`
    pub task: TaskKind,
    /// The release, and its parts.
    pub data: StepsData,
    /// The clip features, one a second.
    pub features: FeatureSection,
    /// Without training; this, when `component_model` is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_shot: Option<ZeroShotSteps>,
    /// The head that is trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component_model: Option<ComponentSettings>,
    /// How it is trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingSection>,
}

/// `[zero_shot]` of a steps task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZeroShotSteps {
    /// The model whose text encoder reads the steps; that of the features when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<PathBuf>,
    /// What cosines are divided by before the softmax over the steps. Default: that of pre-training,
    /// 0.07.
    pub temperature: f64,
}

/// How the file says that steps are found.
enum StepsHead<'a> {
    ZeroShot(&'a ZeroShotSteps),
    Trained { component_model: &'a ComponentSettings, training: &'a TrainingSection },
}

/// The same, with the texts of the steps where these are compared with clips.
enum ReadyHead<'a> {
    ZeroShot { settings: &'a ZeroShotSteps, model: Box<TextModel>, texts: LabelTexts },
    Trained { component_model: &'a ComponentSettings, training: &'a TrainingSection },
}

impl TaskSettings for StepsTask {
    fn defaults(given: &Table) -> Table {
        let defaults = Defaults::default()
            .with("data.train_videos", 30)
            .with("data.split_seed", 0)
            .with("data.use_related", true)
            .with("features.stride_s", 1.0);
        let is_trained = given.contains_key("component_model");
        let mut defaults = defaults;
        if is_trained {
            defaults = defaults.with("component_model", ComponentSettings::default());
        }
        // Beside what contradicts it too: the check then says what is wanted.
        if is_trained || given.contains_key("training") {
            defaults = defaults.with("training", ComponentSettings::training());
        }
        if !is_trained || given.contains_key("zero_shot") {
            defaults = defaults.with("zero_shot", ZeroShotSteps::default());
        }
        defaults.into_table()
    }

    fn check(&self) -> Result<(), TransferError> {
        self.data.check()?;
        match self.head()? {
            StepsHead::ZeroShot(zero_shot) => Ok(zero_shot.check()?),
            StepsHead::Trained { component_model, training } => {
                component_model.check()?;
                training.check()?;
                if component_model.random_epochs > training.epochs {
                    return Err(SettingError {
                        key: "component_model.random_epochs",
                        found: component_model.random_epochs.to_string(),
                        expected: "no more than training.epochs",
                    }
                    .into());
                }
                Ok(())
            }
        }
    }
}

impl StepsTask {
    /// The one of the two heads that the file gives.
    ///
    /// # Errors
    /// When it gives both, or a training without a head.
    fn head(&self) -> Result<StepsHead<'_>, SettingError> {
        match (&self.zero_shot, &self.component_model, &self.training) {
            (Some(zero_shot), None, None) => Ok(StepsHead::ZeroShot(zero_shot)),
            (None, Some(component_model), Some(training)) => {
                Ok(StepsHead::Trained { component_model, training })
            }
            (Some(_), Some(_), _) => Err(SettingError {
                key: "zero_shot",
                found: "given beside component_model".into(),
                expected: "one of the two",
            }),
            _ => Err(SettingError {
                key: "training",
                found: "given without component_model".into(),
                expected: "a head to train: write [component_model], empty for the published one",
            }),
        }
    }

    pub(super) fn run(
        &self,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<TaskResult, TransferError> {
        let head = self.head()?;
        // All that takes seconds comes before all that may take hours.
        let is_trained = matches!(head, StepsHead::Trained { .. });
        let listed = ListedParts::read(&self.data, is_trained, observer)?;
        let head = match head {
            StepsHead::Trained { component_model, training } => {
                ReadyHead::Trained { component_model, training }
            }
            StepsHead::ZeroShot(settings) => {
                let model = TextModel::read(settings.model.as_deref(), &self.features, device)?;
                let texts = LabelTexts::embed(&model, listed.steps())?;
                ReadyHead::ZeroShot { settings, model: Box::new(model), texts }
            }
        };
        let found = self.features.find(device, observer)?;
        if let ReadyHead::ZeroShot { model, texts, .. } = &head {
            found.check_text_model("zero_shot.model", model.identity())?;
            if let Some((id, width)) = found.width() {
                texts.check_width(&self.features.file, id, width)?;
            }
        }
        let wanted = listed.ids(|id| found.holds(id));
        let wanted = wanted.map_err(|error| found.with_names(error, listed.first_id()))?;
        let clips = found.open_those(&wanted, observer)?;
        let (words, normalise) = match &head {
            ReadyHead::ZeroShot { model, .. } => (Some(model.origin()), true),
            ReadyHead::Trained { component_model, .. } => (None, component_model.normalise),
        };
        let inputs = Inputs { features: Some(clips.origin().clone()), words, ..Inputs::default() };
        inputs.begin(folder)?;
        let features = PerSecondFeatures::new(clips, normalise);
        let videos = listed.measured(&features, observer)?;
        let seeds = match &head {
            ReadyHead::Trained { component_model, training } => {
                let learner =
                    StepsLearner::new(&videos, &features, component_model, &training.optimizer)?;
                fit_seeds(&learner, training, folder, device, observer)?
            }
            ReadyHead::ZeroShot { settings, texts, .. } => {
                let tested = self.zero_shot(settings, &videos, &features, texts)?;
                vec![SeedResult::untrained(tested, folder)?]
            }
        };
        let tested = videos.test.iter().map(|video| &video.id);
        PredictionFile::lines(TEST_VIDEOS, tested).write(folder)?;
        let mut result = TaskResult::new("steps", self, seeds);
        for (what, count) in videos.counts() {
            result = result.counting(what, count);
        }
        result.references = references(&videos.test)?;
        result.inputs = inputs;
        Ok(result)
    }

    fn zero_shot(
        &self,
        settings: &ZeroShotSteps,
        videos: &StepsVideos,
        features: &PerSecondFeatures,
        texts: &LabelTexts,
    ) -> Result<Tested, TransferError> {
        let steps_of = |task: &str| {
            let task = videos.tasks.iter().find(|known| known.id == task);
            task.into_iter().flat_map(|task| &task.steps)
        };
        let found = cheapest(&videos.test, |video| {
            let seconds = features.read(&video.id)?.expect("it had features before");
            texts.check_width(&self.features.file, &video.id, seconds.width)?;
            let scores: Vec<f64> = seconds
                .rows()
                .flat_map(|clip| steps_of(&video.task).map(|step| dot(clip, texts.unit(step))))
                .map(|cosine| f64::from(cosine) / settings.temperature)
                .collect();
            Ok(choice_costs(&scores, video.num_steps()))
        })?;
        tested(&videos.test, &found)
    }
}

impl Default for ZeroShotSteps {
    fn default() -> Self {
        Self { model: None, temperature: 0.07 }
    }
}

impl ZeroShotSteps {
    fn check(&self) -> Result<(), SettingError> {
        if self.temperature > 0.0 && self.temperature.is_finite() {
            return Ok(());
        }
        let (key, found) = ("zero_shot.temperature", self.temperature.to_string());
        Err(SettingError { key, found, expected: "a number above 0" })
    }
}

/// What any of the two must beat: equal distances, and chance in order.
fn references(videos: &[StepsVideo]) -> Result<Metrics, TransferError> {
    let equal = |video: &StepsVideo| {
        let (seconds, steps) = (video.seconds, video.num_steps());
        if seconds < steps {
            return vec![None; steps];
        }
        equal_distances(seconds, steps).into_iter().map(Some).collect()
    };
    let equal = recall_of(videos, &videos.iter().map(equal).collect::<Vec<_>>())?;
    let mut number = 0;
    let random = cheapest(videos, |video| {
        number += 1;
        let mut rng = generator(0, Purpose::Control, number, 0);
        Ok((0..video.seconds * video.num_steps()).map(|_| rng.random()).collect())
    })?;
    let random = recall_of(videos, &random)?;
    Ok(Metrics::new()
        .with("average recall of steps at equal distances", equal.average_recall)
        .with("average recall of random costs", random.average_recall))
}
