//! Which moments of an answer count, and in which order: the rules by which published numbers differ.
//!
//! Truth in the form of QVHighlights is measured as the evaluation that it is published with
//! ([`GroundingProtocol::moment_retrieval`]).

use locvtp_video::TimeSpan;

use super::ScoreReport;
use super::truth::Truth;
use crate::error::MeasureError;
use crate::metrics::{IouBoundary, MOST_WINDOWS, ScoredWindow};
use crate::moment::suppress_overlaps;

/// How moments are counted.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
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
#[non_exhaustive]
pub enum RankedBy {
    /// The one of the best score; equal scores keep their order.
    #[default]
    Score,
    /// The one that stands first, whatever its score.
    Listed,
}

/// Non-maximum suppression.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
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
                let kept = suppress_overlaps(&spans, max_iou, MOST_WINDOWS);
                kept.into_iter().map(|place| ranked[place]).collect()
            }
            _ => ranked[..ranked.len().min(MOST_WINDOWS)].to_vec(),
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

    /// Says in a report what it is.
    pub(super) fn describe(&self, report: &mut ScoreReport) {
        report.says("boundary", serde_json::to_value(self.boundary).expect("a word"));
        report.says(
            "nms",
            match self.suppression {
                Suppression::Off => "off".to_owned(),
                Suppression::Above(iou) => format!("above {iou}"),
                Suppression::BelowEach(below) => format!("above each IoU@m - {below}"),
            },
        );
        let rank = match self.rank {
            RankedBy::Score => "by score",
            RankedBy::Listed => "as listed",
        };
        report.says("rank", rank);
    }

    /// Whether it is that of [`GroundingProtocol::moment_retrieval`] in all but what is listed.
    pub(super) fn is_standard(&self) -> bool {
        let Self { boundary, suppression, rank, mean_ap, .. } = Self::moment_retrieval();
        (self.boundary, self.suppression, self.rank, self.mean_ap)
            == (boundary, suppression, rank, mean_ap)
    }
}

fn spans(windows: &[ScoredWindow]) -> Vec<TimeSpan> {
    windows.iter().map(|window| window.span).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn suppressing(suppression: Suppression) -> GroundingProtocol {
        GroundingProtocol { suppression, ..GroundingProtocol::moment_retrieval() }
    }

    #[test]
    fn a_setting_that_cannot_be_used_is_named() {
        let plain = GroundingProtocol::default;
        for (protocol, told) in [
            (GroundingProtocol { top: vec![1, 0], ..plain() }, "`top` is [1, 0]"),
            (GroundingProtocol { iou: vec![], ..plain() }, "`iou` is []"),
            (GroundingProtocol { iou: vec![0.5, 1.5], ..plain() }, "`iou` is [0.5, 1.5]"),
            (suppressing(Suppression::Above(1.5)), "`nms` is 1.5"),
            (suppressing(Suppression::BelowEach(-0.1)), "`nms` is -0.1"),
        ] {
            let error = protocol.check().unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
        plain().check().unwrap();
        suppressing(Suppression::Above(1.0)).check().unwrap();
    }

    #[test]
    fn a_window_that_overlaps_a_better_one_counts_for_mean_ap_where_nothing_is_suppressed() {
        // The second has an IoU of 9/10 with the first.
        let window = |start, end| ScoredWindow { span: TimeSpan::new(start, end), score: 0.0 };
        let ranked = [window(0.0, 10.0), window(1.0, 10.0), window(20.0, 30.0)];
        let kept = |suppression| suppressing(suppression).kept(&ranked);
        assert_eq!(kept(Suppression::Off), ranked);
        assert_eq!(kept(Suppression::Above(0.5)), [ranked[0], ranked[2]]);
        assert_eq!(GroundingProtocol::default().kept(&ranked), [], "no mAP, so nothing is kept");
    }

    #[test]
    fn a_report_says_boundary_suppression_and_rank() {
        let told = |protocol: GroundingProtocol| {
            let mut report = ScoreReport::new("grounding");
            protocol.describe(&mut report);
            serde_json::Value::Object(report.protocol)
        };
        let plain = json!({"boundary": "strict", "nms": "off", "rank": "by score"});
        assert_eq!(told(GroundingProtocol::default()), plain);
        let above = json!({"boundary": "inclusive", "nms": "above 0.5", "rank": "as listed"});
        assert_eq!(told(suppressing(Suppression::Above(0.5))), above);
        let each = told(suppressing(Suppression::BelowEach(0.05)));
        assert_eq!(each["nms"], "above each IoU@m - 0.05");
    }

    #[test]
    fn what_changes_a_number_of_the_standard_evaluation_is_not_standard() {
        let standard = GroundingProtocol::moment_retrieval;
        // It prints R@1 at its own IoUs, whatever is listed.
        assert!(GroundingProtocol { top: vec![5], iou: vec![0.3], ..standard() }.is_standard());
        for other in [
            GroundingProtocol { boundary: IouBoundary::Strict, ..standard() },
            GroundingProtocol { rank: RankedBy::Score, ..standard() },
            GroundingProtocol { mean_ap: false, ..standard() },
            suppressing(Suppression::Above(0.5)),
        ] {
            assert!(!other.is_standard(), "{other:?}");
        }
    }
}
