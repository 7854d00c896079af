//! Has somebody told what concerns them, for as long as they are connected.

use std::sync::Arc;

use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::UserId;

use crate::commit::signed_in;
use crate::notification::NotificationView;
use crate::notification::registry::Candidate;
use crate::{App, Refusal};

/// Somebody who is told: one connection.
pub trait Subscriber: Send + Sync {
    /// Takes a notification; must not block. What does not fit its queue is the subscriber's own
    /// business.
    fn deliver(&self, told: &Arc<NotificationView>);
}

/// Somebody is told until this is dropped.
pub struct Listening {
    app: Arc<App>,
    user: UserId,
    number: u64,
}

/// Has whoever is signed in told of what concerns them from now on. What ends their session is
/// theirs to heed who hold the answer.
pub async fn listen(
    app: &Arc<App>,
    actor: &Actor,
    subscriber: Arc<dyn Subscriber>,
) -> Result<Listening, Refusal> {
    let user = signed_in(actor)?;
    let stored = app.ports.users.get(user).await?;
    let username = stored.ok_or(Refusal::NoSuchUser)?.value.username;
    let who = Candidate {
        user,
        actor: *actor,
    };
    let number = app.notifications.join(who, username, subscriber);
    Ok(Listening {
        app: Arc::clone(app),
        user,
        number,
    })
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.app.notifications.leave(self.user, self.number);
    }
}

impl App {
    /// How many users are connected to this node who are told of what concerns them.
    pub fn notified_users(&self) -> usize {
        self.notifications.users()
    }
}
