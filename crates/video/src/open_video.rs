//! What a reader needs of an open video, whoever decodes it: threads of this process ([`DecodedHere`]), or a worker
//! ([`crate::sandbox`]).

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::VideoError;
use crate::frame_search::FrameSearch;
use crate::frame_stream::FrameStream;
use crate::frame_table::FrameTable;
use crate::hdr::HdrTransfer;
use crate::index_making;
use crate::limits::ReadLimits;
use crate::packet_index::PacketIndex;
use crate::pixels::FramePixels;
use crate::probe::{self, MediaSource, OpenFile, StreamChoice, VideoInfo};
use crate::reader_settings::ReaderSettings;
use crate::stated_duration;
use crate::time::Seconds;
use crate::transform::FrameTransform;
use crate::watchdog::{self, Watch};

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

/// A file that threads of this process decode, within the limits of time.
pub(crate) struct DecodedHere {
    path: PathBuf,
    limits: ReadLimits,
    watch: Arc<Watch>,
    /// Away while a read runs, and for good when one was given up.
    search: Option<Box<FrameSearch>>,
}

impl DecodedHere {
    /// Opens a file. Its index is the one that is `known`; otherwise it is read, and told to `found`.
    pub(crate) fn open(
        media: MediaSource,
        settings: ReaderSettings,
        known: impl FnOnce() -> Option<PacketIndex> + Send + 'static,
        found: impl FnOnce(&PacketIndex) + Send + 'static,
    ) -> Result<(Self, Seen, Arc<FrameTable>), VideoError> {
        let (path, limits) = (media.path.clone(), settings.limits);
        let watch = Arc::new(Watch::default());
        let inside = Arc::clone(&watch);
        let opened =
            watchdog::run(&watch, &limits, move || open(&media, &settings, &inside, known, found));
        let (seen, search) =
            opened.unwrap_or_else(|why| Err(watchdog::error(&path, "open it", why, &limits)))?;
        let table = Arc::clone(&search.table);
        Ok((Self { path, limits, watch, search: Some(Box::new(search)) }, seen, table))
    }
}

impl OpenVideo for DecodedHere {
    /// Lends the open file to a thread, and has it back unless the watchdog gave that up.
    fn read(
        &mut self,
        wanted: Wanted,
        transform: &FrameTransform,
    ) -> Result<(FramePixels, Vec<usize>), VideoError> {
        let Some(mut search) = self.search.take() else {
            let (path, action) = (self.path.clone(), "read frames".into());
            let reason = "an earlier read from this reader hung".to_owned();
            let limit = self.limits.reached("stall_s");
            return Err(VideoError::GaveUp { path, action, reason, limit });
        };
        let transform = *transform;
        let ran = watchdog::run(&self.watch, &self.limits, move || {
            let result = search.read_wanted(&wanted, &transform);
            (search, result)
        });
        match ran {
            Ok((search, result)) => {
                self.search = Some(search);
                result
            }
            Err(why) => Err(watchdog::error(&self.path, "read frames", why, &self.limits)),
        }
    }

    fn num_decoded(&self) -> u64 {
        self.watch.num_decoded()
    }
}

fn open(
    media: &MediaSource,
    settings: &ReaderSettings,
    watch: &Arc<Watch>,
    known: impl FnOnce() -> Option<PacketIndex>,
    found: impl FnOnce(&PacketIndex),
) -> Result<(Seen, FrameSearch), VideoError> {
    let path = media.path.as_path();
    let mut file = probe::open(media, &settings.limits, watch)?;
    let (index, table) = index(&mut file, path, &settings.limits, known, found)?;
    let orientation = file.orientation;
    let (width, height) = orientation.size(file.stored_width, file.stored_height);
    let seen = Seen {
        width,
        height,
        rotation_degrees: orientation.rotation_degrees(),
        cut_short_of: stated_duration::cut_short_of(&file, &table),
        num_clocks: index.timeline.parts().len(),
        codec: file.codec.clone(),
        container: file.input.format().name().to_owned(),
        hdr: file.hdr,
        stream_choice: file.stream_choice,
    };
    let stream = FrameStream::new(media, file, settings)?;
    let search = FrameSearch {
        path: path.to_owned(),
        shown: (width, height),
        orientation,
        index,
        table: Arc::new(table),
        stream,
        frame_pixels: settings.limits.frame_pixels,
        output_bytes: settings.limits.output_bytes,
        damaged_frames: settings.damaged_frames,
        list_stamps: Vec::new(),
        leaving_out_failed: false,
    };
    Ok((seen, search))
}

/// The index that is known, or the one that is read, with its frame table.
fn index(
    file: &mut OpenFile,
    path: &Path,
    limits: &ReadLimits,
    known: impl FnOnce() -> Option<PacketIndex>,
    found: impl FnOnce(&PacketIndex),
) -> Result<(PacketIndex, FrameTable), VideoError> {
    if let Some(index) = known().filter(|index| index.stamps.len() <= limits.frames)
        && let Ok(table) = index.frame_table()
    {
        return Ok((index, table));
    }
    let index = index_making::read(file, path, limits)?;
    let table = table(&index, path)?;
    found(&index);
    Ok((index, table))
}
