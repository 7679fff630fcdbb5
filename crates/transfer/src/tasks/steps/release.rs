//! CrossTask's release as it stands in its files: which videos are trained on, validated and tested,
//! before their features are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use locvtp_corpus::crosstask::{CrossTaskTask, read_tasks};
use locvtp_corpus::{
    CorpusReader, DropReason, FileLookup, IdList, NarratedVideo, ReadSettings, Subset,
};
use locvtp_video::TimeSpan;
use locvtp_video::counted::counted_as;
use rand::seq::SliceRandom;

use super::videos::{StepsData, StepsVideo, StepsVideos};
use crate::error::TransferError;
use crate::inputs::per_second::PerSecondFeatures;
use crate::inputs::short_features::{VideoLength, note_of_short};
use crate::observer::TaskObserver;
use crate::setting_error::SettingError;
use locvtp_measure::MeasureError;
use locvtp_video::randomness::{Purpose, generator};

const NOTHING_TO_TEST: &str = "annotated videos with features to test on (data.test_list, or those \
                               beyond data.train_videos of a task)";
const NOTHING_TO_TRAIN: &str = "videos with features to train on (data.train_list, or \
                                data.train_videos of a task)";

/// The videos of the parts, before their features are looked at.
pub(super) struct ListedParts {
    tasks: Vec<CrossTaskTask>,
    train: Vec<StepsVideo>,
    validation: Vec<StepsVideo>,
    test: Vec<StepsVideo>,
    not_understood: usize,
}

impl ListedParts {
    /// Reads the release; only what is tested, where nothing is trained.
    ///
    /// # Errors
    /// When a file cannot be read, or lists no video to test or to train on.
    pub(super) fn read(
        data: &StepsData,
        trains: bool,
        observer: &mut dyn TaskObserver,
    ) -> Result<Self, TransferError> {
        let mut listed = ReleaseVideos::read(data, observer)?;
        let (mut train, test) = listed.parts(data)?;
        let mut validation: Vec<_> = listed.of_validation().cloned().collect();
        if test.is_empty() {
            return Err(MeasureError::Nothing { what: NOTHING_TO_TEST }.into());
        }
        if !trains {
            train.clear();
            validation.clear();
        } else if train.is_empty() {
            return Err(MeasureError::Nothing { what: NOTHING_TO_TRAIN }.into());
        }
        let ReleaseVideos { tasks, not_understood, .. } = listed;
        Ok(Self { tasks, train, validation, test, not_understood })
    }

    /// The texts of the steps.
    pub(super) fn steps(&self) -> impl Iterator<Item = &str> {
        self.tasks.iter().flat_map(|task| task.steps.iter().map(String::as_str))
    }

    /// The first video that is tested.
    pub(super) fn first_id(&self) -> Option<&str> {
        self.test.first().map(|video| video.id.as_str())
    }

    /// The ids of all videos.
    ///
    /// # Errors
    /// When none of the videos to test on, or of those to train on, is among what `holds` says is
    /// there.
    pub(super) fn ids(
        &self,
        holds: impl Fn(&str) -> bool,
    ) -> Result<BTreeSet<String>, TransferError> {
        let none = |part: &[StepsVideo]| !part.iter().any(|video| holds(&video.id));
        if none(&self.test) {
            return Err(MeasureError::Nothing { what: NOTHING_TO_TEST }.into());
        }
        if !self.train.is_empty() && none(&self.train) {
            return Err(MeasureError::Nothing { what: NOTHING_TO_TRAIN }.into());
        }
        let all = [&self.train, &self.validation, &self.test].into_iter().flatten();
        Ok(all.map(|video| video.id.clone()).collect())
    }

    /// Asks the features how long each video is.
    ///
    /// # Errors
    /// When features cannot be read, or no video is left to test on.
    pub(super) fn measured(
        self,
        features: &PerSecondFeatures,
        observer: &mut dyn TaskObserver,
    ) -> Result<StepsVideos, TransferError> {
        let Self { tasks, train, validation, test, not_understood } = self;
        let mut counts = vec![("annotation rows that were not understood", not_understood)];
        let mut without_features = BTreeSet::new();
        let mut lengths = Vec::new();
        let mut measure = |videos: Vec<StepsVideo>| -> Result<Vec<StepsVideo>, TransferError> {
            let mut measured = Vec::with_capacity(videos.len());
            for mut video in videos {
                match features.read(&video.id)? {
                    Some(seconds) => {
                        video.seconds = seconds.len();
                        let truth = video.truth.iter().flatten().flatten();
                        let end = truth.map(|span| span.end.0).fold(0.0, f64::max);
                        if end > 0.0 {
                            let (id, clips) = (video.id.clone(), video.seconds);
                            lengths.push(VideoLength { id, num_clips: clips, duration_s: end });
                        }
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
        if let Some(note) = note_of_short(&lengths) {
            observer.warning(&note);
        }
        let is_too_short = |video: &StepsVideo| video.seconds < video.num_steps();
        let short = [&train, &validation, &test]
            .map(|part| part.iter().filter(|video| is_too_short(video)).count());
        // Of those tested on each step is a miss; there is nothing to learn from the others.
        train.retain(|video| !is_too_short(video));
        if !without_features.is_empty() {
            let first = without_features.first().expect("not empty");
            observer.warning(&format!(
                "no features of {}, {first} among them",
                counted_as(without_features.len(), "video", "videos")
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
            return Err(MeasureError::Nothing { what: NOTHING_TO_TEST }.into());
        }
        Ok(StepsVideos { tasks, train, validation, test, counts })
    }
}

/// A task's number and a video's id.
type VideoKey = (String, String);

/// The spans of each step of a video.
type Intervals = Vec<Vec<TimeSpan>>;

/// The release as it stands in its files.
struct ReleaseVideos {
    tasks: Vec<CrossTaskTask>,
    primary: BTreeSet<String>,
    videos: BTreeMap<(String, String), StepsVideo>,
    validation: BTreeSet<(String, String)>,
    not_understood: usize,
}

impl ReleaseVideos {
    fn read(data: &StepsData, observer: &mut dyn TaskObserver) -> Result<Self, TransferError> {
        let (mut tasks, broken) = read_tasks(&data.release.join("tasks_primary.txt"))?;
        let mut not_understood = broken.len();
        let primary: BTreeSet<String> = tasks.iter().map(|task| task.id.clone()).collect();
        let related = data.release.join("tasks_related.txt");
        if data.use_related && related.is_file() {
            let (related, broken) = read_tasks(&related)?;
            tasks.extend(related.into_iter().filter(|task| !primary.contains(&task.id)));
            not_understood += broken.len();
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
                return Err(SettingError {
                    key: "data.test_list",
                    found: format!("a list with {}, which data.train_list has too", both.id),
                    expected: "other videos than those trained on",
                }
                .into());
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
                    videos.shuffle(&mut generator(
                        data.split_seed,
                        Purpose::Split,
                        number as u64,
                        0,
                    ));
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
