//! Pictures: what people upload, and what a stream shows of itself.

use std::process::Command;
use std::time::Duration;

use greenroom_tests::api::Api;
use greenroom_tests::ffmpeg::Publish;
use greenroom_tests::server::{Server, holds};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);
const AVATAR: &str = "/api/v1/me/avatar";
const PNG: (&str, &str) = ("content-type", "image/png");

/// A picture of this format and size, made by ffmpeg.
fn picture(codec: &str, size: &str) -> Vec<u8> {
    let source = format!("testsrc=size={size}");
    let output = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-f", "lavfi", "-i", &source])
        .args(["-frames:v", "1", "-metadata", "comment=taken at home"])
        .args(["-c:v", codec, "-f", "image2pipe", "-"])
        .output()
        .expect("ffmpeg is installed");
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

async fn is_jpeg(server: &Server, path: &str) -> bool {
    let answer = server.api().get(path).await;
    answer.status == 200 && answer.header("content-type") == "image/jpeg"
}

async fn avatar(api: &Api) -> Value {
    api.get("/api/v1/me").await.expect(200)["avatar_url"].clone()
}

#[tokio::test]
async fn uploads_are_made_anew_and_outlive_the_server() {
    let mut server = Server::start().await;
    let channel = server.channel("kim").await;
    let kim = server.api_as(&channel.token);
    for (codec, kind) in [("png", "image/png"), ("mjpeg", "image/jpeg")] {
        let upload = picture(codec, "1920x1080");
        let kind = [("content-type", kind)];
        let me = kim.raw("PUT", AVATAR, &kind, upload);
        let url = me.await.expect(200)["avatar_url"].clone();
        assert!(is_jpeg(&server, url.as_str().expect("it is shown")).await);
    }
    assert!(!holds(&server.data_dir(), "taken at home"));
    let cover = picture("png", "1600x900");
    let cover = kim.raw("PUT", "/api/v1/channels/kim/cover", &[PNG], cover);
    let cover = cover.await.expect(200)["cover_url"].clone();
    server.kill().await;
    server.restart().await;
    let shown = avatar(&server.api_as(&channel.token)).await;
    for url in [shown, cover] {
        assert!(is_jpeg(&server, url.as_str().expect("it is shown")).await);
    }
}

#[tokio::test]
async fn hostile_uploads_change_nothing() {
    let mut server = Server::start().await;
    let (token, _) = server.user("kim").await;
    let kim = server.api_as(&token);
    // Uploads are counted before they are looked at: these are fewer than ten.
    let put = async |bytes: Vec<u8>| kim.raw("PUT", AVATAR, &[PNG], bytes).await;
    let before = server.memory_kib();

    let whole = picture("png", "640x360");
    let mut flood = whole.clone();
    // Width and height in the header, and its checksum no longer fits either.
    flood[16..24].copy_from_slice(&[0, 0, 0x7f, 0xff, 0, 0, 0x7f, 0xff]);
    assert_eq!(put(flood).await.status, 422);
    put(whole[..whole.len() / 2].to_vec())
        .await
        .refused(422, "PICTURE_BROKEN");
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    put(svg.to_vec())
        .await
        .refused(415, "UNSUPPORTED_MEDIA_TYPE");
    kim.raw(
        "PUT",
        AVATAR,
        &[("content-type", "image/svg+xml")],
        svg.to_vec(),
    )
    .await
    .refused(415, "UNSUPPORTED_MEDIA_TYPE");
    put([&b"\x89PNG\r\n\x1a\n"[..], &[7; 4000]].concat())
        .await
        .refused(422, "PICTURE_BROKEN");
    put(picture("bmp", "64x64"))
        .await
        .refused(415, "UNSUPPORTED_MEDIA_TYPE");
    // 22 million pixels, honestly.
    put(picture("png", "5500x4000"))
        .await
        .refused(422, "PICTURE_TOO_LARGE");
    put(vec![0; 2 * 1024 * 1024 + 1])
        .await
        .refused(413, "BODY_TOO_LARGE");
    let unknown = server.api().raw("PUT", AVATAR, &[PNG], whole).await;
    unknown.refused(401, "SIGN_IN_FIRST");

    assert_eq!(avatar(&kim).await, Value::Null);
    assert!(
        server.memory_kib() < before + 100 * 1024,
        "nothing was unpacked"
    );
    assert!(server.is_running());
}

#[tokio::test]
async fn a_stream_shows_a_frame_of_itself_until_it_ends() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let publisher = Publish::default().to(&server.publish_url(&channel.key));
    let stream = server.until_ingest("kim", "publishing").await;
    let path = format!("/api/v1/streams/{stream}");
    let api = server.api();
    let url = api.until(&path, "a thumbnail", LIMIT, |answer| {
        answer.json["thumbnail_url"].as_str().map(str::to_owned)
    });
    let url = url.await;
    assert!(url.starts_with("/thumbnails/kim.jpg?v="), "{url}");
    assert!(is_jpeg(&server, &url).await);
    let owner = server.api_as(&channel.token);
    let ended = owner.post(&format!("{path}/end"), &json!({})).await;
    assert_eq!(ended.expect(200)["thumbnail_url"], Value::Null);
    assert_eq!(server.api().get(&url).await.status, 404);
    drop(publisher);
}
