//! Where the corpus of a finished run lies: run files name it from the folder in which they were typed.

use std::path::{Path, PathBuf};

use locvtp_train::{Experiment, RUN_FILE};

/// The corpus of a run, and the folder from which its run file names it; of a run file with an absolute
/// path that is nothing.
pub(crate) struct RunCorpus {
    pub(crate) experiment: Experiment,
    pub(crate) named_from: PathBuf,
}

impl RunCorpus {
    /// Of the run in a folder, given by its whole path: looked for below each folder above it, and below the one
    /// that we are in. None where its run file cannot be read, or its corpus is not there any more.
    pub(crate) fn of(run: &Path) -> Option<Self> {
        let mut experiment = Experiment::read(&run.join(RUN_FILE), &[]).ok()?;
        let dir = &experiment.corpus.dir;
        let above = run.ancestors().map(Path::to_owned);
        let mut places = above.chain(std::env::current_dir().ok());
        let above = places.find(|above| above.join(dir).exists())?;
        let named_from = if dir.is_absolute() { PathBuf::new() } else { above.clone() };
        experiment.corpus.dir = above.join(dir);
        Some(Self { experiment, named_from })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corpus_is_found_from_any_folder_that_one_is_in() {
        let folder = tempfile::tempdir().unwrap();
        let above = folder.path().canonicalize().unwrap();
        let (run, corpus) = (above.join("mine/run"), above.join("mine/films/train"));
        std::fs::create_dir_all(&run).unwrap();
        let text = "[corpus]\ndir = \"mine/films/train\"\n";
        std::fs::write(run.join(RUN_FILE), text).unwrap();
        assert!(RunCorpus::of(&run).is_none(), "it is gone");
        std::fs::create_dir_all(&corpus).unwrap();
        let found = RunCorpus::of(&run).unwrap();
        assert_eq!((found.experiment.corpus.dir, found.named_from), (corpus, above));
    }
}
