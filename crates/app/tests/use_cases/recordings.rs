//! Recordings: asked for, ended, lost and found.

use std::time::Duration;

use greenroom_app::recording::{follow, start, stop, view};
use greenroom_app::stream::{end, ingest::Ingests};
use greenroom_app::{App, Refusal};
use greenroom_domain::access::Denied;
use greenroom_domain::channel::Channel;
use greenroom_domain::media::{IngestLease, MediaEvent, MediaEvents};
use greenroom_domain::recording::{
    FileFormat, RecordedFile, Recording, RecordingError, RecordingFailure, RecordingOrder,
    RecordingProgress, RecordingState,
};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::once::{Once, RequestKey};
use greenroom_domain::shared::page::{PageLimit, PageRequest};
use greenroom_testkit::builders::{guest_id, node_id};
use greenroom_testkit::recording::{RecorderCall, Trouble};

use crate::support::{Platform, Running, eventually};

/// A creator who publishes.
struct OnAir {
    it: Platform,
    owner: Actor,
    channel: Channel,
    lease: IngestLease,
}

impl OnAir {
    async fn new() -> Self {
        let it = Platform::new();
        let (owner, channel) = it.creator("ada").await;
        let key = it.key(&owner, &channel, None).await;
        let lease = it.publish(&key.secret).await.expect("may publish");
        Self {
            it,
            owner,
            channel,
            lease,
        }
    }

    async fn start(&self) -> Result<Recording, Refusal> {
        start::execute(&self.it.app, &self.owner, self.lease.stream).await
    }

    async fn now(&self, recording: &Recording) -> RecordingState {
        let now = view::one(&self.it.app, &self.owner, recording.id).await;
        now.expect("a recording that is there").state
    }

    async fn tell(&self, recording: &Recording, progress: RecordingProgress) {
        let event = MediaEvent::Recorded {
            recording: recording.id,
            progress,
        };
        let told = Ingests(self.it.app.clone()).report(event).await;
        told.expect("a report that is taken");
    }

    async fn running(&self) -> Recording {
        let recording = self.start().await.expect("may record");
        self.it.recorder.set(recording.id, self.since());
        self.tell(&recording, self.since()).await;
        recording
    }

    fn since(&self) -> RecordingProgress {
        let since = self.it.app.now();
        RecordingProgress::Recording { since }
    }

    fn file(&self) -> RecordedFile {
        RecordedFile {
            location: "ada/1.mp4".to_owned(),
            format: FileFormat::Mp4,
            size: 1_000,
            started_at: self.it.app.now(),
            duration: Duration::from_secs(7),
            limit_reached: false,
        }
    }
}

async fn follow_up(app: &std::sync::Arc<App>) {
    follow::open(app).await.expect("a recorder that answers");
}

#[tokio::test]
async fn a_stream_is_recorded_from_the_word_to_the_file() {
    let air = OnAir::new().await;
    let recording = air.start().await.expect("may record");
    assert!(matches!(recording.state, RecordingState::Starting { .. }));
    let order = RecordingOrder {
        recording: recording.id,
        channel: air.channel.id,
        stream: air.lease.stream,
    };
    assert_eq!(air.it.recorder.calls(), [RecorderCall::Start(order)]);

    air.tell(&recording, air.since()).await;
    let another = air.start().await;
    let already = RecordingError::AlreadyRecording;
    assert!(matches!(another, Err(Refusal::Recording(error)) if error == already));

    let stopped = stop::execute(&air.it.app, &air.owner, recording.id).await;
    let stopped = stopped.expect("may stop").state;
    assert!(matches!(stopped, RecordingState::Processing { .. }));
    assert_eq!(air.it.recorder.count(RecorderCall::Stop(recording.id)), 1);
    // While one is made ready, the next may begin.
    air.it.advance(1);
    let next = air.start().await.expect("may record again");

    let file = air.file();
    air.tell(&recording, RecordingProgress::Available(file.clone()))
        .await;
    assert_eq!(air.now(&recording).await, RecordingState::Available(file));
    let over = stop::execute(&air.it.app, &air.owner, recording.id).await;
    assert!(matches!(
        over,
        Err(Refusal::Recording(RecordingError::Over))
    ));
    let page = PageRequest::first(PageLimit::MAX);
    let all = view::of_stream(&air.it.app, &air.owner, air.lease.stream, &page).await;
    let all: Vec<_> = all.expect("hers").items.iter().map(|it| it.id).collect();
    assert_eq!(all, [next.id, recording.id], "the newest first");
}

#[tokio::test]
async fn nobody_else_records_or_sees_what_was_recorded() {
    let air = OnAir::new().await;
    let recording = air.running().await;
    let app = &air.it.app;
    let (stream, page) = (air.lease.stream, PageRequest::first(PageLimit::MAX));
    for who in [air.it.user("bob").await, Actor::Guest(guest_id("zoe"))] {
        let denied = |refusal: &Refusal| matches!(refusal, Refusal::Denied(_));
        let started = start::execute(app, &who, stream).await;
        assert!(started.is_err_and(|it| denied(&it)));
        let listed = view::of_stream(app, &who, stream, &page).await;
        assert!(listed.is_err_and(|it| denied(&it)));
        let seen = view::one(app, &who, recording.id).await;
        assert!(matches!(seen, Err(Refusal::NoSuchRecording)));
        let stopped = stop::execute(app, &who, recording.id).await;
        assert!(matches!(stopped, Err(Refusal::NoSuchRecording)));
    }
    let admin = air.it.admin().await;
    let stopped = stop::execute(app, &admin, recording.id).await;
    stopped.expect("an administrator may");
    let guest = start::execute(app, &Actor::Guest(guest_id("zoe")), stream).await;
    assert!(matches!(guest, Err(Refusal::Denied(Denied::SignInFirst))));
}

#[tokio::test]
async fn where_nobody_publishes_nothing_is_recorded() {
    let air = OnAir::new().await;
    air.it.lose(&air.lease).await;
    let refused = air.start().await;
    let expected = RecordingError::NotPublishing;
    assert!(matches!(refused, Err(Refusal::Recording(error)) if error == expected));
    assert!(air.it.recorder.calls().is_empty());
}

#[tokio::test]
async fn what_the_recorder_does_not_take_can_be_asked_for_again() {
    let air = OnAir::new().await;
    air.it.recorder.fail(Trouble::Away, 1);
    assert!(matches!(air.start().await, Err(Refusal::Recorder(_))));
    air.it.recorder.fail(Trouble::NothingToRecord, 1);
    let refused = air.start().await;
    let expected = RecordingError::NotPublishing;
    assert!(matches!(refused, Err(Refusal::Recording(error)) if error == expected));
    air.start().await.expect("now it may");
}

#[tokio::test]
async fn what_began_though_it_was_given_up_is_stopped_and_its_file_is_kept() {
    let air = OnAir::new().await;
    air.it.recorder.fail(Trouble::Away, 1);
    air.start().await.expect_err("the recorder is away");
    let page = PageRequest::first(PageLimit::MAX);
    let all = view::of_stream(&air.it.app, &air.owner, air.lease.stream, &page).await;
    let given_up = all.expect("hers").items.remove(0);
    let lost = RecordingFailure::Lost;
    assert!(matches!(given_up.state, RecordingState::Failed { reason, .. } if reason == lost));

    air.tell(&given_up, air.since()).await;
    assert_eq!(air.it.recorder.count(RecorderCall::Stop(given_up.id)), 1);
    let file = air.file();
    air.tell(&given_up, RecordingProgress::Available(file.clone()))
        .await;
    assert_eq!(air.now(&given_up).await, RecordingState::Available(file));
}

#[tokio::test]
async fn the_same_request_again_asks_for_one_recording() {
    let air = OnAir::new().await;
    let once = Once {
        key: RequestKey::parse("a").expect("a key"),
        request: [1; 32],
    };
    let ask = || start::execute_once(&air.it.app, &air.owner, air.lease.stream, Some(&once));
    let first = ask().await.expect("may record");
    assert_eq!(ask().await.expect("the first answer").id, first.id);
}

#[tokio::test]
async fn a_recorder_that_is_away_stops_nothing() {
    let air = OnAir::new().await;
    let recording = air.running().await;
    air.it.recorder.fail(Trouble::Away, 1);
    let refused = stop::execute(&air.it.app, &air.owner, recording.id).await;
    assert!(matches!(refused, Err(Refusal::Recorder(_))));
    let now = air.now(&recording).await;
    assert!(matches!(now, RecordingState::Recording { .. }));
    let again = stop::execute(&air.it.app, &air.owner, recording.id).await;
    again.expect("the recorder is back");
}

#[tokio::test]
async fn what_nobody_told_is_asked_for() {
    let air = OnAir::new().await;
    let recording = air.running().await;
    let file = air.file();
    let recorder = &air.it.recorder;
    recorder.set(recording.id, RecordingProgress::Available(file.clone()));
    follow_up(&air.it.app).await;
    assert_eq!(air.now(&recording).await, RecordingState::Available(file));

    air.it.advance(1);
    let forgotten = air.running().await;
    recorder.forget(forgotten.id);
    follow_up(&air.it.app).await;
    let now = air.now(&forgotten).await;
    let lost = RecordingFailure::Lost;
    assert!(matches!(now, RecordingState::Failed { reason, .. } if reason == lost));
    air.it.advance(1);
    air.start().await.expect("it holds up no other");
}

#[tokio::test]
async fn a_stream_that_is_over_is_recorded_no_longer() {
    let air = OnAir::new().await;
    let recording = air.running().await;
    follow_up(&air.it.app).await;
    assert_eq!(air.it.recorder.count(RecorderCall::Stop(recording.id)), 0);
    let ended = end::execute(&air.it.app, &air.owner, air.lease.stream).await;
    ended.expect("she may");
    follow_up(&air.it.app).await;
    assert_eq!(air.it.recorder.count(RecorderCall::Stop(recording.id)), 1);
    let now = air.now(&recording).await;
    assert!(matches!(now, RecordingState::Processing { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_comes_back_asks_at_once() {
    let air = OnAir::new().await;
    let recording = air.running().await;
    let file = air.file();
    let available = RecordingProgress::Available(file.clone());
    air.it.recorder.set(recording.id, available);
    let began = tokio::time::Instant::now();
    let running = Running::of(&air.it);
    eventually(async || matches!(air.now(&recording).await, RecordingState::Available(_))).await;
    assert!(began.elapsed() < Duration::from_secs(1));
    running.stop().await;
}

#[tokio::test]
async fn two_nodes_that_follow_it_do_it_once() {
    let air = OnAir::new().await;
    let other = air.it.another("two");
    assert_ne!(other.app.node, node_id("one"));
    let recording = air.running().await;
    let available = RecordingProgress::Available(air.file());
    air.it.recorder.set(recording.id, available);
    let (one, two) = tokio::join!(follow::open(&air.it.app), follow::open(&other.app));
    one.and(two).expect("both agree");
    let now = air.now(&recording).await;
    assert!(matches!(now, RecordingState::Available(_)));
}

#[tokio::test]
async fn where_there_is_no_recorder_that_is_said() {
    let air = OnAir::new().await;
    let ports = greenroom_app::Ports {
        recorder: None,
        ..air.it.app.ports.clone()
    };
    let app = App::new(node_id("one"), ports, air.it.app.settings.clone());
    let refused = start::execute(&app, &air.owner, air.lease.stream).await;
    assert!(matches!(refused, Err(Refusal::NoRecorder)));
    follow_up(&app).await;
}
