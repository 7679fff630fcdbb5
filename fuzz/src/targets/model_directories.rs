//! Model directories: one set of weights, and settings beside them that say otherwise.

use std::path::Path;
use std::sync::OnceLock;

use locvtp_model::encoders::{DistilBertConfig, TimeSformerConfig};
use locvtp_model::{
    Device, LocVtpConfig, ModelDirectory, Preprocessing, ProjectionConfig, SentenceTokenizer,
};
use serde_json::Value;

use crate::choices::Choices;
use crate::mutation;

/// The files of a small model, and of those the ones that are JSON.
struct Small {
    files: Vec<(String, Vec<u8>)>,
    settings: Vec<(String, Value)>,
}

/// Makes a directory and reads it; a sentence goes through its words.
pub(crate) fn run(choices: &mut Choices, folder: &Path) {
    let small = small();
    for (name, bytes) in &small.files {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    for _ in 0..=choices.below(2) {
        let (name, value) = choices.pick(&small.settings);
        let changed = mutation::json(choices, value);
        std::fs::write(folder.join(name), changed.to_string()).unwrap();
    }
    if let Ok(read) = ModelDirectory::read(folder, &Device::flex())
        && let Ok(words) = read.words()
    {
        let _ = words.encode("a red square moves left and right");
    }
}

fn small() -> &'static Small {
    static SMALL: OnceLock<Small> = OnceLock::new();
    SMALL.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        write_small(folder.path());
        let (mut files, mut settings) = (Vec::new(), Vec::new());
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = std::fs::read(&path).unwrap();
            if let Ok(value) = serde_json::from_slice(&bytes) {
                settings.push((name.clone(), value));
            }
            files.push((name, bytes));
        }
        settings.sort_by(|a, b| a.0.cmp(&b.0));
        Small { files, settings }
    })
}

fn write_small(folder: &Path) {
    let video = TimeSformerConfig {
        image_size: 16,
        patch_size: 8,
        num_frames: 2,
        hidden_size: 24,
        num_hidden_layers: 1,
        num_attention_heads: 2,
        intermediate_size: 48,
        ..TimeSformerConfig::default()
    };
    let text = DistilBertConfig {
        vocab_size: 50,
        max_position_embeddings: 16,
        dim: 24,
        n_layers: 1,
        n_heads: 2,
        hidden_dim: 48,
        ..DistilBertConfig::default()
    };
    let config = LocVtpConfig {
        video: video.into(),
        text: text.into(),
        projection: ProjectionConfig { dim: 12, ..ProjectionConfig::default() },
        ..LocVtpConfig::default()
    };
    let preprocessing = Preprocessing {
        num_frames: 2,
        clip_duration_s: 0.5,
        image_size: 16,
        short_side: 16,
        ..Preprocessing::default()
    };
    let words = ["a red square moves left", "a blue disc grows"];
    let tokenizer = SentenceTokenizer::train(words.into_iter(), 50, 16).unwrap();
    let model = config.init(0, &Device::flex());
    let directory = ModelDirectory { config, preprocessing, tokenizer: Some(tokenizer), model };
    directory.write_files(folder).unwrap();
}
