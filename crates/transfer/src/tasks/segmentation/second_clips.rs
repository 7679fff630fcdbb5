//! Which clip of a video file stands for each of its seconds, and batches of single ones to learn from.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use locvtp_model::ClipPatches;
use locvtp_train::{FrameSource, HeldBytes, Replacements, SampleOfFile, TrainError, augmentation};
use locvtp_video::causes::with_causes;
use locvtp_video::{ClipPixels, FrameTable, SamplingPlan, VideoError};
use rand::{Rng, RngCore};
use rayon::prelude::*;

use super::encoder_settings::EncoderSettings;
use super::videos::{LabelledVideo, SegmentationVideos};
use crate::error::TransferError;
use crate::extraction::VideoFile;
use crate::extraction::decoding::ClipRule;
use crate::fit::draws::order;
use crate::fit::tuning::TRAINING_VIDEOS;
use crate::inputs::per_second::clips_of_seconds;
use crate::observer::TaskObserver;
use locvtp_video::randomness::{Purpose, generator};

/// Videos that are opened together.
const AT_ONCE: usize = 64;

/// A video file and the clip that stands for each of its seconds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct VideoClips {
    /// The file.
    pub file: VideoFile,
    /// Which of the clips of the whole video, one a second.
    pub of_second: Vec<usize>,
}

/// The clips of many videos, by id.
pub(super) struct SecondClips {
    rule: ClipRule,
    videos: BTreeMap<String, VideoClips>,
    /// Files that cannot be opened.
    pub num_unreadable: usize,
}

impl SecondClips {
    /// Opens every file for its frame table; nothing is decoded. Files that cannot be opened are told of
    /// and left out.
    ///
    /// # Errors
    /// [`TransferError::Stopped`] when `observer` stops it.
    pub(super) fn open(
        files: &[VideoFile],
        rule: ClipRule,
        observer: &mut dyn TaskObserver,
    ) -> Result<Self, TransferError> {
        let mut found = Self { rule, videos: BTreeMap::new(), num_unreadable: 0 };
        let (mut done, total) = (0, files.len());
        for files in files.chunks(AT_ONCE) {
            let rule = &found.rule;
            let opened: Vec<Result<Vec<usize>, VideoError>> =
                files.par_iter().map(|file| clips_of(file, rule)).collect();
            for (file, opened) in files.iter().zip(opened) {
                match opened {
                    Ok(of_second) => {
                        let video = VideoClips { file: file.clone(), of_second };
                        found.videos.insert(file.id.clone(), video);
                    }
                    Err(error) => {
                        found.num_unreadable += 1;
                        observer.warning(&format!("left out: {}", with_causes(&error)));
                    }
                }
            }
            done += files.len();
            observer.progress("videos opened", done, total);
            if observer.should_stop() {
                return Err(TransferError::Stopped);
            }
        }
        Ok(found)
    }

    /// How videos become clips.
    pub(super) fn rule(&self) -> &ClipRule {
        &self.rule
    }

    /// Seconds of a video; none where there is no file of it that can be opened.
    pub(super) fn seconds(&self, id: &str) -> Option<usize> {
        Some(self.videos.get(id)?.of_second.len())
    }

    /// # Panics
    /// For a video that [`SecondClips::seconds`] knows not.
    pub(super) fn of(&self, id: &str) -> &VideoClips {
        &self.videos[id]
    }
}

fn clips_of(file: &VideoFile, rule: &ClipRule) -> Result<Vec<usize>, VideoError> {
    let reader = rule.opener.open(&file.path.as_path().into())?;
    Ok(clips_of_seconds(&rule.preprocessing.whole_file(&reader, rule.stride)?.spans()))
}

/// The clips of a whole video: those that its frozen features would be of.
fn clip_plan(path: &Path, table: &FrameTable, rule: &ClipRule) -> Result<SamplingPlan, VideoError> {
    let most = rule.opener.settings.limits.clips;
    let plan = rule.preprocessing.whole_video_every(table, rule.stride, most);
    plan.map_err(|too_many| too_many.of(path))
}

/// The clips and labels of some seconds.
pub(super) struct SecondsBatch {
    /// [`ClipPatches::cut`] of all clips.
    pub patches: Vec<f32>,
    /// One a clip.
    pub labels: Vec<u32>,
}

impl HeldBytes for SecondsBatch {
    fn held_bytes(&self) -> usize {
        size_of_val(self.patches.as_slice())
    }
}

/// The seconds of the training videos; makes batches of them, on the loader's threads.
pub(super) struct TrainingSeconds {
    videos: Vec<TrainingVideo>,
    draws: SecondDraws,
    rule: ClipRule,
    frames: FrameSource,
    steps: BTreeMap<u32, String>,
    settings: EncoderSettings,
    patch_size: usize,
    batch: usize,
    /// Videos that could not be decoded.
    pub replacements: Replacements,
}

struct TrainingVideo {
    clips: VideoClips,
    labels: Vec<u32>,
}

/// A second of a training video.
#[derive(Clone, Copy, Debug, PartialEq)]
struct VideoSecond {
    video: usize,
    second: usize,
}

/// Which seconds an epoch takes: of so many neighbours one each. Neighbours are counted through all
/// videos, so that every second is as likely as every other.
struct SecondDraws {
    /// Seconds of all videos before each.
    starts: Vec<usize>,
    num_seconds: usize,
    one_of: usize,
}

impl SecondDraws {
    fn new(lengths: impl Iterator<Item = usize>, one_of: usize) -> Self {
        let (mut starts, mut num_seconds) = (Vec::new(), 0);
        for length in lengths {
            starts.push(num_seconds);
            num_seconds += length;
        }
        Self { starts, num_seconds, one_of }
    }

    fn num_samples(&self) -> usize {
        self.num_seconds.div_ceil(self.one_of)
    }

    fn draw(&self, sample: usize, rng: &mut impl Rng) -> VideoSecond {
        let first = sample * self.one_of;
        let count = self.one_of.min(self.num_seconds - first);
        let second = first + rng.random_range(0..count);
        let video = self.starts.partition_point(|start| *start <= second) - 1;
        VideoSecond { video, second: second - self.starts[video] }
    }
}

impl TrainingSeconds {
    /// The seconds of the training part, for clips in patches of `patch_size` and steps of `batch`.
    pub(super) fn new(
        videos: &SegmentationVideos,
        clips: &SecondClips,
        settings: &EncoderSettings,
        patch_size: usize,
        batch: usize,
    ) -> Arc<Self> {
        let rule = clips.rule().clone();
        let cache_mib = settings.loader.cache_mib;
        let frames = FrameSource::new(rule.preprocessing.clone(), rule.opener.clone(), cache_mib);
        let of = |video: &LabelledVideo| TrainingVideo {
            clips: clips.of(&video.id).clone(),
            labels: video.labels.clone(),
        };
        let train: Vec<TrainingVideo> = videos.train.iter().map(of).collect();
        let lengths = train.iter().map(|video| video.labels.len());
        let draws = SecondDraws::new(lengths, settings.one_second_of);
        Arc::new(Self {
            videos: train,
            draws,
            rule,
            frames,
            steps: videos.steps.clone(),
            settings: settings.clone(),
            patch_size,
            batch,
            replacements: Replacements::new(TRAINING_VIDEOS),
        })
    }

    /// Seconds of an epoch.
    pub(super) fn num_samples(&self) -> usize {
        self.draws.num_samples()
    }

    /// Bytes of a batch.
    pub(super) fn batch_bytes(&self) -> usize {
        let preprocessing = &self.rule.preprocessing;
        let clip = preprocessing.num_frames * preprocessing.image_size.pow(2) * 3;
        self.batch * clip * size_of::<f32>()
    }

    /// The batch of a step of the fit: a pure function of seed and step.
    ///
    /// # Errors
    /// When a second cannot be decoded, nor any that is tried in its place.
    pub(super) fn batch(&self, seed: u64, step: u64) -> Result<SecondsBatch, TrainError> {
        let steps_per_epoch = self.num_samples().div_ceil(self.batch) as u64;
        let (epoch, number) = (step / steps_per_epoch, step % steps_per_epoch);
        let order = order(seed, epoch, self.num_samples());
        let samples = order.chunks(self.batch).nth(number as usize).unwrap_or_default();
        let (mut patches, mut labels) = (Vec::new(), Vec::with_capacity(samples.len()));
        for &sample in samples {
            let rng = &mut generator(seed, Purpose::Sample, epoch, sample as u64);
            let (pixels, label) = self.clip(self.draws.draw(sample, rng), step, rng)?;
            let preprocessing = &self.rule.preprocessing;
            let form =
                [preprocessing.num_frames, preprocessing.image_size, preprocessing.image_size];
            let normalisation = &preprocessing.normalisation;
            let patch_size = self.patch_size;
            ClipPatches::cut_onto(&mut patches, &pixels.data, form, patch_size, normalisation);
            labels.push(label);
        }
        Ok(SecondsBatch { patches, labels })
    }

    /// The clip and the label of a second; of one of another video where it cannot be decoded.
    fn clip(
        &self,
        place: VideoSecond,
        step: u64,
        rng: &mut impl RngCore,
    ) -> Result<(ClipPixels, u32), TrainError> {
        let (augmentation_seed, other_second) = (rng.next_u64(), rng.next_u64());
        let count = self.videos.len();
        let others = (1..count).map(|offset| (place.video + offset) % count);
        let number_of = |video: &usize| SampleOfFile::alone(*video);
        self.replacements.first_decodable(step, place.video, others, number_of, |number| {
            let video = &self.videos[number];
            let second = if number == place.video {
                place.second
            } else {
                (other_second % video.labels.len() as u64) as usize
            };
            let label = video.labels[second];
            let text = self.steps.get(&label).cloned().unwrap_or_default();
            let (draw, _) =
                augmentation::draw(&self.settings.augmentation, augmentation_seed, text);
            let plan = |table: &FrameTable| {
                let mut clips = clip_plan(&video.clips.file.path, table, &self.rule)?.clips;
                // A file that was exchanged while the task runs may have fewer.
                let clip = video.clips.of_second[second].min(clips.len() - 1);
                Ok(SamplingPlan { clips: vec![clips.swap_remove(clip)] })
            };
            let media = video.clips.file.path.as_path().into();
            Ok((self.frames.read_planned(number, &media, &plan, &draw)?, label))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every place that samples draw in 400 epochs.
    fn places(draws: &SecondDraws, sample: usize) -> Vec<VideoSecond> {
        let drawn = (0..400).map(|epoch| {
            draws.draw(sample, &mut generator(3, Purpose::Sample, epoch, sample as u64))
        });
        drawn.collect()
    }

    #[test]
    fn an_epoch_takes_one_of_so_many_neighbours_each_as_likely_as_the_other() {
        // Seconds 0 1 2 | 3 | 4 5 6 7 of three videos, three a sample: 012, 3 45, 67.
        let draws = SecondDraws::new([3, 1, 4].into_iter(), 3);
        assert_eq!(draws.num_samples(), 3);
        let place = |video, second| VideoSecond { video, second };
        let expected = [
            vec![place(0, 0), place(0, 1), place(0, 2)],
            vec![place(1, 0), place(2, 0), place(2, 1)],
            vec![place(2, 2), place(2, 3)],
        ];
        for (sample, expected) in expected.iter().enumerate() {
            let drawn = places(&draws, sample);
            let count =
                |wanted: &VideoSecond| drawn.iter().filter(|place| *place == wanted).count();
            let counts: Vec<usize> = expected.iter().map(count).collect();
            assert_eq!(counts.iter().sum::<usize>(), 400, "{sample}: nothing else is drawn");
            // 4 standard deviations of a share of 1/3 or 1/2 of 400 are 38 or 40.
            let mean = 400 / expected.len();
            assert!(counts.iter().all(|count| count.abs_diff(mean) <= 40), "{sample}: {counts:?}");
        }
    }

    #[test]
    fn with_one_of_one_an_epoch_takes_every_second_once() {
        let draws = SecondDraws::new([2, 3].into_iter(), 1);
        let rng = &mut generator(0, Purpose::Sample, 0, 0);
        let all: Vec<(usize, usize)> = (0..draws.num_samples())
            .map(|sample| draws.draw(sample, rng))
            .map(|place| (place.video, place.second))
            .collect();
        assert_eq!(all, [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]);
    }
}
