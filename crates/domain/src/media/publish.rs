//! Publishing.

use std::net::IpAddr;
use std::time::Duration;

use crate::channel::{Handle, KeySecret};
use crate::media::EngineSecret;
use crate::shared::clock::Timestamp;
use crate::shared::id::{ChannelId, StreamId, StreamKeyId, UserId};
use crate::stream::Generation;

/// An encoder asks to publish.
#[derive(Debug, Clone)]
pub struct PublishRequest {
    /// What it came with.
    pub key: KeySecret,
    /// Where it came from.
    pub peer: IpAddr,
}

/// It may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestLease {
    /// To this stream.
    pub stream: StreamId,
    /// Of this channel.
    pub channel: ChannelId,
    /// Which is played here.
    pub handle: Handle,
    /// As this publisher; a higher generation's arrival ends it.
    pub generation: Generation,
}

/// It may not.
#[derive(Debug, thiserror::Error)]
pub enum PublishRefused {
    /// No active key is like it.
    #[error("the stream key is not known")]
    UnknownKey,
    /// Another encoder publishes.
    #[error("another encoder is publishing to this stream")]
    AlreadyPublishing,
    /// Another node has let it in, and is there. An engine that spans all nodes leaves it alone,
    /// and asks again.
    #[error("another node has let the encoder in")]
    Elsewhere,
    /// The owner has just ended the stream.
    #[error("the stream was ended on purpose")]
    Held {
        /// The key works again from then on.
        until: Timestamp,
    },
    /// An administrator has locked the channel, or suspended its creator.
    #[error("publishing to this channel is locked")]
    Locked,
    /// The stream that the key is bound to has ended.
    #[error("the stream of this key has ended")]
    Ended,
    /// Too many attempts from this address.
    #[error("too many attempts from this address")]
    TooMany,
    /// It is not known whether it may.
    #[error("the key cannot be checked right now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Where encoders publish to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestAddress {
    /// `rtmp`.
    pub protocol: &'static str,
    /// Without the key: `rtmp://host:1935/live`.
    pub url: String,
}

/// A key as it is since it was made or rotated last: what was made for it before is worth
/// nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyVersion {
    /// Which.
    pub key: StreamKeyId,
    /// Since when it has the secret that it has.
    pub since: Timestamp,
}

/// A key, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyOfChannel {
    /// Which.
    pub key: KeyVersion,
    /// Of which channel.
    pub channel: ChannelId,
    /// Whose that is.
    pub owner: UserId,
}

/// What an encoder is given by an engine that makes its own: for the channel's owner alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestCredential {
    /// `rtmp` or `whip`.
    pub protocol: &'static str,
    /// Where to publish.
    pub url: String,
    /// With what: RTMP's stream key, WHIP's bearer token.
    pub secret: EngineSecret,
    /// It lets nobody in after that; `None` while nothing is withdrawn.
    pub expires_at: Option<Timestamp>,
}

/// How an encoder is doing.
#[derive(Debug, Clone, PartialEq)]
pub struct IngestStatus {
    /// Which publisher.
    pub generation: Generation,
    /// For how long it has sent nothing.
    pub silence: Duration,
    /// Bits a second over the last few seconds, sound and picture together.
    pub bitrate: u64,
    /// Its picture, if it sends one.
    pub video: Option<VideoStatus>,
    /// Its sound, if it sends any.
    pub audio: Option<AudioStatus>,
}

/// How an encoder's picture is doing.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoStatus {
    /// As RFC 6381 names it.
    pub codec: String,
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
    /// Frames a second over the last few seconds.
    pub frame_rate: f32,
    /// From key frame to key frame.
    pub key_frame_interval: Option<Duration>,
}

/// How an encoder's sound is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioStatus {
    /// As RFC 6381 names it.
    pub codec: String,
    /// In hertz.
    pub sample_rate: u32,
    /// How many.
    pub channels: u16,
}
