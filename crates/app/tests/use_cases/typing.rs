//! Who types, for as long as they do.

use std::sync::Arc;
use std::time::Duration;

use greenroom_app::chat::typing;
use greenroom_app::realtime::{JoinRoom, JoinedRoom, Shown, Start, join_room};
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::Ephemeral;
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_testkit::builders::guest_id;
use tokio::time::{Instant, sleep};

use crate::support::{Ear, Platform, Running, ticking};

async fn listen(it: &Platform, who: &Actor, channel: &Channel) -> (Arc<Ear>, JoinedRoom) {
    let ear = Ear::new();
    let join = JoinRoom {
        channel: channel.id,
        start: Start::Now,
        listener: ear.clone(),
    };
    let joined = join_room(&it.app, who, join).await;
    (ear, joined.expect("may"))
}

async fn types(it: &Platform, who: &Actor, channel: &Channel) {
    let done = typing::execute(&it.app, who, channel.id, true).await;
    done.expect("may");
}

/// Who began and who stopped, as somebody has seen it.
fn seen(ear: &Ear) -> Vec<(Identity, bool)> {
    let heard = ear.heard().into_iter().filter_map(|shown| match shown {
        Shown::Ephemeral(Ephemeral::Typing { who, active, .. }) => Some((who, active)),
        _ => None,
    });
    heard.collect()
}

fn identity(who: &Actor) -> Identity {
    who.identity().expect("somebody")
}

#[tokio::test(start_paused = true)]
async fn typing_ends_by_itself_after_six_seconds_without_a_word_of_it() {
    let it = ticking();
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let (ear, _listening) = listen(&it, &ada, &channel).await;
    let began = Instant::now();
    // Renewed more often than it is shown.
    for _ in 0..10 {
        types(&it, &bob, &channel).await;
        sleep(Duration::from_secs(1)).await;
    }
    let shown = seen(&ear);
    assert!(shown.len() < 10 && shown.iter().all(|it| *it == (identity(&bob), true)));
    sleep(Duration::from_millis(4_900)).await;
    assert_eq!(seen(&ear), shown, "he said nine seconds ago that he types");
    while seen(&ear).len() == shown.len() {
        ear.changed.notified().await;
    }
    assert_eq!(seen(&ear).last(), Some(&(identity(&bob), false)));
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(15) && took < Duration::from_millis(15_500));
    sleep(Duration::from_secs(60)).await;
    assert_eq!(seen(&ear).len(), shown.len() + 1, "once");
}

#[tokio::test(start_paused = true)]
async fn who_posts_stops_or_leaves_types_no_more() {
    let it = ticking();
    let (ada, channel) = it.creator("ada").await;
    let (ear, _listening) = listen(&it, &ada, &channel).await;
    let [bob, eve, zoe] = [
        it.user("bob").await,
        it.user("eve").await,
        it.user("zoe").await,
    ];
    let (_, leaves) = listen(&it, &zoe, &channel).await;
    for who in [&bob, &eve, &zoe] {
        types(&it, who, &channel).await;
    }
    assert_eq!(seen(&ear).len(), 3);
    it.say(&bob, channel.id, "hello").await.expect("may");
    assert_eq!(seen(&ear).last(), Some(&(identity(&bob), false)));
    typing::execute(&it.app, &eve, channel.id, false)
        .await
        .expect("may");
    assert_eq!(seen(&ear).last(), Some(&(identity(&eve), false)));
    drop(leaves);
    assert_eq!(seen(&ear).last(), Some(&(identity(&zoe), false)));
    // Who does not type has nothing to take back.
    it.say(&bob, channel.id, "hello").await.expect("may");
    sleep(Duration::from_secs(10)).await;
    assert_eq!(seen(&ear).len(), 6);
    types(&it, &bob, &channel).await;
    sleep(Duration::from_secs(7)).await;
    assert_eq!(seen(&ear).len(), 8, "and so on");
}

#[tokio::test(start_paused = true)]
async fn of_a_crowd_only_some_are_shown() {
    let it = ticking();
    let (ada, channel) = it.creator("ada").await;
    let (ear, _listening) = listen(&it, &ada, &channel).await;
    let people = (0..300).map(|n| Actor::Guest(guest_id(&n.to_string())));
    for who in people {
        types(&it, &who, &channel).await;
    }
    assert_eq!(seen(&ear).len(), 200);
    sleep(Duration::from_millis(6_300)).await;
    assert_eq!(seen(&ear).len(), 400);
    types(&it, &ada, &channel).await;
    assert_eq!(seen(&ear).len(), 401, "there is space again");
}

#[tokio::test(start_paused = true)]
async fn the_node_that_heard_of_it_takes_it_back_at_all() {
    let it = ticking();
    let other = it.another("two");
    let running = [Running::of(&it), Running::of(&other)];
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let (ear, _listening) = listen(&other, &ada, &channel).await;
    types(&it, &bob, &channel).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(seen(&ear), [(identity(&bob), true)]);
    sleep(Duration::from_millis(5_500)).await;
    assert_eq!(seen(&ear).last(), Some(&(identity(&bob), false)));
    assert_eq!(seen(&ear).len(), 2);
    for running in running {
        running.stop().await;
    }
}
