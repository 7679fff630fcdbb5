//! Sentences that are true elsewhere, for a model: captions of the videos that it was trained on, where
//! its run and its corpus are still there, for they are the most like true ones; else those that its words
//! allow. A model that reads everyday words in pieces, of which no list of words is there, has none: what it answers them
//! tells nothing.

use std::collections::BTreeSet;
use std::path::Path;

use locvtp_corpus::{AnnotatedCorpus, Corpus};
use locvtp_finder::null_sentences;
use locvtp_model::TrainingWords;
use locvtp_train::RUN_FILE;
use locvtp_transfer::{Embedder, locate_model};
use locvtp_video::randomness::finalise;

use crate::run_corpus::RunCorpus;

/// Captions that are taken: enough to tell one in two hundred.
const NUM: usize = 200;

/// Fewer different ones cannot tell one in twenty.
const FEWEST: usize = 60;

/// Annotation files that are larger are not read for this.
const LARGEST: u64 = 64 << 20;

/// The sentences for the model in `dir`, which was opened as `embedder`; none where it has no way to understand any.
///
/// # Errors
/// When its list of words is damaged, or it has no text encoder.
pub(crate) fn null_captions(dir: &Path, embedder: &Embedder) -> anyhow::Result<Vec<String>> {
    if let Some(captions) = captions_of_training(dir) {
        return Ok(captions);
    }
    let words = TrainingWords::of_model(&locate_model(dir))?;
    let sentences = null_sentences(words.as_ref());
    if words.is_none() && !has_most_words(embedder, &sentences)? {
        return Ok(Vec::new());
    }
    Ok(sentences)
}

/// Whether at least half of the words of these sentences are in the model's vocabulary.
fn has_most_words(embedder: &Embedder, sentences: &[String]) -> anyhow::Result<bool> {
    let words: BTreeSet<&str> = sentences.iter().flat_map(|it| it.split_whitespace()).collect();
    let mut num_known = 0;
    for word in &words {
        num_known += usize::from(embedder.has_word(word)?);
    }
    Ok(2 * num_known >= words.len())
}

fn captions_of_training(dir: &Path) -> Option<Vec<String>> {
    let model = locate_model(dir).canonicalize().ok()?;
    // A model lies in the run's folder, a checkpoint one deeper.
    let mut above = model.ancestors().skip(1).take(2);
    let run = above.find(|folder| folder.join(RUN_FILE).is_file())?;
    let corpus = RunCorpus::of(run)?.experiment.corpus;
    if bytes_of_annotations(&corpus.dir)? > LARGEST {
        return None;
    }
    let (corpus, _) = AnnotatedCorpus::open(&corpus.dir, &corpus.read_settings()).ok()?;
    let captions = corpus.videos().iter().flat_map(|video| &video.captions);
    let different: BTreeSet<&str> = captions.map(|caption| caption.text.as_str()).collect();
    let mut drawn: Vec<(u64, &str)> = different
        .into_iter()
        .enumerate()
        .map(|(place, caption)| (finalise(place as u64), caption))
        .collect();
    drawn.sort_unstable();
    let captions: Vec<String> =
        drawn.into_iter().take(NUM).map(|(_, caption)| caption.to_owned()).collect();
    Some(captions).filter(|captions| captions.len() >= FEWEST)
}

/// The bytes of a corpus's files that are no videos, in its folder alone.
fn bytes_of_annotations(corpus: &Path) -> Option<u64> {
    if corpus.is_file() {
        return Some(std::fs::metadata(corpus).ok()?.len());
    }
    let entries = std::fs::read_dir(corpus).ok()?.flatten();
    let files = entries.filter(|entry| !locvtp_video::media_endings::is_video(&entry.path()));
    Some(files.filter_map(|entry| entry.metadata().ok()).map(|it| it.len()).sum())
}
