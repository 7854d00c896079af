//! What rooms show at every node.

use std::sync::Arc;
use std::time::Duration;

use greenroom_app::chat::typing;
use greenroom_app::realtime::{JoinRoom, JoinedRoom, Shown, Start, join_room};
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::{Ephemeral, Seq};
use greenroom_domain::shared::actor::Actor;
use greenroom_testkit::builders::guest_id;
use tokio::task::JoinSet;

use super::Pair;
use crate::support::{Ear, Platform, eventually};

/// Writers at each node.
const WRITERS: usize = 4;
const POSTS: usize = 100;
/// Listeners at each node.
const LISTENERS: usize = 4;

async fn listen(it: &Platform, channel: &Channel) -> (Arc<Ear>, JoinedRoom) {
    let ear = Ear::new();
    let join = JoinRoom {
        channel: channel.id,
        start: Start::Now,
        listener: ear.clone(),
    };
    let joined = join_room(&it.app, &Actor::Guest(guest_id("gus")), join).await;
    (ear, joined.expect("may"))
}

fn up_to(last: u64) -> Vec<Seq> {
    (1..=last).map(Seq).collect()
}

#[tokio::test(start_paused = true)]
async fn a_message_at_one_node_is_heard_at_the_other_at_once() {
    let pair = Pair::running().await;
    let (ear, _listening) = listen(&pair.two, &pair.channel).await;
    let began = tokio::time::Instant::now();
    let posted = pair.one.say(&pair.owner, pair.channel.id, "hello").await;
    let line = posted.expect("hers").line;
    ear.hears(line.place.seq).await;
    assert!(began.elapsed() < Duration::from_millis(20), "by the bus");
    assert_eq!(ear.lines(), [line]);
    pair.pass(2).await;
    assert_eq!(ear.places(), up_to(1), "the feed does not show it again");
    pair.stop().await;
}

#[tokio::test(start_paused = true)]
async fn lines_are_heard_within_a_second_while_the_bus_is_away_and_none_twice() {
    let pair = Pair::running().await;
    let (ear, _listening) = listen(&pair.two, &pair.channel).await;
    let say = async |text: &str| {
        let posted = pair.one.say(&pair.owner, pair.channel.id, text).await;
        posted.expect("hers").line.place.seq
    };
    say("with").await;
    pair.two.bus.cut();
    for text in ["without", "still without"] {
        let began = tokio::time::Instant::now();
        let seq = say(text).await;
        ear.hears(seq).await;
        assert!(began.elapsed() < Duration::from_secs(1));
    }
    say("just before it is back").await;
    pair.two.bus.mend();
    let last = say("with again").await;
    ear.hears(last).await;
    assert_eq!(ear.places(), up_to(5));
    pair.pass(5).await;
    assert_eq!(ear.places(), up_to(5));
    pair.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_room_that_was_held_before_the_node_ran_misses_nothing() {
    let one = Platform::new();
    let two = one.another("two");
    let (ada, channel) = one.creator("ada").await;
    let (ear, _listening) = listen(&two, &channel).await;
    one.say(&ada, channel.id, "early").await.expect("hers");
    let running = crate::support::Running::of(&two);
    ear.hears(Seq(1)).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_types_is_seen_at_the_other_node() {
    let pair = Pair::running().await;
    let (ear, _listening) = listen(&pair.two, &pair.channel).await;
    typing::execute(&pair.one.app, &pair.owner, pair.channel.id, true)
        .await
        .expect("may");
    eventually(async || {
        let is_typing = |shown: &Shown| matches!(shown, Shown::Ephemeral(Ephemeral::Typing { .. }));
        ear.heard().iter().any(is_typing)
    })
    .await;
    pair.stop().await;
}

/// Writers and listeners at two nodes whose buses lose, repeat and reorder what they carry, and
/// are away now and then: everybody sees one order, without a gap or a double.
#[test]
fn everybody_at_both_nodes_sees_one_order_however_bad_the_bus() {
    greenroom_testkit::run(async {
        let pair = Pair::running().await;
        let nodes = [&pair.one, &pair.two];
        for (seed, node) in (1..).zip(nodes) {
            node.bus.go_bad(seed);
        }
        let mut listening = Vec::new();
        for node in nodes {
            for _ in 0..LISTENERS {
                listening.push(listen(node, &pair.channel).await);
            }
        }
        let mut writers = JoinSet::new();
        for (n, node) in nodes.into_iter().enumerate() {
            for writer in 0..WRITERS {
                let (node, room) = (node.clone(), pair.channel.id);
                writers.spawn(async move {
                    for post in 0..POSTS {
                        // Guests of their own: nobody is too fast.
                        let who = Actor::Guest(guest_id(&format!("{n} {writer} {}", post / 10)));
                        let posted = node.say(&who, room, &post.to_string()).await;
                        posted.expect("may chat");
                    }
                });
            }
        }
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            pair.two.bus.cut();
            tokio::time::sleep(Duration::from_millis(50)).await;
            pair.two.bus.mend();
        }
        writers.join_all().await;
        let last = 2 * (WRITERS * POSTS) as u64;
        let (first, _) = &listening[0];
        first.hears(Seq(last)).await;
        let order = first.lines();
        assert_eq!(first.places(), up_to(last));
        for (ear, _) in &listening {
            ear.hears(Seq(last)).await;
            assert!(ear.lines() == order, "{:?}", ear.places());
        }
        drop(listening);
        pair.stop().await;
    });
}
