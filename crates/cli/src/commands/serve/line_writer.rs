//! Lines that are written by a thread of their own, so that nobody waits for a file or a terminal that takes none.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::thread;
use std::time::Duration;

/// Lines that wait to be written at most.
const MOST_WAITING: usize = 1024;
/// How long the end of a server waits for the last lines.
const LAST_LINES: Duration = Duration::from_millis(500);

/// Where lines are handed over. Those for which there is no room are dropped and counted.
#[derive(Clone)]
pub(super) struct LineWriter {
    lines: SyncSender<String>,
    num_dropped: Arc<AtomicU64>,
}

/// The thread that writes.
pub(super) struct Writing(Receiver<()>);

impl LineWriter {
    /// Starts the thread. `write` writes a line, as long as that takes; `missing` says in a line how many were dropped.
    ///
    /// # Errors
    /// A system that gives no threads.
    pub(super) fn start(
        mut write: impl FnMut(&str) + Send + 'static,
        missing: fn(u64) -> String,
    ) -> std::io::Result<(Self, Writing)> {
        let (lines, waiting) = sync_channel::<String>(MOST_WAITING);
        let (done, ended) = channel();
        let num_dropped = Arc::new(AtomicU64::new(0));
        let dropped = Arc::clone(&num_dropped);
        thread::Builder::new().name("serve-lines".into()).spawn(move || {
            // Dropped at the end.
            let _done = done;
            for line in waiting {
                write(&line);
                let num = dropped.swap(0, Ordering::Relaxed);
                if num > 0 {
                    write(&missing(num));
                }
            }
        })?;
        Ok((Self { lines, num_dropped }, Writing(ended)))
    }

    /// Hands a line over; never waits.
    pub(super) fn put(&self, line: String) {
        if let Err(TrySendError::Full(_)) = self.lines.try_send(line) {
            self.num_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Writing {
    /// Waits a moment for what was handed over to be written, when all writers are gone; then goes on without it.
    pub(super) fn end(self) {
        let _ = self.0.recv_timeout(LAST_LINES);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn lines_that_cannot_be_written_are_dropped_and_counted_and_nobody_waits() {
        let (written, seen) = (Arc::new(Mutex::new(Vec::new())), channel());
        let (go, wait) = channel::<()>();
        let inside = Arc::clone(&written);
        let write = move |line: &str| {
            let _ = seen.0.send(());
            let _ = wait.recv();
            inside.lock().unwrap().push(line.to_owned());
        };
        let (lines, writing) = LineWriter::start(write, |num| format!("{num} dropped")).unwrap();
        lines.put("0".into());
        seen.1.recv().unwrap();
        // Nothing is written now; so many wait, and the others are dropped.
        (1..=MOST_WAITING + 7).for_each(|line| lines.put(line.to_string()));
        // It is not waited for, either.
        Writing(channel().1).end();
        drop((go, lines));
        while writing.0.recv_timeout(Duration::from_secs(60)).is_ok() {}
        let written = written.lock().unwrap();
        assert_eq!(written.len(), 1 + 1 + MOST_WAITING);
        assert_eq!((written[0].as_str(), written[1].as_str()), ("0", "7 dropped"));
        assert_eq!(written[2], "1");
    }
}
