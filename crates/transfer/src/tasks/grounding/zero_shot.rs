//! Zero-shot grounding: the similarities of clips and sentence, by the sentence as a whole and by its
//! words, decoded into moments.

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
use crate::inputs::clip_features::clip_spans;
use crate::results::predictions::Tested;
use crate::setting_error::SettingError;
use crate::tasks::grounding::grounding_error::GroundingError;
use locvtp_measure::MomentDecoder;

/// `[zero_shot]` of a task file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ZeroShotSection {
    /// Words that a clip is compared with: the `K` of the pre-training. Paper: 3.
    #[schemars(range(min = 1))]
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
            return Err(SettingError { key, found, expected: "1 or more" }.into());
        }
        self.decoder.decode(&[], &[])?;
        Ok(())
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
        Err(GroundingError::NotTheJointSpace { path: file.to_owned(), features, words }.into())
    }

    /// No query is answered yet.
    pub(crate) fn answers(&self) -> ZeroShotAnswers {
        let by_words = ClipScore::Words { num_matches: self.num_matches };
        let scores = [ClipScore::Sentence, by_words].map(|score| (score, Vec::new()));
        ZeroShotAnswers { decoder: self.decoder, scores }
    }
}

/// The answers to queries, by the sentence as a whole and by its words.
pub(crate) struct ZeroShotAnswers {
    decoder: MomentDecoder,
    scores: [(ClipScore, Vec<Vec<TimeSpan>>); 2],
}

impl ZeroShotAnswers {
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
            let measured = section.measure(queries, answers)?;
            all.metrics.add_all(&measured, |name| format!("{}: {name}", score.name()));
            let name = format!("predictions_{}.jsonl", score.name());
            all.predictions.push(section.file(&name, queries, answers));
        }
        Ok(all)
    }
}
