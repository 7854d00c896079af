//! Claims as rows.

use greenroom_domain::account::{Subject, Username};
use greenroom_domain::channel::Handle;
use greenroom_domain::shared::commit::{Claim, Holder};
use greenroom_domain::shared::id::{ChannelId, RecordingId, StreamId, StreamKeyId, UserId};
use greenroom_domain::shared::secret::Mac;
use greenroom_domain::shared::store::StoreError;
use uuid::Uuid;

use crate::error::{Impossible, corrupt};

/// A claim as its row is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClaimKey {
    pub(crate) kind: &'static str,
    pub(crate) key: Vec<u8>,
}

impl ClaimKey {
    pub(crate) fn of(claim: &Claim) -> Self {
        let (kind, key) = match claim {
            Claim::Username(name) => ("username", name.as_str().as_bytes().to_vec()),
            Claim::Subject(Subject { issuer, subject }) => {
                // The issuer's length tells where it ends, whatever is in either.
                let length = u32::try_from(issuer.len()).unwrap_or(u32::MAX);
                let parts = [&length.to_be_bytes(), issuer.as_bytes(), subject.as_bytes()];
                ("subject", parts.concat())
            }
            Claim::FirstAdministrator => ("first_administrator", Vec::new()),
            Claim::Handle(handle) => ("handle", handle.as_str().as_bytes().to_vec()),
            Claim::ChannelOf(user) => ("channel_of", user.uuid().as_bytes().to_vec()),
            Claim::KeyHash(hash) => ("key_hash", hash.0.to_vec()),
            Claim::LiveStream(channel) => ("live_stream", channel.uuid().as_bytes().to_vec()),
            Claim::RecordingOf(stream) => ("recording_of", stream.uuid().as_bytes().to_vec()),
        };
        Self { kind, key }
    }

    /// The claim that [`ClaimKey::of`] made this kind and key of.
    pub(crate) fn parse(kind: &str, key: &[u8]) -> Result<Claim, StoreError> {
        let impossible = || corrupt("claim", Impossible);
        let text = || std::str::from_utf8(key).map_err(|e| corrupt("claim", e));
        let id = || Uuid::from_slice(key).map_err(|e| corrupt("claim", e));
        Ok(match kind {
            "username" => {
                Claim::Username(Username::parse(text()?).map_err(|e| corrupt("claim", e))?)
            }
            "subject" => {
                let (length, rest) = key.split_first_chunk().ok_or_else(impossible)?;
                let length = usize::try_from(u32::from_be_bytes(*length));
                let parts = length.ok().and_then(|length| rest.split_at_checked(length));
                let (issuer, subject) = parts.ok_or_else(impossible)?;
                let text = |bytes: &[u8]| {
                    String::from_utf8(bytes.to_vec()).map_err(|e| corrupt("claim", e))
                };
                Claim::Subject(Subject {
                    issuer: text(issuer)?,
                    subject: text(subject)?,
                })
            }
            "first_administrator" => Claim::FirstAdministrator,
            "handle" => Claim::Handle(Handle::parse(text()?).map_err(|e| corrupt("claim", e))?),
            "channel_of" => Claim::ChannelOf(UserId::from_uuid(id()?)),
            "key_hash" => Claim::KeyHash(Mac(key.try_into().map_err(|e| corrupt("claim", e))?)),
            "live_stream" => Claim::LiveStream(ChannelId::from_uuid(id()?)),
            "recording_of" => Claim::RecordingOf(StreamId::from_uuid(id()?)),
            _ => return Err(impossible()),
        })
    }
}

/// A holder as two columns.
pub(crate) fn holder(holder: Holder) -> (&'static str, Uuid) {
    match holder {
        Holder::User(id) => ("user", id.uuid()),
        Holder::Channel(id) => ("channel", id.uuid()),
        Holder::StreamKey(id) => ("stream_key", id.uuid()),
        Holder::Stream(id) => ("stream", id.uuid()),
        Holder::Recording(id) => ("recording", id.uuid()),
    }
}

pub(crate) fn parse_holder(kind: &str, id: Uuid) -> Result<Holder, StoreError> {
    match kind {
        "user" => Ok(Holder::User(UserId::from_uuid(id))),
        "channel" => Ok(Holder::Channel(ChannelId::from_uuid(id))),
        "stream_key" => Ok(Holder::StreamKey(StreamKeyId::from_uuid(id))),
        "stream" => Ok(Holder::Stream(StreamId::from_uuid(id))),
        "recording" => Ok(Holder::Recording(RecordingId::from_uuid(id))),
        _ => Err(corrupt("claim", Impossible)),
    }
}

/// Claims and who holds them, by columns.
#[derive(Default)]
pub(crate) struct ClaimRows {
    pub(crate) kinds: Vec<String>,
    pub(crate) keys: Vec<Vec<u8>>,
    pub(crate) holder_kinds: Vec<String>,
    pub(crate) holders: Vec<Uuid>,
}

impl ClaimRows {
    pub(crate) fn of<'a>(claims: impl Iterator<Item = (&'a ClaimKey, Holder)>) -> Self {
        let mut rows = Self::default();
        for (claim, of) in claims {
            let (kind, id) = holder(of);
            rows.kinds.push(claim.kind.to_owned());
            rows.keys.push(claim.key.clone());
            rows.holder_kinds.push(kind.to_owned());
            rows.holders.push(id);
        }
        rows
    }
}
