//! The engine is held to the promises of `MediaServer`.

mod engine_support;
mod rtmp_support;

use async_trait::async_trait;
use engine_support::{House, KEY};
use greenroom_domain::media::{IngestLease, MediaEvent, MediaServer};
use greenroom_testkit::contract::media_server::{self, Encoder, MediaServerUnderTest};

#[async_trait]
impl MediaServerUnderTest for House {
    fn server(&self) -> &dyn MediaServer {
        &*self.engine
    }

    async fn publish(&self, lease: IngestLease) -> Option<Box<dyn Encoder>> {
        self.app.admit(lease);
        let mut encoder = engine_support::Encoder::connect(self.rtmp).await;
        if !encoder.publish("live", KEY).await {
            return None;
        }
        encoder.configure().await;
        encoder.groups(1).await;
        assert!(encoder.is_on().await, "its media is taken");
        Some(Box::new(encoder))
    }

    fn told(&self) -> Vec<MediaEvent> {
        self.app.told.lock().clone()
    }
}

#[async_trait]
impl Encoder for engine_support::Encoder {
    async fn send(&mut self) -> bool {
        self.frame().await;
        self.is_on().await
    }

    async fn drop_out(self: Box<Self>) {
        self.reset();
    }
}

#[tokio::test]
async fn the_engine_keeps_the_promises_of_a_media_server() {
    media_server::all(async || House::open().await).await;
}
