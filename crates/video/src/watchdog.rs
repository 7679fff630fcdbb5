//! Ends work on a file that hangs.
//!
//! The work runs on a thread of its own while the caller waits. It reports each packet and frame to
//! its [`Watch`]; when none comes for too long, or all of it takes too long, the caller gets its
//! answer and the thread is left behind. It stops by itself at the next packet, or when the call
//! into the operating system that it hangs in returns: no program can end such a call.

use std::ffi::{c_int, c_void};
use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use ffmpeg_the_third::ffi;

use crate::limits::ReadLimits;

/// What the working thread and the waiting one know of each other.
#[derive(Default)]
pub(crate) struct Watch {
    steps: AtomicU64,
    given_up: AtomicBool,
}

impl Watch {
    /// The work went on by a packet or a frame.
    pub(crate) fn step(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether nobody waits for the work any more.
    pub(crate) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    /// The question that FFmpeg asks while it waits for bytes. The watch must outlive the context
    /// that the answer is put into.
    pub(crate) fn interrupt(self: &Arc<Self>) -> ffi::AVIOInterruptCB {
        ffi::AVIOInterruptCB { callback: Some(ask), opaque: Arc::as_ptr(self).cast_mut().cast() }
    }
}

unsafe extern "C" fn ask(watch: *mut c_void) -> c_int {
    // SAFETY: the pointer is to the watch that `interrupt` was called on, which outlives the context.
    let watch = unsafe { &*watch.cast::<Watch>() };
    c_int::from(watch.is_given_up())
}

/// Why there is no result.
#[derive(Debug)]
pub(crate) enum GaveUp {
    /// Nothing came for the limit's seconds.
    Stalled,
    /// The whole call took longer than the limit.
    TookTooLong,
    /// The system gives no more threads.
    NoThread(io::Error),
}

/// Runs `work` within the limits of time.
///
/// # Panics
/// When `work` does.
pub(crate) fn run<T: Send + 'static>(
    watch: &Arc<Watch>,
    limits: &ReadLimits,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, GaveUp> {
    if limits.stall_s == 0 && limits.call_s == 0 {
        return Ok(work());
    }
    let limit = |seconds: u32| match seconds {
        0 => Duration::MAX,
        seconds => Duration::from_secs(seconds.into()),
    };
    let (stall, call) = (limit(limits.stall_s), limit(limits.call_s));
    // Often enough that a limit is passed by an eighth at most.
    let look = stall.min(call) / 8;

    let (send, receive) = sync_channel(1);
    let spawned = thread::Builder::new().name("locvtp-video".into()).spawn(move || {
        // Nobody receives when the work was given up.
        let _ = send.send(work());
    });
    let thread = spawned.map_err(GaveUp::NoThread)?;
    let start = Instant::now();
    let mut last_step = (watch.steps.load(Ordering::Relaxed), start);
    let reason = loop {
        match receive.recv_timeout(look) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Disconnected) => match thread.join() {
                Err(panic) => resume_unwind(panic),
                Ok(()) => unreachable!("the thread sends before it ends"),
            },
            Err(RecvTimeoutError::Timeout) => {}
        }
        let (now, steps) = (Instant::now(), watch.steps.load(Ordering::Relaxed));
        if steps != last_step.0 {
            last_step = (steps, now);
        }
        if now - last_step.1 >= stall {
            break GaveUp::Stalled;
        }
        if now - start >= call {
            break GaveUp::TookTooLong;
        }
    };
    watch.given_up.store(true, Ordering::Relaxed);
    Err(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(stall_s: u32, call_s: u32) -> ReadLimits {
        ReadLimits { stall_s, call_s, ..Default::default() }
    }

    #[test]
    fn work_that_waits_for_ever_is_given_up_and_told_so() {
        let watch = Arc::new(Watch::default());
        let (never, waits) = sync_channel::<()>(0);
        let (tell, told) = sync_channel(1);
        let inside = Arc::clone(&watch);
        let start = Instant::now();
        let result = run(&watch, &limits(1, 0), move || {
            let _ = waits.recv();
            let _ = tell.send(inside.is_given_up());
        });
        assert!(matches!(result, Err(GaveUp::Stalled)), "{result:?}");
        assert!(start.elapsed() < Duration::from_secs(10));
        drop(never);
        assert_eq!(told.recv(), Ok(true));
    }

    #[test]
    fn work_that_goes_on_is_not_stalled_but_may_take_too_long() {
        let go_on = |limits| {
            let watch = Arc::new(Watch::default());
            let inside = Arc::clone(&watch);
            let result = run(&watch, &limits, move || {
                let start = Instant::now();
                while start.elapsed() < Duration::from_secs(3) && !inside.is_given_up() {
                    thread::sleep(Duration::from_millis(20));
                    inside.step();
                }
                "done"
            });
            (result, watch.is_given_up())
        };
        assert!(matches!(go_on(limits(1, 0)), (Ok("done"), false)));
        assert!(matches!(go_on(limits(0, 1)), (Err(GaveUp::TookTooLong), true)));
    }

    #[test]
    #[should_panic(expected = "our own mistake")]
    fn a_panic_of_the_work_is_a_panic_here() {
        let _ = run(&Arc::default(), &limits(5, 5), || panic!("our own mistake"));
    }
}
