//! What reading a corpus found: how much, what was dropped and why, and an example or two of each.

use std::collections::BTreeMap;
use std::fmt;

/// Examples kept of each reason; counts are complete.
const EXAMPLES_EACH: usize = 5;

/// Why a caption, or a whole video, was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// A caption's text is a number, `NaN` or `null`.
    TextIsNoString,
    /// A caption's text holds no character but spaces.
    TextIsEmpty,
    /// A caption's start or end is not a finite number.
    TimeIsNoNumber,
    /// A caption ends at or before its start.
    EndNotAfterStart,
    /// The lists of a video differ in length; the tail of the longer ones has no partner.
    UnequalLists,
    /// A video is described twice; the first description counts.
    VideoTwice,
    /// No file carries the id of a described video.
    VideoFileMissing,
    /// A video file has no caption that could be taken.
    VideoWithoutCaptions,
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TextIsNoString => "text is no string",
            Self::TextIsEmpty => "text is empty",
            Self::TimeIsNoNumber => "time is no number",
            Self::EndNotAfterStart => "end not after start",
            Self::UnequalLists => "lists of unequal length",
            Self::VideoTwice => "video described twice",
            Self::VideoFileMissing => "video file missing",
            Self::VideoWithoutCaptions => "video without captions",
        })
    }
}

/// One thing that was dropped.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct DroppedExample {
    /// Why.
    pub reason: DropReason,
    /// The video's id.
    pub video: String,
    /// The caption's place in the file's lists; none when the whole video was dropped.
    pub caption: Option<usize>,
}

/// What a corpus held and what of it could not be used.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct ReadReport {
    /// Videos taken.
    pub videos: usize,
    /// Captions taken.
    pub captions: usize,
    /// Videos whose captions had to be sorted by start.
    pub sorted_videos: usize,
    /// How often each reason occurred; reasons that did not occur are absent.
    pub dropped: BTreeMap<DropReason, usize>,
    /// The first few of each reason.
    pub examples: Vec<DroppedExample>,
}

impl ReadReport {
    pub(super) fn drop_one(&mut self, reason: DropReason, video: &str, caption: Option<usize>) {
        let count = self.dropped.entry(reason).or_default();
        *count += 1;
        if *count <= EXAMPLES_EACH {
            self.examples.push(DroppedExample { reason, video: video.to_owned(), caption });
        }
    }
}

impl fmt::Display for ReadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} videos, {} captions", self.videos, self.captions)?;
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
        Ok(())
    }
}
