//! A folder that is made for what is going to be written, and taken back where nothing was.

use std::path::{Path, PathBuf};

use locvtp_measure::PathError;

/// A folder that is there now.
pub(crate) struct MadeFolder {
    folder: PathBuf,
    /// The outermost folder that was made for it; none where it was there before.
    outermost: Option<PathBuf>,
}

impl MadeFolder {
    /// Makes a folder, and those above it, where it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn make(folder: &Path) -> Result<Self, PathError> {
        let named = folder.ancestors().filter(|folder| !folder.as_os_str().is_empty());
        let outermost = named.take_while(|folder| !folder.exists()).last().map(Path::to_owned);
        let failed =
            |source| PathError::Io { path: folder.to_owned(), action: "make the folder", source };
        std::fs::create_dir_all(folder).map_err(failed)?;
        Ok(Self { folder: folder.to_owned(), outermost })
    }

    /// Removes what was made of it and of those above, as far as nothing is in them. What cannot be
    /// removed stays.
    pub(crate) fn take_back(&self) {
        let Some(outermost) = &self.outermost else { return };
        for folder in self.folder.ancestors().take_while(|folder| folder.starts_with(outermost)) {
            // Refuses a folder that holds anything.
            if std::fs::remove_dir(folder).is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_made_and_is_empty_is_taken_back() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        MadeFolder::make(&at("runs/deep/one")).unwrap().take_back();
        assert!(!at("runs").exists());
        std::fs::create_dir(at("runs")).unwrap();
        MadeFolder::make(&at("runs/deep/one")).unwrap().take_back();
        assert!(at("runs").exists() && !at("runs/deep").exists());
        let made = MadeFolder::make(&at("runs/deep/one")).unwrap();
        std::fs::write(at("runs/deep/kept"), "").unwrap();
        made.take_back();
        assert!(at("runs/deep/kept").exists() && !at("runs/deep/one").exists());
    }
}
