//! A caption as its source gives it, and how it is repaired: one rule for all sources.
//!
//! What comes out has its text trimmed and its span inside the video, with a note of each change
//! ([`Repairs`]), or is dropped with the reason.

use locvtp_video::{LONGEST_VIDEO_S, TimeSpan};

use crate::corpus::Caption;
use crate::drop_reason::DropReason;
use crate::repair::{Repair, Repairs};

/// When a caption holds, in its source's words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum SourceTime {
    /// From one second to another.
    Seconds(f64, f64),
    /// From one millisecond to another.
    Milliseconds(f64, f64),
    /// From one frame to another, at so many frames a second.
    Frames(f64, f64, f64),
    /// For the whole video.
    Whole,
}

/// A caption as it stands in its source.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SourceCaption {
    pub(crate) time: SourceTime,
    pub(crate) text: String,
    /// The source's number; none: its place in the list.
    pub(crate) id: Option<u32>,
    /// What was changed before.
    pub(crate) repairs: Repairs,
}

impl SourceCaption {
    pub(crate) fn new(time: SourceTime, text: impl Into<String>) -> Self {
        Self { time, text: text.into(), id: None, repairs: Repairs::default() }
    }

    /// The caption, repaired, in a video of `duration_s` where that is known.
    pub(crate) fn repaired(
        self,
        place: u32,
        duration_s: Option<f64>,
    ) -> Result<Caption, DropReason> {
        let mut repairs = self.repairs;
        let text = trimmed(self.text, &mut repairs);
        if text.is_empty() {
            return Err(DropReason::TextIsEmpty);
        }
        let (mut start, mut end) = match self.time {
            SourceTime::Seconds(start, end) => (start, end),
            SourceTime::Milliseconds(start, end) => {
                repairs.note(Repair::MillisecondsToSeconds);
                (start / 1000.0, end / 1000.0)
            }
            SourceTime::Frames(start, end, frame_rate_hz) => {
                repairs.note(Repair::FramesToSeconds);
                (start / frame_rate_hz, end / frame_rate_hz)
            }
            SourceTime::Whole => {
                let span = TimeSpan::new(0.0, duration_s.unwrap_or(f64::INFINITY));
                return Ok(Caption { span, text, id: self.id.unwrap_or(place), repairs });
            }
        };
        if !start.is_finite() || !end.is_finite() {
            return Err(DropReason::TimeIsNoNumber);
        }
        if end > start && duration_s.is_some_and(|duration_s| start >= duration_s) {
            return Err(DropReason::AfterTheVideo);
        }
        if let Some(duration_s) = duration_s.filter(|duration_s| end > *duration_s) {
            end = duration_s;
            repairs.note(Repair::EndClipped);
        }
        if start < 0.0 {
            start = 0.0;
            repairs.note(Repair::StartClipped);
        }
        if end <= start {
            return Err(DropReason::EndNotAfterStart);
        }
        if end > LONGEST_VIDEO_S {
            return Err(DropReason::TimeBeyondAnyVideo);
        }
        let span = TimeSpan::new(start, end);
        Ok(Caption { span, text, id: self.id.unwrap_or(place), repairs })
    }
}

/// The text on one line without space around it.
fn trimmed(text: String, repairs: &mut Repairs) -> String {
    let bare = text.trim();
    let broken = bare.contains(['\n', '\r']);
    if bare.len() == text.len() && !broken {
        return text;
    }
    repairs.note(Repair::TextTrimmed);
    if !broken {
        return bare.to_owned();
    }
    let lines: Vec<_> =
        bare.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(start: f64, end: f64, text: &str) -> Result<Caption, DropReason> {
        SourceCaption::new(SourceTime::Seconds(start, end), text).repaired(3, Some(10.0))
    }

    #[test]
    fn a_repair_is_made_and_told() {
        let caption = read(-1.0, 12.5, "  she cuts\nan onion. ").unwrap();
        assert_eq!(caption.span, TimeSpan::new(0.0, 10.0));
        assert_eq!(caption.text, "she cuts an onion.");
        assert_eq!(caption.id, 3);
        let told: Vec<_> = caption.repairs.iter().collect();
        assert_eq!(told, [Repair::EndClipped, Repair::StartClipped, Repair::TextTrimmed]);
        assert!(read(1.0, 10.0, "nothing to do").unwrap().repairs.is_empty());
    }

    #[test]
    fn frames_are_divided_by_the_frame_rate() {
        // TACoS: frames 141 to 354 at 29.4 a second.
        let time = SourceTime::Frames(141.0, 354.0, 29.4);
        let caption = SourceCaption::new(time, "x").repaired(0, None).unwrap();
        assert!((caption.span.start.0 - 4.795_918).abs() < 1e-6, "{}", caption.span);
        assert!((caption.span.end.0 - 12.040_816).abs() < 1e-6, "{}", caption.span);
        assert!(caption.repairs.contains(Repair::FramesToSeconds));
        let none = SourceTime::Frames(1.0, 2.0, 0.0);
        let dropped = SourceCaption::new(none, "x").repaired(0, None).unwrap_err();
        assert_eq!(dropped, DropReason::TimeIsNoNumber);
    }

    #[test]
    fn what_cannot_be_repaired_is_dropped_with_the_reason() {
        assert_eq!(read(0.0, 1.0, " \n\t").unwrap_err(), DropReason::TextIsEmpty);
        assert_eq!(read(f64::NAN, 1.0, "x").unwrap_err(), DropReason::TimeIsNoNumber);
        assert_eq!(read(4.0, 4.0, "x").unwrap_err(), DropReason::EndNotAfterStart);
        assert_eq!(read(12.0, 11.0, "x").unwrap_err(), DropReason::EndNotAfterStart);
        // The video lasts 10 s.
        assert_eq!(read(10.0, 12.0, "x").unwrap_err(), DropReason::AfterTheVideo);
        let late = SourceCaption::new(SourceTime::Seconds(0.0, 1e300), "x");
        assert_eq!(late.repaired(0, None).unwrap_err(), DropReason::TimeBeyondAnyVideo);
    }

    #[test]
    fn what_just_fits_is_not_changed() {
        assert!(read(0.0, 1.0, "from the start").unwrap().repairs.is_empty());
        let most = SourceCaption::new(SourceTime::Seconds(0.0, LONGEST_VIDEO_S), "x");
        assert_eq!(most.repaired(0, None).unwrap().span.end.0, LONGEST_VIDEO_S);
        // Of no length, and after the video.
        assert_eq!(read(12.0, 12.0, "x").unwrap_err(), DropReason::EndNotAfterStart);
    }

    #[test]
    fn milliseconds_become_seconds() {
        let time = SourceTime::Milliseconds(1500.0, 4250.0);
        let caption = SourceCaption::new(time, "x").repaired(0, None).unwrap();
        assert_eq!(caption.span, TimeSpan::new(1.5, 4.25));
        assert!(caption.repairs.contains(Repair::MillisecondsToSeconds));
    }

    #[test]
    fn space_around_a_text_and_lines_inside_are_told_each_alone() {
        for (text, expected) in [(" a b", "a b"), ("a b\n", "a b"), ("a\r\n\n b", "a b")] {
            let caption = read(1.0, 2.0, text).unwrap();
            assert_eq!(caption.text, expected);
            assert!(caption.repairs.contains(Repair::TextTrimmed), "{text:?}");
        }
    }
}
