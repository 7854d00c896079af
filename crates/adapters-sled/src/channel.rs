//! Channels and stream keys.

use async_trait::async_trait;
use greenroom_domain::channel::{
    Category, Channel, ChannelTitle, Channels, Description, Handle, IngestGate, KeyLabel, KeyState,
    Language, StreamKey, StreamKeys, Tag, Tags,
};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, PictureId, StreamId, StreamKeyId, UserId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::secret::{Mac, Sealed};
use greenroom_domain::shared::store::{StoreError, Stored};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::codec::{BoxError, Kept};
use crate::keyspace::{self, Key, Space};
use crate::read::{Listing, Order};
use crate::{SledStore, read};

#[async_trait]
impl Channels for SledStore {
    async fn get(&self, id: ChannelId) -> Result<Option<Stored<Channel>>, StoreError> {
        self.read(|tree| read::stored(tree, &keyspace::channel(id)))
    }

    async fn get_many(&self, ids: &[ChannelId]) -> Result<Vec<Channel>, StoreError> {
        let keys = ids.iter().copied().map(keyspace::channel).collect();
        self.scan(move |tree| read::many(tree, keys)).await
    }

    async fn by_handle(&self, handle: &Handle) -> Result<Option<Stored<Channel>>, StoreError> {
        let prefix = keyspace::channels_at(handle);
        self.read(|tree| {
            read::indexed(tree, &prefix, channel_key, |channel: &Channel| {
                channel.handle == *handle
            })
        })
    }

    async fn by_owner(&self, owner: UserId) -> Result<Option<Stored<Channel>>, StoreError> {
        let prefix = keyspace::channels_of(owner);
        self.read(|tree| {
            read::indexed(tree, &prefix, channel_key, |channel: &Channel| {
                channel.owner == owner
            })
        })
    }

    async fn list(
        &self,
        page: &PageRequest,
    ) -> Result<Result<Page<Channel>, UnknownCursor>, StoreError> {
        let listing = Listing {
            name: "channels".to_owned(),
            prefix: keyspace::all(Space::ChannelByHandle),
            order: Order::Ascending,
        };
        let page = page.clone();
        self.scan(move |tree| listing.page(tree, &page, channel_key, |_: &Channel| true))
            .await
    }
}

#[async_trait]
impl StreamKeys for SledStore {
    async fn get(&self, id: StreamKeyId) -> Result<Option<Stored<StreamKey>>, StoreError> {
        self.read(|tree| read::stored(tree, &keyspace::stream_key(id)))
    }

    async fn by_hash(&self, hash: Mac) -> Result<Option<Stored<StreamKey>>, StoreError> {
        let prefix = keyspace::stream_keys_hashed(hash);
        self.read(|tree| {
            read::indexed(tree, &prefix, stream_key_key, |key: &StreamKey| {
                key.hash() == Some(hash)
            })
        })
    }

    async fn of_channel(&self, channel: ChannelId) -> Result<Vec<StreamKey>, StoreError> {
        self.scan(move |tree| {
            let indexes = tree.scan_prefix(keyspace::stream_keys_of(channel)).keys();
            let all = read::all_indexed(
                tree,
                indexes,
                stream_key_key,
                |_: &StreamKey| true,
                usize::MAX,
            )?;
            Ok(all.into_iter().map(|stored| stored.value).collect())
        })
        .await
    }
}

fn channel_key(index: &[u8]) -> Option<Key> {
    keyspace::last_id(index).map(|id| keyspace::channel(ChannelId::from_uuid(id)))
}

fn stream_key_key(index: &[u8]) -> Option<Key> {
    keyspace::last_id(index).map(|id| keyspace::stream_key(StreamKeyId::from_uuid(id)))
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ChannelRecord {
    id: Uuid,
    owner: Uuid,
    handle: String,
    title: String,
    description: String,
    category: Option<String>,
    language: Option<String>,
    tags: Vec<String>,
    #[serde(default)]
    cover: Option<Uuid>,
    gate: GateRecord,
    created_at: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum GateRecord {
    Open,
    Held { key: Uuid, until: i64 },
    Locked { since: i64 },
}

impl Kept for Channel {
    const WHAT: &'static str = "channel";
    type Record = ChannelRecord;

    fn key(&self) -> Key {
        keyspace::channel(self.id)
    }

    fn indexes(&self) -> Vec<Key> {
        let id = self.id.uuid();
        vec![
            keyspace::to_id(keyspace::channels_at(&self.handle), id),
            keyspace::to_id(keyspace::channels_of(self.owner), id),
        ]
    }

    fn record(&self) -> ChannelRecord {
        ChannelRecord {
            id: self.id.uuid(),
            owner: self.owner.uuid(),
            handle: self.handle.as_str().to_owned(),
            title: self.title.as_str().to_owned(),
            description: self.description.as_str().to_owned(),
            category: self.category.as_ref().map(|c| c.as_str().to_owned()),
            language: self.language.as_ref().map(|l| l.as_str().to_owned()),
            tags: self
                .tags
                .iter()
                .map(|tag| tag.as_str().to_owned())
                .collect(),
            cover: self.cover.map(PictureId::uuid),
            gate: match self.gate {
                IngestGate::Open => GateRecord::Open,
                IngestGate::Held { key, until } => GateRecord::Held {
                    key: key.uuid(),
                    until: until.micros(),
                },
                IngestGate::Locked { since } => GateRecord::Locked {
                    since: since.micros(),
                },
            },
            created_at: self.created_at.micros(),
        }
    }

    fn parse(record: ChannelRecord) -> Result<Self, BoxError> {
        let tags: Result<Vec<_>, _> = record.tags.iter().map(|tag| Tag::parse(tag)).collect();
        Ok(Self {
            id: ChannelId::from_uuid(record.id),
            owner: UserId::from_uuid(record.owner),
            handle: Handle::parse(&record.handle)?,
            title: ChannelTitle::parse(&record.title)?,
            description: Description::parse(&record.description)?,
            category: record
                .category
                .as_deref()
                .map(Category::parse)
                .transpose()?,
            language: record
                .language
                .as_deref()
                .map(Language::parse)
                .transpose()?,
            tags: Tags::new(tags?)?,
            cover: record.cover.map(PictureId::from_uuid),
            gate: match record.gate {
                GateRecord::Open => IngestGate::Open,
                GateRecord::Held { key, until } => IngestGate::Held {
                    key: StreamKeyId::from_uuid(key),
                    until: Timestamp::from_micros(until),
                },
                GateRecord::Locked { since } => IngestGate::Locked {
                    since: Timestamp::from_micros(since),
                },
            },
            created_at: Timestamp::from_micros(record.created_at),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct StreamKeyRecord {
    id: Uuid,
    channel: Uuid,
    label: String,
    bound_to: Option<Uuid>,
    state: KeyStateRecord,
    created_at: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeyStateRecord {
    Active {
        hash: [u8; 32],
        sealed: Vec<u8>,
        since: i64,
    },
    Revoked {
        at: i64,
    },
}

impl Kept for StreamKey {
    const WHAT: &'static str = "stream key";
    type Record = StreamKeyRecord;

    fn key(&self) -> Key {
        keyspace::stream_key(self.id)
    }

    fn indexes(&self) -> Vec<Key> {
        let id = self.id.uuid();
        let by_channel = keyspace::stream_keys_of(self.channel);
        let mut keys = vec![keyspace::to_id_by_time(by_channel, self.created_at, id)];
        keys.extend(
            self.hash()
                .map(|hash| keyspace::to_id(keyspace::stream_keys_hashed(hash), id)),
        );
        keys
    }

    fn record(&self) -> StreamKeyRecord {
        StreamKeyRecord {
            id: self.id.uuid(),
            channel: self.channel.uuid(),
            label: self.label.as_str().to_owned(),
            bound_to: self.bound_to.map(StreamId::uuid),
            state: match &self.state {
                KeyState::Active {
                    hash,
                    sealed,
                    since,
                } => KeyStateRecord::Active {
                    hash: hash.0,
                    sealed: sealed.0.clone(),
                    since: since.micros(),
                },
                KeyState::Revoked { at } => KeyStateRecord::Revoked { at: at.micros() },
            },
            created_at: self.created_at.micros(),
        }
    }

    fn parse(record: StreamKeyRecord) -> Result<Self, BoxError> {
        Ok(Self {
            id: StreamKeyId::from_uuid(record.id),
            channel: ChannelId::from_uuid(record.channel),
            label: KeyLabel::parse(&record.label)?,
            bound_to: record.bound_to.map(StreamId::from_uuid),
            state: match record.state {
                KeyStateRecord::Active {
                    hash,
                    sealed,
                    since,
                } => KeyState::Active {
                    hash: Mac(hash),
                    sealed: Sealed(sealed),
                    since: Timestamp::from_micros(since),
                },
                KeyStateRecord::Revoked { at } => KeyState::Revoked {
                    at: Timestamp::from_micros(at),
                },
            },
            created_at: Timestamp::from_micros(record.created_at),
        })
    }
}
