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

mod clips;
mod head;
mod learner;
mod question;

use std::path::Path;

use locvtp_model::Device;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::defaults::Defaults;
use super::task_kind::TaskKind;
use super::task_settings::TaskSettings;
use crate::error::TransferError;
use crate::extraction::FeatureSpace;
use crate::fit::fit_seeds;
use crate::fit::training::TrainingSection;
use crate::inputs::FeatureSection;
use crate::inputs::Inputs;
use crate::observer::TaskObserver;
use crate::results::task_result::SeedResult;
use crate::results::task_result::TaskResult;
use crate::setting_error::SettingError;
use clips::{ProbeClips, SplitSection};
use head::HeadKind;
use learner::{DISTANCE_ERROR, ProbeLearner};
use locvtp_measure::Metrics;
use question::Question;

/// `task = "order_probe"`: in which order were these clips? And `task = "distance_probe"`: how far apart
/// were these two?
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Probe {
    /// `order_probe` or `distance_probe`
    pub task: TaskKind,
    /// Of an order probe: clips that are put in order, `n`; there are `n!` answers. Default 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 5))]
    pub num_clips: Option<usize>,
    /// Clips taken of a video, evenly spread, `T0`: there are `T0 - 1` distances. Default 8.
    #[schemars(range(min = 2))]
    pub positions: usize,
    /// Of a distance probe: show the two in either order and ask for it as well, twice as many
    /// answers. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<bool>,
    /// Questions about a video in an epoch, and in the test.
    #[schemars(range(min = 1))]
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
    /// Clip features of the videos.
    pub features: FeatureSection,
    /// Features to compare with: mean colours, when nothing else is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<FeatureSection>,
    /// How long and how fast.
    pub training: TrainingSection,
}

impl TaskSettings for Probe {
    /// A frozen backbone, 20 epochs of Adam at 1e-3, three seeds.
    fn defaults(given: &Table) -> Table {
        let defaults = Defaults::default()
            .with("positions", 8)
            .with("samples_per_video", 16)
            .with("standardise", true)
            .with("control", true)
            .with("heads", [HeadKind::Linear, HeadKind::Vcop])
            .with("split", SplitSection { test: 0.2, validation: 0.1, seed: 0 })
            .with("features.space", FeatureSpace::Backbone)
            .with("training", TrainingSection::constant_rate(1e-3, 20, 256, vec![0, 1, 2]));
        let is_of_distances =
            given.get("task").and_then(toml::Value::as_str) == Some("distance_probe");
        let defaults = match is_of_distances {
            true => defaults.with("signed", false),
            false => defaults.with("num_clips", 3),
        };
        let defaults = match given.contains_key("baseline") {
            true => defaults.with("baseline.space", FeatureSpace::MeanColour),
            false => defaults,
        };
        defaults.into_table()
    }

    fn check(&self) -> Result<(), TransferError> {
        self.question()?.check()?;
        self.split.check()?;
        self.training.check()?;
        let setting =
            |key, found: String, expected| Err(SettingError { key, found, expected }.into());
        if self.samples_per_video == 0 {
            return setting("samples_per_video", "0".into(), "1 or more");
        }
        let mut heads = self.heads.clone();
        heads.sort_unstable();
        heads.dedup();
        if heads.is_empty() || heads.len() != self.heads.len() {
            return setting("heads", format!("{:?}", self.heads), "one or more, each once");
        }
        Ok(())
    }
}

impl Probe {
    pub(super) fn run(
        &self,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<TaskResult, TransferError> {
        let question = self.question()?;
        // Both are looked for before either is made.
        let sections = std::iter::once(&self.features).chain(&self.baseline);
        let found: Vec<_> =
            sections.map(|section| section.find(device, observer)).collect::<Result<_, _>>()?;
        let mut clips = Vec::with_capacity(found.len());
        let mut origins = Vec::with_capacity(found.len());
        for found in found {
            let (mut features, count) = (found.open(observer)?, question.positions());
            origins.push(features.origin().clone());
            clips.push(ProbeClips::read(&mut features, count, &self.split, self.standardise)?);
        }
        let mut origins = origins.into_iter();
        let (features, baseline) = (origins.next(), origins.next());
        let inputs = Inputs { features, baseline, ..Inputs::default() };
        inputs.begin(folder)?;
        let (clips, baseline) = (&clips[0], clips.get(1));
        let seeds = self.fit_all(clips, false, folder, device, observer)?;
        let chance = 100.0 / question.num_classes() as f64;
        let mut references = Metrics::new().with("chance", chance);
        if let Some(error) = question.error_of_a_constant() {
            references = references.with(&format!("one answer to all: {DISTANCE_ERROR}"), error);
        }
        let controls = [
            ("labels without meaning: ", "control", self.control.then_some(clips), true),
            ("baseline: ", "baseline", baseline, false),
        ];
        for (name, subfolder, clips, meaningless) in controls {
            let Some(clips) = clips else { continue };
            let folder = folder.join(subfolder);
            let seeds = self.fit_all(clips, meaningless, &folder, device, observer)?;
            references = with_means(references, name, seeds);
        }
        let task = match question {
            Question::Order { .. } => "order_probe",
            Question::Distance { .. } => "distance_probe",
        };
        let mut result = TaskResult::new(task, self, seeds)
            .counting("training videos", clips.train.len())
            .counting("validation videos", clips.validation.len())
            .counting("test videos", clips.test.len())
            .counting("numbers of a clip", clips.width)
            .counting("videos left out: fewer clips than positions", clips.num_too_short)
            .counting("videos left out: clips overlap", clips.num_overlapping);
        result.references = references;
        result.inputs = inputs;
        Ok(result)
    }

    fn question(&self) -> Result<Question, SettingError> {
        let positions = self.positions;
        let other = |key, expected| {
            let found = "given for the other probe".to_owned();
            Err(SettingError { key, found, expected })
        };
        match (self.task, self.num_clips, self.signed) {
            (TaskKind::DistanceProbe, None, signed) => {
                Ok(Question::Distance { positions, signed: signed.unwrap_or_default() })
            }
            (TaskKind::DistanceProbe, Some(_), _) => {
                other("num_clips", "nothing: a distance is that of two clips")
            }
            (_, _, Some(_)) => other("signed", "nothing: an order is no distance"),
            (_, num_clips, None) => {
                Ok(Question::Order { num_clips: num_clips.unwrap_or(3), positions })
            }
        }
    }

    /// Trains every head with every seed.
    fn fit_all(
        &self,
        clips: &ProbeClips,
        meaningless: bool,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<Vec<SeedResult>, TransferError> {
        let question = self.question()?;
        let mut merged: Vec<Option<SeedResult>> = vec![None; self.training.seeds.len()];
        for &head in &self.heads {
            let samples_per_video = self.samples_per_video;
            let learner = ProbeLearner { question, head, clips, samples_per_video, meaningless };
            let folder = folder.join(head.name());
            let found = fit_seeds(&learner, &self.training, &folder, device, observer)?;
            for (before, result) in merged.iter_mut().zip(found) {
                *before = Some(merge(before.take(), result));
            }
        }
        Ok(merged.into_iter().flatten().collect())
    }
}

/// The numbers of one more head of a seed. The epochs that were kept differ from head to head, so
/// none stands for all.
fn merge(before: Option<SeedResult>, result: SeedResult) -> SeedResult {
    let Some(before) = before else { return result };
    let both = |mut all: Metrics, more: &Metrics| {
        all.add_all(more, str::to_owned);
        all
    };
    SeedResult {
        seed: result.seed,
        epoch: before.epoch.filter(|epoch| Some(*epoch) == result.epoch),
        validation: before
            .validation
            .zip(result.validation)
            .map(|(before, result)| both(before, &result)),
        test: both(before.test, &result.test),
        predictions: Vec::new(),
    }
}

/// The means over seeds, under names of their own.
fn with_means(references: Metrics, prefix: &str, seeds: Vec<SeedResult>) -> Metrics {
    let result = TaskResult::new("", &(), seeds);
    let means = result.summary.keys().filter_map(|name| Some((name, result.spread(name)?.mean)));
    means.fold(references, |all, (name, mean)| all.with(&format!("{prefix}{name}"), mean))
}
