//! Jobs and how far they are.

use rusqlite::Connection;

use super::checked_row::CheckedRow;
use super::database::Fault;
use crate::catalogue::error::CatalogueError;
use crate::catalogue::{JobId, JobProgress, JobRecord, JobState};

/// What [`record`] reads of a job.
pub(super) const COLUMNS: &str = "id, kind, state, progress, message";

pub(super) fn all(db: &Connection) -> Result<Vec<JobRecord>, Fault> {
    let mut statement =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM jobs ORDER BY id DESC"))?;
    let (mut rows, mut jobs) = (statement.query([])?, Vec::new());
    while let Some(row) = rows.next()? {
        jobs.push(record(&CheckedRow::of(row, "jobs", 0))?);
    }
    Ok(jobs)
}

pub(super) fn record(row: &CheckedRow<'_, '_>) -> Result<JobRecord, Fault> {
    Ok(JobRecord {
        id: JobId(row.count(0)?),
        kind: row.text(1)?,
        state: row.named(2, JobState::named, "running, done, failed or stopped")?,
        progress: row.named(3, |json| serde_json::from_str(json).ok(), "the progress of a job")?,
        message: row.optional_text(4)?,
    })
}

pub(super) fn start(
    db: &Connection,
    kind: &str,
    progress: &JobProgress,
) -> rusqlite::Result<JobId> {
    let insert = "INSERT INTO jobs (kind, state, progress) VALUES (?, 'running', ?)";
    db.execute(insert, (kind, json(progress)))?;
    Ok(JobId(db.last_insert_rowid()))
}

pub(super) fn set(
    db: &Connection,
    job: JobId,
    state: JobState,
    progress: &JobProgress,
    message: Option<&str>,
) -> Result<(), Fault> {
    let update = "UPDATE jobs SET state = ?, progress = ?, message = ? WHERE id = ?";
    match db.execute(update, (state.name(), json(progress), message, job.0))? {
        0 => Err(CatalogueError::Unknown { what: format!("job {}", job.0) }.into()),
        _ => Ok(()),
    }
}

fn json(progress: &JobProgress) -> String {
    serde_json::to_string(progress).expect("plain numbers are JSON")
}
