//! Promises of `MediaServer`, with encoders that really
//! publish. Each function takes an engine with nothing on air.

use std::time::Duration;

use async_trait::async_trait;
use greenroom_domain::channel::Handle;
use greenroom_domain::media::{
    IngestCredential, IngestLease, IngestStatus, KeyOfChannel, KeyVersion, MediaEvent, MediaServer,
    SeatRequest, SeatRole, Tab,
};
use greenroom_domain::shared::id::StreamId;
use greenroom_domain::stream::Generation;

use crate::builders::{channel, channel_id, noon_plus, stream_id, stream_key_id, viewer};

/// An engine, and an application that lets in whom the test says.
#[async_trait]
pub trait MediaServerUnderTest: Send + Sync {
    /// What is tested.
    fn server(&self) -> &dyn MediaServer;
    /// An encoder comes in with this lease and sends, until the engine has its media; `None`
    /// when it is turned away.
    async fn publish(&self, lease: IngestLease) -> Option<Box<dyn Encoder>>;
    /// What the application was told until now.
    fn told(&self) -> Vec<MediaEvent>;
}

/// An encoder that was let in. It goes on sending.
#[async_trait]
pub trait Encoder: Send {
    /// Sends a little; false when it finds itself cut off.
    async fn send(&mut self) -> bool;
    /// Goes away without a word.
    async fn drop_out(self: Box<Self>);
}

/// All of the promises, each on a new one.
pub async fn all<S: MediaServerUnderTest>(make: impl AsyncFn() -> S) {
    what_is_not_there_is_closed_already(&make().await).await;
    there_is_a_way_in_and_out(&make().await).await;
    an_encoder_has_a_status_until_it_goes(&make().await).await;
    closing_cuts_off_up_to_a_generation(&make().await).await;
    a_later_publisher_is_not_handed_over(&make().await).await;
    who_was_closed_out_does_not_come_in_later(&make().await).await;
    a_later_publisher_takes_over(&make().await).await;
    an_end_cuts_off_and_stays(&make().await).await;
    an_end_of_an_older_stream_leaves_the_newer_one(&make().await).await;
}

/// Closing, ending and shutting out what is not there succeeds, however often.
pub async fn what_is_not_there_is_closed_already(test: &dyn MediaServerUnderTest) {
    let server = test.server();
    let stream = stream_id("demo", 1);
    for _ in 0..3 {
        assert_eq!(status(test, stream).await, None);
        let silence = server.silence(stream).await.expect("reachable");
        assert_eq!(silence, None);
        close(test, stream, 7).await;
        end(test, stream).await;
        server
            .revoke_playback(channel_id("demo"), viewer("ada"))
            .await
            .expect("reachable");
    }
    assert_eq!(test.told(), []);
}

/// An engine has paths below the public address that name the channel, and takes encoders at
/// addresses; or else it has rooms, with seats in them, and gives encoders credentials.
pub async fn there_is_a_way_in_and_out(test: &dyn MediaServerUnderTest) {
    let server = test.server();
    let handle = Handle::parse("demo").expect("a handle");
    let addresses = server.playback_addresses(&handle, None);
    for address in &addresses {
        assert!(address.path.starts_with('/'), "{address:?}");
        assert!(address.path.contains("/demo/"), "{address:?}");
    }
    assert_eq!(addresses, server.playback_addresses(&handle, None));
    let demo = channel("demo");
    let seat = server.take_seat(SeatRequest {
        channel: demo.id,
        owner: demo.owner,
        role: SeatRole::Viewer(viewer("ada")),
        tab: Tab::Only,
    });
    let seat = seat.await.expect("reachable");
    assert_ne!(addresses.is_empty(), seat.is_none(), "one of the two");
    let key = KeyOfChannel {
        key: KeyVersion {
            key: stream_key_id("demo", 1),
            since: noon_plus(0),
        },
        channel: demo.id,
        owner: demo.owner,
    };
    let credentials = async || server.ingest_credentials(key).await.expect("reachable");
    let made = credentials().await;
    assert_ne!(server.ingest_addresses().is_empty(), made.is_empty());
    let places = |made: &[IngestCredential]| -> Vec<(&str, String)> {
        let place = |it: &IngestCredential| (it.protocol, it.url.clone());
        made.iter().map(place).collect()
    };
    assert_eq!(places(&made), places(&credentials().await));
    for _ in 0..2 {
        let withdrawn = server.withdraw_credentials(key.key.key).await;
        withdrawn.expect("reachable");
    }
}

/// A connected encoder is seen with its generation; one that dropped out is told of, once the
/// engine knows, and is not seen any more.
pub async fn an_encoder_has_a_status_until_it_goes(test: &dyn MediaServerUnderTest) {
    let stream = stream_id("demo", 1);
    let encoder = let_in(test, 1, 4).await;
    let seen = status(test, stream).await.expect("it publishes");
    assert_eq!(seen.generation, Generation(4));
    assert!(seen.silence < Duration::from_secs(5), "{seen:?}");
    encoder.drop_out().await;
    told_gone(test, 1, 4).await;
    assert_eq!(status(test, stream).await, None);
}

/// Who publishes up to the generation is cut off when it answers; a later one is not.
pub async fn closing_cuts_off_up_to_a_generation(test: &dyn MediaServerUnderTest) {
    let stream = stream_id("demo", 1);
    let mut encoder = let_in(test, 1, 5).await;
    close(test, stream, 4).await;
    assert!(encoder.send().await, "it is a later one");
    assert!(status(test, stream).await.is_some());
    for _ in 0..2 {
        close(test, stream, 5).await;
        assert_eq!(status(test, stream).await, None, "closed when it answers");
    }
    cut_off(&mut *encoder).await;
    told_gone(test, 1, 5).await;
    // The encoder may come back, as somebody newer.
    assert!(let_in(test, 1, 6).await.send().await);
}

/// A stream that is handed over up to a generation keeps a publisher that came later.
pub async fn a_later_publisher_is_not_handed_over(test: &dyn MediaServerUnderTest) {
    let (channel, stream) = (channel_id("demo"), stream_id("demo", 1));
    let mut encoder = let_in(test, 1, 5).await;
    for _ in 0..2 {
        let handed_over = test.server().hand_over(channel, stream, Generation(4));
        handed_over.await.expect("reachable");
        assert!(encoder.send().await, "it is a later one");
    }
    assert!(status(test, stream).await.is_some());
}

/// A lease that was closed before its encoder came in with it is worth nothing.
pub async fn who_was_closed_out_does_not_come_in_later(test: &dyn MediaServerUnderTest) {
    close(test, stream_id("demo", 1), 2).await;
    assert!(test.publish(lease(1, 2)).await.is_none());
    told_gone(test, 1, 2).await;
    assert!(test.publish(lease(1, 3)).await.is_some());
}

/// The higher generation has the stream, whatever the earlier one's encoder does.
pub async fn a_later_publisher_takes_over(test: &dyn MediaServerUnderTest) {
    let stream = stream_id("demo", 1);
    let mut first = let_in(test, 1, 1).await;
    let mut second = let_in(test, 1, 2).await;
    cut_off(&mut *first).await;
    assert!(second.send().await);
    let seen = status(test, stream).await.expect("the second publishes");
    assert_eq!(seen.generation, Generation(2));
    assert!(
        test.publish(lease(1, 1)).await.is_none(),
        "its turn is over"
    );
    assert!(second.send().await);
}

/// An ended stream's encoder is cut off when it answers, and none comes in any more.
pub async fn an_end_cuts_off_and_stays(test: &dyn MediaServerUnderTest) {
    let mut encoder = let_in(test, 1, 1).await;
    for _ in 0..2 {
        end(test, stream_id("demo", 1)).await;
        assert_eq!(status(test, stream_id("demo", 1)).await, None);
    }
    cut_off(&mut *encoder).await;
    assert!(test.publish(lease(1, 9)).await.is_none(), "it has ended");
}

/// An end that is told late, or again, does nothing to the channel's next stream.
pub async fn an_end_of_an_older_stream_leaves_the_newer_one(test: &dyn MediaServerUnderTest) {
    let mut old = let_in(test, 1, 1).await;
    let mut new = let_in(test, 2, 1).await;
    cut_off(&mut *old).await;
    for _ in 0..2 {
        end(test, stream_id("demo", 1)).await;
        assert!(new.send().await);
        assert!(status(test, stream_id("demo", 2)).await.is_some());
    }
}

/// The lease of the channel `demo`'s nth stream.
fn lease(n: u32, generation: u64) -> IngestLease {
    IngestLease {
        stream: stream_id("demo", n),
        channel: channel_id("demo"),
        handle: Handle::parse("demo").expect("a handle"),
        generation: Generation(generation),
    }
}

async fn let_in(test: &dyn MediaServerUnderTest, n: u32, generation: u64) -> Box<dyn Encoder> {
    let encoder = test.publish(lease(n, generation)).await;
    encoder.expect("it has a lease")
}

async fn status(test: &dyn MediaServerUnderTest, stream: StreamId) -> Option<IngestStatus> {
    let status = test.server().ingest_status(stream).await;
    status.expect("reachable")
}

async fn close(test: &dyn MediaServerUnderTest, stream: StreamId, up_to: u64) {
    let closed = test.server().close_ingest(stream, Generation(up_to)).await;
    closed.expect("reachable");
}

async fn end(test: &dyn MediaServerUnderTest, stream: StreamId) {
    let ended = test.server().end(channel_id("demo"), stream).await;
    ended.expect("reachable");
}

async fn cut_off(encoder: &mut dyn Encoder) {
    let cut = async { while encoder.send().await {} };
    let cut = tokio::time::timeout(Duration::from_secs(10), cut).await;
    cut.expect("it is cut off");
}

async fn told_gone(test: &dyn MediaServerUnderTest, n: u32, generation: u64) {
    let gone = MediaEvent::IngestLost {
        stream: stream_id("demo", n),
        generation: Generation(generation),
    };
    let told = async {
        while !test.told().contains(&gone) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(10), told).await;
    told.unwrap_or_else(|_| panic!("{gone:?} in {:?}", test.told()));
}
