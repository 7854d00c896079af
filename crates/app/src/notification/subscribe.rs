//! A queue of somebody's notifications.

use std::sync::{Arc, Mutex, PoisonError};

use greenroom_domain::shared::actor::Actor;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::notification::{Listening, NotificationView, Subscriber, listen};
use crate::{App, Refusal};

/// So many wait to be taken. Whoever is further behind is told no more.
const QUEUE: usize = 32;

/// Somebody's notifications, from now on.
pub struct Subscription {
    queue: Receiver<Arc<NotificationView>>,
    _listening: Listening,
}

/// They were not taken as fast as they came: some were lost, and there will be no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("notifications were not taken as fast as they came")]
pub struct TooSlow;

/// The notifications of whoever is signed in, for one who takes them one by one.
pub async fn subscribe(app: &Arc<App>, actor: &Actor) -> Result<Subscription, Refusal> {
    let (sender, queue) = mpsc::channel(QUEUE);
    let subscriber = Arc::new(Queue(Mutex::new(Some(sender))));
    let listening = listen(app, actor, subscriber).await?;
    Ok(Subscription {
        queue,
        _listening: listening,
    })
}

impl Subscription {
    /// Waits for the next. Can be dropped. After [`TooSlow`] there is none.
    pub async fn next(&mut self) -> Result<Arc<NotificationView>, TooSlow> {
        // Its other end is held for as long as this is, unless it was closed.
        self.queue.recv().await.ok_or(TooSlow)
    }
}

/// The end where they come in, until one does not fit.
struct Queue(Mutex<Option<Sender<Arc<NotificationView>>>>);

impl Subscriber for Queue {
    fn deliver(&self, told: &Arc<NotificationView>) {
        let mut sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = sender
            .as_ref()
            .is_some_and(|sender| sender.try_send(Arc::clone(told)).is_ok());
        if !fits {
            *sender = None;
        }
    }
}
