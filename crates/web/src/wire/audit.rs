use std::collections::HashMap;

use greenroom_domain::account::{DisplayName, User};
use greenroom_domain::channel::ChannelEvent;
use greenroom_domain::chat::{ChatEvent, RestrictionKind};
use greenroom_domain::recording::RecordingChange;
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::event::{Event, Happening};
use greenroom_domain::shared::id::UserId;
use greenroom_domain::social::SocialEvent;
use greenroom_domain::stream::StreamEvent;
use serde::Serialize;

use super::identity_text;
use super::settings::ChatSettingsJson;
use super::social::ChannelRoleJson;
use super::stream::end_reason_text;

/// Who did what to a channel and its room.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = AuditEvent))]
pub struct AuditEventJson {
    /// Its id.
    pub id: String,
    /// When, by RFC 3339.
    pub at: String,
    /// Who did it; nobody where the operator did, or the server by itself.
    pub by: Option<AuditPersonJson>,
    /// What it was. The fields that belong to it are there, and no others.
    #[serde(rename = "type")]
    pub kind: AuditTypeJson,
    /// To whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<AuditPersonJson>,
    /// Of which message: the number of its line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<u64>,
    /// Until when a timeout lasts, by RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What they are in the channel now; absent when nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<ChannelRoleJson>,
    /// The room's rules now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<ChatSettingsJson>,
    /// What the channel or stream is called now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Which stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_id: Option<String>,
    /// Why it ended: `owner_ended`, `admin_ended`, `encoder_gone` or `no_media`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_reason: Option<&'static str>,
    /// Which stream key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
}

/// Somebody who did something, or to whom it was done.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "graphql", derive(async_graphql::SimpleObject))]
#[cfg_attr(feature = "graphql", graphql(name = "AuditPerson"))]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = AuditPerson))]
pub struct AuditPersonJson {
    /// `user:<id>` or `guest:<id>`.
    pub identity: String,
    /// What they are mentioned by; guests have none.
    pub username: Option<String>,
    /// What they are called.
    pub name: Option<String>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "graphql", derive(async_graphql::Enum))]
#[cfg_attr(feature = "graphql", graphql(name = "AuditType"))]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = AuditType))]
pub enum AuditTypeJson {
    /// The room has other rules.
    SettingsChanged,
    /// Somebody may not chat for a while.
    TimedOut,
    /// Somebody may neither chat nor watch.
    Banned,
    /// Somebody may again.
    RestrictionLifted,
    /// A message is gone.
    MessageDeleted,
    /// A message is kept in view.
    Pinned,
    /// A message is kept in view no more.
    Unpinned,
    /// Somebody is something else in the channel.
    RoleChanged,
    /// The owner wants nothing to do with somebody.
    Blocked,
    /// They have made up.
    Unblocked,
    /// The channel was made.
    ChannelCreated,
    /// It is called or sorted differently.
    ChannelEdited,
    /// It shows another cover, or none.
    CoverChanged,
    /// Encoders are shut out.
    IngestLocked,
    /// Encoders are let in again.
    IngestUnlocked,
    /// A stream key was made.
    KeyCreated,
    /// A stream key has another secret.
    KeyRotated,
    /// A stream key works no more.
    KeyRevoked,
    /// A stream was planned.
    StreamCreated,
    /// It went on air.
    StreamStarted,
    /// It is called differently.
    StreamRetitled,
    /// It is over.
    StreamEnded,
    /// Somebody has it recorded.
    RecordingStarted,
    /// It is recorded no more.
    RecordingStopped,
}

/// The accounts that events are about, by their ids.
pub type People = HashMap<UserId, User>;

/// Whose names these events are shown with.
pub fn people_in(events: &[Event]) -> Vec<UserId> {
    let by = events.iter().filter_map(|event| event.by.user());
    let subjects = events.iter().filter_map(|event| {
        subject(&event.what).and_then(|who| match who {
            Identity::User(id) => Some(id),
            Identity::Guest(_) => None,
        })
    });
    let mut ids: Vec<UserId> = by.chain(subjects).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

impl AuditEventJson {
    /// With the names of people; `None` of what no audit log holds.
    pub fn of(event: &Event, people: &People) -> Option<Self> {
        let mut json = Self {
            id: event.id.to_string(),
            at: event.at.to_rfc3339(),
            by: by(&event.by, people),
            kind: kind(&event.what)?,
            subject: subject(&event.what).map(|who| AuditPersonJson::of(who, people)),
            target: None,
            until: None,
            reason: None,
            role: None,
            settings: None,
            title: None,
            stream_id: None,
            end_reason: None,
            key_id: None,
        };
        match &event.what {
            Happening::Chat(event) => json.with_chat(event),
            Happening::Channel(event) => json.with_channel(event),
            Happening::Stream(event) => json.with_stream(event),
            Happening::Recording(event) => json.stream_id = Some(event.stream.to_string()),
            Happening::Social(_) | Happening::Account(_) => {}
        }
        Some(json)
    }

    fn with_chat(&mut self, event: &ChatEvent) {
        match event {
            ChatEvent::SettingsChanged { settings, .. } => {
                self.settings = Some((*settings).into());
            }
            ChatEvent::Restricted {
                name, kind, reason, ..
            } => {
                if let RestrictionKind::Timeout { until } = kind {
                    self.until = Some(until.to_rfc3339());
                }
                self.reason = reason.as_ref().map(ToString::to_string);
                self.call_subject(name.as_ref());
            }
            ChatEvent::MessageDeleted { target, .. }
            | ChatEvent::Pinned { target, .. }
            | ChatEvent::Unpinned { target, .. } => self.target = Some(target.0),
            ChatEvent::RoleChanged { name, role, .. } => {
                self.role = role.map(Into::into);
                self.call_subject(Some(name));
            }
            ChatEvent::RestrictionLifted { .. } => {}
        }
    }

    fn with_channel(&mut self, event: &ChannelEvent) {
        match event {
            ChannelEvent::Edited { title, .. } => self.title = Some(title.to_string()),
            ChannelEvent::KeyCreated { key, .. }
            | ChannelEvent::KeyRotated { key, .. }
            | ChannelEvent::KeyRevoked { key, .. } => self.key_id = Some(key.to_string()),
            ChannelEvent::Created { .. }
            | ChannelEvent::CoverChanged { .. }
            | ChannelEvent::IngestLocked { .. }
            | ChannelEvent::IngestUnlocked { .. } => {}
        }
    }

    fn with_stream(&mut self, event: &StreamEvent) {
        let stream = match event {
            StreamEvent::Started { stream, title, .. }
            | StreamEvent::Retitled { stream, title, .. } => {
                self.title = Some(title.to_string());
                stream
            }
            StreamEvent::Ended { stream, reason, .. } => {
                self.end_reason = Some(end_reason_text(*reason));
                stream
            }
            StreamEvent::Created { stream, .. }
            | StreamEvent::Interrupted { stream, .. }
            | StreamEvent::Resumed { stream, .. }
            | StreamEvent::AudienceChanged { stream, .. } => stream,
        };
        self.stream_id = Some(stream.to_string());
    }

    /// What they were called then goes before what they are called now.
    fn call_subject(&mut self, then: Option<&DisplayName>) {
        if let (Some(subject), Some(name)) = (&mut self.subject, then) {
            subject.name = Some(name.to_string());
        }
    }
}

impl AuditPersonJson {
    fn of(who: Identity, people: &People) -> Self {
        let (username, name) = match who {
            Identity::User(id) => {
                let user = people.get(&id);
                let username = user.map(|user| user.username.to_string());
                (username, user.map(|user| user.display_name.to_string()))
            }
            Identity::Guest(id) => (None, Some(DisplayName::of_guest(id).to_string())),
        };
        Self {
            identity: identity_text(who),
            username,
            name,
        }
    }
}

fn by(actor: &Actor, people: &People) -> Option<AuditPersonJson> {
    let who = actor.identity()?;
    Some(AuditPersonJson::of(who, people))
}

/// To whom it was done.
fn subject(what: &Happening) -> Option<Identity> {
    match what {
        Happening::Chat(event) => match event {
            ChatEvent::Restricted { subject, .. }
            | ChatEvent::RestrictionLifted { subject, .. }
            | ChatEvent::MessageDeleted {
                author: subject, ..
            } => Some(*subject),
            ChatEvent::RoleChanged { user, .. } => Some(Identity::User(*user)),
            ChatEvent::SettingsChanged { .. }
            | ChatEvent::Pinned { .. }
            | ChatEvent::Unpinned { .. } => None,
        },
        Happening::Social(
            SocialEvent::Blocked { blocked, .. } | SocialEvent::Unblocked { blocked, .. },
        ) => Some(Identity::User(*blocked)),
        Happening::Social(_)
        | Happening::Channel(_)
        | Happening::Stream(_)
        | Happening::Recording(_)
        | Happening::Account(_) => None,
    }
}

fn kind(what: &Happening) -> Option<AuditTypeJson> {
    use AuditTypeJson as T;
    Some(match what {
        Happening::Chat(event) => match event {
            ChatEvent::SettingsChanged { .. } => T::SettingsChanged,
            ChatEvent::Restricted { kind, .. } if kind.is_ban() => T::Banned,
            ChatEvent::Restricted { .. } => T::TimedOut,
            ChatEvent::RestrictionLifted { .. } => T::RestrictionLifted,
            ChatEvent::MessageDeleted { .. } => T::MessageDeleted,
            ChatEvent::Pinned { .. } => T::Pinned,
            ChatEvent::Unpinned { .. } => T::Unpinned,
            ChatEvent::RoleChanged { .. } => T::RoleChanged,
        },
        Happening::Channel(event) => match event {
            ChannelEvent::Created { .. } => T::ChannelCreated,
            ChannelEvent::Edited { .. } => T::ChannelEdited,
            ChannelEvent::CoverChanged { .. } => T::CoverChanged,
            ChannelEvent::IngestLocked { .. } => T::IngestLocked,
            ChannelEvent::IngestUnlocked { .. } => T::IngestUnlocked,
            ChannelEvent::KeyCreated { .. } => T::KeyCreated,
            ChannelEvent::KeyRotated { .. } => T::KeyRotated,
            ChannelEvent::KeyRevoked { .. } => T::KeyRevoked,
        },
        Happening::Stream(event) => match event {
            StreamEvent::Created { .. } => T::StreamCreated,
            StreamEvent::Started { .. } => T::StreamStarted,
            StreamEvent::Retitled { .. } => T::StreamRetitled,
            StreamEvent::Ended { .. } => T::StreamEnded,
            StreamEvent::Interrupted { .. }
            | StreamEvent::Resumed { .. }
            | StreamEvent::AudienceChanged { .. } => return None,
        },
        Happening::Social(event) => match event {
            SocialEvent::Blocked { .. } => T::Blocked,
            SocialEvent::Unblocked { .. } => T::Unblocked,
            SocialEvent::Followed { .. }
            | SocialEvent::NotifyChanged { .. }
            | SocialEvent::Unfollowed { .. } => return None,
        },
        Happening::Recording(event) => match event.what {
            RecordingChange::Requested => T::RecordingStarted,
            RecordingChange::Stopped => T::RecordingStopped,
            RecordingChange::Began | RecordingChange::Finished | RecordingChange::Failed(_) => {
                return None;
            }
        },
        Happening::Account(_) => return None,
    })
}
