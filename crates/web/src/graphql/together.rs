//! What a request's fields need is read together.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// So often a request is gone on with at once: more than the objects of any page.
const MOST: usize = 256;

/// Goes on with a request for as long as it only makes way for others.
///
/// An object whose fields all wait for something makes way (as `FuturesUnordered` does), and so
/// does the list that it stands in, which has come to two objects by then; and tokio lets none go
/// on who has waited often. A loader would ask the store meanwhile for the few things of which it
/// knows, and again for the next few.
pub(super) async fn together<F: Future>(request: F) -> F::Output {
    let turn = Arc::new(Turn::default());
    let waker = Waker::from(Arc::clone(&turn));
    let mut request = pin!(tokio::task::unconstrained(request));
    poll_fn(|cx| {
        turn.task.register(cx.waker());
        for _ in 0..MOST {
            turn.goes_on.store(false, Ordering::Release);
            let answer = request.as_mut().poll(&mut Context::from_waker(&waker));
            if answer.is_ready() || !turn.goes_on.load(Ordering::Acquire) {
                return answer;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// Whether a request that waits could go on.
#[derive(Default)]
struct Turn {
    goes_on: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.goes_on.store(true, Ordering::Release);
        self.task.wake();
    }
}
