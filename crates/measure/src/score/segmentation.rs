//! A label for every second of every video, against COIN's annotations: frame accuracy.
//!
//! A line of the predictions is one video: `{"video": .., "labels": [0, 0, 212, ..]}`, the number of
//! the action in each second, 0 where nothing is done.
//!
//! How many seconds a video has is not settled by its length: features at one a second are a second
//! more or fewer. So the predicted number counts where it is within a second of the length, else the
//! length, rounded up: seconds that are missing are wrong then, and those behind the end are not
//! looked at.

use std::path::Path;

use locvtp_corpus::NarratedVideo;
use locvtp_video::counted::counted_as;

use super::json_lines::{ObjectLine, read_lines};
use super::truth::Truth;
use super::{Faults, ScoreReport};
use crate::error::MeasureError;
use crate::metrics::{FrameTally, labels};

/// What a line says.
struct Answer {
    video: String,
    labels: Vec<u32>,
}

impl Answer {
    fn parse(line: &[u8]) -> Result<Self, String> {
        let mut object = ObjectLine::new(line)?;
        let (mut video, mut labels) = (None, None);
        while let Some(key) = object.next_key()? {
            match &*key {
                "video" | "vid" | "video_id" => video = Some(object.name()?.into_owned()),
                "labels" => labels = Some(object.value::<Vec<u32>>()?),
                _ => object.skip()?,
            }
        }
        let missing = |what: &str| format!("the line has no {what}");
        Ok(Self {
            video: video.ok_or_else(|| missing("\"video\""))?,
            labels: labels.ok_or_else(|| missing("\"labels\""))?,
        })
    }
}

/// Measures the labels in `predictions`.
///
/// # Errors
/// When a line is broken, no predicted video is annotated, or no length of a video is known.
pub fn score_segmentation(predictions: &Path, truth: &Truth) -> Result<ScoreReport, MeasureError> {
    let lines = read_lines(predictions, Answer::parse)?;
    let mut answers: Vec<Option<Answer>> = Vec::new();
    answers.resize_with(truth.videos.len(), || None);
    let (mut unknown, mut repeated, mut missing) =
        (Faults::default(), Faults::default(), Faults::default());
    for (line, answer) in lines {
        match truth.find(&answer.video) {
            None => unknown.note(|| format!("line {line}, {:?}", answer.video)),
            Some(place) if answers[place].is_some() => {
                repeated.note(|| format!("line {line}, {:?}", answer.video));
            }
            Some(place) => answers[place] = Some(answer),
        }
    }
    truth.check_matched(answers.iter().flatten().count(), &[&unknown])?;
    let mut other_length = Faults::default();
    let mut tally = FrameTally::default();
    for (video, answer) in truth.videos.iter().zip(&answers) {
        let predicted = answer.as_ref().map_or(&[][..], |answer| &answer.labels);
        let (seconds, fits) = seconds_of(video, predicted.len());
        if answer.is_none() {
            missing.note(|| format!("{:?}", video.id));
        } else if !fits {
            let found = predicted.len();
            other_length.note(|| {
                let labels = counted_as(found, "label", "labels");
                format!("{:?}: {labels}, {}", video.id, counted_as(seconds, "second", "seconds"))
            });
        }
        let segments = video.captions.iter().map(|caption| (caption.span, caption.id));
        tally.add(predicted, &labels(segments, seconds));
    }
    let found = tally.accuracy()?;
    let mut report = ScoreReport::new("segmentation");
    report.truth = truth.sources.clone();
    report.metrics = found.named();
    report.references.add("background alone", found.background_alone);
    report.count("videos", truth.videos.len());
    report.count("seconds", found.seconds);
    report.fault(
        "videos without a line",
        &missing,
        "video without a line counts as wrong",
        "videos without a line count as wrong",
    );
    report.fault(
        "videos of another length",
        &other_length,
        "video of another length counts by its annotated length",
        "videos of another length count by their annotated length",
    );
    report.fault(
        "lines of unknown videos",
        &unknown,
        "line of an unknown video is left out",
        "lines of unknown videos are left out",
    );
    report.fault(
        "lines of answered videos",
        &repeated,
        "line of an answered video is left out; the first counts",
        "lines of answered videos are left out; the first counts",
    );
    Ok(report)
}

/// The seconds of a video that are measured, and whether the predicted number is within a second of
/// its length. A video of unknown length has as many as were predicted.
fn seconds_of(video: &NarratedVideo, predicted: usize) -> (usize, bool) {
    let Some(duration) = video.duration else { return (predicted, true) };
    if predicted > 0 && (predicted as f64 - duration.0).abs() <= 1.0 {
        (predicted, true)
    } else {
        (duration.0.ceil() as usize, false)
    }
}

#[cfg(test)]
mod tests {
    use locvtp_corpus::{Caption, VideoSink};
    use locvtp_video::{Seconds, TimeSpan};

    use super::*;

    fn score(lines: &str) -> Result<ScoreReport, MeasureError> {
        let mut truth = Truth::default();
        for id in ["a", "b"] {
            let captions = vec![Caption { id: 7, ..Caption::new(TimeSpan::new(1.0, 3.0), "cut") }];
            let duration = Some(Seconds(3.4));
            truth.video(NarratedVideo { duration, ..NarratedVideo::new(id, "", captions) });
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), lines).unwrap();
        score_segmentation(file.path(), &truth)
    }

    #[test]
    fn a_second_more_or_fewer_is_the_videos_own_and_anything_else_is_measured_by_its_length() {
        // Truth 0 7 7 (0). Three labels: 3 of 3, and the other video misses 4.
        let report = score("{\"video\": \"a\", \"labels\": [0, 7, 7]}").unwrap();
        assert_eq!(report.counts["seconds"], 7);
        assert!((report.metrics.get("frame accuracy").unwrap() - 300.0 / 7.0).abs() < 1e-9);
        assert_eq!(report.counts["videos without a line"], 1);
        // One label: 1 of 4. Six: 4 of 4.
        let lines = "{\"video\": \"a\", \"labels\": [0]}\n\
                     {\"video\": \"b\", \"labels\": [0, 7, 7, 0, 7, 7]}\n";
        let report = score(lines).unwrap();
        assert_eq!(report.metrics.get("frame accuracy"), Some(62.5));
        assert_eq!(report.counts["videos of another length"], 2);
        assert_eq!(report.references.get("background alone"), Some(50.0));
        // Seconds 1, 2 of b of the four of both.
        assert_eq!(report.metrics.get("frame accuracy without background"), Some(50.0));
    }

    #[test]
    fn of_two_lines_of_a_video_the_first_counts() {
        // Truth 0 7 7 (0): three of three, and the other video misses 4.
        let lines = "{\"video\": \"a\", \"labels\": [0, 7, 7]}\n\
                     {\"video\": \"a\", \"labels\": [7, 0, 0, 7]}\n";
        let report = score(lines).unwrap();
        assert_eq!(report.counts["seconds"], 7);
        assert!((report.metrics.get("frame accuracy").unwrap() - 300.0 / 7.0).abs() < 1e-9);
        let told =
            "1 line of an answered video is left out; the first counts (first: line 2, \"a\")";
        assert!(report.notes.contains(&told.to_owned()), "{:?}", report.notes);
    }

    #[test]
    fn a_short_video_without_labels_is_wrong_and_not_without_seconds() {
        // No labels are within a second of 0.8 s, too, but would leave nothing to measure.
        let short =
            NarratedVideo { duration: Some(Seconds(0.8)), ..NarratedVideo::new("", "", vec![]) };
        assert_eq!(seconds_of(&short, 0), (1, false));
        assert_eq!(seconds_of(&short, 1), (1, true));
        assert_eq!(seconds_of(&NarratedVideo { duration: None, ..short }, 5), (5, true));
    }

    #[test]
    fn a_label_that_is_no_number_names_its_line() {
        let error = score("{\"video\": \"a\", \"labels\": [0, -1]}").unwrap_err().to_string();
        assert!(error.contains("line 1"), "{error}");
        let error = score("{\"video\": \"z\", \"labels\": [0]}").unwrap_err().to_string();
        assert!(error.contains("\"z\""), "{error}");
    }
}
