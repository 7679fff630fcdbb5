//! The grounding task: queries and features in, a head that answers them, its numbers out.

use std::collections::BTreeSet;
use std::path::Path;

use locvtp_features::VideoFeatures;
use locvtp_model::Device;
use locvtp_video::counted::counted_as;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::annotated_parts::{AnnotatedParts, QuerySection};
use super::csmgan::{CsmganConfig, CsmganLearner};
use super::measure::MetricSection;
use super::presets::DataSet;
use super::queries::QueryParts;
use super::tan::{Proposals, TanConfig, TanLearner};
use super::words::{SentenceWords, WordSection};
use super::zero_shot::ZeroShotSection;
use crate::error::TransferError;
use crate::extraction::FeatureSpace;
use crate::fit::fit_seeds;
use crate::fit::training::TrainingSection;
use crate::inputs::Inputs;
use crate::inputs::input_error::InputError;
use crate::inputs::{ClipFeatures, FeatureSection};
use crate::observer::TaskObserver;
use crate::results::predictions::{PredictionFile, TEST_VIDEOS, Tested};
use crate::results::task_result::SeedResult;
use crate::results::task_result::TaskResult;
use crate::setting_error::SettingError;
use crate::tasks::defaults::Defaults;
use crate::tasks::task_kind::TaskKind;
use crate::tasks::task_settings::TaskSettings;

/// What answers the queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GroundingHead {
    /// 2D-TAN, trained on frozen features.
    Tan,
    /// CSMGAN, trained on frozen features.
    Csmgan,
    /// The similarities of the pre-trained model as they are.
    ZeroShot,
}

impl GroundingHead {
    /// Its name in a file.
    fn name(self) -> &'static str {
        match self {
            Self::Tan => "tan",
            Self::Csmgan => "csmgan",
            Self::ZeroShot => "zero_shot",
        }
    }

    /// The sections of its settings.
    fn sections(self) -> &'static [&'static str] {
        match self {
            Self::Tan => &["tan", "training"],
            Self::Csmgan => &["csmgan", "training"],
            Self::ZeroShot => &["zero_shot"],
        }
    }
}

/// `[grounding]` of a task file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroundingSection {
    /// What answers the queries.
    pub head: GroundingHead,
    /// Whose settings are taken where the file says nothing.
    pub dataset: DataSet,
}

/// A task file of `task = "grounding"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct GroundingTask {
    /// `grounding`
    pub task: TaskKind,
    /// Which head, and whose presets.
    pub grounding: GroundingSection,
    /// Clip features of the videos.
    pub features: FeatureSection,
    /// Sentences and true moments.
    pub queries: QuerySection,
    /// The words of the sentences as numbers.
    pub words: WordSection,
    /// What is measured.
    pub metrics: MetricSection,
    /// How similarities answer, for `grounding.head = "zero_shot"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_shot: Option<ZeroShotSection>,
    /// The sizes of 2D-TAN, for `grounding.head = "tan"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tan: Option<TanConfig>,
    /// The sizes of CSMGAN, for `grounding.head = "csmgan"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csmgan: Option<CsmganConfig>,
    /// How long and how fast, for the heads that are trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingSection>,
}

/// The head that a file asks for, with all that it needs.
enum ReadyHead<'a> {
    ZeroShot(&'a ZeroShotSection),
    Tan { config: &'a TanConfig, training: &'a TrainingSection },
    Csmgan { config: &'a CsmganConfig, training: &'a TrainingSection },
}

impl TaskSettings for GroundingTask {
    fn defaults(given: &Table) -> Table {
        // A file without the section, or with one that cannot be read, is refused for that when it is
        // read as a whole.
        let section = given.get("grounding").map(|section| section.clone().try_into());
        let Some(Ok(GroundingSection { head, dataset })) = section else { return Table::new() };
        let words = WordSection {
            strip_final_period: dataset.strips_final_period(),
            ..WordSection::default()
        };
        // A section of another head is filled too: the check then says that it is one.
        let is_wanted = |key: &str| head.sections().contains(&key) || given.contains_key(key);
        let mut defaults =
            Defaults::default().with("metrics", dataset.metrics()).with("words", words);
        if is_wanted("zero_shot") {
            defaults = defaults.with("zero_shot", ZeroShotSection::default());
        }
        if is_wanted("tan") {
            let given = given.get("tan").and_then(|tan| tan.get("proposals")?.as_str());
            let is_conv = given == Some("conv");
            let proposals = if is_conv { Proposals::Conv } else { Proposals::MaxPool };
            defaults = defaults.with("tan", dataset.tan(proposals));
        }
        if is_wanted("csmgan") {
            defaults = defaults.with("csmgan", dataset.csmgan());
        }
        if is_wanted("training") {
            let training = match head {
                GroundingHead::Csmgan => dataset.csmgan_training(),
                GroundingHead::Tan | GroundingHead::ZeroShot => dataset.tan_training(),
            };
            defaults = defaults.with("training", training);
        }
        defaults.into_table()
    }

    fn check(&self) -> Result<(), TransferError> {
        let head = self.head()?;
        self.queries.check()?;
        self.words.check()?;
        self.metrics.check()?;
        match head {
            ReadyHead::ZeroShot(section) => {
                section.check()?;
                if self.words.model.is_none() || self.words.space == Some(FeatureSpace::Backbone) {
                    let (key, found) = ("words", "not in the joint space".to_owned());
                    let expected =
                        "words.model and its projected words: clips are compared with them";
                    return Err(SettingError { key, found, expected }.into());
                }
                return Ok(());
            }
            ReadyHead::Tan { config, training } => {
                config.check()?;
                training.check()?;
            }
            ReadyHead::Csmgan { config, training } => {
                config.check()?;
                training.check()?;
            }
        }
        if self.queries.train.is_none() {
            let (key, found) = ("queries.train", "missing".to_owned());
            let expected = "an annotation file to train the head with";
            return Err(SettingError { key, found, expected }.into());
        }
        Ok(())
    }
}

impl GroundingTask {
    /// The head with its settings.
    ///
    /// # Errors
    /// When a section of another head is given, or one of this head is not.
    fn head(&self) -> Result<ReadyHead<'_>, SettingError> {
        let head = self.grounding.head;
        let name = head.name();
        for (key, given) in [
            ("zero_shot", self.zero_shot.is_some()),
            ("tan", self.tan.is_some()),
            ("csmgan", self.csmgan.is_some()),
            ("training", self.training.is_some()),
        ] {
            if given && !head.sections().contains(&key) {
                let found = format!("given with grounding.head = \"{name}\"");
                let expected = "left out: it is a section of another head";
                return Err(SettingError { key, found, expected });
            }
        }
        let missing = |key| SettingError {
            key,
            found: format!("missing with grounding.head = \"{name}\""),
            expected: "given: it is a section of this head",
        };
        let training = self.training.as_ref().ok_or_else(|| missing("training"));
        Ok(match head {
            GroundingHead::ZeroShot => {
                ReadyHead::ZeroShot(self.zero_shot.as_ref().ok_or_else(|| missing("zero_shot"))?)
            }
            GroundingHead::Tan => ReadyHead::Tan {
                config: self.tan.as_ref().ok_or_else(|| missing("tan"))?,
                training: training?,
            },
            GroundingHead::Csmgan => ReadyHead::Csmgan {
                config: self.csmgan.as_ref().ok_or_else(|| missing("csmgan"))?,
                training: training?,
            },
        })
    }

    pub(in crate::tasks) fn run(
        &self,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<TaskResult, TransferError> {
        let head = self.head()?;
        // All that takes seconds comes before all that may take hours.
        let annotated = AnnotatedParts::read(&self.queries, observer)?;
        let source = self.words.open(&annotated.sentences(), device)?;
        if matches!(head, ReadyHead::Csmgan { .. }) {
            CsmganLearner::check_word_width(source.width())?;
        }
        let found = self.features.find(device, observer)?;
        match (&head, source.model()) {
            (ReadyHead::ZeroShot(_), Some(model)) => {
                found.check_text_model("words.model", model)?;
                if let Some((_, width)) = found.width() {
                    ZeroShotSection::check_widths(width, source.width(), &self.features.file)?;
                }
            }
            // A head learns to compare them.
            (_, Some(model)) if found.are_of(model)? == Some(false) => observer.warning(
                "words.model is another model than the one that made the features; the result names both",
            ),
            _ => {}
        }
        let wanted = annotated.feature_ids(|id| found.holds(id));
        let wanted = wanted.map_err(|error| found.with_names(error, annotated.first_id()))?;
        let features = found.open_those(&wanted, observer)?;
        let inputs = Inputs {
            features: Some(features.origin().clone()),
            words: Some(source.origin()),
            ..Inputs::default()
        };
        inputs.begin(folder)?;
        let parts = QueryParts::of(annotated, &features, observer)?;
        let sentences = parts.sentences();
        observer
            .started(&format!("{} to words", counted_as(sentences.len(), "sentence", "sentences")));
        let words = source.words(&sentences)?;
        let parts = parts.keep_known_words(&words)?;
        let references = self.metrics.references(&parts.test)?;
        let counts = parts.counts.clone();
        let tested: BTreeSet<&String> = parts.test.iter().map(|query| &query.video).collect();
        let tested = PredictionFile::lines(TEST_VIDEOS, tested);
        let (metrics, positives) = (self.metrics.clone(), self.queries.positive_windows);
        let seeds = match head {
            ReadyHead::ZeroShot(section) => {
                let tested = self.zero_shot(section, &parts, &words, features, observer)?;
                vec![SeedResult::untrained(tested, folder)?]
            }
            ReadyHead::Tan { config, training } => {
                let (config, at_once) = (config.clone(), training.batch);
                let learner = TanLearner::new(config, metrics, parts, words, features, at_once)?
                    .with_positives(positives);
                learner.read_features(observer)?;
                fit_seeds(&learner, training, folder, device, observer)?
            }
            ReadyHead::Csmgan { config, training } => {
                let config = config.clone();
                let learner = CsmganLearner::new(config, metrics, parts, words, features)?
                    .with_positives(positives);
                learner.read_features(observer)?;
                fit_seeds(&learner, training, folder, device, observer)?
            }
        };
        tested.write(folder)?;
        let mut result = TaskResult::new("grounding", self, seeds);
        for (name, count) in counts {
            result = result.counting(&name, count);
        }
        result.references = references;
        result.inputs = inputs;
        Ok(result)
    }

    fn zero_shot(
        &self,
        section: &ZeroShotSection,
        parts: &QueryParts,
        words: &SentenceWords,
        mut features: ClipFeatures,
        observer: &mut dyn TaskObserver,
    ) -> Result<Tested, TransferError> {
        let mut read: Option<(String, VideoFeatures)> = None;
        let mut answers = section.answers();
        for (done, query) in parts.test.iter().enumerate() {
            observer.progress("queries", done + 1, parts.test.len());
            if read.as_ref().is_none_or(|(id, _)| *id != query.features) {
                let (path, id) = (features.path().to_owned(), query.features.clone());
                let video = features.read(&id)?;
                let video = video.ok_or(InputError::FeaturesGone { path, id: id.clone() })?;
                read = Some((id, video));
            }
            let (_, video) = read.as_ref().expect("just read");
            answers.add(query, video, words, features.path())?;
        }
        answers.measure(&self.metrics, &parts.test)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Settings as a task file with these lines gives them.
    fn settings(more: &str) -> Result<GroundingTask, String> {
        let text = format!(
            "task = 'grounding'\nqueries = {{ train = 'train.json', test = 'val_2.json' }}\n\
             features = {{ file = 'features.h5' }}\n{more}"
        );
        let given: Table = toml::from_str(&text).map_err(|error| error.to_string())?;
        let defaults = GroundingTask::defaults(&given);
        let read = locvtp_train::run_file::parse(&text, "x.toml", &[], defaults, |_| true);
        let task: GroundingTask = read.map_err(|error| error.to_string())?;
        task.check().map_err(|error| error.to_string())?;
        Ok(task)
    }

    #[test]
    fn the_presets_fill_what_the_file_leaves_out() {
        let tacos =
            "grounding = { head = 'tan', dataset = 'tacos' }\nwords = { glove = 'g.txt' }\n";
        let task = settings(tacos).unwrap();
        let tan = task.tan.clone().unwrap();
        assert_eq!((tan.num_frames(), tan.nms, tan.iou_max), (128, 0.4, 0.7));
        assert_eq!(task.metrics.ious, [0.1, 0.3, 0.5, 0.7]);
        let conv = settings(&format!("{tacos}tan = {{ proposals = 'conv', hidden = 64 }}\n"));
        let tan = conv.unwrap().tan.unwrap();
        assert_eq!((tan.nms, tan.hidden, tan.kernel), (0.5, 64, 5));
        let charades = tacos.replace("tacos", "charades");
        assert!(settings(&charades).unwrap().words.strip_final_period);
        let text = toml::to_string_pretty(&task).unwrap();
        assert_eq!(toml::from_str::<GroundingTask>(&text).unwrap(), task);
    }

    #[test]
    fn contradictions_name_their_keys() {
        let tan = "grounding = { head = 'tan', dataset = 'synthetic' }\n";
        let glove = "words = { glove = 'g.txt' }\n";
        let zero = "grounding = { head = 'zero_shot', dataset = 'synthetic' }\n";
        for (text, piece) in [
            (tan.to_owned(), "words.model or words.glove"),
            (format!("{zero}{glove}"), "joint space"),
            (
                format!("{tan}{glove}csmgan = {{}}\n"),
                "`csmgan` is given with grounding.head = \"tan\"; expected left out",
            ),
            (
                format!("{zero}{glove}tan.samples = 8\n"),
                "`tan` is given with grounding.head = \"zero_shot\"; expected left out",
            ),
            (
                format!("{zero}{glove}training.epochs = 8\n"),
                "`training` is given with grounding.head = \"zero_shot\"; expected left out",
            ),
            (format!("{tan}{glove}tan = {{ kernel = 4 }}\n"), "tan.kernel"),
            (format!("{tan}{glove}tan = {{ kernal = 3 }}\n"), "did you mean `tan.kernel`"),
            (format!("{tan}{glove}metrics = {{ ious = [1.5] }}\n"), "metrics.ious"),
            ("grounding = { head = 'tam', dataset = 'synthetic' }\n".to_owned(), "tam"),
            (glove.to_owned(), "grounding"),
        ] {
            let error = settings(&text).unwrap_err();
            assert!(error.contains(piece), "{piece} is missing in: {error}");
        }
    }
}
