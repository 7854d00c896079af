//! What encoders send beside H.264 with AAC.

use std::time::Duration;

use greenroom_tests::ffmpeg::{AudioCodec, Picture, Publish, Sound, VideoCodec};
use greenroom_tests::probe;
use greenroom_tests::server::Server;
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(40);
const LENGTH: Duration = Duration::from_secs(5);

#[tokio::test]
async fn sound_alone_and_a_picture_alone_are_streams() {
    let server = Server::start().await;
    let radio = Publish {
        picture: None,
        ..Publish::default()
    };
    let silent = Publish {
        sound: None,
        ..Publish::default()
    };
    let (radio, silent) = tokio::join!(
        watched(&server, "radio", &radio),
        watched(&server, "silent", &silent),
    );
    assert_eq!(radio, ["aac"]);
    assert_eq!(silent, ["h264"]);
}

#[tokio::test]
async fn hevc_and_opus_pass_through() {
    let server = Server::start().await;
    let publish = Publish {
        picture: Some(Picture {
            codec: VideoCodec::Hevc,
            b_frames: 2,
            ..Picture::default()
        }),
        sound: Some(Sound {
            codec: AudioCodec::Opus,
            ..Sound::default()
        }),
        ..Publish::default()
    };
    assert_eq!(watched(&server, "kim", &publish).await, ["hevc", "opus"]);
}

#[tokio::test]
async fn av1_passes_through() {
    let server = Server::start().await;
    let publish = Publish {
        picture: Some(Picture {
            codec: VideoCodec::Av1,
            ..Picture::default()
        }),
        ..Publish::default()
    };
    assert_eq!(watched(&server, "kim", &publish).await, ["av1", "aac"]);
}

/// Publishes on a channel of its own, and decodes it by HLS and by DASH. Answers the codecs.
async fn watched(server: &Server, handle: &str, publish: &Publish) -> Vec<String> {
    let channel = server.channel(handle).await;
    let mut publisher = publish.to(&server.publish_url(&channel.key));
    server.until_ingest(handle, "publishing").await;
    let (hls, dash) = (server.hls(handle), server.dash(handle));
    let by_hls = probe::decode(&hls, LENGTH, LIMIT).await;
    // After it: of a manifest with a single segment ffmpeg reads the next one twice.
    let by_dash = probe::decode(&dash, LENGTH, LIMIT).await;
    for decoded in [by_hls.expect("HLS"), by_dash.expect("DASH")] {
        assert!(decoded.complaints.is_empty(), "{handle}: {decoded:?}");
        let length = decoded.duration.as_secs_f64();
        assert!(
            (length - LENGTH.as_secs_f64()).abs() < 0.1,
            "{handle}: {decoded:?}"
        );
        if publish.picture.is_some() {
            assert!(
                (148..=151).contains(&decoded.frames),
                "{handle}: {decoded:?}"
            );
        }
    }
    assert!(publisher.is_running(), "{}", publisher.stderr_tail());
    let shown = probe::inspect(&hls, LIMIT).await.expect("ffprobe reads it");
    codecs(&shown)
}

fn codecs(shown: &Value) -> Vec<String> {
    let streams = shown["streams"].as_array().into_iter().flatten();
    let mut codecs: Vec<(String, String)> = streams
        .map(|stream| {
            let text = |name: &str| stream[name].as_str().unwrap_or_default().to_owned();
            (text("codec_type"), text("codec_name"))
        })
        .collect();
    // The picture first, whatever the playlist's order.
    codecs.sort_by(|one, other| other.0.cmp(&one.0));
    codecs.into_iter().map(|(_, name)| name).collect()
}
