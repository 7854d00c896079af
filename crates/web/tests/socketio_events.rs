//! The events of streams and chat, by the real `socket.io-client`: one script, a server of its
//! own for each scenario.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(feature = "rest")]

use socketio_events_support::play;

#[path = "socketio_events/support.rs"]
mod socketio_events_support;

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_created_started_watched_and_ended() {
    play("streams").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_chat_in_order_over_both_transports() {
    play("chat").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_events_get_clear_errors() {
    play("errors").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_muted_or_banned_is_kept_out() {
    play("moderation").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_returns_gets_what_they_missed_once_and_in_order() {
    play("resume").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_stay_who_they_are_and_nobody_else() {
    play("identity").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_once_the_proof_has_expired() {
    play("expiry").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_out_is_gone_at_once() {
    play("signing_out").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_stays_present_and_who_goes_does_not() {
    play("presence").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reactions_are_counted_together() {
    play("reactions").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_messages_are_kept_in_view() {
    play("pins").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_carried_out_and_never_said() {
    play("commands").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_are_followed_by_whoever_runs_the_channel() {
    play("recordings").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_to_come_says_so() {
    play("to_come").await;
}
