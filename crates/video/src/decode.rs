//! Frames of a video file by index, decoding no more than needed.
//!
//! [`VideoReader::open`] reads the packets once and makes the frame table.
//! [`VideoReader::read_frames`] goes through the wanted frames in the order of time: where the next
//! one lies beyond a later key frame it seeks there, decodes from that key frame, and leaves out on
//! the way what no other frame is made from. The pixels equal those of decoding everything.
//! Containers that cannot seek exactly are decoded from the start.
//!
//! A frame that does not come this way is tried again with nothing left out, then from the start of
//! the file; one that does not come at all is an error with its time. No other picture ever stands
//! in for it.
//!
//! Not followed: pixels that are not square are given as stored, a turn noted in the codec's own
//! data and not in the container is not made, and of interlaced MPEG-TS with one picture per field
//! every second field counts as a frame that cannot be decoded.
//!
//! Memory holds the frames asked for and the decoder's own few, never the whole file.

use std::path::Path;

use ffmpeg_the_third::frame;
use serde::{Deserialize, Serialize};

use crate::error::VideoError;
use crate::ffmpeg_log;
use crate::frame_stream::{FrameStream, Position};
use crate::frame_table::FrameTable;
use crate::orientation::Orientation;
use crate::packet_index::{self, Access, KeyPacket, PacketIndex};
use crate::pixels::{ClipPixels, FramePixels};
use crate::probe::{self, VideoInfo};
use crate::sampling::SamplingPlan;
use crate::scale::FrameScaler;
use crate::transform::FrameTransform;

/// How a reader works; what it reads is the same in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReaderSettings {
    /// Threads of the decoder. Default 1: reading several videos at once uses processors better
    /// than this.
    pub decoder_threads: usize,
}

impl Default for ReaderSettings {
    fn default() -> Self {
        Self { decoder_threads: 1 }
    }
}

/// An open video file.
pub struct VideoReader {
    info: VideoInfo,
    table: FrameTable,
    index: PacketIndex,
    orientation: Orientation,
    stream: FrameStream,
}

/// How to get at frames; each is more thorough and slower than the one before.
#[derive(Clone, Copy, PartialEq)]
enum Effort {
    SeekAndLeaveOut,
    Seek,
    FromStart,
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
        let mut file = probe::open(path)?;
        let (index, table) = packet_index::read(&mut file, path)?;
        let orientation = file.orientation;
        let (width, height) = orientation.size(file.stored_width, file.stored_height);
        let info = VideoInfo {
            path: path.to_owned(),
            width,
            height,
            rotation_degrees: orientation.rotation_degrees(),
            duration: table.end(),
            num_frames: table.len(),
            frame_rate_hz: 1.0 / table.mean_frame_duration().0,
            codec: file.codec.clone(),
            container: file.input.format().name().to_owned(),
        };
        let stream = FrameStream::new(path, file, settings.decoder_threads.max(1))?;
        Ok(Self { info, table, index, orientation, stream })
    }

    /// What is known of the file.
    pub fn info(&self) -> &VideoInfo {
        &self.info
    }

    /// When each frame is shown.
    pub fn frame_table(&self) -> &FrameTable {
        &self.table
    }

    /// Reads frames by index, in any order, repeats allowed, and gives them in that order.
    ///
    /// # Errors
    /// An index outside the frame table, a frame that cannot be decoded, a transform that does not
    /// fit the picture, or more pixels than memory holds.
    pub fn read_frames(
        &mut self,
        frames: &[usize],
        transform: &FrameTransform,
    ) -> Result<FramePixels, VideoError> {
        let efforts: &[Effort] = match self.index.access {
            Access::Seek => &[Effort::SeekAndLeaveOut, Effort::Seek, Effort::FromStart],
            Access::FromStart | Access::Counted => &[Effort::FromStart],
        };
        self.read(frames, transform, efforts)
    }

    /// Reads every frame, decoding straight through: the way to fill a cache of a small video.
    /// The same bytes as [`VideoReader::read_frames`] of all indices.
    ///
    /// # Errors
    /// As [`VideoReader::read_frames`].
    pub fn read_all(&mut self, transform: &FrameTransform) -> Result<FramePixels, VideoError> {
        let frames: Vec<usize> = (0..self.table.len()).collect();
        self.read(&frames, transform, &[Effort::FromStart])
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

    fn read(
        &mut self,
        frames: &[usize],
        transform: &FrameTransform,
        efforts: &[Effort],
    ) -> Result<FramePixels, VideoError> {
        ffmpeg_log::listen();
        let (path, num_frames) = (&self.info.path, self.table.len());
        if let Some(&frame) = frames.iter().find(|frame| **frame >= num_frames) {
            return Err(VideoError::NoSuchFrame { path: path.clone(), frame, num_frames });
        }
        let shown = (self.info.width, self.info.height);
        let misfit = |reason| {
            let (width, height) = shown;
            VideoError::Transform { path: self.info.path.clone(), width, height, reason }
        };
        let mut scaler = FrameScaler::new(transform, self.orientation, shown).map_err(misfit)?;
        let mut pixels = self.empty_pixels(frames.len(), scaler.output_size())?;
        let frame_bytes = pixels.frame_bytes();

        // Where each wanted frame goes first; its repeats are copied from there.
        let mut slots: Vec<(usize, usize)> = frames.iter().copied().zip(0..).collect();
        slots.sort_unstable();
        let repeats = slots.clone();
        slots.dedup_by_key(|(frame, _)| *frame);

        let mut missing = slots.clone();
        for effort in efforts {
            let write = |slot: usize, stored: &frame::Video| {
                let out = &mut pixels.data[slot * frame_bytes..(slot + 1) * frame_bytes];
                scaler.write(stored, out)
            };
            missing = collect(&mut self.stream, &self.index, &missing, *effort, write)?
                .map_err(misfit)?;
            if missing.is_empty() {
                break;
            }
        }
        if let Some(&(frame, _)) = missing.first() {
            let (path, at) = (self.info.path.clone(), self.table.times()[frame]);
            return Err(VideoError::Undecodable { path, frame, at, said: ffmpeg_log::said() });
        }
        for pair in repeats.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            let (from, to) = (pair[0].1 * frame_bytes, pair[1].1 * frame_bytes);
            pixels.data.copy_within(from..from + frame_bytes, to);
        }
        Ok(pixels)
    }

    fn empty_pixels(
        &self,
        num_frames: usize,
        (width, height): (u32, u32),
    ) -> Result<FramePixels, VideoError> {
        let too_large = || {
            let path = self.info.path.clone();
            VideoError::TooLarge { path, frames: num_frames, width, height }
        };
        let bytes = [width as usize, height as usize, 3];
        let bytes = bytes.iter().try_fold(num_frames, |product, side| product.checked_mul(*side));
        let mut data = Vec::new();
        let bytes = bytes.ok_or_else(too_large)?;
        data.try_reserve_exact(bytes).map_err(|_| too_large())?;
        data.resize(bytes, 0);
        Ok(FramePixels { data, num_frames, height: height as usize, width: width as usize })
    }
}

/// Hands every wanted frame, by (frame, slot) in the order of time, to `write`, and returns those
/// that did not come. The inner error is `write`'s.
fn collect(
    stream: &mut FrameStream,
    index: &PacketIndex,
    wanted: &[(usize, usize)],
    effort: Effort,
    mut write: impl FnMut(usize, &frame::Video) -> Result<(), String>,
) -> Result<Result<Vec<(usize, usize)>, String>, VideoError> {
    let stamps: Vec<i64> = wanted.iter().map(|(frame, _)| index.stamp(*frame)).collect();
    let leave_out = (effort == Effort::SeekAndLeaveOut).then_some(stamps.as_slice());
    if index.access == Access::Seek {
        // What an earlier read left out on the way may be wanted now.
        stream.forget_position();
    }
    let mut missed = Vec::new();
    let mut sought = None;
    let mut next = 0;
    while next < wanted.len() {
        if !go_before(stream, index, stamps[next], effort, &mut sought)? {
            missed.push(wanted[next]);
            next += 1;
            continue;
        }
        match stream.advance(index.access, leave_out) {
            // The end of the file: what is still wanted may lie behind another key frame.
            None => {
                let from_start = effort == Effort::FromStart;
                let end = if from_start { wanted.len() } else { next + 1 };
                missed.extend_from_slice(&wanted[next..end]);
                next = end;
            }
            Some(stamp) => {
                while next < wanted.len() && stamps[next] < stamp {
                    missed.push(wanted[next]);
                    next += 1;
                }
                if next < wanted.len() && stamps[next] == stamp {
                    if let Err(reason) = write(wanted[next].1, stream.frame()) {
                        return Ok(Err(reason));
                    }
                    next += 1;
                }
            }
        }
    }
    Ok(Ok(missed))
}

/// Makes sure that the frame with this stamp is still to come, by the shortest way; false where
/// there is none.
///
/// `sought` is the key packet that the stream last went to. It is not sought twice in a row: in a
/// file with damaged times the stream may never come to stand behind it.
fn go_before(
    stream: &mut FrameStream,
    index: &PacketIndex,
    stamp: i64,
    effort: Effort,
    sought: &mut Option<KeyPacket>,
) -> Result<bool, VideoError> {
    if effort == Effort::FromStart {
        let passed = stream.last_stamp().is_some_and(|last| last >= stamp);
        if stream.position() == Position::Nowhere || passed {
            stream.rewind()?;
        }
        return Ok(true);
    }
    let Some(key) = index.key_at_or_before(stamp) else { return Ok(false) };
    let on_the_way = match stream.position() {
        Position::Before(order) => key.order <= order || *sought == Some(key),
        Position::Draining => true,
        Position::Nowhere => false,
    };
    if on_the_way {
        return Ok(true);
    }
    if *sought == Some(key) {
        return Ok(false);
    }
    *sought = Some(key);
    Ok(stream.seek(key, index))
}
