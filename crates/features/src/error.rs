//! Everything that can go wrong with feature files, each with the way out.

use std::path::{Path, PathBuf};

use crate::provenance::Difference;
use locvtp_video::counted::counted_as;

/// Why features could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// A file could not be read or written.
    #[error("{path}: cannot {action}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done, as a verb phrase.
        action: &'static str,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// There is no such file or folder.
    #[error("{path}: does not exist; check the path", path = path.display())]
    Missing {
        /// The file or folder.
        path: PathBuf,
    },
    /// The name of the file does not say what to write.
    #[error(
        "{path}: do not know what to write; end the name in .h5, .hdf5 or .safetensors",
        path = path.display()
    )]
    Kind {
        /// The file.
        path: PathBuf,
    },
    /// The HDF5 library refuses.
    #[error("{path}: cannot {action}: {reason}", path = path.display())]
    Hdf5 {
        /// The file.
        path: PathBuf,
        /// What was being done, as a verb phrase.
        action: String,
        /// The library's reason.
        reason: String,
    },
    /// Not a feature file, or half of one.
    #[error("{path}: not a whole feature file: {reason}; copy it or extract it again", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another program writes the file.
    #[error(
        "{path}: another program has this HDF5 file open for writing; wait until it is done or \
         close it there (a notebook counts)",
        path = path.display()
    )]
    OpenElsewhere {
        /// The file.
        path: PathBuf,
    },
    /// Another run of ours writes the file.
    #[error(
        "{out}: process {process} is writing this file now; wait for it, stop it, or choose another \
         --out",
        out = out.display()
    )]
    Busy {
        /// The file that both want to write.
        out: PathBuf,
        /// The other process, in its own words.
        process: String,
    },
    /// An HDF5 dataset is packed by a filter that the library here does not have.
    #[error(
        "{path}: {dataset} is packed with {filter}, which the HDF5 library here cannot unpack. Write it \
         without: {rewrite} (or name a folder with the filter in HDF5_PLUGIN_PATH)",
        path = path.display(), rewrite = rewrite(path, filter)
    )]
    Filter {
        /// The file.
        path: PathBuf,
        /// The dataset.
        dataset: String,
        /// The filter's name and number.
        filter: String,
    },
    /// An HDF5 file is of a newer format than the library here knows.
    #[error(
        "{path}: cannot {action}: it is of a newer HDF5 format than the library here ({library}) reads \
         (h5py with libver=\"latest\" writes such). Write it anew: {rewrite} (or with h5repack of a newer \
         HDF5): {reason}",
        path = path.display(), rewrite = rewrite(path, "")
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// What was being done, as a verb phrase.
        action: String,
        /// The version of the library.
        library: String,
        /// The library's reason.
        reason: String,
    },
    /// A file, or an array in it, cannot be used as features.
    #[error("{path}: {reason}", path = path.display())]
    Unusable {
        /// The file, or the folder of them.
        path: PathBuf,
        /// What is wrong, and the way out.
        reason: String,
    },
    /// A feature is NaN or infinite.
    #[error(
        "{path}: a number of clip {clip} (from 0) of video {id:?} is {found}, and {}. Whoever made the \
         features divided by zero or went beyond the largest number of its type (65504 in half \
         precision, fp16): make this video's features anew in f32, or leave the video out",
        counted_as(*count, "number of this video is not finite", "numbers of this video are not finite"),
        path = path.display()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The video.
        id: String,
        /// The first such clip, from 0.
        clip: usize,
        /// What stands there.
        found: f32,
        /// How many numbers of the video are such.
        count: usize,
    },
    /// An HDF5 file points to another that is not there, or to nothing.
    #[error("{path}: {what} {}", where_to(path, target.as_deref()), path = path.display())]
    BrokenLink {
        /// The file.
        path: PathBuf,
        /// What points there: a link or a dataset, with its verb, as in `/v_a is a link`.
        what: String,
        /// The file that it points to; none where it points to nothing in the file itself.
        target: Option<String>,
    },
    /// An HDF5 file points to another, and that was not asked for.
    #[error(
        "{path}: {what} to another file, and a file that points to others may name any file of this machine. \
         If you know where it comes from, set features.other_files = true; or write one file that has all: {}",
        rewrite(path, ""), path = path.display()
    )]
    OtherFile {
        /// The file.
        path: PathBuf,
        /// What points there: a link or a dataset, with its verb, as in `/v_a is a link`.
        what: String,
    },
    /// A table is said to be larger than the file can hold.
    #[error(
        "{path}: {dataset} has shape {found:?}, and the file does not hold so many numbers; copy it or make it \
         again",
        path = path.display()
    )]
    Unbelievable {
        /// The file.
        path: PathBuf,
        /// The table.
        dataset: String,
        /// Its shape, as stated.
        found: Vec<usize>,
    },
    /// A video is not in the file.
    #[error("{path}: no video {id:?} among its {num_videos}; look at the ids in the file with `locvtp inspect`", path = path.display())]
    NoVideo {
        /// The file.
        path: PathBuf,
        /// The id asked for.
        id: String,
        /// Videos in the file.
        num_videos: usize,
    },
    /// No video of the file has a dataset of the name asked for.
    #[error(
        "{path}: no video with a dataset {dataset:?}; {found}{}",
        candidates.first().map_or(String::new(), |name| {
            format!(": name the dataset that is there, as in features.dataset = {name:?}")
        }),
        path = path.display()
    )]
    NoDataset {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        dataset: String,
        /// What was found instead.
        found: String,
        /// The names of datasets that are there.
        candidates: Vec<String>,
    },
    /// A dataset is not a table of clips.
    #[error("{path}: {dataset} has shape {found:?}; expected {expected}", path = path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// The dataset.
        dataset: String,
        /// Its shape.
        found: Vec<usize>,
        /// What it should be.
        expected: &'static str,
    },
    /// The file holds features of another kind.
    #[error(
        "{path}: holds features with `{}` {:?}, these would have {:?}; choose another \
         --out, or start over with --fresh",
        difference.key, difference.there, difference.here,
        path = path.display()
    )]
    OtherSettings {
        /// The file, or its journal.
        path: PathBuf,
        /// What differs.
        difference: Difference,
    },
    /// The file was written by an earlier version of this program.
    #[error(
        "{path}: an earlier version of locvtp wrote it, which did not note how pictures were prepared, \
         so nothing is added to it; choose another --out, or start over with --fresh",
        path = path.display()
    )]
    OfBefore {
        /// The file, or its journal.
        path: PathBuf,
    },
    /// The file was not written by this program.
    #[error(
        "{path}: does not say what made it, so nothing is added to it; choose another --out, or \
         replace it with --fresh",
        path = path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A video's name cannot stand in the file.
    #[error("the video id {id:?} cannot stand in a feature file: {reason}; rename the video file")]
    Id {
        /// The id.
        id: String,
        /// Why not.
        reason: &'static str,
    },
}

impl FeatureError {
    /// Wraps an input or output error with its path.
    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            std::io::ErrorKind::NotFound if !path.exists() => Self::Missing { path },
            _ => Self::Io { path, action, source },
        }
    }

    /// What is wrong with a file that cannot be used as it is.
    pub fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.into() }
    }
}

/// Where a broken link leads, and the way out.
fn where_to(path: &Path, target: Option<&str>) -> String {
    match target {
        Some(target) => format!(
            "to the file {target}, which is not there: HDF5 files can point to others, and this one was \
             copied without them. Put {target} where it points to (a relative path begins at the folder of \
             {path}), or write one file that has all, where both are: {rewrite}",
            path = path.display(),
            rewrite = rewrite(path, "")
        ),
        None => "to something that is not in the file; take the link out (in h5py: del file[NAME]), or copy \
                 the file again"
            .to_owned(),
    }
}

/// What to type so that Python writes an HDF5 file anew, plainly.
pub(crate) fn rewrite(path: &Path, filter: &str) -> String {
    let plain = path.with_extension("plain.h5");
    // LZF is part of h5py; the other filters come with hdf5plugin.
    let plugin = if filter.is_empty() || filter.starts_with("LZF") { "" } else { ", hdf5plugin" };
    format!(
        "python3 -c \"import h5py{plugin}; a = h5py.File('{}'); b = h5py.File('{}', 'w'); \
         a.visititems(lambda n, o: b.__setitem__(n, o[()]) if hasattr(o, 'shape') else None)\"",
        path.display(),
        plain.display()
    )
}
