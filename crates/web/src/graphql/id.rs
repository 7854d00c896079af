//! Global ids: what kind of thing, and which. Opaque to clients.

use std::fmt::Display;
use std::str::FromStr;

use async_graphql::ID;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use greenroom_app::Refusal;
use greenroom_domain::shared::id::{
    ChannelId, MalformedId, RecordingId, StreamId, StreamKeyId, UserId,
};

use crate::problem::Problem;

/// Something that has a global id.
pub(super) trait Global: Copy + Display + FromStr<Err = MalformedId> {
    /// The name of its GraphQL type.
    const KIND: &'static str;

    /// What is said of an id that names nothing of the kind.
    fn none() -> Refusal;
}

macro_rules! globals {
    ($($id:ty: $kind:literal, $none:ident;)*) => {$(
        impl Global for $id {
            const KIND: &'static str = $kind;

            fn none() -> Refusal {
                Refusal::$none
            }
        }
    )*};
}

globals! {
    UserId: "User", NoSuchUser;
    ChannelId: "Channel", NoSuchChannel;
    StreamId: "Stream", NoSuchStream;
    StreamKeyId: "StreamKey", NoSuchKey;
    RecordingId: "Recording", NoSuchRecording;
}

/// The global id of something.
pub(super) fn global<T: Global>(id: T) -> ID {
    ID(URL_SAFE_NO_PAD.encode(format!("{}:{id}", T::KIND)))
}

/// The kind of a global id, and the rest of it.
pub(super) fn parts(id: &ID) -> Option<(String, String)> {
    let bytes = URL_SAFE_NO_PAD.decode(id.as_str()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (kind, rest) = text.split_once(':')?;
    Some((kind.to_owned(), rest.to_owned()))
}

/// What a global id names, which must be of this kind.
pub(super) fn local<T: Global>(id: &ID) -> Result<T, Problem> {
    parts(id)
        .filter(|(kind, _)| kind == T::KIND)
        .and_then(|(_, rest)| rest.parse().ok())
        .ok_or_else(|| T::none().into())
}

#[cfg(test)]
mod tests {
    use greenroom_domain::shared::id::UserId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_id_comes_back_as_its_own_kind_alone() {
        let user = UserId::from_uuid(Uuid::from_u128(7));
        let id = global(user);
        assert!(!id.contains(&user.to_string()), "opaque: {}", id.as_str());
        assert_eq!(local::<UserId>(&id).ok(), Some(user));
        assert!(local::<ChannelId>(&id).is_err());
        for nonsense in ["", "VXNlcg", "VXNlcjp4", "%", &user.to_string()] {
            assert!(local::<UserId>(&ID::from(nonsense)).is_err(), "{nonsense}");
        }
    }
}
