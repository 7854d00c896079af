//! What follows from what was committed happens, whatever fails in between.

use std::time::Duration;

use bytes::Bytes;
use greenroom_app::account::avatar;
use greenroom_app::account::review_creator::{self, Review};
use greenroom_app::channel::keys;
use greenroom_app::chat::restrict::{self, Restrict};
use greenroom_app::{Refusal, Settings};
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::Lift;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::feed::{Consumer, Feed, FeedError, FeedPosition};
use greenroom_domain::shared::id::PictureId;
use greenroom_testkit::builders::guest;
use greenroom_testkit::media::MediaCall;

use crate::support::{Platform, Running, Trouble, eventually, settings};

const EFFECTS: Consumer = Consumer("effects");

fn ban(channel: &Channel, name: &str) -> Restrict {
    Restrict {
        channel: channel.id,
        subject: guest(name),
        timeout: None,
        reason: None,
    }
}

async fn head(it: &Platform) -> FeedPosition {
    Feed::head(&*it.store).await.expect("memory answers")
}

async fn cursor(it: &Platform) -> Option<FeedPosition> {
    it.store.cursor(EFFECTS).await.expect("memory answers")
}

#[tokio::test(start_paused = true)]
async fn a_cut_that_failed_is_repeated_until_it_is_done() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let lease = it.publish(&key.secret).await.expect("let in");
    it.advance(1);
    let running = Running::of(&it);
    it.media.fail(4);
    keys::rotate(&it.app, &ada, key.key.id)
        .await
        .expect("committed, whatever the engine does");
    let cut = MediaCall::CloseIngest(lease.stream, lease.generation);
    assert_eq!(it.media.count(cut), 0);
    eventually(async || it.media.count(cut) == 1).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_replay_judges_by_how_things_stand_now() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    it.publish(&key.secret).await.expect("let in");
    it.advance(1);
    let rotated = keys::rotate(&it.app, &ada, key.key.id).await;
    it.advance(5);
    let back = it.publish(&rotated.expect("hers").secret).await;
    let back = back.expect("let in");
    restrict::execute(&it.app, &ada, ban(&channel, "gus"))
        .await
        .expect("hers");
    restrict::lift(&it.app, &ada, channel.id, guest("gus"), Lift::Whatever)
        .await
        .expect("hers");
    let revoked = MediaCall::RevokePlayback(channel.id, guest("gus"));
    assert_eq!(it.media.count(revoked), 1);

    let running = Running::of(&it);
    // The last record of all is passed once its effect has been seen.
    restrict::execute(&it.app, &ada, ban(&channel, "eve"))
        .await
        .expect("hers");
    let last = MediaCall::RevokePlayback(channel.id, guest("eve"));
    eventually(async || it.media.count(last) == 2).await;
    let cut = MediaCall::CloseIngest(back.stream, back.generation);
    assert_eq!(it.media.count(cut), 0, "it came with the new secret");
    assert_eq!(it.media.count(revoked), 1, "the ban was lifted");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_suspended_creators_stream_ends_though_the_process_failed_in_between() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    it.publish(&key.secret).await.expect("let in");
    let id = ada.user().expect("a user");
    it.commits.next([Trouble::None, Trouble::Full]);
    let half = review_creator::execute(&it.app, &Actor::Operator, id, Review::Suspend).await;
    assert!(matches!(half, Err(Refusal::Full)));
    assert!(it.live_of(channel.id).await.is_some());
    let running = Running::of(&it);
    eventually(async || it.live_of(channel.id).await.is_none()).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_one_node_does_for_all_another_does_when_that_one_stops() {
    let it = Platform::new();
    let other = it.another("two");
    let half_suspended = async |name: &str| {
        let (owner, channel) = it.creator(name).await;
        let key = it.key(&owner, &channel, None).await;
        it.publish(&key.secret).await.expect("let in");
        let id = owner.user().expect("a user");
        it.commits.next([Trouble::None, Trouble::Full]);
        let half = review_creator::execute(&it.app, &Actor::Operator, id, Review::Suspend).await;
        assert!(matches!(half, Err(Refusal::Full)));
        channel.id
    };
    for (node, name) in [(&it, "ada"), (&other, "bob")] {
        let channel = half_suspended(name).await;
        assert!(it.live_of(channel).await.is_some());
        let running = Running::of(node);
        eventually(async || it.live_of(channel).await.is_none()).await;
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_cursor_moves_and_what_is_old_and_passed_is_forgotten() {
    let it = Platform::with(Settings {
        feed_retention: Duration::from_secs(3600),
        ..settings()
    });
    let (ada, channel) = it.creator("ada").await;
    for text in ["one", "two", "three"] {
        it.say(&ada, channel.id, text).await.expect("hers");
    }
    let running = Running::of(&it);
    assert_eq!(cursor(&it).await, None);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(cursor(&it).await, None, "not for so little so soon");
    it.advance(31);
    let kept = head(&it).await;
    eventually(async || cursor(&it).await == Some(kept)).await;
    assert_eq!(head(&it).await, kept, "a cursor tells of nothing");

    tokio::time::sleep(Duration::from_secs(1200)).await;
    let records = Feed::read(&*it.store, FeedPosition::START, 100).await;
    assert!(!records.expect("not old enough").is_empty());
    it.advance(3600);
    eventually(async || {
        let gone = Feed::read(&*it.store, FeedPosition::START, 100).await;
        matches!(gone, Err(FeedError::Gone))
    })
    .await;
    running.stop().await;

    // Who starts again goes on from the cursor.
    let again = it.another("one");
    let running = Running::of(&again);
    restrict::execute(&again.app, &ada, ban(&channel, "gus"))
        .await
        .expect("hers");
    let revoked = MediaCall::RevokePlayback(channel.id, guest("gus"));
    eventually(async || again.media.count(revoked) == 2).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn streams_that_are_due_end_by_themselves_while_it_runs() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let lease = it.publish(&key.secret).await.expect("let in");
    it.lose(&lease).await;
    let running = Running::of(&it);
    it.advance(30);
    eventually(async || it.live_of(channel.id).await.is_none()).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_picture_that_a_dead_process_left_behind_is_deleted() {
    let it = Platform::new();
    let ada = it.user("ada").await;
    let jpeg = Bytes::from_static(b"\xff\xd8");
    let set = async || {
        let user = avatar::set(&it.app, &ada, jpeg.clone()).await;
        user.expect("a picture").avatar.expect("it is shown")
    };
    let (first, second) = (set().await, set().await);
    let objects = &it.app.ports.objects;
    let is_there = async |id: PictureId| objects.get(&id.key()).await.expect("a read").is_some();
    assert!(!is_there(first).await, "it is deleted at once");
    // As if the process had died right after its commit.
    objects.put(&first.key(), jpeg.clone()).await.expect("kept");
    let running = Running::of(&it);
    eventually(async || !is_there(first).await).await;
    assert!(is_there(second).await);
    running.stop().await;
}
