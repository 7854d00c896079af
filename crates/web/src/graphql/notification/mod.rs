//! What concerns whoever asks, as it happens.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject, Subscription, Union};
use futures_util::{Stream, stream};
use greenroom_app::notification::{self, NotificationView, TooSlow};
use greenroom_domain::chat::{Line, LineBody};
use greenroom_domain::notification as domain;
use http::StatusCode;

use crate::graphql::asking;
use crate::graphql::channel::Channel;
use crate::graphql::chat::{ChannelRole, ChatLine, RestrictionType, restriction};
use crate::graphql::id::global;
use crate::graphql::loaders::Loaders;
use crate::graphql::page::READ;
use crate::graphql::scalar::Time;
use crate::problem::Problem;

/// Something that concerns whoever asks.
pub struct Notification(Arc<NotificationView>);

/// Something that concerns whoever asks.
#[Object]
impl Notification {
    /// When it happened.
    async fn at(&self) -> Time {
        self.0.notification.at.into()
    }

    /// The channel that it is about.
    async fn channel(&self) -> Channel {
        self.0.channel.clone().into()
    }

    /// What it was.
    async fn what(&self) -> NotificationKind {
        NotificationKind::from(&self.0.notification)
    }
}

/// What concerns somebody.
#[derive(Union)]
pub enum NotificationKind {
    /// A channel that they follow went live.
    WentLive(ChannelWentLive),
    /// Somebody mentioned them.
    Mentioned(ChatMention),
    /// They may not chat, or may again.
    Restriction(OwnRestriction),
    /// They are something else in the channel.
    Role(OwnRole),
}

/// A channel that they follow went live.
#[derive(SimpleObject)]
pub struct ChannelWentLive {
    /// The global id of its stream.
    stream_id: ID,
    /// What it is called.
    title: String,
}

/// Somebody mentioned them in the channel's chat.
#[derive(SimpleObject)]
pub struct ChatMention {
    /// With this message.
    line: ChatLine,
}

/// Whether they may chat in the channel. Who decided so, and why, is for staff.
#[derive(SimpleObject)]
pub struct OwnRestriction {
    /// Whether they may watch; `null` when they may chat again.
    kind: Option<RestrictionType>,
    /// Until when a timeout lasts.
    until: Option<Time>,
}

/// What they are in the channel from now on.
#[derive(SimpleObject)]
pub struct OwnRole {
    /// `null` when they are nothing more than others.
    role: Option<ChannelRole>,
}

impl From<&domain::Notification> for NotificationKind {
    fn from(notification: &domain::Notification) -> Self {
        match &notification.what {
            domain::NotificationKind::WentLive { stream, title } => {
                Self::WentLive(ChannelWentLive {
                    stream_id: global(*stream),
                    title: title.to_string(),
                })
            }
            domain::NotificationKind::Mentioned { place, message } => {
                let line = Line {
                    place: *place,
                    at: notification.at,
                    body: LineBody::Message(message.clone()),
                };
                Self::Mentioned(ChatMention {
                    line: ChatLine::public(&line),
                })
            }
            domain::NotificationKind::Restriction(kind) => {
                let (kind, until) = kind.map(restriction).unzip();
                Self::Restriction(OwnRestriction {
                    kind,
                    until: until.flatten(),
                })
            }
            domain::NotificationKind::Role(role) => Self::Role(OwnRole {
                role: role.map(Into::into),
            }),
        }
    }
}

#[derive(Default)]
pub(in crate::graphql) struct NotificationSubscription;

#[Subscription]
impl NotificationSubscription {
    /// What concerns whoever is signed in, from now on: that a channel they follow went live,
    /// that somebody mentioned them, that they were moderated or made something of. Live only:
    /// what happens while nobody listens is told to nobody later. Who does not take them as fast
    /// as they come is ended with `TOO_SLOW`.
    #[graphql(complexity = "READ + child_complexity")]
    async fn notifications(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = Result<Notification, Problem>> + use<>, Problem> {
        let asking = asking(ctx)?;
        let told = notification::subscribe(&asking.app, &asking.actor).await?;
        // What was read for one is old by the next.
        ctx.data_unchecked::<Loaders>().enable_all_cache(false);
        Ok(stream::unfold(Some(told), async |told| {
            let mut told = told?;
            match told.next().await {
                Ok(view) => Some((Ok(Notification(view)), Some(told))),
                Err(TooSlow) => Some((Err(too_slow()), None)),
            }
        }))
    }
}

fn too_slow() -> Problem {
    let told = "they came faster than they were taken; subscribe again";
    Problem::new(StatusCode::CONFLICT, "TOO_SLOW", told)
}
