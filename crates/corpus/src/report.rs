//! What reading a corpus found: how much, what was repaired, what was dropped and why, and an
//! example or two of each.

use std::collections::BTreeMap;
use std::fmt;

use crate::corpus::{NarratedVideo, Subset};
pub use crate::drop_reason::DropReason;
use crate::left_files::LeftFiles;
use crate::repair::Repair;
use locvtp_video::counted::counted;

/// Examples kept of each reason; counts are complete.
const EXAMPLES_EACH: usize = 5;

/// One thing that was dropped.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct DroppedExample {
    /// Why.
    pub reason: DropReason,
    /// The video's id; of a line that belongs to no video, what is wrong with it.
    pub video: String,
    /// The caption's place in the source's list of its video; none when the whole video was dropped.
    pub caption: Option<usize>,
    /// The number of a line or entry that belongs to no video, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// How much of a subset was taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct SubsetCount {
    /// Videos.
    pub videos: usize,
    /// Captions.
    pub captions: usize,
}

/// What a corpus held and what of it could not be used.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct ReadReport {
    /// Videos taken.
    pub videos: usize,
    /// Captions taken.
    pub captions: usize,
    /// Length of the captions taken, overlaps counted twice; those of unknown length count nothing.
    pub captions_s: f64,
    /// Words of the captions taken, as white space parts them.
    pub words: usize,
    /// The same by subset, where the source has subsets.
    pub subsets: BTreeMap<Subset, SubsetCount>,
    /// Videos taken by the language of their words, where a source may hold several.
    pub languages: BTreeMap<String, usize>,
    /// Captions in the source, taken or not.
    pub listed_captions: usize,
    /// Videos whose captions had to be sorted by start.
    pub sorted_videos: usize,
    /// Videos left out because they are not in the list or the subset that was asked for.
    pub not_asked_for: usize,
    /// Captions taken of which anything was repaired.
    pub repaired_captions: usize,
    /// How often each repair was made; repairs that were not are absent.
    pub repaired: BTreeMap<Repair, usize>,
    /// How often each reason occurred; reasons that did not occur are absent.
    pub dropped: BTreeMap<DropReason, usize>,
    /// The first few of each reason.
    pub examples: Vec<DroppedExample>,
    /// What a person should know of how it was read.
    pub notes: Vec<String>,
    /// Files in the folder of the videos that were not read; looked for when a corpus is read whole.
    #[serde(skip_serializing_if = "LeftFiles::is_empty")]
    pub left_files: LeftFiles,
}

impl ReadReport {
    /// Things dropped because something is wrong with them: captions and whole videos.
    pub fn faults(&self) -> usize {
        self.dropped.iter().filter(|(reason, _)| reason.is_fault()).map(|(_, count)| count).sum()
    }

    /// Puts what another source held beside it.
    pub fn add(&mut self, other: Self) {
        self.videos += other.videos;
        self.captions += other.captions;
        self.captions_s += other.captions_s;
        self.words += other.words;
        self.listed_captions += other.listed_captions;
        self.sorted_videos += other.sorted_videos;
        self.not_asked_for += other.not_asked_for;
        self.repaired_captions += other.repaired_captions;
        for (subset, count) in other.subsets {
            let known = self.subsets.entry(subset).or_default();
            known.videos += count.videos;
            known.captions += count.captions;
        }
        for (language, count) in other.languages {
            *self.languages.entry(language).or_default() += count;
        }
        for (repair, count) in other.repaired {
            *self.repaired.entry(repair).or_default() += count;
        }
        for (reason, count) in other.dropped {
            *self.dropped.entry(reason).or_default() += count;
        }
        for example in other.examples {
            let known = self.examples.iter().filter(|known| known.reason == example.reason).count();
            if known < EXAMPLES_EACH {
                self.examples.push(example);
            }
        }
        self.notes.extend(other.notes);
        self.left_files.extend(other.left_files);
    }

    /// The same corpus as its files have it: what was taken is what `files` took, which lacks videos
    /// that cannot be used and what lies after their ends; what either dropped is dropped. Languages are
    /// those in which the words were taken, before the files were opened.
    #[must_use]
    pub fn in_files(self, files: Self) -> Self {
        let mut found = Self {
            languages: self.languages,
            listed_captions: self.listed_captions,
            sorted_videos: self.sorted_videos,
            not_asked_for: self.not_asked_for,
            left_files: self.left_files,
            dropped: self.dropped,
            examples: self.examples,
            notes: self.notes,
            ..Self::default()
        };
        found.add(files);
        found
    }

    /// Counts a video that is taken.
    pub fn take(&mut self, video: &NarratedVideo) {
        self.videos += 1;
        self.captions += video.captions.len();
        if let Some(subset) = video.subset {
            let count = self.subsets.entry(subset).or_default();
            count.videos += 1;
            count.captions += video.captions.len();
        }
        for caption in &video.captions {
            if !caption.is_whole_video() {
                self.captions_s += caption.span.duration().0;
            }
            self.words += caption.text.split_ascii_whitespace().count();
            self.repaired_captions += usize::from(!caption.repairs.is_empty());
            for repair in caption.repairs.iter() {
                *self.repaired.entry(repair).or_default() += 1;
            }
        }
    }

    /// Counts a dropped thing and keeps it as an example if it is among the first of its reason.
    pub fn drop_one(&mut self, dropped: &DroppedExample) {
        let count = self.dropped.entry(dropped.reason).or_default();
        *count += 1;
        if *count <= EXAMPLES_EACH {
            self.examples.push(dropped.clone());
        }
    }
}

impl fmt::Display for ReadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (videos, captions) = (counted(self.videos, "video"), counted(self.captions, "caption"));
        write!(f, "{videos}, {captions}")?;
        for (language, count) in &self.languages {
            write!(f, "; language {language}: {count}")?;
        }
        for (reason, count) in &self.dropped {
            write!(f, "; {reason}: {count}")?;
            let mut names: Vec<_> = self
                .examples
                .iter()
                .filter(|example| example.reason == *reason)
                .map(|example| example.video.as_str())
                .collect();
            names.dedup();
            let more = if names.len() < *count { ", .." } else { "" };
            write!(f, " ({}{more})", names.join(", "))?;
        }
        if !self.left_files.is_empty() {
            write!(f, "; {}", self.left_files)?;
        }
        for note in &self.notes {
            write!(f, "; note: {note}")?;
        }
        Ok(())
    }
}
