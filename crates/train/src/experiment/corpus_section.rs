//! Where the videos and their narration are, and what of them is taken.

use std::path::PathBuf;

use locvtp_corpus::{Language, Layout, NarrationCare, ReadSettings, ShardSettings, Subset};
use serde::{Deserialize, Serialize};

/// Where the videos and their narration are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct CorpusSection {
    /// The folder of a corpus, or one of its files: HowTo100M's layout (`caption.json` and
    /// `videos/`), another data set as published, a manifest, videos with subtitles, or shards: their
    /// folder, a pattern such as `shards/{00000..00012}.tar`, or either as an address, `https://..` or
    /// `s3://..`.
    pub dir: PathBuf,
    /// Share of videos that may be unreadable before the run stops, 0..=1.
    pub max_bad: f64,
    /// How the corpus is laid out, as `locvtp corpus check --format` names it; found out when not
    /// given.
    pub layout: Option<Layout>,
    /// The folder under which the video files are; `videos/` in `dir`, or `dir`, when not given.
    pub videos: Option<PathBuf>,
    /// A list of the ids to take; all when not given.
    pub list: Option<PathBuf>,
    /// `train`, `validation` or `test`; all when not given.
    pub subset: Option<Subset>,
    /// The language of the words, where they are there in several, as a code or name: `"en"`, `"deu"`,
    /// `"pt-BR"`. English when not given, else the only one that there is.
    #[schemars(with = "Option<String>")]
    pub language: Option<Language>,
    /// What is done about captions that repeat or are short.
    pub narration: NarrationCare,
    /// How shards on other machines are fetched and kept; changes no result.
    pub shards: ShardSettings,
}

impl CorpusSection {
    /// What is read, and how.
    pub fn read_settings(&self) -> ReadSettings {
        ReadSettings {
            layout: self.layout,
            videos: self.videos.clone(),
            list: self.list.clone(),
            subset: self.subset,
            language: self.language.clone(),
            narration: self.narration.clone(),
            shards: self.shards.clone(),
        }
    }
}

impl Default for CorpusSection {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("corpus"),
            max_bad: 0.5,
            layout: None,
            videos: None,
            list: None,
            subset: None,
            language: None,
            narration: NarrationCare::default(),
            shards: ShardSettings::default(),
        }
    }
}
