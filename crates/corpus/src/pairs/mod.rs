//! Pre-training pairs: which captioned span of which video a step trains on, as a pure function of
//! seed and step.
//!
//! A batch holds one kind of span. A *short* one is a single caption's span; a *long* one is a
//! window over several neighbouring captions with their texts joined, so that its words belong to
//! different clips. Narration alone decides both; no true interval is used. Pictures, videos of one
//! frame, have batches of their own. The kind of step `s` is drawn from `(seed, s)`; the `n`-th
//! batch of a kind takes the next stretch of that kind's own epochs, each a permutation of all
//! videos, or of all shards and of the videos within a stretch of them ([`VideoOrder`]). Nothing is
//! remembered between calls, so a resumed run and several loader threads see the same pairs.
//!
//! Several processes train on one batch together: it is the same however many they are, and each
//! takes its [`part`](PairSampler::part) of it.

mod captioned_span;
mod epoch_order;
mod order;
mod rank;
mod replacement;
mod settings;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use locvtp_video::{Seconds, TimeSpan};
use rand::Rng;

use crate::corpus::{Caption, Corpus, NarratedVideo};
use crate::error::{BatchTooLarge, CorpusError};
use locvtp_video::randomness::{Purpose, generator, mix, unit};

pub use captioned_span::{CaptionedSpan, SpanKind};
use epoch_order::{EpochOrder, VisitedVideos};
pub use rank::Rank;
pub use settings::{CaptionsPerEpoch, PairSettings, VideoOrder};

/// How many windows are tried before one is laid around a caption on purpose.
const WINDOW_TRIES: usize = 16;

/// Draws batches of pairs from a corpus.
#[derive(Clone)]
pub struct PairSampler {
    corpus: Arc<dyn Corpus>,
    settings: PairSettings,
    seed: u64,
    rank: Rank,
    /// Videos of more than one frame.
    moving: VisitedVideos,
    /// Videos of one frame.
    pictures: VisitedVideos,
    /// Share of steps that train on pictures.
    picture_share: f64,
    /// How many captions the moving videos up to and with each have, as they are listed for visiting,
    /// when all are visited.
    captions_until: Option<Arc<[u64]>>,
}

impl PairSampler {
    /// A sampler of `corpus`.
    ///
    /// # Errors
    /// When a setting cannot be used, a batch has more places than the corpus has videos, a caption
    /// holds for a video of unknown length, or shards are to be visited that are not there.
    pub fn new(
        corpus: Arc<dyn Corpus>,
        settings: PairSettings,
        seed: u64,
    ) -> Result<Self, CorpusError> {
        settings.check()?;
        let videos = corpus.videos();
        let endless = |video: &&NarratedVideo| video.captions.iter().any(Caption::is_whole_video);
        if let Some(video) = videos.iter().find(endless) {
            return Err(CorpusError::UnknownLength { video: video.id.clone() });
        }
        let (pictures, moving): (Vec<usize>, Vec<usize>) =
            (0..videos.len()).partition(|video| videos[*video].is_picture);
        let picture_share = match (pictures.len(), moving.len()) {
            (0, _) => 0.0,
            (_, 0) => 1.0,
            (pictures, moving) => {
                let share = pictures as f64 / (pictures + moving) as f64;
                settings.picture_share.unwrap_or(share)
            }
        };
        let moving = VisitedVideos::new(videos, moving, &settings.order)?;
        let pictures = VisitedVideos::new(videos, pictures, &settings.order)?;
        let until = |sum: &mut u64, video: &usize| {
            *sum += videos[*video].captions.len() as u64;
            Some(*sum)
        };
        let captions_until = (settings.captions_per_epoch == CaptionsPerEpoch::All)
            .then(|| moving.listed().iter().scan(0, until).collect());
        let sampler = Self {
            corpus: Arc::clone(&corpus),
            settings,
            seed,
            rank: Rank::ALONE,
            moving,
            pictures,
            picture_share,
            captions_until,
        };
        let too_large: Vec<_> =
            sampler.kinds().filter_map(|kind| sampler.too_large(kind)).collect();
        if !too_large.is_empty() {
            return Err(CorpusError::BatchesExceedCorpus { batches: too_large });
        }
        Ok(sampler)
    }

    /// What is said of the batch of `kind`, if it has more places than there are videos.
    fn too_large(&self, kind: SpanKind) -> Option<BatchTooLarge> {
        let (batch, videos) = (self.settings.batch_len(kind), self.videos_of(kind).len());
        let key = PairSettings::batch_key(kind);
        let what = if kind == SpanKind::Picture { "picture" } else { "video" };
        (batch > videos).then_some(BatchTooLarge { key, batch, videos, what })
    }

    /// The sampler of one of several processes that train together.
    ///
    /// # Errors
    /// When a batch does not divide by their number.
    pub fn of_rank(mut self, rank: Rank) -> Result<Self, CorpusError> {
        for kind in self.kinds() {
            let (batch, world_size) = (self.settings.batch_len(kind), rank.world_size());
            if batch % world_size != 0 {
                let key = PairSettings::batch_key(kind);
                return Err(CorpusError::UnevenBatch { key, batch, world_size });
            }
        }
        self.rank = rank;
        Ok(self)
    }

    /// The kinds of which a step may ever come.
    pub fn kinds(&self) -> impl Iterator<Item = SpanKind> + use<> {
        let uses = |kind| match kind {
            SpanKind::Picture => self.picture_share > 0.0,
            kind => self.picture_share < 1.0 && self.settings.uses(kind),
        };
        let kinds = [SpanKind::Long, SpanKind::Short, SpanKind::Picture].map(|k| (k, uses(k)));
        kinds.into_iter().filter(|(_, used)| *used).map(|(kind, _)| kind)
    }

    /// The corpus the pairs come from.
    pub fn corpus(&self) -> &Arc<dyn Corpus> {
        &self.corpus
    }

    /// The settings the pairs are drawn by.
    pub fn settings(&self) -> &PairSettings {
        &self.settings
    }

    /// The kind of span step `step` trains on.
    pub fn kind(&self, step: u64) -> SpanKind {
        if unit(mix(self.seed, Purpose::Picture, step, 0)) < self.picture_share {
            return SpanKind::Picture;
        }
        let draw = unit(mix(self.seed, Purpose::SpanKind, step, 0));
        if draw < self.settings.short_share_at(step) { SpanKind::Short } else { SpanKind::Long }
    }

    /// Whether a step may train on pictures.
    pub fn has_pictures(&self) -> bool {
        self.picture_share > 0.0
    }

    /// Batches of `kind` that visit every video once (or every caption, where short spans do so);
    /// what does not fill a batch waits for another epoch's order.
    pub fn batches_per_epoch(&self, kind: SpanKind) -> u64 {
        self.places(kind) / self.settings.batch_len(kind) as u64
    }

    /// Steps of an epoch, at least 1: the batches of long spans and of pictures that visit every
    /// video once.
    pub fn steps_per_epoch(&self) -> u64 {
        let videos =
            if self.picture_share < 1.0 { self.batches_per_epoch(SpanKind::Long) } else { 0 };
        let pictures =
            if self.has_pictures() { self.batches_per_epoch(SpanKind::Picture) } else { 0 };
        (videos + pictures).max(1)
    }

    /// Videos that batches of `kind` are made of, growing.
    fn videos_of(&self, kind: SpanKind) -> &[usize] {
        self.visited(kind).growing()
    }

    /// What an epoch visits: videos, or captions.
    fn places(&self, kind: SpanKind) -> u64 {
        match (&self.captions_until, kind) {
            (Some(until), SpanKind::Short) => until.last().copied().unwrap_or_default(),
            _ => self.videos_of(kind).len() as u64,
        }
    }

    fn visited(&self, kind: SpanKind) -> &VisitedVideos {
        if kind == SpanKind::Picture { &self.pictures } else { &self.moving }
    }

    /// The order in which an epoch of `kind` goes through its videos or captions.
    fn epoch_order(&self, kind: SpanKind, epoch: u64) -> EpochOrder {
        let key = mix(self.seed, Purpose::VideoOrder, kind as u64, epoch);
        let captions = self.captions_until.as_deref().filter(|_| kind == SpanKind::Short);
        self.visited(kind).epoch(captions, key)
    }

    /// The pairs of step `step`, those of all ranks: all of one kind, no video twice.
    ///
    /// Counts the earlier steps of the same kind, a few nanoseconds each.
    pub fn batch(&self, step: u64) -> Vec<CaptionedSpan> {
        let kind = self.kind(step);
        let nth = (0..step).filter(|&earlier| self.kind(earlier) == kind).count() as u64;
        self.batch_of(kind, nth)
    }

    /// The places in the batch of step `step` that are this rank's.
    pub fn part(&self, step: u64) -> Range<usize> {
        self.rank.part(self.settings.batch_len(self.kind(step)))
    }

    /// The `nth` batch of `kind`, from 0.
    pub fn batch_of(&self, kind: SpanKind, nth: u64) -> Vec<CaptionedSpan> {
        let batch = self.settings.batch_len(kind) as u64;
        let epoch = nth / self.batches_per_epoch(kind);
        let first = nth % self.batches_per_epoch(kind) * batch;
        let order = self.epoch_order(kind, epoch);
        let visit = |place: u64| {
            let visited = order.at(place);
            match (&self.captions_until, kind) {
                (Some(until), SpanKind::Short) => self.caption(until, visited),
                _ => self.draw(kind, self.visited(kind).listed()[visited as usize], epoch),
            }
        };
        (first..first + batch).map(visit).collect()
    }

    /// The span of one caption, of all captions of the corpus the `visited`th.
    fn caption(&self, until: &[u64], visited: u64) -> CaptionedSpan {
        let place = until.partition_point(|until| *until <= visited);
        let video = self.moving.listed()[place];
        let captions = &self.corpus.videos()[video].captions;
        // The captions before this video's end where this video's begin.
        let before = until[place] - captions.len() as u64;
        let (span, text) = self.trimmed(&captions[(visited - before) as usize]);
        CaptionedSpan { video, span, text, kind: SpanKind::Short }
    }

    /// The span of `kind` that `epoch` takes from `video`.
    pub fn draw(&self, kind: SpanKind, video: usize, epoch: u64) -> CaptionedSpan {
        let mut rng = generator(
            self.seed,
            Purpose::Span,
            video as u64,
            epoch * 2 + u64::from(kind == SpanKind::Short),
        );
        let captions = &self.corpus.videos()[video].captions;
        let (span, text) = match kind {
            SpanKind::Short => self.short(captions, &mut rng),
            SpanKind::Long => self.long(captions, &mut rng),
            SpanKind::Picture => {
                let caption = &captions[rng.random_range(0..captions.len())];
                (caption.span, caption.text.clone())
            }
        };
        CaptionedSpan { video, span, text, kind }
    }

    fn short(&self, captions: &[Caption], rng: &mut impl Rng) -> (TimeSpan, String) {
        self.trimmed(&captions[rng.random_range(0..captions.len())])
    }

    fn trimmed(&self, caption: &Caption) -> (TimeSpan, String) {
        let TimeSpan { start, end } = caption.span;
        let trim = self.settings.short_trim_s.min((end.0 - start.0) / 4.0);
        let span = TimeSpan { start: Seconds(start.0 + trim), end: Seconds(end.0 - trim) };
        (span, caption.text.clone())
    }

    fn long(&self, captions: &[Caption], rng: &mut impl Rng) -> (TimeSpan, String) {
        let first = captions[0].span.start.0;
        let last = captions.iter().map(|caption| caption.span.end.0).fold(first, f64::max);
        let (min, max) = self.settings.long_span_s;
        let duration = rng.random_range(min..=max).min(last - first);
        // Rounding may put `last - duration` a hair before `first`.
        let latest = (last - duration).max(first);
        let window = |start: f64| {
            let start = start.clamp(first, latest);
            TimeSpan { start: Seconds(start), end: Seconds(start + duration) }
        };
        for _ in 0..WINDOW_TRIES {
            let span = window(rng.random_range(first..=latest));
            let text = self.told_during(captions, span);
            if !text.is_empty() {
                return (span, text);
            }
        }
        let caption = &captions[rng.random_range(0..captions.len())];
        let span = window((caption.span.start.0 + caption.span.end.0 - duration) / 2.0);
        let text = self.told_during(captions, span);
        if text.is_empty() { (span, caption.text.clone()) } else { (span, text) }
    }

    /// The texts of the captions that overlap `span` by more than `long_min_overlap_s`, or by more
    /// than half of themselves if they are shorter than twice that.
    fn told_during(&self, captions: &[Caption], span: TimeSpan) -> String {
        let told = |caption: &&Caption| {
            let own = caption.span;
            let overlap = own.end.0.min(span.end.0) - own.start.0.max(span.start.0);
            overlap > self.settings.long_min_overlap_s.min((own.end.0 - own.start.0) / 2.0)
        };
        let texts: Vec<_> =
            captions.iter().filter(told).map(|caption| caption.text.as_str()).collect();
        texts.join(" ")
    }
}

impl fmt::Debug for PairSampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PairSampler")
            .field("corpus", &self.corpus.name())
            .field("videos", &self.corpus.videos().len())
            .field("settings", &self.settings)
            .field("seed", &self.seed)
            .finish()
    }
}

#[cfg(test)]
mod tests;
