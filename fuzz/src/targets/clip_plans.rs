//! Clip plans: any frame table, window and stride that makes no more clips than a file may have.

use std::path::Path;

use locvtp_video::sampling::{
    consecutive, consecutive_every, sparse, windows, windows_every_frames,
};
use locvtp_video::{FrameTable, Phase, SamplingPlan, Seconds, TimeSpan};

use crate::choices::Choices;

/// Clips of one plan, at most.
const MOST_CLIPS: f64 = 20_000.0;

/// Makes a table of frames and plans over it.
pub(crate) fn run(choices: &mut Choices, _: &Path) {
    let table = table(choices);
    let frames = 1 + choices.below(20);
    let length = table.span().duration().0;
    let shortest = length / MOST_CLIPS;
    let mut time = || Seconds((choices.float().abs() % 1e7).max(shortest).max(1e-6));
    let (window, stride) = (time(), time());
    let every = 1 + choices.below(50);
    check(&table, &windows(&table, window, stride, frames), frames);
    check(&table, &windows(&table, window, window, frames), frames);
    check(&table, &consecutive(&table, frames, every), frames);
    check(&table, &windows_every_frames(&table, window, every, frames), frames);
    check(&table, &consecutive_every(&table, frames, stride), frames);
    let (start, end) = (choices.float(), choices.float());
    let span = TimeSpan { start: Seconds(start.min(end)), end: Seconds(start.max(end)) };
    let phase = if choices.once_in(2) { Phase::Centre } else { Phase::Random(choices.number()) };
    check(&table, &sparse(&table, span, 1 + choices.below(8), frames, phase), frames);
}

/// Frames whose times rise, evenly or not, from anywhere.
fn table(choices: &mut Choices) -> FrameTable {
    let mut at = if choices.once_in(4) { (choices.float() % 1e6).abs() } else { 0.0 };
    let step = *choices.pick(&[1e-4, 1.0 / 30.0, 0.04, 1.0, 1000.0]);
    let mut times = Vec::new();
    for _ in 0..=choices.below(60) {
        times.push(Seconds(at));
        let pause = if choices.once_in(10) { choices.float().abs() % 1e4 } else { 0.0 };
        at += step + pause;
    }
    FrameTable::new(times, Seconds(at))
}

/// Whether every clip has its frames, in order and in the video, and a span that is one.
fn check(table: &FrameTable, plan: &SamplingPlan, frames: usize) {
    assert!(!plan.clips.is_empty(), "no clips");
    for clip in &plan.clips {
        assert_eq!(clip.frames.len(), frames);
        assert!(clip.frames.is_sorted() && *clip.frames.last().unwrap() < table.len());
        assert!(clip.span.start <= clip.span.end, "{}", clip.span);
    }
    assert!(plan.clips.is_sorted_by(|a, b| a.span.start <= b.span.start));
}
