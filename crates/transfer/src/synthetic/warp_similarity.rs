//! The similarities of fig. 5c, measured over a held-out split.
//!
//! The clips are those of the whole video, the words those of the caption that tells it from start
//! to end, so every clip has a neighbour that shows something else. How far a clip is warped from
//! is drawn as in training; the draw is a function of the seed and the video's position.

use burn::tensor::{Tensor, TensorData};
use locvtp_model::loss::{LossConfig, VideoTextEmbeddings, WarpDistances};
use locvtp_model::{CorrespondenceConfig, Device, ModelError};

use crate::embedding::{Embedder, JointVector};
use crate::error::TransferError;
use crate::synthetic::evaluation::{EmbeddedSplit, EmbeddedVideo};
use locvtp_measure::SimilaritySummary;

/// How the similarities are measured: the choices of the losses that the model was trained with.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WarpSimilaritySettings {
    /// What is warped, and what its words are.
    pub loss: LossConfig,
    /// Which words belong to a clip.
    pub correspondence: CorrespondenceConfig,
    /// Seed of the distances.
    pub seed: u64,
}

/// Reference, bias and projection similarity of every clip of `split`.
///
/// Videos of one clip have no neighbour and are left out.
///
/// # Errors
/// When a similarity is not finite, or the model has no text encoder.
pub fn warp_similarities(
    embedder: &Embedder,
    split: &EmbeddedSplit,
    settings: &WarpSimilaritySettings,
) -> Result<SimilaritySummary, TransferError> {
    let directory = embedder.directory();
    let max_distance = directory.config.context_warp.max_distance;
    let head = directory.model.context_warp().ok_or(ModelError::NoTextEncoder)?;
    let mut summary = SimilaritySummary::new(SimilaritySummary::DEFAULT_BINS)?;
    for (i, video) in split.videos.iter().enumerate() {
        // An odd multiplier keeps the seeds of neighbouring videos and runs apart.
        let seed = settings.seed.wrapping_add((i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let clips = video.embedding.raw_clips.len();
        let Some(distances) = WarpDistances::draw([1, clips], max_distance, seed) else { continue };
        let found = settings.loss.warp_similarities(
            &embeddings(video, embedder.device()),
            &settings.correspondence,
            head,
            &distances,
        );
        summary.reference.add(&numbers(found.reference))?;
        summary.bias.add(&numbers(found.bias))?;
        summary.projection.add(&numbers(found.projection))?;
    }
    Ok(summary)
}

/// A video and its caption as a batch of one.
fn embeddings(video: &EmbeddedVideo, device: &Device) -> VideoTextEmbeddings {
    let tensor = |rows: &[JointVector]| {
        let shape = [1, rows.len(), rows[0].len()];
        Tensor::<3>::from_data(TensorData::new(rows.concat(), shape), device)
    };
    VideoTextEmbeddings {
        clips: tensor(&video.embedding.raw_clips),
        words: tensor(&video.caption.raw_words),
        num_words: vec![video.caption.raw_words.len()],
    }
}

fn numbers(tensor: Tensor<1>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("similarities are f32")
}
