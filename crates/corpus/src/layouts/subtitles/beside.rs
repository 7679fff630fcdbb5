//! The words that lie beside one video, all of them, for whoever wants to find what is said.
//!
//! A corpus takes one file a video, the best narration. Here every language counts, and a language that
//! several files hold counts once: the best of them by what its name tells, then by its format.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::format::Format;
use super::sidecars::{Track, owner};
use super::written;
use crate::corpus::Caption;
use crate::drop_reason::DropReason;
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
    /// Captions that were left out: they lie behind the end of the video, as those of another cut do, or their
    /// times make no sense. Empty ones are not counted.
    pub num_left_out: usize,
}

/// The words beside videos of many folders. Each folder is listed once, when a video of it is first asked
/// for.
#[derive(Debug, Default)]
pub struct WordsBeside {
    folders: HashMap<PathBuf, TracksOfVideos>,
}

/// The files that may hold words, by the names of their videos.
type TracksOfVideos = HashMap<OsString, Vec<Track>>;

impl WordsBeside {
    /// Whether a file lies beside the video that may hold its words, by its name; it is not opened.
    pub fn has_any(&mut self, video: &Path) -> bool {
        !self.tracks(video).is_empty()
    }

    /// The words beside a video, ordered by path; `length_s` is how long it plays, where that is known. A
    /// file that holds no words with times is passed over.
    ///
    /// # Errors
    /// In place of a file that cannot be read or is broken.
    pub fn of(
        &mut self,
        video: &Path,
        length_s: Option<f64>,
    ) -> Vec<Result<SubtitleFile, CorpusError>> {
        read(self.tracks(video), video, length_s)
    }

    fn tracks(&mut self, video: &Path) -> &[Track] {
        let folder = folder_of(video);
        if !self.folders.contains_key(folder) {
            self.folders.insert(folder.to_owned(), tracks_in(folder));
        }
        let name = video.file_name().unwrap_or_default();
        self.folders.get(folder).and_then(|tracks| tracks.get(name)).map_or(&[], Vec::as_slice)
    }
}

/// The words beside one video: as [`WordsBeside::of`].
///
/// # Errors
/// As [`WordsBeside::of`].
pub fn subtitles_beside(
    video: &Path,
    length_s: Option<f64>,
) -> Vec<Result<SubtitleFile, CorpusError>> {
    WordsBeside::default().of(video, length_s)
}

/// The video whose words a file of this name would be taken for; none where no video there has such a name, or the
/// ending is none of words. The file itself need not be there.
pub fn video_of_subtitles(path: &Path) -> Option<PathBuf> {
    Format::of(path)?;
    let stem = path.file_stem().and_then(OsStr::to_str)?;
    owner(stem, &media_beside(path)).map(|(video, _)| video.to_owned())
}

/// Lists a folder; the better files of each video come first: narration, then what has the times of words.
fn tracks_in(folder: &Path) -> TracksOfVideos {
    let (mut media, mut files) = (VideoFiles::default(), Vec::new());
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()) {
        match Format::of(&path) {
            Some(format) => files.push((format, path)),
            None => media.add_if_media(path),
        }
    }
    let mut tracks = TracksOfVideos::new();
    for (format, path) in files {
        let stem = path.file_stem().and_then(OsStr::to_str);
        let Some((video, name)) = stem.and_then(|stem| owner(stem, &media)) else { continue };
        let video = video.file_name().unwrap_or_default().to_owned();
        tracks.entry(video).or_default().push(Track { path, format, name });
    }
    for tracks in tracks.values_mut() {
        tracks.sort_by(|one, other| {
            let key = |track: &Track| (track.name.role, track.format);
            key(one).cmp(&key(other)).then_with(|| one.path.cmp(&other.path))
        });
    }
    tracks
}

fn read(
    tracks: &[Track],
    video: &Path,
    length_s: Option<f64>,
) -> Vec<Result<SubtitleFile, CorpusError>> {
    let (mut languages, mut found) = (Vec::new(), Vec::new());
    for Track { path, format, name } in tracks {
        let path = path.clone();
        let file = match written::read(&path, *format, Some(video)) {
            Ok(None) => continue,
            Err(what) => Err(CorpusError::Transcript { path, what }),
            Ok(Some(words)) => {
                let language = name.language.clone().or(words.language);
                // What is said, and comments on it, are two.
                let kind = (language.as_ref().map(Language::tag), name.role.is_no_narration());
                if languages.contains(&kind) {
                    continue;
                }
                languages.push(kind);
                let (mut captions, mut num_left_out) = (Vec::new(), 0);
                for (place, caption) in words.captions.into_iter().enumerate() {
                    match caption.and_then(|caption| caption.repaired(place as u32, length_s)) {
                        Ok(caption) => captions.push(caption),
                        Err(DropReason::TextIsEmpty) => {}
                        Err(_) => num_left_out += 1,
                    }
                }
                Ok(SubtitleFile { path, language, captions, num_left_out })
            }
        };
        found.push(file);
    }
    found
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// The media files beside a file.
pub(super) fn media_beside(path: &Path) -> VideoFiles {
    let mut media = VideoFiles::default();
    let entries = std::fs::read_dir(folder_of(path)).into_iter().flatten();
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
        // By the name of the file alone, also before it is there.
        assert_eq!(video_of_subtitles(&at("talk.it.srt")), Some(at("talk.mp4")));
        assert_eq!(video_of_subtitles(&at("talk.moments.srt")), None);
        assert_eq!(video_of_subtitles(&at("talk.edl")), None);
        std::fs::write(at("talk.fr.srt"), "no times here").unwrap();
        let broken = subtitles_beside(&at("talk.mp4"), None);
        let said = broken.iter().find_map(|file| file.as_ref().err()).unwrap().to_string();
        assert!(said.contains("talk.fr.srt"), "{said}");
    }
    #[test]
    fn lines_behind_the_end_and_of_times_without_sense_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("talk.mp4"), "").unwrap();
        let cues =
            [("00:01,000", "00:02,000"), ("00:09,000", "00:10,000"), ("00:03,000", "00:02,000")];
        let text: String =
            cues.iter().map(|(start, end)| format!("00:{start} --> 00:{end}\nwords\n\n")).collect();
        std::fs::write(at("talk.srt"), text).unwrap();
        let file = subtitles_beside(&at("talk.mp4"), Some(5.0)).remove(0).unwrap();
        assert_eq!((file.captions.len(), file.num_left_out), (1, 2), "{file:?}");
    }

    #[test]
    fn a_folder_is_listed_once_for_all_its_videos() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("a.mp4"), "").unwrap();
        std::fs::write(at("b.mp4"), "").unwrap();
        let ass = "[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,she whisks\n";
        std::fs::write(at("a.de.ass"), ass).unwrap();
        let mut words = WordsBeside::default();
        let said = |file: &Result<SubtitleFile, CorpusError>| {
            file.as_ref().unwrap().captions[0].text.clone()
        };
        assert_eq!(
            words.of(&at("a.mp4"), None).iter().map(said).collect::<Vec<_>>(),
            ["she whisks"]
        );
        // What comes later is seen by who looks anew.
        std::fs::write(at("b.srt"), "1\n00:00:01,000 --> 00:00:02,000\nlater\n").unwrap();
        assert!(words.has_any(&at("a.mp4")) && !words.has_any(&at("b.mp4")));
        assert!(WordsBeside::default().has_any(&at("b.mp4")));
    }
}
