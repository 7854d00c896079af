//! A channel's room, to those who are in it.

use std::sync::Arc;

use greenroom_app::App;
use greenroom_domain::shared::id::{ChannelId, StreamId};

use super::people::People;

/// A room that somebody is in.
pub(super) struct Room {
    pub(super) channel: ChannelId,
    pub(super) app: Arc<App>,
    pub(super) people: Arc<People>,
}

impl Room {
    /// The stream that is on air.
    pub(super) fn stream(&self) -> Option<StreamId> {
        self.app.hub.on_air(self.channel)
    }
}
