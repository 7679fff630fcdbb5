//! All files under a folder.

use std::path::{Path, PathBuf};

/// Folders below folders are looked into this far; links may lead in circles.
pub(crate) const DEPTH: usize = 6;

/// Hands out every file under `dir`.
///
/// # Errors
/// When the folder cannot be read; folders below it that cannot be read are passed over.
pub(crate) fn walk(dir: &Path, depth: usize, each: &mut dyn FnMut(PathBuf)) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() || (kind.is_symlink() && path.is_dir()) {
            if depth > 0 {
                let _ = walk(&path, depth - 1, each);
            }
        } else {
            each(path);
        }
    }
    Ok(())
}
