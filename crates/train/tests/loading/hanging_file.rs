//! A video whose disk stops answering in the middle of a run.
//!
//! As in the video crate's test of the same name: whoever opens a file that another holds a write
//! lease on waits until the lease is given back.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;

use locvtp_corpus::Rank;

use crate::not_run::not_run;
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
        return not_run("the file system of temporary files grants no leases");
    };
    let batch = source.batch(0).unwrap();
    assert_eq!(batch.shape[0], 12);
    let [bad] = source.new_bad_videos().try_into().unwrap();
    assert_eq!(bad.path, hanging);
    assert!(bad.reason.contains("nothing came from the file for 1 s"), "{}", bad.reason);
    assert!(bad.reason.contains("`limits.stall_s`"), "{}", bad.reason);

    // The disk answers again. Who had not seen it hang takes the video; who had does not ask.
    drop(lease);
    experiment.limits.stall_s = 60;
    let unaware = self::source(&experiment, Rank::ALONE);
    for step in [1, 2] {
        let (batch, whole) = (source.batch(step).unwrap(), unaware.batch(step).unwrap());
        assert_eq!(batch.shape, whole.shape);
        let size = batch.clips.bytes().len() / 12;
        let pairs = batch.clips.bytes().chunks(size).zip(whole.clips.bytes().chunks(size));
        assert_eq!(pairs.filter(|(pair, whole)| pair != whole).count(), 1, "one is replaced");
    }
    assert!(source.new_bad_videos().is_empty(), "it is told of once");
    assert!(unaware.new_bad_videos().is_empty());
}
