//! Which videos are meant, and what they are called.
//!
//! Given are video files, folders, patterns with `*` and lists of paths. A folder stands for the
//! video files in it and in its folders, by [their endings](locvtp_video::media_endings), and what is
//! passed over is counted; everything else is taken as it is. A video is called by its file's name without the ending, as annotations call it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use locvtp_video::media_endings::{PassedOver, is_video};

use crate::error::TransferError;
use crate::extraction::extract_error::ExtractError;
use crate::setting_error::SettingError;
use locvtp_measure::PathError;

/// What a video is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdRule {
    /// The file's name without its ending.
    #[default]
    Stem,
    /// The file's path without its ending, from the folder that was named.
    Path,
}

/// A video and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoFile {
    /// What it is called.
    pub id: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// The videos that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VideoList {
    /// By id.
    pub videos: Vec<VideoFile>,
    /// Paths of lists that lead nowhere.
    pub missing: Vec<PathBuf>,
    /// Files of folders, and files that patterns match, that are no videos by their endings.
    pub passed_over: PassedOver,
}

/// The videos that `given` stand for. A video named twice is there once.
///
/// # Errors
/// When a path that was given is not there, a list or folder cannot be read, or two videos have the
/// same name.
pub fn list_videos(given: &[PathBuf], ids: IdRule) -> Result<VideoList, TransferError> {
    let mut finder = Finder { ids, ..Finder::default() };
    for path in given {
        finder.add(path)?;
    }
    let videos = finder.by_id.into_values().collect();
    Ok(VideoList { videos, missing: finder.missing, passed_over: finder.passed_over })
}

#[derive(Default)]
struct Finder {
    ids: IdRule,
    by_id: BTreeMap<String, VideoFile>,
    seen: BTreeSet<PathBuf>,
    missing: Vec<PathBuf>,
    passed_over: PassedOver,
}

impl Finder {
    fn add(&mut self, path: &Path) -> Result<(), TransferError> {
        if path.is_dir() {
            return self.add_folder(path, path);
        }
        if path.exists() {
            let ending = path.extension().and_then(|ending| ending.to_str());
            let is_list = ending.is_some_and(|ending| ending.eq_ignore_ascii_case("txt"));
            return if is_list { self.add_list(path) } else { self.add_file(path, None) };
        }
        let text = path.to_string_lossy();
        if text.contains(['*', '?', '[']) {
            return self.add_pattern(&text);
        }
        Err(PathError::Missing { path: path.to_owned() }.into())
    }

    fn add_pattern(&mut self, text: &str) -> Result<(), TransferError> {
        let expected = "a path, or a pattern with * ? [..] or **";
        let bad = || SettingError { key: "videos", found: text.to_owned(), expected };
        let found = glob::glob(text).map_err(|_| bad())?;
        let mut any = false;
        for path in found.filter_map(Result::ok) {
            any = true;
            if path.is_dir() {
                self.add_folder(&path, &path)?;
            } else if has_video_ending(&path) {
                self.add_file(&path, None)?;
            } else {
                self.passed_over.add(&path);
            }
        }
        if any {
            return Ok(());
        }
        Err(ExtractError::NoSuchPattern { pattern: text.to_owned() }.into())
    }

    /// One path a line; empty lines and those that begin with `#` are passed over.
    fn add_list(&mut self, list: &Path) -> Result<(), TransferError> {
        let text = std::fs::read_to_string(list)
            .map_err(|source| unreadable(list, "read the list of videos", source))?;
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // As it stands, or from where the list lies.
            let beside = list.with_file_name(line);
            let path = if Path::new(line).exists() { PathBuf::from(line) } else { beside };
            if path.is_dir() {
                self.add_folder(&path, &path)?;
            } else if path.exists() {
                self.add_file(&path, None)?;
            } else {
                self.missing.push(line.into());
            }
        }
        Ok(())
    }

    fn add_folder(&mut self, folder: &Path, root: &Path) -> Result<(), TransferError> {
        let failed = |source| unreadable(folder, "list the folder", source);
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            paths.push(entry.map_err(failed)?.path());
        }
        paths.sort_unstable();
        for path in paths {
            let name = path.file_name().unwrap_or_default();
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            // Links to folders could lead in a circle.
            if path.is_dir() && !path.is_symlink() {
                self.add_folder(&path, root)?;
            } else if path.is_file() && is_video(&path) {
                self.add_file(&path, Some(root))?;
            } else if path.is_file() {
                self.passed_over.add(&path);
            }
        }
        Ok(())
    }

    fn add_file(&mut self, path: &Path, root: Option<&Path>) -> Result<(), TransferError> {
        let about = std::fs::metadata(path);
        let about = about.map_err(|source| unreadable(path, "look at it", source))?;
        let true_path = path.canonicalize();
        if !self.seen.insert(true_path.map_err(|source| unreadable(path, "look at it", source))?) {
            return Ok(());
        }
        let id = match self.ids {
            IdRule::Stem => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            IdRule::Path => {
                let inner = root.and_then(|root| path.strip_prefix(root).ok()).unwrap_or(path);
                let names = inner.with_extension("");
                let names = names.components().filter_map(|part| match part {
                    std::path::Component::Normal(name) => Some(name.to_string_lossy()),
                    _ => None,
                });
                names.collect::<Vec<_>>().join("/")
            }
        };
        if let Some(first) = self.by_id.get(&id) {
            let (first, second) = (first.path.clone(), path.to_owned());
            let advice = match self.ids {
                IdRule::Stem => "leave one out, or call videos by their paths with --ids path",
                IdRule::Path => {
                    "leave one out, or rename one: their paths differ in the ending alone"
                }
            };
            return Err(ExtractError::SameName { id, first, second, advice }.into());
        }
        let file = VideoFile { id: id.clone(), path: path.to_owned(), bytes: about.len() };
        self.by_id.insert(id, file);
        Ok(())
    }
}

/// Whether it is a video, were it not hidden: a pattern may ask for hidden files.
fn has_video_ending(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    is_video(Path::new(name.trim_start_matches('.')))
}

fn unreadable(path: &Path, action: &'static str, source: std::io::Error) -> PathError {
    PathError::io(path, action)(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(list: &VideoList) -> Vec<&str> {
        list.videos.iter().map(|video| video.id.as_str()).collect()
    }

    #[test]
    fn folders_patterns_lists_and_files_name_each_video_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("deep/er")).unwrap();
        for name in ["b.mp4", "a.MKV", "deep/er/c.webm", "notes.md", "s.MP3", ".hidden.mp4"] {
            std::fs::write(at(name), "x").unwrap();
        }
        let list = at("list.txt");
        std::fs::write(&list, "# mine\n\nb.mp4\n gone.mp4 \ndeep/er/c.webm\n").unwrap();

        let whole = list_videos(&[folder.path().into(), at("b.mp4")], IdRule::Stem).unwrap();
        assert_eq!(ids(&whole), ["a", "b", "c"]);
        assert_eq!(whole.passed_over.to_string(), "1 .md, 1 .mp3, 1 .txt");
        let paths = list_videos(&[folder.path().into()], IdRule::Path).unwrap();
        assert_eq!(ids(&paths), ["a", "b", "deep/er/c"]);
        let listed = list_videos(&[list], IdRule::Stem).unwrap();
        assert_eq!(ids(&listed), ["b", "c"]);
        assert_eq!(listed.missing, [PathBuf::from("gone.mp4")]);
        let matched = list_videos(&[at("**/*.*")], IdRule::Stem).unwrap();
        assert_eq!(ids(&matched), [".hidden", "a", "b", "c"]);
        assert_eq!(matched.passed_over.to_string(), "1 .md, 1 .mp3, 1 .txt");
        // A file that is named is taken, whatever its ending.
        assert_eq!(ids(&list_videos(&[at("notes.md")], IdRule::Stem).unwrap()), ["notes"]);
    }

    #[test]
    fn a_folder_gives_what_camcorders_and_discs_write() {
        let folder = tempfile::tempdir().unwrap();
        for name in
            ["a.MTS", "b.m2ts", "c.ogv", "d.vob", "e.ASF", "f.3g2", "g.mxf", "h.dv", "i.jpg"]
        {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let list = list_videos(&[folder.path().into()], IdRule::Stem).unwrap();
        assert_eq!(ids(&list), ["a", "b", "c", "d", "e", "f", "g", "h"]);
        assert_eq!(list.passed_over.to_string(), "1 .jpg");
    }

    #[test]
    fn two_videos_of_one_name_and_paths_that_are_not_there_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("x")).unwrap();
        std::fs::write(at("a.mp4"), "1").unwrap();
        std::fs::write(at("x/a.webm"), "2").unwrap();
        let error = list_videos(&[folder.path().into()], IdRule::Stem).unwrap_err().to_string();
        for piece in ["\"a\"", "a.mp4", "a.webm", "--ids path"] {
            assert!(error.contains(piece), "{error}");
        }
        let both = list_videos(&[folder.path().into()], IdRule::Path).unwrap();
        assert_eq!(ids(&both), ["a", "x/a"]);
        // What was typed is not advised again.
        std::fs::write(at("a.mkv"), "3").unwrap();
        let error = list_videos(&[folder.path().into()], IdRule::Path).unwrap_err().to_string();
        assert!(error.contains("rename one") && !error.contains("--ids"), "{error}");
        for gone in ["gone.mp4", "*.avi"] {
            let error = list_videos(&[at(gone)], IdRule::Stem).unwrap_err().to_string();
            assert!(error.contains(gone), "{error}");
        }
    }
}
