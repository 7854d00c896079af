//! Keys of what requests have made.

use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::once::RequestKey;

use super::{Key, Space, identity, key, time};

pub(crate) fn reply(by: Identity, request: &RequestKey) -> Key {
    key(Space::Reply, &[&identity(by), request.as_str().as_bytes()])
}

/// The one index key that ends with more than an id: with the rest of the reply's own key.
pub(crate) fn reply_by_time(at: Timestamp, by: Identity, request: &RequestKey) -> Key {
    let request = request.as_str().as_bytes();
    key(Space::ReplyByTime, &[&time(at), &identity(by), request])
}

/// When the reply was made that [`reply_by_time`] leads to, and its key.
pub(crate) fn parse_reply_by_time(index: &[u8]) -> Option<(Timestamp, Key)> {
    let (at, rest) = index.get(1..)?.split_first_chunk()?;
    let micros = (u64::from_be_bytes(*at) ^ (1 << 63)).cast_signed();
    Some((Timestamp::from_micros(micros), key(Space::Reply, &[rest])))
}

#[cfg(test)]
mod tests {
    use greenroom_domain::shared::id::UserId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_reply_is_found_by_its_time() {
        let by = Identity::User(UserId::from_uuid(Uuid::from_u128(9)));
        let request = RequestKey::parse("a:b").unwrap();
        for at in [i64::MIN, -1, 0, i64::MAX].map(Timestamp::from_micros) {
            let index = reply_by_time(at, by, &request);
            assert_eq!(parse_reply_by_time(&index), Some((at, reply(by, &request))));
        }
        assert_eq!(parse_reply_by_time(&[0; 5]), None);
    }
}
