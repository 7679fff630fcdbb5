//! The grounding task: queries and features in, a head that answers them, its numbers out.

use std::collections::BTreeSet;
use std::path::Path;

use locvtp_features::VideoFeatures;
use locvtp_model::Device;
use locvtp_video::counted::counted_as;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::annotated_parts::{AnnotatedParts, QuerySection};
use super::csmgan::{CsmganConfig, CsmganLearner};
use super::measure::MetricSection;
use super::presets::DataSet;
use super::queries::QueryParts;
use super::tan::config::{Proposals, TanConfig};
use super::tan::learner::TanLearner;
use super::words::{SentenceWords, WordSection};
use super::zero_shot::ZeroShotSection;
use crate::error::TransferError;
use crate::extraction::FeatureSpace;
use crate::fit::fit_seeds;
use crate::fit::training::TrainingSection;
use crate::inputs::Inputs;
use crate::inputs::feature_section::{ClipFeatures, FeatureSection};
use crate::observer::TaskObserver;
use crate::results::predictions::{PredictionFile, TEST_VIDEOS, Tested};
use crate::results::task_result::SeedResult;
use crate::results::task_result::TaskResult;
use crate::tasks::task::{Task, TaskKind};

/// What answers the queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// 2D-TAN, trained on frozen features.
    Tan,
    /// CSMGAN, trained on frozen features.
    Csmgan,
    /// The similarities of the pre-trained model as they are.
    ZeroShot,
}

/// `[grounding]` of a task file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroundingSection {
    /// What answers the queries.
    pub head: Head,
    /// Whose settings are taken where the file says nothing.
    pub dataset: DataSet,
}

/// A task file of `task = "grounding"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
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
    /// For `head = "zero_shot"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_shot: Option<ZeroShotSection>,
    /// For `head = "tan"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tan: Option<TanConfig>,
    /// For `head = "csmgan"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csmgan: Option<CsmganConfig>,
    /// For the heads that are trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingSection>,
}

impl Task for GroundingTask {
    fn defaults(given: &Table) -> Result<Table, TransferError> {
        // A file without the section, or with one that cannot be read, is refused for that when it is
        // read as a whole.
        let section = given.get("grounding").map(|section| section.clone().try_into());
        let Some(Ok(GroundingSection { head, dataset })) = section else { return Ok(Table::new()) };
        let mut defaults = Table::new();
        let mut section = |name: &str, value: Value| defaults.insert(name.to_owned(), value);
        section("metrics", table(dataset.metrics()));
        let words = WordSection {
            strip_final_period: dataset.strips_final_period(),
            ..WordSection::default()
        };
        section("words", table(words));
        match head {
            Head::ZeroShot => {
                section("zero_shot", table(ZeroShotSection::default()));
            }
            Head::Tan => {
                let conv = Value::from("conv");
                let is_conv = given.get("tan").and_then(|tan| tan.get("proposals")) == Some(&conv);
                let proposals = if is_conv { Proposals::Conv } else { Proposals::MaxPool };
                section("tan", table(dataset.tan(proposals)));
                section("training", table(dataset.tan_training()));
            }
            Head::Csmgan => {
                section("csmgan", table(dataset.csmgan()));
                section("training", table(dataset.csmgan_training()));
            }
        }
        Ok(defaults)
    }

    fn check(&self) -> Result<(), TransferError> {
        let head = self.grounding.head;
        for (key, given, belongs) in [
            ("zero_shot", self.zero_shot.is_some(), head == Head::ZeroShot),
            ("tan", self.tan.is_some(), head == Head::Tan),
            ("csmgan", self.csmgan.is_some(), head == Head::Csmgan),
            ("training", self.training.is_some(), head != Head::ZeroShot),
        ] {
            if given && !belongs {
                let found = format!("given for grounding.head = {head:?}");
                let expected = "left out: it is a section of another head";
                return Err(TransferError::Setting { key, found, expected });
            }
        }
        self.queries.check()?;
        self.words.check()?;
        self.metrics.check()?;
        self.tan.as_ref().map_or(Ok(()), TanConfig::check)?;
        self.csmgan.as_ref().map_or(Ok(()), CsmganConfig::check)?;
        self.training.as_ref().map_or(Ok(()), TrainingSection::check)?;
        if let Some(zero_shot) = &self.zero_shot {
            zero_shot.check()?;
            if self.words.model.is_none() || self.words.space == Some(FeatureSpace::Backbone) {
                let (key, found) = ("words", "not in the joint space".to_owned());
                let expected = "words.model and its projected words: clips are compared with them";
                return Err(TransferError::Setting { key, found, expected });
            }
        } else if self.queries.train.is_none() {
            let (key, found) = ("queries.train", "missing".to_owned());
            let expected = "an annotation file to train the head with";
            return Err(TransferError::Setting { key, found, expected });
        }
        Ok(())
    }

    fn run(
        &self,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<Option<TaskResult>, TransferError> {
        // All that takes seconds comes before all that may take hours.
        let annotated = AnnotatedParts::read(&self.queries, observer)?;
        let source = self.words.open(&annotated.sentences(), device)?;
        if self.csmgan.is_some() {
            CsmganLearner::check_word_width(source.width())?;
        }
        let found = self.features.find(device, observer)?;
        match (self.grounding.head, source.model()) {
            (Head::ZeroShot, Some(model)) => {
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
        let seeds = match self.grounding.head {
            Head::ZeroShot => {
                let tested = self.zero_shot(&parts, &words, features, observer)?;
                Some(vec![SeedResult::untrained(tested, folder)?])
            }
            Head::Tan => {
                let config = self.tan.clone().expect("filled by the defaults");
                let (metrics, training) = (self.metrics.clone(), self.training());
                let learner =
                    TanLearner::new(config, metrics, parts, words, features, training.batch)?
                        .with_positives(self.queries.positive_windows);
                if !learner.read_features(observer)? {
                    return Ok(None);
                }
                fit_seeds(&learner, training, folder, device, observer)?
            }
            Head::Csmgan => {
                let config = self.csmgan.clone().expect("filled by the defaults");
                let metrics = self.metrics.clone();
                let learner = CsmganLearner::new(config, metrics, parts, words, features)?
                    .with_positives(self.queries.positive_windows);
                if !learner.read_features(observer)? {
                    return Ok(None);
                }
                fit_seeds(&learner, self.training(), folder, device, observer)?
            }
        };
        let Some(seeds) = seeds else { return Ok(None) };
        tested.write(folder)?;
        let mut result = TaskResult::new("grounding", self, seeds);
        for (name, count) in counts {
            result = result.counting(&name, count);
        }
        result.references = references;
        result.inputs = inputs;
        Ok(Some(result))
    }
}

impl GroundingTask {
    fn training(&self) -> &TrainingSection {
        self.training.as_ref().expect("filled by the defaults")
    }

    fn zero_shot(
        &self,
        parts: &QueryParts,
        words: &SentenceWords,
        mut features: ClipFeatures,
        observer: &mut dyn TaskObserver,
    ) -> Result<Tested, TransferError> {
        let section = self.zero_shot.clone().unwrap_or_default();
        let mut read: Option<(String, VideoFeatures)> = None;
        let mut answers = section.answers();
        for (done, query) in parts.test.iter().enumerate() {
            observer.progress("queries", done + 1, parts.test.len());
            if read.as_ref().is_none_or(|(id, _)| *id != query.features) {
                let (path, id) = (features.path().to_owned(), query.features.clone());
                let video = features.read(&id)?;
                let video = video.ok_or(TransferError::FeaturesGone { path, id: id.clone() })?;
                read = Some((id, video));
            }
            let (_, video) = read.as_ref().expect("just read");
            answers.add(query, video, words, features.path())?;
        }
        answers.measure(&self.metrics, &parts.test)
    }
}

fn table(section: impl Serialize) -> Value {
    Value::try_from(section).expect("settings are plain data")
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
        let defaults = GroundingTask::defaults(&given).map_err(|error| error.to_string())?;
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
        assert_eq!((tan.frames(), tan.nms, tan.iou_max), (128, 0.4, 0.7));
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
            (format!("{tan}{glove}csmgan = {{}}\n"), "csmgan"),
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
