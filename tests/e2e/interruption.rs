//! Encoders drop, return, start their clocks anew, and stay away.

use std::time::Duration;

use greenroom_tests::api::Answer;
use greenroom_tests::ffmpeg::Publish;
use greenroom_tests::player::{Player, Sample};
use greenroom_tests::server::Server;
use greenroom_tests::{probe, rtmp};

const LIMIT: Duration = Duration::from_secs(40);

#[tokio::test]
async fn a_player_plays_on_when_the_encoder_returns_and_ends_when_it_stays_away() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let publisher = Publish::default().to(&server.publish_url(&channel.key));
    let stream = server.until_ingest("kim", "publishing").await;
    let mut player = Player::hls(&server.hls("kim"));
    let before = player.plays_for(Duration::from_secs(3), LIMIT).await;

    // The connection breaks, and the same key brings the same stream back. An encoder that
    // was started anew counts its time from elsewhere.
    publisher.kill().await;
    assert_eq!(server.until_ingest("kim", "interrupted").await, stream);
    let returning = Publish {
        starts_at: Duration::from_secs(1000),
        ..Publish::default()
    };
    let publisher = returning.to(&server.publish_url(&channel.key));
    assert_eq!(server.until_ingest("kim", "publishing").await, stream);
    let after = player
        .until("the new encoder's picture is shown", LIMIT, |sample| {
            assert_goes_on(sample);
            is_behind_gap(&before, sample)
        })
        .await;
    let later = player.plays_for(Duration::from_secs(3), LIMIT).await;
    assert!(
        later.decoded_frames > after.decoded_frames + 40,
        "{later:?}"
    );

    // It stays away: the stream ends, and says so to whoever watches.
    publisher.kill().await;
    assert_eq!(server.until_ended(&stream).await, "encoder_gone");
    let told = |sample: &Sample| {
        assert_goes_on(sample);
        sample.all["endList"] == true
    };
    player.until("the player knows the end", LIMIT, told).await;
    let channel = server.api().get("/api/v1/channels/kim").await.expect(200);
    assert!(channel["live"].is_null(), "{channel}");
}

#[tokio::test]
async fn a_clock_that_starts_again_is_no_gap_in_the_picture() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let publish = Publish {
        duration: Some(Duration::from_secs(4)),
        ..Publish::default()
    };
    let tags = rtmp::tags(&publish.record().await);
    let mut encoder = rtmp::Client::publish(server.rtmp_port(), "live", &channel.key)
        .await
        .expect("it is let in");

    // The same four seconds again and again, and small chunks with sound between the picture's.
    let publishing = tokio::spawn(async move { while encoder.tags(&tags).await.is_ok() {} });
    let stream = server.until_ingest("kim", "publishing").await;
    let hls = server.hls("kim");
    let (decoded, sound) = tokio::join!(
        probe::decode(&hls, Duration::from_secs(10), LIMIT),
        probe::packets(&hls, 'a', Duration::from_secs(10), LIMIT),
    );
    let decoded = decoded.expect("it is decoded");
    assert!((290..=301).contains(&decoded.frames), "{decoded:?}");
    assert!(decoded.complaints.is_empty(), "{decoded:?}");
    assert!(sound.expect("it is read").len() >= 440);
    assert_eq!(server.until_ingest("kim", "publishing").await, stream);
    publishing.abort();
    let interrupted = |answer: &Answer| (answer.json["ingest"] == "interrupted").then_some(());
    let path = format!("/api/v1/streams/{stream}");
    server
        .api()
        .until(&path, "the encoder is missed", LIMIT, interrupted)
        .await;
}

fn assert_goes_on(sample: &Sample) {
    assert!(!sample.has_fatal_error(), "{sample:?}");
}

/// Whether the fragment that is shown came after a discontinuity that was not there before,
/// and is playing.
fn is_behind_gap(before: &Sample, sample: &Sample) -> bool {
    let count = |sample: &Sample| sample.all["discontinuity"].as_u64();
    count(sample) > count(before) && sample.current_time > before.current_time + 0.5
}
