//! One of the two halves of the model, as a step in two passes walks through it: a tower's
//! embedding, its blocks, and its end with the projection head.

use std::ops::Range;

use burn::tensor::{Device, Tensor};

use crate::clip_feature::ClipFeature;
use crate::clip_source::ClipSource;
use crate::projection::Projection;
use crate::text_tower::TextTower;
use crate::token_batch::TokenBatch;
use crate::video_tower::VideoTower;

/// A tower with its head, and what goes in: clips, or sentences.
pub(crate) trait Branch<I> {
    /// Blocks of the tower.
    fn num_blocks(&self) -> usize;

    /// What goes into the first block.
    fn embed(&self, input: &I) -> Tensor<3>;

    /// Block `number`, from 0.
    fn block(&self, number: usize, x: Tensor<3>, input: &I) -> Tensor<3>;

    /// From what the last block gives to the joint space; one row for each clip or sentence.
    fn finish(&self, x: Tensor<3>, input: &I) -> Tensor<3>;
}

/// Some clips of a batch.
pub(crate) struct ClipPart<'a> {
    pub(crate) clips: &'a dyn ClipSource,
    pub(crate) places: Range<usize>,
    pub(crate) device: Device,
}

impl ClipPart<'_> {
    fn num_frames(&self) -> usize {
        let [_b, _p, f] = self.clips.sizes();
        f
    }
}

/// From clips to `[r, 1, e]`.
pub(crate) struct VideoBranch<'a> {
    pub(crate) tower: &'a dyn VideoTower,
    pub(crate) head: Option<&'a Projection>,
    pub(crate) feature: ClipFeature,
}

impl Branch<ClipPart<'_>> for VideoBranch<'_> {
    fn num_blocks(&self) -> usize {
        self.tower.num_blocks()
    }

    fn embed(&self, part: &ClipPart<'_>) -> Tensor<3> {
        self.tower.embed(part.clips.some(part.places.clone(), &part.device))
    }

    fn block(&self, number: usize, x: Tensor<3>, clips: &ClipPart<'_>) -> Tensor<3> {
        self.tower.block(number, x, clips.num_frames())
    }

    fn finish(&self, x: Tensor<3>, clips: &ClipPart<'_>) -> Tensor<3> {
        let features = self.tower.finish(x, clips.num_frames(), self.feature);
        project(self.head, features).unsqueeze_dim(1)
    }
}

/// From sentences to the words of `[b, n, e]`, without the tokens before and behind them.
pub(crate) struct TextBranch<'a> {
    pub(crate) tower: &'a dyn TextTower,
    pub(crate) head: Option<&'a Projection>,
}

impl Branch<TokenBatch> for TextBranch<'_> {
    fn num_blocks(&self) -> usize {
        self.tower.num_blocks()
    }

    fn embed(&self, tokens: &TokenBatch) -> Tensor<3> {
        self.tower.embed(tokens)
    }

    fn block(&self, number: usize, x: Tensor<3>, tokens: &TokenBatch) -> Tensor<3> {
        self.tower.block(number, x, tokens)
    }

    fn finish(&self, x: Tensor<3>, tokens: &TokenBatch) -> Tensor<3> {
        project(self.head, words(self.tower, self.tower.finish(x), tokens))
    }
}

/// What a head gives; an identity has none.
pub(crate) fn project<const D: usize>(head: Option<&Projection>, x: Tensor<D>) -> Tensor<D> {
    match head {
        Some(head) => head.forward(x),
        None => x,
    }
}

/// Of all tokens those that may be words: the first (`[CLS]`), where there is one, is dropped, the last (`[SEP]`)
/// and padding lie behind the words.
pub(crate) fn words(tower: &dyn TextTower, x: Tensor<3>, tokens: &TokenBatch) -> Tensor<3> {
    let first = usize::from(tower.has_first_token());
    x.narrow(1, first, tokens.padded_length - first - 1)
}

/// How many words each sentence has.
pub(crate) fn num_words(tower: &dyn TextTower, tokens: &TokenBatch) -> Vec<usize> {
    let others = usize::from(tower.has_first_token()) + 1;
    tokens.lengths.iter().map(|length| length - others).collect()
}
