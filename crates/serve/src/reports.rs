//! What an index says of itself: its work, the files it could not read, and how much it holds.

use schemars::JsonSchema;
use serde::Serialize;

/// A piece of work on the index.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Job {
    /// Its name, unique in the index.
    pub id: String,
    /// What it does, in words: `index beach.mp4`.
    pub what: String,
    /// How it stands.
    pub state: JobState,
    /// Seconds of video that are done.
    pub done_s: f64,
    /// Seconds of video in all; none as long as that is not known.
    pub total_s: Option<f64>,
    /// Seconds of video done in a second; none as long as nothing was done.
    pub times_real_time: Option<f64>,
    /// How long it still takes, in seconds; none where that is not known.
    pub left_s: Option<f64>,
    /// What there is to say: the reason of a failure.
    pub message: Option<String>,
}

/// How a piece of work stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Not begun.
    Waiting,
    /// At work.
    Running,
    /// Done, and on the disk.
    Done,
    /// Ended by an error.
    Failed,
    /// Ended by somebody.
    Cancelled,
}

/// A file that could not be indexed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BadFile {
    /// The name of the file.
    pub name: String,
    /// Its folder, for display.
    pub folder: String,
    /// What is wrong with it, in one line.
    pub reason: String,
}

/// What an index is and holds.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LibraryState {
    /// The model that the videos are encoded with.
    pub model: String,
    /// Which one of that name.
    pub model_version: String,
    /// Whether questions can be answered; not so while the model is loading.
    pub is_ready: bool,
    /// Videos in the index: copies of one are one.
    pub num_media: usize,
    /// Files in which these lie, or lay: copies count.
    pub num_files: usize,
    /// Videos that are not where they were.
    pub num_missing: usize,
    /// Clips in the index.
    pub num_clips: usize,
    /// Seconds of video in the index.
    pub duration_s: f64,
    /// Files that could not be indexed.
    pub num_bad_files: usize,
    /// The number of the index that answers: another one was built anew, with another model.
    pub generation: u64,
    /// Kinds of files that hits can be given away as.
    pub export_formats: Vec<crate::exports::ExportFormat>,
}
