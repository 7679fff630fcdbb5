//! Why something of a source was not taken.

use std::fmt;

/// Why a caption, or a whole video, was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DropReason {
    /// A caption's text is a number, `NaN` or `null`.
    TextIsNoString,
    /// A caption's text holds no character but spaces.
    TextIsEmpty,
    /// A caption's start or end is not a finite number.
    TimeIsNoNumber,
    /// A caption starts or ends after a million seconds.
    TimeBeyondAnyVideo,
    /// A caption ends at or before its start.
    EndNotAfterStart,
    /// A caption starts at or after the end of its video.
    AfterTheVideo,
    /// All its words had been said by the captions before: asked for by
    /// [`NarrationCare`](crate::NarrationCare), no fault of the source.
    RepeatsTheOnesBefore,
    /// A query of a file of moment retrieval says no window that answers it.
    QueryWithoutWindows,
    /// The lists of a video differ in length; the tail of the longer ones has no partner.
    UnequalLists,
    /// A row of a table has more fields than the table has columns, and what belongs together cannot
    /// be told.
    RowTooLong,
    /// A line, row or entry is not what stands in such a file.
    NotUnderstood,
    /// A video is described twice; the first description counts.
    VideoTwice,
    /// No file carries the id of a described video.
    VideoFileMissing,
    /// A shard, or a video in one, ends before its end, or a header in it is damaged; what comes
    /// after is lost.
    ShardDamaged,
    /// A shard is compressed, so that no video in it can be read where it lies.
    ShardCompressed,
    /// A video, or a described one, has no caption that could be taken.
    VideoWithoutCaptions,
    /// A video's words are there, but not in the corpus's language: no fault of the source.
    OtherLanguage,
}

impl DropReason {
    /// Whether something is wrong with the source; what was left out by choice is no fault.
    pub fn is_fault(self) -> bool {
        !matches!(self, Self::RepeatsTheOnesBefore | Self::OtherLanguage)
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TextIsNoString => "text is no string",
            Self::TextIsEmpty => "text is empty",
            Self::TimeIsNoNumber => "time is no number",
            Self::TimeBeyondAnyVideo => "time beyond any video",
            Self::EndNotAfterStart => "end not after start",
            Self::AfterTheVideo => "starts after the end of its video",
            Self::RepeatsTheOnesBefore => "repeats the ones before",
            Self::QueryWithoutWindows => "query without windows",
            Self::UnequalLists => "lists of unequal length",
            Self::RowTooLong => "more fields than columns",
            Self::NotUnderstood => "not understood",
            Self::VideoTwice => "video described twice",
            Self::VideoFileMissing => "video file missing",
            Self::ShardDamaged => "shard cut short or damaged",
            Self::ShardCompressed => "shard is compressed",
            Self::VideoWithoutCaptions => "video without captions",
            Self::OtherLanguage => "words in another language",
        })
    }
}
