//! CrossTask: its release, and the intervals that narration gives.
//!
//! A task is a procedure, and its steps are half of the procedure's events, in their usual order;
//! which, is drawn once for each task. The other events are background before, between and after
//! the steps, as uneven as the events are long. If every event were a step, steps would tile the
//! video, and naming seconds at equal distances, without a look at it, would find four of five.
//!
//! In the genuine data constraints are where the narration names a step; here they are the captions
//! that tell one, so they are off by the narrator's jitter, and missing where nobody says a word.

use std::io::{BufWriter, Write};
use std::path::Path;

use locvtp_video::TimeSpan;
use rand::seq::index;

use super::annotated_video::{AnnotatedVideo, Part};
use super::files::{made, text_file};
use crate::error::CorpusError;
use crate::synthetic::combination::Combination;
use crate::synthetic::procedure::Procedures;
use crate::synthetic::split::Split;
use crate::synthetic::truth::TrueEvent;
use crate::synthetic::vocabulary::Vocabulary;
use locvtp_video::randomness::{Purpose, generator};

/// A procedure as a task.
struct Task {
    /// From 1; those of `new` follow those of `train` and `seen`.
    number: usize,
    steps: Vec<Combination>,
}

impl Task {
    /// Of a procedure's events. Two steps where there are as many, so that there is an order, and so that
    /// a video that leaves one out still has another.
    fn draw(seed: u64, number: usize, events: &[Combination]) -> Self {
        let count = (events.len() / 2).max(2).min(events.len());
        let mut rng = generator(seed, Purpose::Steps, number as u64, 0);
        let mut places = index::sample(&mut rng, events.len(), count).into_vec();
        places.sort_unstable();
        Self { number, steps: places.into_iter().map(|place| events[place]).collect() }
    }

    /// Every procedure's, those of `new` last.
    fn all(seed: u64, procedures: [&Procedures; 2]) -> Vec<Self> {
        let events = procedures.iter().flat_map(|procedures| procedures.steps());
        events.zip(1..).map(|(events, number)| Self::draw(seed, number, events)).collect()
    }

    /// The step that an event is, from 1.
    fn step(&self, event: &TrueEvent) -> Option<usize> {
        let shown = (event.colour, event.shape, event.action);
        let place = self.steps.iter().position(|c| (c.colour, c.shape, c.action) == shown);
        place.map(|place| place + 1)
    }
}

/// Nothing is written where there are no procedures.
pub(super) fn write(
    folder: &Path,
    seed: u64,
    procedures: [&Procedures; 2],
    vocabulary: &Vocabulary,
    videos: &[AnnotatedVideo<'_>],
) -> Result<(), CorpusError> {
    let tasks = Task::all(seed, procedures);
    let first_of_new = procedures[0].steps().len();
    let videos: Vec<(&AnnotatedVideo<'_>, &Task)> = videos
        .iter()
        .filter_map(|video| {
            let before = if video.split == Split::New { first_of_new } else { 0 };
            Some((video, &tasks[before + video.truth.procedure?]))
        })
        .collect();
    if tasks.is_empty() {
        return Ok(());
    }
    let release = made(folder.join("crosstask_release"))?;
    text_file(&release.join("tasks_primary.txt"), |file| {
        tasks.iter().try_for_each(|task| write_task(file, task, vocabulary))
    })?;
    text_file(&release.join("tasks_related.txt"), |_| Ok(()))?;
    let list = |file: &mut BufWriter<_>, validation: bool| {
        videos.iter().filter(|(video, _)| !validation || video.part == Part::Val).try_for_each(
            |(video, task)| writeln!(file, "{},{},{}", task.number, video.truth.id, video.file()),
        )
    };
    text_file(&release.join("videos.csv"), |file| list(file, false))?;
    text_file(&release.join("videos_val.csv"), |file| list(file, true))?;
    for part in Part::ALL.into_iter().filter(|part| *part != Part::Val) {
        text_file(&release.join(format!("{}.txt", part.name())), |file| {
            let mut of_part = videos.iter().filter(|(video, _)| video.part == part);
            of_part.try_for_each(|(video, _)| writeln!(file, "{}", video.truth.id))
        })?;
    }
    let (by_hand, told) =
        (made(release.join("annotations"))?, made(folder.join("crosstask_constraints"))?);
    for (video, task) in videos {
        let name = format!("{}_{}.csv", task.number, video.truth.id);
        let events = &video.truth.events;
        let truth = events.iter().filter_map(|event| Some((task.step(event)?, event.span)));
        text_file(&by_hand.join(&name), |file| write_intervals(file, truth))?;
        let narration = video
            .narration
            .iter()
            .filter_map(|told| Some((task.step(&events[told.event?])?, told.caption.span)));
        text_file(&told.join(&name), |file| write_intervals(file, narration))?;
    }
    Ok(())
}

fn write_task(file: &mut impl Write, task: &Task, vocabulary: &Vocabulary) -> std::io::Result<()> {
    let Task { number, steps } = task;
    let texts: Vec<_> =
        steps.iter().map(|c| vocabulary.sentence(c.colour, c.shape, c.action)).collect();
    let (count, texts) = (texts.len(), texts.join(","));
    writeln!(file, "{number}\nProcedure {number}\nsynthetic\n{count}\n{texts}\n")
}

fn write_intervals(
    file: &mut impl Write,
    mut intervals: impl Iterator<Item = (usize, TimeSpan)>,
) -> std::io::Result<()> {
    intervals.try_for_each(|(step, span)| writeln!(file, "{step},{},{}", span.start.0, span.end.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::combination::Combinations;
    use crate::synthetic::config::SyntheticConfig;
    use crate::synthetic::script::Script;

    /// Of the steps in videos of `seen`, the share, in percent, in which the one of its task's seconds
    /// at equal distances lies that has its number.
    fn found_at_equal_distances(config: &SyntheticConfig) -> f64 {
        let procedures = Procedures::draw(
            config,
            Combinations::new(config).training,
            config.procedures.count,
            0,
        );
        let tasks = Task::all(config.seed, [&procedures, &procedures]);
        let (mut found, mut asked) = (0, 0);
        for video in 0..config.seen_videos {
            let script = Script::write(config, &procedures, Split::Seen, video);
            let task = &tasks[script.procedure.unwrap()];
            for (place, step) in task.steps.iter().enumerate() {
                let event = script.events.iter().find(|event| event.combination == *step);
                let Some(span) = event.map(|event| event.span(config.frame_rate_hz)) else {
                    continue;
                };
                let middle = (2 * place + 1) as f64 / (2 * task.steps.len()) as f64;
                let named = (config.duration_s * middle).round_ties_even();
                asked += 1;
                found += usize::from(span.start.0.floor() <= named && named < span.end.0.ceil());
            }
        }
        assert!(asked > config.seen_videos, "{asked} steps");
        100.0 * found as f64 / asked as f64
    }

    #[test]
    fn seconds_at_equal_distances_miss_most_steps() {
        let shares: Vec<f64> = (0..8)
            .map(|seed| {
                found_at_equal_distances(&SyntheticConfig { seed, ..SyntheticConfig::default() })
            })
            .collect();
        // With every event a step it is 82 to 85 in each; which steps are drawn moves it by ten.
        assert!(shares.iter().sum::<f64>() / 8.0 < 50.0, "{shares:?}");
        assert!(shares.iter().all(|share| *share < 60.0), "{shares:?}");
    }

    #[test]
    fn steps_are_half_of_the_events_in_their_order_and_never_one_alone() {
        let config = SyntheticConfig::default();
        let pool = Combinations::new(&config).training;
        for (events, steps) in [(1, 1), (2, 2), (3, 2), (4, 2), (5, 2), (6, 3)] {
            let events = &pool[..events];
            for number in 1..20 {
                let task = Task::draw(7, number, events);
                let places: Vec<_> = task
                    .steps
                    .iter()
                    .map(|step| events.iter().position(|event| event == step).unwrap())
                    .collect();
                assert_eq!(places.len(), steps);
                assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "{places:?}");
                assert_eq!(task.steps, Task::draw(7, number, events).steps);
            }
        }
    }
}
