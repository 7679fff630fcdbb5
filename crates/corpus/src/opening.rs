//! A corpus by its path alone.

use std::path::Path;

use crate::corpus::Corpus;
use crate::error::CorpusError;
use crate::reader::{AnnotatedCorpus, ReadSettings};

impl dyn Corpus {
    /// Reads the captions of every video whose file is there: a data set's own files, a list, videos
    /// with subtitles, shards; which of them, is found out. [`AnnotatedCorpus::open`] takes settings
    /// and says what was left out.
    ///
    /// # Errors
    /// When nothing is there that can be read, or several layouts are.
    ///
    /// # Example
    /// ```
    /// use locvtp_corpus::Corpus;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let at = |name: &str| folder.path().join(name);
    /// # std::fs::write(at("talk.mp4"), "")?;
    /// # std::fs::write(at("talk.srt"), "1\n00:00:01,000 --> 00:00:03,500\nshe cracks an egg\n")?;
    /// # let path = folder.path();
    /// let corpus = <dyn Corpus>::open(path)?;
    /// for video in corpus.videos() {
    ///     println!("{}: {} captions", video.id, video.captions.len());
    /// }
    /// # assert_eq!(corpus.videos()[0].captions[0].text, "she cracks an egg");
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<AnnotatedCorpus, CorpusError> {
        let (corpus, _report) = AnnotatedCorpus::open(path.as_ref(), &ReadSettings::default())?;
        Ok(corpus)
    }
}
