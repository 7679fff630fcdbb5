//! The batch of a step: a pure function of the run file, the corpus and the step.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use locvtp_corpus::{CaptionedSpan, PairSampler, SpanKind};
use locvtp_model::distilbert::TokenBatch;
use locvtp_model::tokenizer::SentenceTokenizer;
use locvtp_video::{ClipPixels, Phase};

use crate::error::TrainError;
use crate::experiment::Experiment;
use crate::frame_source::{ClipRequest, FrameSource};
use crate::seeds::{Draw, seed};
use crate::usable::{BadVideo, with_causes};

/// How many other videos are tried when one cannot be decoded, before the step fails.
const REPLACEMENTS: usize = 16;

/// What the encoder needs for one step.
#[derive(Clone, Debug, PartialEq)]
pub struct PretrainBatch {
    /// The step, from 0.
    pub step: u64,
    /// Long or short spans.
    pub kind: SpanKind,
    /// [`Preprocessing::cut`](locvtp_model::Preprocessing::cut) of all clips, video by video.
    pub patches: Vec<f32>,
    /// Videos, clips of each, frames of each clip.
    pub shape: [usize; 3],
    /// One sentence per video.
    pub tokens: TokenBatch,
}

/// Makes batches; shared by the loader's threads.
pub struct BatchSource {
    experiment: Experiment,
    sampler: PairSampler,
    frames: FrameSource,
    tokenizer: SentenceTokenizer,
    bad: Mutex<BadVideos>,
}

/// Videos that could not be decoded so far.
#[derive(Default)]
struct BadVideos {
    seen: BTreeSet<usize>,
    new: Vec<BadVideo>,
}

impl BatchSource {
    /// A source for a checked experiment.
    pub fn new(experiment: Experiment, sampler: PairSampler, tokenizer: SentenceTokenizer) -> Self {
        let frames = FrameSource::new(
            experiment.preprocessing.clone(),
            experiment.augmentation.clone(),
            experiment.loader.cache_mib,
        );
        Self { experiment, sampler, frames, tokenizer, bad: Mutex::default() }
    }

    /// Videos that could not be decoded and were not told of yet; each comes once.
    pub fn new_bad_videos(&self) -> Vec<BadVideo> {
        std::mem::take(&mut self.bad().new)
    }

    /// The batch of `step`.
    ///
    /// A pair whose video cannot be decoded is replaced by one of the next video that is not in the batch (a second
    /// pair of one video would be a false negative; it is taken when all videos are in the batch), and the video is
    /// noted as bad.
    ///
    /// # Errors
    /// When no replacement can be decoded either.
    pub fn batch(&self, step: u64) -> Result<PretrainBatch, TrainError> {
        let kind = self.sampler.kind(step);
        let num_clips = match kind {
            SpanKind::Long => self.experiment.sampling.long_clips,
            SpanKind::Short => self.experiment.sampling.short_clips,
        };
        let preprocessing = &self.experiment.preprocessing;
        let (size, num_frames) = (preprocessing.image_size, preprocessing.num_frames);
        let spans = self.sampler.batch(step);
        let mut patches =
            Vec::with_capacity(spans.len() * num_clips * num_frames * size * size * 3);
        let mut sentences = Vec::with_capacity(spans.len());
        let mut taken: BTreeSet<usize> = spans.iter().map(|span| span.video).collect();
        for (sample, span) in spans.iter().enumerate() {
            let (pixels, text) = self.pair(span, step, sample as u64, num_clips, &mut taken)?;
            patches.extend(preprocessing.cut(&pixels, self.experiment.model.video.patch_size()));
            sentences.push(self.tokenizer.encode(&text)?);
        }
        Ok(PretrainBatch {
            step,
            kind,
            patches,
            shape: [spans.len(), num_clips, num_frames],
            tokens: self.tokenizer.batch(&sentences),
        })
    }

    fn pair(
        &self,
        span: &CaptionedSpan,
        step: u64,
        sample: u64,
        num_clips: usize,
        taken: &mut BTreeSet<usize>,
    ) -> Result<(ClipPixels, String), TrainError> {
        let run = self.experiment.run.seed;
        let phase = if self.experiment.sampling.jitter {
            Phase::Random(seed(run, Draw::FramePhase, step, sample))
        } else {
            Phase::Centre
        };
        let videos = Arc::clone(self.sampler.corpus());
        let videos = videos.videos();
        let next = |&offset: &usize| (span.video + offset) % videos.len();
        let others: Vec<usize> = (1..videos.len()).collect();
        let (again, fresh): (Vec<usize>, Vec<usize>) =
            others.iter().map(next).partition(|video| taken.contains(video));
        let replacements = fresh.into_iter().chain(again).take(REPLACEMENTS);
        let mut tried = 0;
        let mut example = String::new();
        let spans = std::iter::once(span.clone())
            .chain(replacements.map(|video| self.sampler.draw(span.kind, video, step)));
        for span in spans {
            let request = ClipRequest {
                span: span.span,
                num_clips,
                phase,
                augmentation_seed: Some(seed(run, Draw::Augmentation, step, sample)),
            };
            let video = &videos[span.video];
            match self.frames.read(span.video, &video.media, &request) {
                Ok(pixels) => {
                    taken.insert(span.video);
                    return Ok((pixels, span.text));
                }
                Err(error) => {
                    tried += 1;
                    example = with_causes(&error);
                    let (id, path) = (video.id.clone(), video.media.path().to_owned());
                    let mut bad = self.bad();
                    if bad.seen.insert(span.video) {
                        bad.new.push(BadVideo { id, path, reason: example.clone() });
                    }
                }
            }
        }
        let corpus = self.sampler.corpus().name().to_owned();
        Err(TrainError::NoReplacement { corpus, step, tried: tried - 1, example })
    }

    fn bad(&self) -> std::sync::MutexGuard<'_, BadVideos> {
        self.bad.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
