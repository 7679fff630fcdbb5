//! One sentence looked for in one video file.

use std::path::Path;

use locvtp_video::TimeSpan;
use serde::{Deserialize, Serialize};

use crate::clip_score::ClipScore;
use crate::embedding::Embedder;
use crate::error::TransferError;
use locvtp_measure::{Moment, MomentDecoder};

/// What was found in a video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileGrounding {
    /// The clips of the video, in order of time.
    pub clips: Vec<TimeSpan>,
    /// Similarity of every clip to the sentence.
    pub scores: Vec<f32>,
    /// The moments, best first.
    pub moments: Vec<Moment>,
}

/// Looks for `sentence` in the video at `path`.
///
/// # Errors
/// When the sentence has no words, the file cannot be read, or a score is not finite.
pub fn ground_in_file(
    embedder: &Embedder,
    path: &Path,
    sentence: &str,
    score: ClipScore,
    decoder: &MomentDecoder,
) -> Result<FileGrounding, TransferError> {
    let sentences = embedder.embed_sentences(&[sentence])?;
    let video = embedder.embed_video(path)?;
    let scores = score.scores(&video, &sentences[0]);
    let moments = decoder.decode(&video.spans, &scores)?;
    Ok(FileGrounding { clips: video.spans, scores, moments })
}
