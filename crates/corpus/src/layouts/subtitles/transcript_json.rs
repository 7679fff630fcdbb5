//! Transcripts as JSON: Whisper's and what is built on it (faster-whisper, stable-ts, WhisperX),
//! whisper.cpp's, Hugging Face's `chunks`, plain lists of captions, and YouTube's json3.
//!
//! | who | where the captions stand | times |
//! |---|---|---|
//! | Whisper, WhisperX | `segments`: `start`, `end`, `text`; of each word in `words` | seconds |
//! | whisper.cpp | `transcription`: `offsets` `from`, `to` | milliseconds |
//! | Hugging Face | `chunks`: `timestamp` of two | seconds |
//! | youtube-transcript-api | a list: `start`, `duration`, `text` | seconds |
//! | json3 | `events`: `tStartMs`, `dDurationMs`, `segs` | milliseconds |
//!
//! Hugging Face's pipeline says of a piece that was cut off when it begins and not when it ends
//! (`[2.0, null]`): it ends when the next one begins, the last one with the video.
//!
//! A list that says of which videos it speaks (`path`, `video`) is a manifest and no transcript.
//!
//! Where the times of words are known a caption lasts from its first word to the end of its last. A
//! word that could not be aligned has none (WhisperX).

use locvtp_video::json_size::{self, MOST_VALUES};
use serde::de::Error;
use serde_json::Value;

use super::cues::clock_s;
use super::milliseconds::{Timed, are_milliseconds};
use super::timed_text::{Event, captions_of};
use super::words::Words;
use crate::drop_reason::DropReason;
use crate::language::Language;
use crate::layouts::manifest::OF_VIDEO;
use crate::repair::Repair;
use crate::source_caption::{SourceCaption, SourceTime};

/// Lists of captions by the names that they go by.
const LISTS: [&str; 3] = ["segments", "chunks", "utterances"];

/// The captions of a JSON; none where it holds no transcript, as a video's description.
///
/// # Errors
/// When it is no JSON, or has more values than the times of all words of two days.
pub(super) fn read(
    json: &[u8],
    length_s: impl Fn() -> Option<f64>,
) -> Result<Option<Words>, serde_json::Error> {
    json_size::check(json, MOST_VALUES).map_err(serde_json::Error::custom)?;
    let json: Value = serde_json::from_slice(&crate::bare_nan::as_null(json))?;
    if let Some(events) = json.get("events").and_then(Value::as_array) {
        return Ok(Some(captions_of(events.iter().filter_map(event).collect())));
    }
    if let Some(pieces) = json.get("transcription").and_then(Value::as_array) {
        let result = json.pointer("/result/language").and_then(Value::as_str);
        let captions = pieces.iter().map(piece).collect();
        let language = result.and_then(Language::parse);
        return Ok(Some(Words { captions, language, ..Words::default() }));
    }
    let list = LISTS.iter().find_map(|name| json.get(name)).or(Some(&json));
    let Some(list) = list.and_then(Value::as_array) else { return Ok(None) };
    if !list.is_empty() && !list.iter().any(|entry| entry.get("text").is_some_and(is_text)) {
        return Ok(None);
    }
    let is_of_manifest = |entry: &Value| OF_VIDEO.iter().any(|key| entry.get(key).is_some());
    if json.is_array() && (list.is_empty() || list.iter().any(is_of_manifest)) {
        return Ok(None);
    }
    let mut segments: Vec<Segment> = list.iter().map(Segment::of).collect();
    end_with_the_next(&mut segments);
    let has_word_times = segments.iter().any(|segment| segment.has_word_times);
    let timed: Vec<Timed> = segments.iter().filter_map(Segment::timed).collect();
    let in_milliseconds = are_milliseconds(&timed, &length_s);
    if let Some(last) = segments.last_mut().filter(|last| last.is_open()) {
        let unit = if in_milliseconds { 1000.0 } else { 1.0 };
        last.end = length_s().map(|length_s| length_s * unit);
    }
    let time = if in_milliseconds { SourceTime::Milliseconds } else { SourceTime::Seconds };
    let captions = segments.into_iter().map(|segment| segment.caption(time)).collect();
    let language = json.get("language").and_then(Value::as_str).and_then(Language::parse);
    Ok(Some(Words { captions, has_word_times, language, in_milliseconds }))
}

/// Ends pieces that were cut off when the next one begins.
fn end_with_the_next(segments: &mut [Segment]) {
    for place in 1..segments.len() {
        let next = segments[place].start;
        let segment = &mut segments[place - 1];
        if segment.is_open() {
            segment.end = next.filter(|next| segment.start.is_some_and(|start| start < *next));
        }
    }
}

fn is_text(value: &Value) -> bool {
    value.is_string()
}

/// The number, also where it is written as text.
fn number(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A caption of a list, in the unit of the file.
struct Segment {
    start: Option<f64>,
    end: Option<f64>,
    text: Option<String>,
    has_word_times: bool,
    /// Whether its source says that it does not know the end.
    is_cut_off: bool,
}

impl Segment {
    fn of(entry: &Value) -> Self {
        let at = |key: &str| number(entry.get(key));
        let pair = |place: usize| number(entry.get("timestamp").and_then(|pair| pair.get(place)));
        let words = entry.get("words").and_then(Value::as_array).map(Vec::as_slice);
        let of_words = |key: &'static str| {
            words.unwrap_or_default().iter().filter_map(move |w| number(w.get(key)))
        };
        let first = of_words("start").reduce(f64::min);
        let last = of_words("end").reduce(f64::max);
        let start = at("start").or_else(|| at("start_time")).or_else(|| pair(0));
        let lasts = || Some(start? + at("duration").or_else(|| at("dur"))?);
        let end = at("end").or_else(|| at("end_time")).or_else(|| pair(1)).or_else(lasts);
        let end = last.or(end);
        Self {
            start: first.or(start),
            end,
            text: entry.get("text").and_then(Value::as_str).map(str::to_owned),
            has_word_times: first.is_some() && last.is_some(),
            is_cut_off: end.is_none() && entry.pointer("/timestamp/1").is_some_and(Value::is_null),
        }
    }

    /// Whether it begins and its end is to be found.
    fn is_open(&self) -> bool {
        self.is_cut_off && self.start.is_some() && self.end.is_none()
    }

    fn timed(&self) -> Option<Timed> {
        Some(Timed::new(self.start?, self.end?, self.text.as_deref()?))
    }

    fn caption(self, time: fn(f64, f64) -> SourceTime) -> Result<SourceCaption, DropReason> {
        let text = self.text.ok_or(DropReason::TextIsNoString)?;
        let (start, end) = self.start.zip(self.end).ok_or(DropReason::TimeIsNoNumber)?;
        let mut caption = SourceCaption::new(time(start, end), text);
        if self.is_cut_off {
            caption.repairs.note(Repair::EndFound);
        }
        Ok(caption)
    }
}

/// A piece of whisper.cpp's; of `offsets` and `timestamps` either may be missing.
fn piece(piece: &Value) -> Result<SourceCaption, DropReason> {
    let text = piece.get("text").and_then(Value::as_str).ok_or(DropReason::TextIsNoString)?;
    let time = |key| {
        let offset = || Some(number(piece.get("offsets")?.get(key))? / 1000.0);
        let clock = || clock_s(piece.get("timestamps")?.get(key)?.as_str()?);
        offset().or_else(clock).ok_or(DropReason::TimeIsNoNumber)
    };
    let time = SourceTime::Seconds(time("from")?, time("to")?);
    Ok(SourceCaption::new(time, text))
}

/// An event of json3; none for one without words.
fn event(event: &Value) -> Option<Event> {
    let segs = event.get("segs")?.as_array()?;
    let text: String = segs.iter().filter_map(|seg| seg.get("utf8")?.as_str()).collect();
    Some(Event {
        start_ms: number(event.get("tStartMs")),
        lasts_ms: number(event.get("dDurationMs")),
        has_word_times: segs.iter().any(|seg| seg.get("tOffsetMs").is_some()),
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Told = Vec<Result<(f64, f64, String), DropReason>>;

    fn told(json: &str) -> Option<(Told, bool, Option<String>)> {
        let words = read(json.as_bytes(), || None).unwrap()?;
        let plain = |caption: SourceCaption| match caption.time {
            SourceTime::Seconds(start, end) => (start, end, caption.text.trim().to_owned()),
            SourceTime::Milliseconds(start, end) => {
                (start / 1000.0, end / 1000.0, caption.text.trim().to_owned())
            }
            other => panic!("{other:?}"),
        };
        let captions = words.captions.into_iter().map(|caption| caption.map(plain)).collect();
        Some((captions, words.has_word_times, words.language.map(|language| language.tag())))
    }

    fn said(captions: &[(f64, f64, &str)]) -> Told {
        captions.iter().map(|(start, end, text)| Ok((*start, *end, (*text).to_owned()))).collect()
    }

    #[test]
    fn every_transcriber_says_the_same_in_its_own_way() {
        let expected = said(&[(0.0, 1.5, "she whisks"), (1.5, 3.0, "he pours")]);
        for (json, language) in [
            // openai-whisper and faster-whisper; a silent stretch has a log probability that is none.
            (
                r#"{"text": " she whisks he pours", "segments": [
                    {"id": 0, "start": 0.0, "end": 1.5, "text": " she whisks", "avg_logprob": NaN},
                    {"id": 1, "start": 1.5, "end": 3.0, "text": " he pours"}], "language": "en"}"#,
                Some("en"),
            ),
            // whisper.cpp, -oj
            (
                r#"{"systeminfo": "AVX", "params": {"language": "auto"}, "result": {"language": "de"},
                    "transcription": [
                    {"timestamps": {"from": "00:00:00,000", "to": "00:00:01,500"},
                     "offsets": {"from": 0, "to": 1500}, "text": " she whisks"},
                    {"timestamps": {"from": "00:00:01,500", "to": "00:00:03,000"}, "text": " he pours"}
                    ]}"#,
                Some("de"),
            ),
            // Hugging Face's pipeline
            (
                r#"{"text": "..", "chunks": [{"timestamp": [0.0, 1.5], "text": " she whisks"},
                    {"timestamp": [1.5, 3.0], "text": " he pours"}]}"#,
                None,
            ),
            // youtube-transcript-api
            (
                r#"[{"text": "she whisks", "start": 0.0, "duration": 1.5},
                    {"text": "he pours", "start": 1.5, "duration": 1.5}]"#,
                None,
            ),
            // A list in milliseconds
            (
                r#"{"utterances": [{"start": 0, "end": 1500, "text": "she whisks", "speaker": "A"},
                    {"start": 1500, "end": 3000, "text": "he pours"}]}"#,
                None,
            ),
        ] {
            let found = told(json).unwrap();
            assert_eq!(found, (expected.clone(), false, language.map(str::to_owned)), "{json}");
        }
    }

    #[test]
    fn a_file_of_more_values_than_any_transcript_is_none() {
        let many = format!(r#"{{"segments": [{}0]}}"#, "[[]],".repeat(MOST_VALUES / 2));
        let error = read(many.as_bytes(), || None).unwrap_err();
        assert!(error.to_string().contains("2000000 values"), "{error}");
    }

    #[test]
    fn where_words_have_times_a_caption_lasts_from_the_first_to_the_last() {
        let whisperx = r#"{"segments": [{"start": 0.0, "end": 3.0, "text": " in 1984 she whisks",
            "words": [{"word": "in", "start": 0.2, "end": 0.4, "score": 0.9}, {"word": "1984"},
                      {"word": "she", "start": 1.0, "end": 1.25}, {"word": "whisks"}]},
            {"start": 3.5, "end": 4.0, "text": " mm", "words": [{"word": "mm"}]}],
            "word_segments": [], "language": "en"}"#;
        let (captions, has_word_times, _) = told(whisperx).unwrap();
        assert!(has_word_times);
        assert_eq!(captions, said(&[(0.2, 1.25, "in 1984 she whisks"), (3.5, 4.0, "mm")]));
    }

    #[test]
    fn a_piece_that_was_cut_off_ends_with_the_next_and_the_last_with_the_video() {
        let json = r#"{"chunks": [{"timestamp": [0.0, null], "text": "one"},
            {"timestamp": [1.5, 2.0], "text": "two"}, {"timestamp": [2.0, null], "text": "three"}]}"#;
        let words = read(json.as_bytes(), || Some(3.5)).unwrap().unwrap();
        let times: Vec<_> = words.captions.iter().flatten().map(|caption| caption.time).collect();
        let expected = [(0.0, 1.5), (1.5, 2.0), (2.0, 3.5)];
        assert_eq!(times, expected.map(|(start, end)| SourceTime::Seconds(start, end)));
        let found = |place: usize| {
            words.captions[place].as_ref().unwrap().repairs.contains(Repair::EndFound)
        };
        assert_eq!([0, 1, 2].map(found), [true, false, true]);
        // Nobody knows how long the video is, or the next piece begins before.
        assert_eq!(told(json).unwrap().0[2], Err(DropReason::TimeIsNoNumber));
        let back = json.replace("[1.5, 2.0]", "[0.0, 2.0]");
        assert_eq!(told(&back).unwrap().0[0], Err(DropReason::TimeIsNoNumber));
    }

    #[test]
    fn json3_does_not_roll_and_other_json_is_no_transcript() {
        let json3 = r#"{"wireMagic": "pb3", "events": [{"tStartMs": 0, "dDurationMs": 9000, "id": 1},
            {"tStartMs": 0, "dDurationMs": 4000, "wWinId": 1,
             "segs": [{"utf8": "she"}, {"utf8": " whisks", "tOffsetMs": 400}]},
            {"tStartMs": 1490, "dDurationMs": 2510, "aAppend": 1, "segs": [{"utf8": "\n"}]},
            {"tStartMs": 1500, "dDurationMs": 1500, "segs": [{"utf8": "he pours", "tOffsetMs": 0}]}]}"#;
        let (captions, has_word_times, _) = told(json3).unwrap();
        assert!(has_word_times);
        assert_eq!(captions, said(&[(0.0, 1.5, "she whisks"), (1.5, 3.0, "he pours")]));
        for other in [
            r#"{"id": "x", "title": "t", "formats": [{"url": "u"}], "chapters": [{"start_time": 0}]}"#,
            r#"{"duration": 4, "caption": "a fox"}"#,
            "[]",
            r#"[{"path": "a.mp4", "start": 0, "end": 1, "text": "a fox"}]"#,
            r#"[{"video": "a", "start": 0, "end": 1, "text": "a fox"}]"#,
            "[1, 2]",
            "7",
        ] {
            assert_eq!(told(other), None, "{other}");
        }
        assert_eq!(told(r#"{"text": "", "segments": [], "language": "en"}"#).unwrap().0, []);
        assert!(read(b"{\"segments\": [", || None).is_err());
        let bad =
            r#"{"segments": [{"start": 0, "text": "no end"}, {"start": 0, "end": 1, "text": 7}]}"#;
        let reasons = [Err(DropReason::TimeIsNoNumber), Err(DropReason::TextIsNoString)];
        assert_eq!(told(bad).unwrap().0, reasons);
    }
}
