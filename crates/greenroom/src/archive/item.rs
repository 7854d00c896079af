//! The lines of an archive.
//!
//! What the domain publishes stands in them as it does everywhere; aggregates have a shape of
//! their own here, and come back through the domain's checks.

mod account;
mod channel;
mod chat;
mod claim;
mod feed;
mod once;
mod recording;
mod social;
mod stream;

use std::collections::BTreeMap;
use std::{fmt, io};

use greenroom_domain::shared::archive::{BoxError, Entry};
use greenroom_domain::shared::feed::FeedPosition;
use greenroom_domain::shared::store::{Stored, Version};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::archive::Summary;

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Item {
    Header(Header),
    Epoch(u32),
    User(account::UserEntry),
    Session(account::SessionEntry),
    Channel(channel::ChannelEntry),
    StreamKey(channel::StreamKeyEntry),
    Stream(stream::StreamEntry),
    Counts(stream::CountsEntry),
    Recording(recording::RecordingEntry),
    Room(chat::RoomEntry),
    Restriction(chat::RestrictionEntry),
    Appointment(chat::AppointmentEntry),
    Follow(social::FollowEntry),
    Followers(social::FollowersEntry),
    Block(social::BlockEntry),
    Audited(chat::AuditedEntry),
    Reply(once::ReplyEntry),
    Claim(claim::ClaimEntry),
    Line(chat::LineEntry),
    FeedBase(u64),
    FeedRecord(feed::FeedRecordEntry),
    Cursor(feed::CursorEntry),
    Footer(Footer),
    /// Instead of what was to come: why it does not.
    Refused(String),
}

/// What an archive is.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: u32,
    /// RFC 3339.
    pub(super) made_at: String,
    /// Which version of Greenroom.
    pub(super) made_by: String,
    /// Out of which kind of store.
    pub(super) store: String,
    /// The fingerprint of the key that its secrets are sealed under.
    pub(super) master_key: String,
}

/// What was in it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Footer {
    entries: BTreeMap<String, u64>,
    /// SHA-256 of the entries' lines.
    content: String,
    /// SHA-256 of all lines before this one.
    sha256: String,
}

impl Footer {
    pub(super) fn of(summary: &Summary, sha256: String) -> Self {
        let entries = summary.entries.iter();
        Self {
            entries: entries.map(|(name, n)| (name.to_owned(), n)).collect(),
            content: summary.content.clone(),
            sha256,
        }
    }
}

impl Item {
    /// With the line break.
    pub(super) fn to_line(&self) -> io::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        Ok(line)
    }

    /// The entry that it is; `None` when it is none.
    pub(super) fn into_entry(self) -> Result<Option<Entry>, BoxError> {
        Ok(Some(match self {
            Self::Epoch(epoch) => Entry::Epoch(epoch),
            Self::User(user) => Entry::User(user.parse()?),
            Self::Session(session) => Entry::Session(session.parse()?),
            Self::Channel(channel) => Entry::Channel(channel.parse()?),
            Self::StreamKey(key) => Entry::StreamKey(key.parse()?),
            Self::Stream(stream) => Entry::Stream(stream.parse()?),
            Self::Counts(counts) => {
                let (stream, counts) = counts.parse();
                Entry::Counts(stream, counts)
            }
            Self::Recording(recording) => Entry::Recording(recording.parse()?),
            Self::Room(room) => Entry::Room(room.parse()?),
            Self::Restriction(restriction) => Entry::Restriction(restriction.parse()),
            Self::Appointment(appointment) => Entry::Appointment(appointment.into()),
            Self::Follow(follow) => Entry::Follow(follow.parse()?),
            Self::Followers(it) => Entry::Followers(it.channel, it.count),
            Self::Block(block) => Entry::Block(block.into()),
            Self::Audited(it) => Entry::Audited(it.channel, it.event),
            Self::Reply(reply) => Entry::Reply(reply.parse()?),
            Self::Claim(claim) => {
                let (claim, holder) = claim.parse()?;
                Entry::Claim(claim, holder)
            }
            Self::Line(line) => {
                let (room, line) = line.parse()?;
                Entry::Line(room, line)
            }
            Self::FeedBase(base) => Entry::FeedBase(FeedPosition(base)),
            Self::FeedRecord(record) => {
                let (at, record) = record.parse();
                Entry::FeedRecord(at, record)
            }
            Self::Cursor(cursor) => {
                let (consumer, at) = cursor.parse()?;
                Entry::Cursor(consumer, at)
            }
            Self::Header(_) | Self::Footer(_) | Self::Refused(_) => return Ok(None),
        }))
    }
}

impl From<Entry> for Item {
    fn from(entry: Entry) -> Self {
        match entry {
            Entry::Epoch(epoch) => Self::Epoch(epoch),
            Entry::User(user) => Self::User(user.into()),
            Entry::Session(session) => Self::Session(session.into()),
            Entry::Channel(channel) => Self::Channel(channel.into()),
            Entry::StreamKey(key) => Self::StreamKey(key.into()),
            Entry::Stream(stream) => Self::Stream(stream.into()),
            Entry::Counts(stream, counts) => Self::Counts((stream, counts).into()),
            Entry::Recording(recording) => Self::Recording(recording.into()),
            Entry::Room(room) => Self::Room(room.into()),
            Entry::Restriction(restriction) => Self::Restriction(restriction.into()),
            Entry::Appointment(appointment) => Self::Appointment(appointment.into()),
            Entry::Follow(follow) => Self::Follow(follow.into()),
            Entry::Followers(channel, count) => {
                Self::Followers(social::FollowersEntry { channel, count })
            }
            Entry::Block(block) => Self::Block(block.into()),
            Entry::Audited(channel, event) => Self::Audited(chat::AuditedEntry { channel, event }),
            Entry::Reply(reply) => Self::Reply(reply.into()),
            Entry::Claim(claim, holder) => Self::Claim((claim, holder).into()),
            Entry::Line(room, line) => Self::Line(chat::LineEntry { room, line }),
            Entry::FeedBase(base) => Self::FeedBase(base.0),
            Entry::FeedRecord(at, record) => Self::FeedRecord((at, record).into()),
            Entry::Cursor(consumer, at) => Self::Cursor((consumer, at).into()),
        }
    }
}

/// An aggregate with the version that it had; one that was never written has none.
fn stored<T>(value: T, version: u64) -> Result<Stored<T>, BoxError> {
    match Version(version) {
        Version::NEW => Err("its version is 0".into()),
        version => Ok(Stored { value, version }),
    }
}

/// Bytes as hexadecimal digits.
#[derive(Clone)]
pub(super) struct Hex(Vec<u8>);

impl Hex {
    fn array<const N: usize>(self) -> Result<[u8; N], BoxError> {
        let wrong = |bytes: Vec<u8>| format!("{} bytes where there should be {N}", bytes.len());
        self.0.try_into().map_err(|bytes| wrong(bytes).into())
    }
}

impl From<&[u8]> for Hex {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok();
        match pairs.iter().map(byte).collect() {
            Some(bytes) if rest.is_empty() => Ok(Self(bytes)),
            _ => Err(D::Error::custom("hexadecimal digits are expected")),
        }
    }
}
