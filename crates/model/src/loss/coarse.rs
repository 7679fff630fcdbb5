//! `L_c`: a video against the sentences of the batch.
//!
//! Paper: §A.6. Open point 8: the pooled vector is the mean of raw projected features, then of unit
//! length.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Tensor, TensorData};

use super::embeddings::UNIT_EPSILON;
use super::inputs::LossInputs;
use super::term_row::TermRow;
use crate::ops::l2_normalise;

pub(super) const ROW: TermRow = TermRow {
    symbol: "L_c",
    name: "coarse",
    meaning: "videos and sentences",
    default_weight: 0.5,
    loss: |inputs| Some(coarse_loss(inputs)),
};

/// One unit vector per video: the mean of its clips.
///
/// # Shapes
/// - `clips`: `[b, t, e]`, raw; returns `[b, e]`
pub fn video_embedding(clips: Tensor<3>) -> Tensor<2> {
    l2_normalise(clips.mean_dim(1).squeeze_dim(1), UNIT_EPSILON)
}

/// One unit vector per sentence: the mean of its words without padding.
///
/// # Shapes
/// - `words`: `[b, n, e]`, raw; `num_words`: `b` numbers; returns `[b, e]`
pub fn sentence_embedding(words: Tensor<3>, num_words: &[usize]) -> Tensor<2> {
    let [b, n, _e] = words.dims();
    let weights: Vec<f64> = num_words
        .iter()
        .flat_map(|&count| (0..n).map(move |i| if i < count { 1.0 / count as f64 } else { 0.0 }))
        .collect();
    let weights = Tensor::<3>::from_data(
        TensorData::new(weights, [b, 1, n]),
        (&words.device(), words.dtype()),
    );
    l2_normalise(weights.matmul(words).squeeze_dim(1), UNIT_EPSILON)
}

/// `L_c = 1/N sum_n -log( exp(v_n . q_n / tau) / sum_i exp(v_n . q_i / tau) )`; `symmetric_coarse`
/// averages it with the same from text to video.
fn coarse_loss(&LossInputs { embeddings, config, .. }: &LossInputs<'_>) -> Tensor<1> {
    let videos = video_embedding(embeddings.clips.clone());
    let sentences = sentence_embedding(embeddings.words.clone(), &embeddings.num_words);
    let logits = videos.matmul(sentences.transpose()).div_scalar(config.temperature);
    let [b, _] = logits.dims();
    let eye = Tensor::<2>::eye(b, &logits.device()).cast(logits.dtype());
    let direction =
        |logits: Tensor<2>| (log_softmax(logits, 1) * eye.clone()).sum().neg().div_scalar(b as f64);
    if config.symmetric_coarse {
        (direction(logits.clone()) + direction(logits.transpose())).mul_scalar(0.5)
    } else {
        direction(logits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn a_sentence_is_the_direction_of_its_words_without_padding() {
        let words = [[[3.0, 4.0], [9.0, -9.0]], [[1.0, 0.0], [0.0, 1.0]]];
        let words = Tensor::<3>::from_floats(words, &Device::flex());
        let found = sentence_embedding(words, &[1, 2]).into_data().try_to_vec::<f32>().unwrap();
        let diagonal = std::f32::consts::FRAC_1_SQRT_2;
        for (found, expected) in found.iter().zip([0.6, 0.8, diagonal, diagonal]) {
            assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
        }
    }
}
