//! A node's streams are its own, until it is gone.

use std::time::Duration;

use greenroom_app::stream::ingest::Ingests;
use greenroom_app::stream::{audience, sweep};
use greenroom_domain::chat::Ephemeral;
use greenroom_domain::media::{KeyVersion, MediaEvent, MediaEvents, PublishRefused};
use greenroom_domain::stream::{EndReason, Generation, Ingest, Stream, StreamState};
use greenroom_testkit::builders::guest;
use greenroom_testkit::media::MediaCall;

use super::Pair;
use crate::support::{Ear, Platform, eventually};

fn is_interrupted(stream: &Stream) -> bool {
    let ingest = match &stream.state {
        StreamState::Live { ingest, .. } => Some(ingest),
        _ => None,
    };
    matches!(ingest, Some(Ingest::Interrupted { .. }))
}

#[tokio::test(start_paused = true)]
async fn a_dead_nodes_stream_is_interrupted_and_ends_after_the_grace() {
    let mut pair = Pair::running().await;
    let lease = pair.one.publish(&pair.key).await.expect("let in");
    pair.pass(20).await;
    let two = pair.two.clone();
    let stream = async || two.stream(lease.stream).await;
    assert!(stream().await.publisher().is_some(), "its node is there");
    pair.kill_one();
    pair.pass(14).await;
    assert!(
        stream().await.publisher().is_some(),
        "it may be there still"
    );
    pair.pass(30).await;
    assert!(is_interrupted(&stream().await));
    pair.pass(35).await;
    let StreamState::Ended { reason, .. } = stream().await.state else {
        panic!("nobody came back: {:?}", stream().await);
    };
    assert_eq!(reason, EndReason::EncoderGone);
    pair.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_encoder_goes_on_at_another_node_once_its_own_is_gone() {
    let mut pair = Pair::running().await;
    let before = pair.one.publish(&pair.key).await.expect("let in");
    assert!(matches!(
        pair.two.publish(&pair.key).await,
        Err(PublishRefused::AlreadyPublishing)
    ));
    pair.kill_one();
    // Before anybody has interrupted it.
    pair.pass(16).await;
    let after = pair.two.publish(&pair.key).await.expect("let in");
    assert_eq!(after.stream, before.stream);
    assert!(after.generation > before.generation);
    pair.pass(60).await;
    let publisher = pair.two.stream(after.stream).await.publisher();
    assert_eq!(publisher.expect("on air").node, pair.two.app.node);
    pair.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_encoder_that_all_nodes_see_is_left_to_the_one_that_let_it_in() {
    let mut pair = Pair::running().await;
    let keys = pair.one.app.ports.stream_keys.of_channel(pair.channel.id);
    let keys = keys.await.expect("a store that answers");
    let key = KeyVersion {
        key: keys[0].id,
        since: keys[0].since().expect("it opens"),
    };
    let seen = async |node: &Platform| Ingests(node.app.clone()).authorize_key(key).await;
    let lease = seen(&pair.one).await.expect("let in");
    let (stream, generation) = (lease.stream, lease.generation);
    pair.one.media.connect(stream, generation, Duration::ZERO);
    assert!(matches!(
        seen(&pair.two).await,
        Err(PublishRefused::Elsewhere)
    ));
    assert!(
        matches!(
            seen(&pair.one).await,
            Err(PublishRefused::AlreadyPublishing)
        ),
        "a second one is its node's to judge"
    );
    pair.kill_one();
    pair.pass(16).await;
    let after = seen(&pair.two).await.expect("let in");
    assert_eq!(after.stream, stream);
    assert!(after.generation > generation);
    pair.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_goes_leaves_its_streams_to_the_others_at_once() {
    let mut pair = Pair::running().await;
    let before = pair.one.publish(&pair.key).await.expect("let in");
    pair.stop_one().await;
    assert!(is_interrupted(&pair.two.stream(before.stream).await));
    let after = pair.two.publish(&pair.key).await.expect("let in");
    assert_eq!(after.stream, before.stream);
    // The last to go leaves them to itself: however long it is away, it ends nothing.
    let (two, stream) = (pair.two.clone(), after.stream);
    pair.stop().await;
    assert!(two.stream(stream).await.publisher().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_publisher_that_another_node_took_over_is_cut_off_at_its_old_one() {
    let pair = Pair::running().await;
    let before = pair.one.publish(&pair.key).await.expect("let in");
    pair.one.lose(&before).await;
    // It had only stalled, and is still connected there.
    pair.one
        .media
        .connect(before.stream, before.generation, Duration::ZERO);
    let after = pair.two.publish(&pair.key).await.expect("let in");
    let handed_over = MediaCall::HandOver(pair.channel.id, after.stream, after.generation);
    eventually(async || pair.one.media.count(handed_over) > 0).await;
    let earlier = MediaCall::CloseIngest(after.stream, Generation(after.generation.0 - 1));
    assert!(pair.two.media.count(earlier) > 0);
    let current = MediaCall::CloseIngest(after.stream, after.generation);
    assert_eq!(pair.two.media.count(current), 0, "it stays");
    pair.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_taken_for_dead_lets_go_of_its_encoders() {
    let pair = Pair::running().await;
    let lease = pair.one.publish(&pair.key).await.expect("let in");
    pair.two.lose(&lease).await;
    let cut = MediaCall::CloseIngest(lease.stream, lease.generation);
    eventually(async || pair.one.media.count(cut) > 0).await;
    let back = pair.one.publish(&pair.key).await.expect("it comes back");
    assert_eq!(back.stream, lease.stream);
    pair.stop().await;
}

#[tokio::test]
async fn who_is_not_seen_itself_takes_nobody_for_dead() {
    let one = Platform::new();
    let two = one.another("two");
    let (ada, channel) = one.creator("ada").await;
    let key = one.key(&ada, &channel, None).await.secret;
    let lease = one.publish(&key).await.expect("let in");
    for _ in 0..10 {
        one.advance(10);
        assert_eq!(sweep::orphans(&two.app).await.expect("looked"), 0);
    }
    // It is there again, and does not know for how long the other has not been.
    two.announce().await;
    assert_eq!(sweep::orphans(&two.app).await.expect("looked"), 0);
    one.advance(14);
    one.announce().await;
    two.announce().await;
    assert_eq!(sweep::orphans(&two.app).await.expect("looked"), 0);
    // The other was there in between: it begins anew.
    one.advance(16);
    for (seconds, interrupted) in [(0, 0), (14, 0), (1, 1)] {
        one.advance(seconds);
        two.announce().await;
        let found = sweep::orphans(&two.app).await.expect("looked");
        assert_eq!(found, interrupted, "after {seconds} s more");
    }
    assert!(is_interrupted(&one.stream(lease.stream).await));
}

#[tokio::test(start_paused = true)]
async fn viewers_of_all_nodes_are_counted_once_and_shown_at_all() {
    let pair = Pair::running().await;
    let lease = pair.one.publish(&pair.key).await.expect("let in");
    let ears = [&pair.one, &pair.two].map(|node| (node, Ear::new()));
    let mut listening = Vec::new();
    for (node, ear) in &ears {
        let join = greenroom_app::realtime::JoinRoom {
            channel: pair.channel.id,
            start: greenroom_app::realtime::Start::Now,
            listener: ear.clone(),
        };
        let joined = greenroom_app::realtime::join_room(&node.app, &pair.owner, join).await;
        listening.push(joined.expect("may"));
    }
    for (node, viewers) in [(&pair.one, ["ann", "bob"]), (&pair.two, ["bob", "eve"])] {
        let event = MediaEvent::Watched {
            channel: pair.channel.id,
            viewers: viewers.map(guest).to_vec(),
        };
        let events = greenroom_app::stream::ingest::Ingests(node.app.clone());
        events.report(event).await.expect("taken");
    }
    pair.pass(3).await;
    for (node, ear) in &ears {
        let counts = ear.heard().into_iter().filter_map(|shown| match shown {
            greenroom_app::realtime::Shown::Ephemeral(Ephemeral::Viewers { viewers, .. }) => {
                Some(viewers)
            }
            _ => None,
        });
        assert_eq!(counts.collect::<Vec<_>>(), [3], "at {}", node.app.node);
        audience::count(&node.app).await.expect("counted");
        let view = greenroom_app::stream::view::execute(&node.app, lease.stream).await;
        let view = view.expect("there");
        assert_eq!(
            (view.viewers, view.counts.views, view.counts.peak),
            (3, 3, 3)
        );
    }
    pair.stop().await;
}
