//! From foreign checkpoints to a model directory.
//!
//! Every parameter of an encoder that is imported comes from the checkpoint or is set to a number
//! for a stated reason, and every key of the checkpoint is used or dropped for a stated reason;
//! anything else is an error. What no checkpoint holds (projection heads, context warping) is drawn
//! from a seed. A model of a video encoder alone has no such heads.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use locvtp_video::Interpolation;

use super::clip_source::{clip_text_config, clip_vision_config};
use super::key_table::{KeyTable, Made, Plan};
pub use super::known_values::Guess;
use super::known_values::Values;
use super::source::{Part, Shapes, Source, SourceKind};
use super::source_config::{c3d_config, distilbert_config, preprocessing, timesformer_config};
use super::{StateDict, fill_each};
use crate::clip::Activation;
use crate::model_directory::{WEIGHTS_FILE, replace_directory, write_synced};
use crate::projection::{ProjectionConfig, ProjectionKind};
use crate::text_encoder::TextEncoderConfig;
use crate::tokenizer::SentenceTokenizer;
use crate::video_encoder::VideoEncoderConfig;
use crate::{LocVtpConfig, ModelDirectory, ModelError, Preprocessing};

/// What an import left in a model directory, for the next one and for people.
pub const IMPORT_FILE: &str = "import.json";

/// What the checkpoints do not say. What a file beside a checkpoint says otherwise is an error.
#[derive(Clone, Debug, Default)]
pub struct ImportSettings {
    /// Side of the frames, pixels; `None` keeps the checkpoint's.
    pub image_size: Option<usize>,
    /// Frames of a clip; `None` keeps the checkpoint's, or 16.
    pub num_frames: Option<usize>,
    /// Whether CLIP sees every frame alone, without attention over time.
    pub per_frame: bool,
    /// Attention heads of the video encoder.
    pub num_heads: Option<usize>,
    /// Attention heads of the text encoder.
    pub num_text_heads: Option<usize>,
    /// The bend of CLIP's blocks.
    pub activation: Option<Activation>,
    /// Added to the variance in the layer norms of TimeSformer and CLIP.
    pub epsilon: Option<f64>,
    /// open_clip's name of a CLIP of these sizes, which says heads and activation.
    pub preset: Option<String>,
    /// Subtracted from pixels from 0 to 1.
    pub mean: Option<[f32; 3]>,
    /// What pixels are divided by then.
    pub std: Option<[f32; 3]>,
    /// How pictures are scaled.
    pub interpolation: Option<Interpolation>,
    /// What the shorter side is scaled to before the middle is cut out, pixels.
    pub short_side: Option<usize>,
    /// Seconds of a clip; 0 takes frames that follow one another.
    pub clip_seconds: Option<f64>,
    /// Width of the joint space; `None` keeps that of the directory, or 256.
    pub projection_dim: Option<usize>,
    /// `tokenizer.json` or `vocab.txt`; `None` looks beside the checkpoint.
    pub tokenizer: Option<PathBuf>,
    /// What is drawn depends on it alone.
    pub seed: u64,
}

impl ImportSettings {
    /// Refuses what is typed and would change nothing in the encoders at hand.
    fn refuse_unused(&self, planned: &BTreeMap<Part, Planned<'_>>) -> Result<(), ModelError> {
        use SourceKind::{C3d, Clip, HfClip};
        let kind = |part| planned.get(&part).map(|planned| planned.source.kind);
        let (video, text) = (kind(Part::Video), kind(Part::Text));
        let is_clip = [video, text].iter().any(|kind| matches!(kind, Some(Clip | HfClip)));
        let has_blocks = video.is_some_and(|kind| kind != C3d);
        let for_video = "no video encoder with attention is imported (a text encoder's heads are \
                         --text-heads)";
        let for_pictures = "no video encoder is imported";
        let for_text = "no text encoder is imported";
        for (flag, is_typed, is_used, why) in [
            ("--heads", self.num_heads.is_some(), has_blocks, for_video),
            ("--epsilon", self.epsilon.is_some(), has_blocks, for_video),
            ("--text-heads", self.num_text_heads.is_some(), text.is_some(), for_text),
            ("--activation", self.activation.is_some(), is_clip, "only CLIP's can be chosen"),
            ("--preset", self.preset.is_some(), is_clip, "presets are open_clip's, of CLIPs"),
            ("--mean", self.mean.is_some(), video.is_some(), for_pictures),
            ("--std", self.std.is_some(), video.is_some(), for_pictures),
            ("--interpolation", self.interpolation.is_some(), video.is_some(), for_pictures),
            ("--short-side", self.short_side.is_some(), video.is_some(), for_pictures),
            ("--clip-seconds", self.clip_seconds.is_some(), has_blocks, for_pictures),
        ] {
            let Some(first) = planned.values().next().filter(|_| is_typed && !is_used) else {
                continue;
            };
            return Err(ModelError::ForeignWeights {
                path: first.source.path().into(),
                reason: format!("{flag} changes nothing in it: {why}"),
                way_out: format!("leave {flag} away"),
            });
        }
        Ok(())
    }
}

/// Where the encoders of a model directory came from: the contents of [`IMPORT_FILE`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Origins {
    /// The video encoder.
    pub video: Option<PartReport>,
    /// The text encoder; a model can be of videos alone.
    pub text: Option<PartReport>,
}

impl Origins {
    /// What is known of a model directory; `None` where it was not imported.
    pub fn read(dir: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(dir.join(IMPORT_FILE)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Where a part came from.
    pub fn of(&self, part: Part) -> Option<&PartReport> {
        match part {
            Part::Video => self.video.as_ref(),
            Part::Text => self.text.as_ref(),
        }
    }

    fn of_mut(&mut self, part: Part) -> &mut Option<PartReport> {
        match part {
            Part::Video => &mut self.video,
            Part::Text => &mut self.text,
        }
    }
}

/// What became of the keys of a checkpoint and the parameters of one encoder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PartReport {
    /// The kind of checkpoint.
    pub from: String,
    /// Its files.
    pub files: Vec<PathBuf>,
    /// How the files hold their numbers, with how many tensors.
    pub number_types: BTreeMap<String, usize>,
    /// Parameters filled from the checkpoint.
    pub filled: Vec<String>,
    /// Parameters that were interpolated from another shape on the way.
    pub resized: Vec<Resized>,
    /// Parameters set to a number, because no such checkpoint holds them.
    pub set: Vec<Explained>,
    /// Keys that were not needed.
    pub dropped: Vec<Explained>,
    /// Python names in the file whose calls were skipped.
    pub skipped_calls: Vec<String>,
    /// Values that no file says and nobody typed.
    #[serde(default)]
    pub guessed: Vec<Guess>,
}

/// A parameter that was interpolated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resized {
    /// Its name.
    pub parameter: String,
    /// Its shape in the checkpoint.
    pub from: Vec<usize>,
    /// Its shape in the model.
    pub to: Vec<usize>,
}

/// Names for which the same is true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// Parameters or keys.
    pub names: Vec<String>,
    /// Why.
    pub reason: String,
}

/// A model made from checkpoints.
#[derive(Debug)]
pub struct Import {
    /// The model with all that is needed to use it.
    pub directory: ModelDirectory,
    /// Where its encoders came from.
    pub origins: Origins,
    /// The parameters that were drawn from the seed.
    pub drawn: Vec<String>,
}

impl Import {
    /// Writes the model directory `place`, or puts it in the place of the one that is there.
    ///
    /// # Errors
    /// When the disk is full or read-only; what was there is as it was then.
    pub fn write(&self, place: &Path) -> Result<(), ModelError> {
        let origins = serde_json::to_string_pretty(&self.origins).expect("plain data") + "\n";
        replace_directory(place, |dir| {
            self.directory.write_files(dir)?;
            write_synced(&dir.join(IMPORT_FILE), origins.as_bytes())
        })
    }
}

/// The encoders of a checkpoint, with what its table says for its keys.
struct Planned<'a> {
    source: &'a Source,
    table: &'static KeyTable,
    plan: Plan,
}

/// Makes a model from checkpoints, and from the model directory `existing` what they do not fill.
///
/// # Errors
/// When a checkpoint does not fill its encoders, holds keys that nothing is known about, or two of
/// them fill the same encoder; the message names file, key and the way out.
pub fn import(
    sources: &[Source],
    existing: Option<&Path>,
    settings: &ImportSettings,
    device: &Device,
) -> Result<Import, ModelError> {
    let planned = plan_parts(sources)?;
    let mut base = match existing {
        Some(dir) => Base::read(dir)?,
        None => Base::empty(&planned)?,
    };
    settings.refuse_unused(&planned)?;
    let mut guessed = BTreeMap::new();
    for (part, planned) in &planned {
        guessed.insert(*part, base.resize(*part, planned, settings)?);
        *base.origins.of_mut(*part) = Some(PartReport::default());
    }
    base.choose_projection(settings);
    base.config.check()?;
    base.preprocessing.check()?;
    let Base { config, preprocessing, tokenizer, mut origins, weights } = base;

    let mut filling: BTreeMap<Part, Filling<'_>> =
        planned.iter().map(|(part, planned)| (*part, Filling::new(planned))).collect();
    let mut drawn = Vec::new();
    let model = fill_each(config.init_heads(settings.seed, device), |name, shape| {
        if let Some((part, rest)) = part_of(name)
            && let Some(filling) = filling.get_mut(&part)
        {
            return filling.parameter(name, rest, shape);
        }
        // What the directory holds already stays, unless its width has changed.
        match weights.tensors.get(name) {
            Some(tensor) if tensor.shape == shape => tensor.read(name).map(Some),
            _ => {
                drawn.push(name.to_owned());
                Ok(None)
            }
        }
    })?;
    for (part, filling) in filling {
        let guessed = guessed.remove(&part).unwrap_or_default();
        *origins.of_mut(part) = Some(PartReport { guessed, ..filling.finish()? });
    }
    let directory = ModelDirectory { config, preprocessing, tokenizer, model };
    Ok(Import { directory, origins, drawn })
}

/// Which source fills which encoder, and how.
fn plan_parts(sources: &[Source]) -> Result<BTreeMap<Part, Planned<'_>>, ModelError> {
    let mut planned = BTreeMap::<Part, Planned<'_>>::new();
    for source in sources {
        for (part, table) in source.kind.tables() {
            let plan = table.plan(source.state.tensors.keys());
            if let Some(other) = planned.get(part) {
                return Err(ModelError::ForeignWeights {
                    path: source.path().into(),
                    reason: format!(
                        "it fills the {}, and so does {}",
                        part.name(),
                        other.source.path().display()
                    ),
                    way_out: "give one checkpoint for each encoder".into(),
                });
            }
            planned.insert(*part, Planned { source, table, plan });
        }
    }
    Ok(planned)
}

/// Which encoder a parameter belongs to, and its name there.
fn part_of(parameter: &str) -> Option<(Part, &str)> {
    let (encoder, name) = parameter.split_once('.')?;
    match encoder {
        "timesformer" => Some((Part::Video, name)),
        "c3d" => Some((Part::Video, name)),
        "distilbert" => Some((Part::Text, name)),
        "clip" if name.starts_with("vis") => Some((Part::Video, name)),
        "clip" => Some((Part::Text, name)),
        _ => None,
    }
}

/// What a model is made from before checkpoints fill it.
struct Base {
    config: LocVtpConfig,
    preprocessing: Preprocessing,
    tokenizer: Option<SentenceTokenizer>,
    origins: Origins,
    weights: StateDict,
}

impl Base {
    /// Nothing yet; a video encoder must come.
    fn empty(planned: &BTreeMap<Part, Planned<'_>>) -> Result<Self, ModelError> {
        if let (None, Some(text)) = (planned.get(&Part::Video), planned.get(&Part::Text)) {
            return Err(ModelError::ForeignWeights {
                path: text.source.path().into(),
                reason: "a text encoder alone is no model".into(),
                way_out: "import a video encoder first, or both at once with a second --from"
                    .into(),
            });
        }
        Ok(Self {
            config: LocVtpConfig { text: TextEncoderConfig::None, ..LocVtpConfig::default() },
            preprocessing: Preprocessing::default(),
            tokenizer: None,
            origins: Origins::default(),
            weights: StateDict::default(),
        })
    }

    /// The model directory that is added to.
    fn read(dir: &Path) -> Result<Self, ModelError> {
        let Some(origins) = Origins::read(dir) else {
            return Err(ModelError::ForeignWeights {
                path: dir.into(),
                reason: format!(
                    "something is here that no import wrote (it has no {IMPORT_FILE}), a trained \
                     model perhaps"
                ),
                way_out: "it is left as it is; choose another --out".into(),
            });
        };
        let (config, preprocessing, tokenizer) = ModelDirectory::read_settings(dir)?;
        let weights = StateDict::open_wrapped(&dir.join(WEIGHTS_FILE), false)?;
        Ok(Self { config, preprocessing, tokenizer, origins, weights })
    }

    /// Two towers of one CLIP end in a joint space of their own; all others get heads.
    fn choose_projection(&mut self, settings: &ImportSettings) {
        let projection = &mut self.config.projection;
        match (&self.config.video, &self.config.text) {
            (VideoEncoderConfig::Clip(video), TextEncoderConfig::Clip(text))
                if settings.projection_dim.is_none()
                    && video.projection_dim == text.projection_dim
                    && self.origins.video.is_some() =>
            {
                projection.kind = ProjectionKind::Identity;
                projection.dim = video.projection_dim;
            }
            _ if projection.kind == ProjectionKind::Identity => {
                *projection = ProjectionConfig::default();
            }
            _ => {}
        }
        if let Some(dim) = settings.projection_dim {
            projection.dim = dim;
        }
    }

    /// Gives an encoder the size of its checkpoint, with what belongs to it; what was guessed.
    fn resize(
        &mut self,
        part: Part,
        planned: &Planned<'_>,
        settings: &ImportSettings,
    ) -> Result<Vec<Guess>, ModelError> {
        let shapes = Shapes { source: planned.source, plan: &planned.plan };
        let mut values = Values::new(planned.source);
        match part {
            Part::Video => {
                self.config.video = match planned.source.kind {
                    SourceKind::Clip | SourceKind::HfClip => {
                        clip_vision_config(&shapes, settings, &mut values)?.into()
                    }
                    SourceKind::C3d => c3d_config(&shapes, settings)?.into(),
                    _ => timesformer_config(&shapes, settings, &mut values)?.into(),
                };
                self.preprocessing =
                    preprocessing(planned.source, &self.config.video, settings, &mut values)?;
            }
            Part::Text => {
                self.config.text = match planned.source.kind {
                    SourceKind::Clip | SourceKind::HfClip => {
                        clip_text_config(&shapes, settings, &mut values)?.into()
                    }
                    _ => distilbert_config(&shapes, settings, &mut values)?.into(),
                };
                self.tokenizer = Some(tokenizer(planned.source, &self.config.text, settings)?);
            }
        }
        Ok(values.guesses)
    }
}

/// The tokenizer that belongs to a text encoder.
fn tokenizer(
    source: &Source,
    config: &TextEncoderConfig,
    settings: &ImportSettings,
) -> Result<SentenceTokenizer, ModelError> {
    let is_clip = matches!(config, TextEncoderConfig::Clip(_));
    let vocabulary = if is_clip { "vocab.json" } else { "vocab.txt" };
    let beside = || {
        let names = ["tokenizer.json", vocabulary].map(|name| source.folder.join(name));
        names.into_iter().find(|path| path.is_file())
    };
    let Some(path) = settings.tokenizer.clone().or_else(beside) else {
        let whose = match is_clip {
            true => {
                " (OpenAI's and nearly all of open_clip's have the one tokenizer: vocab.json and \
                     merges.txt of openai/clip-vit-base-patch32)"
            }
            false => "",
        };
        return Err(ModelError::ForeignWeights {
            path: source.path().into(),
            reason: format!("no tokenizer.json and no {vocabulary} lie beside it"),
            way_out: format!(
                "put the model's own tokenizer there, or give it with --tokenizer FILE{whose}"
            ),
        });
    };
    let max_tokens = config.max_tokens();
    let tokenizer = if path.extension().is_some_and(|ending| ending == "txt") {
        SentenceTokenizer::read_vocabulary(&path, max_tokens)?
    } else if path.file_name().is_some_and(|name| name == "vocab.json") {
        SentenceTokenizer::read_byte_pairs(&path, &path.with_file_name("merges.txt"), max_tokens)?
    } else {
        SentenceTokenizer::read(&path, max_tokens)?
    };
    if tokenizer.vocab_size() > config.vocab_size() {
        return Err(ModelError::ForeignWeights {
            path,
            reason: format!(
                "{} tokens have no place in the checkpoint's embedding of {}",
                tokenizer.vocab_size(),
                config.vocab_size()
            ),
            way_out: "give the tokenizer of the same model with --tokenizer FILE".into(),
        });
    }
    Ok(tokenizer)
}

/// An encoder that is being filled, and what became of its parameters so far.
struct Filling<'a> {
    planned: &'a Planned<'a>,
    report: PartReport,
    used: Vec<&'a str>,
    missing: Vec<String>,
    misshapen: Vec<String>,
}

impl<'a> Filling<'a> {
    fn new(planned: &'a Planned<'a>) -> Self {
        let state = &planned.source.state;
        let types = state.number_types().into_iter();
        let report = PartReport {
            from: planned.source.kind.name().into(),
            files: state.files.clone(),
            number_types: types.map(|(name, count)| (name.to_string(), count)).collect(),
            skipped_calls: state.skipped_calls.clone(),
            ..PartReport::default()
        };
        Self { planned, report, used: Vec::new(), missing: Vec::new(), misshapen: Vec::new() }
    }

    /// The numbers of the parameter `name`, called `local` in its encoder.
    fn parameter(
        &mut self,
        name: &str,
        local: &str,
        shape: &[usize],
    ) -> Result<Option<super::NamedTensor>, ModelError> {
        if let Some((local, recipe)) = self.planned.plan.recipes.get_key_value(local) {
            self.used.push(local);
            let resized = |from| Resized { parameter: name.into(), from, to: shape.to_vec() };
            return Ok(match recipe.make(&self.planned.source.state, shape)? {
                Made::AsItIs(tensor) => {
                    self.report.filled.push(name.into());
                    Some(tensor)
                }
                Made::Resized(tensor, from) => {
                    self.report.filled.push(name.into());
                    self.report.resized.push(resized(from));
                    Some(tensor)
                }
                Made::Misshapen(found) => {
                    let keys = recipe.keys.join(" + ");
                    self.misshapen.push(format!("{keys}: {found:?} instead of {shape:?}"));
                    None
                }
            });
        }
        let Some(constant) = self.planned.table.constant(local) else {
            self.missing.push(name.into());
            return Ok(None);
        };
        explain(&mut self.report.set, name, constant.reason);
        let values = vec![constant.value; shape.iter().product()];
        Ok(Some(super::NamedTensor { shape: shape.to_vec(), values }))
    }

    /// The report, or what is wrong.
    fn finish(mut self) -> Result<PartReport, ModelError> {
        let plan = &self.planned.plan;
        for (key, reason) in &plan.dropped {
            explain(&mut self.report.dropped, key, reason);
        }
        for key in &self.planned.source.state.beside {
            explain(&mut self.report.dropped, key, "it lies beside the model: training's state");
        }
        // A key that fills several parameters is used by any of them.
        let used = &self.used;
        let keys = |taken: bool| {
            let recipes = plan.recipes.iter();
            let recipes = recipes.filter(|(name, _)| used.contains(&&name[..]) == taken);
            recipes.flat_map(|(_, recipe)| recipe.keys.iter()).collect::<BTreeSet<&String>>()
        };
        let (taken, left) = (keys(true), keys(false));
        let mut unused: Vec<String> = left.difference(&taken).map(|key| (*key).clone()).collect();
        unused.extend(plan.unknown.iter().cloned());
        unused.retain(|key| !key.is_empty());
        let problems = [
            ("parameters that no key fills", &self.missing),
            ("keys that no parameter takes", &unused),
            ("tensors of another shape", &self.misshapen),
            ("parameters that two keys fill", &plan.twice),
        ];
        let mut text = String::new();
        for (what, names) in problems.into_iter().filter(|(_, names)| !names.is_empty()) {
            let shown = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
            let more = if names.len() > 3 { ", …" } else { "" };
            let _ = write!(text, "; {} {what} ({shown}{more})", names.len());
        }
        if text.is_empty() {
            return Ok(self.report);
        }
        let source = self.planned.source;
        let kind = source.kind.name();
        let way_out = match SourceKind::guess(&source.state) {
            Some(other) if other != source.kind => {
                format!("its keys look like {0}: say --from {0}", other.name())
            }
            _ => "take the whole checkpoint of this model, with its own config.json beside it"
                .to_owned(),
        };
        let reason = format!("it does not fill a model as {kind}{text}");
        Err(ModelError::ForeignWeights { path: source.path().into(), reason, way_out })
    }
}

/// Adds a name to those that the same is true for.
fn explain(all: &mut Vec<Explained>, name: &str, reason: &str) {
    match all.iter_mut().find(|explained| explained.reason == reason) {
        Some(explained) => explained.names.push(name.into()),
        None => all.push(Explained { names: vec![name.into()], reason: reason.into() }),
    }
}
