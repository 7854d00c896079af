//! Stream keys: make, show, rotate, revoke. Their owner's alone.

use std::sync::Arc;

use greenroom_domain::access::{Action, Denied, Standing, require};
use greenroom_domain::channel::{
    Channel, Handle, KeyError, KeyLabel, KeySecret, MAX_KEYS, NewStreamKey, StreamKey,
};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::{Changes, Claim, ClaimChange, Holder, StateChange};
use greenroom_domain::shared::id::{StreamId, StreamKeyId};
use greenroom_domain::shared::once::Once;
use greenroom_domain::shared::secret::{Mac, Purpose, Sealed};
use greenroom_domain::shared::store::{Stored, Version};
use greenroom_domain::stream::{Stream, StreamError};

use crate::commit::{Attempt, signed_in, write};
use crate::once::reply;
use crate::{App, Refusal};

/// Makes a stream key.
#[derive(Debug, Clone)]
pub struct CreateKey {
    /// Of which channel.
    pub handle: Handle,
    /// What its owner calls it.
    pub label: KeyLabel,
    /// It serves only this stream, which was created ahead.
    pub bound_to: Option<StreamId>,
}

/// A key with its secret, for its owner's eyes.
#[derive(Debug, Clone)]
pub struct RevealedKey {
    /// The key.
    pub key: StreamKey,
    /// What the encoder is given.
    pub secret: KeySecret,
}

/// Makes a key. Where there are too many already, one whose stream has ended makes room.
pub async fn create(
    app: &Arc<App>,
    actor: &Actor,
    command: CreateKey,
) -> Result<RevealedKey, Refusal> {
    create_once(app, actor, command, None).await
}

/// The same; the same request again answers with the key that it has made.
pub async fn create_once(
    app: &Arc<App>,
    actor: &Actor,
    command: CreateKey,
    once: Option<&Once>,
) -> Result<RevealedKey, Refusal> {
    app.once(
        actor,
        once,
        || attempt_create(app, actor, &command, once),
        |made| reveal(app, actor, StreamKeyId::from_uuid(made)),
    )
    .await
}

async fn attempt_create(
    app: &Arc<App>,
    actor: &Actor,
    command: &CreateKey,
    once: Option<&Once>,
) -> Result<RevealedKey, Attempt> {
    let channel = app.channel_by_handle(&command.handle).await?.value;
    authorize(app, actor, &channel).await?;
    if let Some(bound) = command.bound_to {
        let stream = app
            .ports
            .streams
            .get(bound)
            .await?
            .map(|stored| stored.value);
        let stream = stream
            .filter(|stream| stream.channel == channel.id)
            .ok_or(Refusal::NoSuchStream)?;
        if is_over(&stream) {
            return Err(StreamError::Ended.into());
        }
    }
    let keys = app.ports.stream_keys.of_channel(channel.id).await?;
    let active = keys.iter().filter(|key| key.hash().is_some());
    let spent = if active.clone().count() < MAX_KEYS {
        None
    } else {
        let found = spent_key(app, active).await?;
        Some(found.ok_or(KeyError::TooMany { max: MAX_KEYS })?)
    };
    let now = app.now();
    let id = StreamKeyId::from_uuid(app.ports.ids.uuid());
    let (secret, hash, sealed) = generate(app);
    let CreateKey {
        label, bound_to, ..
    } = command.clone();
    let decision = StreamKey::create(
        NewStreamKey {
            id,
            channel: channel.id,
            label,
            bound_to,
            hash,
            sealed,
        },
        now,
    );
    let mut happened = decision.happened;
    let spent = spent.map(|spent| {
        let revoked = spent.value.clone().revoke(now);
        happened.extend(revoked.happened);
        (spent, revoked.next)
    });
    let mut changes = app
        .tell(actor, happened, now)
        .state(StateChange::StreamKey(write(
            decision.next.clone(),
            Version::NEW,
        )))
        .claim(ClaimChange::Take(
            Claim::KeyHash(hash),
            Holder::StreamKey(id),
        ));
    if let Some((spent, revoked)) = spent {
        changes = without(changes, spent, &revoked);
    }
    changes.reply = reply(actor, once, id.uuid(), now);
    app.commit(changes).await?;
    Ok(RevealedKey {
        key: decision.next,
        secret,
    })
}

/// An active key that serves nothing any more: the stream that it is bound to has ended.
async fn spent_key(
    app: &App,
    active: impl Iterator<Item = &StreamKey>,
) -> Result<Option<Stored<StreamKey>>, Refusal> {
    for key in active {
        let Some(bound) = key.bound_to else { continue };
        let stream = app.ports.streams.get(bound).await?;
        if stream.is_some_and(|stream| is_over(&stream.value)) {
            return Ok(app.ports.stream_keys.get(key.id).await?);
        }
    }
    Ok(None)
}

fn is_over(stream: &Stream) -> bool {
    stream.started_at().is_some() && !stream.is_live()
}

/// All keys of a channel, without their secrets.
pub async fn list(
    app: &Arc<App>,
    actor: &Actor,
    handle: &Handle,
) -> Result<Vec<StreamKey>, Refusal> {
    let channel = app.channel_by_handle(handle).await?.value;
    authorize(app, actor, &channel).await?;
    Ok(app.ports.stream_keys.of_channel(channel.id).await?)
}

/// A key's secret.
pub async fn reveal(
    app: &Arc<App>,
    actor: &Actor,
    key: StreamKeyId,
) -> Result<RevealedKey, Refusal> {
    let key = own_key(app, actor, key).await?.value;
    let plain = app.ports.secrets.open(Purpose::StreamKey, key.sealed()?)?;
    let secret = std::str::from_utf8(&plain).ok().and_then(KeySecret::parse);
    let secret = secret.ok_or(greenroom_domain::shared::secret::OpenError::Damaged)?;
    Ok(RevealedKey { key, secret })
}

/// The key of a secret, for its owner; to anybody else it does not exist.
pub async fn find(app: &Arc<App>, actor: &Actor, secret: &KeySecret) -> Result<StreamKey, Refusal> {
    signed_in(actor)?;
    let hash = app
        .ports
        .secrets
        .mac(Purpose::StreamKey, secret.expose().as_bytes());
    let found = app.ports.stream_keys.by_hash(hash).await?;
    let id = found.ok_or(Refusal::NoSuchKey)?.value.id;
    Ok(own_key(app, actor, id).await?.value)
}

/// Another secret; whoever publishes with the old one is cut off.
pub async fn rotate(
    app: &Arc<App>,
    actor: &Actor,
    key: StreamKeyId,
) -> Result<RevealedKey, Refusal> {
    app.retry(|| attempt_rotate(app, actor, key)).await
}

async fn attempt_rotate(
    app: &Arc<App>,
    actor: &Actor,
    id: StreamKeyId,
) -> Result<RevealedKey, Attempt> {
    let stored = own_key(app, actor, id).await?;
    let now = app.now();
    let old = stored.value.hash();
    let (secret, hash, sealed) = generate(app);
    let decision = stored.value.rotate(hash, sealed, now)?;
    let mut changes = app
        .tell(actor, decision.happened, now)
        .state(StateChange::StreamKey(write(
            decision.next.clone(),
            stored.version,
        )))
        .claim(ClaimChange::Take(
            Claim::KeyHash(hash),
            Holder::StreamKey(id),
        ));
    if let Some(old) = old {
        changes = changes.claim(ClaimChange::Release(
            Claim::KeyHash(old),
            Holder::StreamKey(id),
        ));
    }
    app.commit(changes).await?;
    Ok(RevealedKey {
        key: decision.next,
        secret,
    })
}

/// It works no more; whoever publishes with it is cut off. Again is no change.
pub async fn revoke(app: &Arc<App>, actor: &Actor, key: StreamKeyId) -> Result<StreamKey, Refusal> {
    app.retry(|| attempt_revoke(app, actor, key)).await
}

async fn attempt_revoke(
    app: &Arc<App>,
    actor: &Actor,
    id: StreamKeyId,
) -> Result<StreamKey, Attempt> {
    let stored = own_key(app, actor, id).await?;
    let now = app.now();
    let decision = stored.value.clone().revoke(now);
    if !decision.is_unchanged() {
        let changes = app.tell(actor, decision.happened, now);
        app.commit(without(changes, stored, &decision.next)).await?;
    }
    Ok(decision.next)
}

/// The same changes, and with them a key that was revoked.
fn without(changes: Changes, before: Stored<StreamKey>, revoked: &StreamKey) -> Changes {
    let Stored { value, version } = before;
    let changes = changes.state(StateChange::StreamKey(write(revoked.clone(), version)));
    match value.hash() {
        Some(hash) => changes.claim(ClaimChange::Release(
            Claim::KeyHash(hash),
            Holder::StreamKey(value.id),
        )),
        None => changes,
    }
}

/// The key, for its owner; to anybody else it does not exist.
async fn own_key(
    app: &Arc<App>,
    actor: &Actor,
    id: StreamKeyId,
) -> Result<Stored<StreamKey>, Refusal> {
    let stored = app
        .ports
        .stream_keys
        .get(id)
        .await?
        .ok_or(Refusal::NoSuchKey)?;
    let channel = app.channel(stored.value.channel).await?.value;
    match authorize(app, actor, &channel).await {
        Err(Refusal::Denied(Denied::Forbidden)) => Err(Refusal::NoSuchKey),
        other => other.map(|()| stored),
    }
}

/// The owner, and the operator, who set up accounts and demos on the command line.
async fn authorize(app: &Arc<App>, actor: &Actor, channel: &Channel) -> Result<(), Refusal> {
    if matches!(actor, Actor::Operator) {
        return Ok(());
    }
    let standing: Standing = app.standing(actor, channel).await?;
    Ok(require(standing, Action::ManageKeys)?)
}

fn generate(app: &App) -> (KeySecret, Mac, Sealed) {
    let secret = KeySecret::generate(app.ports.ids.secret());
    let hash = app
        .ports
        .secrets
        .mac(Purpose::StreamKey, secret.expose().as_bytes());
    let sealed = app
        .ports
        .secrets
        .seal(Purpose::StreamKey, secret.expose().as_bytes());
    (secret, hash, sealed)
}
