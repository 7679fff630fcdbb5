//! The tiny SigLIP of `reference/siglip.py`: its weights are formulas, its tokenizers lie with the goldens.

#![allow(dead_code, reason = "every test file is a crate of its own and uses a part of this one")]
#![allow(clippy::unwrap_used, reason = "a test that fails shall panic")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use locvtp_model::weights::{NamedTensor, to_safetensors};
use serde_json::{Value, json};

/// Places of a text.
pub(crate) const PLACES: usize = 64;
/// Tokens of `tokenizer.json`, as SigLIP 2 has it.
pub(crate) const SECOND: usize = 400;
/// Tokens of `spiece.model`, as SigLIP 1 has it.
pub(crate) const FIRST: usize = 98;

pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/goldens/siglip").join(name)
}

pub(crate) fn expected() -> Value {
    serde_json::from_str(&std::fs::read_to_string(path("expected.json")).unwrap()).unwrap()
}

/// Numbers from -1 to 1 of 24 bits, by a linear congruence.
pub(crate) fn units(seed: u32) -> impl Iterator<Item = f64> {
    let next = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    std::iter::successors(next(&seed), next).map(|state| f64::from(state >> 8) / 8_388_608.0 - 1.0)
}

pub(crate) fn seed_of(name: &str) -> u32 {
    let fold = |seed: u32, byte: u8| (seed ^ u32::from(byte)).wrapping_mul(16_777_619);
    name.bytes().fold(2_166_136_261, fold)
}

/// The numbers of a parameter, which follow from its name.
pub(crate) fn formula(name: &str, shape: &[usize]) -> NamedTensor {
    let (mean, width) = match (name.ends_with("weight"), shape) {
        (true, _) if name.contains("norm") => (1.0, 0.2),
        (true, [_, inputs]) if !name.contains("embedding.weight") => {
            (0.0, (3.0 / *inputs as f64).sqrt())
        }
        _ => (0.0, 0.3),
    };
    let values = units(seed_of(name)).map(|unit| (mean + width * unit) as f32);
    NamedTensor { shape: shape.to_vec(), values: values.take(shape.iter().product()).collect() }
}

/// All tensors under Hugging Face's names, with a table of so many words.
pub(crate) fn tensors(vocab_size: usize) -> BTreeMap<String, NamedTensor> {
    let mut shapes: Vec<(String, Vec<usize>)> = vec![
        ("vision_model.embeddings.patch_embedding.weight".into(), vec![16, 3, 4, 4]),
        ("vision_model.embeddings.patch_embedding.bias".into(), vec![16]),
        ("vision_model.embeddings.position_embedding.weight".into(), vec![9, 16]),
        ("vision_model.head.probe".into(), vec![1, 1, 16]),
        ("vision_model.head.attention.in_proj_weight".into(), vec![48, 16]),
        ("vision_model.head.attention.in_proj_bias".into(), vec![48]),
        ("text_model.embeddings.token_embedding.weight".into(), vec![vocab_size, 16]),
        ("text_model.embeddings.position_embedding.weight".into(), vec![PLACES, 16]),
        ("logit_scale".into(), vec![1]),
        ("logit_bias".into(), vec![1]),
    ];
    let mut both = |name: &str, weight: &[usize]| {
        shapes.push((format!("{name}.weight"), weight.to_vec()));
        shapes.push((format!("{name}.bias"), vec![weight[0]]));
    };
    for tower in ["vision_model", "text_model"] {
        for layer in (0..2).map(|layer| format!("{tower}.encoder.layers.{layer}")) {
            for part in ["q_proj", "k_proj", "v_proj", "out_proj"] {
                both(&format!("{layer}.self_attn.{part}"), &[16, 16]);
            }
            both(&format!("{layer}.layer_norm1"), &[16]);
            both(&format!("{layer}.layer_norm2"), &[16]);
            both(&format!("{layer}.mlp.fc1"), &[24, 16]);
            both(&format!("{layer}.mlp.fc2"), &[16, 24]);
        }
    }
    both("vision_model.post_layernorm", &[16]);
    both("vision_model.head.attention.out_proj", &[16, 16]);
    both("vision_model.head.layernorm", &[16]);
    both("vision_model.head.mlp.fc1", &[24, 16]);
    both("vision_model.head.mlp.fc2", &[16, 24]);
    both("text_model.final_layer_norm", &[16]);
    both("text_model.head", &[16, 16]);
    shapes
        .into_iter()
        .map(|(name, shape)| {
            let tensor = formula(&name, &shape);
            (name, tensor)
        })
        .collect()
}

/// `config.json` as transformers writes it, but for what is as usual.
pub(crate) fn config(vocab_size: usize) -> Value {
    let tower = json!({ "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
                        "num_attention_heads": 2 });
    let (mut vision, mut text) = (tower.clone(), tower);
    vision["image_size"] = 12.into();
    vision["patch_size"] = 4.into();
    vision["model_type"] = "siglip_vision_model".into();
    text["vocab_size"] = vocab_size.into();
    text["model_type"] = "siglip_text_model".into();
    json!({ "model_type": "siglip", "vision_config": vision, "text_config": text })
}

/// `preprocessor_config.json` as transformers writes it; 2 is bilinear, 3 bicubic.
pub(crate) fn preprocessor(resample: u8) -> Value {
    json!({ "image_processor_type": "SiglipImageProcessor", "resample": resample,
            "size": { "height": 12, "width": 12 }, "image_mean": [0.5, 0.5, 0.5],
            "image_std": [0.5, 0.5, 0.5], "do_resize": true, "do_rescale": true,
            "rescale_factor": 0.00392156862745098, "do_normalize": true, "do_convert_rgb": null })
}

/// A folder with weights, `config.json`, `preprocessor_config.json` and a tokenizer.
pub(crate) fn folder(
    tensors: &BTreeMap<String, NamedTensor>,
    files: &[(&str, &Value)],
    tokenizer: Option<&str>,
) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("model.safetensors"), to_safetensors(tensors)).unwrap();
    for (name, json) in files {
        std::fs::write(folder.path().join(name), json.to_string()).unwrap();
    }
    if let Some(name) = tokenizer {
        std::fs::copy(path(name), folder.path().join(name)).unwrap();
    }
    folder
}

/// A SigLIP 2 as the hub has it.
pub(crate) fn second() -> tempfile::TempDir {
    let (config, pictures) = (config(SECOND), preprocessor(2));
    let files = [("config.json", &config), ("preprocessor_config.json", &pictures)];
    folder(&tensors(SECOND), &files, Some("tokenizer.json"))
}

/// A SigLIP 1 as the hub has it.
pub(crate) fn first() -> tempfile::TempDir {
    let (config, pictures) = (config(FIRST), preprocessor(3));
    let files = [("config.json", &config), ("preprocessor_config.json", &pictures)];
    folder(&tensors(FIRST), &files, Some("spiece.model"))
}
