//! What a run takes from the model directory that it starts from: weights, words, sizes, pixels.
//!
//! The directory is imported from tiny checkpoints that other programs wrote
//! (`reference/foreign_weights.py`).

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

#[path = "../../model/tests/siglip_files/mod.rs"]
mod siglip_files;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use locvtp_corpus::synthetic::{SyntheticConfig, synthesize};
use locvtp_corpus::{Corpus, HowTo100m, PairSampler};
use locvtp_model::weights::{ImportSettings, import};
use locvtp_model::weights::{NamedTensor, read_safetensors, to_safetensors};
use locvtp_model::weights::{Source, SourceKind};
use locvtp_model::{Device, ModelDirectory, Preprocessing, SentenceFeature};
use locvtp_train::{
    BatchSource, ClipRequest, Experiment, FrameSource, Observer, Position, Prepared, RunEnd,
    RunFolder, RunStart, StepReport, losses, pretrain,
};
use locvtp_video::{
    Augmentation, AugmentationDraw, Interpolation, Mentions, Phase, RandomResizedCrop, Scaling,
    Seconds, TimeSpan, VideoOpener,
};
use tempfile::TempDir;

/// Eight videos, made once for all tests of this file.
fn corpus() -> &'static Path {
    static CORPUS: OnceLock<TempDir> = OnceLock::new();
    CORPUS
        .get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            let config = SyntheticConfig {
                train_videos: 8,
                seen_videos: 2,
                new_videos: 2,
                width: 32,
                height: 32,
                duration_s: 9.0,
                min_events: 2,
                max_events: 2,
                ..SyntheticConfig::default()
            };
            synthesize(&config, &dir.path().join("corpus"), &|_, _| {}).unwrap();
            dir
        })
        .path()
}

fn foreign(kind: SourceKind, name: &str) -> Source {
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/goldens/foreign");
    Source::open(Some(kind), &[goldens.join(name)], false).unwrap()
}

/// A folder for one test, with a model directory in it.
struct Place(TempDir);

impl Place {
    /// `start/` is an imported model.
    fn with_import() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.import(&[
            foreign(SourceKind::HfTimeSformer, "hf-timesformer"),
            foreign(SourceKind::DistilBert, "distilbert"),
        ]);
        place
    }

    fn import(&self, sources: &[Source]) {
        let settings = ImportSettings { projection_dim: Some(6), ..ImportSettings::default() };
        let made = import(sources, None, &settings, &Device::flex()).unwrap();
        made.write(&self.model()).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn model(&self) -> PathBuf {
        self.path("start")
    }

    /// A run file that starts from the model and says `more`.
    fn text(&self, more: &str) -> String {
        format!(
            "[start]\nmodel = {:?}\n[corpus]\ndir = {:?}\n\
             [pairs]\nlong_span_s = [4.0, 7.0]\nlong_batch = 4\nshort_batch = 4\n\
             [sampling]\nlong_clips = 4\nshort_clips = 2\n\
             [optimizer]\nlearning_rate = 1e-2\n\
             [train]\nsteps = 3\nlog_every = 1\n{more}",
            self.model(),
            corpus().join("corpus/train"),
        )
    }

    fn experiment(&self, more: &str) -> Experiment {
        Experiment::parse(&self.text(more), "run.toml", &[]).unwrap()
    }

    /// Why the run file is refused when it is read or when its run begins, with all causes.
    fn refusal(&self, more: &str) -> String {
        let experiment = match Experiment::parse(&self.text(more), "run.toml", &[]) {
            Ok(experiment) => experiment,
            Err(error) => return error.to_string(),
        };
        let error = Watcher::default().pretrain(&experiment, &self.path("refused"), false);
        let error = anyhow_text(&error.unwrap_err());
        assert!(!self.path("refused").exists(), "nothing is written: {error}");
        error
    }
}

fn anyhow_text(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", anyhow_text(cause)),
        None => error.to_string(),
    }
}

#[derive(Default)]
struct Watcher {
    /// Ends the run after so many steps.
    stop_after: Option<u64>,
    done: u64,
    warnings: Vec<String>,
}

impl Watcher {
    fn pretrain(
        &mut self,
        experiment: &Experiment,
        run: &Path,
        resume: bool,
    ) -> Result<RunEnd, locvtp_train::TrainError> {
        pretrain(experiment, run, resume, &Device::flex(), self)
    }
}

impl Observer for Watcher {
    fn started(&mut self, _: &RunStart) {}
    fn step(&mut self, _: &StepReport, _: u64) {
        self.done += 1;
    }
    fn checkpoint(&mut self, _: &Path) {}
    fn warning(&mut self, text: &str) {
        self.warnings.push(text.to_owned());
    }
    fn should_stop(&self) -> bool {
        self.stop_after.is_some_and(|steps| self.done >= steps)
    }
}

fn weights(model: &Path) -> std::collections::BTreeMap<String, NamedTensor> {
    read_safetensors(&model.join("model.safetensors")).unwrap()
}

#[track_caller]
fn assert_says(message: &str, pieces: &[&str]) {
    for piece in pieces {
        assert!(message.contains(piece), "{piece:?} is missing in: {message}");
    }
}

#[test]
fn the_first_step_sees_the_imported_model_and_the_next_ones_change_it() {
    let place = Place::with_import();
    let run = place.path("run");
    let mut watcher = Watcher::default();
    let end = watcher.pretrain(&place.experiment(""), &run, false).unwrap();
    assert!(end.finished);
    assert_eq!(watcher.warnings, Vec::<String>::new());

    // What the run did in step 0, done again with the directory as it was imported.
    let device = Device::flex().autodiff();
    let imported = ModelDirectory::read(&place.model(), &device).unwrap();
    let run = RunFolder::read(&run).unwrap();
    let experiment = run.experiment;
    let (corpus, _) = HowTo100m::open(&experiment.corpus.dir).unwrap();
    assert_eq!(corpus.videos().len(), 8);
    let sampler = PairSampler::new(Arc::new(corpus), experiment.pairs.clone(), 0).unwrap();
    let words = imported.words().unwrap().clone();
    let source = BatchSource::new(experiment.clone(), sampler, words, VideoOpener::default());
    let batch = source.batch(0).unwrap();
    let position = Position { step: 0, total_steps: 3, steps_per_epoch: 2 };
    let found = losses(&experiment, &imported.model, batch, &position, &device);
    let total = f64::from(found.total.into_scalar::<f32>());
    assert_eq!(run.log[0].total.to_bits(), total.to_bits(), "{} and {total}", run.log[0].total);

    // Sizes, words and pixels are the import's; the weights have moved.
    let trained = ModelDirectory::read(&end.model, &device).unwrap();
    assert_eq!(trained.config, imported.config);
    assert_eq!(trained.preprocessing, imported.preprocessing);
    let tokenizer = |dir: &Path| std::fs::read_to_string(dir.join("tokenizer.json")).unwrap();
    assert_eq!(tokenizer(&end.model), tokenizer(&place.model()));
    let (before, after) = (weights(&place.model()), weights(&end.model));
    let moved: Vec<&String> = before.keys().filter(|key| before[*key] != after[*key]).collect();
    for part in ["timesformer.", "distilbert.", "video_projection.", "text_projection."] {
        assert!(moved.iter().any(|key| key.starts_with(part)), "{part} has not moved");
    }
}

#[test]
fn opening_a_run_writes_nothing_into_its_folder_and_training_it_is_the_run() {
    let place = Place::with_import();
    let (experiment, run) = (place.experiment(""), place.path("run"));
    let mut watcher = Watcher::default();
    let prepared = Prepared::open(&experiment, &run, false, &Device::flex(), &mut watcher).unwrap();
    let start = prepared.start();
    assert_eq!((start.num_videos, start.first_step, start.total_steps), (8, 0, 3));
    assert!(!run.exists() && watcher.done == 0);
    let end = prepared.train(&mut watcher).unwrap();
    assert!(end.finished && watcher.done == 3);
    let whole = Watcher::default().pretrain(&experiment, &place.path("whole"), false).unwrap();
    assert_eq!(weights(&end.model), weights(&whole.model));
}

/// Hugging Face's tiny `CLIPModel` in a folder, with a tokenizer.
fn clip_folder() -> TempDir {
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/goldens");
    let mut tensors = read_safetensors(&goldens.join("clip/vision.safetensors")).unwrap();
    tensors.retain(|name, _| !name.contains(".temporal.") && !name.contains("time_embedding"));
    tensors.extend(read_safetensors(&goldens.join("clip/text.safetensors")).unwrap());
    // The tiny tokenizer knows more tokens than the tiny tower.
    let tokens = tensors.get_mut("text_model.embeddings.token_embedding.weight").unwrap();
    let width = tokens.shape[1];
    let values = tokens.values.iter().copied().cycle().take(600 * width).collect();
    *tokens = NamedTensor { shape: vec![600, width], values };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("model.safetensors"), to_safetensors(&tensors)).unwrap();
    let config = r#"{"vision_config": {"num_attention_heads": 2},
                     "text_config": {"num_attention_heads": 2}}"#;
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    for name in ["vocab.json", "merges.txt"] {
        let from = goldens.join("clip_tokenizer").join(name);
        std::fs::copy(from, folder.path().join(name)).unwrap();
    }
    folder
}

#[test]
fn clip_is_trained_on_in_its_own_joint_space_with_pictures_scaled_its_way() {
    let (place, folder) = (Place(tempfile::tempdir().unwrap()), clip_folder());
    let source = Source::open(None, &[folder.path().to_owned()], false).unwrap();
    let frames = ImportSettings { num_frames: Some(2), ..ImportSettings::default() };
    let made = import(&[source], None, &frames, &Device::flex()).unwrap();
    made.write(&place.model()).unwrap();
    let experiment = place.experiment("");
    assert_eq!(experiment.preprocessing.interpolation, Interpolation::Bicubic);
    // Whose way is the directory's, and the run file may choose the fast one.
    assert_eq!(experiment.preprocessing.scaling, Scaling::HuggingFace);
    let fast = place.experiment("[preprocessing]\nscaling = \"fast\"");
    assert_eq!(fast.preprocessing.scaling, Scaling::Fast);
    // A CLIP's sentence is its last token; training makes it the mean of the words, which the losses train.
    let mut trained_on = made.directory.config.clone();
    assert_eq!(trained_on.sentence_feature, SentenceFeature::LastToken);
    trained_on.sentence_feature = SentenceFeature::MeanWord;
    assert_eq!(experiment.model, trained_on);
    let end = Watcher::default().pretrain(&experiment, &place.path("run"), false).unwrap();
    let (before, after) = (weights(&place.model()), weights(&end.model));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for moved in ["clip.visual_projection.weight", "clip.text_projection.weight"] {
        assert_ne!(before[moved], after[moved], "{moved}");
    }
    let message = place.refusal("[model.projection]\nkind = \"identity\"\ndim = 7");
    assert_says(&message, &["projection.dim", "identity", "12"]);
}

#[test]
fn a_siglip_is_trained_on_over_time_with_sentences_of_its_length() {
    let (place, folder) = (Place(tempfile::tempdir().unwrap()), siglip_files::second());
    let source = Source::open(None, &[folder.path().to_owned()], false).unwrap();
    let frames = ImportSettings { num_frames: Some(2), ..ImportSettings::default() };
    let made = import(&[source], None, &frames, &Device::flex()).unwrap();
    made.write(&place.model()).unwrap();
    let experiment = place.experiment("");
    assert_eq!(experiment.preprocessing.fit, locvtp_model::Fit::Squash);
    let end = Watcher::default().pretrain(&experiment, &place.path("run"), false).unwrap();
    let (before, after) = (weights(&place.model()), weights(&end.model));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for moved in [
        "siglip.vision_model.head.probe",
        "siglip.vision_model.head.attention.in_proj_weight",
        "siglip.vision_model.encoder.layers.1.temporal.dense.weight",
        "siglip.vision_model.embeddings.patch_embedding.bias",
        "siglip.text_model.head.weight",
        "siglip.text_model.embeddings.token_embedding.weight",
    ] {
        assert_ne!(before[moved], after[moved], "{moved}");
    }
}

#[test]
fn words_of_another_kind_than_the_encoders_are_refused() {
    let (place, folder) = (Place(tempfile::tempdir().unwrap()), siglip_files::second());
    let source = Source::open(None, &[folder.path().to_owned()], false).unwrap();
    let made = import(&[source], None, &ImportSettings::default(), &Device::flex()).unwrap();
    made.write(&place.model()).unwrap();
    let bert =
        locvtp_model::SentenceTokenizer::train(["a red square"].into_iter(), 60, 64).unwrap();
    std::fs::write(place.model().join("tokenizer.json"), bert.to_json().unwrap()).unwrap();
    let message = locvtp_model::ModelDirectory::read(&place.model(), &Device::flex()).unwrap_err();
    assert_says(&message.to_string(), &["text.kind", "tokenizer", "SigLIP's own"]);
}

#[test]
fn a_folder_is_one_program_s_while_it_trains() {
    let place = Place::with_import();
    let (run, experiment) = (place.path("run"), place.experiment(""));
    let mut stopping = Watcher { stop_after: Some(1), ..Watcher::default() };
    stopping.pretrain(&experiment, &run, false).unwrap();
    let mut watcher = Watcher::default();
    let mut open = || Prepared::open(&experiment, &run, true, &Device::flex(), &mut watcher);
    let at_work = open().unwrap();
    let refused = open().err().expect("a second program is refused").to_string();
    assert_says(&refused, &["run", "process ", " is at work in this folder", "--run"]);
    drop(at_work);
    assert!(open().is_ok(), "the folder is free again");
}

#[test]
fn a_run_goes_on_without_the_directory_and_ends_with_the_same_bits() {
    let place = Place::with_import();
    let more = "[model.projection]\ndropout = 0.0\n[preprocessing]\nclip_duration_s = 1.5\n";
    let (whole, parted) = (place.path("whole"), place.path("parted"));
    let experiment = place.experiment(more);
    assert_eq!(experiment.preprocessing.clip_duration_s, 1.5, "the run file's to choose");
    Watcher::default().pretrain(&experiment, &whole, false).unwrap();
    let mut stopping = Watcher { stop_after: Some(1), ..Watcher::default() };
    assert!(!stopping.pretrain(&experiment, &parted, false).unwrap().finished);

    std::fs::rename(place.model(), place.path("moved")).unwrap();
    // As it is typed again; the sizes cannot be read any more.
    let again = place.experiment(more);
    assert_ne!(again.model, experiment.model);
    let end = Watcher::default().pretrain(&again, &parted, true).unwrap();
    assert!(end.finished && end.next_step == 3);
    let bytes = |run: &Path| std::fs::read(run.join("model/model.safetensors")).unwrap();
    assert!(bytes(&whole) == bytes(&parted), "the resumed run ends with other weights");

    // The run's own file says everything, and needs nothing either.
    let file = std::fs::read_to_string(parted.join("run.toml")).unwrap();
    assert_says(&file, &["[start]", "weights = ", "hidden_size = 8", "vocab_size = 10"]);
    let own = Experiment::read(&parted.join("run.toml"), &[]).unwrap();
    assert_eq!(own.model, experiment.model);
    assert!(Watcher::default().pretrain(&own, &parted, true).unwrap().finished);
    // What the run file chooses itself must still be as it was.
    let other = place.experiment("[model.projection]\ndim = 5\n");
    let error = Watcher::default().pretrain(&other, &parted, true).unwrap_err().to_string();
    assert_says(&error, &["model.projection.dim", "(6)", "(5)"]);

    // A run that was drawn from the seed does not go on as one that started from a model.
    let mut drawn = experiment;
    drawn.start = Default::default();
    let run = place.path("drawn");
    let mut stopping = Watcher { stop_after: Some(1), ..Watcher::default() };
    stopping.pretrain(&drawn, &run, false).unwrap();
    let error = Watcher::default().pretrain(&again, &run, true).unwrap_err().to_string();
    assert_says(&error, &["start: `start.model` cannot be taken: it does not exist"]);
}

#[test]
fn the_same_weights_elsewhere_are_the_same_run_and_other_weights_are_another() {
    let place = Place::with_import();
    let run = place.path("run");
    let mut stopping = Watcher { stop_after: Some(1), ..Watcher::default() };
    stopping.pretrain(&place.experiment(""), &run, false).unwrap();

    let mut elsewhere = place.experiment("");
    std::fs::rename(place.model(), place.path("elsewhere")).unwrap();
    elsewhere.start.model = Some(place.path("elsewhere"));
    let mut stopping = Watcher { stop_after: Some(1), ..Watcher::default() };
    stopping.pretrain(&elsewhere, &run, true).unwrap();

    let mut other = weights(&place.path("elsewhere"));
    other.get_mut("timesformer.layernorm.bias").unwrap().values[0] += 1.0;
    let path = place.path("elsewhere/model.safetensors");
    std::fs::write(&path, to_safetensors(&other)).unwrap();
    let error = Watcher::default().pretrain(&elsewhere, &run, true).unwrap_err().to_string();
    assert_says(&error, &["`start.weights`", "the run file saved in the run folder"]);
    // A new run with the first one's own file takes no other weights for those it names.
    let mut own = Experiment::read(&run.join("run.toml"), &[]).unwrap();
    own.start.model = Some(place.path("elsewhere"));
    let error = Watcher::default().pretrain(&own, &place.path("new"), false).unwrap_err();
    assert_says(
        &error.to_string(),
        &["elsewhere", "`start.weights` is", "leave start.weights out"],
    );
}

#[test]
fn heads_of_another_size_are_drawn_from_the_seed_and_told_of() {
    let place = Place::with_import();
    let last = |seed: u64, name: &str| {
        let more = format!("[run]\nseed = {seed}\n[model.projection]\ndim = 5\n");
        let mut watcher = Watcher { stop_after: Some(1), ..Watcher::default() };
        let mut experiment = place.experiment(&more);
        // Nothing moves, so that the weights can be compared.
        experiment.optimizer.learning_rate = 1e-30;
        watcher.pretrain(&experiment, &place.path(name), false).unwrap();
        assert_eq!(watcher.warnings.len(), 1, "{:?}", watcher.warnings);
        let pieces = ["start", "context_warp, text_projection, video_projection", "run.seed"];
        assert_says(&watcher.warnings[0], &pieces);
        weights(&RunFolder::read(&place.path(name)).unwrap().checkpoints[0])
    };
    let (one, two, again) = (last(1, "one"), last(2, "two"), last(1, "again"));
    assert_eq!(one, again);
    let head = "text_projection.linear.weight";
    assert_eq!(one[head].shape, [5, 8]);
    assert_ne!(one[head], two[head]);
    let encoder = "distilbert.embeddings.word_embeddings.weight";
    assert_eq!(one[encoder], two[encoder]);
    assert_eq!(one[encoder], weights(&place.model())[encoder]);
}

#[test]
fn what_the_run_file_says_otherwise_is_named_with_both_values() {
    let place = Place::with_import();
    for (more, key, there, wanted) in [
        ("[model.video]\nhidden_size = 16", "model.video.hidden_size", "is 8 there", "says 16"),
        // Also where it says what is the default when nothing is started from.
        ("[model.video]\nnum_frames = 16", "model.video.num_frames", "is 2 there", "says 16"),
        ("[model.text]\nkind = \"clip\"", "model.text.kind", "\"distilbert\" there", "\"clip\""),
        ("[preprocessing]\nimage_size = 12", "preprocessing.image_size", "is 8 there", "says 12"),
        (
            "[preprocessing]\ninterpolation = \"bicubic\"",
            "preprocessing.interpolation",
            "\"bilinear\" there",
            "says \"bicubic\"",
        ),
        ("[tokenizer]\nfile = \"w.json\"", "tokenizer.file", "`start.model`", "w.json"),
    ] {
        assert_says(&place.refusal(more), &[key, there, wanted, "start", "leave"]);
    }
    // What says the same, in other words, is no contradiction.
    let same = "[model.video]\nhidden_size = 8\n[preprocessing]\n\
                normalisation = { mean = [0.45, 0.45, 0.45], std = [0.225, 0.225, 0.225] }";
    assert_eq!(place.experiment(same), place.experiment(""));
    let overridden = ["model.video.hidden_size=16".to_owned()];
    let error = Experiment::parse(&place.text(""), "run.toml", &overridden).unwrap_err();
    assert_says(&error.to_string(), &["model.video.hidden_size", "is 8 there", "says 16"]);
}

#[test]
fn a_directory_that_cannot_be_started_from_is_refused_with_the_way_out() {
    let place = Place(tempfile::tempdir().unwrap());
    let pieces = ["start: `start.model` cannot be taken: it does not exist; check the path"];
    assert_says(&place.refusal(""), &pieces);
    // A misspelt one is asked about; a run is told where its model is.
    for (made, told) in [
        ("strat", "did you mean "),
        ("start/model", "it is the folder of a run, and its model is in it; give --set "),
    ] {
        let dir = place.path(made);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("config.json"), "{}").unwrap();
        assert_says(&place.refusal(""), &[told, made]);
        std::fs::remove_dir_all(&dir).unwrap();
    }
    assert_says(&place.refusal(""), &["it holds no config.json"]);
    std::fs::remove_dir(place.path("start")).unwrap();
    // A misspelt folder to go on with is told first, whatever else is wrong.
    let error = Watcher::default()
        .pretrain(&place.experiment(""), &place.path("mispelt"), true)
        .unwrap_err();
    assert_says(&error.to_string(), &["mispelt: nothing to resume here"]);

    place.import(&[foreign(SourceKind::HfTimeSformer, "hf-timesformer")]);
    let pieces = ["no text encoder", "weights import --from distilbert"];
    assert_says(&place.refusal(""), &pieces);

    let place = Place::with_import();
    let path = place.path("start/model.safetensors");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert_says(&place.refusal(""), &["start/model.safetensors", "cut off", "another copy"]);

    let mut other = weights_of(&whole, &path);
    other.remove("timesformer.layernorm.bias");
    std::fs::write(&path, to_safetensors(&other)).unwrap();
    assert_says(&place.refusal(""), &["start/model.safetensors", "timesformer.layernorm.bias"]);

    std::fs::write(&path, whole).unwrap();
    std::fs::remove_file(place.path("start/tokenizer.json")).unwrap();
    assert_says(&place.refusal(""), &["start/tokenizer.json"]);
}

fn weights_of(bytes: &[u8], path: &Path) -> std::collections::BTreeMap<String, NamedTensor> {
    std::fs::write(path, bytes).unwrap();
    read_safetensors(path).unwrap()
}

#[test]
fn training_scales_a_crop_as_evaluation_scales_the_picture() {
    let (corpus, _) = HowTo100m::open(&corpus().join("corpus/train")).unwrap();
    let media = &corpus.videos()[0].media;
    // The whole picture as a crop: the same pixels as the centre, by whichever interpolation and in
    // whichever way.
    let crop = RandomResizedCrop { scale: (1.0, 1.0), ratio: (1.0, 1.0) };
    let augmentation = Augmentation { crop: Some(crop), ..Augmentation::default() };
    let mut found = Vec::new();
    for (interpolation, scaling) in [
        (Interpolation::Bilinear, Scaling::Fast),
        (Interpolation::Bicubic, Scaling::Fast),
        (Interpolation::Bilinear, Scaling::Torchvision),
        (Interpolation::Bicubic, Scaling::HuggingFace),
    ] {
        let preprocessing = Preprocessing {
            num_frames: 2,
            image_size: 24,
            short_side: 24,
            interpolation,
            scaling,
            ..Preprocessing::default()
        };
        let source = FrameSource::new(preprocessing, VideoOpener::default(), 0);
        let pixels = |augmentation| {
            let span = TimeSpan { start: Seconds(0.0), end: Seconds(4.0) };
            let (phase, num_frames) = (Phase::Centre, 2);
            let request = ClipRequest { span, num_clips: 2, num_frames, phase, augmentation };
            source.read(0, media, &request).unwrap().data
        };
        let crop = augmentation.draw(3, Mentions::default());
        let centre = pixels(AugmentationDraw::NONE);
        assert!(pixels(crop) == centre, "{interpolation:?} {scaling:?}");
        assert!(!found.contains(&centre), "{interpolation:?} {scaling:?} does not show");
        found.push(centre);
    }
}
