//! The loop: clips come from the decoders, go through the encoder in batches, and on to whoever wants
//! their features.

use std::ops::Range;
use std::time::Instant;

use locvtp_video::causes::with_causes;
use locvtp_video::{ClipPixels, TimeSpan, VideoError};

use crate::embedding::Embedder;
use crate::error::TransferError;
use crate::extraction::decoding::{ClipRule, Decoded, DecodingState, VideoEnd, decode};
use crate::extraction::extract_error::ExtractError;
use crate::extraction::observer::{BadVideo, DamagedVideo, ExtractObserver, ExtractProgress};
use crate::extraction::settings::FeatureSpace;
use crate::extraction::stills::Stills;
use crate::extraction::video_list::VideoFile;

/// Takes the features of clips: those of one video in order, of several videos in turn.
pub trait ClipSink {
    /// More clips of a video.
    ///
    /// # Errors
    /// When they cannot be kept; nothing more is encoded then.
    fn clips(
        &mut self,
        video: &VideoFile,
        spans: &[TimeSpan],
        values: &[f32],
    ) -> Result<(), TransferError>;

    /// The video has no more clips; `aside` is what was found out beside them where it was decoded ([`Aside`]).
    ///
    /// # Errors
    /// As [`ClipSink::clips`].
    fn done(
        &mut self,
        video: &VideoFile,
        end: &VideoEnd,
        aside: &[u8],
    ) -> Result<(), TransferError>;

    /// The video cannot be read, or not to its end: clips that came of it are no video.
    ///
    /// # Errors
    /// As [`ClipSink::clips`].
    fn left_out(&mut self, _video: &VideoFile, _bad: &BadVideo) -> Result<(), TransferError> {
        Ok(())
    }
}

/// What is found out of a video beside its clips, such as its subtitles, when it was decoded: by the process that did it,
/// in a form of the caller's.
pub type Aside<'a> = dyn FnMut(&VideoFile, &VideoEnd) -> Vec<u8> + 'a;

/// For whoever needs nothing but clips.
pub(crate) fn nothing_aside() -> impl FnMut(&VideoFile, &VideoEnd) -> Vec<u8> {
    |_, _| Vec::new()
}

/// Clips that wait for a batch at most, in batches: those that are taken over fill none.
const MOST_WAITING: usize = 16;

/// How videos go through an encoder.
pub(crate) struct Encoding<'a> {
    /// The model.
    pub embedder: &'a Embedder,
    /// Which features of it.
    pub space: FeatureSpace,
    /// How videos become clips.
    pub rule: &'a ClipRule,
    /// Clips that go through the encoder together.
    pub batch: usize,
    /// Threads that decode, each another video.
    pub decode_threads: usize,
    /// Whether clips that do not differ from the one before take its features.
    pub take_over_stills: bool,
}

/// What came of the videos.
#[derive(Debug)]
pub struct Encoded {
    /// At the end.
    pub progress: ExtractProgress,
    /// Videos that were left out. Clips of them may have gone to the sink, but not their end.
    pub bad: Vec<BadVideo>,
    /// Videos with spans that are missing or damaged, and those that are cut short.
    pub damaged: Vec<DamagedVideo>,
    /// Whether the observer stopped it.
    pub stopped: bool,
}

impl Encoding<'_> {
    /// Sends the clips of `videos` through the encoder and their features to `sink`.
    ///
    /// # Errors
    /// When a feature is not finite, or what the sink says. Bad videos are no errors.
    pub(crate) fn run(
        &self,
        videos: &[VideoFile],
        aside: &mut Aside<'_>,
        sink: &mut dyn ClipSink,
        observer: &mut dyn ExtractObserver,
    ) -> Result<Encoded, TransferError> {
        let decoding = DecodingState::default();
        let mut run = EncodingRun {
            encoding: self,
            videos,
            decoding: &decoding,
            aside,
            sink,
            observer,
            waiting: Vec::with_capacity(self.batch),
            stills: self.take_over_stills.then(Stills::default),
            ended: Vec::new(),
            progress: ExtractProgress {
                total_videos: videos.len(),
                total_bytes: videos.iter().map(|video| video.bytes as f64).sum(),
                ..ExtractProgress::default()
            },
            told: (0, 0),
            began: Instant::now(),
            bad: Vec::new(),
            damaged: Vec::new(),
        };
        let stopped = std::thread::scope(|scope| {
            // Dropped at the end of this block, also after an error: the decoders see that and end.
            let clips =
                decode(scope, videos, &decoding, self.rule, self.decode_threads, self.batch);
            for decoded in clips {
                run.take(decoded)?;
                if run.observer.should_stop() {
                    return Ok(true);
                }
            }
            run.encode().map(|()| false)
        });
        let stopped = stopped?;
        let EncodingRun { mut progress, bad, damaged, .. } = run;
        // The decoders have ended, also those that were stopped.
        progress.decoded = decoding.num_decoded();
        Ok(Encoded { progress, bad, damaged, stopped })
    }
}

/// A clip on its way to the encoder.
struct WaitingClip {
    video: usize,
    /// Moved away when the batch is encoded; none where the features are those of the clip before.
    pixels: Option<ClipPixels>,
    span: TimeSpan,
    /// One over the number of clips of its video.
    share: f64,
    duration_s: f64,
}

struct EncodingRun<'a> {
    encoding: &'a Encoding<'a>,
    videos: &'a [VideoFile],
    decoding: &'a DecodingState,
    aside: &'a mut Aside<'a>,
    sink: &'a mut dyn ClipSink,
    observer: &'a mut dyn ExtractObserver,
    /// Clips of the next batch.
    waiting: Vec<WaitingClip>,
    stills: Option<Stills>,
    /// Videos whose last clips are waiting.
    ended: Vec<(usize, VideoEnd)>,
    progress: ExtractProgress,
    /// Videos and clips that the observer was told of last.
    told: (usize, usize),
    began: Instant,
    bad: Vec<BadVideo>,
    damaged: Vec<DamagedVideo>,
}

impl EncodingRun<'_> {
    fn take(&mut self, decoded: Decoded) -> Result<(), TransferError> {
        match decoded {
            Decoded::Clip { video, pixels, num_clips, duration_s } => {
                let (share, span) = (1.0 / num_clips as f64, pixels.spans[0]);
                let stills = self.stills.as_mut();
                let is_still = stills.is_some_and(|stills| stills.is_still(video, &pixels.data));
                let pixels = (!is_still).then_some(pixels);
                self.waiting.push(WaitingClip { video, pixels, span, share, duration_s });
                let to_encode = self.waiting.iter().filter(|clip| clip.pixels.is_some()).count();
                let batch = self.encoding.batch;
                if to_encode >= batch || self.waiting.len() >= batch * MOST_WAITING {
                    self.encode()?;
                }
                Ok(())
            }
            Decoded::End { video, end } => {
                self.ended.push((video, end));
                if self.waiting.iter().all(|clip| clip.video != video) {
                    self.end_videos()
                } else {
                    Ok(())
                }
            }
            Decoded::Bad { video, error } => {
                self.waiting.retain(|clip| clip.video != video);
                self.stills.iter_mut().for_each(|stills| stills.forget(video));
                let file = &self.videos[video];
                let is_damaged = matches!(error, VideoError::Undecodable { .. });
                let (id, path, reason) = (file.id.clone(), file.path.clone(), with_causes(&error));
                let has_hung = matches!(error, VideoError::GaveUp { .. });
                let bad = BadVideo { id, path, reason, is_damaged, has_hung };
                self.observer.bad(&bad);
                self.sink.left_out(file, &bad)?;
                self.bad.push(bad);
                self.progress.videos += 1;
                self.progress.total_bytes -= file.bytes as f64;
                Ok(())
            }
        }
    }

    /// Encodes the waiting clips and ends the videos that they complete.
    fn encode(&mut self) -> Result<(), TransferError> {
        let mut waiting = std::mem::take(&mut self.waiting);
        if !waiting.is_empty() {
            let features = self.features(&mut waiting);
            for range in neighbours(&waiting) {
                let clips = &waiting[range.clone()];
                let file = &self.videos[clips[0].video];
                let spans: Vec<TimeSpan> = clips.iter().map(|clip| clip.span).collect();
                let values = features[range].concat();
                if values.iter().any(|value| !value.is_finite()) {
                    let (path, span) = (file.path.clone(), spans[0]);
                    return Err(ExtractError::NotFinite { path, span }.into());
                }
                self.sink.clips(file, &spans, &values)?;
                for clip in clips {
                    self.progress.clips += 1;
                    self.progress.video_s += clip.share * clip.duration_s;
                    self.progress.bytes += clip.share * file.bytes as f64;
                }
            }
        }
        self.end_videos()?;
        let now = (self.progress.videos, self.progress.clips);
        if self.told != now {
            self.told = now;
            self.progress.decoded = self.decoding.num_decoded();
            self.progress.seconds = self.began.elapsed().as_secs_f64();
            self.observer.progress(&self.progress);
        }
        Ok(())
    }

    /// The features of clips: encoded, or those of the clip before.
    fn features(&mut self, clips: &mut [WaitingClip]) -> Vec<Vec<f32>> {
        let is_still: Vec<bool> = clips.iter().map(|clip| clip.pixels.is_none()).collect();
        let encoding = self.encoding;
        let encode = |pixels| encoding.embedder.encode(&pixels, encoding.space);
        let mut encoded = joined(clips).map(encode).unwrap_or_default().into_iter();
        let Some(stills) = &mut self.stills else { return encoded.collect() };
        let mut features = Vec::with_capacity(clips.len());
        for (clip, is_still) in clips.iter().zip(is_still) {
            if is_still {
                features.push(stills.feature(clip.video));
                self.progress.taken_over += 1;
            } else if let Some(feature) = encoded.next() {
                stills.encoded(clip.video, &feature);
                features.push(feature);
            }
        }
        features
    }

    /// Ends the videos of which no clip waits any more.
    fn end_videos(&mut self) -> Result<(), TransferError> {
        let (waiting, ended) = (&self.waiting, std::mem::take(&mut self.ended));
        let waits = |video: usize| waiting.iter().any(|clip| clip.video == video);
        let (still, complete): (Vec<_>, Vec<_>) =
            ended.into_iter().partition(|(video, _)| waits(*video));
        self.ended = still;
        for (video, end) in complete {
            let file = &self.videos[video];
            let aside = (self.aside)(file, &end);
            self.sink.done(file, &end, &aside)?;
            self.stills.iter_mut().for_each(|stills| stills.forget(video));
            self.progress.videos += 1;
            if let Some(damaged) = DamagedVideo::of(file, &end) {
                self.observer.damaged(&damaged);
                self.damaged.push(damaged);
            }
        }
        Ok(())
    }
}

/// The pixels of all clips, moved into one.
fn joined(clips: &mut [WaitingClip]) -> Option<ClipPixels> {
    let mut pixels = clips.iter_mut().filter_map(|clip| clip.pixels.take());
    let mut all = pixels.next()?;
    pixels.for_each(|more| all.append(more));
    Some(all)
}

/// Runs of neighbouring clips of the same video.
fn neighbours(clips: &[WaitingClip]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    clips.chunk_by(|a, b| a.video == b.video).map(move |chunk| {
        let range = at..at + chunk.len();
        at = range.end;
        range
    })
}
