//! Encoders at the engine: let in, refused, cut off, gone.

mod engine_support;
mod rtmp_support;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use engine_support::{Encoder, House, KEY, eventually, lease, lease_of};
use greenroom_adapters_media::EngineConfig;
use greenroom_domain::media::{MediaServer as _, PublishRefused};
use greenroom_domain::stream::Generation;
use greenroom_testkit::builders::{NOON, channel_id, stream_id};

/// The media sequence number of a playlist's first segment.
fn first_number(playlist: &str) -> u64 {
    let line = playlist
        .lines()
        .find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
    line.expect("a number").parse().expect("a number")
}

/// How often something stands in a text.
fn count(text: &str, what: &str) -> usize {
    text.matches(what).count()
}

#[tokio::test]
async fn a_publisher_is_played_after_its_first_group_of_pictures() {
    let house = House::open().await;
    let mut encoder = house.on_air(lease(1, 1), 1).await;
    house.groups(&mut encoder, 1).await;
    let path = house.playable("demo").await;
    let (status, playlist) = house.get(&path).await;
    assert_eq!(status, StatusCode::OK);
    assert!(playlist.contains("#EXTINF:2.0"), "{playlist}");
    assert_eq!(house.app.publish_asked.load(Ordering::SeqCst), 1);
}

/// A refusal, and what the encoder hears.
type Case = (fn() -> PublishRefused, &'static str);

#[tokio::test]
async fn every_refusal_reaches_the_encoder_and_keeps_nothing() {
    let house = House::open().await;
    let cases: [Case; 6] = [
        (|| PublishRefused::UnknownKey, "NetStream.Publish.BadName"),
        (
            || PublishRefused::AlreadyPublishing,
            "NetStream.Publish.BadName",
        ),
        (
            || PublishRefused::Held { until: NOON },
            "NetStream.Publish.Rejected",
        ),
        (|| PublishRefused::Locked, "NetStream.Publish.Rejected"),
        (|| PublishRefused::Ended, "NetStream.Publish.Rejected"),
        (|| PublishRefused::TooMany, "NetStream.Failed"),
    ];
    for (refused, code) in cases {
        *house.app.publish.lock() = Box::new(move |_| Err(refused()));
        refuses(&house, "live", KEY, code).await;
    }
    *house.app.publish.lock() = Box::new(|_| {
        let failure = Box::new(engine_support::ToldToFail);
        Err(PublishRefused::Unavailable(failure))
    });
    refuses(&house, "live", KEY, "NetStream.Failed").await;
    assert_eq!(house.app.publish_asked.load(Ordering::SeqCst), 7);

    // What cannot be right is not even asked about.
    refuses(&house, "other", KEY, "NetConnection.Connect.Rejected").await;
    for key in ["", "short", "../../etc", &KEY.to_uppercase()] {
        refuses(&house, "live", key, "NetStream.Publish.BadName").await;
    }
    assert_eq!(house.app.publish_asked.load(Ordering::SeqCst), 7);
    assert_eq!(
        house.get("/hls/demo/index.m3u8").await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(house.app.lost(), []);
}

async fn refuses(house: &House, app: &str, key: &str, code: &str) {
    let mut encoder = Encoder::connect(house.rtmp).await;
    let begun = encoder.start(app, key).await;
    assert_eq!(begun.last().map(String::as_str), Some(code), "{app} {key}");
    assert_eq!(encoder.last_words().await, [""; 0], "and it is closed");
}

#[tokio::test]
async fn a_cut_off_publisher_adds_nothing_and_hears_why() {
    let house = House::open().await;
    let mut encoder = house.on_air(lease(1, 3), 2).await;
    let path = house.playable("demo").await;
    let closed = house
        .engine
        .close_ingest(stream_id("demo", 1), Generation(3));
    closed.await.expect("reachable");
    let (_, at_close) = house.get(&path).await;
    house.groups(&mut encoder, 2).await;
    assert_eq!(encoder.last_words().await, ["NetStream.Publish.BadName"]);
    assert_eq!(house.get(&path).await.1, at_close, "nothing came later");
    assert!(!at_close.contains("ENDLIST"), "the encoder may come back");
    eventually("the application is told", || {
        house.app.lost() == [(1, Generation(3))]
    })
    .await;
}

#[tokio::test]
async fn after_a_takeover_the_second_publisher_is_played_and_the_first_never() {
    let house = House::open().await;
    let mut first = house.on_air(lease(1, 1), 2).await;
    let path = house.playable("demo").await;
    let mut second = house.on_air(lease(1, 2), 0).await;
    // The first one's late pictures would be seen by their length.
    house.groups(&mut first, 3).await;
    house.groups(&mut second, 2).await;
    let playlist = house
        .playlist(&path, |it| count(it, "#EXTINF:2.0") >= 3)
        .await;
    assert_eq!(first.last_words().await, ["NetStream.Publish.BadName"]);
    assert_eq!(count(&playlist, "#EXT-X-DISCONTINUITY\n"), 2, "{playlist}");
    let whole = count(&playlist, "#EXTINF:2.0");
    assert_eq!(whole, 4, "two groups of each:\n{playlist}");
    assert!(second.is_on().await);
    assert_eq!(house.app.lost(), [(1, Generation(1))]);
}

#[tokio::test]
async fn an_encoder_that_drops_or_says_goodbye_is_told_of() {
    let config = EngineConfig {
        idle: Duration::from_millis(300),
        ..EngineConfig::default()
    };
    let house = House::with(config).await;
    house.on_air(lease(1, 1), 1).await.reset();
    eventually("the reset", || house.app.lost().len() == 1).await;

    let mut encoder = house.on_air(lease(1, 2), 1).await;
    encoder.unpublish().await;
    let words = encoder.last_words().await;
    assert_eq!(words, ["NetStream.Unpublish.Success"]);
    eventually("the goodbye", || house.app.lost().len() == 2).await;

    // Neither closed nor sending.
    let silent = house.on_air(lease(1, 3), 1).await;
    eventually("the silence", || house.app.lost().len() == 3).await;
    drop(silent);
    let generations: Vec<_> = house.app.lost().iter().map(|(_, it)| it.0).collect();
    assert_eq!(generations, [1, 2, 3]);
    let status = house.engine.ingest_status(stream_id("demo", 1)).await;
    assert_eq!(status.expect("reachable"), None);
}

#[tokio::test]
async fn a_sender_that_never_stops_for_long_is_not_idle() {
    let config = EngineConfig {
        idle: Duration::from_millis(400),
        ..EngineConfig::default()
    };
    let house = House::with(config).await;
    let mut encoder = house.on_air(lease(1, 1), 1).await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(1500) {
        encoder.frame().await;
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    assert!(encoder.is_on().await);
    assert_eq!(house.app.lost(), []);
}

#[tokio::test]
async fn what_the_application_cannot_hear_is_told_again_but_not_for_ever() {
    let house = House::open().await;
    house.app.failures.store(2, Ordering::SeqCst);
    house.on_air(lease(1, 1), 1).await.reset();
    eventually("the third telling", || house.app.lost().len() == 1).await;
    assert_eq!(house.app.report_tried.load(Ordering::SeqCst), 3);

    house.app.failures.store(usize::MAX, Ordering::SeqCst);
    house.on_air(lease(1, 2), 1).await.reset();
    eventually("it gives up", || {
        house.app.report_tried.load(Ordering::SeqCst) == 3 + 5
    })
    .await;
    house.app.failures.store(0, Ordering::SeqCst);
    house.on_air(lease(1, 3), 1).await.reset();
    eventually("the next one", || house.app.lost().len() == 2).await;
    assert_eq!(house.app.lost()[1], (1, Generation(3)));
    assert_eq!(house.app.report_tried.load(Ordering::SeqCst), 3 + 5 + 1);
}

#[tokio::test]
async fn a_lease_is_given_back_by_an_encoder_that_left_meanwhile() {
    let house = House::open().await;
    house.app.answers.forget_permits(usize::MAX);
    house.app.admit(lease(1, 1));
    let mut encoder = Encoder::connect(house.rtmp).await;
    encoder.ask("live", KEY).await;
    eventually("it is asked", || {
        house.app.publish_asked.load(Ordering::SeqCst) == 1
    })
    .await;
    encoder.reset();
    house.app.answers.add_permits(1);
    eventually("it is told", || house.app.lost() == [(1, Generation(1))]).await;
}

#[tokio::test]
async fn an_ended_stream_says_so_and_makes_room_for_the_next() {
    let config = EngineConfig {
        kept_after_end: Duration::from_millis(400),
        report_every: Duration::from_millis(50),
        ..EngineConfig::default()
    };
    let house = House::with(config).await;
    let mut encoder = house.on_air(lease(1, 1), 3).await;
    let path = house.playable("demo").await;
    let first = first_number(&house.get(&path).await.1);
    let end = async |n| {
        let ended = house
            .engine
            .end(channel_id("demo"), stream_id("demo", n))
            .await;
        ended.expect("reachable");
    };
    end(1).await;
    assert!(house.get(&path).await.1.contains("#EXT-X-ENDLIST"));
    assert_eq!(encoder.last_words().await, ["NetStream.Publish.Rejected"]);

    // The next stream of the channel, in the same memory.
    let mut encoder = house.on_air(lease(2, 1), 0).await;
    house.groups(&mut encoder, 2).await;
    let playlist = house.playlist(&path, |it| !it.contains("ENDLIST")).await;
    assert!(first_number(&playlist) >= first);
    end(1).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(encoder.is_on().await, "the end of an older stream");
    assert!(!house.get(&path).await.1.contains("ENDLIST"));
    let last = playlist_end(&house.get(&path).await.1);

    end(2).await;
    let gone = async {
        while house.get("/hls/demo/index.m3u8").await.0 != StatusCode::NOT_FOUND {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), gone)
        .await
        .expect("its memory is freed");

    // Numbers never go back, whatever was forgotten.
    let _encoder = house.on_air(lease(3, 1), 2).await;
    let path = house.playable("demo").await;
    let again = house.get(&path).await.1;
    assert!(first_number(&again) > last, "{last} in\n{again}");
}

/// The number of the last segment named in a playlist.
fn playlist_end(playlist: &str) -> u64 {
    let names = playlist
        .lines()
        .filter_map(|line| line.strip_suffix(".m4s"));
    names
        .filter_map(|name| name.parse().ok())
        .max()
        .expect("segments")
}

#[tokio::test]
async fn two_channels_are_apart() {
    let house = House::open().await;
    let _one = house.on_air(lease_of("demo", 1, 1), 2).await;
    let mut other = house.on_air(lease_of("demo2", 1, 1), 2).await;
    house
        .engine
        .end(channel_id("demo"), stream_id("demo", 1))
        .await
        .expect("reachable");
    assert!(other.is_on().await);
    let path = house.playable("demo2").await;
    assert!(!house.get(&path).await.1.contains("ENDLIST"));
}

#[tokio::test]
async fn at_shutdown_everybody_is_told_and_nothing_is_reported() {
    let mut house = House::open().await;
    let mut publishers = Vec::new();
    for n in 1..=3 {
        let lease = lease_of(&format!("demo{n}"), 1, 1);
        publishers.push(house.on_air(lease, 1).await);
    }
    let mut stranger = Encoder::connect(house.rtmp).await;
    // One that never reads what it is told, and goes on sending.
    let deaf = house.on_air(lease_of("demo9", 1, 1), 1).await;
    house.shut_down().await;
    for publisher in &mut publishers {
        let words = publisher.last_words().await;
        assert_eq!(words, ["NetConnection.Connect.AppShutdown"]);
    }
    assert_eq!(stranger.last_words().await, [""; 0]);
    assert_eq!(house.app.report_tried.load(Ordering::SeqCst), 0);
    drop(deaf);
}

#[tokio::test]
async fn shutdown_does_not_wait_for_the_application() {
    let mut house = House::open().await;
    house.app.failures.store(usize::MAX, Ordering::SeqCst);
    house.on_air(lease(1, 1), 1).await.reset();
    eventually("it is telling", || {
        house.app.report_tried.load(Ordering::SeqCst) > 0
    })
    .await;
    house.app.answers.forget_permits(usize::MAX);
    let mut waiting = Encoder::connect(house.rtmp).await;
    waiting.ask("live", KEY).await;
    eventually("it is asked", || {
        house.app.publish_asked.load(Ordering::SeqCst) == 2
    })
    .await;
    house.shut_down().await;
    let words = waiting.last_words().await;
    assert_eq!(
        words.last().map(String::as_str),
        Some("NetConnection.Connect.AppShutdown")
    );
}

#[tokio::test]
async fn the_status_of_an_encoder_is_what_it_sends() {
    let house = House::open().await;
    let mut encoder = house.on_air(lease(1, 7), 0).await;
    // In real time, so that rates mean something.
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(3300) {
        encoder.frame().await;
        tokio::time::sleep_until((began + encoder.sent_for()).into()).await;
    }
    assert!(encoder.is_on().await);
    let status = house.engine.ingest_status(stream_id("demo", 1)).await;
    let status = status.expect("reachable").expect("it publishes");
    assert_eq!(status.generation, Generation(7));
    assert!(status.silence < Duration::from_millis(500), "{status:?}");
    let video = status.video.expect("pictures");
    assert_eq!(
        (video.codec.as_str(), video.width, video.height),
        ("avc1.42c01e", 640, 360)
    );
    assert!((20.0..30.0).contains(&video.frame_rate), "{video:?}");
    assert_eq!(video.key_frame_interval, Some(Duration::from_secs(2)));
    let audio = status.audio.expect("sound");
    assert_eq!(
        (audio.codec.as_str(), audio.sample_rate, audio.channels),
        ("mp4a.40.2", 44_100, 2)
    );
    // 25 pictures of 400 bytes a second, and a key frame of 4,000 every other.
    assert!(
        (60_000..160_000).contains(&status.bitrate),
        "{}",
        status.bitrate
    );
    tokio::time::sleep(Duration::from_millis(600)).await;
    let silence = house.engine.silence(stream_id("demo", 1)).await;
    let silence = silence.expect("reachable").expect("it is connected");
    assert!(silence >= Duration::from_millis(600), "{silence:?}");
}

#[tokio::test]
async fn an_encoder_whose_media_cannot_be_served_hears_so() {
    let house = House::open().await;
    let mut encoder = house.on_air(lease(1, 1), 1).await;
    encoder.raw_video(&[0x22, 0, 0, 0, 0, 1, 2, 3]).await;
    assert_eq!(encoder.last_words().await, ["NetStream.Publish.Rejected"]);
    eventually("it is told", || house.app.lost() == [(1, Generation(1))]).await;
}
