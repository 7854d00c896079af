//! Subscriptions by the real `graphql-ws`: one script, a server of its own for each scenario.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(feature = "rest")]

use socketio_events_support::play_script;

#[expect(dead_code, reason = "Socket.IO's own tests use the rest")]
#[path = "socketio_events/support.rs"]
mod socketio_events_support;

async fn play(scenario: &str) {
    play_script("graphql_socket/client.mjs", scenario).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_chat_in_order_over_one_socket_each() {
    play("chat").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_returns_gets_what_they_missed_once_and_in_order() {
    play("resume").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_banned_hears_nothing_more_within_a_second() {
    play("ban").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_blocked_hears_nothing_more_within_a_second() {
    play("block").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_staff_no_more_sees_what_everybody_sees_from_then_on() {
    play("roles").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reactions_and_pins_are_shown() {
    play("reactions").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_and_viewers_are_told_as_they_change() {
    play("streams").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_in_is_told_what_concerns_them_over_both_sockets() {
    play("notifications").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_is_over_ends_the_connection() {
    play("proof").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_the_protocol_is_closed_with_its_code() {
    play("protocol").await;
}
