//! Whether a video's file can give what training will ask of it.

use locvtp_video::sampling::{self, Phase};
use locvtp_video::{FrameTransform, Interpolation, Scaling, Seconds, VideoError, VideoOpener};

use crate::corpus::NarratedVideo;

/// Frames decoded at once when all are.
const FRAMES_AT_ONCE: usize = 256;
/// Frames of the clip that is decoded for a sample.
const CLIP_FRAMES: usize = 16;

/// How much of each file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MediaCheck {
    /// What the file says of itself, and when each frame is shown; what training does first.
    Probe,
    /// Also the frames of one clip over the first caption's span.
    FirstClip,
    /// Also every frame.
    All,
}

/// Why a video cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UnusableVideo {
    /// Its file cannot be read.
    #[error(transparent)]
    File(#[from] VideoError),
    /// Too much of its narration lies after its end.
    #[error(
        "{path}: ends at {end}, but {lost} of its {captions} captions start later; the file is cut \
         short, or the narration belongs to another video"
    )]
    EndsEarly {
        /// The file.
        path: String,
        /// Where it ends.
        end: Seconds,
        /// Captions that start later.
        lost: usize,
        /// All its captions.
        captions: usize,
    },
}

impl NarratedVideo {
    /// The video in a file that ends at `end`: captions that start later are left out, and those
    /// that hold for the whole video end with it.
    ///
    /// A file that was cut off often still opens: narration past its end is how that shows. A stray
    /// caption is no reason to lose a long video, more than a tenth of them is.
    ///
    /// # Errors
    /// When more than a tenth of the captions, or all, start later.
    pub fn ending_at(&self, end: Seconds) -> Result<Self, UnusableVideo> {
        let mut usable = self.clone();
        usable.captions.retain(|caption| caption.span.start < end);
        let (captions, lost) = (self.captions.len(), self.captions.len() - usable.captions.len());
        if lost * 10 > captions || usable.captions.is_empty() {
            let path = self.media.path().display().to_string();
            return Err(UnusableVideo::EndsEarly { path, end, lost, captions });
        }
        for caption in usable.captions.iter_mut().filter(|caption| caption.is_whole_video()) {
            caption.span.end = end;
        }
        Ok(usable)
    }
}

/// A file that can give what training asks.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedMedia {
    /// Where it ends.
    pub end: Seconds,
    /// What a user should know of its pictures ([`locvtp_video::VideoInfo::notes`]); mostly nothing.
    pub notes: Vec<String>,
}

/// Looks at the video's file. Of a packed video the check sum is compared first.
///
/// # Errors
/// When it cannot be read that far, or ends too early for its captions.
pub fn check_media(
    video: &NarratedVideo,
    check: MediaCheck,
    opener: &VideoOpener,
) -> Result<CheckedMedia, UnusableVideo> {
    video.media.verify()?;
    let mut reader = opener.open(&video.media)?;
    let end = reader.frame_table().end();
    let usable = video.ending_at(end)?;
    if check >= MediaCheck::FirstClip {
        let span = usable.captions[0].span;
        let plan = sampling::sparse(reader.frame_table(), span, 1, CLIP_FRAMES, Phase::Centre);
        let transform = centre(256, 224);
        reader.read_clips(&plan, &transform)?;
    }
    if check == MediaCheck::All {
        let frames: Vec<usize> = (0..reader.frame_table().len()).collect();
        // Small pictures: whether they come is the question.
        let transform = centre(32, 32);
        for some in frames.chunks(FRAMES_AT_ONCE) {
            reader.read_frames(some, &transform)?;
        }
    }
    Ok(CheckedMedia { end, notes: reader.info().notes() })
}

fn centre(short_side: u32, size: u32) -> FrameTransform {
    let (interpolation, scaling) = (Interpolation::default(), Scaling::Fast);
    FrameTransform::ShortSideCentreCrop { short_side, size, interpolation, scaling }
}
