use greenroom_app::channel::keys::RevealedKey;
use greenroom_app::channel::view::{ChannelView, ingest_addresses};
use greenroom_app::{App, recording};
use greenroom_domain::channel::{Channel, IngestGate, KeyState, StreamKey};
use greenroom_domain::media::{IngestAddress, IngestCredential};
use greenroom_domain::shared::clock::Timestamp;
use serde::Serialize;

use super::account::{UserJson, picture_url};
use super::stream::StreamJson;

/// A channel as everybody may see it, and more for whoever runs it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = Channel))]
pub struct ChannelJson {
    /// Its id, and its chat room's.
    pub id: String,
    /// As it stands in addresses.
    pub handle: String,
    /// What its streams are called.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// What its streams are about.
    pub category: Option<String>,
    /// In which language (BCP 47).
    pub language: Option<String>,
    /// To be found by.
    pub tags: Vec<String>,
    /// What is shown where there is no stream, relative to the server's address.
    pub cover_url: Option<String>,
    /// Whose it is.
    pub owner: UserJson,
    /// How many follow it.
    pub followers: u64,
    /// What is on air.
    pub live: Option<StreamJson>,
    /// Since when, by RFC 3339.
    pub created_at: String,
    /// For its owner and administrators: where encoders publish to, and whether they may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingest: Option<IngestJson>,
}

/// Where encoders publish to, and whether they may come in.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = Ingest))]
pub struct IngestJson {
    /// Whether they may come in.
    pub gate: GateJson,
    /// Where to; the key is appended as the last part of the path.
    pub addresses: Vec<IngestAddressJson>,
    /// Whether what comes in can be recorded here.
    pub recordable: bool,
}

/// Whether encoders may come in.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = IngestGate))]
pub enum GateJson {
    /// With any key.
    Open,
    /// The owner ended the stream: its key waits.
    Held {
        /// Which key.
        key_id: String,
        /// Until when, by RFC 3339.
        until: String,
    },
    /// An administrator has locked the channel.
    Locked {
        /// Since when, by RFC 3339.
        since: String,
    },
}

/// Where encoders publish to.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "graphql", derive(async_graphql::SimpleObject))]
#[cfg_attr(feature = "graphql", graphql(name = "IngestAddress"))]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = IngestAddress))]
pub struct IngestAddressJson {
    /// `rtmp` or `rtmps`.
    pub protocol: &'static str,
    /// Without the key.
    pub url: String,
}

impl ChannelJson {
    /// As everybody may see it.
    pub fn public(view: &ChannelView) -> Self {
        let channel = &view.channel.value;
        Self {
            id: channel.id.to_string(),
            handle: channel.handle.to_string(),
            title: channel.title.to_string(),
            description: channel.description.to_string(),
            category: channel.category.as_ref().map(ToString::to_string),
            language: channel.language.as_ref().map(ToString::to_string),
            tags: channel.tags.iter().map(ToString::to_string).collect(),
            cover_url: channel.cover.map(picture_url),
            owner: UserJson::from(&view.owner),
            followers: view.followers,
            live: view.live.as_ref().map(StreamJson::from),
            created_at: channel.created_at.to_rfc3339(),
            ingest: None,
        }
    }

    /// As whoever runs it sees it.
    pub fn private(view: &ChannelView, app: &App) -> Self {
        let addresses = ingest_addresses(app).into_iter();
        Self {
            ingest: Some(IngestJson {
                gate: GateJson::from(&view.channel.value),
                addresses: addresses.map(IngestAddressJson::from).collect(),
                recordable: recording::view::is_possible(app),
            }),
            ..Self::public(view)
        }
    }
}

impl From<IngestAddress> for IngestAddressJson {
    fn from(address: IngestAddress) -> Self {
        Self {
            protocol: address.protocol,
            url: address.url,
        }
    }
}

impl From<&Channel> for GateJson {
    fn from(channel: &Channel) -> Self {
        match channel.gate {
            IngestGate::Open => Self::Open,
            IngestGate::Held { key, until } => Self::Held {
                key_id: key.to_string(),
                until: until.to_rfc3339(),
            },
            IngestGate::Locked { since } => Self::Locked {
                since: since.to_rfc3339(),
            },
        }
    }
}

/// A stream key in a listing: never its secret, nor anything made of it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = StreamKey))]
pub struct KeyJson {
    /// Its id; it stays when the key is rotated.
    pub id: String,
    /// What its owner calls it.
    pub label: String,
    /// The one stream that it serves, if it is bound to one.
    pub stream_id: Option<String>,
    /// `active` or `revoked`.
    pub status: &'static str,
    /// Since when, by RFC 3339.
    pub created_at: String,
    /// When it was made or rotated last.
    pub rotated_at: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<String>,
}

impl From<&StreamKey> for KeyJson {
    fn from(key: &StreamKey) -> Self {
        let (status, rotated_at, revoked_at) = match &key.state {
            KeyState::Active { since, .. } => ("active", Some(since.to_rfc3339()), None),
            KeyState::Revoked { at } => ("revoked", None, Some(at.to_rfc3339())),
        };
        Self {
            id: key.id.to_string(),
            label: key.label.to_string(),
            stream_id: key.bound_to.map(|stream| stream.to_string()),
            status,
            created_at: key.created_at.to_rfc3339(),
            rotated_at,
            revoked_at,
        }
    }
}

/// A stream key with its secret, for its owner alone.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = StreamKeySecret))]
pub struct KeySecretJson {
    /// The key.
    pub key: KeyJson,
    /// What the encoder is given.
    pub secret: String,
}

impl From<&RevealedKey> for KeySecretJson {
    fn from(revealed: &RevealedKey) -> Self {
        Self {
            key: KeyJson::from(&revealed.key),
            secret: revealed.secret.expose().to_owned(),
        }
    }
}

/// What an encoder is given, for the channel's owner alone.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "graphql", derive(async_graphql::SimpleObject))]
#[cfg_attr(feature = "graphql", graphql(name = "IngestCredential"))]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = IngestCredential))]
pub struct IngestCredentialJson {
    /// `rtmp`, `rtmps` or `whip`.
    pub protocol: &'static str,
    /// Where to publish.
    pub url: String,
    /// With what: the stream key, or WHIP's bearer token.
    pub stream_key: String,
    /// It lets nobody in after that; absent while it is good for as long as the key is.
    pub expires_at: Option<String>,
}

impl From<IngestCredential> for IngestCredentialJson {
    fn from(made: IngestCredential) -> Self {
        Self {
            protocol: made.protocol,
            url: made.url,
            stream_key: made.secret.expose().to_owned(),
            expires_at: made.expires_at.map(Timestamp::to_rfc3339),
        }
    }
}
