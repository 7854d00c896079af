//! Promises of `Recorder`, of a channel to which somebody really publishes. Each function takes
//! a recorder that has recorded nothing yet.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use greenroom_domain::media::MediaEvent;
use greenroom_domain::recording::{
    FileFormat, RecordedFile, Recorder, RecorderError, RecordingFailure, RecordingProgress,
};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::RecordingId;

use crate::builders::{recording_id, recording_order};

/// For how long something is waited for that is bound to come.
const LONG: Duration = Duration::from_secs(60);
/// How soon it is told that nobody answers.
const SOON: Duration = Duration::from_secs(1);

/// A recorder, and the channel `demo`.
#[async_trait]
pub trait RecorderUnderTest: Send + Sync {
    /// What is tested.
    fn recorder(&self) -> &dyn Recorder;
    /// An encoder comes in to the channel's first stream and sends, until the engine has its
    /// media. It is the same encoder each time.
    async fn publish(&self);
    /// The encoder goes away without a word; it is missed when this answers.
    async fn drop_out(&self);
    /// The stream is over.
    async fn end(&self);
    /// What the application was told until now.
    fn told(&self) -> Vec<MediaEvent>;
    /// Nothing that is told arrives from now on.
    async fn lose_events(&self);
    /// How many recordings have really been begun until now.
    async fn begun(&self) -> usize;
    /// Whether what was recorded can be played.
    async fn plays(&self, file: &RecordedFile) -> bool;
    /// Nobody answers the recorder from now on.
    async fn go_away(&self);
}

/// All of the promises, each on a new one.
pub async fn all<R: RecorderUnderTest>(make: impl AsyncFn() -> R) {
    what_is_not_there_has_ended_already(&make().await).await;
    what_nobody_publishes_is_not_recorded(&make().await).await;
    a_recording_begins_once_however_often_it_is_asked_for(&make().await).await;
    it_goes_forward_and_becomes_a_file(&make().await).await;
    one_that_is_stopped_at_once_is_over_soon(&make().await).await;
    what_no_event_tells_is_known_by_asking(&make().await).await;
    an_encoder_that_drops_out_and_comes_back_is_in_one_file(&make().await).await;
    the_end_of_the_stream_is_its_end(&make().await).await;
    that_nobody_answers_is_told_soon(&make().await).await;
}

/// Stopping what is not there succeeds, however often, and nothing is known of it.
pub async fn what_is_not_there_has_ended_already(test: &dyn RecorderUnderTest) {
    let recorder = test.recorder();
    for _ in 0..2 {
        stop(test, 1).await;
        let ids = [recording_id("demo", 1), recording_id("demo", 2)];
        let progress = recorder.progress(&ids).await.expect("reachable");
        assert_eq!(progress, [None, None]);
        let nothing = recorder.progress(&[]).await.expect("reachable");
        assert_eq!(nothing, []);
    }
    assert_eq!(told(test, 1), []);
    assert_eq!(test.begun().await, 0);
}

/// Where nobody publishes, that is said at once, and nothing begins.
pub async fn what_nobody_publishes_is_not_recorded(test: &dyn RecorderUnderTest) {
    for _ in 0..2 {
        let refused = test.recorder().start(recording_order("demo", 1)).await;
        let expected = matches!(refused, Err(RecorderError::NothingToRecord));
        assert!(expected, "{refused:?}");
    }
    assert_eq!(progress(test, 1).await, None);
    assert_eq!(test.begun().await, 0);
}

/// Asked for again, at the same time and at any time later, it is the same one.
pub async fn a_recording_begins_once_however_often_it_is_asked_for(test: &dyn RecorderUnderTest) {
    test.publish().await;
    tokio::join!(start(test, 1), start(test, 1));
    start(test, 1).await;
    until_recording(test, 1).await;
    start(test, 1).await;
    stop(test, 1).await;
    start(test, 1).await;
    until_available(test, 1).await;
    start(test, 1).await;
    assert_eq!(test.begun().await, 1);
    let again = progress(test, 1).await;
    assert!(
        matches!(again, Some(RecordingProgress::Available(_))),
        "{again:?}"
    );
}

/// It begins, is stopped and becomes a file, never the other way round; what is told and what is
/// answered are the same.
pub async fn it_goes_forward_and_becomes_a_file(test: &dyn RecorderUnderTest) {
    test.publish().await;
    start(test, 1).await;
    let since = until_recording(test, 1).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let recording = progress(test, 1).await;
    assert_eq!(recording, Some(RecordingProgress::Recording { since }));
    stop(test, 1).await;
    stop(test, 1).await;
    let file = until_available(test, 1).await;
    assert!(file.size > 0 && !file.duration.is_zero(), "{file:?}");
    assert!(
        file.location.contains(&recording_id("demo", 1).to_string()),
        "{file:?}"
    );
    assert_eq!((file.format, file.started_at), (FileFormat::Mp4, since));
    assert!(!file.limit_reached);
    assert!(test.plays(&file).await, "{file:?}");
    stop(test, 1).await;
    let available = RecordingProgress::Available(file);
    assert_eq!(progress(test, 1).await, Some(available.clone()));
    until("it is told", async || told(test, 1).contains(&available)).await;
    let began = RecordingProgress::Recording { since };
    until("its beginning is told", async || {
        told(test, 1).contains(&began)
    })
    .await;
    // Of each as it is, in the order asked for.
    let ids = [2, 1].map(|n| recording_id("demo", n));
    let both = test.recorder().progress(&ids).await.expect("reachable");
    assert_eq!(both, [None, Some(available)]);
}

/// A stop that comes before the first of it is kept is a stop.
pub async fn one_that_is_stopped_at_once_is_over_soon(test: &dyn RecorderUnderTest) {
    test.publish().await;
    start(test, 1).await;
    stop(test, 1).await;
    until("it is over", async || match progress(test, 1).await {
        Some(RecordingProgress::Available(_)) => true,
        Some(RecordingProgress::Failed(reason)) => {
            assert_eq!(reason, RecordingFailure::Aborted);
            true
        }
        _ => false,
    })
    .await;
}

/// Who asks misses nothing.
pub async fn what_no_event_tells_is_known_by_asking(test: &dyn RecorderUnderTest) {
    test.publish().await;
    test.lose_events().await;
    start(test, 1).await;
    until_recording(test, 1).await;
    stop(test, 1).await;
    until_available(test, 1).await;
    assert_eq!(told(test, 1), []);
}

/// A stream waits for its encoder, and so does its recording.
pub async fn an_encoder_that_drops_out_and_comes_back_is_in_one_file(test: &dyn RecorderUnderTest) {
    test.publish().await;
    start(test, 1).await;
    let since = until_recording(test, 1).await;
    test.drop_out().await;
    let waiting = RecordingProgress::Recording { since };
    assert_eq!(progress(test, 1).await, Some(waiting.clone()));
    test.publish().await;
    assert_eq!(progress(test, 1).await, Some(waiting));
    stop(test, 1).await;
    let file = until_available(test, 1).await;
    assert_eq!(file.started_at, since);
    assert!(test.plays(&file).await, "{file:?}");
    assert_eq!(test.begun().await, 1);
}

/// A recording does not go on without its stream, and what was kept is there.
pub async fn the_end_of_the_stream_is_its_end(test: &dyn RecorderUnderTest) {
    test.publish().await;
    start(test, 1).await;
    until_recording(test, 1).await;
    test.end().await;
    let file = until_available(test, 1).await;
    assert!(test.plays(&file).await, "{file:?}");
    stop(test, 1).await;
}

/// Nobody waits for a recorder that does not answer.
pub async fn that_nobody_answers_is_told_soon(test: &dyn RecorderUnderTest) {
    test.publish().await;
    start(test, 1).await;
    until_recording(test, 1).await;
    test.go_away().await;
    let (recorder, ids) = (test.recorder(), [recording_id("demo", 1)]);
    let began = Instant::now();
    let started = recorder.start(recording_order("demo", 2)).await;
    unavailable(&started, began);
    let began = Instant::now();
    unavailable(&recorder.stop(ids[0]).await, began);
    let began = Instant::now();
    unavailable(&recorder.progress(&ids).await, began);
}

fn unavailable<T: std::fmt::Debug>(answer: &Result<T, RecorderError>, began: Instant) {
    let is_told = matches!(answer, Err(RecorderError::Unavailable(_)));
    assert!(is_told, "{answer:?}");
    assert!(began.elapsed() <= SOON, "{:?}", began.elapsed());
}

async fn start(test: &dyn RecorderUnderTest, n: u32) {
    let started = test.recorder().start(recording_order("demo", n)).await;
    started.expect("somebody publishes");
}

async fn stop(test: &dyn RecorderUnderTest, n: u32) {
    let stopped = test.recorder().stop(recording_id("demo", n)).await;
    stopped.expect("reachable");
}

async fn progress(test: &dyn RecorderUnderTest, n: u32) -> Option<RecordingProgress> {
    let progress = test.recorder().progress(&[recording_id("demo", n)]).await;
    let [progress] = <[_; 1]>::try_from(progress.expect("reachable")).expect("one was asked for");
    progress
}

/// What was told of a recording, but that it was asked for.
fn told(test: &dyn RecorderUnderTest, n: u32) -> Vec<RecordingProgress> {
    let of: RecordingId = recording_id("demo", n);
    let told = test.told().into_iter().filter_map(|event| match event {
        MediaEvent::Recorded {
            recording,
            progress,
        } if recording == of => Some(progress),
        _ => None,
    });
    told.filter(|progress| *progress != RecordingProgress::Starting)
        .collect()
}

async fn until_recording(test: &dyn RecorderUnderTest, n: u32) -> Timestamp {
    let mut began = None;
    until("it records", async || {
        match progress(test, n).await {
            Some(RecordingProgress::Recording { since }) => began = Some(since),
            Some(RecordingProgress::Starting) => {}
            other => panic!("{other:?}"),
        }
        began.is_some()
    })
    .await;
    began.expect("it has begun")
}

/// Until it is ready, which it becomes without going back.
async fn until_available(test: &dyn RecorderUnderTest, n: u32) -> RecordedFile {
    let (mut file, mut has_stopped) = (None, false);
    until("it is available", async || {
        match progress(test, n).await {
            Some(RecordingProgress::Recording { .. }) if !has_stopped => {}
            Some(RecordingProgress::Processing) => has_stopped = true,
            Some(RecordingProgress::Available(it)) => file = Some(it),
            other => panic!("{other:?}"),
        }
        file.is_some()
    })
    .await;
    file.expect("it is there")
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < LONG, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
