//! Who is connected is told what concerns them: live, once, and nobody else.

use std::time::Duration;

use greenroom_app::Refusal;
use greenroom_app::chat::restrict::{self, Restrict};
use greenroom_app::chat::{appoint, configure, delete};
use greenroom_app::notification::{Subscription, TooSlow, subscribe};
use greenroom_app::social::{block, follow};
use greenroom_domain::access::Denied;
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::{ChannelRole, ChatDelay, ChatSettings, Lift, RestrictionKind};
use greenroom_domain::notification::NotificationKind;
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::bus::Signal;
use greenroom_domain::shared::id::UserId;
use greenroom_domain::social::Notify;
use greenroom_testkit::builders::guest_id;

use crate::support::{Platform, Running, eventually, ticking};

/// Within this everything is told that is told at once: the feed has been read too.
const MOMENT: Duration = Duration::from_secs(2);

fn id(who: &Actor) -> UserId {
    who.user().expect("a user")
}

async fn subscribed(it: &Platform, who: &Actor) -> Subscription {
    subscribe(&it.app, who).await.expect("they are signed in")
}

async fn next(of: &mut Subscription) -> NotificationKind {
    let told = tokio::time::timeout(MOMENT, of.next()).await;
    let told = told.expect("they are told").expect("they are fast enough");
    told.notification.what.clone()
}

/// Nobody tells them anything: not even the feed, to which everything has come by then.
async fn nothing(of: &mut Subscription) {
    let told = tokio::time::timeout(MOMENT, of.next()).await;
    assert!(told.is_err(), "{told:?}");
}

fn mention(what: &NotificationKind) -> &str {
    match what {
        NotificationKind::Mentioned { message, .. } => message.author.name.as_str(),
        other => panic!("{other:?}"),
    }
}

async fn follows(it: &Platform, who: &Actor, channel: &Channel, notify: Notify) {
    let done = follow::execute(&it.app, who, &channel.handle, notify).await;
    done.expect("anybody may");
}

async fn goes_live(it: &Platform, owner: &Actor, channel: &Channel) {
    let key = it.key(owner, channel, None).await.secret;
    it.publish(&key).await.expect("a key that is good");
}

async fn ban(it: &Platform, by: &Actor, channel: &Channel, who: &Actor) {
    let command = Restrict {
        channel: channel.id,
        subject: Identity::User(id(who)),
        timeout: None,
        reason: None,
    };
    restrict::execute(&it.app, by, command)
        .await
        .expect("they may");
}

async fn lift(it: &Platform, by: &Actor, channel: &Channel, who: &Actor) {
    let (room, subject) = (channel.id, Identity::User(id(who)));
    let lifted = restrict::lift(&it.app, by, room, subject, Lift::Whatever).await;
    lifted.expect("they may");
}

#[tokio::test(start_paused = true)]
async fn followers_are_told_once_that_a_channel_went_live_wherever_they_are_connected() {
    let it = Platform::new();
    let two = it.another("two");
    let running = [Running::of(&it), Running::of(&two)];
    let (ada, channel) = it.creator("ada").await;
    let [bob, eve, joe] = [
        it.user("bob").await,
        it.user("eve").await,
        it.user("joe").await,
    ];
    follows(&it, &bob, &channel, Notify::Live).await;
    follows(&it, &eve, &channel, Notify::Nothing).await;
    let mut told = [
        subscribed(&it, &bob).await,
        subscribed(&it, &bob).await,
        subscribed(&two, &bob).await,
    ];
    let mut others = [
        subscribed(&it, &eve).await,
        subscribed(&two, &joe).await,
        subscribed(&it, &ada).await,
    ];
    goes_live(&it, &ada, &channel).await;
    let stream = it.live_of(channel.id).await.expect("it is live");
    for of in &mut told {
        let expected = NotificationKind::WentLive {
            stream: stream.id,
            title: stream.title.clone(),
        };
        assert_eq!(next(of).await, expected);
        nothing(of).await;
    }
    for of in &mut others {
        nothing(of).await;
    }
    for running in running {
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_mentioned_is_told_at_every_node_however_often_the_bus_says_it() {
    let it = Platform::new();
    let two = it.another("two");
    let running = [Running::of(&it), Running::of(&two)];
    let (ada, channel) = it.creator("ada").await;
    let [bob, eve] = [it.user("bob").await, it.user("eve").await];
    let mut here = subscribed(&it, &bob).await;
    let mut there = subscribed(&two, &bob).await;
    let mut speaker = subscribed(&it, &ada).await;
    let mut other = subscribed(&two, &eve).await;
    it.say(&ada, channel.id, "hello").await.expect("may");
    let said = it.say(&ada, channel.id, "look, @Bob and @ada").await;
    it.app.ports.bus.tell(Signal::Line {
        room: channel.id,
        line: said.expect("may").line,
    });
    for of in [&mut here, &mut there] {
        assert_eq!(mention(&next(of).await), "ada");
        nothing(of).await;
    }
    nothing(&mut speaker).await;
    nothing(&mut other).await;
    for running in running {
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_mention_is_not_told_to_who_may_not_read_it_or_wants_nothing_of_its_author() {
    let it = Platform::new();
    let running = Running::of(&it);
    let (ada, channel) = it.creator("ada").await;
    let [bob, eve] = [it.user("bob").await, it.user("eve").await];
    let mut banned = subscribed(&it, &bob).await;
    ban(&it, &ada, &channel, &bob).await;
    let told = NotificationKind::Restriction(Some(RestrictionKind::Ban));
    assert_eq!(next(&mut banned).await, told);
    block::execute(&it.app, &eve, id(&ada)).await.expect("may");
    let mut offended = subscribed(&it, &eve).await;
    it.say(&ada, channel.id, "@bob @eve").await.expect("may");
    nothing(&mut banned).await;
    nothing(&mut offended).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn acts_of_moderation_are_told_to_whom_they_are_against_and_a_block_is_not() {
    let it = Platform::new();
    let running = Running::of(&it);
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let mut told = subscribed(&it, &bob).await;
    let vip = Some(ChannelRole::Vip);
    appoint::execute(&it.app, &ada, channel.id, id(&bob), ChannelRole::Vip)
        .await
        .expect("may");
    assert_eq!(next(&mut told).await, NotificationKind::Role(vip));
    appoint::end(&it.app, &ada, channel.id, id(&bob), None)
        .await
        .expect("may");
    assert_eq!(next(&mut told).await, NotificationKind::Role(None));
    ban(&it, &ada, &channel, &bob).await;
    let banned = NotificationKind::Restriction(Some(RestrictionKind::Ban));
    assert_eq!(next(&mut told).await, banned);
    lift(&it, &ada, &channel, &bob).await;
    assert_eq!(next(&mut told).await, NotificationKind::Restriction(None));
    appoint::execute(&it.app, &ada, channel.id, id(&bob), ChannelRole::Vip)
        .await
        .expect("may");
    assert_eq!(next(&mut told).await, NotificationKind::Role(vip));
    block::execute(&it.app, &ada, id(&bob)).await.expect("may");
    nothing(&mut told).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_mention_in_a_delayed_room_is_told_when_viewers_see_it_unless_it_was_deleted() {
    let it = ticking();
    let running = Running::of(&it);
    let (ada, channel) = it.creator("ada").await;
    let [bob, moe] = [it.user("bob").await, it.user("moe").await];
    appoint::execute(&it.app, &ada, channel.id, id(&moe), ChannelRole::Moderator)
        .await
        .expect("may");
    let settings = ChatSettings {
        delay: Some(ChatDelay::new(10).expect("in range")),
        ..ChatSettings::default()
    };
    let set = configure::execute(&it.app, &ada, &channel.handle, settings, None).await;
    set.expect("may");
    let mut viewer = subscribed(&it, &bob).await;
    let mut moderator = subscribed(&it, &moe).await;
    let bad = it
        .say(&ada, channel.id, "bad @bob @moe")
        .await
        .expect("may");
    it.say(&ada, channel.id, "good @bob").await.expect("may");
    assert_eq!(mention(&next(&mut moderator).await), "ada");
    let deleted = delete::execute(&it.app, &ada, channel.id, bad.line.place.seq).await;
    deleted.expect("may");
    nothing(&mut viewer).await;
    tokio::time::sleep(Duration::from_secs(7)).await;
    let told = tokio::time::timeout(MOMENT, viewer.next()).await;
    let told = told.expect("they are told").expect("they are fast enough");
    match &told.notification.what {
        NotificationKind::Mentioned { place, .. } => assert_ne!(*place, bad.line.place),
        other => panic!("{other:?}"),
    }
    nothing(&mut viewer).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_take_them_is_told_so_and_nobody_else_is_held_up() {
    let it = Platform::new();
    let running = Running::of(&it);
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let mut slow = subscribed(&it, &bob).await;
    let mut fast = subscribed(&it, &bob).await;
    for n in 0..40 {
        it.advance(60);
        it.say(&ada, channel.id, &format!("@bob {n}"))
            .await
            .expect("may");
        assert_eq!(mention(&next(&mut fast).await), "ada");
    }
    let mut kept = 0;
    let end = loop {
        match slow.next().await {
            Ok(_) => kept += 1,
            Err(end) => break end,
        }
    };
    assert_eq!((kept, end), (32, TooSlow));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn guests_are_refused_and_who_goes_is_forgotten() {
    let it = Platform::new();
    let guest = Actor::Guest(guest_id("gus"));
    let refused = subscribe(&it.app, &guest).await.err();
    assert!(matches!(
        refused,
        Some(Refusal::Denied(Denied::SignInFirst))
    ));
    let bob = it.user("bob").await;
    let two = [subscribed(&it, &bob).await, subscribed(&it, &bob).await];
    assert_eq!(it.app.notified_users(), 1);
    drop(two);
    eventually(async || it.app.notified_users() == 0).await;
}
