//! Work that blocks, on threads of its own, so much at a time and no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::problem::Problem;

/// A bounded number of places to work, and a bounded queue before them.
pub(crate) struct Workers {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
    time: Duration,
}

impl Workers {
    /// So many at work, so many waiting, and so long for both together.
    pub(crate) fn new(places: usize, most_waiting: usize, time: Duration) -> Self {
        let places = Arc::new(Semaphore::new(places.max(1)));
        Self { places, waiting: AtomicUsize::new(0), most_waiting, time }
    }

    /// Does the work when a place is free. Work that takes too long is not waited for, but keeps its
    /// place until it ends, so that no more than the bound is ever at work.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let done = async {
            let place = self.place().await?;
            let done = tokio::task::spawn_blocking(move || {
                let _place = place;
                work()
            });
            done.await.map_err(|_| {
                let status = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
                Problem::new(status, "the server made a mistake; its log says more")
            })
        };
        tokio::time::timeout(self.time, done).await.map_err(|_| Problem::too_slow())?
    }

    async fn place(&self) -> Result<tokio::sync::OwnedSemaphorePermit, Problem> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(place);
        }
        let _in_queue =
            Queued::enter(&self.waiting, self.most_waiting).ok_or_else(Problem::busy)?;
        Arc::clone(&self.places).acquire_owned().await.map_err(|_| Problem::busy())
    }
}

/// A place in the queue, given back also when the asker goes away.
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn enter(waiting: &'a AtomicUsize, most: usize) -> Option<Self> {
        let queued = Self(waiting);
        (waiting.fetch_add(1, Ordering::SeqCst) < most).then_some(queued)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn who_finds_the_queue_full_is_sent_away() {
        let workers = Arc::new(Workers::new(1, 1, Duration::from_secs(60)));
        let (go, wait) = mpsc::channel::<()>();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let first = tokio::spawn({
            let workers = Arc::clone(&workers);
            async move {
                workers
                    .run(move || {
                        begun.send(()).unwrap();
                        wait.recv().unwrap();
                    })
                    .await
            }
        });
        has_begun.await.unwrap();
        let second = tokio::spawn({
            let workers = Arc::clone(&workers);
            async move { workers.run(|| 2).await }
        });
        while workers.waiting.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(workers.run(|| 3).await, Err(Problem::busy()));
        go.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(()));
        assert_eq!(second.await.unwrap(), Ok(2));
        assert_eq!(workers.run(|| 4).await, Ok(4));
    }

    #[tokio::test]
    async fn work_that_takes_too_long_is_given_up_and_keeps_its_place() {
        let workers = Workers::new(1, 0, Duration::from_millis(20));
        let (go, wait) = mpsc::channel::<()>();
        let slow = workers.run(move || wait.recv().unwrap()).await;
        assert_eq!(slow, Err(Problem::too_slow()));
        assert_eq!(workers.run(|| ()).await, Err(Problem::busy()));
        go.send(()).unwrap();
    }
}
