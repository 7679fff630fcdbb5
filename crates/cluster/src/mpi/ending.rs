//! One line that says which rank ends and why, and then the end of all ranks.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use locvtp_corpus::Rank;
use locvtp_video::shown;
use mpi::ffi;

/// Where MPI cannot end all ranks for so long, this process ends itself; then its launcher ends the others.
const BOUND: Duration = Duration::from_secs(3);

/// The exit code.
const FAILED: i32 = 1;

static ENDS: AtomicBool = AtomicBool::new(false);

/// Ends all ranks. May be called from any thread: the main thread may hang, and only one of MPI's functions is
/// called, which does not come back.
pub(super) fn end_all(rank: Rank, cause: &str) -> ! {
    if ENDS.swap(true, Ordering::SeqCst) {
        // Another thread is at it.
        thread::sleep(BOUND);
        end_this();
    }
    say(rank, cause);
    let _ = thread::Builder::new().spawn(|| {
        thread::sleep(BOUND);
        end_this();
    });
    // SAFETY: MPI was started before there was a rank. That it is called beside the main thread is against the rule of
    // FUNNELED, but nothing is to be used afterwards; where it hangs the thread above ends this process.
    unsafe { ffi::MPI_Abort(ffi::RSMPI_COMM_WORLD, FAILED) };
    end_this()
}

/// A line of its own, at once: ranks share one standard error.
pub(super) fn say(rank: Rank, what: &str) {
    let what = shown::lines(what);
    let line = format!("error: rank {} of {}: {what}\n", rank.index(), rank.world_size());
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Without what is done at a usual exit, which would wait for the other ranks.
fn end_this() -> ! {
    // SAFETY: it takes a number and does not come back.
    unsafe { libc::_exit(FAILED) }
}
