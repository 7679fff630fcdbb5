//! The words that lie beside one video, all of them, for whoever wants to find what is said.
//!
//! A corpus takes one file a video, the best narration. Here every language counts, and a language that
//! several files hold counts once: the best of them by what its name tells, then by its format.

use std::path::{Path, PathBuf};

use super::format::Format;
use super::sidecars::owner;
use super::written;
use crate::corpus::Caption;
use crate::error::CorpusError;
use crate::language::Language;
use crate::video_files::VideoFiles;

/// A file of words beside a video.
#[derive(Debug, Clone, PartialEq)]
pub struct SubtitleFile {
    /// The file.
    pub path: PathBuf,
    /// What its name or it itself tells.
    pub language: Option<Language>,
    /// Its captions in order; those that make no sense are left out.
    pub captions: Vec<Caption>,
}

/// Whether a file has the ending of one that may hold words, as `.srt` or `.vtt`; it is not opened.
pub fn may_hold_words(path: &Path) -> bool {
    Format::of(path).is_some()
}

/// The words beside a video, ordered by path; `length_s` is how long it plays, where that is known. A
/// file that holds no words with times is passed over.
///
/// # Errors
/// In place of a file that cannot be read or is broken.
pub fn subtitles_beside(
    video: &Path,
    length_s: Option<f64>,
) -> Vec<Result<SubtitleFile, CorpusError>> {
    let media = media_beside(video);
    let folder = video.parent().filter(|folder| !folder.as_os_str().is_empty());
    let entries = std::fs::read_dir(folder.unwrap_or(Path::new("."))).into_iter().flatten();
    let mut tracks = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let (Some(format), Some(stem)) = (Format::of(&path), path.file_stem()) else { continue };
        let named = stem.to_str().and_then(|stem| owner(stem, &media));
        if let Some((owned, name)) = named
            && owned.file_name() == video.file_name()
        {
            tracks.push((name.role, format, path, name.language));
        }
    }
    // The better first: narration, then what has the times of words.
    tracks.sort_by(|(role, format, path, _), (other_role, other_format, other, _)| {
        (role, format, path).cmp(&(other_role, other_format, other))
    });
    let (mut languages, mut found) = (Vec::new(), Vec::new());
    for (role, format, path, named) in tracks {
        let file = match written::read(&path, format, Some(video)) {
            Ok(None) => continue,
            Err(what) => Err(CorpusError::Transcript { path, what }),
            Ok(Some(words)) => {
                let language = named.or(words.language);
                // What is said, and comments on it, are two.
                let kind = (language.as_ref().map(Language::tag), role.is_no_narration());
                if languages.contains(&kind) {
                    continue;
                }
                languages.push(kind);
                let captions = words.captions.into_iter().flatten().enumerate();
                let captions = captions
                    .filter_map(|(place, caption)| caption.repaired(place as u32, length_s).ok());
                Ok(SubtitleFile { path, language, captions: captions.collect() })
            }
        };
        found.push(file);
    }
    found
}

/// The media files beside a file.
pub(super) fn media_beside(path: &Path) -> VideoFiles {
    let mut media = VideoFiles::default();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let entries = std::fs::read_dir(folder.unwrap_or(Path::new("."))).into_iter().flatten();
    entries.flatten().for_each(|entry| media.add_if_media(entry.path()));
    media
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_counts_once_and_other_videos_words_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let srt = |text: &str| format!("1\n00:00:01,000 --> 00:00:02,500\n{text}\n");
        for (name, text) in [
            ("talk.mp4", String::new()),
            ("talk.part2.mp4", String::new()),
            ("talk.en.srt", srt("she whisks")),
            ("talk.en.vtt", "WEBVTT\n\n00:01.000 --> 00:02.500\nagain\n".to_owned()),
            ("talk.de.srt", srt("sie rührt\num")),
            ("talk.part2.en.srt", srt("other")),
            ("talk.json", "{\"camera\": 7}".to_owned()),
        ] {
            std::fs::write(at(name), text).unwrap();
        }
        let found = subtitles_beside(&at("talk.mp4"), Some(2.0));
        let told: Vec<String> = found
            .into_iter()
            .map(|file| {
                let file = file.unwrap();
                let language = file.language.map(|language| language.tag()).unwrap_or_default();
                format!("{language} {} {}", file.captions[0].span, file.captions[0].text)
            })
            .collect();
        assert_eq!(told, ["de 1.00-2.00 s sie rührt um", "en 1.00-2.00 s she whisks"]);
        std::fs::write(at("talk.fr.srt"), "no times here").unwrap();
        let broken = subtitles_beside(&at("talk.mp4"), None);
        let said = broken.iter().find_map(|file| file.as_ref().err()).unwrap().to_string();
        assert!(said.contains("talk.fr.srt"), "{said}");
    }
}
