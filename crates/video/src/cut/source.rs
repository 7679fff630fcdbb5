//! The file that is cut: its streams, its clock, and the key frame to begin at.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ffmpeg::format::context::Input;
use ffmpeg::{Discard, Packet, Rational, ffi, media};
use ffmpeg_the_third as ffmpeg;

use crate::error::VideoError;
use crate::ffmpeg_log;
use crate::frame_table_cache::FrameTableCache;
use crate::index_making::file_start_s;
use crate::joined_packets::{self, JoinedPackets, Reading};
use crate::limits::ReadLimits;
use crate::probe::{self, Look, MediaSource};
use crate::time::{Seconds, TimeSpan};
use crate::watchdog::Watch;

/// An open file whose best video stream and sound are read.
pub(super) struct CutSource {
    path: PathBuf,
    limits: ReadLimits,
    pub(super) input: Input,
    /// The video stream.
    pub(super) video: usize,
    /// The streams of sound, the best one first.
    pub(super) sounds: Vec<usize>,
    /// The container's clock at the start of the file.
    origin_s: f64,
    /// Of a file whose clock does not tell where a moment lies: its packets, each in its place.
    joined: Option<JoinedPackets>,
    /// Asked by `input`, so dropped after it.
    watch: Arc<Watch>,
}

impl CutSource {
    pub(super) fn open(
        path: &Path,
        limits: &ReadLimits,
        watch: &Arc<Watch>,
    ) -> Result<Self, VideoError> {
        probe::check_plain_file(path)?;
        let url = probe::file_url(path)?;
        let opened = probe::open_input(&url, None, limits, watch, Look::Usual);
        let mut input = opened.map_err(|code| VideoError::NotAVideo {
            path: path.to_owned(),
            said: ffmpeg_log::said(),
            code,
        })?;
        let found = "no pictures".to_owned();
        let none = || VideoError::NoVideoStream { path: path.to_owned(), found };
        let video = probe::best_video(&input).map(|stream| stream.index()).ok_or_else(none)?;
        let best = input.streams().best(media::Type::Audio).map(|stream| stream.index());
        let is_sound = |stream: &ffmpeg::Stream<'_>| {
            stream.parameters().medium() == media::Type::Audio && Some(stream.index()) != best
        };
        let others = input.streams().filter(is_sound).map(|stream| stream.index());
        let sounds: Vec<usize> = best.into_iter().chain(others).collect();
        for index in 0..input.nb_streams() as usize {
            if let Some(mut other) = input.stream_mut(index) {
                let discard = index != video && !sounds.contains(&index);
                let discard = if discard { Discard::All } else { Discard::Default };
                // SAFETY: the stream belongs to `input`, which is alive.
                unsafe { (*other.as_mut_ptr()).discard = discard.into() };
            }
        }
        let first_s = input.stream(video).map_or(0.0, |stream| {
            let tick = stream.time_base();
            stream.start_time() as f64 * f64::from(tick.0) / f64::from(tick.1)
        });
        let origin_s = file_start_s(&input, first_s);
        let (path, watch) = (path.to_owned(), Arc::clone(watch));
        let joined = None;
        Ok(Self { path, limits: *limits, input, video, sounds, origin_s, joined, watch })
    }

    /// Looks whether the clock of the file tells where the span lies; where it does not, the packets are placed.
    pub(super) fn place_joined(
        &mut self,
        span: TimeSpan,
        tables: Option<&FrameTableCache>,
    ) -> Result<(), VideoError> {
        let media = MediaSource { path: self.path.clone(), stretch: None };
        let wanted = (&self.input, span.end);
        match joined_packets::reading(&media, wanted, &self.limits, &self.watch, tables) {
            Reading::ByClock => {}
            Reading::Placed(index) => self.take_joined(JoinedPackets::new(index, self.video)),
            Reading::Untold => {
                let reason = "the file does not say when its pictures are shown; convert it first: ffmpeg -i FILE \
                              -c:v libx264 -c:a aac FILE.mkv";
                return Err(self.refused(span, reason.into()));
            }
        }
        Ok(())
    }

    fn take_joined(&mut self, joined: JoinedPackets) {
        self.origin_s = joined.start().0;
        self.joined = Some(joined);
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn time_base(&self, stream: usize) -> Rational {
        self.input.stream(stream).map_or(Rational(1, 1000), |stream| stream.time_base())
    }

    /// A time of ours on the clock of a stream, rounded.
    pub(super) fn ticks(&self, stream: usize, at: Seconds) -> i64 {
        let tick = self.time_base(stream);
        ((at.0 + self.origin_s) * f64::from(tick.1) / f64::from(tick.0)).round() as i64
    }

    /// A stamp of a stream as a time of ours.
    pub(super) fn seconds(&self, stream: usize, stamp: i64) -> Seconds {
        let tick = self.time_base(stream);
        Seconds(stamp as f64 * f64::from(tick.0) / f64::from(tick.1) - self.origin_s)
    }

    /// # Errors
    /// When nobody waits for the cut any more, so that what was read is not all of it.
    pub(super) fn check_wanted(&self) -> Result<(), VideoError> {
        self.watch.check(&self.path)
    }

    /// The next packet; none at the end of the file or of what can be read.
    pub(super) fn read(&mut self, packet: &mut Packet) -> bool {
        if let Some(joined) = &mut self.joined {
            let next = joined.read(&mut self.input, &self.watch);
            return next.map(|next| *packet = next).is_some();
        }
        self.watch.step();
        !self.watch.is_given_up() && packet.read(&mut self.input).is_ok()
    }

    /// Finds the last key frame that is shown at `start` or before, or the first one of all, and stands
    /// before it or somewhat earlier. Its stamp.
    pub(super) fn seek_key_frame(&mut self, span: TimeSpan) -> Result<i64, VideoError> {
        let start = self.ticks(self.video, span.start);
        if let Some(joined) = self.joined.take() {
            return self.seek_joined(joined, start, span);
        }
        let second = (1.0 / f64::from(self.time_base(self.video))).ceil().max(1.0) as i64;
        // Containers index keys by decoding time, broadcast streams by guesses: a seek may land behind
        // the key that is wanted, and then the next one aims earlier.
        for back in [0, 1, 4, 16] {
            if !self.seek(start - back * second) {
                break;
            }
            if let Some(key) = self.last_key_before(start) {
                self.seek(start - back * second);
                return Ok(key);
            }
        }
        self.rewind()?;
        let key = self.last_key_before(start);
        self.rewind()?;
        let key = match key {
            Some(key) => Some(key),
            None => {
                let first = self.first_key();
                self.rewind()?;
                first
            }
        };
        key.ok_or_else(|| self.refused(span, "it has no key frame".into()))
    }

    fn seek_joined(
        &mut self,
        mut joined: JoinedPackets,
        start: i64,
        span: TimeSpan,
    ) -> Result<i64, VideoError> {
        let key = joined.key_for(start);
        let key = key.ok_or_else(|| self.refused(span, "it has no key frame".into()))?;
        if !joined.seek(&mut self.input, &self.watch, key) {
            self.rewind()?;
            joined.is_at_start();
        }
        self.take_joined(joined);
        Ok(key.pts)
    }

    /// Whether the packet read last is the first of another recording.
    pub(super) fn begins_recording(&self) -> bool {
        self.joined.as_ref().is_some_and(JoinedPackets::begins_recording)
    }

    fn seek(&mut self, stamp: i64) -> bool {
        let (stream, back) = (self.video as i32, ffi::AVSEEK_FLAG_BACKWARD);
        // SAFETY: the context is alive.
        unsafe { ffi::av_seek_frame(self.input.as_mut_ptr(), stream, stamp, back) >= 0 }
    }

    fn rewind(&mut self) -> Result<(), VideoError> {
        *self = Self::open(&self.path, &self.limits, &self.watch)?;
        Ok(())
    }

    fn last_key_before(&mut self, start: i64) -> Option<i64> {
        let mut last = None;
        let mut packet = Packet::empty();
        while self.read(&mut packet) {
            if packet.stream() != self.video {
                continue;
            }
            let shown = packet.pts().or(packet.dts());
            if packet.is_key() && shown.is_some_and(|shown| shown <= start) {
                last = shown;
            }
            if packet.dts().or(shown).is_some_and(|decoded| decoded > start) {
                break;
            }
        }
        last
    }

    fn first_key(&mut self) -> Option<i64> {
        let mut packet = Packet::empty();
        while self.read(&mut packet) {
            if packet.stream() == self.video && packet.is_key() {
                return packet.pts().or(packet.dts());
            }
        }
        None
    }

    /// The error of a span that cannot be cut.
    pub(super) fn refused(&self, span: TimeSpan, reason: String) -> VideoError {
        VideoError::Cut { path: self.path.clone(), span, reason, said: ffmpeg_log::said() }
    }
}
