//! The loop: clips come from the decoders, go through the encoder in batches, and into the journal.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use locvtp_features::{FeatureStore, Finished, VideoSource};
use locvtp_video::ClipPixels;
use serde::Serialize;

use crate::embedding::Embedder;
use crate::error::TransferError;
use crate::extraction::decoding::{ClipRule, Decoded, decode};
use crate::extraction::settings::{ExtractSettings, FeatureSpace};
use crate::extraction::video_list::VideoFile;

/// How far an extraction is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ExtractProgress {
    /// Videos that are done or bad.
    pub videos: usize,
    /// Videos that are to be done.
    pub total_videos: usize,
    /// Clips that went through the encoder.
    pub clips: usize,
    /// Length of the video that went through, seconds.
    pub video_s: f64,
    /// Bytes of the video files that are done, out of `total_bytes`: how far it is, before all files
    /// are opened.
    pub bytes: f64,
    /// Bytes of all video files that are to be done.
    pub total_bytes: f64,
    /// Since the first file was opened.
    pub seconds: f64,
}

/// Is told how an extraction goes, and may stop it.
pub trait ExtractObserver {
    /// So many videos are to be done, and others are in the file already.
    fn started(&mut self, _to_do: usize, _already: usize) {}
    /// A batch is done.
    fn progress(&mut self, _progress: &ExtractProgress) {}
    /// A video cannot be read and is left out.
    fn bad(&mut self, _bad: &BadVideo) {}
    /// Whether to stop; what is done is kept.
    fn should_stop(&self) -> bool {
        false
    }
}

/// Nobody is told.
impl ExtractObserver for () {}

/// A video that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BadVideo {
    /// Its name.
    pub id: String,
    /// The file.
    pub path: PathBuf,
    /// Why, and what to do.
    pub reason: String,
}

/// What came of an extraction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExtractSummary {
    /// The features' file.
    pub out: PathBuf,
    /// Which features.
    pub space: FeatureSpace,
    /// Videos extracted now.
    pub videos: usize,
    /// Videos that were in the file, or in the journal of a stopped run.
    pub already: usize,
    /// Videos left out.
    pub bad: Vec<BadVideo>,
    /// Clips encoded now.
    pub clips: usize,
    /// Length of the videos extracted now, seconds.
    pub video_s: f64,
    /// Time taken.
    pub seconds: f64,
    /// The file as it is now; none when the run was stopped before its end.
    pub file: Option<Finished>,
}

/// Extracts the features of `videos` into the file `out`, which they are added to.
///
/// # Errors
/// When a setting cannot be used, the file cannot be written, holds other features or is being
/// written by another run, or a feature is not finite. What is done is kept, and the next run goes
/// on from there. Bad videos are no errors.
pub fn extract(
    embedder: &Embedder,
    model_dir: &Path,
    videos: &[VideoFile],
    out: &Path,
    settings: &ExtractSettings,
    observer: &mut dyn ExtractObserver,
) -> Result<ExtractSummary, TransferError> {
    settings.check()?;
    let began = Instant::now();
    let directory = embedder.directory();
    let space = settings.space_of(directory)?;
    let provenance = settings.provenance(directory, model_dir)?;
    let store = FeatureStore::open(out, &settings.dataset, provenance, settings.fresh)?;
    let mut to_do = Vec::new();
    for video in videos {
        if !store.holds(&video.id, video.bytes)? {
            to_do.push(video.clone());
        }
    }
    let already = videos.len() - to_do.len();
    observer.started(to_do.len(), already);
    let rule = ClipRule {
        preprocessing: settings.preprocessing(directory),
        stride: settings.stride,
        opener: settings.opener.clone(),
    };
    let batch = settings.batch.unwrap_or_else(|| embedder.clips_at_once());
    let mut run = Run {
        embedder,
        space,
        videos: &to_do,
        store,
        observer,
        waiting: Vec::with_capacity(batch),
        ended: Vec::new(),
        progress: ExtractProgress {
            total_videos: to_do.len(),
            total_bytes: to_do.iter().map(|video| video.bytes as f64).sum(),
            ..ExtractProgress::default()
        },
        told: (0, 0),
        began,
        bad: Vec::new(),
    };
    let next = AtomicUsize::new(0);
    let stopped = std::thread::scope(|scope| {
        // Dropped at the end of this block, also after an error: the decoders see that and end.
        let clips = decode(scope, &to_do, &next, &rule, settings.decode_threads, batch);
        for decoded in clips {
            run.take(decoded, batch)?;
            if run.observer.should_stop() {
                return Ok(true);
            }
        }
        run.encode().map(|()| false)
    });
    let stopped = stopped?;
    let Run { store, progress, bad, .. } = run;
    let file = if stopped { None } else { Some(store.finish()?) };
    Ok(ExtractSummary {
        out: out.to_owned(),
        space,
        videos: progress.videos - bad.len(),
        already,
        bad,
        clips: progress.clips,
        video_s: progress.video_s,
        seconds: began.elapsed().as_secs_f64(),
        file,
    })
}

/// A clip on its way to the encoder.
struct WaitingClip {
    video: usize,
    /// Moved away when the batch is encoded.
    pixels: Option<ClipPixels>,
    /// One over the number of clips of its video.
    share: f64,
    duration_s: f64,
}

struct Run<'a> {
    embedder: &'a Embedder,
    space: FeatureSpace,
    videos: &'a [VideoFile],
    store: FeatureStore,
    observer: &'a mut dyn ExtractObserver,
    /// Clips of the next batch.
    waiting: Vec<WaitingClip>,
    /// Videos whose last clips are waiting, with their lengths.
    ended: Vec<(usize, f64)>,
    progress: ExtractProgress,
    /// Videos and clips that the observer was told of last.
    told: (usize, usize),
    began: Instant,
    bad: Vec<BadVideo>,
}

impl Run<'_> {
    fn take(&mut self, decoded: Decoded, batch: usize) -> Result<(), TransferError> {
        match decoded {
            Decoded::Clip { video, pixels, num_clips, duration_s } => {
                let share = 1.0 / num_clips as f64;
                let pixels = Some(pixels);
                self.waiting.push(WaitingClip { video, pixels, share, duration_s });
                if self.waiting.len() >= batch {
                    self.encode()?;
                }
                Ok(())
            }
            Decoded::End { video, duration_s } => {
                self.ended.push((video, duration_s));
                if self.waiting.iter().all(|clip| clip.video != video) {
                    self.end_videos()
                } else {
                    Ok(())
                }
            }
            Decoded::Bad { video, error } => {
                self.waiting.retain(|clip| clip.video != video);
                let file = &self.videos[video];
                let reason = with_causes(&error);
                let bad = BadVideo { id: file.id.clone(), path: file.path.clone(), reason };
                self.observer.bad(&bad);
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
        if let Some(pixels) = joined(&mut waiting) {
            let features = self.embedder.encode(&pixels, self.space);
            for range in neighbours(&waiting) {
                let clips = &waiting[range.clone()];
                let file = &self.videos[clips[0].video];
                let (spans, values) = (&pixels.spans[range.clone()], features[range].concat());
                if values.iter().any(|value| !value.is_finite()) {
                    let (path, span) = (file.path.clone(), spans[0]);
                    return Err(TransferError::NotFinite { path, span });
                }
                self.store.push(&file.id, spans, &values)?;
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
            self.progress.seconds = self.began.elapsed().as_secs_f64();
            self.observer.progress(&self.progress);
        }
        Ok(())
    }

    /// Ends the videos of which no clip waits any more.
    fn end_videos(&mut self) -> Result<(), TransferError> {
        let (waiting, ended) = (&self.waiting, std::mem::take(&mut self.ended));
        let waits = |video: usize| waiting.iter().any(|clip| clip.video == video);
        let (still, complete): (Vec<_>, Vec<_>) =
            ended.into_iter().partition(|(video, _)| waits(*video));
        self.ended = still;
        for (video, duration_s) in complete {
            let file = &self.videos[video];
            let path = file.path.display().to_string();
            self.store.video_done(&file.id, VideoSource { path, bytes: file.bytes, duration_s })?;
            self.progress.videos += 1;
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

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
