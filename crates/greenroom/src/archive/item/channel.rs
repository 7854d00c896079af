//! Channels and stream keys.

use greenroom_domain::channel::{
    Category, Channel, ChannelTitle, Description, Handle, IngestGate, KeyLabel, KeyState, Language,
    StreamKey, Tag, Tags,
};
use greenroom_domain::shared::archive::BoxError;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, PictureId, StreamId, StreamKeyId, UserId};
use greenroom_domain::shared::secret::{Mac, Sealed};
use greenroom_domain::shared::store::Stored;
use serde::{Deserialize, Serialize};

use super::{Hex, stored};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct ChannelEntry {
    version: u64,
    id: ChannelId,
    owner: UserId,
    handle: Handle,
    title: ChannelTitle,
    description: Description,
    category: Option<Category>,
    language: Option<Language>,
    tags: Vec<Tag>,
    cover: Option<PictureId>,
    gate: GateEntry,
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum GateEntry {
    Open,
    Held { key: StreamKeyId, until: Timestamp },
    Locked { since: Timestamp },
}

impl From<Stored<Channel>> for ChannelEntry {
    fn from(channel: Stored<Channel>) -> Self {
        let Stored { value, version } = channel;
        Self {
            version: version.0,
            id: value.id,
            owner: value.owner,
            handle: value.handle,
            title: value.title,
            description: value.description,
            category: value.category,
            language: value.language,
            tags: value.tags.iter().cloned().collect(),
            cover: value.cover,
            gate: match value.gate {
                IngestGate::Open => GateEntry::Open,
                IngestGate::Held { key, until } => GateEntry::Held { key, until },
                IngestGate::Locked { since } => GateEntry::Locked { since },
            },
            created_at: value.created_at,
        }
    }
}

impl ChannelEntry {
    pub(super) fn parse(self) -> Result<Stored<Channel>, BoxError> {
        let channel = Channel {
            id: self.id,
            owner: self.owner,
            handle: self.handle,
            title: self.title,
            description: self.description,
            category: self.category,
            language: self.language,
            tags: Tags::new(self.tags)?,
            cover: self.cover,
            gate: match self.gate {
                GateEntry::Open => IngestGate::Open,
                GateEntry::Held { key, until } => IngestGate::Held { key, until },
                GateEntry::Locked { since } => IngestGate::Locked { since },
            },
            created_at: self.created_at,
        };
        stored(channel, self.version)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct StreamKeyEntry {
    version: u64,
    id: StreamKeyId,
    channel: ChannelId,
    label: KeyLabel,
    bound_to: Option<StreamId>,
    state: KeyStateEntry,
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeyStateEntry {
    Active {
        /// Keyed.
        hash: Hex,
        /// Under the master key.
        sealed: Hex,
        since: Timestamp,
    },
    Revoked {
        at: Timestamp,
    },
}

impl From<Stored<StreamKey>> for StreamKeyEntry {
    fn from(key: Stored<StreamKey>) -> Self {
        let Stored { value, version } = key;
        Self {
            version: version.0,
            id: value.id,
            channel: value.channel,
            label: value.label,
            bound_to: value.bound_to,
            state: match value.state {
                KeyState::Active {
                    hash,
                    sealed,
                    since,
                } => KeyStateEntry::Active {
                    hash: Hex::from(&hash.0[..]),
                    sealed: Hex::from(&sealed.0[..]),
                    since,
                },
                KeyState::Revoked { at } => KeyStateEntry::Revoked { at },
            },
            created_at: value.created_at,
        }
    }
}

impl StreamKeyEntry {
    pub(super) fn parse(self) -> Result<Stored<StreamKey>, BoxError> {
        let key = StreamKey {
            id: self.id,
            channel: self.channel,
            label: self.label,
            bound_to: self.bound_to,
            state: match self.state {
                KeyStateEntry::Active {
                    hash,
                    sealed,
                    since,
                } => KeyState::Active {
                    hash: Mac(hash.array()?),
                    sealed: Sealed(sealed.0),
                    since,
                },
                KeyStateEntry::Revoked { at } => KeyState::Revoked { at },
            },
            created_at: self.created_at,
        };
        stored(key, self.version)
    }
}
