//! Ranked moments of sentences against annotated ones: R@n,IoU@m and mIoU.
//!
//! A line of the predictions is one query: its video, its sentence (or its number in the annotation
//! file) and its moments. Where one sentence is annotated several times in a video (Charades-STA has
//! such), a single line answers all of them, and several lines answer them in order. A query without
//! a line, or with an empty one, is a miss.

use std::collections::HashMap;
use std::path::Path;

use locvtp_corpus::NarratedVideo;
use locvtp_video::TimeSpan;

use super::json_lines::{ObjectLine, Row, read_lines};
use super::truth::Truth;
use super::{Faults, ScoreReport};
use crate::error::TransferError;
use crate::metrics::grounding::{IouBoundary, grounding, recall_at};
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
        }
    }
}

impl GroundingProtocol {
    /// # Errors
    /// When a setting cannot be used.
    pub fn check(&self) -> Result<(), TransferError> {
        let setting =
            |key, found: String, expected| Err(TransferError::Setting { key, found, expected });
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

    /// For each IoU@m, the moments that count, best first.
    fn counted(&self, ranked: &[TimeSpan]) -> Vec<Vec<TimeSpan>> {
        let top = self.top.iter().copied().max().unwrap_or(1);
        let kept = |max_iou: f64| -> Vec<TimeSpan> {
            let kept = suppress_overlaps(ranked, max_iou, top);
            kept.into_iter().map(|place| ranked[place]).collect()
        };
        match self.suppression {
            Suppression::Off => vec![ranked[..ranked.len().min(top)].to_vec()],
            Suppression::Above(max_iou) => vec![kept(max_iou)],
            Suppression::BelowEach(below) => self.iou.iter().map(|m| kept(m - below)).collect(),
        }
    }
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
) -> Result<ScoreReport, TransferError> {
    protocol.check()?;
    let queries = Queries::of(&truth.videos);
    let lines = read_lines(predictions, |line| Answer::parse(line, protocol))?;
    let matched = queries.match_up(lines, truth)?;
    let lists = match protocol.suppression {
        Suppression::BelowEach(_) => protocol.iou.len(),
        _ => 1,
    };
    let per_list: Vec<Vec<Vec<TimeSpan>>> = (0..lists)
        .map(|list| {
            let of = |answer: &Option<Answer>| match answer {
                Some(answer) => answer.counted[list].clone(),
                None => Vec::new(),
            };
            matched.answers.iter().map(of).collect()
        })
        .collect();
    let mut report = ScoreReport::new("grounding");
    for &n in &protocol.top {
        for (place, &m) in protocol.iou.iter().enumerate() {
            let predicted = &per_list[place.min(lists - 1)];
            let recall = recall_at(predicted, &queries.truths, n, m, protocol.boundary)?;
            report.metrics = report.metrics.with(&format!("R@{n},IoU@{m}"), recall);
        }
    }
    let miou = grounding(&per_list[0], &queries.truths, protocol.boundary)?.miou;
    report.metrics = report.metrics.with("mIoU", miou);
    matched.describe(&mut report, truth);
    describe(&mut report, protocol);
    Ok(report)
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
}

/// What a line says.
struct Answer {
    video: String,
    query: Query,
    /// As [`GroundingProtocol::counted`].
    counted: Vec<Vec<TimeSpan>>,
    /// Moments that end before they start.
    inverted: usize,
}

/// How a line names its query.
enum Query {
    Number(u32),
    /// [`plain`]
    Sentence(String),
}

impl Answer {
    fn parse(line: &[u8], protocol: &GroundingProtocol) -> Result<Self, String> {
        let mut object = ObjectLine::new(line)?;
        let (mut video, mut sentence, mut number, mut rows) = (None, None, None, None);
        while let Some(key) = object.next_key()? {
            match &*key {
                "video" | "vid" | "video_id" => video = Some(object.name()?.into_owned()),
                "sentence" => sentence = Some(plain(&object.name()?)),
                "query" if object.is_text() => sentence = Some(plain(&object.name()?)),
                "query" => number = Some(object.value::<u32>()?),
                "spans" | "pred_relevant_windows" => rows = Some(object.rows()?),
                _ => object.skip()?,
            }
        }
        let missing = |what: &str| format!("the line has no {what}");
        let rows = rows.ok_or_else(|| missing("\"spans\""))?;
        let query = match (number, sentence) {
            (Some(number), _) => Query::Number(number),
            (None, Some(sentence)) => Query::Sentence(sentence),
            (None, None) => return Err(missing("\"sentence\" and no \"query\"")),
        };
        let ranked = ranked(rows)?;
        Ok(Self {
            video: video.ok_or_else(|| missing("\"video\""))?,
            query,
            inverted: ranked.iter().filter(|span| span.end <= span.start).count(),
            counted: protocol.counted(&ranked),
        })
    }
}

/// Moments, best first; those of equal score in the file's order.
fn ranked(mut rows: Vec<Row>) -> Result<Vec<TimeSpan>, String> {
    let scored = rows.iter().filter(|row| row.score.is_some()).count();
    if scored != 0 && scored != rows.len() {
        return Err("some spans have a score and some have none".to_owned());
    }
    let score = |row: &Row| row.score.unwrap_or(0.0);
    rows.sort_by(|a, b| score(b).total_cmp(&score(a)));
    Ok(rows.iter().map(|row| TimeSpan::new(row.start, row.end)).collect())
}

/// A sentence as it is compared: in small letters, one space between words, no full stop at the end.
fn plain(sentence: &str) -> String {
    let words: Vec<&str> = sentence.split_whitespace().collect();
    words.join(" ").trim_end_matches('.').trim_end().to_lowercase()
}

/// The annotated queries of all videos.
struct Queries {
    truths: Vec<TimeSpan>,
    videos: Vec<VideoQueries>,
}

/// The queries of a video: their places among all.
struct VideoQueries {
    by_number: HashMap<u32, usize>,
    by_sentence: HashMap<String, Vec<usize>>,
}

/// The line of every query, and what was wrong.
#[derive(Default)]
struct Matched {
    answers: Vec<Option<Answer>>,
    unknown_videos: Faults,
    unknown_queries: Faults,
    repeated: Faults,
    inverted: usize,
}

impl Queries {
    fn of(videos: &[NarratedVideo]) -> Self {
        let mut queries = Self { truths: Vec::new(), videos: Vec::with_capacity(videos.len()) };
        for video in videos {
            let mut own = VideoQueries { by_number: HashMap::new(), by_sentence: HashMap::new() };
            for caption in &video.captions {
                let place = queries.truths.len();
                queries.truths.push(caption.span);
                own.by_number.entry(caption.id).or_insert(place);
                own.by_sentence.entry(plain(&caption.text)).or_default().push(place);
            }
            // In the order of the annotation file, which is not that of time.
            let numbers: HashMap<usize, u32> =
                own.by_number.iter().map(|(number, place)| (*place, *number)).collect();
            for places in own.by_sentence.values_mut() {
                places.sort_by_key(|place| (numbers.get(place).copied(), *place));
            }
            queries.videos.push(own);
        }
        queries
    }

    fn match_up(
        &self,
        lines: Vec<(usize, Answer)>,
        truth: &Truth,
    ) -> Result<Matched, TransferError> {
        let mut matched = Matched::default();
        matched.answers.resize_with(self.truths.len(), || None);
        // Lines of one sentence, told apart only once all are known.
        let mut by_sentence: HashMap<(usize, String), Vec<(usize, Answer)>> = HashMap::new();
        let mut order: Vec<(usize, String)> = Vec::new();
        for (line, answer) in lines {
            let Some(video) = truth.find(&answer.video) else {
                matched.unknown_videos.note(|| format!("line {line}, {:?}", answer.video));
                continue;
            };
            let own = &self.videos[video];
            match &answer.query {
                Query::Number(number) => match own.by_number.get(number) {
                    Some(&place) => matched.give(place, line, answer),
                    None => matched.unknown_queries.note(|| format!("line {line}, query {number}")),
                },
                Query::Sentence(sentence) if own.by_sentence.contains_key(sentence) => {
                    let key = (video, sentence.clone());
                    let same = by_sentence.entry(key.clone()).or_default();
                    if same.is_empty() {
                        order.push(key);
                    }
                    same.push((line, answer));
                }
                Query::Sentence(sentence) => {
                    matched.unknown_queries.note(|| format!("line {line}, {sentence:?}"));
                }
            }
        }
        for key in order {
            let lines = by_sentence.remove(&key).unwrap_or_default();
            matched.give_all(&self.videos[key.0].by_sentence[&key.1], lines);
        }
        let answered = matched.answers.iter().flatten().count();
        truth.check_matched(answered, &[&matched.unknown_videos, &matched.unknown_queries])?;
        Ok(matched)
    }
}

impl Matched {
    fn give(&mut self, place: usize, line: usize, answer: Answer) {
        if self.answers[place].is_some() {
            self.repeated.note(|| format!("line {line}"));
            return;
        }
        self.inverted += answer.inverted;
        self.answers[place] = Some(answer);
    }

    /// One line answers all queries of its sentence, several answer them in order.
    fn give_all(&mut self, places: &[usize], mut lines: Vec<(usize, Answer)>) {
        if lines.len() == 1 && places.len() > 1 {
            let (line, answer) = lines.remove(0);
            for &place in places {
                let (video, query) = (String::new(), Query::Number(0));
                let (counted, inverted) = (answer.counted.clone(), 0);
                self.give(place, line, Answer { video, query, counted, inverted });
            }
            self.inverted += answer.inverted;
            return;
        }
        for (place, (line, answer)) in lines.into_iter().enumerate() {
            match places.get(place) {
                Some(&place) => self.give(place, line, answer),
                None => self.repeated.note(|| format!("line {line}")),
            }
        }
    }

    fn describe(&self, report: &mut ScoreReport, truth: &Truth) {
        let queries = self.answers.len();
        let answered = self.answers.iter().flatten();
        let empty = answered.clone().filter(|answer| answer.counted[0].is_empty()).count();
        let mut missing = Faults::default();
        let names = truth
            .videos
            .iter()
            .flat_map(|video| video.captions.iter().map(move |caption| (&video.id, &caption.text)));
        for (answer, (video, sentence)) in self.answers.iter().zip(names) {
            if answer.is_none() {
                missing.note(|| format!("{video:?}, {sentence:?}"));
            }
        }
        report.count("videos", truth.videos.len());
        report.count("queries", queries);
        report.fault("queries without a line", &missing, "count as misses");
        report.count("queries with no span", empty);
        report.count("spans that end before they start", self.inverted);
        report.fault("lines of unknown videos", &self.unknown_videos, "are left out");
        report.fault("lines of unknown queries", &self.unknown_queries, "are left out");
        report.fault("lines of answered queries", &self.repeated, "are left out; the first counts");
    }
}

#[cfg(test)]
mod tests {
    use locvtp_corpus::Caption;
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

    fn score(lines: &str, protocol: &GroundingProtocol) -> Result<ScoreReport, TransferError> {
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
