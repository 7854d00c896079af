//! Playing.

use std::fmt;

use crate::channel::Handle;
use crate::shared::actor::Identity;
use crate::shared::clock::Timestamp;
use crate::shared::id::ChannelId;
use crate::shared::node::NodeAddress;

/// A player asks for a channel's media.
#[derive(Debug, Clone)]
pub struct PlaybackRequest {
    /// Which channel.
    pub handle: Handle,
    /// What it came with; without one, a guest's is made on the spot.
    pub grant: Option<GrantToken>,
}

/// It may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaybackLease {
    /// Whose media.
    pub channel: ChannelId,
    /// Who watches.
    pub viewer: Identity,
    /// What the player shows from now on.
    pub grant: GrantToken,
    /// An engine that has not seen the grant used asks again after that.
    pub expires_at: Timestamp,
}

/// It may not.
#[derive(Debug, thiserror::Error)]
pub enum PlaybackRefused {
    /// There is no such channel.
    #[error("there is no such channel")]
    NoSuchChannel,
    /// The grant was not made here, is for another channel, or has run out.
    #[error("the playback grant is not valid; ask for a new address")]
    BadGrant,
    /// They are banned.
    #[error("you may not watch this channel")]
    Forbidden,
    /// It may, but the media are on another node: it is sent there, for the same path. Its grant
    /// holds at every node.
    #[error("this channel is played at {0}")]
    Elsewhere(NodeAddress),
    /// It is not known whether it may.
    #[error("playback cannot be checked right now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a player shows: a short signed text that can be a part of a path.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct GrantToken(String);

impl GrantToken {
    /// The longest that is looked at.
    pub const MAX_LEN: usize = 128;

    /// Takes a token; `None` when it cannot be one: 1 to 128 of `A-Z a-z 0-9 - _`.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_LEN).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        fits.then(|| Self(text.to_owned()))
    }

    /// The token itself, for its holder alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for GrantToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrantToken(…)")
    }
}

/// How a channel is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum PlaybackKind {
    /// HTTP Live Streaming (RFC 8216bis), low latency included.
    Hls,
    /// MPEG-DASH (ISO/IEC 23009-1).
    Dash,
    /// WebRTC-HTTP Egress Protocol (draft-ietf-wish-whep).
    Whep,
}

/// Where a channel is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaybackAddress {
    /// How.
    pub kind: PlaybackKind,
    /// Path below the public address.
    pub path: String,
}
