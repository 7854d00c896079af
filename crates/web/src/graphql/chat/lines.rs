//! Lines of a room's log. They lead to nothing outside of themselves: what a line looks like
//! goes by the room and by whether whoever asks is of its staff, so that one execution serves
//! all who listen.

use async_graphql::{Enum, ID, Object, SimpleObject, Union};
use greenroom_domain::chat::{
    self as domain, Badge, Content, Line, LineBody, RestrictionKind, emotes,
};
use greenroom_domain::shared::actor::Identity;

use super::ChatSettings;
use crate::graphql::id::global;
use crate::graphql::scalar::Time;
use crate::graphql::stream::EndReason;
use crate::wire::identity_text;

/// A line of a room's log: everything durable that the room shows.
pub struct ChatLine(Line);

impl ChatLine {
    /// As staff see it.
    pub(in crate::graphql) fn staff(line: Line) -> Self {
        Self(line)
    }

    /// As everybody may see it.
    pub(in crate::graphql) fn public(line: &Line) -> Self {
        Self(Line {
            body: line.body.public(),
            ..line.clone()
        })
    }

    pub(super) fn place(&self) -> String {
        self.0.place.to_string()
    }
}

/// A line of a room's log: everything durable that the room shows.
#[Object]
impl ChatLine {
    /// Where it stands: an opaque text to go on from.
    #[graphql(name = "place")]
    async fn place_text(&self) -> String {
        self.place()
    }

    /// Its number in the room: 1, 2, 3, … without a gap.
    async fn seq(&self) -> u64 {
        self.0.place.seq.0
    }

    /// When it was said.
    async fn at(&self) -> Time {
        self.0.at.into()
    }

    /// What it says.
    async fn body(&self) -> ChatLineBody {
        ChatLineBody::from(&self.0.body)
    }
}

/// What a line says.
#[derive(Union)]
pub enum ChatLineBody {
    /// Somebody said something.
    Message(ChatMessage),
    /// A message is gone.
    Deleted(MessageDeleted),
    /// Somebody may not chat.
    Restricted(ChatterRestricted),
    /// Somebody may chat again.
    Lifted(RestrictionLifted),
    /// A message is kept in view.
    Pinned(MessagePinned),
    /// A message is kept in view no more.
    Unpinned(MessageUnpinned),
    /// Somebody is something else in the channel.
    Role(RoleChanged),
    /// The room's rules are different.
    Settings(SettingsChanged),
    /// The channel is called or sorted differently.
    Edited(ChannelEdited),
    /// The channel's stream went on air.
    Started(StreamStarted),
    /// The encoder went away, perhaps for a moment.
    Interrupted(StreamInterrupted),
    /// It publishes again.
    Resumed(StreamResumed),
    /// The stream is over.
    Ended(StreamEnded),
}

/// Somebody said something.
#[derive(SimpleObject)]
pub struct ChatMessage {
    /// Who, as they were called then.
    author: ChatAuthor,
    /// As it was sent, never HTML; `null` once it was deleted.
    text: Option<String>,
    /// There was more of it.
    truncated: bool,
    /// What the author's client calls it.
    client_message_id: Option<String>,
    /// The number of the line that it answers.
    reply_to: Option<u64>,
    /// The emotes that it names as `:code:`.
    emotes: Vec<ChatEmote>,
}

/// An emote that a message names.
#[derive(SimpleObject)]
pub(super) struct ChatEmote {
    /// As it stands in the text, without its colons.
    code: String,
    /// What is shown for it.
    emoji: &'static str,
}

/// Who said something, as they were called then.
#[derive(SimpleObject)]
pub(super) struct ChatAuthor {
    /// `user:<id>` or `guest:<id>`.
    identity: String,
    /// The global id of their account; guests have none.
    user_id: Option<ID>,
    /// What they are mentioned by; guests have none.
    username: Option<String>,
    /// What they are called.
    name: String,
    /// What they are to the channel.
    badges: Vec<ChatBadge>,
}

/// What somebody is to a channel.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Badge")]
pub enum ChatBadge {
    /// It is theirs.
    Owner,
    /// They administer the platform.
    Admin,
    /// They keep order in its chat.
    Moderator,
    /// Its owner thinks much of them.
    Vip,
}

/// What an owner has made of somebody in their channel.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::ChannelRole")]
pub enum ChannelRole {
    /// Keeps order in the chat.
    Moderator,
    /// Is somebody whom the rules of the chat do not slow down.
    Vip,
}

/// A message is kept in view.
#[derive(SimpleObject)]
pub struct MessagePinned {
    /// The number of its line.
    target: u64,
}

/// A message is kept in view no more.
#[derive(SimpleObject)]
pub struct MessageUnpinned {
    /// The number of its line.
    target: u64,
}

/// Somebody is something else in the channel.
#[derive(SimpleObject)]
pub struct RoleChanged {
    /// The global id of who it is.
    user_id: ID,
    /// What they are called.
    name: String,
    /// What they are now, if anything.
    role: Option<ChannelRole>,
}

/// A message is gone.
#[derive(SimpleObject)]
pub struct MessageDeleted {
    /// The number of its line.
    target: u64,
}

/// Somebody may not chat, for a while or for good.
#[derive(SimpleObject)]
pub struct ChatterRestricted {
    /// Who: `user:<id>` or `guest:<id>`.
    subject: String,
    /// What they were called.
    name: Option<String>,
    /// Whether they may watch.
    kind: RestrictionType,
    /// Until when a timeout lasts.
    until: Option<Time>,
    /// Why; for staff alone.
    reason: Option<String>,
}

/// How somebody is restricted.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum RestrictionType {
    /// For a while; they may go on watching.
    Timeout,
    /// For good; and they may not watch either.
    Ban,
}

/// Somebody may chat again.
#[derive(SimpleObject)]
pub struct RestrictionLifted {
    /// Who.
    subject: String,
}

/// The room's rules are different.
#[derive(SimpleObject)]
pub struct SettingsChanged {
    /// The rules now.
    settings: ChatSettings,
}

/// The channel is called or sorted differently.
#[derive(SimpleObject)]
pub struct ChannelEdited {
    /// Its title now.
    title: String,
    /// Its category now.
    category: Option<String>,
}

/// The channel's stream went on air.
#[derive(SimpleObject)]
pub struct StreamStarted {
    /// Which.
    stream_id: ID,
    /// What it is called.
    title: String,
}

/// The encoder went away, perhaps for a moment.
#[derive(SimpleObject)]
pub struct StreamInterrupted {
    /// Of which stream.
    stream_id: ID,
}

/// An encoder publishes again, or for the first time.
#[derive(SimpleObject)]
pub struct StreamResumed {
    /// To which stream.
    stream_id: ID,
}

/// The stream is over.
#[derive(SimpleObject)]
pub struct StreamEnded {
    /// Which.
    stream_id: ID,
    /// Why.
    reason: EndReason,
}

impl From<&LineBody> for ChatLineBody {
    fn from(body: &LineBody) -> Self {
        match body {
            LineBody::Message(message) => Self::Message(ChatMessage::from(message)),
            LineBody::Deleted { target } => Self::Deleted(MessageDeleted { target: target.0 }),
            LineBody::Restricted {
                subject,
                name,
                kind,
                reason,
            } => {
                let (kind, until) = restriction(*kind);
                Self::Restricted(ChatterRestricted {
                    subject: identity_text(*subject),
                    name: name.as_ref().map(ToString::to_string),
                    kind,
                    until,
                    reason: reason.as_ref().map(ToString::to_string),
                })
            }
            LineBody::RestrictionLifted { subject } => Self::Lifted(RestrictionLifted {
                subject: identity_text(*subject),
            }),
            LineBody::SettingsChanged(settings) => Self::Settings(SettingsChanged {
                settings: (*settings).into(),
            }),
            LineBody::Pinned { target } => Self::Pinned(MessagePinned { target: target.0 }),
            LineBody::Unpinned { target } => Self::Unpinned(MessageUnpinned { target: target.0 }),
            LineBody::RoleChanged { user, name, role } => Self::Role(RoleChanged {
                user_id: global(*user),
                name: name.to_string(),
                role: role.map(Into::into),
            }),
            LineBody::ChannelEdited { title, category } => Self::Edited(ChannelEdited {
                title: title.to_string(),
                category: category.as_ref().map(ToString::to_string),
            }),
            LineBody::StreamStarted { stream, title } => Self::Started(StreamStarted {
                stream_id: global(*stream),
                title: title.to_string(),
            }),
            LineBody::StreamInterrupted { stream } => Self::Interrupted(StreamInterrupted {
                stream_id: global(*stream),
            }),
            LineBody::StreamResumed { stream } => Self::Resumed(StreamResumed {
                stream_id: global(*stream),
            }),
            LineBody::StreamEnded { stream, reason } => Self::Ended(StreamEnded {
                stream_id: global(*stream),
                reason: (*reason).into(),
            }),
        }
    }
}

impl From<&domain::Message> for ChatMessage {
    fn from(message: &domain::Message) -> Self {
        let (text, truncated) = match &message.content {
            Content::Text(text) => (Some(text.text.clone()), text.truncated),
            Content::Deleted => (None, false),
        };
        let named = emotes(text.as_deref().unwrap_or_default());
        let named = named.into_iter().map(|emote| ChatEmote {
            code: emote.code.to_owned(),
            emoji: emote.shown,
        });
        Self {
            author: ChatAuthor::from(&message.author),
            emotes: named.collect(),
            text,
            truncated,
            client_message_id: message.client_id.as_ref().map(|id| id.as_str().to_owned()),
            reply_to: message.reply_to.map(|seq| seq.0),
        }
    }
}

impl From<&domain::Author> for ChatAuthor {
    fn from(author: &domain::Author) -> Self {
        Self {
            identity: identity_text(author.identity),
            user_id: match author.identity {
                Identity::User(id) => Some(global(id)),
                Identity::Guest(_) => None,
            },
            username: author.username.as_ref().map(ToString::to_string),
            name: author.name.to_string(),
            badges: author.badges.iter().copied().map(Into::into).collect(),
        }
    }
}

/// How, and until when.
pub(in crate::graphql) fn restriction(kind: RestrictionKind) -> (RestrictionType, Option<Time>) {
    match kind {
        RestrictionKind::Timeout { until } => (RestrictionType::Timeout, Some(until.into())),
        RestrictionKind::Ban => (RestrictionType::Ban, None),
    }
}
