//! Zero-shot grounding: the similarities of clips and sentence, decoded into moments and compared
//! with the truth.
//!
//! The same function measures a model, a model asked the wrong question, and the oracles of
//! [`references`](crate::references): only the scores differ.

use std::path::Path;

use locvtp_features::VideoFeatures;
use locvtp_video::TimeSpan;
use serde::{Deserialize, Serialize};

use super::measure::MetricSection;
use super::queries::Query;
use super::words::SentenceWords;
use crate::clip_score::ClipScore;
use crate::embedding::{SentenceEmbedding, VideoEmbedding};
use crate::error::TransferError;
use crate::metrics::grounding::{GroundingMetrics, IouBoundary, grounding};
use crate::moment::{Moment, MomentDecoder};
use crate::task::Tested;
use crate::task::feature_section::clip_spans;

/// One sentence asked of one video, and the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoredQuery {
    /// Clips of the video, in order of time.
    pub clips: Vec<TimeSpan>,
    /// Similarity of every clip to the sentence.
    pub scores: Vec<f32>,
    /// The moment the sentence describes.
    pub truth: TimeSpan,
}

/// Moments of every query, best first.
///
/// # Errors
/// As [`MomentDecoder::decode`].
pub fn decode_all(
    queries: &[ScoredQuery],
    decoder: &MomentDecoder,
) -> Result<Vec<Vec<Moment>>, TransferError> {
    queries.iter().map(|query| decoder.decode(&query.clips, &query.scores)).collect()
}

/// Decodes every query and measures the first moments.
///
/// # Errors
/// As [`MomentDecoder::decode`] and [`grounding`].
pub fn ground(
    queries: &[ScoredQuery],
    decoder: &MomentDecoder,
    boundary: IouBoundary,
) -> Result<GroundingMetrics, TransferError> {
    let predictions: Vec<Vec<TimeSpan>> = decode_all(queries, decoder)?
        .iter()
        .map(|moments| moments.iter().map(|moment| moment.span).collect())
        .collect();
    let truths: Vec<TimeSpan> = queries.iter().map(|query| query.truth).collect();
    grounding(&predictions, &truths, boundary)
}

/// `[zero_shot]` of a task file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ZeroShotSection {
    /// Words that a clip is compared with: the `K` of the pre-training. Paper: 3.
    pub num_matches: usize,
    /// How clip scores become moments.
    pub decoder: MomentDecoder,
}

impl Default for ZeroShotSection {
    fn default() -> Self {
        Self { num_matches: 3, decoder: MomentDecoder::default() }
    }
}

impl ZeroShotSection {
    /// # Errors
    /// When a setting cannot be used.
    pub fn check(&self) -> Result<(), TransferError> {
        if self.num_matches == 0 {
            let (key, found) = ("zero_shot.num_matches", "0".to_owned());
            return Err(TransferError::Setting { key, found, expected: "1 or more" });
        }
        self.decoder.decode(&[], &[]).map(drop)
    }

    /// # Errors
    /// When the features in `file` and the words cannot be of one space.
    pub(crate) fn check_widths(
        features: usize,
        words: usize,
        file: &Path,
    ) -> Result<(), TransferError> {
        if features == words {
            return Ok(());
        }
        Err(TransferError::NotTheJointSpace { path: file.to_owned(), features, words })
    }

    /// No query is answered yet.
    pub(crate) fn answers(&self) -> Answers {
        let by_words = ClipScore::Words { num_matches: self.num_matches };
        let scores = [ClipScore::Sentence, by_words].map(|score| (score, Vec::new()));
        Answers { decoder: self.decoder, scores }
    }
}

/// The answers to queries, by the sentence as a whole and by its words.
pub(crate) struct Answers {
    decoder: MomentDecoder,
    scores: [(ClipScore, Vec<Vec<TimeSpan>>); 2],
}

impl Answers {
    /// Answers a query of a video whose clips are in the joint space; `file` is named in errors.
    pub(crate) fn add(
        &mut self,
        query: &Query,
        features: &VideoFeatures,
        words: &SentenceWords,
        file: &Path,
    ) -> Result<(), TransferError> {
        ZeroShotSection::check_widths(features.width, words.width(), file)?;
        let clips = (0..features.num_clips()).map(|clip| features.clip(clip).to_vec());
        let video = VideoEmbedding::new(clip_spans(features, query.duration), clips.collect());
        let sentence = SentenceEmbedding::new(Vec::new(), words.of(&query.sentence));
        for (score, answers) in &mut self.scores {
            let moments = self.decoder.decode(&video.spans, &score.scores(&video, &sentence))?;
            answers.push(moments.into_iter().map(|moment| moment.span).collect());
        }
        Ok(())
    }

    /// The numbers of both, with `sentence: ` and `words: ` before their names, and the answers.
    pub(crate) fn measure(
        &self,
        section: &MetricSection,
        queries: &[Query],
    ) -> Result<Tested, TransferError> {
        let mut all = Tested::default();
        for (score, answers) in &self.scores {
            for (name, value) in section.measure(queries, answers)?.iter() {
                all.metrics = all.metrics.with(&format!("{}: {name}", score.name()), value);
            }
            let name = format!("predictions_{}.jsonl", score.name());
            all.predictions.push(section.file(&name, queries, answers));
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(scores: &[f32], truth: TimeSpan) -> ScoredQuery {
        ScoredQuery {
            clips: (0..scores.len()).map(|t| TimeSpan::new(t as f64, (t + 1) as f64)).collect(),
            scores: scores.to_vec(),
            truth,
        }
    }

    #[test]
    fn decoded_moments_are_matched_with_the_truth_of_their_own_query() {
        let queries = [
            query(&[0.0, 1.0, 1.0, 0.0], TimeSpan::new(1.0, 3.0)), // 1..3: IoU 1
            query(&[1.0, 0.0, 0.0, 0.0], TimeSpan::new(2.0, 4.0)), // 0..1: IoU 0
            query(&[0.5, 0.5, 0.5, 0.5], TimeSpan::new(0.0, 3.0)), // whole 0..4: IoU 3/4
        ];
        let found = ground(&queries, &MomentDecoder::default(), IouBoundary::Strict).unwrap();
        assert_eq!(found.queries, 3);
        assert!((found.r1_iou70 - 200.0 / 3.0).abs() < 1e-9);
        assert!((found.miou - 175.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_video_without_clips_is_a_miss() {
        let queries = [query(&[], TimeSpan::new(0.0, 1.0))];
        let found = ground(&queries, &MomentDecoder::default(), IouBoundary::Inclusive).unwrap();
        assert_eq!((found.queries, found.miou), (1, 0.0));
    }

    #[test]
    fn without_queries_nothing_is_measured() {
        let error = ground(&[], &MomentDecoder::default(), IouBoundary::Strict).unwrap_err();
        assert!(error.to_string().contains("queries"), "{error}");
    }
}
