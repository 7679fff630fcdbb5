//! What stands in a catalogue.

use locvtp_video::{Seconds, TimeSpan};
use serde::{Deserialize, Serialize};

use crate::identity::{ContentIdentity, FileId, Look};
use crate::segment::{TrackId, VectorBatch, VectorKind};

/// The number of an index generation, given once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GenerationId(pub i64);

/// The number of a job, given once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub i64);

/// How it is with a file. Files still being written are no files yet, only paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// It is there.
    Present,
    /// It was there, and what is known of it is kept.
    Missing,
    /// It cannot be decoded; tried again when it changes.
    Bad,
}

impl FileState {
    /// The state's name in catalogues.
    pub fn name(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Missing => "missing",
            Self::Bad => "bad",
        }
    }

    /// The state with a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Present, Self::Missing, Self::Bad].into_iter().find(|state| state.name() == name)
    }
}

/// A file of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct FileRecord {
    /// Its number.
    pub id: FileId,
    /// What it holds.
    pub identity: ContentIdentity,
    /// How it is with it.
    pub state: FileState,
    /// Why it is bad; of a file that is there, what it lacks.
    pub reason: Option<String>,
    /// How long it plays; 0 for a bad one.
    pub duration: Seconds,
    /// Its track.
    pub track: Option<TrackId>,
    /// Where it lies or last lay, ordered by path.
    pub looks: Vec<Look>,
}

impl FileRecord {
    /// Whether it is no longer where it was.
    pub fn is_gone(&self) -> bool {
        self.state == FileState::Missing
    }
}

/// A subtitle's line with its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Cue {
    /// When it is said.
    pub span: TimeSpan,
    /// What is said.
    pub text: String,
    /// A language code, where it is known.
    pub language: Option<String>,
    /// Where it comes from: a subtitle file's name, or a text track.
    pub source: String,
}

/// A cue that was found by its words.
#[derive(Clone, Debug, PartialEq)]
pub struct CueHit {
    /// Whose cue it is.
    pub file: FileId,
    /// That file's track.
    pub track: TrackId,
    /// The cue.
    pub cue: Cue,
    /// How well it fits; higher is better, and comparable within one answer alone.
    pub score: f64,
}

/// A model and how videos are shown to it: what makes vectors comparable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// What people call it.
    pub name: String,
    /// A hash of its weights.
    pub hash: u128,
    /// Preprocessing of its frames, as JSON.
    pub preprocessing: String,
    /// Sampling, with the stride between clips, as JSON.
    pub sampling: String,
    /// Numbers of its vectors.
    pub width: u32,
}

impl ModelRecord {
    /// Whether its record was damaged, so that it is known by the fingerprint in its vectors alone. The
    /// catalogue takes the record from the model when that is given again.
    pub fn is_unknown(&self) -> bool {
        self.preprocessing.is_empty()
    }

    /// A hash of all that makes vectors comparable; it stands in every segment.
    pub fn fingerprint(&self) -> u128 {
        let Self { name: _, hash, preprocessing, sampling, width } = self;
        let text = format!("{hash:032x}\n{preprocessing}\n{sampling}\n{width}");
        xxhash_rust::xxh3::xxh3_128(text.as_bytes())
    }
}

/// How it is with an index generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GenerationState {
    /// It is being built beside the live one.
    Building,
    /// Searches use it.
    Live,
}

/// An index of all files with one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerationRecord {
    /// Its number.
    pub id: GenerationId,
    /// The model.
    pub model: ModelRecord,
    /// How it is with it.
    pub state: GenerationState,
    /// How many files are in it.
    pub num_files: u64,
}

/// What an encoded video leaves in the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct NewVideo {
    /// The file of the catalogue that it is, where that is encoded again.
    pub file: Option<FileId>,
    /// What the file holds.
    pub identity: ContentIdentity,
    /// Where it lies.
    pub look: Look,
    /// How long it plays.
    pub duration: Seconds,
    /// What a person should know of it, as that it is cut short.
    pub note: Option<String>,
    /// Its vectors, at most one batch a kind: always one of clips, also where not one could be decoded.
    pub vectors: Vec<(VectorKind, VectorBatch)>,
    /// Its cues.
    pub cues: Vec<Cue>,
}

impl NewVideo {
    /// The batches that are kept: an empty one of clips as well, so that vectors which are lost can be told
    /// from those that never were.
    pub(super) fn kept_vectors(&self) -> impl Iterator<Item = &(VectorKind, VectorBatch)> {
        self.vectors.iter().filter(|(kind, batch)| *kind == VectorKind::Clip || !batch.is_empty())
    }
}

/// How it is with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// At work.
    Running,
    /// Ended well.
    Done,
    /// Ended by an error.
    Failed,
    /// Ended by a person, or by the end of its process.
    Stopped,
}

impl JobState {
    /// The state's name in catalogues.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }

    /// The state with a name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Running, Self::Done, Self::Failed, Self::Stopped];
        all.into_iter().find(|state| state.name() == name)
    }
}

/// How far a job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobProgress {
    /// Files there are to do.
    pub num_files: u64,
    /// Files that are done.
    pub done_files: u64,
    /// Files that were bad.
    pub bad_files: u64,
    /// Playing time there is to do.
    pub media: Seconds,
    /// Playing time that is done.
    pub done_media: Seconds,
    /// Time at work.
    pub worked: Seconds,
    /// Frames that came out of the decoder; none of jobs of versions that did not count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoded_frames: Option<u64>,
}

impl JobProgress {
    /// Times real time; none before anything is done.
    pub fn rate(&self) -> Option<f64> {
        (self.worked.0 > 0.0 && self.done_media.0 > 0.0).then(|| self.done_media.0 / self.worked.0)
    }

    /// Time left at the rate so far.
    pub fn time_left(&self) -> Option<Seconds> {
        let left = (self.media - self.done_media).max(Seconds::ZERO);
        self.rate().map(|rate| left / rate)
    }
}

/// A job.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRecord {
    /// Its number.
    pub id: JobId,
    /// What it does, as `add`.
    pub kind: String,
    /// How it is with it.
    pub state: JobState,
    /// How far it is.
    pub progress: JobProgress,
    /// Why it ended, where it did not end well.
    pub message: Option<String>,
}
