//! Where a channel is played.

use serde_json::{Value, json};

use crate::support::Server;

fn kinds(addresses: &Value) -> Vec<&str> {
    let addresses = addresses.as_array().expect("a list").iter();
    let kinds = addresses.map(|address| address["kind"].as_str().expect("a kind"));
    kinds.collect()
}

#[tokio::test]
async fn each_way_that_the_engine_offers_is_told_in_its_order() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let path = "/channels/ada/playback";
    let told = server.get(None, path).await.expect(200);
    assert_eq!(kinds(&told["addresses"]), ["hls", "dash"]);

    server.media.serve_whep();
    server.media.open_rooms();
    let told = server.get(None, path).await.expect(200);
    let addresses = &told["addresses"];
    assert_eq!(kinds(addresses), ["whep", "hls", "dash", "livekit"]);
    let whep = addresses[0]["url"].as_str().expect("an address");
    assert!(whep.starts_with("/whep/ada/"), "with a grant: {whep}");
    assert_eq!(addresses[0]["token"], Value::Null);
    assert_eq!(addresses[3]["url"], "wss://rooms.example");
    assert!(addresses[3]["token"].is_string() && addresses[3]["expires_at"].is_string());

    let live = server.live_stream(&ada, "ada").await;
    let joined = server.post(None, format!("/streams/{live}/join"), json!({}));
    let joined = joined.await.expect(200);
    assert_eq!(kinds(&joined["playback"]), kinds(addresses));

    let query = "{ channel(handle: \"ada\") { playback { kind url } } }";
    let asked = server.to(reqwest::Method::POST, "/graphql");
    let asked = asked.json(&json!({ "query": query }));
    let asked = server.send(asked).await.expect(200);
    let asked = &asked["data"]["channel"]["playback"];
    assert_eq!(kinds(asked), kinds(addresses));
    let whep = asked[0]["url"].as_str().expect("an address");
    assert!(whep.starts_with("/whep/ada/"), "{whep}");
}

#[tokio::test]
async fn whoever_is_told_to_come_back_is_the_same_guest_then() {
    let server = Server::start().await;
    server.creator("ada").await;
    server.media.open_rooms();
    server.media.fail(1);
    let path = "/channels/ada/playback";
    let away = server.get(None, path).await;
    assert_eq!(away.header("retry-after"), "1");
    let cookie = away.cookie("greenroom_guest").expect("they are somebody");
    let cookie = cookie.split(';').next().expect("its value").to_owned();
    away.expect_error(503, "UNAVAILABLE");

    let again = async || {
        let again = server.request(reqwest::Method::GET, path);
        let again = again.header("cookie", format!("greenroom_guest={cookie}"));
        let again = server.send(again).await;
        assert_eq!(again.cookie("greenroom_guest"), None, "and not another");
        let addresses = again.expect(200)["addresses"].take();
        addresses[2]["identity"].clone()
    };
    assert_eq!(again().await, again().await);
}
