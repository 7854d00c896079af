use crate::account::Username;
use crate::chat::{ChatEvent, Content, Line, LineBody, mentions};
use crate::notification::{Notification, NotificationKind};
use crate::shared::actor::Identity;
use crate::shared::event::{Event, Happening};
use crate::shared::id::{ChannelId, UserId};
use crate::social::{Follow, Notify};
use crate::stream::StreamEvent;

/// A notification, and whom it may concern.
#[derive(Debug, Clone, PartialEq)]
pub struct Announcement {
    /// To whom.
    pub to: Addressee,
    /// What they are told, where [it is for them](Notification::is_for).
    pub notification: Notification,
}

/// Whom a notification may concern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressee {
    /// Those who follow the channel and want to know.
    Followers,
    /// Somebody.
    User(UserId),
    /// Those who are called so.
    Named(Vec<Username>),
}

impl Announcement {
    /// What follows from what happened, if it concerns anybody. Nobody is told of what they did
    /// to themselves.
    pub fn of_event(event: &Event) -> Option<Self> {
        let (channel, to, what) = match &event.what {
            Happening::Stream(StreamEvent::Started {
                stream,
                channel,
                title,
            }) => (
                *channel,
                Addressee::Followers,
                NotificationKind::WentLive {
                    stream: *stream,
                    title: title.clone(),
                },
            ),
            Happening::Chat(ChatEvent::Restricted {
                channel,
                subject: Identity::User(user),
                kind,
                ..
            }) => (
                *channel,
                Addressee::User(*user),
                NotificationKind::Restriction(Some(*kind)),
            ),
            Happening::Chat(ChatEvent::RestrictionLifted {
                channel,
                subject: Identity::User(user),
            }) => (
                *channel,
                Addressee::User(*user),
                NotificationKind::Restriction(None),
            ),
            Happening::Chat(ChatEvent::RoleChanged {
                channel,
                user,
                role,
                ..
            }) => (
                *channel,
                Addressee::User(*user),
                NotificationKind::Role(*role),
            ),
            _ => return None,
        };
        let is_their_own = event.by.user().is_some_and(|by| to == Addressee::User(by));
        (!is_their_own).then_some(Self {
            to,
            notification: Notification {
                at: event.at,
                channel,
                what,
            },
        })
    }

    /// What follows from a line of a room, if it mentions anybody.
    pub fn of_line(room: ChannelId, line: &Line) -> Option<Self> {
        let LineBody::Message(message) = &line.body else {
            return None;
        };
        let Content::Text(said) = &message.content else {
            return None;
        };
        let named = mentions(&said.text);
        if named.is_empty() {
            return None;
        }
        let what = NotificationKind::Mentioned {
            place: line.place,
            message: message.clone(),
        };
        Some(Self {
            to: Addressee::Named(named),
            notification: Notification {
                at: line.at,
                channel: room,
                what,
            },
        })
    }
    /// Whether this follower wants to know.
    pub fn is_wanted_by(&self, follow: &Follow) -> bool {
        follow.channel == self.notification.channel && follow.notify == Notify::Live
    }
}
