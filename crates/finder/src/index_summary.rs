//! What indexing did.

use std::path::PathBuf;

use serde::{Serialize, Serializer};

use crate::holdings::Holdings;

/// What became of the files of some folders.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IndexSummary {
    /// Files that were indexed now.
    pub num_added: usize,
    /// Known files at other paths, or at further ones, or seen again: nothing of them was decoded.
    pub num_moved: usize,
    /// Files as they were, and not encoded again for another index.
    pub num_unchanged: usize,
    /// Files that are gone, and are kept in the index.
    #[serde(serialize_with = "as_texts")]
    pub missing: Vec<PathBuf>,
    /// Places where nothing lies any more of files that lie elsewhere, too, or are kept with another place: the index does not
    /// have these places any more.
    #[serde(serialize_with = "as_texts")]
    pub gone_places: Vec<PathBuf>,
    /// Files that are gone and could not be read: the index does not have them any more.
    #[serde(serialize_with = "as_texts")]
    pub gone_bad: Vec<PathBuf>,
    /// Links to folders outside of those that were given, which were not followed.
    #[serde(serialize_with = "as_texts")]
    pub links: Vec<PathBuf>,
    /// Folders that were passed over because they hold a file `.nomedia`.
    #[serde(serialize_with = "as_texts")]
    pub left_out: Vec<PathBuf>,
    /// Files whose vectors are damaged or lost, and which a rebuild could not encode again: they are gone, or
    /// were changed.
    #[serde(serialize_with = "as_texts")]
    pub lost: Vec<PathBuf>,
    /// Files that are still written to.
    #[serde(serialize_with = "as_texts")]
    pub waiting: Vec<PathBuf>,
    /// Files that were found now to be unreadable, with the reason.
    #[serde(serialize_with = "with_reasons")]
    pub bad: Vec<(PathBuf, String)>,
    /// Files that could not be read earlier and are as they were.
    pub num_still_bad: usize,
    /// Files that were indexed now and end before they say: a copy that stopped, most often.
    pub num_cut_short: usize,
    /// Files as they were that end before they say.
    pub num_still_cut_short: usize,
    /// Clips that were encoded.
    pub num_clips: u64,
    /// Of these, frames that do not differ from the one before and took its vector: of models that see
    /// single frames.
    pub num_taken_over: u64,
    /// Frames that came out of the decoder: those of the clips, and those that these are made from. Of bad files,
    /// too.
    pub num_frames: u64,
    /// Lines of subtitles.
    pub num_cues: u64,
    /// Files that were known and have other subtitles beside them now.
    pub num_other_words: usize,
    /// Playing time of what was indexed.
    pub media_s: f64,
    /// Time taken.
    pub seconds: f64,
    /// What the index holds now.
    #[serde(rename = "index")]
    pub holdings: Holdings,
    /// Whether it was stopped before its end.
    pub is_stopped: bool,
    /// Whether this model's index took the place of another's now.
    pub is_swapped_in: bool,
    /// Files that the index lacks, so that it does not take the place of another model's.
    pub num_left: u64,
    /// Of these, files that are gone, so that nothing but the other index knows them.
    pub num_left_gone: u64,
    /// The model of an index that was begun beside this one and is not whole, where this one answers.
    pub begun_beside: Option<String>,
    /// Whether "not here" can be told by a measured rate of false alarms.
    pub is_calibrated: bool,
}

/// Paths as JSON can hold them: what is no text in one is replaced.
fn as_texts<S: Serializer>(paths: &[PathBuf], into: S) -> Result<S::Ok, S::Error> {
    into.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
}

fn with_reasons<S: Serializer>(bad: &[(PathBuf, String)], into: S) -> Result<S::Ok, S::Error> {
    into.collect_seq(bad.iter().map(|(path, reason)| (path.to_string_lossy(), reason)))
}
