//! Weights that people use, against the programs they use them with. `scripts/real_weights` fetches them and
//! says where they lie; elsewhere these tests do not run.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod golden;
#[path = "../../../tests/support/not_run.rs"]
mod not_run;

use std::path::PathBuf;

use burn::tensor::{Device, Tensor, TensorData};
use golden::{assert_close, numbers};
use locvtp_model::encoders::Dinov2;
use locvtp_model::weights::{Import, ImportSettings, Source, import, read_safetensors};
use locvtp_model::{SentenceTokenizer, TokenBatch, VideoEncoderConfig};
use not_run::not_run;

/// The folder of a model that `scripts/real_weights` made.
fn folder(name: &str) -> Option<PathBuf> {
    let Some(all) = std::env::var_os("LOCVTP_REAL_WEIGHTS") else {
        not_run("no real weights are here; scripts/real_weights fetches them");
        return None;
    };
    Some(PathBuf::from(all).join(name))
}

fn imported(folders: &[PathBuf]) -> Import {
    let open = |folder: &PathBuf| Source::open(None, std::slice::from_ref(folder), false).unwrap();
    let sources: Vec<Source> = folders.iter().map(open).collect();
    import(&sources, None, &ImportSettings::default(), &Device::flex()).unwrap()
}

fn batch(tokenizer: &SentenceTokenizer, texts: &[String]) -> TokenBatch {
    let encode = |text: &String| tokenizer.encode(text).unwrap();
    tokenizer.batch(&texts.iter().map(encode).collect::<Vec<_>>())
}

#[test]
fn vectors_of_minilm_are_those_of_sentence_transformers() {
    let Some(folder) = folder("minilm") else { return };
    // A text encoder alone is no model.
    let video = golden::path("foreign/hf-timesformer");
    let import = imported(&[video, folder.join("model")]);
    let text = std::fs::read_to_string(folder.join("sentences.json")).unwrap();
    let sentences: Vec<String> = serde_json::from_str(&text).unwrap();
    let expected = read_safetensors(&folder.join("expected.safetensors")).unwrap();
    let expected: Vec<f64> = expected["vectors"].values.iter().map(|x| f64::from(*x)).collect();
    let tokenizer = import.directory.words().unwrap();
    let longest = tokenizer.encode(sentences.last().unwrap()).unwrap().ids.len();
    assert_eq!(longest, 256, "not the 128 that its tokenizer.json says");
    for at_once in [1, 16] {
        let mut found = Vec::new();
        for texts in sentences.chunks(at_once) {
            let tokens = batch(tokenizer, texts);
            found.extend(numbers(import.directory.model.backbone_sentences(&tokens).unwrap()));
        }
        let difference = found.iter().zip(&expected).map(|(x, y)| (x - y).abs());
        println!("{at_once} at once: {:e} at most", difference.fold(0.0, f64::max));
        // Vectors of unit length, both in f32.
        assert_close("vectors", &found, &expected, 1e-5);
    }
}

#[test]
fn tokens_of_dinov2_are_those_of_onnxruntime() {
    let Some(folder) = folder("dinov2") else { return };
    let import = imported(&[folder.join("model")]);
    let VideoEncoderConfig::Dinov2(config) = &import.directory.config.video else { panic!() };
    assert_eq!((config.image_size, config.num_attention_heads), (224, 6));
    let device = Device::flex();
    let dir = tempfile::tempdir().unwrap();
    import.write(&dir.path().join("model")).unwrap();
    let weights = read_safetensors(&dir.path().join("model/model.safetensors")).unwrap();
    let weights = weights
        .into_iter()
        .filter_map(|(name, tensor)| Some((name.strip_prefix("dinov2.")?.to_owned(), tensor)));
    let tower: Dinov2 =
        golden::filled(config.init(&mut golden::any_weights(&device)), weights.collect());
    let expected = read_safetensors(&folder.join("expected.safetensors")).unwrap();
    let pixels = expected["pixel_values"].clone();
    let pixels = TensorData::new(pixels.values, [pixels.shape[0], 1, 3, 224, 224]);
    let found = numbers(tower.tokens(Tensor::from_data(pixels, &device)));
    let expected: Vec<f64> = expected["tokens"].values.iter().map(|x| f64::from(*x)).collect();
    let difference = found.iter().zip(&expected).map(|(x, y)| (x - y).abs());
    let largest = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    println!("tokens up to {largest}: {:e} at most", difference.fold(0.0, f64::max));
    // Twelve blocks in f32 on both sides, relative to the largest number.
    assert_close("tokens", &found, &expected, 1e-4);
}
