//! What requests have made that are to be done once.

use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::archive::BoxError;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::once::{Reply, RequestKey};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Hex;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct ReplyEntry {
    by: Identity,
    key: String,
    /// The SHA-256 of what was asked for.
    request: Hex,
    made: Uuid,
    at: Timestamp,
}

impl From<Reply> for ReplyEntry {
    fn from(reply: Reply) -> Self {
        Self {
            by: reply.by,
            key: reply.key.as_str().to_owned(),
            request: Hex::from(&reply.request[..]),
            made: reply.made,
            at: reply.at,
        }
    }
}

impl ReplyEntry {
    pub(super) fn parse(self) -> Result<Reply, BoxError> {
        Ok(Reply {
            by: self.by,
            key: RequestKey::parse(&self.key)?,
            request: self.request.array()?,
            made: self.made,
            at: self.at,
        })
    }
}
