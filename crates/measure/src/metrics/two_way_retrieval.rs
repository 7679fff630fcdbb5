//! Retrieval from texts to videos and from videos to texts, from one matrix, each beside chance.

use serde::{Deserialize, Serialize};

use super::named::Metrics;
use super::retrieval::{RetrievalMetrics, retrieval, retrieval_chance};
use super::score_matrix::ScoreMatrix;
use super::ties::Ties;
use crate::error::MeasureError;

/// One direction of a retrieval, beside what a random order of the same candidates gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetrievalDirection {
    /// What was measured.
    pub measured: RetrievalMetrics,
    /// The expectation over all orders of the candidates.
    pub chance: RetrievalMetrics,
}

/// Retrieval in both directions, from one matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TwoWayRetrieval {
    /// Every text asks for its video.
    pub text_to_video: RetrievalDirection,
    /// Every video that has a text asks for any of its texts.
    pub video_to_text: RetrievalDirection,
}

impl TwoWayRetrieval {
    /// What was measured, by name; `apart` stands behind each name.
    pub fn named(&self, apart: &str) -> Metrics {
        self.both(|direction| &direction.measured, |way, name| format!("{way} {name}{apart}"))
    }

    /// What a random order gives, by name.
    pub fn chance_named(&self) -> Metrics {
        self.both(|direction| &direction.chance, |way, name| format!("chance, {way} {name}"))
    }

    fn both(
        &self,
        of: impl Fn(&RetrievalDirection) -> &RetrievalMetrics,
        name: impl Fn(&str, &str) -> String,
    ) -> Metrics {
        let mut metrics = Metrics::new();
        for (way, direction) in
            [("text-to-video", &self.text_to_video), ("video-to-text", &self.video_to_text)]
        {
            metrics.add_all(&of(direction).named(), |number| name(way, number));
        }
        metrics
    }
}

/// Measures both directions of a matrix of texts (rows) by videos (columns), where `video_of_text`
/// is the right video of every text.
///
/// A video without a text is a candidate, but asks nothing: `video_to_text` has fewer queries then.
///
/// # Errors
/// When `video_of_text` is not one video a text, or a video does not exist.
pub fn both_directions(
    scores: &ScoreMatrix,
    video_of_text: &[usize],
    ties: Ties,
) -> Result<TwoWayRetrieval, MeasureError> {
    two_ways(scores, video_of_text, [ties, ties])
}

/// The same with ties of text-to-video and of video-to-text treated each in its own way, as in
/// Frozen in Time: [`Ties::Optimistic`] and [`Ties::MeanPlace`].
///
/// # Errors
/// As [`both_directions`].
pub fn two_ways(
    scores: &ScoreMatrix,
    video_of_text: &[usize],
    [ties_of_videos, ties_of_texts]: [Ties; 2],
) -> Result<TwoWayRetrieval, MeasureError> {
    let videos: Vec<Vec<usize>> = video_of_text.iter().map(|&video| vec![video]).collect();
    let text_to_video = direction(scores, &videos, ties_of_videos)?;

    let mut texts = vec![Vec::new(); scores.num_candidates()];
    for (text, &video) in video_of_text.iter().enumerate() {
        texts[video].push(text);
    }
    let transposed = scores.transposed();
    let asking: Vec<usize> = (0..texts.len()).filter(|&video| !texts[video].is_empty()).collect();
    let rows = asking.iter().flat_map(|&video| transposed.row(video).to_vec()).collect();
    let asked = ScoreMatrix::new(rows, asking.len(), transposed.num_candidates())?;
    texts.retain(|texts| !texts.is_empty());
    let video_to_text = direction(&asked, &texts, ties_of_texts)?;
    Ok(TwoWayRetrieval { text_to_video, video_to_text })
}

fn direction(
    scores: &ScoreMatrix,
    right: &[Vec<usize>],
    ties: Ties,
) -> Result<RetrievalDirection, MeasureError> {
    Ok(RetrievalDirection {
        measured: retrieval(scores, right, ties)?,
        chance: retrieval_chance(scores.num_candidates(), right)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix<const C: usize>(rows: &[[f32; C]]) -> ScoreMatrix {
        ScoreMatrix::new(rows.concat(), rows.len(), C).unwrap()
    }

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn both_directions_come_from_one_matrix() {
        // Texts 0 and 1 belong to video 0, text 2 to video 2; video 1 is a distractor and asks
        // nothing.
        let scores = matrix(&[[0.9, 0.2, 0.1], [0.3, 0.8, 0.1], [0.5, 0.1, 0.4]]);
        let found = both_directions(&scores, &[0, 0, 2], Ties::Optimistic).unwrap();
        // Text 0 first, text 1 behind .8, text 2 behind .5.
        close(found.text_to_video.measured.r1, 100.0 / 3.0);
        close(found.text_to_video.measured.mean_rank, 5.0 / 3.0);
        close(found.text_to_video.chance.r1, 100.0 / 3.0);
        // Video 0: its best text has .9, first. Video 2: .4 is the best of its column.
        let videos = &found.video_to_text;
        assert_eq!((videos.measured.num_queries, videos.measured.num_candidates), (2, 3));
        close(videos.measured.r1, 100.0);
        // Chance: 2 of 3 and 1 of 3.
        close(videos.chance.r1, 50.0);
    }

    #[test]
    fn a_video_that_does_not_exist_is_an_error() {
        assert!(matches!(
            both_directions(&matrix(&[[0.1, 0.2]]), &[2], Ties::Optimistic),
            Err(MeasureError::Index { found: 2, end: 2, .. })
        ));
    }
}
