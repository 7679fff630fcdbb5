//! What a reader needs of an open video, whoever decodes it: threads of this process
//! ([`crate::decoded_here`]), or a worker ([`crate::sandbox`]).

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::VideoError;
use crate::frame_table::FrameTable;
use crate::hdr::HdrTransfer;
use crate::packet_index::PacketIndex;
use crate::pixels::FramePixels;
use crate::probe::{StreamChoice, VideoInfo};
use crate::time::Seconds;
use crate::transform::FrameTransform;

/// A file that frames can be asked of.
pub(crate) trait OpenVideo: Send {
    /// The wanted frames, and the places of those among them that are black because they cannot be decoded.
    fn read(
        &mut self,
        wanted: Wanted,
        transform: &FrameTransform,
    ) -> Result<(FramePixels, Vec<usize>), VideoError>;

    /// Frames that came out of the decoder so far.
    fn num_decoded(&self) -> u64;
}

/// A file that was just opened, and what is known of it.
pub(crate) type Opened = (Box<dyn OpenVideo>, Seen, Arc<FrameTable>);

/// Which frames.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// By index, in any order, repeats allowed.
    Frames(Vec<usize>),
    /// All, straight through.
    All,
    /// The next part of a list of growing frames; the first part begins the list.
    Part {
        list: Arc<Vec<usize>>,
        range: Range<usize>,
        /// Frames that cannot be decoded are named. Without this they are an error.
        skip_damaged: bool,
    },
}

/// What is known of a file before its pictures, but for its times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rotation_degrees: u16,
    pub(crate) cut_short_of: Option<Seconds>,
    pub(crate) num_clocks: usize,
    pub(crate) codec: String,
    pub(crate) container: String,
    pub(crate) hdr: Option<HdrTransfer>,
    pub(crate) stream_choice: Option<StreamChoice>,
}

impl Seen {
    /// With the times.
    pub(crate) fn info(self, path: &Path, table: &FrameTable) -> VideoInfo {
        let Self { width, height, rotation_degrees, .. } = self;
        VideoInfo {
            path: path.to_owned(),
            width,
            height,
            rotation_degrees,
            duration: table.end(),
            cut_short_of: self.cut_short_of,
            num_frames: table.len(),
            num_clocks: self.num_clocks,
            frame_rate_hz: 1.0 / table.mean_frame_duration().0,
            codec: self.codec,
            container: self.container,
            gaps: table.gaps().to_vec(),
            hdr: self.hdr,
            stream_choice: self.stream_choice,
        }
    }
}

/// The frame table of an index, unless its clock is none of a recording.
pub(crate) fn table(index: &PacketIndex, path: &Path) -> Result<FrameTable, VideoError> {
    let impossible = |found| VideoError::ImpossibleClock { path: path.to_owned(), found };
    index.frame_table().map_err(impossible)
}
