//! `locvtp index list`: what is in an index.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use locvtp_finder::{Holdings, lies_nowhere};
use locvtp_search::catalogue::{FileId, FileRecord, FileState, JobRecord, JobState};
use locvtp_search::identity::{FileNow, Look, shown_place};
use locvtp_video::counted::counted;
use serde_json::json;

use crate::catalogue_place::{CataloguePlace, live_index, open_to_read};
use crate::clock::clock;
use crate::pace::duration;
use crate::table::{Column, Table};
use crate::{Outcome, moved_folder, output};

/// Further places of a file that are named.
const PLACES: usize = 3;

/// `locvtp index list`
#[derive(Debug, ClapArgs)]
pub(crate) struct List {
    /// The folder whose index is meant [default: the index here or in a folder above]
    #[arg(value_name = "FOLDER", conflicts_with = "catalog")]
    pub(crate) folder: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: CataloguePlace,
    /// List what was done to the index instead, the last first
    #[arg(long)]
    pub(crate) jobs: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &List) -> anyhow::Result<Outcome> {
    let place = args.place.of_folder(args.folder.as_deref())?;
    let catalogue = open_to_read(&place)?;
    if args.jobs {
        return jobs(&catalogue.jobs()?, args.json);
    }
    let mut files = catalogue.files()?;
    // Their numbers say which was encoded first, and with several processes that is chance.
    files.sort_by(|one, other| first_path(one).cmp(&first_path(other)));
    let index = live_index(catalogue.as_ref())?;
    let left: HashSet<FileId> = match &index {
        Some(index) => catalogue.files_left(index.id)?.iter().map(|file| file.id).collect(),
        None => HashSet::new(),
    };
    let state = |file: &FileRecord| match file.state {
        // What was noted may be of yesterday.
        FileState::Bad => "bad",
        FileState::Present if lies_nowhere(file) => "gone",
        FileState::Missing if !file.looks.iter().any(|look| look.path.exists()) => "gone",
        _ if was_changed(file) => "changed",
        _ if left.contains(&file.id) => "to do",
        _ => "indexed",
    };
    let holdings = Holdings::of(&files);
    if args.json {
        output::json(&json!({
            "catalog": place.to_string(),
            "model": index.as_ref().map(|index| &index.model.name),
            "num_videos": holdings.num_videos,
            "num_files": holdings.num_files,
            "num_bad_files": holdings.num_bad_files,
            "files": files.iter().map(|file| json!({
                "paths": file.looks.iter().map(|look| look.path.to_string_lossy()).collect::<Vec<_>>(),
                "duration_s": file.duration,
                "state": state(file),
                "reason": file.reason.as_ref().filter(|_| file.state == FileState::Bad),
                "note": file.reason.as_ref().filter(|_| file.state != FileState::Bad),
            })).collect::<Vec<_>>(),
        }))?;
    } else {
        let shown = output::one_line(&place.to_string());
        let mut lines = vec![format!("{} in {shown}", holdings.words())];
        lines.extend(index.map(|index| format!("model: {}", output::one_line(&index.model.name))));
        let mut table = Table::new([Column::words(7), Column::numbers(8), Column::words(0)]);
        for file in &files {
            let path = shown_place(&file.looks).map(|look| look.path.display().to_string());
            let reason = file.reason.as_ref().map(|reason| format!(": {reason}"));
            let further = also_at(file);
            let name = [path, further, reason].into_iter().flatten().collect::<String>();
            table.row([state(file).to_owned(), clock(file.duration.0), name]);
        }
        lines.extend(table.lines("  "));
        output::text(&lines.join("\n"))?;
    }
    moved_folder::tell(&files, &place);
    Ok(if files.is_empty() { Outcome::NothingFound } else { Outcome::Done })
}

/// The further places of a file.
fn also_at(file: &FileRecord) -> Option<String> {
    let shown = shown_place(&file.looks).map(|look| &look.path);
    let others = file.looks.iter().map(|look| &look.path).filter(|path| Some(*path) != shown);
    let named: Vec<String> =
        others.clone().take(PLACES).map(|path| path.display().to_string()).collect();
    let more = others.count().saturating_sub(PLACES);
    let more = (more > 0).then(|| counted(more, "other place"));
    let named: Vec<String> = named.into_iter().chain(more).collect();
    (!named.is_empty()).then(|| format!(" (also at {})", named.join(", ")))
}

/// Whether other files lie now at all of its places where any does. One that was only touched is compared by its samples.
fn was_changed(file: &FileRecord) -> bool {
    let now = |look: &Look| FileNow::by_samples(&look.path, file.identity, &file.looks);
    let now: Vec<FileNow> = file.looks.iter().map(now).collect();
    now.contains(&FileNow::Changed) && !now.iter().any(|now| now.is_usable())
}

fn first_path(file: &FileRecord) -> Option<&Path> {
    file.looks.first().map(|look| look.path.as_path())
}

/// A job that a crash ended stands as running until the next one begins.
fn state(state: JobState) -> &'static str {
    match state {
        JobState::Running => "running, or broken off",
        ended => ended.name(),
    }
}

fn jobs(jobs: &[JobRecord], as_json: bool) -> anyhow::Result<Outcome> {
    if as_json {
        let jobs = jobs.iter().map(|job| {
            json!({
                "id": job.id,
                "kind": job.kind,
                "state": job.state,
                "progress": job.progress,
                "times_real_time": job.progress.rate(),
                "left_s": job.progress.time_left(),
                "message": job.message,
            })
        });
        output::json(&jobs.collect::<Vec<_>>())?;
    } else {
        let mut table = Table::new([
            Column::numbers(3),
            Column::words(7),
            Column::words(7),
            Column::numbers(9),
            Column::numbers(0),
            Column::numbers(0),
            Column::numbers(0),
            Column::words(0),
        ]);
        table.row(["job", "what", "state", "files", "decoded", "time", "speed", ""]);
        for job in jobs {
            let progress = &job.progress;
            let done = progress.done_files + progress.bad_files;
            table.row([
                job.id.0.to_string(),
                job.kind.clone(),
                state(job.state).to_owned(),
                format!("{done}/{}", progress.num_files),
                progress.decoded_frames.map_or(String::new(), |frames| frames.to_string()),
                duration(progress.worked.0),
                progress.rate().map_or(String::new(), |rate| format!("{rate:.1} x")),
                job.message.clone().unwrap_or_default(),
            ]);
        }
        output::text(&table.lines("  ").join("\n"))?;
    }
    Ok(if jobs.is_empty() { Outcome::NothingFound } else { Outcome::Done })
}
