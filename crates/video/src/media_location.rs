//! Where the bytes of a video are: in a file of its own, or in a stretch of another file.
//!
//! Videos packed into archives are read where they lie, without unpacking. Who packs them says how
//! to get at the bytes, by a [`MediaPart`]; that may mean fetching them from another machine, which
//! is done before a file is handed over, so nothing here waits for a network.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::VideoError;
use crate::plain_file;

/// A video's place.
#[derive(Clone)]
pub struct MediaLocation {
    path: PathBuf,
    part: Option<Arc<dyn MediaPart>>,
}

/// A video that is not a file of its own.
pub trait MediaPart: fmt::Debug + Send + Sync {
    /// Bytes of the video.
    fn num_bytes(&self) -> u64;

    /// A number that is another one when the bytes may be others, told without reading them; none
    /// where nothing can be told, and then nothing about the video is kept on disk.
    fn version(&self) -> Option<u64>;

    /// Opens the file that the video is in; fetches it first if need be, within time limits of its
    /// own.
    ///
    /// # Errors
    /// When the bytes are not to be had; the message names the place and the way out.
    fn open(&self) -> Result<FileStretch, Box<dyn Error + Send + Sync>>;

    /// Whether [`open`](MediaPart::open) may wait for another machine.
    fn is_remote(&self) -> bool {
        false
    }

    /// Reads all bytes and compares them with what is known of them, as a check sum.
    ///
    /// # Errors
    /// When they are not to be had, or not those that were put there.
    fn verify(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }
}

/// Neighbouring bytes of an open file. They stay readable when the file is removed meanwhile.
#[derive(Clone, Debug)]
pub struct FileStretch {
    /// The open file.
    pub file: Arc<File>,
    /// The first byte.
    pub start: u64,
    /// How many bytes.
    pub len: u64,
}

impl MediaLocation {
    /// A video in a stretch of another file. `path` names it in messages and, by its ending, the
    /// kind of file: `shards/00000.tar/000000007.mp4`.
    pub fn part(path: impl Into<PathBuf>, part: Arc<dyn MediaPart>) -> Self {
        Self { path: path.into(), part: Some(part) }
    }

    /// The file, or the name of the part.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the video is a file of its own.
    pub fn is_file(&self) -> bool {
        self.part.is_none()
    }

    /// Whether opening the video may wait for another machine, so that several are better opened at
    /// once.
    pub fn is_remote(&self) -> bool {
        self.part.as_ref().is_some_and(|part| part.is_remote())
    }

    pub(crate) fn as_part(&self) -> Option<&dyn MediaPart> {
        self.part.as_deref()
    }

    /// The video's bytes, fetched if need be.
    ///
    /// # Errors
    /// When the file cannot be opened, or the part not be had.
    pub fn open(&self) -> Result<FileStretch, VideoError> {
        if let Some(stretch) = self.open_part()? {
            return Ok(stretch);
        }
        let io =
            |source| VideoError::Io { path: self.path.clone(), action: "open it".into(), source };
        let file = plain_file::open(&self.path).map_err(io)?;
        let len = file.metadata().map_err(io)?.len();
        Ok(FileStretch { file: Arc::new(file), start: 0, len })
    }

    /// How large the video is; nothing is fetched.
    ///
    /// # Errors
    /// When the file cannot be asked.
    pub fn num_bytes(&self) -> Result<u64, VideoError> {
        if let Some(part) = &self.part {
            return Ok(part.num_bytes());
        }
        let about = std::fs::metadata(&self.path);
        let io =
            |source| VideoError::Io { path: self.path.clone(), action: "open it".into(), source };
        Ok(about.map_err(io)?.len())
    }

    /// Compares the bytes of a part with what is known of them; of a file nothing is.
    ///
    /// # Errors
    /// When they are not to be had, or not those that were put there.
    pub fn verify(&self) -> Result<(), VideoError> {
        let verified = self.part.as_ref().map_or(Ok(()), |part| part.verify());
        verified.map_err(|source| VideoError::Part { path: self.path.clone(), source })
    }

    /// The stretch of a part; none for a file of its own, which FFmpeg opens.
    pub(crate) fn open_part(&self) -> Result<Option<FileStretch>, VideoError> {
        let opened = self.part.as_ref().map(|part| part.open()).transpose();
        opened.map_err(|source| VideoError::Part { path: self.path.clone(), source })
    }
}

impl From<PathBuf> for MediaLocation {
    fn from(path: PathBuf) -> Self {
        Self { path, part: None }
    }
}

impl From<&Path> for MediaLocation {
    fn from(path: &Path) -> Self {
        path.to_owned().into()
    }
}

impl From<&str> for MediaLocation {
    fn from(path: &str) -> Self {
        PathBuf::from(path).into()
    }
}

/// Two places are equal when they have the same name.
impl PartialEq for MediaLocation {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.is_file() == other.is_file()
    }
}

impl fmt::Debug for MediaLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.path)
    }
}

impl FileStretch {
    /// Reads at `at` bytes from the start of the stretch; 0 bytes at its end or the file's.
    ///
    /// # Errors
    /// As the system says.
    pub fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        loop {
            match self.file.read_at(&mut buffer[..most], self.start + at) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    /// The bytes from the first on.
    pub fn reader(&self) -> impl Read {
        StretchReader { stretch: self.clone(), at: 0 }
    }
}

struct StretchReader {
    stretch: FileStretch,
    at: u64,
}

impl Read for StretchReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stretch.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_ends_where_it_is_said_to_end_and_outlives_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive");
        std::fs::write(&path, b"before the middle after").unwrap();
        let file = Arc::new(File::open(&path).unwrap());
        std::fs::remove_file(&path).unwrap();
        let stretch = FileStretch { file, start: 7, len: 10 };
        let mut text = String::new();
        stretch.reader().read_to_string(&mut text).unwrap();
        assert_eq!(text, "the middle");
        let cut = FileStretch { len: 100, ..stretch };
        text.clear();
        cut.reader().read_to_string(&mut text).unwrap();
        assert_eq!(text, "the middle after");
        assert_eq!(cut.read_at(&mut [0; 4], 101).unwrap(), 0);
    }
}
