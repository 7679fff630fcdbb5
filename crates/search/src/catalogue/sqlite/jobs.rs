//! Jobs and how far they are.

use rusqlite::Connection;

use super::database::Fault;
use crate::catalogue::error::CatalogueError;
use crate::catalogue::{JobId, JobProgress, JobRecord, JobState};

pub(super) fn all(db: &Connection, place: &str) -> Result<Vec<JobRecord>, Fault> {
    let select = "SELECT id, kind, state, progress, message FROM jobs ORDER BY id DESC";
    let mut statement = db.prepare_cached(select)?;
    let mut rows = statement.query([])?;
    let mut jobs = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, state, progress): (i64, String, String) = (row.get(0)?, row.get(2)?, row.get(3)?);
        let (state, progress) = (JobState::named(&state), serde_json::from_str(&progress));
        let (Some(state), Ok(progress)) = (state, progress) else {
            let what = format!("job {id} has no state or progress that is known");
            return Err(CatalogueError::Damaged { place: place.to_owned(), what }.into());
        };
        let (kind, message) = (row.get(1)?, row.get(4)?);
        jobs.push(JobRecord { id: JobId(id), kind, state, progress, message });
    }
    Ok(jobs)
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
