//! What a training step holds and works, in closed formulas of the model's and the batch's sizes.
//!
//! The counts of what a block's graph keeps are those of its operations that keep their inputs, read off the forward
//! passes and checked against an allocator that counts: `crates/train/tests/step_memory.rs` runs steps of every encoder, in
//! one pass and in two, and compares the most bytes that were allocated at once with what is said here.

use crate::encoder_cost::{ClipSize, EncoderCost, PartCost, affine};
use crate::locvtp::LocVtpConfig;
use crate::parameter_counts::{Learning, ParameterCounts};
use crate::projection::ProjectionKind;
use crate::two_passes::{longest_stretch, sentences_at_once};

/// Bytes of a number.
const NUMBER: f64 = 4.0;

/// Tensors of the size of the embeddings that the losses hold at once: the embeddings, at unit length, matched,
/// gathered as anchors and as keys, and the gradients of most of them.
const EMBEDDINGS_OF_LOSSES: f64 = 12.0;

/// Those of them that are left in the second of two passes: the embeddings and their gradients.
const EMBEDDINGS_OF_WAY_BACK: f64 = 3.0;

/// Tensors of the size of a parameter that its update holds at once, beside the parameter, its gradient and moments.
const PARAMETERS_OF_UPDATE: f64 = 2.0;

/// The sizes of a batch, or of a process's part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchSize {
    /// Pairs.
    pub num_pairs: usize,
    /// Clips of a pair.
    pub num_clips: usize,
    /// Patches of a frame that are there.
    pub num_patches: usize,
    /// Frames of a clip.
    pub num_frames: usize,
    /// Tokens of a sentence, with its padding.
    pub num_tokens: usize,
}

impl BatchSize {
    fn clip(&self) -> ClipSize {
        ClipSize { num_patches: self.num_patches, num_frames: self.num_frames }
    }
}

/// How a step goes through a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passes {
    /// In one pass.
    One,
    /// In two.
    Two {
        /// Pairs that go through the encoders at once; [`None`] as in
        /// [`MicroBatches`](crate::MicroBatches).
        pairs_at_once: Option<usize>,
    },
}

/// What a step holds at its peak, in bytes, from the second step on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepMemory {
    /// The parameters.
    pub weights: f64,
    /// Adam's two moments.
    pub moments: f64,
    /// Gradients of parameters that are there, and what an update holds beside them.
    pub gradients: f64,
    /// The batch's bytes, and the numbers that an encoder reads at once.
    pub pixels: f64,
    /// What the first pass has kept for the second.
    pub block_inputs: f64,
    /// What the encoders' graph keeps, of one part or of the whole batch.
    pub graph: f64,
    /// The embeddings, and what the losses hold of them.
    pub losses: f64,
}

impl StepMemory {
    /// All of it.
    pub fn total(&self) -> f64 {
        self.weights
            + self.moments
            + self.gradients
            + self.pixels
            + self.block_inputs
            + self.graph
            + self.losses
    }
}

impl LocVtpConfig {
    /// Floating-point operations of the forward pass over a batch: those of the encoders' and heads' products and
    /// attentions. A gradient costs twice as much on top; the losses are left out.
    pub fn forward_operations(&self, batch: &BatchSize) -> f64 {
        let (clips, sentences) = (batch.num_pairs * batch.num_clips, batch.num_pairs);
        let video = self.video.cost(clips, batch.clip()).whole() + self.video_head(clips);
        let text = self.text.cost(sentences, batch.num_tokens).whole()
            + self.text_head(sentences, batch.num_tokens);
        2.0 * (video.multiply_adds + text.multiply_adds)
    }

    /// The share of these operations that lies above the first parts that learn: they are gone through backwards.
    pub fn share_learned(&self, batch: &BatchSize, learning: &Learning) -> f64 {
        let (clips, sentences) = (batch.num_pairs * batch.num_clips, batch.num_pairs);
        let [in_video, in_text] = learning.first;
        let mut learned = self.video.cost(clips, batch.clip()).learned(in_video).multiply_adds
            + self.text.cost(sentences, batch.num_tokens).learned(in_text).multiply_adds;
        if in_video.is_some() {
            learned += self.video_head(clips).multiply_adds;
        }
        if in_text.is_some() {
            learned += self.text_head(sentences, batch.num_tokens).multiply_adds;
        }
        2.0 * learned / self.forward_operations(batch).max(1.0)
    }

    /// Clips of the batch that go through the encoder at once in a step of two passes whose micro-batches are not set.
    pub fn clips_at_once(&self, batch: &BatchSize) -> usize {
        self.video.clips_at_once(batch.clip())
    }

    /// What a step over `batch` holds at its peak, of a model of so many parameters that trains with Adam.
    pub fn step_memory(
        &self,
        batch: &BatchSize,
        passes: Passes,
        parameters: &ParameterCounts,
    ) -> StepMemory {
        let moments = match passes {
            Passes::One => self.in_one_pass(batch, parameters),
            Passes::Two { pairs_at_once } => self.in_two_passes(batch, pairs_at_once, parameters),
        };
        let always = StepMemory {
            weights: NUMBER * parameters.total() as f64,
            moments: 2.0 * NUMBER * parameters.learning.total as f64,
            ..StepMemory::default()
        };
        let update = Moment {
            gradients: parameters.learning.total as f64
                + PARAMETERS_OF_UPDATE * parameters.largest as f64,
            ..Moment::default()
        };
        let read = self.pixels(batch) * self.share_read_at_once(batch, passes);
        let pixels = self.pixels(batch) + NUMBER * read;
        let largest = moments.into_iter().map(|moment| (moment, pixels));
        let largest = largest.chain([(update, 0.0)]).map(|(moment, pixels)| StepMemory {
            gradients: NUMBER * moment.gradients,
            block_inputs: NUMBER * moment.block_inputs,
            graph: NUMBER * moment.graph,
            pixels,
            losses: NUMBER * moment.embeddings * self.embeddings(batch),
            ..always
        });
        largest.max_by(|a, b| a.total().total_cmp(&b.total())).unwrap_or(always)
    }

    /// The moments of a step in one pass that may be its peak.
    fn in_one_pass(&self, batch: &BatchSize, parameters: &ParameterCounts) -> Vec<Moment> {
        let (clips, sentences) = (batch.num_pairs * batch.num_clips, batch.num_pairs);
        let video = self.video.cost(clips, batch.clip());
        let text = self.text.cost(sentences, batch.num_tokens);
        let [in_video, in_text] = parameters.learning.first;
        let of_head =
            |head: PartCost, first: Option<usize>| first.map_or_else(PartCost::default, |_| head);
        let heads = of_head(self.video_head(clips), in_video)
            + of_head(self.text_head(sentences, batch.num_tokens), in_text);
        let whole = video.learned(in_video) + text.learned(in_text) + heads;
        let passing = whole.passing.max(video.whole().passing).max(text.whole().passing);
        let first = match in_video {
            Some(0) => (video.embedding + video.block).kept,
            Some(first) if first < video.num_blocks => video.block.kept,
            _ => 0.0,
        };
        vec![
            Moment {
                graph: whole.kept + whole.kept_weights + passing,
                embeddings: EMBEDDINGS_OF_LOSSES,
                ..Moment::default()
            },
            Moment {
                graph: first + video.block.passing,
                gradients: (parameters.learning.total + parameters.largest) as f64,
                ..Moment::default()
            },
        ]
    }

    /// The moments of a step in two passes that may be its peak.
    fn in_two_passes(
        &self,
        batch: &BatchSize,
        pairs_at_once: Option<usize>,
        parameters: &ParameterCounts,
    ) -> Vec<Moment> {
        let BatchSize { num_pairs, num_clips, num_tokens, .. } = *batch;
        let at_once = match pairs_at_once {
            Some(pairs) => pairs * num_clips,
            None => self.video.clips_at_once(batch.clip()),
        };
        let clips = Parted::new(num_pairs * num_clips, at_once);
        let at_once = pairs_at_once.unwrap_or_else(|| sentences_at_once(num_tokens));
        let sentences = Parted::new(num_pairs, at_once);
        let of_video = |rows| (self.video.cost(rows, batch.clip()), self.video_head(rows));
        let of_text = |rows| (self.text.cost(rows, num_tokens), self.text_head(rows, num_tokens));
        let Learning { video: before, text: of_words, first: [in_video, in_text], .. } =
            parameters.learning;
        let mut moments = match in_video {
            Some(first) => way_back(&of_video, clips, first, (0, before), parameters),
            None => Vec::new(),
        };
        let (count, _) = longest_stretch(of_video(1).0.num_blocks, clips.num_parts());
        moments.push(Moment {
            block_inputs: (count - 1) as f64 * of_video(clips.rows).0.block_input,
            embeddings: EMBEDDINGS_OF_LOSSES,
            ..Moment::default()
        });
        if let Some(first) = in_text {
            moments.extend(way_back(&of_text, sentences, first, (before, of_words), parameters));
        }
        moments
    }

    fn video_head(&self, clips: usize) -> PartCost {
        self.head(clips as f64, self.video.width() as f64)
    }

    fn text_head(&self, sentences: usize, num_tokens: usize) -> PartCost {
        let words = (sentences * num_tokens.saturating_sub(2)) as f64;
        let mut head = self.head(words, self.text.width() as f64);
        // The words without the first token and the last.
        head.kept += words * self.text.width() as f64;
        head
    }

    fn head(&self, rows: f64, width: f64) -> PartCost {
        let e = self.projection.dim as f64;
        let (multiply_adds, kept) = match self.projection.kind {
            ProjectionKind::Residual => (affine(rows, width + e, e), 5.0 * rows * e),
            ProjectionKind::Linear => (affine(rows, width, e), rows * e),
            ProjectionKind::Identity => (0.0, 0.0),
        };
        PartCost { multiply_adds, kept, passing: 2.0 * rows * e, kept_weights: 0.0 }
    }

    /// Of the clips, those that an encoder reads at once.
    fn share_read_at_once(&self, batch: &BatchSize, passes: Passes) -> f64 {
        let clips = (batch.num_pairs * batch.num_clips).max(1);
        let at_once = match passes {
            Passes::One => clips,
            Passes::Two { pairs_at_once: Some(pairs) } => pairs * batch.num_clips,
            Passes::Two { pairs_at_once: None } => self.video.clips_at_once(batch.clip()),
        };
        at_once.min(clips) as f64 / clips as f64
    }

    /// How many bytes.
    fn pixels(&self, batch: &BatchSize) -> f64 {
        let frames = batch.num_pairs * batch.num_clips * batch.num_frames;
        frames as f64 * (3 * batch.num_patches * self.video.patch_size().pow(2)) as f64
    }

    /// Numbers of the embeddings.
    fn embeddings(&self, batch: &BatchSize) -> f64 {
        let rows = batch.num_pairs * (batch.num_clips + batch.num_tokens);
        (rows * self.projection.dim) as f64
    }
}

/// Rows that go through an encoder in parts.
#[derive(Clone, Copy)]
struct Parted {
    rows: usize,
    at_once: usize,
}

impl Parted {
    fn new(rows: usize, at_once: usize) -> Self {
        Self { rows, at_once: at_once.clamp(1, rows.max(1)) }
    }

    fn num_parts(self) -> usize {
        self.rows.div_ceil(self.at_once)
    }
}

/// What is held beside weights and moments at some moment, in numbers.
#[derive(Clone, Copy, Default)]
struct Moment {
    gradients: f64,
    block_inputs: f64,
    graph: f64,
    /// Tensors of the size of the embeddings.
    embeddings: f64,
}

/// The moments of the second pass over an encoder whose first part that learns is `first`: in the first part of the batch,
/// before there are gradients, and in the second, when they are all there.
fn way_back(
    cost: &dyn Fn(usize) -> (EncoderCost, PartCost),
    parted: Parted,
    first: usize,
    (gradients_before, own): (usize, usize),
    parameters: &ParameterCounts,
) -> Vec<Moment> {
    let (part, head) = cost(parted.at_once);
    let (count, longest) = longest_stretch(part.num_blocks, parted.num_parts());
    let learned = part.num_blocks.saturating_sub(first);
    let embedding = if count == 1 && first == 0 { part.embedding } else { PartCost::default() };
    let stretch = embedding + part.block.times(longest.min(learned)) + part.end + head;
    let graph = stretch.kept + stretch.kept_weights + stretch.passing + part.block_input;
    let kept = |rows: usize| (count - 1) as f64 * cost(rows).0.block_input;
    // The gradients of a stretch are there before they are added to the sum.
    let of_stretch = (own / count).max(parameters.largest.min(own)) as f64;
    let (before, embeddings) = (gradients_before as f64, EMBEDDINGS_OF_WAY_BACK);
    vec![
        Moment { gradients: before, block_inputs: kept(parted.rows), graph, embeddings },
        Moment {
            gradients: before + own as f64,
            block_inputs: kept(parted.rows - parted.at_once),
            graph: if parted.num_parts() > 1 { graph } else { stretch.passing },
            embeddings,
        },
        Moment {
            gradients: before + own as f64 + of_stretch,
            block_inputs: kept(parted.rows - parted.at_once),
            graph: (embedding + part.block.times(learned.min(1))).kept,
            embeddings,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoders::{DistilBertConfig, TimeSformerConfig};

    #[test]
    fn the_operations_of_a_small_model_are_those_counted_by_hand() {
        let video = TimeSformerConfig {
            image_size: 4,
            patch_size: 2,
            num_frames: 2,
            hidden_size: 6,
            num_hidden_layers: 1,
            num_attention_heads: 1,
            intermediate_size: 10,
            ..TimeSformerConfig::default()
        };
        let text = DistilBertConfig {
            dim: 8,
            n_layers: 2,
            n_heads: 1,
            hidden_dim: 12,
            ..DistilBertConfig::default()
        };
        let mut model =
            LocVtpConfig { video: video.into(), text: text.into(), ..LocVtpConfig::default() };
        model.projection.kind = ProjectionKind::Linear;
        model.projection.dim = 5;
        let batch =
            BatchSize { num_pairs: 1, num_clips: 1, num_patches: 4, num_frames: 2, num_tokens: 4 };
        // A clip is 4 patches of 2 frames, 8 rows, and with the class token 9. The patches are of 12 numbers.
        let patches = 8.0 * 12.0 * 6.0;
        // Over time: queries, keys and values, two products of each row with the 2 of its position; the map, and it times
        // the next, 6 x 6 x 6.
        let time = 8.0 * 6.0 * 24.0 + 2.0 * 8.0 * 2.0 * 6.0 + 216.0;
        // Over space: 2 frames, each of 5 rows that see 5.
        let space = 9.0 * 6.0 * 24.0 + 2.0 * 10.0 * 5.0 * 6.0;
        let perceptron = 9.0 * 2.0 * 6.0 * 10.0;
        // Two blocks of 4 tokens that see 4.
        let text = 2.0 * (4.0 * 8.0 * 32.0 + 2.0 * 4.0 * 4.0 * 8.0 + 4.0 * 2.0 * 8.0 * 12.0);
        // One clip, and the two words between the first token and the last.
        let heads = 6.0 * 5.0 + 2.0 * 8.0 * 5.0;
        let expected = 2.0 * (patches + time + space + perceptron + text + heads);
        assert_eq!(model.forward_operations(&batch), expected);
    }

    #[test]
    fn a_clip_of_the_papers_size_takes_750_gflop() {
        // 12 blocks x 3,137 tokens: 390 billion multiply-adds with both maps after attention over time, 369 with one; here
        // they are made one for each clip, which takes 768^3 in a block.
        let clip = ClipSize { num_patches: 196, num_frames: 16 };
        let video = LocVtpConfig::default().video.cost(1, clip).whole().multiply_adds;
        assert!((2.0 * video / 1e9 - 750.0).abs() < 2.0, "{video}");
    }

    #[test]
    fn more_pairs_and_one_pass_hold_more() {
        let model = LocVtpConfig::default();
        let parameters = ParameterCounts {
            video: 121_000_000,
            text: 66_000_000,
            heads: 1_000_000,
            largest: 23_440_896,
            learning: Learning {
                video: 121_000_000,
                text: 66_000_000,
                total: 188_000_000,
                first: [Some(0), Some(0)],
            },
        };
        let batch = BatchSize {
            num_pairs: 2,
            num_clips: 8,
            num_patches: 196,
            num_frames: 16,
            num_tokens: 20,
        };
        let more = BatchSize { num_pairs: 4, ..batch };
        let two = Passes::Two { pairs_at_once: None };
        let total = |batch, passes| model.step_memory(batch, passes, &parameters).total();
        assert!(total(&batch, two) < total(&more, two));
        assert!(total(&batch, two) < total(&batch, Passes::Two { pairs_at_once: Some(1) }));
        assert!(total(&batch, Passes::Two { pairs_at_once: Some(1) }) < total(&batch, Passes::One));
    }
}
