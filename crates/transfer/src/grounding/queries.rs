//! The queries of a grounding task: which sentence is asked of which video, and the true answer.
//!
//! They come from the annotation files of ActivityNet Captions, Charades-STA and TACoS as these are
//! handed out, or from any other corpus that `locvtp-corpus` reads, and are joined with a feature
//! file. What cannot be asked is counted with its reason and left out: captions the reader drops
//! (zero-length spans among them), videos without features, videos of unknown length, sentences
//! without a known word. A query that stands in its file twice stays twice: TACoS' published test
//! part has 572 such queries of 4,001, and whoever leaves them out measures another benchmark. They
//! are counted beside the others.
//!
//! Paper: §C.5 to §C.7.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use locvtp_corpus::{CorpusReader, FileLookup, Layout, NarratedVideo, ReadSettings, Subset};
use locvtp_video::{Seconds, TimeSpan};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::error::TransferError;
use crate::grounding::words::SentenceWords;
use crate::task::TaskObserver;
use crate::task::draws::{Draw, generator};
use crate::task::feature_section::ClipFeatures;

/// `[queries]` of a task file: the annotation file of each part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// This share of the training videos is drawn to validate with, where there is no validation file.
    pub validation_share: f64,
    /// This share of the training videos is drawn to test with, where there is no test file.
    pub test_share: f64,
    /// Seed of that draw; the same for all seeds of the training.
    pub split_seed: u64,
}

impl QuerySection {
    /// # Errors
    /// When a share is no share, or a part is both given and drawn.
    pub fn check(&self) -> Result<(), TransferError> {
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
            return Err(TransferError::Setting { key, found: share.to_string(), expected });
        }
        if self.validation_share + self.test_share >= 1.0 {
            let found = (self.validation_share + self.test_share).to_string();
            let (key, expected) =
                ("queries.validation_share + queries.test_share", "a share below 1");
            return Err(TransferError::Setting { key, found, expected });
        }
        if self.test.is_none() && self.test_share == 0.0 {
            let (key, found) = ("queries.test", "missing".to_owned());
            let expected = "an annotation file, or queries.test_share";
            return Err(TransferError::Setting { key, found, expected });
        }
        Ok(())
    }
}

/// One sentence asked of one video.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The video's id in the annotations.
    pub video: String,
    /// Its id in the feature file.
    pub features: String,
    /// The caption's number in its source.
    pub caption: u32,
    /// What is asked.
    pub sentence: String,
    /// The true moment.
    pub span: TimeSpan,
    /// How long the video is, as the annotations say; as the feature file says where they do not.
    pub duration: Seconds,
}

/// The queries of all parts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryParts {
    /// To train with.
    pub train: Vec<Query>,
    /// To choose the best epoch with; may be empty.
    pub validation: Vec<Query>,
    /// To measure.
    pub test: Vec<Query>,
    /// How many there are of each, and how many were left out and why: by name, in order.
    pub counts: Vec<(String, usize)>,
}

impl QueryParts {
    /// Reads the annotation files and joins them with the features. The words come after: see
    /// [`QueryParts::keep_known_words`].
    ///
    /// # Errors
    /// When a file cannot be read, or no query is left to train or to test with.
    pub fn read(
        section: &QuerySection,
        features: &ClipFeatures,
        observer: &mut dyn TaskObserver,
    ) -> Result<Self, TransferError> {
        let mut counts = Counts::default();
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
        let mut join = |name, videos| joined(name, videos, features, &mut counts, observer);
        let parts = Self {
            train: join("train", train)?,
            validation: join("validation", validation)?,
            test: join("test", test)?,
            counts: Vec::new(),
        };
        let parts = Self { counts: counts.0, ..parts };
        parts.require("test", &parts.test)?;
        if section.train.is_some() {
            parts.require("train", &parts.train)?;
        }
        Ok(parts)
    }

    fn require(&self, part: &'static str, queries: &[Query]) -> Result<(), TransferError> {
        if !queries.is_empty() {
            return Ok(());
        }
        let counts: Vec<String> =
            self.counts.iter().map(|(name, count)| format!("{name}: {count}")).collect();
        Err(TransferError::NoQueries { part, counts: counts.join(", ") })
    }

    /// The sentences of all parts, each once, sorted.
    pub fn sentences(&self) -> Vec<&str> {
        let all = [&self.train, &self.validation, &self.test];
        let sentences: BTreeSet<&str> =
            all.into_iter().flatten().map(|query| query.sentence.as_str()).collect();
        sentences.into_iter().collect()
    }

    /// Leaves out the queries of which `words` knows no word, and counts what is left.
    ///
    /// # Errors
    /// When no query is left to train or to test with.
    pub fn keep_known_words(mut self, words: &SentenceWords) -> Result<Self, TransferError> {
        let had_train = !self.train.is_empty();
        let mut counts = Counts(std::mem::take(&mut self.counts));
        let parts = [
            ("train", &mut self.train),
            ("validation", &mut self.validation),
            ("test", &mut self.test),
        ];
        for (name, queries) in parts {
            let before = queries.len();
            queries.retain(|query| words.knows(&query.sentence));
            counts.add(name, "left out, no known word", before - queries.len());
            let mut seen = HashSet::new();
            let again = queries.iter().filter(|query| {
                let [start, end] = [query.span.start.0, query.span.end.0].map(f64::to_bits);
                !seen.insert((&query.video, &query.sentence, start, end))
            });
            counts.add(name, "stand there more than once, and stay", again.count());
            if before > 0 {
                counts.0.push((format!("{name}: queries"), queries.len()));
            }
        }
        self.counts = counts.0;
        self.require("test", &self.test)?;
        if had_train {
            self.require("train", &self.train)?;
        }
        Ok(self)
    }
}

/// Counts by name, in the order of their first appearance; zeros are not kept.
#[derive(Default)]
struct Counts(Vec<(String, usize)>);

impl Counts {
    fn add(&mut self, part: &str, what: &str, count: usize) {
        if count == 0 {
            return;
        }
        let name = format!("{part}: {what}");
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known += count,
            None => self.0.push((name, count)),
        }
    }
}

fn read_part(
    path: &Path,
    subset: Subset,
    section: &QuerySection,
    counts: &mut Counts,
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
    order.shuffle(&mut generator(section.split_seed, Draw::Split, draw, 0));
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
            observer.warning(&format!("{shared} videos are of the test and of the {name} part"));
        }
    }
}

/// The queries of some videos, where there are features.
fn joined(
    part: &'static str,
    videos: Vec<NarratedVideo>,
    features: &ClipFeatures,
    counts: &mut Counts,
    observer: &mut dyn TaskObserver,
) -> Result<Vec<Query>, TransferError> {
    let mut queries = Vec::new();
    let mut missing: Vec<String> = Vec::new();
    let mut widths: BTreeMap<usize, String> = BTreeMap::new();
    for video in videos {
        let captions = video.captions.len();
        let Some(id) = feature_id(&video.id, features) else {
            counts.add(part, "left out, no features", captions);
            missing.push(video.id);
            continue;
        };
        let [num_clips, width] = features.shape(&id)?.unwrap_or_default();
        if num_clips == 0 {
            counts.add(part, "left out, features of no clip", captions);
            continue;
        }
        widths.entry(width).or_insert_with(|| id.clone());
        let Some(duration) = video.duration.or_else(|| features.duration(&id)) else {
            counts.add(part, "left out, length of the video unknown", captions);
            continue;
        };
        for caption in video.captions {
            let whole = TimeSpan::new(0.0, duration.0);
            let span = caption.span.clamped(&whole);
            if span.is_empty() {
                counts.add(part, "left out, after the end of the video", 1);
                continue;
            }
            queries.push(Query {
                video: video.id.clone(),
                features: id.clone(),
                caption: caption.id,
                sentence: caption.text,
                span,
                duration,
            });
        }
    }
    if widths.len() > 1 {
        let mut widths = widths.into_iter();
        let (Some((width, id)), Some((other, other_id))) = (widths.next(), widths.next()) else {
            unreachable!("there are two widths")
        };
        let path = features.path().to_owned();
        return Err(TransferError::FeatureWidth { path, id, width, other_id, other });
    }
    if !missing.is_empty() {
        let (count, shown) = (missing.len(), missing.len().min(3));
        let names = missing[..shown].join(", ");
        let more = if count > shown { ", .." } else { "" };
        observer.warning(&format!(
            "{part}: {count} videos have no features in {} ({names}{more})",
            features.path().display()
        ));
    }
    Ok(queries)
}

/// What a video is called in a feature file: by its id, without ActivityNet's `v_`, without folder
/// and ending.
fn feature_id(id: &str, features: &ClipFeatures) -> Option<String> {
    let stem = Path::new(id).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let bare = id.strip_prefix("v_").map(ToOwned::to_owned);
    let prefixed = Some(format!("v_{id}"));
    let names = [Some(id.to_owned()), bare, stem, prefixed];
    names.into_iter().flatten().find(|name| features.holds(name))
}
