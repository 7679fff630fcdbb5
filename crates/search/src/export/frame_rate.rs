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
