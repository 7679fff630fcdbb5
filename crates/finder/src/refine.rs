//! The ends of a moment to the frame: clips eight times as dense around both, and where they part best.
//!
//! A clip fits the sentence by so much as it covers of the moment, so a clip whose middle is the true end
//! lies half way between what is inside and what is outside. That is told for each end by the clips of the
//! index: the middle one of those inside, and of those a clip or more away from the end. Around each end the
//! dense clips are parted into those before and those after it; the parting with the largest sum of what is
//! above the threshold inside and below it outside is taken, and the end is half way between the middles of
//! the two clips there.

use std::path::Path;

use locvtp_transfer::extraction::FeatureSpace;
use locvtp_transfer::{ClipScore, Embedder, SentenceEmbedding, unit};
use locvtp_video::{ClipStride, FrameTable, Seconds, TimeSpan, VideoError, VideoOpener};

/// Clips for each one of the index.
const DENSER: f64 = 8.0;

/// How far from an end is looked, in clips.
const REACH: f64 = 1.0;

/// How far outside the moment it is told what does not fit, in clips.
const OUTSIDE: f64 = 3.0;

/// A moment of a file whose ends are to be moved.
pub(crate) struct Coarse<'a> {
    /// The file.
    pub(crate) path: &'a Path,
    /// The moment.
    pub(crate) span: TimeSpan,
    /// All clips of the file in the index.
    pub(crate) clips: &'a [TimeSpan],
    /// Their scores.
    pub(crate) scores: &'a [f32],
}

/// The moment with its ends moved; as it was where the clips around an end cannot tell.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn refined(
    embedder: &Embedder,
    opener: &VideoOpener,
    coarse: &Coarse<'_>,
    sentence: &SentenceEmbedding,
    score: ClipScore,
) -> Result<TimeSpan, VideoError> {
    let [first, second, ..] = coarse.clips else { return Ok(coarse.span) };
    let (stride, length) = (second.start - first.start, first.duration());
    if stride <= Seconds::ZERO {
        return Ok(coarse.span);
    }
    let mut reader = opener.open(&coarse.path.into())?;
    let preprocessing = &embedder.directory().preprocessing;
    let dense = ClipStride::Time(stride / DENSER);
    let whole = preprocessing.whole_file(&reader, dense)?;
    let mut ends = [coarse.span.start, coarse.span.end];
    for (place, end) in ends.iter_mut().enumerate() {
        let is_near = |clip: &TimeSpan| (clip.midpoint() - *end).0.abs() <= REACH * length.0;
        let mut plan = whole.clone();
        plan.clips.retain(|clip| is_near(&clip.span));
        let mut stream = reader.clip_stream(plan, &preprocessing.centre());
        let (mut middles, mut clips) = (Vec::new(), Vec::new());
        while let Some(mut pixels) = stream.next_clip()? {
            while pixels.num_clips < embedder.clips_at_once()
                && let Some(clip) = stream.next_clip()?
            {
                pixels.append(clip);
            }
            let features = embedder.encode(&pixels, FeatureSpace::Projected);
            clips.extend(features.iter().map(|feature| unit(feature)));
            middles.extend(pixels.spans.iter().map(TimeSpan::midpoint));
        }
        let scores = score.scores_of(clips.iter().map(Vec::as_slice), sentence);
        let rises = place == 0;
        let threshold = coarse.threshold(length, rises);
        if let Some(parted) = parting(&middles, &scores, threshold, rises) {
            *end = frame_start(reader.frame_table(), parted);
        }
    }
    let span = TimeSpan { start: ends[0], end: ends[1] };
    Ok(if span.is_empty() { coarse.span } else { span })
}

impl Coarse<'_> {
    /// Half way between what is inside and what is outside of an end, for clips of this length.
    fn threshold(&self, length: Seconds, is_start: bool) -> f32 {
        let Self { span, .. } = self;
        let within = |first: Seconds, last: Seconds| {
            let clips = self.clips.iter().zip(self.scores);
            let inside = clips.filter(|(clip, _)| (first..last).contains(&clip.midpoint()));
            median(inside.map(|(_, score)| *score).collect())
        };
        // Clips at the ends may lie half outside.
        let inside = within(span.start + length, span.end - length);
        let inside = inside.or_else(|| within(span.start, span.end));
        let outside = match is_start {
            true => within(span.start - length * OUTSIDE, span.start - length),
            false => within(span.end + length, span.end + length * OUTSIDE),
        };
        let least = || self.scores.iter().copied().fold(f32::INFINITY, f32::min);
        let greatest = || self.scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        (inside.unwrap_or_else(greatest) + outside.unwrap_or_else(least)) / 2.0
    }
}

/// The middle one, or the mean of the two in the middle; none of none.
fn median(mut scores: Vec<f32>) -> Option<f32> {
    scores.sort_by(f32::total_cmp);
    let middle = scores.len() / 2;
    let upper = scores.get(middle)?;
    Some(if scores.len().is_multiple_of(2) { (upper + scores[middle - 1]) / 2.0 } else { *upper })
}

/// Where scores part into those below the threshold and those above it: first those below where they rise.
/// None where all are on one side, so that the end lies elsewhere.
fn parting(middles: &[Seconds], scores: &[f32], threshold: f32, rises: bool) -> Option<Seconds> {
    let gain = |score: &f32| if rises { score - threshold } else { threshold - score };
    // The sum behind a place less the sum before it is largest where the sum before it is least.
    let (mut sum, mut least, mut place) = (0.0, 0.0, 0);
    for (at, score) in scores.iter().enumerate() {
        sum += gain(score);
        if sum < least {
            (least, place) = (sum, at + 1);
        }
    }
    let (before, behind) = (middles.get(place.checked_sub(1)?)?, middles.get(place)?);
    Some((*before + *behind) / 2.0)
}

/// The start of the frame that begins nearest to a moment.
fn frame_start(table: &FrameTable, moment: Seconds) -> Seconds {
    let span = table.span_of(table.frame_at(moment));
    let is_late = moment - span.start > span.end - moment;
    if is_late { span.end } else { span.start }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_part_where_they_cross_the_threshold_for_good() {
        let middles: Vec<Seconds> = (0..6).map(|at| Seconds(f64::from(at))).collect();
        let part = |scores: [f32; 6], rises| parting(&middles, &scores, 0.5, rises);
        assert_eq!(part([0.1, 0.2, 0.4, 0.9, 0.8, 0.9], true), Some(Seconds(2.5)));
        // One clip above the threshold before it is no beginning, and one below it no end.
        assert_eq!(part([0.1, 0.6, 0.1, 0.9, 0.4, 0.9], true), Some(Seconds(2.5)));
        assert_eq!(part([0.9, 0.9, 0.4, 0.9, 0.1, 0.2], false), Some(Seconds(3.5)));
        assert_eq!(part([0.9; 6], true), None);
        assert_eq!(part([0.1; 6], true), None);
    }

    #[test]
    fn the_threshold_lies_between_the_inside_and_what_is_a_clip_away() {
        let clips: Vec<TimeSpan> =
            (0..8).map(|at| TimeSpan::new(f64::from(at), f64::from(at + 1))).collect();
        let scores = [0.2, 0.1, 0.5, 0.9, 0.8, 0.7, 0.4, 0.0];
        let threshold = |span, is_start| {
            let coarse = Coarse { path: Path::new(""), span, clips: &clips, scores: &scores };
            coarse.threshold(Seconds(1.0), is_start)
        };
        // Inside 0.8 and 0.9; before it 0.1 and 0.2, and not the 0.5 that touches it.
        let near = |found: f32, wanted: f32| (found - wanted).abs() < 1e-6;
        assert!(near(threshold(TimeSpan::new(2.0, 6.0), true), (0.85 + 0.2) / 2.0));
        // Behind it the last clip alone is a clip away.
        assert!(near(threshold(TimeSpan::new(2.0, 6.0), false), (0.85 + 0.0) / 2.0));
        // A moment of one clip has only itself.
        assert!(near(threshold(TimeSpan::new(3.0, 4.0), true), (0.9 + 0.15) / 2.0));
        assert_eq!((median(vec![]), median(vec![3.0, 1.0, 2.0])), (None, Some(2.0)));
    }
}
