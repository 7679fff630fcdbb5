//! From clip scores to moments: the stretch of a video that a sentence describes, and the next best
//! ones.
//!
//! A moment is a run of neighbouring clips whose scores, less a threshold, have the largest sum.
//! The next one is the best run of what is left, and so on as long as a clip above the threshold is
//! left: Ruzzo and Tompa's maximal scoring subsequences (1999). Moments that overlap a better one
//! too much are dropped (clips overlap where their windows do).
//!
//! What happens in the corners is defined, not left to rounding:
//! - Scores are placed on 2^30 steps between the least and the greatest, so that sums are integers
//!   and equal sums are equal. A constant added to all scores, or a positive factor, changes
//!   nothing.
//! - Of runs of equal sum the shortest is taken, of those the earliest: clips that add nothing are
//!   left out.
//! - Where all scores are equal no clip tells more than another, and the moment is the whole video.
//! - A video without clips has no moments.
//!
//! - A clip of less than half the usual length, the rest at the end of a file, is no moment of its own beside
//!   a better one. Where a last clip of less than three quarters alone would be the best moment, it counts as much as
//!   the one before it: what shows so little time is scored by chance, and goes on with what is there.
//!
//! Every clip counts once, however long it is. The order is that of the sums, [`Moment::evidence`];
//! the [`Moment::score`] shown to people is the mean of the clip scores inside, a plain cosine
//! where the scores are cosines, and need not fall from moment to moment.

use locvtp_video::TimeSpan;
use serde::{Deserialize, Serialize};

use crate::error::MeasureError;
use crate::maximal_runs::{MaximalRuns, Run};

/// The score above which a clip speaks for the moment, from the scores of all clips of the video.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Threshold {
    /// The mean of all scores.
    Mean,
    /// Halfway between the least and the greatest score: does not depend on how long the moment is.
    Middle,
    /// Halfway between the mean and the greatest score. The default: clips that fit a part of the
    /// sentence (the colour, say) lie above the mean and must not join the moment.
    #[default]
    Upper,
}

/// How clip scores become moments.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct MomentDecoder {
    /// Which clips speak for a moment. Default: `upper`.
    pub threshold: Threshold,
    /// A moment is dropped when its IoU with a better one is larger, in `0.0..=1.0`. Default: 0.5
    /// (2D-TAN).
    pub max_iou: f64,
    /// At most this many moments are returned. Default: 5.
    pub top: usize,
}

impl Default for MomentDecoder {
    fn default() -> Self {
        Self { threshold: Threshold::default(), max_iou: 0.5, top: 5 }
    }
}

/// A last clip shorter than this share of the usual length is not the best moment by itself.
const SHORT_TAIL: f64 = 0.75;

/// A stretch of a video that a sentence may describe.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// From the start of its first clip to the end of its last.
    pub span: TimeSpan,
    /// Mean score of its clips.
    pub score: f64,
    /// Sum of its clips' scores less the threshold: what moments are ordered by. Zero where all
    /// scores are equal.
    pub evidence: f64,
}

impl MomentDecoder {
    /// The moments of one video, best first.
    ///
    /// `clips` are in order of time (starts and ends do not fall; gaps and overlaps are allowed),
    /// with one score each, larger for a better match.
    ///
    /// # Errors
    /// When the lengths differ, clips are out of order or have no finite times, a score is not
    /// finite, or `max_iou` is not in `0.0..=1.0`.
    ///
    /// # Example
    /// ```
    /// use locvtp_measure::MomentDecoder;
    /// use locvtp_video::TimeSpan;
    ///
    /// let span = |t: usize| TimeSpan::new(2.0 * t as f64, 2.0 * (t + 1) as f64);
    /// let clips: Vec<_> = (0..5).map(span).collect();
    /// let moments = MomentDecoder::default().decode(&clips, &[0.1, 0.7, 0.8, 0.0, 0.2])?;
    /// assert_eq!(moments[0].span, TimeSpan::new(2.0, 6.0));
    /// # Ok::<(), locvtp_measure::MeasureError>(())
    /// ```
    pub fn decode(&self, clips: &[TimeSpan], scores: &[f32]) -> Result<Vec<Moment>, MeasureError> {
        self.check()?;
        check(clips, scores)?;
        if clips.is_empty() {
            return Ok(Vec::new());
        }
        let gains = self.gains(clips, scores);
        let whole = Run { first: 0, end: clips.len(), sum: 0 };
        let mut runs = MaximalRuns::of(&gains.steps).peekable();
        let equal_scores = runs.peek().is_none().then_some(whole);
        let usual = usual_length(clips);
        let mut kept: Vec<Moment> = Vec::new();
        for run in runs.chain(equal_scores) {
            if kept.len() == self.top {
                break;
            }
            let span = run.span(clips);
            let is_rest = run.end - run.first == 1 && span.duration().0 < usual / 2.0;
            if is_rest && !kept.is_empty() {
                continue;
            }
            if stands_apart(&span, kept.iter().map(|better| &better.span), self.max_iou) {
                kept.push(Moment {
                    span,
                    score: mean(&scores[run.first..run.end]),
                    evidence: gains.in_score_units(run.sum),
                });
            }
        }
        Ok(kept)
    }

    /// The gains of the clips, with that of a short last one as the one before it where it alone would be the best.
    fn gains(&self, clips: &[TimeSpan], scores: &[f32]) -> Gains {
        let gains = Gains::of(scores, self.threshold);
        let [.., before, last] = scores else { return gains };
        let alone = scores.len() - 1..scores.len();
        let is_best =
            MaximalRuns::of(&gains.steps).next().is_some_and(|it| (it.first..it.end) == alone);
        let length = clips[alone.start].duration().0;
        if !is_best || length >= usual_length(clips) * SHORT_TAIL || before >= last {
            return gains;
        }
        let mut scores = scores.to_vec();
        scores[alone.start] = *before;
        Gains::of(&scores, self.threshold)
    }

    fn check(&self) -> Result<(), MeasureError> {
        if (0.0..=1.0).contains(&self.max_iou) {
            return Ok(());
        }
        Err(MeasureError::Setting {
            key: "max_iou",
            found: self.max_iou.to_string(),
            expected: "a number in 0.0..=1.0",
        })
    }
}

/// Non-maximum suppression: which of `ranked`, best first, are kept when each one drops those after
/// it whose IoU with it exceeds `max_iou`; at most `top`. An IoU of exactly `max_iou` is kept.
///
/// Paper: 2D-TAN's inference, `paper.md` D.1.
pub fn suppress_overlaps(ranked: &[TimeSpan], max_iou: f64, top: usize) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for (index, span) in ranked.iter().enumerate() {
        if kept.len() == top {
            break;
        }
        if stands_apart(span, kept.iter().map(|&better| &ranked[better]), max_iou) {
            kept.push(index);
        }
    }
    kept
}

/// The median length of the clips, in seconds.
fn usual_length(clips: &[TimeSpan]) -> f64 {
    let mut lengths: Vec<f64> = clips.iter().map(|clip| clip.duration().0).collect();
    let middle = lengths.len() / 2;
    *lengths.select_nth_unstable_by(middle, f64::total_cmp).1
}

fn stands_apart<'a>(
    span: &TimeSpan,
    mut better: impl Iterator<Item = &'a TimeSpan>,
    max_iou: f64,
) -> bool {
    better.all(|better| better.iou(span) <= max_iou)
}

fn check(clips: &[TimeSpan], scores: &[f32]) -> Result<(), MeasureError> {
    if clips.len() != scores.len() {
        return Err(MeasureError::Count {
            what: "clip scores, one a clip",
            expected: clips.len(),
            found: scores.len(),
        });
    }
    if let Some(clip) = scores.iter().position(|score| !score.is_finite()) {
        return Err(MeasureError::Score { of: "clip", row: clip, column: 0, found: scores[clip] });
    }
    for (clip, &found) in clips.iter().enumerate() {
        let previous = if clip == 0 { found } else { clips[clip - 1] };
        let finite = found.start.0.is_finite() && found.end.0.is_finite();
        if !finite || found.start < previous.start || found.end < previous.end {
            return Err(MeasureError::ClipOrder { clip, found, previous });
        }
    }
    Ok(())
}

/// Scores less their threshold, as integers; all zero where the scores are equal.
struct Gains {
    steps: Vec<i128>,
    /// One step in units of the scores.
    step: f64,
}

impl Gains {
    /// Steps between the least and the greatest score; more than an f32 can tell apart within its
    /// own range.
    const RESOLUTION: f64 = (1u64 << 30) as f64;

    fn of(scores: &[f32], threshold: Threshold) -> Self {
        let least = scores.iter().copied().fold(f32::INFINITY, f32::min);
        let greatest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let range = f64::from(greatest) - f64::from(least);
        if range == 0.0 {
            return Self { steps: vec![0; scores.len()], step: 0.0 };
        }
        let placed: Vec<i128> = scores
            .iter()
            .map(|&score| {
                ((f64::from(score) - f64::from(least)) / range * Self::RESOLUTION).round() as i128
            })
            .collect();
        // score - threshold, times the divisor of the threshold so that it stays an integer.
        let (divisor, dividend) = match threshold {
            Threshold::Mean => (placed.len() as i128, placed.iter().sum()),
            Threshold::Middle => (2, Self::RESOLUTION as i128),
            Threshold::Upper => {
                let count = placed.len() as i128;
                (2 * count, placed.iter().sum::<i128>() + count * Self::RESOLUTION as i128)
            }
        };
        Self {
            steps: placed.iter().map(|placed| divisor * placed - dividend).collect(),
            step: range / Self::RESOLUTION / divisor as f64,
        }
    }

    fn in_score_units(&self, sum: i128) -> f64 {
        sum as f64 * self.step
    }
}

fn mean(scores: &[f32]) -> f64 {
    scores.iter().copied().map(f64::from).sum::<f64>() / scores.len() as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Clips of one second.
    fn seconds(count: usize) -> Vec<TimeSpan> {
        (0..count).map(|t| TimeSpan::new(t as f64, (t + 1) as f64)).collect()
    }

    fn decode(threshold: Threshold, scores: &[f32]) -> Vec<Moment> {
        let decoder = MomentDecoder { threshold, ..MomentDecoder::default() };
        decoder.decode(&seconds(scores.len()), scores).unwrap()
    }

    fn spans(moments: &[Moment]) -> Vec<(f64, f64)> {
        moments.iter().map(|moment| (moment.span.start.0, moment.span.end.0)).collect()
    }

    #[test]
    fn the_rest_at_the_end_of_a_file_is_no_moment_beside_a_better_one() {
        let decoder = MomentDecoder { threshold: Threshold::Mean, ..MomentDecoder::default() };
        let found = |rest: f64, scores: &[f32]| {
            let mut clips = seconds(scores.len() - 1);
            clips.push(TimeSpan::new(clips.len() as f64, clips.len() as f64 + rest));
            spans(&decoder.decode(&clips, scores).unwrap())
        };
        let scores = [0.0, 9.0, 9.0, 0.0, 7.0];
        assert_eq!(found(0.13, &scores), [(1.0, 3.0)]);
        assert_eq!(found(0.5, &scores), [(1.0, 3.0), (4.0, 4.5)]);
        // With clips before it it stays.
        assert_eq!(found(0.13, &[9.0, 0.0, 0.0, 8.0, 8.0]), [(3.0, 4.13), (0.0, 1.0)]);
    }

    #[test]
    fn a_short_last_clip_is_not_the_best_moment_by_itself() {
        let decoder = MomentDecoder { threshold: Threshold::Mean, ..MomentDecoder::default() };
        let found = |tail: f64, scores: &[f32]| {
            let mut clips = seconds(scores.len() - 1);
            clips.push(TimeSpan::new(clips.len() as f64, clips.len() as f64 + tail));
            decoder.decode(&clips, scores).unwrap()
        };
        assert_eq!(spans(&found(0.8, &[0.0, 3.0, 1.0, 12.0])), [(3.0, 3.8)]);
        // Gains -7 -3 -3 13; where the last counts as the one before it -3 1 1 1.
        let joined = found(0.6, &[0.0, 4.0, 4.0, 20.0]);
        assert_eq!(spans(&joined), [(1.0, 3.6)]);
        // The mean of the true scores.
        assert!((joined[0].score - 28.0 / 3.0).abs() < 1e-6, "{}", joined[0].score);
        // Gains 2.2 3.2 2.2 -3.8 -3.8: it belongs to the black before it, and the event stands.
        assert_eq!(spans(&found(0.13, &[6.0, 7.0, 6.0, 0.0, 20.0])), [(0.0, 3.0)]);
        // Where nothing else tells anything, all of it is the moment.
        assert_eq!(spans(&found(0.13, &[0.0, 0.0, 9.0])), [(0.0, 2.13)]);
        assert_eq!(spans(&found(0.13, &[9.0])), [(0.0, 0.13)]);
    }

    #[test]
    fn the_run_of_largest_sum_over_the_mean_is_the_moment() {
        // Mean (0 + 6 + 8 + 2 + 4) / 5 = 4; gains -4 2 4 -2 0: clips 1..3 with 6.
        let moments = decode(Threshold::Mean, &[0.0, 6.0, 8.0, 2.0, 4.0]);
        assert_eq!(spans(&moments), [(1.0, 3.0)]);
        assert_eq!(moments[0].score, 7.0);
        assert!((moments[0].evidence - 6.0).abs() < 1e-6);
    }

    #[test]
    fn the_two_thresholds_can_disagree() {
        // Mean (1 + 0 + 0 + 1 + 0 + 0 + 0 + 0) / 8 = 1/4; gains 3/4 -1/4 -1/4 3/4: the bridge 0..4
        // has 1.
        let scores = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(spans(&decode(Threshold::Mean, &scores)), [(0.0, 4.0)]);
        // Middle 1/2: gains 1/2 -1/2 -1/2 1/2: no bridge is worth it.
        assert_eq!(spans(&decode(Threshold::Middle, &scores)), [(0.0, 1.0), (3.0, 4.0)]);
    }

    #[test]
    fn clips_that_fit_in_part_do_not_join_under_the_upper_threshold() {
        // Mean (0 + 0 + 9 + 9 + 6 + 0) / 6 = 4: 6 joins. Upper (4 + 9) / 2 = 6.5: it does not.
        let scores = [0.0, 0.0, 9.0, 9.0, 6.0, 0.0];
        assert_eq!(spans(&decode(Threshold::Mean, &scores)), [(2.0, 5.0)]);
        assert_eq!(spans(&decode(Threshold::Upper, &scores)), [(2.0, 4.0)]);
    }

    #[test]
    fn further_moments_are_the_best_runs_of_what_is_left() {
        // Middle 4.5; gains -4.5 2.5 -4.5 4.5 3.5 -4.5 .5: 8 at 3..5, then 2.5 at 1..2, then .5 at
        // 6..7.
        let moments = decode(Threshold::Middle, &[0.0, 7.0, 0.0, 9.0, 8.0, 0.0, 5.0]);
        assert_eq!(spans(&moments), [(3.0, 5.0), (1.0, 2.0), (6.0, 7.0)]);
        let scores: Vec<f64> = moments.iter().map(|moment| moment.score).collect();
        assert_eq!(scores, [8.5, 7.0, 5.0]);
    }

    #[test]
    fn of_equal_sums_the_shortest_and_then_the_earliest_is_taken() {
        // Gains under Middle: + - + +, in halves: [0..1] 1, [2..4] 2, [0..4] 2.
        assert_eq!(
            spans(&decode(Threshold::Middle, &[1.0, 0.0, 1.0, 1.0])),
            [(2.0, 4.0), (0.0, 1.0)]
        );
        // Two of the same sum and length.
        assert_eq!(
            spans(&decode(Threshold::Middle, &[0.0, 1.0, 0.0, 0.0, 1.0])),
            [(1.0, 2.0), (4.0, 5.0)]
        );
        // Clips that lie on the threshold add nothing at either end: gains 0 1 0 -1 (mean 2).
        assert_eq!(spans(&decode(Threshold::Mean, &[2.0, 3.0, 2.0, 1.0])), [(1.0, 2.0)]);
    }

    #[test]
    fn ties_are_exact_where_a_third_is_not() {
        // Mean 1/3; gains 2/3 -1/3 -1/3 2/3 -1/3 -1/3: bridging gains exactly nothing.
        let moments = decode(Threshold::Mean, &[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(spans(&moments), [(0.0, 1.0), (3.0, 4.0)]);
    }

    #[test]
    fn equal_scores_make_the_whole_video_the_moment() {
        for threshold in [Threshold::Mean, Threshold::Middle, Threshold::Upper] {
            for score in [0.0, 0.1, -0.3] {
                let moments = decode(threshold, &[score; 7]);
                assert_eq!(spans(&moments), [(0.0, 7.0)]);
                assert!((moments[0].score - f64::from(score)).abs() < 1e-12);
                assert_eq!(moments[0].evidence, 0.0);
            }
        }
        assert_eq!(spans(&decode(Threshold::Mean, &[0.4])), [(0.0, 1.0)]);
    }

    #[test]
    fn a_video_without_clips_has_no_moments() {
        assert_eq!(decode(Threshold::Mean, &[]), []);
    }

    #[test]
    fn the_span_of_a_moment_is_that_of_its_clips_with_gaps_and_overlaps() {
        let clips = [
            TimeSpan::new(0.5, 2.0),
            TimeSpan::new(1.5, 3.0),
            TimeSpan::new(4.0, 5.5),
            TimeSpan::new(6.0, 7.0),
        ];
        let moments = MomentDecoder::default().decode(&clips, &[0.0, 1.0, 1.0, 0.0]).unwrap();
        assert_eq!(spans(&moments), [(1.5, 5.5)]);
    }

    #[test]
    fn suppression_keeps_what_the_specification_keeps() {
        // paper.md F.3 (4), best first.
        let ranked = [
            TimeSpan::new(0.0, 10.0),
            TimeSpan::new(1.0, 10.0),
            TimeSpan::new(5.0, 15.0),
            TimeSpan::new(0.0, 5.0),
            TimeSpan::new(12.0, 20.0),
            TimeSpan::new(10.0, 20.0),
        ];
        assert_eq!(suppress_overlaps(&ranked, 0.5, 9), [0, 2, 3, 4]);
        assert_eq!(suppress_overlaps(&ranked, 0.4, 9), [0, 2, 4]);
        assert_eq!(suppress_overlaps(&ranked, 0.5, 2), [0, 2]);
    }

    #[test]
    fn a_moment_that_overlaps_a_better_one_too_much_is_dropped() {
        // Windows of 3 s every second; peaks at 1 and 3 share 1 s of 5: IoU 1/5.
        let clips: Vec<_> = (0..5).map(|t| TimeSpan::new(t as f64, (t + 3) as f64)).collect();
        let scores = [0.0, 0.9, 0.0, 0.8, 0.0];
        let with = |max_iou| {
            let decoder = MomentDecoder { threshold: Threshold::Middle, max_iou, top: 5 };
            spans(&decoder.decode(&clips, &scores).unwrap())
        };
        assert_eq!(with(0.2), [(1.0, 4.0), (3.0, 6.0)]);
        assert_eq!(with(0.19), [(1.0, 4.0)]);
    }

    #[test]
    fn at_most_top_moments_are_returned() {
        let decoder = MomentDecoder { top: 1, ..MomentDecoder::default() };
        let scores = [1.0, 0.0, 0.0, 0.0, 1.0];
        assert_eq!(decoder.decode(&seconds(5), &scores).unwrap().len(), 1);
    }

    #[test]
    fn what_cannot_be_decoded_is_an_error() {
        let decoder = MomentDecoder::default();
        let error = |clips: &[TimeSpan], scores: &[f32]| decoder.decode(clips, scores).unwrap_err();
        assert!(matches!(
            error(&seconds(2), &[0.1]),
            MeasureError::Count { expected: 2, found: 1, .. }
        ));
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let found = error(&seconds(2), &[0.1, bad]);
            assert!(matches!(found, MeasureError::Score { row: 1, .. }), "{found}");
        }
        let turned = [TimeSpan::new(1.0, 2.0), TimeSpan::new(0.0, 1.0)];
        assert!(matches!(error(&turned, &[0.1; 2]), MeasureError::ClipOrder { clip: 1, .. }));
        // Only the end falls, then only the start.
        for second in [TimeSpan::new(1.0, 2.5), TimeSpan::new(0.5, 4.0)] {
            let found = error(&[TimeSpan::new(1.0, 3.0), second], &[0.1; 2]);
            assert!(matches!(found, MeasureError::ClipOrder { clip: 1, .. }), "{second}: {found}");
        }
        let unknown = [TimeSpan::new(f64::NAN, 2.0)];
        assert!(matches!(error(&unknown, &[0.1]), MeasureError::ClipOrder { clip: 0, .. }));
        let decoder = MomentDecoder { max_iou: 1.5, ..MomentDecoder::default() };
        let found = decoder.decode(&seconds(1), &[0.1]).unwrap_err();
        assert!(found.to_string().contains("`max_iou` is 1.5"), "{found}");
    }

    /// Sum of `score - threshold` over every run, the slow way; larger sum, then shorter, then
    /// earlier.
    fn best_by_trying_all(threshold: Threshold, scores: &[i32]) -> (usize, usize) {
        let count = scores.len() as i32;
        let (least, greatest) = (scores.iter().min().unwrap(), scores.iter().max().unwrap());
        let gain = |score: &i32| match threshold {
            Threshold::Mean => count * score - scores.iter().sum::<i32>(),
            Threshold::Middle => 2 * score - least - greatest,
            Threshold::Upper => 2 * count * score - scores.iter().sum::<i32>() - count * greatest,
        };
        let runs = (0..scores.len()).flat_map(|a| (a + 1..=scores.len()).map(move |b| (a, b)));
        runs.min_by_key(|&(a, b)| (-scores[a..b].iter().map(gain).sum::<i32>(), b - a, a)).unwrap()
    }

    proptest! {
        #[test]
        fn the_first_moment_is_the_best_of_all_runs(
            // Values 0 and 8 are there, so that all values lie on whole steps and ties stay ties.
            mut scores in prop::collection::vec(0i32..=8, 1..14),
            threshold in prop::sample::select(vec![
                Threshold::Mean, Threshold::Middle, Threshold::Upper,
            ]),
        ) {
            scores.extend([0, 8]);
            let floats: Vec<f32> = scores.iter().map(|&score| score as f32).collect();
            let (first, end) = best_by_trying_all(threshold, &scores);
            let moments = decode(threshold, &floats);
            prop_assert_eq!(spans(&moments)[0], (first as f64, end as f64));
        }

        #[test]
        fn shifting_and_scaling_all_scores_changes_no_moment(
            mut scores in prop::collection::vec(0i32..=8, 1..14),
            shift in -4i32..4,
            power in 0i32..4,
        ) {
            scores.extend([0, 8]);
            let plain: Vec<f32> = scores.iter().map(|&s| s as f32).collect();
            let scale = 2f32.powi(power);
            let moved: Vec<f32> = scores.iter().map(|&s| (s + shift) as f32 / scale).collect();
            for threshold in [Threshold::Mean, Threshold::Middle, Threshold::Upper] {
                prop_assert_eq!(
                    spans(&decode(threshold, &plain)),
                    spans(&decode(threshold, &moved))
                );
            }
        }

        #[test]
        fn moments_are_ordered_by_evidence_and_share_no_clip(
            scores in prop::collection::vec(-1.0f32..1.0, 1..40),
        ) {
            let moments = decode(Threshold::Mean, &scores);
            prop_assert!(!moments.is_empty() && moments.len() <= 5);
            for pair in moments.windows(2) {
                prop_assert!(pair[0].evidence >= pair[1].evidence);
            }
            for (i, a) in moments.iter().enumerate() {
                for b in &moments[i + 1..] {
                    prop_assert_eq!(a.span.iou(&b.span), 0.0);
                }
            }
        }
    }
}
