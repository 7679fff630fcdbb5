//! COIN's videos as the task needs them: a label for every second, and which part they are in.

use std::collections::{BTreeMap, BTreeSet};

use locvtp_corpus::Subset;
use rand::seq::SliceRandom;

use super::annotations::{SegmentAnnotations, SegmentationData};
use crate::error::TransferError;
use crate::inputs::short_features::{VideoLength, note_of_short};
use crate::observer::TaskObserver;
use locvtp_measure::MeasureError;
use locvtp_measure::metrics::{BACKGROUND, labels};
use locvtp_video::randomness::{Purpose, generator};

/// A video and the true label of each of its seconds; 0 is background.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LabelledVideo {
    /// Its id.
    pub id: String,
    /// As many as its features have seconds.
    pub labels: Vec<u32>,
}

/// The parts of the data set, without what cannot be used, and how many of what was left out.
pub(super) struct SegmentationVideos {
    /// The steps by number; 0, background, is none of them.
    pub steps: BTreeMap<u32, String>,
    /// To train on.
    pub train: Vec<LabelledVideo>,
    /// To choose an epoch by.
    pub validation: Vec<LabelledVideo>,
    /// To test on.
    pub test: Vec<LabelledVideo>,
    counts: Vec<(&'static str, usize)>,
}

impl SegmentationVideos {
    /// Labels the seconds of the annotated videos; `seconds_of` says how many a video has, or none where
    /// there is no such video, and `without` what is counted then.
    ///
    /// # Errors
    /// What `seconds_of` says, or when no video is left to test on.
    pub(super) fn label(
        annotations: SegmentAnnotations,
        data: &SegmentationData,
        without: &'static str,
        mut seconds_of: impl FnMut(&str) -> Result<Option<usize>, TransferError>,
        observer: &mut dyn TaskObserver,
    ) -> Result<Self, TransferError> {
        let SegmentAnnotations { steps, videos: listed, num_faults, .. } = annotations;
        let mut found = Self {
            steps,
            train: Vec::new(),
            validation: Vec::new(),
            test: Vec::new(),
            counts: Vec::new(),
        };
        let (mut missing, mut unknown) = (BTreeSet::new(), 0);
        let mut lengths = Vec::new();
        for video in &listed {
            let Some(seconds) = seconds_of(&video.id)? else {
                missing.insert(video.id.as_str());
                continue;
            };
            if let Some(duration) = video.duration {
                let (id, duration_s) = (video.id.clone(), duration.0);
                lengths.push(VideoLength { id, num_clips: seconds, duration_s });
            }
            let known = |id: &u32| found.steps.contains_key(id);
            unknown += video.captions.iter().filter(|caption| !known(&caption.id)).count();
            let segments = video.captions.iter().filter(|caption| known(&caption.id));
            let segments = segments.map(|caption| (caption.span, caption.id));
            let labelled =
                LabelledVideo { id: video.id.clone(), labels: labels(segments, seconds) };
            match video.subset {
                Some(Subset::Test) => found.test.push(labelled),
                _ => found.train.push(labelled),
            }
        }
        if let Some(note) = note_of_short(&lengths) {
            observer.warning(&note);
        }
        found.split(data);
        if let Some(first) = missing.first() {
            let count = missing.len();
            observer.warning(&format!("{count} {without}, {first} among them"));
        }
        found.counts = vec![
            ("segments and videos that cannot be used (left out)", num_faults),
            ("segments of steps that the taxonomy does not have (background)", unknown),
            (without, missing.len()),
            ("videos to train on", found.train.len()),
            ("videos to validate on", found.validation.len()),
            ("videos to test on", found.test.len()),
            ("seconds to test on", found.test.iter().map(|video| video.labels.len()).sum()),
            ("steps", found.steps.len()),
        ];
        if found.test.is_empty() {
            return Err(
                MeasureError::Nothing { what: "videos of subset \"testing\" to look at" }.into()
            );
        }
        Ok(found)
    }

    /// Takes the share for validation out of the training part.
    fn split(&mut self, data: &SegmentationData) {
        let count = (self.train.len() as f64 * data.validation).round() as usize;
        let mut order: Vec<usize> = (0..self.train.len()).collect();
        order.shuffle(&mut generator(data.split_seed, Purpose::Split, 0, 0));
        let chosen: BTreeSet<usize> = order.into_iter().take(count).collect();
        let all = std::mem::take(&mut self.train).into_iter().enumerate();
        for (place, video) in all {
            let part = if chosen.contains(&place) { &mut self.validation } else { &mut self.train };
            part.push(video);
        }
    }

    /// Labels there are, background among them: one more than the greatest number of a step.
    pub(super) fn num_labels(&self) -> usize {
        self.steps.keys().next_back().map_or(1, |last| *last as usize + 1)
    }

    /// The label that most seconds of the training part have; background where there are none.
    pub(super) fn most_frequent(&self) -> u32 {
        let mut seconds: BTreeMap<u32, usize> = BTreeMap::new();
        for label in self.train.iter().chain(&self.validation).flat_map(|video| &video.labels) {
            *seconds.entry(*label).or_default() += 1;
        }
        let most = seconds.values().max();
        let label = seconds.iter().find(|(_, count)| Some(*count) == most);
        label.map_or(BACKGROUND, |(label, _)| *label)
    }

    /// The counts with no zeros among what was left out.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let kept = |what: &str| what.starts_with("videos to");
        self.counts.iter().copied().filter(move |(what, count)| *count > 0 || kept(what))
    }
}
