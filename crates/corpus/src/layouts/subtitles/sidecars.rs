//! The files beside videos that hold their words, found by name.
//!
//! A file belongs to the video whose name it begins with, the longest that there is:
//! `lecture.part2.en.srt` to `lecture.part2.mp4` and not to `lecture.mp4`. What stands between that
//! name and the ending must be understood ([`TrackName`]); the name may bring the ending of the video,
//! or of the sound that was transcribed (`lecture.mp4.srt`, `lecture.wav.json`).

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::format::Format;
use super::track_name::TrackName;
use super::written;
use crate::file_ending::has_ending;
use crate::glance::{LINES, glance};
use crate::layouts::manifest;
use crate::video_files::{VideoFiles, is_picture, rank};

/// Folders below folders are looked into this far.
const DEPTH: usize = 6;

/// Endings of subtitles that are not read, but named.
const NOT_READ: [&str; 9] = ["sbv", "lrc", "sub", "idx", "sup", "smi", "stl", "scc", "usf"];

/// Endings of the sound that people have transcribed.
const SOUND: [&str; 10] = ["wav", "mp3", "m4a", "flac", "ogg", "opus", "aac", "wma", "mka", "aiff"];

/// A file with words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Track {
    pub(super) path: PathBuf,
    pub(super) format: Format,
    pub(super) name: TrackName,
}

/// A video and what lies beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Beside {
    pub(super) media: PathBuf,
    pub(super) tracks: Vec<Track>,
}

/// What is under a folder.
#[derive(Debug, Default)]
pub(super) struct Sidecars {
    /// By the video's path below the folder, without its ending.
    pub(super) videos: BTreeMap<String, Beside>,
    /// Subtitles that belong to no video.
    pub(super) without_video: Vec<PathBuf>,
    /// Subtitles beside a video in a format that is not read.
    pub(super) not_read: Vec<PathBuf>,
    /// Lists of JSON beside a video, which no transcriber writes.
    pub(super) no_transcript: Vec<PathBuf>,
}

impl Sidecars {
    /// Looks through a folder; those below it that cannot be read are passed over.
    pub(super) fn under(root: &Path) -> io::Result<Self> {
        let mut found = Self::default();
        let mut folders = vec![(root.to_owned(), DEPTH)];
        while let Some((folder, depth)) = folders.pop() {
            let entries = match std::fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if folder == root => return Err(error),
                Err(_) => continue,
            };
            let (mut media, mut files) = (VideoFiles::default(), Vec::new());
            for entry in entries {
                let path = entry?.path();
                if path.is_dir() {
                    folders.extend(depth.checked_sub(1).map(|depth| (path, depth)));
                } else if rank(&path).is_some() {
                    media.add_if_media(path);
                } else {
                    files.push(path);
                }
            }
            files.sort();
            found.take(root, &media, files);
        }
        found.without_video.sort();
        found.not_read.sort();
        found.no_transcript.sort();
        Ok(found)
    }

    /// Takes a folder's files.
    fn take(&mut self, root: &Path, media: &VideoFiles, files: Vec<PathBuf>) {
        let id = |video: &Path| {
            let below = video.strip_prefix(root).unwrap_or(video).with_extension("");
            below.to_string_lossy().into_owned()
        };
        for stem in media.stems() {
            let Some(video) = media.exact(stem) else { continue };
            let beside = Beside { media: video.to_owned(), tracks: Vec::new() };
            self.videos.insert(id(video), beside);
        }
        for path in files {
            let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
            let Some(format) = Format::of(&path) else {
                if owner(stem, media).is_none() {
                    continue;
                }
                if has_ending(&path, &NOT_READ) {
                    self.not_read.push(path);
                } else if has_ending(&path, &LINES) && !is_own_list(&path) {
                    self.no_transcript.push(path);
                }
                continue;
            };
            match owner(stem, media) {
                Some((video, name)) => {
                    let beside = self.videos.get_mut(&id(video));
                    beside.into_iter().for_each(|beside| {
                        beside.tracks.push(Track {
                            path: path.clone(),
                            format,
                            name: name.clone(),
                        });
                    });
                }
                None if format.is_subtitles() => self.without_video.push(path),
                None => {}
            }
        }
    }

    /// Whether there is a video with anything that may hold its words, or a video and subtitles that
    /// are named as another one.
    pub(super) fn is_corpus(&self) -> bool {
        let is_video = |beside: &Beside| !is_picture(&beside.media);
        self.videos.values().any(|beside| {
            beside.tracks.iter().any(|track| track.format.is_subtitles() || track.is_transcript())
        }) || !self.without_video.is_empty() && self.videos.values().any(is_video)
    }
}

impl Track {
    /// Whether a file that may hold anything holds words with times.
    fn is_transcript(&self) -> bool {
        written::read(&self.path, self.format, None)
            .is_ok_and(|words| words.is_some_and(|words| !words.captions.is_empty()))
    }
}

/// Whether `locvtp corpus check` wrote the file, which is told where it is passed over.
fn is_own_list(path: &Path) -> bool {
    glance(path).is_some_and(|start| manifest::is_own_list(&start))
}

/// The video that a file without its ending is named after, and what the rest of the name tells.
pub(super) fn owner<'m>(stem: &str, media: &'m VideoFiles) -> Option<(&'m Path, TrackName)> {
    let is_between = |c: char| ". _-([".contains(c);
    let ends = stem.char_indices().filter(|(_, c)| is_between(*c)).map(|(at, _)| at);
    let mut ends: Vec<usize> = ends.chain([stem.len()]).collect();
    ends.reverse();
    ends.into_iter().find_map(|end| {
        let video = media.exact(&stem[..end])?;
        let name = TrackName::read(without_media_ending(&stem[end..], video))?;
        Some((video, name))
    })
}

/// The rest of a name without the ending of the video or of its sound.
fn without_media_ending<'n>(behind: &'n str, video: &Path) -> &'n str {
    let Some(part) = behind.strip_prefix('.').and_then(|rest| rest.split('.').next()) else {
        return behind;
    };
    let of_video = video.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let is_media = part.eq_ignore_ascii_case(of_video)
        || SOUND.iter().any(|known| known.eq_ignore_ascii_case(part));
    if is_media { &behind[1 + part.len()..] } else { behind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_the_video_with_the_longest_name_that_it_begins_with() {
        let mut media = VideoFiles::default();
        for name in ["lecture.mp4", "lecture.part2.MKV", "a b [x1].webm", "en.mp4"] {
            media.add_if_media(name.into());
        }
        let owner = |stem: &str| {
            let (video, name) = owner(stem, &media)?;
            let language = name.language.map_or("?".to_owned(), |language| language.tag());
            Some(format!("{} {language}", video.display()))
        };
        for (stem, expected) in [
            ("lecture", Some("lecture.mp4 ?")),
            ("lecture.en", Some("lecture.mp4 en")),
            ("lecture.mp4", Some("lecture.mp4 ?")),
            ("lecture.mp4.en", Some("lecture.mp4 en")),
            ("lecture.wav", Some("lecture.mp4 ?")),
            ("lecture_de", Some("lecture.mp4 de")),
            ("lecture.part2", Some("lecture.part2.MKV ?")),
            ("lecture.part2.en", Some("lecture.part2.MKV en")),
            ("lecture.part3", None),
            ("a b [x1].en-orig", Some("a b [x1].webm en")),
            ("en", Some("en.mp4 ?")),
            ("english", None),
            ("other", None),
        ] {
            assert_eq!(owner(stem).as_deref(), expected, "{stem}");
        }
    }
}
