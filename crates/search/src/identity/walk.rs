//! The videos of a folder as the file system knows them; none is opened.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use locvtp_video::media_endings::is_video;
use locvtp_video::plain_file;

/// A file of this name in a folder keeps what lies there and below out of a walk, as it does on telephones.
pub const NO_MEDIA: &str = ".nomedia";

/// What the file system says of a file at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Where it lies.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// When its content was last written to, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// When content, name or rights last changed: it moves on also where a copying program sets back
    /// the time of the content.
    pub changed_ns: i64,
}

/// What [`walk`] found.
#[derive(Debug, Default)]
pub struct FolderWalk {
    /// The folders that were walked over.
    pub roots: Vec<PathBuf>,
    /// The videos, ordered by path.
    pub files: Vec<Look>,
    /// Folders and files that cannot be looked at. What is known below them is not taken for missing.
    pub closed: Vec<(PathBuf, io::Error)>,
    /// Links to folders outside of the roots, which were not followed, ordered by path.
    pub links: Vec<PathBuf>,
    /// Folders that were passed over because they hold [`NO_MEDIA`], ordered by path.
    pub left_out: Vec<PathBuf>,
}

/// Looks at one file.
///
/// # Errors
/// When it is gone, or its folder is closed.
pub fn look_at(path: &Path) -> io::Result<Look> {
    Ok(look(path.to_owned(), &fs::metadata(path)?))
}

/// Looks at all files below `roots` whose names are those of videos; a root may be a file. Links to
/// files are followed and links to folders are not, so a walk ends. Hidden folders are passed over, and those that
/// hold [`NO_MEDIA`], unless they are a root.
pub fn walk(roots: &[PathBuf]) -> FolderWalk {
    let mut found = FolderWalk { roots: roots.to_vec(), ..FolderWalk::default() };
    for root in roots {
        match fs::metadata(root) {
            Ok(metadata) if metadata.is_dir() => walk_folder(root, &mut found),
            Ok(metadata) if metadata.is_file() => found.files.push(look(root.clone(), &metadata)),
            Ok(_) => found.closed.push((root.clone(), plain_file::no_file())),
            Err(error) => found.closed.push((root.clone(), error)),
        }
    }
    found.files.sort_by(|one, other| one.path.cmp(&other.path));
    found.files.dedup_by(|one, other| one.path == other.path);
    let is_walked = |link: &PathBuf| {
        let target = link.canonicalize();
        target.is_ok_and(|target| {
            let mut roots = roots.iter().filter_map(|root| root.canonicalize().ok());
            roots.any(|root| target.starts_with(root))
        })
    };
    found.links.retain(|link| !is_walked(link));
    found.links.sort();
    found.links.dedup();
    found.left_out.sort();
    found.left_out.dedup();
    found
}

fn walk_folder(folder: &Path, found: &mut FolderWalk) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return found.closed.push((folder.to_owned(), error)),
    };
    for entry in entries {
        let looked = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)));
        let (path, kind) = match looked {
            Ok(looked) => looked,
            Err(error) => {
                found.closed.push((folder.to_owned(), error));
                continue;
            }
        };
        let is_hidden =
            || path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if kind.is_dir() {
            if !is_hidden() {
                match fs::symlink_metadata(path.join(NO_MEDIA)) {
                    Ok(_) => found.left_out.push(path),
                    Err(_) => walk_folder(&path, found),
                }
            }
        } else if kind.is_symlink() && path.is_dir() {
            if !is_hidden() {
                found.links.push(path);
            }
        } else if is_video(&path) {
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => found.files.push(look(path, &metadata)),
                Ok(_) => found.closed.push((path, plain_file::no_file())),
                Err(error) => found.closed.push((path, error)),
            }
        }
    }
}

/// The place of a file that people should be shown: the first that is a file itself, else the first link to
/// it, else the first.
pub fn shown_place<'l>(looks: impl IntoIterator<Item = &'l Look>) -> Option<&'l Look> {
    let looks: Vec<&Look> = looks.into_iter().collect();
    if let [one] = looks.as_slice() {
        return Some(one);
    }
    looks.into_iter().min_by_key(|look| match fs::symlink_metadata(&look.path) {
        Ok(metadata) if metadata.is_file() => 0,
        Ok(_) => 1,
        Err(_) => 2,
    })
}

fn look(path: PathBuf, metadata: &Metadata) -> Look {
    let ns = |seconds: i64, ns: i64| seconds.saturating_mul(1_000_000_000).saturating_add(ns);
    Look {
        path,
        size: metadata.len(),
        modified_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
        changed_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
    }
}
