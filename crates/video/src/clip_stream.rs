//! The clips of a plan one after another, decoding straight through the file.
//!
//! [`VideoReader::read_clips`] holds all clips of a plan; this holds one, and the frames that it
//! shares with clips still to come. No frame is decoded twice, so a whole video costs what decoding
//! it once costs, and memory does not grow with its length. The pixels are the same.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::decode::VideoReader;
use crate::error::VideoError;
use crate::pixels::ClipPixels;
use crate::sampling::{ClipPlan, SamplingPlan};
use crate::time::TimeSpan;
use crate::transform::FrameTransform;

/// The clips of a plan that are still to come, from [`VideoReader::clip_stream`].
pub struct ClipStream<'r> {
    reader: &'r mut VideoReader,
    transform: FrameTransform,
    clips: VecDeque<ClipPlan>,
    /// All frames of the plan, growing.
    frames: Arc<Vec<usize>>,
    /// How many of them were read.
    num_read: usize,
    /// Frames that were read and are in clips to come, by their index in the video.
    kept: VecDeque<(usize, Vec<u8>)>,
    /// Height and width of the frames.
    size: (usize, usize),
    /// Whether clips that touch damage are passed over.
    skip_damaged: bool,
    num_skipped: usize,
    /// Where pictures are missing or damaged, as far as is known: growing.
    damaged: Vec<TimeSpan>,
}

impl VideoReader {
    /// The clips of a plan made with this file's frame table, one after another.
    ///
    /// # Panics
    /// When a clip begins or ends before the one ahead of it.
    pub fn clip_stream(
        &mut self,
        plan: SamplingPlan,
        transform: &FrameTransform,
    ) -> ClipStream<'_> {
        let ends = |clip: &ClipPlan| (first_frame(clip), last_frame(clip));
        let in_order = |a: &ClipPlan, b: &ClipPlan| {
            let (a, b) = (ends(a), ends(b));
            a.0 <= b.0 && a.1 <= b.1
        };
        assert!(
            plan.clips.is_sorted_by(in_order),
            "the clips of a stream are in the order of time"
        );
        let mut frames = plan.frames();
        frames.sort_unstable();
        frames.dedup();
        let damaged = self.frame_table().gaps().to_vec();
        ClipStream {
            reader: self,
            transform: *transform,
            clips: plan.clips.into(),
            frames: Arc::new(frames),
            num_read: 0,
            kept: VecDeque::new(),
            size: (0, 0),
            skip_damaged: false,
            num_skipped: 0,
            damaged,
        }
    }
}

impl ClipStream<'_> {
    /// How many clips are still to come.
    pub fn num_left(&self) -> usize {
        self.clips.len()
    }

    /// The same clips without those that touch a span where pictures are missing or damaged. Without
    /// this a damaged frame is an error, and where pictures are missing the one before stands.
    #[must_use]
    pub fn skip_damaged(self) -> Self {
        Self { skip_damaged: true, ..self }
    }

    /// Clips that were passed over.
    pub fn num_skipped(&self) -> usize {
        self.num_skipped
    }

    /// Where pictures are missing, in the whole file, or damaged, as far as the stream is: growing,
    /// and apart from each other.
    pub fn damaged(&self) -> &[TimeSpan] {
        &self.damaged
    }

    /// The next clip, alone; none at the end.
    ///
    /// # Errors
    /// As [`VideoReader::read_frames`]. The stream ends there.
    pub fn next_clip(&mut self) -> Result<Option<ClipPixels>, VideoError> {
        while let Some(clip) = self.clips.pop_front() {
            let read = self.read_up_to(last_frame(&clip));
            if let Err(error) = read {
                self.clips.clear();
                return Err(error);
            }
            let pixels = self.pixels(&clip);
            let needed_from = self.clips.front().map_or(usize::MAX, first_frame);
            while self.kept.front().is_some_and(|(frame, _)| *frame < needed_from) {
                self.kept.pop_front();
            }
            if pixels.is_some() {
                return Ok(pixels);
            }
            self.num_skipped += 1;
        }
        Ok(None)
    }

    /// The clip's frames, all of them read; none for one that is passed over.
    fn pixels(&self, clip: &ClipPlan) -> Option<ClipPixels> {
        let touches = |span: &TimeSpan| span.overlap(&clip.span).0 > 0.0;
        if self.skip_damaged && self.damaged.iter().any(touches) {
            return None;
        }
        let mut data = Vec::with_capacity(clip.frames.len() * self.size.0 * self.size.1 * 3);
        for frame in &clip.frames {
            let at = self.kept.binary_search_by_key(frame, |(kept, _)| *kept).ok()?;
            data.extend_from_slice(&self.kept[at].1);
        }
        let (frames_per_clip, (height, width)) = (clip.frames.len(), self.size);
        let spans = vec![clip.span];
        Some(ClipPixels { data, num_clips: 1, frames_per_clip, height, width, spans })
    }

    /// Reads the plan's frames that were not read yet, up to `last`.
    fn read_up_to(&mut self, last: usize) -> Result<(), VideoError> {
        let end = self.frames.partition_point(|frame| *frame <= last);
        if end == self.num_read {
            return Ok(());
        }
        let range = self.num_read..end;
        let (list, transform) = (Arc::clone(&self.frames), self.transform);
        let (pixels, missing) =
            self.reader.read_on(&list, range.clone(), &transform, self.skip_damaged)?;
        self.size = (pixels.height, pixels.width);
        for (slot, frame) in list[range].iter().enumerate() {
            if missing.contains(&slot) {
                self.note_damage(self.reader.frame_table().span_of(*frame));
            } else {
                self.kept.push_back((*frame, pixels.frame(slot).to_vec()));
            }
        }
        self.num_read = end;
        Ok(())
    }

    /// Adds a span behind the damaged ones, or among those that are known from the container.
    fn note_damage(&mut self, span: TimeSpan) {
        let at = self.damaged.partition_point(|known| known.start < span.start);
        self.damaged.insert(at, span);
        self.damaged.dedup_by(|next, before| {
            let touches = next.start <= before.end;
            if touches {
                before.end = before.end.max(next.end);
            }
            touches
        });
    }
}

fn first_frame(clip: &ClipPlan) -> usize {
    clip.frames.iter().copied().min().unwrap_or(0)
}

fn last_frame(clip: &ClipPlan) -> usize {
    clip.frames.iter().copied().max().unwrap_or(0)
}
