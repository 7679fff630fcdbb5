//! Step localisation: one second is named for every step of a task, and counts when the step is
//! truly done in it.
//!
//! A step is done in the seconds `floor(start)..ceil(end)` of its intervals, as CrossTask fills its
//! table of seconds by steps; what lies behind the last second of the video is not there. A task's
//! recall is the share of its annotated steps, over all its videos, whose named second is right;
//! the average recall is the mean over tasks. A step that never happens in a video asks nothing,
//! and its second is not looked at.
//!
//! Paper: Table 3, column CTR; `paper.md` D.3.

use std::collections::BTreeMap;

use locvtp_video::TimeSpan;
use serde::{Deserialize, Serialize};

use super::named::Metrics;
use super::percentage;
use crate::error::MeasureError;

/// The steps of one video, named and true.
#[derive(Clone, Debug, PartialEq)]
pub struct StepVideo<'a> {
    /// The task that is done in it.
    pub task: &'a str,
    /// The second that each step was found in, from 0; none where it was not found, a miss.
    pub predicted: &'a [Option<usize>],
    /// When each step is done; no interval where it is not.
    pub truth: &'a [Vec<TimeSpan>],
    /// Whole seconds of the video, where they are known: a step behind them is not annotated.
    pub seconds: Option<usize>,
}

/// The steps of one task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskRecall {
    /// Steps whose second is right, of those annotated, in percent.
    pub recall: f64,
    /// Steps whose second is right.
    pub right: usize,
    /// Annotated steps, over all videos.
    pub steps: usize,
    /// Videos.
    pub videos: usize,
}

/// How well steps are found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRecall {
    /// The mean of the tasks' recalls, in percent.
    pub average_recall: f64,
    /// Each task by name; one without annotated steps is left out, as it has no recall.
    pub tasks: BTreeMap<String, TaskRecall>,
}

impl StepRecall {
    /// The numbers of all tasks together, by name.
    pub fn named(&self) -> Metrics {
        Metrics::new().with("average recall", self.average_recall)
    }

    /// Annotated steps, over all tasks.
    pub fn num_steps(&self) -> usize {
        self.tasks.values().map(|task| task.steps).sum()
    }

    /// Steps whose second is right, of those annotated in all tasks, in percent.
    pub fn over_all_steps(&self) -> f64 {
        let right: usize = self.tasks.values().map(|task| task.right).sum();
        percentage(right as f64, self.num_steps())
    }
}

/// The seconds that an interval fills: from the one it begins in to the one it ends in.
pub fn seconds_of(span: &TimeSpan) -> std::ops::Range<usize> {
    // A float below 0 becomes 0.
    span.start.0.floor() as usize..span.end.0.ceil() as usize
}

/// Measures the named seconds of all videos.
///
/// # Errors
/// When no step is annotated, a video has not one second a step, or an interval is empty or not
/// finite.
///
/// # Example
/// ```
/// use locvtp_measure::metrics::{StepVideo, step_recall};
/// use locvtp_video::TimeSpan;
///
/// // Two steps: one in the seconds 2, 3 and 4, one in second 7.
/// let truth = [vec![TimeSpan::new(2.5, 4.1)], vec![TimeSpan::new(7.0, 8.0)]];
/// let video =
///     StepVideo { task: "tea", predicted: &[Some(4), Some(9)], truth: &truth, seconds: None };
/// assert_eq!(step_recall(&[video])?.average_recall, 50.0);
/// # Ok::<(), locvtp_measure::MeasureError>(())
/// ```
pub fn step_recall(videos: &[StepVideo<'_>]) -> Result<StepRecall, MeasureError> {
    let mut tasks: BTreeMap<String, TaskRecall> = BTreeMap::new();
    for (number, video) in videos.iter().enumerate() {
        if video.predicted.len() != video.truth.len() {
            return Err(MeasureError::Count {
                what: "seconds of steps, one a step",
                expected: video.truth.len(),
                found: video.predicted.len(),
            });
        }
        let task = tasks.entry(video.task.to_owned()).or_default();
        task.videos += 1;
        for (predicted, intervals) in video.predicted.iter().zip(video.truth) {
            let seconds = filled(intervals, video.seconds, number)?;
            if seconds.iter().all(std::ops::Range::is_empty) {
                continue;
            }
            task.steps += 1;
            let is_right = |second| seconds.iter().any(|seconds| seconds.contains(&second));
            task.right += usize::from(predicted.is_some_and(is_right));
        }
    }
    tasks.retain(|_, task| task.steps > 0);
    if tasks.is_empty() {
        return Err(MeasureError::Nothing { what: "annotated steps" });
    }
    for task in tasks.values_mut() {
        task.recall = percentage(task.right as f64, task.steps);
    }
    let sum: f64 = tasks.values().map(|task| task.recall).sum();
    Ok(StepRecall { average_recall: sum / tasks.len() as f64, tasks })
}

/// The seconds that a step's intervals fill of a video.
fn filled(
    intervals: &[TimeSpan],
    seconds: Option<usize>,
    video: usize,
) -> Result<Vec<std::ops::Range<usize>>, MeasureError> {
    let range = |span: &TimeSpan| {
        if span.is_empty() || !span.start.0.is_finite() || !span.end.0.is_finite() {
            return Err(MeasureError::TrueMoment { query: video, found: *span });
        }
        let range = seconds_of(span);
        let end = seconds.unwrap_or(usize::MAX);
        Ok(range.start.min(end)..range.end.min(end))
    };
    intervals.iter().map(range).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn video<'a>(
        task: &'a str,
        predicted: &'a [Option<usize>],
        truth: &'a [Vec<TimeSpan>],
    ) -> StepVideo<'a> {
        StepVideo { task, predicted, truth, seconds: None }
    }

    #[test]
    fn a_step_fills_the_seconds_it_touches() {
        assert_eq!(seconds_of(&TimeSpan::new(2.0, 4.0)), 2..4);
        assert_eq!(seconds_of(&TimeSpan::new(2.9, 4.1)), 2..5);
        let truth = [vec![TimeSpan::new(2.9, 4.1)]];
        for (second, recall) in [(1, 0.0), (2, 100.0), (4, 100.0), (5, 0.0)] {
            let found = step_recall(&[video("a", &[Some(second)], &truth)]).unwrap();
            assert_eq!(found.average_recall, recall, "second {second}");
        }
    }

    #[test]
    fn tasks_are_averaged_and_the_steps_of_a_task_are_counted_over_its_videos() {
        let one = [vec![TimeSpan::new(0.0, 1.0)]];
        let three = [one[0].clone(), one[0].clone(), one[0].clone()];
        let (hit, miss) = ([Some(0)], [Some(5), None, Some(1)]);
        // Task a: 1 of 1 + 0 of 3 = 1/4, not (1 + 0) / 2. Task b: 1 of 1. Mean: 5/8.
        let videos = [video("a", &hit, &one), video("a", &miss, &three), video("b", &hit, &one)];
        let found = step_recall(&videos).unwrap();
        assert_eq!(found.tasks["a"], TaskRecall { recall: 25.0, right: 1, steps: 4, videos: 2 });
        assert_eq!(found.average_recall, 62.5);
        // Of all five annotated steps two are right.
        assert_eq!(found.over_all_steps(), 40.0);
    }

    #[test]
    fn a_step_that_is_not_done_or_lies_behind_the_video_asks_nothing() {
        let truth = [vec![], vec![TimeSpan::new(9.0, 12.0)], vec![TimeSpan::new(1.0, 2.0)]];
        let predicted = [Some(3), Some(9), Some(1)];
        let cut = StepVideo { seconds: Some(9), ..video("a", &predicted, &truth) };
        assert_eq!(step_recall(&[cut]).unwrap().tasks["a"].steps, 1);
        let whole = step_recall(&[video("a", &predicted, &truth)]).unwrap();
        assert_eq!((whole.tasks["a"].steps, whole.average_recall), (2, 100.0));
        // A task whose steps are all absent has no recall, and does not pull the mean down.
        let absent = [vec![]];
        let with_absent = [video("a", &predicted, &truth), video("b", &[Some(0)], &absent)];
        assert_eq!(step_recall(&with_absent).unwrap().average_recall, 100.0);
    }

    #[test]
    fn what_cannot_be_measured_is_an_error() {
        let truth = [vec![TimeSpan::new(0.0, 1.0)]];
        let found = |videos: &[StepVideo<'_>]| step_recall(videos).unwrap_err();
        assert!(matches!(found(&[]), MeasureError::Nothing { .. }));
        assert!(matches!(found(&[video("a", &[], &truth)]), MeasureError::Count { .. }));
        // Without length; without a number; longer than any video, to either side.
        for (start, end) in
            [(2.0, 2.0), (2.0, f64::NAN), (0.0, f64::INFINITY), (f64::NEG_INFINITY, 3.0)]
        {
            let broken = [vec![TimeSpan::new(start, end)]];
            let error = found(&[video("a", &[None], &truth), video("a", &[None], &broken)]);
            assert!(
                matches!(error, MeasureError::TrueMoment { query: 1, .. }),
                "{start}..{end}: {error}"
            );
        }
    }

    /// Task, named seconds and intervals of a video.
    type Parts = (usize, Vec<Option<usize>>, Vec<Vec<TimeSpan>>);

    proptest! {
        #[test]
        fn it_is_that_of_the_table_of_seconds_by_steps_and_the_order_of_videos_does_not_matter(
            videos in prop::collection::vec(
                (0usize..3, prop::collection::vec(
                    (prop::option::of(0usize..12), prop::collection::vec((0.0..9.0f64, 0.1..3.0f64), 0..3)),
                    1..4,
                )),
                1..8,
            )
        ) {
            const SECONDS: usize = 10;
            let parts: Vec<Parts> = videos
                .into_iter()
                .map(|(task, steps)| {
                    let (predicted, spans): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
                    let spans = spans
                        .into_iter()
                        .map(|spans: Vec<(f64, f64)>| {
                            spans.iter().map(|(s, length)| TimeSpan::new(*s, s + length)).collect()
                        })
                        .collect();
                    (task, predicted, spans)
                })
                .collect();
            let names = ["a", "b", "c"];
            let videos: Vec<StepVideo<'_>> = parts
                .iter()
                .map(|(task, predicted, truth)| StepVideo {
                    task: names[*task],
                    predicted,
                    truth,
                    seconds: Some(SECONDS),
                })
                .collect();
            // The table, as `paper.md` C.8 fills it.
            let (mut right, mut steps) = ([0usize; 3], [0usize; 3]);
            for (task, predicted, truth) in &parts {
                for (predicted, spans) in predicted.iter().zip(truth) {
                    let mut column = [false; SECONDS];
                    for span in spans {
                        for (second, cell) in column.iter_mut().enumerate() {
                            *cell |= second >= span.start.0.floor() as usize
                                && second < span.end.0.ceil() as usize;
                        }
                    }
                    steps[*task] += usize::from(column.contains(&true));
                    let named = predicted.and_then(|second| column.get(second));
                    right[*task] += usize::from(named == Some(&true));
                }
            }
            let recalls: Vec<f64> = (0..3)
                .filter(|task| steps[*task] > 0)
                .map(|task| 100.0 * right[task] as f64 / steps[task] as f64)
                .collect();
            let reversed: Vec<StepVideo<'_>> = videos.iter().rev().cloned().collect();
            match step_recall(&videos) {
                Ok(found) => {
                    let mean = recalls.iter().sum::<f64>() / recalls.len() as f64;
                    prop_assert!((found.average_recall - mean).abs() < 1e-9);
                    prop_assert_eq!(found, step_recall(&reversed).unwrap());
                }
                Err(_) => prop_assert!(recalls.is_empty()),
            }
        }
    }
}
