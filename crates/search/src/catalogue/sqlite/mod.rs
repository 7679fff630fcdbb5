//! The catalogue in a folder: a SQLite database, and the segments beside it.
//!
//! `catalogue.sqlite` holds everything but vectors, `segments/` the vectors, `writer.lock` says who
//! writes. Adding a video writes and syncs its segments, then commits one transaction that names them;
//! whatever a killed writer left unnamed is removed by the next.

mod care;
mod checked_row;
mod cues;
mod database;
mod dropping;
mod files;
mod generations;
mod jobs;
mod live_runs;
mod mending;
mod mending_models;
mod presence;
mod record_faults;
mod schema;
mod snapshots;
mod store;
mod videos;
mod word_index;

use std::path::PathBuf;

use super::{
    Catalogue, CatalogueError, Cue, CueHit, Dropped, FileId, FileRecord, GenerationId,
    GenerationRecord, JobId, JobProgress, JobRecord, JobState, ModelRecord, NewVideo, Verified,
};
use crate::identity::{Candidate, Known, Look, Moved};
use crate::scan::{ScanAnswer, ScanRequest, TrackFilter, TrackVectors};
use crate::segment::{QuantisedQuery, TrackId, VectorKind};

pub use store::SqliteCatalogue;

impl Catalogue for SqliteCatalogue {
    fn files(&self) -> Result<Vec<FileRecord>, CatalogueError> {
        self.database.read("listing files", |db| files::select(db, files::ALL, []))
    }

    fn file_of(&self, track: TrackId) -> Result<Option<FileRecord>, CatalogueError> {
        let read = self.database.read("looking up a file", |db| {
            files::select(db, files::OF_TRACK, [i64::from(track.0)])
        });
        Ok(read?.pop())
    }

    fn known(&self) -> Result<Known, CatalogueError> {
        self.database.read("listing paths", |db| files::known(db))
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
        self.database.read("listing files to index", |db| {
            files::select(db, files::NOT_INDEXED, [generation.0])
        })
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
        self.database.read("searching cues", |db| cues::find(db, text, filter, most))
    }

    fn cues(&self, file: FileId) -> Result<Vec<Cue>, CatalogueError> {
        self.database.read("listing cues", |db| cues::of_file(db, file))
    }

    fn generations(&self) -> Result<Vec<GenerationRecord>, CatalogueError> {
        self.database.read("listing generations", |db| generations::all(db))
    }

    fn generation(&self, model: &ModelRecord) -> Result<GenerationId, CatalogueError> {
        self.changing("beginning a generation", |db| generations::begin(db, model))
    }

    fn swap_in(&self, generation: GenerationId) -> Result<(), CatalogueError> {
        self.changing("swapping in a generation", |db| generations::swap_in(db, generation))
    }

    fn calibration(
        &self,
        generation: GenerationId,
    ) -> Result<Option<serde_json::Value>, CatalogueError> {
        self.database.read("reading a calibration", |db| generations::calibration(db, generation))
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
