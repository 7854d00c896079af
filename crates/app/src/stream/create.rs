//! Plans a stream ahead.

use std::sync::Arc;

use greenroom_domain::access::Action;
use greenroom_domain::channel::{Category, ChannelTitle, Handle};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::StateChange;
use greenroom_domain::shared::id::StreamId;
use greenroom_domain::shared::once::Once;
use greenroom_domain::shared::store::Version;
use greenroom_domain::stream::{NewStream, Stream};

use crate::commit::{Attempt, write};
use crate::once::reply;
use crate::stream::view::{self, StreamView};
use crate::{App, Refusal};

/// Plans a stream.
#[derive(Debug, Clone)]
pub struct CreateStream {
    /// Of which channel.
    pub handle: Handle,
    /// Its title; the channel's if not said.
    pub title: Option<ChannelTitle>,
    /// What it is about; the channel's category if not said.
    pub category: Option<Category>,
}

/// Many may be planned; one is live at a time.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    command: CreateStream,
) -> Result<StreamView, Refusal> {
    execute_once(app, actor, command, None).await
}

/// The same; the same request again answers with the stream that it has planned.
pub async fn execute_once(
    app: &Arc<App>,
    actor: &Actor,
    command: CreateStream,
    once: Option<&Once>,
) -> Result<StreamView, Refusal> {
    let planned = |made| async move {
        let (stream, _) = app.stream(StreamId::from_uuid(made)).await?;
        Ok(stream.value)
    };
    let stream = app
        .once(actor, once, || attempt(app, actor, &command, once), planned)
        .await?;
    let channel = app.channel(stream.channel).await?.value;
    view::one(app, stream, &channel).await
}

async fn attempt(
    app: &Arc<App>,
    actor: &Actor,
    command: &CreateStream,
    once: Option<&Once>,
) -> Result<Stream, Attempt> {
    let channel = app.channel_by_handle(&command.handle).await?.value;
    app.authorize(actor, &channel, Action::Broadcast).await?;
    let owner = app
        .ports
        .users
        .get(channel.owner)
        .await?
        .ok_or(Refusal::NoSuchUser)?
        .value;
    owner.require_creator()?;
    let now = app.now();
    let new = NewStream {
        id: StreamId::from_uuid(app.ports.ids.uuid()),
        channel: channel.id,
        title: command.title.clone().unwrap_or(channel.title),
        category: command.category.clone().or(channel.category),
    };
    let decision = Stream::create(new, now);
    let mut changes = app
        .tell(actor, decision.happened, now)
        .state(StateChange::Stream(write(
            decision.next.clone(),
            Version::NEW,
        )));
    changes.reply = reply(actor, once, decision.next.id.uuid(), now);
    app.commit(changes).await?;
    Ok(decision.next)
}
