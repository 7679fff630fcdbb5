//! COIN's videos as the task needs them: a label for every second, and which part they are in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use locvtp_corpus::coin::Taxonomy;
use locvtp_corpus::{CorpusReader, FileLookup, Layout, NarratedVideo, ReadSettings, Subset};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::error::TransferError;
use crate::metrics::segmentation::{BACKGROUND, labels};
use crate::task::TaskObserver;
use crate::task::draws::{Draw, generator};
use crate::task::per_second::PerSecondFeatures;

/// `[data]` of a segmentation task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentationData {
    /// `COIN.json`.
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
    pub fn check(&self) -> Result<(), TransferError> {
        if (0.0..1.0).contains(&self.validation) {
            return Ok(());
        }
        let (key, found) = ("data.validation", self.validation.to_string());
        Err(TransferError::Setting { key, found, expected: "a share from 0 to below 1" })
    }
}

/// A video and the true label of each of its seconds; 0 is background.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledVideo {
    /// Its id.
    pub id: String,
    /// As many as its features have seconds.
    pub labels: Vec<u32>,
}

/// The parts of the data set, without what cannot be used, and how many of what was left out.
pub struct SegmentationVideos {
    /// The steps by number; 0, background, is none of them.
    pub steps: BTreeMap<u32, String>,
    /// To train on.
    pub train: Vec<LabelledVideo>,
    /// To choose an epoch by.
    pub validation: Vec<LabelledVideo>,
    /// To test on.
    pub test: Vec<LabelledVideo>,
    /// Numbers of a feature.
    pub width: usize,
    counts: Vec<(&'static str, usize)>,
}

impl SegmentationVideos {
    /// Reads the annotations and asks the features how many seconds each video has.
    ///
    /// # Errors
    /// When a file cannot be read, or no video is left to test on.
    pub fn read(
        data: &SegmentationData,
        features: &PerSecondFeatures,
        observer: &mut dyn TaskObserver,
    ) -> Result<Self, TransferError> {
        let settings = ReadSettings { layout: Some(Layout::Coin), ..ReadSettings::default() };
        let reader =
            CorpusReader::new(&data.annotations, &settings, FileLookup::WhereThereIsAFolder)?;
        let mut listed: Vec<NarratedVideo> = Vec::new();
        let mut faults = 0;
        for source in reader.sources() {
            let report = reader.read(source, &mut listed)?;
            faults += report.faults();
            if report.faults() > 0 {
                observer.warning(&format!("{}: {report}", source.path.display()));
            }
        }
        listed.sort_by(|a, b| a.id.cmp(&b.id));
        let steps = steps(data, &listed)?;
        let mut found = Self {
            steps,
            train: Vec::new(),
            validation: Vec::new(),
            test: Vec::new(),
            width: 0,
            counts: Vec::new(),
        };
        let (mut without_features, mut unknown) = (BTreeSet::new(), 0);
        for video in &listed {
            let Some(seconds) = features.read(&video.id)? else {
                without_features.insert(video.id.as_str());
                continue;
            };
            found.width = seconds.width;
            let known = |id: &u32| found.steps.contains_key(id);
            unknown += video.captions.iter().filter(|caption| !known(&caption.id)).count();
            let segments = video.captions.iter().filter(|caption| known(&caption.id));
            let segments = segments.map(|caption| (caption.span, caption.id));
            let labelled =
                LabelledVideo { id: video.id.clone(), labels: labels(segments, seconds.len()) };
            match video.subset {
                Some(Subset::Test) => found.test.push(labelled),
                _ => found.train.push(labelled),
            }
        }
        found.split(data);
        if let Some(first) = without_features.first() {
            let count = without_features.len();
            observer.warning(&format!("no features of {count} videos, {first} among them"));
        }
        found.counts = vec![
            ("segments and videos that cannot be used (left out)", faults),
            ("segments of steps that the taxonomy does not have (background)", unknown),
            ("videos without features", without_features.len()),
            ("videos to train on", found.train.len()),
            ("videos to validate on", found.validation.len()),
            ("videos to test on", found.test.len()),
            ("seconds to test on", found.test.iter().map(|video| video.labels.len()).sum()),
            ("steps", found.steps.len()),
        ];
        if found.test.is_empty() {
            return Err(TransferError::Nothing {
                what: "videos of subset \"testing\" with features",
            });
        }
        Ok(found)
    }

    /// Takes the share for validation out of the training part.
    fn split(&mut self, data: &SegmentationData) {
        let count = (self.train.len() as f64 * data.validation).round() as usize;
        let mut order: Vec<usize> = (0..self.train.len()).collect();
        order.shuffle(&mut generator(data.split_seed, Draw::Split, 0, 0));
        let chosen: BTreeSet<usize> = order.into_iter().take(count).collect();
        let all = std::mem::take(&mut self.train).into_iter().enumerate();
        for (place, video) in all {
            let part = if chosen.contains(&place) { &mut self.validation } else { &mut self.train };
            part.push(video);
        }
    }

    /// Labels there are, background among them: one more than the greatest number of a step.
    pub fn num_labels(&self) -> usize {
        self.steps.keys().next_back().map_or(1, |last| *last as usize + 1)
    }

    /// The label that most seconds of the training part have; background where there are none.
    pub fn most_frequent(&self) -> u32 {
        let mut seconds: BTreeMap<u32, usize> = BTreeMap::new();
        for label in self.train.iter().chain(&self.validation).flat_map(|video| &video.labels) {
            *seconds.entry(*label).or_default() += 1;
        }
        let most = seconds.values().max();
        let label = seconds.iter().find(|(_, count)| Some(*count) == most);
        label.map_or(BACKGROUND, |(label, _)| *label)
    }

    /// The counts with no zeros among what was left out.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let kept = |what: &str| what.starts_with("videos to");
        self.counts.iter().copied().filter(move |(what, count)| *count > 0 || kept(what))
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
