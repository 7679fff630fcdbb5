//! One writer at a time.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::error::CatalogueError;

/// How a catalogue is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// For reading; any number of programs may, also while one writes, and from a disk that is closed
    /// for writing.
    Read,
    /// For writing, by one program. Where another writes already, it is waited for so long.
    Write {
        /// How long to wait; zero refuses at once.
        wait: Duration,
    },
}

impl Access {
    /// For writing, refused where another program writes.
    pub const WRITE: Self = Self::Write { wait: Duration::ZERO };
}

/// A lock that the system takes back when its process ends, however it ends.
#[derive(Debug)]
pub(super) struct WriterLock {
    file: File,
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // Closing would not do: a program that this process is just starting has the file open as well,
        // until it is loaded.
        let _ = self.file.unlock();
    }
}

impl WriterLock {
    pub(super) fn take(folder: &Path, wait: Duration) -> Result<Self, CatalogueError> {
        let path = folder.join("writer.lock");
        let failed = |source| CatalogueError::Folder { path: path.clone(), source };
        let mut options = File::options();
        let options = options.read(true).write(true).create(true).truncate(false);
        // A pipe would be waited for, and by a link a file would be made elsewhere.
        let opened = options.custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW).open(&path);
        let no_file = || CatalogueError::Damaged {
            place: folder.display().to_string(),
            what: "its writer.lock is no file; remove it, and give the command again".into(),
        };
        let mut file = match opened {
            Err(_) if std::fs::symlink_metadata(&path).is_ok_and(|about| !about.is_file()) => {
                return Err(no_file());
            }
            opened => opened.map_err(failed)?,
        };
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(no_file());
        }
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) if began.elapsed() < wait => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    let mut writer = String::new();
                    // Who it is may not have been written yet.
                    let _ = file.read_to_string(&mut writer);
                    let place = folder.display().to_string();
                    let writer = writer.trim().to_owned();
                    let writer = if writer.is_empty() { "just starting".into() } else { writer };
                    return Err(CatalogueError::Busy { place, writer });
                }
            }
        }
        let mut say = || {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "process {}", std::process::id())
        };
        say().map_err(failed)?;
        Ok(Self { file })
    }
}
