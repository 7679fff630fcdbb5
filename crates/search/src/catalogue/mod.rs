//! The catalogue: which files there are, what is in the index of them, what is said in them.
//!
//! [`Catalogue`] is what commands and the server use; [`SqliteCatalogue`] keeps it in a folder, and
//! [`PostgresCatalogue`] in a database that several machines use. [`open_catalogue`] opens either.

mod bad_value;
mod error;
mod for_visitors;
mod location;
mod lost_place;
mod phrases;
mod postgres;
mod records;
mod server_trouble;
mod sqlite;
mod writer_lock;

use std::path::PathBuf;

use crate::identity::{Candidate, Known, Look, Moved};
use crate::scan::{ScanAnswer, ScanRequest, TrackFilter, TrackVectors};
use crate::segment::{QuantisedQuery, TrackId, VectorKind};

pub use crate::identity::FileId;
pub use error::CatalogueError;
pub use location::{CatalogueLocation, open_catalogue};
pub use phrases::{MOST_OPEN_WORDS_SAID, MOST_WORDS_SAID, num_open_words_said, num_words_said};
pub use postgres::{PostgresCatalogue, ServerAddress};
pub use records::{
    Cue, CueHit, FileRecord, FileState, GenerationId, GenerationRecord, GenerationState, JobId,
    JobProgress, JobRecord, JobState, ModelRecord, NewVideo,
};
pub use server_trouble::ServerTrouble;
pub use sqlite::SqliteCatalogue;
pub use writer_lock::Access;

/// What a check of everything found.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// Segments, or tables, that were read whole.
    pub num_parts: u64,
    /// Vectors that count.
    pub num_vectors: u64,
    /// What is wrong, a line each; empty where all is well.
    pub faults: Vec<String>,
}

/// What was taken out of what is searched, as its vectors are damaged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Files that are to be encoded again.
    pub again: Vec<FileId>,
    /// Files that cannot be: what there is of their vectors is kept, and [`Catalogue::verify`] names them.
    pub kept: Vec<FileId>,
}

/// Files, their vectors and their words. What a method that changes something has done is on the disk
/// when it returns, whole or not at all.
///
/// # Errors
/// Of all methods: [`CatalogueError::ReadOnly`] where a catalogue opened for reading is to be changed,
/// [`CatalogueError::Database`] where the database fails, [`CatalogueError::Unreachable`] where its server cannot be
/// asked, and what the method names.
pub trait Catalogue: Send + Sync {
    // Files.

    /// All files, ordered by number.
    fn files(&self) -> Result<Vec<FileRecord>, CatalogueError>;
    /// One file by its track; none where there is none.
    fn file_of(&self, track: TrackId) -> Result<Option<FileRecord>, CatalogueError>;
    /// What is known of the file system, for [`plan`](crate::identity::plan).
    fn known(&self) -> Result<Known, CatalogueError>;
    /// Notes the files that may still be written to, in place of those noted before.
    fn note_waiting(&self, looks: &[Look]) -> Result<(), CatalogueError>;
    /// Known files lie at other paths, at further ones, or were touched; missing ones are present again. A hash of the whole is kept
    /// where none was known.
    /// Another file that lay at such a path loses it, and left without any it is removed.
    fn note_moved(&self, moves: &[Moved]) -> Result<(), CatalogueError>;
    /// Files are no longer where they were. One that has other paths loses this one; else it is missing
    /// and keeps it, or is forgotten where it was bad.
    fn note_missing(&self, gone: &[(FileId, PathBuf)]) -> Result<(), CatalogueError>;
    /// A file cannot be decoded. One that is in an index stays as it is there: only for another one it
    /// could not be.
    fn note_bad(&self, candidate: &Candidate, reason: &str) -> Result<FileId, CatalogueError>;

    // Videos.

    /// Adds a video with its vectors to a generation, and returns when the disk has both. One with this
    /// content is replaced: with the same hash of the whole, or the one that [`NewVideo::file`] names where no hash speaks
    /// against it. Another file that lay at its path loses it, and left without any it is
    /// removed.
    ///
    /// # Errors
    /// [`CatalogueError::Width`] when its vectors do not fit the generation.
    fn add_video(
        &self,
        generation: GenerationId,
        video: &NewVideo,
    ) -> Result<FileId, CatalogueError>;
    /// Removes files with all that is known of them.
    fn remove_files(&self, files: &[FileId]) -> Result<(), CatalogueError>;
    /// Files that are present and not in a generation, ordered by number.
    fn files_left(&self, generation: GenerationId) -> Result<Vec<FileRecord>, CatalogueError>;

    // Search.

    /// Scans a generation.
    fn scan(
        &self,
        generation: GenerationId,
        kind: VectorKind,
        request: &ScanRequest<'_>,
    ) -> Result<ScanAnswer, CatalogueError>;
    /// All vectors of a track.
    fn track_vectors(
        &self,
        generation: GenerationId,
        kind: VectorKind,
        track: TrackId,
    ) -> Result<Option<TrackVectors>, CatalogueError>;
    /// The cosine of a query with each vector of a track, in order of time.
    fn track_scores(
        &self,
        generation: GenerationId,
        kind: VectorKind,
        track: TrackId,
        query: &QuantisedQuery,
    ) -> Result<Option<Vec<f32>>, CatalogueError> {
        let vectors = self.track_vectors(generation, kind, track)?;
        Ok(vectors.map(|vectors| vectors.scores(query)))
    }
    /// Cues in which all words of `text` stand, the best first; equal ones by file and time. A word with a
    /// `*` behind it stands for all that begin so. Of more words than [`MOST_WORDS_SAID`], or
    /// [`MOST_OPEN_WORDS_SAID`] with a `*`, nobody should ask.
    ///
    /// # Errors
    /// [`CatalogueError::TooSlow`] where it takes too long in a folder.
    fn find_cues(
        &self,
        text: &str,
        filter: Option<&TrackFilter>,
        most: usize,
    ) -> Result<Vec<CueHit>, CatalogueError>;
    /// The cues of a file in order of time.
    fn cues(&self, file: FileId) -> Result<Vec<Cue>, CatalogueError>;

    // Generations.

    /// All generations, ordered by number.
    fn generations(&self) -> Result<Vec<GenerationRecord>, CatalogueError>;
    /// The generation of a model: the one there is, which takes its name, else a new one. The first is live at once; another
    /// is built beside the live one, and replaces one of a third model that was being built.
    fn generation(&self, model: &ModelRecord) -> Result<GenerationId, CatalogueError>;
    /// Makes a generation the live one and removes the one that was.
    ///
    /// # Errors
    /// [`CatalogueError::NotWhole`] when a file is not in it that is present, or that is gone and in the live one.
    fn swap_in(&self, generation: GenerationId) -> Result<(), CatalogueError>;
    /// Removes a generation that is being built, with its vectors. The live one stays.
    fn discard(&self, generation: GenerationId) -> Result<(), CatalogueError>;
    /// What calibration left with a generation.
    ///
    /// # Errors
    /// [`CatalogueError::Damaged`] when it is no JSON.
    fn calibration(
        &self,
        generation: GenerationId,
    ) -> Result<Option<serde_json::Value>, CatalogueError>;
    /// Leaves a calibration with a generation.
    fn set_calibration(
        &self,
        generation: GenerationId,
        calibration: &serde_json::Value,
    ) -> Result<(), CatalogueError>;

    // Jobs.

    /// All jobs, the last first.
    fn jobs(&self) -> Result<Vec<JobRecord>, CatalogueError>;
    /// Begins a job.
    fn start_job(&self, kind: &str, progress: &JobProgress) -> Result<JobId, CatalogueError>;
    /// Says how far a job is, or how it ended.
    fn set_job(
        &self,
        job: JobId,
        state: JobState,
        progress: &JobProgress,
        message: Option<&str>,
    ) -> Result<(), CatalogueError>;

    // Care.

    /// Rewrites what removed videos left, and puts many small segments together. Returns the bytes that
    /// were freed.
    fn compact(&self) -> Result<u64, CatalogueError>;
    /// Mends the records of what is in the catalogue: what stands there and cannot be, and what names something
    /// that is not there. Of what is lost by that, the file is encoded again, or found anew. Returns what was
    /// done, a line each.
    ///
    /// # Errors
    /// [`CatalogueError::Damaged`] when the database itself cannot be read.
    fn mend_records(&self) -> Result<Vec<String>, CatalogueError>;
    /// Mends the records and drops damaged vectors of files that can be encoded again, which are among
    /// [`files_left`](Self::files_left) of their generations afterwards. Those of others are kept, and in no
    /// answer.
    ///
    /// # Errors
    /// Also where a segment cannot be read, as it is closed or its drive fails: it may be good.
    fn drop_damaged(
        &self,
        can_encode: &dyn Fn(&FileRecord) -> bool,
    ) -> Result<Dropped, CatalogueError>;
    /// Reads everything and says what is wrong.
    fn verify(&self) -> Result<Verified, CatalogueError>;
}
