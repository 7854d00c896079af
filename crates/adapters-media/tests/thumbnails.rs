//! Pictures of streams on air, by the real ffmpeg.

mod engine_support;
mod rtmp_support;

use std::process::Stdio;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use bytes::Bytes;
use engine_support::{House, KEY, eventually, lease};
use greenroom_adapters_media::{EngineConfig, ThumbnailConfig};
use greenroom_domain::channel::Handle;
use greenroom_domain::media::MediaServer as _;
use greenroom_testkit::builders::{channel_id, stream_id};
use tokio::process::{Child, Command};
use tower::ServiceExt as _;

fn config(ffmpeg: &str) -> EngineConfig {
    EngineConfig {
        thumbnails: ThumbnailConfig {
            ffmpeg: ffmpeg.into(),
            every: Duration::from_millis(500),
        },
        ..EngineConfig::default()
    }
}

/// An encoder whose picture moves, with a key frame a second.
fn encoder(house: &House, size: &str) -> Child {
    let source = format!("testsrc=size={size}:rate=10");
    Command::new("ffmpeg")
        .args(["-loglevel", "error", "-re", "-f", "lavfi", "-i", &source])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-g", "10"])
        .args(["-pix_fmt", "yuv420p", "-f", "flv"])
        .arg(format!("rtmp://{}/live/{KEY}", house.rtmp))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("ffmpeg is installed")
}

fn path(house: &House) -> Option<String> {
    let demo = Handle::parse("demo").expect("a handle");
    house.engine.thumbnail(&demo)
}

async fn get(house: &House, path: &str, known: &str) -> (StatusCode, HeaderMap, Bytes) {
    let request = Request::get(path)
        .header(header::IF_NONE_MATCH, known)
        .body(Body::empty());
    let request = request.expect("a request");
    let response = house.router.clone().oneshot(request).await;
    let (parts, body) = response.expect("infallible").into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a body");
    (parts.status, parts.headers, body)
}

/// Width and height of a baseline JPEG (ITU-T T.81, B.2.2).
fn size(jpeg: &[u8]) -> (u16, u16) {
    let mut at = 2;
    loop {
        let [0xff, marker, high, low] = jpeg[at..at + 4] else {
            panic!("no marker at {at}");
        };
        if marker == 0xc0 {
            let frame = &jpeg[at + 5..at + 9];
            let number = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
            return (number(2), number(0));
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
}

#[tokio::test]
async fn a_stream_has_a_picture_which_changes_until_the_stream_ends() {
    let house = House::with(config("ffmpeg")).await;
    house.app.admit(lease(1, 1));
    let _encoder = encoder(&house, "320x240");
    assert_eq!(
        get(&house, "/thumbnails/demo.jpg", "").await.0,
        StatusCode::NOT_FOUND
    );
    eventually("a picture", || path(&house).is_some()).await;
    let first = path(&house).expect("a picture");
    assert!(first.starts_with("/thumbnails/demo.jpg?v="), "{first}");
    let (status, headers, picture) = get(&house, &first, "").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CONTENT_TYPE], "image/jpeg");
    assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=30");
    assert_eq!(size(&picture), (640, 480));

    eventually("another picture", || {
        path(&house).is_some_and(|path| path != first)
    })
    .await;
    let tag = headers[header::ETAG].to_str().expect("text").to_owned();
    let (status, _, next) = get(&house, "/thumbnails/demo.jpg", &tag).await;
    assert_eq!(status, StatusCode::OK);
    assert_ne!(next, picture);
    // Until no new picture comes in between.
    loop {
        let (_, headers, _) = get(&house, "/thumbnails/demo.jpg", "").await;
        let tag = headers[header::ETAG].to_str().expect("text").to_owned();
        let (status, _, body) = get(&house, "/thumbnails/demo.jpg", &tag).await;
        if status == StatusCode::NOT_MODIFIED {
            assert!(body.is_empty());
            break;
        }
    }

    let ended = house
        .engine
        .end(channel_id("demo"), stream_id("demo", 1))
        .await;
    ended.expect("reachable");
    assert_eq!(path(&house), None);
    assert_eq!(
        get(&house, &first, "").await.0,
        StatusCode::NOT_FOUND,
        "its memory is freed"
    );
}

#[tokio::test]
async fn without_ffmpeg_there_is_none_and_nothing_else_is_missing() {
    let mut house = House::with(config("/nowhere/ffmpeg")).await;
    let _encoder = house.on_air(lease(1, 1), 3).await;
    // It has looked at least once by then.
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(path(&house), None);
    house.playable("demo").await;
    house.shut_down().await;
}

#[tokio::test]
async fn what_is_no_picture_makes_none() {
    let house = House::with(config("ffmpeg")).await;
    // Its frames are noise.
    let _encoder = house.on_air(lease(1, 1), 3).await;
    for odd in [
        "/thumbnails/demo",
        "/thumbnails/..jpg",
        "/thumbnails/nobody.jpg",
    ] {
        assert_eq!(get(&house, odd, "").await.0, StatusCode::NOT_FOUND, "{odd}");
    }
    house.playable("demo").await;
}
