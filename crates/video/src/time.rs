//! Moments and spans of presentation time.
//!
//! A time is what a player's clock shows: seconds from the start of the file. A span is half open,
//! `[start, end)`, so spans that touch share no moment and spans that tile a video add up to its
//! duration. A frame index never stands for a time.

use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

use serde::{Deserialize, Serialize};

/// A moment, or a length of time, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub f64);

impl Seconds {
    /// The start of every file.
    pub const ZERO: Self = Self(0.0);

    /// The earlier (or shorter) of the two.
    pub fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    /// The later (or longer) of the two.
    pub fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }

    /// As players show it: `0:12.50` or `1:02:03.50`.
    pub fn clock(self) -> String {
        let hundredths = (self.0 * 100.0).round() as u64;
        let (s, rest) = (hundredths / 100, hundredths % 100);
        match (s / 3600, s / 60 % 60, s % 60) {
            (0, m, s) => format!("{m}:{s:02}.{rest:02}"),
            (h, m, s) => format!("{h}:{m:02}:{s:02}.{rest:02}"),
        }
    }
}

impl Add for Seconds {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Seconds {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Seconds {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul<f64> for Seconds {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self(self.0 * factor)
    }
}

impl Div<f64> for Seconds {
    type Output = Self;
    fn div(self, divisor: f64) -> Self {
        Self(self.0 / divisor)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} s", self.0)
    }
}

/// A stretch of time, half open: `start` belongs to it, `end` does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TimeSpan {
    /// First moment of the span.
    pub start: Seconds,
    /// First moment after the span.
    pub end: Seconds,
}

impl TimeSpan {
    /// The span from `start` to `end`, both in seconds.
    pub fn new(start: f64, end: f64) -> Self {
        Self { start: Seconds(start), end: Seconds(end) }
    }

    /// Length of the span; zero when it ends before it starts.
    pub fn duration(&self) -> Seconds {
        (self.end - self.start).max(Seconds::ZERO)
    }

    /// Whether no moment lies in the span.
    pub fn is_empty(&self) -> bool {
        self.duration() == Seconds::ZERO
    }

    /// The moment halfway between start and end.
    pub fn midpoint(&self) -> Seconds {
        (self.start + self.end) / 2.0
    }

    /// Whether `moment` lies in the span.
    pub fn contains(&self, moment: Seconds) -> bool {
        self.start <= moment && moment < self.end
    }

    /// Length of the time that both spans share.
    pub fn overlap(&self, other: &Self) -> Seconds {
        (self.end.min(other.end) - self.start.max(other.start)).max(Seconds::ZERO)
    }

    /// Intersection over union, in `0..=1`; zero when both spans are empty. The union is the stretch from
    /// the earlier start to the later end: where it is more than the union the spans do not meet, and the
    /// IoU is 0 either way. As a sum of lengths it would be rounded twice, and an IoU of exactly one half
    /// could become a hit.
    pub fn iou(&self, other: &Self) -> f64 {
        let hull = self.end.max(other.end) - self.start.min(other.start);
        if hull.0 > 0.0 { self.overlap(other).0 / hull.0 } else { 0.0 }
    }

    /// The part of the span inside `bounds`; empty, at the nearer bound, when it lies outside.
    pub fn clamped(&self, bounds: &Self) -> Self {
        let start = self.start.max(bounds.start).min(bounds.end);
        let end = self.end.min(bounds.end).max(start);
        Self { start, end }
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}-{:.2} s", self.start.0, self.end.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_and_iou_follow_the_arithmetic() {
        let a = TimeSpan::new(1.0, 5.0);
        let b = TimeSpan::new(3.0, 9.0);
        // shared 3..5 = 2, union 1..9 = 8
        assert_eq!(a.overlap(&b), Seconds(2.0));
        assert_eq!(a.iou(&b), 0.25);
        assert_eq!(b.iou(&a), 0.25);
        assert_eq!(a.iou(&a), 1.0);
    }

    #[test]
    fn spans_that_touch_share_nothing() {
        let a = TimeSpan::new(0.0, 2.0);
        let b = TimeSpan::new(2.0, 4.0);
        assert_eq!(a.overlap(&b), Seconds::ZERO);
        assert!(!a.contains(Seconds(2.0)) && b.contains(Seconds(2.0)));
    }

    #[test]
    fn two_empty_spans_have_no_iou_instead_of_a_division_by_zero() {
        let empty = TimeSpan::new(2.0, 2.0);
        assert_eq!(empty.iou(&empty), 0.0);
    }

    #[test]
    fn a_span_outside_its_bounds_is_clamped_to_an_empty_one_at_the_nearer_bound() {
        let bounds = TimeSpan::new(0.0, 10.0);
        assert_eq!(TimeSpan::new(-3.0, 4.0).clamped(&bounds), TimeSpan::new(0.0, 4.0));
        assert_eq!(TimeSpan::new(12.0, 14.0).clamped(&bounds), TimeSpan::new(10.0, 10.0));
        assert_eq!(TimeSpan::new(-4.0, -2.0).clamped(&bounds), TimeSpan::new(0.0, 0.0));
    }

    #[test]
    fn times_read_as_people_write_them_and_are_plain_numbers_in_files() {
        assert_eq!(Seconds(12.341).to_string(), "12.34 s");
        let span = TimeSpan::new(1.5, 2.0);
        let json = serde_json::to_string(&span).unwrap();
        assert_eq!(json, r#"{"start":1.5,"end":2.0}"#);
        assert_eq!(serde_json::from_str::<TimeSpan>(&json).unwrap(), span);
    }
}
