//! Tokens: who may come into which room, and do what there.
//!
//! | who | publishes | sends data | listens |
//! |---|---|---|---|
//! | creator, encoder | yes | yes | yes |
//! | creator, looking on | no | yes | yes |
//! | viewer, guest | no | yes | yes |
//!
//! Data are sent by who has a seat that displaces their other tabs; with
//! [a tab of its own](Tab::OneOfMany) nobody sends any, for nobody moderates them.

use std::time::Duration;

use greenroom_domain::media::{KeyVersion, SeatRequest, SeatRole, Tab};
use greenroom_domain::shared::clock::Timestamp;
use livekit_api::access_token::{AccessToken, AccessTokenError, VideoGrants};

use crate::identity;

/// Before what tells which key somebody publishes with, in the metadata of a participant.
const KEY: &str = "greenroom-key:";

/// A token for a seat, and what the room knows its holder by.
pub(crate) fn for_seat(
    (api_key, api_secret): (&str, &str),
    seat: &SeatRequest,
    lifetime: Duration,
) -> Result<(String, String), AccessTokenError> {
    let identity = identity::of_seat(seat.owner, seat.role, seat.tab);
    let mut token = AccessToken::with_api_key(api_key, api_secret)
        .with_ttl(lifetime)
        .with_identity(&identity)
        .with_grants(grants(seat));
    if let SeatRole::Publisher(key) = seat.role {
        token = token.with_metadata(&metadata_of(key));
    }
    Ok((token.to_jwt()?, identity))
}

fn grants(seat: &SeatRequest) -> VideoGrants {
    VideoGrants {
        room_join: true,
        room: seat.owner.to_string(),
        can_publish: Some(matches!(seat.role, SeatRole::Publisher(_))),
        can_publish_data: Some(seat.tab == Tab::Only),
        can_subscribe: Some(true),
        ..VideoGrants::default()
    }
}

/// What a participant's metadata say who publishes with this key.
pub(crate) fn metadata_of(key: KeyVersion) -> String {
    format!("{KEY}{}:{}", key.key, key.since.micros())
}

/// The key that a participant publishes with.
pub(crate) fn key_in(metadata: &str) -> Option<KeyVersion> {
    let (key, since) = metadata.strip_prefix(KEY)?.split_once(':')?;
    Some(KeyVersion {
        key: key.parse().ok()?,
        since: Timestamp::from_micros(since.parse().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use greenroom_domain::shared::actor::Identity;
    use greenroom_domain::shared::id::{ChannelId, GuestId, StreamKeyId, UserId};
    use livekit_api::access_token::{Claims, TokenVerifier};
    use uuid::Uuid;

    use super::*;

    const KEYS: (&str, &str) = ("key", "a-secret-of-thirty-two-characters");

    fn claims(role: SeatRole, tab: Tab) -> Claims {
        let seat = SeatRequest {
            channel: ChannelId::from_uuid(Uuid::from_u128(1)),
            owner: UserId::from_uuid(Uuid::from_u128(7)),
            role,
            tab,
        };
        let (token, identity) = for_seat(KEYS, &seat, Duration::from_secs(600)).expect("a token");
        let claims = TokenVerifier::with_api_key(KEYS.0, KEYS.1)
            .verify(&token)
            .expect("it is ours");
        assert_eq!(claims.sub, identity);
        assert_eq!(claims.exp - claims.nbf, 600);
        claims
    }

    #[test]
    fn grants_are_those_of_the_table() {
        let key = KeyVersion {
            key: StreamKeyId::from_uuid(Uuid::from_u128(3)),
            since: Timestamp::from_micros(1_700_000_000_000_000),
        };
        let guest = Identity::Guest(GuestId::from_uuid(Uuid::from_u128(9)));
        let viewer = Identity::User(UserId::from_uuid(Uuid::from_u128(8)));
        let roles = [
            (SeatRole::Publisher(key), true),
            (SeatRole::SelfView, false),
            (SeatRole::Viewer(viewer), false),
            (SeatRole::Viewer(guest), false),
        ];
        for (role, publishes) in roles {
            for (tab, data) in [
                (Tab::Only, true),
                (Tab::OneOfMany(Uuid::from_u128(5)), false),
            ] {
                let claims = claims(role, tab);
                let allowed = VideoGrants {
                    room_join: true,
                    room: "00000000-0000-0000-0000-000000000007".to_owned(),
                    can_publish: Some(publishes),
                    can_publish_data: Some(data),
                    can_subscribe: Some(true),
                    ..VideoGrants::default()
                };
                assert_eq!(claims.video, allowed, "{role:?} {tab:?}");
                assert_eq!(key_in(&claims.metadata), publishes.then_some(key));
            }
        }
    }

    #[test]
    fn only_our_metadata_name_a_key() {
        for other in ["", "greenroom-key:", "greenroom-key:x:1", "greenroom-key:1"] {
            assert_eq!(key_in(other), None, "{other}");
        }
    }
}
