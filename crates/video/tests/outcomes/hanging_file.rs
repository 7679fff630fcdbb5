//! A file whose disk does not answer.
//!
//! The kernel can make one: whoever opens a file that another holds a write lease on waits until
//! the lease is given back. To the opener that is a dead network share.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;

use locvtp_video::{ReadLimits, ReaderSettings, VideoError, VideoReader};

use crate::not_run::not_run;

/// A lease on a file; nobody else can open the file while it is held.
struct Lease {
    _file: File,
}

impl Lease {
    /// None where the file system grants no leases.
    fn on(path: &Path) -> Option<Self> {
        let file = File::options().read(true).write(true).open(path).unwrap();
        // SAFETY: plain system calls on an open file. Without the second the kernel would tell the
        // holder of an opener by a signal that ends the process; this one is ignored.
        let granted = unsafe {
            libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, libc::F_WRLCK) == 0
                && libc::fcntl(file.as_raw_fd(), F_SETSIG, libc::SIGURG) == 0
        };
        granted.then_some(Self { _file: file })
    }
}

/// Not in the `libc` crate's list for every system.
const F_SETSIG: i32 = 10;

#[test]
fn a_file_that_does_not_answer_is_given_up_after_the_limit() {
    let in_memory = Path::new("/dev/shm");
    let folders = [tempfile::tempdir().ok(), tempfile::tempdir_in(in_memory).ok()];
    let leased = folders.iter().flatten().find_map(|folder| {
        let path = folder.path().join("hanging.mp4");
        std::fs::write(&path, "not read before the lease is given back").unwrap();
        Lease::on(&path).map(|lease| (path, lease))
    });
    let Some((path, lease)) = leased else {
        // The watchdog's own tests, beside its code, need no lease.
        return not_run("no file system here grants leases");
    };
    let limits = ReadLimits { stall_s: 1, ..Default::default() };
    let settings = ReaderSettings { limits, ..Default::default() };
    let error = VideoReader::open_with(&path, settings).err().unwrap();
    assert!(matches!(error, VideoError::GaveUp { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("hanging.mp4") && text.contains("`limits.stall_s`"), "{text}");

    drop(lease);
    let error = VideoReader::open_with(&path, settings).err().unwrap();
    assert!(matches!(error, VideoError::NotAVideo { .. }), "{error:?}");
}
