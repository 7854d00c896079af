//! The engine on LiveKit's stand-in is held to the promises of `MediaServer`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{House, LONG, key};
use async_trait::async_trait;
use greenroom_adapters_livekit::Options;
use greenroom_domain::media::{IngestLease, MediaEvent, MediaServer, SeatRole};
use greenroom_testkit::contract::media_server::{self, MediaServerUnderTest};
use greenroom_testkit::livekit::{Attendee, Faults, KEY, SECRET, StandIn};

struct OnStandIn {
    house: House,
    livekit: Arc<StandIn>,
}

struct Encoder {
    attendee: Attendee,
    livekit: Arc<StandIn>,
}

#[async_trait]
impl MediaServerUnderTest for OnStandIn {
    fn server(&self) -> &dyn MediaServer {
        &*self.house.engine
    }

    async fn publish(&self, lease: IngestLease) -> Option<Box<dyn media_server::Encoder>> {
        let house = &self.house;
        let (stream, generation) = (lease.stream, lease.generation);
        house.admit(lease);
        let tab = u128::from(generation.0) << 64 | stream.uuid().as_u128() >> 64;
        let seat = house.seat(SeatRole::Publisher(key()), tab).await;
        let attendee = self.livekit.join(seat.token.expose()).expect("a seat");
        self.livekit.publish(&attendee).expect("it may publish");
        // Until it is decided.
        let began = Instant::now();
        loop {
            let status = house.engine.ingest_status(stream).await;
            let current = status.expect("from memory").map(|it| it.generation);
            if current == Some(generation) || !self.livekit.is_there(&attendee) {
                break;
            }
            assert!(began.elapsed() < LONG, "it is decided");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let livekit = Arc::clone(&self.livekit);
        livekit.is_there(&attendee).then(|| {
            let encoder = Encoder { attendee, livekit };
            Box::new(encoder) as Box<dyn media_server::Encoder>
        })
    }

    fn told(&self) -> Vec<MediaEvent> {
        self.house.app.told()
    }
}

#[async_trait]
impl media_server::Encoder for Encoder {
    async fn send(&mut self) -> bool {
        self.livekit.is_there(&self.attendee)
    }

    async fn drop_out(self: Box<Self>) {
        self.livekit.leave(&self.attendee);
    }
}

#[tokio::test]
async fn the_engine_keeps_the_promises_of_a_media_server() {
    media_server::all(async || {
        let mut livekit = StandIn::start();
        let options = Options::new(&livekit.url(), KEY, SECRET).expect("options");
        let house = House::open(options);
        livekit.deliver_to(house.engine.clone(), Faults::default());
        OnStandIn {
            house,
            livekit: Arc::new(livekit),
        }
    })
    .await;
}
