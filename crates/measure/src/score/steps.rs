//! A second for every step of a task, against CrossTask's annotations: average recall.
//!
//! A line of the predictions is one video: `{"video": .., "seconds": [12, null, 40]}`, the second of
//! each step of its task, from 0, in the order of the task; `null` where a step was not found.

use std::collections::BTreeMap;
use std::path::Path;

use locvtp_corpus::NarratedVideo;
use locvtp_corpus::layouts::read_tasks;
use locvtp_video::TimeSpan;
use locvtp_video::counted::counted_as;

use super::json_lines::{ObjectLine, read_lines};
use super::truth::{Truth, TruthSource};
use super::{Faults, ScoreReport};
use crate::error::MeasureError;
use crate::metrics::{StepVideo, step_recall};

/// What a line says.
struct Answer {
    video: String,
    seconds: Vec<Option<usize>>,
    length: Option<usize>,
}

impl Answer {
    fn parse(line: &[u8]) -> Result<Self, String> {
        let mut object = ObjectLine::new(line)?;
        let (mut video, mut seconds, mut length) = (None, None, None);
        while let Some(key) = object.next_key()? {
            match &*key {
                "video" | "vid" | "video_id" => video = Some(object.name()?.into_owned()),
                "seconds" => seconds = Some(object.value::<Vec<Option<usize>>>()?),
                "length" => length = Some(object.value::<usize>()?),
                _ => object.skip()?,
            }
        }
        let missing = |what: &str| format!("the line has no {what}");
        Ok(Self {
            video: video.ok_or_else(|| missing("\"video\""))?,
            seconds: seconds.ok_or_else(|| missing("\"seconds\""))?,
            length,
        })
    }
}

/// Reads CrossTask's release: the intervals by hand (those from narration are no truth), and how many
/// steps each task has, by its number.
///
/// # Errors
/// When the release is not there, or nothing in it is annotated.
pub fn read_release(
    release: &Path,
    only: Option<&Path>,
) -> Result<(Truth, BTreeMap<String, usize>), MeasureError> {
    let truth = Truth::read(&TruthSource {
        paths: vec![release.join("annotations")],
        only: only.map(Path::to_owned),
        ..TruthSource::default()
    })?;
    let mut num_steps = BTreeMap::new();
    for name in ["tasks_primary.txt", "tasks_related.txt"] {
        let path = release.join(name);
        if path.is_file() {
            let (tasks, _) = read_tasks(&path)?;
            num_steps.extend(tasks.into_iter().map(|task| (task.id, task.steps.len())));
        }
    }
    Ok((truth, num_steps))
}

/// Measures the seconds in `predictions`; `num_steps` are those of each task, by its number.
///
/// # Errors
/// When a line is broken, or has not one second a step; when no predicted video is annotated.
pub fn score_steps(
    predictions: &Path,
    truth: &Truth,
    num_steps: &BTreeMap<String, usize>,
) -> Result<ScoreReport, MeasureError> {
    let lines = read_lines(predictions, Answer::parse)?;
    let mut answers: Vec<Option<Answer>> = Vec::new();
    answers.resize_with(truth.videos.len(), || None);
    let (mut unknown, mut repeated, mut missing) =
        (Faults::default(), Faults::default(), Faults::default());
    for (line, answer) in lines {
        let Some(place) = truth.find(&answer.video) else {
            unknown.note(|| format!("line {line}, {:?}", answer.video));
            continue;
        };
        let expected = steps_of(&truth.videos[place], num_steps);
        if answer.seconds.len() != expected {
            let reason = format!(
                "{} for the {} of task {}",
                counted_as(answer.seconds.len(), "second", "seconds"),
                counted_as(expected, "step", "steps"),
                truth.videos[place].task.as_deref().unwrap_or("?")
            );
            return Err(MeasureError::Prediction { path: predictions.to_owned(), line, reason });
        }
        if answers[place].is_some() {
            repeated.note(|| format!("line {line}, {:?}", answer.video));
        } else {
            answers[place] = Some(answer);
        }
    }
    truth.check_matched(answers.iter().flatten().count(), &[&unknown])?;

    let mut parts = Vec::with_capacity(truth.videos.len());
    for (video, answer) in truth.videos.iter().zip(&answers) {
        let steps = steps_of(video, num_steps);
        let predicted = match answer {
            Some(answer) => answer.seconds.clone(),
            None => {
                missing.note(|| format!("{:?}", video.id));
                vec![None; steps]
            }
        };
        parts.push((predicted, intervals(video, steps), answer.as_ref().and_then(|a| a.length)));
    }
    let videos: Vec<StepVideo<'_>> = truth
        .videos
        .iter()
        .zip(&parts)
        .map(|(video, (predicted, truth, seconds))| StepVideo {
            task: video.task.as_deref().unwrap_or_default(),
            predicted,
            truth,
            seconds: *seconds,
        })
        .collect();
    let found = step_recall(&videos)?;
    let mut report = ScoreReport::new("steps");
    report.truth = truth.sources.clone();
    report.metrics = found.named();
    for (task, recall) in &found.tasks {
        report.metrics.add(format!("recall of task {task}"), recall.recall);
    }
    report.count("videos", truth.videos.len());
    report.count("tasks", found.tasks.len());
    report.count("annotated steps", found.num_steps());
    report.fault(
        "videos without a line",
        &missing,
        "video without a line counts as a miss",
        "videos without a line count as misses",
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

/// How many steps the task of a video has.
fn steps_of(video: &NarratedVideo, num_steps: &BTreeMap<String, usize>) -> usize {
    let known = video.task.as_ref().and_then(|task| num_steps.get(task));
    let greatest = || video.captions.iter().map(|caption| caption.id as usize).max();
    known.copied().or_else(greatest).unwrap_or(0)
}

/// When each step is done; a caption's number is its step, from 1.
fn intervals(video: &NarratedVideo, steps: usize) -> Vec<Vec<TimeSpan>> {
    let mut intervals = vec![Vec::new(); steps];
    for caption in &video.captions {
        let step = (caption.id as usize).checked_sub(1);
        if let Some(step) = step.and_then(|step| intervals.get_mut(step)) {
            step.push(caption.span);
        }
    }
    intervals
}

#[cfg(test)]
mod tests {
    use locvtp_corpus::{Caption, VideoSink};

    use super::*;

    fn score(lines: &str) -> Result<ScoreReport, MeasureError> {
        let mut truth = Truth::default();
        for (id, task) in [("a", "10"), ("b", "10"), ("c", "20")] {
            let caption =
                |id, start, end| Caption { id, ..Caption::new(TimeSpan::new(start, end), "pour") };
            let captions = vec![caption(1, 0.5, 2.0), caption(3, 4.0, 5.5)];
            let task = Some(task.to_owned());
            truth.video(NarratedVideo { task, ..NarratedVideo::new(id, "", captions) });
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), lines).unwrap();
        let steps = [("10".to_owned(), 4), ("20".to_owned(), 3)].into();
        score_steps(file.path(), &truth, &steps)
    }

    #[test]
    fn a_video_without_a_line_misses_all_its_steps() {
        // Task 10: of 4 annotated steps, a finds 2, b none. Task 20: 1 of 2.
        let lines = "\
{\"video\": \"a\", \"seconds\": [0, 9, 5, null]}
{\"video\": \"c\", \"seconds\": [3, null, 4], \"length\": 6}
{\"video\": \"a\", \"seconds\": [9, 9, 9, 9]}
{\"video\": \"x\", \"seconds\": [1]}
";
        let report = score(lines).unwrap();
        assert_eq!(report.metrics.get("average recall"), Some(50.0));
        assert_eq!(report.metrics.get("recall of task 10"), Some(50.0));
        let counts = |name: &str| report.counts[name].as_u64().unwrap();
        assert_eq!(counts("videos without a line"), 1);
        assert_eq!(counts("lines of unknown videos"), 1);
        assert_eq!(counts("lines of answered videos"), 1);
        assert_eq!(counts("annotated steps"), 6);
    }

    #[test]
    fn a_step_behind_the_length_that_a_line_gives_is_not_annotated() {
        // The second step of c is done in 4.0 to 5.5 s.
        let with = |length: &str| {
            let line = format!("{{\"video\": \"c\", \"seconds\": [0, null, 4]{length}}}");
            let report = score(&line).unwrap();
            (report.counts["annotated steps"].clone(), report.metrics.get("recall of task 20"))
        };
        assert_eq!(with(""), (6.into(), Some(100.0)));
        assert_eq!(with(", \"length\": 5"), (6.into(), Some(100.0)));
        assert_eq!(with(", \"length\": 4"), (5.into(), Some(100.0)));
    }

    #[test]
    fn a_release_gives_the_intervals_by_hand_and_the_steps_of_every_task() {
        let release = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../corpus/tests/fixtures/crosstask/crosstask_release"
        );
        let ids = |truth: &Truth| -> Vec<String> {
            truth.videos.iter().map(|video| video.id.clone()).collect()
        };
        let (truth, num_steps) = read_release(Path::new(release), None).unwrap();
        assert_eq!(ids(&truth), ["4Sqh-PlUzeo", "6YVM6N1pEi8", "F_RqIbDrXDc"]);
        let of = |task: &str, steps| (task.to_owned(), steps);
        // The third is of the related tasks.
        assert_eq!(num_steps, [of("23521", 3), of("59684", 2), of("77721", 2)].into());
        let list = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(list.path(), "F_RqIbDrXDc\n").unwrap();
        let (truth, _) = read_release(Path::new(release), Some(list.path())).unwrap();
        assert_eq!(ids(&truth), ["F_RqIbDrXDc"]);
    }

    #[test]
    fn another_number_of_seconds_than_steps_is_an_error() {
        let error = score("{\"video\": \"a\", \"seconds\": [0, 9]}").unwrap_err().to_string();
        assert!(error.contains("line 1") && error.contains("4 steps of task 10"), "{error}");
        let error = score("{\"video\": \"a\", \"seconds\": [NaN]}").unwrap_err().to_string();
        assert!(error.contains("line 1"), "{error}");
    }
}
