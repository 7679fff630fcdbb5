//! Decoded pixels: frames of a video, and the clips made of them.
//!
//! Bytes are RGB, row after row from the upper left, frame after frame, with no padding.

use crate::sampling::SamplingPlan;
use crate::time::TimeSpan;

/// Frames in the order they were asked for: `data` is `[num_frames, height, width, 3]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FramePixels {
    /// RGB bytes, `[num_frames, height, width, 3]`.
    pub data: Vec<u8>,
    /// Number of frames.
    pub num_frames: usize,
    /// Rows of a frame.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
}

impl FramePixels {
    /// Bytes of one frame.
    pub fn frame_bytes(&self) -> usize {
        self.height * self.width * 3
    }

    /// One frame, `[height, width, 3]`.
    ///
    /// # Panics
    /// For a frame that is not there.
    pub fn frame(&self, index: usize) -> &[u8] {
        let size = self.frame_bytes();
        &self.data[index * size..(index + 1) * size]
    }
}

/// Clips of one video: `data` is `[num_clips, frames_per_clip, height, width, 3]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipPixels {
    /// RGB bytes, `[num_clips, frames_per_clip, height, width, 3]`.
    pub data: Vec<u8>,
    /// Number of clips.
    pub num_clips: usize,
    /// Frames of each clip.
    pub frames_per_clip: usize,
    /// Rows of a frame.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// The time that each clip stands for.
    pub spans: Vec<TimeSpan>,
}

impl ClipPixels {
    /// Clips from the frames of a whole video, as
    /// [`VideoReader::read_all`](crate::VideoReader::read_all) gives them. The same bytes as
    /// [`VideoReader::read_clips`](crate::VideoReader::read_clips) with the same transform.
    ///
    /// # Panics
    /// When the plan names a frame that `video` does not have, or its clips differ in length: a
    /// plan of another video.
    pub fn from_video(plan: &SamplingPlan, video: &FramePixels) -> Self {
        let frames = plan.frames();
        let mut data = Vec::with_capacity(frames.len() * video.frame_bytes());
        for frame in frames {
            let has = video.num_frames;
            assert!(frame < has, "the plan names frame {frame} of a video with {has} frames");
            data.extend_from_slice(video.frame(frame));
        }
        Self::from_plan(plan, data, video.height, video.width)
    }

    /// Clips from the plan's frames, read in the plan's order.
    pub(crate) fn from_frames(plan: &SamplingPlan, frames: FramePixels) -> Self {
        let FramePixels { data, height, width, .. } = frames;
        Self::from_plan(plan, data, height, width)
    }

    fn from_plan(plan: &SamplingPlan, data: Vec<u8>, height: usize, width: usize) -> Self {
        let frames_per_clip = plan.frames_per_clip();
        let lengths = plan.clips.iter().map(|clip| clip.frames.len());
        let uneven = lengths.clone().any(|length| length != frames_per_clip);
        assert!(!uneven, "clips of different lengths: {:?}", lengths.collect::<Vec<_>>());
        let (num_clips, spans) = (plan.clips.len(), plan.spans());
        Self { data, num_clips, frames_per_clip, height, width, spans }
    }

    /// Puts further clips of the same form behind these.
    ///
    /// # Panics
    /// When they have another number of frames or another size.
    pub fn append(&mut self, more: Self) {
        let form = |clips: &Self| [clips.frames_per_clip, clips.height, clips.width];
        assert_eq!(form(self), form(&more), "frames, height and width of clips put together");
        self.num_clips += more.num_clips;
        self.data.extend_from_slice(&more.data);
        self.spans.extend(more.spans);
    }

    /// Mirrors every frame left to right.
    pub fn mirror(&mut self) {
        for row in self.data.chunks_exact_mut(self.width * 3) {
            let (pixels, _) = row.as_chunks_mut::<3>();
            pixels.reverse();
        }
    }

    /// One clip, `[frames_per_clip, height, width, 3]`.
    ///
    /// # Panics
    /// For a clip that is not there.
    pub fn clip(&self, index: usize) -> &[u8] {
        let size = self.frames_per_clip * self.height * self.width * 3;
        &self.data[index * size..(index + 1) * size]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_turns_rows_and_leaves_colours() {
        let data = vec![1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        let (num_clips, frames_per_clip, height, width) = (1, 1, 2, 2);
        let mut clips =
            ClipPixels { data, num_clips, frames_per_clip, height, width, spans: Vec::new() };
        clips.mirror();
        assert_eq!(clips.data, [4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9]);
    }
}
