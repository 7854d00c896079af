//! How things are written as JSON: the same by every interface.

mod account;
mod audit;
mod channel;
mod chat;
mod command;
mod notification;
mod recording;
mod settings;
mod social;
mod stream;

use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::{GuestId, UserId};
use greenroom_domain::shared::page::Page;
use serde::Serialize;

#[cfg(any(feature = "dialects", feature = "graphql"))]
pub(crate) use account::picture_url;
pub use account::{AccountJson, UserJson};
pub use audit::{AuditEventJson, AuditPersonJson, AuditTypeJson, People, people_in};
pub use channel::{
    ChannelJson, GateJson, IngestAddressJson, IngestCredentialJson, IngestJson, KeyJson,
    KeySecretJson,
};
pub use chat::{
    AuthorJson, HistoryJson, LineBodyJson, LineJson, PinJson, RestrictionJson, RestrictionKindJson,
};
pub use command::DoneJson;
pub use notification::{NotificationJson, NotificationKindJson, NotifyingChannelJson};
#[cfg(any(feature = "dialects", feature = "graphql"))]
pub(crate) use recording::recorded_since;
#[cfg(feature = "dialects")]
pub(crate) use recording::recording_format_text;
pub use recording::{RecordingFailureJson, RecordingJson, RecordingStateJson};
pub use settings::{ChatRateJson, ChatSettingsJson};
pub use social::{
    AppointmentJson, BlockedJson, ChannelRoleJson, FollowedJson, FollowerJson, FollowingJson,
    NotifyJson, ViewerJson, standing_text,
};
#[cfg(feature = "socketio")]
pub(crate) use stream::end_reason_text;
pub use stream::{
    AudioStatusJson, ChannelBriefJson, IngestStatusJson, PlaybackAddressJson, StreamJson,
    StreamStatusJson, VideoStatusJson, ViewersJson,
};

/// A page of a listing.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
pub struct PageJson<T> {
    /// In the listing's order.
    pub items: Vec<T>,
    /// The `cursor` of the next page; `null` on the last one.
    pub next_cursor: Option<String>,
}

impl<T> PageJson<T> {
    /// Writes a page.
    pub fn of<D>(page: Page<D>, write: impl FnMut(D) -> T) -> Self {
        Self {
            items: page.items.into_iter().map(write).collect(),
            next_cursor: page.next.map(|cursor| cursor.0),
        }
    }
}

/// One person as the audience and the chat know them: `user:<id>` or `guest:<id>`.
pub fn identity_text(who: Identity) -> String {
    match who {
        Identity::User(id) => format!("user:{id}"),
        Identity::Guest(id) => format!("guest:{id}"),
    }
}

/// Reads what [`identity_text`] writes.
pub fn identity(text: &str) -> Option<Identity> {
    let (kind, id) = text.split_once(':')?;
    match kind {
        "user" => id.parse::<UserId>().ok().map(Identity::User),
        "guest" => id.parse::<GuestId>().ok().map(Identity::Guest),
        _ => None,
    }
}
