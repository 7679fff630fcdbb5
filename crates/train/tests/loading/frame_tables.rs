//! Frame tables kept between runs.

use std::path::Path;
use std::time::SystemTime;

use locvtp_corpus::{Corpus, HowTo100m, Rank};
use locvtp_train::UsableCorpus;

use crate::small_corpus::*;

fn entries(folder: &Path) -> Vec<SystemTime> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().metadata().unwrap().modified().unwrap()).collect()
}

#[test]
fn a_second_start_takes_every_table_from_the_folder_and_trains_on_the_same() {
    let tables = tempfile::tempdir().unwrap();
    let mut experiment = experiment();
    let without = source(&experiment, Rank::ALONE).batch(1).unwrap();
    experiment.loader.frame_tables = Some(tables.path().join("tables"));
    experiment.loader.cache_mib = 0;
    let (corpus, _) = HowTo100m::open(&experiment.corpus.dir).unwrap();
    let start = || {
        let opener = experiment.opener().unwrap();
        let (usable, bad) = UsableCorpus::check(&corpus, 0.0, &opener).unwrap();
        assert!(bad.is_empty());
        usable.videos().to_vec()
    };
    let first = start();
    let made = entries(&tables.path().join("tables"));
    assert_eq!(made.len(), 12);
    assert_eq!(start(), first);
    assert_eq!(source(&experiment, Rank::ALONE).batch(1).unwrap(), without);
    // None was made again.
    assert_eq!(entries(&tables.path().join("tables")), made);
}

#[test]
fn no_folder_is_asked_for_by_an_empty_name_and_one_that_cannot_be_made_is_named() {
    let mut experiment = experiment();
    experiment.loader.frame_tables = Some("".into());
    assert!(experiment.opener().unwrap().frame_tables.is_none());
    let file = tempfile::NamedTempFile::new().unwrap();
    experiment.loader.frame_tables = Some(file.path().join("tables"));
    let error = experiment.opener().err().unwrap().to_string();
    assert!(error.contains(file.path().to_str().unwrap()), "{error}");
}

#[test]
fn the_limits_of_a_run_hold_for_its_files() {
    let mut experiment = experiment();
    experiment.limits.frames = 50;
    let (corpus, _) = HowTo100m::open(&experiment.corpus.dir).unwrap();
    let refused = UsableCorpus::check(&corpus, 0.0, &experiment.opener().unwrap());
    let error = refused.err().unwrap().to_string();
    assert!(error.contains("raise `limits.frames`"), "{error}");
}
