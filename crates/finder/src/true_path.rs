//! One name for one place.

use std::path::{Path, PathBuf};

/// A path as a catalogue has it: from the root, without links. Where nothing lies any more, from the root
/// alone.
pub(crate) fn true_path(path: &Path) -> PathBuf {
    let absolute = || std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.canonicalize().unwrap_or_else(|_| absolute())
}
