//! Names that only one may have, and who has them.

use greenroom_domain::account::Username;
use greenroom_domain::channel::Handle;
use greenroom_domain::shared::archive::BoxError;
use greenroom_domain::shared::commit::{Claim, Holder};
use greenroom_domain::shared::id::{ChannelId, RecordingId, StreamId, StreamKeyId, UserId};
use greenroom_domain::shared::secret::Mac;
use serde::{Deserialize, Serialize};

use super::Hex;
use super::account::SubjectEntry;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct ClaimEntry {
    name: NameEntry,
    holder: HolderEntry,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum NameEntry {
    Username(Username),
    Subject(SubjectEntry),
    FirstAdministrator,
    Handle(Handle),
    ChannelOf(UserId),
    KeyHash(Hex),
    LiveStream(ChannelId),
    RecordingOf(StreamId),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HolderEntry {
    User(UserId),
    Channel(ChannelId),
    StreamKey(StreamKeyId),
    Stream(StreamId),
    Recording(RecordingId),
}

impl From<(Claim, Holder)> for ClaimEntry {
    fn from((claim, holder): (Claim, Holder)) -> Self {
        Self {
            name: match claim {
                Claim::Username(name) => NameEntry::Username(name),
                Claim::Subject(subject) => NameEntry::Subject(subject.into()),
                Claim::FirstAdministrator => NameEntry::FirstAdministrator,
                Claim::Handle(handle) => NameEntry::Handle(handle),
                Claim::ChannelOf(user) => NameEntry::ChannelOf(user),
                Claim::KeyHash(hash) => NameEntry::KeyHash(Hex::from(&hash.0[..])),
                Claim::LiveStream(channel) => NameEntry::LiveStream(channel),
                Claim::RecordingOf(stream) => NameEntry::RecordingOf(stream),
            },
            holder: match holder {
                Holder::User(id) => HolderEntry::User(id),
                Holder::Channel(id) => HolderEntry::Channel(id),
                Holder::StreamKey(id) => HolderEntry::StreamKey(id),
                Holder::Stream(id) => HolderEntry::Stream(id),
                Holder::Recording(id) => HolderEntry::Recording(id),
            },
        }
    }
}

impl ClaimEntry {
    pub(super) fn parse(self) -> Result<(Claim, Holder), BoxError> {
        let claim = match self.name {
            NameEntry::Username(name) => Claim::Username(name),
            NameEntry::Subject(subject) => Claim::Subject(subject.into()),
            NameEntry::FirstAdministrator => Claim::FirstAdministrator,
            NameEntry::Handle(handle) => Claim::Handle(handle),
            NameEntry::ChannelOf(user) => Claim::ChannelOf(user),
            NameEntry::KeyHash(hash) => Claim::KeyHash(Mac(hash.array()?)),
            NameEntry::LiveStream(channel) => Claim::LiveStream(channel),
            NameEntry::RecordingOf(stream) => Claim::RecordingOf(stream),
        };
        let holder = match self.holder {
            HolderEntry::User(id) => Holder::User(id),
            HolderEntry::Channel(id) => Holder::Channel(id),
            HolderEntry::StreamKey(id) => Holder::StreamKey(id),
            HolderEntry::Stream(id) => Holder::Stream(id),
            HolderEntry::Recording(id) => Holder::Recording(id),
        };
        Ok((claim, holder))
    }
}
