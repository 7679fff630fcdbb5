//! Jobs and how far they are.

use postgres::Transaction;

use super::fault::Fault;
use super::values::plain;
use crate::catalogue::error::CatalogueError;
use crate::catalogue::{JobId, JobProgress, JobRecord, JobState};

pub(super) fn all(db: &mut Transaction<'_>, place: &str) -> Result<Vec<JobRecord>, Fault> {
    let select = "SELECT id, kind, state, progress, message FROM jobs ORDER BY id DESC";
    let mut jobs = Vec::new();
    for row in db.query(select, &[])? {
        let id: i64 = row.get(0);
        let (state, progress) = (JobState::named(row.get(2)), serde_json::from_str(row.get(3)));
        let (Some(state), Ok(progress)) = (state, progress) else {
            let what = format!("job {id} has no state or progress that is known");
            return Err(CatalogueError::Damaged { place: place.to_owned(), what }.into());
        };
        let (kind, message) = (row.get(1), row.get(4));
        jobs.push(JobRecord { id: JobId(id), kind, state, progress, message });
    }
    Ok(jobs)
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
