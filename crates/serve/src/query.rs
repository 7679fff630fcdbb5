//! What is asked of an index, and what it answers.

use locvtp_video::{Seconds, TimeSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::echo::{MOST_SECONDS, TOO_MANY_SECONDS, shortened};
use crate::media::MediaId;
use crate::{figures, object};

/// Letters of a sentence that are read; longer ones are refused.
const MOST_LETTERS: usize = 2_000;
/// Hits that can be asked for.
const MOST_HITS: usize = 1_000;

/// A question to the whole index. All filters that are given must hold; `text`, `like` and `image` are looked for
/// together, and what is said beside them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Query {
    /// The sentence, with `+term` and `-term` for what should be there, too, and what should not. May be
    /// empty where `image`, `like` or `said` is given.
    pub text: String,
    /// A picture: moments that look like it. A whole image file, as base64.
    #[serde(with = "as_base64", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub image: Option<Vec<u8>>,
    /// A moment: others like it.
    #[serde(deserialize_with = "object::maybe", skip_serializing_if = "Option::is_none")]
    pub like: Option<Like>,
    /// Only videos in this folder of the index or below it, as [`Media::folder`](crate::Media) is
    /// written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_folder: Option<String>,
    /// Only files whose names fit this pattern: `*` stands for any letters, `?` for one. With a `/` in
    /// it the whole path must fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_glob: Option<String>,
    /// Only files changed on this day or later: `2026-05-31`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Only files changed before this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Only files that play for at least this many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longer_s: Option<f64>,
    /// Only files that play for at most this many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shorter_s: Option<f64>,
    /// Words that are said: moments at which subtitles have all of them. No filter: where `text`, `like` or
    /// `image` is given, too, moments that fit those are hits as well, in turn with these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// Most hits to give.
    #[schemars(range(min = 1, max = 1000))]
    pub top: usize,
    /// Most hits of one video.
    #[schemars(range(min = 1, max = 1000))]
    pub per_file: usize,
    /// Whether moments that do not stand out are hits, too: each is a guess.
    pub all: bool,
    /// With what the clips of the best videos are compared.
    pub scores: Scores,
    /// Whether both ends of each hit are looked at again, frame by frame.
    pub refine: bool,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            text: String::new(),
            image: None,
            like: None,
            in_folder: None,
            file_glob: None,
            after: None,
            before: None,
            longer_s: None,
            shorter_s: None,
            said: None,
            top: 20,
            per_file: 3,
            all: false,
            scores: Scores::Sentence,
            refine: false,
        }
    }
}

impl Query {
    /// What is wrong with it that needs no index to be known.
    pub(crate) fn check(&self) -> Result<(), String> {
        let is_blank = |text: &str| text.trim().is_empty();
        let said = self.said.as_deref().unwrap_or_default();
        if is_blank(&self.text) && is_blank(said) && self.image.is_none() && self.like.is_none() {
            return Err("nothing is asked for: write a sentence in `text`".into());
        }
        let texts = [Some(self.text.as_str()), self.said.as_deref(), self.in_folder.as_deref()];
        for text in texts.into_iter().flatten().chain(self.file_glob.as_deref()) {
            let found = text.chars().count();
            if found > MOST_LETTERS {
                return Err(format!(
                    "{found} letters are too many; at most {MOST_LETTERS} are read"
                ));
            }
        }
        for (name, number) in [("top", self.top), ("per_file", self.per_file)] {
            if number == 0 || number > MOST_HITS {
                return Err(format!("`{name}` is {number}; it must be 1 to {MOST_HITS}"));
            }
        }
        for (name, length) in [("longer_s", self.longer_s), ("shorter_s", self.shorter_s)] {
            if length.is_some_and(|length| !length.is_finite() || length < 0.0) {
                return Err(format!("`{name}` must be a number of seconds, 0 or more"));
            }
        }
        for (name, day) in [("after", &self.after), ("before", &self.before)] {
            if let Some(day) = day.as_deref().filter(|day| !is_day(day)) {
                let day = shortened(day);
                return Err(format!("`{name}` is {day:?}; write a day as 2026-05-31"));
            }
        }
        match self.like.as_ref().map(|like| like.at_s) {
            Some(at) if at > MOST_SECONDS => {
                Err(format!("`like.at_s` is {at:e}; {TOO_MANY_SECONDS}"))
            }
            Some(at) if at.is_nan() || at < 0.0 => {
                Err("`like.at_s` must be a number of seconds, 0 or more".into())
            }
            _ => Ok(()),
        }
    }
}

/// With what clips are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scores {
    /// With the sentence as a whole.
    #[default]
    Sentence,
    /// With its words, each with the clips that fit it best.
    Words,
}

/// Whether this is a day of the calendar, written `2026-05-31`.
fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let number = |part: &str, length: usize| {
        let is_number = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u32>().ok().filter(|_| is_number)
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2))
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// A moment of a video that is in the index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Like {
    /// The video.
    pub media: MediaId,
    /// The moment, in seconds from the start of the file.
    pub at_s: f64,
}

/// What the index says to a query.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Answer {
    /// Whether it is in these videos at all.
    pub verdict: Verdict,
    /// The share of sentences about things that are *not* here that would be answered like this one or
    /// better; none where that was not measured, or only what is said was found.
    #[serde(serialize_with = "figures::share_if_any")]
    pub false_alarm_rate: Option<f64>,
    /// The moments, best first: what is seen in the order of the scores, in turn with what is said.
    pub hits: Vec<Hit>,
    /// Whether there are moments besides these: they stand out less, or come after `top`.
    pub has_more: bool,
    /// Of the videos that were searched, those without a moment among these; each has some that stand out less or come
    /// after. 0 where no pictures were looked at.
    pub num_other_media: usize,
    /// The scores of all clips.
    pub distribution: Option<Distribution>,
    /// What the search took, in milliseconds.
    #[serde(serialize_with = "figures::milliseconds")]
    pub took_ms: f64,
    /// What the asker should know, what the command line says in notes: words that the model never saw, or that it is
    /// not known which it saw, that the index is not whole or was not measured, a filter that left nothing.
    pub warnings: Vec<String>,
}

/// Whether something is in these videos.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is.
    Found,
    /// It may be.
    Maybe,
    /// Nothing stands out in the pictures. It may be there all the same; the nearest moments are given, each a guess.
    NothingStandsOut,
    /// Nearly all sentences about things that are not here stand out more: it is not in these videos. The
    /// nearest moments are given, each a guess.
    NotInTheseVideos,
    /// There is nothing to show: no subtitle says it, or no video passes the filters.
    NothingFound,
    /// It cannot be told: the model knows no word of it that names something, and no subtitle says it.
    CannotBeTold,
}

/// How sure it is that a moment is what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sureness {
    /// It is.
    Found,
    /// It may be.
    Maybe,
    /// It does not stand out, and is the nearest that there is: no hit, but a guess.
    Guess,
}

/// A moment that answers a query.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Hit {
    /// The video.
    pub media: MediaId,
    /// From when to when, in seconds from the start of the file; the end does not belong to it.
    #[schemars(with = "SpanSchema")]
    pub span: TimeSpan,
    /// How well what is seen fits: the score of its best clip, no more than that of a better moment of its
    /// video; comparable within one answer only, and no per cent of anything. None of what is said.
    #[serde(serialize_with = "figures::score_if_any")]
    pub score: Option<f32>,
    /// How sure it is that this is what was asked for.
    pub sure: Sureness,
    /// The share of sentences about things that are *not* here that have a moment like this one or better; none where
    /// that was not measured. A short moment is judged by fewer clips than the answer as a whole.
    #[serde(serialize_with = "figures::share_if_any")]
    pub false_alarm_rate: Option<f64>,
    /// Whether it was seen or said.
    pub evidence: Evidence,
    /// What is said there, where it was said.
    pub text: Option<String>,
}

/// By what a hit was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// By its pictures.
    Seen,
    /// By its words: subtitles or a transcript.
    Said,
}

/// A histogram of the scores of all clips to one query.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Distribution {
    /// `[n + 1]`, growing: bin `i` holds scores from edge `i` to edge `i + 1`.
    pub bin_edges: Vec<f32>,
    /// `[n]`: clips in each bin.
    pub counts: Vec<u64>,
    /// The mean score from which the best three neighbouring clips count as found; none where that is not
    /// known.
    #[serde(serialize_with = "figures::score_if_any")]
    pub cut: Option<f32>,
}

/// How well one clip of a video fits a query.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ClipScore {
    /// The clip, in seconds from the start of the file.
    #[schemars(with = "SpanSchema")]
    pub span: TimeSpan,
    /// On the scale of [`Hit::score`].
    #[serde(serialize_with = "figures::score")]
    pub score: f32,
}

/// How a [`TimeSpan`] is written.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "TimeSpan")]
#[serde(deny_unknown_fields)]
pub(crate) struct SpanSchema {
    /// First moment, in seconds.
    start: f64,
    /// First moment that does not belong to it, in seconds.
    end: f64,
}

/// Reads a span, for a field.
pub(crate) fn span<'de, D: serde::Deserializer<'de>>(from: D) -> Result<TimeSpan, D::Error> {
    let SpanSchema { start, end } = object::one(from)?;
    Ok(TimeSpan { start: Seconds(start), end: Seconds(end) })
}

/// Bytes in JSON.
mod as_base64 {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => to.serialize_str(&STANDARD.encode(bytes)),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
        STANDARD.decode(text).map(Some).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_day_of_the_calendar() {
        for day in ["2026-05-31", "2024-02-29", "2000-02-29", "0001-01-01"] {
            assert!(is_day(day), "{day}");
        }
        for none in
            ["2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "26-01-01", "", "2026-1-1"]
        {
            assert!(!is_day(none), "{none}");
        }
    }

    #[test]
    fn a_query_must_ask_for_something() {
        let empty = Query { text: "  ".into(), ..Query::default() };
        assert!(empty.check().unwrap_err().contains("text"));
        assert_eq!(Query { said: Some("yes".into()), ..empty }.check(), Ok(()));
    }

    #[test]
    fn a_picture_comes_back_from_json_byte_by_byte() {
        let query = Query { image: Some(vec![0, 255, 7]), ..Query::default() };
        let json = serde_json::to_string(&query).unwrap();
        assert_eq!(serde_json::from_str::<Query>(&json).unwrap(), query);
    }
}
