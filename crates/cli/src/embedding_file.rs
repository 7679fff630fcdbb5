//! Embeddings of sentences as a safetensors file.
//!
//! `sentences` `[sentences, e]`; with words also `words` `[words of all sentences, e]` and
//! `word_counts` `[sentences]` i64. All vectors are of unit length. The metadata has the texts and
//! the model, as JSON, under `locvtp`: clip features are in the same space where their `weights` are the
//! same.

use std::io::Read;
use std::path::Path;

use locvtp_model::model_directory::write_synced;
use locvtp_transfer::ModelIdentity;
use locvtp_transfer::SentenceEmbedding;
use locvtp_video::json_size::{self, MOST_VALUES};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::json;

/// Longest header that is read, bytes: it holds the sentences.
const LONGEST_HEADER: u64 = 32 << 20;

/// What the metadata of a file of embeddings says; none for other files.
pub(crate) fn about(path: &Path) -> Option<serde_json::Value> {
    let mut file = std::fs::File::open(path).ok()?;
    let mut length = [0; 8];
    file.read_exact(&mut length).ok()?;
    let length = u64::from_le_bytes(length);
    if length > LONGEST_HEADER {
        return None;
    }
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header).ok()?;
    json_size::check(&header, MOST_VALUES).ok()?;
    let header: serde_json::Value = serde_json::from_slice(&header).ok()?;
    let about = header["__metadata__"]["locvtp"].as_str()?;
    json_size::check(about.as_bytes(), MOST_VALUES).ok()?;
    let about: serde_json::Value = serde_json::from_str(about).ok()?;
    about["sentences"].is_array().then_some(about)
}

pub(crate) fn write_embeddings(
    path: &Path,
    model: &ModelIdentity,
    texts: &[&str],
    embeddings: &[SentenceEmbedding],
    words: bool,
) -> anyhow::Result<()> {
    let is_safetensors = path.extension().is_some_and(|ending| ending == "safetensors");
    anyhow::ensure!(is_safetensors, "{}: give a name that ends in .safetensors", path.display());
    let width = embeddings.first().map_or(0, |embedding| embedding.sentence.len());
    let bytes = |vectors: &mut dyn Iterator<Item = &Vec<f32>>| -> Vec<u8> {
        vectors.flatten().flat_map(|x| x.to_le_bytes()).collect()
    };
    let sentences = bytes(&mut embeddings.iter().map(|embedding| &embedding.sentence));
    let all_words = bytes(&mut embeddings.iter().flat_map(|embedding| &embedding.words));
    let counts = embeddings.iter().map(|embedding| embedding.words.len() as i64);
    let counts: Vec<u8> = counts.flat_map(i64::to_le_bytes).collect();
    let num_words = all_words.len() / (4 * width.max(1));

    let view = |dtype, shape: &[usize], bytes| TensorView::new(dtype, shape.to_vec(), bytes);
    let mut tensors = vec![("sentences", view(Dtype::F32, &[texts.len(), width], &sentences)?)];
    if words {
        tensors.push(("words", view(Dtype::F32, &[num_words, width], &all_words)?));
        tensors.push(("word_counts", view(Dtype::I64, &[texts.len()], &counts)?));
    }
    let tokens = words.then(|| embeddings.iter().map(|e| &e.tokens).collect::<Vec<_>>());
    let about = json!({
        "model": model.model,
        "weights": model.weights,
        "space": "projected",
        "sentences": texts,
        "words": tokens,
    })
    .to_string();
    let metadata = std::iter::once(("locvtp".to_owned(), about)).collect();
    let file = safetensors::serialize(tensors, Some(metadata))?;
    write_synced(path, &file)?;
    Ok(())
}
