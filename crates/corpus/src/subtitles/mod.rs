//! Subtitle files beside videos: `a.mp4` with `a.srt`, `a.vtt` or `a.en.vtt`.
//!
//! The corpus is a folder; every media file under it that has subtitles is a video of the corpus.
//! Of several subtitle files the one named as the video counts, then an English one, then the first
//! by name. Captions that a machine made roll, that is, repeat each other:
//! [`NarrationCare`](crate::NarrationCare) removes that.

mod cues;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::CorpusError;
use crate::intake::{Intake, SourceVideo};
use crate::repair::Repair;
use crate::text_file;
use crate::video_files::{VideoFiles, rank};

pub(crate) use cues::is_subtitle_text;

/// Endings of subtitle files, the better first.
const ENDINGS: [&str; 2] = ["srt", "vtt"];
const DEPTH: usize = 6;

/// Whether the file's name is one of subtitles.
fn is_subtitle_file(path: &Path) -> bool {
    subtitle_rank(path).is_some()
}

fn subtitle_rank(path: &Path) -> Option<usize> {
    let ending = path.extension()?.to_str()?;
    ENDINGS.iter().position(|known| known.eq_ignore_ascii_case(ending))
}

/// Reads a folder of videos with subtitles, or one subtitle file with its video beside it.
pub(crate) fn read(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    if path.is_file() {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let video = path.parent().and_then(|folder| video_beside(folder, &name));
        let id = video.as_deref().and_then(Path::file_stem).map(|stem| stem.to_string_lossy());
        return read_one(id.as_deref().unwrap_or(&name), video.clone(), path, intake);
    }
    let mut found = BTreeMap::new();
    find(path, DEPTH, &mut found)
        .map_err(|source| CorpusError::Read { path: path.to_owned(), source })?;
    for (id, (video, subtitles)) in found {
        read_one(&id, Some(video), &subtitles, intake)?;
    }
    Ok(())
}

/// Whether any video under the folder has subtitles.
pub(crate) fn are_under(folder: &Path) -> bool {
    let mut found = BTreeMap::new();
    find(folder, DEPTH, &mut found).is_ok() && !found.is_empty()
}

/// The media file in `folder` that subtitles of this name belong to.
fn video_beside(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let media: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| rank(path).is_some())
        .collect();
    let named = |stem: &str| {
        let mut files: Vec<_> =
            media.iter().filter(|p| p.file_stem().is_some_and(|s| s == stem)).collect();
        files.sort_by_key(|path| rank(path));
        files.first().map(|path| (*path).clone())
    };
    named(name).or_else(|| named(name.rsplit_once('.')?.0))
}

fn read_one(
    id: &str,
    video: Option<PathBuf>,
    subtitles: &Path,
    intake: &mut Intake<'_>,
) -> Result<(), CorpusError> {
    let (text, replaced) = text_file::read(subtitles)?;
    let mut captions = cues::captions(&text);
    if replaced {
        captions.iter_mut().flatten().for_each(|caption| caption.repairs.note(Repair::NotUtf8));
    }
    intake.video(SourceVideo { media: video.map(Into::into), captions, ..SourceVideo::new(id) });
    Ok(())
}

/// Videos with their subtitles, by the path below the corpus without its ending.
type Found = BTreeMap<String, (PathBuf, PathBuf)>;

fn find(root: &Path, depth: usize, found: &mut Found) -> std::io::Result<()> {
    let mut folders = vec![(root.to_owned(), depth)];
    while let Some((folder, depth)) = folders.pop() {
        let (mut media, mut subtitles) = (VideoFiles::default(), Vec::new());
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if folder == root => return Err(error),
            Err(_) => continue,
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                if depth > 0 {
                    folders.push((path, depth - 1));
                }
            } else if is_subtitle_file(&path) {
                subtitles.push(path);
            } else {
                media.add_if_media(path);
            }
        }
        subtitles.sort_by_key(|path| preference(path));
        for path in subtitles {
            let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
            let Some(video) = media.find(stem) else { continue };
            let below = video.strip_prefix(root).unwrap_or(video).with_extension("");
            let id = below.to_string_lossy().into_owned();
            found.entry(id).or_insert_with(|| (video.to_owned(), path.clone()));
        }
    }
    Ok(())
}

/// Smaller is better: no language in the name, then English, then by name.
fn preference(path: &Path) -> (usize, usize, PathBuf) {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let language = match stem.rsplit_once('.') {
        None => 0,
        Some((_, language)) if language == "en" || language.starts_with("en-") => 1,
        Some(_) => 2,
    };
    (language, subtitle_rank(path).unwrap_or(ENDINGS.len()), path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::narration_care::NarrationCare;

    #[test]
    fn each_video_takes_the_best_of_its_subtitle_files() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("b")).unwrap();
        let srt = |text: &str| format!("1\n00:00:01,000 --> 00:00:02,000\n{text}\n");
        for (name, text) in [
            ("a.de.srt", srt("deutsch")),
            ("a.en-US.vtt", format!("WEBVTT\n\n{}", srt("english").replace(',', "."))),
            ("a.mp4", String::new()),
            ("b/c.srt", srt("plain")),
            ("b/c.en.srt", srt("english")),
            ("b/c.MKV", String::new()),
            ("silent.mp4", String::new()),
            ("orphan.srt", srt("no video")),
        ] {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let (mut videos, care) = (Vec::new(), NarrationCare::default());
        let mut intake = Intake::new(&care, &mut videos);
        read(dir.path(), &mut intake).unwrap();
        read(&dir.path().join("a.de.srt"), &mut Intake::new(&care, &mut videos)).unwrap();
        let told: Vec<_> =
            videos.iter().map(|v| (v.id.as_str(), v.captions[0].text.as_str())).collect();
        assert_eq!(told, [("a", "english"), ("b/c", "plain"), ("a", "deutsch")]);
        assert_eq!(videos[1].media.path(), dir.path().join("b/c.MKV"));
        assert_eq!(videos[2].media.path(), dir.path().join("a.mp4"));
    }
}
