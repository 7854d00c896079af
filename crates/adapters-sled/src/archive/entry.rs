//! Entries, of what lies in the tree and to be put there.

use greenroom_domain::account::{Session, User};
use greenroom_domain::channel::{Channel, StreamKey};
use greenroom_domain::chat::{Appointment, Place, Restriction, Room};
use greenroom_domain::recording::Recording;
use greenroom_domain::shared::archive::Entry;
use greenroom_domain::shared::feed::FeedPosition;
use greenroom_domain::shared::id::{ChannelId, StreamId};
use greenroom_domain::shared::once::Reply;
use greenroom_domain::shared::store::{StoreError, Stored};
use greenroom_domain::social::{Block, Follow};
use greenroom_domain::stream::{Stream, StreamCounts};
use sled::{Batch, IVec};

use crate::chat::{self, audit, line};
use crate::codec::{self, Kept, Unreadable, corrupt};
use crate::keyspace::{self, Meta, Space};
use crate::{draft, feed, social, stream};

/// What a pair of a space says, in a store of this epoch. Nothing is said by a counter that
/// has counted nothing.
pub(crate) fn of_pair(
    space: Space,
    key: &[u8],
    value: &[u8],
    epoch: u32,
) -> Result<Option<Entry>, StoreError> {
    let malformed = |what| corrupt(what, Unreadable::Key);
    Ok(Some(match space {
        Space::User => Entry::User(codec::decode_stored(value)?),
        Space::Session => Entry::Session(codec::decode(value)?),
        Space::Channel => Entry::Channel(codec::decode_stored(value)?),
        Space::StreamKey => Entry::StreamKey(codec::decode_stored(value)?),
        Space::Stream => Entry::Stream(codec::decode_stored(value)?),
        Space::Counters => {
            let id = keyspace::last_id(key).ok_or_else(|| malformed("counter"))?;
            let counts = stream::decode_counts(value)?;
            if counts == StreamCounts::default() {
                return Ok(None);
            }
            Entry::Counts(StreamId::from_uuid(id), counts)
        }
        Space::Recording => Entry::Recording(codec::decode_stored(value)?),
        Space::Room => Entry::Room(codec::decode_stored(value)?),
        Space::Restriction => Entry::Restriction(codec::decode(value)?),
        Space::Appointment => Entry::Appointment(codec::decode(value)?),
        Space::Follow => Entry::Follow(codec::decode_stored(value)?),
        Space::Followers => {
            let id = keyspace::last_id(key).ok_or_else(|| malformed(social::FOLLOWERS))?;
            Entry::Followers(ChannelId::from_uuid(id), social::decode_followers(value)?)
        }
        Space::Block => Entry::Block(codec::decode(value)?),
        Space::Audited => {
            let id = keyspace::first_id(key).ok_or_else(|| malformed(audit::AUDITED))?;
            Entry::Audited(ChannelId::from_uuid(id), audit::decode(value)?)
        }
        Space::Reply => Entry::Reply(codec::decode(value)?),
        Space::Claim => {
            let claim = keyspace::parse_claim(key).ok_or_else(|| malformed("claim"))?;
            Entry::Claim(claim, draft::decode_holder(value)?)
        }
        Space::Line => {
            let room = keyspace::first_id(key).ok_or_else(|| malformed(line::LINE))?;
            let seq = chat::seq_of(key)?;
            let line = line::decode(Place { epoch, seq }, value)?;
            Entry::Line(ChannelId::from_uuid(room), line)
        }
        Space::Cursor => {
            let consumer = keyspace::parse_cursor(key).ok_or_else(|| malformed("cursor"))?;
            Entry::Cursor(consumer.to_owned(), feed::decode_cursor(value)?)
        }
        _ => return Ok(None),
    }))
}

/// Puts an entry where it belongs, with the index keys that lead to it.
pub(crate) fn put(batch: &mut Batch, entry: Entry) -> Result<(), StoreError> {
    match entry {
        Entry::Epoch(epoch) => {
            batch.insert(keyspace::meta(Meta::Epoch), &epoch.to_be_bytes());
        }
        Entry::User(user) => stored::<User>(batch, &user)?,
        Entry::Session(session) => plain::<Session>(batch, &session)?,
        Entry::Channel(channel) => stored::<Channel>(batch, &channel)?,
        Entry::StreamKey(key) => stored::<StreamKey>(batch, &key)?,
        Entry::Stream(stream) => stored::<Stream>(batch, &stream)?,
        Entry::Counts(id, counts) => {
            batch.insert(keyspace::counters(id), stream::encode_counts(counts)?);
        }
        Entry::Recording(recording) => stored::<Recording>(batch, &recording)?,
        Entry::Room(room) => stored::<Room>(batch, &room)?,
        Entry::Restriction(restriction) => plain::<Restriction>(batch, &restriction)?,
        Entry::Appointment(appointment) => plain::<Appointment>(batch, &appointment)?,
        Entry::Follow(follow) => stored::<Follow>(batch, &follow)?,
        Entry::Followers(channel, followers) => {
            let value = social::encode_followers(followers);
            batch.insert(keyspace::followers(channel), value);
        }
        Entry::Block(block) => plain::<Block>(batch, &block)?,
        Entry::Audited(channel, event) => {
            let (key, value) = audit::encode_of(channel, &event)?;
            batch.insert(key, value);
        }
        Entry::Reply(reply) => plain::<Reply>(batch, &reply)?,
        Entry::Claim(claim, holder) => {
            batch.insert(keyspace::claim(&claim), draft::encode_holder(holder));
        }
        Entry::Line(room, line) => {
            let value = line::encode(line.at, &line.body)?;
            batch.insert(keyspace::line(room, line.place.seq), value);
        }
        // A feed that has forgotten nothing says nothing of it.
        Entry::FeedBase(FeedPosition::START) => {}
        Entry::FeedBase(base) => {
            batch.insert(keyspace::meta(Meta::FeedBase), &base.0.to_be_bytes());
        }
        Entry::FeedRecord(at, record) => {
            let parts = feed::encode_record(record.position, at, &record.lines, &record.events)?;
            for (key, part) in parts {
                batch.insert(key, part);
            }
        }
        Entry::Cursor(consumer, at) => {
            batch.insert(keyspace::cursor(&consumer), &at.0.to_be_bytes());
        }
    }
    Ok(())
}

fn stored<T: Kept>(batch: &mut Batch, stored: &Stored<T>) -> Result<(), StoreError> {
    let value = codec::encode_stored(&stored.value, stored.version)?;
    indexed(batch, &stored.value, value);
    Ok(())
}

fn plain<T: Kept>(batch: &mut Batch, value: &T) -> Result<(), StoreError> {
    indexed(batch, value, codec::encode(value)?);
    Ok(())
}

fn indexed<T: Kept>(batch: &mut Batch, kept: &T, value: IVec) {
    batch.insert(kept.key(), value);
    for index in kept.indexes() {
        batch.insert(index, IVec::default());
    }
}
