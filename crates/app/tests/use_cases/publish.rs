//! Publishing: who is let in, who is current, and how a stream ends.

use std::time::Duration;

use greenroom_app::channel::lock;
use greenroom_app::stream::create::{self, CreateStream};
use greenroom_app::stream::{end, start, sweep};
use greenroom_app::{Refusal, Settings};
use greenroom_domain::access::Denied;
use greenroom_domain::channel::{Channel, ChannelError, KeySecret};
use greenroom_domain::chat::{LineBody, RoomLog, Seq};
use greenroom_domain::media::PublishRefused;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::feed::{Feed, FeedPosition};
use greenroom_domain::shared::id::StreamId;
use greenroom_domain::shared::rate::Quota;
use greenroom_domain::stream::{EndReason, Generation, Ingest, StreamError, StreamState};
use greenroom_testkit::media::MediaCall;

use crate::support::{Platform, settings};

async fn planned(it: &Platform, owner: &Actor, channel: &Channel) -> StreamId {
    let command = CreateStream {
        handle: channel.handle.clone(),
        title: None,
        category: None,
    };
    let made = create::execute(&it.app, owner, command).await;
    made.expect("a planned stream").stream.id
}

async fn head(it: &Platform) -> FeedPosition {
    Feed::head(&*it.store).await.expect("memory answers")
}

fn reason(state: &StreamState) -> Option<EndReason> {
    match state {
        StreamState::Ended { reason, .. } => Some(*reason),
        StreamState::Pending | StreamState::Live { .. } => None,
    }
}

fn is_interrupted(state: &StreamState) -> bool {
    matches!(
        state,
        StreamState::Live {
            ingest: Ingest::Interrupted { .. },
            ..
        }
    )
}

fn is_publishing(state: &StreamState) -> bool {
    matches!(
        state,
        StreamState::Live {
            ingest: Ingest::Publishing(_),
            ..
        }
    )
}

#[tokio::test]
async fn an_unknown_key_is_refused_with_nothing_stored() {
    let it = Platform::new();
    it.creator("ada").await;
    let before = head(&it).await;
    let asked = it.commits.asked();
    let refused = it.publish(&KeySecret::generate([9; 32])).await;
    assert!(matches!(refused, Err(PublishRefused::UnknownKey)));
    assert_eq!(head(&it).await, before);
    assert_eq!(it.commits.asked(), asked);
}

#[tokio::test]
async fn guessing_keys_is_slowed_down() {
    let it = Platform::with(Settings {
        publish_quota: Quota {
            burst: 2,
            per: Duration::from_secs(60),
        },
        ..settings()
    });
    for _ in 0..2 {
        let refused = it.publish(&KeySecret::generate([9; 32])).await;
        assert!(matches!(refused, Err(PublishRefused::UnknownKey)));
    }
    let refused = it.publish(&KeySecret::generate([9; 32])).await;
    assert!(matches!(refused, Err(PublishRefused::TooMany)));
}

#[tokio::test]
async fn an_unbound_key_opens_the_channels_stream_and_the_room_shows_it() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let ahead = planned(&it, &ada, &channel).await;
    let lease = it.publish(&key.secret).await.expect("let in");
    assert_ne!(lease.stream, ahead, "what is planned waits for its own key");
    assert_eq!(lease.channel, channel.id);
    assert_eq!(lease.handle, channel.handle);
    assert_eq!(lease.generation, Generation(1));
    let stream = it.stream(lease.stream).await;
    assert_eq!(stream.title, channel.title);
    let lines = it.store.after(channel.id, Seq::ZERO, 10).await;
    let lines = lines.expect("memory answers");
    let started = lines.iter().any(
        |line| matches!(line.body, LineBody::StreamStarted { stream, .. } if stream == lease.stream),
    );
    assert!(started, "{lines:?}");
}

#[tokio::test]
async fn a_bound_key_serves_its_stream_alone() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let unbound = it.key(&ada, &channel, None).await;
    let ahead = planned(&it, &ada, &channel).await;
    let bound = it.key(&ada, &channel, Some(ahead)).await;

    let other = it.publish(&unbound.secret).await.expect("let in");
    assert!(matches!(
        it.publish(&bound.secret).await,
        Err(PublishRefused::AlreadyPublishing)
    ));
    end::execute(&it.app, &ada, other.stream)
        .await
        .expect("hers");
    let lease = it.publish(&bound.secret).await.expect("let in");
    assert_eq!(lease.stream, ahead);
    it.lose(&lease).await;
    let goes_on = it.publish(&bound.secret).await.expect("let in");
    assert_eq!(goes_on.stream, ahead);

    end::execute(&it.app, &ada, ahead).await.expect("hers");
    it.advance(61);
    assert!(matches!(
        it.publish(&bound.secret).await,
        Err(PublishRefused::Ended)
    ));
}

#[tokio::test]
async fn a_second_publisher_waits_until_the_first_is_silent() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let first = it.publish(&key.secret).await.expect("let in");

    let almost = Duration::from_millis(1999);
    it.media.connect(first.stream, first.generation, almost);
    assert!(matches!(
        it.publish(&key.secret).await,
        Err(PublishRefused::AlreadyPublishing)
    ));
    assert_eq!(it.stream(first.stream).await.generation, first.generation);

    it.media
        .connect(first.stream, first.generation, Duration::from_secs(2));
    let second = it.publish(&key.secret).await.expect("taken over");
    assert_eq!(second.stream, first.stream);
    assert_eq!(second.generation, Generation(2));
    let cut = MediaCall::CloseIngest(first.stream, first.generation);
    assert_eq!(it.media.count(cut), 1);

    // The old one's late word is nothing.
    it.lose(&first).await;
    assert!(is_publishing(&it.stream(first.stream).await.state));
    it.lose(&second).await;
    assert!(is_interrupted(&it.stream(first.stream).await.state));
}

#[tokio::test]
async fn of_two_who_publish_at_once_one_is_current() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let (one, two) = tokio::join!(it.publish(&key.secret), it.publish(&key.secret));
    let live = it.live_of(channel.id).await.expect("live");
    let current = [one, two]
        .into_iter()
        .flatten()
        .filter(|lease| lease.generation == live.generation)
        .count();
    assert_eq!(current, 1);
}

#[tokio::test]
async fn an_earlier_publisher_that_cannot_be_reached_keeps_nobody_out() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    it.media.fail(1);
    let lease = it.publish(&key.secret).await.expect("let in");
    assert_eq!(it.media.failures_left(), 0);
    assert!(is_publishing(&it.stream(lease.stream).await.state));
}

#[tokio::test]
async fn the_owners_end_holds_that_key_for_a_minute() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let other = it.key(&ada, &channel, None).await;
    let lease = it.publish(&key.secret).await.expect("let in");
    let ended = end::execute(&it.app, &ada, lease.stream)
        .await
        .expect("hers");
    assert_eq!(reason(&ended.stream.state), Some(EndReason::OwnerEnded));
    let call = MediaCall::End(channel.id, lease.stream);
    assert_eq!(it.media.count(call), 1);

    it.advance(59);
    assert!(matches!(
        it.publish(&key.secret).await,
        Err(PublishRefused::Held { .. })
    ));
    let next = it.publish(&other.secret).await.expect("another key");
    assert_ne!(next.stream, lease.stream);
    // Also the key of an encoder that had gone before its stream was ended is held.
    it.lose(&next).await;
    end::execute(&it.app, &ada, next.stream)
        .await
        .expect("hers");
    assert!(matches!(
        it.publish(&other.secret).await,
        Err(PublishRefused::Held { .. })
    ));
    it.advance(60);
    it.publish(&other.secret).await.expect("the minute is over");
}

#[tokio::test]
async fn starting_again_lets_a_held_key_in() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let lease = it.publish(&key.secret).await.expect("let in");
    end::execute(&it.app, &ada, lease.stream)
        .await
        .expect("hers");
    let ahead = planned(&it, &ada, &channel).await;
    for _ in 0..2 {
        start::execute(&it.app, &ada, ahead).await.expect("hers");
    }
    let next = it.publish(&key.secret).await.expect("let in again");
    assert_eq!(
        next.stream, ahead,
        "the stream that was started waits for it"
    );
}

#[tokio::test]
async fn an_administrators_end_locks_until_one_lifts_it() {
    let it = Platform::new();
    let admin = it.admin().await;
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let lease = it.publish(&key.secret).await.expect("let in");
    let bob = it.user("bob").await;
    let stranger = end::execute(&it.app, &bob, lease.stream).await;
    assert!(matches!(stranger, Err(Refusal::Denied(Denied::Forbidden))));

    let ended = end::execute(&it.app, &admin, lease.stream)
        .await
        .expect("may");
    assert_eq!(reason(&ended.stream.state), Some(EndReason::AdminEnded));
    it.advance(3600);
    assert!(matches!(
        it.publish(&key.secret).await,
        Err(PublishRefused::Locked)
    ));
    let ahead = planned(&it, &ada, &channel).await;
    let start = start::execute(&it.app, &ada, ahead).await;
    assert!(matches!(start, Err(Refusal::Channel(ChannelError::Locked))));
    let herself = lock::lift(&it.app, &ada, &channel.handle).await;
    assert!(matches!(herself, Err(Refusal::Denied(Denied::Forbidden))));
    lock::lift(&it.app, &admin, &channel.handle)
        .await
        .expect("may");
    it.publish(&key.secret).await.expect("let in again");
}

#[tokio::test]
async fn who_comes_back_within_the_grace_goes_on_with_the_same_stream() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let lease = it.publish(&key.secret).await.expect("let in");
    it.lose(&lease).await;
    it.advance(29);
    assert_eq!(sweep::due(&it.app).await.expect("swept"), 0);
    let back = it.publish(&key.secret).await.expect("let in");
    assert_eq!(back.stream, lease.stream);
    it.advance(60);
    assert_eq!(sweep::due(&it.app).await.expect("swept"), 0);

    it.lose(&back).await;
    it.advance(30);
    assert_eq!(sweep::due(&it.app).await.expect("swept"), 1);
    assert_eq!(sweep::due(&it.app).await.expect("swept"), 0);
    let ended = it.stream(lease.stream).await;
    assert_eq!(reason(&ended.state), Some(EndReason::EncoderGone));
    assert_eq!(it.media.count(MediaCall::End(channel.id, lease.stream)), 1);
    let next = it.publish(&key.secret).await.expect("let in");
    assert_ne!(next.stream, lease.stream, "ended stays ended");
}

#[tokio::test]
async fn a_start_by_command_without_media_ends_by_itself() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let ahead = planned(&it, &ada, &channel).await;
    let early = end::execute(&it.app, &ada, ahead).await;
    assert!(matches!(early, Err(Refusal::Stream(StreamError::NotLive))));
    start::execute(&it.app, &ada, ahead).await.expect("hers");
    it.advance(299);
    assert_eq!(sweep::due(&it.app).await.expect("swept"), 0);
    it.advance(1);
    assert_eq!(sweep::due(&it.app).await.expect("swept"), 1);
    let ended = it.stream(ahead).await;
    assert_eq!(reason(&ended.state), Some(EndReason::NoMedia));
    let again = start::execute(&it.app, &ada, ahead).await;
    assert!(matches!(again, Err(Refusal::Stream(StreamError::Ended))));
}

#[tokio::test]
async fn a_second_stream_does_not_start_beside_the_first() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let (one, two) = (
        planned(&it, &ada, &channel).await,
        planned(&it, &ada, &channel).await,
    );
    start::execute(&it.app, &ada, one).await.expect("hers");
    let second = start::execute(&it.app, &ada, two).await;
    assert!(matches!(second, Err(Refusal::AnotherStreamIsLive)));
}

#[tokio::test]
async fn a_restart_interrupts_its_own_streams_and_ends_nothing() {
    let it = Platform::new();
    let other = it.another("two");
    let (ada, adas) = it.creator("ada").await;
    let (bob, bobs) = it.creator("bob").await;
    let (eve, eves) = it.creator("eve").await;
    let here = it.key(&ada, &adas, None).await;
    let there = it.key(&bob, &bobs, None).await;
    let here = it.publish(&here.secret).await.expect("let in");
    let there = other.publish(&there.secret).await.expect("let in");
    let waits = planned(&it, &eve, &eves).await;
    start::execute(&it.app, &eve, waits).await.expect("hers");

    let again = it.another("one");
    again.app.start().await.expect("started");
    assert!(is_interrupted(&it.stream(here.stream).await.state));
    assert!(is_publishing(&it.stream(there.stream).await.state));
    assert!(it.stream(waits).await.is_live());
    it.advance(29);
    assert_eq!(sweep::due(&again.app).await.expect("swept"), 0);
}

#[tokio::test]
async fn a_publisher_on_another_node_is_not_taken_over() {
    let it = Platform::new();
    let other = it.another("two");
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    it.announce().await;
    it.publish(&key.secret).await.expect("let in");
    assert!(matches!(
        other.publish(&key.secret).await,
        Err(PublishRefused::AlreadyPublishing)
    ));
}

#[tokio::test]
async fn an_encoder_that_never_came_does_not_stay_live() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let lease = it.publish(&key.secret).await.expect("let in");
    it.advance(60);
    assert_eq!(sweep::orphans(&it.app).await.expect("looked"), 0);
    assert!(is_publishing(&it.stream(lease.stream).await.state));

    it.media.disconnect(lease.stream);
    assert_eq!(sweep::orphans(&it.app).await.expect("looked"), 1);
    assert!(is_interrupted(&it.stream(lease.stream).await.state));
    let back = it.publish(&key.secret).await.expect("let in");
    it.media.disconnect(back.stream);
    it.advance(9);
    assert_eq!(
        sweep::orphans(&it.app).await.expect("looked"),
        0,
        "it has just been let in"
    );
}

#[tokio::test]
async fn an_encoder_that_comes_back_while_its_stream_is_ended_stays_out() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let lease = it.publish(&key.secret).await.expect("let in");
    it.lose(&lease).await;
    let end = end::execute(&it.app, &ada, lease.stream);
    let (let_in, ended) = it.commits.between(it.publish(&key.secret), end).await;
    ended.expect("hers");
    assert!(matches!(let_in, Err(PublishRefused::Held { .. })));
    assert!(it.live_of(channel.id).await.is_none());
}

#[tokio::test]
async fn who_ends_a_stream_while_its_encoder_comes_back_ends_it() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let lease = it.publish(&key.secret).await.expect("let in");
    it.lose(&lease).await;
    let end = end::execute(&it.app, &ada, lease.stream);
    let (ended, let_in) = it.commits.between(end, it.publish(&key.secret)).await;
    let_in.expect("it was faster");
    ended.expect("hers");
    assert!(it.live_of(channel.id).await.is_none());
    assert_eq!(it.media.count(MediaCall::End(channel.id, lease.stream)), 1);
}

#[tokio::test]
async fn a_sweep_that_was_too_late_ends_nothing() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let lease = it.publish(&key.secret).await.expect("let in");
    it.lose(&lease).await;
    it.advance(30);
    let swept = sweep::due(&it.app);
    let (swept, let_in) = it.commits.between(swept, it.publish(&key.secret)).await;
    assert_eq!(let_in.expect("it was faster").stream, lease.stream);
    assert_eq!(swept.expect("swept"), 0);
    assert!(is_publishing(&it.stream(lease.stream).await.state));
}
