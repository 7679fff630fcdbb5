//! Subtitles inside a video file: the tracks of text, read without decoding a picture.
//!
//! SubRip, WebVTT, plain text, 3GPP's timed text (MP4, MOV) and SSA are text; the subtitles of discs and
//! television are pictures and are passed over. Times are those of the pictures: seconds from the start of
//! the video stream.

use std::path::Path;
use std::sync::Arc;

use ffmpeg::{Discard, Packet, ffi, media};
use ffmpeg_the_third as ffmpeg;
use serde::{Deserialize, Serialize};

use crate::error::VideoError;
use crate::limits::ReadLimits;
use crate::probe::{self, MediaSource, OpenFile};
use crate::sandbox;
use crate::time::TimeSpan;
use crate::watchdog::{self, Watch};

/// Cues of a track at most; a day has 86,400 seconds.
pub(crate) const MOST_CUES: usize = 200_000;

/// A track of text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextTrack {
    /// Its place among the streams of the file.
    pub stream: usize,
    /// What the file says: `eng`, `de`; none where it says nothing.
    pub language: Option<String>,
    /// Its lines in the order of the file; those without times or words are left out.
    pub cues: Vec<(TimeSpan, String)>,
}

/// How a packet holds its text.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Coding {
    /// As it is.
    Plain,
    /// Behind its length in two bytes.
    Timed,
    /// Behind eight fields.
    Ssa,
}

impl Coding {
    fn of(codec: &str) -> Option<Self> {
        match codec {
            "subrip" | "srt" | "text" | "webvtt" => Some(Self::Plain),
            "mov_text" => Some(Self::Timed),
            "ass" | "ssa" => Some(Self::Ssa),
            _ => None,
        }
    }

    fn text(self, data: &[u8]) -> Option<String> {
        let text = match self {
            Self::Plain => String::from_utf8_lossy(data).into_owned(),
            Self::Timed => {
                let (length, rest) = data.split_first_chunk::<2>()?;
                let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
                String::from_utf8_lossy(&rest[..length]).into_owned()
            }
            Self::Ssa => {
                let line = String::from_utf8_lossy(data);
                line.splitn(9, ',').nth(8)?.replace("\\N", "\n").replace("\\n", "\n")
            }
        };
        let text = without_marks(&text);
        (!text.is_empty()).then_some(text)
    }
}

/// The text on one line without `<i>` and `{\an8}`.
fn without_marks(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut until = None;
    for c in text.chars() {
        match (until, c) {
            (None, '<') => until = Some('>'),
            (None, '{') => until = Some('}'),
            (None, c) => bare.push(c),
            (Some(end), c) if c == end => until = None,
            (Some(_), _) => {}
        }
    }
    // A sign that opens nothing is a sign.
    let bare = if until.is_some() { text } else { &bare };
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The tracks of text in a file, in its order; empty where there is none, which is found out from its
/// header alone.
///
/// # Errors
/// As [`VideoReader::open`](crate::VideoReader::open).
pub fn text_tracks(path: &Path, limits: ReadLimits) -> Result<Vec<TextTrack>, VideoError> {
    match sandbox::entered() {
        Some(workers) => sandbox::worker_file::text_tracks(workers, path, limits),
        None => read(MediaSource { path: path.to_owned(), stretch: None }, limits),
    }
}

/// The same of a file or a stretch of one, in this process.
pub(crate) fn read(media: MediaSource, limits: ReadLimits) -> Result<Vec<TextTrack>, VideoError> {
    let (watch, path) = (Arc::new(Watch::default()), media.path.clone());
    let inside = Arc::clone(&watch);
    let read = watchdog::run(&watch, &limits, move || {
        let mut file = probe::open(&media, &limits, &inside)?;
        Ok(read_tracks(&mut file, &inside))
    });
    read.unwrap_or_else(|why| Err(watchdog::error(&path, "read its subtitles", why, &limits)))
}

fn read_tracks(file: &mut OpenFile, watch: &Watch) -> Vec<TextTrack> {
    let start = file.input.stream(file.stream).map_or(0.0, |video| {
        let ticks = video.start_time();
        if ticks == ffi::AV_NOPTS_VALUE { 0.0 } else { ticks as f64 * seconds(video.time_base()) }
    });
    let mut codings = Vec::new();
    let mut tracks = Vec::new();
    for stream in file.input.streams() {
        let parameters = stream.parameters();
        let coding = Coding::of(parameters.id().name());
        let is_text = parameters.medium() == media::Type::Subtitle;
        if let Some(coding) = coding.filter(|_| is_text) {
            codings.push((coding, seconds(stream.time_base())));
            let language = stream.metadata().get("language").map(str::to_owned);
            let language = language.filter(|language| language != "und");
            tracks.push(TextTrack { stream: stream.index(), language, cues: Vec::new() });
        }
    }
    if tracks.is_empty() {
        return tracks;
    }
    for place in 0..file.input.nb_streams() as usize {
        let is_wanted = tracks.iter().any(|track| track.stream == place);
        let discard = if is_wanted { Discard::Default } else { Discard::All };
        if let Some(mut stream) = file.input.stream_mut(place) {
            // SAFETY: the stream belongs to `input`, which is alive; the field says which packets the
            // demuxer need not hand out.
            unsafe { (*stream.as_mut_ptr()).discard = discard.into() };
        }
    }
    loop {
        // A fresh packet each time: reading into a full one would leak what it holds.
        let mut packet = Packet::empty();
        watch.step();
        if file.next_packet(&mut packet).is_err() {
            return tracks;
        }
        let place = tracks.iter().position(|track| track.stream == packet.stream());
        let (Some(place), Some(pts), Some(data)) = (place, packet.pts(), packet.data()) else {
            continue;
        };
        let (coding, tick) = codings[place];
        let from = pts as f64 * tick - start;
        let to = from + packet.duration() as f64 * tick;
        let track = &mut tracks[place];
        if let Some(text) = coding.text(data)
            && to > from.max(0.0)
            && track.cues.len() < MOST_CUES
        {
            track.cues.push((TimeSpan::new(from.max(0.0), to), text));
        }
    }
}

fn seconds(time_base: ffmpeg::Rational) -> f64 {
    f64::from(time_base.numerator()) / f64::from(time_base.denominator().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_in_each_coding_and_without_its_marks() {
        let text = |coding: Coding, data: &[u8]| coding.text(data);
        let plain = text(Coding::Plain, b"<i>she  cuts</i>\nan {\\an8}onion");
        assert_eq!(plain.as_deref(), Some("she cuts an onion"));
        assert_eq!(text(Coding::Plain, b"a < b").as_deref(), Some("a < b"));
        assert_eq!(text(Coding::Timed, b"\0\x03eggs").as_deref(), Some("egg"));
        assert_eq!(text(Coding::Timed, b"\0\x09egg").as_deref(), Some("egg"));
        assert_eq!(text(Coding::Timed, b"\0\0"), None, "3GPP's pauses");
        assert_eq!(text(Coding::Timed, b"\0"), None);
        let ssa = b"7,0,Default,,0,0,0,,one, two\\Nthree";
        assert_eq!(text(Coding::Ssa, ssa).as_deref(), Some("one, two three"));
        assert_eq!(text(Coding::Ssa, b"broken"), None);
        assert_eq!(text(Coding::Plain, b" <b></b> "), None);
    }
}
