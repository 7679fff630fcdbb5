//! From foreign checkpoints to a model directory.
//!
//! Every parameter of an encoder that is imported comes from the checkpoint or is set to a number
//! for a stated reason, and every key of the checkpoint is used or dropped for a stated reason;
//! anything else is an error. What no checkpoint holds (projection heads, context warping) is drawn
//! from a seed. A model of a video encoder alone has no such heads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use locvtp_video::WholeFolder;

use super::filling::{Filling, Planned};
use super::import_report::{IMPORT_FILE, Origins, PartReport};
use super::import_settings::ImportSettings;
use super::known_values::{Guess, Values};
use super::named::{fill_each, parameter_names};
use super::source::{Part, Shapes, Source, VideoRow};
use super::source_preprocessing::preprocessing;
use super::source_tokenizer::tokenizer;
use super::state_dict::StateDict;
use crate::model_directory::{
    CONFIG_FILE, PREPROCESSING_FILE, TOKENIZER_FILE, WEIGHTS_FILE, begin_directory, fill_directory,
    write_synced,
};
use crate::projection::{ProjectionConfig, ProjectionKind};
use crate::sentence_feature::SentenceFeature;
use crate::text_encoder::TextEncoderConfig;
use crate::tokenizer::SentenceTokenizer;
use crate::video_encoder::VideoEncoderConfig;
use crate::{LocVtpConfig, ModelDirectory, ModelError, Preprocessing, weight_count};

/// A model made from checkpoints.
#[derive(Debug)]
#[non_exhaustive]
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
        self.write_into(begin_directory(place)?)
    }

    /// The same where the directory was begun before `existing` was read: nobody has written it meanwhile.
    ///
    /// # Errors
    /// As [`Import::write`].
    pub fn write_into(&self, begun: WholeFolder) -> Result<(), ModelError> {
        let origins = serde_json::to_string_pretty(&self.origins).expect("plain data") + "\n";
        fill_directory(begun, |dir| {
            self.directory.write_files(dir)?;
            write_synced(&dir.join(IMPORT_FILE), origins.as_bytes())
        })
    }
}

/// What lies in a model directory and was written by no import.
fn foreign_file(dir: &Path) -> Option<PathBuf> {
    let own = [CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE, PREPROCESSING_FILE, IMPORT_FILE];
    let found = std::fs::read_dir(dir).ok()?.flatten();
    let mut found: Vec<PathBuf> = found
        .filter(|entry| !own.iter().any(|own| entry.file_name() == *own))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found.into_iter().next()
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
    refuse_unused(settings, &planned)?;
    let mut guessed = BTreeMap::new();
    for (part, planned) in &planned {
        guessed.insert(*part, base.resize(*part, planned, settings)?);
        *base.origins.of_mut(*part) = Some(PartReport::default());
    }
    base.choose_projection(settings);
    base.config.check()?;
    base.preprocessing.check()?;
    let Base { config, preprocessing, tokenizer, mut origins, weights } = base;
    check_fills(&config, &planned, &weights)?;

    let mut filling: BTreeMap<Part, Filling<'_>> =
        planned.iter().map(|(part, planned)| (*part, Filling::new(planned))).collect();
    let mut drawn = Vec::new();
    let model = config.init_heads(settings.seed, device);
    let (video, text) = model.encoders();
    let (video, text) = (parameter_names(video), text.map(parameter_names).unwrap_or_default());
    let model = fill_each(model, |name, shape| {
        let parts = [(Part::Video, &video), (Part::Text, &text)];
        if let Some((part, _)) = parts.into_iter().find(|(_, names)| names.contains(name))
            && let Some(filling) = filling.get_mut(&part)
        {
            return filling.parameter(name, shape);
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

/// That the checkpoints can fill encoders of these sizes, before memory is taken for them: an axis of one tensor
/// and an axis of another make a parameter of their product.
fn check_fills(
    config: &LocVtpConfig,
    planned: &BTreeMap<Part, Planned<'_>>,
    existing: &StateDict,
) -> Result<(), ModelError> {
    let states = || planned.values().map(|planned| &planned.source.state).chain([existing]);
    let bytes = |file: &PathBuf| std::fs::metadata(file).map_or(0, |file| u128::from(file.len()));
    let file_bytes: u128 = states().flat_map(|state| &state.files).map(bytes).sum();
    let numbers = weight_count::sum(states().map(|state| state.num_elements() as u128));
    // A number takes two bytes at least, and the same may be told twice.
    let stored = numbers.min(file_bytes);
    let tensors = states().map(|state| state.tensors.len()).sum();
    let needed = weight_count::sum([config.video.least_weights(), config.text.least_weights()]);
    let Some(first) = planned.values().next() else { return Ok(()) };
    if weight_count::may_fill(needed, stored, tensors) {
        return Ok(());
    }
    Err(ModelError::ForeignWeights {
        path: first.source.path().into(),
        reason: format!(
            "its tensors say sizes that ask for {needed} numbers, and it holds {stored}, so they are not \
             those of one model"
        ),
        way_out: "take the whole checkpoint of this model".into(),
    })
}

/// Refuses what is typed and would change nothing in the encoders at hand.
fn refuse_unused(
    settings: &ImportSettings,
    planned: &BTreeMap<Part, Planned<'_>>,
) -> Result<(), ModelError> {
    let row = |part| planned.get(&part).map(|planned: &Planned<'_>| planned.source.row);
    let video = row(Part::Video).and_then(|row| row.video.as_ref());
    let (has_video, has_text) = (video.is_some(), planned.contains_key(&Part::Text));
    let has_seconds = video.is_some_and(|video| video.pictures.clip_seconds.is_none());
    let says = |flag| planned.values().any(|planned| planned.source.row.flags.contains(&flag));
    let for_video = "no video encoder with attention is imported (a text encoder's heads are \
                     --text-heads)";
    let for_pictures = "no video encoder is imported";
    let for_text = "no text encoder is imported";
    let for_activation = "only CLIP's can be chosen";
    let for_preset = "presets are open_clip's, of CLIPs";
    for (flag, is_typed, is_used, why) in [
        ("--heads", settings.num_heads.is_some(), says("--heads"), for_video),
        ("--epsilon", settings.epsilon.is_some(), says("--epsilon"), for_video),
        ("--text-heads", settings.num_text_heads.is_some(), has_text, for_text),
        ("--activation", settings.activation.is_some(), says("--activation"), for_activation),
        ("--preset", settings.preset.is_some(), says("--preset"), for_preset),
        ("--mean", settings.mean.is_some(), has_video, for_pictures),
        ("--std", settings.std.is_some(), has_video, for_pictures),
        ("--interpolation", settings.interpolation.is_some(), has_video, for_pictures),
        ("--short-side", settings.short_side.is_some(), has_video, for_pictures),
        ("--clip-seconds", settings.clip_seconds.is_some(), has_seconds, for_pictures),
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

/// Which source fills which encoder, and how.
fn plan_parts(sources: &[Source]) -> Result<BTreeMap<Part, Planned<'_>>, ModelError> {
    let mut planned = BTreeMap::<Part, Planned<'_>>::new();
    for source in sources {
        for (part, table) in source.row.tables() {
            let plan = table.plan(source.state.tensors.keys());
            if let Some(other) = planned.get(&part) {
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
            planned.insert(part, Planned { source, table, plan });
        }
    }
    Ok(planned)
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
        if let Some(foreign) = foreign_file(dir) {
            return Err(ModelError::ForeignWeights {
                path: foreign,
                reason:
                    "it lies in the model directory, which is written anew, and is not of the model"
                        .into(),
                way_out: "move it away, or choose another --out".into(),
            });
        }
        let (config, preprocessing, tokenizer) = ModelDirectory::read_settings(dir)?;
        let weights = StateDict::open_wrapped(&dir.join(WEIGHTS_FILE), false)?;
        Ok(Self { config, preprocessing, tokenizer, origins, weights })
    }

    /// Two towers of one CLIP or SigLIP end in a joint space of their own; all others get heads.
    fn choose_projection(&mut self, settings: &ImportSettings) {
        let projection = &mut self.config.projection;
        self.config.sentence_feature = SentenceFeature::MeanWord;
        match (&self.config.video, &self.config.text) {
            (VideoEncoderConfig::Clip(video), TextEncoderConfig::Clip(text))
                if settings.projection_dim.is_none()
                    && video.projection_dim == text.projection_dim
                    && self.origins.video.is_some() =>
            {
                projection.kind = ProjectionKind::Identity;
                projection.dim = video.projection_dim;
                self.config.sentence_feature = SentenceFeature::LastToken;
            }
            (VideoEncoderConfig::Siglip(video), TextEncoderConfig::Siglip(text))
                if settings.projection_dim.is_none()
                    && video.hidden_size == text.projection_size
                    && self.origins.video.is_some() =>
            {
                projection.kind = ProjectionKind::Identity;
                projection.dim = text.projection_size;
                self.config.sentence_feature = SentenceFeature::LastToken;
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
        let mut values = Values::new(planned.source.path());
        let row = planned.source.row;
        match part {
            Part::Video => {
                let VideoRow { encoder, pictures } =
                    row.video.as_ref().expect("its row named the encoder");
                self.config.video = (encoder.config)(&shapes, settings, &mut values)?;
                let (source, config) = (planned.source, &self.config.video);
                self.preprocessing =
                    preprocessing(source, pictures, config, settings, &mut values)?;
            }
            Part::Text => {
                let encoder = row.text.as_ref().expect("its row named the encoder");
                self.config.text = (encoder.config)(&shapes, settings, &mut values)?;
                self.tokenizer = Some(tokenizer(planned.source, &self.config.text, settings)?);
            }
        }
        Ok(values.guesses)
    }
}
