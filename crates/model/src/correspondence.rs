//! Which words of its own sentence belong to a clip.
//!
//! Paper: §A.6, "Correspondence", and the variants of the ablation (§B.6 (a)). Whatever the rule,
//! the outcome is one matrix of weights per video, so that the positive of a clip is
//! `weights x words`.

use burn::tensor::Tensor;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

/// How clips and words are matched; `K` is [`CorrespondenceConfig::num_matches`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CorrespondenceRule {
    /// Every clip takes its `K` most similar words. The paper's choice.
    ClipTopk,
    /// Every word takes its `K` most similar clips; a clip's words are those that took it, which
    /// may be none.
    WordTopk,
    /// The `K T` largest similarities of the whole matrix; a clip may get none.
    #[serde(rename = "2d_topk")]
    TwoDimensionalTopk,
    /// Every clip takes `K` words at random.
    Random,
}

/// The rule and its `K`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CorrespondenceConfig {
    /// Which words of a sentence belong to a clip.
    pub rule: CorrespondenceRule,
    /// `K`; where a sentence has fewer words, all of them. Paper: 3.
    #[schemars(range(min = 1))]
    pub num_matches: usize,
}

impl Default for CorrespondenceConfig {
    fn default() -> Self {
        Self { rule: CorrespondenceRule::ClipTopk, num_matches: 3 }
    }
}

/// The words matched to every clip of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Correspondence {
    /// `[b, t, n]`: `1 / k` for each of the `k` words matched to the clip, 0 for the others.
    pub weights: Vec<f32>,
    /// `[b, t]`: whether the clip has a word at all.
    pub matched: Vec<bool>,
}

impl CorrespondenceConfig {
    /// Matches by similarity; the result is a constant, no gradient flows through the choice.
    ///
    /// Equal similarities go to the smaller index. `seed` matters to [`CorrespondenceRule::Random`]
    /// alone.
    ///
    /// # Shapes
    /// - `similarity`: `[b, t, n]`
    /// - `num_words`: `b` numbers, at most `n` and at least 1; words behind are padding and match
    ///   nothing
    pub fn find(&self, similarity: Tensor<3>, num_words: &[usize], seed: u64) -> Correspondence {
        let [b, t, n] = similarity.dims();
        assert_eq!(num_words.len(), b, "one number of words per sentence");
        let similarity: Vec<f64> = similarity
            .into_data()
            .convert::<f64>()
            .try_to_vec()
            .expect("converted to f64 just now");
        let mut weights = vec![0.0; b * t * n];
        for (video, &words) in num_words.iter().enumerate() {
            let block = video * t * n..(video + 1) * t * n;
            // A stream of its own per video: `seed ^ video` would deal the same words to video 1 of
            // seed 0 and video 0 of seed 1.
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(video as u64);
            let pairs = self.pairs(&similarity[block.clone()], [t, n], words, rng);
            for (clip, word) in pairs {
                weights[block.start + clip * n + word] = 1.0;
            }
        }
        let matched = weights
            .chunks_exact_mut(n)
            .map(|row| {
                let count: f32 = row.iter().sum();
                row.iter_mut().for_each(|weight| *weight /= count.max(1.0));
                count > 0.0
            })
            .collect();
        Correspondence { weights, matched }
    }

    /// The matched (clip, word) pairs of one video.
    fn pairs(
        &self,
        similarity: &[f64],
        [t, n]: [usize; 2],
        words: usize,
        mut rng: ChaCha8Rng,
    ) -> Vec<(usize, usize)> {
        let k = self.num_matches;
        match self.rule {
            CorrespondenceRule::ClipTopk => (0..t)
                .flat_map(|clip| {
                    let row = &similarity[clip * n..clip * n + words];
                    largest(row.iter().copied(), k).into_iter().map(move |word| (clip, word))
                })
                .collect(),
            CorrespondenceRule::WordTopk => (0..words)
                .flat_map(|word| {
                    let column = (0..t).map(move |clip| similarity[clip * n + word]);
                    largest(column, k).into_iter().map(move |clip| (clip, word))
                })
                .collect(),
            CorrespondenceRule::TwoDimensionalTopk => {
                let all = (0..t * words).map(|i| similarity[i / words * n + i % words]);
                largest(all, k * t).into_iter().map(|i| (i / words, i % words)).collect()
            }
            CorrespondenceRule::Random => {
                let mut order: Vec<usize> = (0..words).collect();
                (0..t)
                    .flat_map(|clip| {
                        let (chosen, _) = order.partial_shuffle(&mut rng, k.min(words));
                        chosen.iter().map(|&word| (clip, word)).collect::<Vec<_>>()
                    })
                    .collect()
            }
        }
    }
}

/// The indices of the `k` largest values, the largest first, equal values in order of index.
fn largest(values: impl Iterator<Item = f64>, k: usize) -> Vec<usize> {
    // Adding zero makes -0 a 0; to `total_cmp` they would not be equal.
    let mut order: Vec<(usize, f64)> = values.map(|value| value + 0.0).enumerate().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    order.into_iter().take(k).map(|(index, _)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn find(rule: CorrespondenceRule, num_matches: usize, words: usize) -> Correspondence {
        let similarity = Tensor::<3>::from_floats(
            [[[0.9, 0.1, 0.5, 0.99], [0.3, 0.3, 0.2, 0.99]]],
            &Device::flex(),
        );
        CorrespondenceConfig { rule, num_matches }.find(similarity, &[words], 5)
    }

    #[test]
    fn a_clip_takes_its_most_similar_words_and_ties_go_to_the_first() {
        let found = find(CorrespondenceRule::ClipTopk, 1, 3);
        assert_eq!(found.weights, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
        let found = find(CorrespondenceRule::ClipTopk, 2, 3);
        assert_eq!(found.weights, [0.5, 0.0, 0.5, 0.0, 0.5, 0.5, 0.0, 0.0]);
    }

    #[test]
    fn a_padded_word_never_matches_a_clip() {
        for rule in [
            CorrespondenceRule::ClipTopk,
            CorrespondenceRule::WordTopk,
            CorrespondenceRule::TwoDimensionalTopk,
            CorrespondenceRule::Random,
        ] {
            let found = find(rule, 4, 3);
            assert_eq!((found.weights[3], found.weights[7]), (0.0, 0.0), "{rule:?}");
        }
    }

    #[test]
    fn more_matches_than_words_means_all_words() {
        let found = find(CorrespondenceRule::ClipTopk, 9, 2);
        assert_eq!(found.weights[..2], [0.5, 0.5]);
    }

    #[test]
    fn a_word_takes_its_most_similar_clips() {
        // Words 0 and 2 prefer clip 0, word 1 prefers clip 1.
        let found = find(CorrespondenceRule::WordTopk, 1, 3);
        assert_eq!(found.weights, [0.5, 0.0, 0.5, 0.0, 0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn a_clip_without_one_of_the_largest_similarities_is_unmatched() {
        let similarity = Tensor::<3>::from_floats([[[0.9, 0.8], [0.1, 0.2]]], &Device::flex());
        let rule = CorrespondenceRule::TwoDimensionalTopk;
        let found = CorrespondenceConfig { rule, num_matches: 1 }.find(similarity, &[2], 0);
        assert_eq!(found.matched, [true, false]);
    }

    #[test]
    fn random_matches_are_a_function_of_the_seed() {
        let all: std::collections::HashSet<String> = (0..20)
            .map(|seed| {
                let similarity = Tensor::<3>::zeros([1, 4, 6], &Device::flex());
                let rule = CorrespondenceRule::Random;
                let config = CorrespondenceConfig { rule, num_matches: 2 };
                let found = config.find(similarity.clone(), &[6], seed);
                assert_eq!(found, config.find(similarity, &[6], seed));
                assert!(found.weights.chunks(6).all(|row| row.iter().sum::<f32>() == 1.0));
                format!("{:?}", found.weights)
            })
            .collect();
        assert!(all.len() > 15);
    }
}
