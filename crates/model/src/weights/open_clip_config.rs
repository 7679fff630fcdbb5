//! What open_clip says of a model: `open_clip_config.json`, and its presets by name.
//!
//! Reference: open_clip_torch 3.3.0, `model.py` and `model_configs`
//! (`reference/open_clip_presets.py` compares the presets). Whatever it says is given under the
//! names of Hugging Face's `config.json`, with its own defaults filled in.

use serde_json::{Map, Value, json};

use super::source::Source;
use crate::ModelError;

/// The file.
pub(crate) const FILE: &str = "open_clip_config.json";

/// Ending of the presets whose activation is quick GELU; all others have plain GELU.
const QUICK: &str = "-quickgelu";

/// A preset whose picture tower is a plain ViT and whose text tower is CLIP's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Preset {
    pub(crate) name: &'static str,
    image_size: usize,
    patch_size: usize,
    vision_width: usize,
    vision_layers: usize,
    head_width: usize,
    text_width: usize,
    text_layers: usize,
    text_heads: usize,
    /// Whether the same is there with quick GELU too.
    has_quick: bool,
}

const fn preset(
    name: &'static str,
    [image_size, patch_size]: [usize; 2],
    [vision_width, vision_layers, head_width]: [usize; 3],
    [text_width, text_layers, text_heads]: [usize; 3],
    has_quick: bool,
) -> Preset {
    Preset {
        name,
        image_size,
        patch_size,
        vision_width,
        vision_layers,
        head_width,
        text_width,
        text_layers,
        text_heads,
        has_quick,
    }
}

/// The presets, without those that differ in the activation alone.
const PRESETS: [Preset; 24] = [
    preset("ViT-S-32", [224, 32], [384, 12, 64], [384, 12, 6], false),
    preset("ViT-S-32-alt", [224, 32], [384, 12, 64], [256, 10, 4], false),
    preset("ViT-S-16", [224, 16], [384, 12, 64], [384, 12, 6], false),
    preset("ViT-S-16-alt", [224, 16], [384, 12, 64], [256, 10, 4], false),
    preset("ViT-M-32", [224, 32], [512, 12, 64], [512, 12, 8], false),
    preset("ViT-M-32-alt", [224, 32], [512, 12, 64], [384, 12, 6], false),
    preset("ViT-M-16", [224, 16], [512, 12, 64], [512, 12, 8], false),
    preset("ViT-B-32", [224, 32], [768, 12, 64], [512, 12, 8], true),
    preset("ViT-B-32-256", [256, 32], [768, 12, 64], [512, 12, 8], false),
    preset("ViT-B-16", [224, 16], [768, 12, 64], [512, 12, 8], true),
    preset("ViT-B-32-plus-256", [256, 32], [896, 12, 64], [640, 12, 10], false),
    preset("ViT-B-16-plus", [224, 16], [896, 12, 64], [640, 12, 10], false),
    preset("ViT-B-16-plus-240", [240, 16], [896, 12, 64], [640, 12, 10], false),
    preset("ViT-L-16", [224, 16], [1024, 24, 64], [768, 12, 12], false),
    preset("ViT-L-16-320", [320, 16], [1024, 24, 64], [768, 12, 12], false),
    preset("ViT-L-14", [224, 14], [1024, 24, 64], [768, 12, 12], true),
    preset("ViT-L-14-280", [280, 14], [1024, 24, 64], [768, 12, 12], false),
    preset("ViT-L-14-336", [336, 14], [1024, 24, 64], [768, 12, 12], true),
    preset("ViT-H-16", [224, 16], [1280, 32, 80], [1024, 24, 16], false),
    preset("ViT-H-14", [224, 14], [1280, 32, 80], [1024, 24, 16], true),
    preset("ViT-H-14-378", [378, 14], [1280, 32, 80], [1024, 24, 16], true),
    preset("ViT-g-14", [224, 14], [1408, 40, 88], [1024, 24, 16], false),
    preset("ViT-bigG-14", [224, 14], [1664, 48, 104], [1280, 32, 20], true),
    preset("ViT-e-14", [224, 14], [1792, 56, 112], [1280, 36, 20], false),
];

impl Preset {
    /// What it says, under Hugging Face's names; the activation is the caller's.
    fn said(&self, quick: bool) -> Value {
        let activation = activation(quick);
        json!({
            "vision_config": {
                "hidden_size": self.vision_width,
                "num_hidden_layers": self.vision_layers,
                "patch_size": self.patch_size,
                "num_attention_heads": self.vision_width / self.head_width,
                "hidden_act": activation,
                "layer_norm_eps": 1e-5,
            },
            "text_config": {
                "hidden_size": self.text_width,
                "num_hidden_layers": self.text_layers,
                "num_attention_heads": self.text_heads,
                "hidden_act": activation,
                "layer_norm_eps": 1e-5,
            },
        })
    }
}

/// Everything that may be typed for a preset.
pub(crate) fn preset_names() -> Vec<String> {
    let names = PRESETS.iter().flat_map(|preset| {
        let quick = preset.has_quick.then(|| format!("{}{QUICK}", preset.name));
        std::iter::once(preset.name.to_owned()).chain(quick)
    });
    names.collect()
}

/// The presets of these sizes: what a checkpoint that says nothing could be.
pub(crate) fn presets_of_size(vision: [usize; 4], text: [usize; 2]) -> Vec<String> {
    let fitting = PRESETS.iter().filter(|preset| {
        [preset.image_size, preset.patch_size, preset.vision_width, preset.vision_layers] == vision
            && [preset.text_width, preset.text_layers] == text
    });
    let names = fitting.flat_map(|preset| {
        let quick = preset.has_quick.then(|| format!("{}{QUICK}", preset.name));
        std::iter::once(preset.name.to_owned()).chain(quick)
    });
    names.collect()
}

/// What a preset says of its model, under Hugging Face's names.
pub(crate) fn of_preset(name: &str) -> Option<Value> {
    let (base, quick) = match name.strip_suffix(QUICK) {
        Some(base) => (base, true),
        None => (name, false),
    };
    let found = PRESETS.iter().find(|preset| preset.name == base)?;
    (!quick || found.has_quick).then(|| found.said(quick))
}

/// What [`FILE`] beside a checkpoint says, under Hugging Face's names, with a section `preprocess`;
/// `Null` without one. It is the model's settings with those of its preprocessing, or the former
/// alone, or the name of a preset in their place.
///
/// # Errors
/// When it asks for what is not built here; the message names the key.
pub(crate) fn read(source: &Source) -> Result<Value, ModelError> {
    let file = source.json_beside(FILE)?;
    if file.is_null() {
        return Ok(Value::Null);
    }
    let refused = |reason: String, way_out: &str| ModelError::ForeignWeights {
        path: source.folder.join(FILE),
        reason,
        way_out: way_out.into(),
    };
    let model = if file["model_cfg"].is_null() { &file } else { &file["model_cfg"] };
    if model["vision_cfg"].is_null()
        && model["text_cfg"].is_null()
        && file["preprocess_cfg"].is_object()
    {
        return Ok(json!({ "preprocess": file["preprocess_cfg"] }));
    }
    let mut said = match model.as_str() {
        Some(name) => of_preset(name).ok_or_else(|| {
            let known = preset_names().join(", ");
            let way_out = format!("write the settings themselves there; known here are {known}");
            refused(format!("it names the preset {name:?}, which is not known here"), &way_out)
        })?,
        None => translated(model).map_err(|reason| {
            let way_out = "only plain ViTs with CLIP's own text tower are built here: take such a \
                           checkpoint";
            refused(reason, way_out)
        })?,
    };
    said["preprocess"] = file["preprocess_cfg"].clone();
    Ok(said)
}

/// The settings of a model under Hugging Face's names; the reason where it is not built here.
fn translated(model: &Value) -> Result<Value, String> {
    let (vision, text) = (&model["vision_cfg"], &model["text_cfg"]);
    if !vision.is_object() || !text.is_object() {
        return Err("it has no `vision_cfg` and `text_cfg`".into());
    }
    if model["custom_text"] == true || !model["multimodal_cfg"].is_null() {
        return Err(
            "`custom_text` or `multimodal_cfg` asks for a text tower of another kind".into()
        );
    }
    check_tower("vision_cfg", vision, &VISION_KEYS, &[("pool_type", "tok")])?;
    let text_values = [("pool_type", "argmax"), ("proj_type", "linear")];
    check_tower("text_cfg", text, &TEXT_KEYS, &text_values)?;

    let size = |tower: &Value, key: &str, usual: u64| match &tower[key] {
        Value::Null => Ok(usual),
        Value::Array(sides) if sides.len() == 2 && sides[0] == sides[1] => {
            sides[0].as_u64().ok_or_else(|| format!("`{key}` is {}", tower[key]))
        }
        number => number.as_u64().ok_or_else(|| format!("`{key}` is {number}")),
    };
    let inner = |tower: &Value, width: u64| {
        (width as f64 * tower["mlp_ratio"].as_f64().unwrap_or(4.0)) as u64
    };
    let epsilon = |tower: &Value| tower["norm_kwargs"]["eps"].as_f64().unwrap_or(1e-5);
    let activation = activation(model["quick_gelu"] == true);
    let (width, head_width) = (size(vision, "width", 768)?, size(vision, "head_width", 64)?);
    if head_width == 0 {
        return Err("`head_width` is 0".into());
    }
    let text_width = size(text, "width", 512)?;
    Ok(json!({
        "vision_config": {
            "image_size": size(vision, "image_size", 224)?,
            "patch_size": size(vision, "patch_size", 16)?,
            "hidden_size": width,
            "num_hidden_layers": size(vision, "layers", 12)?,
            "num_attention_heads": width / head_width,
            "intermediate_size": inner(vision, width),
            "hidden_act": activation,
            "layer_norm_eps": epsilon(vision),
        },
        "text_config": {
            "vocab_size": size(text, "vocab_size", 49_408)?,
            "max_position_embeddings": size(text, "context_length", 77)?,
            "hidden_size": text_width,
            "num_hidden_layers": size(text, "layers", 12)?,
            "num_attention_heads": size(text, "heads", 8)?,
            "intermediate_size": inner(text, text_width),
            "hidden_act": activation,
            "layer_norm_eps": epsilon(text),
        },
    }))
}

fn activation(quick: bool) -> &'static str {
    if quick { "quick_gelu" } else { "gelu" }
}

/// Keys that are read, or that change nothing in what is built here.
const VISION_KEYS: [&str; 13] = [
    "image_size",
    "layers",
    "width",
    "head_width",
    "mlp_ratio",
    "patch_size",
    "norm_kwargs",
    "patch_dropout",
    "attn_pooler_queries",
    "attn_pooler_heads",
    "final_ln_after_pool",
    "output_tokens",
    "pos_embed_type",
];
const TEXT_KEYS: [&str; 14] = [
    "context_length",
    "vocab_size",
    "width",
    "heads",
    "layers",
    "mlp_ratio",
    "norm_kwargs",
    "pad_id",
    "eos_id",
    "final_ln_after_pool",
    "output_tokens",
    "hf_tokenizer_name",
    "tokenizer_mode",
    "tokenizer_kwargs",
];

/// Refuses every other key that is set, and values of `expected` keys that are not those.
fn check_tower(
    section: &str,
    tower: &Value,
    known: &[&str],
    expected: &[(&str, &str)],
) -> Result<(), String> {
    // Settings of timm's and Hugging Face's towers say nothing where no such tower is named.
    let named = |key: &str| !tower[key].is_null();
    let is_idle = |key: &str| {
        (key.starts_with("timm_") && !named("timm_model_name"))
            || (key.starts_with("hf_") && !named("hf_model_name"))
    };
    let empty = Map::new();
    for (key, value) in tower.as_object().unwrap_or(&empty) {
        let is_off = match value {
            Value::Null | Value::Bool(false) => true,
            Value::Object(fields) => fields.is_empty(),
            value => {
                expected.iter().any(|(expected, usual)| expected == key && value == usual)
                    || (key == "block_type" && value == "default")
            }
        };
        if !is_off && !known.contains(&&key[..]) && !is_idle(key) {
            return Err(format!("`{section}.{key}` is {value}, which is not built here"));
        }
    }
    if tower["layers"].is_array() {
        return Err(format!("`{section}.layers` is a list: a ResNet"));
    }
    let norm = tower["norm_kwargs"].as_object().unwrap_or(&empty);
    match norm.keys().find(|key| *key != "eps") {
        Some(key) => Err(format!("`{section}.norm_kwargs.{key}` is not built here")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_open_clips() {
        let path = "tests/goldens/open_clip/presets.json";
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let golden: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let golden = golden["presets"].as_object().unwrap();
        let mut names = preset_names();
        names.sort();
        assert_eq!(names, golden.keys().cloned().collect::<Vec<_>>());
        for (name, model) in golden {
            // The settings as the package holds them, read as a file beside a checkpoint would be.
            let mut from_file = translated(model).unwrap();
            for section in ["vision_config", "text_config"] {
                let section = from_file[section].as_object_mut().unwrap();
                for key in ["image_size", "intermediate_size", "vocab_size"] {
                    section.remove(key);
                }
                section.remove("max_position_embeddings");
            }
            assert_eq!(of_preset(name), Some(from_file), "{name}");
        }
        assert_eq!(
            of_preset("ViT-B-32-quickgelu").unwrap()["text_config"]["hidden_act"],
            "quick_gelu"
        );
        assert_eq!(of_preset("ViT-g-14-quickgelu"), None, "open_clip has none");
    }

    #[test]
    fn what_is_not_built_here_is_named() {
        let with = |change: &dyn Fn(&mut Value)| {
            let mut model = json!({
                "embed_dim": 64,
                "vision_cfg": { "image_size": 32, "layers": 1, "width": 320, "patch_size": 8 },
                "text_cfg": { "width": 128, "heads": 2, "layers": 1 },
            });
            change(&mut model);
            translated(&model)
        };
        assert_eq!(with(&|_| {}).unwrap()["vision_config"]["num_attention_heads"], 5);
        for (section, key, value) in [
            ("vision_cfg", "timm_model_name", json!("vit_base_patch16_siglip_224")),
            ("vision_cfg", "attentional_pool", json!(true)),
            ("vision_cfg", "no_ln_pre", json!(true)),
            ("vision_cfg", "pool_type", json!("avg")),
            ("vision_cfg", "ls_init_value", json!(1e-4)),
            ("vision_cfg", "qk_norm", json!(true)),
            ("vision_cfg", "act_kwargs", json!({"approximate": "tanh"})),
            ("vision_cfg", "norm_kwargs", json!({"bias": false})),
            ("vision_cfg", "layers", json!([3, 4, 6, 3])),
            ("text_cfg", "hf_model_name", json!("xlm-roberta-base")),
            ("text_cfg", "no_causal_mask", json!(true)),
            ("text_cfg", "pool_type", json!("last")),
            ("text_cfg", "proj_type", json!("none")),
            ("text_cfg", "embed_cls", json!(true)),
        ] {
            let reason = with(&|model| model[section][key] = value.clone()).unwrap_err();
            assert!(reason.contains(&format!("`{section}.{key}")), "{reason}");
        }
        let reason = with(&|model| model["custom_text"] = true.into()).unwrap_err();
        assert!(reason.contains("custom_text"), "{reason}");
        // What is off, or belongs to a tower that is not named, changes nothing.
        let idle = with(&|model| {
            model["vision_cfg"]["timm_pool"] = "avg".into();
            model["vision_cfg"]["pool_type"] = "tok".into();
            model["vision_cfg"]["norm_kwargs"] = json!({"eps": 1e-6});
            model["text_cfg"]["hf_pooler_type"] = "mean_pooler".into();
        });
        assert_eq!(idle.unwrap()["vision_config"]["layer_norm_eps"], 1e-6);
    }
}
