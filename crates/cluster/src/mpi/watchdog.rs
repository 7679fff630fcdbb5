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
        let mut last = Last { moves: self.progress.moves(), since: Instant::now() };
        loop {
            thread::sleep((limit / 20).clamp(Duration::from_millis(10), Duration::from_secs(1)));
            if let Some(cause) = self.look(&mut last, Instant::now(), limit) {
                return cause;
            }
        }
    }

    /// Why all are to be ended now, if they are.
    fn look(&self, last: &mut Last, now: Instant, limit: Duration) -> Option<String> {
        let moves = self.progress.moves();
        if moves != last.moves || self.progress.rests() {
            *last = Last { moves, since: now };
            return None;
        }
        let awaited = self.awaited.load(Ordering::Relaxed);
        let stands = now - last.since;
        if awaited == NOBODY {
            return (stands >= limit).then(|| format!("nothing was done for {}", in_words(limit)));
        }
        let patience = limit + limit.mul_f64(PATIENCE).min(MOST_PATIENCE);
        let told = || format!("rank {awaited} was waited for in vain for {}", in_words(patience));
        (stands >= patience).then(told)
    }
}

/// What was last seen to move.
struct Last {
    moves: u64,
    since: Instant,
}

fn in_words(time: Duration) -> String {
    format!("{} s", (time.as_secs_f64() * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(100);

    #[test]
    fn who_does_nothing_is_ended_and_who_is_waited_for_is_named() {
        let watchdog = Watchdog::start(None, |_| {}).unwrap();
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        let mut last = Last { moves: 0, since: began };
        assert_eq!(watchdog.look(&mut last, at(99), LIMIT), None);
        let nothing = watchdog.look(&mut last, at(100), LIMIT);
        assert_eq!(nothing.unwrap(), "nothing was done for 100 s");
        watchdog.waits_for(3);
        assert_eq!(watchdog.look(&mut last, at(104), LIMIT), None);
        let waited = watchdog.look(&mut last, at(105), LIMIT);
        assert_eq!(waited.unwrap(), "rank 3 was waited for in vain for 105 s");
    }

    #[test]
    fn whoever_moves_is_not_ended() {
        let watchdog = Watchdog::start(None, |_| {}).unwrap();
        let began = Instant::now();
        let mut last = Last { moves: 0, since: began };
        for seconds in [99, 198, 297] {
            watchdog.progress().moved();
            let now = began + Duration::from_secs(seconds);
            assert_eq!(watchdog.look(&mut last, now, LIMIT), None);
        }
        let now = began + Duration::from_secs(397);
        assert!(watchdog.look(&mut last, now, LIMIT).is_some());
    }

    #[test]
    fn who_rests_is_not_ended_until_it_moved_again() {
        let watchdog = Watchdog::start(None, |_| {}).unwrap();
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        let mut last = Last { moves: 0, since: began };
        watchdog.progress().rest();
        watchdog.waits_for(1);
        assert_eq!(watchdog.look(&mut last, at(1000), LIMIT), None);
        watchdog.moved();
        assert_eq!(watchdog.look(&mut last, at(1001), LIMIT), None);
        assert_eq!(watchdog.look(&mut last, at(1100), LIMIT), None);
        assert!(watchdog.look(&mut last, at(1101), LIMIT).is_some());
    }

    #[test]
    fn who_calculates_is_not_ended_by_what_it_exchanges_in_between() {
        let watchdog = Watchdog::start(None, |_| {}).unwrap();
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        let mut last = Last { moves: 0, since: began };
        let calculating = watchdog.progress().calculating();
        watchdog.waits_for(1);
        watchdog.moved();
        assert_eq!(watchdog.look(&mut last, at(1000), LIMIT), None);
        assert_eq!(watchdog.look(&mut last, at(5000), LIMIT), None);
        drop(calculating);
        assert_eq!(watchdog.look(&mut last, at(5001), LIMIT), None);
        assert!(watchdog.look(&mut last, at(5101), LIMIT).is_some());
    }

    #[test]
    fn the_thread_tells_the_end() {
        let (tell, told) = mpsc::channel();
        let limit = Some(Duration::from_millis(10));
        let _watchdog = Watchdog::start(limit, move |cause| tell.send(cause.to_owned()).unwrap());
        assert!(told.recv_timeout(Duration::from_secs(300)).unwrap().starts_with("nothing"));
    }
}
