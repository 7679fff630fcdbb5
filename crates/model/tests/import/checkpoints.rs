//! Tiny checkpoints of every kind, and how the tests open them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use locvtp_model::weights::NamedTensor;
use locvtp_model::weights::{Import, ImportSettings, import};
use locvtp_model::weights::{Source, SourceKind};

use crate::golden;

/// The tiny models' heads, which only a `config.json` says.
pub(crate) fn settings() -> ImportSettings {
    ImportSettings { num_heads: Some(2), ..ImportSettings::default() }
}

pub(crate) fn file(name: &str) -> PathBuf {
    golden::path("foreign").join(name)
}

pub(crate) fn open(kind: SourceKind, name: &str) -> Source {
    Source::open(Some(kind), &[file(name)], false).unwrap()
}

/// A text encoder comes with the tiny TimeSformer: alone it is no model.
pub(crate) fn with_video(source: Source) -> Vec<Source> {
    match source.kind() {
        SourceKind::DistilBert => vec![open(SourceKind::HfTimeSformer, "hf-timesformer"), source],
        _ => vec![source],
    }
}

pub(crate) fn imported(kind: SourceKind, name: &str, settings: &ImportSettings) -> Import {
    import(&with_video(open(kind, name)), None, settings, &Device::flex()).unwrap()
}

pub(crate) fn refusal(kind: SourceKind, path: &Path, settings: &ImportSettings) -> String {
    let source = match Source::open(Some(kind), &[path.to_owned()], false) {
        Ok(source) => source,
        Err(error) => return error.to_string(),
    };
    import(&with_video(source), None, settings, &Device::flex()).unwrap_err().to_string()
}

#[track_caller]
pub(crate) fn assert_says(message: &str, pieces: &[&str]) {
    for piece in pieces {
        assert!(message.contains(piece), "{piece:?} is missing in: {message}");
    }
}

/// Tensors as a file, with a `config.json` and CLIP's tokenizer beside it.
pub(crate) fn clip_folder(tensors: &BTreeMap<String, NamedTensor>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let bytes = locvtp_model::weights::to_safetensors(tensors);
    std::fs::write(folder.path().join("model.safetensors"), bytes).unwrap();
    let golden = golden::json("clip/config.json");
    let heads = |tower: &str| golden[tower]["num_attention_heads"].clone();
    let config = serde_json::json!({
        "vision_config": { "num_attention_heads": heads("vision") },
        "text_config": { "num_attention_heads": heads("text") },
    });
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    for name in ["vocab.json", "merges.txt"] {
        let from = golden::path("clip_tokenizer").join(name);
        std::fs::copy(from, folder.path().join(name)).unwrap();
    }
    folder
}

/// Hugging Face's tiny `CLIPModel`, both towers.
pub(crate) fn hf_clip() -> BTreeMap<String, NamedTensor> {
    let mut tensors = golden::weights("clip/vision.safetensors");
    tensors.retain(|name, _| !name.contains(".temporal.") && !name.contains("time_embedding"));
    tensors.extend(golden::weights("clip/text.safetensors"));
    tensors.insert("logit_scale".into(), NamedTensor { shape: vec![], values: vec![4.6] });
    // The tiny tokenizer knows more tokens than the tiny tower.
    let tokens = tensors.get_mut("text_model.embeddings.token_embedding.weight").unwrap();
    let width = tokens.shape[1];
    *tokens = NamedTensor {
        shape: vec![600, width],
        values: tokens.values.iter().copied().cycle().take(600 * width).collect(),
    };
    tensors
}

/// The same under the names of CLIP's authors: one matrix for queries, keys and values, projections
/// turned.
pub(crate) fn openai_clip() -> BTreeMap<String, NamedTensor> {
    let hf = hf_clip();
    let mut tensors = BTreeMap::new();
    for (name, tensor) in &hf {
        if name.contains(".k_proj.") || name.contains(".v_proj.") {
            continue;
        }
        let mut tensor = tensor.clone();
        if name.contains(".q_proj.") {
            for other in [".k_proj.", ".v_proj."] {
                tensor.values.extend(&hf[&name.replace(".q_proj.", other)].values);
            }
            tensor.shape[0] *= 3;
        }
        if name.ends_with("l_projection.weight") || name.starts_with("text_projection") {
            let [rows, columns] = [tensor.shape[0], tensor.shape[1]];
            let at = |i: usize| tensor.values[i % rows * columns + i / rows];
            let values = (0..rows * columns).map(at).collect();
            tensor = NamedTensor { shape: vec![columns, rows], values };
        }
        let mut name = name.clone();
        for (hf, openai) in [
            ("vision_model.embeddings.patch_embedding", "visual.conv1"),
            ("vision_model.embeddings.class_embedding", "visual.class_embedding"),
            ("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"),
            ("vision_model.pre_layrnorm", "visual.ln_pre"),
            ("vision_model.post_layernorm", "visual.ln_post"),
            ("vision_model.encoder.layers", "visual.transformer.resblocks"),
            ("visual_projection.weight", "visual.proj"),
            ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
            ("text_model.embeddings.token_embedding", "token_embedding"),
            ("text_model.encoder.layers", "transformer.resblocks"),
            ("text_model.final_layer_norm", "ln_final"),
            ("text_projection.weight", "text_projection"),
            ("self_attn.q_proj.weight", "attn.in_proj_weight"),
            ("self_attn.q_proj.bias", "attn.in_proj_bias"),
            ("self_attn.out_proj", "attn.out_proj"),
            ("layer_norm1", "ln_1"),
            ("layer_norm2", "ln_2"),
            ("mlp.fc1", "mlp.c_fc"),
            ("mlp.fc2", "mlp.c_proj"),
        ] {
            name = name.replace(hf, openai);
        }
        tensors.insert(name, tensor);
    }
    tensors
}
