//! Files in the making: what several ask for at the same time is made once, as long as one of them waits.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::problem::Problem;

/// What is made now, by the names of the files.
#[derive(Default)]
pub(crate) struct Makings(Mutex<HashMap<String, Weak<Making>>>);

/// A file that is made; held by all who wait for it. When the last of them goes away, the work ends.
struct Making {
    made: watch::Receiver<Option<Result<(), Problem>>>,
    work: AbortHandle,
}

impl Drop for Making {
    fn drop(&mut self) {
        self.work.abort();
    }
}

impl Makings {
    /// Waits until the file of this name is made: by `make`, or by who asked before. Must be called in a runtime.
    pub(crate) async fn wait<F>(&self, name: &str, make: impl FnOnce() -> F) -> Result<(), Problem>
    where
        F: Future<Output = Result<(), Problem>> + Send + 'static,
    {
        let making = self.enter(name, make);
        let mut made = making.made.clone();
        let made = made.wait_for(Option::is_some).await;
        // Whoever makes it tells how it ended, but for a fault of the program.
        made.ok().and_then(|made| made.clone()).unwrap_or_else(|| Err(Problem::mistake()))
    }

    fn enter<F>(&self, name: &str, make: impl FnOnce() -> F) -> Arc<Making>
    where
        F: Future<Output = Result<(), Problem>> + Send + 'static,
    {
        let mut by_name = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(making) = by_name.get(name).and_then(Weak::upgrade) {
            return making;
        }
        by_name.retain(|_, making| making.strong_count() > 0);
        let (tell, made) = watch::channel(None);
        let work = make();
        let task = tokio::spawn(async move { tell.send_replace(Some(work.await)) });
        let making = Arc::new(Making { made, work: task.abort_handle() });
        by_name.insert(name.to_owned(), Arc::downgrade(&making));
        making
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_two_wait_for_goes_on_when_one_leaves_and_ends_when_both_do() {
        let makings = Arc::new(Makings::default());
        let (began, has_begun) = oneshot::channel();
        let (ends, has_ended) = oneshot::channel::<()>();
        let make = || async move {
            // Dropped with this, which the test waits for.
            let _ends = ends;
            let _ = began.send(());
            std::future::pending().await
        };
        let waits = |makings: &Arc<Makings>| {
            let makings = Arc::clone(makings);
            async move { makings.wait("a", || async { Err(Problem::mistake()) }).await }
        };
        let inside = Arc::clone(&makings);
        let first = tokio::spawn(async move { inside.wait("a", make).await });
        has_begun.await.unwrap();
        let mut second = Box::pin(waits(&makings));
        assert!(second.as_mut().now_or_never().is_none());
        first.abort();
        assert!(first.await.is_err());
        assert!(second.as_mut().now_or_never().is_none());
        let mut has_ended = has_ended;
        assert!(has_ended.try_recv() == Err(oneshot::error::TryRecvError::Empty));
        drop(second);
        assert!(has_ended.await.is_err());
        // It is made anew for the next.
        assert_eq!(makings.wait("a", || async { Ok(()) }).await, Ok(()));
    }

    #[tokio::test]
    async fn all_who_wait_are_told_how_it_ended() {
        let makings = Makings::default();
        let (go, gone) = oneshot::channel::<()>();
        let make = || async move {
            let _ = gone.await;
            Err(Problem::busy())
        };
        let mut first = Box::pin(makings.wait("a", make));
        assert!(first.as_mut().now_or_never().is_none());
        let mut second = Box::pin(makings.wait("a", || async { Ok(()) }));
        assert!(second.as_mut().now_or_never().is_none());
        go.send(()).unwrap();
        assert_eq!((first.await, second.await), (Err(Problem::busy()), Err(Problem::busy())));
    }
}
