//! Clip features of many videos, from one file, found by what annotations call a video.

use std::path::Path;

use locvtp_features::{FeatureFile, VideoFeatures};
use locvtp_video::{Seconds, TimeSpan};

use super::feature_names::FeatureNames;
use super::origin::FeatureOrigin;
use crate::error::TransferError;

/// Clip features of many videos, read when they are asked for. A video is found by its id in the file,
/// and by ids that differ from it in `v_`, a folder or an ending.
pub struct ClipFeatures {
    origin: FeatureOrigin,
    names: FeatureNames,
    clip_s: Option<f64>,
    file: FeatureFile,
}

impl ClipFeatures {
    /// The features of `file`; `clip_s` are the seconds of a clip, where it does not say when each is.
    pub(super) fn new(file: FeatureFile, origin: FeatureOrigin, clip_s: Option<f64>) -> Self {
        Self { origin, names: FeatureNames::of(file.ids().to_vec()), clip_s, file }
    }

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
pub(crate) fn clip_spans(features: &VideoFeatures, duration: Seconds) -> Vec<TimeSpan> {
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
