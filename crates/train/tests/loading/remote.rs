//! A batch of videos that are on another machine.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use locvtp_corpus::{Corpus, HowTo100m, NarratedVideo, Rank};
use locvtp_video::{FileStretch, MediaLocation, MediaPart};

use crate::small_corpus::*;

/// A server that answers nobody before so many have asked.
struct Server {
    asked: Mutex<usize>,
    changed: Condvar,
    answers_after: usize,
}

struct OnServer {
    path: PathBuf,
    server: Arc<Server>,
}

impl fmt::Debug for OnServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

impl MediaPart for OnServer {
    fn num_bytes(&self) -> u64 {
        self.path.metadata().unwrap().len()
    }

    fn version(&self) -> Option<u64> {
        None
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn open(&self) -> Result<FileStretch, Box<dyn Error + Send + Sync>> {
        let Server { asked, changed, answers_after } = &*self.server;
        let mut asked = asked.lock().unwrap();
        *asked += 1;
        changed.notify_all();
        let minute = Duration::from_secs(60);
        let waited = changed.wait_timeout_while(asked, minute, |asked| *asked < *answers_after);
        if waited.unwrap().1.timed_out() {
            return Err("nobody else asked for a minute".into());
        }
        let len = self.num_bytes();
        Ok(FileStretch { file: Arc::new(File::open(&self.path)?), start: 0, len })
    }
}

struct RemoteCorpus(Vec<NarratedVideo>);

impl Corpus for RemoteCorpus {
    fn name(&self) -> &'static str {
        "remote"
    }

    fn videos(&self) -> &[NarratedVideo] {
        &self.0
    }
}

#[test]
fn the_videos_of_a_batch_are_fetched_at_once_and_are_the_same() {
    let experiment = experiment();
    let expected = source(&experiment, Rank::ALONE).batch(0).unwrap();
    let (corpus, _) = HowTo100m::open(&experiment.corpus.dir).unwrap();
    let batch = expected.shape[0];
    assert_eq!(batch, 4);
    let (asked, changed) = (Mutex::new(0), Condvar::new());
    let server = Arc::new(Server { asked, changed, answers_after: batch });
    let remote = corpus.videos().iter().cloned().map(|video| {
        let path = video.media.path().to_owned();
        let part = OnServer { path: path.clone(), server: Arc::clone(&server) };
        NarratedVideo { media: MediaLocation::part(path, Arc::new(part)), ..video }
    });
    let source = source_of(&experiment, RemoteCorpus(remote.collect()), Rank::ALONE);
    assert_eq!(source.batch(0).unwrap(), expected);
    assert!(source.new_bad_videos().is_empty());
}
