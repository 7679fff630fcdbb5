//! The pre-training loop.
//!
//! Start order: (1) check the folder and the run file, (2) open every video, (3) resume the newest whole checkpoint, or else (4) build
//! the words and draw the weights; only then is anything written. Then one step after the other: batch, losses,
//! gradients, update, log, checkpoint. A run that ended before its first checkpoint starts over.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use burn::tensor::Tensor;
use locvtp_corpus::{AnnotatedCorpus, Corpus, PairSampler, ReadReport};
use locvtp_model::loss::{Losses, PerTerm, WarpDistances};
use locvtp_model::model_directory::{replace_directory, write_synced};
use locvtp_model::tokenizer::SentenceTokenizer;
use locvtp_model::training_words::TrainingWords;
use locvtp_model::{ClipPatches, Device, LocVtp, ModelDirectory};

use crate::bad_videos::{self, BadVideoList};
use crate::batch::{BatchSource, PretrainBatch};
use crate::checkpoint::{self, Checkpoint, corpus_fingerprint};
use crate::error::TrainError;
use crate::experiment::Experiment;
use crate::loader::Loader;
use crate::nearby::did_you_mean;
use crate::optimizer::Adam;
use crate::run_folder::RunFolder;
use crate::run_log::{LOG_FILE, RunLog, StepReport};
use crate::schedule::Position;
use crate::seeds::{Draw, seed};
use crate::start;
use crate::usable::{BadVideo, UsableCorpus};

/// What a run tells whoever watches it.
pub trait Observer {
    /// The corpus was read and the model is ready.
    fn started(&mut self, start: &RunStart);
    /// A step was done.
    fn step(&mut self, report: &StepReport, total_steps: u64);
    /// A checkpoint was written.
    fn checkpoint(&mut self, path: &Path);
    /// Something was left out or repaired.
    fn warning(&mut self, text: &str);
    /// Asked after every step: whether to save and stop.
    fn should_stop(&self) -> bool;
}

/// What a run begins with.
#[derive(Clone, Debug)]
pub struct RunStart {
    /// What the caption file held.
    pub corpus: ReadReport,
    /// Videos trained on.
    pub videos: usize,
    /// Those of them that are opened only when a step wants them ([`UsableCorpus::unopened`]).
    pub unopened: usize,
    /// Numbers in the model.
    pub parameters: usize,
    /// Tokens of the vocabulary.
    pub vocabulary: usize,
    /// The first step to do.
    pub first_step: u64,
    /// Steps of the whole run.
    pub total_steps: u64,
    /// What the loader may hold at most, MiB.
    pub loader_mib: usize,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct RunEnd {
    /// Whether all steps were done.
    pub finished: bool,
    /// The step to do next.
    pub next_step: u64,
    /// Seconds since the run (or its resume) began.
    pub seconds: f64,
    /// Videos that could not be used.
    pub bad_videos: Vec<BadVideo>,
    /// The model directory; written when the run is finished.
    pub model: PathBuf,
}

/// Runs `experiment` in the folder `run`.
///
/// # Errors
/// When the experiment contradicts itself, the corpus has nothing usable, the folder cannot be written, a loss is not
/// finite, or the checkpoint to resume belongs to another run.
pub fn pretrain(
    experiment: &Experiment,
    run: &Path,
    resume: bool,
    device: &Device,
    observer: &mut dyn Observer,
) -> Result<RunEnd, TrainError> {
    let began = Instant::now();
    let model = run.join("model");
    let has_run = model.exists() || !checkpoint::list(run).is_empty();
    // The folder first: with a misspelt one, nothing else that is wrong matters.
    if has_run && !resume {
        return Err(TrainError::RunExists { path: run.into() });
    }
    if resume && !RunFolder::was_begun(run) {
        let did_you_mean = did_you_mean(run, "a run", RunFolder::was_begun);
        return Err(TrainError::NothingToResume { path: run.into(), did_you_mean });
    }
    let experiment = &start::resolved(experiment, run, has_run)?;
    experiment.check()?;
    let settings = experiment.corpus.read_settings();
    let (listed, read_report) = AnnotatedCorpus::open(&experiment.corpus.dir, &settings)?;
    let opener = experiment.opener()?;
    let max_bad = experiment.corpus.max_bad;
    let (corpus, unreadable) = UsableCorpus::check(&listed, max_bad, &opener)?;
    for bad in &unreadable {
        observer.warning(&format!("left out {}: {}", bad.path.display(), bad.reason));
    }
    if let Some(told) = corpus.told_of_captions() {
        observer.warning(&told);
    }
    let corpus = Arc::new(corpus);
    let (videos, unopened) = (corpus.videos().len(), corpus.unopened());
    let (pairs, run_seed) = (experiment.pairs.clone(), experiment.run.seed);
    let sampler = PairSampler::new(Arc::clone(&corpus) as Arc<dyn Corpus>, pairs, run_seed)?;
    if sampler.has_pictures() && experiment.objective.ends_with_temporal_alone() {
        return Err(TrainError::Contradiction {
            first: "objective.temporal",
            second: "pairs.picture_share",
            reason: "L_t alone has nothing to compare in pictures, which the corpus has; set \
                     pairs.picture_share to 0, or raise another weight"
                .into(),
        });
    }
    let fingerprint = corpus_fingerprint(corpus.videos().iter().map(|video| video.id.as_str()));

    let device = device.clone().autodiff();
    let state = if has_run {
        let mut warnings = Vec::new();
        let newest = checkpoint::read_newest(run, experiment, fingerprint, &device, &mut warnings);
        warnings.iter().for_each(|reason| observer.warning(reason));
        newest?
    } else {
        if resume || run.join(LOG_FILE).exists() {
            let run = run.display();
            observer
                .warning(&format!("{run}: has no checkpoint to go on from; the run starts over"));
        }
        begin(experiment, &corpus, &device, observer)?
    };
    let Checkpoint { next_step: first_step, mut directory, mut optimizer } = state;
    let steps_per_epoch = sampler.steps_per_epoch();
    let total_steps = experiment.total_steps(steps_per_epoch);
    if first_step > total_steps {
        // Its model would pass for one of fewer steps.
        return Err(TrainError::Overrun { path: run.into(), done: first_step, total: total_steps });
    }

    std::fs::create_dir_all(run).map_err(TrainError::writing(run))?;
    let run_file = run.join("run.toml");
    write_synced(&run_file, experiment.to_toml().as_bytes()).map_err(TrainError::saving)?;
    let words_seen = training_words(experiment, &corpus, run, has_run)?;
    let mut log = RunLog::open(run, first_step)?;
    let (spent_s, waited_s) = log.spent_s();
    let earlier = if has_run { bad_videos::read(run) } else { Vec::new() };
    let mut bad_videos = BadVideoList::create(run, earlier, unreadable)?;
    let words = directory.words()?.clone();
    observer.started(&RunStart {
        corpus: read_report,
        videos,
        unopened,
        parameters: burn::module::Module::num_params(&directory.model),
        vocabulary: words.vocab_size(),
        first_step,
        total_steps,
        loader_mib: experiment.loader_mib(),
    });

    let source = Arc::new(BatchSource::new(experiment.clone(), sampler, words, opener));
    let maker = Arc::clone(&source);
    let (threads, queue) = (experiment.loader.threads, experiment.queue_len());
    let make = move |step| maker.batch(step);
    let mut batches = Loader::start(first_step, total_steps, threads, queue, make);

    let save = |next_step: u64, directory: &ModelDirectory, optimizer: &Adam| {
        let state = checkpoint::State { next_step, directory, optimizer, words_seen: &words_seen };
        checkpoint::write(run, &state, experiment, fingerprint)
    };
    let mut next_step = first_step;
    let mut saved_at = first_step;
    while let Some(batch) = batches.next_result() {
        for bad in source.new_bad_videos() {
            let path = bad.path.display();
            observer.warning(&format!(
                "left out from now on, with another in its place: {path}: {}",
                bad.reason
            ));
            bad_videos.add(bad)?;
        }
        let batch = batch?;
        let position = Position { step: batch.step, total_steps, steps_per_epoch };
        device.seed(seed(experiment.run.seed, Draw::Device, batch.step, 0));
        let losses = losses(experiment, &directory.model, &batch, &position, &device);
        let mut report = step_report(experiment, &batch, &position, &losses)?;
        let gradients = losses.total.backward();
        report.gradient_norm = finite(
            batch.step,
            "the gradient's length",
            Adam::gradient_norm(&directory.model, &gradients),
        )?;
        directory.model =
            optimizer.step(directory.model, &gradients, report.gradient_norm, report.learning_rate);

        next_step = batch.step + 1;
        report.elapsed_s = spent_s + began.elapsed().as_secs_f64();
        report.waited_s = waited_s + batches.waited().as_secs_f64();
        report.queued_mib = mib(batches.held_bytes());
        report.cached_mib = mib(source.held_bytes());
        if batch.step % experiment.train.log_every == 0 || next_step == total_steps {
            log.write(&report)?;
        }
        observer.step(&report, total_steps);
        let every = experiment.train.checkpoint_every;
        let stop = observer.should_stop();
        if stop || next_step == total_steps || (every > 0 && next_step % every == 0) {
            observer.checkpoint(&save(next_step, &directory, &optimizer)?);
            saved_at = next_step;
        }
        if stop {
            break;
        }
    }
    drop(batches);
    if saved_at != next_step {
        save(next_step, &directory, &optimizer)?;
    }

    let finished = next_step >= total_steps;
    if finished {
        replace_directory(&model, |dir| {
            directory.write_files(dir)?;
            words_seen.write(dir)
        })
        .map_err(TrainError::saving)?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let bad_videos = bad_videos.into_videos();
    Ok(RunEnd { finished, next_step, seconds, bad_videos, model })
}

/// The words and the weights of a run that begins.
fn begin(
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
        return Ok(Checkpoint { next_step: 0, directory, optimizer });
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
    config.text.set_vocab_size(tokenizer.vocab_size());
    let model = config.init(experiment.run.seed, device);
    let preprocessing = experiment.preprocessing.clone();
    Ok(Checkpoint {
        next_step: 0,
        directory: ModelDirectory { config, preprocessing, tokenizer: Some(tokenizer), model },
        optimizer,
    })
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

/// The forward pass of a step.
pub fn losses(
    experiment: &Experiment,
    model: &LocVtp,
    batch: &PretrainBatch,
    position: &Position,
    device: &Device,
) -> Losses {
    let [b, t, f] = batch.shape;
    let size = experiment.preprocessing.image_size;
    let clips = ClipPatches::from_cut(
        batch.patches.clone(),
        [b * t, f, size, size],
        model.patch_size(),
        device,
    );
    let embeddings = model.forward(clips, &batch.tokens);
    let run_seed = experiment.run.seed;
    let distances = WarpDistances::draw(
        [b, t],
        experiment.model.context_warp.max_distance,
        seed(run_seed, Draw::WarpDistances, batch.step, 0),
    );
    experiment.loss.losses(
        &embeddings,
        &experiment.objective.weights(position.progress()),
        &experiment.correspondence,
        model.context_warp().zip(distances.as_ref()),
        seed(run_seed, Draw::Correspondence, batch.step, 0),
    )
}

fn step_report(
    experiment: &Experiment,
    batch: &PretrainBatch,
    position: &Position,
    losses: &Losses,
) -> Result<StepReport, TrainError> {
    let optimizer = &experiment.optimizer;
    let number = |what: &'static str, loss: &Tensor<1>| {
        finite(batch.step, what, f64::from(loss.clone().into_scalar::<f32>()))
    };
    let mut terms = PerTerm::from_fn(|_| None);
    for (term, loss) in losses.terms.iter() {
        terms[term] = loss.as_ref().map(|loss| number(term.symbol(), loss)).transpose()?;
    }
    Ok(StepReport {
        step: batch.step,
        kind: batch.kind,
        total: number("the loss", &losses.total)?,
        terms,
        gradient_norm: 0.0,
        learning_rate: optimizer.learning_rate
            * optimizer.schedule.factor(position, optimizer.warm_up_steps),
        pairs: batch.shape[0],
        elapsed_s: 0.0,
        waited_s: 0.0,
        queued_mib: 0.0,
        cached_mib: 0.0,
    })
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn finite(step: u64, what: &'static str, value: f64) -> Result<f64, TrainError> {
    if value.is_finite() { Ok(value) } else { Err(TrainError::NotFinite { step, what, value }) }
}
