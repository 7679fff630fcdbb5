//! Twelve videos of 12 seconds, and runs that read them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use locvtp_corpus::synthetic::{SyntheticConfig, synthesize};
use locvtp_corpus::{Corpus, HowTo100m, PairSampler, Rank};
use locvtp_model::SentenceTokenizer;
use locvtp_train::{BatchSource, Experiment};
use tempfile::TempDir;

/// Made once for all tests.
pub(crate) fn folder() -> PathBuf {
    static CORPUS: OnceLock<TempDir> = OnceLock::new();
    let made = CORPUS.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let config = SyntheticConfig {
            train_videos: 12,
            seen_videos: 2,
            new_videos: 2,
            width: 48,
            height: 32,
            duration_s: 12.0,
            min_events: 2,
            max_events: 3,
            ..SyntheticConfig::default()
        };
        synthesize(&config, &dir.path().join("corpus"), &|_, _| {}).unwrap();
        dir
    });
    made.path().join("corpus/train")
}

/// A folder of its own with the same files, to damage.
pub(crate) fn copy() -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir(copy.path().join("videos")).unwrap();
    std::fs::copy(folder().join("caption.json"), copy.path().join("caption.json")).unwrap();
    for file in files(&folder()) {
        let name = Path::new("videos").join(file.file_name().unwrap());
        std::fs::copy(&file, copy.path().join(name)).unwrap();
    }
    copy
}

/// The corpus's video files, in order.
pub(crate) fn files(corpus: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(corpus.join("videos")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// A run at its smallest, of pictures of 32 x 32.
pub(crate) fn experiment() -> Experiment {
    let text = r#"
        [pairs]
        long_span_s = [5.0, 9.0]
        long_batch = 4
        short_batch = 4
        [sampling]
        long_clips = 4
        short_clips = 2
        [preprocessing]
        num_frames = 2
        image_size = 32
        short_side = 32
        [model.video]
        image_size = 32
        patch_size = 16
        num_frames = 2
        hidden_size = 24
        num_hidden_layers = 1
        num_attention_heads = 2
        intermediate_size = 48
        [model.text]
        max_position_embeddings = 64
        dim = 24
        n_layers = 1
        n_heads = 2
        hidden_dim = 48
        [model.projection]
        dim = 16
        [optimizer]
        learning_rate = 1e-3
        [train]
        steps = 12
        log_every = 1
    "#;
    let mut experiment = Experiment::parse(text, "small", &[]).unwrap();
    experiment.corpus.dir = folder();
    experiment.check().unwrap();
    experiment
}

/// The batches of one of the processes of a run.
pub(crate) fn source(experiment: &Experiment, rank: Rank) -> BatchSource {
    let (corpus, _) = HowTo100m::open(&experiment.corpus.dir).unwrap();
    source_of(experiment, corpus, rank)
}

/// The same, of a corpus that was read already.
pub(crate) fn source_of(
    experiment: &Experiment,
    corpus: impl Corpus + 'static,
    rank: Rank,
) -> BatchSource {
    let texts = corpus.videos().iter().flat_map(|video| &video.captions);
    let tokenizer =
        SentenceTokenizer::train(texts.map(|caption| caption.text.as_str()), 300, 64).unwrap();
    let (pairs, seed) = (experiment.pairs.clone(), experiment.run.seed);
    let sampler = PairSampler::new(Arc::new(corpus), pairs, seed).unwrap().of_rank(rank).unwrap();
    BatchSource::new(experiment.clone(), sampler, tokenizer, experiment.opener().unwrap())
}
