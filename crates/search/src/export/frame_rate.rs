//! Frame rates as fractions: 29.97 is 30000/1001 and nothing else.

use std::fmt;

use locvtp_video::Seconds;
use serde::{Deserialize, Serialize};

/// Frames per second, reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "(u32, u32)", into = "(u32, u32)")]
pub struct FrameRate {
    frames: u32,
    seconds: u32,
}

/// The rates of film, television and phones.
const STANDARD: [(u32, u32); 13] = [
    (24_000, 1001),
    (24, 1),
    (25, 1),
    (30_000, 1001),
    (30, 1),
    (48_000, 1001),
    (48, 1),
    (50, 1),
    (60_000, 1001),
    (60, 1),
    (100, 1),
    (120_000, 1001),
    (120, 1),
];

/// Rates below those, of cameras that save space and of screen recorders.
const SLOW: [(u32, u32); 8] = [(5, 1), (6, 1), (8, 1), (10, 1), (12, 1), (25, 2), (15, 1), (20, 1)];

/// The rates that editors give a timeline.
const OF_TIMELINES: [(u32, u32); 8] =
    [(24_000, 1001), (24, 1), (25, 1), (30_000, 1001), (30, 1), (50, 1), (60_000, 1001), (60, 1)];

/// How far a file's own rate may be from a standard one to be taken for it: half of what lies between
/// 29.97 and 30, less some.
const NEAR: f64 = 2e-4;

impl FrameRate {
    /// `frames` in `seconds`.
    ///
    /// # Panics
    /// When one of them is 0.
    pub const fn new(frames: u32, seconds: u32) -> Self {
        assert!(frames > 0 && seconds > 0, "a frame rate is not zero");
        let (mut a, mut b) = (frames, seconds);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        Self { frames: frames / a, seconds: seconds / a }
    }

    /// The standard rate that is nearest, where one is near; else the rate in thousandths.
    pub fn near(hz: f64) -> Self {
        let rates = STANDARD.map(|(frames, seconds)| Self::new(frames, seconds));
        let distance = |rate: &Self| (rate.hz() / hz - 1.0).abs();
        let nearest = rates.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
        nearest
            .filter(|rate| distance(rate) < NEAR)
            .unwrap_or_else(|| Self::new(((hz * 1000.0).round() as u32).max(1), 1000))
    }

    /// The rate that a file of these frame times was meant to have, a multiple of it, or the lowest usual
    /// one, at which each frame has a number of its own: none is lost where the file is brought to it.
    pub fn keeping(times: &[Seconds]) -> Self {
        let rates = || SLOW.into_iter().chain(STANDARD).map(|(n, s)| Self::new(n, s));
        let mut steps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]).0).collect();
        let fastest = Self::new(120, 1);
        let Some(middle) = steps.len().checked_sub(1).map(|last| last / 2) else { return fastest };
        let middle = *steps.select_nth_unstable_by(middle, f64::total_cmp).1;
        // Of times in milliseconds the middle one is rounded, and their mean is not.
        steps.retain(|step| (step / middle - 1.0).abs() < 0.1);
        let usual = steps.len() as f64 / steps.iter().sum::<f64>();
        let apart = |rate: &Self| (rate.hz() / usual - 1.0).abs();
        let meant = rates().min_by(|a, b| apart(a).total_cmp(&apart(b)));
        let meant = meant.filter(|rate| apart(rate) < 0.02);
        let multiples = rates()
            .filter(|rate| meant.is_some_and(|meant| (rate.hz() / meant.hz()).fract() == 0.0));
        let mut tried = meant.into_iter().chain(multiples).chain(rates());
        tried.find(|rate| rate.keeps(times)).unwrap_or(fastest)
    }

    fn keeps(self, times: &[Seconds]) -> bool {
        let first = times.first().copied().unwrap_or_default();
        times.windows(2).all(|pair| self.frame_at(pair[0] - first) < self.frame_at(pair[1] - first))
    }

    /// The rate of a timeline for sources of this rate: this one, a multiple or a part of it, or the next.
    pub fn of_timeline(self) -> Self {
        let rates = || OF_TIMELINES.into_iter().map(|(n, s)| Self::new(n, s));
        let is_whole = |ratio: f64| (ratio - ratio.round()).abs() < 1e-6 && ratio > 0.5;
        let multiple = rates().find(|rate| is_whole(rate.hz() / self.hz()));
        let part = || rates().rev().find(|rate| is_whole(self.hz() / rate.hz()));
        let next = || rates().find(|rate| rate.hz() > self.hz());
        multiple.or_else(part).or_else(next).unwrap_or(Self::new(60, 1))
    }

    /// Whether editors give a timeline this rate.
    pub fn is_of_timelines(self) -> bool {
        OF_TIMELINES.contains(&(self.frames, self.seconds))
    }

    /// Frames of the fraction: 30000.
    pub fn frames(self) -> u32 {
        self.frames
    }

    /// Seconds of the fraction: 1001.
    pub fn seconds(self) -> u32 {
        self.seconds
    }

    /// Frames per second.
    pub fn hz(self) -> f64 {
        f64::from(self.frames) / f64::from(self.seconds)
    }

    /// Frames that a timecode counts in a second: 30 for 29.97.
    pub fn nominal(self) -> i64 {
        (self.hz().round() as i64).max(1)
    }

    /// Whether timecode may leave numbers out: at 29.97 and 59.94 alone.
    pub fn may_drop(self) -> bool {
        self.seconds == 1001 && matches!(self.frames, 30_000 | 60_000)
    }

    /// The frame edge nearest to a time.
    pub fn frame_at(self, at: Seconds) -> i64 {
        (at.0 * f64::from(self.frames) / f64::from(self.seconds)).round() as i64
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seconds {
            1 => write!(f, "{}", self.frames),
            _ => write!(f, "{}/{}", self.frames, self.seconds),
        }
    }
}

impl TryFrom<(u32, u32)> for FrameRate {
    type Error = &'static str;
    fn try_from((frames, seconds): (u32, u32)) -> Result<Self, Self::Error> {
        if frames == 0 || seconds == 0 {
            return Err("a frame rate is not zero");
        }
        Ok(Self::new(frames, seconds))
    }
}

impl From<FrameRate> for (u32, u32) {
    fn from(rate: FrameRate) -> Self {
        (rate.frames, rate.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measured_rate_becomes_the_standard_one_it_is_near() {
        assert_eq!(FrameRate::near(29.969), FrameRate::new(30_000, 1001));
        assert_eq!(FrameRate::near(23.976), FrameRate::new(24_000, 1001));
        assert_eq!(FrameRate::near(30.0), FrameRate::new(30, 1));
        assert_eq!(FrameRate::near(12.5), FrameRate::new(25, 2));
        assert_eq!(FrameRate::new(60_000, 2002), FrameRate::new(30_000, 1001));
    }

    #[test]
    fn a_variable_rate_is_brought_to_one_that_keeps_every_frame() {
        let at = |hz: f64, frames: &[u32]| -> Vec<Seconds> {
            frames.iter().map(|frame| Seconds(7.0 + f64::from(*frame) / hz)).collect()
        };
        let some: Vec<u32> = (0..100).filter(|frame| frame % 7 != 3 && frame % 11 != 5).collect();
        for (hz, rate) in [(8.0, (8, 1)), (30.0, (30, 1)), (30_000.0 / 1001.0, (30_000, 1001))] {
            assert_eq!(FrameRate::keeping(&at(hz, &some)), FrameRate::new(rate.0, rate.1), "{hz}");
        }
        // In milliseconds, and with pauses: 5.4 frames a second on average, and 8 while something moves.
        let rounded = |times: Vec<Seconds>| -> Vec<Seconds> {
            times.into_iter().map(|at| Seconds((at.0 * 1000.0).round() / 1000.0)).collect()
        };
        assert_eq!(FrameRate::keeping(&rounded(at(30.0, &some))), FrameRate::new(30, 1));
        let paused: Vec<u32> = (0..100).map(|frame| frame + frame / 10 * 5).collect();
        assert_eq!(FrameRate::keeping(&at(8.0, &paused)), FrameRate::new(8, 1));
        // One step of half a frame: 30 would lose one of the two.
        let mut odd = at(30.0, &some);
        odd.insert(1, (odd[0] + odd[1]) * 0.5);
        assert_eq!(FrameRate::keeping(&odd), FrameRate::new(60, 1));
        assert_eq!(FrameRate::keeping(&[Seconds(1.0)]), FrameRate::new(120, 1));
    }

    #[test]
    fn a_timeline_has_a_rate_that_editors_know() {
        for (rate, timeline) in [
            ((25, 1), (25, 1)),
            ((30_000, 1001), (30_000, 1001)),
            ((8, 1), (24, 1)),
            ((25, 2), (25, 1)),
            ((15, 1), (30, 1)),
            ((20, 1), (60, 1)),
            ((120, 1), (60, 1)),
            ((100, 1), (50, 1)),
            ((672, 125), (24_000, 1001)),
            ((144, 1), (24, 1)),
            ((250, 3), (60, 1)),
        ] {
            let rate = FrameRate::new(rate.0, rate.1);
            assert_eq!(rate.of_timeline(), FrameRate::new(timeline.0, timeline.1), "{rate}");
            assert!(rate.of_timeline().is_of_timelines());
        }
    }

    #[test]
    fn a_time_becomes_the_nearest_frame_and_is_not_cut_off() {
        // In binary 29/25 s lies a little before the frame.
        assert_eq!(FrameRate::new(25, 1).frame_at(Seconds(29.0 / 25.0)), 29);
        let ntsc = FrameRate::new(30_000, 1001);
        for frame in 0..10_000 {
            assert_eq!(
                ntsc.frame_at(Seconds(f64::from(frame) * 1001.0 / 30_000.0)),
                i64::from(frame)
            );
        }
    }
}
