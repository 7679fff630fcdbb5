//! A batch of videos that are on another machine.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use locvtp_corpus::{Corpus, HowTo100m, NarratedVideo, Rank};
use locvtp_train::UsableCorpus;
use locvtp_video::{FileStretch, MediaLocation, MediaPart, Seconds, TimeSpan};

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
    assert_eq!(expected.shape[0], 4);
    let (corpus, _) = corpus_on_server(4);
    let source = source_of(&experiment, corpus, Rank::ALONE);
    assert_eq!(source.batch(0).unwrap(), expected);
    assert!(source.new_bad_videos().is_empty());
}

#[test]
fn a_video_on_a_server_is_not_fetched_to_start_when_its_length_is_told() {
    let experiment = experiment();
    let opener = experiment.opener().unwrap();
    let (corpus, server) = corpus_on_server(1);
    let asked = || *server.asked.lock().unwrap();
    let (usable, bad) = UsableCorpus::check(&corpus, 0.0, &opener).unwrap();
    assert_eq!((usable.num_unopened(), bad.len(), asked()), (12, 0, 0));
    let expected = source(&experiment, Rank::ALONE).batch(5).unwrap();
    assert_eq!(source_of(&experiment, usable, Rank::ALONE).batch(5).unwrap(), expected);

    // A caption that holds for the whole of a video of which nothing is told.
    let mut corpus = corpus_on_server(1).0;
    corpus.0[3].captions.truncate(1);
    corpus.0[3].captions[0].span = TimeSpan::new(0.0, f64::INFINITY);
    let (usable, _) = UsableCorpus::check(&corpus, 0.0, &opener).unwrap();
    assert_eq!((usable.num_unopened(), usable.videos().len()), (11, 12));
    // The frames of its 12 seconds.
    assert_eq!(usable.videos()[3].captions[0].span.end, Seconds(12.0));
}

#[test]
fn a_video_on_a_server_that_is_shorter_than_told_is_replaced_and_named() {
    let mut experiment = experiment();
    // Every video is in the batch of every step.
    (experiment.pairs.long_batch, experiment.pairs.short_batch) = (12, 12);
    let (mut corpus, _) = corpus_on_server(1);
    let late = TimeSpan::new(100.0, 104.0);
    corpus.0[7].captions.truncate(1);
    corpus.0[7].captions[0].span = late;
    let opener = experiment.opener().unwrap();
    let (usable, _) = UsableCorpus::check(&corpus, 0.0, &opener).unwrap();
    let path = usable.videos()[7].media.path().to_owned();
    let source = source_of(&experiment, usable, Rank::ALONE);
    assert_eq!(source.batch(0).unwrap().shape[0], 12);
    let [bad] = source.new_bad_videos().try_into().unwrap();
    assert_eq!(bad.path, path);
    assert!(bad.reason.contains("ends at 12") && bad.reason.contains("100"), "{}", bad.reason);
}

/// The small corpus on a server that answers once so many have asked.
fn corpus_on_server(answers_after: usize) -> (RemoteCorpus, Arc<Server>) {
    let (corpus, _) = HowTo100m::open(&folder()).unwrap();
    let (asked, changed) = (Mutex::new(0), Condvar::new());
    let server = Arc::new(Server { asked, changed, answers_after });
    let remote = corpus.videos().iter().cloned().map(|video| {
        let path = video.media.path().to_owned();
        let part = OnServer { path: path.clone(), server: Arc::clone(&server) };
        NarratedVideo { media: MediaLocation::part(path, Arc::new(part)), ..video }
    });
    (RemoteCorpus(remote.collect()), server)
}
