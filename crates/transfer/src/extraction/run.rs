//! From videos to a feature file: what is in it already is left out, what is new goes through the
//! encoder and into the file's journal.

use std::path::{Path, PathBuf};
use std::time::Instant;

use locvtp_features::{FeatureStore, Finished, VideoSource};
use locvtp_video::TimeSpan;
use serde::Serialize;

use crate::embedding::Embedder;
use crate::error::TransferError;
use crate::extraction::decoding::{ClipRule, VideoEnd};
use crate::extraction::encoding::{ClipSink, Encoded, Encoding};
use crate::extraction::observer::{BadVideo, DamagedVideo, ExtractObserver};
use crate::extraction::settings::{ExtractSettings, FeatureSpace};
use crate::extraction::video_list::VideoFile;

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
    /// Videos extracted now in which pictures are missing or damaged.
    pub damaged: Vec<DamagedVideo>,
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
    let space = settings.space_of(&directory.config)?;
    let provenance = settings.provenance(&directory.config, &directory.preprocessing, model_dir)?;
    let mut store = FeatureStore::open(out, &settings.dataset, provenance, settings.fresh)?;
    let (mut to_do, mut changed) = (Vec::new(), Vec::new());
    for video in videos {
        if !store.holds(&video.id, video.bytes)? {
            to_do.push(video.clone());
            if store.names(&video.id) {
                changed.push(video.id.clone());
            }
        }
    }
    if !changed.is_empty() {
        observer.changed(&changed);
    }
    let already = videos.len() - to_do.len();
    observer.started(to_do.len(), already);
    let encoded = encode_videos(embedder, &to_do, settings, &mut store, observer)?;
    let file = if encoded.stopped { None } else { Some(store.finish()?) };
    let Encoded { progress, bad, damaged, .. } = encoded;
    Ok(ExtractSummary {
        out: out.to_owned(),
        space,
        videos: progress.videos - bad.len(),
        already,
        bad,
        damaged,
        clips: progress.clips,
        video_s: progress.video_s,
        seconds: began.elapsed().as_secs_f64(),
        file,
    })
}

/// Encodes videos and hands the features of their clips to `sink`: what [`extract`] does, for whoever keeps
/// them elsewhere. Memory does not grow with the length of a video.
///
/// # Errors
/// When a setting cannot be used, a feature is not finite, or the sink fails. Bad videos are no errors.
pub fn encode_videos(
    embedder: &Embedder,
    videos: &[VideoFile],
    settings: &ExtractSettings,
    sink: &mut dyn ClipSink,
    observer: &mut dyn ExtractObserver,
) -> Result<Encoded, TransferError> {
    settings.check()?;
    let directory = embedder.directory();
    let rule = ClipRule {
        preprocessing: settings.preprocessing(&directory.preprocessing),
        stride: settings.stride,
        opener: settings.opener.clone(),
        skip_damaged: settings.skip_damaged,
    };
    let encoding = Encoding {
        embedder,
        space: settings.space_of(&directory.config)?,
        rule: &rule,
        batch: settings.batch.unwrap_or_else(|| embedder.clips_at_once()),
        decode_threads: settings.decode_threads,
        take_over_stills: settings.take_over_stills && rule.preprocessing.num_frames == 1,
    };
    encoding.run(videos, sink, observer)
}

/// Into the journal of a feature file.
impl ClipSink for FeatureStore {
    fn clips(
        &mut self,
        video: &VideoFile,
        spans: &[TimeSpan],
        values: &[f32],
    ) -> Result<(), TransferError> {
        Ok(self.push(&video.id, spans, values)?)
    }

    fn done(&mut self, video: &VideoFile, end: &VideoEnd) -> Result<(), TransferError> {
        let (path, bytes) = (video.path.display().to_string(), video.bytes);
        let (duration_s, damaged) = (end.duration_s, end.damaged.clone());
        Ok(self.video_done(&video.id, VideoSource { path, bytes, duration_s, damaged })?)
    }
}
