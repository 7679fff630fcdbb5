//! The features of one video, and of some of its clips.

use locvtp_video::TimeSpan;

use crate::VideoSource;

/// The features of a whole video.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoFeatures {
    /// Numbers of a feature, `d`.
    pub width: usize,
    /// `[num_clips, d]`, clips in the order of time.
    pub values: Vec<f32>,
    /// When each clip is; none in files of other people.
    pub spans: Option<Vec<TimeSpan>>,
    /// The video file; none in files of other people.
    pub source: Option<VideoSource>,
}

impl VideoFeatures {
    /// Number of clips.
    pub fn num_clips(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// The feature of one clip, `[d]`.
    ///
    /// # Panics
    /// For a clip that is not there.
    pub fn clip(&self, index: usize) -> &[f32] {
        &self.values[index * self.width..(index + 1) * self.width]
    }
}

/// Some neighbouring clips of a video: what is held in memory while files are copied.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClipBlock {
    /// When each clip is.
    pub spans: Vec<TimeSpan>,
    /// `[clips, d]`.
    pub values: Vec<f32>,
}

/// A video of a file that is about to be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VideoEntry {
    pub(crate) id: String,
    pub(crate) num_clips: usize,
    pub(crate) width: usize,
    pub(crate) source: VideoSource,
}

/// Where the clips of a file that is being written come from.
pub(crate) trait ClipSource {
    /// Some clips of a video, one at least, the first of them being `first`.
    fn block(&mut self, entry: &VideoEntry, first: usize)
    -> Result<ClipBlock, crate::FeatureError>;
}

/// Hands every block of a video to `each`, with the index of its first clip.
pub(crate) fn for_each_block(
    source: &mut dyn ClipSource,
    entry: &VideoEntry,
    mut each: impl FnMut(usize, ClipBlock) -> Result<(), crate::FeatureError>,
) -> Result<(), crate::FeatureError> {
    let mut first = 0;
    while first < entry.num_clips {
        let block = source.block(entry, first)?;
        let clips = block.spans.len();
        each(first, block)?;
        first += clips.max(1);
    }
    Ok(())
}

/// Starts and ends in turn.
pub(crate) fn as_times(spans: &[TimeSpan]) -> impl Iterator<Item = f64> {
    spans.iter().flat_map(|span| [span.start.0, span.end.0])
}

/// From starts and ends in turn.
pub(crate) fn as_spans(times: &[f64]) -> Vec<TimeSpan> {
    times.chunks_exact(2).map(|pair| TimeSpan::new(pair[0], pair[1])).collect()
}
