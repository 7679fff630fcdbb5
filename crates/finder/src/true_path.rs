//! One name for one place.

use std::path::{Path, PathBuf};

/// A path as a catalogue has it: from the root, without links. Where nothing lies any more, from the root
/// alone.
pub(crate) fn true_path(path: &Path) -> PathBuf {
    let absolute = || std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.canonicalize().unwrap_or_else(|_| absolute())
}

/// The same of what lies at a path itself: where that is a link, of the link.
pub(crate) fn link_path(path: &Path) -> PathBuf {
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            true_path(folder).join(name)
        }
        _ => true_path(path),
    }
}
