//! What a sample's JSON says: all captions of a video, with their times.
//!
//! Packing writes, beside the keys that video2dataset writes (`key`, `caption`, `duration`,
//! `status`), an object of its own:
//!
//! ```json
//! {"key": "000000007", "caption": "pour the milk stir", "duration": 8.96, "status": "success",
//!  "locvtp": {"video": "x7Yq", "subset": "train", "task": "cakes", "duration": 9.1, "end": 8.96,
//!             "captions": [{"start": 0.5, "end": 3.25, "text": "pour the milk", "id": 0}, ..]}}
//! ```
//!
//! Times are seconds from the start of the video; `end` is null where a caption holds for the whole
//! video. `locvtp.duration` is what the corpus says of the video's length, `locvtp.end` when its last
//! frame ended when it was packed, and `locvtp.picture` is true where it has one frame alone. A caption's `repairs` are listed where there were any.
//!
//! Of others' samples the captions are, the first that is there: `yt_meta_dict.subtitles`, for a
//! video that was not cut into clips; `caption`; the sample's text file. The latter two hold for the
//! whole video. Times of `clips` are times in the video that a clip was cut from, so of the clip they
//! say only about how long it is.

use std::io::Read;

use locvtp_video::Seconds;
use serde::{Deserialize, Serialize};

use crate::bare_nan::NanAsNull;
use crate::corpus::{Caption, NarratedVideo, Subset};
use crate::intake::SourceVideo;
use crate::json_cell::{self, Cell};
use crate::repair::{Repair, Repairs, SourceCaption, SourceTime};
use crate::report::DropReason;
use crate::text_file;

/// A video and its captions, as a shard tells them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SampleRecord {
    video: Cell,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subset: Option<Subset>,
    #[serde(default, skip_serializing_if = "Cell::is_other")]
    task: Cell,
    #[serde(default, skip_serializing_if = "Cell::is_other")]
    duration: Cell,
    /// About how long the video is, by the times it was cut at.
    #[serde(default, skip_serializing_if = "Cell::is_other")]
    cut_length: Cell,
    /// When the last frame ends.
    #[serde(default, skip_serializing_if = "Cell::is_other")]
    end: Cell,
    /// Whether there is one frame alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) picture: bool,
    #[serde(default)]
    captions: Vec<CaptionRecord>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct CaptionRecord {
    #[serde(default)]
    start: Cell,
    #[serde(default)]
    end: Cell,
    #[serde(default)]
    text: Cell,
    #[serde(default, skip_serializing_if = "Cell::is_other")]
    id: Cell,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    repairs: Vec<Repair>,
}

/// The JSON of a sample, as packing writes it.
#[derive(Serialize)]
struct OwnJson<'a> {
    key: &'a str,
    caption: &'a str,
    duration: f64,
    status: &'static str,
    locvtp: &'a SampleRecord,
}

/// The JSON of a sample, whoever wrote it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct AnyJson {
    locvtp: Option<SampleRecord>,
    caption: Cell,
    duration: Cell,
    clips: Option<CutTimes>,
    yt_meta_dict: Option<YouTube>,
}

/// The times a clip was cut at, seconds or clock times; there is one pair.
#[derive(Deserialize)]
#[serde(untagged)]
enum CutTimes {
    Pairs(Vec<Vec<Cell>>),
    Other(serde::de::IgnoredAny),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct YouTube {
    subtitles: Option<Vec<Subtitle>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Subtitle {
    start: Cell,
    end: Cell,
    lines: Vec<Cell>,
}

impl SampleRecord {
    /// What is packed of a video whose last frame ends at `end`.
    pub(crate) fn of(video: &NarratedVideo, end: Seconds) -> Self {
        let caption = |Caption { span, text, id, repairs }: &Caption| CaptionRecord {
            start: Cell::Number(span.start.0),
            end: if span.end.0.is_finite() { Cell::Number(span.end.0) } else { Cell::Other },
            text: Cell::Text(text.clone()),
            id: Cell::Number(f64::from(*id)),
            repairs: repairs.iter().collect(),
        };
        Self {
            video: Cell::Text(video.id.clone()),
            subset: video.subset,
            task: video.task.clone().map_or(Cell::Other, Cell::Text),
            duration: video.duration.map_or(Cell::Other, |duration| Cell::Number(duration.0)),
            cut_length: video.cut_length.map_or(Cell::Other, |length| Cell::Number(length.0)),
            end: Cell::Number(end.0),
            picture: video.is_picture,
            captions: video.captions.iter().map(caption).collect(),
        }
    }

    /// The JSON and the text file of the sample.
    pub(crate) fn files(&self, key: &str) -> (String, String) {
        let texts = self.captions.iter().filter_map(|caption| caption.text.clone().text());
        let caption = texts.collect::<Vec<_>>().join(" ");
        let duration = self.end.number().unwrap_or_default();
        let own = OwnJson { key, caption: &caption, duration, status: "success", locvtp: self };
        (serde_json::to_string(&own).expect("plain data"), caption)
    }

    /// What the JSON, or the text alone, says of the sample `key`.
    ///
    /// # Errors
    /// When the JSON is none and there is no text.
    pub(crate) fn read(
        key: &str,
        json: Option<&[u8]>,
        text: Option<&[u8]>,
    ) -> Result<Self, DropReason> {
        let parsed = json.map(parsed).transpose();
        let any = match (parsed, text) {
            (Ok(parsed), _) => parsed.unwrap_or_default(),
            (Err(_), Some(_)) => AnyJson::default(),
            (Err(_), None) => return Err(DropReason::NotUnderstood),
        };
        if let Some(record) = any.locvtp {
            return Ok(record);
        }
        let whole = |text| vec![CaptionRecord { text, ..CaptionRecord::default() }];
        let is_clip = any.clips.is_some();
        let cut_length = any.clips.and_then(CutTimes::length).map_or(Cell::Other, Cell::Number);
        let subtitles = any.yt_meta_dict.and_then(|about| about.subtitles);
        let captions = match (subtitles, any.caption) {
            (Some(subtitles), _) if !is_clip && !subtitles.is_empty() => {
                subtitles.into_iter().map(Subtitle::caption).collect()
            }
            (_, caption @ Cell::Text(_)) => whole(caption),
            _ => text.map_or(Vec::new(), |text| whole(Cell::Text(text_file::decoded(text).0))),
        };
        let duration = if is_clip { Cell::Other } else { any.duration };
        let video = Cell::Text(key.to_owned());
        Ok(Self { video, duration, cut_length, captions, ..Self::default() })
    }

    /// The video, still without its place.
    pub(crate) fn into_source(self, key: &str) -> SourceVideo {
        let end = self.end.number().filter(|end| *end > 0.0 && end.is_finite());
        SourceVideo {
            duration_s: self.duration.number(),
            cut_length_s: self.cut_length.number(),
            subset: self.subset,
            task: self.task.word(),
            media_end: end.map(Seconds),
            is_picture: self.picture,
            captions: self.captions.into_iter().map(CaptionRecord::caption).collect(),
            ..SourceVideo::new(self.video.word().unwrap_or_else(|| key.to_owned()))
        }
    }
}

/// Python writes `NaN` where a table had nothing.
fn parsed(json: &[u8]) -> serde_json::Result<AnyJson> {
    let mut plain = Vec::with_capacity(json.len());
    // A slice in memory can always be read.
    let _ = NanAsNull::new(json).read_to_end(&mut plain);
    json_cell::from_slice(&plain)
}

impl CaptionRecord {
    fn caption(self) -> Result<SourceCaption, DropReason> {
        let text = self.text.text().ok_or(DropReason::TextIsNoString)?;
        let number = |cell: &Cell| cell.number().ok_or(DropReason::TimeIsNoNumber);
        let time = match (&self.start, &self.end) {
            (Cell::Other, Cell::Other) => SourceTime::Whole,
            (start, Cell::Other) if start.number() == Some(0.0) => SourceTime::Whole,
            (start, end) => SourceTime::Seconds(number(start)?, number(end)?),
        };
        let mut repairs = Repairs::default();
        self.repairs.into_iter().for_each(|repair| repairs.note(repair));
        Ok(SourceCaption { id: self.id.count(), repairs, ..SourceCaption::new(time, text) })
    }
}

impl CutTimes {
    fn length(self) -> Option<f64> {
        let Self::Pairs(pairs) = self else { return None };
        let [pair] = <[Vec<Cell>; 1]>::try_from(pairs).ok()?;
        let [start, end] = <[Cell; 2]>::try_from(pair).ok()?;
        Some(clock(end).number()? - clock(start).number()?)
    }
}

impl Subtitle {
    fn caption(self) -> CaptionRecord {
        let lines = self.lines.into_iter().filter_map(Cell::text).collect::<Vec<_>>();
        CaptionRecord {
            start: clock(self.start),
            end: clock(self.end),
            text: Cell::Text(lines.join(" ")),
            ..CaptionRecord::default()
        }
    }
}

/// `00:01:02.500` as seconds; what is no clock time stays as it is.
fn clock(cell: Cell) -> Cell {
    let Cell::Text(text) = &cell else { return cell };
    let parts: Option<Vec<f64>> = text.trim().split(':').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some([hours, minutes, seconds]) => Cell::Number(hours * 3600.0 + minutes * 60.0 + seconds),
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use locvtp_video::TimeSpan;

    use super::*;
    use crate::narration_care::NarrationCare;

    fn taken(source: SourceVideo) -> NarratedVideo {
        let care = NarrationCare::default();
        let mut videos = Vec::new();
        let mut intake = crate::intake::Intake::new(&care, &mut videos);
        intake.video(source);
        videos.remove(0)
    }

    #[test]
    fn a_video_comes_back_as_it_was_to_the_last_bit() {
        let whole = Caption::new(TimeSpan::new(0.0, 68.1), "all of it");
        let mut odd = Caption::new(TimeSpan::new(0.1 + 0.2, 68.039_999_999_999_99), "a \"b\" é");
        odd.id = 7;
        odd.repairs.note(Repair::EndClipped);
        odd.repairs.note(Repair::Grown);
        let mut video = NarratedVideo::new("some id", "", vec![whole, odd]);
        (video.subset, video.task) = (Some(Subset::Test), Some("cake".into()));
        (video.duration, video.is_picture) = (Some(Seconds(68.1)), true);
        let end = Seconds(204.2 / 3.0);
        let (json, text) = SampleRecord::of(&video, end).files("000000003");
        assert_eq!(text, "all of it a \"b\" é");
        let read = SampleRecord::read("000000003", Some(json.as_bytes()), Some(b"x")).unwrap();
        let found = taken(read.into_source("000000003"));
        assert_eq!(found.media_end, Some(end));
        assert_eq!(NarratedVideo { media_end: None, ..found }, video);
        assert!(json.starts_with(r#"{"key":"000000003","caption":"all of it "#), "{json}");

        let endless = Caption::new(TimeSpan::new(0.0, f64::INFINITY), "all of it");
        let video = NarratedVideo::new("some id", "", vec![endless]);
        let (json, _) = SampleRecord::of(&video, end).files("000000003");
        let read = SampleRecord::read("000000003", Some(json.as_bytes()), None).unwrap();
        assert_eq!(taken(read.into_source("000000003")).captions, video.captions);
    }

    #[test]
    fn samples_of_video2dataset_are_understood() {
        let read = |json: &str, text: Option<&str>| {
            let read = SampleRecord::read("k", Some(json.as_bytes()), text.map(str::as_bytes));
            taken(read.unwrap().into_source("k"))
        };
        let webvid = r#"{"videoid": 7, "duration": 12, "url": NaN, "caption": "a fox",
            "key": "000000007", "status": "success", "error_message": null}"#;
        let found = read(webvid, Some("a fox"));
        assert_eq!((found.id.as_str(), found.captions[0].text.as_str()), ("k", "a fox"));
        assert_eq!(found.captions[0].span, TimeSpan::new(0.0, 12.0));
        let clip = r#"{"caption": "stir", "clips": [["00:01:00.000", "00:01:04.000"]],
            "duration": 300.0, "yt_meta_dict": {"subtitles": [{"start": "00:01:00.000"}]}}"#;
        let found = read(clip, None);
        assert!(found.captions[0].is_whole_video() && found.duration.is_none());
        assert_eq!(found.told_length(), Some(Seconds(4.0)));
        assert_eq!(
            read(&clip.replace(r#"["00:01:00.000", "00:01:04.000"]"#, "[60.5, 64]"), None)
                .cut_length,
            Some(Seconds(3.5))
        );
        for other in ["[]", "7", "[[1, 2], [3, 4]]", "[[4, 1]]", "[[\"a\", 1]]"] {
            let other = format!(r#"{{"caption": "stir", "clips": {other}}}"#);
            let found = read(&other, None);
            assert!(found.captions[0].is_whole_video() && found.told_length().is_none(), "{other}");
        }
        let subtitles = r#"{"yt_meta_dict": {"info": {}, "subtitles": [
            {"start": "00:01:02.500", "end": "00:01:04.000", "lines": ["pour", "the milk"]}]}}"#;
        let found = read(subtitles, None);
        assert_eq!(found.captions[0].span, TimeSpan::new(62.5, 64.0));
        assert_eq!(found.captions[0].text, "pour the milk");
        assert_eq!(read("{\"broken", Some("a cat\n")).captions[0].text, "a cat");
        assert_eq!(SampleRecord::read("k", Some(b"{"), None), Err(DropReason::NotUnderstood));
    }
}
