//! Circle's document.

use greenroom_web::Dialect;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Server, text};
use crate::{ask, creator, get, post, speaking, user};

const STREAMS: &str = "/api/livestream/streams";

/// The data of an answer in the document's envelope.
#[track_caller]
fn data(answer: Answer, status: u16) -> Value {
    let body = answer.expect(status);
    assert_eq!(body["success"], true, "{body}");
    assert!(
        body["message"]
            .as_str()
            .is_some_and(|said| !said.is_empty())
    );
    let count = body["data"].as_array().map(Vec::len);
    assert_eq!(body.get("count").cloned(), count.map(|count| json!(count)));
    body["data"].clone()
}

/// The message of a refusal in the document's envelope.
#[track_caller]
fn refused(answer: Answer, status: u16) -> String {
    let body = answer.expect(status);
    assert_eq!(body["success"], false, "{body}");
    assert_eq!(body["data"], Value::Null);
    text(&body, "/message")
}

async fn created(server: &Server, who: &str, title: &str) -> Value {
    let stream = post(server, Some(who), STREAMS, json!({ "title": title }));
    data(stream.await, 201)
}

#[tokio::test]
async fn create_stream() {
    let server = speaking(Dialect::Circle).await;
    // Circle lets everybody go live, and knows no channels.
    let ada = user(&server, "ada-1");
    let stream = created(&server, &ada, "Study group").await;
    assert_eq!(stream["title"], "Study group");
    assert_eq!(stream["status"], "pending");
    assert_eq!(stream["user_id"], "ada-1");
    assert_eq!(stream["user"]["id"], "ada-1");
    assert_eq!(stream["ref_no"], stream["id"]);
    let key = text(&stream, "/stream_key");
    let url = text(&stream, "/playback_url");
    assert!(url.starts_with("https://tv.example/") && url.ends_with("/index.m3u8"));
    assert!(!url.contains(&key), "a viewer must not learn the key");

    let other = created(&server, &ada, "Another").await;
    assert_ne!(text(&other, "/stream_key"), key, "each has its own");
    assert_eq!(
        server.get(None, "/channels/ada-1").await.expect(200)["title"],
        "Study group"
    );
}

#[tokio::test]
async fn all_routes_are_for_those_who_are_signed_in() {
    let server = speaking(Dialect::Circle).await;
    let id = text(
        &created(&server, &user(&server, "ada-1"), "Mine").await,
        "/id",
    );
    for (method, path) in [
        (Method::POST, String::new()),
        (Method::GET, String::new()),
        (Method::GET, format!("/{id}")),
        (Method::GET, "/key?streamKey=gk_1".to_owned()),
        (Method::PATCH, format!("/{id}/status")),
        (Method::POST, format!("/{id}/start")),
        (Method::POST, format!("/{id}/end")),
        (Method::POST, "/join".to_owned()),
        (Method::GET, format!("/{id}/participants")),
    ] {
        let answer = ask(&server, method, None, &format!("{STREAMS}{path}"), None).await;
        refused(answer, 401);
    }
}

#[tokio::test]
async fn get_all_streams() {
    let server = speaking(Dialect::Circle).await;
    let (ada, bob) = (user(&server, "ada-1"), user(&server, "bob-2"));
    let planned = created(&server, &ada, "Planned").await;
    let live = created(&server, &ada, "Live").await;
    let start = format!("{STREAMS}/{}/start", text(&live, "/id"));
    data(post(&server, Some(&ada), &start, json!({})).await, 200);

    let mine = data(get(&server, Some(&ada), STREAMS).await, 200);
    let titles = |streams: &Value| -> Vec<String> {
        let streams = streams.as_array().unwrap().iter();
        streams.map(|stream| text(stream, "/title")).collect()
    };
    assert_eq!(titles(&mine), ["Live", "Planned"]);
    assert_eq!(mine[0]["user"]["username"], "ada-1");
    assert!(
        !mine.to_string().contains("stream_key"),
        "no secrets in listings"
    );
    assert_eq!(planned["status"], "pending");

    server.clock.advance(std::time::Duration::from_secs(3));
    let others = data(get(&server, Some(&bob), STREAMS).await, 200);
    assert_eq!(titles(&others), ["Live"]);
}

#[tokio::test]
async fn get_stream_by_id() {
    let server = speaking(Dialect::Circle).await;
    let (ada, bob) = (user(&server, "ada-1"), user(&server, "bob-2"));
    let stream = created(&server, &ada, "Study group").await;
    let path = format!("{STREAMS}/{}", text(&stream, "/id"));
    assert_eq!(data(get(&server, Some(&ada), &path).await, 200), stream);
    let shown = data(get(&server, Some(&bob), &path).await, 200);
    assert_eq!(shown["user"]["name"], "ADA-1");
    assert_eq!(shown.get("stream_key"), None);
    for nobodys in ["none", "01980a4e-7b1c-7c3f-8d2a-5e6f70819203"] {
        let path = format!("{STREAMS}/{nobodys}");
        refused(get(&server, Some(&bob), &path).await, 404);
    }
}

#[tokio::test]
async fn get_stream_by_key_is_its_owners_alone() {
    let server = speaking(Dialect::Circle).await;
    let ada = user(&server, "ada-1");
    let stream = created(&server, &ada, "Study group").await;
    let path = format!("{STREAMS}/key?streamKey={}", text(&stream, "/stream_key"));
    assert_eq!(data(get(&server, Some(&ada), &path).await, 200), stream);

    let bob = user(&server, "bob-2");
    let hidden = refused(get(&server, Some(&bob), &path).await, 404);
    let wrong = format!("{STREAMS}/key?streamKey=gk_{}", "0".repeat(64));
    let absent = refused(get(&server, Some(&bob), &wrong).await, 404);
    assert_eq!(hidden, absent, "who guessed right cannot tell");
    let root = server.admin().await;
    refused(get(&server, Some(&root), &path).await, 404);
}

#[tokio::test]
async fn start_and_end_stream() {
    let server = speaking(Dialect::Circle).await;
    let (ada, bob) = (user(&server, "ada-1"), user(&server, "bob-2"));
    let stream = created(&server, &ada, "Study group").await;
    let path = |what: &str| format!("{STREAMS}/{}/{what}", text(&stream, "/id"));
    refused(
        post(&server, Some(&bob), &path("start"), json!({})).await,
        403,
    );
    let live = data(
        post(&server, Some(&ada), &path("start"), json!({})).await,
        200,
    );
    assert_eq!(live["status"], "live");
    refused(
        post(&server, Some(&bob), &path("end"), json!({})).await,
        403,
    );
    let ended = data(
        post(&server, Some(&ada), &path("end"), json!({})).await,
        200,
    );
    assert_eq!(ended["status"], "ended");
    refused(
        post(&server, Some(&ada), &path("start"), json!({})).await,
        410,
    );
}

#[tokio::test]
async fn update_stream_status() {
    let server = speaking(Dialect::Circle).await;
    let (ada, bob) = (user(&server, "ada-1"), user(&server, "bob-2"));
    let stream = created(&server, &ada, "Study group").await;
    let path = format!("{STREAMS}/{}/status", text(&stream, "/id"));
    let set = |who: String, status: &'static str| {
        let body = Some(json!({ "status": status }));
        let (server, path) = (&server, path.clone());
        async move { ask(server, Method::PATCH, Some(&who), &path, body).await }
    };
    assert_eq!(
        data(set(ada.clone(), "pending").await, 200)["status"],
        "pending"
    );
    refused(set(bob.clone(), "pending").await, 403);
    refused(set(bob, "live").await, 403);
    assert_eq!(data(set(ada.clone(), "live").await, 200)["status"], "live");
    refused(set(ada.clone(), "pending").await, 409);
    refused(set(ada.clone(), "paused").await, 422);
    assert_eq!(data(set(ada, "ended").await, 200)["status"], "ended");
}

#[tokio::test]
async fn join_stream_and_get_its_participants() {
    let server = speaking(Dialect::Circle).await;
    let (ada, bob) = (user(&server, "ada-1"), user(&server, "bob-2"));
    let stream = created(&server, &ada, "Study group").await;
    let id = text(&stream, "/id");
    let path = |what: &str| format!("{STREAMS}/{id}/{what}");
    let join = || {
        let join = format!("{STREAMS}/join");
        let (server, bob, id) = (&server, bob.clone(), id.clone());
        async move { post(server, Some(&bob), &join, json!({ "streamId": id })).await }
    };
    assert_eq!(
        data(join().await, 200)["status"],
        "pending",
        "it is waited for"
    );
    let nobody = data(get(&server, Some(&ada), &path("participants")).await, 200);
    assert_eq!(nobody, json!([]));

    data(
        post(&server, Some(&ada), &path("start"), json!({})).await,
        200,
    );
    for _ in 0..2 {
        let joined = data(join().await, 200);
        let url = text(&joined, "/playback_url");
        assert_ne!(
            joined["playback_url"], stream["playback_url"],
            "a grant of theirs"
        );
        assert!(url.starts_with("https://tv.example/"), "{url}");
    }
    let there = data(get(&server, Some(&ada), &path("participants")).await, 200);
    assert_eq!(there.as_array().unwrap().len(), 1, "{there}");
    assert_eq!(there[0]["id"], "bob-2");

    data(
        post(&server, Some(&ada), &path("end"), json!({})).await,
        200,
    );
    refused(join().await, 410);
    let nobody = data(get(&server, Some(&ada), &path("participants")).await, 200);
    assert_eq!(nobody, json!([]));
}

#[tokio::test]
async fn streams_do_not_run_out_of_keys() {
    let server = speaking(Dialect::Circle).await;
    let ada = creator(&server, "ada-1");
    for number in 0..25 {
        let stream = created(&server, &ada, &format!("Number {number}")).await;
        for status in ["live", "ended"] {
            let path = format!("{STREAMS}/{}/status", text(&stream, "/id"));
            let body = Some(json!({ "status": status }));
            data(
                ask(&server, Method::PATCH, Some(&ada), &path, body).await,
                200,
            );
        }
    }
}
