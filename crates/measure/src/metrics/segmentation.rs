//! Action segmentation: every second of every video gets a label, and the accuracy is the share of
//! seconds whose label is right.
//!
//! All seconds of the whole test part count alike, background included: a long video weighs more
//! than a short one. Because most seconds of instruction videos are background, the accuracy of
//! saying nothing but background stands beside every result, and so does the accuracy over the
//! seconds that are none.
//!
//! Paper: Table 3, column FA; `paper.md` D.4.

use locvtp_video::TimeSpan;
use serde::{Deserialize, Serialize};

use super::named::Metrics;
use super::percentage;
use super::steps::seconds_of;
use crate::error::MeasureError;

/// The label of a second in which nothing is done.
pub const BACKGROUND: u32 = 0;

/// How many seconds have the right label.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrameAccuracy {
    /// FA: seconds whose label is right, in percent.
    pub accuracy: f64,
    /// What the label background alone reaches, in percent.
    pub background_alone: f64,
    /// The accuracy over the seconds that are not background; none where there are none.
    pub without_background: Option<f64>,
    /// Seconds measured.
    pub seconds: usize,
}

impl FrameAccuracy {
    /// The numbers by name; what every answer could reach without looking is not among them.
    pub fn named(&self) -> Metrics {
        let mut metrics = Metrics::new().with("frame accuracy", self.accuracy);
        if let Some(accuracy) = self.without_background {
            metrics.add("frame accuracy without background", accuracy);
        }
        metrics
    }
}

/// Adds up videos.
#[derive(Clone, Copy, Debug, Default)]
pub struct FrameTally {
    seconds: usize,
    right: usize,
    actions: usize,
    right_actions: usize,
}

impl FrameTally {
    /// Adds a video's labels, one a second. A second that was given no label is wrong; labels
    /// behind the last true second are not looked at.
    pub fn add(&mut self, predicted: &[u32], truth: &[u32]) {
        for (second, label) in truth.iter().enumerate() {
            let is_right = usize::from(predicted.get(second) == Some(label));
            let is_action = usize::from(*label != BACKGROUND);
            self.seconds += 1;
            self.right += is_right;
            self.actions += is_action;
            self.right_actions += is_right * is_action;
        }
    }

    /// The accuracy over all that was added.
    ///
    /// # Errors
    /// When nothing was.
    pub fn accuracy(&self) -> Result<FrameAccuracy, MeasureError> {
        if self.seconds == 0 {
            return Err(MeasureError::Nothing { what: "seconds with a true label" });
        }
        let background = self.seconds - self.actions;
        Ok(FrameAccuracy {
            accuracy: percentage(self.right as f64, self.seconds),
            background_alone: percentage(background as f64, self.seconds),
            without_background: (self.actions > 0)
                .then(|| percentage(self.right_actions as f64, self.actions)),
            seconds: self.seconds,
        })
    }
}

/// Measures the labels of all videos, each `(predicted, true)`.
///
/// # Errors
/// When there is no second.
///
/// # Example
/// ```
/// use locvtp_measure::metrics::frame_accuracy;
///
/// let found = frame_accuracy([(&[0, 3, 3, 0][..], &[0, 0, 3, 3][..])])?;
/// assert_eq!((found.accuracy, found.background_alone), (50.0, 50.0));
/// # Ok::<(), locvtp_measure::MeasureError>(())
/// ```
pub fn frame_accuracy<'a>(
    videos: impl IntoIterator<Item = (&'a [u32], &'a [u32])>,
) -> Result<FrameAccuracy, MeasureError> {
    let mut tally = FrameTally::default();
    for (predicted, truth) in videos {
        tally.add(predicted, truth);
    }
    tally.accuracy()
}

/// The label of each of the `seconds` of a video: a segment fills `floor(start)..ceil(end)`, and a
/// later one covers an earlier one.
pub fn labels(segments: impl IntoIterator<Item = (TimeSpan, u32)>, seconds: usize) -> Vec<u32> {
    let mut labels = vec![BACKGROUND; seconds];
    for (span, label) in segments {
        let filled = seconds_of(&span);
        let end = filled.end.min(seconds);
        labels[filled.start.min(end)..end].fill(label);
    }
    labels
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn segments_fill_the_seconds_they_touch_and_later_ones_cover_earlier_ones() {
        let span = TimeSpan::new;
        let found = labels([(span(1.2, 3.1), 7), (span(3.0, 4.5), 9), (span(8.0, 20.0), 2)], 10);
        assert_eq!(found, [0, 7, 7, 9, 9, 0, 0, 0, 2, 2]);
        assert_eq!(labels([(span(12.0, 13.0), 1)], 3), [0, 0, 0]);
    }

    #[test]
    fn all_seconds_count_alike_whatever_video_they_are_of() {
        // 1 of 1 and 1 of 3: 2/4, not (1 + 1/3) / 2. Background: 1 of 4. Others: 1 of 3.
        let found = frame_accuracy([(&[0][..], &[0][..]), (&[5, 1, 1], &[5, 5, 5])]).unwrap();
        assert_eq!((found.accuracy, found.background_alone, found.seconds), (50.0, 25.0, 4));
        assert!((found.without_background.unwrap() - 100.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_second_without_a_label_is_wrong_even_where_nothing_happens() {
        let found = frame_accuracy([(&[0][..], &[0, 0, 0, 0][..])]).unwrap();
        assert_eq!((found.accuracy, found.background_alone), (25.0, 100.0));
        assert_eq!(found.without_background, None);
        // What is said of seconds that the video does not have changes nothing.
        let longer = frame_accuracy([(&[0, 4, 4][..], &[0][..])]).unwrap();
        assert_eq!((longer.accuracy, longer.seconds), (100.0, 1));
        let nothing: [(&[u32], &[u32]); 1] = [(&[1], &[])];
        assert!(matches!(frame_accuracy(nothing), Err(MeasureError::Nothing { .. })));
    }

    proptest! {
        #[test]
        fn the_order_of_videos_and_seconds_does_not_matter(
            videos in prop::collection::vec(prop::collection::vec((0u32..4, 0u32..4), 1..9), 1..6)
        ) {
            let parts: Vec<(Vec<u32>, Vec<u32>)> =
                videos.iter().map(|video| video.iter().copied().unzip()).collect();
            let of = |parts: &[(Vec<u32>, Vec<u32>)]| {
                frame_accuracy(parts.iter().map(|(p, t)| (p.as_slice(), t.as_slice()))).unwrap()
            };
            let mut turned = parts.clone();
            turned.reverse();
            for (predicted, truth) in &mut turned {
                predicted.reverse();
                truth.reverse();
            }
            prop_assert_eq!(of(&parts), of(&turned));
            let pairs: Vec<(u32, u32)> = videos.concat();
            let right = pairs.iter().filter(|(predicted, truth)| predicted == truth).count();
            let expected = 100.0 * right as f64 / pairs.len() as f64;
            prop_assert!((of(&parts).accuracy - expected).abs() < 1e-9);
        }
    }
}
