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
//! Of others' samples the captions are, the first that is there: `clip_subtitles`, for a clip of a
//! longer video; `yt_meta_dict.subtitles`, for a video that was not cut; both in one or several
//! languages, of which the corpus's [choice](crate::language_choice) takes one; `caption`, a text or a
//! list of texts that each are a caption; the sample's text file. The latter two hold for the whole video. Each part is read for itself, so that
//! one that is not understood costs nothing but itself.
//!
//! Times of `clips` and `clip_subtitles` are times in the video that a clip was cut from: of the clip
//! the first say about how long it is, and the second are counted from its start.

use std::collections::{BTreeMap, BTreeSet};

use locvtp_video::{Seconds, json_size};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::caption_record::CaptionRecord;
use super::foreign_subtitles::{
    ByLanguage, by_language, clip_subtitles, cut_times, lacks, says_something, text_of,
};
use crate::bare_nan;
use crate::corpus::{Caption, NarratedVideo, Subset};
use crate::drop_reason::DropReason;
use crate::intake::SourceVideo;
use crate::json_cell::{self, Cell};
use crate::language::Language;
use crate::language_choice::{LanguageChoice, Offer};
use crate::text_file;

/// Where captions are looked for, for people.
pub(super) const LOOKED_AT: &str =
    "json (its locvtp, clip_subtitles, yt_meta_dict.subtitles, caption) and txt";

/// Values of the largest JSON of a sample: subtitles of a day in a hundred languages have fewer.
const MOST_VALUES: usize = 1_000_000;

/// A video and its captions, as a shard tells them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SampleRecord {
    /// The corpus's id; nothing where only the sample's key names the video.
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
    /// Where there are subtitles, what holds without them.
    #[serde(default)]
    captions: Vec<CaptionRecord>,
    /// By what the source calls the language; by nothing where it tells none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    subtitles: ByLanguage,
    /// Whether the JSON, or a part of it that tells captions, is not understood.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    not_understood: bool,
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
            subtitles: BTreeMap::new(),
            not_understood: false,
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

    /// What the JSON, or the text alone, says of a sample.
    ///
    /// # Errors
    /// When the JSON is none and there is no text.
    pub(crate) fn read(json: Option<&[u8]>, text: Option<&[u8]>) -> Result<Self, DropReason> {
        let (fields, mut not_understood) = match (json.map(fields).transpose(), text) {
            (Ok(fields), _) => (fields.unwrap_or_default(), false),
            (Err(_), Some(_)) => (Map::new(), true),
            (Err(_), None) => return Err(DropReason::NotUnderstood),
        };
        // A list would be taken for an object's fields in their order.
        if fields.get("locvtp").is_some_and(Value::is_object)
            && let Some(record) = part(&fields, "locvtp")
        {
            return Ok(record);
        }
        not_understood |= fields.get("locvtp").is_some_and(says_something);
        let is_clip = fields.get("clips").is_some_and(|clips| !clips.is_null());
        let cut = fields.get("clips").and_then(cut_times);
        let subtitles = match fields.get("clip_subtitles") {
            Some(Value::Array(lines)) => clip_subtitles(lines, cut),
            _ => BTreeMap::new(),
        };
        not_understood |= fields.get("clip_subtitles").is_some_and(|of| lacks(&subtitles, of));
        let of_video = fields.get("yt_meta_dict").and_then(|about| about.get("subtitles"));
        let subtitles = match of_video {
            Some(of_video) if !is_clip && subtitles.is_empty() => {
                let subtitles = by_language(of_video);
                not_understood |= lacks(&subtitles, of_video);
                subtitles
            }
            _ => subtitles,
        };
        let whole = |text| CaptionRecord { text, ..CaptionRecord::default() };
        let mut captions: Vec<CaptionRecord> = match fields.get("caption") {
            // Several that say the same in other words.
            Some(Value::Array(several)) => several.iter().filter_map(text_of).map(whole).collect(),
            caption => caption.and_then(text_of).map(whole).into_iter().collect(),
        };
        not_understood |= captions.is_empty() && fields.get("caption").is_some_and(says_something);
        if captions.is_empty() {
            captions.extend(text.map(|text| whole(Cell::Text(text_file::decoded(text).0))));
        }
        let duration = part(&fields, "duration").filter(|_| !is_clip).unwrap_or_default();
        let cut_length = cut.map_or(Cell::Other, |(start, end)| Cell::Number(end - start));
        Ok(Self { duration, cut_length, captions, subtitles, not_understood, ..Self::default() })
    }

    /// Whether there are captions, and something is not understood that may tell others.
    pub(crate) fn is_not_understood(&self) -> bool {
        self.not_understood && !self.says_nothing()
    }

    /// Whether there are no captions at all.
    pub(crate) fn says_nothing(&self) -> bool {
        self.captions.is_empty() && self.subtitles.is_empty()
    }

    /// Whether there is a caption beside the subtitles.
    pub(crate) fn has_caption(&self) -> bool {
        !self.captions.is_empty()
    }

    /// Whether the record itself names its video.
    pub(crate) fn names_its_video(&self) -> bool {
        !self.video.is_other()
    }

    /// The languages of its subtitles; nothing where there are none.
    pub(crate) fn offer(&self) -> Offer {
        let languages: BTreeSet<Language> = self.subtitles.keys().filter_map(language).collect();
        Offer { languages, untold: self.subtitles.keys().any(|name| language(name).is_none()) }
    }

    /// Puts the subtitles that serve best in the place of what holds without them, and tells their
    /// language where it is told; none where none serve.
    pub(crate) fn choose(&mut self, choice: &LanguageChoice) -> Option<Option<Language>> {
        let ranked = self.subtitles.keys().filter_map(|name| {
            // What was heard in the language goes after what was written in it.
            let rank = choice.rank(language(name).as_ref())?;
            Some((rank.told, name.ends_with("-orig"), rank.is_region, name.clone()))
        });
        let (_, _, _, name) = ranked.min()?;
        self.captions = self.subtitles.remove(&name)?;
        Some(language(&name))
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

/// The fields of a JSON object; Python writes `NaN` where a table had nothing.
fn fields(json: &[u8]) -> serde_json::Result<Map<String, Value>> {
    json_size::check(json, MOST_VALUES).map_err(serde_json::Error::custom)?;
    json_cell::from_slice(&bare_nan::as_null(json))
}

/// One field, whatever stands in the others.
fn part<T: DeserializeOwned>(fields: &Map<String, Value>, name: &str) -> Option<T> {
    serde_json::from_value(fields.get(name)?.clone()).ok()
}

/// The language that a source calls so; yt-dlp's `en-orig` is English.
fn language(name: impl AsRef<str>) -> Option<Language> {
    let name = name.as_ref();
    Language::parse(name.strip_suffix("-orig").unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use locvtp_video::TimeSpan;

    use super::*;
    use crate::narration_care::NarrationCare;
    use crate::repair::Repair;

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
        let read = SampleRecord::read(Some(json.as_bytes()), Some(b"x")).unwrap();
        let found = taken(read.into_source("000000003"));
        assert_eq!(found.media_end, Some(end));
        assert_eq!(NarratedVideo { media_end: None, ..found }, video);
        assert!(json.starts_with(r#"{"key":"000000003","caption":"all of it "#), "{json}");

        let endless = Caption::new(TimeSpan::new(0.0, f64::INFINITY), "all of it");
        let video = NarratedVideo::new("some id", "", vec![endless]);
        let (json, _) = SampleRecord::of(&video, end).files("000000003");
        let read = SampleRecord::read(Some(json.as_bytes()), None).unwrap();
        assert_eq!(taken(read.into_source("000000003")).captions, video.captions);
    }

    #[test]
    fn samples_of_video2dataset_are_understood() {
        let read = |json: &str, text: Option<&str>| {
            let read = SampleRecord::read(Some(json.as_bytes()), text.map(str::as_bytes));
            let mut read = read.unwrap();
            let offers = [read.offer()];
            let choice = LanguageChoice::of(std::path::Path::new("x"), None, &offers).unwrap();
            read.choose(&choice);
            taken(read.into_source("k"))
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
        // As video2dataset writes it now: by language.
        let by_language = r#"{"caption": "a title", "yt_meta_dict": {"info": {"id": 1}, "subtitles": {
            "de": [{"start": "00:00:00.000", "end": "00:00:01.500", "lines": ["sie schlägt Eier"]}],
            "en-US": [{"start": "00:00:00.000", "end": "00:00:01.500", "lines": ["she whisks"]},
                      {"start": "00:00:01.500", "end": "00:00:03.000", "lines": ["and", "pours"]}]}}}"#;
        let found = read(by_language, None);
        let told: Vec<_> = found.captions.iter().map(|c| (c.span, c.text.as_str())).collect();
        let (first, second) = (TimeSpan::new(0.0, 1.5), TimeSpan::new(1.5, 3.0));
        assert_eq!(told, [(first, "she whisks"), (second, "and pours")]);
        // COCO's way: several captions of one picture or clip.
        let several = read(r#"{"caption": ["a fox", "a red animal", 7, null]}"#, Some("not read"));
        let told: Vec<_> =
            several.captions.iter().map(|c| (c.text.as_str(), c.is_whole_video())).collect();
        assert_eq!(told, [("a fox", true), ("a red animal", true)]);
        assert_eq!(read(r#"{"caption": [7]}"#, Some("a cat")).captions[0].text, "a cat");
        assert_eq!(read("{\"broken", Some("a cat\n")).captions[0].text, "a cat");
        assert_eq!(SampleRecord::read(Some(b"{"), None), Err(DropReason::NotUnderstood));
    }

    #[test]
    fn the_subtitles_of_a_clip_are_counted_from_its_start() {
        let clip = r#"{"caption": "a title", "key": "000000000_00001", "duration": 300,
            "clips": [["00:01:00.000", "00:01:04.000"]], "yt_meta_dict": {},
            "clip_subtitles": [
            {"start": "00:00:59.000", "end": "00:01:01.500", "lines": {"en": ["pour", "it"], "de": ["x"]}},
            {"start": "00:01:01.500", "end": "00:01:09.000", "lines": {"en": ["stir"]}}]}"#;
        let english = LanguageChoice::of(std::path::Path::new("x"), None, &[]).unwrap();
        assert_eq!(english, LanguageChoice::default());
        let read = |json: &str| {
            let mut read = SampleRecord::read(Some(json.as_bytes()), None).unwrap();
            let choice = LanguageChoice::of(std::path::Path::new("x"), None, &[read.offer()]);
            read.choose(&choice.unwrap());
            let found = taken(read.into_source("k"));
            found.captions.into_iter().map(|c| (c.span, c.text)).collect::<Vec<_>>()
        };
        let expected = [
            (TimeSpan::new(0.0, 1.5), "pour it".to_owned()),
            (TimeSpan::new(1.5, 4.0), "stir".to_owned()),
        ];
        assert_eq!(read(clip), expected);
        // Seconds, older lists, and a line that is the whole clip.
        let whole = r#"{"clips": [[60.0, 62.5]],
            "clip_subtitles": [{"start": 60.0, "end": 62.5, "lines": ["pour it"]}]}"#;
        let endless = TimeSpan::new(0.0, f64::INFINITY);
        assert_eq!(read(whole), [(endless, "pour it".to_owned())]);
        // No words fell into the clip.
        let silent = r#"{"clips": [[60.0, 62.5]], "clip_subtitles": [], "caption": "a title"}"#;
        assert_eq!(read(silent), [(endless, "a title".to_owned())]);
    }

    #[test]
    fn what_is_not_understood_of_a_record_never_drops_its_caption() {
        for (part, is_counted) in [
            (r#""yt_meta_dict": "none""#, false),
            (r#""yt_meta_dict": {"subtitles": "en"}"#, true),
            (r#""yt_meta_dict": {"subtitles": {"en": "x", "de": 7}}"#, true),
            (r#""yt_meta_dict": {"subtitles": {"en": []}}"#, false),
            (r#""yt_meta_dict": {"subtitles": []}"#, false),
            (
                r#""yt_meta_dict": {"subtitles": {"en": [{"start": "x", "end": "y", "lines": ["z"]}]}}"#,
                true,
            ),
            (r#""yt_meta_dict": [1, 2]"#, false),
            (r#""clips": {"a": 1}, "clip_subtitles": {"en": []}"#, false),
            (r#""clip_subtitles": [7], "clips": null"#, true),
            (r#""locvtp": [1]"#, true),
            (r#""duration": {"s": 4}, "key": 7, "status": null"#, false),
        ] {
            let json = format!(r#"{{{part}, "caption": "a whole caption"}}"#);
            let mut read = SampleRecord::read(Some(json.as_bytes()), None).unwrap();
            assert_eq!(read.is_not_understood(), is_counted, "{json}");
            let choice = LanguageChoice::of(std::path::Path::new("x"), None, &[read.offer()]);
            read.choose(&choice.unwrap());
            let found = taken(read.into_source("k"));
            assert_eq!(found.captions[0].text, "a whole caption", "{json}");
        }
    }
}
