//! A file that is there whole, or not at all.
//!
//! What is written stands under another name beside its place, and gets its name when it is whole.
//! So a reader meets the old file or the new one, and where writing fails, or the program is killed,
//! what was there stays. All crates write this way what outlives them; [`write_whole`] does it in one
//! call, [`WholeFile`] for those who write over some time or let another library write.
//!
//! A link in the place itself is replaced, and what it points to stays as it is; a folder may be a
//! link. After [`WholeFile::finish`] a power cut does not lose the file; after
//! [`WholeFile::finish_unsynced`] it may, which is for what can be made again.

use std::collections::hash_map::RandomState;
use std::ffi::OsString;
use std::fs::{self, File};
use std::hash::BuildHasher;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a process that was killed left half written is removed by [`sweep`] when it is as old as
/// this: nothing takes so long to write.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// What a file is called until it is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartName {
    /// `.NAME.ENDING`, always: what a killed process left is replaced by the next that writes the
    /// file. For files that one process writes at a time.
    Same(&'static str),
    /// `.NAME.partial-RANDOM`, never the same, and known to nobody before: for files that several processes
    /// or threads may write, or another library by their name. What killed ones left is removed by who owns
    /// the folder, with [`sweep`].
    Own,
}

/// A file under its other name. Dropped before it is finished, it is removed.
#[derive(Debug)]
pub struct WholeFile {
    place: PathBuf,
    part: PathBuf,
    is_in_place: bool,
}

impl WholeFile {
    /// For the file `place`; nothing is made yet.
    pub fn beside(place: &Path, name: PartName) -> Self {
        let mut part = OsString::from(".");
        part.push(place.file_name().unwrap_or_default());
        match name {
            PartName::Same(ending) => part.push(format!(".{ending}")),
            PartName::Own => part.push(format!(".partial-{:016x}", unknown_number())),
        }
        Self { place: place.to_owned(), part: place.with_file_name(part), is_in_place: false }
    }

    /// The path under which it is written.
    pub fn part(&self) -> &Path {
        &self.part
    }

    /// Removes what a killed process left under the other name; for those who do not
    /// [`create`](Self::create) the file themselves.
    ///
    /// # Errors
    /// When something is there that cannot be removed, as a folder.
    pub fn clear(&self) -> io::Result<()> {
        removed(&self.part)
    }

    /// Makes the empty file under its other name, for writing and reading. It is always a new one: a
    /// link under that name is removed and not followed.
    ///
    /// # Errors
    /// When the folder is missing, closed or full.
    pub fn create(&self) -> io::Result<File> {
        self.clear()?;
        create_new(&self.part)
    }

    /// Waits until the disk has what was written, gives the file its name, replacing one that stood
    /// there, and waits until the disk has that too. `written` is the file that was written to, which
    /// alone is sure to be told of a write that failed late.
    ///
    /// # Errors
    /// When the disk refuses; what was there is as it was then, unless only the name's way to the
    /// disk failed.
    pub fn finish(mut self, written: &File) -> io::Result<()> {
        written.sync_all()?;
        self.rename()?;
        sync_folder_of(&self.place)
    }

    /// Gives the file its name, replacing one that stood there, without waiting for the disk.
    ///
    /// # Errors
    /// When the folder refuses; what was there is as it was then.
    pub fn finish_unsynced(mut self) -> io::Result<()> {
        self.rename()
    }

    fn rename(&mut self) -> io::Result<()> {
        fs::rename(&self.part, &self.place)?;
        self.is_in_place = true;
        Ok(())
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if !self.is_in_place {
            // There may be none yet, and a failure here has nobody to tell.
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// A number that nobody can know before. The standard library draws the seed of its hash tables from the system.
fn unknown_number() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

/// Writes a file whole: `write` fills it, then the disk has it and it gets its name.
///
/// # Errors
/// That of `write`, or of the disk; what was there is as it was then, and nothing is left beside it.
pub fn write_whole<E: From<io::Error>>(
    place: &Path,
    name: PartName,
    write: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    write_and_keep(place, name, write).map(drop)
}

/// The same, and gives the file for what is added to it later: no other that is laid in its place is written to.
///
/// # Errors
/// As [`write_whole`].
pub fn write_and_keep<E: From<io::Error>>(
    place: &Path,
    name: PartName,
    write: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<File, E> {
    let whole = WholeFile::beside(place, name);
    let mut file = whole.create()?;
    write(&mut file)?;
    whole.finish(&file)?;
    Ok(file)
}

/// A new file at a place in a folder that is itself not in its place yet. What lies there is removed, so that a link is
/// not followed.
///
/// # Errors
/// When the folder refuses, or something else than a file or a link lies there.
pub fn new_file(place: &Path) -> io::Result<File> {
    match fs::symlink_metadata(place) {
        Ok(about) if !about.is_file() && !about.is_symlink() => {
            return Err(io::Error::new(
                ErrorKind::AlreadyExists,
                "something else than a file is there",
            ));
        }
        _ => removed(place)?,
    }
    create_new(place)
}

fn create_new(place: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create_new(true).open(place)
}

fn removed(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes what was renamed in the folder of `path` last over a power cut. File systems that do not
/// know such a thing, and folders that may be written and not read, do what they do.
///
/// # Errors
/// When the disk fails.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()) {
        Err(error) => match error.kind() {
            ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::PermissionDenied => {
                Ok(())
            }
            _ => Err(error),
        },
        synced => synced,
    }
}

/// Removes what killed processes left of files with this ending that have names of their own
/// ([`PartName::Own`]). What is younger than a day may be in the making.
pub fn sweep(folder: &Path, ending: &str) {
    let left = format!(".{ending}.partial-");
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_part = entry.file_name().to_string_lossy().contains(&left);
        let age = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
        if is_part && age().is_some_and(|age| age > ABANDONED) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::symlink;
    use std::process::Command;
    use std::time::SystemTime;

    use super::*;

    const SAME: PartName = PartName::Same("part");

    fn put(place: &Path, bytes: &[u8]) -> io::Result<()> {
        write_whole(place, SAME, |file| file.write_all(bytes))
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_reader_meets_the_old_file_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("result.json");
        put(&place, b"old").unwrap();
        write_whole(&place, PartName::Own, |file| {
            file.write_all(b"new, first half")?;
            assert_eq!(fs::read(&place)?, b"old");
            assert_eq!(names(folder.path()).len(), 2);
            file.write_all(b", second half")
        })
        .unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"new, first half, second half");
        assert_eq!(names(folder.path()), ["result.json"]);
    }

    #[test]
    fn what_cannot_be_written_leaves_the_old_file_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("result.json");
        put(&place, b"old").unwrap();
        let stopped = write_whole(&place, SAME, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("no more"))
        });
        assert_eq!(stopped.unwrap_err().to_string(), "no more");
        let whole = WholeFile::beside(&place, PartName::Own);
        whole.create().unwrap().write_all(b"half").unwrap();
        drop(whole);
        assert_eq!((fs::read(&place).unwrap(), names(folder.path()).len()), (b"old".to_vec(), 1));
        // A folder stands in the place, which no file replaces.
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        put(&taken, b"new").unwrap_err();
        assert_eq!(names(folder.path()), ["result.json", "taken"]);
    }

    #[test]
    fn what_a_killed_process_left_under_the_same_name_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (place, part) = (folder.path().join("a.tar"), folder.path().join(".a.tar.part"));
        fs::write(&part, "a longer half of another file").unwrap();
        put(&place, b"new").unwrap();
        assert_eq!((fs::read(&place).unwrap(), names(folder.path()).len()), (b"new".to_vec(), 1));
        // A folder under that name is nobody's to remove.
        fs::create_dir(&part).unwrap();
        put(&place, b"newer").unwrap_err();
        assert_eq!(fs::read(&place).unwrap(), b"new");
        assert!(part.is_dir());
    }

    #[test]
    fn a_link_in_the_place_or_under_the_other_name_is_replaced_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, place) = (folder.path().join("kept"), folder.path().join("place"));
        fs::write(&kept, "kept").unwrap();
        for target in [kept.as_path(), Path::new("nowhere")] {
            for link in [place.clone(), folder.path().join(".place.part")] {
                symlink(target, &link).unwrap();
                put(&place, b"new").unwrap();
                assert_eq!(fs::read(&place).unwrap(), b"new");
                assert!(place.symlink_metadata().unwrap().is_file());
                assert_eq!(fs::read(&kept).unwrap(), b"kept");
                assert_eq!(names(folder.path()), ["kept", "place"]);
                fs::remove_file(&place).unwrap();
            }
        }
        // The folder may be a link: the file lies in the folder that it leads to.
        let (real, linked) = (folder.path().join("real"), folder.path().join("linked"));
        fs::create_dir(&real).unwrap();
        symlink(&real, &linked).unwrap();
        put(&linked.join("place"), b"new").unwrap();
        assert_eq!(fs::read(real.join("place")).unwrap(), b"new");
        assert!(linked.symlink_metadata().unwrap().is_symlink());
    }

    #[test]
    fn a_file_that_is_kept_is_added_to_whatever_is_laid_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, place) = (folder.path().join("kept"), folder.path().join("log"));
        fs::write(&kept, "kept").unwrap();
        let begin = |file: &mut File| file.write_all(b"one ");
        let mut log = write_and_keep::<io::Error>(&place, SAME, begin).unwrap();
        log.write_all(b"two").unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"one two");
        fs::remove_file(&place).unwrap();
        symlink(&kept, &place).unwrap();
        log.write_all(b" three").unwrap();
        new_file(&place).unwrap().write_all(b"new").unwrap();
        new_file(folder.path()).unwrap_err();
        assert_eq!(
            (fs::read(&kept).unwrap(), fs::read(&place).unwrap()),
            (b"kept".to_vec(), b"new".to_vec())
        );
    }

    #[test]
    fn names_of_files_in_the_making_are_not_known_before() {
        let name = || WholeFile::beside(Path::new("a.mp4"), PartName::Own).part().to_owned();
        let names: std::collections::BTreeSet<_> = (0..100).map(|_| name()).collect();
        assert_eq!(names.len(), 100);
        assert!(names.iter().all(|name| name.to_string_lossy().starts_with(".a.mp4.partial-")));
    }

    #[test]
    fn a_folder_that_vanishes_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        let place = gone.join("place");
        assert_eq!(put(&place, b"new").unwrap_err().kind(), ErrorKind::NotFound);
        fs::create_dir(&gone).unwrap();
        let vanished = write_whole(&place, PartName::Own, |file| {
            file.write_all(b"new")?;
            fs::remove_dir_all(&gone)
        });
        assert_eq!(vanished.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn of_many_who_write_one_file_at_once_each_writes_a_whole_one() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("place");
        let write = |number: u8| {
            for _ in 0..20 {
                let own = |file: &mut File| file.write_all(&[number; 4096]);
                write_whole(&place, PartName::Own, own).unwrap();
                let there = fs::read(&place).unwrap();
                assert!(there.len() == 4096 && there.iter().all(|byte| *byte == there[0]));
            }
        };
        std::thread::scope(|scope| {
            (0..4).for_each(|number| drop(scope.spawn(move || write(number))));
        });
        assert_eq!(names(folder.path()), ["place"]);
    }

    #[test]
    fn what_killed_processes_left_under_names_of_their_own_is_swept_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let aged = [(".a.mp4.partial-7-0", 90_000), (".b.mp4.partial-7-1", 60), ("c.mp4", 90_000)];
        for (name, age_s) in aged {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age_s)).unwrap();
        }
        sweep(folder.path(), "frames");
        assert_eq!(names(folder.path()).len(), 3);
        sweep(folder.path(), "mp4");
        assert_eq!(names(folder.path()), [".b.mp4.partial-7-1", "c.mp4"]);
    }

    /// The folder in which the test below runs a second time, in a process of its own.
    const NO_ROOM: &str = "LOCVTP_TEST_NO_ROOM";

    #[test]
    fn a_disk_that_takes_no_more_leaves_the_old_file() {
        if let Some(folder) = std::env::var_os(NO_ROOM) {
            return fill(Path::new(&folder));
        }
        let again = |folder: &Path, program: &str, before: &[&str], script: &str| {
            let script = format!("{script} && exec \"$0\" \"$@\"");
            let mut command = Command::new(program);
            command.args(before).args(["-c", &script]).arg(std::env::current_exe().unwrap());
            command.args([
                "--exact",
                "whole_file::tests::a_disk_that_takes_no_more_leaves_the_old_file",
            ]);
            command.env(NO_ROOM, folder).output()
        };
        // A process whose files may not grow beyond 64 blocks.
        let folder = tempfile::tempdir().unwrap();
        let limited = again(folder.path(), "sh", &[], "trap '' XFSZ && ulimit -f 64").unwrap();
        assert!(limited.status.success(), "{limited:?}");
        assert_eq!(names(folder.path()), ["result.json"]);
        // A disk of 64 KiB, where one may be had without being the system's owner.
        let before = ["--user", "--map-root-user", "--mount", "sh"];
        let mount = format!("mount -t tmpfs -o size=64k tmpfs \"${NO_ROOM}\"");
        match again(folder.path(), "unshare", &before, &mount) {
            Ok(ran) if ran.status.code() == Some(101) => panic!("{ran:?}"),
            Ok(ran) if ran.status.success() => {}
            other => eprintln!("a small disk is not to be had here, so none was filled: {other:?}"),
        }
    }

    fn fill(folder: &Path) {
        let place = folder.join("result.json");
        put(&place, b"old").unwrap();
        let full = put(&place, &[7; 1 << 20]).unwrap_err();
        assert!(matches!(full.kind(), ErrorKind::StorageFull | ErrorKind::FileTooLarge), "{full}");
        assert_eq!((fs::read(&place).unwrap(), names(folder).len()), (b"old".to_vec(), 1));
        // What was half written takes no room any more.
        put(&place, &[8; 1 << 14]).unwrap();
        assert_eq!(fs::read(&place).unwrap(), [8; 1 << 14]);
    }
}
