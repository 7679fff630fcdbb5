//! The model that makes the features that a task's file lacks.

use std::path::{Path, PathBuf};

use locvtp_features::{FeatureError, Provenance};
use locvtp_model::{Device, ModelDirectory};

use crate::embedding::Embedder;
use crate::error::TransferError;
use crate::extraction::{
    BadVideo, ExtractObserver, ExtractProgress, ExtractSettings, FeatureSpace, VideoFile, extract,
};
use crate::inputs::input_error::InputError;
use crate::made_folder::MadeFolder;
use crate::model_location::locate_model;
use crate::observer::TaskObserver;

/// A model that makes features.
pub(super) struct FeatureMaker {
    model_dir: PathBuf,
    embedder: Embedder,
    settings: ExtractSettings,
}

impl FeatureMaker {
    pub(super) fn read(
        settings: ExtractSettings,
        model: &Path,
        device: &Device,
    ) -> Result<Self, TransferError> {
        let model_dir = locate_model(model);
        let directory = ModelDirectory::read(&model_dir, device)?;
        settings.check()?;
        Ok(Self { model_dir, embedder: Embedder::new(directory, device.clone()), settings })
    }

    /// What the features' file says of them.
    pub(super) fn provenance(&self) -> Result<Provenance, TransferError> {
        let directory = self.embedder.directory();
        self.settings.provenance(&directory.config, &directory.preprocessing, &self.model_dir)
    }

    /// Width of the features it makes.
    pub(super) fn width(&self) -> Result<usize, TransferError> {
        let directory = self.embedder.directory();
        Ok(match self.settings.space_of(&directory.config)? {
            FeatureSpace::Projected => directory.config.embedding_width(),
            FeatureSpace::Backbone => directory.config.video.width(),
            FeatureSpace::MeanColour => 3,
        })
    }

    /// Adds the features of `videos` to a file, and says of how many videos there were some to add.
    pub(super) fn make(
        &self,
        videos: &[VideoFile],
        file: &Path,
        observer: &mut dyn TaskObserver,
    ) -> Result<usize, TransferError> {
        let made_for = file.parent().map(MadeFolder::make).transpose()?;
        let (embedder, settings) = (&self.embedder, &self.settings);
        let mut making = ExtractionRelay { observer };
        let made = extract(embedder, &self.model_dir, videos, file, settings, &mut making);
        // Where nothing was written no empty folder is left.
        made_for.iter().for_each(MadeFolder::take_back);
        let refused = |source| {
            InputError::NotAdded {
                path: file.to_owned(),
                count: videos.len(),
                example: videos[0].id.clone(),
                source: Box::new(source),
            }
            .into()
        };
        let summary = made.map_err(|error| match error {
            TransferError::Features(
                source @ (FeatureError::OtherSettings { .. } | FeatureError::OfBefore { .. }),
            ) => refused(source),
            error => error,
        })?;
        if summary.file.is_none() { Err(TransferError::Stopped) } else { Ok(summary.videos) }
    }
}

/// Passes on how an extraction goes.
struct ExtractionRelay<'a> {
    observer: &'a mut dyn TaskObserver,
}

impl ExtractObserver for ExtractionRelay<'_> {
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
