//! Recording by the stand-in's egress service, as it goes and as it goes wrong.

use std::sync::Arc;
use std::time::Duration;

use greenroom_adapters_livekit::{
    AudioCodec, Bucket, CheckError, LiveKit, Options, RecordingOptions,
};
use greenroom_domain::media::{MediaEvent, MediaServer, SeatRole};
use greenroom_domain::recording::{
    Recorder, RecorderError, RecordingFailure, RecordingOrder, RecordingProgress,
};
use greenroom_domain::stream::Generation;
use greenroom_testkit::builders::{recording_id, recording_order, stream_id, viewer};
use greenroom_testkit::livekit::{Attendee, EgressService, Ending, Faults, KEY, SECRET, StandIn};
use livekit_protocol::egress_info::Request;
use livekit_protocol::start_egress_request::{Encoding, Source};
use livekit_protocol::{EgressInfo, StartEgressRequest};

use crate::support::{House, demo, key, key_of_demo, lease, tape, until};

/// A stream that is on air, and its recorder.
pub(crate) struct Studio {
    pub(crate) house: House,
    pub(crate) livekit: StandIn,
    pub(crate) recorder: Arc<dyn Recorder>,
    pub(crate) encoder: Attendee,
}

fn options(livekit: &StandIn) -> Options {
    Options::new(&livekit.url(), KEY, SECRET).expect("options")
}

impl Studio {
    pub(crate) async fn open(faults: Faults, set: impl FnOnce(Options) -> Options) -> Self {
        let mut livekit = StandIn::start();
        let options = options(&livekit).recording(tape());
        let house = House::open(set(options));
        livekit.deliver_to(house.engine.clone(), faults);
        let made = house.engine.ingest_credentials(key_of_demo()).await;
        let made = made.expect("reachable");
        house.admit(lease(1, 1));
        let encoder = livekit.connect(made[0].secret.expose()).expect("a key");
        let studio = Self {
            recorder: house.engine.recorder().expect("it records"),
            house,
            livekit,
            encoder,
        };
        until("it is on air", async || {
            studio.house.publisher(1).await.is_some()
        })
        .await;
        studio
    }

    pub(crate) async fn start(&self) -> Result<(), RecorderError> {
        self.recorder.start(order()).await
    }

    pub(crate) async fn progress(&self) -> Option<RecordingProgress> {
        let progress = self.recorder.progress(&[order().recording]).await;
        progress.expect("reachable").remove(0)
    }

    pub(crate) fn egress(&self) -> EgressInfo {
        self.livekit.egresses().pop().expect("there is one")
    }

    pub(crate) async fn is_told(&self, progress: RecordingProgress) {
        let recording = order().recording;
        let event = MediaEvent::Recorded {
            recording,
            progress,
        };
        until("it is told", async || self.house.was_told(&event)).await;
    }
}

pub(crate) fn order() -> RecordingOrder {
    recording_order("demo", 1)
}

fn request(egress: &EgressInfo) -> StartEgressRequest {
    match &egress.request {
        Some(Request::Egress(request)) => request.clone(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn is_available(progress: Option<&RecordingProgress>, limit: bool) -> bool {
    matches!(progress, Some(RecordingProgress::Available(file)) if file.limit_reached == limit)
}

#[tokio::test]
async fn each_step_is_told_and_answered() {
    let studio = Studio::open(Faults::default(), |it| it).await;
    studio.livekit.hold_egresses();
    studio.start().await.expect("somebody publishes");
    assert_eq!(studio.progress().await, Some(RecordingProgress::Starting));
    studio.is_told(RecordingProgress::Starting).await;
    let id = studio.egress().egress_id;
    studio.livekit.move_egress(&id);
    let recording = studio.progress().await.expect("it is known");
    assert!(matches!(recording, RecordingProgress::Recording { .. }));
    studio.is_told(recording).await;
    let stopped = studio.recorder.stop(order().recording).await;
    stopped.expect("reachable");
    assert_eq!(studio.progress().await, Some(RecordingProgress::Processing));
    studio.is_told(RecordingProgress::Processing).await;
    studio.livekit.move_egress(&id);
    let available = studio.progress().await;
    assert!(is_available(available.as_ref(), false), "{available:?}");
    studio.is_told(available.expect("it is known")).await;
}

#[tokio::test]
async fn whoever_publishes_is_recorded_whole() {
    let studio = Studio::open(Faults::default(), |it| it).await;
    studio.start().await.expect("somebody publishes");
    let asked = request(&studio.egress());
    let Some(Source::Media(media)) = asked.source else {
        panic!("{:?}", asked.source);
    };
    let said = format!("{media:?}");
    // Once for the picture and once for the sound.
    assert_eq!(said.matches(&studio.encoder.identity).count(), 2, "{said}");
    let Some(Encoding::Advanced(encoding)) = asked.encoding else {
        panic!("{:?}", asked.encoding);
    };
    assert_eq!((encoding.width, encoding.height), (1280, 720));
    assert_eq!(encoding.audio_codec(), livekit_protocol::AudioCodec::Opus);
    assert_eq!(asked.storage, None);
}

#[tokio::test]
async fn a_browser_is_recorded_by_the_name_it_has() {
    let mut livekit = StandIn::start();
    let house = House::open(options(&livekit).recording(tape().audio(AudioCodec::Aac)));
    livekit.deliver_to(house.engine.clone(), Faults::default());
    house.admit(lease(1, 1));
    let seat = house.seat(SeatRole::Publisher(key()), 5).await;
    let browser = livekit.join(seat.token.expose()).expect("a seat");
    livekit.publish(&browser).expect("it may");
    until("it is on air", async || house.publisher(1).await.is_some()).await;
    let recorder = house.engine.recorder().expect("it records");
    recorder.start(order()).await.expect("somebody publishes");
    let asked = request(&livekit.egresses()[0]);
    assert!(browser.identity.contains('#'));
    assert!(format!("{:?}", asked.source).contains(&browser.identity));
    assert!(format!("{:?}", asked.encoding).contains("Aac"));
}

#[tokio::test]
async fn another_engine_knows_it_too_after_a_restart() {
    let studio = Studio::open(Faults::default(), |it| it).await;
    studio.start().await.expect("somebody publishes");
    let again = House::open(options(&studio.livekit).recording(tape()));
    let recorder = again.engine.recorder().expect("it records");
    recorder.start(order()).await.expect("it goes on");
    assert_eq!(studio.livekit.egresses().len(), 1);
    recorder.stop(order().recording).await.expect("reachable");
    let available = studio.progress().await;
    assert!(is_available(available.as_ref(), false), "{available:?}");
}

#[tokio::test]
async fn another_stream_of_the_room_is_not_what_was_asked_for() {
    let studio = Studio::open(Faults::default(), |it| it).await;
    let room = demo().owner.to_string();
    until("the room says what it shows", async || {
        let rooms = studio.livekit.rooms();
        rooms
            .iter()
            .any(|it| it.name == room && !it.metadata.is_empty())
    })
    .await;
    let other = RecordingOrder {
        stream: stream_id("demo", 2),
        ..order()
    };
    let refused = studio.recorder.start(other).await;
    assert!(
        matches!(refused, Err(RecorderError::NothingToRecord)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_recorder_is_nobody_in_the_room() {
    let studio = Studio::open(Faults::default(), |it| it).await;
    studio.start().await.expect("somebody publishes");
    let id = studio.egress().egress_id;
    let room = demo().owner.to_string();
    let there = studio.livekit.people(&room);
    assert!(there.iter().any(|person| person.identity == id));
    // What is heard later has been acted upon.
    let seat = studio.house.seat(SeatRole::Viewer(viewer("ada")), 1).await;
    studio.livekit.join(seat.token.expose()).expect("a seat");
    until("who watches is counted", async || {
        studio.house.watching() == [viewer("ada")]
    })
    .await;
    assert_eq!(studio.house.publisher(1).await, Some(Generation(1)));
    assert_eq!(studio.house.app.asked().len(), 1);
}

#[tokio::test]
async fn what_was_kept_is_there_however_it_ended() {
    for (ending, limit) in [(Ending::LimitReached, true), (Ending::Interrupted, false)] {
        let studio = Studio::open(Faults::default(), |it| it).await;
        studio.start().await.expect("somebody publishes");
        studio
            .livekit
            .end_egress(&studio.egress().egress_id, ending);
        let available = studio.progress().await;
        assert!(is_available(available.as_ref(), limit), "{available:?}");
        studio.is_told(available.expect("it is known")).await;
    }
}

#[tokio::test]
async fn what_has_failed_and_what_was_given_up_are_told_apart() {
    let failed = |reason| RecordingProgress::Failed(reason);
    let studio = Studio::open(Faults::default(), |it| it).await;
    studio.start().await.expect("somebody publishes");
    let id = studio.egress().egress_id;
    studio.livekit.end_egress(&id, Ending::Failed);
    let recorder = failed(RecordingFailure::Recorder);
    assert_eq!(studio.progress().await, Some(recorder.clone()));
    studio.is_told(recorder).await;

    let studio = Studio::open(Faults::default(), |it| it).await;
    studio.livekit.hold_egresses();
    studio.start().await.expect("somebody publishes");
    let stopped = studio.recorder.stop(order().recording).await;
    stopped.expect("reachable");
    let aborted = failed(RecordingFailure::Aborted);
    assert_eq!(studio.progress().await, Some(aborted.clone()));
    studio.is_told(aborted).await;
}

#[tokio::test]
async fn an_egress_that_died_with_its_machine_is_not_known_after_a_while() {
    let missed = Duration::from_millis(300);
    let often = |options: Options| {
        let options = options.reconcile_every(Duration::from_millis(50));
        options.recorder_missed(missed)
    };
    let studio = Studio::open(Faults::default(), often).await;
    studio.start().await.expect("somebody publishes");
    let id = studio.egress().egress_id;
    studio.livekit.end_egress(&id, Ending::Dead);
    // It might be on its way.
    let recording = studio.progress().await;
    assert!(
        matches!(recording, Some(RecordingProgress::Recording { .. })),
        "{recording:?}"
    );
    until("it is believed dead", async || {
        studio.progress().await.is_none()
    })
    .await;
    let silent = studio.recorder.stop(order().recording).await;
    assert!(
        matches!(silent, Err(RecorderError::Unavailable(_))),
        "{silent:?}"
    );
    // The room is not away because its recorder is.
    let seat = studio.house.seat(SeatRole::Viewer(viewer("ada")), 1).await;
    studio.livekit.join(seat.token.expose()).expect("a seat");
    // One that turns up all the same is known again.
    studio.livekit.end_egress(&id, Ending::Interrupted);
    let available = studio.progress().await;
    assert!(is_available(available.as_ref(), false), "{available:?}");
}

#[tokio::test]
async fn without_an_egress_service_or_its_time_nothing_begins_and_that_is_said() {
    let studio = Studio::open(Faults::default(), |it| it).await;
    studio.livekit.set_egress(EgressService::Missing);
    let refused = studio.start().await;
    assert!(
        matches!(refused, Err(RecorderError::Unavailable(_))),
        "{refused:?}"
    );
    // Whoever wants to watch is let in all the same.
    studio.house.seat(SeatRole::Viewer(viewer("ada")), 1).await;
    studio.livekit.set_egress(EgressService::Busy);
    let refused = studio.start().await;
    assert!(matches!(refused, Err(RecorderError::Busy)), "{refused:?}");
    assert_eq!(studio.progress().await, None);
    studio.livekit.set_egress(EgressService::Working);
    studio.start().await.expect("it works again");
    LiveKit::check_recorder(&options(&studio.livekit))
        .await
        .expect("it could record");

    studio.livekit.without_ingress();
    let refused = studio.start().await;
    assert!(
        matches!(refused, Err(RecorderError::Unavailable(_))),
        "{refused:?}"
    );
    let refused = LiveKit::check_recorder(&options(&studio.livekit)).await;
    assert!(
        matches!(refused, Err(CheckError::NoRecorder(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn lost_repeated_and_shuffled_webhooks_leave_the_truth() {
    for seed in 0..10 {
        let faults = Faults {
            repeat: 40,
            shuffle: 8,
            lose: 20,
            seed,
        };
        let often = |it: Options| it.reconcile_every(Duration::from_millis(50));
        let studio = Studio::open(faults, often).await;
        studio.start().await.expect("somebody publishes");
        let recording = studio.progress().await;
        assert!(matches!(
            recording,
            Some(RecordingProgress::Recording { .. })
        ));
        let ended = studio.house.engine.end(demo().id, stream_id("demo", 1));
        ended.await.expect("reachable");
        let available = studio.progress().await;
        assert!(is_available(available.as_ref(), false), "{available:?}");
        // Nothing that was told is of anything else than this one.
        for event in studio.house.app.told() {
            if let MediaEvent::Recorded { recording, .. } = event {
                assert_eq!(recording, recording_id("demo", 1));
            }
        }
    }
}

#[tokio::test]
async fn a_bucket_s_keys_go_to_livekit_alone() {
    let mut livekit = StandIn::start();
    let bucket = Bucket {
        name: "tape".to_owned(),
        endpoint: "http://127.0.0.1:9000".to_owned(),
        access_key: "AKIA".to_owned(),
        secret: "between us".to_owned(),
        force_path_style: true,
        ..Bucket::default()
    };
    let recording = RecordingOptions::in_bucket(bucket, "streams").expect("a bucket");
    let house = House::open(options(&livekit).recording(recording));
    livekit.deliver_to(house.engine.clone(), Faults::default());
    house.admit(lease(1, 1));
    let made = house.engine.ingest_credentials(key_of_demo()).await;
    let made = made.expect("reachable");
    livekit.connect(made[0].secret.expose()).expect("a key");
    until("it is on air", async || house.publisher(1).await.is_some()).await;
    let recorder = house.engine.recorder().expect("it records");
    recorder.start(order()).await.expect("somebody publishes");
    let storage = format!("{:?}", request(&livekit.egresses()[0]).storage);
    assert!(
        storage.contains("tape") && storage.contains("127.0.0.1:9000"),
        "{storage}"
    );
    recorder.stop(order().recording).await.expect("reachable");
    let progress = recorder.progress(&[order().recording]).await;
    let Some(RecordingProgress::Available(file)) = progress.expect("reachable").remove(0) else {
        panic!("it is there");
    };
    let key = format!("streams/{}.mp4", order().recording);
    assert_eq!(file.location, key);
    assert!(!format!("{recorder:?}", recorder = house.engine).contains("between us"));
}
