//! What is said in a video, from the files beside it and the tracks of text inside.

use std::path::Path;

use locvtp_corpus::{Language, WordsBeside};
use locvtp_search::catalogue::Cue;
use locvtp_video::causes::with_causes;
use locvtp_video::counted::counted;
use locvtp_video::{ReadLimits, Seconds, TextTrack, TimeSpan, text_tracks};

/// What the source of cues from inside a file begins with; a file's name has an ending.
const TRACK: &str = "track ";

/// Whether a cue comes from a track inside the file and not from a file beside it.
pub(crate) fn is_inside(cue: &Cue) -> bool {
    cue.source.starts_with(TRACK)
}

/// What is said in a video, as far as it could be read.
#[derive(Debug, Default)]
pub(crate) struct Cues {
    pub(crate) cues: Vec<Cue>,
    /// What a person should know of its subtitles.
    pub(crate) notes: Vec<String>,
    /// Why the tracks inside could not be read; none where they were.
    pub(crate) lost: Option<String>,
}

/// The cues of a video that plays for `duration`.
pub(crate) fn cues_of(
    video: &Path,
    duration: Seconds,
    limits: ReadLimits,
    beside: &mut WordsBeside,
) -> Cues {
    let (mut cues, mut notes) = cues_beside(video, duration, beside);
    let mut lost = None;
    match text_tracks(video, limits) {
        Ok(tracks) => {
            for track in tracks {
                let behind = track.cues.iter().filter(|(span, _)| span.start >= duration).count();
                let place = format!("{}: text track {}", video.display(), track.stream);
                notes.extend(left_out(&place, behind));
                cues.extend(of_track(track, duration));
            }
        }
        Err(error) => lost = Some(with_causes(&error)),
    }
    Cues { cues, notes, lost }
}

/// The same of files beside the video alone.
pub(crate) fn cues_beside(
    video: &Path,
    duration: Seconds,
    beside: &mut WordsBeside,
) -> (Vec<Cue>, Vec<String>) {
    let (mut cues, mut notes) = (Vec::new(), Vec::new());
    for file in beside.of(video, Some(duration.0)) {
        match file {
            Ok(file) => {
                notes.extend(left_out(&file.path.display().to_string(), file.num_left_out));
                let source = file.path.file_name().unwrap_or_default().to_string_lossy();
                let language = file.language.map(|language| language.tag());
                cues.extend(file.captions.into_iter().map(|caption| Cue {
                    span: caption.span,
                    text: caption.text,
                    language: language.clone(),
                    source: source.clone().into_owned(),
                }));
            }
            Err(error) => notes.push(with_causes(&error)),
        }
    }
    (cues, notes)
}

/// What is said of lines that are not indexed.
fn left_out(place: &str, num: usize) -> Option<String> {
    (num > 0).then(|| {
        format!(
            "{place}: left out: {}, behind the end of the video or with an end before its start; are these subtitles of \
             another cut?",
            counted(num, "line")
        )
    })
}

fn of_track(track: TextTrack, duration: Seconds) -> impl Iterator<Item = Cue> {
    let language = track.language.as_deref().and_then(Language::parse).map(|it| it.tag());
    let source = format!("{TRACK}{}", track.stream);
    let cues = track.cues.into_iter().filter(move |(span, _)| span.start < duration);
    cues.map(move |(span, text)| Cue {
        span: TimeSpan { start: span.start, end: span.end.min(duration) },
        text,
        language: language.clone(),
        source: source.clone(),
    })
}
