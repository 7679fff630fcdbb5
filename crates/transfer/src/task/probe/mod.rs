//! Probes of frozen features: do clips know in which order they come, and how far apart they are?
//!
//! Of every video, a few clips are taken, evenly spread and apart from each other; the encoder is not
//! trained. A small head is asked about two or three of them, and is measured on videos it never
//! saw. Beside every accuracy stand chance, the same head taught with labels that have nothing to do
//! with the clips (a control: it must come out at chance), and, where asked for, the same head on
//! features that know nothing but colours.
//!
//! Paper: figure 5 (a) and table 4 (f); `paper.md` part E, whose construction this is, because the
//! paper's own is not known.
//!
//! | module | idea |
//! |---|---|
//! | [`question`] | what is asked, and with which clips |
//! | [`clips`] | the clips of every video, and which videos teach |
//! | [`head`] | the heads |
//! | [`learner`] | how a head learns and is measured |

pub mod clips;
pub mod head;
pub mod learner;
pub mod question;

use std::path::Path;

use locvtp_model::Device;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::fit::{FitEnd, fit};
use super::task_file::TaskKind;
use super::task_result::SeedResult;
use super::{FeatureSection, Metrics, Task, TaskObserver, TaskResult, TrainingSection};
use crate::error::TransferError;
use clips::{ProbeClips, SplitSection};
use head::HeadKind;
use learner::ProbeLearner;
use question::Question;

/// `task = "order_probe"`: in which order were these clips?
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderProbe {
    /// `order_probe`
    pub task: TaskKind,
    /// Clips that are put in order, `n`; there are `n!` answers. Default 3.
    pub num_clips: usize,
    /// Clips taken of a video, evenly spread, `T0`. Default 8.
    pub positions: usize,
    /// Questions about a video in an epoch, and in the test.
    pub samples_per_video: usize,
    /// Bring every number of the features to mean 0 and spread 1 over the training videos, so that
    /// features of different scales learn at one rate.
    pub standardise: bool,
    /// Train with labels that have nothing to do with the clips as well.
    pub control: bool,
    /// Each is trained and measured.
    pub heads: Vec<HeadKind>,
    /// Which videos teach.
    pub split: SplitSection,
    /// The features.
    pub features: FeatureSection,
    /// Features to compare with: mean colours, when nothing else is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<FeatureSection>,
    /// How long and how fast.
    pub training: TrainingSection,
}

/// `task = "distance_probe"`: how far apart were these two clips?
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistanceProbe {
    /// `distance_probe`
    pub task: TaskKind,
    /// Clips taken of a video, evenly spread, `T0`: there are `T0 - 1` distances. Default 8.
    pub positions: usize,
    /// Show the two in either order and ask for it as well: twice as many answers.
    pub signed: bool,
    /// As in [`OrderProbe`].
    pub samples_per_video: usize,
    /// As in [`OrderProbe`].
    pub standardise: bool,
    /// As in [`OrderProbe`].
    pub control: bool,
    /// Which videos teach.
    pub split: SplitSection,
    /// The features.
    pub features: FeatureSection,
    /// Features to compare with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<FeatureSection>,
    /// How long and how fast.
    pub training: TrainingSection,
}

/// What a file of either probe may leave out: a frozen backbone, 20 epochs of Adam at 1e-3, three
/// seeds.
const DEFAULTS: &str = r#"
samples_per_video = 16
standardise = true
control = true
[split]
test = 0.2
validation = 0.1
seed = 0
[features]
space = "backbone"
[training]
seeds = [0, 1, 2]
epochs = 20
batch = 256
keep = "best"
[training.optimizer]
learning_rate = 1e-3
schedule = { shape = "constant" }
"#;

fn defaults(given: &Table, own: &str) -> Table {
    let read = |text: &str| -> Table { toml::from_str(text).expect("the defaults are TOML") };
    let mut defaults = read(&format!("{own}{DEFAULTS}"));
    if given.contains_key("baseline") {
        defaults.extend(read("[baseline]\nspace = \"mean_colour\""));
    }
    defaults
}

impl Task for OrderProbe {
    fn defaults(given: &Table) -> Result<Table, TransferError> {
        let own = "num_clips = 3\npositions = 8\nheads = [\"linear\", \"vcop\"]\n";
        Ok(defaults(given, own))
    }

    fn check(&self) -> Result<(), TransferError> {
        self.plan().check()
    }

    fn run(
        &self,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<Option<TaskResult>, TransferError> {
        self.plan().run("order_probe", self, folder, device, observer)
    }
}

impl OrderProbe {
    fn plan(&self) -> Plan<'_> {
        Plan {
            question: Question::Order { num_clips: self.num_clips, positions: self.positions },
            samples_per_video: self.samples_per_video,
            standardise: self.standardise,
            control: self.control,
            heads: &self.heads,
            split: &self.split,
            features: &self.features,
            baseline: self.baseline.as_ref(),
            training: &self.training,
        }
    }
}

impl Task for DistanceProbe {
    fn defaults(given: &Table) -> Result<Table, TransferError> {
        Ok(defaults(given, "positions = 8\nsigned = false\n"))
    }

    fn check(&self) -> Result<(), TransferError> {
        self.plan().check()
    }

    fn run(
        &self,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<Option<TaskResult>, TransferError> {
        self.plan().run("distance_probe", self, folder, device, observer)
    }
}

impl DistanceProbe {
    fn plan(&self) -> Plan<'_> {
        Plan {
            question: Question::Distance { positions: self.positions, signed: self.signed },
            samples_per_video: self.samples_per_video,
            standardise: self.standardise,
            control: self.control,
            heads: &[HeadKind::Linear],
            split: &self.split,
            features: &self.features,
            baseline: self.baseline.as_ref(),
            training: &self.training,
        }
    }
}

/// What is done, whichever probe it is.
struct Plan<'a> {
    question: Question,
    samples_per_video: usize,
    standardise: bool,
    control: bool,
    heads: &'a [HeadKind],
    split: &'a SplitSection,
    features: &'a FeatureSection,
    baseline: Option<&'a FeatureSection>,
    training: &'a TrainingSection,
}

impl Plan<'_> {
    fn check(&self) -> Result<(), TransferError> {
        self.question.check()?;
        self.split.check()?;
        self.training.check()?;
        let setting =
            |key, found: String, expected| Err(TransferError::Setting { key, found, expected });
        if self.samples_per_video == 0 {
            return setting("samples_per_video", "0".into(), "1 or more");
        }
        let mut heads = self.heads.to_vec();
        heads.sort_unstable();
        heads.dedup();
        if heads.is_empty() || heads.len() != self.heads.len() {
            return setting("heads", format!("{:?}", self.heads), "one or more, each once");
        }
        Ok(())
    }

    fn run(
        &self,
        task: &str,
        settings: &impl Serialize,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<Option<TaskResult>, TransferError> {
        let clips = self.clips(self.features, device, observer)?;
        let Some(seeds) = self.fit_all(&clips, false, folder, device, observer)? else {
            return Ok(None);
        };
        let chance = 100.0 / self.question.num_classes() as f64;
        let mut references = Metrics::new().with("chance", chance);
        if let Some(error) = self.question.error_of_a_constant() {
            references =
                references.with("one answer to all: mean absolute error, positions", error);
        }
        if self.control {
            let folder = folder.join("control");
            let Some(control) = self.fit_all(&clips, true, &folder, device, observer)? else {
                return Ok(None);
            };
            references = with_means(references, "labels without meaning: ", control);
        }
        if let Some(baseline) = self.baseline {
            let clips = self.clips(baseline, device, observer)?;
            let folder = folder.join("baseline");
            let Some(seeds) = self.fit_all(&clips, false, &folder, device, observer)? else {
                return Ok(None);
            };
            references = with_means(references, "baseline: ", seeds);
        }
        let mut result = TaskResult::new(task, settings, seeds)
            .counting("training videos", clips.train.len())
            .counting("validation videos", clips.validation.len())
            .counting("test videos", clips.test.len())
            .counting("numbers of a clip", clips.width)
            .counting("videos left out: fewer clips than positions", clips.too_short)
            .counting("videos left out: clips overlap", clips.overlapping);
        result.references = references;
        Ok(Some(result))
    }

    fn clips(
        &self,
        section: &FeatureSection,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<ProbeClips, TransferError> {
        let mut features = section.open(device, observer)?;
        ProbeClips::read(&mut features, self.question.positions(), self.split, self.standardise)
    }

    /// Trains every head with every seed; `None` when it was stopped.
    fn fit_all(
        &self,
        clips: &ProbeClips,
        meaningless: bool,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<Option<Vec<SeedResult>>, TransferError> {
        let mut results = Vec::with_capacity(self.training.seeds.len());
        for &seed in &self.training.seeds {
            let mut merged: Option<SeedResult> = None;
            for &head in self.heads {
                let learner = ProbeLearner {
                    question: self.question,
                    head,
                    clips,
                    samples_per_video: self.samples_per_video,
                    meaningless,
                };
                let folder = folder.join(head.name()).join(format!("seed-{seed}"));
                match fit(&learner, self.training, seed, &folder, device, observer)? {
                    FitEnd::Stopped => return Ok(None),
                    FitEnd::Done(result) => merged = Some(merge(merged, result)),
                }
            }
            results.extend(merged);
        }
        Ok(Some(results))
    }
}

/// The numbers of one more head of a seed. The epochs that were kept differ from head to head, so
/// none stands for all.
fn merge(before: Option<SeedResult>, result: SeedResult) -> SeedResult {
    let Some(before) = before else { return result };
    let both =
        |a: Metrics, b: &Metrics| b.iter().fold(a, |all, (name, value)| all.with(name, value));
    SeedResult {
        seed: result.seed,
        epoch: before.epoch.filter(|epoch| Some(*epoch) == result.epoch),
        validation: before
            .validation
            .zip(result.validation)
            .map(|(before, result)| both(before, &result)),
        test: both(before.test, &result.test),
    }
}

/// The means over seeds, under names of their own.
fn with_means(references: Metrics, prefix: &str, seeds: Vec<SeedResult>) -> Metrics {
    let result = TaskResult::new("", &(), seeds);
    let means = result.summary.keys().filter_map(|name| Some((name, result.spread(name)?.mean)));
    means.fold(references, |all, (name, mean)| all.with(&format!("{prefix}{name}"), mean))
}
