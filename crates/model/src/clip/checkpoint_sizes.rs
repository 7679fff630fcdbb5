//! The sizes of CLIP's two towers: from shapes, and from what is said beside the checkpoint.
//!
//! Neither the heads nor the activation show in a tensor, and no rule tells them: LAION's B and L
//! have plain GELU where OpenAI's have quick GELU, and H, g and bigG have heads 80, 88 and 104 wide.
//! So they are said by somebody (a flag, a preset, `open_clip_config.json`, `config.json`, keys that
//! OpenAI's own archives alone have), or the import is refused.

use serde_json::{Value, json};

use super::{Activation, ClipTextConfig, ClipTime, ClipVisionConfig};
use crate::ModelError;
use crate::weights::ImportSettings;
use crate::weights::known_values::{StatedValue, Values, stated_by};
use crate::weights::open_clip_config;
use crate::weights::source::{OpenClipFiles, Part, Shapes, Source};
use crate::weights::stated_sizes::{check_sizes, even_heads};

/// Sizes that OpenAI's archives hold as tensors and no other program writes. Their program gives
/// every head 64 numbers, and its activation is quick GELU.
const OPENAI_KEYS: [&str; 3] = ["input_resolution", "context_length", "vocab_size"];

/// Beginnings of keys of models that are not built here, and what they are.
const OTHERS: [(&str, &str); 5] = [
    ("visual.trunk.", "its picture tower is one of timm's (SigLIP, EVA, ConvNeXt, MobileCLIP)"),
    ("visual.layer1.", "its picture tower is a ResNet"),
    ("visual.attn_pool.", "its picture tower pools by attention (CoCa)"),
    ("text_decoder.", "it is a CoCa, which writes captions"),
    ("text.", "its text tower is another one (open_clip's `custom_text`)"),
];

/// The sizes of CLIP's image tower.
///
/// # Errors
/// When the shapes contradict each other or what is said of them, when nobody says a value that no
/// shape shows, or when it is a model that is not built here.
pub(super) fn clip_vision_config(
    shapes: &Shapes<'_>,
    settings: &ImportSettings,
    values: &mut Values<'_>,
) -> Result<ClipVisionConfig, ModelError> {
    let tower = TowerStatements::read(Part::Video, shapes, settings)?;
    let kernel = "vision_model.embeddings.patch_embedding.weight";
    let patch_size = shapes.axis(kernel, 3)?;
    let usual = ClipVisionConfig::default();
    let hidden_size = shapes.axis(kernel, 0)?;
    let num_hidden_layers = shapes.layers("vision_model.encoder.layers.");
    let intermediate_size = shapes.axis("vision_model.encoder.layers.0.mlp.fc1.weight", 0)?;
    let image_size = vision_side(shapes)? * patch_size;
    tower.check_sizes(
        shapes,
        &[
            ("hidden_size", hidden_size),
            ("num_hidden_layers", num_hidden_layers),
            ("intermediate_size", intermediate_size),
            ("patch_size", patch_size),
            ("image_size", image_size),
        ],
    )?;
    let facts = tower.facts(shapes, settings, values, hidden_size)?;
    // It was trained on pictures: it knows nothing of time before it is trained on.
    let num_frames = settings.num_frames.unwrap_or(1);
    let is_per_frame = settings.per_frame || num_frames == 1;
    Ok(ClipVisionConfig {
        image_size: settings.image_size.unwrap_or(image_size),
        patch_size,
        num_channels: shapes.axis(kernel, 1)?,
        num_frames,
        hidden_size,
        num_hidden_layers,
        num_attention_heads: facts.heads,
        intermediate_size,
        projection_dim: shapes.axis("visual_projection.weight", 0)?,
        hidden_act: facts.activation,
        layer_norm_eps: facts.epsilon,
        time: if is_per_frame { ClipTime::Mean } else { ClipTime::Divided },
        ..usual
    })
}

/// The sizes of CLIP's text tower.
///
/// # Errors
/// As [`clip_vision_config`].
pub(super) fn clip_text_config(
    shapes: &Shapes<'_>,
    settings: &ImportSettings,
    values: &mut Values<'_>,
) -> Result<ClipTextConfig, ModelError> {
    let tower = TowerStatements::read(Part::Text, shapes, settings)?;
    let words = "text_model.embeddings.token_embedding.weight";
    let places = "text_model.embeddings.position_embedding.weight";
    let (vocab_size, hidden_size) = (shapes.axis(words, 0)?, shapes.axis(words, 1)?);
    let max_position_embeddings = shapes.axis(places, 0)?;
    let num_hidden_layers = shapes.layers("text_model.encoder.layers.");
    let intermediate_size = shapes.axis("text_model.encoder.layers.0.mlp.fc1.weight", 0)?;
    tower.check_sizes(
        shapes,
        &[
            ("hidden_size", hidden_size),
            ("num_hidden_layers", num_hidden_layers),
            ("intermediate_size", intermediate_size),
            ("vocab_size", vocab_size),
            ("max_position_embeddings", max_position_embeddings),
        ],
    )?;
    let facts = tower.facts(shapes, settings, values, hidden_size)?;
    Ok(ClipTextConfig {
        vocab_size,
        max_position_embeddings,
        hidden_size,
        num_hidden_layers,
        num_attention_heads: facts.heads,
        intermediate_size,
        projection_dim: shapes.axis("text_projection.weight", 0)?,
        hidden_act: facts.activation,
        layer_norm_eps: facts.epsilon,
        ..ClipTextConfig::default()
    })
}

/// Patches along one side of a picture.
fn vision_side(shapes: &Shapes<'_>) -> Result<usize, ModelError> {
    let places = shapes.axis("vision_model.embeddings.position_embedding.weight", 0)?;
    Ok((places - 1).isqrt())
}

/// What no shape shows of a tower.
struct StatedSizes {
    heads: usize,
    activation: Activation,
    epsilon: f64,
}

/// Who speaks of a tower, with what they say under the names of Hugging Face's `config.json`.
struct TowerStatements {
    part: Part,
    stated: Vec<StatedValue<Value>>,
}

impl TowerStatements {
    fn read(
        part: Part,
        shapes: &Shapes<'_>,
        settings: &ImportSettings,
    ) -> Result<Self, ModelError> {
        let source = shapes.source;
        refuse_others(source)?;
        let section = match part {
            Part::Video => "vision_config",
            Part::Text => "text_config",
        };
        let mut stated = Vec::new();
        if let Some(name) = &settings.preset {
            let Some(said) = open_clip_config::of_preset(name) else {
                return Err(ModelError::ForeignWeights {
                    path: source.path().into(),
                    reason: format!("--preset {name}: no such preset is known here"),
                    way_out: format!("known are {}", open_clip_config::preset_names().join(", ")),
                });
            };
            let who = format!("--preset {name}");
            stated.push(StatedValue { who, value: said[section].clone() });
        }
        // The file of the program whose names the keys have goes first, and the other is not asked.
        let hugging_face = || hugging_face_tower(source, section);
        let open_clip = || {
            let said = open_clip_config::read(source)?[section].clone();
            Ok::<_, ModelError>(stated_by(
                open_clip_config::FILE,
                Some(said).filter(Value::is_object),
            ))
        };
        let beside = match source.row.open_clip {
            OpenClipFiles::First => open_clip()?.map_or_else(hugging_face, |it| Ok(Some(it)))?,
            _ => hugging_face()?.map_or_else(open_clip, |it| Ok(Some(it)))?,
        };
        stated.extend(beside);
        if stated.is_empty()
            && OPENAI_KEYS.iter().all(|key| source.state.tensors.contains_key(*key))
        {
            let width = shapes.axis(width_of(part), if part == Part::Video { 0 } else { 1 })?;
            let value = json!({
                "num_attention_heads": width / 64,
                "hidden_act": "quick_gelu",
                "layer_norm_eps": 1e-5,
            });
            let who = format!("OpenAI's program, whose keys it has ({}, …)", OPENAI_KEYS[0]);
            stated.push(StatedValue { who, value });
        }
        Ok(Self { part, stated })
    }

    fn check_sizes(&self, shapes: &Shapes<'_>, sizes: &[(&str, usize)]) -> Result<(), ModelError> {
        let mut each = self.stated.iter();
        each.try_for_each(|said| check_sizes(shapes.source, &said.who, &said.value, sizes))
    }

    fn facts(
        &self,
        shapes: &Shapes<'_>,
        settings: &ImportSettings,
        values: &mut Values<'_>,
        width: usize,
    ) -> Result<StatedSizes, ModelError> {
        let (typed_heads, flag, setting) = match self.part {
            Part::Video => (settings.num_heads, "--heads", "attention heads of the image tower"),
            Part::Text => {
                (settings.num_text_heads, "--text-heads", "attention heads of the text tower")
            }
        };
        let heads = values.agreed(setting, self.heard(stated_by(flag, typed_heads), heads_of))?;
        let mut named = Vec::new();
        for StatedValue { who, value } in &self.stated {
            if let Some(name) = value["hidden_act"].as_str() {
                named.push(stated_by(who, Some(activation(shapes.source, who, name)?)));
            }
        }
        named.insert(0, stated_by("--activation", settings.activation));
        let activation = values.agreed("activation", named)?;
        let epsilon = self
            .heard(stated_by("--epsilon", settings.epsilon), |it| it["layer_norm_eps"].as_f64());
        let epsilon = values.agreed("epsilon of the layer norms", epsilon)?;
        let (Some(heads), Some(activation)) = (heads, activation) else {
            return Err(nobody_says(shapes.source)?);
        };
        even_heads(shapes.source, heads, width, &self.who_says_heads(flag))?;
        let usual = "as in all of OpenAI's and most of open_clip's";
        let epsilon =
            values.or_guess(epsilon, "epsilon of the layer norms", "--epsilon", 1e-5, usual);
        if self.stated.is_empty() {
            let (setting, value) = match self.part {
                Part::Video => ("feature of a picture", "the class token's"),
                Part::Text => ("feature of a sentence", "the last token's, seen from the left"),
            };
            values.only(setting, value, "as in all of OpenAI's and most of open_clip's");
        }
        Ok(StatedSizes { heads, activation, epsilon })
    }

    /// What is typed, and what everybody says of one value.
    fn heard<T>(
        &self,
        typed: Option<StatedValue<T>>,
        of: impl Fn(&Value) -> Option<T>,
    ) -> Vec<Option<StatedValue<T>>> {
        let said = self.stated.iter().map(|said| stated_by(&said.who, of(&said.value)));
        std::iter::once(typed).chain(said).collect()
    }

    fn who_says_heads(&self, flag: &str) -> String {
        let first = self.stated.iter().find(|said| heads_of(&said.value).is_some());
        first.map_or_else(|| flag.to_owned(), |said| said.who.clone())
    }
}

fn heads_of(said: &Value) -> Option<usize> {
    said["num_attention_heads"].as_u64().map(|heads| heads as usize)
}

/// The parameter whose shape tells a tower's width.
fn width_of(part: Part) -> &'static str {
    match part {
        Part::Video => "vision_model.embeddings.patch_embedding.weight",
        Part::Text => "text_model.embeddings.token_embedding.weight",
    }
}

/// A section of Hugging Face's `config.json`, with the defaults that it leaves out when it is
/// written.
fn hugging_face_tower(
    source: &Source,
    section: &str,
) -> Result<Option<StatedValue<Value>>, ModelError> {
    let mut said = source.json_beside("config.json")?[section].take();
    let Some(fields) = said.as_object_mut() else { return Ok(None) };
    let heads = if section == "vision_config" { 12 } else { 8 };
    for (key, usual) in [
        ("num_attention_heads", json!(heads)),
        ("hidden_act", json!("quick_gelu")),
        ("layer_norm_eps", json!(1e-5)),
    ] {
        fields.entry(key).or_insert(usual);
    }
    Ok(stated_by("config.json", Some(said)))
}

fn activation(source: &Source, who: &str, name: &str) -> Result<Activation, ModelError> {
    match name {
        "quick_gelu" => Ok(Activation::QuickGelu),
        "gelu" => Ok(Activation::Gelu),
        other => Err(ModelError::ForeignWeights {
            path: source.folder.join(who),
            reason: format!(
                "`hidden_act` is {other:?}, and only gelu and quick_gelu are built here"
            ),
            way_out: "take a checkpoint of that variant".into(),
        }),
    }
}

/// Refuses models of open_clip that have other towers.
fn refuse_others(source: &Source) -> Result<(), ModelError> {
    let mut keys = source.state.tensors.keys();
    let has = |beginning: &str| keys.clone().any(|key| key.starts_with(beginning));
    let Some((beginning, what)) = OTHERS.iter().find(|(beginning, _)| has(beginning)) else {
        return Ok(());
    };
    let key = keys.find(|key| key.starts_with(beginning)).cloned().unwrap_or_default();
    Err(ModelError::ForeignWeights {
        path: source.path().into(),
        reason: format!("{what}, as key {key} shows, and that is not built here"),
        way_out: "take a CLIP of two plain transformers, for example open_clip's ViT-B-32 or \
                  ViT-H-14"
            .into(),
    })
}

/// The error for a checkpoint whose heads and activation nobody says, with what it could be.
fn nobody_says(source: &Source) -> Result<ModelError, ModelError> {
    let plans = source.row.tables().map(|(_, table)| table.plan(source.state.tensors.keys()));
    let plans: Vec<_> = plans.collect();
    let [video, text] = [0, 1].map(|i| Shapes { source, plan: &plans[i] });
    let patch_size = video.axis(width_of(Part::Video), 3)?;
    let width = video.axis(width_of(Part::Video), 0)?;
    let image_size = vision_side(&video)? * patch_size;
    let layers = video.layers("vision_model.encoder.layers.");
    let text_width = text.axis(width_of(Part::Text), 1)?;
    let text_layers = text.layers("text_model.encoder.layers.");
    let fitting = open_clip_config::presets_of_size(
        [image_size, patch_size, width, layers],
        [text_width, text_layers],
    );
    let preset = match &fitting[..] {
        [] => String::new(),
        all => format!(
            "or --preset with the right one of {} (-quickgelu: OpenAI's, DFN's and MetaCLIP's \
             activation; the others: gelu, as LAION's and DataComp's); ",
            all.join(", ")
        ),
    };
    Ok(ModelError::ForeignWeights {
        path: source.path().into(),
        reason: format!(
            "nothing says how many attention heads share its width of {width} (text: \
             {text_width}), and whether its activation is gelu or quick_gelu; the tensors look the \
             same, and no rule tells them"
        ),
        way_out: format!(
            "put the model's own {} or Hugging Face's config.json beside it; {preset}or say \
             --activation gelu|quick_gelu, --heads N and --text-heads N",
            open_clip_config::FILE
        ),
    })
}
