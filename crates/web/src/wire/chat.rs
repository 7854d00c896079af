use std::collections::BTreeMap;

use greenroom_app::chat::history::History;
use greenroom_app::chat::pin::Pinned;
use greenroom_domain::chat::{
    Author, Badge, ChannelRole, Content, Line, LineBody, Place, Restriction, RestrictionKind, Seq,
    emotes,
};
use greenroom_domain::shared::actor::Identity;
use serde::Serialize;

use super::identity_text;
use super::settings::ChatSettingsJson;
use super::stream::end_reason_text;

/// A line of a room's log, as REST and Socket.IO write it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = ChatLine))]
pub struct LineJson {
    /// Where it stands: an opaque text to go on from.
    #[cfg_attr(feature = "rest", schema(example = "0:17"))]
    pub place: String,
    /// Its number in the room: 1, 2, 3, … without a gap.
    pub seq: u64,
    /// When it was said, by RFC 3339.
    pub at: String,
    /// What it says.
    #[serde(flatten)]
    pub body: LineBodyJson,
}

/// What a line says, by its `type`.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = ChatLineBody))]
pub enum LineBodyJson {
    /// Somebody said something.
    Message {
        /// Who, as they were called then.
        author: AuthorJson,
        /// As it was sent, never HTML; `null` once it was deleted.
        text: Option<String>,
        /// There was more of it.
        truncated: bool,
        /// The emotes that it names as `:code:`, by their codes: the emoji to be shown.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        #[cfg_attr(feature = "rest", schema(value_type = HashMap<String, String>, required = false))]
        emotes: BTreeMap<String, &'static str>,
        /// What the author's client calls it.
        client_message_id: Option<String>,
        /// The number of the line that it answers.
        reply_to: Option<u64>,
    },
    /// A message is gone.
    Deleted {
        /// The number of its line.
        target: u64,
    },
    /// Somebody may not chat, for a while or for good.
    Restricted {
        /// Who: `user:<id>` or `guest:<id>`.
        subject: String,
        /// What they were called.
        name: Option<String>,
        /// For how long.
        restriction: RestrictionKindJson,
        /// Why; for staff alone.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Somebody may chat again.
    RestrictionLifted {
        /// Who.
        subject: String,
    },
    /// The room's rules are different.
    SettingsChanged {
        /// The rules now.
        settings: ChatSettingsJson,
    },
    /// A message is kept in view.
    Pinned {
        /// The number of its line.
        target: u64,
    },
    /// A message is kept in view no more.
    Unpinned {
        /// The number of its line.
        target: u64,
    },
    /// Somebody is something else in the channel.
    RoleChanged {
        /// Who: `user:<id>`.
        subject: String,
        /// What they are called.
        name: String,
        /// What they are now: `moderator`, `vip` or nothing.
        role: Option<&'static str>,
    },
    /// The channel is called or sorted differently.
    ChannelEdited {
        /// Its title now.
        title: String,
        /// Its category now.
        category: Option<String>,
    },
    /// The channel's stream went on air.
    StreamStarted {
        /// Which.
        stream_id: String,
        /// What it is called.
        title: String,
    },
    /// The encoder went away, perhaps for a moment.
    StreamInterrupted {
        /// Of which stream.
        stream_id: String,
    },
    /// It publishes again.
    StreamResumed {
        /// To which stream.
        stream_id: String,
    },
    /// The stream is over.
    StreamEnded {
        /// Which.
        stream_id: String,
        /// Why: `owner_ended`, `admin_ended`, `encoder_gone` or `no_media`.
        reason: &'static str,
    },
}

/// Who said something.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = ChatAuthor))]
pub struct AuthorJson {
    /// `user:<id>` or `guest:<id>`.
    pub identity: String,
    /// What they are mentioned by; guests have none.
    pub username: Option<String>,
    /// What they are called.
    pub name: String,
    /// What they are to the channel: `owner`, `admin`, `moderator`, `vip`.
    pub badges: Vec<&'static str>,
}

/// For how long somebody may not chat.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = RestrictionKind))]
pub enum RestrictionKindJson {
    /// Until then; they may go on watching.
    Timeout {
        /// They may chat again from then on, by RFC 3339.
        until: String,
    },
    /// For good; and they may not watch either.
    Ban,
}

impl LineJson {
    /// As staff see it. Viewers are written [`LineJson::public`].
    pub fn staff(line: &Line) -> Self {
        Self::of(line.place, line, &line.body)
    }

    /// As everybody may see it.
    pub fn public(line: &Line) -> Self {
        Self::of(line.place, line, &line.body.public())
    }

    fn of(place: Place, line: &Line, body: &LineBody) -> Self {
        Self {
            place: place.to_string(),
            seq: place.seq.0,
            at: line.at.to_rfc3339(),
            body: LineBodyJson::from(body),
        }
    }
}

impl From<&LineBody> for LineBodyJson {
    fn from(body: &LineBody) -> Self {
        match body {
            LineBody::Message(message) => {
                let (text, truncated) = match &message.content {
                    Content::Text(text) => (Some(text.text.clone()), text.truncated),
                    Content::Deleted => (None, false),
                };
                let named = emotes(text.as_deref().unwrap_or_default());
                let named = named.into_iter();
                Self::Message {
                    emotes: named.map(|it| (it.code.to_owned(), it.shown)).collect(),
                    author: AuthorJson::from(&message.author),
                    text,
                    truncated,
                    client_message_id: message.client_id.as_ref().map(|id| id.as_str().to_owned()),
                    reply_to: message.reply_to.map(|seq| seq.0),
                }
            }
            LineBody::Deleted {
                target: Seq(target),
            } => Self::Deleted { target: *target },
            LineBody::Restricted {
                subject,
                name,
                kind,
                reason,
            } => Self::Restricted {
                subject: identity_text(*subject),
                name: name.as_ref().map(ToString::to_string),
                restriction: RestrictionKindJson::from(*kind),
                reason: reason.as_ref().map(ToString::to_string),
            },
            LineBody::RestrictionLifted { subject } => Self::RestrictionLifted {
                subject: identity_text(*subject),
            },
            LineBody::SettingsChanged(settings) => Self::SettingsChanged {
                settings: ChatSettingsJson::from(*settings),
            },
            LineBody::Pinned {
                target: Seq(target),
            } => Self::Pinned { target: *target },
            LineBody::Unpinned {
                target: Seq(target),
            } => Self::Unpinned { target: *target },
            LineBody::RoleChanged { user, name, role } => Self::RoleChanged {
                subject: identity_text(Identity::User(*user)),
                name: name.to_string(),
                role: role.map(role_text),
            },
            LineBody::ChannelEdited { title, category } => Self::ChannelEdited {
                title: title.to_string(),
                category: category.as_ref().map(ToString::to_string),
            },
            LineBody::StreamStarted { stream, title } => Self::StreamStarted {
                stream_id: stream.to_string(),
                title: title.to_string(),
            },
            LineBody::StreamInterrupted { stream } => Self::StreamInterrupted {
                stream_id: stream.to_string(),
            },
            LineBody::StreamResumed { stream } => Self::StreamResumed {
                stream_id: stream.to_string(),
            },
            LineBody::StreamEnded { stream, reason } => Self::StreamEnded {
                stream_id: stream.to_string(),
                reason: end_reason_text(*reason),
            },
        }
    }
}

impl From<&Author> for AuthorJson {
    fn from(author: &Author) -> Self {
        let badge = |badge: &Badge| match badge {
            Badge::Owner => "owner",
            Badge::Admin => "admin",
            Badge::Moderator => role_text(ChannelRole::Moderator),
            Badge::Vip => role_text(ChannelRole::Vip),
        };
        Self {
            identity: identity_text(author.identity),
            username: author.username.as_ref().map(ToString::to_string),
            name: author.name.to_string(),
            badges: author.badges.iter().map(badge).collect(),
        }
    }
}

/// What somebody is in a channel, by its name.
pub(super) fn role_text(role: ChannelRole) -> &'static str {
    match role {
        ChannelRole::Moderator => "moderator",
        ChannelRole::Vip => "vip",
    }
}

impl From<RestrictionKind> for RestrictionKindJson {
    fn from(kind: RestrictionKind) -> Self {
        match kind {
            RestrictionKind::Timeout { until } => Self::Timeout {
                until: until.to_rfc3339(),
            },
            RestrictionKind::Ban => Self::Ban,
        }
    }
}

/// Part of a room's log.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = ChatHistory))]
pub struct HistoryJson {
    /// In order, oldest first.
    pub lines: Vec<LineJson>,
    /// Where the log ends.
    pub head: String,
    /// The place that was asked for cannot be gone on from: throw away what is there; these
    /// are the newest lines.
    pub resync: bool,
    /// The room's rules.
    pub settings: ChatSettingsJson,
}

impl From<&History> for HistoryJson {
    /// The use case has left out already what the actor may not see.
    fn from(history: &History) -> Self {
        Self {
            lines: history.lines.iter().map(LineJson::staff).collect(),
            head: history.head.to_string(),
            resync: history.resync,
            settings: ChatSettingsJson::from(history.settings),
        }
    }
}

/// Somebody may not chat in a room.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = Restriction))]
pub struct RestrictionJson {
    /// Who: `user:<id>` or `guest:<id>`.
    pub subject: String,
    /// What they were called.
    pub name: Option<String>,
    /// For how long.
    pub restriction: RestrictionKindJson,
    /// Why.
    pub reason: Option<String>,
    /// Since when, by RFC 3339.
    pub at: String,
}

impl From<&Restriction> for RestrictionJson {
    fn from(restriction: &Restriction) -> Self {
        Self {
            subject: identity_text(restriction.subject),
            name: restriction.name.as_ref().map(ToString::to_string),
            restriction: RestrictionKindJson::from(restriction.kind),
            reason: restriction.reason.as_ref().map(ToString::to_string),
            at: restriction.at.to_rfc3339(),
        }
    }
}

/// A message that a room keeps in view.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = Pin))]
pub struct PinJson {
    /// The message.
    pub line: LineJson,
    /// Since when, by RFC 3339.
    pub since: String,
}

impl From<&Pinned> for PinJson {
    fn from(pinned: &Pinned) -> Self {
        Self {
            line: LineJson::public(&pinned.line),
            since: pinned.pin.at.to_rfc3339(),
        }
    }
}
