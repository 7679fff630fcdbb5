//! A video whose disk stops answering in the middle of a run.
//!
//! As in the video crate's test of the same name: whoever opens a file that another holds a write
//! lease on waits until the lease is given back.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::{Duration, Instant};

use locvtp_corpus::Rank;

use crate::small_corpus::*;

/// Not in the `libc` crate's list for every system.
const F_SETSIG: i32 = 10;

/// Nobody else can open the file while the result is held; none where the file system grants no
/// leases.
fn lease(path: &Path) -> Option<File> {
    let file = File::options().read(true).write(true).open(path).unwrap();
    // SAFETY: plain system calls on an open file; SIGURG, which tells of an opener, is ignored.
    let granted = unsafe {
        libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, libc::F_WRLCK) == 0
            && libc::fcntl(file.as_raw_fd(), F_SETSIG, libc::SIGURG) == 0
    };
    granted.then_some(file)
}

#[test]
fn a_video_that_hangs_is_replaced_named_and_not_waited_for_again() {
    let copy = copy();
    let mut experiment = experiment();
    experiment.corpus.dir = copy.path().into();
    experiment.limits.stall_s = 1;
    // Every video is in the batch of every step.
    (experiment.pairs.long_batch, experiment.pairs.short_batch) = (12, 12);
    let source = source(&experiment, Rank::ALONE);
    let hanging = files(copy.path()).remove(4);
    let Some(lease) = lease(&hanging) else {
        // The watchdog's own tests, in the video crate, need no lease.
        eprintln!("skipped: the file system of temporary files grants no leases");
        return;
    };
    let start = Instant::now();
    let batch = source.batch(0).unwrap();
    let waited = start.elapsed();
    assert_eq!(batch.shape[0], 12);
    assert!((Duration::from_secs(1)..Duration::from_secs(20)).contains(&waited), "{waited:?}");
    let [bad] = source.new_bad_videos().try_into().unwrap();
    assert_eq!(bad.path, hanging);
    assert!(bad.reason.contains("nothing came from the file for 1 s"), "{}", bad.reason);
    assert!(bad.reason.contains("`limits.stall_s`"), "{}", bad.reason);

    // Two more batches with it, were it not known: less than the two seconds it would take.
    let start = Instant::now();
    assert_eq!(source.batch(1).unwrap().shape[0], 12);
    assert_eq!(source.batch(2).unwrap().shape[0], 12);
    assert!(source.new_bad_videos().is_empty(), "it is told of once");
    let waited = start.elapsed();
    assert!(waited < Duration::from_secs(2), "{waited:?}");
    drop(lease);
}
