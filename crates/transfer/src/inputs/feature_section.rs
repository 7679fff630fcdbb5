//! The clip features that a task is given: a file of `locvtp extract` or of other people; what it
//! lacks is made here from videos.
//!
//! In two steps, because the making may take hours: [`FeatureSection::find`] looks what there is,
//! then a task checks everything else, and [`FoundFeatures`] makes what is not there.
//!
//! Whose features a file holds stands in it, and is compared with what the task asks for before any is
//! used: another model, or other clips of the same, are refused and never taken for the right ones.
//! Files of other people say nothing of it: they are refused where a model is asked for, else taken, and
//! the result says so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use locvtp_features::{Difference, FeatureFile, FileKind, Provenance, VideoFeatures};
use locvtp_model::{Device, ModelDirectory};
use locvtp_train::shell_words::joined;
use locvtp_video::counted::counted_as;
use locvtp_video::{ClipStride, Seconds, TimeSpan};
use serde::{Deserialize, Serialize};

use super::feature_maker::Maker;
use super::feature_names::FeatureNames;
use super::origin::{FeatureOrigin, Origin};
use crate::error::TransferError;
use crate::extraction::{ExtractSettings, FeatureSpace, IdRule, VideoFile, VideoList, list_videos};
use crate::model_fingerprint::{ModelIdentity, fingerprint_of_before, tokenizer_fingerprint};
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
}

impl FeatureSection {
    /// Looks what there is, in seconds: no video is opened, so that all else can be checked before
    /// hours of extraction.
    ///
    /// # Errors
    /// When the file cannot be read, or is not there and nothing can make it; when it holds features
    /// of another model than `model`, or otherwise made, or does not say of which.
    pub fn find(
        &self,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<FoundFeatures<'_>, TransferError> {
        if let Some(seconds) = self.clip_s
            && !(seconds > 0.0 && seconds.is_finite())
        {
            let (key, found) = ("features.clip_s", seconds.to_string());
            return Err(TransferError::Setting { key, found, expected: "seconds above 0" });
        }
        let mut found = FoundFeatures {
            section: self,
            device: device.clone(),
            file: None,
            names: FeatureNames::default(),
            width: None,
            provenance: None,
            list: VideoList::default(),
            listed: FeatureNames::default(),
            there: Vec::new(),
            maker: None,
        };
        if self.file.exists() {
            // Also where everything is there: a model that is named is the model that made it.
            let asked = self.asked()?;
            let file = FeatureFile::open(&self.file, self.dataset.as_deref())?;
            found.names = FeatureNames::of(file.ids().to_vec());
            if let Some(id) = found.names.ids().first() {
                found.width = Some((id.clone(), file.shape(id)?[1]));
            }
            self.tell_what_is_not_read(&file, observer);
            found.provenance = file.provenance();
            if let (None, Some((_, asked))) = (&found.provenance, &asked) {
                return Err(self.unknown_origin(asked));
            }
            if let Some(there) = &found.provenance {
                self.compare(there, asked.as_ref(), observer)?;
                // To files of other people nothing is added.
                if asked.is_some() && !self.videos.is_empty() {
                    match self.list_videos() {
                        Ok(list) => found.list = list,
                        // Whoever has the features may have put the videos away.
                        Err(error) => observer.warning(&format!("no features are added: {error}")),
                    }
                }
            }
            found.file = Some(file);
        } else {
            let Some(model) = &self.model else {
                return Err(TransferError::NoFeatures { path: self.file.clone() });
            };
            found.list = self.list_videos()?;
            if found.list.videos.is_empty() {
                let (key, found) = ("features.videos", format!("{:?}", self.videos));
                let expected = "video files, or folders, patterns or lists of some";
                return Err(TransferError::Setting { key, found, expected });
            }
            let maker = Maker::read(self.extract_settings(), model, device)?;
            found.width = Some((found.list.videos[0].id.clone(), maker.width()?));
            found.provenance = Some(maker.provenance()?);
            found.maker = Some(maker);
        }
        let FoundFeatures { list, names, there, .. } = &mut found;
        list.videos.retain(|video| {
            let known = names.find(&video.id);
            there.extend(known.map(|id| (id.to_owned(), video.clone())));
            known.is_none()
        });
        let listed = list.videos.iter().map(|video| video.id.clone()).collect();
        found.listed = FeatureNames::of(listed);
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
            TransferError::SameName { id, first, second, .. } => {
                let advice = "leave one of them out of features.videos";
                TransferError::SameName { id, first, second, advice }
            }
            error => error,
        })
    }

    /// The model that is named, and what the features are that it makes; no parameter is read.
    fn asked(&self) -> Result<Option<(PathBuf, Provenance)>, TransferError> {
        let Some(model) = &self.model else { return Ok(None) };
        let dir = locate_model(model);
        let (config, preprocessing, _) = ModelDirectory::read_settings(&dir)?;
        let settings = self.extract_settings();
        settings.check()?;
        let provenance = settings.provenance(&config, &preprocessing, &dir)?;
        Ok(Some((dir, provenance)))
    }

    /// That the features that are there are those that are asked for.
    fn compare(
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
        Err(TransferError::OtherFeatures { path, difference, other, anew, as_they_are })
    }

    /// That features of unknown origin are not those of a model that is asked for.
    fn unknown_origin(&self, asked: &Provenance) -> TransferError {
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
        TransferError::UnknownOrigin { path, model, anew }
    }

    /// Says which setting has no effect on what is there, and which of its arrays is not read.
    fn tell_what_is_not_read(&self, file: &FeatureFile, observer: &mut dyn TaskObserver) {
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
    fn another_file(&self, of: &str) -> PathBuf {
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

/// What a section's features are taken from: what is in the file, and the videos that can be added.
pub struct FoundFeatures<'a> {
    section: &'a FeatureSection,
    device: Device,
    file: Option<FeatureFile>,
    /// Videos in the file.
    names: FeatureNames,
    width: Option<(String, usize)>,
    provenance: Option<Provenance>,
    /// Videos that are not in it.
    list: VideoList,
    /// Their names.
    listed: FeatureNames,
    /// Videos that are in it, by their ids there.
    there: Vec<(String, VideoFile)>,
    maker: Option<Maker>,
}

impl FoundFeatures<'_> {
    /// Whether there are features of a video, or its file.
    pub fn holds(&self, id: &str) -> bool {
        self.names.find(id).is_some() || self.listed.find(id).is_some()
    }

    /// A video and the width of its features, as it is in the file or will be; none where the file is
    /// empty.
    pub fn width(&self) -> Option<(&str, usize)> {
        self.width.as_ref().map(|(id, width)| (id.as_str(), *width))
    }

    /// That the words of a model are in one space with the features, as far as these say what they are;
    /// `key` names the model.
    ///
    /// # Errors
    /// When another model made them, or they are not in its joint space; when it has another tokenizer
    /// than the model that the features are to be of.
    pub fn check_text_model(
        &self,
        key: &'static str,
        model: &ModelIdentity,
    ) -> Result<(), TransferError> {
        let Some(provenance) = &self.provenance else { return Ok(()) };
        let path = self.section.file.clone();
        if provenance.space != FeatureSpace::Projected.name() {
            return Err(TransferError::NotProjected { path, space: provenance.space.clone() });
        }
        if !model.made(provenance)? {
            let (features, words) = (provenance.model_and_weights(), model.to_string());
            return Err(TransferError::OtherTextModel { path, features, key, words });
        }
        let Some(of_features) = &self.section.model else { return Ok(()) };
        let here = tokenizer_fingerprint(&locate_model(of_features))?;
        match (&model.tokenizer, here) {
            (Some(there), Some(here)) if *there != here => Err(TransferError::OtherTokenizer {
                key,
                words: model.to_string(),
                there: there.clone(),
                model: of_features.clone(),
                here,
            }),
            _ => Ok(()),
        }
    }

    /// Whether a model made the features; none where they do not say.
    ///
    /// # Errors
    /// When the model's files cannot be read.
    pub fn are_of(&self, model: &ModelIdentity) -> Result<Option<bool>, TransferError> {
        Ok(self.provenance.as_ref().map(|provenance| model.made(provenance)).transpose()?)
    }

    /// An error of a task that found none of its videos, with what both sides call one.
    pub fn with_names(&self, error: TransferError, annotated: Option<&str>) -> TransferError {
        let there = self.names.ids().first().or(self.listed.ids().first());
        let (Some(there), Some(annotated)) = (there, annotated) else { return error };
        TransferError::OtherNames {
            path: self.section.file.clone(),
            annotated: annotated.to_owned(),
            there: there.clone(),
            source: Box::new(error),
        }
    }

    /// The features; those of videos that are not in the file are made and added.
    ///
    /// # Errors
    /// When they cannot be made or read, or were made of other video files than those that are named.
    /// [`TransferError::Stopped`] when `observer` stops the making; what is done is kept.
    pub fn open(self, observer: &mut dyn TaskObserver) -> Result<ClipFeatures, TransferError> {
        let reused = self.names.ids().iter().cloned().collect();
        self.open_with(&reused, observer)
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
        let known = |names: &FeatureNames| -> BTreeSet<String> {
            wanted.iter().filter_map(|id| Some(names.find(id)?.to_owned())).collect()
        };
        let (reused, to_make) = (known(&self.names), known(&self.listed));
        self.list.videos.retain(|video| to_make.contains(&video.id));
        self.open_with(&reused, observer)
    }

    fn open_with(
        self,
        reused: &BTreeSet<String>,
        observer: &mut dyn TaskObserver,
    ) -> Result<ClipFeatures, TransferError> {
        self.check_videos(reused)?;
        let Self { section, device, file, provenance, list, maker, .. } = self;
        let path = section.file.clone();
        if provenance.is_some() {
            let (reused, to_make) = (reused.len(), list.videos.len());
            observer.started(&format!(
                "features of {} reused from {}, of {to_make} to make",
                counted_as(reused, "video", "videos"),
                path.display()
            ));
        } else {
            let (reused, made) = (reused.len(), 0);
            let file = path.clone();
            let (origin, made_by) = (Origin::Unknown, None);
            let origin = FeatureOrigin { file, origin, made_by, reused, made };
            observer.started(&origin.line("features"));
        }
        let mut made = 0;
        if !list.videos.is_empty() {
            drop(file);
            for missing in &list.missing {
                observer.warning(&format!("left out: {} does not exist", missing.display()));
            }
            let maker = match (maker, &section.model) {
                (None, Some(model)) => Maker::read(section.extract_settings(), model, &device)?,
                (maker, _) => maker.expect("videos are listed where there is a model"),
            };
            made = maker.make(&list.videos, &path, observer)?;
        }
        if !path.exists() {
            return Err(TransferError::Nothing { what: "videos to take features of" });
        }
        let file = FeatureFile::open(&path, section.dataset.as_deref())?;
        let made_by = file.provenance();
        if made_by.is_some() && section.clip_s.is_some() {
            let (key, found) = ("features.clip_s", "given".to_owned());
            let expected = "left out: the file says when each clip is";
            return Err(TransferError::Setting { key, found, expected });
        }
        let origin = if made_by.is_some() { Origin::Locvtp } else { Origin::Unknown };
        let reused = reused.len();
        Ok(ClipFeatures {
            origin: FeatureOrigin { file: path, origin, made_by, reused, made },
            names: FeatureNames::of(file.ids().to_vec()),
            clip_s: section.clip_s,
            file,
        })
    }

    /// That features that are there were made of the video files that are named.
    fn check_videos(&self, reused: &BTreeSet<String>) -> Result<(), TransferError> {
        let Some(file) = &self.file else { return Ok(()) };
        for (id, video) in self.there.iter().filter(|(id, _)| reused.contains(id)) {
            let Some(source) = file.source(id).filter(|source| source.bytes != video.bytes) else {
                continue;
            };
            let said =
                |path: &dyn std::fmt::Display, bytes: u64| format!("{path} of {bytes} bytes");
            return Err(TransferError::OtherVideo {
                path: self.section.file.clone(),
                difference: Box::new(Difference {
                    key: id.clone(),
                    there: said(&source.path, source.bytes),
                    here: said(&video.path.display(), video.bytes),
                }),
                other: self.section.another_file("other videos"),
            });
        }
        Ok(())
    }
}

/// Clip features of many videos, read when they are asked for. A video is found by its id in the file,
/// and by ids that differ from it in `v_`, a folder or an ending.
pub struct ClipFeatures {
    origin: FeatureOrigin,
    names: FeatureNames,
    clip_s: Option<f64>,
    file: FeatureFile,
}

impl ClipFeatures {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.origin.file
    }

    /// Where they come from.
    pub fn origin(&self) -> &FeatureOrigin {
        &self.origin
    }

    /// The videos, sorted.
    pub fn ids(&self) -> &[String] {
        self.file.ids()
    }

    /// What a video is called here; none when it is not there.
    pub fn find(&self, id: &str) -> Option<&str> {
        self.names.find(id)
    }

    /// How many clips a video has and how wide their features are; `None` when it is not there.
    ///
    /// # Errors
    /// When what is there is no table of numbers.
    pub fn shape(&self, id: &str) -> Result<Option<[usize; 2]>, TransferError> {
        Ok(self.names.find(id).map(|id| self.file.shape(id)).transpose()?)
    }

    /// When each clip of a video is: as the file says, or, in files of other people, of so many seconds
    /// each, or equal parts of the video. Empty when the video is not there.
    ///
    /// # Errors
    /// When what is there is no table of numbers.
    pub fn spans(&mut self, id: &str, duration: Seconds) -> Result<Vec<TimeSpan>, TransferError> {
        let Some([count, _]) = self.shape(id)? else { return Ok(Vec::new()) };
        let id = self.names.find(id).expect("it has a shape");
        let spans = self.file.spans(id)?.or_else(|| self.fixed_spans(count));
        Ok(clamped(spans, count, duration))
    }

    /// How long a video is, where the file says so.
    pub fn duration(&self, id: &str) -> Option<Seconds> {
        let source = self.file.source(self.names.find(id)?)?;
        (source.duration_s > 0.0).then_some(Seconds(source.duration_s))
    }

    /// The features of a video; `None` when it is not there or has no clips.
    ///
    /// # Errors
    /// When they are no table of finite numbers.
    pub fn read(&mut self, id: &str) -> Result<Option<VideoFeatures>, TransferError> {
        let Some(id) = self.names.find(id) else { return Ok(None) };
        let mut features = self.file.read(id)?;
        if features.spans.is_none() {
            features.spans = self.fixed_spans(features.num_clips());
        }
        Ok((features.num_clips() > 0).then_some(features))
    }

    /// Clips of `features.clip_s` seconds each, if it is given.
    fn fixed_spans(&self, count: usize) -> Option<Vec<TimeSpan>> {
        let seconds = self.clip_s?;
        let clip = |clip: usize| TimeSpan::new(seconds * clip as f64, seconds * (clip + 1) as f64);
        Some((0..count).map(clip).collect())
    }
}

/// When each clip is: as the file says, or, in files of other people, equal parts of the video.
pub fn clip_spans(features: &VideoFeatures, duration: Seconds) -> Vec<TimeSpan> {
    clamped(features.spans.clone(), features.num_clips(), duration)
}

/// The spans that are known, or equal parts of a video.
fn clamped(spans: Option<Vec<TimeSpan>>, count: usize, duration: Seconds) -> Vec<TimeSpan> {
    spans.unwrap_or_else(|| equal_parts(count, duration))
}

fn equal_parts(count: usize, duration: Seconds) -> Vec<TimeSpan> {
    let place = |clip: usize| duration.0 * clip as f64 / count as f64;
    (0..count).map(|clip| TimeSpan::new(place(clip), place(clip + 1))).collect()
}
