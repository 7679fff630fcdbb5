//! A video of the corpus as a benchmark has it: the part that it belongs to, and what is told of it.

use crate::synthetic::narration::Told;
use crate::synthetic::split::Split;
use crate::synthetic::truth::TrueVideo;

/// The part of a benchmark that a video of the corpus belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Train,
    Val,
    TestSeen,
    TestNew,
}

impl Part {
    pub(super) const ALL: [Self; 4] = [Self::Train, Self::Val, Self::TestSeen, Self::TestNew];

    pub(super) fn of(split: Split, index: usize) -> Self {
        match split {
            // Not the first: a corpus of a few videos still has one of each.
            Split::Train if index % 10 == 3 => Self::Val,
            Split::Train => Self::Train,
            Split::Seen => Self::TestSeen,
            Split::New => Self::TestNew,
        }
    }

    /// The stem of its files.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::TestSeen => "test_seen",
            Self::TestNew => "test_new",
        }
    }
}

/// A video with everything that is told of it.
pub(super) struct AnnotatedVideo<'a> {
    pub(super) part: Part,
    pub(super) split: Split,
    pub(super) truth: &'a TrueVideo,
    pub(super) narration: &'a [Told],
}

impl AnnotatedVideo<'_> {
    /// Its file, seen from the corpus's folder.
    pub(super) fn file(&self) -> String {
        format!("{}/videos/{}.mp4", self.split.name(), self.truth.id)
    }
}
