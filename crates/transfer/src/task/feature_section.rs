//! The clip features that a task is given: a file of `locvtp extract` or of other people; what it
//! lacks is made here from videos.
//!
//! In two steps, because the making may take hours: [`FeatureSection::find`] looks what there is,
//! then a task checks everything else, and [`FoundFeatures`] makes what is not there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use locvtp_features::{FeatureError, FeatureFile, VideoFeatures};
use locvtp_model::{Device, ModelDirectory};
use locvtp_video::{ClipStride, Seconds, TimeSpan};
use serde::{Deserialize, Serialize};

use super::TaskObserver;
use crate::embedding::Embedder;
use crate::error::TransferError;
use crate::extraction::{
    BadVideo, ExtractObserver, ExtractProgress, ExtractSettings, FeatureSpace, IdRule, VideoFile,
    VideoList, extract, list_videos,
};
use crate::model_location::locate_model;

/// `[features]` of a task file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSection {
    /// HDF5 or safetensors, as `locvtp extract` writes them or in 2D-TAN's layout. What it lacks,
    /// `model` makes from `videos` and adds: of the videos that the annotations name, where there
    /// are annotations. Nothing is added to files of other people.
    pub file: PathBuf,
    /// What features are called in a video's group of an HDF5 file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The model directory (or a run or demo folder) that makes what is not there.
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
    /// Looks what there is, in seconds: no video is opened, so that all else can be checked before
    /// hours of extraction.
    ///
    /// # Errors
    /// When the file cannot be read, or is not there and nothing can make it.
    pub fn find(
        &self,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<FoundFeatures<'_>, TransferError> {
        let mut found = FoundFeatures {
            section: self,
            device: device.clone(),
            ids: Vec::new(),
            width: None,
            list: VideoList::default(),
            maker: None,
        };
        if self.file.exists() {
            let file = FeatureFile::open(&self.file, self.dataset.as_deref())?;
            found.ids = file.ids().to_vec();
            if let Some(id) = found.ids.first() {
                found.width = Some((id.clone(), file.shape(id)?[1]));
            }
            // To files of other people nothing is added.
            let is_ours = file.provenance().is_some();
            if is_ours && self.model.is_some() && !self.videos.is_empty() {
                match list_videos(&self.videos, IdRule::Stem) {
                    Ok(list) => found.list = list,
                    // Whoever has the features may have put the videos away.
                    Err(error) => observer.warning(&format!("no features are added: {error}")),
                }
            }
        } else {
            let Some(model) = &self.model else {
                return Err(TransferError::NoFeatures { path: self.file.clone() });
            };
            found.list = list_videos(&self.videos, IdRule::Stem)?;
            if found.list.videos.is_empty() {
                let (key, found) = ("features.videos", format!("{:?}", self.videos));
                let expected = "video files, or folders, patterns or lists of some";
                return Err(TransferError::Setting { key, found, expected });
            }
            let maker = Maker::read(self, model, device)?;
            found.width = Some((found.list.videos[0].id.clone(), maker.width()?));
            found.maker = Some(maker);
        }
        let there = &found.ids;
        found.list.videos.retain(|video| there.binary_search(&video.id).is_err());
        Ok(found)
    }

    /// The features of all videos, made first if they are not there.
    ///
    /// # Errors
    /// As [`FeatureSection::find`] and [`FoundFeatures::open`].
    pub fn open(
        &self,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<ClipFeatures, TransferError> {
        self.find(device, observer)?.open(observer)
    }
}

/// What a section's features are taken from: what is in the file, and the videos that can be added.
pub struct FoundFeatures<'a> {
    section: &'a FeatureSection,
    device: Device,
    /// Videos in the file, sorted.
    ids: Vec<String>,
    width: Option<(String, usize)>,
    /// Videos that are not in it.
    list: VideoList,
    maker: Option<Maker>,
}

impl FoundFeatures<'_> {
    /// Whether there are features of a video, or its file.
    pub fn holds(&self, id: &str) -> bool {
        let in_list = || self.list.videos.binary_search_by(|video| video.id.as_str().cmp(id));
        self.ids.binary_search_by(|known| known.as_str().cmp(id)).is_ok() || in_list().is_ok()
    }

    /// A video and the width of its features, as it is in the file or will be; none where the file is
    /// empty.
    pub fn width(&self) -> Option<(&str, usize)> {
        self.width.as_ref().map(|(id, width)| (id.as_str(), *width))
    }

    /// The features; those of videos that are not in the file are made and added.
    ///
    /// # Errors
    /// When they cannot be made or read. [`TransferError::Stopped`] when `observer` stops the making;
    /// what is done is kept.
    pub fn open(self, observer: &mut dyn TaskObserver) -> Result<ClipFeatures, TransferError> {
        let Self { section, device, list, maker, .. } = self;
        if !list.videos.is_empty() {
            for missing in &list.missing {
                observer.warning(&format!("left out: {} is not there", missing.display()));
            }
            let maker = match (maker, &section.model) {
                (None, Some(model)) => Maker::read(section, model, &device)?,
                (maker, _) => maker.expect("videos are listed where there is a model"),
            };
            maker.make(&list.videos, &section.file, observer)?;
        }
        if !section.file.exists() {
            return Err(TransferError::Nothing { what: "videos to take features of" });
        }
        let file = FeatureFile::open(&section.file, section.dataset.as_deref())?;
        Ok(ClipFeatures { path: section.file.clone(), file })
    }

    /// The same; of the videos that are not in the file, only those in `wanted` are made.
    ///
    /// # Errors
    /// As [`FoundFeatures::open`].
    pub fn open_those(
        mut self,
        wanted: &BTreeSet<String>,
        observer: &mut dyn TaskObserver,
    ) -> Result<ClipFeatures, TransferError> {
        self.list.videos.retain(|video| wanted.contains(&video.id));
        self.open(observer)
    }
}

/// A model that makes features.
struct Maker {
    model_dir: PathBuf,
    embedder: Embedder,
    settings: ExtractSettings,
}

impl Maker {
    fn read(
        section: &FeatureSection,
        model: &Path,
        device: &Device,
    ) -> Result<Self, TransferError> {
        let model_dir = locate_model(model);
        let directory = ModelDirectory::read(&model_dir, device)?;
        let default = ExtractSettings::default();
        let settings = ExtractSettings {
            space: section.space,
            stride: section.stride_s.map_or(ClipStride::Clip, |s| ClipStride::Time(Seconds(s))),
            consecutive: section.consecutive,
            dataset: section.dataset.clone().unwrap_or(default.dataset.clone()),
            ..default
        };
        settings.check()?;
        Ok(Self { model_dir, embedder: Embedder::new(directory, device.clone()), settings })
    }

    /// Width of the features it makes.
    fn width(&self) -> Result<usize, TransferError> {
        let directory = self.embedder.directory();
        Ok(match self.settings.space_of(directory)? {
            FeatureSpace::Projected => directory.config.embedding_width(),
            FeatureSpace::Backbone => directory.config.video.width(),
            FeatureSpace::MeanColour => 3,
        })
    }

    fn make(
        &self,
        videos: &[VideoFile],
        file: &Path,
        observer: &mut dyn TaskObserver,
    ) -> Result<(), TransferError> {
        if let Some(folder) = file.parent() {
            let failed = |source| TransferError::Io {
                path: folder.to_owned(),
                action: "make the folder of the features",
                source,
            };
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let (embedder, settings) = (&self.embedder, &self.settings);
        let mut making = Making { observer };
        let made = extract(embedder, &self.model_dir, videos, file, settings, &mut making);
        let refused = |source| TransferError::NotAdded {
            path: file.to_owned(),
            count: videos.len(),
            example: videos[0].id.clone(),
            source: Box::new(source),
        };
        let summary = made.map_err(|error| match error {
            TransferError::Features(source @ FeatureError::OtherSettings { .. }) => refused(source),
            error => error,
        })?;
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
