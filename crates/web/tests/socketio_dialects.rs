//! The events of the `HarmonieCORE` and `PawfectMatch` documents, by the real
//! `socket.io-client`: clients as the documents' own snippets have them, a server of its own for
//! each scenario.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(feature = "rest")]

use std::sync::Arc;

use greenroom_adapters_memory::InMemoryRateLimits;
use greenroom_web::{Dialect, WebConfig};

#[expect(dead_code, reason = "our own events' tests use the rest")]
#[path = "socketio_events/support.rs"]
mod socketio_events_support;

/// A server that speaks both dialects, and to whom says nothing as `usual`.
async fn play(scenario: &str, usual: Option<Dialect>) {
    let config = WebConfig {
        dialects: [Dialect::HarmonieCore, Dialect::PawfectMatch].into(),
        socketio_dialect: usual,
        ..WebConfig::default()
    };
    let limits = Arc::new(InMemoryRateLimits::default());
    let script = "socketio_dialects/client.mjs";
    socketio_events_support::play_at(script, scenario, limits, config).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn harmoniecores_workflow_is_as_its_document_has_it() {
    play("harmoniecore", Some(Dialect::HarmonieCore)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn harmoniecores_artists_moderate_by_their_own_ids() {
    play("harmoniecore_moderation", Some(Dialect::HarmonieCore)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn harmoniecores_messages_are_500_long_and_10_a_minute() {
    play("harmoniecore_limits", Some(Dialect::HarmonieCore)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn harmoniecores_recordings_are_as_its_document_has_them() {
    play("harmoniecore_recordings", Some(Dialect::HarmonieCore)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pawfectmatchs_recordings_are_the_owners_and_seen_by_all() {
    play("pawfectmatch_recordings", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pawfectmatchs_clients_name_the_stream_in_the_handshake() {
    play("pawfectmatch", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pawfectmatchs_pins_are_the_owners_and_one_streams() {
    play("pawfectmatch_pins", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pawfectmatchs_messages_are_1000_long_and_10_in_3_seconds() {
    play("pawfectmatch_limits", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_returns_gets_what_they_missed_in_their_words() {
    play("resume", Some(Dialect::HarmonieCore)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_over_is_refused_and_the_next_is_another() {
    play("over", Some(Dialect::HarmonieCore)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_late_is_of_the_stream_that_it_was_said_in() {
    play("delayed", Some(Dialect::HarmonieCore)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_choose_their_words() {
    play("choice", Some(Dialect::HarmonieCore)).await;
}
