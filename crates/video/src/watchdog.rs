//! Ends work on a file that hangs.
//!
//! The work runs on a thread of its own while the caller waits. It reports each packet and frame to
//! its [`Watch`]; when none comes for too long, or all of it takes too long, the caller gets its
//! answer and the thread is left behind. It stops by itself at the next packet, or when the call
//! into the operating system that it hangs in returns: no program can end such a call.

use std::ffi::{c_int, c_void};
use std::io;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use ffmpeg_the_third::ffi;

use crate::cancel::CancelToken;
use crate::error::VideoError;
use crate::limits::ReadLimits;

/// What the working thread and the waiting one know of each other.
#[derive(Default)]
pub(crate) struct Watch {
    steps: AtomicU64,
    decoded: AtomicU64,
    given_up: AtomicBool,
    cancel: CancelToken,
}

impl Watch {
    /// Of work that this token ends.
    pub(crate) fn until(cancel: &CancelToken) -> Self {
        Self { cancel: cancel.clone(), ..Self::default() }
    }

    /// The work went on by a packet or a frame.
    pub(crate) fn step(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    /// A frame came out of the decoder.
    pub(crate) fn decoded(&self) {
        self.decoded.fetch_add(1, Ordering::Relaxed);
    }

    /// Frames that came out of the decoder.
    pub(crate) fn num_decoded(&self) -> u64 {
        self.decoded.load(Ordering::Relaxed)
    }

    /// Whether nobody waits for the work any more.
    pub(crate) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed) || self.cancel.is_cancelled()
    }

    /// # Errors
    /// When nobody waits for the work any more: what it has then is not whole.
    pub(crate) fn check(&self, path: &Path) -> Result<(), VideoError> {
        match self.is_given_up() {
            true => Err(VideoError::Cancelled { path: path.to_owned() }),
            false => Ok(()),
        }
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
    /// The asker cancelled it.
    Cancelled,
    /// The system gives no more threads.
    NoThread(io::Error),
}

/// Runs `work` within the limits of time. Work that is cancelled is waited for as any other: it sees that at its
/// next packet, and who holds a place for it holds that until it has ended.
///
/// # Panics
/// When `work` does.
pub(crate) fn run<T: Send + 'static>(
    watch: &Arc<Watch>,
    limits: &ReadLimits,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, GaveUp> {
    if limits.stall_s == 0 && limits.call_s == 0 {
        let result = work();
        return if watch.cancel.is_cancelled() { Err(GaveUp::Cancelled) } else { Ok(result) };
    }
    let (send, receive) = sync_channel(1);
    let spawned = thread::Builder::new().name("locvtp-video".into()).spawn(move || {
        // Nobody receives when the work was given up.
        let _ = send.send(work());
    });
    let thread = spawned.map_err(GaveUp::NoThread)?;
    let steps = || watch.steps.load(Ordering::Relaxed);
    let mut patience = Patience::new(limits, Instant::now(), steps());
    let reason = loop {
        match receive.recv_timeout(patience.look()) {
            Ok(_) if watch.cancel.is_cancelled() => return Err(GaveUp::Cancelled),
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Disconnected) => match thread.join() {
                Err(panic) => resume_unwind(panic),
                Ok(()) => unreachable!("the thread sends before it ends"),
            },
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(reason) = patience.is_over(Instant::now(), steps()) {
            break reason;
        }
    };
    watch.given_up.store(true, Ordering::Relaxed);
    Err(reason)
}

/// What the caller is told.
pub(crate) fn error(
    path: &Path,
    action: &'static str,
    why: GaveUp,
    limits: &ReadLimits,
) -> VideoError {
    let (path, action) = (path.to_owned(), action.into());
    let (reason, limit) = match why {
        GaveUp::Stalled => {
            let seconds = limits.stall_s;
            (format!("nothing came from the file for {seconds} s"), limits.reached("stall_s"))
        }
        GaveUp::TookTooLong => {
            (format!("it takes longer than {} s", limits.call_s), limits.reached("call_s"))
        }
        GaveUp::Cancelled => return VideoError::Cancelled { path },
        GaveUp::NoThread(source) => {
            return VideoError::Io { path, action: "start a thread for it".into(), source };
        }
    };
    VideoError::GaveUp { path, action, reason, limit }
}

/// When work is given up.
struct Patience {
    /// Longest time without a step.
    stall: Duration,
    /// Longest time of all.
    call: Duration,
    start: Instant,
    /// Steps when they were looked at last and had changed, and when that was.
    last_step: (u64, Instant),
}

impl Patience {
    fn new(limits: &ReadLimits, now: Instant, steps: u64) -> Self {
        let limit = |seconds: u32| match seconds {
            0 => Duration::MAX,
            seconds => Duration::from_secs(seconds.into()),
        };
        let (stall, call) = (limit(limits.stall_s), limit(limits.call_s));
        Self { stall, call, start: now, last_step: (steps, now) }
    }

    /// How long to wait before the steps are looked at: often enough that a limit is passed by an
    /// eighth at most.
    fn look(&self) -> Duration {
        self.stall.min(self.call) / 8
    }

    /// Why the work is given up at `now`, when it has done so many steps; none as long as it is not.
    fn is_over(&mut self, now: Instant, steps: u64) -> Option<GaveUp> {
        if steps != self.last_step.0 {
            self.last_step = (steps, now);
        }
        if now - self.last_step.1 >= self.stall {
            return Some(GaveUp::Stalled);
        }
        (now - self.start >= self.call).then_some(GaveUp::TookTooLong)
    }
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
        let result = run(&watch, &limits(1, 0), move || {
            let _ = waits.recv();
            let _ = tell.send(inside.is_given_up());
        });
        assert!(matches!(result, Err(GaveUp::Stalled)), "{result:?}");
        drop(never);
        assert_eq!(told.recv(), Ok(true));
    }

    #[test]
    fn work_that_goes_on_takes_too_long_all_the_same() {
        let watch = Arc::new(Watch::default());
        let inside = Arc::clone(&watch);
        let result = run(&watch, &limits(0, 1), move || {
            while !inside.is_given_up() {
                inside.step();
                thread::yield_now();
            }
        });
        assert!(matches!(result, Err(GaveUp::TookTooLong)), "{result:?}");
        assert!(watch.is_given_up());
    }

    #[test]
    fn work_that_is_cancelled_is_waited_for_and_has_no_result() {
        let cancel = CancelToken::default();
        let watch = Arc::new(Watch::until(&cancel));
        let (tell, told) = sync_channel(1);
        let inside = Arc::clone(&watch);
        let canceller = thread::spawn(move || {
            let _ = told.recv();
            cancel.cancel();
        });
        let ended = Arc::new(AtomicBool::new(false));
        let has_ended = Arc::clone(&ended);
        let result = run(&watch, &limits(0, 60), move || {
            let _ = tell.send(());
            while !inside.is_given_up() {
                thread::yield_now();
            }
            has_ended.store(true, Ordering::Relaxed);
        });
        assert!(matches!(result, Err(GaveUp::Cancelled)), "{result:?}");
        assert!(ended.load(Ordering::Relaxed));
        canceller.join().unwrap();
    }

    #[test]
    fn each_limit_is_of_its_own_time() {
        let begun = Instant::now();
        let after = |ms: u64| begun + Duration::from_millis(ms);
        let stalls = |patience: &mut Patience, ms, steps| {
            matches!(patience.is_over(after(ms), steps), Some(GaveUp::Stalled))
        };
        // One second without a step, and no limit of all.
        let mut patience = Patience::new(&limits(1, 0), begun, 0);
        assert_eq!(patience.look(), Duration::from_millis(125));
        for step in 1..100 {
            assert!(!stalls(&mut patience, step * 900, step), "it goes on");
        }
        assert!(!stalls(&mut patience, 99 * 900 + 999, 99));
        assert!(stalls(&mut patience, 99 * 900 + 1000, 99));
        // Ten seconds in all, whatever is done in them.
        let mut patience = Patience::new(&limits(1, 10), begun, 7);
        for step in 1..20 {
            assert!(patience.is_over(after(step * 500), 7 + step).is_none());
        }
        assert!(matches!(patience.is_over(after(10_000), 40), Some(GaveUp::TookTooLong)));
    }

    #[test]
    #[should_panic(expected = "our own mistake")]
    fn a_panic_of_the_work_is_a_panic_here() {
        let _ = run(&Arc::default(), &limits(5, 5), || panic!("our own mistake"));
    }
}
