//! Batches in order, made ahead of the encoder on threads of their own, with a bound on how many wait.
//!
//! Which thread makes a batch changes nothing, because a batch is a pure function of its step.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::TrainError;

/// What a result takes up in memory while it waits.
pub trait HeldBytes {
    /// Bytes, without what all results take alike.
    fn held_bytes(&self) -> usize;
}

/// What the threads share.
struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    /// The next step a thread may take.
    next_to_make: u64,
    /// The next step the consumer wants.
    next_to_give: u64,
    ready: BTreeMap<u64, Result<T, TrainError>>,
    stopped: bool,
}

/// What a thread that has nothing in hand does next.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Make(u64),
    /// Until something is given, or the consumer has gone.
    Wait,
    End,
}

impl<T> State<T> {
    /// What the next free thread does, of a loader that ends before `end` and has room for `queue`
    /// results.
    fn next(&mut self, end: u64, queue: u64) -> Next {
        if self.stopped || self.next_to_make >= end {
            Next::End
        } else if self.next_to_make >= self.next_to_give + queue {
            Next::Wait
        } else {
            self.next_to_make += 1;
            Next::Make(self.next_to_make - 1)
        }
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs `make(step)` for consecutive steps on background threads.
pub struct Loader<T> {
    shared: Arc<Shared<T>>,
    threads: Vec<JoinHandle<()>>,
    end: u64,
    waited: Duration,
}

impl<T: HeldBytes + Send + 'static> Loader<T> {
    /// Begins with step `first`, ends before `end`; at most `queue` results wait.
    pub fn start(
        first: u64,
        end: u64,
        threads: usize,
        queue: usize,
        make: impl Fn(u64) -> Result<T, TrainError> + Send + Sync + 'static,
    ) -> Self {
        let state = State {
            next_to_make: first,
            next_to_give: first,
            ready: BTreeMap::new(),
            stopped: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let make = Arc::new(make);
        let threads = (0..threads.max(1))
            .map(|_| {
                let (shared, make) = (Arc::clone(&shared), Arc::clone(&make));
                std::thread::spawn(move || work(&shared, end, queue.max(1) as u64, &*make))
            })
            .collect();
        Self { shared, threads, end, waited: Duration::ZERO }
    }

    /// The result of the next step, or `None` after the last.
    pub fn next_result(&mut self) -> Option<Result<T, TrainError>> {
        let began = Instant::now();
        let mut state = self.shared.lock();
        let step = state.next_to_give;
        if step >= self.end {
            return None;
        }
        let result = loop {
            if let Some(result) = state.ready.remove(&step) {
                break result;
            }
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        state.next_to_give += 1;
        drop(state);
        self.shared.changed.notify_all();
        self.waited += began.elapsed();
        Some(result)
    }

    /// Bytes of the results that wait now.
    pub fn held_bytes(&self) -> usize {
        let state = self.shared.lock();
        state.ready.values().flatten().map(HeldBytes::held_bytes).sum()
    }

    /// How long the consumer has waited so far.
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

impl<T> Drop for Loader<T> {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // A panic was handed to the consumer as an error already.
            let _ = thread.join();
        }
    }
}

fn work<T>(shared: &Shared<T>, end: u64, queue: u64, make: &dyn Fn(u64) -> Result<T, TrainError>) {
    loop {
        let mut state = shared.lock();
        let step = loop {
            match state.next(end, queue) {
                Next::Make(step) => break step,
                Next::Wait => {
                    state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                Next::End => return,
            }
        };
        drop(state);
        let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| make(step)));
        let result = made.unwrap_or_else(|panic| {
            let reason = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_else(|| "it panicked".to_owned());
            Err(TrainError::Loader { reason })
        });
        shared.lock().ready.insert(step, result);
        shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    /// What has not happened after this time never will.
    const HANG: Duration = Duration::from_secs(60);

    impl HeldBytes for u64 {
        fn held_bytes(&self) -> usize {
            100
        }
    }

    #[test]
    fn results_come_in_order_whatever_thread_made_them() {
        // Of every four steps, which the four threads have in hand at the same time, the last is made
        // first: each waits for the one behind it.
        let made = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let in_order = Arc::clone(&made);
        let mut loader = Loader::start(4, 60, 4, 8, move |step| {
            let (made, changed) = &*made;
            let mut made = made.lock().unwrap();
            if step % 4 != 3 {
                let next_is_missing = |made: &mut Vec<u64>| !made.contains(&(step + 1));
                let (now, waited) =
                    changed.wait_timeout_while(made, HANG, next_is_missing).unwrap();
                assert!(!waited.timed_out(), "step {} is never made", step + 1);
                made = now;
            }
            made.push(step);
            changed.notify_all();
            Ok(step)
        });
        let mut found = Vec::new();
        while let Some(result) = loader.next_result() {
            found.push(result.unwrap());
        }
        assert_eq!(found, (4..60).collect::<Vec<_>>());
        let made = in_order.0.lock().unwrap();
        assert!(made.chunks(4).all(|four| four.is_sorted_by(|a, b| a > b)), "{made:?}");
    }

    #[test]
    fn no_more_than_the_queue_is_made_ahead() {
        let mut state = State::<u64> {
            next_to_make: 0,
            next_to_give: 0,
            ready: BTreeMap::new(),
            stopped: false,
        };
        let taken = |state: &mut State<u64>| {
            let next: Vec<Next> = (0..6).map(|_| state.next(5, 3)).collect();
            next.into_iter().filter(|next| *next != Next::Wait).collect::<Vec<_>>()
        };
        assert_eq!(taken(&mut state), [Next::Make(0), Next::Make(1), Next::Make(2)]);
        state.next_to_give = 1;
        assert_eq!(taken(&mut state), [Next::Make(3)]);
        state.next_to_give = 3;
        assert_eq!(taken(&mut state)[..2], [Next::Make(4), Next::End]);
        state.stopped = true;
        state.next_to_make = 3;
        assert_eq!(state.next(5, 3), Next::End);
    }

    #[test]
    fn what_waits_for_the_consumer_is_counted() {
        let (tell, told) = channel();
        let loader = Loader::start(0, 100, 3, 4, move |step| {
            tell.send(step).unwrap();
            Ok(step)
        });
        // Four are made and no fifth is begun before one is given, so these are all.
        for _ in 0..4 {
            told.recv_timeout(HANG).unwrap();
        }
        let state = loader.shared.lock();
        let (state, waited) = loader
            .shared
            .changed
            .wait_timeout_while(state, HANG, |state| state.ready.len() < 4)
            .unwrap();
        assert!(!waited.timed_out(), "{} of 4 are ready", state.ready.len());
        drop(state);
        assert_eq!(loader.held_bytes(), 400);
    }

    #[test]
    fn a_panic_in_a_thread_is_an_error_and_no_hang() {
        let mut loader = Loader::<u64>::start(0, 3, 2, 2, |step| {
            assert_ne!(step, 1, "step one is broken");
            Ok(step)
        });
        loader.next_result().unwrap().unwrap();
        let error = loader.next_result().unwrap().unwrap_err();
        assert!(error.to_string().contains("step one is broken"), "{error}");
    }

    #[test]
    fn an_unfinished_loader_ends_its_threads() {
        let mut loader = Loader::start(0, u64::MAX, 2, 2, Ok);
        loader.next_result().unwrap().unwrap();
        drop(loader);
    }
}
