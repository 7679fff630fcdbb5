//! CrossTask: its release, and the intervals that narration gives.
//!
//! A task is a procedure and its steps are the procedure's events in their usual order. In the
//! genuine data constraints are where the narration names a step; here they are the captions that
//! tell one, so they are off by the narrator's jitter, and missing where nobody says a word.

use std::io::{BufWriter, Write};
use std::path::Path;

use locvtp_video::TimeSpan;

use super::{AnnotatedVideo, Part, made, text_file};
use crate::error::CorpusError;
use crate::synthetic::combination::Combination;
use crate::synthetic::procedure::Procedures;
use crate::synthetic::split::Split;
use crate::synthetic::truth::TrueEvent;
use crate::synthetic::vocabulary::Vocabulary;

/// A procedure as a task.
struct Task<'a> {
    /// From 1; those of `new` follow those of `train` and `seen`.
    number: usize,
    steps: &'a [Combination],
}

impl Task<'_> {
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
    procedures: [&Procedures; 2],
    vocabulary: &Vocabulary,
    videos: &[AnnotatedVideo<'_>],
) -> Result<(), CorpusError> {
    let steps = procedures.iter().flat_map(|procedures| procedures.steps());
    let tasks: Vec<_> = steps.zip(1..).map(|(steps, number)| Task { number, steps }).collect();
    let first_of_new = procedures[0].steps().len();
    let videos: Vec<(&AnnotatedVideo<'_>, &Task<'_>)> = videos
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

fn write_task(
    file: &mut impl Write,
    task: &Task<'_>,
    vocabulary: &Vocabulary,
) -> std::io::Result<()> {
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
