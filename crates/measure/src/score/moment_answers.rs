//! Lines of predicted moments, and which annotated query each of them answers.
//!
//! A line names its query by the number or word that a file of moment retrieval gives it (`qid`), or by
//! its video and its sentence or number. Where one sentence is annotated several times in a video
//! (Charades-STA has such), a single line answers all of them, and several lines answer them in order.

use std::collections::HashMap;

use locvtp_video::TimeSpan;

use super::grounding_protocol::{GroundingProtocol, RankedBy};
use super::json_lines::{ObjectLine, Row};
use super::truth::Truth;
use super::{Faults, ScoreReport};
use crate::annotated_query::{AnnotatedQuery, plain};
use crate::error::MeasureError;
use crate::metrics::ScoredWindow;

/// What a line says.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    video: Option<String>,
    qid: Option<String>,
    number: Option<u32>,
    /// [`plain`]
    sentence: Option<String>,
    /// As [`GroundingProtocol::counted`]; none where the line is of highlights alone.
    pub(super) counted: Option<Vec<Vec<TimeSpan>>>,
    /// As [`GroundingProtocol::kept`].
    pub(super) kept: Vec<ScoredWindow>,
    /// Scores of clips as highlights.
    pub(super) saliency: Option<Vec<f64>>,
    /// Moments that end before they start.
    inverted: usize,
    /// Whether the list does not begin with its best score, where its order is a rank for somebody.
    is_unordered: bool,
}

impl Answer {
    pub(super) fn parse(line: &[u8], protocol: &GroundingProtocol) -> Result<Self, String> {
        let mut object = ObjectLine::new(line)?;
        let (mut video, mut sentence, mut number, mut qid) = (None, None, None, None);
        let (mut rows, mut saliency, mut is_listed) = (None, None, false);
        while let Some(key) = object.next_key()? {
            match &*key {
                "video" | "vid" | "video_id" => video = Some(object.name()?.into_owned()),
                "qid" => qid = Some(object.name()?.into_owned()),
                "sentence" => sentence = Some(plain(&object.name()?)),
                "query" if object.is_text() => sentence = Some(plain(&object.name()?)),
                "query" => number = Some(object.value::<u32>()?),
                "spans" => rows = Some(object.rows()?),
                "pred_relevant_windows" => (rows, is_listed) = (Some(object.rows()?), true),
                "pred_saliency_scores" if protocol.mean_ap => saliency = Some(object.numbers()?),
                _ => object.skip()?,
            }
        }
        let missing = |what: &str| Err(format!("the line has no {what}"));
        if rows.is_none() && saliency.is_none() {
            return missing("\"spans\" and no \"pred_relevant_windows\"");
        }
        if qid.is_none() {
            if number.is_none() && sentence.is_none() {
                return missing("\"sentence\", no \"query\" and no \"qid\"");
            }
            if video.is_none() {
                return missing("\"video\" and no \"qid\"");
            }
        }
        let mut answer = Self {
            video,
            qid,
            number,
            sentence,
            counted: None,
            kept: Vec::new(),
            saliency,
            inverted: 0,
            is_unordered: false,
        };
        if let Some(rows) = rows {
            let windows = scored(rows)?;
            let best = windows.iter().map(|window| window.score).fold(f64::NEG_INFINITY, f64::max);
            let first = windows.first().map(|window| window.score);
            let order_matters = is_listed || protocol.rank == RankedBy::Listed;
            answer.is_unordered = order_matters && first.is_some_and(|first| first < best);
            answer.inverted =
                windows.iter().filter(|window| window.span.end <= window.span.start).count();
            let ranked = protocol.ranked(windows);
            answer.kept = protocol.kept(&ranked);
            answer.counted = Some(protocol.counted(&ranked));
        }
        Ok(answer)
    }

    /// Whether it has windows, if none, and none is predicted.
    fn is_empty(&self) -> bool {
        self.counted.as_ref().is_some_and(|lists| lists[0].is_empty())
    }
}

/// Moments in the order of the file; those without a score have 0.
fn scored(rows: Vec<Row>) -> Result<Vec<ScoredWindow>, String> {
    let with_score = rows.iter().filter(|row| row.score.is_some()).count();
    if with_score != 0 && with_score != rows.len() {
        return Err("some spans have a score and some have none".to_owned());
    }
    let window = |row: &Row| ScoredWindow {
        span: TimeSpan::new(row.start, row.end),
        score: row.score.unwrap_or(0.0),
    };
    Ok(rows.iter().map(window).collect())
}

/// The annotated queries of all videos, in their order, and how lines name them.
pub(super) struct Queries<'a> {
    pub(super) all: Vec<&'a AnnotatedQuery>,
    /// The video of each.
    video_of: Vec<usize>,
    videos: Vec<VideoQueries>,
    by_qid: HashMap<&'a str, Vec<usize>>,
}

/// The queries of a video: their places among all.
struct VideoQueries {
    by_number: HashMap<u32, usize>,
    by_sentence: HashMap<String, Vec<usize>>,
}

/// The line of every query, and what was wrong.
#[derive(Default)]
pub(super) struct Matched {
    pub(super) answers: Vec<Option<Answer>>,
    unknown_videos: Faults,
    unknown_queries: Faults,
    other_videos: Faults,
    repeated: Faults,
    inverted: usize,
    unordered: Faults,
}

impl<'a> Queries<'a> {
    pub(super) fn of(truth: &'a Truth) -> Self {
        let mut queries = Self {
            all: Vec::new(),
            video_of: Vec::new(),
            videos: Vec::with_capacity(truth.videos.len()),
            by_qid: HashMap::new(),
        };
        for (video, asked) in truth.queries.iter().enumerate() {
            let mut own = VideoQueries { by_number: HashMap::new(), by_sentence: HashMap::new() };
            for query in asked {
                let place = queries.all.len();
                queries.all.push(query);
                queries.video_of.push(video);
                own.by_number.entry(query.number).or_insert(place);
                own.by_sentence.entry(plain(&query.sentence)).or_default().push(place);
                for qid in &query.qids {
                    queries.by_qid.entry(qid).or_default().push(place);
                }
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

    /// True windows, in the order of the queries.
    pub(super) fn truths(&self) -> Vec<Vec<TimeSpan>> {
        self.all.iter().map(|query| query.windows.clone()).collect()
    }

    pub(super) fn match_up(
        &self,
        lines: Vec<(usize, Answer)>,
        truth: &Truth,
    ) -> Result<Matched, MeasureError> {
        let mut matched = Matched::default();
        matched.answers.resize_with(self.all.len(), || None);
        // Lines of one sentence, told apart only once all are known.
        let mut by_sentence: HashMap<(usize, String), Vec<(usize, Answer)>> = HashMap::new();
        let mut order: Vec<(usize, String)> = Vec::new();
        for (line, answer) in lines {
            let named = answer.video.as_deref();
            let video = named.and_then(|video| truth.find(video));
            if let Some(qid) = answer.qid.as_deref().filter(|_| !self.by_qid.is_empty()) {
                match self.of_qid(qid, video) {
                    None => matched.unknown_queries.note(|| format!("line {line}, qid {qid}")),
                    Some(place) => {
                        if named.is_some() && video != Some(self.video_of[place]) {
                            let annotated = &truth.videos[self.video_of[place]].id;
                            matched.other_videos.note(|| {
                                format!(
                                    "line {line}, qid {qid} is of {:?} here and of {annotated:?} there",
                                    named.unwrap_or_default()
                                )
                            });
                        }
                        matched.give(place, line, answer);
                    }
                }
                continue;
            }
            let Some(video) = video else {
                match named {
                    Some(video) => {
                        matched.unknown_videos.note(|| format!("line {line}, {video:?}"))
                    }
                    None => matched.unknown_queries.note(|| {
                        format!(
                            "line {line}, a qid without \"vid\" and \"query\", for a truth without"
                        )
                    }),
                }
                continue;
            };
            let own = &self.videos[video];
            match (answer.number, answer.sentence.as_deref()) {
                (Some(number), _) => match own.by_number.get(&number) {
                    Some(&place) => matched.give(place, line, answer),
                    None => matched.unknown_queries.note(|| format!("line {line}, query {number}")),
                },
                (None, Some(sentence)) if own.by_sentence.contains_key(sentence) => {
                    let key = (video, sentence.to_owned());
                    let same = by_sentence.entry(key.clone()).or_default();
                    if same.is_empty() {
                        order.push(key);
                    }
                    same.push((line, answer));
                }
                (None, sentence) => {
                    let sentence = sentence.unwrap_or_default();
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

    /// The query of a qid: of several the one of this video, else the first.
    fn of_qid(&self, qid: &str, video: Option<usize>) -> Option<usize> {
        let places = self.by_qid.get(qid)?;
        let of_video = places.iter().find(|place| Some(self.video_of[**place]) == video);
        of_video.or(places.first()).copied()
    }
}

impl Matched {
    fn give(&mut self, place: usize, line: usize, answer: Answer) {
        if let Some(known) = &mut self.answers[place] {
            self.repeated.note(|| format!("line {line}"));
            // As the standard evaluation: it knows a query by its qid, takes the first window and the
            // highlights of the last line, and sums up the windows of all.
            if known.qid.is_some() && known.qid == answer.qid {
                let kept = std::mem::take(&mut known.kept);
                *known = answer;
                known.kept.splice(0..0, kept);
            }
            return;
        }
        self.inverted += answer.inverted;
        if answer.is_unordered {
            self.unordered.note(|| format!("line {line}"));
        }
        self.answers[place] = Some(answer);
    }

    /// One line answers all queries of its sentence, several answer them in order.
    fn give_all(&mut self, places: &[usize], lines: Vec<(usize, Answer)>) {
        if let [(line, answer)] = &lines[..] {
            for (copy, &place) in places.iter().enumerate() {
                // What is wrong with a line is wrong once.
                let (inverted, is_unordered) =
                    if copy == 0 { (answer.inverted, answer.is_unordered) } else { (0, false) };
                self.give(place, *line, Answer { inverted, is_unordered, ..answer.clone() });
            }
            return;
        }
        for (place, (line, answer)) in lines.into_iter().enumerate() {
            match places.get(place) {
                Some(&place) => self.give(place, line, answer),
                None => self.repeated.note(|| format!("line {line}")),
            }
        }
    }

    /// Whether any query has no line.
    pub(super) fn is_any_silent(&self) -> bool {
        self.answers.iter().any(Option::is_none)
    }

    /// Queries with a line that has no window.
    pub(super) fn num_empty(&self) -> usize {
        self.answers.iter().flatten().filter(|answer| answer.is_empty()).count()
    }

    pub(super) fn describe(
        &self,
        report: &mut ScoreReport,
        truth: &Truth,
        queries: &Queries<'_>,
        rank: RankedBy,
    ) {
        let mut missing = Faults::default();
        for ((answer, query), video) in self.answers.iter().zip(&queries.all).zip(&queries.video_of)
        {
            if answer.is_none() {
                missing.note(|| format!("{:?}, {:?}", truth.videos[*video].id, query.sentence));
            }
        }
        report.count("videos", truth.videos.len());
        report.count("queries", self.answers.len());
        report.fault(
            "queries without a line",
            &missing,
            "query without a line counts as a miss",
            "queries without a line count as misses",
        );
        report.count("queries with no span", self.num_empty());
        report.count("spans that end before they start", self.inverted);
        report.fault(
            "lines of unknown videos",
            &self.unknown_videos,
            "line of an unknown video is left out",
            "lines of unknown videos are left out",
        );
        report.fault(
            "lines of unknown queries",
            &self.unknown_queries,
            "line of an unknown query is left out",
            "lines of unknown queries are left out",
        );
        report.fault(
            "lines whose qid is of another video in the truth",
            &self.other_videos,
            "line has the qid of another video in the truth and counts by its qid; is it of this split?",
            "lines have the qid of another video in the truth and count by their qid; are they of this \
             split?",
        );
        let (one, more) = match queries.by_qid.is_empty() {
            true => (
                "line of an answered query is left out; the first counts",
                "lines of answered queries are left out; the first counts",
            ),
            false => (
                "line of an answered query is measured as the standard evaluation does: the last line of \
                 a qid counts, and all its windows in mAP",
                "lines of answered queries are measured as the standard evaluation does: the last line \
                 of a qid counts, and all its windows in mAP",
            ),
        };
        report.fault("lines of answered queries", &self.repeated, one, more);
        let (one, more) = match rank {
            RankedBy::Listed => (
                "line, whose first window is not its best, is ranked as it is listed; --rank score ranks \
                 by score",
                "lines, whose first window is not their best, are ranked as they are listed; --rank score \
                 ranks by score",
            ),
            RankedBy::Score => (
                "line, whose first window is not its best, is ranked by score; --rank listed takes it as \
                 it is listed",
                "lines, whose first window is not their best, are ranked by score; --rank listed takes \
                 them as they are listed",
            ),
        };
        report.fault("lines whose first window is not their best", &self.unordered, one, more);
    }
}
