//! Encoders come in, are kept out, and are cut off.

use std::time::Duration;

use greenroom_tests::api::Answer;
use greenroom_tests::ffmpeg::{Publish, Publisher};
use greenroom_tests::server::{self, Channel, Server};
use greenroom_tests::wait;
use serde_json::json;

const LIMIT: Duration = Duration::from_secs(20);
/// How long it may take until whoever is cut off is off.
const AT_ONCE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_stream_goes_live_by_itself_and_its_key_stays_secret() {
    let everything = [("GREENROOM_LOG__FILTER", "trace,mio=info,polling=info")];
    let server = Server::start_with(&everything).await;
    let channel = server.channel("kim").await;
    let publisher = Publish::default().to(&server.publish_url(&channel.key));
    let stream = server.until_ingest("kim", "publishing").await;

    let path = format!("/api/v1/streams/{stream}/ingest");
    let owner = server.api_as(&channel.token);
    let encoder = owner
        .until(&path, "its figures are known", LIMIT, |answer| {
            let encoder = &answer.json["encoder"];
            let known = encoder["video"]["key_frame_interval_ms"] == 1000;
            known.then(|| encoder.clone())
        })
        .await;
    assert_eq!(encoder["video"]["width"], 640, "{encoder}");
    assert_eq!(encoder["audio"]["sample_rate"], 48_000, "{encoder}");
    assert!(encoder["silence_ms"].as_u64() < Some(1000), "{encoder}");

    let shown = shown_to_anybody(&server).await;
    assert!(shown.iter().any(|text| text.contains("#EXTINF")));
    assert!(shown.iter().any(|text| text.contains("SegmentTimeline")));
    for text in &shown {
        assert!(!text.contains(&channel.key), "{text}");
    }

    // The encoder says goodbye and does not come back.
    assert!(publisher.stop().await.success());
    assert_eq!(server.until_ended(&stream).await, "encoder_gone");
    assert!(!server.has_logged(&channel.key));
    assert!(!server::holds(&server.data_dir(), &channel.key));
    let playlist = media_playlist(&server, "kim").await;
    assert!(playlist.contains("#EXT-X-ENDLIST"), "{playlist}");
}

#[tokio::test]
async fn keys_let_in_and_cut_off() {
    let mut server = Server::start().await;
    let channel = server.channel("kim").await;
    let owner = server.api_as(&channel.token);

    // A key that never was: nothing comes of it.
    let wrong = format!("gk_{}", "0".repeat(64));
    refused(&server, &wrong).await;
    let streams = owner.get("/api/v1/channels/kim/streams").await.expect(200);
    assert_eq!(streams["items"], json!([]));

    // A rotated key cuts off who publishes with the old one.
    let mut publisher = Publish::default().to(&server.publish_url(&channel.key));
    let stream = server.until_ingest("kim", "publishing").await;
    let path = format!("/api/v1/keys/{}/rotate", channel.key_id);
    let rotated = owner.post(&path, &json!({})).await.expect(200);
    cut_off(&server, &channel, &stream, &mut publisher).await;
    refused(&server, &channel.key).await;
    let key = rotated["secret"].as_str().expect("its new secret");
    let mut publisher = Publish::default().to(&server.publish_url(key));
    assert_eq!(server.until_ingest("kim", "publishing").await, stream);

    // So does a revoked one.
    let path = format!("/api/v1/keys/{}", channel.key_id);
    let revoked = owner.delete(&path).await.expect(200);
    assert_eq!(revoked["status"], "revoked");
    cut_off(&server, &channel, &stream, &mut publisher).await;
    refused(&server, key).await;
    assert_eq!(server.until_ended(&stream).await, "encoder_gone");
    assert!(server.is_running());
}

#[tokio::test]
async fn a_second_encoder_waits_until_the_first_is_silent() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let mut first = Publish::default().to(&server.publish_url(&channel.key));
    let stream = server.until_ingest("kim", "publishing").await;
    refused(&server, &channel.key).await;
    assert!(first.is_running(), "{}", first.stderr_tail());

    first.freeze();
    refused(&server, &channel.key).await;
    silence(&server, &channel, &stream, |millis| millis >= 2000).await;
    let second = Publish::default().to(&server.publish_url(&channel.key));
    silence(&server, &channel, &stream, |millis| millis < 1000).await;
    assert_eq!(server.until_ingest("kim", "publishing").await, stream);

    // The first is not let back in by what it still sends.
    first.thaw();
    let status = first.ended(LIMIT).await;
    assert!(!status.success(), "{}", first.stderr_tail());
    silence(&server, &channel, &stream, |millis| millis < 1000).await;
    drop(second);
}

#[tokio::test]
async fn an_end_on_purpose_keeps_the_encoder_out() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let admin = server.admin("root").await;

    // The owner's end holds the key that was in use: an encoder reconnects by itself.
    let mut publisher = Publish::default().to(&server.publish_url(&channel.key));
    let stream = server.until_ingest("kim", "publishing").await;
    media_playlist(&server, "kim").await;
    let path = format!("/api/v1/streams/{stream}/end");
    let ended = server.api_as(&channel.token).post(&path, &json!({})).await;
    assert_eq!(ended.expect(200)["end_reason"], "owner_ended");
    publisher.ended(LIMIT).await;
    refused(&server, &channel.key).await;
    let playlist = media_playlist(&server, "kim").await;
    assert!(playlist.contains("#EXT-X-ENDLIST"), "{playlist}");

    // Another key was not in use.
    let other = server.command(&["channel", "key", "kim"]).await;
    let other = other["secret"].as_str().expect("a new key has a secret");
    let mut publisher = Publish::default().to(&server.publish_url(other));
    let next = server.until_ingest("kim", "publishing").await;
    assert_ne!(next, stream);

    // An administrator's end locks the channel until it is unlocked.
    let path = format!("/api/v1/streams/{next}/end");
    let ended = server.api_as(&admin).post(&path, &json!({})).await;
    assert_eq!(ended.expect(200)["end_reason"], "admin_ended");
    publisher.ended(LIMIT).await;
    refused(&server, other).await;
    refused(&server, &channel.key).await;
    server.command(&["channel", "unlock", "kim"]).await;
    let publisher = Publish::default().to(&server.publish_url(other));
    let third = server.until_ingest("kim", "publishing").await;
    assert!(third != next && third != stream);
    drop(publisher);
}

/// Waits until a stream's encoder has been silent for as long as it is waited for.
async fn silence(server: &Server, channel: &Channel, stream: &str, wanted: fn(u64) -> bool) {
    let path = format!("/api/v1/streams/{stream}/ingest");
    let owner = server.api_as(&channel.token);
    let found = |answer: &Answer| {
        let millis = answer.json["encoder"]["silence_ms"].as_u64();
        millis.filter(|millis| wanted(*millis))
    };
    owner.until(&path, "it is as silent", LIMIT, found).await;
}

/// An encoder that is told no, and gives up.
async fn refused(server: &Server, key: &str) {
    let publish = Publish {
        duration: Some(Duration::from_secs(30)),
        ..Publish::default()
    };
    let mut publisher = publish.to(&server.publish_url(key));
    let status = publisher.ended(Duration::from_secs(10)).await;
    assert!(!status.success(), "{}", publisher.stderr_tail());
}

/// No encoder any more, at once.
async fn cut_off(server: &Server, channel: &Channel, stream: &str, publisher: &mut Publisher) {
    wait::until("the encoder is cut off", AT_ONCE, async || {
        let encoder = server.encoder(channel, stream).await;
        encoder.is_null().then_some(())
    })
    .await;
    assert!(!publisher.ended(LIMIT).await.success());
}

/// What the server tells whoever asks: pages, playlists, figures.
async fn shown_to_anybody(server: &Server) -> Vec<String> {
    let api = server.api();
    let mut shown = vec![media_playlist(server, "kim").await];
    for path in [
        "/hls/kim/index.m3u8",
        "/dash/kim/index.mpd",
        "/api/v1/streams",
        "/api/v1/channels/kim",
        "/api/v1/channels/kim/playback",
        "/api/v1/channels/kim/streams",
        "/metrics",
        "/healthz",
        "/readyz",
    ] {
        let answer = api.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        shown.push(answer.text);
    }
    shown
}

/// The first media playlist of a channel, as a player finds it.
async fn media_playlist(server: &Server, handle: &str) -> String {
    let api = server.api();
    let index = api.get(&format!("/hls/{handle}/index.m3u8")).await;
    assert_eq!(index.status, 200, "{}", index.text);
    let name = index.text.lines().find(|line| !line.starts_with('#'));
    let name = name.expect("a multivariant playlist names a media playlist");
    let playlist = api.get(&format!("/hls/{handle}/{name}")).await;
    assert_eq!(playlist.status, 200, "{}", playlist.text);
    playlist.text
}
