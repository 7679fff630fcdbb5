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
use std::slice;

use locvtp_corpus::{NarratedVideo, SALIENCY_CLIP_S};
use locvtp_video::counted::counted_as;
use locvtp_video::{Seconds, TimeSpan};

use crate::error::TransferError;
use crate::inputs::ClipFeatures;
use crate::inputs::input_error::InputError;
use crate::inputs::short_features::{VideoLength, note_of_short};
use crate::observer::TaskObserver;
use crate::tasks::grounding::annotated_parts::{
    AnnotatedParts, PositiveWindows, QueryCounts, QuerySection,
};
use crate::tasks::grounding::words::SentenceWords;
use locvtp_measure::metrics::best_iou;
use locvtp_measure::{AnnotatedQuery, Repeats, SameSentence, annotated_queries};

/// One sentence asked of one video.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The video's id in the annotations.
    pub video: String,
    /// Its id in the feature file.
    pub features: String,
    /// The caption's number in its source.
    pub caption: u32,
    /// What a file of moment retrieval calls it.
    pub qid: Option<String>,
    /// What is asked.
    pub sentence: String,
    /// The true moments, in the source's order, cut to the video; one or more, of which any is an
    /// answer.
    pub windows: Vec<TimeSpan>,
    /// Which of them is the best: see [`PositiveWindows::Best`].
    pub best: usize,
    /// How long the video is, as the annotations say; as the feature file says where they do not.
    pub duration: Seconds,
}

impl Query {
    /// The windows that a head learns to find.
    pub fn positives(&self, rule: PositiveWindows) -> &[TimeSpan] {
        match rule {
            PositiveWindows::All => &self.windows,
            PositiveWindows::Best => slice::from_ref(&self.windows[self.best]),
        }
    }

    /// Whether a head learns nothing of a moment, as it lies nearer to a window that is no positive.
    pub fn ignores(&self, moment: &TimeSpan, rule: PositiveWindows) -> bool {
        rule == PositiveWindows::Best
            && best_iou(moment, &self.windows)
                > best_iou(moment, slice::from_ref(&self.windows[self.best]))
    }
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
        let AnnotatedParts { train, validation, test, same_sentence, mut counts } = annotated;
        let had_train = !train.is_empty();
        let mut lengths = Vec::new();
        let mut join = |name, videos| {
            joined(name, videos, features, same_sentence, &mut counts, &mut lengths, observer)
        };
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
            return Err(QueryCounts(self.counts.clone()).no_queries(part));
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
        let mut counts = QueryCounts(std::mem::take(&mut self.counts));
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
                let bits = |span: &TimeSpan| [span.start.0, span.end.0].map(f64::to_bits);
                let windows: Vec<_> = query.windows.iter().map(bits).collect();
                !seen.insert((&query.video, &query.sentence, windows))
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
    same_sentence: SameSentence,
    counts: &mut QueryCounts,
    lengths: &mut Vec<VideoLength>,
    observer: &mut dyn TaskObserver,
) -> Result<Vec<Query>, TransferError> {
    let mut queries = Vec::new();
    let mut repeats = Repeats::default();
    let mut missing: Vec<String> = Vec::new();
    let mut widths: BTreeMap<usize, String> = BTreeMap::new();
    for video in videos {
        let asked = annotated_queries(&video, same_sentence);
        let captions = asked.len();
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
        lengths.push(VideoLength { id: id.clone(), num_clips, duration_s: duration.0 });
        repeats.look_at(&video.id, &asked);
        for query in asked {
            let whole = TimeSpan::new(0.0, duration.0);
            let cut = query.windows.iter().map(|window| window.clamped(&whole));
            let windows: Vec<TimeSpan> = cut.filter(|window| !window.is_empty()).collect();
            if windows.is_empty() {
                counts.add(part, "left out, after the end of the video", 1);
                continue;
            }
            if windows.len() > 1 {
                counts.add(part, "of several windows", 1);
            }
            queries.push(Query {
                video: video.id.clone(),
                features: id.clone(),
                caption: query.number,
                best: best_window(&windows, &query),
                qid: query.qids.into_iter().next(),
                sentence: query.sentence,
                windows,
                duration,
            });
        }
    }
    if let Some(told) = repeats.told("queries.same_sentence = \"joined\"") {
        observer.warning(&format!("{part}: {told}"));
    }
    if widths.len() > 1 {
        let mut widths = widths.into_iter();
        let (Some((width, id)), Some((other, other_id))) = (widths.next(), widths.next()) else {
            unreachable!("there are two widths")
        };
        let path = features.path().to_owned();
        return Err(InputError::FeatureWidth { path, id, width, other_id, other }.into());
    }
    if !missing.is_empty() {
        let (count, shown) = (missing.len(), missing.len().min(3));
        let names = missing[..shown].join(", ");
        let more = if count > shown { ", .." } else { "" };
        let there = features.ids().first().map_or("nothing", String::as_str);
        observer.warning(&format!(
            "{part}: {} no features in {} ({names}{more}; it calls one {there})",
            counted_as(count, "video has", "videos have"),
            features.path().display()
        ));
    }
    Ok(queries)
}

/// The window of the greatest mean saliency, else the longest, else the first.
fn best_window(windows: &[TimeSpan], query: &AnnotatedQuery) -> usize {
    let saliency = |window: &TimeSpan| -> f64 {
        let of_clip = |(clip, said): &(usize, [f64; 3])| {
            let start = *clip as f64 * SALIENCY_CLIP_S;
            let is_inside = window.contains(Seconds(start + SALIENCY_CLIP_S / 2.0));
            is_inside.then(|| said.iter().sum::<f64>())
        };
        let said: Vec<f64> = query.saliency.iter().filter_map(of_clip).collect();
        if said.is_empty() { 0.0 } else { said.iter().sum::<f64>() / said.len() as f64 }
    };
    let worth = |place: usize| (saliency(&windows[place]), windows[place].duration().0);
    let better = |best: usize, place: usize| if worth(place) > worth(best) { place } else { best };
    (0..windows.len()).reduce(better).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_window_is_the_most_salient_else_the_longest() {
        let windows = [(0.0, 4.0), (6.0, 8.0), (10.0, 14.0)].map(|(s, e)| TimeSpan::new(s, e));
        let mut query = AnnotatedQuery {
            number: 0,
            qids: vec![],
            sentence: String::new(),
            windows: windows.to_vec(),
            saliency: vec![],
            duration: None,
        };
        assert_eq!(best_window(&windows, &query), 0, "the first of the longest");
        // Clips 0 and 1 say 6 and 0, a mean of 3; clip 3 says 4.
        query.saliency = vec![(0, [2.0; 3]), (1, [0.0; 3]), (3, [2.0, 1.0, 1.0])];
        assert_eq!(best_window(&windows, &query), 1);
    }

    #[test]
    fn moments_nearer_to_another_window_are_ignored_where_only_the_best_is_right() {
        let windows = vec![TimeSpan::new(0.0, 4.0), TimeSpan::new(10.0, 12.0)];
        let query = Query {
            video: "v".into(),
            features: "v".into(),
            caption: 0,
            qid: None,
            sentence: "it moves".into(),
            windows,
            best: 0,
            duration: Seconds(20.0),
        };
        let [near_best, near_other, far] =
            [(0.0, 5.0), (9.0, 13.0), (15.0, 16.0)].map(|(s, e)| TimeSpan::new(s, e));
        let ignores = |moment| query.ignores(moment, PositiveWindows::Best);
        assert_eq!([&near_best, &near_other, &far].map(ignores), [false, true, false]);
        assert!(!query.ignores(&near_other, PositiveWindows::All));
        assert_eq!(query.positives(PositiveWindows::Best), [TimeSpan::new(0.0, 4.0)]);
        assert_eq!(query.positives(PositiveWindows::All).len(), 2);
    }
}
