//! An application that lets in whom the test says.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use greenroom_domain::channel::{Channel, Channels, Handle};
use greenroom_domain::media::{
    IngestLease, KeyVersion, MediaEvent, MediaEvents, MediaWebhooks, PlaybackLease,
    PlaybackRefused, PlaybackRequest, PublishRefused, PublishRequest, WebhookRefused,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::{StoreError, Stored, Version};
use tokio::net::TcpListener;

use super::lock;
use crate::builders::channel;

/// Lets in whom the test says, and writes down what it is told.
#[derive(Debug, Default)]
pub struct Application(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    lease: Option<IngestLease>,
    asked: Vec<KeyVersion>,
    told: Vec<MediaEvent>,
    watching: BTreeSet<Identity>,
    banned: BTreeSet<Identity>,
}

impl Application {
    /// The next publisher gets this; others are told that somebody publishes.
    pub fn admit(&self, lease: IngestLease) {
        lock(&self.0).lease = Some(lease);
    }

    /// They may not watch.
    pub fn ban(&self, who: Identity) {
        lock(&self.0).banned.insert(who);
    }

    /// With which keys publishers came.
    pub fn asked(&self) -> Vec<KeyVersion> {
        lock(&self.0).asked.clone()
    }

    /// What it was told of encoders and recordings.
    pub fn told(&self) -> Vec<MediaEvent> {
        lock(&self.0).told.clone()
    }

    /// Who watches, as it was told, in the order of identities.
    pub fn watching(&self) -> Vec<Identity> {
        lock(&self.0).watching.iter().copied().collect()
    }
}

#[async_trait]
impl MediaEvents for Application {
    async fn authorize_publish(&self, _: PublishRequest) -> Result<IngestLease, PublishRefused> {
        Err(PublishRefused::UnknownKey)
    }

    async fn authorize_key(&self, key: KeyVersion) -> Result<IngestLease, PublishRefused> {
        let mut book = lock(&self.0);
        book.asked.push(key);
        book.lease.take().ok_or(PublishRefused::AlreadyPublishing)
    }

    async fn authorize_playback(
        &self,
        _: PlaybackRequest,
    ) -> Result<PlaybackLease, PlaybackRefused> {
        Err(PlaybackRefused::BadGrant)
    }

    async fn authorize_viewer(
        &self,
        _: ChannelId,
        viewer: Identity,
    ) -> Result<(), PlaybackRefused> {
        if lock(&self.0).banned.contains(&viewer) {
            return Err(PlaybackRefused::Forbidden);
        }
        Ok(())
    }

    async fn report(&self, event: MediaEvent) -> Result<(), StoreError> {
        let mut book = lock(&self.0);
        match &event {
            MediaEvent::Watched { viewers, .. } => book.watching.extend(viewers),
            MediaEvent::Left { viewers, .. } => book.watching.retain(|it| !viewers.contains(it)),
            MediaEvent::IngestLost { .. } | MediaEvent::Recorded { .. } => book.told.push(event),
        }
        Ok(())
    }
}

/// The channel `demo`, and no other.
#[derive(Debug, Clone, Copy)]
pub struct OneChannel;

fn stored() -> Stored<Channel> {
    Stored {
        value: channel("demo"),
        version: Version::NEW,
    }
}

#[async_trait]
impl Channels for OneChannel {
    async fn get(&self, id: ChannelId) -> Result<Option<Stored<Channel>>, StoreError> {
        Ok(Some(stored()).filter(|it| it.value.id == id))
    }

    async fn get_many(&self, ids: &[ChannelId]) -> Result<Vec<Channel>, StoreError> {
        let demo = stored().value;
        Ok(Vec::from_iter(ids.contains(&demo.id).then_some(demo)))
    }

    async fn by_handle(&self, handle: &Handle) -> Result<Option<Stored<Channel>>, StoreError> {
        Ok(Some(stored()).filter(|it| it.value.handle == *handle))
    }

    async fn by_owner(&self, owner: UserId) -> Result<Option<Stored<Channel>>, StoreError> {
        Ok(Some(stored()).filter(|it| it.value.owner == owner))
    }

    async fn list(
        &self,
        _: &PageRequest,
    ) -> Result<Result<Page<Channel>, UnknownCursor>, StoreError> {
        Ok(Err(UnknownCursor))
    }
}

/// What webhooks come by, until it is cut.
pub struct Wire {
    receiver: Arc<dyn MediaWebhooks>,
    is_cut: AtomicBool,
}

impl Wire {
    /// To this receiver.
    pub fn to(receiver: Arc<dyn MediaWebhooks>) -> Arc<Self> {
        Arc::new(Self {
            receiver,
            is_cut: AtomicBool::new(false),
        })
    }

    /// Whatever comes from now on is lost, without a word.
    pub fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl MediaWebhooks for Wire {
    async fn receive(&self, authorization: &str, body: &[u8]) -> Result<(), WebhookRefused> {
        if self.is_cut.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.receiver.receive(authorization, body).await
    }
}

/// Takes webhooks by HTTP for as long as the runtime lives; answers where.
pub async fn take_webhooks(receiver: Arc<dyn MediaWebhooks>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it listens");
    let routes = Router::new().route("/", post(take)).with_state(receiver);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}/")
}

async fn take(
    State(receiver): State<Arc<dyn MediaWebhooks>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let authorization = headers.get(AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    match receiver
        .receive(authorization.unwrap_or_default(), &body)
        .await
    {
        Ok(()) => StatusCode::OK,
        Err(WebhookRefused::Unsigned) => StatusCode::UNAUTHORIZED,
        Err(WebhookRefused::Malformed) => StatusCode::BAD_REQUEST,
        Err(WebhookRefused::Busy) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
