//! Who may have a channel's media, and where.

use std::sync::Arc;

use greenroom_domain::access::{Action, Denied, Standing};
use greenroom_domain::channel::{Channel, Handle};
use greenroom_domain::media::{
    PlaybackAddress, PlaybackLease, PlaybackRefused, PlaybackRequest, Seat, SeatRequest, SeatRole,
    Tab,
};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::id::{ChannelId, GuestId};
use greenroom_domain::shared::node::NodeAddress;

use crate::stream::grant::Grant;
use crate::{App, Refusal};

/// Where a channel is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playback {
    /// The node that has its media, where that is another than this.
    pub node: Option<NodeAddress>,
    /// Below that node's address, or the public one.
    pub addresses: Vec<PlaybackAddress>,
    /// A seat in the channel's room, where the engine has rooms.
    pub seat: Option<Seat>,
}

/// A channel's addresses, with a grant for whoever asks: their player counts as them.
pub async fn addresses(
    app: &Arc<App>,
    actor: &Actor,
    handle: &Handle,
) -> Result<Playback, Refusal> {
    let channel = app.channel_by_handle(handle).await?.value;
    app.authorize(actor, &channel, Action::Watch).await?;
    let viewer = actor.identity().ok_or(Refusal::Denied(Denied::Forbidden))?;
    let grant = Grant {
        viewer,
        channel: channel.id,
        issued_at: app.now(),
    }
    .sign(app);
    let node = match app.media_elsewhere(channel.id).await {
        Ok(node) => node,
        Err(error) => {
            // This node redirects the player, once it knows.
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "it is not known where a channel is played"
            );
            None
        }
    };
    Ok(Playback {
        node,
        addresses: app.ports.media.playback_addresses(handle, Some(grant)),
        seat: take_seat(app, &channel, viewer, Tab::OneOfMany(app.ports.ids.uuid())).await?,
    })
}

/// A seat in the channel's room, where the engine has rooms: the same that [`addresses`] gives,
/// or the only one that whoever asks has there.
pub async fn seat(
    app: &Arc<App>,
    actor: &Actor,
    handle: &Handle,
    tab: Tab,
) -> Result<Option<Seat>, Refusal> {
    let channel = app.channel_by_handle(handle).await?.value;
    app.authorize(actor, &channel, Action::Watch).await?;
    let viewer = actor.identity().ok_or(Refusal::Denied(Denied::Forbidden))?;
    take_seat(app, &channel, viewer, tab).await
}

async fn take_seat(
    app: &App,
    channel: &Channel,
    viewer: Identity,
    tab: Tab,
) -> Result<Option<Seat>, Refusal> {
    // A creator who looks on is not the one who publishes.
    let role = match viewer {
        Identity::User(user) if user == channel.owner => SeatRole::SelfView,
        _ => SeatRole::Viewer(viewer),
    };
    let seat = SeatRequest {
        channel: channel.id,
        owner: channel.owner,
        role,
        tab,
    };
    Ok(app.ports.media.take_seat(seat).await?)
}

/// What an engine asks for each grant that it does not know.
pub(super) async fn authorize(
    app: &Arc<App>,
    request: PlaybackRequest,
) -> Result<PlaybackLease, PlaybackRefused> {
    let unavailable = |error: Refusal| PlaybackRefused::Unavailable(Box::new(error));
    let channel = match app.channel_by_handle(&request.handle).await {
        Ok(channel) => channel.value,
        Err(Refusal::NoSuchChannel) => return Err(PlaybackRefused::NoSuchChannel),
        Err(error) => return Err(unavailable(error)),
    };
    let grant = match &request.grant {
        Some(token) => Grant::verify(app, token).filter(|grant| grant.channel == channel.id),
        None => Some(guest(app, channel.id)),
    };
    let grant = grant.ok_or(PlaybackRefused::BadGrant)?;
    require_watch(app, &channel, grant.viewer).await?;
    if let Some(node) = app.media_elsewhere(channel.id).await.map_err(unavailable)? {
        return Err(PlaybackRefused::Elsewhere(node));
    }
    let token = request.grant.unwrap_or_else(|| grant.sign(app));
    Ok(PlaybackLease {
        channel: channel.id,
        viewer: grant.viewer,
        grant: token,
        expires_at: grant.expires_at(),
    })
}

/// What an engine with rooms asks of whoever comes in.
pub(super) async fn may_watch(
    app: &Arc<App>,
    channel: ChannelId,
    viewer: Identity,
) -> Result<(), PlaybackRefused> {
    match app.channel(channel).await {
        Ok(channel) => require_watch(app, &channel.value, viewer).await,
        Err(Refusal::NoSuchChannel) => Err(PlaybackRefused::NoSuchChannel),
        Err(error) => Err(PlaybackRefused::Unavailable(Box::new(error))),
    }
}

async fn require_watch(
    app: &Arc<App>,
    channel: &Channel,
    viewer: Identity,
) -> Result<(), PlaybackRefused> {
    let rules = app.rules.of(app, channel.id).await;
    let rules = rules.map_err(|error| PlaybackRefused::Unavailable(Box::new(error)))?;
    let actor = match viewer {
        Identity::User(id) => Actor::User {
            id,
            role: greenroom_domain::account::Role::User,
        },
        Identity::Guest(id) => Actor::Guest(id),
    };
    if Standing::of(&actor, channel.owner, rules.tie(viewer)).may(Action::Watch) {
        Ok(())
    } else {
        Err(PlaybackRefused::Forbidden)
    }
}

fn guest(app: &App, channel: ChannelId) -> Grant {
    let viewer = Identity::Guest(GuestId::from_uuid(app.ports.ids.uuid()));
    Grant {
        viewer,
        channel,
        issued_at: app.now(),
    }
}
