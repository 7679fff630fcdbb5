//! The numbers of a grounding task: R@n,IoU@m and mIoU of its answers, and what to read them beside;
//! and the answers as a file.

use std::collections::HashMap;

use locvtp_video::{Seconds, TimeSpan};
use serde::{Deserialize, Serialize};

use super::queries::Query;
use crate::error::TransferError;
use crate::results::predictions::PredictionFile;
use crate::setting_error::SettingError;
use locvtp_measure::metrics::{
    IouBoundary, LengthClass, MOST_WINDOWS, MeanAp, RankedMoments, RetrievedWindows, ScoredWindow,
    mean_ap, named_mean_aps,
};
use locvtp_measure::{Metrics, ReferenceSettings, random_interval};

/// `[metrics]` of a task file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricSection {
    /// The `n` of R@n. Paper: 1 and 5.
    pub ranks: Vec<usize>,
    /// The `m` of IoU@m. Paper: 0.3, 0.5, 0.7; 0.5, 0.7; 0.1, 0.3, 0.5, 0.7 for ActivityNet Captions,
    /// Charades-STA and TACoS.
    pub ious: Vec<f64>,
    /// Whether an IoU of exactly `m` is a hit: `strict` (not, as 2D-TAN counts; the default) or
    /// `inclusive`, as QVHighlights is measured.
    #[serde(default, skip_serializing_if = "is_strict")]
    pub boundary: IouBoundary,
    /// Whether mAP over IoU 0.5 to 0.95 is measured as well, and by the length of true windows; of the
    /// first ten moments of an answer. Default: no; QVHighlights: yes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mean_ap: bool,
}

impl MetricSection {
    /// # Errors
    /// When there is nothing to measure.
    pub fn check(&self) -> Result<(), SettingError> {
        if self.ranks.is_empty() || self.ranks.contains(&0) {
            let (key, found) = ("metrics.ranks", format!("{:?}", self.ranks));
            return Err(SettingError { key, found, expected: "numbers of 1 or more" });
        }
        if self.ious.is_empty() || !self.ious.iter().all(|iou| (0.0..1.0).contains(iou)) {
            let (key, found) = ("metrics.ious", format!("{:?}", self.ious));
            let expected = "numbers from 0 to below 1";
            return Err(SettingError { key, found, expected });
        }
        Ok(())
    }

    /// Moments that a query is answered with.
    pub fn most(&self) -> usize {
        let ranks = self.ranks.iter().copied().max().unwrap_or(1);
        if self.mean_ap { ranks.max(MOST_WINDOWS) } else { ranks }
    }

    /// mIoU, then R@n,IoU@m, then mAP where it is asked for; in percent.
    ///
    /// # Errors
    /// When there are no queries, or not one answer each.
    pub fn measure(
        &self,
        queries: &[Query],
        answers: &[Vec<TimeSpan>],
    ) -> Result<Metrics, TransferError> {
        let truths: Vec<Vec<TimeSpan>> =
            queries.iter().map(|query| query.windows.clone()).collect();
        let moments = RankedMoments {
            answers: &[answers],
            truths: &truths,
            ranks: &self.ranks,
            ious: &self.ious,
            boundary: self.boundary,
            mean_recall: false,
        };
        let numbers = moments.measure()?;
        let mut metrics = numbers.firsts;
        metrics.append(numbers.recalls);
        if self.mean_ap {
            metrics.append(mean_aps(answers, &truths));
        }
        Ok(metrics)
    }

    /// The moments that are measured, a line a query.
    pub fn file(&self, name: &str, queries: &[Query], answers: &[Vec<TimeSpan>]) -> PredictionFile {
        let mut times: HashMap<(&str, u32), usize> = HashMap::new();
        for query in queries {
            *times.entry((&query.video, query.caption)).or_default() += 1;
        }
        // The steps of a task have one number however often they are done; a sentence is its name then.
        let is_one = |query: &Query| times[&(query.video.as_str(), query.caption)] == 1;
        let lines = queries.iter().zip(answers).map(|(query, moments)| AnswerLine {
            video: &query.video,
            query: is_one(query).then_some(query.caption),
            qid: query.qid.as_deref(),
            sentence: &query.sentence,
            spans: moments
                .iter()
                .take(self.most())
                .map(|span| [span.start.0, span.end.0])
                .collect(),
        });
        PredictionFile::json_lines(name, lines)
    }

    /// What the queries would give an answerer that looks at nothing: an interval between two random
    /// moments of the video (mean over many draws), and the whole video.
    ///
    /// # Errors
    /// When there are no queries.
    pub fn references(&self, queries: &[Query]) -> Result<Metrics, TransferError> {
        let truths: Vec<Vec<TimeSpan>> =
            queries.iter().map(|query| query.windows.clone()).collect();
        let durations: Vec<Seconds> = queries.iter().map(|query| query.duration).collect();
        let mut settings = ReferenceSettings::default();
        settings.boundary = self.boundary;
        let random = random_interval(&durations, &truths, &settings)?;
        let mut metrics = Metrics::new();
        metrics.add_all(&random.named(), |name| format!("random interval: {name}"));
        let whole: Vec<Vec<TimeSpan>> =
            durations.iter().map(|duration| vec![TimeSpan::new(0.0, duration.0)]).collect();
        let one = Self { ranks: vec![1], ..self.clone() };
        metrics.add_all(&one.measure(queries, &whole)?, |name| format!("whole video: {name}"));
        Ok(metrics)
    }
}

fn is_strict(boundary: &IouBoundary) -> bool {
    *boundary == IouBoundary::Strict
}

/// mAP, at 0.5 and 0.75, and by the length of the true windows; answers are in the order of rank.
fn mean_aps(answers: &[Vec<TimeSpan>], truths: &[Vec<TimeSpan>]) -> Metrics {
    let window = |span: &TimeSpan| ScoredWindow { span: *span, score: 0.0 };
    let kept: Vec<Vec<ScoredWindow>> = answers
        .iter()
        .map(|answer| answer.iter().take(MOST_WINDOWS).map(window).collect())
        .collect();
    let of = |truths: &[Vec<TimeSpan>]| {
        let pairs = kept.iter().zip(truths).filter(|(_, truth)| !truth.is_empty());
        mean_ap(pairs.map(|(predicted, truth)| RetrievedWindows { predicted, truth }), 0)
    };
    let of_class = |class: LengthClass| {
        let part = |truth: &Vec<TimeSpan>| -> Vec<TimeSpan> {
            truth.iter().filter(|window| class.holds(window)).copied().collect()
        };
        let truths: Vec<Vec<TimeSpan>> = truths.iter().map(part).collect();
        Some((class.name, of(&truths)?))
    };
    let classes: Vec<(&str, MeanAp)> = LengthClass::ALL.into_iter().filter_map(of_class).collect();
    named_mean_aps(of(truths).as_ref(), classes.iter().map(|(name, found)| (*name, found)))
}

/// One query and its moments, best first.
#[derive(Serialize)]
struct AnswerLine<'a> {
    video: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    qid: Option<&'a str>,
    sentence: &'a str,
    spans: Vec<[f64; 2]>,
}
