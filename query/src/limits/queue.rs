//! The queue: how many statements are under way at once.
//!
//! In: askers. Out: a [`Place`] each, kept while the statement is worked on. Guarantee: who came first goes first; nobody
//! waits longer than the settings say; one who asks much waits for their own statements, in nobody else's way.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::access::Asker;
use crate::error::QueryError;

/// Leave to work on a statement, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

#[derive(Debug)]
pub(crate) struct Queue {
    all: Arc<Semaphore>,
    at_once: usize,
    wait: Duration,
    /// Of each asker who has a statement under way or waiting.
    own: Mutex<HashMap<Arc<str>, Arc<Semaphore>>>,
    waiting: AtomicUsize,
}

/// Somebody who waits, until this is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn one_of(all: &'a AtomicUsize) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Self(all)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Queue {
    /// So many at once, 0 for any number, and how long one waits.
    pub(crate) fn new(at_once: usize, wait: Duration) -> Self {
        Self { all: places(at_once), at_once, wait, own: Mutex::default(), waiting: AtomicUsize::new(0) }
    }

    /// Waits for a place; an asker has at most `own` of them.
    ///
    /// # Errors
    /// [`QueryError::Busy`].
    pub(crate) async fn enter(&self, asker: &Asker, own: usize) -> Result<Place, QueryError> {
        let _waiting = Waiting::one_of(&self.waiting);
        let of_asker = self.of(asker, own);
        let busy = |at_once, whose| QueryError::Busy { at_once, whose, waited: self.wait };
        let begun = tokio::time::Instant::now();
        let mine = wait(of_asker, self.wait).await.ok_or_else(|| busy(own, "of yours"))?;
        let left = self.wait.saturating_sub(begun.elapsed());
        let all = wait(Arc::clone(&self.all), left).await.ok_or_else(|| busy(self.at_once, "of all askers"))?;
        Ok(Place { _own: mine, _all: all })
    }

    /// Whether somebody waits for a place.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    fn of(&self, asker: &Asker, own: usize) -> Arc<Semaphore> {
        let mut known = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        // A place holds on to its semaphore, and so does whoever waits for one.
        known.retain(|_, places| Arc::strong_count(places) > 1);
        Arc::clone(known.entry(Arc::clone(&asker.name)).or_insert_with(|| places(own)))
    }
}

fn places(at_once: usize) -> Arc<Semaphore> {
    let places = if at_once == 0 { Semaphore::MAX_PERMITS } else { at_once.min(Semaphore::MAX_PERMITS) };
    Arc::new(Semaphore::new(places))
}

async fn wait(places: Arc<Semaphore>, within: Duration) -> Option<OwnedSemaphorePermit> {
    // A free place is had even where nobody may wait; nobody closes these semaphores.
    tokio::time::timeout(within, places.acquire_owned()).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asker(name: &str) -> Asker {
        Asker { name: name.into(), ..Asker::owner() }
    }

    #[tokio::test]
    async fn an_asker_waits_for_their_own_and_all_wait_for_all() {
        let queue = Queue::new(3, Duration::from_millis(50));
        let (lan, minh) = (asker("lan"), asker("minh"));
        let first = queue.enter(&lan, 2).await.unwrap();
        let _second = queue.enter(&lan, 2).await.unwrap();
        let refused = queue.enter(&lan, 2).await.unwrap_err().to_string();
        assert!(refused.contains("2 questions of yours") && refused.contains("0.05 s"), "{refused}");
        let _third = queue.enter(&minh, 2).await.unwrap();
        let refused = queue.enter(&minh, 2).await.unwrap_err();
        assert!(matches!(refused, QueryError::Busy { at_once: 3, .. }), "{refused}");
        drop(first);
        let _fourth = queue.enter(&minh, 2).await.unwrap();
    }

    #[tokio::test]
    async fn a_place_that_gets_free_goes_to_who_waits() {
        let queue = Queue::new(1, Duration::from_secs(10));
        let held = queue.enter(&asker("lan"), 0).await.unwrap();
        let free = async {
            tokio::task::yield_now().await;
            assert!(queue.is_waited_for());
            drop(held);
        };
        let minh = asker("minh");
        let (waited, ()) = tokio::join!(queue.enter(&minh, 0), free);
        drop(waited.unwrap());
        assert!(!queue.is_waited_for());
        queue.enter(&asker("lan"), 0).await.unwrap();
        assert_eq!(queue.own.lock().unwrap().len(), 1, "who has gone is forgotten");
    }
}
