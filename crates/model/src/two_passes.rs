//! A training step in two passes: large batches and large models in bounded memory, with the same
//! gradient.
//!
//! The first pass encodes small parts of the batch one after the other, without a graph, and keeps
//! the embeddings and the input of some blocks. The losses of the whole batch give the gradient at
//! the embeddings. The second pass takes each part again, from its end to its beginning: a stretch
//! of blocks is run again from its kept input, now with a graph, and hands the gradient of its input
//! down. Every number is computed once without a graph and once with it: a step costs 4/3 of a plain
//! one, whatever the sizes of the parts and of the stretches are.

use std::ops::Range;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use locvtp_video::randomness::{Purpose, mix};

use crate::branch::{Branch, ClipPart, num_words};
use crate::clip_source::ClipSource;
use crate::locvtp::LocVtp;
use crate::loss::VideoTextEmbeddings;
use crate::parameter_gradients::ParameterGradients;
use crate::token_batch::TokenBatch;

/// Tokens of the sentences that go through an encoder at once, about.
const TOKENS_AT_ONCE: usize = 4096;

/// What a block keeps for its backward pass, as a multiple of its input: 24 are counted in a block of
/// divided attention; a clip adds 2.9 GB to a plain step at ViT-B/16, which are 25.
const KEPT_BY_A_BLOCK: usize = 24;

/// How the first pass goes through a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MicroBatches {
    /// Pairs that go through the encoders at once. [`None`]: as many clips, or sentences, as have
    /// about 4,096 tokens together, and one at least.
    pub pairs: Option<usize>,
    /// What dropout depends on, so that both passes drop the same.
    pub seed: u64,
}

/// What the first pass has kept of a batch.
pub struct FirstPass<'a> {
    embeddings: VideoTextEmbeddings,
    video: Walk<ClipPart<'a>>,
    text: Walk<TokenBatch>,
}

/// The gradient of the loss at the embeddings; [`None`] where the loss does not depend on them.
pub struct EmbeddingGradients {
    /// `[b, t, e]`
    pub clips: Option<Tensor<3>>,
    /// `[b, n, e]`
    pub words: Option<Tensor<3>>,
}

impl LocVtp {
    /// The first pass over a batch of pairs: the embeddings of [`LocVtp::forward`], without a graph. The second asks
    /// the clips again.
    ///
    /// # Panics
    /// As [`LocVtp::forward`], and for micro-batches of no pairs.
    pub fn first_pass<'a>(
        &self,
        clips: &'a dyn ClipSource,
        tokens: &TokenBatch,
        micro_batches: MicroBatches,
        device: &Device,
    ) -> FirstPass<'a> {
        let ([r, p, f], b) = (clips.sizes(), tokens.lengths.len());
        assert_eq!(r % b, 0, "{r} clips are not shared evenly by {b} sentences");
        let (t, MicroBatches { pairs, seed }) = (r / b, micro_batches);
        let still = self.clone().no_grad();
        let (branch, text_branch) = (still.video_branch(), still.text_branch());
        let clips_at_once = pairs.map_or_else(|| branch.tower.clips_at_once(p, f), |m| m * t);
        let (video, found) = Walk::first(
            &branch,
            parts(r, clips_at_once)
                .map(|places| ClipPart { clips, places, device: device.clone() })
                .collect(),
            device,
            mix(seed, Purpose::TrainingDevice, 0, 0),
        );
        let sentences_at_once = pairs.unwrap_or_else(|| sentences_at_once(tokens.padded_length));
        let (text, words) = Walk::first(
            &text_branch,
            parts(b, sentences_at_once).map(|places| tokens.some(places)).collect(),
            device,
            mix(seed, Purpose::TrainingDevice, 1, 0),
        );
        let [_, _, e] = found.dims();
        let num_words = num_words(text_branch.tower, tokens);
        let embeddings = VideoTextEmbeddings { clips: found.reshape([b, t, e]), words, num_words };
        FirstPass { embeddings, video, text }
    }
}

impl FirstPass<'_> {
    /// The embeddings, outside of every graph.
    pub fn embeddings(&self) -> &VideoTextEmbeddings {
        &self.embeddings
    }

    /// The second pass: adds the gradients of the encoders and heads of `model`, which has given the
    /// first, to `sum`.
    pub fn second_pass(
        self,
        model: &LocVtp,
        gradients: EmbeddingGradients,
        sum: &mut ParameterGradients,
    ) {
        let [in_video, in_text] = model.first_trained();
        if let (Some(clips), Some(trained)) = (gradients.clips, in_video) {
            let [b, t, e] = clips.dims();
            let clips = clips.reshape([b * t, 1, e]);
            self.video.second(&model.video_branch(), &clips, trained, model, sum);
        }
        if let (Some(words), Some(trained)) = (gradients.words, in_text) {
            self.text.second(&model.text_branch(), &words, trained, model, sum);
        }
    }
}

/// A walk through a branch: there in the first pass, back in the second.
struct Walk<I> {
    device: Device,
    /// Blocks that are run with one graph, from the first; the first stretch begins with the
    /// embedding, the last ends with the head.
    stretches: Vec<Range<usize>>,
    parts: Vec<Part<I>>,
}

/// Clips or sentences that go through a branch together.
struct Part<I> {
    input: I,
    /// Rows of what comes out.
    rows: usize,
    /// What went into every stretch but the first, outside of every graph.
    kept: Vec<Tensor<3>>,
    seed: u64,
}

impl<I> Walk<I> {
    /// There: what comes out, and what is kept for the way back.
    fn first<B: Branch<I>>(
        branch: &B,
        inputs: Vec<I>,
        device: &Device,
        seed: u64,
    ) -> (Self, Tensor<3>) {
        let stretches = stretches(branch.num_blocks(), inputs.len());
        let mut walk = Self { device: device.clone(), stretches, parts: Vec::new() };
        let mut found = Vec::new();
        for (number, input) in inputs.into_iter().enumerate() {
            let seed = mix(seed, Purpose::TrainingDevice, number as u64, 0);
            let mut part = Part { input, rows: 0, kept: Vec::new(), seed };
            let mut x = walk.run(branch, &part, 0, None);
            for number in 1..walk.stretches.len() {
                let kept = x.inner();
                part.kept.push(kept.clone());
                x = walk.run(branch, &part, number, Some(Tensor::from_inner(kept)));
            }
            [part.rows, ..] = x.dims();
            found.push(x.inner());
            walk.parts.push(part);
        }
        (walk, Tensor::cat(found, 0))
    }

    /// Back, with the gradient at what came out, as far as something learns: to the block `trained`, from 0.
    fn second<B: Branch<I>>(
        mut self,
        branch: &B,
        gradient: &Tensor<3>,
        trained: usize,
        model: &LocVtp,
        sum: &mut ParameterGradients,
    ) {
        let mut first = 0;
        let last = self.stretches.len() - 1;
        let lowest = self.stretches.iter().position(|blocks| blocks.end > trained).unwrap_or(last);
        for mut part in std::mem::take(&mut self.parts) {
            let mut gradient = gradient.clone().narrow(0, first, part.rows);
            first += part.rows;
            for number in (lowest..self.stretches.len()).rev() {
                let x = part.kept.pop().map(Tensor::from_inner);
                // Of the lowest stretch nobody wants the gradient of what goes in.
                let x = if number > lowest { x.map(Tensor::require_grad) } else { x };
                let y = self.run(branch, &part, number, x.clone());
                // The gradient of this sum at `y` is the one that was handed down.
                let mut gradients = (y * Tensor::from_inner(gradient)).sum().backward();
                sum.add(model, &mut gradients);
                let Some(x) = x.filter(|_| number > lowest) else { break };
                gradient = x.grad_remove(&mut gradients).expect("a stretch depends on its input");
            }
        }
    }

    /// A stretch of a part: what goes into it (nothing for the first), and what comes out.
    fn run<B: Branch<I>>(
        &self,
        branch: &B,
        part: &Part<I>,
        number: usize,
        x: Option<Tensor<3>>,
    ) -> Tensor<3> {
        self.device.seed(mix(part.seed, Purpose::TrainingDevice, number as u64, 0));
        let blocks = self.stretches[number].clone();
        let is_last = blocks.end == branch.num_blocks();
        let x = x.unwrap_or_else(|| branch.embed(&part.input));
        let x = blocks.fold(x, |x, block| branch.block(block, x, &part.input));
        if is_last { branch.finish(x, &part.input) } else { x }
    }
}

/// How many sentences of so many tokens go through an encoder at once.
pub(crate) fn sentences_at_once(num_tokens: usize) -> usize {
    (TOKENS_AT_ONCE / num_tokens).max(1)
}

/// How many stretches the blocks are run in, and the blocks of the longest.
pub(crate) fn longest_stretch(num_blocks: usize, num_parts: usize) -> (usize, usize) {
    let stretches = stretches(num_blocks, num_parts);
    (stretches.len(), stretches.iter().map(|blocks| blocks.len()).max().unwrap_or(0))
}

/// So many places in parts of `at_once`, of which the last may be smaller.
fn parts(count: usize, at_once: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(at_once).map(move |first| first..count.min(first + at_once))
}

/// The stretches of blocks with which the least is held at once: the inputs that all parts keep, and
/// the graph of the longest stretch over one part. All cost the same time.
fn stretches(num_blocks: usize, num_parts: usize) -> Vec<Range<usize>> {
    let held =
        |count: usize| (count - 1) * num_parts + num_blocks.div_ceil(count) * KEPT_BY_A_BLOCK;
    let count = (1..=num_blocks.max(1)).min_by_key(|&count| held(count)).unwrap_or(1);
    (0..count).map(|i| i * num_blocks / count..(i + 1) * num_blocks / count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(ranges: impl IntoIterator<Item = Range<usize>>) -> Vec<[usize; 2]> {
        ranges.into_iter().map(|range| [range.start, range.end]).collect()
    }

    #[test]
    fn the_last_part_may_be_smaller() {
        assert_eq!(bounds(parts(7, 3)), [[0, 3], [3, 6], [6, 7]]);
        assert_eq!(bounds(parts(2, 5)), [[0, 2]]);
    }

    #[test]
    fn few_parts_keep_the_input_of_every_block_and_many_keep_none() {
        // 3 x 1 + 24 against 1 + 48 and 0 + 96.
        assert_eq!(bounds(stretches(4, 1)), [[0, 1], [1, 2], [2, 3], [3, 4]]);
        // 0 + 96 against 137 + 48 and 3 x 137 + 24.
        assert_eq!(bounds(stretches(4, 137)), [[0, 4]]);
        // The paper's pair: 5 x 8 + 48 against 3 x 8 + 72 and 11 x 8 + 24.
        let pairs = [[0, 2], [2, 4], [4, 6], [6, 8], [8, 10], [10, 12]];
        assert_eq!(bounds(stretches(12, 8)), pairs);
        // As even as can be: 25 + 72 against 0 + 120 and 2 x 25 + 48.
        assert_eq!(bounds(stretches(5, 25)), [[0, 2], [2, 5]]);
        assert_eq!(bounds(stretches(0, 9)), [[0, 0]]);
    }
}
