//! How pre-training pairs are drawn: the lengths, the mixture and the batch sizes.

use super::captioned_span::SpanKind;
use crate::error::CorpusError;

/// Which captions of a video an epoch of short spans takes.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CaptionsPerEpoch {
    /// One at random, another one the next time, so that an epoch visits every video once and no
    /// batch holds a video twice: as MIL-NCE trains on HowTo100M, and MSR-VTT's 9k split is used.
    #[default]
    OneOfEachVideo,
    /// Every one once, so that a video with many counts for more; a batch may hold two of one.
    All,
}

/// In which order an epoch visits videos, or captions.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum VideoOrder {
    /// Any after any, as if drawn from a hat.
    #[default]
    Uniform,
    /// Shard after shard, for corpora that are too large to be read here and there.
    Shards {
        /// So many neighbours in this order are mixed. With windows of several shards, batches are
        /// hardly less varied, and each shard is needed in one stretch of an epoch.
        #[schemars(range(min = 1), example = 5000)]
        buffer: usize,
    },
}

/// The section `pairs` of a run file.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PairSettings {
    /// Shortest and longest long span, in seconds; a video with less narration is taken whole.
    pub long_span_s: (f64, f64),
    /// A caption belongs to a long span that overlaps it by more than this, in seconds, or by more
    /// than half of it.
    pub long_min_overlap_s: f64,
    /// Taken from both ends of a short span, in seconds, at most a quarter of it each: narration is
    /// loosely timed.
    pub short_trim_s: f64,
    /// Share of steps that train on short spans, 0..=1.
    pub short_share: f64,
    /// The same share before step `short_share_start_until_step`.
    pub short_share_start: f64,
    /// The step from which `short_share` holds; 0 means from the first.
    pub short_share_start_until_step: u64,
    /// Which captions of a video an epoch of short spans takes. Default: one of each video.
    pub captions_per_epoch: CaptionsPerEpoch,
    /// In which order an epoch visits videos. Default: `"uniform"`; for large shards
    /// `{ shards = { buffer = 5000 } }`.
    pub order: VideoOrder,
    /// Videos in a batch of long spans.
    #[schemars(range(min = 1))]
    pub long_batch: usize,
    /// Videos in a batch of short spans.
    #[schemars(range(min = 1))]
    pub short_batch: usize,
    /// Share of steps that train on pictures, 0..=1, where the corpus has both pictures and videos.
    /// Default: the share of pictures among them.
    pub picture_share: Option<f64>,
    /// Pictures in a batch of pictures.
    #[schemars(range(min = 1))]
    pub picture_batch: usize,
}

impl Default for PairSettings {
    fn default() -> Self {
        Self {
            long_span_s: (6.0, 13.0),
            long_min_overlap_s: 1.2,
            short_trim_s: 0.0,
            short_share: 0.5,
            short_share_start: 0.5,
            short_share_start_until_step: 0,
            captions_per_epoch: CaptionsPerEpoch::OneOfEachVideo,
            order: VideoOrder::Uniform,
            long_batch: 16,
            short_batch: 32,
            picture_share: None,
            picture_batch: 32,
        }
    }
}

impl PairSettings {
    /// The share of short spans that holds at `step`.
    pub fn short_share_at(&self, step: u64) -> f64 {
        if step < self.short_share_start_until_step {
            self.short_share_start
        } else {
            self.short_share
        }
    }

    /// The share of short spans a run of `steps` steps expects.
    pub fn short_share_over(&self, steps: u64) -> f64 {
        let start = self.short_share_start_until_step.min(steps) as f64 / steps.max(1) as f64;
        start * self.short_share_start + (1.0 - start) * self.short_share
    }

    /// Videos in a batch of `kind`.
    pub fn batch_len(&self, kind: SpanKind) -> usize {
        match kind {
            SpanKind::Long => self.long_batch,
            SpanKind::Short => self.short_batch,
            SpanKind::Picture => self.picture_batch,
        }
    }

    /// The setting that says so.
    pub(super) fn batch_key(kind: SpanKind) -> &'static str {
        match kind {
            SpanKind::Long => "pairs.long_batch",
            SpanKind::Short => "pairs.short_batch",
            SpanKind::Picture => "pairs.picture_batch",
        }
    }

    /// Whether a step of `kind` can ever come, of those on videos.
    pub(super) fn uses(&self, kind: SpanKind) -> bool {
        let early = (self.short_share_start_until_step > 0).then_some(self.short_share_start);
        early.into_iter().chain([self.short_share]).any(|share| match kind {
            SpanKind::Long => share < 1.0,
            SpanKind::Short => share > 0.0,
            SpanKind::Picture => false,
        })
    }

    /// # Errors
    /// When a value, or two together, cannot be used.
    pub fn check(&self) -> Result<(), CorpusError> {
        let setting = |key, found: &dyn ToString, expected| {
            Err(CorpusError::Setting { key, found: found.to_string(), expected })
        };
        let (min, max) = self.long_span_s;
        if !(min > 0.0 && min <= max && max.is_finite()) {
            let found = format!("[{min}, {max}]");
            return setting("pairs.long_span_s", &found, "[shortest, longest] in seconds, above 0");
        }
        for (key, value) in [
            ("pairs.long_min_overlap_s", self.long_min_overlap_s),
            ("pairs.short_trim_s", self.short_trim_s),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return setting(key, &value, "seconds, 0 or more");
            }
        }
        if self.long_min_overlap_s >= min {
            return Err(CorpusError::Contradiction {
                first: "pairs.long_min_overlap_s",
                first_value: self.long_min_overlap_s.to_string(),
                second: "pairs.long_span_s",
                second_value: format!("[{min}, {max}]"),
                why:
                    "no caption overlaps the shortest span by more than its length; lower the first"
                        .into(),
            });
        }
        for (key, value) in [
            ("pairs.short_share", self.short_share),
            ("pairs.short_share_start", self.short_share_start),
            ("pairs.picture_share", self.picture_share.unwrap_or(0.0)),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return setting(key, &value, "a share between 0 and 1");
            }
        }
        if self.order == (VideoOrder::Shards { buffer: 0 }) {
            return setting(
                "pairs.order.shards.buffer",
                &0,
                "at least 1 video; several shards' worth",
            );
        }
        for kind in [SpanKind::Long, SpanKind::Short, SpanKind::Picture] {
            if self.batch_len(kind) == 0 {
                return setting(Self::batch_key(kind), &0, "at least 1 video");
            }
        }
        Ok(())
    }
}
