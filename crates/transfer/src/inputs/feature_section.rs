//! `[features]` of a task file: which features a task asks for, and whether those of a file are they.
//!
//! Whose features a file holds stands in it, and is compared with what the task asks for before any is
//! used: another model, or other clips of the same, are refused and never taken for the right ones.
//! Files of other people say nothing of it: they are refused where a model is asked for, else taken, and
//! the result says so.

use std::path::{Path, PathBuf};

use locvtp_features::{Difference, FeatureError, FeatureFile, FileKind, OtherFiles, Provenance};
use locvtp_model::ModelDirectory;
use locvtp_train::shell_words::joined;
use locvtp_video::{ClipStride, Seconds};
use serde::{Deserialize, Serialize};

use super::input_error::InputError;
use crate::error::TransferError;
use crate::extraction::{
    ExtractError, ExtractSettings, FeatureSpace, IdRule, VideoList, list_videos,
};
use crate::model_fingerprint::fingerprint_of_before;
use crate::model_location::locate_model;
use crate::observer::TaskObserver;

/// `[features]` of a task file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeatureSection {
    /// HDF5 or safetensors as `locvtp extract` writes them, HDF5 in 2D-TAN's layout, a folder of `.npz`
    /// or `.npy`, or one `.npz` with all. What a file of `locvtp extract` lacks, `model` makes from
    /// `videos` and adds: of the videos that the annotations name, where there are annotations. Nothing
    /// is added to files of other people.
    pub file: PathBuf,
    /// What features are called in a video's group of an HDF5 file, or in its `.npz`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The model directory (or a run or demo folder) that makes what is not there. What is there must be
    /// of the same model, as its contents say; left out for files of other people.
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
    /// In files of other people, which do not say when a clip is: the seconds of a clip, as 2 for
    /// QVHighlights' features; the last ends with the video. Equal parts of the video when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_s: Option<f64>,
    /// Whether an HDF5 file may have numbers in other files, which it names itself (external links, external
    /// storage, virtual datasets). A file of a stranger would name any file of this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_files: bool,
}

impl FeatureSection {
    /// Opens a file of features as the section says.
    pub(super) fn open_file(&self, path: &Path) -> Result<FeatureFile, FeatureError> {
        let others = if self.other_files { OtherFiles::Followed } else { OtherFiles::Refused };
        FeatureFile::open_with(path, self.dataset.as_deref(), others)
    }

    /// How features are made.
    pub fn extract_settings(&self) -> ExtractSettings {
        let default = ExtractSettings::default();
        let stride = self.stride_s;
        ExtractSettings {
            space: self.space,
            stride: stride.map_or(ClipStride::Clip, |stride| ClipStride::Time(Seconds(stride))),
            consecutive: self.consecutive,
            dataset: self.dataset.clone().unwrap_or(default.dataset.clone()),
            ..default
        }
    }

    /// The video files.
    ///
    /// # Errors
    /// When one is not there, or two have the same name.
    pub fn list_videos(&self) -> Result<VideoList, TransferError> {
        list_videos(&self.videos, IdRule::Stem).map_err(|error| match error {
            TransferError::Extract(ExtractError::SameName { id, first, second, .. }) => {
                let advice = "leave one of them out of features.videos";
                ExtractError::SameName { id, first, second, advice }.into()
            }
            error => error,
        })
    }

    /// The model that is named, and what the features are that it makes; no parameter is read.
    pub(super) fn asked(&self) -> Result<Option<(PathBuf, Provenance)>, TransferError> {
        let Some(model) = &self.model else { return Ok(None) };
        let dir = locate_model(model);
        let (config, preprocessing, _) = ModelDirectory::read_settings(&dir)?;
        let settings = self.extract_settings();
        settings.check()?;
        let provenance = settings.provenance(&config, &preprocessing, &dir)?;
        Ok(Some((dir, provenance)))
    }

    /// That the features that are there are those that are asked for.
    pub(super) fn compare(
        &self,
        there: &Provenance,
        asked: Option<&(PathBuf, Provenance)>,
        observer: &mut dyn TaskObserver,
    ) -> Result<(), TransferError> {
        let difference = match asked {
            Some((dir, asked)) if there.is_of_before() => {
                observer.warning(&format!(
                    "{}: an earlier version of locvtp wrote it, which did not note how pictures were \
                     prepared; model, space, clip and stride are compared, and nothing is added to it",
                    self.file.display()
                ));
                let weights = fingerprint_of_before(dir)?;
                let none = String::new;
                let (preprocessing, precision) = (none(), none());
                let asked = Provenance { weights, preprocessing, precision, ..asked.clone() };
                asked.difference(there)
            }
            Some((_, asked)) => asked.difference(there),
            None => self.contradiction(there),
        };
        let Some(difference) = difference else { return Ok(()) };
        let path = self.file.clone();
        let anew = match (&self.model, self.videos.is_empty()) {
            (Some(_), false) => {
                format!("{} and this command again", joined(["rm", &path.to_string_lossy()]))
            }
            (model, _) => {
                let model = model.as_ref().map_or("MODEL".into(), |model| model.to_string_lossy());
                let out = path.to_string_lossy();
                let flags = ["--fresh", "--model", &model, "--out", &out, "--videos", "VIDEOS"];
                format!("locvtp extract {}", joined(flags))
            }
        };
        let spaces = [FeatureSpace::Backbone, FeatureSpace::Projected, FeatureSpace::MeanColour];
        let space = spaces.into_iter().find(|space| space.name() == difference.there);
        let as_they_are = space
            .filter(|_| difference.key == "space")
            .map(|space| format!("features.space={}", space.name().replace('-', "_")));
        let other = self.another_file(&difference.here);
        let difference = Box::new(difference);
        Err(InputError::OtherFeatures { path, difference, other, anew, as_they_are }.into())
    }

    /// That features of unknown origin are not those of a model that is asked for.
    pub(super) fn unknown_origin(&self, asked: &Provenance) -> TransferError {
        let other = self.another_file(&asked.model_and_weights());
        let set = joined(["--set", &format!("features.file={}", other.display())]);
        let anew = match (&self.model, self.videos.is_empty()) {
            (Some(model), true) => {
                let (model, out) = (model.to_string_lossy(), other.to_string_lossy());
                let flags = ["--model", &model, "--out", &out, "--videos", "VIDEOS"];
                format!("locvtp extract {}, then {set}", joined(flags))
            }
            _ => set,
        };
        let (path, model) = (self.file.clone(), asked.model_and_weights());
        InputError::UnknownOrigin { path, model, anew }.into()
    }

    /// Says which setting has no effect on what is there, and which of its arrays is not read.
    pub(super) fn tell_what_is_not_read(
        &self,
        file: &FeatureFile,
        observer: &mut dyn TaskObserver,
    ) {
        let path = self.file.display();
        if let Some(dataset) = &self.dataset
            && !file.has_named_datasets()
            && !file.ids().is_empty()
        {
            observer.warning(&format!(
                "{path}: features.dataset = {dataset:?} has no effect: each video is one array here, \
                 which has no other name than the video's"
            ));
        }
        let given = [
            ("features.space", self.space.is_some()),
            ("features.stride_s", self.stride_s.is_some()),
            ("features.consecutive", self.consecutive),
        ];
        let given: Vec<&str> = given.iter().filter(|(_, is)| *is).map(|(key, _)| *key).collect();
        if file.provenance().is_none() && self.model.is_none() && !given.is_empty() {
            observer.warning(&format!(
                "{path}: it does not say how its features were made, so {} cannot be compared with it",
                given.join(", ")
            ));
        }
        let first = file.ids().first().and_then(|id| file.unread_times(id));
        if let (Some(name), None) = (first, self.clip_s) {
            observer.warning(&format!(
                "{path}: its array {name:?} is not read, as programs mean different things by it: clips \
                 are equal parts of the video (or rows are seconds); features.clip_s gives their length"
            ));
        }
    }

    /// What the task file says of the features without a model, and the file says otherwise. A stride is
    /// not among it: a task has one of its own, and takes what clips there are.
    fn contradiction(&self, there: &Provenance) -> Option<Difference> {
        let differs = |key: &str, there: &str, here: &str| Difference {
            key: key.to_owned(),
            there: there.to_owned(),
            here: here.to_owned(),
        };
        match self.space.map(FeatureSpace::name) {
            Some(space) if space != there.space => Some(differs("space", &there.space, space)),
            _ if self.consecutive && !there.clip.ends_with("consecutive frames") => {
                Some(differs("clip", &there.clip, "consecutive frames"))
            }
            _ => None,
        }
    }

    /// A name beside the file, for other features than those in it.
    pub(super) fn another_file(&self, of: &str) -> PathBuf {
        let stem = self.file.file_stem().unwrap_or_default().to_string_lossy();
        // Of a model the fingerprint: the last word.
        let last = of.rsplit("(weights ").next().unwrap_or(of);
        let mut suffix: String =
            last.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
        suffix.truncate(24);
        // What is beside a file of NumPy's can be made as HDF5.
        let is_safetensors = matches!(FileKind::of_name(&self.file), Ok(FileKind::Safetensors));
        let ending = if is_safetensors { "safetensors" } else { "h5" };
        self.file.with_file_name(format!("{stem}-{suffix}.{ending}"))
    }
}
