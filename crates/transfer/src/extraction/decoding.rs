//! The threads that decode: each takes the next video and sends its clips, one by one.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

use locvtp_model::Preprocessing;
use locvtp_video::{ClipPixels, ClipStride, TimeSpan, VideoError, VideoOpener, VideoReader};
use serde::{Deserialize, Serialize};

use crate::extraction::video_list::VideoFile;

/// What comes from the decoders. The clips of one video come in order and before its end; those of
/// several videos in turn.
#[derive(Debug)]
pub(crate) enum Decoded {
    /// A clip.
    Clip {
        /// Index of the video.
        video: usize,
        /// The clip alone.
        pixels: ClipPixels,
        /// How many clips the video has.
        num_clips: usize,
        /// How long the video is, seconds.
        duration_s: f64,
    },
    /// The video has no more clips.
    End {
        /// Index of the video.
        video: usize,
        /// What is known of it now.
        end: VideoEnd,
    },
    /// The video cannot be read, or not to its end.
    Bad {
        /// Index of the video.
        video: usize,
        /// Why.
        error: VideoError,
    },
}

/// What is known of a video when all of its clips were read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VideoEnd {
    /// How long it is, seconds.
    pub duration_s: f64,
    /// What is said of a file that is cut short; none of a whole one.
    pub cut_short: Option<String>,
    /// Where pictures are missing or damaged.
    pub damaged: Vec<TimeSpan>,
    /// Clips that were left out because they touch these spans.
    pub num_skipped: usize,
}

/// How videos become clips.
#[derive(Clone, Debug)]
pub(crate) struct ClipRule {
    /// Frames and their form.
    pub preprocessing: Preprocessing,
    /// From clip to clip.
    pub stride: ClipStride,
    /// How files are opened.
    pub opener: VideoOpener,
    /// Whether clips that touch a missing or damaged span are left out; otherwise a damaged picture
    /// makes the video a bad one.
    pub skip_damaged: bool,
}

/// How far the decoders are, all of them together.
#[derive(Debug, Default)]
pub(crate) struct DecodingState {
    /// The video that is taken next.
    next: AtomicUsize,
    num_decoded: AtomicU64,
}

impl DecodingState {
    /// Frames that came out of the decoders of videos that are done, bad or given up: those that were wanted, and
    /// those that they are made from.
    pub(crate) fn num_decoded(&self) -> u64 {
        self.num_decoded.load(Ordering::Relaxed)
    }
}

/// Starts `num_threads` decoders. At most `queue` clips wait to be received, and each decoder holds
/// one more; when the receiver is dropped, they end.
pub(crate) fn decode<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    videos: &'env [VideoFile],
    state: &'env DecodingState,
    rule: &'env ClipRule,
    num_threads: usize,
    queue: usize,
) -> Receiver<Decoded> {
    let (send, receive) = sync_channel(queue);
    for _ in 0..num_threads.min(videos.len()) {
        let send = send.clone();
        scope.spawn(move || {
            loop {
                let video = state.next.fetch_add(1, Ordering::Relaxed);
                let Some(file) = videos.get(video) else { return };
                let outcome = match decode_one(file, video, rule, state, &send) {
                    Ok(Some(end)) => Decoded::End { video, end },
                    Ok(None) => return,
                    Err(error) => Decoded::Bad { video, error },
                };
                if send.send(outcome).is_err() {
                    return;
                }
            }
        });
    }
    receive
}

/// Sends the clips of a video and returns what is known of it then; none when nobody receives any more. However it
/// ends, the frames that came out of the decoder count.
fn decode_one(
    file: &VideoFile,
    video: usize,
    rule: &ClipRule,
    state: &DecodingState,
    send: &SyncSender<Decoded>,
) -> Result<Option<VideoEnd>, VideoError> {
    let mut reader = rule.opener.open(&file.path.as_path().into())?;
    let end = send_clips(&mut reader, file, video, rule, send);
    state.num_decoded.fetch_add(reader.num_decoded(), Ordering::Relaxed);
    end
}

fn send_clips(
    reader: &mut VideoReader,
    file: &VideoFile,
    video: usize,
    rule: &ClipRule,
    send: &SyncSender<Decoded>,
) -> Result<Option<VideoEnd>, VideoError> {
    let plan = rule.preprocessing.whole_file(reader, rule.stride)?;
    let (num_clips, duration_s) = (plan.clips.len(), reader.info().duration.0);
    let cut_short = reader.info().cut_short_note();
    let mut clips = reader.clip_stream(plan, &rule.preprocessing.centre());
    if rule.skip_damaged {
        clips = clips.skip_damaged();
    }
    while let Some(pixels) = clips.next_clip()? {
        if send.send(Decoded::Clip { video, pixels, num_clips, duration_s }).is_err() {
            return Ok(None);
        }
    }
    let (damaged, num_skipped) = (clips.damaged().to_vec(), clips.num_skipped());
    if num_skipped == num_clips {
        return Err(VideoError::NoWholeClip { path: file.path.clone() });
    }
    Ok(Some(VideoEnd { duration_s, cut_short, damaged, num_skipped }))
}
