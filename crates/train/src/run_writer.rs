//! What a run writes into its folder while it trains.

use std::path::{Path, PathBuf};

use locvtp_corpus::Corpus;
use locvtp_model::model_directory::{replace_directory, write_synced};
use locvtp_model::{ModelDirectory, TrainingWords};
use locvtp_video::FolderLock;

use crate::bad_videos::{self, BadVideoList};
use crate::checkpoint::{self, Checkpoint};
use crate::error::TrainError;
use crate::experiment::Experiment;
use crate::prepared::{self, Prepared};
use crate::run_folder::RUN_FILE;
use crate::run_log::{RunLog, StepReport};
use crate::usable::{BadVideo, UsableCorpus};

/// The files of a run in work.
pub(crate) struct RunWriter {
    run: PathBuf,
    experiment: Experiment,
    fingerprint: u32,
    words_seen: TrainingWords,
    log: RunLog,
    bad_videos: BadVideoList,
    /// Of a folder that was made for this run.
    _lock: Option<FolderLock>,
}

impl RunWriter {
    /// Writes `run.toml`, the words of the captions and the list of bad videos, and opens the log at
    /// the first step to do.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(crate) fn open(prepared: &Prepared) -> Result<Self, TrainError> {
        let Prepared { run, experiment, goes_on, corpus, lock, .. } = prepared;
        std::fs::create_dir_all(run).map_err(TrainError::writing(run))?;
        let lock = match lock {
            Some(_) => None,
            None => {
                let lock = prepared::lock(run)?;
                // Another run may have come and gone since this one looked.
                prepared::goes_on(run, false)?;
                Some(lock)
            }
        };
        let text = experiment.to_toml();
        write_synced(&run.join(RUN_FILE), text.as_bytes()).map_err(TrainError::saving)?;
        let words_seen = training_words(experiment, corpus, run, *goes_on)?;
        let log = RunLog::open(run, prepared.state.next_step)?;
        let earlier = if *goes_on { bad_videos::read(run) } else { Vec::new() };
        let bad_videos = BadVideoList::create(run, earlier, prepared.unreadable.clone())?;
        Ok(Self {
            run: run.clone(),
            experiment: experiment.clone(),
            fingerprint: prepared.fingerprint,
            words_seen,
            log,
            bad_videos,
            _lock: lock,
        })
    }

    /// Seconds that the run has taken, and waited for the loader, before it was opened.
    pub(crate) fn spent_s(&self) -> (f64, f64) {
        self.log.spent_s()
    }

    /// Adds a step to the log.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn log(&mut self, report: &StepReport) -> Result<(), TrainError> {
        self.log.write(report)
    }

    /// Adds a video to the list of bad ones.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn leave_out(&mut self, video: BadVideo) -> Result<(), TrainError> {
        self.bad_videos.add(video)
    }

    /// Writes a checkpoint, and says where.
    ///
    /// # Errors
    /// When the disk is full or read-only; earlier checkpoints are intact then.
    pub(crate) fn checkpoint(&self, state: &Checkpoint) -> Result<PathBuf, TrainError> {
        checkpoint::write(&self.run, state, &self.words_seen, &self.experiment, self.fingerprint)
    }

    /// Writes the model directory of a finished run, and that of its moving average, if it has one.
    ///
    /// # Errors
    /// When the disk is full or read-only.
    pub(crate) fn model(&self, state: &Checkpoint) -> Result<(), TrainError> {
        if let Some(average) = state.average_directory() {
            self.directory("model-ema", &average)?;
        }
        // Last: where it is, the run is finished.
        self.directory("model", &state.directory)
    }

    fn directory(&self, name: &str, directory: &ModelDirectory) -> Result<(), TrainError> {
        replace_directory(&self.run.join(name), |dir| {
            directory.write_files(dir)?;
            self.words_seen.write(dir)
        })
        .map_err(TrainError::saving)
    }

    /// All videos that could not be used.
    pub(crate) fn into_bad_videos(self) -> Vec<BadVideo> {
        self.bad_videos.into_videos()
    }
}

/// The words that the run shows its model, kept in its folder so that a run that goes on needs the
/// directory it started from no more.
fn training_words(
    experiment: &Experiment,
    corpus: &UsableCorpus,
    run: &Path,
    goes_on: bool,
) -> Result<TrainingWords, TrainError> {
    if let Some(kept) = TrainingWords::read(run)?.filter(|_| goes_on) {
        return Ok(kept);
    }
    let captions = corpus.videos().iter().flat_map(|video| &video.captions);
    let words = TrainingWords::of(captions.map(|caption| caption.text.as_str()));
    let words = match &experiment.start.model {
        Some(dir) => words.after(TrainingWords::of_model(dir)?),
        None => words,
    };
    words.write(run).map_err(TrainError::saving)?;
    Ok(words)
}
