//! Jobs and how far they are.

use postgres::{Row, Transaction};

use super::fault::{Fault, bad};
use super::values::plain;
use crate::catalogue::error::CatalogueError;
use crate::catalogue::{JobId, JobProgress, JobRecord, JobState};

/// What [`record`] reads of a job.
pub(super) const COLUMNS: &str = "id, kind, state, progress, message";

pub(super) fn all(db: &mut Transaction<'_>) -> Result<Vec<JobRecord>, Fault> {
    let select = format!("SELECT {COLUMNS} FROM jobs ORDER BY id DESC");
    db.query(&select, &[])?.iter().map(record).collect()
}

pub(super) fn record(row: &Row) -> Result<JobRecord, Fault> {
    let (id, state, progress): (i64, &str, &str) = (row.get(0), row.get(2), row.get(3));
    let wrong = |column, value, expected| bad("jobs", id, column, format!("{value:?}"), expected);
    Ok(JobRecord {
        id: JobId(id),
        kind: row.get(1),
        state: JobState::named(state)
            .ok_or_else(|| wrong("state", state, "running, done, failed or stopped"))?,
        progress: serde_json::from_str(progress)
            .map_err(|_| wrong("progress", progress, "the progress of a job"))?,
        message: row.get(4),
    })
}

pub(super) fn start(
    db: &mut Transaction<'_>,
    kind: &str,
    progress: &JobProgress,
) -> Result<JobId, Fault> {
    let insert = "INSERT INTO jobs (kind, state, progress) VALUES ($1, $2, $3) RETURNING id";
    let row = db.query_one(insert, &[&plain(kind), &JobState::Running.name(), &json(progress)])?;
    Ok(JobId(row.get(0)))
}

pub(super) fn set(
    db: &mut Transaction<'_>,
    job: JobId,
    state: JobState,
    progress: &JobProgress,
    message: Option<&str>,
) -> Result<(), Fault> {
    let update = "UPDATE jobs SET state = $1, progress = $2, message = $3 WHERE id = $4";
    let message = message.map(plain);
    match db.execute(update, &[&state.name(), &json(progress), &message, &job.0])? {
        0 => Err(CatalogueError::Unknown { what: format!("job {}", job.0) }.into()),
        _ => Ok(()),
    }
}

/// Says of the jobs of a killed writer that they ended.
pub(super) fn stop_running(db: &mut Transaction<'_>) -> Result<(), Fault> {
    let stop = "UPDATE jobs SET state = $1, message = 'its process ended' WHERE state = $2";
    db.execute(stop, &[&JobState::Stopped.name(), &JobState::Running.name()])?;
    Ok(())
}

fn json(progress: &JobProgress) -> String {
    serde_json::to_string(progress).expect("plain numbers are JSON")
}
