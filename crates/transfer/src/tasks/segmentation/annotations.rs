//! What COIN's files say, before any video is looked at: reading them takes seconds, and the making of
//! features or the opening of all videos may take hours.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use locvtp_corpus::layouts::Taxonomy;
use locvtp_corpus::{CorpusReader, FileLookup, Layout, NarratedVideo, ReadSettings, Subset};
use serde::{Deserialize, Serialize};

use crate::error::TransferError;
use crate::observer::TaskObserver;
use crate::setting_error::SettingError;
use locvtp_measure::MeasureError;
use locvtp_measure::metrics::BACKGROUND;

/// `[data]` of a segmentation task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentationData {
    /// The annotations, `COIN.json`.
    pub annotations: PathBuf,
    /// `taxonomy.xlsx`, or its sheet `target_action_mapping` as CSV: which steps there are, used by a
    /// video or not. Those that the annotations use, when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taxonomy: Option<PathBuf>,
    /// Share of the training part that is for choosing an epoch, as the data set has no part for it.
    /// Default: 0.1.
    pub validation: f64,
    /// What the choice of that share follows from.
    pub split_seed: u64,
}

impl SegmentationData {
    /// # Errors
    /// When the share is none.
    pub fn check(&self) -> Result<(), SettingError> {
        if (0.0..1.0).contains(&self.validation) {
            return Ok(());
        }
        let (key, found) = ("data.validation", self.validation.to_string());
        Err(SettingError { key, found, expected: "a share from 0 to below 1" })
    }
}

/// The annotated videos and the steps.
pub(super) struct SegmentAnnotations {
    /// The steps by number; 0, background, is none of them.
    pub steps: BTreeMap<u32, String>,
    /// By id.
    pub videos: Vec<NarratedVideo>,
    /// Segments and videos that were not understood.
    pub num_faults: usize,
    trains: bool,
}

impl SegmentAnnotations {
    /// Reads the annotations; `trains` says whether a training part is wanted.
    ///
    /// # Errors
    /// When a file cannot be read, or there is no video of a part that is wanted.
    pub(super) fn read(
        data: &SegmentationData,
        trains: bool,
        observer: &mut dyn TaskObserver,
    ) -> Result<Self, TransferError> {
        let settings = ReadSettings { layout: Some(Layout::Coin), ..ReadSettings::default() };
        let reader =
            CorpusReader::new(&data.annotations, &settings, FileLookup::WhereThereIsAFolder)?;
        let mut videos: Vec<NarratedVideo> = Vec::new();
        let mut num_faults = 0;
        for source in reader.sources() {
            let report = reader.read(source, &mut videos)?;
            num_faults += report.faults();
            if report.faults() > 0 {
                observer.warning(&format!("{}: {report}", source.path.display()));
            }
        }
        videos.sort_by(|a, b| a.id.cmp(&b.id));
        let steps = steps(data, &videos)?;
        let tests = |video: &NarratedVideo| video.subset == Some(Subset::Test);
        if !videos.iter().any(tests) {
            return Err(MeasureError::Nothing { what: "videos of subset \"testing\"" }.into());
        }
        if trains && videos.iter().all(tests) {
            return Err(MeasureError::Nothing { what: "videos of subset \"training\"" }.into());
        }
        Ok(Self { steps, videos, num_faults, trains })
    }

    /// The first video.
    pub(super) fn first_id(&self) -> Option<&str> {
        self.videos.first().map(|video| video.id.as_str())
    }

    /// The annotated videos of which there is something to look at, as `is_there` says.
    ///
    /// # Errors
    /// When there is none to test on, or to train on where a training part is wanted.
    pub(super) fn those(
        &self,
        is_there: impl Fn(&str) -> bool,
    ) -> Result<BTreeSet<String>, TransferError> {
        let there = self.videos.iter().filter(|video| is_there(&video.id));
        let num_tested = there.clone().filter(|video| video.subset == Some(Subset::Test)).count();
        let there: BTreeSet<String> = there.map(|video| video.id.clone()).collect();
        if num_tested == 0 {
            return Err(
                MeasureError::Nothing { what: "videos of subset \"testing\" to look at" }.into()
            );
        }
        if self.trains && num_tested == there.len() {
            return Err(
                MeasureError::Nothing { what: "videos of subset \"training\" to look at" }.into()
            );
        }
        Ok(there)
    }
}

/// The steps by number: those of the taxonomy, else those that the annotations use.
fn steps(
    data: &SegmentationData,
    videos: &[NarratedVideo],
) -> Result<BTreeMap<u32, String>, TransferError> {
    let steps: BTreeMap<u32, String> = match &data.taxonomy {
        Some(path) => {
            let steps = Taxonomy::read(path)?.steps.into_iter();
            steps.map(|(number, step)| (number, step.label)).collect()
        }
        None => {
            let captions = videos.iter().flat_map(|video| &video.captions);
            captions.map(|caption| (caption.id, caption.text.clone())).collect()
        }
    };
    Ok(steps.into_iter().filter(|(number, _)| *number != BACKGROUND).collect())
}
