//! Playback grants: short signed texts, worth something for a day, and for as long as they
//! are used after that.

use std::time::Duration;

use greenroom_domain::media::GrantToken;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, GuestId, UserId};
use greenroom_domain::shared::secret::Purpose;
use uuid::Uuid;

use crate::App;
use crate::hex::{hex, unhex};

/// An engine that does not know a grant from its use accepts it for that long.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);
const PAYLOAD: usize = 1 + 16 + 16 + 8;
const SIGNATURE: usize = 12;

/// What a grant says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) viewer: Identity,
    pub(super) channel: ChannelId,
    pub(super) issued_at: Timestamp,
}

impl Grant {
    pub(super) fn expires_at(&self) -> Timestamp {
        self.issued_at + LIFETIME
    }

    pub(super) fn sign(&self, app: &App) -> GrantToken {
        let mut bytes = Vec::with_capacity(PAYLOAD + SIGNATURE);
        let (kind, id) = match self.viewer {
            Identity::User(id) => (0, id.uuid()),
            Identity::Guest(id) => (1, id.uuid()),
        };
        bytes.push(kind);
        bytes.extend_from_slice(id.as_bytes());
        bytes.extend_from_slice(self.channel.uuid().as_bytes());
        bytes.extend_from_slice(&self.issued_at.micros().to_be_bytes());
        let mac = app.ports.secrets.mac(Purpose::Grant, &bytes);
        bytes.extend_from_slice(&mac.0[..SIGNATURE]);
        GrantToken::parse(&hex(&bytes)).expect("106 hexadecimal digits are a grant's text")
    }

    /// `None` when it was not signed here or has run out.
    pub(super) fn verify(app: &App, token: &GrantToken) -> Option<Self> {
        let bytes = unhex(token.expose())?;
        let (payload, signature) = bytes.split_at_checked(PAYLOAD)?;
        let mac = app.ports.secrets.mac(Purpose::Grant, payload);
        if signature.len() != SIGNATURE || !mac.begins_with(signature) {
            return None;
        }
        let id = Uuid::from_slice(payload.get(1..17)?).ok()?;
        let viewer = match payload[0] {
            0 => Identity::User(UserId::from_uuid(id)),
            _ => Identity::Guest(GuestId::from_uuid(id)),
        };
        let channel = ChannelId::from_uuid(Uuid::from_slice(payload.get(17..33)?).ok()?);
        let issued_at =
            Timestamp::from_micros(i64::from_be_bytes(payload.get(33..41)?.try_into().ok()?));
        let grant = Self {
            viewer,
            channel,
            issued_at,
        };
        (app.now() < grant.expires_at()).then_some(grant)
    }
}
