//! The batch of a step: a pure function of the run file, the corpus, the step and the rank.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Scope;

use locvtp_corpus::{CaptionedSpan, PairSampler, SpanKind};
use locvtp_model::{ClipBytes, SentenceTokenizer, TokenBatch};
use locvtp_video::randomness::{Purpose, mix};
use locvtp_video::{ClipPixels, Phase, VideoOpener};

use crate::augmentation;
use crate::error::TrainError;
use crate::experiment::Experiment;
use crate::frame_source::{ClipRequest, FrameSource};
use crate::loader::HeldBytes;
use crate::patch_dropout;
use crate::replacements::{Replacements, SampleOfFile};
use crate::usable::BadVideo;

/// Videos of a batch that are fetched from other machines at once.
const FETCHED_AT_ONCE: usize = 8;

/// What the encoder needs for one step. It cannot be cloned: a step uses it up, and a copy would take
/// up to 4.6 GiB at full size that no bound of memory knows of.
#[derive(Debug, PartialEq)]
pub struct PretrainBatch {
    /// The step, from 0.
    pub step: u64,
    /// Long or short spans, or pictures.
    pub kind: SpanKind,
    /// All clips, video by video; the patches that are left of them, with patch dropout.
    pub clips: ClipBytes,
    /// Videos, clips of each, frames of each clip.
    pub shape: [usize; 3],
    /// One sentence per video.
    pub tokens: TokenBatch,
}

impl HeldBytes for PretrainBatch {
    fn held_bytes(&self) -> usize {
        size_of_val(self.clips.bytes())
    }
}

/// Makes batches; shared by the loader's threads.
pub struct BatchSource {
    experiment: Experiment,
    sampler: PairSampler,
    frames: FrameSource,
    tokenizer: SentenceTokenizer,
    replacements: Replacements,
}

impl BatchSource {
    /// A source for a checked experiment, of the part of each batch that is the sampler's rank's.
    pub fn new(
        experiment: Experiment,
        sampler: PairSampler,
        tokenizer: SentenceTokenizer,
        opener: VideoOpener,
    ) -> Self {
        let cache_mib = experiment.loader.cache_mib;
        let frames = FrameSource::new(experiment.preprocessing.clone(), opener, cache_mib);
        let replacements = Replacements::new(sampler.corpus().name());
        Self { experiment, sampler, frames, tokenizer, replacements }
    }

    /// Bytes of decoded video remembered now.
    pub fn held_bytes(&self) -> usize {
        self.frames.held_bytes()
    }

    /// Videos that could not be decoded and were not told of yet; each comes once.
    pub fn new_bad_videos(&self) -> Vec<BadVideo> {
        let videos = self.sampler.corpus().videos();
        let new = self.replacements.new_undecodable().into_iter();
        let bad = new.map(|bad| BadVideo {
            id: videos[bad.sample].id.clone(),
            path: videos[bad.sample].media.path().to_owned(),
            reason: bad.reason,
            at_start: false,
        });
        bad.collect()
    }

    /// The batch of `step`, or the sampler's rank's part of it.
    ///
    /// A pair whose video cannot be decoded is replaced by one of another video
    /// ([`PairSampler::replacements`]) that is not in the batch (when all are, one that is), and the
    /// video is noted as bad.
    ///
    /// # Errors
    /// When no replacement can be decoded either.
    pub fn batch(&self, step: u64) -> Result<PretrainBatch, TrainError> {
        let kind = self.sampler.kind(step);
        let [num_clips, num_frames] = self.experiment.clips_of(kind);
        let preprocessing = &self.experiment.preprocessing;
        let size = preprocessing.image_size;
        let patch_size = self.experiment.model.video.patch_size();
        let (whole, part) = (self.sampler.batch(step), self.sampler.part(step));
        let num_pairs = part.len();
        let mut clips = ClipBytes::with_capacity(
            num_pairs * num_clips,
            [num_frames, size, size],
            patch_size,
            preprocessing.normalisation,
        );
        let mut sentences = Vec::with_capacity(num_pairs);
        let mut taken: BTreeSet<usize> = whole.iter().map(|span| span.video).collect();
        std::thread::scope(|scope| {
            self.fetch(&whole[part.clone()], scope);
            for place in part {
                let (pixels, text) = self.pair(&whole, place, step, &mut taken)?;
                self.add(&mut clips, &pixels, [step, place as u64]);
                sentences.push(self.tokenizer.encode(&text)?);
            }
            Ok::<_, TrainError>(())
        })?;
        Ok(PretrainBatch {
            step,
            kind,
            clips,
            shape: [num_pairs, num_clips, num_frames],
            tokens: self.tokenizer.batch(&sentences),
        })
    }

    /// Adds a pair's clips, or the patches of them that patch dropout leaves.
    fn add(&self, clips: &mut ClipBytes, pixels: &ClipPixels, [step, place]: [u64; 2]) {
        let dropout = self.experiment.train.patch_dropout;
        if dropout == 0.0 {
            return clips.push(&pixels.data);
        }
        let video = &self.experiment.model.video;
        let num_places = (self.experiment.preprocessing.image_size / video.patch_size()).pow(2);
        let seed = self.experiment.run.seed;
        let clip_bytes = pixels.data.len() / pixels.num_clips;
        for (number, clip) in pixels.data.chunks_exact(clip_bytes).enumerate() {
            let places = [place as usize, number];
            clips.push_some(clip, &patch_dropout::kept(num_places, dropout, seed, step, places));
        }
    }

    /// Begins to fetch the videos that are on other machines, several at once: a batch waits for the
    /// slowest server answer, not for the sum of all. Whoever reads a video that is on its way waits
    /// for it, and is told why when it does not come.
    fn fetch<'scope, 'env>(
        &'env self,
        pairs: &[CaptionedSpan],
        scope: &'scope Scope<'scope, 'env>,
    ) {
        let videos = self.sampler.corpus().videos();
        let remote: BTreeSet<usize> = pairs
            .iter()
            .map(|pair| pair.video)
            .filter(|&video| videos[video].media.is_remote() && !self.frames.holds(video))
            .collect();
        let workers = remote.len().min(FETCHED_AT_ONCE);
        let next = Arc::new(Mutex::new(remote.into_iter()));
        for _ in 0..workers {
            let next = Arc::clone(&next);
            let take = move || next.lock().unwrap_or_else(PoisonError::into_inner).next();
            scope.spawn(move || {
                while let Some(video) = take() {
                    let _ = videos[video].media.open();
                }
            });
        }
    }

    /// The pixels and the sentence of one place of a batch. Seeds go by the place in the whole
    /// batch, so that they are those of a run that is not spread.
    fn pair(
        &self,
        whole: &[CaptionedSpan],
        place: usize,
        step: u64,
        taken: &mut BTreeSet<usize>,
    ) -> Result<(ClipPixels, String), TrainError> {
        let (run, sample) = (self.experiment.run.seed, place as u64);
        let kind = whole[place].kind;
        let [num_clips, num_frames] = self.experiment.clips_of(kind);
        let phase = if self.experiment.sampling.jitter {
            Phase::Random(mix(run, Purpose::FramePhase, step, sample))
        } else {
            Phase::Centre
        };
        let augmentation_seed = mix(run, Purpose::Augmentation, step, sample);
        let corpus = Arc::clone(self.sampler.corpus());
        let videos = corpus.videos();
        let others = || self.sampler.replacements(whole, place);
        let (fresh, again) = (
            others().filter(|video| !taken.contains(video)),
            others().filter(|video| taken.contains(video)),
        );
        let drawn = |video| self.sampler.draw(kind, video, step);
        let others = fresh.chain(again).map(drawn);
        let number_of = |pair: &CaptionedSpan| SampleOfFile::alone(pair.video);
        let read = |pair: CaptionedSpan| {
            let (augmentation, text) =
                augmentation::draw(&self.experiment.augmentation, augmentation_seed, pair.text);
            let request =
                ClipRequest { span: pair.span, num_clips, num_frames, phase, augmentation };
            let media = &videos[pair.video].media;
            Ok((pair.video, self.frames.read(pair.video, media, &request)?, text))
        };
        let wanted = whole[place].clone();
        let found = self.replacements.first_decodable(step, wanted, others, number_of, read);
        let (video, pixels, text) = found?;
        taken.insert(video);
        Ok((pixels, text))
    }
}
