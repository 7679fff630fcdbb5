//! The losses as one writes them down first: every table whole, every gradient the engine's. What
//! the strips are compared with.
//!
//! Numbers are multiplied by, never divided by: the engine's backward of a division by a number takes
//! the reciprocal in f32.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Bool, Int, Tensor, TensorData};
use locvtp_model::loss::{
    Denominator, LossConfig, LossWeights, Losses, PerTerm, TemporalTarget, Term,
    VideoTextEmbeddings, WarpDistances, sentence_embedding, video_embedding,
};
use locvtp_model::ops::l2_normalise;
use locvtp_model::{ContextWarp, Correspondence, CorrespondenceConfig};

/// Shorter vectors than this are treated as this long.
const UNIT_EPSILON: f64 = 1e-12;

/// What [`LossConfig::losses`] should find; here the terms have gradients too.
pub(crate) fn losses(
    config: &LossConfig,
    embeddings: &VideoTextEmbeddings,
    weights: &LossWeights,
    correspondence: &CorrespondenceConfig,
    warp: Option<(&ContextWarp, &WarpDistances)>,
    seed: u64,
) -> Losses {
    let batch = Batch::new(config, embeddings, correspondence, seed);
    let terms = PerTerm::from_fn(|term| match term {
        _ if weights[term] == 0.0 => None,
        Term::Coarse => Some(coarse(config, embeddings)),
        Term::Fine => Some(batch.against_words(config, batch.clips.clone())),
        Term::Temporal => warp.map(|(head, distances)| {
            batch.temporal(config, embeddings.clips.clone(), head, distances)
        }),
        _ => unreachable!("a term that is not written here"),
    });
    let total = terms
        .iter()
        .filter_map(|(term, loss)| Some(loss.clone()?.mul_scalar(weights[term])))
        .reduce(|a, b| a + b)
        .expect("a weight that is not zero");
    Losses { total, terms }
}

fn coarse(config: &LossConfig, embeddings: &VideoTextEmbeddings) -> Tensor<1> {
    let videos = video_embedding(embeddings.clips.clone());
    let sentences = sentence_embedding(embeddings.words.clone(), &embeddings.num_words);
    let logits = videos.matmul(sentences.transpose()).mul_scalar(1.0 / config.temperature);
    let [b, _] = logits.dims();
    let eye = Tensor::<2>::eye(b, &logits.device()).cast(logits.dtype());
    let direction = |logits: Tensor<2>| {
        (log_softmax(logits, 1) * eye.clone()).sum().neg().mul_scalar(1.0 / b as f64)
    };
    if config.symmetric_coarse {
        (direction(logits.clone()) + direction(logits.transpose())).mul_scalar(0.5)
    } else {
        direction(logits)
    }
}

/// Unit vectors with their padding.
struct Batch {
    /// `[b, t, e]`
    clips: Tensor<3>,
    /// `[b, n, e]`
    words: Tensor<3>,
    /// `[b, t, e]`
    positives: Tensor<3>,
    /// `[b n]`
    is_word: Vec<bool>,
    /// `[b t]`
    matched: Vec<bool>,
}

impl Batch {
    fn new(
        config: &LossConfig,
        embeddings: &VideoTextEmbeddings,
        correspondence: &CorrespondenceConfig,
        seed: u64,
    ) -> Self {
        let clips = l2_normalise(embeddings.clips.clone(), UNIT_EPSILON);
        let words = l2_normalise(embeddings.words.clone(), UNIT_EPSILON);
        let ([b, t, _e], [_, n, _]) = (clips.dims(), words.dims());
        let similarity = clips.clone().detach().matmul(words.clone().detach().swap_dims(1, 2));
        let Correspondence { weights, matched } =
            correspondence.find(similarity, &embeddings.num_words, seed);
        let weights = TensorData::new(weights, [b, t, n]);
        let weights = Tensor::<3>::from_data(weights, (&clips.device(), clips.dtype()));
        let mean = weights.matmul(words.clone());
        let positives =
            if config.renormalise_positive { l2_normalise(mean, UNIT_EPSILON) } else { mean };
        let is_word =
            embeddings.num_words.iter().flat_map(|&words| (0..n).map(move |i| i < words)).collect();
        Self { clips, words, positives, is_word, matched }
    }

    fn against_words(&self, config: &LossConfig, anchors: Tensor<3>) -> Tensor<1> {
        info_nce(
            config,
            config.denominator,
            anchors,
            self.positives.clone(),
            self.words.clone(),
            &self.is_word,
            &self.matched,
        )
    }

    fn temporal(
        &self,
        config: &LossConfig,
        raw_clips: Tensor<3>,
        head: &ContextWarp,
        distances: &WarpDistances,
    ) -> Tensor<1> {
        let [b, t, e] = self.clips.dims();
        let sources =
            distances.0.iter().enumerate().map(|(i, distance)| (i as i64) + i64::from(*distance));
        let index = TensorData::new(sources.collect::<Vec<i64>>(), [b * t]);
        let index = Tensor::<1, Int>::from_data(index, &self.clips.device());
        let from = if config.normalise_before_warp { self.clips.clone() } else { raw_clips };
        let warped = head.forward(from.reshape([b * t, e]).select(0, index), &distances.0);
        let anchors = l2_normalise(warped, UNIT_EPSILON).reshape([b, t, e]);
        match config.temporal_target {
            TemporalTarget::CrossModal => self.against_words(config, anchors),
            TemporalTarget::IntraModal => {
                let (clips, all) = (self.clips.clone(), vec![true; b * t]);
                info_nce(config, Denominator::AllWords, anchors, clips.clone(), clips, &all, &all)
            }
            _ => unreachable!("a target that is not written here"),
        }
    }
}

/// `-log( exp(anchor . positive / tau) / denominator )`, averaged over the anchors that are
/// `matched`; `[b, t, e]` anchors and positives against `[b, n, e]` keys of which some exist.
fn info_nce(
    config: &LossConfig,
    denominator: Denominator,
    anchors: Tensor<3>,
    positives: Tensor<3>,
    keys: Tensor<3>,
    exist: &[bool],
    matched: &[bool],
) -> Tensor<1> {
    let ([b, t, e], [videos, n, _]) = (anchors.dims(), keys.dims());
    let positive = (anchors.clone() * positives).sum_dim(2).mul_scalar(1.0 / config.temperature);
    let positive = positive.reshape([b * t, 1]);
    let logits = anchors
        .reshape([b * t, e])
        .matmul(keys.reshape([videos * n, e]).transpose())
        .mul_scalar(1.0 / config.temperature);

    let own_too = denominator != Denominator::PositivePlusOtherSentences;
    let with_positive = denominator != Denominator::AllWords;
    let columns = videos * n + usize::from(with_positive);
    let mut leave_out = Vec::with_capacity(b * t * columns);
    for row in 0..b * t {
        let own = row / t * n..(row / t + 1) * n;
        leave_out.extend(
            exist.iter().enumerate().map(|(i, exists)| !exists || !own_too && own.contains(&i)),
        );
        leave_out.extend(with_positive.then_some(false));
    }
    let logits =
        if with_positive { Tensor::cat(vec![logits, positive.clone()], 1) } else { logits };
    let leave_out = TensorData::new(leave_out, [b * t, columns]);
    let leave_out = Tensor::<2, Bool>::from_data(leave_out, &logits.device());
    // A large finite number instead of minus infinity: 0 * inf never meets a gradient.
    let logits = logits.mask_fill(leave_out, -1e30);
    let max = logits.clone().detach().max_dim(1);
    let denominators = (logits - max.clone()).exp().sum_dim(1).log() + max;
    let losses: Tensor<1> = (denominators - positive).squeeze_dim(1);

    let count = matched.iter().filter(|matched| **matched).count();
    let weights: Vec<f64> =
        matched.iter().map(|matched| if *matched { 1.0 / count as f64 } else { 0.0 }).collect();
    let weights = TensorData::new(weights, [b * t]);
    let weights = Tensor::<1>::from_data(weights, (&losses.device(), losses.dtype()));
    (losses * weights).sum()
}
