//! The videos of an index, named by ids and never by paths.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Seconds by which a moment may be past the end of its video: the clocks of players are rounded.
const PAST_END_S: f64 = 0.5;

/// Letters of an id at most.
const MOST_LETTERS: usize = 64;

/// The name of a video in its index: 1 to 64 of the letters `a-z`, `A-Z`, `0-9`, `-` and `_`, so that
/// it can stand in an address and is never a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct MediaId(String);

impl MediaId {
    /// An id; none where the text is not one.
    pub fn new(text: &str) -> Option<Self> {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let fits = (1..=MOST_LETTERS).contains(&text.len()) && text.bytes().all(is_letter);
        fits.then(|| Self(text.to_owned()))
    }

    /// The letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MediaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for MediaId {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::new(&text).ok_or_else(|| serde::de::Error::custom("this is no id of a video"))
    }
}

/// A video of the index.
#[derive(Clone, Debug, PartialEq)]
pub struct Media {
    /// Its name in the index.
    pub id: MediaId,
    /// The name of the file, for display.
    pub name: String,
    /// Its folder, for display: as the index was told to add it, or relative to that.
    pub folder: String,
    /// Where it lies. Never leaves the server.
    pub path: PathBuf,
    /// Bytes of the file when it was indexed.
    pub size_bytes: u64,
    /// Seconds from the start of the file to the end of the last picture.
    pub duration_s: f64,
    /// What the file's own clock shows at the start of the file: browsers show that clock.
    pub start_s: f64,
    /// Width in pixels, as shown.
    pub width: u32,
    /// Height in pixels, as shown.
    pub height: u32,
    /// Pictures a second, on average; none where that is not known.
    pub frame_rate_hz: Option<f64>,
    /// The codec of the pictures in FFmpeg's words, such as `h264`.
    pub codec: String,
    /// What to ask the browser, such as `video/mp4; codecs="avc1.64001f, mp4a.40.2"`; none where it
    /// is not known: the browser is then asked by trying.
    pub media_type: Option<String>,
    /// When the file was changed, in seconds since 1970 in UTC.
    pub modified_unix_s: Option<i64>,
    /// Whether the file is not where it was any more.
    pub is_missing: bool,
    /// Whether another file lies there than was indexed, as far as that is seen: it is not served.
    pub is_changed: bool,
    /// What the file lacks, as where it is cut short; none where nothing is known to be wrong with it.
    pub note: Option<String>,
}

impl Media {
    /// A moment of the video; none where it lies outside of it. A clock that is rounded may pass the end by
    /// half a second, which is then the end.
    pub fn moment(&self, at_s: f64) -> Option<f64> {
        let is_inside = (0.0..=self.duration_s + PAST_END_S).contains(&at_s);
        is_inside.then(|| at_s.min(self.duration_s))
    }
}

/// Which videos to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Those after this one; from the first where there is none.
    pub after: Option<MediaId>,
    /// At most so many.
    pub limit: usize,
    /// Only those with this in their name or folder, whatever its case; all where there is none.
    pub name: Option<String>,
}

impl PageRequest {
    /// Whether a video of this folder and this name is meant, both as they are shown.
    pub fn fits(&self, folder: &str, name: &str) -> bool {
        let Some(wanted) = &self.name else { return true };
        format!("{folder}/{name}").to_lowercase().contains(&wanted.trim().to_lowercase())
    }
}

/// Some of the videos of an index.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaPage {
    /// In the order of the list.
    pub media: Vec<Media>,
    /// All videos of the index that are meant.
    pub total: usize,
    /// Whether there are more behind these.
    pub has_more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_video_is_found_by_a_piece_of_its_name_or_folder() {
        let page = |name: &str| PageRequest { after: None, limit: 1, name: Some(name.to_owned()) };
        for piece in ["lake", "LAKE.mp4", "holidays", "2025/a walk", " walk ", ""] {
            assert!(page(piece).fits("Holidays/2025", "A walk at the Lake.mp4"), "{piece}");
        }
        assert!(!page("harbour").fits("Holidays/2025", "A walk at the Lake.mp4"));
        assert!(PageRequest { name: None, ..page("") }.fits("", "a.mp4"));
    }

    #[test]
    fn an_id_is_never_a_path() {
        for id in ["a", "0f3a-_Z", &"x".repeat(64)] {
            assert_eq!(MediaId::new(id).unwrap().as_str(), id);
        }
        for none in
            ["", ".", "..", "a/b", "a\\b", "a.mp4", "%2e", "ä", "a b", "a\0", &"x".repeat(65)]
        {
            assert_eq!(MediaId::new(none), None, "{none:?}");
        }
    }
}
