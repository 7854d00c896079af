//! The first packet of a session, and the errors of a request that gets none.

use serde::Serialize;

use crate::socketio::config::Config;

/// The JSON of the `open` packet.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Open<'a> {
    sid: &'a str,
    upgrades: &'a [&'a str],
    ping_interval: u128,
    ping_timeout: u128,
    max_payload: usize,
}

/// The `open` packet for a session that begins over polling (and may upgrade) or over WebSocket.
pub(crate) fn open(sid: &str, upgradable: bool, config: &Config) -> String {
    let open = Open {
        sid,
        upgrades: if upgradable { &["websocket"] } else { &[] },
        ping_interval: config.ping_interval.as_millis(),
        ping_timeout: config.ping_timeout.as_millis(),
        max_payload: config.max_payload,
    };
    let json = serde_json::to_string(&open).expect("strings and numbers always serialize");
    super::packet::Packet::Open(&json).encode()
}

/// Why a request was refused before it reached a session (Engine.IO's own codes 0–5, which
/// clients know; a limit answers with the code of a refusal).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("Transport unknown")]
    UnknownTransport,
    #[error("Session ID unknown")]
    UnknownSession,
    #[error("Bad handshake method")]
    BadMethod,
    #[error("Bad request")]
    BadRequest,
    #[error("Forbidden")]
    ForeignOrigin,
    #[error("Unsupported protocol version")]
    UnsupportedVersion,
    #[error("Too many connections from this address")]
    TooManyFromAddress,
    #[error("The server is full")]
    Full,
    #[error("The server is shutting down")]
    ShuttingDown,
    #[error("Payload too large")]
    TooLarge,
    #[error("The request took too long")]
    TooSlow,
}

impl Refusal {
    /// Engine.IO's error code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::UnknownTransport => 0,
            Self::UnknownSession => 1,
            Self::BadMethod => 2,
            Self::BadRequest | Self::TooLarge | Self::TooSlow => 3,
            Self::ForeignOrigin | Self::TooManyFromAddress | Self::Full | Self::ShuttingDown => 4,
            Self::UnsupportedVersion => 5,
        }
    }
}
