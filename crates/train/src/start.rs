//! What a run begins with: a model directory that was imported or trained, or the seed.
//!
//! What the directory says of the settings ([`start_settings`](crate::start_settings)) is written into
//! the run's own `run.toml` with a checksum of the weights, so that a run that goes on needs the
//! directory no more.

use std::io::Read;
use std::path::Path;

use locvtp_model::model_directory::{CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE};
use locvtp_model::{Device, ModelDirectory, SentenceTokenizer, read_start_weights};
use toml::Value;

use crate::error::TrainError;
use crate::experiment::{Experiment, StartSection};
use crate::nearby::did_you_mean;
use crate::run_folder::RUN_FILE;
use crate::shell_words::{joined, quoted};
use crate::start_settings::{Sections, contradiction, overlaid, without};

/// The run file as the run in the folder `run` does it, with what it starts from written out.
///
/// # Errors
/// When the model directory cannot be read and the run does not go on, or the run file says
/// otherwise than the directory.
pub(crate) fn resolved(
    experiment: &Experiment,
    run: &Path,
    goes_on: bool,
) -> Result<Experiment, TrainError> {
    let mut resolved = experiment.clone();
    let StartSection { model: Some(dir), weights: None } = &experiment.start else {
        return Ok(resolved);
    };
    match Sections::read(dir) {
        Ok(decided) => {
            if let Some(difference) = decided.difference(experiment) {
                return Err(contradiction(dir, difference));
            }
            if decided.model.text.is_none() {
                return Err(TrainError::StartModel {
                    path: dir.clone(),
                    reason: "it has no text encoder, and pre-training compares clips with words"
                        .into(),
                    way_out: format!(
                        "add one to it: locvtp weights import --from distilbert FOLDER --out {}",
                        quoted(&dir.to_string_lossy())
                    ),
                });
            }
            resolved.start.weights = Some(checksum(dir)?);
        }
        Err(error) if goes_on => {
            let was = Experiment::read_saved(&run.join(RUN_FILE))?;
            if was.start.weights.is_none() {
                // It did not start from a model.
                return Err(no_model(dir).unwrap_or_else(|| error.into()));
            }
            resolved.start.weights = was.start.weights.clone();
            // What this run file chooses itself must be as it was; that is asked later.
            let usual = Sections::of(&Experiment::default()).table();
            let chosen = without(Sections::of(experiment).table(), &usual);
            let merged = overlaid(Sections::of(&was).table(), chosen);
            let merged: Result<Sections, _> = Value::Table(merged).try_into();
            if let Ok(Sections { model, preprocessing }) = merged {
                (resolved.model, resolved.preprocessing) = (model, preprocessing);
            }
        }
        Err(error) => return Err(no_model(dir).unwrap_or_else(|| error.into())),
    }
    Ok(resolved)
}

/// Why `dir` is no model directory, where its name or what lies there tells.
fn no_model(dir: &Path) -> Option<TrainError> {
    let has_model = |dir: &Path| dir.join(CONFIG_FILE).is_file();
    if has_model(dir) {
        return None;
    }
    let (reason, way_out) = if let Some(name) = dir.to_str()?.strip_prefix("hub:") {
        let out = format!("models/{}", name.rsplit('/').next().unwrap_or(name));
        let hub = format!("hub:{name}");
        let import = joined(["locvtp", "weights", "import", "--from", &hub, "--out", &out]);
        (
            "it is a name on the Hugging Face hub, and a folder is expected".to_owned(),
            format!("import it ({import}), and set start.model={out}"),
        )
    } else if !dir.exists() {
        let beside = did_you_mean(dir, "a model", |beside| {
            has_model(&beside.join("model")) || has_model(beside)
        });
        let beside = beside.trim_start_matches("; ").trim_end_matches('.');
        let way_out = if beside.is_empty() { "check the path" } else { beside };
        ("it does not exist".to_owned(), way_out.to_owned())
    } else if let Some(inside) =
        ["model", "run/model"].map(|inside| dir.join(inside)).into_iter().find(|dir| has_model(dir))
    {
        let set = quoted(&format!("start.model={}", inside.display()));
        (
            "it is the folder of a run, and its model is in it".to_owned(),
            format!("give --set {set}"),
        )
    } else if dir.is_file() {
        ("it is a file".to_owned(), "give the folder of a model".to_owned())
    } else {
        (
            format!("it holds no {CONFIG_FILE}"),
            "give a folder that `locvtp weights import` or a finished run has written".to_owned(),
        )
    };
    Some(TrainError::StartModel { path: dir.into(), reason, way_out })
}

/// What a run begins with.
pub(crate) struct Start {
    pub(crate) directory: ModelDirectory,
    /// The heads that were drawn from the seed.
    pub(crate) drawn: Vec<&'static str>,
}

/// The words and weights of the model directory `dir`, for a resolved experiment.
///
/// # Errors
/// When they cannot be read, or are not those that the run file names.
pub(crate) fn read(
    experiment: &Experiment,
    dir: &Path,
    device: &Device,
) -> Result<Start, TrainError> {
    let (found, wanted) = (checksum(dir)?, experiment.start.weights.as_deref());
    if wanted.is_some_and(|wanted| wanted != found) {
        return Err(TrainError::StartModel {
            path: dir.into(),
            reason: format!(
                "`start.weights` is {}, and the weights here are {found}",
                wanted.unwrap_or_default()
            ),
            way_out:
                "give the model directory that run file was made with, or leave start.weights \
                      out"
                .into(),
        });
    }
    let config = experiment.model.clone();
    let tokenizer = SentenceTokenizer::read(&dir.join(TOKENIZER_FILE), config.text.max_tokens())?;
    let weights = read_start_weights(dir, &config, experiment.run.seed, device)?;
    let directory = ModelDirectory {
        config,
        preprocessing: experiment.preprocessing.clone(),
        tokenizer: Some(tokenizer),
        model: weights.model,
    };
    Ok(Start { directory, drawn: weights.drawn })
}

/// CRC-32 of the weights and words of a model directory.
fn checksum(dir: &Path) -> Result<String, TrainError> {
    let mut hasher = crc32fast::Hasher::new();
    let mut piece = vec![0; 1 << 20];
    for name in [WEIGHTS_FILE, TOKENIZER_FILE] {
        let path = dir.join(name);
        let mut file = std::fs::File::open(&path).map_err(TrainError::reading(&path))?;
        loop {
            match file.read(&mut piece).map_err(TrainError::reading(&path))? {
                0 => break,
                count => hasher.update(&piece[..count]),
            }
        }
    }
    Ok(format!("{:08x}", hasher.finalize()))
}
