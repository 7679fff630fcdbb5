//! One held-out split of the synthetic corpus, measured whole: retrieval, grounding, action choice, references.

use std::path::{Path, PathBuf};

use locvtp_corpus::synthetic::{TrueEvent, TrueVideo, Truth};
use locvtp_model::correspondence::CorrespondenceConfig;
use locvtp_video::TimeSpan;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::action_choice::{ActionChoice, ActionScores, action_choice};
use crate::embedding::{Embedder, SentenceEmbedding, VideoEmbedding, dot, mean_unit};
use crate::error::TransferError;
use crate::grounding::zero_shot::{ScoredQuery, ground};
use crate::metrics::grounding::GroundingMetrics;
use crate::metrics::retrieval::{ScoreMatrix, Ties, TwoWayRetrieval, both_directions};
use crate::references::{ClippedVideo, ReferenceSettings, References, references, wrong_queries};
use crate::result::{
    ActionChoiceSummary, GroundingSummary, ReferenceSummary, RetrievalSummary, SplitSummary,
};

/// How a clip is compared with a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClipScore {
    /// With the sentence as a whole.
    Sentence,
    /// With the `K` words that fit it best, on average.
    Words,
}

impl ClipScore {
    /// The score of every clip of `video` for `sentence`.
    pub fn scores(self, video: &VideoEmbedding, sentence: &SentenceEmbedding) -> Vec<f32> {
        let k = CorrespondenceConfig::default().num_matches.min(sentence.words.len());
        video
            .clips
            .iter()
            .map(|clip| match self {
                Self::Sentence => dot(clip, &sentence.sentence),
                Self::Words => {
                    let mut words: Vec<f32> =
                        sentence.words.iter().map(|word| dot(clip, word)).collect();
                    words.sort_by(|a, b| b.total_cmp(a));
                    words[..k].iter().sum::<f32>() / k as f32
                }
            })
            .collect()
    }
}

/// A video that could not be measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedVideo {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// All numbers of a split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitResults {
    /// Finding a video by its narration and back.
    pub retrieval: TwoWayRetrieval,
    /// Finding moments by clip-sentence scores.
    pub grounding: GroundingMetrics,
    /// Finding moments by clip-word scores.
    pub grounding_by_words: GroundingMetrics,
    /// What the grounding is to be compared with.
    pub references: References,
    /// Choosing the action word.
    pub action_choice: ActionChoice,
    /// Videos that could not be read.
    pub skipped: Vec<SkippedVideo>,
}

impl SplitResults {
    /// The part that stands in `summary.json`.
    pub fn summary(&self) -> SplitSummary {
        SplitSummary {
            retrieval: RetrievalSummary::from(&self.retrieval.text_to_video),
            grounding: GroundingSummary::from(&self.grounding),
            references: ReferenceSummary::from(&self.references),
            action_choice: ActionChoiceSummary::from(&self.action_choice),
        }
    }
}

/// A split with its features, kept for figures.
pub struct EmbeddedSplit {
    /// What truly happens.
    pub truth: Truth,
    /// Videos in the truth's order, without those that were skipped.
    pub videos: Vec<EmbeddedVideo>,
    /// Videos that could not be read.
    pub skipped: Vec<SkippedVideo>,
}

/// A video, its truth and its queries.
pub struct EmbeddedVideo {
    /// The file.
    pub path: PathBuf,
    /// What truly happens.
    pub truth: TrueVideo,
    /// Its clips.
    pub embedding: VideoEmbedding,
    /// Its narration as one text.
    pub caption: SentenceEmbedding,
    /// The query of every event.
    pub queries: Vec<SentenceEmbedding>,
}

impl EmbeddedSplit {
    /// Embeds every video and sentence of the split in `dir`.
    ///
    /// # Errors
    /// When the truth cannot be read, or no video can.
    pub fn embed(embedder: &Embedder, dir: &Path) -> Result<Self, TransferError> {
        Self::embed_with_progress(embedder, dir, &mut |_, _| {})
    }

    /// The same; `progress` is told how many videos of how many are done.
    ///
    /// # Errors
    /// As [`EmbeddedSplit::embed`].
    pub fn embed_with_progress(
        embedder: &Embedder,
        dir: &Path,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, TransferError> {
        let mut truth = Truth::read(dir)?;
        let paths: Vec<PathBuf> = truth
            .videos
            .iter()
            .map(|video| dir.join("videos").join(format!("{}.mp4", video.id)))
            .collect();
        let (mut videos, mut skipped) = (Vec::new(), Vec::new());
        let all = std::mem::take(&mut truth.videos);
        for (truths, paths) in all.chunks(32).zip(paths.chunks(32)) {
            let decoded: Vec<_> = paths.par_iter().map(|path| embedder.decode(path)).collect();
            for ((truth, path), pixels) in truths.iter().zip(paths).zip(decoded) {
                match pixels {
                    Ok(pixels) => {
                        let mut texts = vec![truth.caption.as_str()];
                        texts.extend(truth.events.iter().map(|event| event.query.as_str()));
                        let mut sentences = embedder.embed_sentences(&texts)?;
                        let queries = sentences.split_off(1);
                        videos.push(EmbeddedVideo {
                            path: path.clone(),
                            truth: truth.clone(),
                            embedding: embedder.embed_clips(&pixels),
                            caption: sentences.remove(0),
                            queries,
                        });
                    }
                    Err(error) => {
                        skipped.push(SkippedVideo { path: path.clone(), reason: error.to_string() })
                    }
                }
                progress(videos.len() + skipped.len(), all.len());
            }
        }
        if videos.is_empty() {
            return Err(TransferError::Nothing { what: "readable videos in the split" });
        }
        Ok(Self { truth, videos, skipped })
    }

    /// Every query with its video's position and its event.
    pub fn queries(
        &self,
    ) -> impl Iterator<Item = (usize, &EmbeddedVideo, &TrueEvent, &SentenceEmbedding)> {
        self.videos.iter().enumerate().flat_map(|(i, video)| {
            video
                .truth
                .events
                .iter()
                .zip(&video.queries)
                .map(move |(event, query)| (i, video, event, query))
        })
    }

    /// Measures everything.
    ///
    /// # Errors
    /// When scores are not finite, or the split has fewer than two videos.
    pub fn measure(
        &self,
        embedder: &Embedder,
        settings: &ReferenceSettings,
    ) -> Result<SplitResults, TransferError> {
        let scores = self
            .videos
            .iter()
            .flat_map(|text| {
                self.videos.iter().map(|video| dot(&text.caption.sentence, &video.embedding.video))
            })
            .collect();
        let scores = ScoreMatrix::new(scores, self.videos.len(), self.videos.len())?;
        let video_of_text: Vec<usize> = (0..self.videos.len()).collect();
        let grounding = |score: ClipScore| {
            let queries: Vec<ScoredQuery> = self
                .queries()
                .map(|(_, video, event, query)| ScoredQuery {
                    clips: video.embedding.spans.clone(),
                    scores: score.scores(&video.embedding, query),
                    truth: event.span,
                })
                .collect();
            ground(&queries, &settings.decoder, settings.boundary)
        };
        let video_of_query: Vec<usize> = self.queries().map(|(video, ..)| video).collect();
        let all_queries: Vec<&SentenceEmbedding> =
            self.queries().map(|(_, _, _, query)| query).collect();
        let wrong_scores: Vec<Vec<f32>> = wrong_queries(&video_of_query, settings.seed)?
            .into_iter()
            .zip(&video_of_query)
            .map(|(other, &video)| {
                ClipScore::Sentence.scores(&self.videos[video].embedding, all_queries[other])
            })
            .collect();
        let clipped: Vec<ClippedVideo<'_>> = self
            .videos
            .iter()
            .map(|video| ClippedVideo { truth: &video.truth, clips: &video.embedding.spans })
            .collect();
        Ok(SplitResults {
            retrieval: both_directions(&scores, &video_of_text, Ties::Optimistic)?,
            grounding: grounding(ClipScore::Sentence)?,
            grounding_by_words: grounding(ClipScore::Words)?,
            references: references(&clipped, &wrong_scores, settings)?,
            action_choice: self.action_choice(embedder)?,
            skipped: self.skipped.clone(),
        })
    }

    /// Which action word fits each event best, colour and shape being told rightly.
    fn action_choice(&self, embedder: &Embedder) -> Result<ActionChoice, TransferError> {
        let vocabulary = &self.truth.vocabulary;
        let names: Vec<String> =
            vocabulary.actions.iter().map(|action| action.name.clone()).collect();
        let mut events = Vec::new();
        for (_, video, event, _) in self.queries() {
            let Some(feature) = event_feature(&video.embedding, event.span) else { continue };
            let sentences: Vec<String> = (0..names.len())
                .map(|action| vocabulary.sentence(event.colour, event.shape, action))
                .collect();
            let sentences: Vec<&str> = sentences.iter().map(String::as_str).collect();
            let scores = embedder
                .embed_sentences(&sentences)?
                .iter()
                .map(|sentence| dot(&feature, &sentence.sentence))
                .collect();
            events.push(ActionScores { scores, truth: event.action });
        }
        action_choice(&names, &events)
    }
}

/// The mean of the clips whose middle lies in `span`, or nothing where no clip's does.
fn event_feature(video: &VideoEmbedding, span: TimeSpan) -> Option<Vec<f32>> {
    let inside: Vec<Vec<f32>> = video
        .spans
        .iter()
        .zip(&video.raw_clips)
        .filter(|(clip, _)| span.contains(clip.midpoint()))
        .map(|(_, raw)| raw.clone())
        .collect();
    (!inside.is_empty()).then(|| mean_unit(&inside))
}
