//! The clips of every video that a probe asks about, and which videos teach and which measure.

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::error::TransferError;
use crate::inputs::ClipFeatures;
use crate::inputs::input_error::InputError;
use crate::setting_error::SettingError;
use locvtp_measure::MeasureError;
use locvtp_video::randomness::{Purpose, generator};

/// Clips that overlap by less than this do not: spans come from frame times.
const TOUCHING_S: f64 = 1e-3;

/// `[split]` of a probe's file: which videos teach. The same for every seed of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitSection {
    /// Share of the videos that is measured.
    pub test: f64,
    /// Share of the videos that chooses the epoch; 0 for none, and the last epoch is kept then.
    pub validation: f64,
    /// The split is drawn from it.
    pub seed: u64,
}

impl SplitSection {
    /// # Errors
    /// When the shares leave nothing to learn from, or nothing to measure.
    pub fn check(&self) -> Result<(), SettingError> {
        let setting = |key, found: f64, expected| {
            Err(SettingError { key, found: found.to_string(), expected })
        };
        if !(self.test > 0.0 && self.test < 1.0) {
            return setting("split.test", self.test, "a share above 0 and below 1");
        }
        if !(self.validation >= 0.0 && self.validation + self.test < 1.0) {
            let expected = "a share that, with split.test, leaves videos to learn from";
            return setting("split.validation", self.validation, expected);
        }
        Ok(())
    }
}

/// Features of some clips of every video.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ProbeClips {
    /// `[videos, positions, width]`
    values: Vec<f32>,
    positions: usize,
    /// Numbers of a clip.
    pub width: usize,
    /// Videos that teach.
    pub train: Vec<usize>,
    /// Videos that choose the epoch.
    pub validation: Vec<usize>,
    /// Videos that are measured.
    pub test: Vec<usize>,
    /// Videos that had fewer clips than positions.
    pub num_too_short: usize,
    /// Videos whose clips overlap even when so far apart.
    pub num_overlapping: usize,
}

impl ProbeClips {
    /// Takes `positions` clips of every video, evenly spread.
    ///
    /// # Errors
    /// When the features cannot be read, differ in width, or leave no video to learn from or to
    /// measure.
    pub(super) fn read(
        features: &mut ClipFeatures,
        positions: usize,
        split: &SplitSection,
        standardise: bool,
    ) -> Result<Self, TransferError> {
        let mut clips = Self {
            values: Vec::new(),
            positions,
            width: 0,
            train: Vec::new(),
            validation: Vec::new(),
            test: Vec::new(),
            num_too_short: 0,
            num_overlapping: 0,
        };
        let mut videos = 0;
        for id in features.ids().to_vec() {
            let video = features.read(&id)?;
            let Some(video) = video.filter(|video| video.num_clips() >= positions) else {
                clips.num_too_short += 1;
                continue;
            };
            let chosen = evenly(video.num_clips(), positions);
            let overlaps = video.spans.as_ref().is_some_and(|spans| {
                chosen.windows(2).any(|pair| spans[pair[0]].overlap(&spans[pair[1]]).0 > TOUCHING_S)
            });
            if overlaps {
                clips.num_overlapping += 1;
                continue;
            }
            let width = video.values.len() / video.num_clips();
            if clips.width == 0 {
                clips.width = width;
            }
            if width != clips.width {
                return Err(InputError::Width {
                    path: features.path().to_owned(),
                    id,
                    found: width,
                    expected: clips.width,
                }
                .into());
            }
            for clip in chosen {
                clips.values.extend(&video.values[clip * width..][..width]);
            }
            videos += 1;
        }
        clips.divide(videos, split)?;
        if standardise {
            clips.standardise();
        }
        Ok(clips)
    }

    /// The clip of a video at a position.
    pub(super) fn clip(&self, video: usize, position: usize) -> &[f32] {
        &self.values[(video * self.positions + position) * self.width..][..self.width]
    }

    /// Draws which videos are of which part; at least one is measured.
    fn divide(&mut self, videos: usize, split: &SplitSection) -> Result<(), TransferError> {
        let mut order: Vec<usize> = (0..videos).collect();
        order.shuffle(&mut generator(split.seed, Purpose::Split, 0, 0));
        let share = |of: f64| (of * videos as f64).round() as usize;
        let test = share(split.test).max(1);
        let validation = share(split.validation);
        if videos < test + validation + 1 {
            return Err(MeasureError::Nothing {
                what: "videos with enough clips that do not overlap, some to learn from and some \
                       to measure",
            }
            .into());
        }
        self.test = order.drain(..test).collect();
        self.validation = order.drain(..validation).collect();
        self.train = order;
        for part in [&mut self.test, &mut self.validation, &mut self.train] {
            part.sort_unstable();
        }
        Ok(())
    }

    /// Brings every number to mean 0 and spread 1 over the videos that teach; one that never
    /// changes becomes 0.
    fn standardise(&mut self) {
        let rows = self.train.len() * self.positions;
        for place in 0..self.width {
            let of_training = self
                .train
                .iter()
                .flat_map(|&video| (0..self.positions).map(move |position| (video, position)));
            let (mut sum, mut squares) = (0.0, 0.0);
            for (video, position) in of_training {
                let value = f64::from(self.clip(video, position)[place]);
                sum += value;
                squares += value * value;
            }
            let mean = sum / rows as f64;
            let spread = (squares / rows as f64 - mean * mean).max(0.0).sqrt();
            let scale = if spread > 1e-6 * mean.abs().max(1e-6) { 1.0 / spread } else { 0.0 };
            for row in self.values.chunks_exact_mut(self.width) {
                row[place] = ((f64::from(row[place]) - mean) * scale) as f32;
            }
        }
    }
}

/// `count` of `0..clips`, evenly spread: the middle of each of `count` equal parts.
fn evenly(clips: usize, count: usize) -> Vec<usize> {
    (0..count).map(|part| (2 * part + 1) * clips / (2 * count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clips(videos: usize, positions: usize, width: usize) -> ProbeClips {
        let count = videos * positions * width;
        ProbeClips {
            values: (0..count).map(|i| ((i * 37) % 101) as f32).collect(),
            positions,
            width,
            train: Vec::new(),
            validation: Vec::new(),
            test: Vec::new(),
            num_too_short: 0,
            num_overlapping: 0,
        }
    }

    #[test]
    fn positions_are_the_middles_of_equal_parts() {
        assert_eq!(evenly(8, 8), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(evenly(16, 4), [2, 6, 10, 14]);
        assert_eq!(evenly(10, 4), [1, 3, 6, 8]);
        for clips in 8..60 {
            let chosen = evenly(clips, 8);
            assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]) && chosen[7] < clips);
        }
    }

    #[test]
    fn every_video_is_of_one_part_and_the_parts_depend_on_the_seed_alone() {
        let split = SplitSection { test: 0.2, validation: 0.1, seed: 3 };
        let mut found = clips(20, 1, 1);
        found.divide(20, &split).unwrap();
        assert_eq!((found.test.len(), found.validation.len(), found.train.len()), (4, 2, 14));
        let mut all = [found.test.clone(), found.validation.clone(), found.train.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..20).collect::<Vec<_>>());
        let mut again = clips(20, 1, 1);
        again.divide(20, &split).unwrap();
        assert_eq!(found, again);
        let mut other = clips(20, 1, 1);
        other.divide(20, &SplitSection { seed: 4, ..split.clone() }).unwrap();
        assert_ne!(found.test, other.test);
        assert!(clips(1, 1, 1).divide(1, &split).is_err());
        assert!(SplitSection { test: 0.6, validation: 0.4, seed: 0 }.check().is_err());
    }

    #[test]
    fn numbers_are_standardised_by_the_videos_that_teach_alone() {
        let mut found = clips(6, 4, 2);
        found.values.chunks_exact_mut(2).for_each(|row| row[1] = 5.0);
        found.train = vec![0, 1, 2, 3];
        let (before, train) = (found.clone(), found.train.clone());
        found.standardise();
        let column = |clips: &ProbeClips| -> Vec<f64> {
            let rows = train.iter().flat_map(|&v| (0..4).map(move |p| (v, p)));
            rows.map(|(v, p)| f64::from(clips.clip(v, p)[0])).collect()
        };
        let values = column(&found);
        let mean = values.iter().sum::<f64>() / 16.0;
        let square = values.iter().map(|v| v * v).sum::<f64>() / 16.0;
        assert!(mean.abs() < 1e-6 && (square - 1.0).abs() < 1e-6, "{mean} {square}");
        // Order is kept, and what never changes says nothing.
        let older = column(&before);
        assert_eq!(older[0] < older[1], values[0] < values[1]);
        assert!(found.values.chunks_exact(2).all(|row| row[1] == 0.0));
    }
}
