//! A video of any number of clips as a fixed number of rows.
//!
//! Paper: 2D-TAN's `average_to_fixed_length`, `paper.md` D.1. Rows are cut at the clips nearest to
//! equal parts of the video, and a row is the mean of its clips; a video of fewer clips than rows
//! repeats clips.

use locvtp_features::VideoFeatures;

use crate::embedding::unit;

/// Where rows are cut: row `i` is made of the clips `cuts[i]..cuts[i + 1]`, or of the clip `cuts[i]`
/// where these are none. `length + 1` numbers; a half is rounded to the even neighbour.
pub(super) fn cuts(num_clips: usize, length: usize) -> Vec<usize> {
    let last = num_clips.saturating_sub(1);
    let cut = |i: usize| (i as f64 / length as f64 * num_clips as f64).round_ties_even() as usize;
    (0..=length).map(|i| cut(i).min(last)).collect()
}

/// The clips scaled to unit length and averaged to `length` rows: `[length, d]`.
///
/// # Panics
/// Without clips.
pub fn average_to_fixed_length(features: &VideoFeatures, length: usize) -> Vec<f32> {
    let clips: Vec<Vec<f32>> =
        without_holes(features).into_iter().map(|clip| unit(features.clip(clip))).collect();
    let cuts = cuts(clips.len(), length);
    let mut rows = Vec::with_capacity(length * features.width);
    for cut in cuts.windows(2) {
        let of_row = &clips[cut[0]..cut[1].max(cut[0] + 1)];
        for column in 0..features.width {
            let sum: f32 = of_row.iter().map(|clip| clip[column]).sum();
            rows.push(sum / of_row.len() as f32);
        }
    }
    rows
}

/// The clips in order. In a video of which clips were left out because pictures are damaged, the one
/// before the hole, or at the start the one behind it, stands in for them: rows are equal parts of
/// time.
fn without_holes(features: &VideoFeatures) -> Vec<usize> {
    let all: Vec<usize> = (0..features.num_clips()).collect();
    let is_damaged = features.source.as_ref().is_some_and(|source| !source.damaged.is_empty());
    let Some(spans) = features.spans.as_deref().filter(|spans| is_damaged && spans.len() > 1)
    else {
        return all;
    };
    let starts = || spans.iter().map(|span| span.start.0);
    let step = starts().zip(starts().skip(1)).map(|(a, b)| b - a).fold(f64::MAX, f64::min);
    if step.is_nan() || step <= 0.0 {
        return all;
    }
    let steps = |seconds: f64| (seconds / step).round().max(0.0) as usize;
    let end = features.source.as_ref().map_or(0.0, |source| source.duration_s);
    let last = spans[spans.len() - 1];
    let mut filled = vec![0; steps(spans[0].start.0)];
    for (clip, span) in spans.iter().enumerate() {
        let next = spans.get(clip + 1).map_or(span.start.0 + step, |next| next.start.0);
        filled.extend(std::iter::repeat_n(clip, steps(next - span.start.0).max(1)));
    }
    filled.extend(std::iter::repeat_n(spans.len() - 1, steps(end - last.end.0)));
    filled
}

#[cfg(test)]
mod tests {
    use locvtp_features::VideoSource;
    use locvtp_video::TimeSpan;

    use super::*;

    #[test]
    fn the_cuts_of_the_specification() {
        // paper.md F.3 (2): halves go to the even neighbour.
        assert_eq!(cuts(5, 8), [0, 1, 1, 2, 2, 3, 4, 4, 4]);
        assert_eq!(cuts(20, 8), [0, 2, 5, 8, 10, 12, 15, 18, 19]);
    }

    #[test]
    fn a_row_is_the_mean_of_its_clips_or_the_clip_itself() {
        let values = vec![2.0, 0.0, 0.0, 3.0, 1.0, 0.0];
        let features = VideoFeatures { width: 2, values, spans: None, source: None };
        // Cuts of 3 clips into 2 rows: 0, round(1.5) = 2, 2: the mean of clips 0 and 1, then clip 2.
        assert_eq!(average_to_fixed_length(&features, 2), [0.5, 0.5, 1.0, 0.0]);
        // Into 4 rows: 0, 1, 2, 2, 2.
        let rows = average_to_fixed_length(&features, 4);
        assert_eq!(rows, [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn a_damaged_videos_clips_stay_where_they_are_in_time() {
        let clips = |starts: &[f64], damaged: &[TimeSpan]| VideoFeatures {
            width: 1,
            values: vec![1.0; starts.len()],
            spans: Some(starts.iter().map(|start| TimeSpan::new(*start, start + 1.0)).collect()),
            source: Some(VideoSource {
                duration_s: 8.0,
                damaged: damaged.to_vec(),
                ..VideoSource::default()
            }),
        };
        // Eight clips of a second, of which 0, 3, 4 and 7 were left out.
        let damaged = [TimeSpan::new(0.2, 0.4), TimeSpan::new(3.5, 4.5), TimeSpan::new(7.1, 7.2)];
        let filled = without_holes(&clips(&[1.0, 2.0, 5.0, 6.0], &damaged));
        assert_eq!(filled, [0, 0, 1, 1, 1, 2, 3, 3]);
        assert_eq!(without_holes(&clips(&[1.0, 2.0, 5.0, 6.0], &[])), [0, 1, 2, 3]);
    }
}
