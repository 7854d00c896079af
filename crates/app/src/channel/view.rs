//! Shows channels.

use std::sync::Arc;

use greenroom_domain::account::User;
use greenroom_domain::channel::{Channel, Handle};
use greenroom_domain::media::IngestAddress;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::event::Happening;
use greenroom_domain::shared::store::Stored;
use greenroom_domain::stream::StreamEvent;

use crate::commit::signed_in;
use crate::stream::view::StreamView;
use crate::{App, Refusal, stream};

/// A channel as anybody may see it.
#[derive(Debug, Clone)]
pub struct ChannelView {
    /// The channel, and its version for those who may change it.
    pub channel: Stored<Channel>,
    /// Whose it is.
    pub owner: User,
    /// What is on air.
    pub live: Option<StreamView>,
    /// How many follow it.
    pub followers: u64,
}

/// By its handle; up to a second old where it was changed at another node.
pub async fn execute(app: &App, handle: &Handle) -> Result<Arc<ChannelView>, Refusal> {
    let now = app.now();
    match app.channels.fresh(handle, now) {
        Ok(view) => Ok(view),
        Err(reading) => {
            let channel = app.channel_by_handle(handle).await?;
            let view = with_owner(app, channel).await?;
            Ok(app.channels.keep(handle.clone(), view, reading, now))
        }
    }
}

/// What a page of the channel shows may be different now.
pub(crate) fn is_changed(view: &ChannelView, by: &Happening) -> bool {
    match by {
        Happening::Account(event) => event.user() == view.owner.id,
        Happening::Channel(event) => event.channel() == view.channel.value.id,
        // Of an audience it is enough to be as old as that.
        Happening::Stream(StreamEvent::AudienceChanged { .. })
        | Happening::Chat(_)
        | Happening::Social(_)
        | Happening::Recording(_) => false,
        Happening::Stream(event) => event.channel() == view.channel.value.id,
    }
}

/// One's own.
pub async fn own(app: &App, actor: &Actor) -> Result<ChannelView, Refusal> {
    let channel = app
        .ports
        .channels
        .by_owner(signed_in(actor)?)
        .await?
        .ok_or(Refusal::NoSuchChannel)?;
    with_owner(app, channel).await
}

/// Where encoders publish to.
pub fn ingest_addresses(app: &App) -> Vec<IngestAddress> {
    app.ports.media.ingest_addresses()
}

async fn with_owner(app: &App, channel: Stored<Channel>) -> Result<ChannelView, Refusal> {
    let owner = app
        .ports
        .users
        .get(channel.value.owner)
        .await?
        .ok_or(Refusal::NoSuchUser)?
        .value;
    let live = match app.ports.streams.live_of(channel.value.id).await? {
        Some(live) => Some(stream::view::one(app, live.value, &channel.value).await?),
        None => None,
    };
    let followers = app.ports.follows.followers(&[channel.value.id]).await?;
    Ok(ChannelView {
        followers: followers.first().copied().unwrap_or(0),
        channel,
        owner,
        live,
    })
}
