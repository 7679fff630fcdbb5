//! The wanted frames of one file, found in its stream of frames and brought into form.
//!
//! Goes through the wanted frames in the order of time: where the next one lies beyond a later key
//! frame it seeks there, decodes from that key frame, and leaves out on the way what no other frame
//! is made from. Files without exact seeking are gone through from the start, with the same left out.
//! A frame that does not come this way is tried again with nothing left out, then from the start of the
//! file.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use ffmpeg_the_third::frame;

use crate::error::VideoError;
use crate::ffmpeg_log;
use crate::frame_stream::{FrameStream, Position};
use crate::frame_table::FrameTable;
use crate::open_video::Wanted;
use crate::orientation::Orientation;
use crate::packet_index::{Access, KeyPacket, PacketIndex};
use crate::pixels::FramePixels;
use crate::reader_settings::DamagedFrames;
use crate::sandbox;
use crate::scale::{self, FrameScaler};
use crate::transform::FrameTransform;

/// Everything that is needed to get at the frames of one open file.
pub(crate) struct FrameSearch {
    pub(crate) path: PathBuf,
    /// Width and height as shown.
    pub(crate) shown: (u32, u32),
    pub(crate) orientation: Orientation,
    pub(crate) index: PacketIndex,
    pub(crate) table: Arc<FrameTable>,
    pub(crate) stream: FrameStream,
    /// Most pixels of a picture on the way.
    pub(crate) frame_pixels: u64,
    /// Most bytes that one read may return.
    pub(crate) output_bytes: u64,
    pub(crate) damaged_frames: DamagedFrames,
    /// Stamps of the list that is read part by part.
    pub(crate) list_stamps: Vec<i64>,
    /// Whether frames did not come from the start of the file where others were left out. Another start
    /// for each such frame would take hours.
    pub(crate) leaving_out_failed: bool,
}

/// How to get at frames.
#[derive(Clone, Copy, PartialEq)]
struct Effort {
    from: From,
    leaves_out: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum From {
    Key,
    Start,
}

/// Each is more thorough and slower than the one before.
const SEEKING: [Effort; 3] = [
    Effort { from: From::Key, leaves_out: true },
    Effort { from: From::Key, leaves_out: false },
    STRAIGHT_THROUGH,
];

/// The same for files without exact seeking.
const FROM_START: [Effort; 2] = [Effort { from: From::Start, leaves_out: true }, STRAIGHT_THROUGH];

const STRAIGHT_THROUGH: Effort = Effort { from: From::Start, leaves_out: false };

impl FrameSearch {
    /// The wanted frames, and the places of those that cannot be decoded, where that is no error.
    pub(crate) fn read_wanted(
        &mut self,
        wanted: &Wanted,
        transform: &FrameTransform,
    ) -> Result<(FramePixels, Vec<usize>), VideoError> {
        let pixels = match wanted {
            Wanted::Frames(frames) => self.read_with(frames, transform, self.efforts())?,
            Wanted::All => self.read_all(transform)?,
            Wanted::Part { list, range, skip_damaged } => {
                let (pixels, missing) = self.read_on(list, range.clone(), transform)?;
                return match missing.first() {
                    Some(slot) if !skip_damaged => Err(self.undecodable(list[range.start + slot])),
                    _ => Ok((pixels, missing)),
                };
            }
        };
        Ok((pixels, Vec::new()))
    }

    fn efforts(&self) -> &'static [Effort] {
        match self.index.access {
            Access::Seek => &SEEKING,
            Access::FromStart if !self.leaving_out_failed => &FROM_START,
            // Frames that are counted must all come.
            Access::FromStart | Access::Counted => &[STRAIGHT_THROUGH],
        }
    }

    /// The next part, by `range`, of a list of growing frames that is read part by part, the first
    /// part first: goes on where the part before ended. Frames that cannot be decoded are black here
    /// and named, by their places in the range.
    fn read_on(
        &mut self,
        list: &[usize],
        range: Range<usize>,
        transform: &FrameTransform,
    ) -> Result<(FramePixels, Vec<usize>), VideoError> {
        if range.start == 0 {
            // What an earlier read left out on the way may be wanted now.
            self.stream.forget_position();
            let known = list.iter().filter(|frame| **frame < self.table.len());
            self.list_stamps = Vec::with_capacity(list.len());
            self.list_stamps.extend(known.map(|frame| self.index.stamp(*frame)));
        }
        let efforts = self.efforts();
        let list_stamps = std::mem::take(&mut self.list_stamps);
        let read = self.read_what_comes(&list[range], transform, efforts, Some(&list_stamps));
        self.list_stamps = list_stamps;
        read
    }

    /// The error of a frame that does not come.
    fn undecodable(&self, frame: usize) -> VideoError {
        let (path, at) = (self.path.clone(), self.table.times()[frame]);
        let way_out = if self.index.begins_recording(frame) {
            "another recording begins there that is damaged, or the header of the file is not its own; \
             get it again with its own header (of segments, the one that their playlist names for \
             them), or leave that span out"
        } else {
            "the file is damaged there, so copy it again or leave that span out"
        };
        VideoError::Undecodable {
            path,
            frame,
            at,
            said: ffmpeg_log::said(),
            way_out: way_out.into(),
        }
    }

    /// Every frame, straight through.
    fn read_all(&mut self, transform: &FrameTransform) -> Result<FramePixels, VideoError> {
        let frames: Vec<usize> = (0..self.table.len()).collect();
        self.read_with(&frames, transform, &[STRAIGHT_THROUGH])
    }

    fn read_with(
        &mut self,
        frames: &[usize],
        transform: &FrameTransform,
        efforts: &[Effort],
    ) -> Result<FramePixels, VideoError> {
        let (pixels, missing) = self.read_what_comes(frames, transform, efforts, None)?;
        match missing.first() {
            Some(slot) => Err(self.undecodable(frames[*slot])),
            None => Ok(pixels),
        }
    }

    fn read_what_comes(
        &mut self,
        frames: &[usize],
        transform: &FrameTransform,
        efforts: &[Effort],
        whole_list: Option<&[i64]>,
    ) -> Result<(FramePixels, Vec<usize>), VideoError> {
        ffmpeg_log::listen();
        let num_frames = self.table.len();
        if let Some(&frame) = frames.iter().find(|frame| **frame >= num_frames) {
            return Err(VideoError::NoSuchFrame { path: self.path.clone(), frame, num_frames });
        }
        let (width, height) = self.shown;
        let path = self.path.clone();
        let misfit = |reason| VideoError::Transform { path: path.clone(), width, height, reason };
        self.check_scaled(transform)?;
        let mut scaler =
            FrameScaler::new(transform, self.orientation, self.shown).map_err(misfit)?;
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
                scaler.write(stored, out).map_err(misfit)
            };
            let missed = self.collect(&missing, *effort, whole_list, write)?;
            missing = missed.frames;
            // Reading more thoroughly mends what was left out, not what is broken in the file.
            if missing.is_empty() || missed.some_damaged && *effort != SEEKING[0] {
                break;
            }
            self.leaving_out_failed |= *effort == FROM_START[0];
        }
        for pair in repeats.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            let (from, to) = (pair[0].1 * frame_bytes, pair[1].1 * frame_bytes);
            pixels.data.copy_within(from..from + frame_bytes, to);
        }
        Ok((pixels, missing.into_iter().map(|(_, slot)| slot).collect()))
    }

    /// Before anything is made of that size.
    fn check_scaled(&self, transform: &FrameTransform) -> Result<(), VideoError> {
        let (scaled_width, scaled_height) = scale::largest_made(transform, self.shown);
        let most = self.frame_pixels;
        if u64::from(scaled_width) * u64::from(scaled_height) <= most {
            return Ok(());
        }
        let (path, (width, height)) = (self.path.clone(), self.shown);
        Err(VideoError::TooManyScaledPixels {
            path,
            width,
            height,
            scaled_width,
            scaled_height,
            most,
        })
    }

    fn empty_pixels(
        &self,
        num_frames: usize,
        (width, height): (u32, u32),
    ) -> Result<FramePixels, VideoError> {
        let too_large = || {
            let path = self.path.clone();
            VideoError::TooLarge {
                path,
                frames: num_frames,
                width,
                height,
                most: self.output_bytes,
            }
        };
        let bytes = [width as usize, height as usize, 3];
        let bytes = bytes.iter().try_fold(num_frames, |product, side| product.checked_mul(*side));
        let mut data = Vec::new();
        let within = |bytes: &usize| *bytes as u64 <= self.output_bytes;
        let bytes = bytes.filter(within).ok_or_else(too_large)?;
        data.try_reserve_exact(bytes).map_err(|_| {
            sandbox::end_without_memory();
            too_large()
        })?;
        data.resize(bytes, 0);
        Ok(FramePixels { data, num_frames, height: height as usize, width: width as usize })
    }

    /// Hands every wanted frame, by (frame, slot) in the order of time, to `write`, and returns those
    /// that did not come. With `whole_list`, the stamps of a list that is read part by part, it goes
    /// on where the stream stands, and keeps what later parts want.
    fn collect(
        &mut self,
        wanted: &[(usize, usize)],
        effort: Effort,
        whole_list: Option<&[i64]>,
        mut write: impl FnMut(usize, &frame::Video) -> Result<(), VideoError>,
    ) -> Result<Missed, VideoError> {
        let Self { index, stream, .. } = self;
        let stamps: Vec<i64> = wanted.iter().map(|(frame, _)| index.stamp(*frame)).collect();
        let all_wanted = whole_list.unwrap_or(&stamps);
        let leave_out = effort.leaves_out.then_some(all_wanted);
        let goes_on = whole_list.is_some() && effort == SEEKING[0];
        if index.access == Access::Seek && !goes_on {
            // What an earlier read left out on the way may be wanted now.
            stream.forget_position();
        }
        let mut missed = Missed::default();
        let mut sought = None;
        let mut next = 0;
        while next < wanted.len() {
            if !go_before(stream, index, stamps[next], effort, &mut sought)? {
                missed.frames.push(wanted[next]);
                next += 1;
                continue;
            }
            match stream.advance(index, leave_out) {
                // The end of the file: what is still wanted may lie behind another key frame.
                None => {
                    let end = if effort.from == From::Start { wanted.len() } else { next + 1 };
                    missed.frames.extend_from_slice(&wanted[next..end]);
                    next = end;
                }
                Some(stamp) => {
                    while next < wanted.len() && stamps[next] < stamp {
                        missed.some_damaged |= stream.is_damaged(index, stamps[next]);
                        missed.frames.push(wanted[next]);
                        next += 1;
                    }
                    if next < wanted.len() && stamps[next] == stamp {
                        if self.damaged_frames == DamagedFrames::Refuse
                            && stream.is_damaged(index, stamp)
                        {
                            missed.some_damaged = true;
                            missed.frames.push(wanted[next]);
                        } else {
                            write(wanted[next].1, stream.frame())?;
                        }
                        next += 1;
                    }
                }
            }
        }
        Ok(missed)
    }
}

/// Wanted frames that did not come, or not whole.
#[derive(Default)]
struct Missed {
    /// By (frame, slot).
    frames: Vec<(usize, usize)>,
    /// Whether the file is known to be damaged where one of them lies.
    some_damaged: bool,
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
    if effort.from == From::Start {
        if stream.position() == Position::Nowhere || stream.is_past(stamp) {
            stream.rewind()?;
        }
        return Ok(true);
    }
    let Some(key) = index.key_at_or_before(stamp) else { return Ok(false) };
    let on_the_way = match stream.position() {
        Position::Before(order) | Position::Restarting(order) => {
            key.order <= order || *sought == Some(key)
        }
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
