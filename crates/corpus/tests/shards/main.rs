//! A corpus of real files packed into shards and read back: from disk, from a web server, damaged,
//! and over bad connections.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod damaged;
mod lying;
#[path = "../../../../tests/support/not_run.rs"]
mod not_run;
mod others;
mod packing;
mod reading;
mod server;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use locvtp_corpus::{
    AnnotatedCorpus, Corpus, CorpusError, NarratedVideo, PackSettings, ReadReport, ReadSettings,
    ShardSettings, SyntheticConfig, pack, synthesize,
};

/// A small corpus, and the same packed into four shards.
struct Packed {
    folder: tempfile::TempDir,
}

const VIDEOS: usize = 14;

fn packed() -> &'static Packed {
    static PACKED: OnceLock<Packed> = OnceLock::new();
    PACKED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let config = SyntheticConfig {
            train_videos: VIDEOS,
            seen_videos: 1,
            new_videos: 1,
            width: 32,
            height: 32,
            duration_s: 9.0,
            min_events: 1,
            max_events: 2,
            ..SyntheticConfig::default()
        };
        synthesize(&config, &folder.path().join("corpus"), &|_, _| {}).unwrap();
        let packed = Packed { folder };
        let (loose, _) = read(&packed.loose());
        let settings = PackSettings { shard_videos: 4, ..PackSettings::default() };
        let report = pack(&loose, &packed.shards(), settings, &|_, _| {}).unwrap();
        assert_eq!((report.videos, report.shards, report.kept_shards), (VIDEOS, 4, 0));
        packed
    })
}

impl Packed {
    fn loose(&self) -> PathBuf {
        self.folder.path().join("corpus/train")
    }

    fn shards(&self) -> PathBuf {
        self.folder.path().join("shards")
    }

    /// The shards again, to be damaged.
    fn copy(&self) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(self.shards()).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
        }
        copy
    }
}

/// Without the indexes, as others' shards come.
fn without_indexes(shards: &Path) {
    for entry in std::fs::read_dir(shards).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending != "tar") {
            std::fs::remove_file(path).unwrap();
        }
    }
}

/// Fetches into a folder of its own, and gives up soon.
fn fetching(cache: &Path) -> ReadSettings {
    let shards = ShardSettings {
        cache: Some(cache.to_owned()),
        retry_s: 2,
        silence_s: 1,
        ..ShardSettings::default()
    };
    ReadSettings { shards, ..ReadSettings::default() }
}

fn try_read(path: &Path, cache: &Path) -> Result<(AnnotatedCorpus, ReadReport), CorpusError> {
    AnnotatedCorpus::open(path, &fetching(cache))
}

/// Reads a corpus with a cache that nobody else uses.
fn read(path: &Path) -> (AnnotatedCorpus, ReadReport) {
    let cache = tempfile::tempdir().unwrap();
    try_read(path, cache.path()).unwrap()
}

/// What a corpus says of a video, apart from where it is.
fn said(video: &NarratedVideo) -> NarratedVideo {
    NarratedVideo { shard: None, media_end: None, media: "".into(), ..video.clone() }
}

fn bytes(video: &NarratedVideo) -> Vec<u8> {
    let mut bytes = Vec::new();
    video.media.open().unwrap().reader().read_to_end(&mut bytes).unwrap();
    bytes
}

/// Both hold the same videos with the same captions and the same bytes.
fn assert_same(found: &AnnotatedCorpus, expected: &AnnotatedCorpus) {
    assert_eq!(found.videos().len(), expected.videos().len());
    for (found, expected) in found.videos().iter().zip(expected.videos()) {
        assert_eq!(said(found), said(expected));
        assert!(bytes(found) == bytes(expected), "{}", found.id);
    }
}

/// An error with its causes.
fn told(error: &CorpusError) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |e| e.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
