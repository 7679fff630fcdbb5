//! The annotation files of a grounding task, before features are looked at: which videos are of which
//! part, and what is asked of them.
//!
//! They are those of ActivityNet Captions, Charades-STA and TACoS as these are handed out, or any
//! other corpus that `locvtp-corpus` reads, QVHighlights among them. Reading them takes seconds and the making of features
//! hours, so they are read first.
//!
//! Paper: §C.5 to §C.7.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use locvtp_corpus::{CorpusReader, FileLookup, Layout, NarratedVideo, ReadSettings, Subset};
use locvtp_video::counted::counted_as;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::error::TransferError;
use crate::observer::TaskObserver;
use crate::setting_error::SettingError;
use crate::tasks::grounding::grounding_error::GroundingError;
use locvtp_measure::SameSentence;
use locvtp_video::randomness::{Purpose, generator};

/// `[queries]` of a task file: the annotation file of each part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QuerySection {
    /// To train with. Of a folder, and of a file that is given for several parts, only the videos that
    /// it says are of this part are taken; of any other file all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<PathBuf>,
    /// To choose the best epoch with. ActivityNet Captions: `val_1.json`. Charades-STA has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<PathBuf>,
    /// To measure. ActivityNet Captions: `val_2.json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<PathBuf>,
    /// How the files are laid out; found out when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
    /// What a sentence is that is annotated several times in one video: `apart`, as many queries (the
    /// default, as the benchmarks count), or `joined`, one query of several windows. Files of moment
    /// retrieval (QVHighlights) say themselves which windows belong together.
    #[serde(skip_serializing_if = "is_default")]
    pub same_sentence: SameSentence,
    /// What a query's windows teach a head: `all` (the default), that any of them is right; `best`, that
    /// one is, and nothing about moments that lie nearer to another. The best is the one of the greatest
    /// mean saliency, else the longest, else the first.
    #[serde(skip_serializing_if = "is_default")]
    pub positive_windows: PositiveWindows,
    /// This share of the training videos is drawn to validate with, where there is no validation file.
    pub validation_share: f64,
    /// This share of the training videos is drawn to test with, where there is no test file.
    pub test_share: f64,
    /// Seed of that draw; the same for all seeds of the training.
    pub split_seed: u64,
}

/// Which of a query's windows a head learns to find.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PositiveWindows {
    /// All of them.
    #[default]
    All,
    /// The best; moments that lie nearer to another window are ignored.
    Best,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl QuerySection {
    /// # Errors
    /// When a share is no share, or a part is both given and drawn.
    pub fn check(&self) -> Result<(), SettingError> {
        let shares = [
            ("queries.validation_share", self.validation_share, &self.validation),
            ("queries.test_share", self.test_share, &self.test),
        ];
        for (key, share, file) in shares {
            let expected = match file {
                _ if !(0.0..1.0).contains(&share) => "a share from 0 to below 1",
                Some(_) if share > 0.0 => "0, or no file for this part: it is given or drawn",
                None if share > 0.0 && self.train.is_none() => "0, or queries.train to draw from",
                _ => continue,
            };
            return Err(SettingError { key, found: share.to_string(), expected });
        }
        if self.validation_share + self.test_share >= 1.0 {
            let found = (self.validation_share + self.test_share).to_string();
            let (key, expected) =
                ("queries.validation_share + queries.test_share", "a share below 1");
            return Err(SettingError { key, found, expected });
        }
        if self.test.is_none() && self.test_share == 0.0 {
            let (key, found) = ("queries.test", "missing".to_owned());
            let expected = "an annotation file, or queries.test_share";
            return Err(SettingError { key, found, expected });
        }
        Ok(())
    }
}

/// The annotated videos of every part.
pub struct AnnotatedParts {
    /// To train with.
    pub train: Vec<NarratedVideo>,
    /// To choose the best epoch with; may be empty.
    pub validation: Vec<NarratedVideo>,
    /// To measure.
    pub test: Vec<NarratedVideo>,
    /// What a sentence is that is annotated several times in one video.
    pub same_sentence: SameSentence,
    /// What the reading left out, and why.
    pub counts: QueryCounts,
}

impl AnnotatedParts {
    /// Reads the annotation files.
    ///
    /// # Errors
    /// When a file cannot be read, or holds no query to train or to test with.
    pub fn read(
        section: &QuerySection,
        observer: &mut dyn TaskObserver,
    ) -> Result<Self, TransferError> {
        let mut counts = QueryCounts::default();
        let mut read = |file: &Option<PathBuf>, subset| match file {
            Some(file) => read_part(file, subset, section, &mut counts, observer),
            None => Ok(Vec::new()),
        };
        let mut train = read(&section.train, Subset::Train)?;
        let mut validation = read(&section.validation, Subset::Validation)?;
        let mut test = read(&section.test, Subset::Test)?;
        validation.extend(drawn(&mut train, section.validation_share, section, 0));
        // The share is of all videos, not of those that the validation part left.
        let left = 1.0 - section.validation_share;
        test.extend(drawn(&mut train, section.test_share / left, section, 1));
        warn_of_shared_videos(&train, &validation, &test, observer);
        let asks = |videos: &[NarratedVideo]| videos.iter().any(|video| !video.captions.is_empty());
        for (part, is_wanted, videos) in
            [("test", true, &test), ("train", section.train.is_some(), &train)]
        {
            if is_wanted && !asks(videos) {
                return Err(counts.no_queries(part));
            }
        }
        let same_sentence = section.same_sentence;
        Ok(Self { train, validation, test, same_sentence, counts })
    }

    /// The sentences of all parts, each once, sorted.
    pub fn sentences(&self) -> Vec<&str> {
        let videos = [&self.train, &self.validation, &self.test].into_iter().flatten();
        let captions = videos.flat_map(|video| &video.captions);
        let sentences: BTreeSet<&str> = captions.map(|caption| caption.text.as_str()).collect();
        sentences.into_iter().collect()
    }

    /// The first video that is tested.
    pub fn first_id(&self) -> Option<&str> {
        self.test.first().map(|video| video.id.as_str())
    }

    /// The videos of all parts that `holds` says are there.
    ///
    /// # Errors
    /// When there is no video of a part that is tested or trained with.
    pub fn feature_ids(
        &self,
        holds: impl Fn(&str) -> bool,
    ) -> Result<BTreeSet<String>, TransferError> {
        let mut ids = BTreeSet::new();
        let parts =
            [("train", &self.train), ("validation", &self.validation), ("test", &self.test)];
        for (part, videos) in parts {
            let there: Vec<String> =
                videos.iter().map(|video| &video.id).filter(|id| holds(id)).cloned().collect();
            if there.is_empty() && !videos.is_empty() && part != "validation" {
                let queries = videos.iter().map(|video| video.captions.len()).sum();
                let mut counts = self.counts.clone();
                counts.add(part, "left out, no features", queries);
                return Err(counts.no_queries(part));
            }
            ids.extend(there);
        }
        Ok(ids)
    }
}

/// Counts by name, in the order of their first appearance; zeros are not kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryCounts(pub Vec<(String, usize)>);

impl QueryCounts {
    pub(super) fn add(&mut self, part: &str, what: &str, count: usize) {
        if count == 0 {
            return;
        }
        let name = format!("{part}: {what}");
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known += count,
            None => self.0.push((name, count)),
        }
    }

    /// That a part has no query, and why.
    pub(super) fn no_queries(&self, part: &'static str) -> TransferError {
        let counts: Vec<String> =
            self.0.iter().map(|(name, count)| format!("{name}: {count}")).collect();
        GroundingError::NoQueries { part, counts: counts.join(", ") }.into()
    }
}

fn read_part(
    path: &Path,
    subset: Subset,
    section: &QuerySection,
    counts: &mut QueryCounts,
    observer: &mut dyn TaskObserver,
) -> Result<Vec<NarratedVideo>, TransferError> {
    let given = [&section.train, &section.validation, &section.test];
    let of_several = given.iter().filter(|file| file.as_deref() == Some(path)).count() > 1;
    let settings = ReadSettings {
        layout: section.layout,
        subset: (of_several || path.is_dir()).then_some(subset),
        ..ReadSettings::default()
    };
    let reader = CorpusReader::new(path, &settings, FileLookup::Never)?;
    let mut videos: Vec<NarratedVideo> = Vec::new();
    for source in reader.sources() {
        let report = reader.read(source, &mut videos)?;
        for (reason, count) in &report.dropped {
            counts.add(subset.name(), &format!("left out, {reason}"), *count);
        }
        for note in &report.notes {
            observer.warning(note);
        }
    }
    videos.sort_by(|a, b| a.id.cmp(&b.id));
    let all = videos.len();
    videos.dedup_by(|a, b| a.id == b.id);
    counts.add(subset.name(), "left out, video described twice", all - videos.len());
    Ok(videos)
}

/// Takes a share of the videos away, drawn at random.
fn drawn(
    videos: &mut Vec<NarratedVideo>,
    share: f64,
    section: &QuerySection,
    draw: u64,
) -> Vec<NarratedVideo> {
    let count = (share * videos.len() as f64).round() as usize;
    let mut order: Vec<usize> = (0..videos.len()).collect();
    order.shuffle(&mut generator(section.split_seed, Purpose::Split, draw, 0));
    let taken: BTreeSet<usize> = order.into_iter().take(count).collect();
    let numbered = std::mem::take(videos).into_iter().enumerate();
    let (drawn, left): (Vec<_>, Vec<_>) = numbered.partition(|(index, _)| taken.contains(index));
    *videos = left.into_iter().map(|(_, video)| video).collect();
    drawn.into_iter().map(|(_, video)| video).collect()
}

fn warn_of_shared_videos(
    train: &[NarratedVideo],
    validation: &[NarratedVideo],
    test: &[NarratedVideo],
    observer: &mut dyn TaskObserver,
) {
    let ids = |videos: &[NarratedVideo]| -> BTreeSet<String> {
        videos.iter().map(|video| video.id.clone()).collect()
    };
    let (test, rest) = (ids(test), [("training", ids(train)), ("validation", ids(validation))]);
    for (name, other) in rest {
        let shared = test.intersection(&other).count();
        if shared > 0 {
            let shared = counted_as(shared, "video is", "videos are");
            observer.warning(&format!("{shared} of the test and of the {name} part"));
        }
    }
}
