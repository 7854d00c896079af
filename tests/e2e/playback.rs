//! People watch: decoders, and players in a browser.

use std::time::Duration;

use greenroom_tests::ffmpeg::{Picture, Publish, Source};
use greenroom_tests::player::Player;
use greenroom_tests::probe;
use greenroom_tests::server::Server;
use serde_json::{Value, json};
use tokio::time::Instant;

/// For opening a stream and reading what these tests read, on a busy machine.
const LIMIT: Duration = Duration::from_secs(40);
const TEN_SECONDS: Duration = Duration::from_secs(10);

/// As OBS sends it: B-frames, and a flash with a beep to measure it by.
fn with_b_frames() -> Publish {
    Publish {
        source: Source::FlashAndBeep,
        picture: Some(Picture {
            b_frames: 2,
            ..Picture::default()
        }),
        ..Publish::default()
    }
}

#[tokio::test]
async fn decoders_read_every_frame_and_keep_sound_and_picture_together() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let _publisher = with_b_frames().to(&server.publish_url(&channel.key));
    server.until_ingest("kim", "publishing").await;
    let (hls, dash) = (server.hls("kim"), server.dash("kim"));

    let by_hls = probe::decode(&hls, TEN_SECONDS, LIMIT).await;
    let (by_dash, together, sound) = tokio::join!(
        probe::decode(&dash, TEN_SECONDS, LIMIT),
        probe::flashes_and_beeps(&hls, TEN_SECONDS, LIMIT),
        probe::packets(&hls, 'a', TEN_SECONDS, LIMIT),
    );
    for decoded in [by_hls.expect("HLS"), by_dash.expect("DASH")] {
        assert!((295..=301).contains(&decoded.frames), "{decoded:?}");
        assert!(decoded.complaints.is_empty(), "{decoded:?}");
    }

    let pairs = together.expect("it is decoded");
    assert!(pairs.len() >= 8, "{pairs:?}");
    for pair in &pairs {
        assert!((pair.flash - pair.beep).abs() < 0.04, "{pairs:?}");
    }

    // As many samples as the time says: none lost, none doubled, none drifting.
    let sound = sound.expect("it is read");
    let at = |packet: &Value| -> f64 {
        let time = packet["pts_time"].as_str().expect("each has a time");
        time.parse().expect("in seconds")
    };
    let (first, last) = (sound.first().expect("some"), sound.last().expect("some"));
    let length = at(last) - at(first);
    let samples = f64::from(u32::try_from(sound.len() - 1).expect("a few hundred")) * 1024.0;
    assert!(length > 9.5, "{length}");
    assert!(
        (length - samples / 48_000.0).abs() < 0.01,
        "{length} {samples}"
    );
}

#[tokio::test]
async fn key_frames_may_be_eight_seconds_apart() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let publish = Publish {
        picture: Some(Picture {
            gop: Duration::from_secs(8),
            ..Picture::default()
        }),
        ..Publish::default()
    };
    let _publisher = publish.to(&server.publish_url(&channel.key));
    server.until_ingest("kim", "publishing").await;
    let decoded = probe::decode(&server.hls("kim"), TEN_SECONDS, LIMIT).await;
    let decoded = decoded.expect("it is decoded");
    assert!((295..=301).contains(&decoded.frames), "{decoded:?}");
    assert!(decoded.complaints.is_empty(), "{decoded:?}");
}

#[tokio::test]
async fn browsers_play_and_are_counted() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let _publisher = with_b_frames().to(&server.publish_url(&channel.key));
    let stream = server.until_ingest("kim", "publishing").await;
    let path = format!("/api/v1/streams/{stream}");
    let viewers = async |wanted: u64| {
        let what = format!("{wanted} watch");
        let counted = |answer: &greenroom_tests::api::Answer| {
            (answer.json["viewers"] == wanted).then_some(())
        };
        server.api().until(&path, &what, LIMIT, counted).await;
    };
    viewers(0).await;

    let mut first = Player::hls(&server.hls("kim"));
    plays(&mut first).await;
    viewers(1).await;
    let mut second = Player::dash(&server.dash("kim"));
    plays(&mut second).await;
    viewers(2).await;
    first.close().await;
    // Last: Chromium itself does not play a live playlist that has a single segment yet.
    let mut third = Player::native(&server.hls("kim"));
    plays(&mut third).await;
    third.close().await;
    second.close().await;
    viewers(0).await;
    let stream = server.api().get(&path).await.expect(200);
    assert!(stream["peak_viewers"].as_u64() >= Some(2), "{stream}");
    assert_eq!(stream["total_views"], 3, "{stream}");
}

/// It plays for a while, with sound and picture, and without giving up.
async fn plays(player: &mut Player) {
    let began = player
        .until("it begins to play", LIMIT, |sample| {
            assert!(!sample.has_fatal_error(), "{sample:?}");
            sample.decoded_frames > 0
        })
        .await;
    let sample = player.plays_for(Duration::from_secs(4), LIMIT).await;
    let frames = sample.decoded_frames - began.decoded_frames;
    assert!(
        frames >= 60,
        "{frames} of 120 frames were decoded: {sample:?}"
    );
    assert!(
        sample.decoded_audio_bytes > began.decoded_audio_bytes,
        "{sample:?}"
    );
}

#[tokio::test]
async fn a_ban_ends_watching_at_once() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let (token, viewer) = server.user("max").await;
    let _publisher = Publish::default().to(&server.publish_url(&channel.key));
    server.until_ingest("kim", "publishing").await;

    let api = server.api_as(&token);
    let addresses = api.get("/api/v1/channels/kim/playback").await.expect(200);
    let index = addresses["addresses"][0]["url"].as_str().expect("HLS");
    let playlist = api.get(index).await;
    assert_eq!(playlist.status, 200, "{}", playlist.text);
    let name = playlist.text.lines().find(|line| !line.starts_with('#'));
    let media = format!("/hls/kim/{}", name.expect("a media playlist"));
    assert_eq!(api.get(&media).await.status, 200);

    let path = format!("/api/v1/channels/kim/chat/restrictions/user:{viewer}");
    let ban = json!({ "kind": "ban", "reason": "spam" });
    let banned_at = Instant::now();
    let owner = server.api_as(&channel.token);
    let banned = owner.put(&path, &ban).await.expect(200);
    assert_eq!(banned["restriction"]["kind"], "ban", "{banned}");
    let cut = |answer: &greenroom_tests::api::Answer| (answer.status == 403).then_some(());
    api.until(&media, "the grant is refused", LIMIT, cut).await;
    assert!(banned_at.elapsed() < Duration::from_secs(1));
    // Neither the address nor a new one is worth anything to them.
    assert_eq!(api.get(index).await.status, 403);
    assert_eq!(api.get("/api/v1/channels/kim/playback").await.status, 403);
    // Everybody else watches on.
    let guest = server.api().get("/hls/kim/index.m3u8").await;
    assert_eq!(guest.status, 200, "{}", guest.text);
}
