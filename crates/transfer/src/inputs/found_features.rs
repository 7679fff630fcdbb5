//! What there is of the clip features that a task asks for: a file of `locvtp extract` or of other
//! people, and the videos of which it lacks some.
//!
//! In two steps, because the making may take hours: [`FeatureSection::find`] looks what there is,
//! then a task checks everything else, and [`FoundFeatures`] makes what is not there.

use std::collections::BTreeSet;

use locvtp_features::{Difference, FeatureFile, Provenance};
use locvtp_measure::MeasureError;
use locvtp_model::Device;
use locvtp_video::causes::with_causes;
use locvtp_video::counted::counted_as;

use super::clip_features::ClipFeatures;
use super::feature_maker::FeatureMaker;
use super::feature_names::FeatureNames;
use super::feature_section::FeatureSection;
use super::input_error::InputError;
use super::origin::{FeatureOrigin, Origin};
use crate::error::TransferError;
use crate::extraction::{FeatureSpace, VideoFile, VideoList};
use crate::model_fingerprint::{ModelIdentity, tokenizer_fingerprint};
use crate::model_location::locate_model;
use crate::observer::TaskObserver;
use crate::setting_error::SettingError;

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
            return Err(SettingError { key, found, expected: "seconds above 0" }.into());
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
            let file = self.open_file(&self.file)?;
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
                        Err(error) => {
                            let reason = with_causes(&error);
                            observer.warning(&format!("no features are added: {reason}"));
                        }
                    }
                }
            }
            found.file = Some(file);
        } else {
            let Some(model) = &self.model else {
                return Err(InputError::NoFeatures { path: self.file.clone() }.into());
            };
            found.list = self.list_videos()?;
            if found.list.videos.is_empty() {
                let (key, found) = ("features.videos", format!("{:?}", self.videos));
                let expected = "video files, or folders, patterns or lists of some";
                return Err(SettingError { key, found, expected }.into());
            }
            let maker = FeatureMaker::read(self.extract_settings(), model, device)?;
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
    maker: Option<FeatureMaker>,
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
            return Err(InputError::NotProjected { path, space: provenance.space.clone() }.into());
        }
        if !model.made(provenance)? {
            let (features, words) = (provenance.model_and_weights(), model.to_string());
            return Err(InputError::OtherTextModel { path, features, key, words }.into());
        }
        let Some(of_features) = &self.section.model else { return Ok(()) };
        let here = tokenizer_fingerprint(&locate_model(of_features))?;
        match (&model.tokenizer, here) {
            (Some(there), Some(here)) if *there != here => Err(InputError::OtherTokenizer {
                key,
                words: model.to_string(),
                there: there.clone(),
                model: of_features.clone(),
                here,
            }
            .into()),
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
        InputError::OtherNames {
            path: self.section.file.clone(),
            annotated: annotated.to_owned(),
            there: there.clone(),
            source: Box::new(error),
        }
        .into()
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
                (None, Some(model)) => {
                    FeatureMaker::read(section.extract_settings(), model, &device)?
                }
                (maker, _) => maker.expect("videos are listed where there is a model"),
            };
            made = maker.make(&list.videos, &path, observer)?;
        }
        if !path.exists() {
            return Err(MeasureError::Nothing { what: "videos to take features of" }.into());
        }
        let file = section.open_file(&path)?;
        let made_by = file.provenance();
        if made_by.is_some() && section.clip_s.is_some() {
            let (key, found) = ("features.clip_s", "given".to_owned());
            let expected = "left out: the file says when each clip is";
            return Err(SettingError { key, found, expected }.into());
        }
        let origin = if made_by.is_some() { Origin::Locvtp } else { Origin::Unknown };
        let reused = reused.len();
        let origin = FeatureOrigin { file: path, origin, made_by, reused, made };
        Ok(ClipFeatures::new(file, origin, section.clip_s))
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
            return Err(InputError::OtherVideo {
                path: self.section.file.clone(),
                difference: Box::new(Difference {
                    key: id.clone(),
                    there: said(&source.path, source.bytes),
                    here: said(&video.path.display(), video.bytes),
                }),
                other: self.section.another_file("other videos"),
            }
            .into());
        }
        Ok(())
    }
}
