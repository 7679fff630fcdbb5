//! A file of features of any kind, for reading.

use std::io::Read;
use std::path::Path;

use locvtp_video::{TimeSpan, plain_file};

use crate::error::FeatureError;
use crate::hdf5_file::Hdf5File;
use crate::numpy_files::NumpyFiles;
use crate::other_files::OtherFiles;
use crate::provenance::{Provenance, VideoSource};
use crate::safetensors_file::SafetensorsFile;
use crate::video_features::{ClipBlock, VideoEntry, VideoFeatures};

/// The first bytes of every HDF5 file that has no block of a user's own before it.
const HDF5_SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";
/// The first bytes of an `.npz`, which is a ZIP archive.
const ZIP_SIGNATURE: &[u8] = b"PK\x03\x04";
/// The first bytes of an `.npy`.
const NUMPY_SIGNATURE: &[u8] = b"\x93NUMPY";

/// What a feature file that is written can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// `.h5` and `.hdf5`
    Hdf5,
    /// `.safetensors`
    Safetensors,
}

impl FileKind {
    /// By the ending of the name, for files that are to be written.
    ///
    /// # Errors
    /// For any other ending.
    pub fn of_name(path: &Path) -> Result<Self, FeatureError> {
        let ending = path.extension().and_then(|ending| ending.to_str());
        match ending.map(str::to_ascii_lowercase).as_deref() {
            Some("h5" | "hdf5") => Ok(Self::Hdf5),
            Some("safetensors") => Ok(Self::Safetensors),
            _ => Err(FeatureError::Kind { path: path.to_owned() }),
        }
    }
}

/// A file of features, open for reading.
#[non_exhaustive]
pub enum FeatureFile {
    /// An HDF5 file.
    Hdf5(Hdf5File),
    /// A safetensors file.
    Safetensors(SafetensorsFile),
    /// NumPy's files: a folder of one for each video, one of them, or one `.npz` with all.
    Numpy(NumpyFiles),
}

impl FeatureFile {
    /// Opens a file or folder, whatever its name; `dataset` is for HDF5, see [`Hdf5File::open`], and
    /// for `.npz` of one video each.
    ///
    /// # Errors
    /// When it is missing, damaged, being written, or holds no features.
    pub fn open(path: &Path, dataset: Option<&str>) -> Result<Self, FeatureError> {
        Self::open_with(path, dataset, OtherFiles::Refused)
    }

    /// The same; other files that this one points to are refused or read.
    ///
    /// # Errors
    /// As [`FeatureFile::open`].
    pub fn open_with(
        path: &Path,
        dataset: Option<&str>,
        others: OtherFiles,
    ) -> Result<Self, FeatureError> {
        if path.is_dir() {
            return NumpyFiles::open_folder(path, dataset).map(Self::Numpy);
        }
        let mut begin = [0; 8];
        let file = plain_file::open(path);
        let read = file.and_then(|mut file| file.read_exact(&mut begin));
        if let Err(error) = read {
            return match error.kind() {
                std::io::ErrorKind::UnexpectedEof if is_empty(path) => {
                    Err(FeatureError::damaged(path, "it is empty (0 bytes)"))
                }
                std::io::ErrorKind::UnexpectedEof => {
                    Err(FeatureError::damaged(path, "it is shorter than a header"))
                }
                _ => Err(FeatureError::io(path, "read it")(error)),
            };
        }
        let is_hdf5 =
            begin == HDF5_SIGNATURE || matches!(FileKind::of_name(path), Ok(FileKind::Hdf5));
        if is_hdf5 {
            Hdf5File::open(path, dataset, others).map(Self::Hdf5)
        } else if begin.starts_with(ZIP_SIGNATURE) {
            NumpyFiles::open_archive(path, dataset).map(Self::Numpy)
        } else if begin.starts_with(NUMPY_SIGNATURE) {
            Ok(Self::Numpy(NumpyFiles::open_one(path, None)))
        } else {
            SafetensorsFile::open(path).map(Self::Safetensors)
        }
    }

    /// Whether a file is called as feature files are. What it is called does not matter to [`FeatureFile::open`].
    pub fn is_named(path: &Path) -> bool {
        let ending = path.extension().and_then(|ending| ending.to_str());
        let ending = ending.map(str::to_ascii_lowercase);
        ending.is_some_and(|ending| ["h5", "hdf5", "npz", "npy"].contains(&ending.as_str()))
    }

    /// What the format is called: `HDF5`, `safetensors`, or which of NumPy's.
    pub fn format(&self) -> &'static str {
        match self {
            Self::Hdf5(_) => "HDF5",
            Self::Safetensors(_) => "safetensors",
            Self::Numpy(files) => files.format(),
        }
    }

    /// The videos, sorted.
    pub fn ids(&self) -> &[String] {
        match self {
            Self::Hdf5(file) => file.ids(),
            Self::Safetensors(file) => file.ids(),
            Self::Numpy(files) => files.ids(),
        }
    }

    /// What made the features; none in other people's files.
    pub fn provenance(&self) -> Option<Provenance> {
        match self {
            Self::Hdf5(file) => file.provenance(),
            Self::Safetensors(file) => file.provenance(),
            Self::Numpy(_) => None,
        }
    }

    /// How many clips a video has and how wide their features are, without reading them.
    ///
    /// # Errors
    /// As [`FeatureFile::read`].
    pub fn shape(&self, id: &str) -> Result<[usize; 2], FeatureError> {
        match self {
            Self::Hdf5(file) => file.shape(id),
            Self::Safetensors(file) => file.clip_shape(id),
            Self::Numpy(files) => files.shape(id),
        }
    }

    /// When each clip of a video is, without reading the features; none in files of other people.
    ///
    /// # Errors
    /// As [`FeatureFile::read`].
    pub fn spans(&mut self, id: &str) -> Result<Option<Vec<TimeSpan>>, FeatureError> {
        match self {
            Self::Hdf5(file) => file.spans(id),
            Self::Safetensors(file) => file.all_spans(id),
            Self::Numpy(_) => Ok(None),
        }
    }

    /// The array of a video that may say when its clips are, by its name, and is not read: programs mean
    /// different things by it. None where there is none, or the clips' times are known.
    pub fn unread_times(&self, id: &str) -> Option<String> {
        match self {
            Self::Hdf5(file) => file.unread_times(id),
            Self::Safetensors(_) => None,
            Self::Numpy(files) => files.unread_times(id),
        }
    }

    /// Whether the name of a dataset chooses what is read; not where each video is one array.
    pub fn has_named_datasets(&self) -> bool {
        match self {
            Self::Hdf5(file) => file.has_groups(),
            Self::Safetensors(_) => false,
            Self::Numpy(files) => files.has_named_arrays(),
        }
    }

    /// The video file that a video's features were made of; none in files of other people.
    pub fn source(&self, id: &str) -> Option<VideoSource> {
        match self {
            Self::Hdf5(file) => file.source(id),
            Self::Safetensors(file) => file.source(id),
            Self::Numpy(_) => None,
        }
    }

    /// The features of a video, all of them.
    ///
    /// # Errors
    /// When the video is not there or its features are not a table of finite numbers.
    pub fn read(&mut self, id: &str) -> Result<VideoFeatures, FeatureError> {
        let features = match self {
            Self::Hdf5(file) => file.read(id),
            Self::Safetensors(file) => file.read(id),
            Self::Numpy(files) => files.read(id),
        }?;
        let is_bad = |value: &&f32| !value.is_finite();
        let Some(place) = features.values.iter().position(|value| is_bad(&value)) else {
            return Ok(features);
        };
        Err(FeatureError::NotFinite {
            path: self.path_of(id).to_owned(),
            id: id.to_owned(),
            clip: place / features.width,
            found: features.values[place],
            count: features.values.iter().filter(is_bad).count(),
        })
    }

    /// The file that the features of a video are in.
    fn path_of(&self, id: &str) -> &Path {
        match self {
            Self::Hdf5(file) => file.path(),
            Self::Safetensors(file) => file.path(),
            Self::Numpy(files) => files.file_of(id),
        }
    }

    pub(crate) fn entry(&self, id: &str) -> Result<Option<VideoEntry>, FeatureError> {
        match self {
            Self::Hdf5(file) => file.entry(id),
            Self::Safetensors(file) => file.entry(id),
            Self::Numpy(_) => Ok(None),
        }
    }

    pub(crate) fn block(&mut self, id: &str, first: usize) -> Result<ClipBlock, FeatureError> {
        match self {
            Self::Hdf5(file) => file.block(id, first),
            Self::Safetensors(file) => file.block(id, first),
            // To files of other people nothing is added, so nothing is copied out of them.
            Self::Numpy(files) => Err(FeatureError::Foreign { path: files.path().to_owned() }),
        }
    }
}

/// Whether nothing is in a file.
pub(crate) fn is_empty(path: &Path) -> bool {
    path.metadata().is_ok_and(|about| about.len() == 0)
}
