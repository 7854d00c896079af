//! Being part of a stream's audience.

use std::sync::Arc;

use greenroom_domain::access::{Action, Denied};
use greenroom_domain::account::User;
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::id::{ConnectionId, StreamId, UserId};
use greenroom_domain::stream::Via;

use crate::stream::view::{self, StreamView};
use crate::{App, Refusal};

/// How many participants are listed at most.
const LISTED: usize = 200;

/// Somebody watches by a connection: present until they leave, or are not renewed.
pub async fn execute(
    app: &App,
    actor: &Actor,
    stream: StreamId,
    connection: ConnectionId,
) -> Result<StreamView, Refusal> {
    let (stored, channel) = app.stream(stream).await?;
    app.authorize(actor, &channel.value, Action::Watch).await?;
    stored.value.require_joinable()?;
    let who = actor.identity().ok_or(Refusal::Denied(Denied::Forbidden))?;
    renew(app, stream, channel.value.owner, who, connection).await?;
    view::one(app, stored.value, &channel.value).await
}

/// They are still there: said well before [`Settings::socket_presence`](crate::Settings) is over.
pub async fn renew(
    app: &App,
    stream: StreamId,
    owner: UserId,
    who: Identity,
    connection: ConnectionId,
) -> Result<(), Refusal> {
    // A creator is not their own audience.
    if who == Identity::User(owner) {
        return Ok(());
    }
    let until = app.now() + app.settings.socket_presence;
    Ok(app
        .ports
        .presence
        .renew(stream, who, Via::Socket(connection), until)
        .await?)
}

/// They leave. Again is no change.
pub async fn leave(
    app: &App,
    stream: StreamId,
    who: Identity,
    connection: ConnectionId,
) -> Result<(), Refusal> {
    Ok(app
        .ports
        .presence
        .leave(stream, who, Via::Socket(connection))
        .await?)
}

/// Who watches: those with an account by name, and how many there are in all.
#[derive(Debug, Clone)]
pub struct Participants {
    /// Some of those with an account.
    pub users: Vec<User>,
    /// How many there are, guests and all.
    pub viewers: u64,
}

/// Who watches a stream.
pub async fn participants(
    app: &Arc<App>,
    actor: &Actor,
    stream: StreamId,
) -> Result<Participants, Refusal> {
    let (stored, channel) = app.stream(stream).await?;
    app.authorize(actor, &channel.value, Action::Watch).await?;
    if !stored.value.is_live() {
        return Ok(Participants {
            users: Vec::new(),
            viewers: 0,
        });
    }
    let now = app.now();
    let present = app.ports.presence.participants(stream, now, LISTED).await?;
    let ids: Vec<UserId> = present
        .into_iter()
        .filter_map(|who| match who {
            Identity::User(id) => Some(id),
            Identity::Guest(_) => None,
        })
        .collect();
    let users = app.ports.users.get_many(&ids).await?;
    let viewers = app
        .ports
        .presence
        .counts(&[stream], now)
        .await?
        .first()
        .copied()
        .unwrap_or(0);
    Ok(Participants { users, viewers })
}
