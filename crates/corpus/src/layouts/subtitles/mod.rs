//! Words beside videos: subtitles and transcripts, `a.mp4` with `a.srt`, `a.en.vtt` or `a.json`.
//!
//! The corpus is a folder; every video under it that has words beside it is a video of the corpus.
//! Which of several files counts is decided so, the first that differs:
//!
//! 1. Narration goes before comments on the video, and these before forced subtitles.
//! 2. The corpus's language, as its choice is, goes before one that the name
//!    does not tell. Words in another language are not taken; such videos are counted.
//! 3. Plain words go before what a machine heard (`en-orig`), and that before subtitles for the
//!    hearing impaired.
//! 4. A file with the times of its words goes before `.srt`, then `.vtt`, then the others.
//!
//! A file that cannot be read is named and counted, and the next one is taken. Captions that a machine
//! made roll, that is, repeat each other: [`NarrationCare`](crate::NarrationCare) removes that.
//!
//! | module | idea |
//! |---|---|
//! | `beside` | all words beside one video |
//! | `sidecars`, `track_name` | which files lie beside a video, and what their names tell |
//! | `format`, `words`, `written` | a file's words, whatever its format |
//! | `cues` | SubRip and WebVTT |
//! | `substation` | `.ass` and `.ssa` |
//! | `transcript_json` | Whisper, whisper.cpp, WhisperX, json3 |
//! | `timed_text` | YouTube's XML, TTML |
//! | `milliseconds` | whether times are milliseconds |

mod beside;
mod cues;
mod format;
pub(crate) mod milliseconds;
mod sidecars;
mod substation;
mod timed_text;
mod track_name;
mod transcript_json;
mod words;
mod written;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use self::beside::{SubtitleFile, WordsBeside, subtitles_beside, video_of_subtitles};

use self::beside::media_beside;
use self::cues::is_subtitle_text;
use self::format::Format;
use self::sidecars::{Beside, Sidecars, Track, owner};
use self::track_name::Role;
use self::words::Words;
use crate::drop_reason::DropReason;
use crate::error::CorpusError;
use crate::file_ending::has_ending;
use crate::glance::{self, Glance};
use crate::intake::{Intake, SourceVideo};
use crate::language::Language;
use crate::language_choice::{self, LanguageChoice, Offer, Rank};
use crate::layouts::layout_reader::LayoutReader;
use crate::text_file;
use crate::video_files::{VideoFiles, is_picture};
use locvtp_video::counted::counted;

/// How this layout is recognised and read.
pub(crate) const READER: LayoutReader = LayoutReader {
    names_its_files: true,
    ..LayoutReader::new(
        "subtitles",
        "Your own videos with subtitles or transcripts beside them: .srt, .vtt, Whisper's, yt-dlp's",
        is_recognised,
        read,
    )
};

/// Endings of subtitles that are read but by whose beginning nothing is told.
const OTHER_ENDINGS: [&str; 9] =
    ["json3", "srv1", "srv2", "srv3", "ttml", "dfxp", "webvtt", "ass", "ssa"];
/// Files of one kind that are named in a note; all are counted.
const NAMED: usize = 3;

/// By what stands in the file, whatever its ending.
fn is_recognised(path: &Path, glance: &Glance) -> bool {
    let is_text = || {
        let start = glance::glance(path).unwrap_or_default();
        is_subtitle_text(&text_file::decoded(&start).0)
    };
    match glance {
        Glance::Json(_) => is_transcript(path),
        Glance::Table(_) => {
            has_ending(path, &["tsv"]) && glance.has_columns(&["start", "end", "text"])
        }
        Glance::Name if has_ending(path, &["srt", "vtt"]) => is_text(),
        Glance::Name if has_ending(path, &OTHER_ENDINGS) => is_transcript(path),
        _ => false,
    }
}

/// Reads a folder of videos with words beside them, or one file of words with its video beside it.
fn read(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    if path.is_file() {
        return read_file(path, intake);
    }
    let found = Sidecars::under(path)
        .map_err(|source| CorpusError::Read { path: path.to_owned(), source })?;
    let mut reading = Reading { root: path, intake, notes: Notes::default() };
    let (asked_for, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
        found.videos.into_iter().partition(|(id, _)| reading.intake.asks_for(id));
    for (id, beside) in others {
        // Counted as not asked for.
        reading
            .intake
            .video(SourceVideo { media: Some(beside.media.into()), ..SourceVideo::new(id) });
    }
    let mut videos = asked_for;
    for beside in videos.values_mut() {
        reading.tell_languages(beside);
    }
    let offers: Vec<Offer> = videos.values().map(|beside| offer(&beside.tracks)).collect();
    let choice = LanguageChoice::of(path, reading.intake.language(), &offers)?;
    for (id, beside) in videos {
        reading.video(&id, beside, &choice);
    }
    reading.notes.without_video = found.without_video;
    reading.notes.not_read = found.not_read;
    reading.notes.no_transcript.extend(found.no_transcript);
    let notes = std::mem::take(&mut reading.notes);
    notes.told(path).into_iter().for_each(|note| intake.note(note));
    Ok(())
}

/// Whether videos under the folder have words beside them.
pub(crate) fn are_under(folder: &Path) -> bool {
    Sidecars::under(folder).is_ok_and(|found| found.is_corpus())
}

/// Whether a file beside `media` of its folder is named after one of them, so that it holds words of
/// that video, or what else a program wrote of it.
pub(crate) fn is_beside_its_video(path: &Path, media: &VideoFiles) -> bool {
    path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| owner(stem, media).is_some())
}

/// Whether the file's ending is one of subtitles, whatever stands in it.
pub(crate) fn is_subtitle_file(path: &Path) -> bool {
    Format::of(path).is_some_and(Format::is_subtitles)
}

/// Whether the file holds words with times in one of the formats that are read here; for a table, in
/// milliseconds.
pub(crate) fn is_transcript(path: &Path) -> bool {
    let Some(format) = Format::of(path) else { return false };
    let words = written::read(path, format, None).ok().flatten();
    words.is_some_and(|words| {
        !words.captions.is_empty() && (format != Format::Csv || words.in_milliseconds)
    })
}

/// Reads one file of words, which was named by a person: its language is not asked for.
fn read_file(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let media = media_beside(path);
    let owned = owner(&stem, &media).map(|(video, _)| video.to_owned());
    let id = owned.as_deref().and_then(Path::file_stem).map(|stem| stem.to_string_lossy());
    let id = id.map_or(stem.clone(), |id| id.into_owned());
    // Whatever the ending, subtitles are what was asked to be read.
    let format = Format::of(path).unwrap_or(Format::Srt);
    let broken = |what: String| CorpusError::Transcript { path: path.to_owned(), what };
    let words = written::read(path, format, owned.as_deref()).map_err(broken)?;
    let words = words.ok_or_else(|| broken("holds no words with times".to_owned()))?;
    let video = SourceVideo {
        media: owned.map(Into::into),
        captions: words.captions,
        ..SourceVideo::new(id)
    };
    intake.video(video);
    Ok(())
}

/// The languages of a video's files. What is no narration counts only where nothing else is there.
fn offer(tracks: &[Track]) -> Offer {
    let has_narration = tracks.iter().any(|track| !track.name.role.is_no_narration());
    let counts = |track: &&Track| !(has_narration && track.name.role.is_no_narration());
    let mut offer = Offer::default();
    for track in tracks.iter().filter(counts) {
        match &track.name.language {
            Some(language) => drop(offer.languages.insert(language.clone())),
            None => offer.untold = true,
        }
    }
    offer
}

/// What a person should know of how a folder was read.
#[derive(Default)]
struct Notes {
    without_video: Vec<PathBuf>,
    not_read: Vec<PathBuf>,
    no_transcript: Vec<PathBuf>,
    unreadable: Vec<(PathBuf, String)>,
    other_languages: Vec<Offer>,
    no_narration: Vec<PathBuf>,
    hindi: Vec<PathBuf>,
    hearing_impaired: Vec<PathBuf>,
}

/// What decides between the files of a video, the least first: no narration, how well the language fits,
/// its role, another region's.
type Order = (bool, Rank, Role, bool);

/// A folder being read.
struct Reading<'a, 'i> {
    root: &'a Path,
    intake: &'a mut Intake<'i>,
    notes: Notes,
}

impl Reading<'_, '_> {
    /// Finds out what the names of a video's files leave open.
    fn tell_languages(&mut self, beside: &mut Beside) {
        for place in 0..beside.tracks.len() {
            if beside.tracks[place].name.hi {
                let is_hindi = is_hindi(place, &beside.tracks);
                let track = &mut beside.tracks[place];
                let path = track.path.clone();
                if is_hindi {
                    track.name.language = Language::parse("hi");
                    self.notes.hindi.push(path);
                } else {
                    track.name.role = track.name.role.max(Role::HearingImpaired);
                    self.notes.hearing_impaired.push(path);
                }
            }
        }
        let media = beside.media.clone();
        let said = |track: &Track| {
            let untold = track.name.language.is_none() && !track.name.hi;
            let tells = matches!(track.format, Format::Json | Format::Vtt) && untold;
            let words = tells.then(|| written::read(&track.path, track.format, Some(&media)));
            words?.ok()??.language
        };
        let told: Vec<Option<Language>> = beside.tracks.iter().map(said).collect();
        // What a transcriber writes into several files is one transcript, and its JSON tells the
        // language of all.
        let json =
            beside.tracks.iter().zip(&told).filter(|(track, _)| track.format == Format::Json);
        let of_json = json.filter_map(|(_, language)| language.clone()).next();
        for (track, told) in beside.tracks.iter_mut().zip(told) {
            if track.name.language.is_none() && !track.name.hi {
                track.name.language = told.or_else(|| of_json.clone());
            }
        }
    }

    /// Hands over a video with the best of what lies beside it.
    fn video(&mut self, id: &str, beside: Beside, choice: &LanguageChoice) {
        let source =
            SourceVideo { media: Some(beside.media.clone().into()), ..SourceVideo::new(id) };
        let mut ranked: Vec<(Order, &Track)> = Vec::new();
        for track in &beside.tracks {
            let role = track.name.role;
            if let Some(rank) = choice.rank(track.name.language.as_ref()) {
                let order = (role.is_no_narration(), rank.told, role, rank.is_region);
                ranked.push((order, track));
            }
        }
        ranked.sort_by(|(a, one), (b, other)| {
            (a, one.format, &one.path).cmp(&(b, other.format, &other.path))
        });
        let equal = ranked.chunk_by(|(a, _), (b, _)| a == b);
        for group in equal {
            let tracks: Vec<&Track> = group.iter().map(|(_, track)| *track).collect();
            if let Some((track, words)) = self.best(&tracks, &beside.media) {
                if track.name.role.is_no_narration() {
                    self.notes.no_narration.push(track.path.clone());
                }
                let language = track.name.language.as_ref().or(words.language.as_ref());
                let told = language.map_or("not told".to_owned(), ToString::to_string);
                self.intake.video_in(SourceVideo { captions: words.captions, ..source }, &told);
                return;
            }
        }
        let is_other = ranked.is_empty() && beside.tracks.iter().any(|t| t.name.language.is_some());
        if is_other && self.intake.admit(id, id, source.media.as_ref(), None).is_some() {
            self.intake.drop_one(DropReason::OtherLanguage, id, None);
            self.notes.other_languages.push(offer(&beside.tracks));
        } else if !is_other && !is_picture(&beside.media) && !beside.tracks.is_empty() {
            // Videos with nothing beside them are named with the files that are left.
            self.intake.video(source);
        }
    }

    /// Of files that are equally good by their names, the one with the times of words, or else the
    /// first one that can be read.
    fn best<'t>(&mut self, tracks: &[&'t Track], media: &Path) -> Option<(&'t Track, Words)> {
        let may_tell = |track: &Track| matches!(track.format, Format::Json | Format::TimedText);
        let mut read: BTreeMap<&Path, Option<Words>> = BTreeMap::new();
        for track in tracks.iter().filter(|track| may_tell(track)) {
            match self.words(track, media) {
                Some(words) if words.has_word_times => return Some((track, words)),
                words => drop(read.insert(&track.path, words)),
            }
        }
        tracks.iter().find_map(|track| {
            let words = match read.remove(track.path.as_path()) {
                Some(words) => words,
                None => self.words(track, media),
            };
            words.map(|words| (*track, words))
        })
    }

    /// The words of a file; none where it holds none, or is broken, which is counted.
    fn words(&mut self, track: &Track, media: &Path) -> Option<Words> {
        match written::read(&track.path, track.format, Some(media)) {
            Ok(Some(words)) => Some(words).filter(|words| !words.captions.is_empty()),
            Ok(None) => {
                self.notes.no_transcript.push(track.path.clone());
                None
            }
            Err(what) => {
                let below = track.path.strip_prefix(self.root).unwrap_or(&track.path);
                self.intake.drop_one(DropReason::NotUnderstood, &below.to_string_lossy(), None);
                self.notes.unreadable.push((track.path.clone(), what));
                None
            }
        }
    }
}

/// Whether `hi` in a name means Hindi: where its letters are Hindi's; else where the other files of
/// the video have languages for names. Beside a file without a language, or alone, it is the same
/// words for the hearing impaired.
fn is_hindi(place: usize, tracks: &[Track]) -> bool {
    let is_devanagari = |c: char| ('\u{900}'..='\u{97f}').contains(&c);
    let text = text_file::bytes(&tracks[place].path).map(|bytes| text_file::decoded(&bytes).0);
    if text.is_ok_and(|text| text.contains(is_devanagari)) {
        return true;
    }
    let others = || tracks.iter().enumerate().filter(|(other, _)| *other != place);
    let subtitles = || others().map(|(_, track)| &track.name).filter(|name| !name.hi);
    subtitles().any(|name| name.language.is_some())
        && subtitles().all(|name| name.language.is_some())
}

impl Notes {
    fn told(self, root: &Path) -> Vec<String> {
        let below = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
        let named = |paths: &[PathBuf]| {
            let mut names: Vec<String> = paths.iter().take(NAMED).map(|path| below(path)).collect();
            names.extend((paths.len() > NAMED).then(|| "..".to_owned()));
            names.join(", ")
        };
        let mut notes = Vec::new();
        let mut note = |paths: &[PathBuf], what: &str| {
            if !paths.is_empty() {
                notes.push(format!("{} {what}: {}", counted(paths.len(), "file"), named(paths)));
            }
        };
        note(
            &self.without_video,
            "of subtitles beside no video of that name (NAME.srt or NAME.LANGUAGE.srt belongs to \
             NAME.mp4)",
        );
        note(
            &self.not_read,
            "of subtitles in a format that is not read; make .srt of it, as with ffmpeg",
        );
        note(
            &self.no_transcript,
            "beside a video of that name, but no transcript that is understood",
        );
        note(
            &self.no_narration,
            "of forced subtitles or comments taken, because nothing else is there",
        );
        note(&self.hindi, "where `hi` was read as Hindi");
        note(&self.hearing_impaired, "where `hi` was read as hearing impaired, and not as Hindi");
        for (path, what) in self.unreadable.iter().take(NAMED) {
            notes.push(format!("{}: was passed over: {what}", below(path)));
        }
        if !self.other_languages.is_empty() {
            notes.push(language_choice::left_out(&self.other_languages));
        }
        notes
    }
}
