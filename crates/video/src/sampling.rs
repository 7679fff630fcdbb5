//! Which frames make up the clips of a video.
//!
//! Pure functions over a [`FrameTable`]; every rule works on times, so a variable frame rate
//! changes nothing:
//! - [`sparse`]: training samples, a few clips spread over a captioned span;
//! - [`consecutive`]: whole videos, clips of neighbouring frames;
//! - [`windows`]: whole videos, clips of frames spread over windows of time;
//! - [`consecutive_every`] and [`windows_every_frames`]: the same two, the stride counted the other
//!   way;
//! - [`whole_video`]: the one of these four that a window and a stride ask for, of files of others.
//!
//! A file states its own length, and one that states years would make more clips than memory holds, so
//! [`whole_video`] counts them first.
//!
//! A sample point is a moment and its frame the one on the screen then. Frames of a plan never go
//! back in time, within a clip and from clip to clip of [`sparse`]; where there are fewer frames
//! than asked for, they repeat.

use std::path::Path;

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::error::VideoError;
use crate::frame_table::FrameTable;
use crate::time::{Seconds, TimeSpan};

/// The frames of every clip of a sample. All clips have the same number of frames.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplingPlan {
    /// In the order of time.
    pub clips: Vec<ClipPlan>,
}

/// The frames of one clip, and the time that it stands for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClipPlan {
    /// Indices into the frame table, never decreasing.
    pub frames: Vec<usize>,
    /// The time that the clip stands for.
    pub span: TimeSpan,
}

impl SamplingPlan {
    /// Frames of each clip; zero for a plan without clips.
    pub fn frames_per_clip(&self) -> usize {
        self.clips.first().map_or(0, |clip| clip.frames.len())
    }

    /// The frames of all clips, clip after clip.
    pub fn frames(&self) -> Vec<usize> {
        let mut frames = Vec::with_capacity(self.clips.len() * self.frames_per_clip());
        self.clips.iter().for_each(|clip| frames.extend_from_slice(&clip.frames));
        frames
    }

    /// The span of each clip.
    pub fn spans(&self) -> Vec<TimeSpan> {
        self.clips.iter().map(|clip| clip.span).collect()
    }
}

/// From the start of a clip of a whole video to the start of the next.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ClipStride {
    /// The length of a clip: clips end to end.
    #[default]
    Clip,
    /// So many frames.
    Frames(usize),
    /// So much time.
    Time(Seconds),
}

/// A video would be cut into more clips than [`ReadLimits::clips`](crate::ReadLimits::clips).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TooManyClips {
    /// How many, of [`FRAMES_OF_A_COUNTED_CLIP`] frames.
    pub count: f64,
    /// The limit.
    pub most: usize,
    /// How long the video is.
    pub length: Seconds,
}

impl TooManyClips {
    /// The error of a file.
    pub fn of(self, path: &Path) -> VideoError {
        let Self { count, most, length } = self;
        VideoError::TooManyClips { path: path.to_owned(), count, most, length }
    }
}

/// No stride or clip of a length is shorter, in seconds: cameras take no more pictures.
pub const SHORTEST_STRIDE_S: f64 = 0.001;

/// Frames of what counts as one clip against [`ReadLimits::clips`](crate::ReadLimits::clips).
pub const FRAMES_OF_A_COUNTED_CLIP: usize = 16;

/// Where in its part of a clip a frame is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// In the middle: evaluation.
    Centre,
    /// Anywhere, drawn for each frame from this seed: training. Equal seeds give equal plans.
    Random(u64),
}

/// `num_clips` clips that tile `span`, each of `frames_per_clip` frames spread evenly over it.
///
/// The span, cut to the video, is split into `num_clips` equal clips and each clip into
/// `frames_per_clip` equal parts. Every part gives the frame on the screen at its centre or, with
/// [`Phase::Random`], at a moment drawn in it (LocVTP, arXiv:2207.10362, samples 8 clips of 16
/// equidistant frames; the draw in each part is Frozen in Time's). A span outside the video is cut
/// to its first or last moment, whose frame then repeats.
///
/// # Panics
/// When `num_clips` or `frames_per_clip` is zero.
pub fn sparse(
    table: &FrameTable,
    span: TimeSpan,
    num_clips: usize,
    frames_per_clip: usize,
    phase: Phase,
) -> SamplingPlan {
    assert!(num_clips > 0 && frames_per_clip > 0, "a plan needs clips, and clips need frames");
    let span = span.clamped(&table.span());
    let mut draw = phase_draws(phase);
    // One expression for both ends, so that one clip ends exactly where the next begins.
    let boundary = |i: usize| {
        if i == num_clips {
            span.end
        } else {
            span.start + span.duration() * (i as f64 / num_clips as f64)
        }
    };
    let clips = (0..num_clips)
        .map(|i| {
            let span = TimeSpan { start: boundary(i), end: boundary(i + 1) };
            ClipPlan { frames: spread(table, span, frames_per_clip, &mut draw), span }
        })
        .collect();
    SamplingPlan { clips }
}

/// The clips of a whole video, one starting every `stride`; without a `window` of neighbouring frames, else of
/// frames spread over so much time. How many there are is known before any is planned.
///
/// # Errors
/// When they are more than `most` of [`FRAMES_OF_A_COUNTED_CLIP`] frames.
///
/// # Panics
/// When `frames_per_clip` is zero, or `window` or `stride` is not positive.
pub fn whole_video(
    table: &FrameTable,
    window: Option<Seconds>,
    frames_per_clip: usize,
    stride: ClipStride,
    most: usize,
) -> Result<SamplingPlan, TooManyClips> {
    let stride = match (stride, window) {
        (ClipStride::Clip, None) => ClipStride::Frames(frames_per_clip),
        (ClipStride::Clip, Some(window)) => ClipStride::Time(window),
        (other, _) => other,
    };
    check_count(table, stride, frames_per_clip, most)?;
    Ok(match (stride, window) {
        (ClipStride::Frames(n), None) => consecutive(table, frames_per_clip, n),
        (ClipStride::Frames(n), Some(window)) => {
            windows_every_frames(table, window, n, frames_per_clip)
        }
        (ClipStride::Time(s), None) => consecutive_every(table, frames_per_clip, s),
        (ClipStride::Time(s), Some(window)) => windows(table, window, s, frames_per_clip),
        (ClipStride::Clip, _) => unreachable!("it has become a number"),
    })
}

/// Counts where clips begin, at most; more than 16 frames count as several clips.
fn check_count(
    table: &FrameTable,
    stride: ClipStride,
    frames_per_clip: usize,
    most: usize,
) -> Result<(), TooManyClips> {
    let length = table.span().duration();
    let starts = match stride {
        ClipStride::Clip => 1.0,
        ClipStride::Frames(frames) => table.len().div_ceil(frames.max(1)) as f64,
        // What rounding adds to a length is no clip.
        ClipStride::Time(time) => (length.0 / time.0 - 1e-6).ceil().max(1.0),
    };
    let count = starts * frames_per_clip.div_ceil(FRAMES_OF_A_COUNTED_CLIP) as f64;
    // Not so for what is no number, too.
    if count <= most as f64 { Ok(()) } else { Err(TooManyClips { count, most, length }) }
}

/// Clips of `frames_per_clip` neighbouring frames, one starting every `stride_frames`, until the
/// video's end.
///
/// Every frame is in a clip when the stride is no longer than a clip. A last clip that runs over
/// the end repeats the last frame. The span of a clip is the time its frames are on the screen.
///
/// # Panics
/// When `frames_per_clip` or `stride_frames` is zero.
pub fn consecutive(
    table: &FrameTable,
    frames_per_clip: usize,
    stride_frames: usize,
) -> SamplingPlan {
    assert!(frames_per_clip > 0 && stride_frames > 0, "clip length and stride must not be zero");
    let last = table.len() - 1;
    let mut clips = Vec::new();
    for first in (0..=last).step_by(stride_frames) {
        let frames: Vec<usize> = (first..first + frames_per_clip).map(|i| i.min(last)).collect();
        let final_frame = frames[frames_per_clip - 1];
        let span =
            TimeSpan { start: table.span_of(first).start, end: table.span_of(final_frame).end };
        clips.push(ClipPlan { frames, span });
        if final_frame == last {
            break;
        }
    }
    SamplingPlan { clips }
}

/// Clips of `frames_per_clip` neighbouring frames, one starting every `stride` seconds with the frame
/// on the screen then, until the video's end; as [`consecutive`] otherwise.
///
/// # Panics
/// When `frames_per_clip` is zero or `stride` is not a positive time.
pub fn consecutive_every(
    table: &FrameTable,
    frames_per_clip: usize,
    stride: Seconds,
) -> SamplingPlan {
    assert!(frames_per_clip > 0, "clips need frames");
    assert!(stride.0.is_finite() && stride > Seconds::ZERO, "stride ({stride})");
    let (video, last) = (table.span(), table.len() - 1);
    // Times are rounded: a start that falls on a frame's beginning, or on the video's end, may lie a little
    // before it, and would give the frame before, or one clip more.
    let rounding = table.mean_frame_duration() * 1e-6;
    let mut clips: Vec<ClipPlan> = Vec::new();
    while clips.last().is_none_or(|clip| clip.frames[frames_per_clip - 1] < last) {
        let start = video.start + stride * clips.len() as f64 + rounding;
        if start >= video.end {
            break;
        }
        let first = table.frame_at(start);
        let frames: Vec<usize> = (first..first + frames_per_clip).map(|i| i.min(last)).collect();
        let end = table.span_of(frames[frames_per_clip - 1]).end;
        let span = TimeSpan { start: table.span_of(first).start, end };
        clips.push(ClipPlan { frames, span });
    }
    SamplingPlan { clips }
}

/// Clips of `frames_per_clip` frames spread evenly over windows of `window` seconds, one starting
/// with every `stride_frames`th frame; as [`windows`] otherwise.
///
/// # Panics
/// When `window` is not a positive time, or `stride_frames` or `frames_per_clip` is zero.
pub fn windows_every_frames(
    table: &FrameTable,
    window: Seconds,
    stride_frames: usize,
    frames_per_clip: usize,
) -> SamplingPlan {
    assert!(window.0.is_finite() && window > Seconds::ZERO, "window ({window})");
    assert!(stride_frames > 0 && frames_per_clip > 0, "stride and clip length must not be zero");
    let video_end = table.end();
    let last_start = video_end - table.mean_frame_duration() / 2.0;
    let mut draw = phase_draws(Phase::Centre);
    let mut clips = Vec::new();
    for start in table.times().iter().copied().step_by(stride_frames) {
        let end = start + window;
        let end = if end >= last_start { video_end } else { end };
        let span = TimeSpan { start, end };
        clips.push(ClipPlan { frames: spread(table, span, frames_per_clip, &mut draw), span });
        if end == video_end {
            break;
        }
    }
    SamplingPlan { clips }
}

/// Clips of `frames_per_clip` frames spread evenly over windows of `window` seconds, one every
/// `stride` seconds.
///
/// The last window ends with the video and may be shorter; a rest of less than half a frame gets no
/// window of its own.
///
/// # Panics
/// When `window` or `stride` is not a positive time, or `frames_per_clip` is zero.
pub fn windows(
    table: &FrameTable,
    window: Seconds,
    stride: Seconds,
    frames_per_clip: usize,
) -> SamplingPlan {
    let positive = |time: Seconds| time.0.is_finite() && time > Seconds::ZERO;
    assert!(positive(window) && positive(stride), "window ({window}) and stride ({stride})");
    assert!(frames_per_clip > 0, "clips need frames");
    let video = table.span();
    let last_start = video.end - table.mean_frame_duration() / 2.0;
    let mut draw = phase_draws(Phase::Centre);
    let mut clips = Vec::new();
    // A product, not a running sum: hours of windows do not drift.
    for start in (0u32..).map(|i| video.start + stride * f64::from(i)) {
        if start >= last_start {
            break;
        }
        // Touching windows share their boundary to the bit.
        let next = video.start + stride * (clips.len() + 1) as f64;
        let end = if window == stride { next } else { start + window };
        let end = if end >= last_start { video.end } else { end };
        let span = TimeSpan { start, end };
        clips.push(ClipPlan { frames: spread(table, span, frames_per_clip, &mut draw), span });
        if end == video.end {
            break;
        }
    }
    SamplingPlan { clips }
}

/// One frame from each of `count` equal parts of `span`; `draw` says where in a part, in `0..1`.
fn spread(
    table: &FrameTable,
    span: TimeSpan,
    count: usize,
    draw: &mut impl FnMut() -> f64,
) -> Vec<usize> {
    let part = span.duration() / count as f64;
    (0..count).map(|i| table.frame_at(span.start + part * (i as f64 + draw()))).collect()
}

fn phase_draws(phase: Phase) -> impl FnMut() -> f64 {
    let mut rng = match phase {
        Phase::Centre => None,
        Phase::Random(seed) => Some(ChaCha8Rng::seed_from_u64(seed)),
    };
    move || rng.as_mut().map_or(0.5, |rng| rng.random::<f64>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Ten frames of one second each, the first at 2 s.
    fn ten_seconds() -> FrameTable {
        FrameTable::new((0..10).map(|i| Seconds(2.0 + f64::from(i))).collect(), Seconds(12.0))
    }

    #[test]
    fn the_centre_rule_takes_the_frame_on_the_screen_in_the_middle_of_each_part() {
        // 3.0..9.0 in 2 clips of 3 s, each in 2 parts of 1.5 s: centres 3.75 5.25 | 6.75 8.25.
        // On the screen then, with frame i shown from 2 + i: frames 1 3 | 4 6.
        let plan = sparse(&ten_seconds(), TimeSpan::new(3.0, 9.0), 2, 2, Phase::Centre);
        assert_eq!(plan.clips[0], ClipPlan { frames: vec![1, 3], span: TimeSpan::new(3.0, 6.0) });
        assert_eq!(plan.clips[1], ClipPlan { frames: vec![4, 6], span: TimeSpan::new(6.0, 9.0) });
    }

    #[test]
    fn a_span_beyond_the_video_is_cut_to_it() {
        let plan = sparse(&ten_seconds(), TimeSpan::new(10.0, 99.0), 2, 1, Phase::Centre);
        assert_eq!(plan.frames(), [8, 9]);
        assert_eq!(plan.clips[1].span, TimeSpan::new(11.0, 12.0));
        let after = sparse(&ten_seconds(), TimeSpan::new(50.0, 60.0), 2, 2, Phase::Random(1));
        assert_eq!(after.frames(), [9, 9, 9, 9]);
    }

    #[test]
    fn equal_seeds_give_equal_plans_and_other_seeds_others() {
        let times = (0..1000).map(|i| Seconds(f64::from(i) * 0.04)).collect();
        let table = FrameTable::new(times, Seconds(40.0));
        let plan = |seed| sparse(&table, table.span(), 8, 16, Phase::Random(seed));
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
    }

    #[test]
    fn consecutive_clips_cover_every_frame_once_and_repeat_only_the_last() {
        let plan = consecutive(&ten_seconds(), 4, 4);
        let frames: Vec<_> = plan.clips.iter().map(|clip| clip.frames.clone()).collect();
        assert_eq!(frames, [vec![0, 1, 2, 3], vec![4, 5, 6, 7], vec![8, 9, 9, 9]]);
        assert_eq!(plan.clips[2].span, TimeSpan::new(10.0, 12.0));
    }

    #[test]
    fn overlapping_clips_end_with_the_first_that_reaches_the_end() {
        let plan = consecutive(&ten_seconds(), 4, 2);
        let first: Vec<_> = plan.clips.iter().map(|clip| clip.frames[0]).collect();
        assert_eq!(first, [0, 2, 4, 6]);
        assert_eq!(plan.clips[3].frames, [6, 7, 8, 9]);
    }

    #[test]
    fn a_video_shorter_than_a_clip_gives_one_clip() {
        let table = FrameTable::new(vec![Seconds(0.0)], Seconds(0.04));
        assert_eq!(consecutive(&table, 3, 3).frames(), [0, 0, 0]);
        assert_eq!(windows(&table, Seconds(2.0), Seconds(1.0), 3).frames(), [0, 0, 0]);
    }

    #[test]
    fn strides_of_frames_and_of_seconds_agree_where_frames_are_even() {
        let table = ten_seconds();
        for stride in 1..6 {
            let time = Seconds(stride as f64);
            assert_eq!(consecutive_every(&table, 4, time), consecutive(&table, 4, stride));
            let every = windows_every_frames(&table, Seconds(2.5), stride, 3);
            assert_eq!(every, windows(&table, Seconds(2.5), time, 3));
        }
        // 1.5 s from 2.0: on the screen at 2, 3.5, 5, 6.5, .. are frames 0, 1, 3, 4, ..
        let firsts = consecutive_every(&table, 2, Seconds(1.5)).clips;
        let firsts: Vec<_> = firsts.iter().map(|clip| clip.frames[0]).collect();
        assert_eq!(firsts, [0, 1, 3, 4, 6, 7, 9]);
    }

    #[test]
    fn a_stride_of_whole_frames_is_one_however_times_are_rounded() {
        // Steps of a clock of 90,000 ticks that starts at 1.4 s: of 24, 25, 30 and 50 frames a second.
        for ticks in [3750.0, 3600.0, 3000.0, 1800.0] {
            let at = |frame: usize| Seconds(frame as f64 * ticks / 90_000.0 + 1.4 - 1.4);
            let table = FrameTable::new((0..600).map(at).collect(), at(600));
            // Clips of one frame, shorter than the stride: some starts fall on the video's end.
            for stride in [2, 3, 7, 12, 100] {
                let time = Seconds(ticks / 90_000.0) * stride as f64;
                let every = consecutive_every(&table, 1, time);
                assert_eq!(every, consecutive(&table, 1, stride), "{stride} frames of {ticks}");
            }
        }
    }

    #[test]
    fn the_last_window_ends_with_the_video() {
        let plan = windows(&ten_seconds(), Seconds(4.0), Seconds(4.0), 2);
        let spans = [(2.0, 6.0), (6.0, 10.0), (10.0, 12.0)].map(|(a, b)| TimeSpan::new(a, b));
        assert_eq!(plan.spans(), spans);
        // Centres of 10..12 in two parts: 10.5 and 11.5.
        assert_eq!(plan.clips[2].frames, [8, 9]);
    }

    #[test]
    fn a_plan_says_how_many_frames_a_clip_has() {
        let plan = windows(&ten_seconds(), Seconds(4.0), Seconds(4.0), 2);
        assert_eq!(plan.frames_per_clip(), 2);
        assert_eq!(SamplingPlan { clips: Vec::new() }.frames_per_clip(), 0);
    }

    #[test]
    fn a_window_or_a_stride_that_is_no_positive_time_is_our_own_mistake() {
        for (window, stride) in
            [(0.0, 1.0), (f64::INFINITY, 1.0), (-1.0, 1.0), (2.0, f64::INFINITY), (2.0, f64::NAN)]
        {
            let plan = || windows(&ten_seconds(), Seconds(window), Seconds(stride), 2);
            assert!(std::panic::catch_unwind(plan).is_err(), "{window} every {stride}");
        }
    }

    #[test]
    fn clips_are_counted_before_they_are_planned() {
        // Three pictures, the last of which is on the screen for a year.
        let year = Seconds(3e7);
        let table = FrameTable::new([0.0, 1.0, 2.0].map(Seconds).to_vec(), year);
        let window = Some(Seconds(1.0));
        let refused = whole_video(&table, window, 4, ClipStride::Clip, 1_000_000).unwrap_err();
        assert_eq!((refused.most, refused.length), (1_000_000, year));
        let error = refused.of(Path::new("year.mp4")).to_string();
        for part in ["year.mp4: ", "30000000 clips", "30000000.00 s", "`limits.clips` (now 1000000"]
        {
            assert!(error.contains(part), "{error}");
        }
        // Twenty frames count as two clips of sixteen.
        let ten = ten_seconds();
        let every = ClipStride::Frames(1);
        assert!(whole_video(&ten, None, 20, every, 19).is_err());
        assert_eq!(whole_video(&ten, None, 20, every, 20).unwrap(), consecutive(&ten, 20, 1));
        let tiny = ClipStride::Time(Seconds(1e-300));
        assert!(whole_video(&ten, window, 4, tiny, 1_000_000).is_err());
    }

    /// Any length of time, from far less than a frame to far more than a video.
    fn any_time() -> impl Strategy<Value = Seconds> {
        let powers = (-12.0..12.0f64).prop_map(|power| 10f64.powf(power));
        prop_oneof![powers, 0.01..20.0f64].prop_map(Seconds)
    }

    prop_compose! {
        /// Frames at any times that a file may state, the last shown for any time.
        fn any_stated_table()(
            start in prop_oneof![Just(0.0), -10.0..10.0f64],
            gaps in prop::collection::vec(prop_oneof![0.001..2.0f64, 0.001..20_000.0f64], 1..40),
        ) -> FrameTable {
            let mut times = vec![Seconds(start)];
            gaps.iter().for_each(|gap| times.push(times[times.len() - 1] + Seconds(*gap)));
            let end = times.pop().unwrap();
            FrameTable::new(times, end)
        }
    }

    prop_compose! {
        /// A video of uneven frame times.
        fn any_table()(start in 0.0..5.0, gaps in prop::collection::vec(0.001..1.5f64, 1..80))
                       -> FrameTable {
            let mut at = Seconds(start);
            let mut times = Vec::new();
            for gap in gaps {
                times.push(at);
                at += Seconds(gap);
            }
            FrameTable::new(times, at)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn sparse_plans_go_forward_stay_in_the_span_and_tile_it(
            table in any_table(), a in -5.0..120.0f64, length in 0.0..60.0f64, seed: Option<u64>,
            num_clips in 1usize..10, frames_per_clip in 1usize..20,
        ) {
            let span = TimeSpan::new(a, a + length);
            let phase = seed.map_or(Phase::Centre, Phase::Random);
            let plan = sparse(&table, span, num_clips, frames_per_clip, phase);
            let inside = span.clamped(&table.span());

            prop_assert_eq!(plan.clips.len(), num_clips);
            prop_assert!(plan.clips.iter().all(|clip| clip.frames.len() == frames_per_clip));
            prop_assert!(plan.frames().is_sorted());
            prop_assert_eq!(plan.clips[0].span.start, inside.start);
            prop_assert_eq!(plan.clips[num_clips - 1].span.end, inside.end);
            for pair in plan.clips.windows(2) {
                prop_assert_eq!(pair[0].span.end, pair[1].span.start);
            }
            for clip in &plan.clips {
                for &frame in &clip.frames {
                    let shown = table.span_of(frame);
                    // On the screen at some moment of the clip (the last moment, where the span is
                    // empty).
                    prop_assert!(shown.start.0 <= clip.span.end.0 + 1e-9);
                    prop_assert!(shown.end.0 >= clip.span.start.0 - 1e-9);
                }
            }
        }

        #[test]
        fn no_table_window_or_stride_makes_more_clips_than_the_limit(
            table in any_stated_table(),
            frames_per_clip in 1usize..40,
            window in prop::option::of(any_time()),
            stride in prop_oneof![
                Just(ClipStride::Clip),
                (1usize..100).prop_map(ClipStride::Frames),
                Just(ClipStride::Frames(usize::MAX)),
                any_time().prop_map(ClipStride::Time),
            ],
        ) {
            const MOST: usize = 1000;
            let counted_as = frames_per_clip.div_ceil(FRAMES_OF_A_COUNTED_CLIP);
            match whole_video(&table, window, frames_per_clip, stride, MOST) {
                Ok(plan) => {
                    prop_assert!((1..=MOST / counted_as).contains(&plan.clips.len()));
                    prop_assert!(plan.clips.iter().all(|clip| clip.frames.len() == frames_per_clip));
                    prop_assert!(plan.frames().iter().all(|frame| *frame < table.len()));
                }
                Err(refused) => prop_assert!(refused.count > MOST as f64),
            }
        }

        #[test]
        fn consecutive_plans_show_every_frame(
            table in any_table(), frames_per_clip in 1usize..20, stride in 1usize..20,
        ) {
            prop_assume!(stride <= frames_per_clip);
            let plan = consecutive(&table, frames_per_clip, stride);
            let mut shown = plan.frames();
            shown.sort_unstable();
            shown.dedup();
            prop_assert_eq!(shown, (0..table.len()).collect::<Vec<_>>());
            prop_assert_eq!(plan.clips[plan.clips.len() - 1].span.end, table.end());
        }

        #[test]
        fn touching_windows_tile_the_video(
            table in any_table(), window in 0.05..10.0f64, frames_per_clip in 1usize..20,
        ) {
            let plan = windows(&table, Seconds(window), Seconds(window), frames_per_clip);
            prop_assert_eq!(plan.clips[0].span.start, table.span().start);
            prop_assert_eq!(plan.clips[plan.clips.len() - 1].span.end, table.end());
            for pair in plan.clips.windows(2) {
                prop_assert_eq!(pair[0].span.end, pair[1].span.start);
            }
            prop_assert!(plan.frames().is_sorted());
            prop_assert!(plan.clips.iter().all(|clip| clip.frames.len() == frames_per_clip));
        }
    }
}
