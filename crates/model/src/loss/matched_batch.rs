//! The unit vectors of a batch and which words belong to which clip.

use std::ops::Range;

use burn::tensor::Tensor;

use super::embeddings::{UNIT_EPSILON, VideoTextEmbeddings};
use super::settings::Denominator;
use crate::correspondence::{Correspondence, CorrespondenceConfig};
use crate::ops::{Anchor, ChosenRows, l2_normalise, unit_rows};

/// Videos whose similarities are taken at a time: the unit vectors of all words, padding included,
/// would be a copy that nobody keeps.
const SIMILAR_AT_ONCE: usize = 64;

/// Unit vectors and their matches: what `L_f` and `L_t` share.
pub(crate) struct MatchedBatch {
    /// `[b t, e]`
    pub(crate) clips: Tensor<2>,
    /// The words of all sentences, one after the other, without padding: `[w, e]`.
    pub(crate) words: Tensor<2>,
    /// Of every clip, whether it has a word.
    pub(crate) matched: Vec<bool>,
    /// The words of every clip, each with its weight in the positive, by their row in `words`.
    positives: Vec<Vec<(usize, f32)>>,
    /// The rows of every sentence in `words`.
    sentences: Vec<Range<usize>>,
}

impl MatchedBatch {
    pub(crate) fn new(
        VideoTextEmbeddings { clips, words, num_words }: &VideoTextEmbeddings,
        correspondence: &CorrespondenceConfig,
        seed: u64,
    ) -> Self {
        let ([b, t, _e], [_, n, _]) = (clips.dims(), words.dims());
        let Correspondence { weights, matched } =
            correspondence.find(similarity(clips, words), num_words, seed);
        let mut next = 0;
        let sentences: Vec<Range<usize>> = num_words
            .iter()
            .map(|count| {
                next += count;
                next - count..next
            })
            .collect();
        let positives = weights.chunks_exact(n).enumerate().map(|(clip, weights)| {
            let first = sentences[clip / t].start;
            let chosen = weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0);
            chosen.map(|(word, weight)| (first + word, *weight)).collect()
        });
        Self {
            clips: unit_rows(clips.clone(), &vec![t; b], UNIT_EPSILON),
            words: unit_rows(words.clone(), num_words, UNIT_EPSILON),
            matched,
            positives: positives.collect(),
            sentences,
        }
    }

    /// Every clip as an anchor among the words: those that are matched share the weight 1.
    pub(super) fn anchors(&self, denominator: Denominator) -> Vec<Anchor> {
        let count = self.matched.iter().filter(|matched| **matched).count();
        let clips_a_video = self.matched.len() / self.sentences.len();
        std::iter::zip(&self.positives, &self.matched)
            .enumerate()
            .map(|(clip, (positive, matched))| Anchor {
                weight: if *matched { 1.0 / count as f64 } else { 0.0 },
                positive: positive.clone(),
                excluded: match denominator {
                    Denominator::PositivePlusOtherSentences => {
                        self.sentences[clip / clips_a_video].clone()
                    }
                    Denominator::AllWords | Denominator::AllWordsPlusPositive => 0..0,
                },
            })
            .collect()
    }

    /// `q_+` of every clip, not of unit length: `[b t, e]`.
    pub(crate) fn positives(&self) -> Tensor<2> {
        let chosen = ChosenRows::new(self.positives.iter().map(Vec::as_slice), &self.words);
        chosen.sums(self.words.clone())
    }
}

/// The cosines of the clips with the words of their own sentences, without a gradient:
/// `[b, t, n]`.
fn similarity(clips: &Tensor<3>, words: &Tensor<3>) -> Tensor<3> {
    let [b, _, _] = clips.dims();
    let parts = (0..b).step_by(SIMILAR_AT_ONCE).map(|first| {
        let [clips, words] = [clips, words].map(|vectors| {
            let count = SIMILAR_AT_ONCE.min(b - first);
            l2_normalise(vectors.clone().detach().narrow(0, first, count), UNIT_EPSILON)
        });
        clips.matmul(words.swap_dims(1, 2))
    });
    Tensor::cat(parts.collect(), 0)
}
