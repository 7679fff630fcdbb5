//! CrossTask's videos as the task needs them: the steps of their tasks, what narration allows, where
//! the steps truly are, and which part they are in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use locvtp_corpus::crosstask::{CrossTaskTask, read_tasks};
use locvtp_corpus::{
    CorpusReader, DropReason, FileLookup, IdList, NarratedVideo, ReadSettings, Subset,
};
use locvtp_video::TimeSpan;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::error::TransferError;
use crate::metrics::steps::seconds_of;
use crate::task::TaskObserver;
use crate::task::draws::{Draw, generator};
use crate::task::per_second::PerSecondFeatures;

/// `[data]` of a steps task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepsData {
    /// The folder of the release, with `tasks_primary.txt`, `videos.csv` and `annotations/`.
    pub release: PathBuf,
    /// The intervals that narration gives, to train with; `crosstask_constraints/` in the release's
    /// folder or beside it when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraints: Option<PathBuf>,
    /// Videos of each task to train on, drawn by `split_seed` from those that are not for validation;
    /// the rest is tested on. A task with no more than these is trained on only. Paper: 30.
    pub train_videos: usize,
    /// What the draw follows from.
    pub split_seed: u64,
    /// A list of the videos to train on, instead of a draw; with `test_list`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_list: Option<PathBuf>,
    /// A list of the videos to test on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_list: Option<PathBuf>,
    /// Train on videos of related tasks as well, which no one annotated. Zhukov et al.: true.
    pub use_related: bool,
}

impl StepsData {
    /// # Errors
    /// When one list is given without the other, or no video is to be trained on.
    pub fn check(&self) -> Result<(), TransferError> {
        let setting = |key, found: &str, expected| {
            Err(TransferError::Setting { key, found: found.to_owned(), expected })
        };
        match (&self.train_list, &self.test_list) {
            (Some(_), None) => {
                setting("data.test_list", "not given", "a list beside data.train_list")
            }
            (None, Some(_)) => {
                setting("data.train_list", "not given", "a list beside data.test_list")
            }
            _ if self.train_videos == 0 => setting("data.train_videos", "0", "1 or more"),
            _ => Ok(()),
        }
    }

    fn constraints(&self) -> Option<PathBuf> {
        const FOLDER: &str = "crosstask_constraints";
        let beside = self.release.parent().map(|around| around.join(FOLDER));
        let places = [self.constraints.clone(), Some(self.release.join(FOLDER)), beside];
        places.into_iter().flatten().find(|folder| folder.is_dir())
    }
}

/// A video of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct StepsVideo {
    /// Its id.
    pub id: String,
    /// The task's number.
    pub task: String,
    /// When each step truly is; `None` where nobody annotated the video.
    pub truth: Option<Vec<Vec<TimeSpan>>>,
    /// When narration tells each step.
    pub told: Vec<Vec<TimeSpan>>,
    /// Whole seconds of its features.
    pub seconds: usize,
}

impl StepsVideo {
    /// Steps of its task.
    pub fn num_steps(&self) -> usize {
        self.told.len()
    }

    /// 1 in seconds in which narration does not tell a step, else 0: `[seconds, steps]`. A step that is
    /// told nowhere has ones only, so it may be anywhere.
    pub fn constraints(&self) -> Vec<f64> {
        let k = self.num_steps();
        let mut table = vec![1.0; self.seconds * k];
        for (step, spans) in self.told.iter().enumerate() {
            for second in spans.iter().flat_map(seconds_of) {
                if second < self.seconds {
                    table[second * k + step] = 0.0;
                }
            }
        }
        table
    }
}

/// The parts of the data set, without what cannot be used, and how many of what was left out.
pub struct StepsVideos {
    /// Primary tasks, then related ones if they are trained on.
    pub tasks: Vec<CrossTaskTask>,
    /// To train on.
    pub train: Vec<StepsVideo>,
    /// To choose an epoch by.
    pub validation: Vec<StepsVideo>,
    /// To test on, all annotated.
    pub test: Vec<StepsVideo>,
    /// What there is of each, and what was left out and why, in the order in which it is read.
    pub counts: Vec<(&'static str, usize)>,
}

impl StepsVideos {
    /// Reads the release and asks the features how long each video is.
    ///
    /// # Errors
    /// When a file cannot be read, or no video is left to test on.
    pub fn read(
        data: &StepsData,
        features: &PerSecondFeatures,
        observer: &mut dyn TaskObserver,
    ) -> Result<Self, TransferError> {
        let mut listed = Listed::read(data, observer)?;
        let (train, test) = listed.parts(data)?;
        let validation: Vec<_> = listed.of_validation().cloned().collect();
        let mut counts = vec![("annotation rows that were not understood", listed.not_understood)];
        let mut without_features = BTreeSet::new();
        let mut measure = |videos: Vec<StepsVideo>| -> Result<Vec<StepsVideo>, TransferError> {
            let mut measured = Vec::with_capacity(videos.len());
            for mut video in videos {
                match features.read(&video.id)? {
                    Some(seconds) => {
                        video.seconds = seconds.len();
                        measured.push(video);
                    }
                    None => {
                        without_features.insert(video.id);
                    }
                }
            }
            Ok(measured)
        };
        let (mut train, validation, test) = (measure(train)?, measure(validation)?, measure(test)?);
        let is_too_short = |video: &StepsVideo| video.seconds < video.num_steps();
        let short = [&train, &validation, &test]
            .map(|part| part.iter().filter(|video| is_too_short(video)).count());
        // Of those tested on each step is a miss; there is nothing to learn from the others.
        train.retain(|video| !is_too_short(video));
        if !without_features.is_empty() {
            let first = without_features.first().expect("not empty");
            observer.warning(&format!(
                "no features of {} videos, {first} among them",
                without_features.len()
            ));
        }
        counts.extend([
            ("videos without features", without_features.len()),
            ("videos with fewer seconds than steps, to train on (left out)", short[0]),
            (
                "videos with fewer seconds than steps, to measure (all steps missed)",
                short[1] + short[2],
            ),
            ("videos to train on", train.len()),
            ("videos to validate on", validation.len()),
            ("videos to test on", test.len()),
            ("tasks tested", test.iter().map(|video| &video.task).collect::<BTreeSet<_>>().len()),
        ]);
        if test.is_empty() {
            return Err(TransferError::Nothing {
                what: "annotated videos with features to test on (data.test_list, or those beyond \
                       data.train_videos of a task)",
            });
        }
        Ok(Self { tasks: listed.tasks, train, validation, test, counts })
    }

    /// The counts with no zeros among what was left out.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, usize)> {
        self.counts
            .iter()
            .copied()
            .filter(|(what, count)| *count > 0 || what.starts_with("videos to"))
    }
}

/// A task's number and a video's id.
type VideoKey = (String, String);

/// The spans of each step of a video.
type Intervals = Vec<Vec<TimeSpan>>;

/// The release as it stands in its files.
struct Listed {
    tasks: Vec<CrossTaskTask>,
    primary: BTreeSet<String>,
    videos: BTreeMap<(String, String), StepsVideo>,
    validation: BTreeSet<(String, String)>,
    not_understood: usize,
}

impl Listed {
    fn read(data: &StepsData, observer: &mut dyn TaskObserver) -> Result<Self, TransferError> {
        let (mut tasks, mut not_understood) = read_tasks(&data.release.join("tasks_primary.txt"))?;
        let primary: BTreeSet<String> = tasks.iter().map(|task| task.id.clone()).collect();
        let related = data.release.join("tasks_related.txt");
        if data.use_related && related.is_file() {
            let (related, broken) = read_tasks(&related)?;
            tasks.extend(related.into_iter().filter(|task| !primary.contains(&task.id)));
            not_understood += broken;
        }
        let mut listed = Self {
            tasks,
            primary,
            videos: BTreeMap::new(),
            validation: BTreeSet::new(),
            not_understood,
        };
        let annotated = listed.intervals(&data.release.join("annotations"), observer)?;
        for (key, spans) in annotated {
            listed.video(key).truth = Some(spans);
        }
        if let Some(folder) = data.constraints() {
            for (key, spans) in listed.intervals(&folder, observer)? {
                listed.video(key).told = spans;
            }
        }
        Ok(listed)
    }

    /// The intervals in a folder, of each video the spans of each step.
    fn intervals(
        &mut self,
        folder: &Path,
        observer: &mut dyn TaskObserver,
    ) -> Result<Vec<(VideoKey, Intervals)>, TransferError> {
        let reader =
            CorpusReader::new(folder, &ReadSettings::default(), FileLookup::WhereThereIsAFolder)?;
        let mut found = Vec::new();
        for source in reader.sources() {
            let mut videos: Vec<NarratedVideo> = Vec::new();
            let report = reader.read(source, &mut videos)?;
            // Most videos have no intervals of one of the two kinds; that is no fault.
            let faults: Vec<String> = report
                .dropped
                .iter()
                .filter(|(reason, _)| {
                    reason.is_fault() && **reason != DropReason::VideoWithoutCaptions
                })
                .map(|(reason, count)| format!("{count} x {reason}"))
                .collect();
            if !faults.is_empty() {
                observer.warning(&format!("{}: left out: {}", folder.display(), faults.join(", ")));
            }
            self.not_understood += report.dropped.get(&DropReason::NotUnderstood).unwrap_or(&0);
            for video in videos {
                let Some(task) = video.task.clone() else { continue };
                let Some(k) = self.tasks.iter().find(|t| t.id == task).map(|t| t.steps.len())
                else {
                    continue;
                };
                let mut spans = vec![Vec::new(); k];
                for caption in &video.captions {
                    if let Some(spans) =
                        (caption.id as usize).checked_sub(1).and_then(|s| spans.get_mut(s))
                    {
                        spans.push(caption.span);
                    }
                }
                let key = (task, video.id);
                if video.subset == Some(Subset::Validation) {
                    self.validation.insert(key.clone());
                }
                found.push((key, spans));
            }
        }
        Ok(found)
    }

    fn video(&mut self, key: (String, String)) -> &mut StepsVideo {
        let k = self.tasks.iter().find(|task| task.id == key.0).map_or(0, |task| task.steps.len());
        self.videos.entry(key).or_insert_with_key(|(task, id)| StepsVideo {
            id: id.clone(),
            task: task.clone(),
            truth: None,
            told: vec![Vec::new(); k],
            seconds: 0,
        })
    }

    fn of_validation(&self) -> impl Iterator<Item = &StepsVideo> {
        let videos = self.validation.iter().filter_map(|key| self.videos.get(key));
        videos.filter(|video| video.truth.is_some())
    }

    /// The videos to train and to test on.
    fn parts(
        &mut self,
        data: &StepsData,
    ) -> Result<(Vec<StepsVideo>, Vec<StepsVideo>), TransferError> {
        let free: Vec<&StepsVideo> = self
            .videos
            .iter()
            .filter(|(key, _)| !self.validation.contains(key))
            .map(|(_, video)| video)
            .collect();
        let (mut train, mut test) = (Vec::new(), Vec::new());
        if let (Some(to_train), Some(to_test)) = (&data.train_list, &data.test_list) {
            let (to_train, to_test) = (IdList::read(to_train)?, IdList::read(to_test)?);
            if let Some(both) =
                free.iter().find(|v| to_train.contains(&v.id) && to_test.contains(&v.id))
            {
                return Err(TransferError::Setting {
                    key: "data.test_list",
                    found: format!("a list with {}, which data.train_list has too", both.id),
                    expected: "other videos than those trained on",
                });
            }
            for video in free {
                if to_train.contains(&video.id) {
                    train.push(video.clone());
                } else if to_test.contains(&video.id) {
                    test.push(video.clone());
                }
            }
        } else {
            for (number, task) in self.tasks.iter().enumerate() {
                let mut videos: Vec<&StepsVideo> =
                    free.iter().copied().filter(|video| video.task == task.id).collect();
                if self.primary.contains(&task.id) && videos.len() > data.train_videos {
                    videos.shuffle(&mut generator(data.split_seed, Draw::Split, number as u64, 0));
                    let rest = videos.split_off(data.train_videos);
                    test.extend(rest.into_iter().cloned());
                }
                train.extend(videos.into_iter().cloned());
            }
        }
        test.retain(|video: &StepsVideo| video.truth.is_some());
        Ok((train, test))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_may_be_where_it_is_told_and_anywhere_when_it_is_told_nowhere() {
        let video = StepsVideo {
            id: "a".into(),
            task: "1".into(),
            truth: None,
            told: vec![vec![TimeSpan::new(0.5, 1.2), TimeSpan::new(3.0, 9.0)], vec![]],
            seconds: 4,
        };
        assert_eq!(video.constraints(), [0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0]);
    }
}
