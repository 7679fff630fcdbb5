//! The catalogue on a server: PostgreSQL with pgvector, for several machines at once.
//!
//! All lies in the schema `locvtp` of one database. One program writes at a time, from whatever machine: it
//! holds a lock that the server takes back when the program's session ends, however it ends. Every change
//! is one transaction. The server computes the scores, so a question moves numbers and no vectors but
//! those of the best.

mod address;
mod care;
mod copy;
mod cues;
mod fault;
mod files;
mod generations;
mod jobs;
mod password;
mod records;
mod scan;
mod server;
mod setup;
mod tls;
mod tracks;
mod values;
mod vectors;
mod videos;
mod words;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

pub use self::address::ServerAddress;
use self::server::Server;
use super::error::CatalogueError;
use super::writer_lock::Access;
use super::{
    Catalogue, Cue, CueHit, Dropped, FileId, FileRecord, GenerationId, GenerationRecord, JobId,
    JobProgress, JobRecord, JobState, ModelRecord, NewVideo, Verified,
};
use crate::identity::{Candidate, Known, Look, Moved};
use crate::scan::{ScanAnswer, ScanRequest, TrackFilter, TrackVectors};
use crate::segment::{TrackId, VectorKind};

/// Vectors of a generation and kind up to which no index is made: 145 hours at one every two seconds.
const EXACT_MOST: u64 = 1 << 18;

/// A catalogue on a server. Its methods may be called by several threads, which read at once; they wait
/// for the server, so an asynchronous program calls them where it may wait.
pub struct PostgresCatalogue {
    server: Server,
    exact_most: u64,
    /// Making an index failed once; `compact` says why.
    has_no_index: AtomicBool,
}

impl PostgresCatalogue {
    /// Opens the catalogue in a database; a writer makes it where there is none.
    ///
    /// # Errors
    /// When the server cannot be reached, has no pgvector or one older than 0.8.4, there is no catalogue to
    /// read, another program writes, or the catalogue is newer than this program.
    pub fn open(address: &ServerAddress, access: Access) -> Result<Self, CatalogueError> {
        let server = Server::open(address, access)?;
        if server.is_writer() {
            server.write("clearing up", |db| {
                jobs::stop_running(db)?;
                tracks::add_contents(db)?;
                generations::note_models(db)
            })?;
        }
        Ok(Self { server, exact_most: EXACT_MOST, has_no_index: AtomicBool::new(false) })
    }

    /// The same, answering by an HNSW index above so many vectors of a generation; 262,144 by default.
    /// The index is made by the video that takes a generation over it.
    #[must_use]
    pub fn with_exact_most(self, exact_most: u64) -> Self {
        Self { exact_most, ..self }
    }
}

impl Catalogue for PostgresCatalogue {
    fn files(&self) -> Result<Vec<FileRecord>, CatalogueError> {
        self.server.read("listing files", |db| {
            let found = files::select(db, files::ALL, &[])?;
            tracks::check(db, None)?;
            Ok(found)
        })
    }

    fn file_of(&self, track: TrackId) -> Result<Option<FileRecord>, CatalogueError> {
        let read = self.server.read("looking up a file", |db| {
            let found = files::select(db, files::OF_TRACK, &[&(track.0 as i32)])?;
            tracks::check(db, Some(track))?;
            Ok(found)
        });
        Ok(read?.pop())
    }

    fn known(&self) -> Result<Known, CatalogueError> {
        self.server.read("listing paths", files::known)
    }

    fn note_waiting(&self, looks: &[Look]) -> Result<(), CatalogueError> {
        self.server.write("noting files that wait", |db| files::note_waiting(db, looks))
    }

    fn note_moved(&self, moves: &[Moved]) -> Result<(), CatalogueError> {
        self.server.write("noting moved files", |db| files::note_moved(db, moves))
    }

    fn note_missing(&self, gone: &[(FileId, PathBuf)]) -> Result<(), CatalogueError> {
        self.server.write("noting missing files", |db| files::note_missing(db, gone))
    }

    fn note_bad(&self, candidate: &Candidate, reason: &str) -> Result<FileId, CatalogueError> {
        self.server.write("noting a bad file", |db| files::note_bad(db, candidate, reason))
    }

    fn add_video(
        &self,
        generation: GenerationId,
        video: &NewVideo,
    ) -> Result<FileId, CatalogueError> {
        let file = self.server.write("adding a video", |db| videos::add(db, generation, video))?;
        for (kind, _) in &video.vectors {
            let is_hopeless = self.has_no_index.load(Ordering::Relaxed);
            // Without an index all is found, only later; `compact` tries again and tells.
            if !is_hopeless
                && care::index_if_large(&self.server, generation, *kind, self.exact_most).is_err()
            {
                self.has_no_index.store(true, Ordering::Relaxed);
            }
        }
        Ok(file)
    }

    fn remove_files(&self, files: &[FileId]) -> Result<(), CatalogueError> {
        self.server.write("removing files", |db| files::remove(db, files))
    }

    fn files_left(&self, generation: GenerationId) -> Result<Vec<FileRecord>, CatalogueError> {
        self.server.read("listing files to index", |db| {
            files::select(db, files::NOT_INDEXED, &[&generation.0])
        })
    }

    fn scan(
        &self,
        generation: GenerationId,
        kind: VectorKind,
        request: &ScanRequest<'_>,
    ) -> Result<ScanAnswer, CatalogueError> {
        self.server.read("searching vectors", |db| {
            scan::scan(db, generation, kind, request, self.exact_most)
        })
    }

    fn track_vectors(
        &self,
        generation: GenerationId,
        kind: VectorKind,
        track: TrackId,
    ) -> Result<Option<TrackVectors>, CatalogueError> {
        self.server.read("reading vectors", |db| {
            let width = generations::width(db, generation)?;
            vectors::of_track(db, generation, kind, width, track)
        })
    }

    fn find_cues(
        &self,
        text: &str,
        filter: Option<&TrackFilter>,
        most: usize,
    ) -> Result<Vec<CueHit>, CatalogueError> {
        self.server.read("searching cues", |db| cues::find(db, text, filter, most))
    }

    fn cues(&self, file: FileId) -> Result<Vec<Cue>, CatalogueError> {
        self.server.read("listing cues", |db| cues::of_file(db, file))
    }

    fn generations(&self) -> Result<Vec<GenerationRecord>, CatalogueError> {
        self.server.read("listing generations", generations::all)
    }

    fn generation(&self, model: &ModelRecord) -> Result<GenerationId, CatalogueError> {
        let place = self.server.place();
        self.server.write("beginning a generation", |db| generations::begin(db, model, &place))
    }

    fn swap_in(&self, generation: GenerationId) -> Result<(), CatalogueError> {
        self.server.write("swapping in a generation", |db| generations::swap_in(db, generation))
    }

    fn discard(&self, generation: GenerationId) -> Result<(), CatalogueError> {
        self.server.write("discarding a generation", |db| {
            generations::remove(db, &format!("id = {} AND state = 'building'", generation.0))
        })
    }

    fn calibration(
        &self,
        generation: GenerationId,
    ) -> Result<Option<serde_json::Value>, CatalogueError> {
        self.server.read("reading a calibration", |db| generations::calibration(db, generation))
    }

    fn set_calibration(
        &self,
        generation: GenerationId,
        calibration: &serde_json::Value,
    ) -> Result<(), CatalogueError> {
        self.server.write("writing a calibration", |db| {
            generations::set_calibration(db, generation, calibration)
        })
    }

    fn jobs(&self) -> Result<Vec<JobRecord>, CatalogueError> {
        self.server.read("listing jobs", jobs::all)
    }

    fn start_job(&self, kind: &str, progress: &JobProgress) -> Result<JobId, CatalogueError> {
        self.server.write("beginning a job", |db| jobs::start(db, kind, progress))
    }

    fn set_job(
        &self,
        job: JobId,
        state: JobState,
        progress: &JobProgress,
        message: Option<&str>,
    ) -> Result<(), CatalogueError> {
        self.server
            .write("noting how far a job is", |db| jobs::set(db, job, state, progress, message))
    }

    fn compact(&self) -> Result<u64, CatalogueError> {
        care::compact(&self.server, self.exact_most)
    }

    fn mend_records(&self) -> Result<Vec<String>, CatalogueError> {
        self.server.write("mending the records", records::mend)
    }

    fn drop_damaged(
        &self,
        can_encode: &dyn Fn(&FileRecord) -> bool,
    ) -> Result<Dropped, CatalogueError> {
        let files = self.files()?;
        care::drop_damaged(&self.server, &|id| {
            files.iter().find(|file| file.id == id).is_none_or(can_encode)
        })
    }

    fn verify(&self) -> Result<Verified, CatalogueError> {
        care::verify(&self.server)
    }
}
