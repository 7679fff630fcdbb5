//! `locvtp inspect`: what a path is, from what lies there.

mod annotations;
mod features;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use burn::module::Module;
use clap::Args as ClapArgs;
use locvtp_corpus::{
    CorpusReader, FileLookup, NarratedVideo, ReadReport, ReadSettings, SyntheticConfig, VideoSink,
};
use locvtp_features::{FeatureFile, FeatureStore};
use locvtp_finder::Holdings;
use locvtp_measure::PathError;
use locvtp_model::loss::Term;
use locvtp_model::weights::Origins;
use locvtp_model::weights::Part;
use locvtp_model::{Device, ModelDirectory, SentenceTokenizer};
use locvtp_search::catalogue::{Access, CatalogueLocation, SqliteCatalogue, open_catalogue};
use locvtp_train::shell_words::joined;
use locvtp_train::{Experiment, FileKind, RunFolder, checkpoint, run_file as run_files};
use locvtp_transfer::tasks::TaskFile;
use locvtp_video::counted::counted;
use locvtp_video::{VideoReader, plain_file};
use serde_json::{Value, json};

use crate::catalogue_place::live_index;
use crate::commands::weights;
use crate::pace::duration;
use crate::table::fact_lines;
use crate::{Outcome, command_line, missing, output};

/// `locvtp inspect`
#[derive(Debug, ClapArgs)]
pub(crate) struct Inspect {
    /// A video, index, model directory, run folder, checkpoint, corpus, demo folder, file of annotations,
    /// predictions, features, embeddings or weights, run file, task file or settings of a synthetic corpus
    pub(crate) path: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What was found: a heading, facts for people, and the same for machines.
struct PathDescription {
    kind: &'static str,
    facts: Vec<(&'static str, String)>,
    json: Value,
}

pub(crate) fn run(args: &Inspect) -> anyhow::Result<Outcome> {
    let found = look(&args.path)?;
    if args.json {
        let mut json = json!({ "kind": found.kind, "path": args.path });
        if let (Value::Object(json), Value::Object(more)) = (&mut json, found.json) {
            json.extend(more);
        }
        output::json(&json)?;
    } else {
        let mut lines = vec![format!("{}: {}", args.path.display(), found.kind)];
        lines.extend(fact_lines(found.facts));
        output::text(&lines.join("\n"))?;
    }
    Ok(Outcome::Done)
}

fn look(path: &Path) -> anyhow::Result<PathDescription> {
    let has = |name: &str| path.join(name).is_file();
    let journal = FeatureStore::journal_of(path);
    if !path.exists() && journal.is_file() {
        bail!(
            "{}: is not made yet: an extraction into it was stopped, and what it did is kept in {}; type the same \
             `locvtp extract` again, which goes on from there",
            path.display(),
            journal.display()
        );
    }
    PathError::expect_there(path)?;
    if path.is_file() {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        return match ending.as_deref() {
            Some("toml") => match settings_of(path) {
                Some(FileKind::Task) => task_file(path),
                Some(FileKind::Corpus) => settings_of_a_corpus(path),
                _ => run_file(path),
            },
            _ if FeatureFile::is_named(path) => features::features(path),
            Some("safetensors") => safetensors(path),
            Some("pt" | "pth" | "pyth" | "bin") => file_of_weights(path),
            Some("tar") => corpus(path),
            _ => annotations::text_file(path)?.map_or_else(|| video(path), Ok),
        };
    }
    if RunFolder::is_at(&path.join("run")) && path.join("corpus").is_dir() {
        demo(path)
    } else if RunFolder::is_at(path) {
        run_folder(path)
    } else if has(checkpoint::STATE_FILE) {
        checkpoint_folder(path)
    } else if has("config.json") {
        model(path, "model directory")
    } else if has("synthetic.json") {
        synthetic(path)
    } else if SqliteCatalogue::lies_in(path) {
        index(path)
    } else if locvtp_corpus::find_sources(path, None).is_ok() {
        corpus(path)
    } else if features::are_in_folder(path) {
        features::features(path)
    } else {
        bail!(
            "{}: a folder of no kind that is known here; looked for catalogue.sqlite (an index), config.json (a model), \
             trainer_state.json (a checkpoint), run.toml beside log.jsonl (a run), run/ beside \
             corpus/ (a demo), synthetic.json (a synthetic corpus), .npz or .npy files (features), \
             caption.json and the annotation files of other corpora (`locvtp corpus check --help` names them)",
            path.display()
        )
    }
}

fn index(path: &Path) -> anyhow::Result<PathDescription> {
    let catalogue = open_catalogue(&CatalogueLocation::Folder(path.to_owned()), Access::Read)?;
    let files = catalogue.files()?;
    let live = live_index(catalogue.as_ref())?;
    let duration_s: f64 = files.iter().map(|file| file.duration.0).sum();
    let holdings = Holdings::of(&files);
    let mut facts = vec![
        ("videos", holdings.words()),
        ("duration", duration(duration_s)),
        ("all of it", command_line::command(["index", "list", &path.to_string_lossy()])),
    ];
    let model = live.map(|live| live.model.name);
    facts.extend(model.clone().map(|model| ("model", model)));
    let Holdings { num_videos, num_files, num_bad_files } = holdings;
    let json = json!({
        "num_videos": num_videos,
        "num_files": num_files,
        "num_bad_files": num_bad_files,
        "duration_s": duration_s,
        "model": model,
    });
    Ok(PathDescription { kind: "index of videos", facts, json })
}

fn video(path: &Path) -> anyhow::Result<PathDescription> {
    let reader = VideoReader::open(path)?;
    let info = reader.info();
    let mut facts = vec![
        ("picture", format!("{} x {} pixels", info.width, info.height)),
        ("rotation", format!("{} degrees", info.rotation_degrees)),
        ("duration", info.duration.to_string()),
        ("frames", format!("{} at {:.3} Hz on average", info.num_frames, info.frame_rate_hz)),
        ("codec", format!("{} in {}", info.codec, info.container)),
    ];
    if !info.gaps.is_empty() {
        let gaps: Vec<String> = info.gaps.iter().map(ToString::to_string).collect();
        facts.push(("missing", gaps.join(", ")));
    }
    facts.extend(info.notes().into_iter().map(|note| ("note", note)));
    let mut json = serde_json::to_value(info)?;
    json["notes"] = json!(info.notes());
    Ok(PathDescription { kind: "video", facts, json })
}

fn run_file(path: &Path) -> anyhow::Result<PathDescription> {
    let experiment = Experiment::read(path, &[])?;
    let contradiction = experiment.check().err().map(|error| error.to_string());
    let mut facts = settings_facts(&experiment);
    if let Some(contradiction) = &contradiction {
        facts.push(("cannot run", contradiction.clone()));
    }
    let json = json!({ "problem": contradiction, "settings": experiment });
    Ok(PathDescription { kind: "run file", facts, json })
}

/// Which kind of settings a TOML holds.
fn settings_of(path: &Path) -> Option<FileKind> {
    let table: toml::Table = run_files::read_text(path).ok()?.parse().ok()?;
    if table.contains_key("task") { Some(FileKind::Task) } else { FileKind::of(&table) }
}

fn settings_of_a_corpus(path: &Path) -> anyhow::Result<PathDescription> {
    let (text, origin) = (run_files::read_text(path)?, path.display().to_string());
    let is_usable = |config: &SyntheticConfig| config.check().is_ok();
    let config = run_files::parse(&text, &origin, &[], toml::Table::new(), is_usable)?;
    let mut facts = synthetic_facts(&config);
    let problem = config.check().err().map(|error| error.to_string());
    facts.push(match &problem {
        Some(problem) => ("cannot be made", problem.clone()),
        None => ("to make it", FileKind::Corpus.command(&origin)),
    });
    let json = json!({ "problem": problem, "config": config });
    Ok(PathDescription { kind: "settings of a synthetic corpus", facts, json })
}

fn task_file(path: &Path) -> anyhow::Result<PathDescription> {
    let file = TaskFile::read(path, &[])?;
    let task = serde_json::to_value(file.kind())?;
    let mut facts = vec![("task", task.as_str().unwrap_or_default().to_owned())];
    let (mut settings, mut problem) = (serde_json::Value::Null, None);
    match file.task() {
        Ok(of_file) => {
            let table = of_file.table();
            settings = serde_json::to_value(&table)?;
            let sections = table.keys().filter(|key| *key != "task").cloned();
            facts.push(("says", sections.collect::<Vec<_>>().join(", ")));
        }
        Err(error) => {
            facts.push(("cannot run", error.to_string()));
            problem = Some(error.to_string());
        }
    }
    let json = json!({ "task": task, "problem": problem, "settings": settings });
    Ok(PathDescription { kind: "task file", facts, json })
}

fn settings_facts(experiment: &Experiment) -> Vec<(&'static str, String)> {
    let (video, text) = (&experiment.model.video, &experiment.model.text);
    let length = match experiment.train.steps {
        None => counted(experiment.train.epochs.get(), "epoch"),
        Some(steps) => counted(steps, "step"),
    };
    let weights = match &experiment.start.model {
        Some(dir) => dir.display().to_string(),
        None => "nothing: drawn from the seed".into(),
    };
    vec![
        ("name", experiment.run.name.clone()),
        ("seed", experiment.run.seed.to_string()),
        ("starts from", weights),
        ("corpus", experiment.corpus.dir.display().to_string()),
        ("length", length),
        (
            "video encoder",
            format!(
                "{}, {} of {} pixels",
                video.summary(),
                counted(video.num_frames(), "frame"),
                video.image_size()
            ),
        ),
        ("text encoder", text.summary()),
    ]
}

fn model(path: &Path, kind: &'static str) -> anyhow::Result<PathDescription> {
    let directory = ModelDirectory::read(path, &Device::flex())?;
    let parameters = directory.model.num_params();
    let words = directory.tokenizer.as_ref().map_or(0, SentenceTokenizer::vocab_size);
    let (config, preprocessing) = (&directory.config, &directory.preprocessing);
    let clip = if preprocessing.clip_duration_s > 0.0 {
        format!("{} s", preprocessing.clip_duration_s)
    } else {
        "consecutive frames".to_owned()
    };
    let mut facts = vec![
        ("parameters", format!("{:.2} million", parameters as f64 / 1e6)),
        ("video encoder", config.video.summary()),
        ("text encoder", config.text.summary()),
        (
            "joint space",
            match config.has_joint_space() {
                true => counted(config.projection.dim, "dimension"),
                false => "none: features of videos alone".into(),
            },
        ),
        ("vocabulary", counted(words, "token")),
        (
            "a clip",
            format!(
                "{} of {} x {} pixels, {clip}",
                counted(preprocessing.num_frames, "frame"),
                preprocessing.image_size,
                preprocessing.image_size
            ),
        ),
        ("pixels", features::pixels(preprocessing)),
    ];
    let origins = Origins::read(path);
    for (name, part) in [("video weights", Part::Video), ("text weights", Part::Text)] {
        let Some(origins) = &origins else { continue };
        let report = origins.of(part);
        let what =
            report.map(weights::import::report_rows).and_then(|rows| rows.into_iter().next());
        facts.push((name, what.unwrap_or("none were imported".into())));
        let guesses = report.map(weights::import::guess_rows).unwrap_or_default();
        facts.extend(guesses.into_iter().map(|guess| ("", guess)));
    }
    let json = json!({
        "parameters": parameters,
        "vocabulary": words,
        "config": config,
        "preprocessing": preprocessing,
        "origins": origins,
    });
    Ok(PathDescription { kind, facts, json })
}

fn file_of_weights(path: &Path) -> anyhow::Result<PathDescription> {
    let state = weights::inspect::open(&[path.to_owned()], false)?;
    let facts = weights::inspect::facts(&state);
    let mut json = weights::inspect::as_json(&state);
    if let Some(json) = json.as_object_mut() {
        json.remove("tensors");
    }
    Ok(PathDescription { kind: "file of weights", facts, json })
}

/// Clip features, embeddings of sentences, or weights.
fn safetensors(path: &Path) -> anyhow::Result<PathDescription> {
    if FeatureFile::open(path, None).is_ok_and(|file| !file.ids().is_empty()) {
        return features::features(path);
    }
    embeddings(path).map_or_else(|| file_of_weights(path), Ok)
}

/// What `locvtp embed --out` wrote; none for other files.
fn embeddings(path: &Path) -> Option<PathDescription> {
    let about = crate::embedding_file::about(path)?;
    let sentences = about["sentences"].as_array()?.len();
    let text = |key: &str| about[key].as_str().unwrap_or("unknown").to_owned();
    let facts = vec![
        ("made by", format!("{} (weights {})", text("model"), text("weights"))),
        ("sentences", format!("{sentences}, as {}", about["sentences"][0])),
        ("words", if about["words"].is_null() { "none" } else { "of each sentence" }.to_owned()),
    ];
    Some(PathDescription { kind: "embeddings of sentences", facts, json: about })
}

fn checkpoint_folder(path: &Path) -> anyhow::Result<PathDescription> {
    let next_step = checkpoint::verify(path)?;
    let mut found = model(path, "checkpoint")?;
    found.facts.insert(0, ("next step", next_step.to_string()));
    found.facts.insert(1, ("files", "whole, as their checksums say".into()));
    found.json["next_step"] = json!(next_step);
    Ok(found)
}

fn run_folder(path: &Path) -> anyhow::Result<PathDescription> {
    let run = RunFolder::read(path)?;
    let state = if run.is_finished() { "finished" } else { "not finished" };
    let mut facts = settings_facts(&run.experiment);
    facts.insert(0, ("state", format!("{state}, {} done", counted(run.steps_done(), "step"))));
    facts.push(("trained for", duration(run.training_s())));
    facts.push(("checkpoints", run.checkpoints.len().to_string()));
    for (name, loss) in run.final_losses() {
        let name = Term::named(&name).map_or("loss", Term::symbol);
        facts.push((name, format!("{loss:.3} over the last tenth")));
    }
    facts.push(("bad videos", run.bad_videos.len().to_string()));
    if let Some(model) = &run.model {
        facts.push(("model", model.display().to_string()));
    }
    let json = json!({
        "finished": run.is_finished(),
        "steps_done": run.steps_done(),
        "training_s": run.training_s(),
        "losses": run.final_losses(),
        "checkpoints": run.checkpoints,
        "bad_videos": run.bad_videos,
        "model": run.model,
        "settings": run.experiment,
    });
    Ok(PathDescription { kind: "run folder", facts, json })
}

fn demo(path: &Path) -> anyhow::Result<PathDescription> {
    let mut found = run_folder(&path.join("run"))?;
    found.kind = "demo folder";
    let (page, summary) = (path.join("report/report.html"), path.join("summary.json"));
    if page.is_file() {
        found.facts.push(("page", page.display().to_string()));
        found.json["page"] = json!(page);
    }
    if let Ok(text) = plain_file::read_json(&summary) {
        found.facts.push(("summary", summary.display().to_string()));
        found.json["summary"] = serde_json::from_str(&text)?;
    }
    Ok(found)
}

fn synthetic(path: &Path) -> anyhow::Result<PathDescription> {
    let file = path.join("synthetic.json");
    let text = plain_file::read_json(&file).map_err(missing::reading(&file))?;
    let mut json: Value = serde_json::from_str(&text)
        .with_context(|| format!("{}: not the config of a synthetic corpus", file.display()))?;
    let config: SyntheticConfig = serde_json::from_value(json["config"].take())
        .with_context(|| format!("{}: not the config of a synthetic corpus", file.display()))?;
    let mut facts = synthetic_facts(&config);
    facts.push(("to train", format!("corpus.dir = {:?}", path.join("train"))));
    Ok(PathDescription { kind: "synthetic corpus", facts, json: json!({ "config": config }) })
}

fn synthetic_facts(config: &SyntheticConfig) -> Vec<(&'static str, String)> {
    vec![
        ("seed", config.seed.to_string()),
        (
            "videos",
            format!(
                "{} to train on, {} of seen and {} of new combinations",
                config.train_videos, config.seen_videos, config.new_videos
            ),
        ),
        (
            "each",
            format!(
                "{} s of {} x {} pixels at {} Hz, {} to {} events",
                config.duration_s,
                config.width,
                config.height,
                config.frame_rate_hz,
                config.min_events,
                config.max_events
            ),
        ),
    ]
}

fn corpus(path: &Path) -> anyhow::Result<PathDescription> {
    let settings = ReadSettings::default();
    let reader = CorpusReader::new(path, &settings, FileLookup::WhereThereIsAFolder)?;
    let mut report = ReadReport::default();
    for source in reader.sources() {
        report.add(reader.read(source, &mut Counted)?);
    }
    report.left_files = reader.left_files().unwrap_or_default();
    let layouts = reader.sources().iter().map(|source| source.layout.name());
    let layouts: std::collections::BTreeSet<&str> = layouts.collect();
    let layouts = layouts.into_iter().collect::<Vec<_>>().join(", ");
    let facts = vec![
        ("layout", layouts.clone()),
        ("holds", report.to_string()),
        (
            "narration",
            format!("{} in {}", duration(report.captions_s), counted(report.words, "word")),
        ),
        ("more", joined(["locvtp", "corpus", "check", &path.to_string_lossy()])),
    ];
    Ok(PathDescription {
        kind: "corpus",
        facts,
        json: json!({ "layout": layouts, "report": report }),
    })
}

/// Takes videos only to have them counted.
struct Counted;

impl VideoSink for Counted {
    fn video(&mut self, _: NarratedVideo) {}
}
