//! A folder that is there whole, or not at all, and that one program fills at a time.
//!
//! It is filled as `.NAME.part` beside its place and renamed when it is whole. The folder in the making is
//! locked: who comes second is told who is at it. What a killed program left under that name is emptied,
//! and a link is removed and not followed.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::folder_lock::{FolderLock, FolderLockError};
use crate::whole_file::sync_folder_of;

/// Others may rename or remove the folder just as it is opened; after so many times something is wrong.
const TRIES: usize = 100;

/// A folder in the making. Dropped before it is finished, it is removed.
#[derive(Debug)]
pub struct WholeFolder {
    place: PathBuf,
    part: PathBuf,
    /// The outermost folder that was made for it; none where it was there before.
    outermost: Option<PathBuf>,
    is_in_place: bool,
    _lock: FolderLock,
}

impl WholeFolder {
    /// Begins the folder `place`, or the one that will take its place; until it is finished or dropped no
    /// other program can. What lies above it is made.
    ///
    /// # Errors
    /// When another program fills it, or the folder above refuses.
    pub fn begin(place: &Path) -> Result<Self, FolderLockError> {
        let part = beside(place, "part");
        let above = place.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        let outermost = above.take_while(|folder| !folder.exists()).last().map(Path::to_owned);
        let failed = FolderLockError::Open;
        for _ in 0..TRIES {
            make(&part).map_err(failed)?;
            let lock = match FolderLock::take_own(&part) {
                Err(FolderLockError::Open(error)) if error.kind() == ErrorKind::NotFound => {
                    continue;
                }
                taken => taken?,
            };
            if lock.is_of(&part) {
                empty(&part).map_err(failed)?;
                let place = place.to_owned();
                return Ok(Self { place, part, outermost, is_in_place: false, _lock: lock });
            }
        }
        Err(failed(ErrorKind::ResourceBusy.into()))
    }

    /// The place that it will have.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// The path under which it is filled.
    pub fn part(&self) -> &Path {
        &self.part
    }

    /// Gives the folder its name; what was there is removed, or put back when that fails.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish(mut self) -> io::Result<()> {
        File::open(&self.part)?.sync_all()?;
        exchange(&self.part, &self.place)?;
        self.is_in_place = true;
        Ok(())
    }
}

impl Drop for WholeFolder {
    fn drop(&mut self) {
        if self.is_in_place {
            return;
        }
        // A failure here has nobody to tell. A folder that holds anything is not removed.
        let _ = fs::remove_dir_all(&self.part);
        let Some(outermost) = &self.outermost else { return };
        let above = self.place.ancestors().skip(1);
        let made = above.take_while(|folder| folder.starts_with(outermost));
        let _ = made.map(fs::remove_dir).take_while(Result::is_ok).count();
    }
}

/// Makes the folder where there is none. A link is removed; a file is nobody's to remove, and in the way.
fn make(part: &Path) -> io::Result<()> {
    if let Some(above) = part.parent().filter(|above| !above.as_os_str().is_empty()) {
        fs::create_dir_all(above)?;
    }
    match fs::create_dir(part) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => return made,
    }
    if part.is_symlink() {
        fs::remove_file(part)?;
        fs::create_dir(part)?;
    }
    Ok(())
}

fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

/// Renames `new` to `place`; what was there is removed, or put back when that fails.
fn exchange(new: &Path, place: &Path) -> io::Result<()> {
    let old = beside(place, "old");
    let was_there = place.exists();
    if was_there {
        let _ = fs::remove_dir_all(&old);
        fs::rename(place, &old)?;
    }
    if let Err(error) = fs::rename(new, place) {
        if was_there {
            fs::rename(&old, place)?;
        }
        return Err(error);
    }
    sync_folder_of(place)?;
    let _ = fs::remove_dir_all(&old);
    Ok(())
}

/// `.name.suffix` in the same folder.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{suffix}"));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn put(place: &Path, name: &str) {
        let folder = WholeFolder::begin(place).unwrap();
        fs::write(folder.part().join(name), name).unwrap();
        folder.finish().unwrap();
    }

    #[test]
    fn a_folder_takes_the_place_of_the_one_before_or_leaves_it_as_it_was() {
        let above = tempfile::tempdir().unwrap();
        let place = above.path().join("model");
        put(&place, "old");
        drop(WholeFolder::begin(&place).unwrap());
        // The second of the two renames fails: there is nothing to put in its place.
        exchange(&above.path().join("missing"), &place).unwrap_err();
        assert_eq!(
            (names(above.path()), names(&place)),
            (vec!["model".into()], vec!["old".into()])
        );
        put(&place, "new");
        assert_eq!(
            (names(above.path()), names(&place)),
            (vec!["model".into()], vec!["new".into()])
        );
    }

    #[test]
    fn who_comes_second_is_refused_until_the_first_has_ended() {
        let above = tempfile::tempdir().unwrap();
        let place = above.path().join("model");
        let first = WholeFolder::begin(&place).unwrap();
        let second = WholeFolder::begin(&place).unwrap_err();
        assert!(matches!(second, FolderLockError::Busy { .. }), "{second}");
        first.finish().unwrap();
        // Of a killed one the folder is there, and its lock is gone.
        fs::create_dir(above.path().join(".model.part")).unwrap();
        fs::write(above.path().join(".model.part/half"), "half").unwrap();
        put(&place, "whole");
        assert_eq!(names(&place), ["whole"]);
    }

    #[test]
    fn a_link_under_the_other_name_is_removed_and_not_followed() {
        let above = tempfile::tempdir().unwrap();
        let at = |name: &str| above.path().join(name);
        fs::create_dir(at("elsewhere")).unwrap();
        fs::write(at("elsewhere/kept"), "kept").unwrap();
        for target in ["elsewhere", "nowhere"] {
            symlink(at(target), at(".model.part")).unwrap();
            put(&at("model"), "new");
            assert!(!at("model").is_symlink() && !at("nowhere").exists());
            assert_eq!(names(&at("elsewhere")), ["kept"]);
        }
        assert_eq!(names(above.path()), ["elsewhere", "model"]);
        // A file under that name is nobody's to remove.
        fs::write(at(".model.part"), "in the way").unwrap();
        let refused = WholeFolder::begin(&at("model")).unwrap_err();
        assert!(matches!(refused, FolderLockError::Open(_)), "{refused}");
        assert_eq!(fs::read_to_string(at(".model.part")).unwrap(), "in the way");
    }

    #[test]
    fn what_was_made_above_it_goes_where_nothing_came_of_it() {
        let above = tempfile::tempdir().unwrap();
        drop(WholeFolder::begin(&above.path().join("models/deep/one")).unwrap());
        assert_eq!(names(above.path()), [""; 0]);
    }
}
