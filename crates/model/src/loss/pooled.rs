//! Whole videos and whole sentences, each one vector.
//!
//! Paper: §A.6, open point 8: the pooled vector is the mean of raw projected features, then of unit
//! length.

use burn::tensor::{Tensor, TensorData};

use super::embeddings::UNIT_EPSILON;
use crate::ops::l2_normalise;

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
