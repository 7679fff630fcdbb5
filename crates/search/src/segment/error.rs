//! What can be wrong with a segment.

use std::io;
use std::path::{Path, PathBuf};

/// What is to be done about a segment that is damaged.
const WAY_OUT: &str = "`locvtp index verify` lists all that is damaged, and `locvtp index rebuild` encodes its \
                       videos again";

/// Why a segment cannot be read, written or trusted.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// The file cannot be opened or read.
    #[error("{path}: this part of the index is gone or cannot be read; {WAY_OUT}")]
    Read {
        /// The segment.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is there and the system does not let it be read.
    #[error(
        "{path}: this part of the index cannot be read; see that you may read it and that its drive is sound, then \
         give the command again. Nothing of it was changed; if the drive is lost, delete this file, and `locvtp \
         index rebuild` encodes its videos again"
    )]
    Closed {
        /// The segment.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file cannot be written: most often a full disk.
    #[error("{path}: cannot write the segment; see that the disk has free space")]
    Write {
        /// The segment.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A folder, a pipe or a device.
    #[error("{path}: this part of the index is no file; {WAY_OUT}")]
    NoFile {
        /// What lies there.
        path: PathBuf,
    },
    /// It was written to, cut short, or lost with its drive while it was read.
    #[error(
        "{path}: this part of the index was changed or lost while it was read; ask again, and see that nothing \
         else writes to it: {WAY_OUT}"
    )]
    Changed {
        /// The segment.
        path: PathBuf,
    },
    /// Another kind of file.
    #[error("{path}: this is no segment of vectors; {WAY_OUT}")]
    NoSegment {
        /// The file.
        path: PathBuf,
    },
    /// Written by a later version of the program.
    #[error(
        "{path}: the segment has version {found} and this program reads {known}; use the newer program"
    )]
    Newer {
        /// The segment.
        path: PathBuf,
        /// The file's version.
        found: u32,
        /// The version that is written today.
        known: u32,
    },
    /// Shorter or longer than its header says.
    #[error(
        "{path}: the segment has {found} bytes and should have {expected}; it is damaged: {WAY_OUT}"
    )]
    Length {
        /// The segment.
        path: PathBuf,
        /// Bytes that are there.
        found: u64,
        /// Bytes that the header promises.
        expected: u64,
    },
    /// A checksum does not fit.
    #[error("{path}: the segment is damaged in its {part}; {WAY_OUT}")]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Which part, as `bytes 1048576 to 2097152`.
        part: String,
    },
    /// Vectors of another width than the segment's.
    #[error("{path}: the segment holds vectors of {expected} numbers, and one has {found}")]
    Width {
        /// The segment.
        path: PathBuf,
        /// Numbers of the segment's vectors.
        expected: usize,
        /// Numbers of the vector.
        found: usize,
    },
    /// More or fewer vectors were written than announced.
    #[error("{path}: {found} vectors were written where {expected} had been announced")]
    Count {
        /// The segment.
        path: PathBuf,
        /// Vectors announced.
        expected: u64,
        /// Vectors written.
        found: u64,
    },
}

impl SegmentError {
    /// A file that cannot be opened or read.
    pub(super) fn of_reading(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.raw_os_error() {
            // Gone, a socket, or a link to itself.
            None | Some(libc::ENOENT | libc::ENXIO | libc::ELOOP) => Self::Read { path, source },
            Some(_) => Self::Closed { path, source },
        }
    }

    /// Whether the segment is damaged or gone, and not only closed, newer, or changed just now.
    pub fn is_of_damage(&self) -> bool {
        matches!(
            self,
            Self::Read { .. }
                | Self::NoFile { .. }
                | Self::NoSegment { .. }
                | Self::Length { .. }
                | Self::Damaged { .. }
        )
    }
}
