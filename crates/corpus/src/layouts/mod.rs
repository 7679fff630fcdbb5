//! How a file is laid out, from what stands in it.
//!
//! Names help little: people rename files, and mirrors add prefixes. So JSON files are told by their
//! keys, tables by their columns, text by its lines. Each layout's own file says how; this one is the
//! list of them, and in which order they are asked.

use std::fmt;
use std::path::Path;

mod activitynet;
mod cc3m;
mod charades;
mod coin;
pub(crate) mod crosstask;
pub(crate) mod howto100m;
pub(crate) mod known_files;
pub(crate) mod layout_reader;
pub(crate) mod manifest;
mod moment_queries;
pub(crate) mod msrvtt;
pub(crate) mod subtitles;
mod tacos;
mod video_database;
mod webvid;
mod youcook2;

use crate::glance::Glance;
use crate::shards;
use layout_reader::LayoutReader;

pub use coin::Taxonomy;
pub use crosstask::{CrossTaskTask, read_tasks};
pub use howto100m::{HowTo100m, read_task_names, read_video_list, write_captions};
pub use manifest::ManifestWriter;
pub use subtitles::{SubtitleFile, WordsBeside, subtitles_beside, video_of_subtitles};

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
#[non_exhaustive]
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

    /// What its own file tells of it.
    pub(crate) fn reader(self) -> &'static LayoutReader {
        match self {
            Self::HowTo100m => &howto100m::READER,
            Self::WebVid => &webvid::READER,
            Self::Cc3m => &cc3m::READER,
            Self::MsrVtt => &msrvtt::READER,
            Self::ActivityNet => &activitynet::READER,
            Self::CharadesSta => &charades::READER,
            Self::Tacos => &tacos::READER,
            Self::CrossTask => &crosstask::READER,
            Self::Coin => &coin::READER,
            Self::YouCook2 => &youcook2::READER,
            Self::QvHighlights => &moment_queries::READER,
            Self::Manifest => &manifest::READER,
            Self::Subtitles => &subtitles::READER,
            Self::Shards => &shards::READER,
        }
    }

    /// The name in commands and run files.
    pub fn name(self) -> &'static str {
        self.reader().name
    }

    /// What it is and which files have it, in a line for who chooses one.
    pub fn help(self) -> &'static str {
        self.reader().help
    }

    /// The task of `locvtp score` whose truth a file of this layout is; none where there is no such task.
    pub fn measures(self) -> Option<&'static str> {
        self.reader().measures
    }

    /// The layouts that a file may have of which this was seen; the first that recognises it counts.
    fn candidates(glance: &Glance) -> &'static [Self] {
        match glance {
            // What holds labels or ids alone may still be somebody's transcript.
            Glance::Json(json) if known_files::in_json(&json.start).is_some() => {
                &[Self::Shards, Self::Subtitles]
            }
            Glance::Json(_) if glance.has_key(1, "database") => {
                &[Self::Shards, Self::YouCook2, Self::Coin, Self::Subtitles]
            }
            Glance::Json(_) => &[
                Self::Shards,
                Self::MsrVtt,
                Self::Tacos,
                Self::ActivityNet,
                Self::QvHighlights,
                Self::Manifest,
                Self::HowTo100m,
                Self::Subtitles,
            ],
            Glance::JsonLines(_) => &[Self::QvHighlights, Self::Manifest],
            Glance::Table(_) => &[
                Self::YouCook2,
                Self::Manifest,
                Self::Subtitles,
                Self::HowTo100m,
                Self::WebVid,
                Self::MsrVtt,
                Self::Cc3m,
            ],
            Glance::Text(_) => &[Self::Shards, Self::CharadesSta, Self::MsrVtt],
            Glance::Name => &[Self::Shards, Self::HowTo100m, Self::Subtitles],
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The layout of a file; none for what is no source, as lists of videos.
pub(crate) fn layout_of_file(path: &Path) -> Option<Layout> {
    seen_as(path, &Glance::of(path))
}

fn seen_as(path: &Path, glance: &Glance) -> Option<Layout> {
    let mut candidates = Layout::candidates(glance).iter().copied();
    candidates.find(|layout| (layout.reader().recognises)(path, glance))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv_table::CsvTable;

    fn layout_of_keys(start: &str) -> Option<Layout> {
        seen_as(Path::new("not there.json"), &Glance::of_json(start.into()))
    }

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
            assert_eq!(layout_of_keys(start), Some(layout), "{start}");
        }
        for start in ["", "[1]", "{}", r#"{"a": {"x": 1}}"#, "\"\\", r#"["v_a"]"#] {
            assert_eq!(layout_of_keys(start), None, "{start}");
        }
    }

    #[test]
    fn every_layout_is_asked_of_some_file_but_crosstasks_which_is_a_folder() {
        let table = CsvTable::of_bytes(Path::new("a.csv"), b"a,b\n").unwrap();
        let glances = [
            Glance::of_json(b"{}".to_vec()),
            Glance::of_json(br#"{"database": {"#.to_vec()),
            Glance::JsonLines(Vec::new()),
            Glance::Table(Box::new(table)),
            Glance::Text(String::new()),
            Glance::Name,
        ];
        for layout in Layout::ALL {
            let is_asked =
                glances.iter().any(|glance| Layout::candidates(glance).contains(&layout));
            assert_eq!(is_asked, layout != Layout::CrossTask, "{layout}");
        }
    }

    #[test]
    fn layouts_have_one_name() {
        for layout in Layout::ALL {
            assert_eq!(serde_json::to_value(layout).unwrap(), layout.name());
            assert!(!layout.help().is_empty());
        }
    }
}
