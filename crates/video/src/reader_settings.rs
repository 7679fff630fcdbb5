//! How videos are read: threads, damaged frames, limits.

use serde::{Deserialize, Serialize};

use crate::limits::ReadLimits;

/// How a reader works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReaderSettings {
    /// Threads of the decoder. Default 1: reading several videos at once uses processors better
    /// than this.
    pub decoder_threads: usize,
    /// What is done with damaged frames. Default: they are refused.
    pub damaged_frames: DamagedFrames,
    /// What one file may cost.
    pub limits: ReadLimits,
}

/// What is done with frames that the decoder had to patch, and those made from them.
///
/// A decoder fills what it cannot read with parts of older pictures, so such a frame may show what
/// was to be seen at another time. Only damage that a decoder notices counts: a flipped bit that
/// still reads as a picture is not seen by anybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DamagedFrames {
    /// They are errors ([`VideoError::Undecodable`](crate::VideoError::Undecodable)), up to the next key frame.
    #[default]
    Refuse,
    /// They are given as they are.
    Show,
}

impl Default for ReaderSettings {
    fn default() -> Self {
        Self {
            decoder_threads: 1,
            damaged_frames: DamagedFrames::default(),
            limits: ReadLimits::default(),
        }
    }
}
