//! How a file is laid out, from what stands in it.
//!
//! Names help little: people rename files, and mirrors add prefixes. So JSON files are told by their
//! keys, tables by their columns, text by its lines.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::csv_table::CsvTable;
use crate::{cc3m, charades, known_files, moment_queries, msrvtt, shards, subtitles, text_file};

/// How much of a file is looked at.
const GLANCE: u64 = 1 << 18;
/// Endings of files with one JSON a line.
pub(crate) const LINES: [&str; 2] = ["jsonl", "ndjson"];
/// Endings of tables.
pub(crate) const TABLES: [&str; 2] = ["csv", "tsv"];

/// A layout that is read.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// HowTo100M
    #[serde(rename = "howto100m")]
    HowTo100m,
    /// WebVid-2M
    #[serde(rename = "webvid")]
    WebVid,
    /// Conceptual Captions, pictures
    Cc3m,
    /// MSR-VTT
    #[serde(rename = "msrvtt")]
    MsrVtt,
    /// ActivityNet Captions
    #[serde(rename = "activitynet")]
    ActivityNet,
    /// Charades-STA
    CharadesSta,
    /// TACoS
    Tacos,
    /// CrossTask
    #[serde(rename = "crosstask")]
    CrossTask,
    /// COIN
    Coin,
    /// YouCook2
    #[serde(rename = "youcook2")]
    YouCook2,
    /// QVHighlights, and every data set in its form
    #[serde(rename = "qvhighlights")]
    QvHighlights,
    /// A table, JSON lines or JSON list of path, start, end, text
    Manifest,
    /// Subtitle files beside videos
    Subtitles,
    /// Tar files of videos with their captions, as WebDataset and video2dataset write them
    Shards,
}

impl Layout {
    /// All of them, in the order of the paper's data, then people's own.
    pub const ALL: [Self; 14] = [
        Self::HowTo100m,
        Self::WebVid,
        Self::Cc3m,
        Self::MsrVtt,
        Self::ActivityNet,
        Self::CharadesSta,
        Self::Tacos,
        Self::CrossTask,
        Self::Coin,
        Self::YouCook2,
        Self::QvHighlights,
        Self::Manifest,
        Self::Subtitles,
        Self::Shards,
    ];

    /// Whether each entry says itself where its file is.
    pub(crate) fn names_its_files(self) -> bool {
        matches!(self, Self::Manifest | Self::Subtitles | Self::Shards)
    }

    /// The name in commands and run files.
    pub fn name(self) -> &'static str {
        match self {
            Self::HowTo100m => "howto100m",
            Self::WebVid => "webvid",
            Self::Cc3m => "cc3m",
            Self::MsrVtt => "msrvtt",
            Self::ActivityNet => "activitynet",
            Self::CharadesSta => "charades-sta",
            Self::Tacos => "tacos",
            Self::CrossTask => "crosstask",
            Self::Coin => "coin",
            Self::YouCook2 => "youcook2",
            Self::QvHighlights => "qvhighlights",
            Self::Manifest => "manifest",
            Self::Subtitles => "subtitles",
            Self::Shards => "shards",
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

pub(crate) fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    endings.iter().any(|known| known.eq_ignore_ascii_case(ending))
}

/// The layout of a file; none for what is no source, as lists of videos.
pub(crate) fn layout_of_file(path: &Path) -> Option<Layout> {
    if path.file_name().is_some_and(|name| name == shards::LIST_FILE) {
        Some(Layout::Shards)
    } else if has_ending(path, &["json"]) {
        let start = glance(path)?;
        let layout = layout_of_keys(&start).filter(|_| known_files::in_json(&start).is_none());
        layout.or_else(|| subtitles::is_transcript(path).then_some(Layout::Subtitles))
    } else if has_ending(path, &TABLES) {
        layout_of_table(path)
    } else if has_ending(path, &LINES) {
        if moment_queries::is_line(&glance(path)?) {
            return Some(Layout::QvHighlights);
        }
        (!shards::is_index(path)).then_some(Layout::Manifest)
    } else if has_ending(path, &["txt"]) {
        layout_of_text(path)
    } else if shards::ends_with_tar(&path.to_string_lossy()) {
        Some(Layout::Shards)
    } else if has_ending(path, &["json3", "srv1", "srv2", "srv3", "ttml", "dfxp", "webvtt"]) {
        subtitles::is_transcript(path).then_some(Layout::Subtitles)
    } else if has_ending(path, &["srt", "vtt"]) {
        let (text, _) = text_file::decoded(&glance(path)?);
        subtitles::is_subtitle_text(&text).then_some(Layout::Subtitles)
    } else if has_ending(path, &["zip"]) {
        let archive = zip::ZipArchive::new(std::io::BufReader::new(File::open(path).ok()?)).ok()?;
        let has_csv = archive.file_names().take(100).flatten().any(|name| name.ends_with(".csv"));
        has_csv.then_some(Layout::HowTo100m)
    } else {
        None
    }
}

/// How a file begins, as UTF-8 without a mark.
pub(crate) fn glance(path: &Path) -> Option<Vec<u8>> {
    let mut start = Vec::new();
    File::open(path).ok()?.take(GLANCE).read_to_end(&mut start).ok()?;
    Some(text_file::as_utf8(&start).into_owned())
}

/// The layout of a JSON file that begins so.
fn layout_of_keys(start: &[u8]) -> Option<Layout> {
    let keys = Keys::of(start);
    let has = |depth: usize, key: &str| keys.has(depth, key);
    if has(1, "database") {
        let layout = |key, layout| has(3, key).then_some(layout);
        return layout("annotations", Layout::YouCook2)
            .or_else(|| layout("recipe_type", Layout::YouCook2).filter(|_| !has(3, "annotation")))
            .or_else(|| layout("annotation", Layout::Coin));
    }
    if (has(1, "videos") && has(3, "video_id")) || (has(1, "sentences") && has(3, "sen_id")) {
        return Some(Layout::MsrVtt);
    }
    if has(1, "annotations") && has(3, "image_id") {
        return Some(Layout::MsrVtt);
    }
    if has(2, "timestamps") && has(2, "sentences") {
        return Some(if has(2, "fps") { Layout::Tacos } else { Layout::ActivityNet });
    }
    if moment_queries::is_line(start) || has(2, "relevant_windows") {
        return Some(Layout::QvHighlights);
    }
    if start.trim_ascii_start().first() == Some(&b'[') {
        // Else it may be a list of captions, as transcribers write one.
        let is_manifest = has(2, "text") && (has(2, "path") || has(2, "video"));
        return is_manifest.then_some(Layout::Manifest);
    }
    let howto = ["start", "end", "text"].into_iter().filter(|key| has(2, key)).count();
    (howto >= 2).then_some(Layout::HowTo100m)
}

/// The keys of a JSON text, each with how many brackets are around it; the text may break off.
pub(crate) struct Keys(BTreeSet<(usize, String)>);

impl Keys {
    pub(crate) fn of(start: &[u8]) -> Self {
        Self(keys(start))
    }

    pub(crate) fn has(&self, depth: usize, key: &str) -> bool {
        self.0.contains(&(depth, key.to_owned()))
    }
}

fn keys(start: &[u8]) -> BTreeSet<(usize, String)> {
    /// Keys deeper than this tell nothing, and there may be many of them.
    const DEEPEST: usize = 5;
    let mut found = BTreeSet::new();
    let (mut depth, mut at) = (0usize, 0);
    while at < start.len() {
        match start[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let first = at + 1;
                at = first;
                while at < start.len() && start[at] != b'"' {
                    at += if start[at] == b'\\' { 2 } else { 1 };
                }
                let after = start.get(at + 1..).unwrap_or_default().trim_ascii_start();
                if depth <= DEEPEST && after.first() == Some(&b':') {
                    let key = String::from_utf8_lossy(start.get(first..at).unwrap_or_default());
                    found.insert((depth, key.into_owned()));
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn layout_of_table(path: &Path) -> Option<Layout> {
    let table = CsvTable::open(path).ok()?;
    let has = |columns: &[&str]| columns.iter().all(|column| table.has(column));
    if has(&["start", "end", "text", "video_id"]) {
        Some(Layout::YouCook2)
    } else if has(&["text", "path"]) || has(&["text", "video"]) {
        Some(Layout::Manifest)
    } else if has(&["start", "end", "text"]) && has_ending(path, &["tsv"]) {
        Some(Layout::Subtitles)
    } else if has(&["start", "end", "text"]) {
        Some(Layout::HowTo100m)
    } else if has(&["videoid", "name"]) {
        Some(Layout::WebVid)
    } else if has(&["video_id", "sentence"]) {
        Some(Layout::MsrVtt)
    } else if table.has("caption") && cc3m::URL_COLUMNS.iter().any(|column| table.has(column)) {
        Some(Layout::Cc3m)
    } else if table.header() == ["video_id"] {
        msrvtt::data_beside(path).map(|_| Layout::MsrVtt)
    } else if has_ending(path, &["tsv"]) {
        let is_url = |name: &String| name.starts_with("http://") || name.starts_with("https://");
        table.header().last().is_some_and(is_url).then_some(Layout::Cc3m)
    } else {
        None
    }
}

fn layout_of_text(path: &Path) -> Option<Layout> {
    let (text, _) = text_file::decoded(&glance(path)?);
    if shards::is_list(&text) {
        return Some(Layout::Shards);
    }
    if text_file::lines(&text).take(5).any(charades::is_line) {
        return Some(Layout::CharadesSta);
    }
    let is_id = |line: &str| {
        let number = line.strip_prefix("video").unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let list = text_file::lines(&text).take(5).filter(|line| !line.is_empty()).all(is_id);
    (list && msrvtt::data_beside(path).is_some()).then_some(Layout::MsrVtt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_file_is_told_by_its_keys_even_if_it_breaks_off() {
        for (start, layout) in [
            (r#"{"a": {"start": [1], "end": [2], "text": ["\"fps\":"#, Layout::HowTo100m),
            (
                r#"{"v_a": {"duration": 1, "timestamps": [[0, 1]], "sentences": ["x"#,
                Layout::ActivityNet,
            ),
            (r#"{"a": {"timestamps": [], "sentences": [], "fps": 1"#, Layout::Tacos),
            (r#"{"database": {"a": {"recipe_type": "1", "annotations": ["#, Layout::YouCook2),
            (r#"{"database": {"a": {"recipe_type": 1, "annotation": ["#, Layout::Coin),
            (r#"{"info": {}, "videos": [{"video_id": "video0""#, Layout::MsrVtt),
            (r#"{"annotations": [{"image_id": "video0""#, Layout::MsrVtt),
            (r#"{"qid": 1, "query": "x", "vid": "a", "relevant_windows": ["#, Layout::QvHighlights),
            (r#"[{"qid": 1, "relevant_windows": [["#, Layout::QvHighlights),
            (r#"[{"path": "a.mp4", "start": 0, "text": "x"#, Layout::Manifest),
        ] {
            assert_eq!(layout_of_keys(start.as_bytes()), Some(layout), "{start}");
        }
        for start in ["", "[1]", "{}", r#"{"a": {"x": 1}}"#, "\"\\", r#"["v_a"]"#] {
            assert_eq!(layout_of_keys(start.as_bytes()), None, "{start}");
        }
    }

    #[test]
    fn layouts_have_one_name() {
        for layout in Layout::ALL {
            assert_eq!(serde_json::to_value(layout).unwrap(), layout.name());
        }
    }
}
