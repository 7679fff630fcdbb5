//! A file that gets its name only when it is whole.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::VideoError;

/// A file under a temporary name beside its final place; removed when dropped before the rename.
pub(crate) struct PartialFile {
    path: PathBuf,
}

impl PartialFile {
    /// Makes the empty file under its temporary name.
    pub(crate) fn beside(path: &Path) -> Result<Self, VideoError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let Some(name) = path.file_name() else {
            return Err(VideoError::NotAFile { path: path.to_owned(), found: "a folder" });
        };
        let mut partial_name = OsString::from(".");
        partial_name.push(name);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        partial_name.push(format!(".partial-{}-{count}", std::process::id()));
        let partial = Self { path: path.with_file_name(partial_name) };
        // Made here, not by FFmpeg, for the system's plain reason when the folder is missing or
        // closed.
        fs::File::create(&partial.path).map_err(|source| {
            let path = path.to_owned();
            VideoError::Io { path, action: "create the file in its folder", source }
        })?;
        Ok(partial)
    }

    /// Where it stands until then.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The path as FFmpeg takes it: `file:` keeps a name with a colon from being read as a
    /// protocol.
    pub(crate) fn url(&self) -> Result<OsString, VideoError> {
        crate::probe::file_url(&self.path)
    }

    /// Gives the file its final name, replacing one that stood there.
    pub(crate) fn rename_to(&self, path: &Path) -> Result<(), VideoError> {
        fs::rename(&self.path, path).map_err(|source| {
            let path = path.to_owned();
            VideoError::Io { path, action: "rename the finished file", source }
        })
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        // After the rename there is nothing left to remove, and a failure here has nobody to tell.
        let _ = fs::remove_file(&self.path);
    }
}
