//! The numbers of a grounding task: R@n,IoU@m and mIoU of its answers, and what to read them beside;
//! and the answers as a file.

use std::collections::HashMap;

use locvtp_video::{Seconds, TimeSpan};
use serde::{Deserialize, Serialize};

use super::queries::Query;
use crate::error::TransferError;
use crate::metrics::grounding::{IouBoundary, grounding, recall_at};
use crate::references::{ReferenceSettings, random_interval};
use crate::task::{Metrics, PredictionFile};

/// `[metrics]` of a task file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricSection {
    /// The `n` of R@n. Paper: 1 and 5.
    pub ranks: Vec<usize>,
    /// The `m` of IoU@m. Paper: 0.3, 0.5, 0.7; 0.5, 0.7; 0.1, 0.3, 0.5, 0.7 for ActivityNet Captions,
    /// Charades-STA and TACoS.
    pub ious: Vec<f64>,
}

impl MetricSection {
    /// # Errors
    /// When there is nothing to measure.
    pub fn check(&self) -> Result<(), TransferError> {
        if self.ranks.is_empty() || self.ranks.contains(&0) {
            let (key, found) = ("metrics.ranks", format!("{:?}", self.ranks));
            return Err(TransferError::Setting { key, found, expected: "numbers of 1 or more" });
        }
        if self.ious.is_empty() || !self.ious.iter().all(|iou| (0.0..1.0).contains(iou)) {
            let (key, found) = ("metrics.ious", format!("{:?}", self.ious));
            let expected = "numbers from 0 to below 1";
            return Err(TransferError::Setting { key, found, expected });
        }
        Ok(())
    }

    /// Moments that a query is answered with.
    pub fn most(&self) -> usize {
        self.ranks.iter().copied().max().unwrap_or(1)
    }

    /// mIoU, then R@n,IoU@m (greater than m, as 2D-TAN counts); in percent.
    ///
    /// # Errors
    /// When there are no queries, or not one answer each.
    pub fn measure(
        &self,
        queries: &[Query],
        answers: &[Vec<TimeSpan>],
    ) -> Result<Metrics, TransferError> {
        let truths: Vec<TimeSpan> = queries.iter().map(|query| query.span).collect();
        let strict = IouBoundary::Strict;
        let mut metrics = Metrics::new().with("mIoU", grounding(answers, &truths, strict)?.miou);
        for n in &self.ranks {
            for m in &self.ious {
                let recall = recall_at(answers, &truths, *n, *m, strict)?;
                metrics = metrics.with(&format!("R@{n},IoU@{m}"), recall);
            }
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
        let truths: Vec<TimeSpan> = queries.iter().map(|query| query.span).collect();
        let durations: Vec<Seconds> = queries.iter().map(|query| query.duration).collect();
        let random = random_interval(&durations, &truths, &ReferenceSettings::default())?;
        let mut metrics = Metrics::new()
            .with("random interval: mIoU", random.miou)
            .with("random interval: R@1,IoU@0.3", random.r1_iou30)
            .with("random interval: R@1,IoU@0.5", random.r1_iou50)
            .with("random interval: R@1,IoU@0.7", random.r1_iou70);
        let whole: Vec<Vec<TimeSpan>> =
            durations.iter().map(|duration| vec![TimeSpan::new(0.0, duration.0)]).collect();
        let one = Self { ranks: vec![1], ious: self.ious.clone() };
        for (name, value) in one.measure(queries, &whole)?.iter() {
            metrics = metrics.with(&format!("whole video: {name}"), value);
        }
        Ok(metrics)
    }
}

/// One query and its moments, best first.
#[derive(Serialize)]
struct AnswerLine<'a> {
    video: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<u32>,
    sentence: &'a str,
    spans: Vec<[f64; 2]>,
}
