//! What encoders and the creator's browser publish with. For the channel's owner alone.

use std::sync::Arc;

use greenroom_domain::media::{
    EngineSecret, IngestCredential, KeyOfChannel, KeyVersion, Seat, SeatRequest, SeatRole, Tab,
};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::StreamKeyId;

use crate::channel::keys;
use crate::{App, Refusal};

/// What an encoder is given for a key: where to publish, and with what.
pub async fn show(
    app: &Arc<App>,
    actor: &Actor,
    key: StreamKeyId,
) -> Result<Vec<IngestCredential>, Refusal> {
    let revealed = keys::reveal(app, actor, key).await?;
    let of = key_of_channel(app, &revealed).await?;
    let made = app.ports.media.ingest_credentials(of).await?;
    if !made.is_empty() {
        return Ok(made);
    }
    let addresses = app.ports.media.ingest_addresses().into_iter();
    let credential = |address: greenroom_domain::media::IngestAddress| IngestCredential {
        protocol: address.protocol,
        url: address.url,
        secret: EngineSecret::new(revealed.secret.expose().to_owned()),
        expires_at: None,
    };
    Ok(addresses.map(credential).collect())
}

/// What the engine made for a key is worth nothing from now on; the next time it is asked for
/// it is made anew. Where the key's own secret is what encoders are given, nothing changes.
pub async fn withdraw(app: &Arc<App>, actor: &Actor, key: StreamKeyId) -> Result<(), Refusal> {
    keys::reveal(app, actor, key).await?;
    Ok(app.ports.media.withdraw_credentials(key).await?)
}

/// A seat in the channel's room to publish from a browser with this key; `None` where the engine
/// has no rooms.
pub async fn seat(
    app: &Arc<App>,
    actor: &Actor,
    key: StreamKeyId,
) -> Result<Option<Seat>, Refusal> {
    let revealed = keys::reveal(app, actor, key).await?;
    let KeyOfChannel {
        key,
        channel,
        owner,
    } = key_of_channel(app, &revealed).await?;
    let seat = SeatRequest {
        channel,
        owner,
        role: SeatRole::Publisher(key),
        tab: Tab::OneOfMany(app.ports.ids.uuid()),
    };
    Ok(app.ports.media.take_seat(seat).await?)
}

async fn key_of_channel(app: &App, revealed: &keys::RevealedKey) -> Result<KeyOfChannel, Refusal> {
    let channel = app.channel(revealed.key.channel).await?.value;
    Ok(KeyOfChannel {
        key: KeyVersion {
            key: revealed.key.id,
            // A revoked key has nothing to reveal.
            since: revealed.key.since().ok_or(Refusal::NoSuchKey)?,
        },
        channel: channel.id,
        owner: channel.owner,
    })
}
