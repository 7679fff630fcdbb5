//! CrossTask's videos as the task needs them: the steps of their tasks, what narration allows, where
//! the steps truly are, and which part they are in.

use std::path::PathBuf;

use locvtp_corpus::layouts::CrossTaskTask;
use locvtp_video::TimeSpan;
use serde::{Deserialize, Serialize};

use crate::setting_error::SettingError;
use locvtp_measure::metrics::seconds_of;

/// `[data]` of a steps task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
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
    #[schemars(range(min = 1))]
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
    pub fn check(&self) -> Result<(), SettingError> {
        let setting = |key, found: &str, expected| {
            Err(SettingError { key, found: found.to_owned(), expected })
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

    pub(super) fn constraints(&self) -> Option<PathBuf> {
        const FOLDER: &str = "crosstask_constraints";
        let beside = self.release.parent().map(|around| around.join(FOLDER));
        let places = [self.constraints.clone(), Some(self.release.join(FOLDER)), beside];
        places.into_iter().flatten().find(|folder| folder.is_dir())
    }
}

/// A video of a task.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StepsVideo {
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
    pub(super) fn num_steps(&self) -> usize {
        self.told.len()
    }

    /// 1 in seconds in which narration does not tell a step, else 0: `[seconds, steps]`. A step that is
    /// told nowhere has ones only, so it may be anywhere.
    pub(super) fn constraints(&self) -> Vec<f64> {
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
pub(super) struct StepsVideos {
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
    /// The counts with no zeros among what was left out.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&'static str, usize)> {
        self.counts
            .iter()
            .copied()
            .filter(|(what, count)| *count > 0 || what.starts_with("videos to"))
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
