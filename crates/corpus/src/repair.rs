//! The changes that reading makes to a caption. Nothing is repaired silently: what was changed stands
//! beside the caption as [`Repairs`].

use std::fmt;

/// A change made to a caption while it was read.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
#[non_exhaustive]
pub enum Repair {
    /// It ended after the video; now it ends with it.
    EndClipped,
    /// It started before the video; now it starts with it.
    StartClipped,
    /// Its source does not know when it ended; it ends when the next one begins, or with the video.
    EndFound,
    /// Its times were frame numbers; they were divided by the frame rate.
    FramesToSeconds,
    /// Its times were milliseconds; they were divided by a thousand.
    MillisecondsToSeconds,
    /// White space around its text, or line breaks inside, were removed.
    TextTrimmed,
    /// Its row had more fields than columns: what stood behind a separator was joined to it again.
    SeparatorJoined,
    /// Quotes in its row are neither doubled nor around a whole field: they were read as text, or as
    /// backslashes before them say.
    QuotesMended,
    /// Bytes of its text that are not UTF-8 were read as Windows-1252.
    NotUtf8,
    /// Tags and entities of a subtitle were removed.
    MarkupRemoved,
    /// Words that the captions before had said already were removed.
    RepeatRemoved,
    /// It was joined with neighbours to reach the least length.
    Merged,
    /// Its span was widened to the least length.
    Grown,
}

impl Repair {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 13] = [
        Self::EndClipped,
        Self::StartClipped,
        Self::EndFound,
        Self::FramesToSeconds,
        Self::MillisecondsToSeconds,
        Self::TextTrimmed,
        Self::SeparatorJoined,
        Self::QuotesMended,
        Self::NotUtf8,
        Self::MarkupRemoved,
        Self::RepeatRemoved,
        Self::Merged,
        Self::Grown,
    ];
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EndClipped => "end clipped to the video",
            Self::StartClipped => "start clipped to 0",
            Self::EndFound => "end taken from the next caption or the video",
            Self::FramesToSeconds => "frames to seconds",
            Self::MillisecondsToSeconds => "milliseconds to seconds",
            Self::TextTrimmed => "white space trimmed",
            Self::SeparatorJoined => "separator in the text kept",
            Self::QuotesMended => "quotes that are not doubled",
            Self::NotUtf8 => "bytes not UTF-8",
            Self::MarkupRemoved => "markup removed",
            Self::RepeatRemoved => "repeated words removed",
            Self::Merged => "merged with neighbours",
            Self::Grown => "grown to the least length",
        })
    }
}

/// The changes made to one caption.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Repairs(u16);

impl Repairs {
    /// Notes a change; noting it twice is noting it once.
    pub fn note(&mut self, repair: Repair) {
        self.0 |= 1 << repair as u8;
    }

    /// Whether a change was made.
    pub fn contains(self, repair: Repair) -> bool {
        self.0 & 1 << repair as u8 != 0
    }

    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// The changes, in the order of [`Repair::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Repair> {
        Repair::ALL.into_iter().filter(move |repair| self.contains(*repair))
    }

    /// The changes made to either.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Repairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl serde::Serialize for Repairs {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn noted(changes: &[Repair]) -> Repairs {
        let mut repairs = Repairs::default();
        changes.iter().for_each(|change| repairs.note(*change));
        repairs
    }

    #[test]
    fn a_change_that_is_noted_twice_stands_once_in_the_order_of_all() {
        let repairs = noted(&[Repair::Grown, Repair::EndClipped, Repair::Grown]);
        assert_eq!(repairs.iter().collect::<Vec<_>>(), [Repair::EndClipped, Repair::Grown]);
        assert!(repairs.contains(Repair::Grown) && !repairs.contains(Repair::Merged));
        assert!(!repairs.is_empty() && Repairs::default().is_empty());
        for one in Repair::ALL {
            assert_eq!(noted(&[one]).iter().collect::<Vec<_>>(), [one]);
        }
    }

    #[test]
    fn changes_of_two_captions_are_those_of_either() {
        let first = noted(&[Repair::EndClipped, Repair::Merged]);
        let both = first.and(noted(&[Repair::Merged, Repair::Grown]));
        let expected = [Repair::EndClipped, Repair::Merged, Repair::Grown];
        assert_eq!(both.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn changes_are_shown_by_name() {
        let repairs = noted(&[Repair::EndClipped, Repair::NotUtf8]);
        assert_eq!(format!("{repairs:?}"), "{EndClipped, NotUtf8}");
        assert_eq!(serde_json::to_string(&repairs).unwrap(), r#"["end_clipped","not_utf8"]"#);
        let names: BTreeSet<String> = Repair::ALL.iter().map(Repair::to_string).collect();
        assert_eq!(names.len(), Repair::ALL.len());
        assert_eq!(Repair::NotUtf8.to_string(), "bytes not UTF-8");
    }
}
