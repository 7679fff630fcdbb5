//! From the clips of a video to the network's frames, and from seconds to frames and back.
//!
//! Frame `i` of `f` stands at clip `i (n - 1) / (f - 1)`, rounded down, of `n`; it is the mean of
//! the clips up to the next frame's, or one clip where there are fewer clips than frames. The last
//! frame is the last clip.
//!
//! Release: a true end at clip 199 exactly becomes the last frame, whatever the video's length, by a
//! slip of a variable; here it stays where it is.

use locvtp_video::TimeSpan;

use super::anchors::FrameSpan;

/// Which clips a video's frames stand at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameSampling {
    clips: Vec<usize>,
}

impl FrameSampling {
    /// Of a video of `num_clips`.
    ///
    /// # Panics
    /// When there are no clips or no frames.
    pub fn new(num_clips: usize, num_frames: usize) -> Self {
        assert!(num_clips > 0 && num_frames > 0, "{num_clips} clips, {num_frames} frames");
        let last = num_clips - 1;
        // As numpy's linspace in f64, whose rounding decides which side of a whole number it falls.
        let step = last as f64 / (num_frames - 1).max(1) as f64;
        let mut clips: Vec<usize> =
            (0..num_frames).map(|frame| ((frame as f64 * step) as usize).min(last)).collect();
        if num_frames > 1 {
            clips[num_frames - 1] = last;
        }
        Self { clips }
    }

    /// The frames' features, row by row, from the clips'.
    ///
    /// # Panics
    /// When `features` are not as many clips of `width`.
    pub fn frames(&self, features: &[f32], width: usize) -> Vec<f32> {
        let (last, others) = self.clips.split_last().expect("one frame or more");
        assert_eq!(features.len(), (last + 1) * width, "clips of {width} numbers");
        let mut frames = Vec::with_capacity(self.clips.len() * width);
        for (start, end) in others.iter().zip(&self.clips[1..]) {
            let count = (end - start).max(1);
            let clips = &features[start * width..][..count * width];
            let at = frames.len();
            frames.extend_from_slice(&clips[..width]);
            for clip in clips.chunks_exact(width).skip(1) {
                frames[at..].iter_mut().zip(clip).for_each(|(sum, more)| *sum += more);
            }
            frames[at..].iter_mut().for_each(|sum| *sum /= count as f32);
        }
        frames.extend_from_slice(&features[last * width..]);
        frames
    }

    /// The frames of a moment, given the clips' spans: from the first frame at or after the clip in
    /// which it starts to the last frame at or before the clip in which it ends.
    ///
    /// The clip of a bound is the last that begins at or before it, the first where none does. So a
    /// time between two clips, as features with gaps have, is the clip's before it; an end at which a
    /// clip begins is that clip, which then counts whole; and a time after the video is the last clip.
    /// Where clips are equal parts of a video it is the part in which the bound lies.
    ///
    /// # Panics
    /// When there are not as many spans as clips.
    pub fn moment(&self, moment: &TimeSpan, spans: &[TimeSpan]) -> FrameSpan {
        let last = *self.clips.last().expect("one frame or more");
        assert_eq!(spans.len(), last + 1, "a span for each clip");
        let clip_of = |time: f64| {
            spans.partition_point(|span| span.start.0 <= time).saturating_sub(1).min(last)
        };
        let (start, end) = (clip_of(moment.start.0), clip_of(moment.end.0));
        let start = self.clips.partition_point(|clip| *clip < start.min(end));
        let end = self.clips.partition_point(|clip| *clip <= end).saturating_sub(1);
        FrameSpan { start: start.min(end) as f64, end: end as f64 }
    }

    /// The time of whole frames, from the start of the first one's clip to the end of the last clip
    /// that the last one holds.
    ///
    /// # Panics
    /// When a frame or a clip's span is missing.
    pub fn seconds(&self, [start, end]: [usize; 2], spans: &[TimeSpan]) -> TimeSpan {
        let last_clip = match self.clips.get(end + 1) {
            Some(next) => next.saturating_sub(1).max(self.clips[end]),
            None => self.clips[end],
        };
        let start = spans[self.clips[start]].start.0;
        TimeSpan::new(start, spans[last_clip].end.0.max(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: usize) -> Vec<TimeSpan> {
        (0..count).map(|clip| TimeSpan::new(clip as f64, (clip + 1) as f64)).collect()
    }

    #[test]
    fn frames_are_means_of_the_clips_up_to_the_next_frame() {
        // 0, 2.25, 4.5, 6.75, 9 rounded down.
        let sampling = FrameSampling::new(10, 5);
        assert_eq!(sampling.clips, [0, 2, 4, 6, 9]);
        let clips: Vec<f32> = (0..10).map(|clip| clip as f32).collect();
        // The means of 0 1, 2 3, 4 5, 6 7 8, and the last alone.
        assert_eq!(sampling.frames(&clips, 1), [0.5, 2.5, 4.5, 7.0, 9.0]);
    }

    #[test]
    fn fewer_clips_than_frames_are_repeated() {
        let sampling = FrameSampling::new(2, 5);
        assert_eq!(sampling.clips, [0, 0, 0, 0, 1]);
        assert_eq!(sampling.frames(&[3.0, 7.0], 1), [3.0, 3.0, 3.0, 3.0, 7.0]);
        assert_eq!(FrameSampling::new(1, 3).frames(&[3.0, 7.0], 2), [3.0, 7.0].repeat(3));
    }

    #[test]
    fn a_moment_becomes_the_frames_that_stand_within_it() {
        let (sampling, spans) = (FrameSampling::new(10, 5), seconds(10));
        // Clips 3 to 6; frames 2 (clip 4) and 3 (clip 6).
        let frames = sampling.moment(&TimeSpan::new(3.2, 6.4), &spans);
        assert_eq!(frames, FrameSpan { start: 2.0, end: 3.0 });
        assert_eq!(sampling.seconds([2, 3], &spans), TimeSpan::new(4.0, 9.0));
        // Within clip 5, between frames 2 and 3: the frame before.
        let frames = sampling.moment(&TimeSpan::new(5.1, 5.9), &spans);
        assert_eq!(frames, FrameSpan { start: 2.0, end: 2.0 });
        // An end after the video is its last clip.
        let frames = sampling.moment(&TimeSpan::new(7.0, 30.0), &spans);
        assert_eq!(frames, FrameSpan { start: 4.0, end: 4.0 });
    }

    #[test]
    fn a_bound_is_in_the_last_clip_that_begins_at_or_before_it() {
        // Clips at 1..2, 3..4, 5..6, a frame each.
        let spans: Vec<_> = [1.0, 3.0, 5.0].map(|start| TimeSpan::new(start, start + 1.0)).to_vec();
        let sampling = FrameSampling::new(3, 3);
        for (start, end, frames) in [
            // Between clips 0 and 1, and where clip 2 begins.
            (2.5, 5.0, [0.0, 2.0]),
            // Before any clip, and just before clip 1.
            (0.0, 2.9, [0.0, 0.0]),
            // Where clip 1 begins, and after the last.
            (3.0, 99.0, [1.0, 2.0]),
        ] {
            let found = sampling.moment(&TimeSpan::new(start, end), &spans);
            assert_eq!([found.start, found.end], frames, "{start}..{end}");
        }
    }

    #[test]
    fn a_true_end_at_clip_199_of_a_longer_video_stays_there() {
        let (sampling, spans) = (FrameSampling::new(400, 200), seconds(400));
        let frames = sampling.moment(&TimeSpan::new(100.0, 199.5), &spans);
        // Frame i stands at clip 399 i / 199: frame 99 at 198.49.., frame 100 at 200.5..
        assert_eq!(frames, FrameSpan { start: 50.0, end: 99.0 });
    }
}
