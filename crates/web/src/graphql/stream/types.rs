use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use greenroom_app::recording;
use greenroom_app::stream::join::{self, Participants};
use greenroom_app::stream::view::Encoder as Found;
use greenroom_app::stream::view::{self, StreamView};
use greenroom_domain::stream::{self as domain, StreamState};

use crate::graphql::account::User;
use crate::graphql::asking;
use crate::graphql::channel::Channel;
use crate::graphql::id::global;
use crate::graphql::page::{self, Connection, READ};
use crate::graphql::recording::Recording;
use crate::graphql::scalar::Time;
use crate::problem::Problem;
use crate::wire::{IngestStatusJson, StreamStatusJson};

/// One broadcast of a channel.
pub struct Stream(StreamView);

impl From<StreamView> for Stream {
    fn from(view: StreamView) -> Self {
        Self(view)
    }
}

/// One broadcast of a channel.
#[Object]
impl Stream {
    /// Its global id.
    pub(in crate::graphql) async fn id(&self) -> ID {
        global(self.0.stream.id)
    }

    /// Whose it is.
    async fn channel(&self) -> Channel {
        self.0.channel.clone().into()
    }

    /// What it is called.
    async fn title(&self) -> &str {
        self.0.stream.title.as_str()
    }

    /// What it is about.
    async fn category(&self) -> Option<&str> {
        let category = self.0.stream.category.as_ref();
        category.map(greenroom_domain::channel::Category::as_str)
    }

    /// How far it is.
    async fn status(&self) -> StreamStatusJson {
        StreamStatusJson::from(&self.0.stream.state)
    }

    /// Where its media comes from, while live.
    async fn ingest_state(&self) -> Option<IngestState> {
        match &self.0.stream.state {
            StreamState::Live { ingest, .. } => Some(IngestState::from(ingest)),
            StreamState::Pending | StreamState::Ended { .. } => None,
        }
    }

    /// When it went on air.
    async fn started_at(&self) -> Option<Time> {
        self.0.stream.started_at().map(Time::from)
    }

    /// When it was over.
    async fn ended_at(&self) -> Option<Time> {
        match self.0.stream.state {
            StreamState::Ended { ended_at, .. } => Some(ended_at.into()),
            StreamState::Pending | StreamState::Live { .. } => None,
        }
    }

    /// Why.
    async fn end_reason(&self) -> Option<EndReason> {
        match self.0.stream.state {
            StreamState::Ended { reason, .. } => Some(reason.into()),
            StreamState::Pending | StreamState::Live { .. } => None,
        }
    }

    /// How many watch now.
    async fn viewers(&self) -> u64 {
        self.0.viewers
    }

    /// How many watched at once at the most.
    async fn peak_viewers(&self) -> u64 {
        self.0.counts.peak
    }

    /// How many have watched, each time they came.
    async fn total_views(&self) -> u64 {
        self.0.counts.views
    }

    /// How many messages its chat has seen.
    async fn messages(&self) -> u64 {
        self.0.counts.messages
    }

    /// A frame of it while it is live, relative to the server's address; changes with the frame.
    async fn thumbnail_url(&self) -> Option<&str> {
        self.0.thumbnail.as_deref()
    }

    /// Since when it is planned.
    async fn created_at(&self) -> Time {
        self.0.stream.created_at.into()
    }

    /// Who watches it, for whoever may watch.
    #[graphql(complexity = "4 * READ + child_complexity")]
    async fn audience(&self, ctx: &Context<'_>) -> Result<Audience, Problem> {
        let asking = asking(ctx)?;
        let stream = self.0.stream.id;
        let participants = join::participants(&asking.app, &asking.actor, stream).await?;
        Ok(participants.into())
    }

    /// How its encoder is doing, for whoever runs the channel.
    #[graphql(complexity = "4 * READ + child_complexity")]
    async fn encoder(&self, ctx: &Context<'_>) -> Result<Encoder, Problem> {
        let asking = asking(ctx)?;
        let stream = self.0.stream.id;
        let found = view::encoder(&asking.app, &asking.actor, stream).await?;
        Ok(found.into())
    }

    /// Its recordings, the newest first, for whoever runs the channel.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn recordings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "1 to 100; 25 if not said.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<Recording>, Problem> {
        let page = page::request(first, after)?;
        let (asking, stream) = (asking(ctx)?, self.0.stream.id);
        let found = recording::view::of_stream(&asking.app, &asking.actor, stream, &page).await?;
        Ok(Connection::of_page(found, Recording::from))
    }
}

/// How a stream's encoder is doing.
#[derive(SimpleObject)]
pub struct Encoder {
    /// `null` when there is none, or it publishes to another node.
    status: Option<IngestStatusJson>,
    /// It publishes to another node, and nothing more is known of it here.
    elsewhere: bool,
}

impl From<Found> for Encoder {
    fn from(found: Found) -> Self {
        Self {
            elsewhere: matches!(found, Found::Elsewhere),
            status: match found {
                Found::Here(status) => Some(IngestStatusJson::from(&status)),
                Found::Absent | Found::Elsewhere => None,
            },
        }
    }
}

/// Where a live stream's media comes from.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum IngestState {
    /// No encoder has come yet.
    Awaiting,
    /// An encoder publishes.
    Publishing,
    /// The encoder has gone, and may come back.
    Interrupted,
}

impl From<&domain::Ingest> for IngestState {
    fn from(ingest: &domain::Ingest) -> Self {
        match ingest {
            domain::Ingest::Awaiting { .. } => Self::Awaiting,
            domain::Ingest::Publishing(_) => Self::Publishing,
            domain::Ingest::Interrupted { .. } => Self::Interrupted,
        }
    }
}

/// Why a stream ended.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::EndReason")]
pub enum EndReason {
    /// Its owner ended it.
    OwnerEnded,
    /// An administrator ended it.
    AdminEnded,
    /// The encoder went away and did not come back.
    EncoderGone,
    /// It was started, and no encoder ever came.
    NoMedia,
}

/// Who watches a stream.
#[derive(SimpleObject)]
pub struct Audience {
    /// How many, guests and all.
    viewers: u64,
    /// Some of those with an account.
    users: Vec<User>,
}

impl From<Participants> for Audience {
    fn from(participants: Participants) -> Self {
        Self {
            viewers: participants.viewers,
            users: participants.users.into_iter().map(User).collect(),
        }
    }
}
