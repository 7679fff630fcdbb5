//! The catalogue in a folder: a SQLite database, and the segments beside it.
//!
//! `catalogue.sqlite` holds everything but vectors, `segments/` the vectors, `writer.lock` says who
//! writes. Adding a video writes and syncs its segments, then commits one transaction that names them;
//! whatever a killed writer left unnamed is removed by the next.

mod care;
mod cell;
mod checked_row;
mod cues;
mod database;
mod deadline;
mod dropping;
mod files;
mod generations;
mod jobs;
mod live_runs;
mod lost_files;
mod mending;
mod mending_models;
mod presence;
mod record_faults;
mod restoring;
mod restoring_runs;
mod schema;
mod sealed_parts;
mod sealing;
mod snapshots;
mod store;
mod videos;
mod word_index;
mod word_index_version;

use std::path::PathBuf;

use rusqlite::Transaction;

use super::{
    Catalogue, CatalogueError, Cue, CueHit, Dropped, FileId, FileRecord, GenerationId,
    GenerationRecord, JobId, JobProgress, JobRecord, JobState, ModelRecord, NewVideo, Verified,
};
use crate::identity::{Candidate, Known, Look, Moved};
use crate::scan::{ScanAnswer, ScanRequest, TrackFilter, TrackVectors};
use crate::segment::{QuantisedQuery, TrackId, VectorKind};

use database::OF_FILES;
use sealed_parts::{CALIBRATION, CUES, GENERATIONS, INDEXED, TRACKS};

pub use store::SqliteCatalogue;

impl Catalogue for SqliteCatalogue {
    fn files(&self) -> Result<Vec<FileRecord>, CatalogueError> {
        self.database
            .read_checked("listing files", OF_FILES, |db| files::select(db, files::ALL, []))
    }

    fn file_of(&self, track: TrackId) -> Result<Option<FileRecord>, CatalogueError> {
        let read = self.database.read_checked("looking up a file", OF_FILES, |db| {
            files::select(db, files::OF_TRACK, [i64::from(track.0)])
        });
        Ok(read?.pop())
    }

    fn known(&self) -> Result<Known, CatalogueError> {
        self.database.read_checked("listing paths", OF_FILES, |db| files::known(db))
    }

    fn note_waiting(&self, looks: &[Look]) -> Result<(), CatalogueError> {
        self.database.write("noting files that wait", |db| Ok(files::note_waiting(db, looks)?))
    }

    fn note_moved(&self, moves: &[Moved]) -> Result<(), CatalogueError> {
        self.changing("noting moved files", |db| Ok(files::note_moved(db, moves)?))
    }

    fn note_missing(&self, gone: &[(FileId, PathBuf)]) -> Result<(), CatalogueError> {
        self.database.write("noting missing files", |db| Ok(files::note_missing(db, gone)?))
    }

    fn note_bad(&self, candidate: &Candidate, reason: &str) -> Result<FileId, CatalogueError> {
        self.changing("noting a bad file", |db| Ok(files::note_bad(db, candidate, reason)?))
    }

    fn add_video(
        &self,
        generation: GenerationId,
        video: &NewVideo,
    ) -> Result<FileId, CatalogueError> {
        self.changing("adding a video", |db| videos::add(self, db, generation, video))
    }

    fn remove_files(&self, files: &[FileId]) -> Result<(), CatalogueError> {
        self.changing("removing files", |db| Ok(files::remove(db, files)?))
    }

    fn files_left(&self, generation: GenerationId) -> Result<Vec<FileRecord>, CatalogueError> {
        self.database.read_checked(
            "listing files to index",
            &[OF_FILES, &[&INDEXED]].concat(),
            |db| files::select(db, files::NOT_INDEXED, [generation.0]),
        )
    }

    fn scan(
        &self,
        generation: GenerationId,
        kind: VectorKind,
        request: &ScanRequest<'_>,
    ) -> Result<ScanAnswer, CatalogueError> {
        self.ask(generation, kind, |vectors| vectors.scan(request))
    }

    fn track_vectors(
        &self,
        generation: GenerationId,
        kind: VectorKind,
        track: TrackId,
    ) -> Result<Option<TrackVectors>, CatalogueError> {
        self.ask(generation, kind, |vectors| Ok(vectors.track_vectors(track)?))
    }

    fn track_scores(
        &self,
        generation: GenerationId,
        kind: VectorKind,
        track: TrackId,
        query: &QuantisedQuery,
    ) -> Result<Option<Vec<f32>>, CatalogueError> {
        self.ask(generation, kind, |vectors| Ok(vectors.track_scores(track, query)?))
    }

    fn find_cues(
        &self,
        text: &str,
        filter: Option<&TrackFilter>,
        most: usize,
    ) -> Result<Vec<CueHit>, CatalogueError> {
        let read = |db: &Transaction<'_>| cues::find(db, text, filter, most);
        let hits = self.database.read_checked("searching cues", &[&TRACKS], read)?;
        if hits.is_empty() && filter.is_none() {
            // That must not be because a line was lost.
            self.database.read_checked("checking cues", &[&CUES], |_| Ok(()))?;
        }
        self.database.check_cues(hits.iter().map(|hit| hit.file))?;
        Ok(hits)
    }

    fn cues(&self, file: FileId) -> Result<Vec<Cue>, CatalogueError> {
        let cues = self.database.read("listing cues", |db| cues::of_file(db, file))?;
        self.database.check_cues([file])?;
        Ok(cues)
    }

    fn generations(&self) -> Result<Vec<GenerationRecord>, CatalogueError> {
        self.database.read_checked("listing generations", &[&GENERATIONS, &INDEXED], |db| {
            generations::all(db)
        })
    }

    fn generation(&self, model: &ModelRecord) -> Result<GenerationId, CatalogueError> {
        self.changing("beginning a generation", |db| generations::begin(db, model))
    }

    fn swap_in(&self, generation: GenerationId) -> Result<(), CatalogueError> {
        self.changing("swapping in a generation", |db| generations::swap_in(db, generation))
    }

    fn discard(&self, generation: GenerationId) -> Result<(), CatalogueError> {
        self.changing("discarding a generation", |db| generations::discard(db, generation))
    }

    fn calibration(
        &self,
        generation: GenerationId,
    ) -> Result<Option<serde_json::Value>, CatalogueError> {
        self.database.read_checked("reading a calibration", &[&GENERATIONS, &CALIBRATION], |db| {
            generations::calibration(db, generation)
        })
    }

    fn set_calibration(
        &self,
        generation: GenerationId,
        calibration: &serde_json::Value,
    ) -> Result<(), CatalogueError> {
        self.database.write("writing a calibration", |db| {
            generations::set_calibration(db, generation, calibration)
        })
    }

    fn jobs(&self) -> Result<Vec<JobRecord>, CatalogueError> {
        self.database.read("listing jobs", |db| jobs::all(db))
    }

    fn start_job(&self, kind: &str, progress: &JobProgress) -> Result<JobId, CatalogueError> {
        self.database.write("beginning a job", |db| Ok(jobs::start(db, kind, progress)?))
    }

    fn set_job(
        &self,
        job: JobId,
        state: JobState,
        progress: &JobProgress,
        message: Option<&str>,
    ) -> Result<(), CatalogueError> {
        self.database
            .write("noting how far a job is", |db| jobs::set(db, job, state, progress, message))
    }

    fn compact(&self) -> Result<u64, CatalogueError> {
        care::compact(self)
    }

    fn mend_records(&self) -> Result<Vec<String>, CatalogueError> {
        self.changing("mending the records", |db| mending::mend(db, &self.folder))
    }

    fn drop_damaged(
        &self,
        can_encode: &dyn Fn(&FileRecord) -> bool,
    ) -> Result<Dropped, CatalogueError> {
        dropping::drop_damaged(self, can_encode)
    }

    fn verify(&self) -> Result<Verified, CatalogueError> {
        care::verify(self)
    }
}
