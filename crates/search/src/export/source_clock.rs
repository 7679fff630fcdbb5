//! The clock of a source: its rate, and the timecode of its first frame.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use locvtp_video::{FrameTable, Seconds, SourceTags, VideoReader};
use serde::{Deserialize, Serialize};

use super::error::ExportError;
use super::frame_rate::FrameRate;
use super::hit::Hit;
use super::timecode::Timecode;

/// Frames that are shown before one that is stored ahead of them, at most.
const MOST_REORDERED: usize = 16;

/// How far frames of a constant rate may lie from where they should, in frames: clocks of cameras are not exact. Frames
/// that lie on the grid of another rate are farther off, as those of film among 60 a second.
const JITTER: f64 = 0.125;

/// What two times in milliseconds may be off, and a little more.
const ROUNDING_S: f64 = 0.0011;

/// What an edit list must know of a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceClock {
    /// Frames per second; of a variable rate a usual one that keeps every frame.
    pub rate: FrameRate,
    /// The start timecode in frames since 00:00:00:00; 0 where the file has none.
    pub start_frames: i64,
    /// Whether the start timecode is drop frame.
    pub drop_frame: bool,
    /// Whether frames are shown for different times: then a frame's number says not when it is shown.
    pub is_variable: bool,
    /// When the first frame is shown, in seconds from the start of the file: that one has the start
    /// timecode.
    pub first_frame: Seconds,
    /// When the last frame ends.
    pub end: Seconds,
    /// Whether its own clock starts again or jumps, as where recordings are joined byte for byte: editors go by that in
    /// different ways.
    #[serde(default)]
    pub is_joined: bool,
    /// Width and height in pixels as shown.
    pub size: (u32, u32),
    /// Channels of the sound; 0 without sound.
    pub sound_channels: u32,
    /// Samples of sound a second.
    pub sound_rate_hz: u32,
}

/// The clocks of the sources of an export.
pub type SourceClocks = BTreeMap<PathBuf, SourceClock>;

impl SourceClock {
    /// Reads a file's header, and all its packets for the times of its frames.
    ///
    /// # Errors
    /// As `VideoReader::open`.
    pub fn read(path: &Path) -> Result<Self, ExportError> {
        let (tags, reader) = (SourceTags::read(path)?, VideoReader::open(path)?);
        let is_cut_short = reader.info().cut_short_of.is_some();
        let is_joined = reader.info().num_clocks > 1;
        Ok(Self { is_joined, ..Self::of(&tags, reader.frame_table(), is_cut_short) })
    }

    /// From what is known of a file already.
    pub fn of(tags: &SourceTags, table: &FrameTable, is_cut_short: bool) -> Self {
        let (first_frame, end) = (table.span().start, table.end());
        // Frames are stored in another order than they are shown in, so where a file breaks off, some of those
        // shown just before the last are missing.
        let broken_off = if is_cut_short { MOST_REORDERED.min(table.len() / 2) } else { 0 };
        let times = &table.times()[..table.len() - broken_off];
        // The last frame's length is often a guess; those between the others are not.
        let between = match times {
            [first, .., last] => (*last - *first) / (times.len() - 1) as f64,
            _ => table.mean_frame_duration(),
        };
        let measured = FrameRate::near(1.0 / between.0);
        let stated = tags.frame_rate.map(|(frames, seconds)| FrameRate::new(frames, seconds));
        // What is stated is exact where it fits: some containers round times to milliseconds.
        let stated = stated.map(|rate| FrameRate::near(rate.hz()));
        let fits = |rate: FrameRate| {
            let frame = 1.0 / rate.hz();
            let allowed = (frame * JITTER).max(ROUNDING_S).min(frame * 0.5);
            let is_in_place = |(number, time): (usize, &Seconds)| {
                (time.0 - first_frame.0 - number as f64 * frame).abs() < allowed
            };
            times.iter().enumerate().all(is_in_place)
        };
        let constant = stated.into_iter().chain([measured]).find(|rate| fits(*rate));
        let rate = constant.unwrap_or_else(|| FrameRate::keeping(table.times()));
        let start = tags.start_timecode.as_deref().and_then(|text| Timecode::parse(text, rate));
        Self {
            rate,
            start_frames: start.map_or(0, Timecode::frames),
            drop_frame: start.is_some_and(Timecode::drops),
            is_variable: constant.is_none(),
            first_frame,
            end,
            is_joined: false,
            size: (tags.width, tags.height),
            sound_channels: tags.sound_channels,
            sound_rate_hz: tags.sound_rate_hz,
        }
    }

    /// The clocks of all sources of `hits`, each read once.
    ///
    /// # Errors
    /// As [`SourceClock::read`].
    pub fn read_all(hits: &[Hit]) -> Result<SourceClocks, ExportError> {
        let mut clocks = SourceClocks::new();
        for hit in hits {
            if !clocks.contains_key(&hit.path) {
                clocks.insert(hit.path.clone(), Self::read(&hit.path)?);
            }
        }
        Ok(clocks)
    }

    /// The clocks of the sources that can be read, and why the others cannot.
    pub(super) fn read_those_there(hits: &[Hit]) -> (SourceClocks, Vec<ExportError>) {
        let (mut clocks, mut left_out) = (SourceClocks::new(), BTreeMap::new());
        for Hit { path, .. } in hits {
            if clocks.contains_key(path) || left_out.contains_key(path) {
                continue;
            }
            match Self::read(path) {
                Ok(clock) => drop(clocks.insert(path.clone(), clock)),
                Err(_) if !path.exists() => {
                    left_out.insert(path.clone(), ExportError::Gone { path: path.clone() });
                }
                Err(error) => drop(left_out.insert(path.clone(), error)),
            }
        }
        (clocks, left_out.into_values().collect())
    }

    /// Frames of the whole source, at least one.
    pub(super) fn num_frames(&self) -> i64 {
        self.rate.frame_at(self.end - self.first_frame).max(1)
    }

    /// The timecode `frames` after the start of the source.
    pub(super) fn timecode(&self, frames: i64) -> Timecode {
        Timecode::new(self.start_frames + frames, self.rate, self.drop_frame)
    }
}
