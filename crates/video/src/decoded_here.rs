//! An open video that threads of this process decode.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cancel::CancelToken;
use crate::error::VideoError;
use crate::frame_search::FrameSearch;
use crate::frame_stream::FrameStream;
use crate::frame_table::FrameTable;
use crate::index_making;
use crate::limits::ReadLimits;
use crate::open_video::{self, OpenVideo, Seen, Wanted};
use crate::packet_index::PacketIndex;
use crate::pixels::FramePixels;
use crate::probe::{self, MediaSource, OpenFile};
use crate::reader_settings::ReaderSettings;
use crate::stated_duration;
use crate::transform::FrameTransform;
use crate::watchdog::{self, Watch};

/// A file that threads of this process decode, within the limits of time.
pub(crate) struct DecodedHere {
    path: PathBuf,
    limits: ReadLimits,
    watch: Arc<Watch>,
    /// Away while a read runs, and for good when one was given up.
    search: Option<Box<FrameSearch>>,
}

impl DecodedHere {
    /// Opens a file; the token ends that, and reads. Its index is the one that is `known`; otherwise it is read, and told to `found`.
    pub(crate) fn open(
        cancel: &CancelToken,
        media: MediaSource,
        settings: ReaderSettings,
        known: impl FnOnce() -> Option<PacketIndex> + Send + 'static,
        found: impl FnOnce(&PacketIndex) + Send + 'static,
    ) -> Result<(Self, Seen, Arc<FrameTable>), VideoError> {
        let (path, limits) = (media.path.clone(), settings.limits);
        let watch = Arc::new(Watch::until(cancel));
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
    // What was read of a file that was given up is not all of it, and is not to be kept.
    file.watch.check(path)?;
    let table = open_video::table(&index, path)?;
    found(&index);
    Ok((index, table))
}
