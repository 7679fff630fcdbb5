//! What a corpus is: video files, each with captions that say roughly when they hold.
//!
//! A corpus is read whole before training (text and times only) and does not change afterwards, so
//! an index into [`Corpus::videos`] names a video for good. Caption spans are as loose as their
//! source: they may overlap, may leave gaps, and may end after the video does; whoever opens the
//! file clips them to it. What reading changed of a caption stands beside it, as [`Repairs`].

use locvtp_video::{MediaLocation, Seconds, TimeSpan};
use std::fmt;

use crate::repair::Repairs;

/// One piece of narration and the stretch of time it was given for.
#[derive(Debug, Clone, PartialEq)]
pub struct Caption {
    /// Presentation time in the video; the end may lie after the end of the file, and is infinite
    /// when the caption holds for a whole video whose length the source does not tell.
    pub span: TimeSpan,
    /// The words; never empty, no space around them, no line break inside.
    pub text: String,
    /// The number its source gives it (sentence, step or clip), else its place among the captions
    /// of its video there, from 0.
    pub id: u32,
    /// What reading changed.
    pub repairs: Repairs,
}

impl Caption {
    /// A caption that was not read from anywhere: number 0, nothing repaired.
    pub fn new(span: TimeSpan, text: impl Into<String>) -> Self {
        Self { span, text: text.into(), id: 0, repairs: Repairs::default() }
    }

    /// Whether it holds for a whole video of unknown length.
    pub fn is_whole_video(&self) -> bool {
        self.span.end.0 == f64::INFINITY
    }
}

/// A sentence, and every window of its video that answers it, as files of moment retrieval have them.
#[derive(Debug, Clone, PartialEq)]
pub struct MomentQuery {
    /// What the source calls it: a number, or a word.
    pub qid: String,
    /// The [`Caption::id`] of its windows.
    pub id: u32,
    /// What is asked.
    pub text: String,
    /// All windows, as they stand in the source: in its order, not cut to the video; one or more.
    pub windows: Vec<TimeSpan>,
    /// The length of the video as its own line says, in seconds.
    pub duration: Option<Seconds>,
    /// Some clips of [`SALIENCY_CLIP_S`], each by its place, and what three people say of it as a
    /// highlight, 0 (very bad) to 4 (very good). Empty where the source says nothing of highlights.
    pub saliency: Vec<(usize, [f64; 3])>,
}

/// The length of the clips whose saliency is annotated, in seconds.
pub const SALIENCY_CLIP_S: f64 = 2.0;

/// The part of a data set that a video belongs to, whatever its files call it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Subset {
    /// `train`, `training`.
    Train,
    /// `val`, `validate`, `validation`.
    Validation,
    /// `test`, `testing`.
    Test,
}

impl Subset {
    /// The subset that a source's word means.
    pub fn from_word(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "train" | "training" => Some(Self::Train),
            "val" | "valid" | "validate" | "validation" | "dev" => Some(Self::Validation),
            "test" | "testing" => Some(Self::Test),
            _ => None,
        }
    }

    /// The subset that a file's name speaks of: the last word that means one.
    pub(crate) fn from_file_name(path: &std::path::Path) -> Option<Self> {
        let stem = path.file_stem()?.to_string_lossy();
        stem.split(|c: char| !c.is_ascii_alphabetic()).rev().find_map(Self::from_word)
    }

    /// One word for tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for Subset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A video file and its narration.
#[derive(Debug, Clone, PartialEq)]
pub struct NarratedVideo {
    /// The name the corpus gives the video.
    pub id: String,
    /// The file, the picture of a one-frame video, or a member of a shard; it was there when the
    /// corpus was read. Its path is empty when captions were read without looking for files.
    pub media: MediaLocation,
    /// Sorted by start; never empty.
    pub captions: Vec<Caption>,
    /// The part of the data set, where the source has parts.
    pub subset: Option<Subset>,
    /// The video's length, where the source tells it.
    pub duration: Option<Seconds>,
    /// About how long the video is, where the source tells only between which times it was cut from
    /// a longer one: cuts fall on key frames.
    pub cut_length: Option<Seconds>,
    /// What the video is about, in the source's own word: category, task or recipe.
    pub task: Option<String>,
    /// Sentences of several windows, in the order of the source; empty where every caption is a query
    /// of its own. Each window that lies in the video is one of the captions as well.
    pub queries: Vec<MomentQuery>,
    /// Whether it is known to be of one frame alone: when it was opened, or packed as a picture.
    pub is_picture: bool,
    /// The shard it is packed in, by its place among the shards of the corpus; none for a file.
    pub shard: Option<u32>,
    /// When its last frame ends, where it was opened to find out when it was packed.
    pub media_end: Option<Seconds>,
}

impl NarratedVideo {
    /// A video of which nothing more is known.
    pub fn new(
        id: impl Into<String>,
        media: impl Into<MediaLocation>,
        captions: Vec<Caption>,
    ) -> Self {
        Self {
            id: id.into(),
            media: media.into(),
            captions,
            subset: None,
            duration: None,
            cut_length: None,
            task: None,
            queries: Vec::new(),
            shard: None,
            media_end: None,
            is_picture: false,
        }
    }

    /// How long the video is, as far as can be told without opening it: when its last frame ends, or
    /// else what the source says, or else when its last caption does, if all of them end.
    pub fn told_length(&self) -> Option<Seconds> {
        let of_captions = || {
            let ends = self.captions.iter().map(|caption| caption.span.end);
            let last = ends.max_by(|a, b| a.0.total_cmp(&b.0));
            last.filter(|end| end.0.is_finite())
        };
        self.media_end.or(self.duration).or(self.cut_length).or_else(of_captions)
    }
}

/// Captioned videos in a fixed order.
pub trait Corpus: Send + Sync {
    /// A short name for logs and reports.
    fn name(&self) -> &str;
    /// Every usable video, in an order that depends on the corpus alone.
    fn videos(&self) -> &[NarratedVideo];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_tells_its_subset() {
        let subset = |name: &str| Subset::from_file_name(std::path::Path::new(name));
        assert_eq!(subset("ActivityNet_val.json"), Some(Subset::Validation));
        assert_eq!(subset("val_1.json"), Some(Subset::Validation));
        assert_eq!(subset("Charades-STA_charades_sta_test.txt"), Some(Subset::Test));
        assert_eq!(subset("Train_GCC-training.tsv"), Some(Subset::Train));
        assert_eq!(subset("Validation_GCC-1.1.0-Validation.tsv"), Some(Subset::Validation));
        assert_eq!(subset("captions.json"), None);
        assert_eq!(subset("train_val_videodatainfo.json"), Some(Subset::Validation));
    }
}
