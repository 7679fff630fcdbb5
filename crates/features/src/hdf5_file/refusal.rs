//! What the HDF5 library refuses, in words that name the way out.

use std::path::Path;

use crate::error::{FeatureError, rewrite};

/// The library's complaint, as what it means where that is known.
pub(super) fn refusal(path: &Path, action: &str, error: &hdf5::Error) -> FeatureError {
    let reason = error.to_string();
    let path = path.to_owned();
    let locked = reason.contains("unable to lock file") && reason.contains("temporarily");
    if locked || reason.contains("already open for write") {
        return FeatureError::OpenElsewhere { path };
    }
    if reason.contains("bad version number") || reason.contains("version out of range") {
        let (major, minor, patch) = hdf5::library_version();
        let (action, library) = (action.to_owned(), format!("{major}.{minor}.{patch}"));
        return FeatureError::NewerFormat { path, action, library, reason };
    }
    FeatureError::Hdf5 { path, action: action.to_owned(), reason }
}

/// The file that a link points to which leads nowhere, or none where it points into the same file;
/// nothing for other complaints of the library.
pub(super) fn dangling(reason: &str) -> Option<Option<String>> {
    if let Some((_, rest)) = reason.split_once("file name = '") {
        return Some(rest.split_once('\'').map(|(name, _)| name.to_owned()));
    }
    reason.contains("component not found").then_some(None)
}

/// A filter's name in the registry of the HDF Group, where it is one of those that people use.
pub(super) fn filter_name(id: i32) -> String {
    let name = match id {
        4 => "SZIP",
        32000 => "LZF",
        32001 => "Blosc",
        32004 => "LZ4",
        32008 => "Bitshuffle",
        32013 => "ZFP",
        32015 => "Zstandard",
        32026 => "Blosc2",
        _ => "a filter of no known name",
    };
    format!("{name} (filter {id})")
}

/// What is said of a virtual dataset whose sources cannot be named.
pub(super) fn of_other_files(path: &Path, dataset: &str) -> String {
    format!(
        "{dataset} is a virtual dataset: its numbers lie in other files, and it cannot be told here whether \
         all of these are there. Write one file that has all: {}",
        rewrite(path, "")
    )
}
