//! Action step localisation: at which second of a video each step of its task is done (CrossTask).
//!
//! Two ways (§D.3). Without training, a step is as likely in a second as its text is similar to the
//! clip. Trained, the [`component_model`] of Zhukov et al. scores steps on the features of the
//! pre-trained model, learning from narration where steps may be and never from the annotations.
//! Either way the steps' order does the rest: [`ordering`] names one second for each step.
//!
//! | module | idea |
//! |---|---|
//! | [`release`] | tasks, intervals and parts, from the release's files |
//! | [`videos`] | the videos as the task needs them |
//! | [`ordering`] | one second a step, in order, as cheap as can be |
//! | [`component_model`] | scores from the words of a step; where steps are taken to be |
//! | [`learner`] | the training of it, and recall |

pub mod component_model;
pub mod learner;
pub mod ordering;
pub mod release;
pub mod videos;

use std::path::{Path, PathBuf};

use locvtp_model::Device;
use rand::Rng;
use serde::{Deserialize, Serialize};
use toml::Table;

use self::component_model::Components;
use self::learner::{ComponentSettings, StepsLearner, cheapest, choice_costs, recall_of, tested};
use self::ordering::equal_distances;
use self::release::ListedParts;
use self::videos::{StepsData, StepsVideo, StepsVideos};
use super::task::{Task, TaskKind};
use crate::embedding::dot;
use crate::error::TransferError;
use crate::fit::fit_seeds;
use crate::fit::training::TrainingSection;
use crate::inputs::Inputs;
use crate::inputs::feature_section::FeatureSection;
use crate::inputs::label_texts::{LabelTexts, TextModel};
use crate::inputs::per_second::PerSecondFeatures;
use crate::observer::TaskObserver;
use crate::results::predictions::{PredictionFile, TEST_VIDEOS, Tested};
use crate::results::task_result::{SeedResult, TaskResult};
use locvtp_measure::Metrics;
use locvtp_video::randomness::{Purpose, generator};

/// The settings of a steps task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
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

const DATA_DEFAULTS: &str = "
[data]
train_videos = 30
split_seed = 0
use_related = true
[features]
stride_s = 1.0
";

const ZERO_SHOT_DEFAULTS: &str = "
[zero_shot]
temperature = 0.07
";

/// Those of Zhukov et al. (§D.3); three seeds are ours.
const COMPONENT_DEFAULTS: &str = "
[component_model]
dropout = 0.7
constraint_weight = 1e4
random_epochs = 30
normalise = false
[training]
seeds = [0, 1, 2]
epochs = 60
batch = 1
keep = 'best'
[training.optimizer]
learning_rate = 1e-5
schedule = { shape = 'constant' }
";

impl Task for StepsTask {
    fn defaults(given: &Table) -> Result<Table, TransferError> {
        let head = if given.contains_key("component_model") {
            COMPONENT_DEFAULTS
        } else {
            ZERO_SHOT_DEFAULTS
        };
        Ok(toml::from_str(&format!("{DATA_DEFAULTS}{head}")).expect("the defaults are TOML"))
    }

    fn check(&self) -> Result<(), TransferError> {
        self.data.check()?;
        match (&self.zero_shot, &self.component_model, &self.training) {
            (Some(zero_shot), None, None) => zero_shot.check(),
            (None, Some(head), Some(training)) => {
                head.check()?;
                training.check()?;
                if head.random_epochs > training.epochs {
                    return Err(TransferError::Setting {
                        key: "component_model.random_epochs",
                        found: head.random_epochs.to_string(),
                        expected: "no more than training.epochs",
                    });
                }
                Ok(())
            }
            (Some(_), Some(_), _) => Err(TransferError::Setting {
                key: "zero_shot",
                found: "given beside component_model".into(),
                expected: "one of the two",
            }),
            _ => Err(TransferError::Setting {
                key: "training",
                found: "given without component_model".into(),
                expected: "a head to train: write [component_model], empty for the published one",
            }),
        }
    }

    fn run(
        &self,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<Option<TaskResult>, TransferError> {
        // All that takes seconds comes before all that may take hours.
        let listed = ListedParts::read(&self.data, self.training.is_some(), observer)?;
        let model = self
            .zero_shot
            .as_ref()
            .map(|zero_shot| TextModel::read(zero_shot.model.as_deref(), &self.features, device));
        let model = model.transpose()?;
        let texts = model.as_ref().map(|model| LabelTexts::embed(model, listed.steps()));
        let texts = texts.transpose()?;
        let found = self.features.find(device, observer)?;
        if let Some(model) = &model {
            found.check_text_model("zero_shot.model", model.identity())?;
        }
        if let (Some(texts), Some((id, width))) = (&texts, found.width()) {
            texts.check_width(&self.features.file, id, width)?;
        }
        let wanted = listed.ids(|id| found.holds(id));
        let wanted = wanted.map_err(|error| found.with_names(error, listed.first_id()))?;
        let clips = found.open_those(&wanted, observer)?;
        let inputs = Inputs {
            features: Some(clips.origin().clone()),
            words: model.as_ref().map(TextModel::origin),
            ..Inputs::default()
        };
        inputs.begin(folder)?;
        let normalise = self.component_model.as_ref().is_none_or(|head| head.normalise);
        let features = PerSecondFeatures::new(clips, normalise);
        let videos = listed.measured(&features, observer)?;
        let seeds = match (&self.component_model, &self.training) {
            (Some(head), Some(training)) => {
                self.fitted(head, training, &videos, &features, folder, device, observer)?
            }
            _ => {
                let texts = texts.expect("checked: a head or none");
                let tested = self.zero_shot(&videos, &features, &texts)?;
                Some(vec![SeedResult::untrained(tested, folder)?])
            }
        };
        let Some(seeds) = seeds else { return Ok(None) };
        let tested = videos.test.iter().map(|video| &video.id);
        PredictionFile::lines(TEST_VIDEOS, tested).write(folder)?;
        let mut result = TaskResult::new("steps", self, seeds);
        for (what, count) in videos.counts() {
            result = result.counting(what, count);
        }
        result.references = references(&videos.test)?;
        result.inputs = inputs;
        Ok(Some(result))
    }
}

impl StepsTask {
    #[expect(clippy::too_many_arguments, reason = "the parts of one call, read from top to bottom")]
    fn fitted(
        &self,
        head: &ComponentSettings,
        training: &TrainingSection,
        videos: &StepsVideos,
        features: &PerSecondFeatures,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<Option<Vec<SeedResult>>, TransferError> {
        let tested = videos.test.first().expect("reading found videos to test on");
        let width = features.read(&tested.id)?.map_or(0, |seconds| seconds.width);
        let learner = StepsLearner {
            videos,
            features,
            components: Components::new(&videos.tasks),
            settings: head,
            learning_rate: training.optimizer.learning_rate,
            width,
        };
        fit_seeds(&learner, training, folder, device, observer)
    }

    fn zero_shot(
        &self,
        videos: &StepsVideos,
        features: &PerSecondFeatures,
        texts: &LabelTexts,
    ) -> Result<Tested, TransferError> {
        let settings = self.zero_shot.as_ref().expect("checked: a head or none");
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

impl ZeroShotSteps {
    fn check(&self) -> Result<(), TransferError> {
        if self.temperature > 0.0 && self.temperature.is_finite() {
            return Ok(());
        }
        let (key, found) = ("zero_shot.temperature", self.temperature.to_string());
        Err(TransferError::Setting { key, found, expected: "a number above 0" })
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
