//! Chat as data packets.

use async_trait::async_trait;
use greenroom_domain::media::{MediaServerError, Messenger};
use greenroom_domain::shared::id::ChannelId;
use livekit_api::services::room::SendDataOptions;
use livekit_protocol::data_packet::Kind;

use crate::LiveKit;

/// What the packets are about, for clients that get others too.
const TOPIC: &str = "chat";

#[async_trait]
impl Messenger for LiveKit {
    async fn show(&self, channel: ChannelId, line: &[u8]) -> Result<(), MediaServerError> {
        let Some(room) = self.room_of(channel).await? else {
            return Ok(());
        };
        let options = SendDataOptions {
            kind: Kind::Reliable,
            topic: Some(TOPIC.to_owned()),
            ..SendDataOptions::default()
        };
        let sent = self
            .api
            .room()
            .send_data(&room.to_string(), line.to_owned(), options)
            .await;
        // Nobody is there to see it.
        Ok(self.api.gone(sent)?)
    }
}
