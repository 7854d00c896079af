use greenroom_app::notification::NotificationView;
use greenroom_domain::chat::{Line, LineBody};
use greenroom_domain::notification::NotificationKind;
use serde::Serialize;

use super::chat::role_text;
use super::{LineJson, RestrictionKindJson};

/// Something that concerns whoever is told it.
#[derive(Debug, Clone, Serialize)]
pub struct NotificationJson {
    /// When it happened, by RFC 3339.
    pub at: String,
    /// The channel that it is about.
    pub channel: NotifyingChannelJson,
    /// What it was.
    #[serde(flatten)]
    pub what: NotificationKindJson,
}

/// The channel that a notification is about.
#[derive(Debug, Clone, Serialize)]
pub struct NotifyingChannelJson {
    /// Its id.
    pub id: String,
    /// As it stands in addresses.
    pub handle: String,
    /// What its streams are called.
    pub title: String,
}

/// What concerns somebody, by its `type`.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NotificationKindJson {
    /// A channel that they follow went live.
    WentLive {
        /// Its stream.
        stream_id: String,
        /// What that is called.
        title: String,
    },
    /// Somebody mentioned them.
    Mentioned {
        /// With this message.
        line: LineJson,
    },
    /// They may not chat there, or may again.
    Restriction {
        /// For how long; `null` when they may again.
        restriction: Option<RestrictionKindJson>,
    },
    /// They are something else there.
    Role {
        /// What they are now: `moderator`, `vip` or nothing.
        role: Option<&'static str>,
    },
}

impl From<&NotificationView> for NotificationJson {
    fn from(view: &NotificationView) -> Self {
        let (notification, channel) = (&view.notification, &view.channel);
        let what = match &notification.what {
            NotificationKind::WentLive { stream, title } => NotificationKindJson::WentLive {
                stream_id: stream.to_string(),
                title: title.to_string(),
            },
            NotificationKind::Mentioned { place, message } => NotificationKindJson::Mentioned {
                line: LineJson::public(&Line {
                    place: *place,
                    at: notification.at,
                    body: LineBody::Message(message.clone()),
                }),
            },
            NotificationKind::Restriction(kind) => NotificationKindJson::Restriction {
                restriction: kind.map(RestrictionKindJson::from),
            },
            NotificationKind::Role(role) => NotificationKindJson::Role {
                role: role.map(role_text),
            },
        };
        Self {
            at: notification.at.to_rfc3339(),
            channel: NotifyingChannelJson {
                id: channel.id.to_string(),
                handle: channel.handle.to_string(),
                title: channel.title.to_string(),
            },
            what,
        }
    }
}
