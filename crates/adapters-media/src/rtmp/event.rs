//! What a session tells, and why it cannot go on.

use bytes::Bytes;

use super::amf0::Amf0Error;
use super::chunk::ChunkError;
use super::handshake::HandshakeError;
use super::key::StreamKey;
use crate::flv::Metadata;
use crate::frame::TrackKind;

/// What a session tells.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The encoder wants to publish: to be answered.
    PublishRequested {
        /// The application name, without anything behind a slash.
        app: String,
        /// The secret that names the stream.
        key: StreamKey,
        /// What the encoder wants done with its stream.
        mode: PublishMode,
    },
    /// The body of an FLV video or audio tag.
    Media {
        /// Which of the two.
        track: TrackKind,
        /// Decode time in milliseconds, unwrapped.
        timestamp: i64,
        /// For [`crate::flv::video`] or [`crate::flv::audio`]. Not empty.
        body: Bytes,
    },
    /// What the encoder says of its stream.
    Metadata(Metadata),
    /// The encoder ended its stream in an orderly way.
    PublishEnded,
}

/// The third argument of `publish`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishMode {
    /// As usual.
    Live,
    /// Asks the server to record.
    Record,
    /// Asks the server to append to a recording.
    Append,
}

/// Why a connection must be closed. What [`Session::take_output`](super::Session::take_output) gives may
/// still tell the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RtmpError {
    /// In the handshake.
    #[error("the handshake failed")]
    Handshake(#[from] HandshakeError),
    /// In the chunk stream.
    #[error("the chunk stream is broken")]
    Chunk(#[from] ChunkError),
    /// In a command.
    #[error("a command is not AMF0")]
    Command(#[from] Amf0Error),
    /// A protocol control message is too short.
    #[error("a control message of type {0} is too short")]
    Control(u8),
    /// More bytes than getting to publish can take.
    #[error("too many bytes before publishing was accepted")]
    TooMuchBeforePublish,
    /// `publish` without `connect`.
    #[error("the peer publishes without having connected")]
    NotConnected,
    /// The name to publish under is empty, too long or not text.
    #[error("the stream key is not usable")]
    UnusableKey,
    /// The peer wants to watch.
    #[error("the peer wants to play; only publishing is served")]
    PlayRefused,
    /// The peer asks and does not read the answers.
    #[error("the peer does not read what it asked for")]
    OutputBacklog,
}
