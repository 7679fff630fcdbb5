//! A file that is read by a thread of its own and sent piece by piece.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use std::sync::Arc;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use tokio::sync::Semaphore;

use crate::library::LibraryError;
use crate::media::Media;

/// Bytes that are read at a time, and so held for each answer.
const PIECE_BYTES: u64 = 64 << 10;

/// Whether the file of a video is there and as it was when it was indexed; blocks.
///
/// # Errors
/// [`LibraryError::NotThere`] where it is gone, was changed, or cannot be read.
pub fn check_file(media: &Media) -> Result<(), LibraryError> {
    OpenFile::of(media).map(drop)
}

/// A plain file, open for reading.
pub(crate) struct OpenFile {
    file: File,
    /// Its bytes.
    pub(crate) length: u64,
    /// Names this state of it: the length and the time of its last change.
    pub(crate) tag: String,
}

impl OpenFile {
    /// Opens the file of a video; blocks. One that was changed, or has another length by now, is not given away.
    ///
    /// # Errors
    /// Always [`LibraryError::NotThere`]: gone, changed, or not to be read.
    pub(crate) fn of(media: &Media) -> Result<Self, LibraryError> {
        let not_there = |words: &str, cause| LibraryError::NotThere(words.to_owned(), cause);
        match Self::open(&media.path) {
            Ok(file) if file.length == media.size_bytes && !media.is_changed => Ok(file),
            Ok(_) => {
                Err(not_there("the file was changed since it was indexed; index it again", None))
            }
            Err(error) => Err(match error.kind() {
                ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidInput => {
                    not_there("the file is not where it was when it was indexed", None)
                }
                _ => not_there("the file cannot be read by the server", Some(Box::new(error))),
            }),
        }
    }

    /// Opens a plain file; blocks. What is none is an [`ErrorKind::InvalidInput`].
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let no_file = || io::Error::new(ErrorKind::InvalidInput, "it is no file");
        // Asked before it is opened: opening a pipe would wait for its writer.
        if !std::fs::metadata(path)?.is_file() {
            return Err(no_file());
        }
        let file = File::open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(no_file());
        }
        let changed = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let nanoseconds = changed.map_or(0, |since| since.as_nanos());
        Ok(Self {
            file,
            length: about.len(),
            tag: format!("\"{:x}-{nanoseconds:x}\"", about.len()),
        })
    }

    /// The same of a file that this server made: a link that lies in its place is not followed.
    pub(crate) fn open_own(path: &Path) -> io::Result<Self> {
        let named = std::fs::symlink_metadata(path)?;
        let opened = Self::open(path)?;
        let about = opened.file.metadata()?;
        match (named.dev(), named.ino()) == (about.dev(), about.ino()) {
            true => Ok(opened),
            false => Err(io::Error::new(ErrorKind::InvalidInput, "it is a link")),
        }
    }

    /// The bytes from `first` on, `length` of them, as the body of an answer; each piece is read when one of
    /// the `places` is free. A file that became shorter meanwhile breaks the answer off.
    pub(crate) fn body(self, first: u64, length: u64, places: Arc<Semaphore>) -> Body {
        let reading = Reading { file: self.file, at: first, left: length, buffer: BytesMut::new() };
        Body::from_stream(stream::try_unfold(reading, move |mut reading| {
            let places = Arc::clone(&places);
            async move {
                if reading.left == 0 {
                    return Ok(None);
                }
                let _place = places.acquire_owned().await.map_err(io::Error::other)?;
                // Here, and not on the thread that reads: each thread keeps what it once took.
                reading.buffer.resize(reading.left.min(PIECE_BYTES) as usize, 0);
                let read = tokio::task::spawn_blocking(move || reading.next_piece());
                read.await.map_err(io::Error::other)?.map(Some)
            }
        }))
    }
}

struct Reading {
    file: File,
    at: u64,
    left: u64,
    /// Taken again for the next piece once the one before is sent.
    buffer: BytesMut,
}

impl Reading {
    fn next_piece(mut self) -> io::Result<(Bytes, Self)> {
        self.file.seek(SeekFrom::Start(self.at))?;
        self.file.read_exact(&mut self.buffer)?;
        self.at += self.buffer.len() as u64;
        self.left -= self.buffer.len() as u64;
        Ok((self.buffer.split().freeze(), self))
    }
}
