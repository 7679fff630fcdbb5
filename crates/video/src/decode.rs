//! Frames of a video file by index, decoding no more than needed.
//!
//! [`VideoReader::open`] reads the packets once and makes the frame table.
//! [`VideoReader::read_frames`] goes through the wanted frames in the order of time: where the next
//! one lies beyond a later key frame it seeks there, decodes from that key frame, and leaves out on
//! the way what no other frame is made from. The pixels equal those of decoding everything.
//! Containers that cannot seek exactly are decoded from the start, with the same left out.
//!
//! A frame that does not come this way is tried again with nothing left out, then from the start of
//! the file; one that does not come at all is an error with its time. No other picture ever stands
//! in for it.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::cancel::CancelToken;
use crate::error::VideoError;
use crate::frame_search::FrameSearch;
use crate::frame_stream::FrameStream;
use crate::frame_table::FrameTable;
use crate::frame_table_cache::{CacheKey, FrameTableCache};
use crate::index_making;
use crate::limits::ReadLimits;
use crate::media_location::MediaLocation;
use crate::packet_index::PacketIndex;
use crate::pixels::{ClipPixels, FramePixels};
use crate::probe::{self, MediaSource, OpenFile, VideoInfo};
use crate::reader_settings::ReaderSettings;
use crate::sampling::SamplingPlan;
use crate::stated_duration;
use crate::transform::FrameTransform;
use crate::watchdog::{self, Watch};

/// An open video file.
///
/// Not followed: pixels that are not square are given as stored, and a turn noted in the codec's own
/// data and not in the container is not made.
///
/// Memory holds the frames asked for and the decoder's own few, never the whole file. What a file
/// may cost in memory and time is bounded by [`ReadLimits`]; what comes out of files of all kinds,
/// odd and broken ones too, is listed in `docs/media.md`.
pub struct VideoReader {
    info: VideoInfo,
    table: Arc<FrameTable>,
    limits: ReadLimits,
    watch: Arc<Watch>,
    /// Away while a read runs, and for good when one was given up.
    search: Option<Box<FrameSearch>>,
}

impl VideoReader {
    /// Opens a file and reads its frame table.
    ///
    /// # Errors
    /// Anything that is not a readable video file; each reason has its own [`VideoError`].
    pub fn open(path: &Path) -> Result<Self, VideoError> {
        Self::open_with(path, ReaderSettings::default())
    }

    /// As [`VideoReader::open`], with settings.
    ///
    /// # Errors
    /// As [`VideoReader::open`].
    pub fn open_with(path: &Path, settings: ReaderSettings) -> Result<Self, VideoError> {
        Self::open_media(&path.into(), settings, None)
    }

    /// As [`VideoReader::open_with`], with the frame table from the cache where it has one for this
    /// state of the file: the file is then not read whole. Otherwise the table is put there.
    ///
    /// # Errors
    /// As [`VideoReader::open`].
    pub fn open_cached(
        path: &Path,
        settings: ReaderSettings,
        cache: &FrameTableCache,
    ) -> Result<Self, VideoError> {
        Self::open_media(&path.into(), settings, Some(cache))
    }

    /// As the others, for a video that may be a part of another file. What has to be fetched is
    /// fetched first, outside the time limits of reading.
    ///
    /// # Errors
    /// As [`VideoReader::open`]; [`VideoError::Part`] when a part is not to be had.
    pub fn open_media(
        media: &MediaLocation,
        settings: ReaderSettings,
        cache: Option<&FrameTableCache>,
    ) -> Result<Self, VideoError> {
        Self::open_until(&CancelToken::default(), media, settings, cache)
    }

    /// As [`VideoReader::open_media`], with reading ended by the token.
    pub(crate) fn open_until(
        cancel: &CancelToken,
        media: &MediaLocation,
        settings: ReaderSettings,
        cache: Option<&FrameTableCache>,
    ) -> Result<Self, VideoError> {
        // Asked before the packets are read: a file that changes meanwhile makes an entry that does
        // not hold.
        let table_entry =
            cache.and_then(|cache| Some((cache.clone(), FrameTableCache::key(media)?)));
        let source = MediaSource { path: media.path().to_owned(), stretch: media.open_part()? };
        let limits = settings.limits;
        let watch = Arc::new(Watch::until(cancel));
        let inside = Arc::clone(&watch);
        let opened = watchdog::run(&watch, &limits, move || {
            open(&source, &settings, &inside, table_entry.as_ref())
        });
        let (info, search) = opened
            .unwrap_or_else(|why| Err(watchdog::error(media.path(), "open it", why, &limits)))?;
        let table = Arc::clone(&search.table);
        Ok(Self { info, table, limits, watch, search: Some(Box::new(search)) })
    }

    /// What is known of the file.
    pub fn info(&self) -> &VideoInfo {
        &self.info
    }

    /// What this file may cost.
    pub fn limits(&self) -> &ReadLimits {
        &self.limits
    }

    /// When each frame is shown.
    pub fn frame_table(&self) -> &FrameTable {
        &self.table
    }

    /// Frames that came out of the decoder since the file was opened: those that were wanted, and those
    /// that they are made from.
    pub fn num_decoded(&self) -> u64 {
        self.watch.num_decoded()
    }

    /// Reads frames by index, in any order, repeats allowed, and gives them in that order.
    ///
    /// # Errors
    /// An index outside the frame table, a frame that cannot be decoded, a transform that does not
    /// fit the picture, more pixels than memory or the limit holds, or a file that hangs.
    pub fn read_frames(
        &mut self,
        frames: &[usize],
        transform: &FrameTransform,
    ) -> Result<FramePixels, VideoError> {
        let (frames, transform) = (frames.to_vec(), *transform);
        self.read(move |search| search.read(&frames, &transform))
    }

    /// Reads every frame, decoding straight through: the way to fill a cache of a small video.
    /// The same bytes as [`VideoReader::read_frames`] of all indices.
    ///
    /// # Errors
    /// As [`VideoReader::read_frames`].
    pub fn read_all(&mut self, transform: &FrameTransform) -> Result<FramePixels, VideoError> {
        let transform = *transform;
        self.read(move |search| search.read_all(&transform))
    }

    /// Reads the clips of a plan made with this file's frame table.
    ///
    /// # Errors
    /// As [`VideoReader::read_frames`].
    pub fn read_clips(
        &mut self,
        plan: &SamplingPlan,
        transform: &FrameTransform,
    ) -> Result<ClipPixels, VideoError> {
        let frames = self.read_frames(&plan.frames(), transform)?;
        Ok(ClipPixels::from_frames(plan, frames))
    }

    /// Reads the next part of a list of growing frames; the first part begins the list. With
    /// `skip_damaged`, frames that cannot be decoded are named by their places in the range.
    pub(crate) fn read_on(
        &mut self,
        list: &Arc<Vec<usize>>,
        range: Range<usize>,
        transform: &FrameTransform,
        skip_damaged: bool,
    ) -> Result<(FramePixels, Vec<usize>), VideoError> {
        let (list, transform) = (Arc::clone(list), *transform);
        self.read(move |search| {
            let (pixels, missing) = search.read_on(&list, range.clone(), &transform)?;
            match missing.first() {
                Some(slot) if !skip_damaged => Err(search.undecodable(list[range.start + slot])),
                _ => Ok((pixels, missing)),
            }
        })
    }

    /// Lends the open file to `work`, and has it back unless the watchdog gave `work` up.
    fn read<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut FrameSearch) -> Result<T, VideoError> + Send + 'static,
    ) -> Result<T, VideoError> {
        let Some(mut search) = self.search.take() else {
            let (path, action) = (self.info.path.clone(), "read frames");
            let reason = "an earlier read from this reader hung".to_owned();
            let limit = self.limits.reached("stall_s");
            return Err(VideoError::GaveUp { path, action, reason, limit });
        };
        let ran = watchdog::run(&self.watch, &self.limits, move || {
            let result = work(&mut search);
            (search, result)
        });
        match ran {
            Ok((search, result)) => {
                self.search = Some(search);
                result
            }
            Err(why) => Err(watchdog::error(&self.info.path, "read frames", why, &self.limits)),
        }
    }
}

fn open(
    media: &MediaSource,
    settings: &ReaderSettings,
    watch: &Arc<Watch>,
    table_entry: Option<&(FrameTableCache, CacheKey)>,
) -> Result<(VideoInfo, FrameSearch), VideoError> {
    let path = media.path.as_path();
    let mut file = probe::open(media, &settings.limits, watch)?;
    let (index, table) = index(&mut file, path, &settings.limits, table_entry)?;
    let orientation = file.orientation;
    let (width, height) = orientation.size(file.stored_width, file.stored_height);
    let info = VideoInfo {
        path: path.to_owned(),
        width,
        height,
        rotation_degrees: orientation.rotation_degrees(),
        duration: table.end(),
        cut_short_of: stated_duration::cut_short_of(&file, &table),
        num_frames: table.len(),
        frame_rate_hz: 1.0 / table.mean_frame_duration().0,
        codec: file.codec.clone(),
        container: file.input.format().name().to_owned(),
        gaps: table.gaps().to_vec(),
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
    Ok((info, search))
}

/// The index from the cache, or read and put there, with its frame table.
fn index(
    file: &mut OpenFile,
    path: &Path,
    limits: &ReadLimits,
    table_entry: Option<&(FrameTableCache, CacheKey)>,
) -> Result<(PacketIndex, FrameTable), VideoError> {
    let cached = table_entry.and_then(|(cache, key)| cache.get(key));
    if let Some(index) = cached.filter(|index| index.stamps.len() <= limits.frames)
        && let Ok(table) = index.frame_table()
    {
        return Ok((index, table));
    }
    let index = index_making::read(file, path, limits)?;
    // What was read of a file that was given up is not all of it, and is not to be kept.
    file.watch.check(path)?;
    let impossible = |found| VideoError::ImpossibleClock { path: path.to_owned(), found };
    let table = index.frame_table().map_err(impossible)?;
    if let Some((cache, key)) = table_entry {
        cache.put(key, &index);
    }
    Ok((index, table))
}
