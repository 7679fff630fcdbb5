//! Retrieval: which video does a text describe, and which text a video?
//!
//! A video is the mean of some clips spread evenly over it, a text the mean of its words, and their
//! score the cosine. Without `[train]` a pre-trained model is measured as it is; with it the whole
//! model is tuned first, by `L_c` alone or by the full loss, and written as a model directory that
//! every other command reads.
//!
//! Paper: Table 1; `paper.md` D.5. The paper's recipe for fine-tuning is not known.
//!
//! | module | idea |
//! |---|---|
//! | [`texts`] | annotation files to candidates and their texts |
//! | [`measure`] | candidates and texts to the numbers |
//! | [`tune`] | the whole model, tuned |

mod measure;
mod texts;
mod tune;

use std::path::{Path, PathBuf};

use locvtp_model::loss::Term;
use locvtp_model::{Device, ModelDirectory, Objective};
use locvtp_train::Replacements;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::defaults::Defaults;
use super::task_kind::TaskKind;
use super::task_settings::TaskSettings;
use crate::error::TransferError;
use crate::fit::fit_seeds;
use crate::fit::training::TrainingSection;
use crate::inputs::Inputs;
use crate::model_fingerprint::ModelIdentity;
use crate::model_location::locate_model;
use crate::observer::TaskObserver;
use crate::results::task_result::SeedResult;
use crate::results::task_result::TaskResult;
use crate::setting_error::SettingError;
use locvtp_measure::Metrics;
use locvtp_measure::metrics::Ties;
use measure::{RetrievalMeasurement, RetrievalProtocol, TEST_SET};
use texts::{CandidateSet, TextSection};
use tune::{FineTune, TuneSettings};

/// `task = "retrieval"`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Retrieval {
    /// `retrieval`
    pub task: TaskKind,
    /// The model directory, or a run or demo folder that holds one.
    pub model: PathBuf,
    /// Clips of a video, spread evenly. Default 8.
    #[schemars(range(min = 1))]
    pub num_clips: usize,
    /// What wrong candidates of the right one's score do.
    pub ties: Ties,
    /// Report the numbers with dual softmax of this temperature as well; 100 where it is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dual_softmax: Option<f64>,
    /// What is measured.
    pub test: TextSection,
    /// What chooses the epoch; without it the last is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<TextSection>,
    /// What the whole model is tuned on; without it the model is measured as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<TextSection>,
    /// How it is tuned.
    pub tune: TuneSettings,
    /// How long and how fast.
    pub training: TrainingSection,
}

impl TaskSettings for Retrieval {
    /// Frozen in Time's rate and batch, `L_c` in both directions.
    fn defaults(given: &Table) -> Table {
        let defaults = Defaults::default()
            .with("num_clips", 8)
            .with("ties", Ties::Averaged)
            .with("tune.jitter", true)
            .with("tune.loss.symmetric_coarse", true)
            .with("training", TrainingSection::constant_rate(3e-5, 10, 16, vec![0]));
        let objective = given.get("tune").and_then(|tune| tune.get("objective"));
        // A schedule has keys of its own, so it is taken whole or not at all.
        let has_schedule = objective.is_some_and(|given| given.get("schedule").is_some());
        let defaults = match has_schedule {
            true => defaults,
            false => defaults.with("tune.objective", Objective::of_terms([(Term::Coarse, 1.0)])),
        };
        defaults.into_table()
    }

    fn check(&self) -> Result<(), TransferError> {
        if self.num_clips == 0 {
            let (key, found) = ("num_clips", "0".into());
            return Err(SettingError { key, found, expected: "1 or more" }.into());
        }
        if self.validation.is_some() && self.train.is_none() {
            return Err(SettingError {
                key: "validation",
                found: "given".into(),
                expected: "nothing: without [train] there is no epoch to choose",
            }
            .into());
        }
        if let Some(temperature) = self.dual_softmax
            && !(temperature > 0.0 && temperature.is_finite())
        {
            let (key, found) = ("dual_softmax", temperature.to_string());
            return Err(SettingError { key, found, expected: "a number above 0, as 100" }.into());
        }
        self.tune.check()?;
        self.training.check()
    }
}

impl Retrieval {
    pub(super) fn run(
        &self,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<TaskResult, TransferError> {
        let place = locate_model(&self.model);
        let directory = ModelDirectory::read(&place, device)?;
        directory.words()?;
        let model = Some(ModelIdentity::of(&place)?);
        let inputs = Inputs { model, ..Inputs::default() };
        let test = CandidateSet::read(&self.test, &directory, observer)?;
        let measured = |seeds: Vec<SeedResult>, chance: Metrics, test: &CandidateSet| {
            let mut result = TaskResult::new("retrieval", self, seeds)
                .counting("videos", test.candidates.len())
                .counting("texts", test.num_texts())
                .counting("texts left out: no words", test.num_wordless);
            result.references = chance;
            result.inputs = inputs.clone();
            result
        };
        let protocol = self.protocol();
        let Some(train) = &self.train else {
            let undecodable = Replacements::new(TEST_SET);
            let found = RetrievalMeasurement::of(
                directory,
                &test,
                &protocol,
                &undecodable,
                device,
                observer,
            )?;
            let seeds = vec![SeedResult::untrained(found.tested(), folder)?];
            let result = measured(seeds, found.chance, &test);
            return Ok(result.counting("videos left out: unreadable", found.num_unreadable));
        };
        let train = CandidateSet::read(train, &directory, observer)?;
        let validation = self.validation.as_ref();
        let validation = validation
            .map(|section| CandidateSet::read(section, &directory, observer))
            .transpose()?;
        let samples = train.candidates.len();
        inputs.begin(folder)?;
        let learner = FineTune::new(directory, place, train, validation, test, self.clone())?;
        let seeds = fit_seeds(&learner, &self.training, folder, device, observer)?;
        let (chance, num_unreadable) = learner.last_measured();
        Ok(measured(seeds, chance, learner.test_set())
            .counting("training videos", samples)
            .counting("videos left out: unreadable", num_unreadable)
            .counting("training videos replaced: unreadable", learner.replaced()))
    }

    fn protocol(&self) -> RetrievalProtocol {
        RetrievalProtocol {
            num_clips: self.num_clips,
            ties: self.ties,
            dual_softmax: self.dual_softmax,
        }
    }
}
