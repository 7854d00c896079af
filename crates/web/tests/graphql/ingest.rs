//! What is published with: the same as by REST, for the channel's owner alone.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Server, text};
use crate::{ask, code, data};

/// A key of ada's: its global id and its own.
async fn key(server: &Server, ada: &str) -> (String, String) {
    let made = "mutation { createKey(handle: \"ada\", label: \"OBS\") { key { id } } }";
    let made = data(server, Some(ada), made).await;
    let keys = server.get(Some(ada), "/channels/ada/keys").await;
    let keys = keys.expect(200);
    (text(&made, "/createKey/key/id"), text(&keys, "/items/0/id"))
}

fn revealed(global: &str) -> String {
    let ingest = "ingest { protocol url streamKey expiresAt }";
    format!("mutation {{ revealKey(id: \"{global}\") {{ secret {ingest} }} }}")
}

/// What REST gives encoders for a key, in GraphQL's names.
async fn by_rest(server: &Server, ada: &str, key: &str) -> Value {
    let told = server.get(Some(ada), format!("/keys/{key}/ingest")).await;
    let told = told.expect(200);
    let items = told["items"].as_array().expect("items").iter();
    let renamed = items.map(|it| {
        json!({
            "protocol": it["protocol"],
            "url": it["url"],
            "streamKey": it["stream_key"],
            "expiresAt": it["expires_at"],
        })
    });
    renamed.collect()
}

#[tokio::test]
async fn encoders_are_given_what_rest_says() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let (global, id) = key(&server, &ada).await;
    let told = data(&server, Some(&ada), &revealed(&global)).await;
    let told = &told["revealKey"];
    assert_eq!(told["ingest"], by_rest(&server, &ada, &id).await);
    assert_eq!(told["ingest"][0]["protocol"], "rtmp");
    assert_eq!(told["ingest"][0]["streamKey"], told["secret"]);

    server.media.open_rooms();
    let told = data(&server, Some(&ada), &revealed(&global)).await;
    let made = &told["revealKey"]["ingest"];
    assert_eq!(*made, by_rest(&server, &ada, &id).await);
    assert_eq!(made[1]["protocol"], "whip");
    assert!(made[1]["expiresAt"].is_string());

    let withdraw = format!("mutation {{ withdrawIngest(keyId: \"{global}\") }}");
    data(&server, Some(&ada), &withdraw).await;
    let anew = data(&server, Some(&ada), &revealed(&global)).await;
    let anew = &anew["revealKey"]["ingest"];
    assert_ne!(anew[0]["streamKey"], made[0]["streamKey"]);
    assert_eq!(*anew, by_rest(&server, &ada, &id).await);
}

#[tokio::test]
async fn a_seat_is_what_rest_says() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let bob = server.user("bob").await;
    let (global, id) = key(&server, &ada).await;
    let take = format!(
        "mutation {{ takeSeat(keyId: \"{global}\") {{ kind url token identity expiresAt }} }}"
    );
    let path = format!("/keys/{id}/seat");
    let by_rest = server.post(Some(&ada), &path, json!({})).await;
    by_rest.expect_error(409, "NO_ROOMS");
    let answer = ask(&server, Some(&ada), &take, json!({})).await.expect(200);
    assert_eq!(code(&answer), "NO_ROOMS");

    server.media.open_rooms();
    let by_rest = server.post(Some(&ada), &path, json!({})).await.expect(200);
    let mut seat = data(&server, Some(&ada), &take).await["takeSeat"].clone();
    let until = seat.as_object_mut().expect("a seat").remove("expiresAt");
    seat["expires_at"] = until.expect("a time");
    assert_eq!(seat, by_rest);
    assert_eq!(seat["kind"], "livekit");

    // To others the key is not there, rooms or not.
    for document in [take, revealed(&global)] {
        let answer = ask(&server, Some(&bob), &document, json!({})).await;
        assert_eq!(code(&answer.expect(200)), "KEY_NOT_FOUND");
    }
}

#[tokio::test]
async fn an_engine_that_is_away_costs_no_key() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    server.media.open_rooms();
    server.media.fail(1);
    let create = "mutation { createKey(handle: \"ada\", label: \"OBS\") \
                { secret key { id } ingest { url } } }";
    let answer = ask(&server, Some(&ada), create, json!({}))
        .await
        .expect(200);
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "UNAVAILABLE");
    assert_eq!(error["extensions"]["retryAfter"], 1);
    assert_eq!(error["path"], json!(["createKey", "ingest"]));
    let made = &answer["data"]["createKey"];
    assert_eq!(made["ingest"], Value::Null);
    assert!(made["secret"].is_string(), "it is told all the same");

    let (global, id) = {
        let keys = server.get(Some(&ada), "/channels/ada/keys").await;
        (
            text(made, "/key/id"),
            text(&keys.expect(200), "/items/0/id"),
        )
    };
    server.media.fail(1);
    let path = format!("/keys/{id}/ingest");
    let by_rest = server.ask(Method::GET, Some(&ada), &path, None).await;
    by_rest.expect_error(503, "UNAVAILABLE");
    let there = data(&server, Some(&ada), &revealed(&global)).await;
    assert_eq!(
        there["revealKey"]["ingest"][0]["url"],
        "rtmp://rooms.example/x"
    );
}
