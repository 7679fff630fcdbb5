//! Who is told how indexing goes.

use std::path::Path;

use locvtp_search::catalogue::JobProgress;

/// Is told how indexing goes, and may stop it.
pub trait IndexObserver {
    /// What is to be done: so many files are in the index as they are, and so many are to be decoded.
    fn planned(&mut self, _num_known: usize, _num_files: usize) {}
    /// A file of so many bytes, which may be a known one, is read whole to tell. Nothing of it is decoded.
    fn comparing(&mut self, _path: &Path, _size: u64) {}
    /// Some clips are done.
    fn progress(&mut self, _progress: &JobProgress) {}
    /// A file cannot be read and is left out until it changes; the reason is without its path.
    fn bad(&mut self, _path: &Path, _reason: &str) {}
    /// Something that a person should know.
    fn note(&mut self, _text: &str) {}
    /// Whether to stop; files that are done are kept.
    fn should_stop(&self) -> bool {
        false
    }
}

/// Nobody is told.
impl IndexObserver for () {}
