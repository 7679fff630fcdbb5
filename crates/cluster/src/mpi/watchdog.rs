//! Ends what does not move: a thread looks whether this rank did something, and ends all ranks when it did not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::progress::Progress;

/// A rank that waits for another gives the other's own watchdog so much more time, as a share of the limit, to end all
/// first: that one knows what hangs.
const PATIENCE: f64 = 0.25;

/// That share is at most this.
const MOST_PATIENCE: Duration = Duration::from_secs(5);

const NOBODY: usize = usize::MAX;

/// Looks at one rank.
#[derive(Debug, Clone)]
pub(super) struct Watchdog {
    progress: Progress,
    /// The rank that this one waits for.
    awaited: Arc<AtomicUsize>,
}

impl Watchdog {
    /// Looks from now on, and calls `end` with the cause, once.
    pub(super) fn start(
        limit: Option<Duration>,
        end: impl FnOnce(&str) + Send + 'static,
    ) -> std::io::Result<Self> {
        let watchdog = Self { progress: Progress::default(), awaited: Arc::new(NOBODY.into()) };
        if let Some(limit) = limit {
            let watched = watchdog.clone();
            let look = move || end(&watched.cause_of_an_end(limit));
            thread::Builder::new().name("watchdog".into()).spawn(look)?;
        }
        Ok(watchdog)
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// This rank did something, and waits for nobody.
    pub(super) fn moved(&self) {
        self.awaited.store(NOBODY, Ordering::Relaxed);
        self.progress.moved();
    }

    /// This rank cannot go on without another.
    pub(super) fn waits_for(&self, rank: usize) {
        self.awaited.store(rank, Ordering::Relaxed);
    }

    /// Waits until nothing has moved for too long.
    fn cause_of_an_end(&self, limit: Duration) -> String {
        let (mut moves, mut since) = (self.progress.moves(), Instant::now());
        loop {
            thread::sleep((limit / 20).clamp(Duration::from_millis(10), Duration::from_secs(1)));
            if self.progress.moves() != moves {
                (moves, since) = (self.progress.moves(), Instant::now());
                continue;
            }
            let awaited = self.awaited.load(Ordering::Relaxed);
            if awaited == NOBODY && since.elapsed() >= limit {
                return format!("nothing was done for {}", in_words(limit));
            }
            let patience = limit + limit.mul_f64(PATIENCE).min(MOST_PATIENCE);
            if awaited != NOBODY && since.elapsed() >= patience {
                return format!("rank {awaited} was waited for in vain for {}", in_words(patience));
            }
        }
    }
}

fn in_words(time: Duration) -> String {
    format!("{} s", (time.as_secs_f64() * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn end_of(limit: Duration, during: impl FnOnce(&Watchdog)) -> String {
        let (tell, told) = mpsc::channel();
        let watchdog =
            Watchdog::start(Some(limit), move |cause| tell.send(cause.to_owned()).unwrap());
        during(&watchdog.unwrap());
        told.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    #[test]
    fn who_does_nothing_is_ended_and_who_is_waited_for_is_named() {
        let limit = Duration::from_millis(200);
        assert_eq!(end_of(limit, |_| {}), "nothing was done for 0.2 s");
        let cause = end_of(limit, |watchdog| watchdog.waits_for(3));
        assert_eq!(cause, "rank 3 was waited for in vain for 0.3 s");
    }

    #[test]
    fn whoever_moves_is_not_ended() {
        let (tell, told) = mpsc::channel();
        let began = Instant::now();
        let limit = Duration::from_secs(2);
        let watchdog = Watchdog::start(Some(limit), move |_| tell.send(Instant::now()).unwrap());
        let watchdog = watchdog.unwrap();
        while began.elapsed() < Duration::from_millis(2500) {
            watchdog.moved();
            thread::sleep(Duration::from_millis(1));
        }
        // The end comes a whole limit after the last move, if at all before the bound.
        let ended = told.recv_timeout(Duration::from_secs(60)).unwrap();
        assert!(ended - began > Duration::from_millis(2500));
    }
}
