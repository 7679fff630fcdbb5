//! Training on real files of a tiny synthetic corpus.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, OnceLock};

use locvtp_corpus::synthetic::{SyntheticConfig, synthesize};
use locvtp_corpus::{AnnotatedCorpus, Corpus, HowTo100m, PackSettings, PairSampler, pack};
use locvtp_model::loss::Term;
use locvtp_model::weights::named_parameters;
use locvtp_model::{Device, LocVtp, Objective, SentenceTokenizer};
use locvtp_train::experiment::TrainMemory;
use locvtp_train::{
    Adam, BatchSource, Experiment, Observer, OptimizerConfig, Position, PretrainBatch, RunStart,
    StepGradients, StepReport, UsableCorpus, losses, pretrain, read_log, step_gradients,
};
use tempfile::TempDir;

/// Sixteen videos of 12 seconds, made once for all tests of this file.
fn corpus() -> &'static Path {
    static CORPUS: OnceLock<TempDir> = OnceLock::new();
    CORPUS
        .get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            let config = SyntheticConfig {
                train_videos: 16,
                seen_videos: 2,
                new_videos: 2,
                width: 32,
                height: 32,
                duration_s: 12.0,
                min_events: 2,
                max_events: 3,
                ..SyntheticConfig::default()
            };
            synthesize(&config, &dir.path().join("corpus"), &|_, _| {}).unwrap();
            dir
        })
        .path()
}

const SETTINGS: &str = r#"
        [pairs]
        long_span_s = [5.0, 9.0]
        long_batch = 4
        short_batch = 8
        [sampling]
        long_clips = 8
        short_clips = 4
        [preprocessing]
        num_frames = 4
        image_size = 32
        short_side = 32
        [model]
        clip_feature = "class_plus_mean_patch"
        [model.video]
        image_size = 32
        patch_size = 16
        num_frames = 4
        hidden_size = 32
        num_hidden_layers = 1
        num_attention_heads = 2
        intermediate_size = 64
        initializer_range = 0.08
        temporal_init = "normal"
        [model.text]
        max_position_embeddings = 64
        dim = 32
        n_layers = 1
        n_heads = 2
        hidden_dim = 64
        initializer_range = 0.08
        [model.projection]
        dim = 32
        [optimizer]
        learning_rate = 3e-3
        gradient_clip = 1.0
        schedule = { shape = "constant" }
        [train]
        steps = 40
        log_every = 1
    "#;

fn experiment() -> Experiment {
    let mut experiment = Experiment::parse(SETTINGS, "tiny", &[]).unwrap();
    experiment.corpus.dir = corpus().join("corpus/train");
    experiment.check().unwrap();
    experiment
}

fn tokenizer(corpus: &dyn Corpus) -> SentenceTokenizer {
    let texts = corpus.videos().iter().flat_map(|video| &video.captions);
    SentenceTokenizer::train(texts.map(|caption| caption.text.as_str()), 300, 64).unwrap()
}

fn source(experiment: &Experiment) -> BatchSource {
    let (corpus, _) = HowTo100m::open(&experiment.corpus.dir).unwrap();
    let tokenizer = tokenizer(&corpus);
    let sampler =
        PairSampler::new(Arc::new(corpus), experiment.pairs.clone(), experiment.run.seed).unwrap();
    BatchSource::new(experiment.clone(), sampler, tokenizer, experiment.opener().unwrap())
}

fn batches(experiment: &Experiment, steps: &[u64]) -> Vec<PretrainBatch> {
    let source = source(experiment);
    steps.iter().map(|&step| source.batch(step).unwrap()).collect()
}

#[test]
fn a_batch_is_a_pure_function_of_the_step_with_and_without_remembered_videos() {
    let mut experiment = experiment();
    let in_order = batches(&experiment, &[0, 1, 2, 3]);
    let mut backwards = batches(&experiment, &[3, 2, 1, 0]);
    backwards.reverse();
    assert_eq!(in_order, backwards);
    experiment.loader.cache_mib = 0;
    assert_eq!(in_order, batches(&experiment, &[0, 1, 2, 3]));
    experiment.run.seed = 1;
    assert_ne!(in_order, batches(&experiment, &[0, 1, 2, 3]));
}

/// Total losses of so many steps, on the batches of `batch_steps` in turn.
fn trace(experiment: &Experiment, batch_steps: &[u64], steps: u64) -> Vec<f32> {
    trained(experiment, batch_steps, steps).0
}

/// The same and the model that they end in.
fn trained(experiment: &Experiment, batch_steps: &[u64], steps: u64) -> (Vec<f32>, LocVtp) {
    let source = source(experiment);
    let device = Device::flex().autodiff();
    let mut config = experiment.model.clone();
    config.text.set_vocab_size(300);
    let mut model = config.init(0, &device);
    let mut adam = Adam::new(experiment.optimizer.clone());
    let losses = (0..steps)
        .map(|step| {
            let batch = source.batch(batch_steps[step as usize % batch_steps.len()]).unwrap();
            let position = Position { step, total_steps: steps, steps_per_epoch: 1 };
            let StepGradients { losses, gradients } =
                step_gradients(experiment, &model, batch, &position, &device);
            let total: f32 = losses.total.into_scalar();
            let norm = Adam::gradient_norm(&model, &gradients);
            model = adam.step(
                std::mem::replace(&mut model, config.init(0, &device)),
                &gradients,
                norm,
                3e-3,
            );
            total
        })
        .collect();
    (losses, model)
}

#[test]
fn fifty_steps_in_two_passes_end_in_the_weights_of_fifty_in_one() {
    let mut experiment = experiment();
    let steps: Vec<u64> = (0..50).collect();
    let (_, plain) = trained(&experiment, &steps, 50);
    experiment.train.memory = TrainMemory::Recompute;
    experiment.train.micro_batch = Some(3);
    let (_, found) = trained(&experiment, &steps, 50);
    let found = named_parameters(&found);
    let (mut compared, mut apart) = (0, Vec::new());
    for (name, expected) in named_parameters(&plain) {
        // A softmax does not see the biases of keys: their gradient is rounding alone, from which Adam
        // makes steps as from any other. They are the second third of queries, keys and values.
        let length = expected.values.len();
        let unseen = match &name {
            name if name.ends_with("k_lin.bias") => 0..length,
            name if name.ends_with("qkv.bias") => length / 3..2 * length / 3,
            _ => 0..0,
        };
        let numbers = std::iter::zip(&found[&name].values, &expected.values).enumerate();
        for (i, (x, y)) in numbers.filter(|(i, _)| !unseen.contains(i)) {
            compared += 1;
            if (x - y).abs() > 1e-5 {
                apart.push(format!("{name}, {i}: {x} and {y}"));
            }
        }
    }
    // Adam divides a gradient by its own size. Where the gradient of one number cancels to its
    // rounding for a step, that step is a part of the learning rate, 3e-3, in some direction: one
    // number of 15,000 does that here, by 1.7e-5.
    assert!(apart.len() * 2000 <= compared, "of {compared}: {apart:#?}");
}

#[test]
fn one_batch_is_learned_by_heart() {
    let experiment = experiment();
    let losses = trace(&experiment, &[0], 120);
    let (first, last) = (losses[0], losses[119]);
    // Chance of 4 or 8 sentences and of their words to a fraction of it; L_f and L_t cannot reach zero, because the
    // matched words share the denominator with each other.
    assert!(last < 0.55 * first, "{first} fell to {last} alone");
}

#[test]
fn twenty_steps_give_the_same_losses_twice() {
    let experiment = experiment();
    let steps: Vec<u64> = (0..20).collect();
    let first = trace(&experiment, &steps, 20);
    assert_eq!(first, trace(&experiment, &steps, 20));
    assert!(first.iter().all(|loss| loss.is_finite()));
}

#[test]
fn the_temporal_loss_reaches_the_context_warping_head() {
    let mut experiment = experiment();
    experiment.objective = Objective::of_terms([(Term::Temporal, 1.0)]);
    experiment.check().unwrap();
    let device = Device::flex().autodiff();
    let batch = batches(&experiment, &[0]).remove(0);
    let mut config = experiment.model.clone();
    config.text.set_vocab_size(300);
    let model = config.init(0, &device);
    let position = Position { step: 0, total_steps: 1, steps_per_epoch: 1 };
    let losses = losses(&experiment, &model, batch, &position, &device);
    let gradients = losses.total.backward();
    let mut adam = Adam::new(OptimizerConfig::default());
    let norm = Adam::gradient_norm(&model, &gradients);
    adam.step(model, &gradients, norm, 1e-3);
    // After one step the first moment is a tenth of the gradient.
    let (_, moments) = adam.to_named();
    let length = |name: &str| {
        let values = &moments[name].values;
        values.iter().map(|value| value * value).sum::<f32>().sqrt()
    };
    assert!(length("first.context_warp.weight") > 1e-4, "the head learns nothing");
    let encoders = moments.keys().filter(|name| name.starts_with("first.") && length(name) > 0.0);
    for part in ["timesformer", "distilbert", "video_projection", "text_projection"] {
        assert!(encoders.clone().any(|name| name.contains(part)), "{part} learns nothing");
    }
}

#[test]
fn a_video_that_cannot_be_decoded_is_replaced_by_one_that_is_not_in_the_batch() {
    let mut experiment = experiment();
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir(copy.path().join("videos")).unwrap();
    let caption_file = experiment.corpus.dir.join("caption.json");
    std::fs::copy(&caption_file, copy.path().join("caption.json")).unwrap();
    let mut files: Vec<_> = std::fs::read_dir(experiment.corpus.dir.join("videos"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for (i, file) in files.iter().enumerate() {
        let to = copy.path().join("videos").join(file.file_name().unwrap());
        std::fs::copy(file, &to).unwrap();
        if i % 2 == 0 {
            std::fs::write(to, "no video").unwrap();
        }
    }
    let whole = batches(&experiment, &[0]).remove(0);
    experiment.corpus.dir = copy.path().into();
    // A video gives the same numbers whenever it is taken.
    experiment.sampling.jitter = false;
    // As many as are whole, so that each must be in the batch, once.
    experiment.pairs.long_batch = files.len() / 2;
    experiment.pairs.short_batch = files.len() / 2;
    let source = source(&experiment);
    let batch = source.batch(0).unwrap();
    assert_eq!(batch.shape[0], files.len() / 2);
    let bytes = batch.clips.bytes();
    let videos: Vec<&[u8]> = bytes.chunks(bytes.len() / batch.shape[0]).collect();
    for (i, video) in videos.iter().enumerate() {
        assert!(!videos[..i].contains(video), "video {i} is in the batch twice");
    }
    assert_eq!(whole.shape[1..], batch.shape[1..]);
    let bad = source.new_bad_videos();
    assert!(!bad.is_empty() && bad.len() <= files.len() / 2, "{bad:?}");
    assert!(source.new_bad_videos().is_empty(), "each is told of once");

    for file in &files {
        std::fs::write(copy.path().join("videos").join(file.file_name().unwrap()), "").unwrap();
    }
    let error = self::source(&experiment).batch(1_000).err().unwrap().to_string();
    assert!(error.contains("step 1000") && error.contains("the 15 tried"), "{error}");
}

/// Ends its own process at a step: before the checkpoint behind it, or after.
struct DiesAt {
    step: u64,
    after_its_checkpoint: bool,
    reached: bool,
}

impl DiesAt {
    fn die() {
        // No handler and no destructor runs, as in a power cut.
        // SAFETY: a plain system call on this process.
        unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    }
}

impl Observer for DiesAt {
    fn started(&mut self, _: &RunStart) {}
    fn step(&mut self, report: &StepReport, _: u64) {
        self.reached |= report.step == self.step;
        if self.reached && !self.after_its_checkpoint {
            Self::die();
        }
    }
    fn checkpoint(&mut self, _: &Path) {
        if self.reached {
            Self::die();
        }
    }
    fn warning(&mut self, _: &str) {}
    fn should_stop(&self) -> bool {
        false
    }
}

/// What a process of these tests that is to die is given: corpus, run folder, step, and whether the
/// checkpoint comes first.
const DIES: &str = "LOCVTP_TRAIN_TEST_DIES";

#[test]
fn a_run_that_dies_at_chosen_steps_ends_in_the_same_bytes() {
    dies_at_chosen_steps("a_run_that_dies_at_chosen_steps_ends_in_the_same_bytes", &[]);
}

#[test]
fn a_run_in_two_passes_that_dies_at_chosen_steps_ends_in_the_same_bytes() {
    dies_at_chosen_steps(
        "a_run_in_two_passes_that_dies_at_chosen_steps_ends_in_the_same_bytes",
        &["train.memory=recompute", "train.micro_batch=3", "model.projection.dropout=0.1"],
    );
}

/// The body of the test of this name, whose runs have these settings.
fn dies_at_chosen_steps(test: &str, settings: &[&str]) {
    let six_steps = |corpus: &Path| {
        let text = format!("[corpus]\ndir = {corpus:?}\n{SETTINGS}");
        let more = ["train.steps=6", "train.checkpoint_every=2"];
        let more: Vec<String> = more.iter().chain(settings).map(|&set| set.to_owned()).collect();
        Experiment::parse(&text, "tiny", &more).unwrap()
    };
    if let Ok(given) = std::env::var(DIES) {
        let [corpus, folder, step, after] = given.split('|').collect::<Vec<_>>()[..] else {
            panic!("{given}");
        };
        let step = step.parse().unwrap();
        let mut dies = DiesAt { step, after_its_checkpoint: after == "true", reached: false };
        let (experiment, folder) = (six_steps(Path::new(corpus)), Path::new(folder));
        pretrain(&experiment, folder, folder.exists(), &Device::flex(), &mut dies).unwrap();
        return;
    }
    // Each in a process of its own: the engine has one generator for a whole process.
    let run = |folder: &Path, step: u64, after_its_checkpoint: bool| {
        let corpus = corpus().join("corpus/train");
        let given =
            format!("{}|{}|{step}|{after_its_checkpoint}", corpus.display(), folder.display());
        let mut command = Command::new(std::env::current_exe().unwrap());
        let ran = command.args(["--exact", test]).env(DIES, given).output().unwrap();
        (ran.status, String::from_utf8_lossy(&ran.stdout).into_owned())
    };
    let folder = tempfile::tempdir().unwrap();
    let (parted, whole) = (folder.path().join("parted"), folder.path().join("whole"));
    // Before the first checkpoint; behind one; with one that is written; at the last step of all.
    for (step, after) in [(0, false), (2, false), (3, true), (5, false)] {
        let (status, said) = run(&parted, step, after);
        assert_eq!(status.signal(), Some(libc::SIGKILL), "step {step}: {said}");
        assert!(!parted.join("model").exists(), "step {step}");
    }
    for folder in [&parted, &whole] {
        let (status, said) = run(folder, u64::MAX, false);
        assert!(status.success(), "{said}");
    }
    let weights = |run: &Path| std::fs::read(run.join("model/model.safetensors")).unwrap();
    assert!(weights(&parted) == weights(&whole));
    let losses =
        |run: &Path| -> Vec<f64> { read_log(run).unwrap().iter().map(|step| step.total).collect() };
    assert_eq!(losses(&parted), losses(&whole));
}

#[path = "../../corpus/tests/shards/server.rs"]
mod server;

#[test]
fn batches_are_the_same_from_files_from_shards_and_from_shards_on_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = experiment();
    let (loose, _) = HowTo100m::open(&experiment.corpus.dir).unwrap();
    let settings = PackSettings { shard_videos: 3, ..PackSettings::default() };
    let shards = folder.path().join("shards");
    pack(&loose, &shards, settings, &|_, _| {}).unwrap();
    let server = server::Server::over(&shards);
    let steps = [0, 1, 2, 9, 10, 57];
    let expected = batches(&experiment, &steps);
    for dir in [shards.clone(), server.url("{00000..00005}.tar")] {
        let mut settings = experiment.corpus.read_settings();
        settings.shards.cache = Some(folder.path().join("cache"));
        let (corpus, report) = AnnotatedCorpus::open(&dir, &settings).unwrap();
        assert_eq!((corpus.videos().len(), report.faults()), (16, 0));
        let opener = experiment.opener().unwrap();
        let (usable, bad) = UsableCorpus::check(&corpus, 0.0, &opener).unwrap();
        assert!(bad.is_empty(), "{bad:?}");
        let tokenizer = tokenizer(&usable);
        let (pairs, seed) = (experiment.pairs.clone(), experiment.run.seed);
        let sampler = PairSampler::new(Arc::new(usable), pairs, seed).unwrap();
        let source = BatchSource::new(experiment.clone(), sampler, tokenizer, opener);
        for (step, expected) in steps.iter().zip(&expected) {
            assert!(source.batch(*step).unwrap() == *expected, "step {step} of {}", dir.display());
        }
    }
}
