//! Ranked moments of sentences against annotated ones: R@n,IoU@m and mIoU; where a sentence has several
//! windows also mAP, by the length of the windows, and highlights.
//!
//! A line of the predictions is one query (`moment_answers`). A query without a
//! line, or with an empty one, is a miss.
//!
//! Truth in the form of QVHighlights is measured as the evaluation that it is published with
//! ([`GroundingProtocol::moment_retrieval`]), and the report holds its numbers once more under its
//! names, rounded as it rounds them.

use std::path::Path;

use locvtp_corpus::SALIENCY_CLIP_S;
use locvtp_video::TimeSpan;
use serde_json::{Map, Value, json};

use super::json_lines::read_lines;
use super::moment_answers::{Answer, Matched, Queries};
use super::truth::Truth;
use super::{Faults, ScoreReport};
use crate::error::MeasureError;
use crate::metrics::Metrics;
use crate::metrics::best_window::best_iou;
use crate::metrics::grounding::{IouBoundary, grounding, recall_at};
use crate::metrics::highlights::{LEVELS, ScoredClips, highlights};
use crate::metrics::moment_retrieval::{
    KEPT, LengthClass, MeanAp, RetrievedWindows, ScoredWindow, THRESHOLDS, mean_ap,
};
use crate::moment::suppress_overlaps;

/// How moments are counted.
#[derive(Clone, Debug, PartialEq)]
pub struct GroundingProtocol {
    /// The `n` of R@n, ascending.
    pub top: Vec<usize>,
    /// The `m` of IoU@m.
    pub iou: Vec<f64>,
    /// Whether an IoU of exactly `m` is a hit.
    pub boundary: IouBoundary,
    /// What is done about moments that overlap better ones.
    pub suppression: Suppression,
    /// Which moment of a list is the first.
    pub rank: RankedBy,
    /// Whether mAP and highlights are measured, too.
    pub mean_ap: bool,
}

/// Which moment of a list is the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RankedBy {
    /// The one of the best score; equal scores keep their order.
    #[default]
    Score,
    /// The one that stands first, whatever its score.
    Listed,
}

/// Non-maximum suppression.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Suppression {
    /// None: the file holds what is to be measured.
    #[default]
    Off,
    /// Moments whose IoU with a better one is above this are dropped, as in 2D-TAN.
    Above(f64),
    /// The same for each IoU@m anew, above `m` minus this: as in CSMGAN, with 0.05.
    BelowEach(f64),
}

impl Default for GroundingProtocol {
    fn default() -> Self {
        Self {
            top: vec![1, 5],
            iou: vec![0.1, 0.3, 0.5, 0.7],
            boundary: IouBoundary::Strict,
            suppression: Suppression::Off,
            rank: RankedBy::Score,
            mean_ap: false,
        }
    }
}

impl GroundingProtocol {
    /// As QVHighlights is measured.
    pub fn moment_retrieval() -> Self {
        Self {
            top: vec![1],
            iou: vec![0.5, 0.7],
            boundary: IouBoundary::Inclusive,
            suppression: Suppression::Off,
            rank: RankedBy::Listed,
            mean_ap: true,
        }
    }

    /// What is usual for a truth.
    pub fn usual(truth: &Truth) -> Self {
        if truth.has_windows() { Self::moment_retrieval() } else { Self::default() }
    }

    /// # Errors
    /// When a setting cannot be used.
    pub fn check(&self) -> Result<(), MeasureError> {
        let setting =
            |key, found: String, expected| Err(MeasureError::Setting { key, found, expected });
        if self.top.is_empty() || self.top.contains(&0) {
            return setting("top", format!("{:?}", self.top), "one n or more, from 1");
        }
        let is_share = |iou: &f64| (0.0..=1.0).contains(iou);
        if self.iou.is_empty() || !self.iou.iter().all(is_share) {
            return setting("iou", format!("{:?}", self.iou), "numbers from 0 to 1");
        }
        match self.suppression {
            Suppression::Above(iou) | Suppression::BelowEach(iou) if !is_share(&iou) => {
                setting("nms", iou.to_string(), "a number from 0 to 1")
            }
            _ => Ok(()),
        }
    }

    /// The windows of a list, the first first.
    pub(super) fn ranked(&self, mut listed: Vec<ScoredWindow>) -> Vec<ScoredWindow> {
        if self.rank == RankedBy::Score {
            listed.sort_by(|a, b| b.score.total_cmp(&a.score));
        }
        listed
    }

    /// What of ranked windows counts for mAP.
    pub(super) fn kept(&self, ranked: &[ScoredWindow]) -> Vec<ScoredWindow> {
        if !self.mean_ap {
            return Vec::new();
        }
        match self.suppression {
            Suppression::Above(max_iou) => {
                let spans = spans(ranked);
                let kept = suppress_overlaps(&spans, max_iou, KEPT);
                kept.into_iter().map(|place| ranked[place]).collect()
            }
            _ => ranked[..ranked.len().min(KEPT)].to_vec(),
        }
    }

    /// For each IoU@m, the moments that count, best first.
    pub(super) fn counted(&self, ranked: &[ScoredWindow]) -> Vec<Vec<TimeSpan>> {
        let ranked = spans(ranked);
        let top = self.top.iter().copied().max().unwrap_or(1);
        let kept = |max_iou: f64| -> Vec<TimeSpan> {
            let kept = suppress_overlaps(&ranked, max_iou, top);
            kept.into_iter().map(|place| ranked[place]).collect()
        };
        match self.suppression {
            Suppression::Off => vec![ranked[..ranked.len().min(top)].to_vec()],
            Suppression::Above(max_iou) => vec![kept(max_iou)],
            Suppression::BelowEach(below) => self.iou.iter().map(|m| kept(m - below)).collect(),
        }
    }

    /// Whether it is that of [`GroundingProtocol::moment_retrieval`] in all but what is listed.
    fn is_standard(&self) -> bool {
        let Self { boundary, suppression, rank, mean_ap, .. } = Self::moment_retrieval();
        (self.boundary, self.suppression, self.rank, self.mean_ap)
            == (boundary, suppression, rank, mean_ap)
    }
}

fn spans(windows: &[ScoredWindow]) -> Vec<TimeSpan> {
    windows.iter().map(|window| window.span).collect()
}

/// Measures the moments in `predictions`.
///
/// # Errors
/// When a line is broken or holds a number that is not finite, no predicted video is annotated, or a
/// setting cannot be used.
pub fn score_grounding(
    predictions: &Path,
    truth: &Truth,
    protocol: &GroundingProtocol,
) -> Result<ScoreReport, MeasureError> {
    protocol.check()?;
    let queries = Queries::of(truth);
    let lines = read_lines(predictions, |line| Answer::parse(line, protocol))?;
    let matched = queries.match_up(lines, truth)?;
    let mut report = ScoreReport::new("grounding");
    // A file of highlights alone has no windows to measure.
    let has_windows = matched.answers.iter().flatten().any(|answer| answer.counted.is_some());
    if has_windows {
        recalls(&mut report, &matched, &queries, protocol)?;
    }
    if protocol.mean_ap {
        let measured = Measured::of(&matched, &queries, has_windows, &mut report);
        measured.add_to(&mut report.metrics);
        if protocol.is_standard() {
            report.standard = Some(measured.by_their_names());
        }
    }
    matched.describe(&mut report, truth, &queries, protocol.rank);
    describe(&mut report, protocol);
    report.truth = truth.sources.clone();
    Ok(report)
}

/// R@n,IoU@m and mIoU.
fn recalls(
    report: &mut ScoreReport,
    matched: &Matched,
    queries: &Queries<'_>,
    protocol: &GroundingProtocol,
) -> Result<(), MeasureError> {
    let lists = match protocol.suppression {
        Suppression::BelowEach(_) => protocol.iou.len(),
        _ => 1,
    };
    let truths = queries.truths();
    let per_list: Vec<Vec<Vec<TimeSpan>>> = (0..lists)
        .map(|list| {
            let of = |answer: &Option<Answer>| {
                let counted = answer.as_ref().and_then(|answer| answer.counted.as_ref());
                counted.map_or_else(Vec::new, |counted| counted[list].clone())
            };
            matched.answers.iter().map(of).collect()
        })
        .collect();
    for &n in &protocol.top {
        for (place, &m) in protocol.iou.iter().enumerate() {
            let predicted = &per_list[place.min(lists - 1)];
            let recall = recall_at(predicted, &truths, n, m, protocol.boundary)?;
            report.add(&format!("R@{n},IoU@{m}"), recall);
        }
    }
    if protocol.mean_ap {
        let mut sum = 0.0;
        for m in THRESHOLDS {
            sum += recall_at(&per_list[0], &truths, 1, m, protocol.boundary)?;
        }
        report.add("mR@1", sum / THRESHOLDS.len() as f64);
    }
    let miou = grounding(&per_list[0], &truths, protocol.boundary)?.miou;
    report.add("mIoU", miou);
    Ok(())
}

/// What the evaluation of QVHighlights measures: windows, of every class of length and of all, and
/// highlights.
struct Measured {
    /// Named `short`, `middle`, `long` and `full`; without classes that no true window is of.
    windows: Vec<(&'static str, MeanAp, [f64; THRESHOLDS.len()])>,
    /// mAP and HIT@1, by the name of the level.
    highlights: Vec<(&'static str, f64, f64)>,
}

impl Measured {
    fn of(
        matched: &Matched,
        queries: &Queries<'_>,
        has_windows: bool,
        report: &mut ScoreReport,
    ) -> Self {
        let mut measured = Self { windows: Vec::new(), highlights: Vec::new() };
        if has_windows {
            for class in LengthClass::ALL {
                let of_class = |window: &&TimeSpan| class.holds(window);
                let part =
                    |windows: &[TimeSpan]| windows.iter().filter(of_class).copied().collect();
                measured.windows.extend(measured_part(class.name, matched, queries, part).0);
            }
            let (full, with_empty) =
                measured_part("full", matched, queries, |windows: &[TimeSpan]| windows.to_vec());
            measured.windows.extend(full);
            tell_of_windows(matched, queries, with_empty, report);
        }
        let annotated = queries.all.iter().filter(|query| !query.saliency.is_empty()).count();
        let scored =
            matched.answers.iter().flatten().filter(|answer| answer.saliency.is_some()).count();
        match (annotated, scored) {
            (_, 0) => {}
            (0, _) => report.notes.push(format!(
                "{scored} lines have pred_saliency_scores, which are not measured: the truth says \
                 nothing of highlights"
            )),
            _ => measured.highlights = measured_highlights(matched, queries, report),
        }
        measured
    }

    /// Under the names of this program.
    fn add_to(&self, metrics: &mut Metrics) {
        let mut add = |name: &str, value| *metrics = std::mem::take(metrics).with(name, value);
        if let Some((_, full, _)) = self.windows.iter().find(|(name, ..)| *name == "full") {
            add("mAP", full.average);
            for (threshold, at) in [(0.5, full.at[0]), (0.75, full.at[5])] {
                add(&format!("mAP@{threshold}"), at);
            }
        }
        for (name, found, _) in self.windows.iter().filter(|(name, ..)| *name != "full") {
            add(&format!("mAP, {name}"), found.average);
        }
        for (level, mean_ap, hit1) in &self.highlights {
            add(&format!("highlights, {level}: mAP"), *mean_ap);
            add(&format!("highlights, {level}: HIT@1"), *hit1);
        }
    }

    /// Under the names that the evaluation of QVHighlights gives them, rounded as there.
    fn by_their_names(&self) -> Value {
        let (mut all, mut brief) = (Map::new(), Map::new());
        for (name, found, recalls) in &self.windows {
            let by_threshold = |values: &[f64]| -> Map<String, Value> {
                let names = THRESHOLDS.iter().map(ToString::to_string);
                names.zip(values.iter().map(|value| rounded(*value))).collect()
            };
            let mut precisions = by_threshold(&found.at);
            precisions.insert("average".to_owned(), rounded(found.average));
            brief.insert(format!("MR-{name}-mAP"), rounded(found.average));
            if *name == "full" {
                for at in ["0.5", "0.75"] {
                    brief.insert(format!("MR-full-mAP@{at}"), precisions[at].clone());
                }
                for (at, place) in [("0.5", 0), ("0.7", 4)] {
                    brief.insert(format!("MR-full-R1@{at}"), rounded(recalls[place]));
                }
            }
            let of_class = json!({ "MR-mAP": precisions, "MR-R1": by_threshold(recalls) });
            all.insert((*name).to_owned(), of_class);
        }
        for (level, mean_ap, hit1) in &self.highlights {
            let name = format!("HL-min-{level}");
            brief.insert(format!("{name}-mAP"), rounded(*mean_ap));
            brief.insert(format!("{name}-Hit1"), rounded(*hit1));
            all.insert(name, json!({ "HL-mAP": rounded(*mean_ap), "HL-Hit1": rounded(*hit1) }));
        }
        let mut report = Map::from_iter([("brief".to_owned(), brief.into())]);
        report.extend(all);
        report.into()
    }
}

/// Two digits, as they are printed.
fn rounded(value: f64) -> Value {
    format!("{value:.2}").parse::<f64>().unwrap_or(value).into()
}

type Part = Option<(&'static str, MeanAp, [f64; THRESHOLDS.len()])>;

/// Average precision and R@1 against the windows that `part` leaves of a query; queries of which it
/// leaves none are left out. Beside it the mAP in which an empty answer counts as 0.
fn measured_part(
    name: &'static str,
    matched: &Matched,
    queries: &Queries<'_>,
    part: impl Fn(&[TimeSpan]) -> Vec<TimeSpan>,
) -> (Part, Option<f64>) {
    let truths: Vec<Vec<TimeSpan>> = queries.all.iter().map(|query| part(&query.windows)).collect();
    let asked: Vec<(&Vec<TimeSpan>, &Option<Answer>)> =
        truths.iter().zip(&matched.answers).filter(|(truth, _)| !truth.is_empty()).collect();
    let answered = || {
        let of = |(truth, answer): &(&'_ Vec<TimeSpan>, &Option<Answer>)| {
            Some((answer.as_ref()?.kept.clone(), (*truth).clone()))
        };
        asked.iter().filter_map(of).collect::<Vec<_>>()
    };
    let answered = answered();
    let retrieved =
        || answered.iter().map(|(predicted, truth)| RetrievedWindows { predicted, truth });
    let silent = asked.len() - answered.len();
    let empty = answered.iter().filter(|(predicted, _)| predicted.is_empty()).count();
    let Some(found) = mean_ap(retrieved(), silent) else { return (None, None) };
    let first_ious: Vec<f64> = asked
        .iter()
        .map(|(truth, answer)| {
            let first = answer.as_ref().and_then(|answer| answer.counted.as_ref()?[0].first());
            first.map_or(0.0, |first| best_iou(first, truth))
        })
        .collect();
    let recalls = THRESHOLDS.map(|threshold| {
        let hits = first_ious.iter().filter(|iou| **iou >= threshold).count();
        100.0 * (hits as f64 / asked.len() as f64)
    });
    let with_empty = mean_ap(retrieved(), silent + empty).map(|found| found.average);
    (Some((name, found, recalls)), with_empty)
}

fn tell_of_windows(
    matched: &Matched,
    queries: &Queries<'_>,
    with_empty: Option<f64>,
    report: &mut ScoreReport,
) {
    let empty = matched.num_empty();
    if let (1.., Some(with_empty)) = (empty, with_empty) {
        report.notes.push(format!(
            "{empty} queries have a line without windows: R@n counts them as misses, and mAP leaves them \
             out, as the standard evaluation does; with 0 for them mAP is {with_empty:.2}"
        ));
    }
    if matched.num_silent() > 0 {
        report.notes.push(
            "queries without a line count as misses in all numbers; the standard evaluation refuses \
             such a file"
                .to_owned(),
        );
    }
    let in_no_class =
        |window: &&TimeSpan| !LengthClass::ALL.iter().any(|class| class.holds(window));
    let outside = queries.all.iter().flat_map(|query| &query.windows).filter(in_no_class).count();
    if outside > 0 {
        report.notes.push(format!(
            "{outside} true windows are longer than 150 s, or without length: they are neither short, \
             middle nor long, and count in the other numbers alone"
        ));
    }
    let mut late = Faults::default();
    for query in &queries.all {
        let Some(duration) = query.duration else { continue };
        for window in query.windows.iter().filter(|window| window.end > duration) {
            let sentence = &query.sentence;
            late.note(|| format!("{window} of {sentence:?}, {duration} long"));
        }
    }
    report.fault(
        "true windows end after their video",
        &late,
        "and count as they stand, as in the standard evaluation",
    );
}

/// The numbers of highlights at every level.
fn measured_highlights(
    matched: &Matched,
    queries: &Queries<'_>,
    report: &mut ScoreReport,
) -> Vec<(&'static str, f64, f64)> {
    let mut without = Faults::default();
    let mut clips: Vec<(&[f64], Vec<[f64; 3]>)> = Vec::new();
    for (query, answer) in queries.all.iter().zip(&matched.answers) {
        let Some(duration) = query.duration.filter(|_| !query.saliency.is_empty()) else {
            continue;
        };
        let mut saliency = vec![[0.0; 3]; (duration.0 / SALIENCY_CLIP_S) as usize];
        for (clip, said) in &query.saliency {
            // The reader has seen to it that the clip is one of the video.
            if let Some(of_clip) = saliency.get_mut(*clip) {
                *of_clip = *said;
            }
        }
        let predicted = answer.as_ref().and_then(|answer| answer.saliency.as_deref());
        if predicted.is_none_or(<[f64]>::is_empty) {
            without.note(|| format!("{:?}", query.sentence));
        }
        clips.push((predicted.unwrap_or_default(), saliency));
    }
    report.fault("queries without pred_saliency_scores", &without, "count as misses of highlights");
    report.count("queries with annotated highlights", clips.len());
    let at = |(name, level): (&'static str, f64)| {
        let scored = clips.iter().map(|(predicted, saliency)| ScoredClips { predicted, saliency });
        highlights(scored, level).map(|found| (name, found.mean_ap, found.hit1))
    };
    LEVELS.into_iter().filter_map(at).collect()
}

fn describe(report: &mut ScoreReport, protocol: &GroundingProtocol) {
    report.says("boundary", serde_json::to_value(protocol.boundary).expect("a word"));
    report.says(
        "nms",
        match protocol.suppression {
            Suppression::Off => "off".to_owned(),
            Suppression::Above(iou) => format!("above {iou}"),
            Suppression::BelowEach(below) => format!("above each IoU@m - {below}"),
        },
    );
    let rank = match protocol.rank {
        RankedBy::Score => "by score",
        RankedBy::Listed => "as listed",
    };
    report.says("rank", rank);
}

#[cfg(test)]
mod tests {
    use locvtp_corpus::{Caption, NarratedVideo};
    use proptest::prelude::*;

    use super::*;

    fn truth() -> Truth {
        use locvtp_corpus::VideoSink;
        let caption = |id, start, end, text: &str| {
            let mut caption = Caption::new(TimeSpan::new(start, end), text);
            caption.id = id;
            caption
        };
        let mut truth = Truth::default();
        // Sorted by time; the file had "b" (4) before "b" (7).
        let first =
            vec![caption(7, 0.0, 4.0, "b."), caption(3, 1.0, 5.0, "a"), caption(4, 6.0, 8.0, "B")];
        truth.video(NarratedVideo::new("one.avi", "", first));
        truth.video(NarratedVideo::new("two", "", vec![caption(0, 0.0, 10.0, "c")]));
        truth
    }

    fn score(lines: &str, protocol: &GroundingProtocol) -> Result<ScoreReport, MeasureError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), lines).unwrap();
        score_grounding(file.path(), &truth(), protocol)
    }

    fn loose() -> GroundingProtocol {
        let (top, iou) = (vec![1, 2], vec![0.5]);
        GroundingProtocol { top, iou, boundary: IouBoundary::Strict, ..Default::default() }
    }

    fn of(report: &ScoreReport, name: &str) -> f64 {
        report.metrics.get(name).unwrap()
    }

    #[test]
    fn queries_are_found_by_number_or_sentence_and_scores_rank() {
        let lines = "\
{\"video\": \"one\", \"query\": 3, \"spans\": [[9, 10, 0.1], [1, 5, 0.9]]}
{\"vid\": \"one.mp4\", \"query\": \"B .\", \"pred_relevant_windows\": [[6, 8]]}
{\"video\": \"one\", \"sentence\": \" b\", \"spans\": [[6, 8], [0, 4]]}
";
        let report = score(lines, &loose()).unwrap();
        // Query 3: IoU 1. The lines of "b" answer query 4 (IoU 1), then 7 (0, the second 1).
        assert_eq!((of(&report, "R@1,IoU@0.5"), of(&report, "R@2,IoU@0.5")), (50.0, 75.0));
        assert_eq!(of(&report, "mIoU"), 50.0);
        assert_eq!(report.counts["queries without a line"], 1);
        assert!(report.notes.iter().any(|note| note.contains("\"two\", \"c\"")), "{report:?}");
    }

    #[test]
    fn one_line_answers_every_query_of_its_sentence() {
        let lines = r#"{"video": "one", "sentence": "b", "spans": [[0, 4], [6, 8]]}"#;
        let report = score(lines, &loose()).unwrap();
        assert_eq!((of(&report, "R@1,IoU@0.5"), of(&report, "R@2,IoU@0.5")), (25.0, 50.0));
        assert_eq!(report.counts["queries without a line"], 2);
    }

    #[test]
    fn what_does_not_belong_is_counted_and_left_out() {
        let lines = "\
{\"video\": \"one\", \"query\": 3, \"spans\": []}

{\"video\": \"one\", \"query\": 3, \"spans\": [[1, 5]]}
{\"video\": \"one\", \"query\": 9, \"spans\": [[1, 5]]}
{\"video\": \"one\", \"sentence\": \"zebra\", \"spans\": [[1, 5]]}
{\"video\": \"six\", \"query\": 0, \"spans\": [[1, 5]]}
{\"video\": \"two\", \"query\": 0, \"spans\": [[5, 1]]}
";
        let report = score(lines, &loose()).unwrap();
        let counts = |name: &str| report.counts[name].as_u64().unwrap();
        assert_eq!(counts("lines of answered queries"), 1);
        assert_eq!(counts("lines of unknown queries"), 2);
        assert_eq!(counts("lines of unknown videos"), 1);
        assert_eq!(counts("queries with no span"), 1);
        assert_eq!(counts("spans that end before they start"), 1);
        assert_eq!((of(&report, "R@2,IoU@0.5"), of(&report, "mIoU")), (0.0, 0.0));
        assert!(report.notes.iter().any(|note| note.contains("line 6, \"six\"")), "{report:?}");
    }

    #[test]
    fn what_cannot_be_measured_names_its_line() {
        let refused = |lines: &str| score(lines, &loose()).unwrap_err().to_string();
        let good = r#"{"video": "one", "query": 3, "spans": []}"#;
        for (bad, reason) in [
            (r#"{"video": "one", "query": 3, "spans": [[0, 1, NaN]]}"#, "NaN"),
            (r#"{"video": "one", "query": 3, "spans": [[0, 1, 2], [0, 1]]}"#, "some spans have"),
            (r#"{"video": "one", "spans": [[0, 1, 2]]}"#, "\"sentence\""),
            (r#"{"query": 3, "spans": []}"#, "no \"video\""),
            (r#"{"video": "one", "query": 3}"#, "no \"spans\""),
        ] {
            let error = refused(&format!("{good}\n{bad}\n"));
            assert!(error.contains("line 2") && error.contains(reason), "{error}");
        }
        let error = refused(r#"{"video": "six", "query": 3, "spans": []}"#);
        assert!(error.contains("six") && error.contains("one.avi"), "{error}");
        assert!(refused("").contains("empty"));
        let none = GroundingProtocol { top: vec![], ..loose() };
        assert!(score(good, &none).unwrap_err().to_string().contains("top"));
    }

    #[test]
    fn suppression_and_boundary_follow_the_protocol() {
        // IoU of the two first 9/10; of the third with the truth (0..10) exactly 1/2.
        let line = r#"{"video": "two", "query": 0, "spans": [[10, 20], [11, 20], [0, 5]]}"#;
        let with = |suppression, boundary| {
            let protocol = GroundingProtocol { suppression, boundary, ..loose() };
            of(&score(line, &protocol).unwrap(), "R@2,IoU@0.5")
        };
        use IouBoundary::{Inclusive, Strict};
        assert_eq!(with(Suppression::Off, Inclusive), 0.0);
        assert_eq!(with(Suppression::Above(0.5), Inclusive), 25.0);
        assert_eq!(with(Suppression::Above(0.5), Strict), 0.0);
        assert_eq!(with(Suppression::Above(0.95), Inclusive), 0.0);
        assert_eq!(with(Suppression::BelowEach(0.05), Inclusive), 25.0);
    }

    proptest! {
        #[test]
        fn the_order_of_lines_and_of_scored_spans_changes_nothing(
            (spans, order) in (
                prop::collection::vec(
                    prop::collection::vec((0.0..9.0f64, 0.1..9.0f64), 0..6), 4..=4,
                ),
                Just(vec![0usize, 1, 2, 3]).prop_shuffle(),
            )
        ) {
            let queries = [("one", 7), ("one", 3), ("one", 4), ("two", 0)];
            let line = |place: usize, turned: bool| {
                let mut rows: Vec<String> = spans[place]
                    .iter()
                    .enumerate()
                    .map(|(rank, (start, length))| {
                        format!("[{start}, {}, {}]", start + length, -(rank as f64))
                    })
                    .collect();
                if turned {
                    rows.reverse();
                }
                let (video, query) = queries[place];
                let rows = rows.join(", ");
                format!("{{\"video\": \"{video}\", \"query\": {query}, \"spans\": [{rows}]}}\n")
            };
            let plain: String = (0..4).map(|place| line(place, false)).collect();
            let turned: String = order.iter().map(|&place| line(place, true)).collect();
            prop_assert_eq!(score(&plain, &loose()).unwrap(), score(&turned, &loose()).unwrap());
        }

        #[test]
        fn a_query_that_is_not_answered_never_raises_a_number(
            spans in prop::collection::vec((0.0..9.0f64, 0.1..9.0f64), 1..6), silent in 0usize..4,
        ) {
            let rows: Vec<String> =
                spans.iter().map(|(start, length)| format!("[{start}, {}]", start + length)).collect();
            let rows = rows.join(", ");
            let lines: Vec<String> = [("one", 7), ("one", 3), ("one", 4), ("two", 0)]
                .iter()
                .map(|(video, query)| {
                    format!("{{\"video\": \"{video}\", \"query\": {query}, \"spans\": [{rows}]}}\n")
                })
                .collect();
            let mut fewer = lines.clone();
            fewer.remove(silent);
            let all = score(&lines.concat(), &loose()).unwrap();
            let fewer = score(&fewer.concat(), &loose()).unwrap();
            for (name, value) in all.metrics.iter() {
                prop_assert!(of(&fewer, name) <= value, "{}", name);
            }
        }
    }
}
