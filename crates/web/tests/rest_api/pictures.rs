//! Avatars and covers, from the upload to everybody's screen and out of it again.

use reqwest::Method;
use serde_json::Value;

use crate::support::{Answer, JPEG, Server, text};

async fn shown(server: &Server, path: &str) -> (u16, String, Vec<u8>) {
    let answer = reqwest::get(server.url(path)).await.expect("an answer");
    let headers = answer.headers();
    let header = |name: &str| {
        headers
            .get(name)
            .map_or("", |value| value.to_str().expect("text"))
    };
    let told = [
        "content-type",
        "cache-control",
        "x-content-type-options",
        "content-security-policy",
    ]
    .map(header)
    .join("|");
    let status = answer.status().as_u16();
    (status, told, answer.bytes().await.expect("a body").to_vec())
}

async fn set(server: &Server, who: &str, path: &str, bytes: &[u8]) -> Answer {
    server.upload(Some(who), path, "image/png", bytes).await
}

#[tokio::test]
async fn an_avatar_is_shown_to_everybody_until_it_is_replaced_or_removed() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let me = server.get(Some(&ada), "/me").await.expect(200);
    assert_eq!(me["avatar_url"], Value::Null);
    let me = set(&server, &ada, "/me/avatar", JPEG).await.expect(200);
    let first = text(&me, "/avatar_url");
    assert!(first.starts_with("/pictures/"), "{first}");
    let (status, told, bytes) = shown(&server, &first).await;
    assert_eq!((status, bytes.as_slice()), (200, JPEG));
    assert_eq!(
        told,
        "image/jpeg|public, max-age=31536000, immutable|nosniff|\
         default-src 'none'; frame-ancestors 'none'"
    );
    let live = server.live_stream(&ada, "ada").await;
    for (path, pointer) in [
        ("/users/ada", "/avatar_url"),
        ("/channels/ada", "/owner/avatar_url"),
        (&format!("/streams/{live}"), "/channel/owner/avatar_url"),
        ("/streams", "/items/0/channel/owner/avatar_url"),
    ] {
        let json = server.get(None, path).await.expect(200);
        assert_eq!(text(&json, pointer), first, "{path}");
    }

    // The same bytes again are another picture, and the first is gone.
    let me = set(&server, &ada, "/me/avatar", JPEG).await.expect(200);
    let second = text(&me, "/avatar_url");
    assert_ne!(second, first);
    assert_eq!(shown(&server, &first).await.0, 404);
    assert_eq!(shown(&server, &second).await.0, 200);
    for _ in 0..2 {
        let me = server.ask(Method::DELETE, Some(&ada), "/me/avatar", None);
        assert_eq!(me.await.expect(200)["avatar_url"], Value::Null);
    }
    assert_eq!(shown(&server, &second).await.0, 404);
}

#[tokio::test]
async fn a_cover_belongs_to_its_channel() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let eve = server.creator("eve").await;
    set(&server, &eve, "/channels/ada/cover", JPEG)
        .await
        .expect_error(403, "FORBIDDEN");
    let channel = set(&server, &ada, "/channels/ada/cover", JPEG).await;
    let cover = text(&channel.expect(200), "/cover_url");
    assert_eq!(shown(&server, &cover).await.0, 200);
    server.live_stream(&ada, "ada").await;
    let streams = server.get(None, "/streams").await.expect(200);
    assert_eq!(text(&streams, "/items/0/channel/cover_url"), cover);
    let path = "/channels/ada/cover";
    let channel = server.ask(Method::DELETE, Some(&ada), path, None).await;
    assert_eq!(channel.expect(200)["cover_url"], Value::Null);
    assert_eq!(shown(&server, &cover).await.0, 404);
}

#[tokio::test]
async fn what_is_no_picture_is_refused_and_changes_nothing() {
    let server = Server::start().await;
    let ada = server.user("ada").await;
    let path = "/me/avatar";
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    for kind in [
        "image/svg+xml",
        "text/html",
        "image/gif",
        "application/json",
    ] {
        server
            .upload(Some(&ada), path, kind, svg)
            .await
            .expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    // It says that it is one.
    set(&server, &ada, path, svg)
        .await
        .expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
    let large = vec![0xff; 2 * 1024 * 1024 + 1];
    set(&server, &ada, path, &large)
        .await
        .expect_error(413, "BODY_TOO_LARGE");
    let me = server.get(Some(&ada), "/me").await.expect(200);
    assert_eq!(me["avatar_url"], Value::Null);
}

#[tokio::test]
async fn who_uploads_too_often_waits() {
    let server = Server::start().await;
    let ada = server.user("ada").await;
    for _ in 0..10 {
        set(&server, &ada, "/me/avatar", JPEG).await.expect(200);
    }
    let refused = set(&server, &ada, "/me/avatar", JPEG).await;
    refused.expect_error(429, "TOO_MANY_REQUESTS");
}

#[tokio::test]
async fn a_picture_that_could_not_be_shown_is_not_kept() {
    let server = Server::start().await;
    let ada = server.user("ada").await;
    server
        .disk
        .full
        .store(true, std::sync::atomic::Ordering::SeqCst);
    set(&server, &ada, "/me/avatar", JPEG)
        .await
        .expect_error(507, "STORAGE_FULL");
    assert_eq!(server.objects.len(), 0);
}

#[tokio::test]
async fn addresses_that_are_none_lead_nowhere() {
    let server = Server::start().await;
    for path in [
        "/pictures/x.jpg",
        "/pictures/..%2f..%2fsecret.key",
        "/pictures/00000000-0000-0000-0000-000000000000.jpg",
        "/pictures/00000000-0000-0000-0000-000000000000",
        "/pictures/",
    ] {
        assert_eq!(shown(&server, path).await.0, 404, "{path}");
    }
}
