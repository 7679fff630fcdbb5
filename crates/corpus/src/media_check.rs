//! Whether a video's file can give what training will ask of it.

use locvtp_video::sampling::{self, Phase};
use locvtp_video::{FrameTransform, Interpolation, Scaling, Seconds, VideoError, VideoOpener};

use crate::corpus::NarratedVideo;
use crate::repair::Repair;
use locvtp_video::counted::counted;

/// An end that lies so much after the file's, in seconds, is the same but for its last digit.
const ROUNDING_S: f64 = 1e-3;
/// Frames decoded at once when all are.
const FRAMES_AT_ONCE: usize = 256;
/// Frames of the clip that is decoded for a sample.
const CLIP_FRAMES: usize = 16;

/// How much of each file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
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
#[non_exhaustive]
pub enum UnusableVideo {
    /// Its file cannot be read.
    #[error(transparent)]
    File(#[from] VideoError),
    /// Too much of its narration lies after its end.
    #[error(
        "{path}: ends at {end}, before the start of {lost} of {}; the file is cut short, or the \
         narration belongs to another video",
        counted(*.captions, "caption")
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

/// What of a video lies in its file.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoInFile {
    /// The video, with captions that all start and end in the file.
    pub video: NarratedVideo,
    /// When its last frame ends.
    pub end: Seconds,
    /// Places of the captions that start at the end or later and were left out.
    pub after_end: Vec<usize>,
    /// How many captions ended later than the file and end with it now.
    pub clipped: usize,
    /// What a user should know of its pictures ([`locvtp_video::VideoInfo::notes`]), and whether some
    /// are missing; nothing of most.
    pub notes: Vec<String>,
}

impl NarratedVideo {
    /// The video in a file that ends at `end`: captions that start later are left out, and those that
    /// end later, or hold for the whole video, end with it.
    ///
    /// A file that was cut off often still opens: narration past its end is how that shows. A stray
    /// caption is no reason to lose a long video, more than a tenth of them is.
    ///
    /// # Errors
    /// When more than a tenth of the captions, or all, start later.
    pub fn ending_at(&self, end: Seconds) -> Result<VideoInFile, UnusableVideo> {
        let mut video = self.clone();
        let starts = self.captions.iter().map(|caption| caption.span.start).enumerate();
        let after_end: Vec<usize> =
            starts.filter(|(_, start)| *start >= end).map(|(place, _)| place).collect();
        video.captions.retain(|caption| caption.span.start < end);
        let (captions, lost) = (self.captions.len(), after_end.len());
        if lost * 10 > captions || video.captions.is_empty() {
            let path = self.media.path().display().to_string();
            return Err(UnusableVideo::EndsEarly { path, end, lost, captions });
        }
        let mut clipped = 0;
        for caption in &mut video.captions {
            if caption.span.end.0 > end.0 + ROUNDING_S {
                if !caption.is_whole_video() {
                    clipped += 1;
                    caption.repairs.note(Repair::EndClipped);
                }
                caption.span.end = end;
            }
        }
        Ok(VideoInFile { video, end, after_end, clipped, notes: Vec::new() })
    }
}

/// Looks at the video's file; gives what of the video lies in it. Of a packed video the check sum is
/// compared first.
///
/// # Errors
/// When it cannot be read that far, or ends too early for its captions.
pub fn check_media(
    video: &NarratedVideo,
    check: MediaCheck,
    opener: &VideoOpener,
) -> Result<VideoInFile, UnusableVideo> {
    video.media.verify()?;
    let mut reader = opener.open(&video.media)?;
    let end = reader.frame_table().end();
    let usable = video.ending_at(end)?;
    if check >= MediaCheck::FirstClip {
        let span = usable.video.captions[0].span;
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
    let mut notes = reader.info().notes();
    if !reader.info().gaps.is_empty() {
        notes.push("pictures are missing, `locvtp inspect` says where".to_owned());
    }
    Ok(VideoInFile { notes, ..usable })
}

fn centre(short_side: u32, size: u32) -> FrameTransform {
    let (interpolation, scaling) = (Interpolation::default(), Scaling::Fast);
    FrameTransform::ShortSideCentreCrop { short_side, size, interpolation, scaling }
}

#[cfg(test)]
mod tests {
    use locvtp_video::TimeSpan;

    use super::*;
    use crate::corpus::Caption;

    fn video(spans: &[(f64, f64)]) -> NarratedVideo {
        let caption = |(start, end): &(f64, f64)| Caption::new(TimeSpan::new(*start, *end), "x");
        NarratedVideo::new("a", "a.mp4", spans.iter().map(caption).collect())
    }

    #[test]
    fn captions_end_with_their_file_and_those_after_it_are_left_out() {
        let mut spans = vec![(0.0, f64::INFINITY), (0.0, 4.000_4), (1.0, 1000.0), (3.0, 3.5)];
        spans.extend([(3.0, 4.0); 7]);
        spans.push((4.0, 5.0));
        let found = video(&spans).ending_at(Seconds(4.0)).unwrap();
        assert_eq!((found.after_end, found.clipped), (vec![11], 1));
        let ends: Vec<f64> = found.video.captions.iter().map(|c| c.span.end.0).collect();
        assert_eq!(ends[..4], [4.0, 4.000_4, 4.0, 3.5]);
        let repaired =
            |place: usize| found.video.captions[place].repairs.contains(Repair::EndClipped);
        assert_eq!([0, 1, 2, 3].map(repaired), [false, false, true, false]);
    }

    #[test]
    fn a_video_is_not_usable_when_more_than_a_tenth_of_its_captions_start_after_its_end() {
        let error = video(&[(0.0, 1.0), (9.0, 10.0)]).ending_at(Seconds(4.0)).unwrap_err();
        assert!(error.to_string().contains("before the start of 1 of 2 captions"), "{error}");
    }
}
