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
        ClipStream {
            reader: self,
            transform: *transform,
            clips: plan.clips.into(),
            frames: Arc::new(frames),
            num_read: 0,
            kept: VecDeque::new(),
            size: (0, 0),
        }
    }
}

impl ClipStream<'_> {
    /// How many clips are still to come.
    pub fn num_left(&self) -> usize {
        self.clips.len()
    }

    /// The next clip, alone; none at the end.
    ///
    /// # Errors
    /// As [`VideoReader::read_frames`]. The stream ends there.
    pub fn next_clip(&mut self) -> Result<Option<ClipPixels>, VideoError> {
        let Some(clip) = self.clips.pop_front() else { return Ok(None) };
        let read = self.read_up_to(last_frame(&clip));
        if let Err(error) = read {
            self.clips.clear();
            return Err(error);
        }
        let mut data = Vec::with_capacity(clip.frames.len() * self.size.0 * self.size.1 * 3);
        for frame in &clip.frames {
            let at = self.kept.partition_point(|(kept, _)| kept < frame);
            data.extend_from_slice(&self.kept[at].1);
        }
        let needed_from = self.clips.front().map_or(usize::MAX, first_frame);
        while self.kept.front().is_some_and(|(frame, _)| *frame < needed_from) {
            self.kept.pop_front();
        }
        let (frames_per_clip, (height, width)) = (clip.frames.len(), self.size);
        let spans = vec![clip.span];
        Ok(Some(ClipPixels { data, num_clips: 1, frames_per_clip, height, width, spans }))
    }

    /// Reads the plan's frames that were not read yet, up to `last`.
    fn read_up_to(&mut self, last: usize) -> Result<(), VideoError> {
        let end = self.frames.partition_point(|frame| *frame <= last);
        if end == self.num_read {
            return Ok(());
        }
        let range = self.num_read..end;
        let pixels = self.reader.read_on(&self.frames, range.clone(), &self.transform)?;
        self.size = (pixels.height, pixels.width);
        let frames = self.frames[range].iter().enumerate();
        self.kept.extend(frames.map(|(i, frame)| (*frame, pixels.frame(i).to_vec())));
        self.num_read = end;
        Ok(())
    }
}

fn first_frame(clip: &ClipPlan) -> usize {
    clip.frames.iter().copied().min().unwrap_or(0)
}

fn last_frame(clip: &ClipPlan) -> usize {
    clip.frames.iter().copied().max().unwrap_or(0)
}
