//! Channels and stream keys.

use std::collections::HashMap;

use async_trait::async_trait;
use greenroom_domain::channel::{
    Category, Channel, ChannelTitle, Channels, Description, Handle, IngestGate, KeyLabel, KeyState,
    Language, StreamKey, StreamKeys, Tag, Tags,
};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, PictureId, StreamId, StreamKeyId, UserId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::secret::{Mac, Sealed};
use greenroom_domain::shared::store::{StoreError, Stored, Version};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::PgStore;
use crate::error::{Impossible, corrupt};
use crate::hex;
use crate::number::bigint;
use crate::read::{self, Listing, Row};

const CHANNEL: &str = "channel";
const STREAM_KEY: &str = "stream key";

/// The channels' rows that fit.
macro_rules! channels {
    ($where:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            ChannelRow,
            r#"SELECT id, version, owner, handle, title, description, category, language, tags,
             cover, gate AS "gate: Json<GateRecord>", created_at FROM channels "# + $where
            $(, $argument)*
        )
    };
}

/// The stream keys' rows that fit.
macro_rules! stream_keys {
    ($where:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            StreamKeyRow,
            "SELECT id, version, channel, label, bound_to, hash, sealed, active_since, \
             revoked_at, created_at FROM stream_keys " + $where
            $(, $argument)*
        )
    };
}

#[async_trait]
impl Channels for PgStore {
    async fn get(&self, id: ChannelId) -> Result<Option<Stored<Channel>>, StoreError> {
        read::one(
            self.read(|| channels!("WHERE id = $1", id.uuid()).fetch_optional(&self.pool))
                .await?,
        )
    }

    async fn get_many(&self, ids: &[ChannelId]) -> Result<Vec<Channel>, StoreError> {
        let wanted: Vec<Uuid> = ids.iter().copied().map(ChannelId::uuid).collect();
        let rows = self
            .read(|| channels!("WHERE id = ANY($1)", &wanted).fetch_all(&self.pool))
            .await?;
        let found = read::all(rows)?.into_iter().map(|it| (it.id, it));
        let found: HashMap<_, _> = found.collect();
        Ok(ids.iter().filter_map(|id| found.get(id).cloned()).collect())
    }

    async fn by_handle(&self, handle: &Handle) -> Result<Option<Stored<Channel>>, StoreError> {
        read::one(
            self.read(|| {
                channels!("WHERE handle = $1 ORDER BY id LIMIT 1", handle.as_str())
                    .fetch_optional(&self.pool)
            })
            .await?,
        )
    }

    async fn by_owner(&self, owner: UserId) -> Result<Option<Stored<Channel>>, StoreError> {
        read::one(
            self.read(|| {
                channels!("WHERE owner = $1 ORDER BY id LIMIT 1", owner.uuid())
                    .fetch_optional(&self.pool)
            })
            .await?,
        )
    }

    async fn list(
        &self,
        page: &PageRequest,
    ) -> Result<Result<Page<Channel>, UnknownCursor>, StoreError> {
        let listing = match Listing::of("channels", page, |text| Handle::parse(text).ok()) {
            Ok(listing) => listing,
            Err(unknown) => return Ok(Err(unknown)),
        };
        // No handle is empty.
        let after = listing.after.as_ref().map_or("", Handle::as_str);
        let rows = self
            .read(|| {
                channels!(
                    "WHERE handle > $1 ORDER BY handle LIMIT $2",
                    after,
                    listing.rows()
                )
                .fetch_all(&self.pool)
            })
            .await?;
        listing.page(rows, |it| it.handle.to_string()).map(Ok)
    }
}

#[async_trait]
impl StreamKeys for PgStore {
    async fn get(&self, id: StreamKeyId) -> Result<Option<Stored<StreamKey>>, StoreError> {
        read::one(
            self.read(|| stream_keys!("WHERE id = $1", id.uuid()).fetch_optional(&self.pool))
                .await?,
        )
    }

    async fn by_hash(&self, hash: Mac) -> Result<Option<Stored<StreamKey>>, StoreError> {
        read::one(
            self.read(|| {
                stream_keys!("WHERE hash = $1 ORDER BY id LIMIT 1", &hash.0)
                    .fetch_optional(&self.pool)
            })
            .await?,
        )
    }

    async fn of_channel(&self, channel: ChannelId) -> Result<Vec<StreamKey>, StoreError> {
        read::all(
            self.read(|| {
                stream_keys!("WHERE channel = $1 ORDER BY created_at, id", channel.uuid())
                    .fetch_all(&self.pool)
            })
            .await?,
        )
    }
}

/// Some channels in the order of their ids, behind one.
pub(crate) async fn channels_behind(
    connection: &mut PgConnection,
    after: Uuid,
    most: i64,
) -> sqlx::Result<Vec<ChannelRow>> {
    channels!("WHERE id > $1 ORDER BY id LIMIT $2", after, most)
        .fetch_all(connection)
        .await
}

/// Some stream keys in the order of their ids, behind one.
pub(crate) async fn stream_keys_behind(
    connection: &mut PgConnection,
    after: Uuid,
    most: i64,
) -> sqlx::Result<Vec<StreamKeyRow>> {
    stream_keys!("WHERE id > $1 ORDER BY id LIMIT $2", after, most)
        .fetch_all(connection)
        .await
}

#[derive(Serialize)]
pub(crate) struct ChannelRow {
    id: Uuid,
    version: i64,
    owner: Uuid,
    handle: String,
    title: String,
    description: String,
    category: Option<String>,
    language: Option<String>,
    tags: Vec<String>,
    cover: Option<Uuid>,
    gate: Json<GateRecord>,
    created_at: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum GateRecord {
    Open,
    Held { key: Uuid, until: i64 },
    Locked { since: i64 },
}

impl ChannelRow {
    pub(crate) fn of(channel: &Channel, version: Version) -> Self {
        Self {
            id: channel.id.uuid(),
            version: bigint(version.0),
            owner: channel.owner.uuid(),
            handle: channel.handle.as_str().to_owned(),
            title: channel.title.as_str().to_owned(),
            description: channel.description.as_str().to_owned(),
            category: channel.category.as_ref().map(|it| it.as_str().to_owned()),
            language: channel.language.as_ref().map(|it| it.as_str().to_owned()),
            tags: channel
                .tags
                .iter()
                .map(|it| it.as_str().to_owned())
                .collect(),
            cover: channel.cover.map(PictureId::uuid),
            gate: Json(match channel.gate {
                IngestGate::Open => GateRecord::Open,
                IngestGate::Held { key, until } => GateRecord::Held {
                    key: key.uuid(),
                    until: until.micros(),
                },
                IngestGate::Locked { since } => GateRecord::Locked {
                    since: since.micros(),
                },
            }),
            created_at: channel.created_at.micros(),
        }
    }
}

impl Row for ChannelRow {
    type Aggregate = Channel;

    fn version(&self) -> i64 {
        self.version
    }

    fn parse(self) -> Result<Channel, StoreError> {
        let text = |e| corrupt(CHANNEL, e);
        let tags: Result<Vec<_>, _> = self.tags.iter().map(|tag| Tag::parse(tag)).collect();
        Ok(Channel {
            id: ChannelId::from_uuid(self.id),
            owner: UserId::from_uuid(self.owner),
            handle: Handle::parse(&self.handle).map_err(text)?,
            title: ChannelTitle::parse(&self.title).map_err(text)?,
            description: Description::parse(&self.description).map_err(text)?,
            category: self
                .category
                .as_deref()
                .map(Category::parse)
                .transpose()
                .map_err(text)?,
            language: self
                .language
                .as_deref()
                .map(Language::parse)
                .transpose()
                .map_err(text)?,
            tags: Tags::new(tags.map_err(text)?).map_err(|e| corrupt(CHANNEL, e))?,
            cover: self.cover.map(PictureId::from_uuid),
            gate: match self.gate.0 {
                GateRecord::Open => IngestGate::Open,
                GateRecord::Held { key, until } => IngestGate::Held {
                    key: StreamKeyId::from_uuid(key),
                    until: Timestamp::from_micros(until),
                },
                GateRecord::Locked { since } => IngestGate::Locked {
                    since: Timestamp::from_micros(since),
                },
            },
            created_at: Timestamp::from_micros(self.created_at),
        })
    }
}

#[derive(Serialize)]
pub(crate) struct StreamKeyRow {
    id: Uuid,
    version: i64,
    channel: Uuid,
    label: String,
    bound_to: Option<Uuid>,
    #[serde(serialize_with = "hex::option")]
    hash: Option<Vec<u8>>,
    #[serde(serialize_with = "hex::option")]
    sealed: Option<Vec<u8>>,
    active_since: Option<i64>,
    revoked_at: Option<i64>,
    created_at: i64,
}

impl StreamKeyRow {
    pub(crate) fn of(key: &StreamKey, version: Version) -> Self {
        let mut row = Self {
            id: key.id.uuid(),
            version: bigint(version.0),
            channel: key.channel.uuid(),
            label: key.label.as_str().to_owned(),
            bound_to: key.bound_to.map(StreamId::uuid),
            hash: None,
            sealed: None,
            active_since: None,
            revoked_at: None,
            created_at: key.created_at.micros(),
        };
        match &key.state {
            KeyState::Active {
                hash,
                sealed,
                since,
            } => {
                row.hash = Some(hash.0.to_vec());
                row.sealed = Some(sealed.0.clone());
                row.active_since = Some(since.micros());
            }
            KeyState::Revoked { at } => row.revoked_at = Some(at.micros()),
        }
        row
    }
}

impl Row for StreamKeyRow {
    type Aggregate = StreamKey;

    fn version(&self) -> i64 {
        self.version
    }

    fn parse(self) -> Result<StreamKey, StoreError> {
        let state = match (self.hash, self.sealed, self.active_since, self.revoked_at) {
            (Some(hash), Some(sealed), Some(since), None) => KeyState::Active {
                hash: Mac(hash
                    .try_into()
                    .map_err(|_| corrupt(STREAM_KEY, Impossible))?),
                sealed: Sealed(sealed),
                since: Timestamp::from_micros(since),
            },
            (None, None, None, Some(at)) => KeyState::Revoked {
                at: Timestamp::from_micros(at),
            },
            _ => return Err(corrupt(STREAM_KEY, Impossible)),
        };
        Ok(StreamKey {
            id: StreamKeyId::from_uuid(self.id),
            channel: ChannelId::from_uuid(self.channel),
            label: KeyLabel::parse(&self.label).map_err(|e| corrupt(STREAM_KEY, e))?,
            bound_to: self.bound_to.map(StreamId::from_uuid),
            state,
            created_at: Timestamp::from_micros(self.created_at),
        })
    }
}
