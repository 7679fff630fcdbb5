//! A stretch of a video on a figure's time axis, in seconds.
//!
//! This crate takes plain numbers so that it builds without the video libraries; a `TimeSpan` of
//! `locvtp-video` becomes a `Span` by its two numbers and keeps the meaning: seconds from the start
//! of the file, half open.

use serde::{Deserialize, Serialize};

use crate::error::ReportError;

/// Seconds from `start_s` (included) to `end_s` (excluded), both from the start of the file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// First instant, in seconds.
    pub start_s: f64,
    /// End, in seconds; not part of the span.
    pub end_s: f64,
}

impl Span {
    /// The span from `start_s` to `end_s`, unchecked; figures refuse one that ends before it
    /// starts.
    pub fn new(start_s: f64, end_s: f64) -> Self {
        Self { start_s, end_s }
    }

    /// Length in seconds.
    pub fn duration_s(&self) -> f64 {
        self.end_s - self.start_s
    }

    /// Instant in the middle, in seconds.
    pub fn midpoint_s(&self) -> f64 {
        (self.start_s + self.end_s) / 2.0
    }

    /// Intersection over union with `other`, in 0..=1; 0 for two empty spans.
    pub fn iou(&self, other: &Span) -> f64 {
        let overlap = (self.end_s.min(other.end_s) - self.start_s.max(other.start_s)).max(0.0);
        let union = self.duration_s() + other.duration_s() - overlap;
        if union > 0.0 { overlap / union } else { 0.0 }
    }

    /// "6.0–10.5 s".
    pub(crate) fn label(&self) -> String {
        format!("{:.1}–{:.1} s", self.start_s, self.end_s)
    }

    /// `Ok` when the span is finite and ends after its start.
    pub(crate) fn checked(&self, figure: &str, what: &str) -> Result<(), ReportError> {
        if self.start_s.is_finite() && self.end_s.is_finite() && self.end_s > self.start_s {
            return Ok(());
        }
        Err(ReportError::Span {
            figure: figure.into(),
            what: what.into(),
            start_s: self.start_s,
            end_s: self.end_s,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_over_union_of_two_spans() {
        // overlap 2..4 = 2, union 0..6 = 6
        assert!((Span::new(0.0, 4.0).iou(&Span::new(2.0, 6.0)) - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(Span::new(0.0, 1.0).iou(&Span::new(1.0, 2.0)), 0.0);
        assert_eq!(Span::new(1.0, 1.0).iou(&Span::new(1.0, 1.0)), 0.0);
    }

    #[test]
    fn a_span_that_ends_before_it_starts_is_refused() {
        let problem = Span::new(2.0, 1.0).checked("grounding-1", "the true span").unwrap_err();
        assert!(problem.to_string().contains("from 2 s to 1 s"), "{problem}");
        assert!(Span::new(0.0, f64::NAN).checked("g", "x").is_err());
    }
}
