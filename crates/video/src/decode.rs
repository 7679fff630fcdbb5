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
use crate::decoded_here::DecodedHere;
use crate::error::VideoError;
use crate::frame_table::FrameTable;
use crate::frame_table_cache::FrameTableCache;
use crate::limits::ReadLimits;
use crate::media_location::MediaLocation;
use crate::open_video::{OpenVideo, Opened, Wanted};
use crate::pixels::{ClipPixels, FramePixels};
use crate::probe::{MediaSource, VideoInfo};
use crate::reader_settings::ReaderSettings;
use crate::sampling::SamplingPlan;
use crate::sandbox;
use crate::transform::FrameTransform;

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
    video: Box<dyn OpenVideo>,
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
    /// fetched first, outside the time limits of reading. After [`sandbox::enter`] a worker has it open.
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
        if let Some(workers) = sandbox::entered() {
            return workers.open(media, settings, cache);
        }
        // Asked before the packets are read: a file that changes meanwhile makes an entry that does
        // not hold.
        let entry = cache.and_then(|cache| Some((cache.clone(), FrameTableCache::key(media)?)));
        let kept = entry.clone();
        let known = move || kept.and_then(|(cache, key)| cache.get(&key));
        let keep = move |index: &_| entry.iter().for_each(|(cache, key)| cache.put(key, index));
        let source = MediaSource { path: media.path().to_owned(), stretch: media.open_part()? };
        let (video, seen, table) = DecodedHere::open(cancel, source, settings, known, keep)?;
        Ok(Self::of(media, settings, (Box::new(video), seen, table)))
    }

    pub(crate) fn of(
        media: &MediaLocation,
        settings: ReaderSettings,
        (video, seen, table): Opened,
    ) -> Self {
        let info = seen.info(media.path(), &table);
        Self { info, table, limits: settings.limits, video }
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
        self.video.num_decoded()
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
        Ok(self.video.read(Wanted::Frames(frames.to_vec()), transform)?.0)
    }

    /// Reads every frame, decoding straight through: the way to fill a cache of a small video.
    /// The same bytes as [`VideoReader::read_frames`] of all indices.
    ///
    /// # Errors
    /// As [`VideoReader::read_frames`].
    pub fn read_all(&mut self, transform: &FrameTransform) -> Result<FramePixels, VideoError> {
        Ok(self.video.read(Wanted::All, transform)?.0)
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
        self.video.read(Wanted::Part { list: Arc::clone(list), range, skip_damaged }, transform)
    }
}
