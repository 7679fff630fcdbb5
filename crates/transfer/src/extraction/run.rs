//! From videos to a feature file: what is in it already is left out, what is new goes through the
//! encoder and into the file's journal.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

use locvtp_cluster::{Alone, Fact, same_on_all};
use locvtp_features::{FeatureStore, Finished, Provenance, VideoSource};
use locvtp_video::TimeSpan;
use serde::Serialize;

use crate::embedding::Embedder;
use crate::error::TransferError;
use crate::extraction::decoding::VideoEnd;
use crate::extraction::encoding::{ClipSink, Encoded, nothing_aside};
use crate::extraction::observer::{BadVideo, DamagedVideo, ExtractObserver};
use crate::extraction::settings::{ExtractSettings, FeatureSpace};
use crate::extraction::together::VideoEncoding;
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
    /// Videos extracted now in which pictures are missing or damaged, or whose file is cut short.
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
    let by = VideoEncoding { ranks: &Alone, embedder, settings };
    let summary = extract_together(&by, model_dir, videos, out, observer)?;
    Ok(summary.expect("rank 0 has the summary"))
}

/// [`extract`] by one process or by several. All come to it; rank 0 alone reads its own list of videos, writes the file,
/// is told how it goes and has the summary. The file is byte for byte that of one process.
///
/// # Errors
/// As [`extract`], and when the ranks have not the same model and settings.
pub fn extract_together(
    by: &VideoEncoding<'_>,
    model_dir: &Path,
    videos: &[VideoFile],
    out: &Path,
    observer: &mut dyn ExtractObserver,
) -> Result<Option<ExtractSummary>, TransferError> {
    let VideoEncoding { ranks, embedder, settings } = *by;
    settings.check()?;
    let began = Instant::now();
    let directory = embedder.directory();
    let space = settings.space_of(&directory.config)?;
    let provenance = settings.provenance(&directory.config, &directory.preprocessing, model_dir)?;
    same_on_all(ranks, &[Fact::hashed("model and settings", made_by(&provenance).as_bytes())])?;
    // What rank 0 now reads may be long.
    ranks.progress().rest();
    if ranks.rank().index() > 0 {
        let to_do = to_do_of_bytes(&ranks.gather_bytes(&[])?[0]);
        by.help(&to_do, &mut nothing_aside(), &|| observer.should_stop())?;
        return Ok(None);
    }
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
    ranks.gather_bytes(&to_do_as_bytes(&to_do))?;
    let encoded = by.encode(&to_do, &mut nothing_aside(), &mut store, observer)?;
    let file = if encoded.stopped { None } else { Some(store.finish()?) };
    let Encoded { progress, bad, damaged, .. } = encoded;
    Ok(Some(ExtractSummary {
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
    }))
}

/// What must be the same on all ranks; where the model lies is not.
fn made_by(provenance: &Provenance) -> String {
    let provenance = Provenance { model: String::new(), ..provenance.clone() };
    serde_json::to_string(&provenance).expect("plain data")
}

/// Name, path and size of each; a path need be no text.
fn to_do_as_bytes(videos: &[VideoFile]) -> Vec<u8> {
    let one = |video: &VideoFile| {
        (video.id.clone(), video.path.as_os_str().as_bytes().to_vec(), video.bytes)
    };
    serde_json::to_vec(&videos.iter().map(one).collect::<Vec<_>>()).expect("plain data")
}

fn to_do_of_bytes(bytes: &[u8]) -> Vec<VideoFile> {
    let all: Vec<(String, Vec<u8>, u64)> = serde_json::from_slice(bytes).expect("rank 0's list");
    let one = |(id, path, bytes)| VideoFile { id, path: OsString::from_vec(path).into(), bytes };
    all.into_iter().map(one).collect()
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

    fn done(
        &mut self,
        video: &VideoFile,
        end: &VideoEnd,
        _aside: &[u8],
    ) -> Result<(), TransferError> {
        let (path, bytes) = (video.path.display().to_string(), video.bytes);
        let VideoEnd { duration_s, cut_short, damaged, .. } = end.clone();
        let source = VideoSource { path, bytes, duration_s, damaged, cut_short };
        Ok(self.video_done(&video.id, source)?)
    }
}
