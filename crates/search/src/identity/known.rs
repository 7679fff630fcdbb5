//! What a catalogue knows of the file system.

use serde::{Deserialize, Serialize};

use super::content::ContentIdentity;
use super::walk::Look;

/// The number of a file, given once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileId(pub i64);

/// What the catalogue knows of the file system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The paths of its files.
    pub paths: Vec<KnownPath>,
    /// Files that waited when they were last looked at.
    pub waiting: Vec<Look>,
}

/// A path of a file of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPath {
    /// Size and times when it was last looked at.
    pub look: Look,
    /// The file that lay there.
    pub file: FileId,
    /// That file's content.
    pub identity: ContentIdentity,
    /// Whether the file was marked as missing.
    pub is_missing: bool,
    /// Whether the file could not be read.
    pub is_bad: bool,
    /// Whether the file lacks something, as pictures that are damaged.
    pub is_faulty: bool,
}
