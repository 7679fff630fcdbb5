//! The sections of a few keys that no other part of the program owns.

use std::num::NonZero;
use std::path::PathBuf;

use locvtp_model::Passes;
use serde::{Deserialize, Serialize};

/// Name and seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RunSection {
    /// For logs and reports.
    pub name: String,
    /// Everything random follows from it.
    pub seed: u64,
}

impl Default for RunSection {
    fn default() -> Self {
        Self { name: "run".into(), seed: 0 }
    }
}

/// How a pair's span becomes clips.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct SamplingSection {
    /// Clips of a long span, `T`. Paper: 8.
    #[schemars(range(min = 1))]
    pub long_clips: usize,
    /// Clips of a short span.
    #[schemars(range(min = 1))]
    pub short_clips: usize,
    /// Take every frame at a random moment of its part of the clip; off: in the middle.
    pub jitter: bool,
}

impl Default for SamplingSection {
    fn default() -> Self {
        Self { long_clips: 8, short_clips: 8, jitter: true }
    }
}

/// Where the words come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TokenizerSection {
    /// A `tokenizer.json`; without one a vocabulary is trained on the corpus.
    pub file: Option<PathBuf>,
    /// Tokens of a trained vocabulary, at most; but never fewer than the corpus has characters.
    #[schemars(range(min = 1))]
    pub vocab_size: usize,
}

impl Default for TokenizerSection {
    fn default() -> Self {
        Self { file: None, vocab_size: 1000 }
    }
}

/// How a step finds its gradient.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TrainMemory {
    /// In one pass, which holds all that the encoders work out for the whole batch.
    #[default]
    Plain,
    /// In two passes, which hold a small part of that and work a third more. The gradient is the same
    /// but for the rounding of sums; what dropout drops is another draw.
    Recompute,
}

impl TrainMemory {
    /// How often a step goes forward through the encoders a second time.
    pub(crate) fn forward_again(self) -> f64 {
        match self {
            Self::Plain => 0.0,
            Self::Recompute => 1.0,
        }
    }
}

/// How long, how often logged and saved, and in how much memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TrainSection {
    /// Steps of the whole run. Default: as many as `epochs` says.
    #[schemars(range(min = 1))]
    pub steps: Option<u64>,
    /// Epochs of the whole run where `steps` is not given, of `videos / pairs.long_batch` whole steps each, and as many as
    /// visit every picture, if there are some. Paper: 200.
    pub epochs: NonZero<u64>,
    /// Steps between two lines of the log.
    pub log_every: NonZero<u64>,
    /// Steps between two checkpoints; none, which is 0 in a file, leaves it to `checkpoint_minutes`.
    #[serde(with = "zero_is_none")]
    #[schemars(with = "u64")]
    pub checkpoint_every: Option<NonZero<u64>>,
    /// Minutes after which a checkpoint is written too, behind the step that is in work; none, which is 0 in a file,
    /// leaves it to `checkpoint_every`.
    #[serde(with = "zero_is_none")]
    #[schemars(with = "u64")]
    pub checkpoint_minutes: Option<NonZero<u64>>,
    /// Checkpoints kept.
    pub keep_checkpoints: NonZero<usize>,
    /// How a step finds its gradient.
    pub memory: TrainMemory,
    /// Pairs that go through the encoders at once where `memory` is `"recompute"`, the whole batch at
    /// most. Default: as many clips, or sentences, as have about 4,096 tokens together, which may be a
    /// part of a pair. More take more memory and are hardly faster.
    #[schemars(range(min = 1))]
    pub micro_batch: Option<usize>,
    /// Share of the patches of each clip that a step leaves out, other ones each time, in all frames of
    /// the clip alike. Half of them are half of the encoder's work. Default: 0, none.
    #[schemars(extend("minimum" = 0, "exclusiveMaximum" = 1))]
    pub patch_dropout: f64,
    /// Parts of the model that stay as they are, and keep no graph: `video`, `video.embedding`,
    /// `video.blocks`, `video.blocks.0..6` (the first six), `video.blocks.3`, `video.end` (what follows
    /// the blocks), the same with `text`; `video_projection`, `text_projection`, `context_warp`.
    pub freeze: Vec<String>,
    /// Every block of an encoder learns at so much of the rate of the next, the embedding at so much of
    /// that of the first; what follows the blocks learns at the full rate. Default: 1, all learn alike.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub layer_decay: f64,
    /// Keeps a second model beside the first: a moving average of its weights, which keeps so much of
    /// itself in each step, for example 0.999. It is saved with each checkpoint, and at the end as
    /// `model-ema/` in the run folder. Default: none.
    #[schemars(extend("minimum" = 0, "exclusiveMaximum" = 1))]
    pub ema: Option<f64>,
    /// The memory that the run may take, GiB for each of its processes, loader included: `memory` and `micro_batch` are chosen by it, one pass
    /// where that fits (and `memory` is not `"recompute"`), else two with the largest parts that fit. The run's
    /// `run.toml` has what was chosen. Default: nothing is chosen.
    pub memory_gib: Option<f64>,
}

impl TrainSection {
    /// How a step goes through its batch.
    pub(crate) fn passes(&self) -> Passes {
        match self.memory {
            TrainMemory::Plain => Passes::One,
            TrainMemory::Recompute => Passes::Two { pairs_at_once: self.micro_batch },
        }
    }
}

impl Default for TrainSection {
    fn default() -> Self {
        let steps = |number| NonZero::new(number).expect("is not 0");
        Self {
            steps: None,
            epochs: steps(200),
            log_every: steps(10),
            checkpoint_every: Some(steps(500)),
            checkpoint_minutes: Some(steps(30)),
            keep_checkpoints: NonZero::new(2).expect("is not 0"),
            memory: TrainMemory::default(),
            micro_batch: None,
            patch_dropout: 0.0,
            freeze: Vec::new(),
            layer_decay: 1.0,
            ema: None,
            memory_gib: None,
        }
    }
}

/// A number that may be absent, which a file says by 0.
mod zero_is_none {
    use std::num::NonZero;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        number: &Option<NonZero<u64>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        number.map_or(0, NonZero::get).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<NonZero<u64>>, D::Error> {
        u64::deserialize(deserializer).map(NonZero::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_checkpoints_on_the_way_are_a_0_in_the_file() {
        let text = toml::to_string(&TrainSection { checkpoint_every: None, ..Default::default() });
        let text = text.unwrap();
        assert!(text.contains("checkpoint_every = 0\n"), "{text}");
        assert_eq!(toml::from_str::<TrainSection>(&text).unwrap().checkpoint_every, None);
        let usual = toml::to_string(&TrainSection::default()).unwrap();
        assert!(usual.contains("log_every = 10\ncheckpoint_every = 500\n"), "{usual}");
    }
}
