//! Shows streams.

use std::collections::HashMap;

use greenroom_domain::access::Action;
use greenroom_domain::account::User;
use greenroom_domain::channel::{Channel, Handle};
use greenroom_domain::media::IngestStatus;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::{NodeId, StreamId};
use greenroom_domain::shared::node::NodeAddress;
use greenroom_domain::shared::page::{Page, PageRequest};
use greenroom_domain::stream::{Stream, StreamCounts};

use crate::{App, Refusal};

/// A stream as anybody may see it.
#[derive(Debug, Clone)]
pub struct StreamView {
    /// The stream.
    pub stream: Stream,
    /// Whose it is.
    pub channel: Channel,
    /// Whose that is.
    pub owner: User,
    /// How many watch now.
    pub viewers: u64,
    /// What was counted.
    pub counts: StreamCounts,
    /// Where a frame of it is shown while it is live: relative to the public address, or at
    /// the node that has its media.
    pub thumbnail: Option<String>,
}

/// By id.
pub async fn execute(app: &App, id: StreamId) -> Result<StreamView, Refusal> {
    let (stream, channel) = app.stream(id).await?;
    one(app, stream.value, &channel.value).await
}

/// A channel's streams, newest first.
pub async fn of_channel(
    app: &App,
    handle: &Handle,
    page: &PageRequest,
) -> Result<Page<StreamView>, Refusal> {
    let channel = app.channel_by_handle(handle).await?.value;
    let streams = app.ports.streams.of_channel(channel.id, page).await??;
    let owner = app
        .ports
        .users
        .get(channel.owner)
        .await?
        .ok_or(Refusal::NoSuchUser)?
        .value;
    let ids: Vec<StreamId> = streams.items.iter().map(|stream| stream.id).collect();
    let counts = app.ports.streams.counts(&ids).await?;
    let viewers = app.ports.presence.counts(&ids, app.now()).await?;
    let others = app.other_nodes_with(&streams.items).await;
    let items = streams.items.into_iter().zip(counts).zip(viewers);
    let items = items
        .map(|((stream, counts), viewers)| StreamView {
            viewers: if stream.is_live() { viewers } else { 0 },
            thumbnail: thumbnail(app, &stream, &channel, &others),
            stream,
            channel: channel.clone(),
            owner: owner.clone(),
            counts,
        })
        .collect();
    Ok(Page {
        items,
        next: streams.next,
    })
}

/// How a stream's encoder is doing, as far as this node knows.
#[derive(Debug, Clone, PartialEq)]
pub enum Encoder {
    /// There is none.
    Absent,
    /// It publishes to this node.
    Here(IngestStatus),
    /// It publishes to another node, which knows more.
    Elsewhere,
}

/// How the stream's encoder is doing: for its owner's dashboard.
pub async fn encoder(app: &App, actor: &Actor, id: StreamId) -> Result<Encoder, Refusal> {
    let (stream, channel) = app.stream(id).await?;
    app.authorize(actor, &channel.value, Action::EndStream)
        .await?;
    match stream.value.publisher() {
        Some(publisher) if publisher.node != app.node => Ok(Encoder::Elsewhere),
        _ => {
            let status = app.ports.media.ingest_status(id).await?;
            Ok(status.map_or(Encoder::Absent, Encoder::Here))
        }
    }
}

/// A stream that was read already, with what belongs to it.
pub(crate) async fn one(
    app: &App,
    stream: Stream,
    channel: &Channel,
) -> Result<StreamView, Refusal> {
    let owner = app
        .ports
        .users
        .get(channel.owner)
        .await?
        .ok_or(Refusal::NoSuchUser)?
        .value;
    let counts = app
        .ports
        .streams
        .counts(&[stream.id])
        .await?
        .first()
        .copied()
        .unwrap_or_default();
    let now = app.now();
    let present = app.ports.presence.counts(&[stream.id], now).await?;
    let viewers = present
        .first()
        .copied()
        .filter(|_| stream.is_live())
        .unwrap_or(0);
    let others = app.other_nodes_with([&stream]).await;
    Ok(StreamView {
        thumbnail: thumbnail(app, &stream, channel, &others),
        stream,
        channel: channel.clone(),
        owner,
        viewers,
        counts,
    })
}

/// Where a frame of a live stream is shown.
pub(crate) fn thumbnail(
    app: &App,
    stream: &Stream,
    channel: &Channel,
    others: &HashMap<NodeId, NodeAddress>,
) -> Option<String> {
    let (media, handle) = (&app.ports.media, &channel.handle);
    match stream.publisher() {
        Some(publisher) if publisher.node != app.node => {
            let node = others.get(&publisher.node)?;
            Some(node.url(&media.thumbnail_elsewhere(handle)?))
        }
        _ if stream.is_live() => media.thumbnail(handle),
        _ => None,
    }
}
