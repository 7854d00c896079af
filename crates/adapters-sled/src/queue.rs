//! The bounded queue in front of the committer.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::Semaphore;

/// Many tasks put in, one thread takes out in gulps: what has queued while it was busy comes
/// out at once.
pub(crate) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    arrived: Condvar,
    /// One permit for each free place.
    places: Semaphore,
}

struct Inner<T> {
    waiting: VecDeque<T>,
    closed: bool,
    /// The taker sleeps until this many wait.
    wanted: usize,
}

/// What [`Queue::take`] found.
#[derive(Debug, PartialEq)]
pub(crate) enum Taken<T> {
    /// At least one.
    Some(Vec<T>),
    /// Nothing came in time.
    Nothing,
    /// Nothing, and nothing ever will.
    Closed,
}

/// The queue takes nothing any more.
#[derive(Debug, PartialEq)]
pub(crate) struct Closed;

impl<T> Queue<T> {
    pub(crate) fn new(places: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                waiting: VecDeque::new(),
                closed: false,
                wanted: 0,
            }),
            arrived: Condvar::new(),
            places: Semaphore::new(places),
        }
    }

    /// Waits for a place.
    pub(crate) async fn put(&self, item: T) -> Result<(), Closed> {
        let place = self.places.acquire().await.map_err(|_| Closed)?;
        let mut inner = self.inner.lock();
        if inner.closed {
            return Err(Closed);
        }
        place.forget(); // `take` gives it back.
        inner.waiting.push_back(item);
        let enough = inner.wanted > 0 && inner.waiting.len() >= inner.wanted;
        drop(inner);
        if enough {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Takes up to `max`. Waits for the first one as long as `patience` says, and then a
    /// moment of `gather` at most for as many as `expected`.
    pub(crate) fn take(
        &self,
        max: usize,
        patience: Option<Duration>,
        expected: usize,
        gather: Duration,
    ) -> Taken<T> {
        let mut inner = self.inner.lock();
        inner.wanted = 1;
        while inner.waiting.is_empty() {
            if inner.closed {
                return Taken::Closed;
            }
            match patience {
                None => self.arrived.wait(&mut inner),
                Some(patience) => {
                    let waited = self.arrived.wait_for(&mut inner, patience);
                    if waited.timed_out() && inner.waiting.is_empty() {
                        return Taken::Nothing;
                    }
                }
            }
        }
        if inner.waiting.len() < expected.min(max) && !inner.closed {
            inner.wanted = expected.min(max);
            self.arrived.wait_for(&mut inner, gather);
        }
        inner.wanted = 0;
        let count = inner.waiting.len().min(max);
        let taken: Vec<T> = inner.waiting.drain(..count).collect();
        drop(inner);
        self.places.add_permits(taken.len());
        Taken::Some(taken)
    }

    /// Takes nothing more; what waits is still taken out.
    pub(crate) fn close(&self) {
        self.inner.lock().closed = true;
        self.places.close();
        self.arrived.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    #[tokio::test]
    async fn what_waits_when_it_is_closed_still_comes_out() {
        let queue = Queue::new(2);
        queue.put(1).await.unwrap();
        queue.put(2).await.unwrap();
        queue.close();
        assert_eq!(queue.put(3).await, Err(Closed));
        assert_eq!(queue.take(1, None, 0, NOW), Taken::Some(vec![1]));
        assert_eq!(queue.take(9, None, 9, NOW), Taken::Some(vec![2]));
        assert_eq!(queue.take(9, None, 0, NOW), Taken::Closed);
    }

    #[tokio::test]
    async fn a_full_queue_makes_its_writers_wait() {
        let queue = Queue::new(1);
        queue.put(1).await.unwrap();
        let second = queue.put(2);
        tokio::pin!(second);
        let waits = tokio::time::timeout(Duration::from_millis(5), &mut second).await;
        assert!(waits.is_err());
        assert_eq!(queue.take(9, None, 0, NOW), Taken::Some(vec![1]));
        second.await.unwrap();
        assert_eq!(queue.take(9, Some(NOW), 0, NOW), Taken::Some(vec![2]));
        assert_eq!(queue.take(9, Some(NOW), 0, NOW), Taken::Nothing);
    }
}
