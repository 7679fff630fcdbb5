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

pub mod measure;
pub mod texts;
pub mod tune;

use std::path::{Path, PathBuf};

use locvtp_model::{Device, ModelDirectory};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::task::TaskKind;
use crate::error::TransferError;
use crate::fit::fit_seeds;
use crate::fit::training::TrainingSection;
use crate::inputs::Inputs;
use crate::model_fingerprint::ModelIdentity;
use crate::model_location::locate_model;
use crate::observer::TaskObserver;
use crate::results::task_result::SeedResult;
use crate::results::task_result::TaskResult;
use crate::tasks::task::Task;
use locvtp_measure::Metrics;
use locvtp_measure::metrics::Ties;
use measure::{Measured, Protocol};
use texts::{CandidateSet, TextSection};
use tune::{FineTune, TuneSettings};

/// `task = "retrieval"`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retrieval {
    /// `retrieval`
    pub task: TaskKind,
    /// The model directory, or a run or demo folder that holds one.
    pub model: PathBuf,
    /// Clips of a video, spread evenly. Default 8.
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

/// What a task file may leave out: Frozen in Time's rate and batch, `L_c` in both directions.
const DEFAULTS: &str = r#"
num_clips = 8
ties = "averaged"
[tune]
jitter = true
[tune.objective]
schedule = "weighted"
coarse = 1.0
fine = 0.0
temporal = 0.0
[tune.loss]
symmetric_coarse = true
[training]
seeds = [0]
epochs = 10
batch = 16
keep = "best"
[training.optimizer]
learning_rate = 3e-5
schedule = { shape = "constant" }
"#;

impl Task for Retrieval {
    fn defaults(given: &Table) -> Result<Table, TransferError> {
        let mut defaults: Table = toml::from_str(DEFAULTS).expect("the defaults are TOML");
        let weights =
            |table: &Table| Some(table.get("tune")?.get("objective")?.as_table()?.clone());
        // A schedule has keys of its own, so it is taken whole or not at all.
        if weights(given).is_some_and(|given| given.contains_key("schedule"))
            && let Some(tune) = defaults.get_mut("tune").and_then(toml::Value::as_table_mut)
        {
            tune.remove("objective");
        }
        Ok(defaults)
    }

    fn keep_frame_tables(&mut self, folder: &Path) {
        self.tune.loader.frame_tables.get_or_insert_with(|| folder.to_owned());
    }

    fn check(&self) -> Result<(), TransferError> {
        if self.num_clips == 0 {
            let (key, found) = ("num_clips", "0".into());
            return Err(TransferError::Setting { key, found, expected: "1 or more" });
        }
        if self.validation.is_some() && self.train.is_none() {
            return Err(TransferError::Setting {
                key: "validation",
                found: "given".into(),
                expected: "nothing: without [train] there is no epoch to choose",
            });
        }
        if let Some(temperature) = self.dual_softmax
            && !(temperature > 0.0 && temperature.is_finite())
        {
            let (key, found) = ("dual_softmax", temperature.to_string());
            return Err(TransferError::Setting {
                key,
                found,
                expected: "a number above 0, as 100",
            });
        }
        self.tune.check()?;
        self.training.check()
    }

    fn run(
        &self,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<Option<TaskResult>, TransferError> {
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
                .counting("texts left out: no words", test.wordless);
            result.references = chance;
            result.inputs = inputs.clone();
            result
        };
        let protocol = self.protocol();
        let Some(train) = &self.train else {
            let found = Measured::of(directory, &test, &protocol, device, observer)?;
            let seeds = vec![SeedResult::untrained(found.tested(), folder)?];
            let result = measured(seeds, found.chance, &test);
            return Ok(Some(result.counting("videos left out: unreadable", found.unreadable)));
        };
        let train = CandidateSet::read(train, &directory, observer)?;
        let validation = self.validation.as_ref();
        let validation = validation
            .map(|section| CandidateSet::read(section, &directory, observer))
            .transpose()?;
        let samples = train.candidates.len();
        inputs.begin(folder)?;
        let learner = FineTune::new(directory, place, train, validation, test, self.clone())?;
        let Some(seeds) = fit_seeds(&learner, &self.training, folder, device, observer)? else {
            return Ok(None);
        };
        let (chance, unreadable) = learner.last_measured();
        Ok(Some(
            measured(seeds, chance, learner.test_set())
                .counting("training videos", samples)
                .counting("videos left out: unreadable", unreadable)
                .counting("training videos replaced: unreadable", learner.replaced()),
        ))
    }
}

impl Retrieval {
    fn protocol(&self) -> Protocol {
        Protocol { num_clips: self.num_clips, ties: self.ties, dual_softmax: self.dual_softmax }
    }
}
