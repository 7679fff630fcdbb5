//! `locvtp corpus`: what of a corpus can be used, and a corpus in shards.

mod bare_videos;
pub(crate) mod check;
pub(crate) mod command;
pub(crate) mod pack;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use clap::builder::PossibleValue;
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

/// `--format`; without a layout it is found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CorpusFormat(Option<Layout>);

impl CorpusFormat {
    pub(crate) fn layout(self) -> Option<Layout> {
        self.0
    }
}

impl ValueEnum for CorpusFormat {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<CorpusFormat>> = LazyLock::new(|| {
            let layouts = Layout::ALL.into_iter().map(Some);
            std::iter::once(None).chain(layouts).map(CorpusFormat).collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self.0 {
            None => PossibleValue::new("auto").help("Found out from what the files hold"),
            Some(layout) => PossibleValue::new(layout.name()).help(layout.help()),
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
