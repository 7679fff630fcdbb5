//! When each frame of a video is shown.
//!
//! The table lists the presentation time of every frame that is shown and can be decoded, sorted,
//! in seconds from the start of the file. It is read from the packets, not computed from a frame
//! rate, so variable frame rates, edit lists and cut files come out right. A frame stays on the
//! screen until the next one, the last until [`FrameTable::end`].

use crate::time::{Seconds, TimeSpan};

/// Presentation times of all frames of one video: never empty, strictly growing.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameTable {
    times: Vec<Seconds>,
    end: Seconds,
    gaps: Vec<TimeSpan>,
}

impl FrameTable {
    /// A table from times known otherwise; files give theirs through
    /// [`VideoReader::frame_table`](crate::VideoReader::frame_table).
    ///
    /// # Panics
    /// Without any time, with times that do not grow, or with an end that is not after the last.
    pub fn new(times: Vec<Seconds>, end: Seconds) -> Self {
        assert!(!times.is_empty(), "a frame table needs at least one frame");
        assert!(times.is_sorted_by(|a, b| a < b), "frame times must grow strictly");
        let last = times[times.len() - 1];
        assert!(last < end, "the end ({end}) must come after the last frame ({last})");
        Self { times, end, gaps: Vec::new() }
    }

    /// The same table of a file that lost pictures in these spans.
    #[must_use]
    pub fn with_gaps(self, gaps: Vec<TimeSpan>) -> Self {
        Self { gaps, ..self }
    }

    /// Where pictures are missing because a part of a broadcast stream was lost, as one segment of
    /// many that was not downloaded; the frame before stays on the screen meanwhile. Growing. Frames
    /// that are there and damaged are found by decoding alone.
    pub fn gaps(&self) -> &[TimeSpan] {
        &self.gaps
    }

    /// Time of every frame, growing.
    pub fn times(&self) -> &[Seconds] {
        &self.times
    }

    /// When the last frame ends.
    pub fn end(&self) -> Seconds {
        self.end
    }

    /// Number of frames, at least one.
    #[expect(clippy::len_without_is_empty, reason = "a table is never empty")]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// From the first frame to the end of the last.
    pub fn span(&self) -> TimeSpan {
        TimeSpan { start: self.times[0], end: self.end }
    }

    /// The frame on the screen at `moment`; before the video the first, after it the last.
    pub fn frame_at(&self, moment: Seconds) -> usize {
        self.times.partition_point(|time| *time <= moment).saturating_sub(1)
    }

    /// When `frame` is on the screen.
    ///
    /// # Panics
    /// For a frame that the table does not list.
    pub fn span_of(&self, frame: usize) -> TimeSpan {
        let end = self.times.get(frame + 1).copied().unwrap_or(self.end);
        TimeSpan { start: self.times[frame], end }
    }

    /// Mean time that a frame is shown, gaps left out.
    pub fn mean_frame_duration(&self) -> Seconds {
        let span = self.span();
        let inside = self.gaps.iter().filter(|gap| gap.start >= span.start);
        let missing: f64 = inside.map(|gap| gap.duration().0).sum();
        (span.duration() - Seconds(missing)) / self.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uneven() -> FrameTable {
        FrameTable::new(vec![Seconds(0.5), Seconds(0.6), Seconds(2.0)], Seconds(3.0))
    }

    #[test]
    fn a_frame_is_on_the_screen_until_the_next_one() {
        let table = uneven();
        assert_eq!(table.frame_at(Seconds(0.5)), 0);
        assert_eq!(table.frame_at(Seconds(1.99)), 1);
        assert_eq!(table.frame_at(Seconds(2.0)), 2);
        assert_eq!(table.span_of(1), TimeSpan::new(0.6, 2.0));
        assert_eq!(table.span_of(2), TimeSpan::new(2.0, 3.0));
    }

    #[test]
    fn a_gap_makes_no_frame_longer() {
        let table = FrameTable::new([0.0, 0.5, 3.0, 3.5].map(Seconds).to_vec(), Seconds(4.0));
        assert_eq!(table.mean_frame_duration(), Seconds(1.0));
        // The first lies before the first frame.
        let table = table.with_gaps(vec![TimeSpan::new(-1.0, 0.0), TimeSpan::new(1.0, 3.0)]);
        assert_eq!(table.mean_frame_duration(), Seconds(0.5));
    }

    #[test]
    fn moments_outside_the_video_show_its_first_or_last_frame() {
        assert_eq!(uneven().frame_at(Seconds(-1.0)), 0);
        assert_eq!(uneven().frame_at(Seconds(99.0)), 2);
    }

    #[test]
    #[should_panic(expected = "must grow strictly")]
    fn a_table_with_a_time_twice_is_our_own_mistake() {
        FrameTable::new(vec![Seconds(1.0), Seconds(1.0)], Seconds(2.0));
    }
}
