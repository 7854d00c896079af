//! What requests have made that are done once.

use async_trait::async_trait;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::once::{Replies, Reply, RequestKey};
use greenroom_domain::shared::store::StoreError;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::PgStore;
use crate::chat::{identity, parse_identity};
use crate::error::corrupt;
use crate::hex;

const REPLY: &str = "reply";

/// The replies' rows that fit.
macro_rules! replies {
    ($where:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            ReplyRow,
            "SELECT asker_kind, asker, key, request, made, at FROM replies " + $where
            $(, $argument)*
        )
    };
}

#[async_trait]
impl Replies for PgStore {
    async fn get(&self, by: Identity, key: &RequestKey) -> Result<Option<Reply>, StoreError> {
        let (kind, id) = identity(by);
        let row = self
            .read(|| {
                replies!(
                    "WHERE asker_kind = $1 AND asker = $2 AND key = $3",
                    kind,
                    id,
                    key.as_str()
                )
                .fetch_optional(&self.pool)
            })
            .await?;
        row.map(ReplyRow::parse).transpose()
    }
}

/// Those of the requests that have been answered. It locks nothing: a key that somebody else
/// takes at the same time stands in the way of the other.
pub(crate) async fn replies_to(
    connection: &mut PgConnection,
    requests: impl Iterator<Item = &(Identity, RequestKey)> + Clone,
) -> sqlx::Result<Vec<ReplyRow>> {
    let (kinds, ids): (Vec<i16>, Vec<Uuid>) = requests.clone().map(|(by, _)| identity(*by)).unzip();
    let keys: Vec<String> = requests.map(|(_, key)| key.as_str().to_owned()).collect();
    sqlx::query_as!(
        ReplyRow,
        "SELECT it.asker_kind, it.asker, it.key, it.request, it.made, it.at \
         FROM unnest($1::smallint[], $2::uuid[], $3::text[]) AS wanted (asker_kind, asker, key) \
         JOIN replies AS it ON it.asker_kind = wanted.asker_kind AND it.asker = wanted.asker \
             AND it.key = wanted.key",
        &kinds,
        &ids,
        &keys
    )
    .fetch_all(connection)
    .await
}

/// Some replies in the order of who asked and their keys, behind one.
pub(crate) async fn replies_behind(
    connection: &mut PgConnection,
    ((kind, id), key): ((i16, Uuid), &str),
    most: i64,
) -> sqlx::Result<Vec<ReplyRow>> {
    replies!(
        "WHERE (asker_kind, asker, key) > ($1, $2, $3) \
         ORDER BY asker_kind, asker, key LIMIT $4",
        kind,
        id,
        key,
        most
    )
    .fetch_all(connection)
    .await
}

#[derive(Serialize)]
pub(crate) struct ReplyRow {
    asker_kind: i16,
    asker: Uuid,
    key: String,
    #[serde(serialize_with = "hex::bytes")]
    request: Vec<u8>,
    made: Uuid,
    at: i64,
}

impl ReplyRow {
    pub(crate) fn of(reply: &Reply) -> Self {
        let (asker_kind, asker) = identity(reply.by);
        Self {
            asker_kind,
            asker,
            key: reply.key.as_str().to_owned(),
            request: reply.request.to_vec(),
            made: reply.made,
            at: reply.at.micros(),
        }
    }

    pub(crate) fn parse(self) -> Result<Reply, StoreError> {
        Ok(Reply {
            by: parse_identity(REPLY, self.asker_kind, self.asker)?,
            key: RequestKey::parse(&self.key).map_err(|e| corrupt(REPLY, e))?,
            request: self.request[..].try_into().map_err(|e| corrupt(REPLY, e))?,
            made: self.made,
            at: Timestamp::from_micros(self.at),
        })
    }
}
