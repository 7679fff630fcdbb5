//! One held-out split of the synthetic corpus, measured whole: retrieval, grounding, action choice,
//! references.
//!
//! What is asked comes from the truth of the split and not from its narration. The text of a video
//! is its true events' plain sentences, joined by "and then"; the sentence of an event is one of
//! them. For the action choice the event's true interval, colour and shape are given as well.

use std::path::{Path, PathBuf};

use locvtp_corpus::synthetic::{TrueEvent, TrueVideo, Truth};
use locvtp_video::causes::with_causes;
use locvtp_video::{TimeSpan, VideoError};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clip_score::ClipScore;
use crate::embedding::{Embedder, SentenceEmbedding, VideoEmbedding, dot, mean_unit};
use crate::error::TransferError;
use crate::synthetic::summary::{
    ActionChoiceSummary, GroundingSummary, ReferenceSummary, RetrievalSummary, SplitSummary,
};
use locvtp_measure::MeasureError;
use locvtp_measure::metrics::{
    GroundingMetrics, ScoreMatrix, Ties, TwoWayRetrieval, both_directions,
};
use locvtp_measure::synthetic::{
    ActionChoice, ActionScores, ClippedVideo, References, action_choice, references,
};
use locvtp_measure::{ReferenceSettings, ScoredQuery, ground, wrong_queries};

/// A video that could not be measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedVideo {
    /// The file.
    pub path: PathBuf,
    /// Why, with all causes.
    pub reason: String,
}

impl SkippedVideo {
    fn new(path: &Path, error: &VideoError) -> Self {
        Self { path: path.to_owned(), reason: with_causes(error) }
    }
}

/// All numbers of a split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitResults {
    /// Finding a video by the sentences of its true events, and back.
    pub retrieval: TwoWayRetrieval,
    /// Finding moments by clip-sentence scores.
    pub grounding: GroundingMetrics,
    /// Finding moments by clip-word scores.
    pub grounding_by_words: GroundingMetrics,
    /// What the grounding is to be compared with.
    pub references: References,
    /// Choosing the action word, the event's interval, colour and shape being given.
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
    /// The text that looks for it: its true events' sentences as one, not its narration.
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
                    Err(error) => skipped.push(SkippedVideo::new(path, &error)),
                }
                progress(videos.len() + skipped.len(), all.len());
            }
        }
        if videos.is_empty() {
            return Err(MeasureError::Nothing { what: "readable videos in the split" }.into());
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

    /// Finds every video by its text and every text by its video.
    ///
    /// Videos of equal score share their places ([`Ties::Averaged`]), so that a model for which all
    /// videos are alike scores chance and not everything.
    ///
    /// # Errors
    /// When scores are not finite.
    pub fn retrieval(&self) -> Result<TwoWayRetrieval, TransferError> {
        let scores = self
            .videos
            .iter()
            .flat_map(|text| {
                self.videos.iter().map(|video| dot(&text.caption.sentence, &video.embedding.video))
            })
            .collect();
        let scores = ScoreMatrix::new(scores, self.videos.len(), self.videos.len())?;
        let video_of_text: Vec<usize> = (0..self.videos.len()).collect();
        Ok(both_directions(&scores, &video_of_text, Ties::Averaged)?)
    }

    /// Measures everything; clips are compared with `num_matches` words, see [`ClipScore::Words`].
    ///
    /// # Errors
    /// When scores are not finite, or the split has fewer than two videos.
    pub fn measure(
        &self,
        embedder: &Embedder,
        settings: &ReferenceSettings,
        num_matches: usize,
    ) -> Result<SplitResults, TransferError> {
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
            retrieval: self.retrieval()?,
            grounding: grounding(ClipScore::Sentence)?,
            grounding_by_words: grounding(ClipScore::Words { num_matches })?,
            references: references(&clipped, &wrong_scores, settings)?,
            action_choice: self.action_choice(embedder)?,
            skipped: self.skipped.clone(),
        })
    }

    /// Which action word fits each event best; its true interval, colour and shape are given.
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
        Ok(action_choice(&names, &events)?)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::JointVector;
    use locvtp_corpus::Vocabulary;
    use locvtp_corpus::synthetic::Split;
    use locvtp_video::{Seconds, VideoReader};

    fn video(clips: JointVector, text: JointVector) -> EmbeddedVideo {
        let truth = TrueVideo {
            id: "v".into(),
            duration: Seconds(1.0),
            procedure: None,
            caption: String::new(),
            events: Vec::new(),
        };
        let embedding = VideoEmbedding {
            spans: vec![TimeSpan::new(0.0, 1.0)],
            clips: vec![clips.clone()],
            video: clips.clone(),
            raw_clips: vec![clips],
        };
        let caption = SentenceEmbedding {
            tokens: vec!["word".into()],
            words: vec![text.clone()],
            sentence: text.clone(),
            raw_words: vec![text],
        };
        EmbeddedVideo { path: "v.mp4".into(), truth, embedding, caption, queries: Vec::new() }
    }

    fn split(videos: Vec<EmbeddedVideo>) -> EmbeddedSplit {
        let vocabulary =
            Vocabulary { colours: Vec::new(), shapes: Vec::new(), actions: Vec::new() };
        let truth = Truth { split: Split::Seen, vocabulary, videos: Vec::new() };
        EmbeddedSplit { truth, videos, skipped: Vec::new() }
    }

    #[test]
    fn a_video_that_is_skipped_keeps_the_cause() {
        let path = Path::new("/gone.mp4");
        let Err(error) = VideoReader::open(path) else { panic!("{} is there", path.display()) };
        let skipped = SkippedVideo::new(path, &error);
        assert!(skipped.reason.contains("No such file"), "{}", skipped.reason);
    }

    #[test]
    fn a_model_for_which_all_videos_are_alike_scores_exactly_chance() {
        let alike = (0..12).map(|_| video(vec![0.6, 0.8], vec![1.0, 0.0])).collect();
        let found = split(alike).retrieval().unwrap();
        for direction in [&found.text_to_video, &found.video_to_text] {
            assert_eq!(direction.measured, direction.chance);
            assert!((direction.measured.r1 - 100.0 / 12.0).abs() < 1e-9);
            assert!((direction.measured.median_rank - 6.5).abs() < 1e-9);
        }
    }

    #[test]
    fn a_text_finds_the_video_that_is_closest_to_it() {
        let (x, y) = (vec![1.0, 0.0], vec![0.0, 1.0]);
        let found = split(vec![video(x.clone(), x.clone()), video(y.clone(), y.clone())]);
        assert_eq!(found.retrieval().unwrap().text_to_video.measured.r1, 100.0);
        let found = split(vec![video(x.clone(), y.clone()), video(y, x)]);
        assert_eq!(found.retrieval().unwrap().text_to_video.measured.r1, 0.0);
    }
}
