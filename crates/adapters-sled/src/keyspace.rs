//! The keys of the one tree.
//!
//! A key is the byte of its [`Space`], then fixed-width parts, so that a scan over a prefix
//! comes in the order that a listing wants. Numbers are big-endian; times are shifted so that
//! those before 1970 come first. A part of variable width is ended by a zero byte, which no
//! name can hold, or preceded by its length.
//!
//! An index key ends with the id (or the hash) that it leads to and has no value. It is
//! written in the same batch as what it leads to; a reader that finds it checks what it led
//! to, for it reads the two one after the other.

mod claim;
mod once;
mod social;

use greenroom_domain::account::{CreatorStatus, SessionId, Subject, Username};
use greenroom_domain::channel::Handle;
use greenroom_domain::chat::Seq;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::feed::FeedPosition;
use greenroom_domain::shared::id::{
    ChannelId, EventId, GuestId, RecordingId, StreamId, StreamKeyId, UserId,
};
use greenroom_domain::shared::secret::Mac;
use uuid::Uuid;

use self::claim::subject_part;

pub(crate) use self::claim::{claim, parse_claim};
pub(crate) use self::once::{parse_reply_by_time, reply, reply_by_time};
pub(crate) use self::social::{
    block, blocks, follow, followers, follows, follows_of_channel, follows_of_user,
    to_id_newest_first,
};

/// What a part of the tree holds. The bytes are on disk: never used again for another thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Space {
    Meta = 0x01,
    Claim = 0x02,
    Cursor = 0x03,
    Feed = 0x04,

    User = 0x10,
    UserByName = 0x11,
    UserBySubject = 0x12,
    UserByCreator = 0x13,
    Administrator = 0x14,
    Session = 0x18,
    SessionByExpiry = 0x19,
    SessionByUser = 0x1a,

    Channel = 0x20,
    ChannelByHandle = 0x21,
    ChannelByOwner = 0x22,
    StreamKey = 0x28,
    StreamKeyByHash = 0x29,
    StreamKeyByChannel = 0x2a,

    Stream = 0x30,
    StreamByChannel = 0x31,
    LiveStream = 0x32,
    LiveStreamByChannel = 0x33,
    DueStream = 0x34,
    Counters = 0x38,

    Room = 0x40,
    Restriction = 0x41,
    Appointment = 0x42,
    Audited = 0x43,
    Line = 0x48,

    Follow = 0x50,
    FollowByUser = 0x51,
    FollowByChannel = 0x52,
    Followers = 0x53,
    Block = 0x54,

    Reply = 0x58,
    ReplyByTime = 0x59,

    Recording = 0x60,
    RecordingByStream = 0x61,
    OpenRecording = 0x62,
}

pub(crate) type Key = Vec<u8>;

/// What is known of the store as a whole.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meta {
    /// The version of this layout, u32.
    Format,
    /// The node's id, 16 bytes.
    Node,
    /// The epoch of the rooms' logs, u32.
    Epoch,
    /// The feed's last forgotten position, u64.
    FeedBase,
}

fn key(space: Space, parts: &[&[u8]]) -> Key {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(space as u8);
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}

fn id(uuid: Uuid) -> [u8; 16] {
    uuid.into_bytes()
}

/// A time in an order that bytes have too.
fn time(at: Timestamp) -> [u8; 8] {
    (at.micros().cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

/// An identity in its own order: accounts before guests.
pub(crate) fn identity(who: Identity) -> [u8; 17] {
    let (kind, uuid) = identity_record(who);
    let mut bytes = [kind; 17];
    bytes[1..].copy_from_slice(uuid.as_bytes());
    bytes
}

/// An identity within a value.
pub(crate) fn identity_record(who: Identity) -> (u8, Uuid) {
    match who {
        Identity::User(user) => (0, user.uuid()),
        Identity::Guest(guest) => (1, guest.uuid()),
    }
}

/// The identity that [`identity`] wrote as this kind and id.
pub(crate) fn parse_identity(kind: u8, uuid: Uuid) -> Option<Identity> {
    match kind {
        0 => Some(Identity::User(UserId::from_uuid(uuid))),
        1 => Some(Identity::Guest(GuestId::from_uuid(uuid))),
        _ => None,
    }
}

/// The id at the end of an index key.
pub(crate) fn last_id(key: &[u8]) -> Option<Uuid> {
    key.last_chunk().copied().map(Uuid::from_bytes)
}

/// The hash at the end of an index key.
pub(crate) fn last_mac(key: &[u8]) -> Option<Mac> {
    key.last_chunk().copied().map(Mac)
}

/// The id right behind the space's byte.
pub(crate) fn first_id(key: &[u8]) -> Option<Uuid> {
    key.get(1..)?.first_chunk().copied().map(Uuid::from_bytes)
}

/// The number at the end of a key.
pub(crate) fn last_number(key: &[u8]) -> Option<u64> {
    key.last_chunk().copied().map(u64::from_be_bytes)
}

/// The first key that can stand behind a key.
pub(crate) fn behind(key: &[u8]) -> Key {
    with(key.to_vec(), &[&[0]])
}

/// Everything in a space.
pub(crate) fn all(space: Space) -> Key {
    key(space, &[])
}

pub(crate) fn meta(what: Meta) -> Key {
    let name: &[u8] = match what {
        Meta::Format => b"format",
        Meta::Node => b"node",
        Meta::Epoch => b"epoch",
        Meta::FeedBase => b"feed-base",
    };
    key(Space::Meta, &[name])
}

pub(crate) fn cursor(consumer: &str) -> Key {
    key(Space::Cursor, &[consumer.as_bytes()])
}

/// The consumer's name that [`cursor`] wrote.
pub(crate) fn parse_cursor(key: &[u8]) -> Option<&str> {
    std::str::from_utf8(key.get(1..)?).ok()
}

/// The first part of a record, and what its other parts' keys begin with.
pub(crate) fn feed(position: FeedPosition) -> Key {
    key(Space::Feed, &[&position.0.to_be_bytes()])
}

pub(crate) fn feed_part(position: FeedPosition, part: u16) -> Key {
    let (position, part) = (position.0.to_be_bytes(), part.to_be_bytes());
    key(Space::Feed, &[&position, &part])
}

/// Which record, and which part of it.
pub(crate) fn parse_feed_part(key: &[u8]) -> Option<(FeedPosition, u16)> {
    let (position, part) = key.get(1..)?.split_first_chunk()?;
    let part = part.try_into().ok().map(u16::from_be_bytes)?;
    Some((FeedPosition(u64::from_be_bytes(*position)), part))
}

pub(crate) fn user(user: UserId) -> Key {
    key(Space::User, &[&id(user.uuid())])
}

/// What all index keys of a name begin with.
pub(crate) fn users_named(name: &Username) -> Key {
    key(Space::UserByName, &[name.as_str().as_bytes(), &[0]])
}

pub(crate) fn users_of_subject(subject: &Subject) -> Key {
    key(Space::UserBySubject, &[&subject_part(subject)])
}

pub(crate) fn users_by_creator(status: CreatorStatus) -> Key {
    let status = match status {
        CreatorStatus::None => 0,
        CreatorStatus::Requested => 1,
        CreatorStatus::Approved => 2,
        CreatorStatus::Suspended => 3,
    };
    key(Space::UserByCreator, &[&[status]])
}

pub(crate) fn session(session: SessionId) -> Key {
    key(Space::Session, &[&session.0.0])
}

/// What the index keys of the sessions that end at a moment begin with.
pub(crate) fn sessions_ending(at: Timestamp) -> Key {
    key(Space::SessionByExpiry, &[&time(at)])
}

pub(crate) fn sessions_of(user: UserId) -> Key {
    key(Space::SessionByUser, &[&id(user.uuid())])
}

pub(crate) fn channel(channel: ChannelId) -> Key {
    key(Space::Channel, &[&id(channel.uuid())])
}

pub(crate) fn channels_at(handle: &Handle) -> Key {
    key(Space::ChannelByHandle, &[handle.as_str().as_bytes(), &[0]])
}

pub(crate) fn channels_of(owner: UserId) -> Key {
    key(Space::ChannelByOwner, &[&id(owner.uuid())])
}

pub(crate) fn stream_key(stream_key: StreamKeyId) -> Key {
    key(Space::StreamKey, &[&id(stream_key.uuid())])
}

pub(crate) fn stream_keys_hashed(hash: Mac) -> Key {
    key(Space::StreamKeyByHash, &[&hash.0])
}

pub(crate) fn stream_keys_of(channel: ChannelId) -> Key {
    key(Space::StreamKeyByChannel, &[&id(channel.uuid())])
}

pub(crate) fn stream(stream: StreamId) -> Key {
    key(Space::Stream, &[&id(stream.uuid())])
}

pub(crate) fn streams_of(channel: ChannelId) -> Key {
    key(Space::StreamByChannel, &[&id(channel.uuid())])
}

pub(crate) fn live_streams_of(channel: ChannelId) -> Key {
    key(Space::LiveStreamByChannel, &[&id(channel.uuid())])
}

/// What the index keys of the streams that are due at a moment begin with.
pub(crate) fn streams_due(at: Timestamp) -> Key {
    key(Space::DueStream, &[&time(at)])
}

pub(crate) fn counters(stream: StreamId) -> Key {
    key(Space::Counters, &[&id(stream.uuid())])
}

pub(crate) fn recording(recording: RecordingId) -> Key {
    key(Space::Recording, &[&id(recording.uuid())])
}

pub(crate) fn recordings_of(stream: StreamId) -> Key {
    key(Space::RecordingByStream, &[&id(stream.uuid())])
}

pub(crate) fn room(room: ChannelId) -> Key {
    key(Space::Room, &[&id(room.uuid())])
}

pub(crate) fn restrictions(room: ChannelId) -> Key {
    key(Space::Restriction, &[&id(room.uuid())])
}

pub(crate) fn restriction(room: ChannelId, subject: Identity) -> Key {
    with(restrictions(room), &[&identity(subject)])
}

pub(crate) fn appointments(channel: ChannelId) -> Key {
    key(Space::Appointment, &[&id(channel.uuid())])
}

pub(crate) fn appointment(channel: ChannelId, user: UserId) -> Key {
    to_id(appointments(channel), user.uuid())
}

pub(crate) fn audits(channel: ChannelId) -> Key {
    key(Space::Audited, &[&id(channel.uuid())])
}

pub(crate) fn audited(channel: ChannelId, at: Timestamp, event: EventId) -> Key {
    to_id_by_time(audits(channel), at, event.uuid())
}

pub(crate) fn lines(room: ChannelId) -> Key {
    key(Space::Line, &[&id(room.uuid())])
}

pub(crate) fn line(room: ChannelId, seq: Seq) -> Key {
    with(lines(room), &[&seq.0.to_be_bytes()])
}

/// An index key: its prefix, and the id that it leads to.
pub(crate) fn to_id(prefix: Key, target: Uuid) -> Key {
    with(prefix, &[&id(target)])
}

/// An index key in the order of a time.
pub(crate) fn to_id_by_time(prefix: Key, at: Timestamp, target: Uuid) -> Key {
    with(prefix, &[&time(at), &id(target)])
}

/// An index key that leads to a session.
pub(crate) fn to_session(prefix: Key, target: SessionId) -> Key {
    with(prefix, &[&target.0.0])
}

fn with(mut prefix: Key, parts: &[&[u8]]) -> Key {
    for part in parts {
        prefix.extend_from_slice(part);
    }
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_order_as_bytes_too() {
        let times = [i64::MIN, -1, 0, 1, i64::MAX].map(Timestamp::from_micros);
        let keys = times.map(streams_due);
        assert!(keys.is_sorted(), "{keys:?}");
    }

    #[test]
    fn an_identity_is_in_order_and_comes_back() {
        let user = Identity::User(UserId::from_uuid(Uuid::from_u128(9)));
        let guest = Identity::Guest(GuestId::from_uuid(Uuid::from_u128(1)));
        assert!(user < guest && identity(user) < identity(guest));
        assert_eq!(
            parse_identity(identity(guest)[0], Uuid::from_u128(1)),
            Some(guest)
        );
        assert_eq!(parse_identity(7, Uuid::nil()), None);
    }
}
