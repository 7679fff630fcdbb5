//! The queries of a grounding task: which sentence is asked of which video, and the true answer.
//!
//! They come from [annotation files](super::annotated_parts), and are joined with a feature file. What
//! cannot be asked is counted with its reason and left out: captions the reader drops
//! (zero-length spans among them), videos without features, videos of unknown length, sentences
//! without a known word. A query that stands in its file twice stays twice: TACoS' published test
//! part has 572 such queries of 4,001, and whoever leaves them out measures another benchmark. They
//! are counted beside the others.
//!
//! Paper: §C.5 to §C.7.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use locvtp_corpus::NarratedVideo;
use locvtp_video::{Seconds, TimeSpan};

use crate::error::TransferError;
use crate::grounding::annotated_parts::{AnnotatedParts, Counts, QuerySection};
use crate::grounding::words::SentenceWords;
use crate::task::TaskObserver;
use crate::task::feature_section::ClipFeatures;
use crate::task::short_features::{VideoLength, note_of_short};

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
    /// Reads the annotation files and joins them with the features.
    ///
    /// # Errors
    /// As [`AnnotatedParts::read`] and [`QueryParts::of`].
    pub fn read(
        section: &QuerySection,
        features: &ClipFeatures,
        observer: &mut dyn TaskObserver,
    ) -> Result<Self, TransferError> {
        Self::of(AnnotatedParts::read(section, observer)?, features, observer)
    }

    /// Joins annotated videos with the features. The words come after: see
    /// [`QueryParts::keep_known_words`].
    ///
    /// # Errors
    /// When no query is left to train or to test with, or features differ in width.
    pub fn of(
        annotated: AnnotatedParts,
        features: &ClipFeatures,
        observer: &mut dyn TaskObserver,
    ) -> Result<Self, TransferError> {
        let AnnotatedParts { train, validation, test, mut counts } = annotated;
        let had_train = !train.is_empty();
        let mut lengths = Vec::new();
        let mut join =
            |name, videos| joined(name, videos, features, &mut counts, &mut lengths, observer);
        let parts = Self {
            train: join("train", train)?,
            validation: join("validation", validation)?,
            test: join("test", test)?,
            counts: Vec::new(),
        };
        let parts = Self { counts: counts.0, ..parts };
        if let Some(note) = note_of_short(&lengths) {
            observer.warning(&format!("{}: {note}", features.path().display()));
        }
        parts.require("test", &parts.test)?;
        if had_train {
            parts.require("train", &parts.train)?;
        }
        Ok(parts)
    }

    fn require(&self, part: &'static str, queries: &[Query]) -> Result<(), TransferError> {
        if queries.is_empty() {
            return Err(Counts(self.counts.clone()).no_queries(part));
        }
        Ok(())
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

/// The queries of some videos, where there are features.
fn joined(
    part: &'static str,
    videos: Vec<NarratedVideo>,
    features: &ClipFeatures,
    counts: &mut Counts,
    lengths: &mut Vec<VideoLength>,
    observer: &mut dyn TaskObserver,
) -> Result<Vec<Query>, TransferError> {
    let mut queries = Vec::new();
    let mut missing: Vec<String> = Vec::new();
    let mut widths: BTreeMap<usize, String> = BTreeMap::new();
    for video in videos {
        let captions = video.captions.len();
        let Some(id) = features.find(&video.id).map(ToOwned::to_owned) else {
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
        lengths.push(VideoLength { id: id.clone(), clips: num_clips, duration_s: duration.0 });
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
        let there = features.ids().first().map_or("nothing", String::as_str);
        observer.warning(&format!(
            "{part}: {count} videos have no features in {} ({names}{more}; it calls one {there})",
            features.path().display()
        ));
    }
    Ok(queries)
}
