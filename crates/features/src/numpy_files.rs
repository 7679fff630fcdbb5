//! Features in NumPy's files, as most programs for moments keep them: a folder with an `.npz` or `.npy`
//! for each video, or one `.npz` with an array for each.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use locvtp_video::plain_file;
use zip::ZipArchive;

use crate::error::FeatureError;
use crate::numpy_array::{NumpyArray, NumpyHeader};
use crate::video_features::VideoFeatures;

/// The array of a video's `.npz`, where there are several.
const FEATURES: &str = "features";
/// Arrays of which files of one video alone have one; what `numpy.savez(path, array)` calls an array is
/// among them.
const OF_ONE_VIDEO: [&str; 8] =
    [FEATURES, "feature", "feats", "times", "timestamps", "spans", "last_hidden_state", "arr_0"];
/// Those of them that may say when the clips are.
const TIMES: [&str; 3] = ["times", "timestamps", "spans"];
/// Enough of an array to read its header.
const HEADER: u64 = 1 << 16;
/// Bytes of a number, at most.
const LARGEST_NUMBER: u64 = 8;

/// Features in NumPy's files, open for reading.
///
/// ```text
/// FOLDER/VIDEO.npz   the array `features`, or the only one, `[num_clips, d]`
/// FOLDER/VIDEO.npy   `[num_clips, d]`
/// ALL.npz            an array `VIDEO` for each, `[num_clips, d]`
/// ```
///
/// A single `.npy`, or an `.npz` with an array `features` (or another that is usual in files of one
/// video), is one video, called as its file.
/// A video in a folder of the folder is called by its path, `train/VIDEO`. These files do not say what
/// made them, nor when a clip is: an array `times` is not read, as programs mean different things by it.
pub struct NumpyFiles {
    path: PathBuf,
    array: Option<String>,
    ids: Vec<String>,
    place: Place,
}

enum Place {
    /// A file for each video.
    Folder(BTreeMap<String, PathBuf>),
    /// One archive with all.
    Archive(RefCell<Archive>),
}

type Archive = ZipArchive<BufReader<File>>;

impl NumpyFiles {
    /// Opens a folder; `array` is what features are called in a video's `.npz`.
    ///
    /// # Errors
    /// When it cannot be listed, holds no file of NumPy, or two of one video.
    pub fn open_folder(path: &Path, array: Option<&str>) -> Result<Self, FeatureError> {
        let mut files = FolderFiles::default();
        files.add(path, "")?;
        if files.by_id.is_empty() {
            let reason = files.why_none(path);
            return Err(FeatureError::Unusable { path: path.to_owned(), reason });
        }
        Ok(Self {
            path: path.to_owned(),
            array: array.map(ToOwned::to_owned),
            ids: files.by_id.keys().cloned().collect(),
            place: Place::Folder(files.by_id),
        })
    }

    /// Opens the file of one video, which is called as the file without its ending.
    pub fn open_one(path: &Path, array: Option<&str>) -> Self {
        let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self {
            path: path.to_owned(),
            array: array.map(ToOwned::to_owned),
            ids: vec![id.clone()],
            place: Place::Folder(BTreeMap::from([(id, path.to_owned())])),
        }
    }

    /// Opens an `.npz` whose arrays are videos, or are those of one: then `array` is what features are
    /// called.
    ///
    /// # Errors
    /// When it is missing, damaged, or holds no array.
    pub fn open_archive(path: &Path, array: Option<&str>) -> Result<Self, FeatureError> {
        let archive = open_archive(path)?;
        let mut ids = array_names(path, &archive)?;
        if ids.iter().any(|id| OF_ONE_VIDEO.contains(&id.as_str()) || Some(id.as_str()) == array) {
            return Ok(Self::open_one(path, array));
        }
        if ids.is_empty() {
            let torch = archive.file_names_raw().any(|name| name.ends_with(b"data.pkl"));
            let reason = match torch {
                true => format!(
                    "PyTorch wrote it, and it is not read as features; {}",
                    of_torch("*.pt")
                ),
                false => "it has no array in it".to_owned(),
            };
            return Err(FeatureError::Unusable { path: path.to_owned(), reason });
        }
        ids.sort_unstable();
        let place = Place::Archive(RefCell::new(archive));
        Ok(Self { path: path.to_owned(), array: None, ids, place })
    }

    /// The videos, sorted.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The folder or the archive.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file of a video.
    pub fn file_of(&self, id: &str) -> &Path {
        match &self.place {
            Place::Folder(files) => files.get(id).unwrap_or(&self.path),
            Place::Archive(_) => &self.path,
        }
    }

    /// What kind of files they are, in words.
    pub fn format(&self) -> &'static str {
        match &self.place {
            Place::Archive(_) => "an .npz",
            Place::Folder(_) if self.path.is_dir() => "a folder of NumPy's files",
            Place::Folder(_) if ends_in(&self.path, "npz") => "an .npz of one video",
            Place::Folder(_) => "an .npy of one video",
        }
    }

    /// How many clips a video has and how wide their features are, without reading them.
    ///
    /// # Errors
    /// As [`NumpyFiles::read`].
    pub fn shape(&self, id: &str) -> Result<[usize; 2], FeatureError> {
        let Array { path, bytes, length, stored } = self.bytes(id, HEADER)?;
        let unusable = |reason| FeatureError::Unusable { path: path.clone(), reason };
        let (header, data) = NumpyHeader::read(&bytes).map_err(unusable)?;
        header
            .check_length(length.saturating_sub((bytes.len() - data.len()) as u64))
            .and_then(|()| header.check_table(stored))
            .map_err(unusable)?;
        let found = header.shape;
        let (dataset, expected) = (id.to_owned(), "[num_clips, d]");
        found.try_into().map_err(|found| FeatureError::Shape { path, dataset, found, expected })
    }

    /// The features of a video.
    ///
    /// # Errors
    /// When the video is not there or its array is no table of floats.
    pub fn read(&self, id: &str) -> Result<VideoFeatures, FeatureError> {
        let [rows, width] = self.shape(id)?;
        // As many as a table of this shape has; an archive may unpack more.
        let most = (rows * width) as u64 * LARGEST_NUMBER + HEADER;
        let Array { path, bytes, .. } = self.bytes(id, most)?;
        let array = NumpyArray::read(&bytes);
        let array = array.map_err(|reason| FeatureError::Unusable { path, reason })?;
        Ok(VideoFeatures { width, values: array.values, spans: None, source: None })
    }

    /// Whether some of the files have several arrays, of which one is chosen by its name.
    pub(crate) fn has_named_arrays(&self) -> bool {
        match &self.place {
            Place::Archive(_) => false,
            Place::Folder(files) => files.values().any(|file| ends_in(file, "npz")),
        }
    }

    /// The array of a video's `.npz` that may say when its clips are, and is not read.
    pub(crate) fn unread_times(&self, id: &str) -> Option<String> {
        let Place::Folder(files) = &self.place else { return None };
        let path = files.get(id).filter(|path| ends_in(path, "npz"))?;
        let names = array_names(path, &open_archive(path).ok()?).ok()?;
        names.into_iter().find(|name| TIMES.contains(&name.as_str()))
    }

    /// The file of a video and the first `most` bytes of its array.
    fn bytes(&self, id: &str, most: u64) -> Result<Array, FeatureError> {
        let missing = || {
            let (path, id, num_videos) = (self.path.clone(), id.to_owned(), self.ids.len());
            FeatureError::NoVideo { path, id, num_videos }
        };
        match &self.place {
            Place::Archive(archive) => {
                self.ids.binary_search_by(|known| known.as_str().cmp(id)).map_err(|_| missing())?;
                member(&self.path, &mut archive.borrow_mut(), id, most)
            }
            Place::Folder(files) => {
                let path = files.get(id).ok_or_else(missing)?;
                if ends_in(path, "npz") {
                    let mut archive = open_archive(path)?;
                    let array = self.array_of(path, &archive)?;
                    return member(path, &mut archive, &array, most);
                }
                let failed = || FeatureError::io(path, "read it");
                let file = plain_file::open(path).map_err(failed())?;
                let length = file.metadata().map_err(failed())?.len();
                let mut bytes = Vec::new();
                file.take(most).read_to_end(&mut bytes).map_err(failed())?;
                Ok(Array { path: path.clone(), bytes, length, stored: length })
            }
        }
    }

    /// Which array of a video's `.npz` holds its features.
    fn array_of(&self, path: &Path, archive: &Archive) -> Result<String, FeatureError> {
        let names = array_names(path, archive)?;
        let wanted = self.array.as_deref().unwrap_or(FEATURES);
        match names.as_slice() {
            names if names.iter().any(|name| name == wanted) => Ok(wanted.to_owned()),
            [only] if self.array.is_none() => Ok(only.clone()),
            _ => {
                let reason = format!(
                    "no array {wanted:?}; it has {}: name one of them, as in features.dataset = {:?}",
                    names.join(", "),
                    names.first().map_or("NAME", String::as_str)
                );
                Err(FeatureError::Unusable { path: path.to_owned(), reason })
            }
        }
    }
}

/// An array, or its beginning.
struct Array {
    /// The file that it is in.
    path: PathBuf,
    bytes: Vec<u8>,
    /// Bytes of the whole array with its header, as stated.
    length: u64,
    /// Bytes of it in the file.
    stored: u64,
}

/// The files of a folder, by the ids of their videos.
#[derive(Default)]
struct FolderFiles {
    by_id: BTreeMap<String, PathBuf>,
    /// Endings of the files that are no NumPy's.
    other_endings: BTreeSet<String>,
}

impl FolderFiles {
    fn add(&mut self, folder: &Path, prefix: &str) -> Result<(), FeatureError> {
        let failed = || FeatureError::io(folder, "list the folder");
        for entry in std::fs::read_dir(folder).map_err(failed())? {
            let path = entry.map_err(failed())?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with('.') {
                continue;
            }
            // Links to folders could lead in a circle.
            if path.is_dir() && !path.is_symlink() {
                self.add(&path, &format!("{prefix}{name}/"))?;
            } else if ends_in(&path, "npz") || ends_in(&path, "npy") {
                let id =
                    format!("{prefix}{}", path.file_stem().unwrap_or_default().to_string_lossy());
                if let Some(other) = self.by_id.get(&id) {
                    let (other, path) = (other.clone(), path.clone());
                    let reason = format!(
                        "{} is of the same video, {id:?}; leave one of them out",
                        other.display()
                    );
                    return Err(FeatureError::Unusable { path, reason });
                }
                self.by_id.insert(id, path);
            } else if let Some(ending) = path.extension() {
                self.other_endings.insert(ending.to_string_lossy().to_lowercase());
            }
        }
        Ok(())
    }

    /// Why a folder has no features, and the way out where it is known.
    fn why_none(&self, folder: &Path) -> String {
        let has = |ending: &str| self.other_endings.contains(ending);
        let all = |ending: &str| format!("{}/*.{ending}", folder.display());
        let none = "no .npz and no .npy of a video in this folder";
        if let Some(ending) = ["pt", "pth"].into_iter().find(|ending| has(ending)) {
            return format!(
                "{none}; files of PyTorch are not read as features. {}",
                of_torch(&all(ending))
            );
        }
        if let Some(ending) = ["h5", "hdf5"].into_iter().find(|ending| has(ending)) {
            return format!(
                "{none}; of HDF5 one file with all videos is read. Join them: python3 -c \"import sys, \
                 pathlib, h5py; b = h5py.File('all.h5', 'w'); [b.__setitem__(pathlib.Path(p).stem, \
                 next(iter(h5py.File(p).values()))[()]) for p in sys.argv[1:]]\" {}",
                all(ending)
            );
        }
        format!("{none}; a feature file is HDF5, safetensors, an .npz, or a folder of .npz or .npy")
    }
}

/// What to type so that PyTorch's files become NumPy's.
fn of_torch(files: &str) -> String {
    format!(
        "Write them as NumPy's: python3 -c \"import sys, torch, numpy; [numpy.save(p + '.npy', \
         torch.load(p, weights_only=True).float().numpy()) for p in sys.argv[1:]]\" {files}"
    )
}

fn ends_in(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

fn open_archive(path: &Path) -> Result<Archive, FeatureError> {
    let file = plain_file::open(path).map_err(FeatureError::io(path, "read it"))?;
    ZipArchive::new(BufReader::new(file))
        .map_err(|error| FeatureError::damaged(path, format!("it is no whole .npz ({error})")))
}

/// The arrays of an archive.
fn array_names(path: &Path, archive: &Archive) -> Result<Vec<String>, FeatureError> {
    let mut names = Vec::new();
    for name in archive.file_names() {
        let name = name.map_err(|error| FeatureError::damaged(path, error.to_string()))?;
        names.extend(name.strip_suffix(".npy").map(ToOwned::to_owned));
    }
    Ok(names)
}

/// The first `most` bytes of an array.
fn member(
    path: &Path,
    archive: &mut Archive,
    array: &str,
    most: u64,
) -> Result<Array, FeatureError> {
    let file = archive.by_name(&format!("{array}.npy"));
    let file = file.map_err(|error| FeatureError::damaged(path, format!("{array}: {error}")))?;
    let (length, stored) = (file.size(), file.compressed_size().min(file_bytes(path)));
    let mut bytes = Vec::new();
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| FeatureError::damaged(path, format!("{array}: {error}")))?;
    Ok(Array { path: path.to_owned(), bytes, length, stored })
}

fn file_bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}
