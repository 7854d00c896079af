//! What no real client shows: who is slow.

use std::time::Duration;

use greenroom_app::chat::post::{self, Post};
use greenroom_domain::shared::actor::Actor;
use greenroom_testkit::builders::guest_id;

use crate::subscriber::{Heard, Socket, room};
use crate::support::Server;

#[tokio::test]
async fn who_does_not_read_is_told_to_resume() {
    let server = Server::start().await;
    let _ = server.creator("ada").await;
    let room = room(&server, "ada").await;
    let mut slow = tokio::task::spawn_blocking({
        let address = server.address;
        move || {
            let mut socket = Socket::open(address);
            socket.subscribe(
                None,
                "subscription { chat(handle: \"ada\") { ... on ChatLine { place body { ... on \
                 ChatMessage { text } } } } }",
            );
            socket
        }
    })
    .await
    .unwrap();
    while server.app.hub.listeners(room) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let text = "ö".repeat(1000);
    let mut posted = 0;
    // Until what the kernel holds for it is full, and the queue too.
    while server.app.hub.listeners(room) > 0 {
        assert!(posted < 20_000, "it is never too slow");
        server.clock.advance(Duration::from_secs(1));
        let post = Post {
            channel: room,
            text: text.clone(),
            client_id: None,
            reply_to: None,
        };
        let guest = Actor::Guest(guest_id("poster"));
        post::execute(&server.app, &guest, post).await.unwrap();
        posted += 1;
        tokio::task::yield_now().await;
    }
    let last = tokio::task::spawn_blocking(move || {
        let mut lines = 0;
        loop {
            match slow.hear() {
                Heard::Message(message) if message["type"] == "next" => lines += 1,
                Heard::Message(_) | Heard::Nothing => {}
                Heard::Closed(code, reason) => return (lines, code, reason),
            }
        }
    });
    let (lines, code, reason) = last.await.unwrap();
    assert_eq!(code, 1013, "{reason}");
    assert!(reason.contains("resume"), "{reason}");
    assert!(lines < posted, "{lines} of {posted}");
}
