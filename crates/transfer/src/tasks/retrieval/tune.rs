//! The whole model, tuned for retrieval.
//!
//! A sample is a candidate; each epoch draws one of its texts. What it shares with the tuning of other
//! tasks is in [`tuning`](crate::fit::tuning).

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::Tensor;
use locvtp_model::loss::{LossConfig, WarpDistances};
use locvtp_model::{
    ClipPatches, CorrespondenceConfig, Device, LocVtp, ModelDirectory, Objective, Preprocessing,
    SentenceTokenizer, TokenBatch,
};
use locvtp_train::experiment::LoaderSection;
use locvtp_train::{
    ClipRequest, FrameSource, HeldBytes, Replacements, SampleOfFile, TrainError, augmentation,
};
use locvtp_video::randomness::{Purpose, generator};
use locvtp_video::{Augmentation, ClipPixels, Phase, ReadLimits};
use rand::RngCore;
use serde::{Deserialize, Serialize};

use super::Retrieval;
use super::measure::{RetrievalMeasurement, TEST_SET};
use super::texts::{Candidate, CandidateSet};
use crate::error::TransferError;
use crate::fit::draws::order;
use crate::fit::tuning::batch_prefetch::PrefetchSettings;
use crate::fit::tuning::{BatchPrefetch, TRAINING_VIDEOS, TunedModel, told_of};
use crate::fit::{FitBatch, Learner};
use crate::results::predictions::Tested;
use crate::setting_error::SettingError;
use locvtp_measure::Metrics;

/// `[tune]` of a retrieval task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TuneSettings {
    /// Take every frame at a random moment of its part of the clip; off: in the middle.
    pub jitter: bool,
    /// Which losses; `L_c` alone by default.
    pub objective: Objective,
    /// The choices of the losses.
    #[serde(default)]
    pub loss: LossConfig,
    /// Which words belong to a clip.
    #[serde(default)]
    pub correspondence: CorrespondenceConfig,
    /// What is changed at random.
    #[serde(default)]
    pub augmentation: Augmentation,
    /// Threads and memory of the loader; changes no result.
    #[serde(default)]
    pub loader: LoaderSection,
}

impl TuneSettings {
    pub(super) fn check(&self) -> Result<(), TransferError> {
        self.objective.check().map_err(|error| error.in_section("tune"))?;
        if self.correspondence.num_matches == 0 {
            let (key, found) = ("tune.correspondence.num_matches", "0".into());
            return Err(SettingError { key, found, expected: "1 or more" }.into());
        }
        let checked = self.loader.check().and_then(|()| augmentation::check(&self.augmentation));
        Ok(checked.map_err(|error| error.in_section("tune"))?)
    }
}

/// The whole model as something that learns.
pub(super) struct FineTune {
    tuned: TunedModel,
    task: Retrieval,
    train: Arc<TrainingClips>,
    validation: Option<HeldOut>,
    test: HeldOut,
    ahead: BatchPrefetch<TuneBatch>,
    last: Mutex<Option<(Metrics, usize)>>,
}

/// Candidates that are measured, after several epochs.
struct HeldOut {
    set: CandidateSet,
    undecodable: Replacements,
}

impl HeldOut {
    fn new(set: CandidateSet) -> Self {
        Self { set, undecodable: Replacements::new(TEST_SET) }
    }
}

/// What the encoders need for one step.
struct TuneBatch {
    patches: Vec<f32>,
    tokens: TokenBatch,
}

impl HeldBytes for TuneBatch {
    fn held_bytes(&self) -> usize {
        size_of_val(self.patches.as_slice())
    }
}

impl FineTune {
    /// Tunes the model of `directory`, which was read from `model_dir`.
    ///
    /// # Errors
    /// When the folder of frame tables cannot be made.
    pub(super) fn new(
        directory: ModelDirectory,
        model_dir: PathBuf,
        train: CandidateSet,
        validation: Option<CandidateSet>,
        test: CandidateSet,
        task: Retrieval,
    ) -> Result<Self, TransferError> {
        let preprocessing = directory.preprocessing.clone();
        let train = TrainingClips {
            file_of: train.file_numbers(),
            frames: FrameSource::new(
                preprocessing.clone(),
                task.tune.loader.opener(ReadLimits::default())?,
                task.tune.loader.cache_mib,
            ),
            preprocessing,
            patch_size: directory.model.patch_size(),
            tokenizer: directory.tokenizer.clone().expect("checked before"),
            candidates: train.candidates,
            num_clips: task.num_clips,
            jitter: task.tune.jitter,
            augmentation: task.tune.augmentation.clone(),
            batch: task.training.batch,
            replacements: Replacements::new(TRAINING_VIDEOS),
        };
        Ok(Self {
            tuned: TunedModel::new(directory, model_dir),
            task,
            train: Arc::new(train),
            validation: validation.map(HeldOut::new),
            test: HeldOut::new(test),
            ahead: BatchPrefetch::default(),
            last: Mutex::default(),
        })
    }

    /// What is measured.
    pub(super) fn test_set(&self) -> &CandidateSet {
        &self.test.set
    }

    /// Chance, and how many candidates could not be decoded, of the last test.
    pub(super) fn last_measured(&self) -> (Metrics, usize) {
        lock(&self.last).clone().unwrap_or_default()
    }

    /// Training candidates that could not be decoded.
    pub(super) fn replaced(&self) -> usize {
        self.train.replacements.num_undecodable()
    }

    /// The batch of a step, made ahead where steps follow each other.
    fn next_batch(&self, batch: &FitBatch<'_>) -> Result<TuneBatch, TransferError> {
        let (train, seed) = (Arc::clone(&self.train), batch.seed);
        let LoaderSection { threads, queue, .. } = self.task.tune.loader;
        let total_steps = self.task.training.epochs * train.steps_per_epoch();
        let ahead = PrefetchSettings { total_steps, threads, queue };
        self.ahead.next(batch, &ahead, move |step| train.batch(seed, step))
    }

    fn measure(
        &self,
        model: &LocVtp,
        HeldOut { set, undecodable }: &HeldOut,
        device: &Device,
    ) -> Result<RetrievalMeasurement, TransferError> {
        let (directory, protocol) = (self.tuned.with_weights(model), self.task.protocol());
        RetrievalMeasurement::of(directory, set, &protocol, undecodable, device, &mut ())
    }
}

impl Learner for FineTune {
    type Model = LocVtp;

    /// The pre-trained weights, whatever the seed.
    fn init(&self, _seed: u64, device: &Device) -> Result<LocVtp, TransferError> {
        self.tuned.start(device)
    }

    fn num_samples(&self) -> usize {
        self.train.candidates.len()
    }

    fn loss(
        &self,
        model: &LocVtp,
        batch: &FitBatch<'_>,
        device: &Device,
    ) -> Result<Tensor<1>, TransferError> {
        let TuneBatch { patches, tokens } = self.next_batch(batch)?;
        let (b, t) = (batch.samples.len(), self.task.num_clips);
        let Preprocessing { num_frames, image_size, .. } = self.tuned.directory().preprocessing;
        let shape = [b * t, num_frames, image_size, image_size];
        let clips = ClipPatches::from_cut(patches, shape, model.patch_size(), device);
        let embeddings = model.forward(clips, &tokens);
        let rng = &mut generator(batch.seed, Purpose::TaskDevice, batch.step, 1);
        let max_distance = self.tuned.directory().config.context_warp.max_distance;
        let distances = WarpDistances::draw([b, t], max_distance, rng.next_u64());
        let steps = self.task.training.epochs * self.train.steps_per_epoch();
        let progress = batch.step as f64 / steps.saturating_sub(1).max(1) as f64;
        let tune = &self.task.tune;
        let losses = tune.loss.losses(
            &embeddings,
            &tune.objective.weights(progress),
            &tune.correspondence,
            model.context_warp().zip(distances.as_ref()),
            rng.next_u64(),
        );
        Ok(losses.total)
    }

    fn validate(&self, model: &LocVtp, device: &Device) -> Result<Option<Metrics>, TransferError> {
        let Some(validation) = &self.validation else { return Ok(None) };
        let found = self.measure(model, validation, device)?;
        let mut chosen_by = Metrics::new().with("mean recall", found.mean_recall());
        chosen_by.add_all(&found.metrics, str::to_owned);
        Ok(Some(chosen_by))
    }

    fn test(&self, model: &LocVtp, device: &Device) -> Result<Tested, TransferError> {
        let found = self.measure(model, &self.test, device)?;
        let tested = found.tested();
        *lock(&self.last) = Some((found.chance, found.num_unreadable));
        Ok(tested)
    }

    /// Written as a model directory, `model/` in the folder of the fit.
    fn kept(&self, model: &LocVtp, folder: &Path) -> Result<(), TransferError> {
        self.tuned.write(model, folder)
    }

    /// Candidates that could not be decoded; each is told once.
    fn new_warnings(&self) -> Vec<String> {
        told_of(&self.train.replacements)
    }
}

/// Makes batches; shared by the loader's threads.
struct TrainingClips {
    candidates: Vec<Candidate>,
    /// The number of each candidate's file: several clips of one video are decoded once.
    file_of: Vec<usize>,
    frames: FrameSource,
    preprocessing: Preprocessing,
    patch_size: usize,
    tokenizer: SentenceTokenizer,
    num_clips: usize,
    jitter: bool,
    augmentation: Augmentation,
    batch: usize,
    replacements: Replacements,
}

impl TrainingClips {
    fn steps_per_epoch(&self) -> u64 {
        self.candidates.len().div_ceil(self.batch) as u64
    }

    /// The batch of a step of the fit: a pure function of seed and step.
    fn batch(&self, seed: u64, step: u64) -> Result<TuneBatch, TrainError> {
        let (epoch, number) = (step / self.steps_per_epoch(), step % self.steps_per_epoch());
        let order = order(seed, epoch, self.candidates.len());
        let samples = order.chunks(self.batch).nth(number as usize).unwrap_or_default();
        let (mut patches, mut sentences) = (Vec::new(), Vec::with_capacity(samples.len()));
        for &sample in samples {
            let rng = &mut generator(seed, Purpose::Sample, epoch, sample as u64);
            let (pixels, text) = self.clips(sample, samples, step, rng)?;
            patches.extend(self.preprocessing.cut(&pixels, self.patch_size));
            sentences.push(self.tokenizer.encode(&text)?);
        }
        Ok(TuneBatch { patches, tokens: self.tokenizer.batch(&sentences) })
    }

    /// The clips of a candidate and one of its texts; of one that is not in the batch where it cannot
    /// be decoded.
    fn clips(
        &self,
        sample: usize,
        samples: &[usize],
        step: u64,
        rng: &mut impl RngCore,
    ) -> Result<(ClipPixels, String), TrainError> {
        let (frame_seed, augmentation_seed) = (rng.next_u64(), rng.next_u64());
        let which = rng.next_u64();
        let phase = if self.jitter { Phase::Random(frame_seed) } else { Phase::Centre };
        let count = self.candidates.len();
        let others = (1..count).map(|offset| (sample + offset) % count);
        let others = others.filter(|other| !samples.contains(other));
        let number_of = |place: &usize| SampleOfFile { sample: *place, file: self.file_of[*place] };
        self.replacements.first_decodable(step, sample, others, number_of, |place| {
            let candidate = &self.candidates[place];
            let text = &candidate.texts[(which % candidate.texts.len() as u64) as usize];
            let (augmentation, text) =
                augmentation::draw(&self.augmentation, augmentation_seed, text.clone());
            let request = ClipRequest {
                span: candidate.span,
                num_clips: self.num_clips,
                num_frames: self.preprocessing.num_frames,
                phase,
                augmentation,
            };
            let pixels = self.frames.read(self.file_of[place], &candidate.media, &request)?;
            Ok((pixels, text))
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
