//! Work that blocks, on threads of its own, so much at a time and no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use locvtp_video::CancelToken;
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

    /// Does the work when a place is free. Work that takes too long, or whose asker goes away, is cancelled; it
    /// keeps its place until it ends, so that no more than the bound is ever at work.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&CancelToken) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let asker = Asker(CancelToken::default());
        let cancel = asker.0.clone();
        let done = async {
            let place = self.place().await?;
            let done = tokio::task::spawn_blocking(move || {
                let _place = place;
                work(&cancel)
            });
            done.await.map_err(|_| Problem::mistake())
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

/// Who waits for work; gone when this is dropped.
struct Asker(CancelToken);

impl Drop for Asker {
    fn drop(&mut self) {
        self.0.cancel();
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
                    .run(move |_| {
                        begun.send(()).unwrap();
                        wait.recv().unwrap();
                    })
                    .await
            }
        });
        has_begun.await.unwrap();
        let second = tokio::spawn({
            let workers = Arc::clone(&workers);
            async move { workers.run(|_| 2).await }
        });
        while workers.waiting.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(workers.run(|_| 3).await, Err(Problem::busy()));
        go.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(()));
        assert_eq!(second.await.unwrap(), Ok(2));
        assert_eq!(workers.run(|_| 4).await, Ok(4));
    }

    #[tokio::test]
    async fn work_that_takes_too_long_is_given_up_and_keeps_its_place() {
        let workers = Workers::new(1, 0, Duration::from_millis(20));
        let (go, wait) = mpsc::channel::<()>();
        let slow = workers.run(move |_| wait.recv().unwrap()).await;
        assert_eq!(slow, Err(Problem::too_slow()));
        assert_eq!(workers.run(|_| ()).await, Err(Problem::busy()));
        go.send(()).unwrap();
    }

    /// Work that goes on until it is cancelled, and what is told when it begins and ends.
    fn endless(
        begun: mpsc::Sender<()>,
        ended: mpsc::Sender<()>,
    ) -> impl FnOnce(&CancelToken) + Send + 'static {
        move |cancel| {
            begun.send(()).unwrap();
            while !cancel.is_cancelled() {
                std::thread::yield_now();
            }
            ended.send(()).unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn work_whose_asker_goes_away_is_ended() {
        let workers = Arc::new(Workers::new(1, 0, Duration::from_secs(600)));
        let ((begun, begins), (ended, ends)) = (mpsc::channel(), mpsc::channel());
        let asker = tokio::spawn({
            let (workers, work) = (Arc::clone(&workers), endless(begun, ended));
            async move { workers.run(work).await }
        });
        begins.recv().unwrap();
        asker.abort();
        ends.recv().unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn work_that_takes_too_long_is_ended() {
        let workers = Workers::new(1, 0, Duration::from_millis(20));
        let ((begun, _begins), (ended, ends)) = (mpsc::channel(), mpsc::channel());
        assert_eq!(workers.run(endless(begun, ended)).await, Err(Problem::too_slow()));
        ends.recv().unwrap();
    }
}
