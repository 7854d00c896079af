//! LiveKit's server and services are killed or lose their keys, or are slower than what they
//! tell.

use std::time::Duration;

use greenroom_adapters_livekit::Options;
use greenroom_domain::media::{MediaEvent, MediaServer, SeatRole};
use greenroom_domain::recording::RecordingProgress;
use greenroom_domain::stream::Generation;
use greenroom_testkit::builders::{stream_id, viewer};
use greenroom_testkit::livekit::{Attendee, Faults};

use crate::recording::{Studio, is_available, order};
use crate::support::{demo, key, key_of_demo, lease, until};

impl Studio {
    /// An encoder comes with the same key, to be this publisher.
    async fn connects_again(&self, generation: u64) -> Attendee {
        self.house.admit(lease(1, generation));
        let made = self.house.engine.ingest_credentials(key_of_demo()).await;
        let made = made.expect("reachable");
        let encoder = self.livekit.connect(made[0].secret.expose());
        self.has_publisher(Some(generation)).await;
        encoder.expect("the key is good")
    }

    async fn has_publisher(&self, generation: Option<u64>) {
        let generation = generation.map(Generation);
        until("who publishes is known", async || {
            self.house.publisher(1).await == generation
        })
        .await;
    }

    async fn has_lost(&self, generation: u64) {
        let lost = MediaEvent::IngestLost {
            stream: stream_id("demo", 1),
            generation: Generation(generation),
        };
        until("it is lost", async || self.house.was_told(&lost)).await;
    }

    async fn is_recording(&self) -> bool {
        let progress = self.progress().await;
        matches!(progress, Some(RecordingProgress::Recording { .. }))
    }
}

fn seldom(options: Options) -> Options {
    options.reconcile_every(Duration::from_secs(600))
}

#[tokio::test]
async fn who_publishes_with_a_key_that_is_withdrawn_is_gone_by_what_is_heard() {
    let studio = Studio::open(Faults::default(), seldom).await;
    let withdrawn = studio.house.engine.withdraw_credentials(key().key).await;
    withdrawn.expect("reachable");
    assert!(!studio.livekit.is_there(&studio.encoder));
    studio.has_lost(1).await;
    studio.has_publisher(None).await;
}

#[tokio::test]
async fn an_encoder_whose_ingress_is_killed_comes_back_before_and_after_it_is_missed() {
    let studio = Studio::open(Faults::default(), seldom).await;
    studio.livekit.time_out(&studio.encoder);
    studio.has_lost(1).await;
    let second = studio.connects_again(2).await;
    let third = studio.connects_again(3).await;
    assert!(!studio.livekit.is_there(&second));
    assert!(studio.livekit.is_there(&third));
    studio.has_lost(2).await;
    // However often it was told that it began.
    assert_eq!(studio.house.app.asked().len(), 3);
}

#[tokio::test]
async fn the_recording_goes_on_when_the_server_was_killed_and_all_come_back() {
    let often = |options: Options| options.reconcile_every(Duration::from_millis(50));
    let studio = Studio::open(Faults::default(), often).await;
    studio.start().await.expect("somebody publishes");
    assert!(studio.is_recording().await);
    let seat = studio.house.seat(SeatRole::Viewer(viewer("ada")), 1).await;
    studio.livekit.join(seat.token.expose()).expect("a seat");
    until("she watches", async || {
        studio.house.watching() == [viewer("ada")]
    })
    .await;
    studio.livekit.kill().await;
    studio.house.admit(lease(1, 2));
    studio.livekit.revive().await;
    studio.has_publisher(Some(2)).await;
    studio.has_lost(1).await;
    // She does not come back, and nobody says so.
    until("she is missed", async || studio.house.watching().is_empty()).await;
    assert!(!studio.livekit.is_there(&studio.encoder));
    let people = studio.livekit.people(&demo().owner.to_string());
    let mut names: Vec<&str> = people.iter().map(|it| it.identity.as_str()).collect();
    names.sort_unstable();
    let egress = studio.egress().egress_id;
    let mut expected = [studio.encoder.identity.as_str(), egress.as_str()];
    expected.sort_unstable();
    assert_eq!(names, expected, "called as before");
    assert!(studio.is_recording().await);
    let stopped = studio.recorder.stop(order().recording).await;
    stopped.expect("reachable");
    assert_eq!(studio.livekit.egresses().len(), 1);
    let available = studio.progress().await;
    assert!(is_available(available.as_ref(), false), "{available:?}");
}

#[tokio::test]
async fn a_recording_is_told_before_its_beginning_is_answered() {
    let studio = Studio::open(Faults::default(), seldom).await;
    let held = studio.livekit.hold_egress_answers().await;
    let starting = studio.start();
    tokio::pin!(starting);
    tokio::select! {
        answered = &mut starting => panic!("{answered:?}"),
        () = studio.is_told(RecordingProgress::Starting) => {}
    }
    assert!(studio.is_recording().await);
    let recording = studio.progress().await.expect("it is known");
    studio.is_told(recording).await;
    // Whoever asks again meanwhile does not begin another.
    studio.start().await.expect("it is being asked for");
    drop(held);
    starting.await.expect("somebody publishes");
    assert_eq!(studio.livekit.egresses().len(), 1);
}
