//! Vectors of whole texts by the text encoder alone, as sentence-transformers gives them.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use std::path::Path;

use locvtp_model::Device;
use locvtp_model::weights::{ImportSettings, Source, import, read_safetensors};
use locvtp_transfer::{Embedder, TextRole};

#[test]
fn queries_and_documents_have_the_prompts_of_their_model() {
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/goldens");
    let sentences = goldens.join("sentence_models/xlm-roberta");
    let open = |folder| Source::open(None, &[folder], false).unwrap();
    let sources = [open(goldens.join("dinov2")), open(sentences.clone())];
    let made = import(&sources, None, &ImportSettings::default(), &Device::flex()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    made.write(&dir.path().join("model")).unwrap();
    let embedder = Embedder::open(dir.path().join("model")).unwrap();

    let text = std::fs::read_to_string(sentences.join("sentences.json")).unwrap();
    let texts: serde_json::Value = serde_json::from_str(&text).unwrap();
    let texts: Vec<&str> =
        texts["sentences"].as_array().unwrap()[..12].iter().filter_map(|it| it.as_str()).collect();
    let expected = read_safetensors(&sentences.join("expected.safetensors")).unwrap();
    for (role, name) in [(TextRole::Query, "queries"), (TextRole::Document, "documents")] {
        let found = embedder.own_sentences(&texts, role).unwrap().unwrap().concat();
        assert_eq!(found.len(), expected[name].values.len());
        for (x, y) in found.iter().zip(&expected[name].values) {
            // One block in f32, numbers around 1.
            assert!((x - y).abs() < 1e-5, "{name}: {x} instead of {y}");
        }
    }
    // Words in the joint space are there as well, behind heads that are drawn.
    let embedded = embedder.embed_sentences(&texts[..3]).unwrap();
    assert_eq!(embedded.len(), 3);
}
