//! CrossTask: tasks with ordered steps, videos of them, and the intervals of the steps.
//!
//! - `tasks_primary.txt`, `tasks_related.txt`: records of five lines (number, title, address, count
//!   of steps, steps parted by commas) and an empty line, which may be missing at the end
//! - `videos.csv`, `videos_val.csv`: `task,video,url` without a header; the second lists those held
//!   out for validation
//! - `annotations/{task}_{video}.csv`: `step,start,end` without a header, steps from 1, seconds; and
//!   `crosstask_constraints/`, the same layout, where intervals come from narration
//!
//! A video's captions are its steps' texts, numbered as the steps. Videos of related tasks have no
//! intervals and are dropped for that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::corpus::Subset;
use crate::csv_table;
use crate::drop_reason::DropReason;
use crate::error::CorpusError;
use crate::glance::Glance;
use crate::intake::{Intake, SourceVideo};
use crate::layouts::layout_reader::LayoutReader;
use crate::source_caption::{SourceCaption, SourceTime};
use crate::text_file;
use locvtp_video::PlainName;
use locvtp_video::counted::counted;

/// How this layout is recognised and read.
pub(crate) const READER: LayoutReader =
    LayoutReader::new("crosstask", "CrossTask: the folder of the release", is_recognised, read);

/// The folders of intervals: by hand, and from narration.
const INTERVAL_FOLDERS: [&str; 2] = ["annotations", "crosstask_constraints"];
const PRIMARY: &str = "tasks_primary.txt";
const RELATED: &str = "tasks_related.txt";

/// A task and its steps.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CrossTaskTask {
    /// The task's number, as text: it is a name.
    pub id: String,
    /// What is made or done.
    pub title: String,
    /// wikiHow's page.
    pub url: String,
    /// What is done, in order.
    pub steps: Vec<String>,
}

/// Reads `tasks_primary.txt` or `tasks_related.txt`; also the first lines, from 1, of records that
/// were not understood: a step with a comma inside counts as two, which its record's count belies.
///
/// # Errors
/// When it cannot be read.
pub fn read_tasks(path: &Path) -> Result<(Vec<CrossTaskTask>, Vec<usize>), CorpusError> {
    let (text, _) = text_file::read(path)?;
    let lines: Vec<&str> = text_file::lines(&text).map(str::trim).collect();
    let (mut tasks, mut broken, mut line) = (Vec::new(), Vec::new(), 1);
    for record in lines.split(|line| line.is_empty()) {
        match task(record) {
            Some(task) => tasks.push(task),
            None if record.is_empty() => {}
            None => broken.push(line),
        }
        line += record.len() + 1;
    }
    Ok((tasks, broken))
}

fn task(record: &[&str]) -> Option<CrossTaskTask> {
    let [id, title, url, count, steps] = record else { return None };
    let steps: Vec<_> = steps.split(',').map(|step| step.trim().to_owned()).collect();
    let whole = count.parse() == Ok(steps.len());
    let [id, title, url] = [id, title, url].map(|text| (*text).to_owned());
    whole.then_some(CrossTaskTask { id, title, url, steps })
}

/// The folder of the release, for one of its folders of intervals: around it or beside it.
fn release(intervals: &Path) -> Option<PathBuf> {
    let around = intervals.parent()?;
    let folders = [around.to_owned(), around.join("crosstask_release")];
    folders.into_iter().find(|folder| folder.join(PRIMARY).is_file())
}

/// The folders of intervals that a folder stands for: itself, or those of the release that it is.
pub(crate) fn interval_folders(folder: &Path) -> Vec<PathBuf> {
    let is_intervals =
        folder.file_name().is_some_and(|name| INTERVAL_FOLDERS.iter().any(|n| name == *n));
    if is_intervals && release(folder).is_some() {
        return vec![folder.to_owned()];
    }
    if !folder.join(PRIMARY).is_file() {
        return Vec::new();
    }
    let beside = folder.parent().map(|around| around.join(INTERVAL_FOLDERS[1]));
    let inside = INTERVAL_FOLDERS.map(|name| folder.join(name));
    inside.into_iter().chain(beside).filter(|path| path.is_dir()).collect()
}

/// Never: the release is a folder, see [`interval_folders`].
fn is_recognised(_path: &Path, _glance: &Glance) -> bool {
    false
}

/// Reads the videos with the intervals in the folder `intervals`.
fn read(intervals: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let release = release(intervals).ok_or_else(|| CorpusError::Companion {
        path: intervals.to_owned(),
        wanted: "tasks_primary.txt, in the folder of CrossTask's release around it,",
    })?;
    let mut tasks = BTreeMap::new();
    for name in [PRIMARY, RELATED] {
        let path = release.join(name);
        if path.is_file() {
            let (read, broken) = read_tasks(&path)?;
            let what = format!("a record of a task in {name}");
            broken.iter().for_each(|line| intake.drop_line(&what, *line));
            tasks.extend(read.into_iter().map(|task| (task.id.clone(), task)));
        }
    }
    let mut held_out = BTreeSet::new();
    let validation = release.join("videos_val.csv");
    if validation.is_file() {
        videos(
            &validation,
            &mut |_, task, video| {
                held_out.insert((task.to_owned(), video.to_owned()));
            },
            intake,
        )?;
    }
    let mut listed = Vec::new();
    videos(
        &release.join("videos.csv"),
        &mut |_, task, video| {
            listed.push((task.to_owned(), video.to_owned()));
        },
        intake,
    )?;
    let mut related = 0;
    for (task, video) in listed {
        let name = PlainName::new(&format!("{task}_{video}.csv")).ok();
        let path = name.map(|name| name.inside(intervals)).filter(|path| path.is_file());
        related += usize::from(path.is_none());
        let subset = held_out.contains(&(task.clone(), video.clone()));
        let captions = match (tasks.get(&task), path) {
            (Some(task), Some(path)) => captions(&path, task)?,
            _ => Vec::new(),
        };
        intake.video(SourceVideo {
            subset: Some(if subset { Subset::Validation } else { Subset::Train }),
            task: Some(task),
            captions,
            ..SourceVideo::new(video)
        });
    }
    if related > 0 {
        intake.note(format!(
            "no intervals of {} in {}; those of related tasks never have any",
            counted(related, "video"),
            intervals.display()
        ));
    }
    Ok(())
}

fn videos(
    path: &Path,
    each: &mut dyn FnMut(usize, &str, &str),
    intake: &mut Intake<'_>,
) -> Result<(), CorpusError> {
    csv_table::headless(path, 3, |line, fields| match fields {
        [task, video, ..] if !task.is_empty() && is_a_name(video) && is_a_name(task) => {
            each(line, task, video);
        }
        _ => intake.drop_line("a row that is not `task,video,url`", line),
    })
}

/// Whether it can be part of a file's name.
fn is_a_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(['/', '\\', '\0'])
}

fn captions(
    path: &Path,
    task: &CrossTaskTask,
) -> Result<Vec<Result<SourceCaption, DropReason>>, CorpusError> {
    let mut captions = Vec::new();
    csv_table::headless(path, 3, |_, fields| {
        let caption = || {
            // A fourth field is the rest of a time with a comma for its point.
            let [step, start, end] = fields else { return Err(DropReason::NotUnderstood) };
            // Some tables were saved with points: "3.0".
            let step = step.trim_end_matches(".0").parse::<u32>();
            let step = step.map_err(|_| DropReason::NotUnderstood)?;
            let place = (step as usize).checked_sub(1).ok_or(DropReason::NotUnderstood)?;
            let text = task.steps.get(place).ok_or(DropReason::NotUnderstood)?;
            let number = |text: &str| text.parse().map_err(|_| DropReason::TimeIsNoNumber);
            let time = SourceTime::Seconds(number(start)?, number(end)?);
            Ok(SourceCaption { id: Some(step), ..SourceCaption::new(time, text.as_str()) })
        };
        captions.push(caption());
    })?;
    Ok(captions)
}
