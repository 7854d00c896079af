//! How identities and ways are written: so that bytes are in the order of identities.

use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::{GuestId, UserId};
use greenroom_domain::stream::Via;
use redis::{FromRedisValue, ParsingError, RedisWrite, ToRedisArgs, ToSingleRedisArg, Value};
use uuid::Uuid;

const USER: u8 = b'u';
// Guests come after users.
const GUEST: u8 = b'v';

/// Somebody, as one string of Redis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member(pub(super) Identity);

impl ToRedisArgs for Member {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        let (kind, id) = match self.0 {
            Identity::User(id) => (USER, id.uuid()),
            Identity::Guest(id) => (GUEST, id.uuid()),
        };
        out.write_arg(&tagged(kind, id));
    }
}

impl ToSingleRedisArg for Member {}

impl FromRedisValue for Member {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let bytes = Vec::<u8>::from_redis_value(value)?;
        let identity = bytes.split_first().and_then(|(kind, id)| {
            let id = Uuid::from_slice(id).ok()?;
            match *kind {
                USER => Some(Identity::User(UserId::from_uuid(id))),
                GUEST => Some(Identity::Guest(GuestId::from_uuid(id))),
                _ => None,
            }
        });
        identity
            .map(Self)
            .ok_or_else(|| "an identity was expected".into())
    }
}

/// By what somebody is there, as one string of Redis.
pub(super) fn way(via: Via) -> Vec<u8> {
    match via {
        Via::Media => b"m".to_vec(),
        Via::Socket(connection) => tagged(b's', connection.uuid()).to_vec(),
    }
}

fn tagged(kind: u8, id: Uuid) -> [u8; 17] {
    let mut bytes = [kind; 17];
    bytes[1..].copy_from_slice(id.as_bytes());
    bytes
}
