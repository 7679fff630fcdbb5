//! Workers: started when one is needed, lent to whoever opens a file, and kept for the next.

use std::fmt;
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::layers::Layers;
use super::messages::Request;
use super::worker::{Worker, this_program};

/// Videos cannot be decoded in processes of their own.
#[derive(Debug, thiserror::Error)]
#[error(
    "no sandbox: {reason}; leave --sandbox out, or look into docs/security.md for what it needs"
)]
pub struct SandboxError {
    reason: String,
}

/// Processes that decode, as many as files are open at once. All are ended with the last copy of this, and with the process
/// that has it.
#[derive(Clone)]
pub struct Workers(Arc<Pool>);

struct Pool {
    layers: Layers,
    idle: Mutex<Vec<Worker>>,
    start: Sender<SyncSender<Started>>,
}

type Started = Result<(Worker, Layers), String>;

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Workers").field(&self.0.layers).finish()
    }
}

impl Workers {
    /// Starts the first: this program with [`WORKER_COMMAND`](super::WORKER_COMMAND) as its only argument, when it shall
    /// call [`serve`](fn@super::serve). Each may take `memory` bytes for its data.
    ///
    /// # Errors
    /// When the system cannot lock it up.
    pub fn start(memory: u64) -> Result<Self, SandboxError> {
        let (start, asked) = channel::<SyncSender<Started>>();
        // A worker ends with the thread that started it, so that is one that stays.
        let starting = move || {
            for reply in asked {
                // Nobody waits for it any more where this fails.
                let _ = reply.send(Worker::start(&this_program(), memory));
            }
        };
        let refused = |reason| SandboxError { reason };
        let spawned = thread::Builder::new().name("locvtp-workers".into()).spawn(starting);
        spawned.map_err(|error| refused(format!("no thread can be started: {error}")))?;
        let (worker, layers) = started(&start).map_err(refused)?;
        Ok(Self(Arc::new(Pool { layers, idle: Mutex::new(vec![worker]), start })))
    }

    /// Which layers hold each of them.
    pub fn layers(&self) -> &Layers {
        &self.0.layers
    }

    /// A worker for one file.
    ///
    /// # Errors
    /// When none can be started; in words.
    pub(super) fn lend(&self) -> Result<Lent, String> {
        let idle = || self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        while let Some(mut worker) = idle() {
            if worker.lives() {
                return Ok(Lent { worker: Some(worker), workers: self.clone() });
            }
        }
        let (worker, _) = started(&self.0.start)?;
        Ok(Lent { worker: Some(worker), workers: self.clone() })
    }
}

fn started(start: &Sender<SyncSender<Started>>) -> Started {
    let (reply, answer) = sync_channel(1);
    let gone = || "the thread that starts workers has ended".to_owned();
    start.send(reply).map_err(|_| gone())?;
    answer.recv().unwrap_or_else(|_| Err(gone()))
}

/// A worker that is lent, given back where this is dropped.
pub(super) struct Lent {
    worker: Option<Worker>,
    workers: Workers,
}

impl Lent {
    /// The worker; none where it is of no use any more.
    pub(super) fn worker(&mut self) -> Option<&mut Worker> {
        self.worker.as_mut()
    }

    /// Ends the worker, which is of no use any more.
    pub(super) fn end(&mut self) {
        self.worker = None;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(mut worker) = self.worker.take()
            && worker.tell(&Request::Close)
        {
            self.workers.0.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        }
    }
}

#[cfg(test)]
impl Lent {
    /// A worker of a test.
    pub(super) fn of_test(worker: Worker) -> Self {
        let layers = Layers { landlock: None, memory: 0, tried: Vec::new() };
        let pool = Pool { layers, idle: Mutex::default(), start: channel().0 };
        Self { worker: Some(worker), workers: Workers(Arc::new(pool)) }
    }
}
