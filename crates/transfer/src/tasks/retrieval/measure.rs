//! Candidates and texts through a model, to the numbers of both directions.

use locvtp_model::{Device, ModelDirectory, Preprocessing};
use locvtp_train::{Replacements, SampleOfFile};
use locvtp_video::{ClipPixels, Phase, VideoError, VideoOpener, sampling};
use rayon::prelude::*;

use super::texts::{Candidate, CandidateSet};
use crate::embedding::{Embedder, cosines};
use crate::error::TransferError;
use crate::observer::TaskObserver;
use crate::results::predictions::{PredictionFile, Tested};
use locvtp_measure::MeasureError;
use locvtp_measure::Metrics;
use locvtp_measure::metrics::{ScoreMatrix, Ties, both_directions, dual_softmax};

/// What is measured, in errors.
pub(super) const TEST_SET: &str = "the test videos";

/// Candidates that are decoded together.
const AT_ONCE: usize = 16;

/// The scores of every text with every candidate.
const SCORES: &str = "predictions.npy";

/// The column of every row's candidate.
const VIDEO_OF_TEXT: &str = "video_of_text.txt";

/// How candidates are seen and ranks are counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RetrievalProtocol {
    /// Clips of a candidate, spread evenly.
    pub num_clips: usize,
    /// What wrong candidates of the right one's score do.
    pub ties: Ties,
    /// The temperature of dual softmax, where its numbers are wanted as well.
    pub dual_softmax: Option<f64>,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RetrievalMeasurement {
    /// The numbers of both directions, and apart those with dual softmax.
    pub metrics: Metrics,
    /// What a random order gives.
    pub chance: Metrics,
    /// Candidates that could not be decoded.
    pub num_unreadable: usize,
    /// What the numbers are of: a row a text, a column a candidate.
    pub scores: ScoreMatrix,
    /// The column of every text's candidate.
    pub video_of_text: Vec<usize>,
}

impl RetrievalMeasurement {
    /// Measures a model; candidates that cannot be decoded are told of and left out with their texts.
    /// Where the same set is measured again, `undecodable` is what it was before: files that hung are
    /// not tried again.
    ///
    /// # Errors
    /// When no candidate can be decoded, or a feature is not a number.
    pub(super) fn of(
        directory: ModelDirectory,
        set: &CandidateSet,
        protocol: &RetrievalProtocol,
        undecodable: &Replacements,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<Self, TransferError> {
        let embedder = Embedder::new(directory, device.clone());
        let (mut videos, mut texts, mut video_of_text) = (Vec::new(), Vec::new(), Vec::new());
        let (mut num_unreadable, mut done) = (0, 0);
        let files = set.file_numbers();
        let preprocessing = &embedder.directory().preprocessing;
        for candidates in set.candidates.chunks(AT_ONCE) {
            let decoded: Vec<_> = candidates
                .par_iter()
                .enumerate()
                .map(|(place, candidate)| {
                    let sample = done + place;
                    let number = SampleOfFile { sample, file: files[sample] };
                    undecodable
                        .decoded(number, || decode(preprocessing, candidate, protocol.num_clips))
                })
                .collect();
            for (candidate, pixels) in candidates.iter().zip(decoded) {
                match pixels {
                    Ok(pixels) => {
                        texts.extend(candidate.texts.iter().map(String::as_str));
                        video_of_text.extend(candidate.texts.iter().map(|_| videos.len()));
                        videos.push(embedder.embed_clips(&pixels).video);
                    }
                    Err(reason) => {
                        num_unreadable += 1;
                        observer.warning(&format!("left out: {reason}"));
                    }
                }
            }
            done += candidates.len();
            observer.progress("videos", done, set.candidates.len());
        }
        if videos.is_empty() {
            return Err(MeasureError::Nothing { what: "readable videos to look for" }.into());
        }
        let sentences = embedder.embed_sentences(&texts)?;
        let sentences: Vec<Vec<f32>> = sentences.into_iter().map(|text| text.sentence).collect();
        let scores = cosines(&sentences, &videos).concat();
        let scores = ScoreMatrix::new(scores, sentences.len(), videos.len())?;
        let found = both_directions(&scores, &video_of_text, protocol.ties)?;
        let mut metrics = found.named("");
        if let Some(temperature) = protocol.dual_softmax {
            let scores = dual_softmax(&scores, temperature)?;
            let found = both_directions(&scores, &video_of_text, protocol.ties)?;
            metrics.add_all(&found.named(", dual softmax"), str::to_owned);
        }
        let chance = found.chance_named();
        Ok(Self { metrics, chance, num_unreadable, scores, video_of_text })
    }

    /// The numbers, with the scores that they are of.
    pub(super) fn tested(&self) -> Tested {
        let scores = PredictionFile::matrix(SCORES, &self.scores);
        let columns = PredictionFile::lines(VIDEO_OF_TEXT, &self.video_of_text);
        Tested { metrics: self.metrics.clone(), predictions: vec![scores, columns] }
    }

    /// What an epoch is chosen by: the mean of R@1, R@5 and R@10 of both directions.
    pub(super) fn mean_recall(&self) -> f64 {
        let recalls: Vec<f64> = ["text-to-video", "video-to-text"]
            .iter()
            .flat_map(|way| ["R@1", "R@5", "R@10"].map(|name| format!("{way} {name}")))
            .filter_map(|name| self.metrics.get(&name))
            .collect();
        recalls.iter().sum::<f64>() / recalls.len() as f64
    }
}

/// The clips of a candidate, as in evaluation: the middle of every part, the centre of the picture.
fn decode(
    preprocessing: &Preprocessing,
    candidate: &Candidate,
    num_clips: usize,
) -> Result<ClipPixels, VideoError> {
    let mut reader = VideoOpener::default().open(&candidate.media)?;
    let plan = sampling::sparse(
        reader.frame_table(),
        candidate.span,
        num_clips,
        preprocessing.num_frames,
        Phase::Centre,
    );
    reader.read_clips(&plan, &preprocessing.centre())
}

#[cfg(test)]
mod tests {
    use locvtp_video::TimeSpan;

    use super::*;

    #[test]
    fn a_candidate_that_cannot_be_decoded_is_told_of_with_the_cause() {
        let span = TimeSpan::new(0.0, 1.0);
        let candidate =
            Candidate { media: "/gone.mp4".into(), span, texts: vec!["it moves".into()] };
        let undecodable = Replacements::new("the test videos");
        let read = || decode(&Preprocessing::default(), &candidate, 2);
        let reason = undecodable.decoded(SampleOfFile::alone(0), read).unwrap_err();
        assert!(reason.starts_with("/gone.mp4: ") && reason.contains("No such file"), "{reason}");
    }
}
