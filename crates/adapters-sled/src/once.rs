//! What requests have made that are to be done once.

use std::time::Duration;

use async_trait::async_trait;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::once::{Replies, Reply, RequestKey};
use greenroom_domain::shared::store::StoreError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::codec::{BoxError, Kept, Unreadable, corrupt};
use crate::database::{Database, refused};
use crate::draft::Pending;
use crate::keyspace::{self, Key, Space};
use crate::{SledStore, read};

/// A reply is kept for so long at least.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// So many old replies are forgotten for each new one: more than one, so that they get fewer
/// after a rush.
const FORGOTTEN_PER_NEW: usize = 2;

#[async_trait]
impl Replies for SledStore {
    async fn get(&self, by: Identity, key: &RequestKey) -> Result<Option<Reply>, StoreError> {
        self.read(|tree| read::plain(tree, &keyspace::reply(by, key)))
    }
}

/// Puts the removal of some old replies into the batch, by the time of its new ones.
pub(crate) fn forget_some(database: &Database, pending: &mut Pending) -> Result<(), StoreError> {
    let Some(now) = pending.replied.iter().max().copied() else {
        return Ok(());
    };
    let most = FORGOTTEN_PER_NEW * pending.replied.len();
    let prefix = keyspace::all(Space::ReplyByTime);
    let oldest = database.read(|tree| {
        let indexes: sled::Result<Vec<_>> = tree.scan_prefix(prefix).keys().take(most).collect();
        indexes.map_err(refused)
    })?;
    for index in oldest {
        let parsed = keyspace::parse_reply_by_time(&index);
        let (at, key) = parsed.ok_or_else(|| corrupt(Reply::WHAT, Unreadable::Key))?;
        if now.since(at) <= KEPT {
            break;
        }
        pending.writes.insert(index.to_vec(), None);
        pending.writes.insert(key, None);
    }
    Ok(())
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ReplyRecord {
    by: (u8, Uuid),
    key: String,
    request: [u8; 32],
    made: Uuid,
    at: i64,
}

impl Kept for Reply {
    const WHAT: &'static str = "reply";
    type Record = ReplyRecord;

    fn key(&self) -> Key {
        keyspace::reply(self.by, &self.key)
    }

    fn indexes(&self) -> Vec<Key> {
        vec![keyspace::reply_by_time(self.at, self.by, &self.key)]
    }

    fn record(&self) -> ReplyRecord {
        ReplyRecord {
            by: keyspace::identity_record(self.by),
            key: self.key.as_str().to_owned(),
            request: self.request,
            made: self.made,
            at: self.at.micros(),
        }
    }

    fn parse(record: ReplyRecord) -> Result<Self, BoxError> {
        let by = keyspace::parse_identity(record.by.0, record.by.1);
        Ok(Self {
            by: by.ok_or(Unreadable::Impossible)?,
            key: RequestKey::parse(&record.key)?,
            request: record.request,
            made: record.made,
            at: Timestamp::from_micros(record.at),
        })
    }
}
