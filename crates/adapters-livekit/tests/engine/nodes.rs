//! Several nodes look into the same rooms.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use greenroom_adapters_livekit::{LiveKit, Options};
use greenroom_domain::media::{
    IngestLease, KeyVersion, MediaEvent, MediaEvents, MediaServer, PlaybackLease, PlaybackRefused,
    PlaybackRequest, PublishRefused, PublishRequest, SeatRole,
};
use greenroom_domain::shared::store::StoreError;
use greenroom_domain::stream::Generation;
use greenroom_testkit::ManualClock;
use greenroom_testkit::builders::{noon_plus, stream_id};
use greenroom_testkit::livekit::{Faults, KEY, OneChannel, SECRET, StandIn};
use tokio_util::sync::CancellationToken;

use crate::support::{House, LONG, key, lease, until};

/// Knows that another node has let in whoever publishes; how often it was asked.
#[derive(Default)]
struct OtherNode(AtomicUsize);

#[async_trait]
impl MediaEvents for OtherNode {
    async fn authorize_publish(&self, _: PublishRequest) -> Result<IngestLease, PublishRefused> {
        Err(PublishRefused::UnknownKey)
    }

    async fn authorize_key(&self, _: KeyVersion) -> Result<IngestLease, PublishRefused> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(PublishRefused::Elsewhere)
    }

    async fn authorize_playback(
        &self,
        _: PlaybackRequest,
    ) -> Result<PlaybackLease, PlaybackRefused> {
        Err(PlaybackRefused::BadGrant)
    }

    async fn report(&self, _: MediaEvent) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test]
async fn who_publishes_by_another_node_is_left_alone_and_asked_about_again() {
    let mut livekit = StandIn::start();
    let options = Options::new(&livekit.url(), KEY, SECRET).expect("options");
    let house = House::open(options.clone());
    livekit.deliver_to(house.engine.clone(), Faults::default());
    house.admit(lease(1, 1));
    let seat = house.seat(SeatRole::Publisher(key()), 1).await;
    let encoder = livekit.join(seat.token.expose()).expect("the room is open");
    livekit.publish(&encoder).expect("it may");
    until("the stream is live", async || {
        house.publisher(1).await == Some(Generation(1))
    })
    .await;

    let options = options.reconcile_every(Duration::from_millis(20));
    let clock = Arc::new(ManualClock::at(noon_plus(0)));
    let engine = LiveKit::new(options, Arc::new(OneChannel), clock);
    let (other, stop) = (Arc::new(OtherNode::default()), CancellationToken::new());
    let running = tokio::spawn(Arc::clone(&engine).run(other.clone(), stop.clone()));
    until("it is asked again and again", async || {
        other.0.load(Ordering::SeqCst) > 2
    })
    .await;
    assert!(livekit.is_there(&encoder));
    assert_eq!(house.publisher(1).await, Some(Generation(1)));
    let here = engine.ingest_status(stream_id("demo", 1)).await;
    assert_eq!(here.expect("from memory"), None);

    stop.cancel();
    let ended = tokio::time::timeout(LONG, running).await;
    ended.expect("it ends").expect("in good order");
    house.close().await;
}
