//! Frame tables kept between runs.

use std::path::Path;
use std::time::SystemTime;

use locvtp_cluster::in_threads;
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

#[test]
fn several_ranks_open_their_share_of_the_files_and_know_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = experiment();
    let copy = copy();
    let (corpus, _) = HowTo100m::open(copy.path()).unwrap();
    std::fs::write(&files(copy.path())[4], "not a video").unwrap();
    let alone = UsableCorpus::check(&corpus, 0.5, &experiment.opener().unwrap()).unwrap();
    let tables = |rank: usize| folder.path().join(rank.to_string());
    let found = in_threads(3, |ranks| {
        let mut own = experiment.clone();
        own.loader.frame_tables = Some(tables(ranks.rank().index()));
        let opener = own.opener().unwrap();
        UsableCorpus::check_together(ranks, &corpus, 0.5, &opener).unwrap()
    });
    for (usable, bad) in found {
        assert_eq!(usable.videos(), alone.0.videos());
        assert_eq!(bad, alone.1);
        assert_eq!(bad.len(), 1);
    }
    let opened = [0, 1, 2].map(|rank| entries(&tables(rank)).len());
    let num_bad = usize::from(opened.iter().sum::<usize>() < 12);
    assert_eq!(opened.iter().sum::<usize>() + num_bad, 12);
    assert!(opened.iter().all(|&opened| opened <= 4), "{opened:?}");
}
