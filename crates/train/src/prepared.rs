//! Everything that is read and decided before the first step of a run.
//!
//! What is cheap to refuse is refused first: (1) the folder and the run file, (2) the videos, each
//! opened once by one of the ranks, (3) the newest whole checkpoint, or else (4) the words and the weights. Nothing is
//! written into the run folder; that begins with [`Prepared::train`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use burn::module::Module;
use locvtp_cluster::{Alone, Communicator};
use locvtp_corpus::{AnnotatedCorpus, Corpus, NarratedVideo, PairSampler, Rank, ReadReport};
use locvtp_model::{Device, ModelDirectory, SentenceTokenizer};
use locvtp_video::{FolderLock, FolderLockError, VideoOpener};

use crate::bad_videos;
use crate::checkpoint::{self, Checkpoint, corpus_fingerprint};
use crate::error::TrainError;
use crate::experiment::Experiment;
use crate::nearby::did_you_mean;
use crate::observer::{ChosenMemory, Observer, RunStart};
use crate::optimizer::Adam;
use crate::run_folder::RunFolder;
use crate::run_log::LOG_FILE;
use crate::start;
use crate::together::{check_sameness, on_first};
use crate::usable::{BadVideo, UsableCorpus};

/// A run that can begin or go on.
pub struct Prepared {
    /// When opening began; a run's seconds are counted from here.
    pub(crate) began: Instant,
    /// The run folder.
    pub(crate) run: PathBuf,
    /// Whether the folder holds a checkpoint or a model that the run goes on from.
    pub(crate) goes_on: bool,
    /// The run file with everything decided.
    pub(crate) experiment: Experiment,
    /// The device, with gradients.
    pub(crate) device: Device,
    pub(crate) corpus: Arc<UsableCorpus>,
    /// What the caption file held.
    read_report: ReadReport,
    /// Videos that did not open.
    pub(crate) unreadable: Vec<BadVideo>,
    pub(crate) sampler: PairSampler,
    pub(crate) tokenizer: SentenceTokenizer,
    pub(crate) opener: VideoOpener,
    /// Of the videos' ids.
    pub(crate) fingerprint: u32,
    /// Weights, moments, and the step to do next.
    pub(crate) state: Checkpoint,
    pub(crate) total_steps: u64,
    /// What `train.memory_gib` has chosen.
    pub(crate) chosen_memory: Option<ChosenMemory>,
    /// Of the folder, where it is there already.
    pub(crate) lock: Option<FolderLock>,
}

impl Prepared {
    /// Reads and decides what `experiment` needs in the folder `run`: its newest checkpoint with
    /// `resume`, else a model and a vocabulary of its own. `observer` gets the warnings.
    ///
    /// # Errors
    /// When the experiment contradicts itself, the folder has a run and `resume` is not set (or the
    /// other way round), the corpus has nothing usable, or the checkpoint belongs to another run.
    pub fn open(
        experiment: &Experiment,
        run: &Path,
        resume: bool,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Self, TrainError> {
        Self::open_together(&Alone, experiment, run, resume, device, observer)
    }

    /// The same as one of several ranks, each of which trains on its part of every batch.
    ///
    /// # Errors
    /// Those of [`open`](Self::open), when a batch cannot be shared evenly, and when the ranks do not have the
    /// same program, run file, corpus and weights.
    pub fn open_together(
        ranks: &dyn Communicator,
        experiment: &Experiment,
        run: &Path,
        resume: bool,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Self, TrainError> {
        let began = Instant::now();
        // To read a large corpus takes long and says nothing on the way.
        ranks.progress().rest();
        // The folder first: with a misspelt one, nothing else that is wrong matters.
        let lock = on_first(ranks, || run.is_dir().then(|| lock(run)).transpose())?.flatten();
        ranks.progress().rest();
        let goes_on = goes_on(run, resume)?;
        let experiment = start::resolved(experiment, run, goes_on)?;
        experiment.check()?;
        let settings = experiment.corpus.read_settings();
        let (listed, read_report) = AnnotatedCorpus::open(&experiment.corpus.dir, &settings)?;
        let opener = experiment.opener()?;
        let max_bad = experiment.corpus.max_bad;
        let usable = UsableCorpus::check_together(ranks, &listed, max_bad, &opener)?;
        let (corpus, unreadable) = as_the_run_has_it(run, goes_on, &listed, usable, observer);
        for bad in &unreadable {
            observer.warning(&format!("left out {}: {}", bad.path.display(), bad.reason));
        }
        if let Some(told) = corpus.told_of_captions() {
            observer.warning(&told);
        }
        let corpus = Arc::new(corpus);
        let sampler = sampler(&experiment, Arc::clone(&corpus) as Arc<dyn Corpus>, ranks.rank())?;
        let fingerprint = fingerprint_of(&corpus);

        let device = device.clone().autodiff();
        let mut state = if goes_on {
            let mut warnings = Vec::new();
            let newest =
                checkpoint::read_newest(run, &experiment, fingerprint, &device, &mut warnings);
            warnings.iter().for_each(|reason| observer.warning(reason));
            newest?
        } else {
            if resume || run.join(LOG_FILE).exists() {
                let run = run.display();
                observer.warning(&format!(
                    "{run}: has no checkpoint to go on from; the run starts over"
                ));
            }
            first_state(&experiment, &corpus, &device, observer)?
        };
        state.directory.model = state.directory.model.frozen(&experiment.train.freeze)?;
        let total_steps = experiment.total_steps(sampler.steps_per_epoch());
        if state.next_step > total_steps {
            // Its model would pass for one of fewer steps.
            let (path, done) = (run.into(), state.next_step);
            return Err(TrainError::Overrun { path, done, total: total_steps });
        }
        let tokenizer = state.directory.words()?.clone();
        let model = &state.directory.model;
        check_sameness(ranks, &experiment, fingerprint, state.next_step, model)?;
        Ok(Self {
            began,
            run: run.into(),
            goes_on,
            experiment,
            device,
            corpus,
            read_report,
            unreadable,
            sampler,
            tokenizer,
            opener,
            fingerprint,
            state,
            total_steps,
            chosen_memory: None,
            lock,
        })
    }

    /// The videos trained on.
    pub(crate) fn videos(&self) -> &[NarratedVideo] {
        self.corpus.videos()
    }

    /// What the run begins with.
    pub fn start(&self) -> RunStart {
        RunStart {
            corpus: self.read_report.clone(),
            num_videos: self.corpus.videos().len(),
            num_unopened: self.corpus.num_unopened(),
            num_parameters: self.state.directory.model.num_params(),
            vocab_size: self.tokenizer.vocab_size(),
            first_step: self.state.next_step,
            total_steps: self.total_steps,
            loader_mib: self.experiment.loader_mib(),
            chosen_memory: self.chosen_memory,
        }
    }
}

/// The usable videos, and those that are left out. A run that goes on keeps the videos that it began with, whatever has
/// become of their files since: otherwise every place of a batch would draw another video.
fn as_the_run_has_it(
    run: &Path,
    goes_on: bool,
    listed: &dyn Corpus,
    (usable, bad): (UsableCorpus, Vec<BadVideo>),
    observer: &mut dyn Observer,
) -> (UsableCorpus, Vec<BadVideo>) {
    let now = fingerprint_of(&usable);
    if !goes_on || checkpoint::newest_corpus_fingerprint(run).is_none_or(|then| then == now) {
        return (usable, bad);
    }
    let left_out = bad_videos::read(run).into_iter().filter(|video| video.at_start);
    let left_out = left_out.map(|video| (video.id.clone(), video)).collect();
    let again = bad.iter().map(|video| video.id.clone()).collect::<BTreeSet<_>>();
    let (usable, bad, gone) = usable.kept_from_start(listed, bad, &left_out);
    for video in bad.iter().filter(|video| !again.contains(&video.id)) {
        observer.warning(&format!(
            "{}: can be used now, and stays left out: the run began without it",
            video.path.display()
        ));
    }
    for BadVideo { path, reason, .. } in gone {
        let path = path.display();
        observer.warning(&format!("{path}: could be used when the run began; a step that wants it takes another ({reason})"));
    }
    (usable, bad)
}

/// Of the videos that are used.
fn fingerprint_of(corpus: &UsableCorpus) -> u32 {
    corpus_fingerprint(corpus.videos().iter().map(|video| video.id.as_str()))
}

/// Has the folder for this run alone.
pub(crate) fn lock(run: &Path) -> Result<FolderLock, TrainError> {
    FolderLock::take(run).map_err(|error| match error {
        FolderLockError::Busy { holder } => TrainError::RunBusy { path: run.into(), holder },
        FolderLockError::Open(source) => TrainError::reading(run)(source),
    })
}

/// Whether the folder holds what a run goes on from; an error when that is not what was asked for.
pub(crate) fn goes_on(run: &Path, resume: bool) -> Result<bool, TrainError> {
    let has_run = run.join("model").exists() || !checkpoint::list(run).is_empty();
    if has_run && !resume {
        return Err(TrainError::RunExists { path: run.into() });
    }
    if resume && !RunFolder::was_begun(run) {
        let did_you_mean = did_you_mean(run, "a run", RunFolder::was_begun);
        return Err(TrainError::NothingToResume { path: run.into(), did_you_mean });
    }
    Ok(has_run)
}

/// The sampler of the run's pairs; an error when the objective has nothing to do for some of them.
fn sampler(
    experiment: &Experiment,
    corpus: Arc<dyn Corpus>,
    rank: Rank,
) -> Result<PairSampler, TrainError> {
    let sampler = PairSampler::new(corpus, experiment.pairs.clone(), experiment.run.seed)?;
    let sampler = sampler.of_rank(rank)?;
    let part = |batch: usize| batch / rank.world_size();
    let (long, short) = (experiment.pairs.long_batch, experiment.pairs.short_batch);
    if let Some(at_once) = experiment.train.micro_batch
        && at_once > part(long.max(short))
    {
        return Err(TrainError::Contradiction {
            first: "train.micro_batch",
            second: "pairs.long_batch",
            reason: format!(
                "{at_once} pairs at once, and each of {} processes has {} of a batch at most; lower \
                 train.micro_batch",
                rank.world_size(),
                part(long.max(short))
            ),
        });
    }
    if sampler.has_pictures() && experiment.objective.ends_with_temporal_alone() {
        return Err(TrainError::Contradiction {
            first: "objective.temporal",
            second: "pairs.picture_share",
            reason: "L_t alone has nothing to compare in pictures, which the corpus has; set \
                     pairs.picture_share to 0, or raise another weight"
                .into(),
        });
    }
    Ok(sampler)
}

/// The words and the weights of a run that begins.
fn first_state(
    experiment: &Experiment,
    corpus: &UsableCorpus,
    device: &Device,
    observer: &mut dyn Observer,
) -> Result<Checkpoint, TrainError> {
    let optimizer = Adam::new(experiment.optimizer.clone());
    if let Some(dir) = &experiment.start.model {
        let start::Start { directory, drawn } = start::read(experiment, dir, device)?;
        if !drawn.is_empty() {
            let (dir, drawn) = (dir.display(), drawn.join(", "));
            observer.warning(&format!(
                "{dir}: has no {drawn} of the run file's size; drawn from run.seed"
            ));
        }
        return Ok(at_step_0(experiment, directory, optimizer));
    }
    let mut config = experiment.model.clone();
    let max_tokens = config.text.max_tokens();
    let tokenizer = match &experiment.tokenizer.file {
        Some(file) => SentenceTokenizer::read(file, max_tokens)?,
        None => {
            let texts = corpus
                .videos()
                .iter()
                .flat_map(|video| video.captions.iter().map(|caption| caption.text.as_str()));
            SentenceTokenizer::train(texts, experiment.tokenizer.vocab_size, max_tokens)?
        }
    };
    config.text.check_tokenizer(&tokenizer)?;
    config.text.set_vocab_size(tokenizer.vocab_size());
    let model = config.init(experiment.run.seed, device);
    let preprocessing = experiment.preprocessing.clone();
    let tokenizer = Some(tokenizer);
    let directory = ModelDirectory { config, preprocessing, tokenizer, model };
    Ok(at_step_0(experiment, directory, optimizer))
}

/// A run that has done nothing yet.
fn at_step_0(experiment: &Experiment, directory: ModelDirectory, optimizer: Adam) -> Checkpoint {
    let average = experiment.train.ema.map(|_| directory.model.clone());
    Checkpoint { next_step: 0, directory, optimizer, average, memory_before: None }
}
