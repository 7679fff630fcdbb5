//! Which corpus a file or folder holds, from what stands in it.
//!
//! Names help little: people rename files, and mirrors add prefixes. So JSON files are told by their
//! keys, tables by their columns, text by its lines. A folder may hold several files of one corpus,
//! and files of several; each is a [`Source`] of its own. A folder of videos alone is a corpus of
//! subtitles that has none.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use locvtp_video::media_endings::is_video;

use crate::csv_table::CsvTable;
use crate::error::CorpusError;
use crate::intake::Intake;
use crate::video_files::{self, VideoFiles};
use crate::{
    activitynet, cc3m, charades, coin, crosstask, howto100m, known_files, manifest, moment_queries,
    msrvtt, shards, subtitles, tacos, text_file, webvid, youcook2,
};

/// How much of a file is looked at.
const GLANCE: u64 = 1 << 18;
/// Folders below the one given that are looked into when it holds nothing itself.
const DEPTH: usize = 2;

/// A layout that is read.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
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
    /// A table or JSON lines of path, start, end, text
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

/// A file, or a folder, that a reader reads at once.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Source {
    /// How it is laid out.
    pub layout: Layout,
    /// What is read; files that belong to it are looked for beside it.
    pub path: PathBuf,
}

impl Source {
    pub(crate) fn read(&self, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
        let read = match self.layout {
            Layout::HowTo100m => howto100m::read,
            Layout::WebVid => webvid::read,
            Layout::Cc3m => cc3m::read,
            Layout::MsrVtt => msrvtt::read,
            Layout::ActivityNet => activitynet::read,
            Layout::CharadesSta => charades::read,
            Layout::Tacos => tacos::read,
            Layout::CrossTask => crosstask::read,
            Layout::Coin => coin::read,
            Layout::YouCook2 => youcook2::read,
            Layout::QvHighlights => moment_queries::read,
            Layout::Manifest => manifest::read,
            Layout::Subtitles => subtitles::read,
            Layout::Shards => shards::read,
        };
        read(&self.path, intake)
    }
}

/// The sources at `path`; with a `layout` only those of that layout, and a file is believed to have
/// it.
///
/// # Errors
/// When nothing is recognised, or what is there holds no captions, or the path cannot be read.
pub fn sources(path: &Path, layout: Option<Layout>) -> Result<Vec<Source>, CorpusError> {
    if shards::is_address(path) && layout.is_none_or(|layout| layout == Layout::Shards) {
        return Ok(vec![Source { layout: Layout::Shards, path: path.to_owned() }]);
    }
    let unreadable = |source| CorpusError::Read { path: path.to_owned(), source };
    let about = std::fs::metadata(path).map_err(unreadable)?;
    let found = if about.is_dir() {
        let mut found = in_folder(path, DEPTH).map_err(unreadable)?;
        found.retain(|source| layout.is_none_or(|layout| layout == source.layout));
        // A folder inside may have been found from two sides.
        let mut known = BTreeSet::new();
        found.retain(|source| known.insert(source.path.clone()));
        if found.is_empty() && layout.is_none() {
            found.extend(of_videos(path)?);
        }
        // A folder of one CSV a video, or of subtitles, that something else hides.
        let hidden = layout.filter(|layout| {
            found.is_empty() && [Layout::HowTo100m, Layout::Subtitles].contains(layout)
        });
        found.extend(hidden.map(|layout| Source { layout, path: path.to_owned() }));
        found
    } else {
        let told = layout_of_file(path);
        if told.is_none()
            && let Some(file) = known_files::recognised(path)
        {
            return Err(no_captions(path, file));
        }
        if told.is_none() && layout.is_none() && is_video(path) {
            return Err(CorpusError::VideoAlone { path: path.to_owned() });
        }
        let layout = layout.or(told);
        layout.map(|layout| Source { layout, path: path.to_owned() }).into_iter().collect()
    };
    if found.is_empty() {
        Err(CorpusError::UnknownLayout { path: path.to_owned() })
    } else {
        Ok(found)
    }
}

/// The folder as a corpus of videos with subtitles, or of videos alone.
fn of_videos(folder: &Path) -> Result<Option<Source>, CorpusError> {
    let source = Source { layout: Layout::Subtitles, path: folder.to_owned() };
    if subtitles::are_under(folder) {
        return Ok(Some(source));
    }
    // Videos of a data set beside a file of it that does not tell what is said.
    let mut files = Vec::new();
    // A folder that cannot be read holds nothing.
    let _ = video_files::walk(folder, DEPTH, &mut |path| files.push(path));
    files.sort();
    let known = files.iter().find_map(|path| Some((path, known_files::recognised(path)?)));
    match known.filter(|(_, file)| file.is_of_a_data_set()) {
        Some((path, file)) => Err(no_captions(path, file)),
        None => Ok(VideoFiles::under(folder)?.has_videos().then_some(source)),
    }
}

fn no_captions(path: &Path, file: known_files::KnownFile) -> CorpusError {
    let known_files::KnownFile { what, instead } = file;
    CorpusError::NoCaptions { path: path.to_owned(), what, instead }
}

fn in_folder(folder: &Path, depth: usize) -> std::io::Result<Vec<Source>> {
    let source = |layout, path: PathBuf| Source { layout, path };
    for name in howto100m::CAPTION_FILES {
        let path = folder.join(name);
        if path.is_file() {
            return Ok(vec![source(Layout::HowTo100m, path)]);
        }
    }
    let intervals = crosstask::interval_folders(folder);
    if !intervals.is_empty() {
        return Ok(intervals.into_iter().map(|path| source(Layout::CrossTask, path)).collect());
    }
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { folders.push(path) } else { files.push(path) }
    }
    files.sort();
    let mut found = of_files(folder, files);
    if found.is_empty() && shards::is_in(folder) {
        found.push(source(Layout::Shards, folder.to_owned()));
    }
    if found.is_empty() && depth > 0 {
        folders.sort();
        for folder in folders {
            found.extend(in_folder(&folder, depth - 1).unwrap_or_default());
        }
    }
    Ok(found)
}

/// The sources among a folder's files.
fn of_files(folder: &Path, files: Vec<PathBuf>) -> Vec<Source> {
    let mut found = Vec::new();
    let mut media = VideoFiles::default();
    files.iter().cloned().for_each(|path| media.add_if_media(path));
    for path in files {
        if is_of_a_video(&path, &media) {
            continue;
        }
        match layout_of_file(&path) {
            // One CSV a video: the folder is the source, and a million files need no look.
            Some(Layout::HowTo100m) if has_ending(&path, &["csv"]) => {
                return vec![Source { layout: Layout::HowTo100m, path: folder.to_owned() }];
            }
            // Subtitles are found by their videos, shards together.
            None | Some(Layout::Subtitles) => {}
            Some(Layout::Shards) if !has_ending(&path, &["txt"]) => {}
            Some(layout) => found.push(Source { layout, path }),
        }
    }
    // Lists choose from the JSON, which is then no source of its own.
    let chosen: BTreeSet<PathBuf> = found
        .iter()
        .filter(|source| source.layout == Layout::MsrVtt && !has_ending(&source.path, &["json"]))
        .filter_map(|source| msrvtt::data_beside(&source.path))
        .collect();
    found.retain(|source| !chosen.contains(&source.path));
    found
}

/// Whether the file is what a transcriber or downloader wrote beside a video of that name, which is no
/// source of its own: `a.txt`, `a.json`, `a.tsv` beside `a.mp4`. A table or list that says itself
/// where its videos are is one whatever its name.
fn is_of_a_video(path: &Path, media: &VideoFiles) -> bool {
    if media.is_empty() || !subtitles::is_beside_its_video(path, media) {
        return false;
    }
    has_ending(path, &["txt"])
        || has_ending(path, &["json", "tsv", "csv"]) && subtitles::is_transcript(path)
}

pub(crate) fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    endings.iter().any(|known| known.eq_ignore_ascii_case(ending))
}

/// The layout of a file; none for what is no source, as lists of videos.
fn layout_of_file(path: &Path) -> Option<Layout> {
    if path.file_name().is_some_and(|name| name == shards::LIST_FILE) {
        Some(Layout::Shards)
    } else if has_ending(path, &["json"]) {
        let start = glance(path)?;
        let layout = layout_of_keys(&start).filter(|_| known_files::in_json(&start).is_none());
        layout.or_else(|| subtitles::is_transcript(path).then_some(Layout::Subtitles))
    } else if has_ending(path, &["csv", "tsv"]) {
        layout_of_table(path)
    } else if has_ending(path, &["jsonl", "ndjson"]) {
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

pub(crate) fn glance(path: &Path) -> Option<Vec<u8>> {
    let mut start = Vec::new();
    File::open(path).ok()?.take(GLANCE).read_to_end(&mut start).ok()?;
    Some(start)
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
    // A list of captions, as transcribers write one.
    if start.trim_ascii_start().first() == Some(&b'[') {
        return None;
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
