//! Makes a creator's channel, with its room.

use std::sync::Arc;

use greenroom_domain::access::{Action, Standing, require};
use greenroom_domain::account::User;
use greenroom_domain::channel::{Channel, ChannelTitle, Handle, NewChannel};
use greenroom_domain::chat::Room;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::{Claim, ClaimChange, Holder, StateChange};
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::once::Once;
use greenroom_domain::shared::store::{Stored, Version};

use crate::commit::{Attempt, signed_in, write};
use crate::once::reply;
use crate::{App, Refusal};

/// Makes a channel.
#[derive(Debug, Clone)]
pub struct CreateChannel {
    /// Its name in addresses.
    pub handle: Handle,
    /// What its streams are called until its owner says otherwise.
    pub title: ChannelTitle,
}

/// Approved creators have one channel each.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    command: CreateChannel,
) -> Result<Stored<Channel>, Refusal> {
    execute_once(app, actor, command, None).await
}

/// The same; the same request again answers with the channel that it has made.
pub async fn execute_once(
    app: &Arc<App>,
    actor: &Actor,
    command: CreateChannel,
    once: Option<&Once>,
) -> Result<Stored<Channel>, Refusal> {
    let owner = signed_in(actor)?;
    app.once(
        actor,
        once,
        || attempt(app, actor, owner, &command, once),
        |made| app.channel(ChannelId::from_uuid(made)),
    )
    .await
}

/// The operator makes one for somebody else.
pub async fn execute_for(
    app: &Arc<App>,
    actor: &Actor,
    owner: UserId,
    command: CreateChannel,
) -> Result<Stored<Channel>, Refusal> {
    require(Standing::at_large(actor), Action::ReviewCreators)?;
    app.retry(|| attempt(app, actor, owner, &command, None))
        .await
}

async fn attempt(
    app: &Arc<App>,
    actor: &Actor,
    owner: UserId,
    command: &CreateChannel,
    once: Option<&Once>,
) -> Result<Stored<Channel>, Attempt> {
    let user: User = app
        .ports
        .users
        .get(owner)
        .await?
        .ok_or(Refusal::NoSuchUser)?
        .value;
    user.require_creator()?;
    let now = app.now();
    let id = ChannelId::from_uuid(app.ports.ids.uuid());
    let CreateChannel { handle, title } = command.clone();
    let decision = Channel::create(
        NewChannel {
            id,
            owner,
            handle: handle.clone(),
            title,
        },
        now,
    );
    let mut changes = app
        .tell(actor, decision.happened, now)
        .state(StateChange::Channel(write(
            decision.next.clone(),
            Version::NEW,
        )))
        .state(StateChange::Room(write(Room::open(id), Version::NEW)))
        .claim(ClaimChange::Take(
            Claim::ChannelOf(owner),
            Holder::Channel(id),
        ))
        .claim(ClaimChange::Take(
            Claim::Handle(handle),
            Holder::Channel(id),
        ));
    changes.reply = reply(actor, once, id.uuid(), now);
    app.commit(changes).await?;
    Ok(Stored {
        value: decision.next,
        version: Version::NEW.next(),
    })
}
