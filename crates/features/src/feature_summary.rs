//! What is in a feature file, for people.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::feature_file::FeatureFile;
use crate::provenance::Provenance;

/// What is in a feature file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeatureSummary {
    /// `HDF5`, `safetensors`, `an .npz` or `a folder of NumPy's files`.
    pub format: &'static str,
    /// What features are called in a video's group, in HDF5.
    pub dataset: Option<String>,
    /// What made them; none in files of other people.
    pub provenance: Option<Provenance>,
    /// Videos with a table of features.
    pub videos: usize,
    /// Clips of all videos.
    pub clips: usize,
    /// Clips of the video with the fewest.
    pub fewest_clips: usize,
    /// Clips of the video with the most.
    pub most_clips: usize,
    /// How wide features are, and how many videos have them so wide. One width is as it should be.
    pub widths: BTreeMap<usize, usize>,
    /// Whether the file says when each clip is.
    pub has_spans: bool,
    /// The first ids.
    pub first_ids: Vec<String>,
    /// Entries that are no table of features, and why the first is none.
    pub unusable: usize,
    /// Why the first of those is none.
    pub first_unusable: Option<String>,
}

impl FeatureSummary {
    /// Looks at the shapes of all videos; no features are read.
    pub fn of(file: &mut FeatureFile) -> Self {
        let ids = file.ids().to_vec();
        let mut summary = Self {
            format: match file {
                FeatureFile::Hdf5(_) => "HDF5",
                FeatureFile::Safetensors(_) => "safetensors",
                FeatureFile::Numpy(files) if files.is_folder() => "a folder of NumPy's files",
                FeatureFile::Numpy(_) => "an .npz",
            },
            dataset: match file {
                FeatureFile::Hdf5(file) => Some(file.dataset().to_owned()),
                _ => None,
            },
            provenance: file.provenance(),
            videos: 0,
            clips: 0,
            fewest_clips: usize::MAX,
            most_clips: 0,
            widths: BTreeMap::new(),
            has_spans: ids.first().is_some_and(|id| matches!(file.spans(id), Ok(Some(_)))),
            first_ids: ids.iter().take(3).cloned().collect(),
            unusable: 0,
            first_unusable: None,
        };
        for id in &ids {
            match file.shape(id) {
                Ok([clips, width]) => {
                    summary.videos += 1;
                    summary.clips += clips;
                    summary.fewest_clips = summary.fewest_clips.min(clips);
                    summary.most_clips = summary.most_clips.max(clips);
                    *summary.widths.entry(width).or_default() += 1;
                }
                Err(error) => {
                    summary.unusable += 1;
                    summary.first_unusable.get_or_insert(error.to_string());
                }
            }
        }
        summary.fewest_clips = summary.fewest_clips.min(summary.most_clips);
        summary
    }
}
