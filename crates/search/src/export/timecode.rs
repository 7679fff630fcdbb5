//! SMPTE timecode: frames counted as hours, minutes, seconds and frames, with or without drop frame.
//!
//! Drop frame leaves out numbers, never frames: at 29.97 the first two of every minute but each tenth,
//! at 59.94 the first four, so that the numbers keep up with the clock.

use std::fmt;

use super::frame_rate::FrameRate;

/// A count of frames at a rate, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timecode {
    frames: i64,
    nominal: i64,
    dropped: i64,
}

impl Timecode {
    /// The timecode `frames` after 00:00:00:00. Drop frame is only there at 29.97 and 59.94.
    pub fn new(frames: i64, rate: FrameRate, drop: bool) -> Self {
        let nominal = rate.nominal();
        let dropped = if drop && rate.may_drop() { nominal / 15 } else { 0 };
        Self { frames, nominal, dropped }
    }

    /// Reads `01:00:00:00`, or `01:00:00;00` with drop frame; none where it is no timecode of the
    /// rate.
    pub fn parse(text: &str, rate: FrameRate) -> Option<Self> {
        let text = text.trim();
        let drop = text.contains([';', '.', ',']);
        let mut parts = text.split([':', ';', '.', ',']).map(|part| part.parse::<i64>().ok());
        let mut next = || parts.next().flatten().filter(|part| *part >= 0);
        let (hours, minutes, seconds, frame) = (next()?, next()?, next()?, next()?);
        let zero = Self::new(0, rate, drop);
        if parts.next().is_some() || minutes > 59 || seconds > 59 || frame >= zero.nominal {
            return None;
        }
        let all_minutes = hours * 60 + minutes;
        let numbered = (all_minutes * 60 + seconds) * zero.nominal + frame;
        let left_out = zero.dropped * (all_minutes - all_minutes / 10);
        // A number that is left out, as 00:01:00;00, is taken for the next that is there.
        let is_none = minutes % 10 != 0 && seconds == 0 && frame < zero.dropped;
        let frames = numbered - left_out + if is_none { zero.dropped - frame } else { 0 };
        Some(Self { frames, ..zero })
    }

    /// Frames since 00:00:00:00.
    pub fn frames(self) -> i64 {
        self.frames
    }

    /// Whether it is drop frame.
    pub fn drops(self) -> bool {
        self.dropped > 0
    }

    /// The timecode so many frames later.
    #[must_use]
    pub fn plus(self, frames: i64) -> Self {
        Self { frames: self.frames + frames, ..self }
    }
}

impl fmt::Display for Timecode {
    /// After 24 hours it begins anew.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nominal, dropped, .. } = *self;
        let ten_minutes = nominal * 600 - 9 * dropped;
        let frames = self.frames.rem_euclid(ten_minutes * 6 * 24);
        let (tens, rest) = (frames / ten_minutes, frames % ten_minutes);
        // The first minute of ten is whole, each of the others lacks some numbers.
        let minute = nominal * 60 - dropped;
        let later_minutes = (rest - dropped).max(0) / minute;
        let numbered = frames + dropped * (9 * tens + later_minutes);
        let (seconds, frame) = (numbered / nominal, numbered % nominal);
        let separator = if dropped > 0 { ';' } else { ':' };
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        write!(f, "{hours:02}:{minutes:02}:{:02}{separator}{frame:02}", seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NTSC: FrameRate = FrameRate::new(30_000, 1001);

    fn shown(frames: i64, rate: FrameRate, drop: bool) -> String {
        Timecode::new(frames, rate, drop).to_string()
    }

    #[test]
    fn drop_frame_leaves_out_two_numbers_a_minute_but_each_tenth() {
        assert_eq!(shown(1799, NTSC, true), "00:00:59;29");
        assert_eq!(shown(1800, NTSC, true), "00:01:00;02");
        assert_eq!(shown(17_981, NTSC, true), "00:09:59;29");
        assert_eq!(shown(17_982, NTSC, true), "00:10:00;00");
        // An hour of frames at 30000/1001 is 107892.1.
        assert_eq!(shown(107_892, NTSC, true), "01:00:00;00");
        assert_eq!(shown(1800, NTSC, false), "00:01:00:00");
        assert_eq!(shown(3600, FrameRate::new(60_000, 1001), true), "00:01:00;04");
        // Asked for where there is none.
        assert_eq!(shown(1500, FrameRate::new(25, 1), true), "00:01:00:00");
        assert_eq!(shown(24 * 3600, FrameRate::new(24_000, 1001), false), "01:00:00:00");
    }

    #[test]
    fn every_frame_of_a_day_is_written_once_and_read_back() {
        for rate in [NTSC, FrameRate::new(60_000, 1001)] {
            let mut before = String::new();
            for frames in (0..24 * 6 * 17_982 * (rate.nominal() / 30)).step_by(7) {
                let text = shown(frames, rate, true);
                assert!(text > before, "{text} after {before}");
                assert_eq!(Timecode::parse(&text, rate).unwrap().frames(), frames, "{text}");
                before = text;
            }
        }
    }

    #[test]
    fn what_is_no_timecode_is_none_and_a_number_left_out_is_the_next() {
        for text in ["", "01:00:00", "01:60:00:00", "01:00:00:30", "aa:00:00:00", "-1:00:00:00"] {
            assert_eq!(Timecode::parse(text, NTSC), None, "{text}");
        }
        let read = Timecode::parse("00:01:00;00", NTSC).unwrap();
        assert_eq!(read.to_string(), "00:01:00;02");
        assert_eq!(
            Timecode::parse("23:59:59:24", FrameRate::new(25, 1)).unwrap().plus(1).to_string(),
            "00:00:00:00"
        );
    }
}
