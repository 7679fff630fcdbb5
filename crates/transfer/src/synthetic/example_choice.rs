//! Which of many queries are shown as examples: by rank, never by taste.
//!
//! Queries are ordered by the IoU of their first moment, and one is taken at each quantile that is
//! asked for, so a page shows what a reader would meet, the bad ones included.

use locvtp_video::TimeSpan;

use crate::clip_score::ClipScore;
use crate::error::TransferError;
use crate::synthetic::evaluation::EmbeddedSplit;
use locvtp_measure::{Moment, MomentDecoder};

/// One query of a split and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct AnsweredQuery {
    /// Index into the split's videos.
    pub video: usize,
    /// Index into the video's events.
    pub event: usize,
    /// Similarity of every clip to the sentence.
    pub scores: Vec<f32>,
    /// The moments, best first; at least one.
    pub moments: Vec<Moment>,
    /// Of the first moment with the truth.
    pub iou: f64,
}

/// A query that is shown, and its place among all.
#[derive(Clone, Debug, PartialEq)]
pub struct ChosenExample {
    /// The query.
    pub query: AnsweredQuery,
    /// The quantile that was asked for, 0 the worst and 1 the best.
    pub quantile: f64,
    /// Its rank by IoU, 1 the best.
    pub rank: usize,
    /// Among how many.
    pub total: usize,
}

/// Answers every query of `split` by clip-sentence scores.
///
/// # Errors
/// As [`MomentDecoder::decode`].
pub fn answer_all(
    split: &EmbeddedSplit,
    decoder: &MomentDecoder,
) -> Result<Vec<AnsweredQuery>, TransferError> {
    let mut answered = Vec::new();
    for (i, video) in split.videos.iter().enumerate() {
        for (j, (event, query)) in video.truth.events.iter().zip(&video.queries).enumerate() {
            let scores = ClipScore::Sentence.scores(&video.embedding, query);
            let moments = decoder.decode(&video.embedding.spans, &scores)?;
            let iou = first_iou(&moments, &event.span);
            answered.push(AnsweredQuery { video: i, event: j, scores, moments, iou });
        }
    }
    Ok(answered)
}

fn first_iou(moments: &[Moment], truth: &TimeSpan) -> f64 {
    moments.first().map_or(0.0, |moment| moment.span.iou(truth))
}

/// One query at each of `quantiles`, of different videos as long as there are enough.
///
/// Of queries of equal IoU the earlier one counts as the better.
pub fn at_quantiles(mut answered: Vec<AnsweredQuery>, quantiles: &[f64]) -> Vec<ChosenExample> {
    answered.retain(|query| !query.moments.is_empty());
    answered
        .sort_by(|a, b| b.iou.total_cmp(&a.iou).then((a.video, a.event).cmp(&(b.video, b.event))));
    let total = answered.len();
    let mut chosen: Vec<ChosenExample> = Vec::new();
    for &quantile in quantiles {
        let place = ((1.0 - quantile) * total.saturating_sub(1) as f64).round() as usize;
        let is_new = |query: &AnsweredQuery, chosen: &[ChosenExample]| {
            chosen.iter().all(|other| other.query.video != query.video)
        };
        let found = (place..total).find(|&rank| is_new(&answered[rank], &chosen));
        if let Some(rank) = found.or((place < total).then_some(place)) {
            let query = answered[rank].clone();
            chosen.push(ChosenExample { query, quantile, rank: rank + 1, total });
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(video: usize, iou: f64) -> AnsweredQuery {
        let moment = Moment { span: TimeSpan::new(0.0, 1.0), score: 0.5, evidence: 1.0 };
        AnsweredQuery { video, event: 0, scores: vec![0.5], moments: vec![moment], iou }
    }

    #[test]
    fn examples_stand_at_the_quantiles_and_show_different_videos() {
        let all = (0..11).map(|i| query(i / 2, i as f64 / 10.0)).collect();
        let chosen = at_quantiles(all, &[1.0, 0.9, 0.5, 0.0]);
        let seen: Vec<(usize, usize)> =
            chosen.iter().map(|example| (example.rank, example.query.video)).collect();
        // By rank the videos are 5 4 4 3 3 2 2 1 1 0 0.
        assert_eq!(seen, [(1, 5), (2, 4), (6, 2), (11, 0)]);
        let all = (0..4).map(|i| query(0, i as f64)).collect();
        assert_eq!(at_quantiles(all, &[1.0, 0.5]).len(), 2, "one video is better than no example");
        assert!(at_quantiles(Vec::new(), &[0.5]).is_empty());
    }
}
