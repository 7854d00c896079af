//! The fixtures against each other: what they measure of a recording that ffmpeg made
//! from ffmpeg is what was published. When these fail, no other test here says much.

use std::time::Duration;

use greenroom_tests::ffmpeg::{AudioCodec, Picture, Publish, Sound, Source, VideoCodec};
use greenroom_tests::{ports, probe, tools, wait};
use tempfile::TempDir;
use tokio::process::Command;

const LIMIT: Duration = Duration::from_secs(20);

/// An RTMP server that records one publisher into a file.
async fn record(publish: &Publish) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("recorded.mkv");
    let url = format!("rtmp://127.0.0.1:{}/live/key", ports::free());
    let mut server = Command::new(tools::enhanced_ffmpeg())
        .args([
            "-loglevel",
            "fatal",
            "-listen",
            "1",
            "-i",
            &url,
            "-c",
            "copy",
            "-y",
        ])
        .arg(&file)
        .kill_on_drop(true)
        .spawn()
        .expect("ffmpeg starts");

    // It takes a single connection, so that looking would use it up: publish until it does.
    wait::until("the recorder accepts the publisher", LIMIT, async || {
        let status = publish.to(&url).ended(LIMIT).await;
        status.success().then_some(())
    })
    .await;
    let ended = tokio::time::timeout(LIMIT, server.wait()).await;
    ended
        .expect("the recorder ends with its publisher")
        .expect("it can be waited for");
    let path = file.to_str().expect("the path is UTF-8").to_owned();
    (folder, path)
}

#[tokio::test]
async fn a_flash_and_a_beep_are_found_together() {
    let publish = Publish {
        duration: Some(Duration::from_secs(4)),
        source: Source::FlashAndBeep,
        ..Publish::default()
    };
    let (_folder, file) = record(&publish).await;

    let pairs = probe::flashes_and_beeps(&file, Duration::from_secs(4), LIMIT)
        .await
        .unwrap();
    assert!(pairs.len() >= 3, "{pairs:?}");
    for pair in &pairs {
        assert!((pair.flash - pair.beep).abs() < 0.04, "{pairs:?}");
    }
    let decoded = probe::decode(&file, Duration::from_secs(4), LIMIT)
        .await
        .unwrap();
    assert!((110..=120).contains(&decoded.frames), "{decoded:?}");
    assert!(decoded.complaints.is_empty(), "{decoded:?}");
}

#[tokio::test]
async fn an_encoder_has_the_codecs_that_are_asked_for() {
    let publish = Publish {
        duration: Some(Duration::from_secs(2)),
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
    let (_folder, file) = record(&publish).await;

    let shown = probe::inspect(&file, LIMIT).await.unwrap();
    let codecs: Vec<&str> = shown["streams"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|stream| stream["codec_name"].as_str())
        .collect();
    assert_eq!(codecs, ["hevc", "opus"]);
}
