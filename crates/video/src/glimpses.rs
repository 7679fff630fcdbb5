//! Single small pictures of a file, without reading it whole: for thumbnails and for what a player shows
//! while somebody looks for a place.
//!
//! A [`VideoReader`](crate::VideoReader) knows when every frame is shown and so reads all packets once; a
//! glimpse asks the container alone where to begin. It is therefore cheap in a file of hours, and only
//! as near to the moment as the container's own index. In MPEG-TS and MPEG-PS the clock may tell nothing
//! ([`crate::joined_packets`]): what is known of a file that was read whole is looked up, else it is read once.

use std::path::Path;
use std::sync::Arc;

use ffmpeg::{Packet, codec, frame};
use ffmpeg_the_third as ffmpeg;

use crate::cancel::CancelToken;
use crate::error::VideoError;
use crate::frame_stream;
use crate::frame_table_cache::FrameTableCache;
use crate::key_search::{KeySearch, MOST_BYTES};
use crate::limits::ReadLimits;
use crate::reader_settings::ReaderSettings;
use crate::rgb_conversion::RgbConversion;
use crate::time::Seconds;
use crate::transform::Interpolation;
use crate::unreferenced::{LeaveOut, Unreferenced};
use crate::watchdog::{self, GaveUp, Watch};

/// Frames that are decoded on the way to one picture; then the last one stands for it.
const MOST_FRAMES: usize = 600;
/// Packets behind a moment that are decoded until its picture comes. The decoder is not emptied for it: it
/// may keep what it got before it gave the first picture.
const MOST_BEHIND: usize = 64;

/// Which picture stands for a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nearness {
    /// The key frame before it: one frame is decoded.
    KeyFrame,
    /// The frame that is shown then, or the last one of the first 600 after the key frame.
    Frame,
}

/// Which pictures are wanted, and how large.
#[derive(Clone, Debug, PartialEq)]
pub struct Glimpses {
    /// The moments, in seconds from the start of the file, growing.
    pub times: Vec<Seconds>,
    /// What the file's own clock shows at the start of the file.
    pub start: Seconds,
    /// Which picture stands for a moment.
    pub nearness: Nearness,
    /// Width and height that each picture is made to fit into, keeping its shape, never enlarged.
    pub fit: (u32, u32),
}

/// A small picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glimpse {
    /// Width in pixels, as shown.
    pub width: u32,
    /// Height in pixels, as shown.
    pub height: u32,
    /// `[height, width, 3]`, red, green and blue.
    pub rgb: Vec<u8>,
}

impl Glimpses {
    /// One picture for each moment; none where nothing could be decoded there, or where the file does not say when its pictures
    /// are shown. In `tables` is looked up whether the
    /// file's clock goes on; without, all packets of MPEG-TS and MPEG-PS are read for that.
    ///
    /// # Errors
    /// A file that cannot be opened or has no picture stream, or one that hangs.
    pub fn read(
        &self,
        path: &Path,
        limits: &ReadLimits,
        tables: Option<&FrameTableCache>,
    ) -> Result<Vec<Option<Glimpse>>, VideoError> {
        self.read_until(&CancelToken::default(), path, limits, tables)
    }

    /// The same, ended by the token.
    ///
    /// # Errors
    /// As [`Glimpses::read`]; [`VideoError::Cancelled`] when it was ended.
    pub fn read_until(
        &self,
        cancel: &CancelToken,
        path: &Path,
        limits: &ReadLimits,
        tables: Option<&FrameTableCache>,
    ) -> Result<Vec<Option<Glimpse>>, VideoError> {
        let tables = tables.cloned();
        let watch = Arc::new(Watch::until(cancel));
        let (inside, wanted, place, bounds) =
            (Arc::clone(&watch), self.clone(), path.to_owned(), *limits);
        let read = watchdog::run(&watch, limits, move || {
            let until = wanted.times.last().copied().unwrap_or(Seconds::ZERO);
            let mut looking = Looking::open(&place, until, &bounds, &inside, tables.as_ref())?;
            let times = wanted.times.iter();
            let glimpse = |&time| {
                inside.check(&place)?;
                Ok(looking.glimpse(time, &wanted))
            };
            times.map(glimpse).collect()
        });
        read.unwrap_or_else(|why| Err(gave_up(path, why, limits)))
    }
}

fn gave_up(path: &Path, why: GaveUp, limits: &ReadLimits) -> VideoError {
    let (path, action) = (path.to_owned(), "look into it");
    match why {
        GaveUp::Cancelled => VideoError::Cancelled { path },
        GaveUp::NoThread(source) => {
            VideoError::Io { path, action: "start a thread for it".into(), source }
        }
        GaveUp::Stalled | GaveUp::TookTooLong => {
            let reason = "it takes too long".to_owned();
            VideoError::GaveUp {
                path,
                action: action.into(),
                reason,
                limit: limits.reached("stall_s"),
            }
        }
    }
}

/// A file that is looked into.
struct Looking {
    search: KeySearch,
    decoder: codec::decoder::Video,
    /// The key packet that was decoded last, and its picture.
    last: Option<(i64, Option<Glimpse>)>,
}

impl Looking {
    fn open(
        path: &Path,
        until: Seconds,
        limits: &ReadLimits,
        watch: &Arc<Watch>,
        tables: Option<&FrameTableCache>,
    ) -> Result<Self, VideoError> {
        let search = KeySearch::open(path, until, limits, watch, tables)?;
        let settings =
            ReaderSettings { limits: *limits, decoder_threads: 1, ..ReaderSettings::default() };
        let decoder = frame_stream::open_decoder(path, &search.file, &settings)?;
        Ok(Self { search, decoder, last: None })
    }

    fn glimpse(&mut self, time: Seconds, wanted: &Glimpses) -> Option<Glimpse> {
        let (target, ticks_hz) = self.search.ticks(time, wanted.start)?;
        let mut first = self.search.key_packet(target, ticks_hz)?;
        // Containers seek by when a packet is decoded, which is earlier than it is shown.
        if let (Some(dts), true) = (first.dts(), first.pts().is_some_and(|pts| pts > target))
            && let Some(earlier) = self.search.key_packet(dts - 1, ticks_hz)
        {
            first = earlier;
        }
        self.decoder.flush();
        let stamp = first.pts().or(first.dts()).unwrap_or(i64::MIN);
        match wanted.nearness {
            Nearness::KeyFrame => {
                if let Some((_, glimpse)) = self.last.as_ref().filter(|(last, _)| *last == stamp) {
                    return glimpse.clone();
                }
                let glimpse = self.frame_alone(first).and_then(|frame| self.small(&frame, wanted));
                self.last = Some((stamp, glimpse.clone()));
                glimpse
            }
            Nearness::Frame => {
                let frame = self.frame_at(first, target)?;
                self.small(&frame, wanted)
            }
        }
    }

    /// The picture of one packet, with no others after it.
    fn frame_alone(&mut self, packet: Packet) -> Option<frame::Video> {
        let mut frame = frame::Video::empty();
        self.decoder.send_packet(&packet).ok()?;
        if self.decoder.receive_frame(&mut frame).is_ok() {
            return Some(frame);
        }
        self.decoder.send_eof().ok()?;
        self.decoder.receive_frame(&mut frame).ok().map(|()| frame)
    }

    /// The last picture that begins at or before `target`, from this packet on. On the way those are left
    /// out that it is not made from, as far as headers tell.
    fn frame_at(&mut self, first: Packet, target: i64) -> Option<frame::Video> {
        let packets = self.packets_up_to(first, target);
        let begin = packets.iter().map(Packet::pts);
        let all_say = begin.clone().all(|pts| pts.is_some());
        let wanted = begin.flatten().filter(|pts| *pts <= target).max().filter(|_| all_say);
        let mut unreferenced =
            Unreferenced::new(self.search.file.codec_id, self.search.file.header());
        let mut best = None;
        let most = packets.len() + MOST_BEHIND;
        let mut packets = packets.into_iter();
        for _ in 0..most {
            if self.search.file.watch.is_given_up() {
                return None;
            }
            let Some(packet) = packets.next().or_else(|| self.search.packet()) else { break };
            let leave_out = unreferenced.tell(packet.data().unwrap_or_default());
            let is_needed = wanted.is_none() || packet.pts() == wanted;
            let leave_out = if is_needed { LeaveOut::Nothing } else { leave_out };
            // A damaged packet gives no picture, and the next one may.
            let _ = leave_out.send(&packet, &mut self.decoder);
            if self.is_reached(target, wanted, &mut best) {
                return best;
            }
        }
        let _ = self.decoder.send_eof();
        self.is_reached(target, wanted, &mut best);
        best
    }

    /// This packet and those behind it, up to the first whose picture begins behind `target`.
    fn packets_up_to(&mut self, first: Packet, target: i64) -> Vec<Packet> {
        let mut packets = vec![first];
        let mut num_bytes = 0;
        while packets.len() < MOST_FRAMES && num_bytes < MOST_BYTES {
            let Some(packet) = self.search.packet() else { break };
            num_bytes += packet.size();
            // A picture is decoded before it is shown.
            let is_behind = packet.dts().or(packet.pts()).is_some_and(|decoded| decoded > target);
            packets.push(packet);
            if is_behind {
                break;
            }
        }
        packets
    }

    /// Takes what the decoder has to give, the last in `best`, and tells whether the picture at `target` is
    /// among it. Behind that moment only a first picture is taken.
    fn is_reached(
        &mut self,
        target: i64,
        wanted: Option<i64>,
        best: &mut Option<frame::Video>,
    ) -> bool {
        loop {
            let mut frame = frame::Video::empty();
            if self.decoder.receive_frame(&mut frame).is_err() {
                return false;
            }
            let stamp = frame.pts().or(frame.timestamp()).unwrap_or(i64::MIN);
            let is_behind = stamp > target;
            if !is_behind || best.is_none() {
                *best = Some(frame);
            }
            if is_behind || wanted == Some(stamp) {
                return true;
            }
        }
    }

    /// The picture as shown, made to fit.
    fn small(&self, frame: &frame::Video, wanted: &Glimpses) -> Option<Glimpse> {
        let orientation = self.search.file.orientation;
        let shown = orientation.size(frame.width(), frame.height());
        let (width, height) = fitting(shown, wanted.fit);
        let stored = orientation.size(width, height);
        let mut conversion = RgbConversion::new(stored, Interpolation::Bilinear).ok()?;
        let scaled = conversion.run(frame).ok()?;
        let mut rgb = vec![0; width as usize * height as usize * 3];
        let stored = (stored.0 as usize, stored.1 as usize);
        orientation.apply(scaled.data(0), scaled.stride(0), stored, &mut rgb);
        Some(Glimpse { width, height, rgb })
    }
}

/// The largest size of this shape within the bounds, never larger than the picture is.
fn fitting((width, height): (u32, u32), (most_width, most_height): (u32, u32)) -> (u32, u32) {
    let (width, height) = (f64::from(width.max(1)), f64::from(height.max(1)));
    let scale = (f64::from(most_width) / width).min(f64::from(most_height) / height).min(1.0);
    let side = |length: f64| (length * scale).round().max(1.0) as u32;
    (side(width), side(height))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{Encoder, EncoderSettings};

    /// 4 s of grey, 10 frames a second, each frame 6 brighter than the one before, a key frame a second.
    fn fading(rotation_degrees: u16) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fading.mp4");
        let settings = EncoderSettings { rotation_degrees, ..EncoderSettings::new(64, 48, 10) };
        let mut encoder = Encoder::create(&path, settings).unwrap();
        for grey in 0..40 {
            encoder.push(&vec![grey * 6; 64 * 48 * 3]).unwrap();
        }
        encoder.finish().unwrap();
        (folder, path)
    }

    fn greys(path: &Path, nearness: Nearness, times: &[f64]) -> Vec<i32> {
        let times = times.iter().map(|&time| Seconds(time)).collect();
        let wanted = Glimpses { times, start: Seconds::ZERO, nearness, fit: (32, 32) };
        let read = wanted.read(path, &ReadLimits::default(), None).unwrap();
        read.into_iter().map(|one| i32::from(one.unwrap().rgb[0])).collect()
    }

    fn is_near(found: &[i32], expected: &[i32]) {
        let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 3);
        assert!(near && found.len() == expected.len(), "{found:?}, not {expected:?}");
    }

    #[test]
    fn the_key_frame_before_a_moment_stands_for_it() {
        let (_folder, path) = fading(0);
        let found = greys(&path, Nearness::KeyFrame, &[0.0, 0.95, 1.0, 2.5, 3.9]);
        is_near(&found, &[0, 0, 60, 120, 180]);
    }

    #[test]
    fn the_frame_shown_at_a_moment_is_found() {
        let (_folder, path) = fading(0);
        // Frame 9 is shown from 0.9 to 1.0 s, frame 25 from 2.5 s, and the last one for ever.
        let found = greys(&path, Nearness::Frame, &[0.0, 0.95, 2.55, 3.95, 9.0]);
        is_near(&found, &[0, 54, 150, 234, 234]);
    }

    #[test]
    fn the_frame_at_every_moment_is_found_among_b_frames() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.mp4");
        let settings =
            EncoderSettings { key_frame_interval: 30, ..EncoderSettings::new(64, 48, 10) };
        let settings = EncoderSettings { max_b_frames: 3, ..settings };
        let mut encoder = Encoder::create(&path, settings).unwrap();
        (0..40).for_each(|grey| encoder.push(&vec![grey * 6; 64 * 48 * 3]).unwrap());
        encoder.finish().unwrap();
        let times: Vec<f64> = (0..40).map(|frame| f64::from(frame) / 10.0 + 0.05).collect();
        let expected: Vec<i32> = (0..40).map(|frame| frame * 6).collect();
        is_near(&greys(&path, Nearness::Frame, &times), &expected);
    }

    #[test]
    fn a_picture_is_turned_and_keeps_its_shape() {
        let (_folder, path) = fading(90);
        let (times, start) = (vec![Seconds(1.0)], Seconds::ZERO);
        let wanted = Glimpses { times, start, nearness: Nearness::KeyFrame, fit: (100, 32) };
        let found = wanted.read(&path, &ReadLimits::default(), None).unwrap().remove(0).unwrap();
        assert_eq!((found.width, found.height, found.rgb.len()), (24, 32, 24 * 32 * 3));
    }

    #[test]
    fn a_small_picture_is_not_enlarged() {
        assert_eq!(fitting((64, 48), (320, 180)), (64, 48));
        assert_eq!(fitting((1920, 1080), (320, 320)), (320, 180));
        assert_eq!(fitting((10_000, 1), (320, 180)), (320, 1));
    }

    #[test]
    fn the_decoder_gets_no_text_of_a_png() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("texts.png");
        std::fs::write(&path, crate::png_texts::tests::picture(&[b"zTXt", b"iCCP"])).unwrap();
        let (limits, watch) = (ReadLimits::default(), Arc::default());
        let mut search = KeySearch::open(&path, Seconds::ZERO, &limits, &watch, None).unwrap();
        let packet = search.packet().unwrap();
        let holds = |kind: &[u8]| packet.data().unwrap().windows(4).any(|it| it == kind);
        assert!(holds(b"IDAT") && !holds(b"zTXt") && !holds(b"iCCP"));
        is_near(&greys(&path, Nearness::Frame, &[0.0]), &[90]);
    }

    #[test]
    fn what_is_no_video_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.mp4");
        std::fs::write(&path, "no video").unwrap();
        let (times, start) = (vec![Seconds::ZERO], Seconds::ZERO);
        let wanted = Glimpses { times, start, nearness: Nearness::Frame, fit: (32, 32) };
        assert!(wanted.read(&path, &ReadLimits::default(), None).is_err());
    }
}
