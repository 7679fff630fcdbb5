//! The clip features of a video file, in memory: what [`extract`](super::extract) writes of many.

use std::path::Path;

use locvtp_features::{VideoFeatures, VideoSource};
use locvtp_video::VideoError;

use crate::embedding::Embedder;
use crate::error::TransferError;
use crate::extraction::extract_error::ExtractError;
use crate::extraction::settings::ExtractSettings;

/// Features of the clips of whole videos, by a model that is opened once.
///
/// # Example
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/support/small_model.rs"));
/// use locvtp_transfer::extraction::Extractor;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (folder, video) = small_model_and_video()?;
/// # let dir = folder.path();
/// let features = Extractor::open(dir)?.features(&video)?;
/// println!("{} clips of {} numbers", features.num_clips(), features.width);
/// # assert_eq!((features.num_clips(), features.width), (8, 12));
/// # Ok(())
/// # }
/// ```
pub struct Extractor {
    embedder: Embedder,
    settings: ExtractSettings,
}

impl Extractor {
    /// The model in `dir`, a model directory, or a run or demo folder that holds one; on the CPU, with
    /// the settings of [`ExtractSettings::default`].
    ///
    /// # Errors
    /// When there is no model, or its files cannot be read.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, TransferError> {
        Ok(Self { embedder: Embedder::open(dir)?, settings: ExtractSettings::default() })
    }

    /// The same, with other clips or other features.
    #[must_use]
    pub fn with_settings(self, settings: ExtractSettings) -> Self {
        Self { settings, ..self }
    }

    /// The features of the clips of a video: `[num_clips, d]`, or `[num_clips, e]` where projected.
    ///
    /// # Errors
    /// When the file cannot be read, the model has not these features, or one is not finite.
    pub fn features(&self, video: impl AsRef<Path>) -> Result<VideoFeatures, TransferError> {
        let (path, settings) = (video.as_ref(), &self.settings);
        settings.check()?;
        let directory = self.embedder.directory();
        let space = settings.space_of(&directory.config)?;
        let preprocessing = settings.preprocessing(&directory.preprocessing);
        let mut reader = settings.opener.open(&path.into())?;
        let plan = preprocessing.whole_file(&reader, settings.stride)?;
        let (num_clips, duration_s) = (plan.clips.len(), reader.info().duration.0);
        let cut_short = reader.info().cut_short_note();
        let mut clips = reader.clip_stream(plan, &preprocessing.centre());
        if settings.skip_damaged {
            clips = clips.skip_damaged();
        }
        let at_once = settings.batch.unwrap_or_else(|| self.embedder.clips_at_once());
        let encoded =
            self.embedder.encode_stream(&mut clips, num_clips, at_once, space, &mut |_, _| {})?;
        let Some(first) = encoded.features.first() else {
            return Err(VideoError::NoWholeClip { path: path.to_owned() }.into());
        };
        let is_finite = |feature: &Vec<f32>| feature.iter().all(|value| value.is_finite());
        if let Some(bad) = encoded.features.iter().position(|feature| !is_finite(feature)) {
            let (path, span) = (path.to_owned(), encoded.spans[bad]);
            return Err(ExtractError::NotFinite { path, span }.into());
        }
        let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
        let source = VideoSource {
            path: path.display().to_string(),
            bytes,
            duration_s,
            damaged: clips.damaged().to_vec(),
            cut_short,
        };
        Ok(VideoFeatures {
            width: first.len(),
            values: encoded.features.concat(),
            spans: Some(encoded.spans),
            source: Some(source),
        })
    }
}
