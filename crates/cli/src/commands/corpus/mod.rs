//! `locvtp corpus`: what of a corpus can be used, and a corpus in shards.

mod bare_videos;
pub(crate) mod check;
pub(crate) mod command;
pub(crate) mod pack;

use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, ValueEnum};
use locvtp_corpus::{Language, Layout, ReadSettings, Subset};

/// Which files are read as what, and which of their videos are taken.
#[derive(Debug, ClapArgs)]
pub(crate) struct CorpusChoice {
    /// How the files are laid out
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: CorpusFormat,
    /// Folder with the video files, at any depth [default: videos/ in the corpus]
    #[arg(long, value_name = "DIR")]
    pub(crate) videos: Option<PathBuf>,
    /// Take only the videos that this list names (CSV, JSON or text)
    #[arg(long, value_name = "FILE")]
    pub(crate) only: Option<PathBuf>,
    /// Take only this part of the data set
    #[arg(long, value_enum)]
    pub(crate) subset: Option<CorpusSubset>,
    /// Language of the words, where there are several: en, deu, pt-BR, German [default: English, else
    /// the only one]
    #[arg(long, value_name = "LANGUAGE")]
    pub(crate) language: Option<Language>,
}

impl CorpusChoice {
    /// Captions as they are.
    pub(crate) fn read_settings(&self) -> ReadSettings {
        ReadSettings {
            layout: self.format.layout(),
            videos: self.videos.clone(),
            list: self.only.clone(),
            subset: self.subset.map(Into::into),
            language: self.language.clone(),
            ..ReadSettings::default()
        }
    }
}

/// `--format`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum CorpusFormat {
    /// CheckReport out from what the files hold
    #[default]
    Auto,
    /// HowTo100M: caption.json, raw_caption.json, or one CSV a video, zipped or not
    #[value(name = "howto100m")]
    HowTo100m,
    /// WebVid-2M: results_2M_*.csv
    #[value(name = "webvid")]
    WebVid,
    /// Conceptual Captions: *.tsv; pictures as videos of one frame
    Cc3m,
    /// MSR-VTT: the official JSON, the 1k-A split, 7k and 9k lists, Frozen's pack
    #[value(name = "msrvtt")]
    MsrVtt,
    /// ActivityNet Captions: train.json, val_1.json, val_2.json
    #[value(name = "activitynet")]
    ActivityNet,
    /// Charades-STA: charades_sta_*.txt, with Charades_v1_*.csv beside
    CharadesSta,
    /// TACoS: 2D-TAN's JSON
    Tacos,
    /// CrossTask: the folder of the release
    #[value(name = "crosstask")]
    CrossTask,
    /// COIN: COIN.json
    Coin,
    /// YouCook2: youcookii_annotations_trainval.json, or MIL-NCE's validation_youcook.csv
    #[value(name = "youcook2")]
    YouCook2,
    /// QVHighlights and every data set in its form: JSON lines of qid, query, vid, relevant_windows
    #[value(name = "qvhighlights")]
    QvHighlights,
    /// Your own list, CSV or JSON lines: path, start, end, text
    Manifest,
    /// Your own videos with subtitles or transcripts beside them: .srt, .vtt, Whisper's, yt-dlp's
    Subtitles,
    /// Tar files of videos with captions, as `corpus pack`, WebDataset and video2dataset write them
    Shards,
}

impl CorpusFormat {
    pub(crate) fn layout(self) -> Option<Layout> {
        Some(match self {
            Self::Auto => return None,
            Self::HowTo100m => Layout::HowTo100m,
            Self::WebVid => Layout::WebVid,
            Self::Cc3m => Layout::Cc3m,
            Self::MsrVtt => Layout::MsrVtt,
            Self::ActivityNet => Layout::ActivityNet,
            Self::CharadesSta => Layout::CharadesSta,
            Self::Tacos => Layout::Tacos,
            Self::CrossTask => Layout::CrossTask,
            Self::Coin => Layout::Coin,
            Self::YouCook2 => Layout::YouCook2,
            Self::QvHighlights => Layout::QvHighlights,
            Self::Manifest => Layout::Manifest,
            Self::Subtitles => Layout::Subtitles,
            Self::Shards => Layout::Shards,
        })
    }
}

/// `--subset`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CorpusSubset {
    Train,
    Validation,
    Test,
}

impl From<CorpusSubset> for Subset {
    fn from(subset: CorpusSubset) -> Self {
        match subset {
            CorpusSubset::Train => Self::Train,
            CorpusSubset::Validation => Self::Validation,
            CorpusSubset::Test => Self::Test,
        }
    }
}

/// How to see all of what is told in part.
fn all_are_listed(list: Option<&Path>) -> String {
    list.map_or_else(
        || "--list FILE names them all".to_owned(),
        |list| format!("{} names them all", list.display()),
    )
}
