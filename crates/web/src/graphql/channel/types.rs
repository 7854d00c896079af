use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, SimpleObject, Union};
use greenroom_app::channel::keys::{self, RevealedKey as Revealed};
use greenroom_app::channel::view::{self, ChannelView};
use greenroom_app::chat::appoint;
use greenroom_app::recording;
use greenroom_app::social::list;
use greenroom_app::stream::{credentials, playback, view as stream_view};
use greenroom_domain::channel::{self as domain, IngestGate, KeyState};
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::social::Follow;

use crate::graphql::account::User;
use crate::graphql::chat::{AuditEvent, ChannelAppointment, Chat, audit_of};
use crate::graphql::id::global;
use crate::graphql::loaders::{Followers, Fresh, Loaders, OnAir, OwnFollow, OwnRelation};
use crate::graphql::page::{self, Connection, READ};
use crate::graphql::scalar::Time;
use crate::graphql::social::{ChannelViewer, Follower};
use crate::graphql::stream::Stream;
use crate::graphql::{asking, read};
use crate::problem::Problem;
use crate::wire::{IngestAddressJson, IngestCredentialJson, PlaybackAddressJson, picture_url};

/// A creator's channel.
pub struct Channel {
    pub(in crate::graphql) channel: domain::Channel,
    /// What was read together with it, where it was read by itself.
    with: Option<Arc<ChannelView>>,
}

impl From<domain::Channel> for Channel {
    fn from(channel: domain::Channel) -> Self {
        Self {
            channel,
            with: None,
        }
    }
}

impl From<Arc<ChannelView>> for Channel {
    fn from(view: Arc<ChannelView>) -> Self {
        Self {
            channel: view.channel.value.clone(),
            with: Some(view),
        }
    }
}

/// A creator's channel.
#[Object]
impl Channel {
    /// Its global id.
    pub(in crate::graphql) async fn id(&self) -> ID {
        global(self.channel.id)
    }

    /// As it stands in addresses.
    async fn handle(&self) -> &str {
        self.channel.handle.as_str()
    }

    /// What its streams are called.
    async fn title(&self) -> &str {
        self.channel.title.as_str()
    }

    /// What it is about.
    async fn description(&self) -> &str {
        self.channel.description.as_str()
    }

    /// What its streams are about.
    async fn category(&self) -> Option<&str> {
        self.channel.category.as_ref().map(domain::Category::as_str)
    }

    /// In which language (BCP 47).
    async fn language(&self) -> Option<&str> {
        self.channel.language.as_ref().map(domain::Language::as_str)
    }

    /// To be found by.
    async fn tags(&self) -> Vec<&str> {
        self.channel.tags.iter().map(domain::Tag::as_str).collect()
    }

    /// What is shown where there is no stream, relative to the server's address.
    async fn cover_url(&self) -> Option<String> {
        self.channel.cover.map(picture_url)
    }

    /// Since when.
    async fn created_at(&self) -> Time {
        self.channel.created_at.into()
    }

    /// Its version, for `editChannel`; `null` where it was reached through something else.
    async fn version(&self) -> Option<u64> {
        self.with.as_ref().map(|with| with.channel.version.0)
    }

    /// Whose it is.
    async fn owner(&self, ctx: &Context<'_>) -> Result<User, Problem> {
        match &self.with {
            Some(with) => Ok(User(with.owner.clone())),
            None => read(ctx, self.channel.owner).await.map(User),
        }
    }

    /// What is on air. At most two seconds old where the channel was reached through something
    /// else.
    async fn live(&self, ctx: &Context<'_>) -> Result<Option<Stream>, Problem> {
        let live = match &self.with {
            Some(with) => with.live.clone(),
            None => {
                let loaders = ctx.data_unchecked::<Loaders>();
                loaders.load_one(OnAir(self.channel.id)).await?
            }
        };
        Ok(live.map(Stream::from))
    }

    /// Its streams, newest first.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn streams(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "1 to 100; 25 if not said.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<Stream>, Problem> {
        let page = page::request(first, after)?;
        let app = &asking(ctx)?.app;
        let streams = stream_view::of_channel(app, &self.channel.handle, &page).await?;
        Ok(Connection::of_page(streams, Stream::from))
    }

    /// Where it is played, live or not: one address for ever, but for the grant in it.
    #[graphql(complexity = "READ + child_complexity")]
    async fn playback(&self, ctx: &Context<'_>) -> Result<Vec<PlaybackAddressJson>, Problem> {
        addresses(ctx, &self.channel.handle).await
    }

    /// Its chat room.
    async fn chat(&self) -> Chat {
        Chat(self.channel.clone())
    }

    /// How many follow it.
    async fn follower_count(&self, ctx: &Context<'_>) -> Result<u64, Problem> {
        match &self.with {
            Some(with) => Ok(with.followers),
            None => {
                let loaders = ctx.data_unchecked::<Loaders>();
                let count = loaders.load_one(Followers(self.channel.id)).await?;
                Ok(count.unwrap_or_default())
            }
        }
    }

    /// Who follows it, the newest first.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn followers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "1 to 100; 25 if not said.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<Follower>, Problem> {
        let page = page::request(first, after)?;
        let app = &asking(ctx)?.app;
        let found = list::followers(app, &self.channel.handle, &page).await?;
        Ok(Connection::of_page(found, Follower::from))
    }

    /// Its moderators and VIPs, 200 at most, for whoever may read its chat.
    #[graphql(complexity = "READ + 50 * child_complexity")]
    async fn roles(&self, ctx: &Context<'_>) -> Result<Vec<ChannelAppointment>, Problem> {
        let asking = asking(ctx)?;
        let roles = appoint::list(&asking.app, &asking.actor, self.channel.id).await?;
        Ok(roles.into_iter().map(ChannelAppointment).collect())
    }

    /// Who did what to it and its room, the newest first, for the room's staff.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn audit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "1 to 100; 25 if not said.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<AuditEvent>, Problem> {
        audit_of(asking(ctx)?, &self.channel.handle, first, after).await
    }

    /// Whether whoever asks follows it.
    async fn viewer_follows(&self, ctx: &Context<'_>) -> Result<bool, Problem> {
        Ok(own_follow(ctx, self.channel.id).await?.is_some())
    }

    /// What whoever asks is to it.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<ChannelViewer, Problem> {
        let follow = own_follow(ctx, self.channel.id).await?;
        let relation = OwnRelation {
            channel: self.channel.id,
            owner: self.channel.owner,
        };
        let relation = ctx.data_unchecked::<Fresh>().load_one(relation).await?;
        // Everybody is something to a channel.
        let relation = relation.ok_or_else(Problem::internal)?;
        Ok(ChannelViewer::of(relation, follow))
    }

    /// Whether whoever asks runs it: its owner, or an administrator.
    async fn viewer_is_staff(&self, ctx: &Context<'_>) -> Result<bool, Problem> {
        Ok(asking(ctx)?.runs(self.channel.owner))
    }

    /// For whoever runs it: where encoders publish to, and whether they may. `null` for others.
    async fn ingest(&self, ctx: &Context<'_>) -> Result<Option<Ingest>, Problem> {
        let asking = asking(ctx)?;
        let staff = asking.runs(self.channel.owner);
        Ok(staff.then(|| Ingest {
            gate: Gate::from(&self.channel.gate),
            addresses: view::ingest_addresses(&asking.app)
                .into_iter()
                .map(IngestAddressJson::from)
                .collect(),
            recordable: recording::view::is_possible(&asking.app),
        }))
    }

    /// Its stream keys without their secrets, oldest first, revoked ones too; for its owner.
    #[graphql(complexity = "READ + 10 * child_complexity")]
    async fn keys(&self, ctx: &Context<'_>) -> Result<Vec<StreamKey>, Problem> {
        let asking = asking(ctx)?;
        let keys = keys::list(&asking.app, &asking.actor, &self.channel.handle).await?;
        Ok(keys.into_iter().map(StreamKey).collect())
    }
}

/// How whoever asks follows a channel.
async fn own_follow(ctx: &Context<'_>, channel: ChannelId) -> Result<Option<Follow>, Problem> {
    ctx.data_unchecked::<Loaders>()
        .load_one(OwnFollow(channel))
        .await
}

/// Where a channel is played, with a grant for whoever asked.
pub(in crate::graphql) async fn addresses(
    ctx: &Context<'_>,
    handle: &domain::Handle,
) -> Result<Vec<PlaybackAddressJson>, Problem> {
    let asking = asking(ctx)?;
    let playback = playback::addresses(&asking.app, &asking.actor, handle).await?;
    // The grant is theirs: they are to be the same person when they come back.
    asking.keep_guest();
    let url = |path: &str| match &playback.node {
        Some(node) => node.url(path),
        None => asking.config.url(path),
    };
    Ok(PlaybackAddressJson::all(&playback, url))
}

/// Where encoders publish to, and whether they may come in.
#[derive(SimpleObject)]
pub struct Ingest {
    /// Whether they may come in.
    gate: Gate,
    /// Where to; the key is appended as the last part of the path.
    addresses: Vec<IngestAddressJson>,
    /// Whether what comes in can be recorded here.
    recordable: bool,
}

/// Whether encoders may come in.
#[derive(Union)]
#[graphql(name = "IngestGate")]
pub enum Gate {
    /// With any key.
    Open(OpenGate),
    /// Not with a key that waits.
    Held(HeldGate),
    /// Not at all.
    Locked(LockedGate),
}

/// Encoders may come in with any key.
#[derive(SimpleObject)]
pub struct OpenGate {
    /// Always true.
    open: bool,
}

/// The owner ended the stream: its key waits.
#[derive(SimpleObject)]
pub struct HeldGate {
    /// Which key.
    key_id: ID,
    /// Until when.
    until: Time,
}

/// An administrator has locked the channel.
#[derive(SimpleObject)]
pub struct LockedGate {
    /// Since when.
    since: Time,
}

impl From<&IngestGate> for Gate {
    fn from(gate: &IngestGate) -> Self {
        match *gate {
            IngestGate::Open => Self::Open(OpenGate { open: true }),
            IngestGate::Held { key, until } => Self::Held(HeldGate {
                key_id: global(key),
                until: until.into(),
            }),
            IngestGate::Locked { since } => Self::Locked(LockedGate {
                since: since.into(),
            }),
        }
    }
}

/// A stream key: never its secret, nor anything made of it.
pub struct StreamKey(pub(super) domain::StreamKey);

/// A stream key: never its secret, nor anything made of it.
#[Object]
impl StreamKey {
    /// Its global id; it stays when the key is rotated.
    async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// What its owner calls it.
    async fn label(&self) -> &str {
        self.0.label.as_str()
    }

    /// The one stream that it serves, if it is bound to one.
    async fn stream_id(&self) -> Option<ID> {
        self.0.bound_to.map(global)
    }

    /// Whether it still works.
    async fn status(&self) -> KeyStatus {
        match self.0.state {
            KeyState::Active { .. } => KeyStatus::Active,
            KeyState::Revoked { .. } => KeyStatus::Revoked,
        }
    }

    /// Since when.
    async fn created_at(&self) -> Time {
        self.0.created_at.into()
    }

    /// When it was made or rotated last, while it works.
    async fn rotated_at(&self) -> Option<Time> {
        match self.0.state {
            KeyState::Active { since, .. } => Some(since.into()),
            KeyState::Revoked { .. } => None,
        }
    }

    /// When it was revoked.
    async fn revoked_at(&self) -> Option<Time> {
        match self.0.state {
            KeyState::Active { .. } => None,
            KeyState::Revoked { at } => Some(at.into()),
        }
    }
}

/// Whether a key works.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum KeyStatus {
    /// It does.
    Active,
    /// It never will again.
    Revoked,
}

/// A stream key with its secret, for its owner alone.
pub struct RevealedKey(Revealed);

impl From<Revealed> for RevealedKey {
    fn from(revealed: Revealed) -> Self {
        Self(revealed)
    }
}

/// A stream key with its secret, for its owner alone.
#[Object]
impl RevealedKey {
    /// The key.
    async fn key(&self) -> StreamKey {
        StreamKey(self.0.key.clone())
    }

    /// What the encoder is given, where the media engine makes no credentials of its own.
    async fn secret(&self) -> &str {
        self.0.secret.expose()
    }

    /// What encoders are given for it, one for each way in which they may publish. Where the media
    /// engine makes credentials of its own, they are made at the first time; `null`, with an
    /// error, while it cannot be reached.
    #[graphql(complexity = "4 * READ + child_complexity")]
    async fn ingest(
        &self,
        ctx: &Context<'_>,
    ) -> Result<Option<Vec<IngestCredentialJson>>, Problem> {
        let asking = asking(ctx)?;
        let made = credentials::show(&asking.app, &asking.actor, self.0.key.id).await?;
        Ok(Some(made.into_iter().map(Into::into).collect()))
    }
}
