//! Whether a file is still the one that was indexed.

use std::io::ErrorKind;
use std::path::Path;

use super::content::ContentIdentity;
use super::walk::{Look, look_at};
use super::whole_hash::whole_hash;

/// Bytes of a touched file that is read whole when somebody only asks how it is with it: half a second on a slow
/// disk, and not at all the next time.
const AT_A_GLANCE: u64 = 64 << 20;

/// How it is with the file of a path now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileNow {
    /// It holds what was indexed; or its folder or itself may not be read, and whoever opens it is told so.
    AsIndexed,
    /// It was touched: size and sample are those that were indexed, and its times are others. It was not compared
    /// whole. `locvtp index add` does that, once.
    Touched,
    /// It holds something else.
    Changed,
    /// Nothing lies there.
    Gone,
}

impl FileNow {
    /// Of the file at `path`, by what was noted when it was last looked at. One that has the size and times of then is
    /// not opened; of one that was touched 192 KiB are read, and all of it where that is up to 64 MiB.
    pub fn of(path: &Path, identity: ContentIdentity, looks: &[Look]) -> Self {
        Self::reading_up_to(AT_A_GLANCE, path, identity, looks)
    }

    /// The same for whoever is about to read the file: one that was touched is read whole, however large. It is
    /// [`FileNow::Touched`] only where no hash of the whole is known of what was indexed.
    pub fn surely(path: &Path, identity: ContentIdentity, looks: &[Look]) -> Self {
        Self::reading_up_to(u64::MAX, path, identity, looks)
    }

    /// The same for who looks at many files: one that was touched is compared by its samples alone.
    pub fn by_samples(path: &Path, identity: ContentIdentity, looks: &[Look]) -> Self {
        Self::reading_up_to(0, path, identity, looks)
    }

    /// Whether it may be used for what was indexed.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::AsIndexed | Self::Touched)
    }

    /// Of one that cannot be looked at or read.
    fn of_unread(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Self::Gone,
            // It became shorter, or something else, meanwhile.
            ErrorKind::UnexpectedEof | ErrorKind::InvalidInput | ErrorKind::IsADirectory => {
                Self::Changed
            }
            // Whoever opens it is told why it cannot be.
            _ => Self::AsIndexed,
        }
    }

    fn reading_up_to(most: u64, path: &Path, identity: ContentIdentity, looks: &[Look]) -> Self {
        let now = match look_at(path) {
            Ok(now) => now,
            Err(error) => return Self::of_unread(error.kind()),
        };
        if looks.contains(&now) {
            return Self::AsIndexed;
        }
        if now.size != identity.size || !path.is_file() {
            return Self::Changed;
        }
        match ContentIdentity::of(path) {
            Ok(sampled) if sampled.sampled() == identity.sampled() => {}
            Ok(_) => return Self::Changed,
            Err(error) => return Self::of_unread(error.kind()),
        }
        let Some(indexed) = identity.whole.filter(|_| now.size <= most) else {
            return Self::Touched;
        };
        match whole_hash(path, &|| false) {
            Ok(Some(whole)) if whole == indexed => Self::AsIndexed,
            Ok(Some(_)) => Self::Changed,
            // Somebody writes to it, or it cannot be read: whoever reads it is told.
            Ok(None) | Err(_) => Self::Touched,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::{FileExt, PermissionsExt};
    use std::path::PathBuf;
    use std::time::SystemTime;

    use super::*;

    struct Indexed {
        _folder: tempfile::TempDir,
        path: PathBuf,
        identity: ContentIdentity,
        looks: [Look; 1],
    }

    impl Indexed {
        fn of(bytes: &[u8]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.mp4");
            std::fs::write(&path, bytes).unwrap();
            let sampled = ContentIdentity::of(&path).unwrap();
            let identity =
                ContentIdentity { whole: whole_hash(&path, &|| false).unwrap(), ..sampled };
            let looks = [look_at(&path).unwrap()];
            Self { _folder: folder, path, identity, looks }
        }

        fn now(&self) -> FileNow {
            FileNow::of(&self.path, self.identity, &self.looks)
        }

        /// Writes a byte and sets the time of the content.
        fn write(&self, byte: u8, at: u64, modified: SystemTime) {
            let file = File::options().write(true).open(&self.path).unwrap();
            file.write_all_at(&[byte], at).unwrap();
            file.set_modified(modified).unwrap();
        }

        fn modified(&self) -> SystemTime {
            std::fs::metadata(&self.path).unwrap().modified().unwrap()
        }
    }

    #[test]
    fn a_file_that_was_touched_is_the_same_and_one_with_other_bytes_is_not() {
        let it = Indexed::of(b"frames");
        assert_eq!(it.now(), FileNow::AsIndexed);
        it.write(b'f', 0, SystemTime::UNIX_EPOCH);
        assert_eq!(it.now(), FileNow::AsIndexed);
        it.write(b'g', 0, SystemTime::UNIX_EPOCH);
        assert_eq!(it.now(), FileNow::Changed);
        std::fs::write(&it.path, "frames and more").unwrap();
        assert_eq!(it.now(), FileNow::Changed);
        std::fs::remove_file(&it.path).unwrap();
        assert_eq!(it.now(), FileNow::Gone);
        std::fs::create_dir(&it.path).unwrap();
        assert_eq!(it.now(), FileNow::Changed);
    }

    #[test]
    fn a_file_without_the_right_to_be_read_is_not_said_to_be_changed() {
        for (kind, now) in [
            (ErrorKind::PermissionDenied, FileNow::AsIndexed),
            (ErrorKind::NotFound, FileNow::Gone),
            (ErrorKind::UnexpectedEof, FileNow::Changed),
            (ErrorKind::InvalidInput, FileNow::Changed),
        ] {
            assert_eq!(FileNow::of_unread(kind), now);
        }
        let it = Indexed::of(b"frames");
        std::fs::set_permissions(&it.path, std::fs::Permissions::from_mode(0o000)).unwrap();
        // With the rights of root it is read.
        assert_eq!(it.now(), FileNow::AsIndexed);
    }

    #[test]
    fn a_change_between_the_samples_is_seen_also_where_the_time_was_set_back() {
        for is_kept in [false, true] {
            let it = Indexed::of(&vec![7; 1 << 20]);
            let modified = if is_kept { it.modified() } else { SystemTime::UNIX_EPOCH };
            it.write(7, 300_000, modified);
            assert_eq!(it.now(), FileNow::AsIndexed);
            it.write(8, 300_000, modified);
            assert_eq!(it.now(), FileNow::Changed);
            it.write(7, 300_000, modified);
            assert_eq!(it.now(), FileNow::AsIndexed);
        }
    }

    #[test]
    fn a_large_file_that_was_touched_is_read_whole_by_who_must_be_sure() {
        let it = Indexed::of(&vec![7; AT_A_GLANCE as usize + 1]);
        let surely = || FileNow::surely(&it.path, it.identity, &it.looks);
        assert_eq!((it.now(), surely()), (FileNow::AsIndexed, FileNow::AsIndexed));
        it.write(8, 300_000, SystemTime::UNIX_EPOCH);
        assert_eq!((it.now(), surely()), (FileNow::Touched, FileNow::Changed));
        it.write(7, 300_000, SystemTime::UNIX_EPOCH);
        assert_eq!((it.now(), surely()), (FileNow::Touched, FileNow::AsIndexed));
        let by_samples = || FileNow::by_samples(&it.path, it.identity, &it.looks);
        assert_eq!(by_samples(), FileNow::Touched);
        it.write(8, 0, SystemTime::UNIX_EPOCH);
        assert_eq!(by_samples(), FileNow::Changed);
        it.write(7, 0, SystemTime::UNIX_EPOCH);
        // Of what an earlier version indexed the whole is not known.
        let identity = ContentIdentity { whole: None, ..it.identity };
        assert_eq!(FileNow::surely(&it.path, identity, &it.looks), FileNow::Touched);
    }
}
