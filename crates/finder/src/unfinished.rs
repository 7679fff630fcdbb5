//! What an earlier command left unfinished: the note that searches show of it, and the half of another index.

use std::path::PathBuf;

use locvtp_search::catalogue::{
    Catalogue, FileRecord, FileState, GenerationRecord, GenerationState, JobProgress, JobState,
};

use crate::error::FinderError;

/// Says by a job of no files that nothing is left of what a job before did not finish: its files are gone, or another
/// index than the one that was being built is kept. That holds where the command that found nothing to do looked
/// through all that is indexed, or was the same again.
pub(crate) fn close(
    catalogue: &dyn Catalogue,
    kind: &str,
    roots: &[PathBuf],
) -> Result<(), FinderError> {
    let jobs = catalogue.jobs()?;
    let Some(last) = jobs.first().filter(|job| job.state != JobState::Done) else { return Ok(()) };
    let is_below = |file: &FileRecord| {
        file.looks.iter().any(|it| roots.iter().any(|root| it.path.starts_with(root)))
    };
    let files = catalogue.files()?;
    let mut present = files.iter().filter(|file| file.state == FileState::Present);
    let is_same = kind == last.kind && roots.is_empty();
    if is_same || !roots.is_empty() && present.all(is_below) {
        let nothing = JobProgress { decoded_frames: Some(0), ..JobProgress::default() };
        let job = catalogue.start_job(kind, &nothing)?;
        catalogue.set_job(job, JobState::Done, &nothing, None)?;
    }
    Ok(())
}

/// The index of another model that is being built beside the live one.
pub(crate) fn beside(catalogue: &dyn Catalogue) -> Result<Option<GenerationRecord>, FinderError> {
    let generations = catalogue.generations()?;
    Ok(generations.into_iter().find(|it| it.state == GenerationState::Building))
}

/// Discards an index that was begun beside the live one and is not whole, though its files are there. One that lacks
/// only files that are gone waits for these, and stays. Returns what was discarded.
///
/// # Errors
/// When the catalogue cannot be written.
pub fn discard_unfinished(
    catalogue: &dyn Catalogue,
) -> Result<Option<GenerationRecord>, FinderError> {
    let Some(begun) = beside(catalogue)? else { return Ok(None) };
    let left = catalogue.files_left(begun.id)?;
    let is_there = |file: &FileRecord| file.looks.iter().any(|look| look.path.exists());
    if !left.iter().any(is_there) {
        return Ok(None);
    }
    catalogue.discard(begun.id)?;
    Ok(Some(begun))
}
