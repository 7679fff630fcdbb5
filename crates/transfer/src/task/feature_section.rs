//! The clip features that a task is given: a file of `locvtp extract` or of other people, or made
//! here from videos when the file is not there yet.

use std::path::{Path, PathBuf};

use locvtp_features::{FeatureError, FeatureFile, VideoFeatures};
use locvtp_model::{Device, ModelDirectory};
use locvtp_video::{ClipStride, Seconds, TimeSpan};
use serde::{Deserialize, Serialize};

use super::TaskObserver;
use crate::embedding::Embedder;
use crate::error::TransferError;
use crate::extraction::{
    BadVideo, ExtractObserver, ExtractProgress, ExtractSettings, FeatureSpace, IdRule, extract,
    list_videos,
};
use crate::model_location::locate_model;

/// `[features]` of a task file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSection {
    /// HDF5 or safetensors, as `locvtp extract` writes them or in 2D-TAN's layout. When it is not
    /// there, `model` makes it from `videos`.
    pub file: PathBuf,
    /// What features are called in a video's group of an HDF5 file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The model directory (or a run or demo folder) that makes a file that is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<PathBuf>,
    /// What it makes it from: video files, folders, patterns and lists, as for `locvtp extract`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub videos: Vec<PathBuf>,
    /// Which features are made: `projected` where the model has a joint space, when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<FeatureSpace>,
    /// Seconds from the start of a clip to the start of the next; a clip's length when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride_s: Option<f64>,
    /// Clips of neighbouring frames, whatever the model directory says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub consecutive: bool,
}

impl FeatureSection {
    /// The features, made first if they are not there.
    ///
    /// # Errors
    /// When the file cannot be read, or is not there and cannot be made. [`TransferError::Stopped`]
    /// when `observer` stops the making; what is done is kept.
    pub fn open(
        &self,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<ClipFeatures, TransferError> {
        if !self.file.exists() {
            self.make(device, observer)?;
        }
        let file = FeatureFile::open(&self.file, self.dataset.as_deref())?;
        Ok(ClipFeatures { path: self.file.clone(), file })
    }

    fn make(&self, device: &Device, observer: &mut dyn TaskObserver) -> Result<(), TransferError> {
        let Some(model) = &self.model else {
            return Err(TransferError::NoFeatures { path: self.file.clone() });
        };
        if let Some(folder) = self.file.parent() {
            let failed = |source| TransferError::Io {
                path: folder.to_owned(),
                action: "make the folder of the features",
                source,
            };
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let list = list_videos(&self.videos, IdRule::Stem)?;
        let model_dir = locate_model(model);
        let directory = ModelDirectory::read(&model_dir, device)?;
        let embedder = Embedder::new(directory, device.clone());
        let default = ExtractSettings::default();
        let settings = ExtractSettings {
            space: self.space,
            stride: self.stride_s.map_or(ClipStride::Clip, |s| ClipStride::Time(Seconds(s))),
            consecutive: self.consecutive,
            dataset: self.dataset.clone().unwrap_or(default.dataset.clone()),
            ..default
        };
        for missing in &list.missing {
            observer.warning(&format!("left out: {} is not there", missing.display()));
        }
        let mut making = Making { observer };
        let summary =
            extract(&embedder, &model_dir, &list.videos, &self.file, &settings, &mut making)?;
        if summary.file.is_none() { Err(TransferError::Stopped) } else { Ok(()) }
    }
}

/// Passes on how an extraction goes.
struct Making<'a> {
    observer: &'a mut dyn TaskObserver,
}

impl ExtractObserver for Making<'_> {
    fn progress(&mut self, progress: &ExtractProgress) {
        self.observer.progress("videos to features", progress.videos, progress.total_videos);
    }

    fn bad(&mut self, bad: &BadVideo) {
        self.observer.warning(&format!("left out: {}", bad.reason));
    }

    fn should_stop(&self) -> bool {
        self.observer.should_stop()
    }
}

/// Clip features of many videos, read when they are asked for.
pub struct ClipFeatures {
    path: PathBuf,
    file: FeatureFile,
}

impl ClipFeatures {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The videos, sorted.
    pub fn ids(&self) -> &[String] {
        self.file.ids()
    }

    /// Whether a video is there.
    pub fn holds(&self, id: &str) -> bool {
        self.ids().binary_search_by(|known| known.as_str().cmp(id)).is_ok()
    }

    /// How many clips a video has and how wide their features are; `None` when it is not there.
    ///
    /// # Errors
    /// When what is there is no table of numbers.
    pub fn shape(&self, id: &str) -> Result<Option<[usize; 2]>, TransferError> {
        if self.holds(id) { Ok(Some(self.file.shape(id)?)) } else { Ok(None) }
    }

    /// When each clip of a video is: as the file says, or, in files of other people, equal parts of
    /// the video. Empty when the video is not there.
    ///
    /// # Errors
    /// When what is there is no table of numbers.
    pub fn spans(&mut self, id: &str, duration: Seconds) -> Result<Vec<TimeSpan>, TransferError> {
        let Some([count, _]) = self.shape(id)? else { return Ok(Vec::new()) };
        Ok(self.file.spans(id)?.unwrap_or_else(|| equal_parts(count, duration)))
    }

    /// How long a video is, where the file says so.
    pub fn duration(&self, id: &str) -> Option<Seconds> {
        let source = self.file.source(id)?;
        (source.duration_s > 0.0).then_some(Seconds(source.duration_s))
    }

    /// The features of a video; `None` when it is not there or has no clips.
    ///
    /// # Errors
    /// When they are no table of finite numbers.
    pub fn read(&mut self, id: &str) -> Result<Option<VideoFeatures>, TransferError> {
        if !self.holds(id) {
            return Ok(None);
        }
        let features = self.file.read(id)?;
        if features.values.iter().any(|value| !value.is_finite()) {
            let (path, reason) = (self.path.clone(), format!("a feature of {id} is not finite"));
            return Err(FeatureError::damaged(&path, reason).into());
        }
        Ok((features.num_clips() > 0).then_some(features))
    }
}

/// When each clip is: as the file says, or, in files of other people, equal parts of the video.
pub fn clip_spans(features: &VideoFeatures, duration: Seconds) -> Vec<TimeSpan> {
    features.spans.clone().unwrap_or_else(|| equal_parts(features.num_clips(), duration))
}

fn equal_parts(count: usize, duration: Seconds) -> Vec<TimeSpan> {
    let place = |clip: usize| duration.0 * clip as f64 / count as f64;
    (0..count).map(|clip| TimeSpan::new(place(clip), place(clip + 1))).collect()
}
