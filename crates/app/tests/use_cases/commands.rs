//! What is typed to act, what is reacted with, and who did what.

use std::time::Duration;

use greenroom_app::Refusal;
use greenroom_app::chat::command::Done;
use greenroom_app::chat::say::{self, Said};
use greenroom_app::chat::{appoint, audit, configure, history, react, restrict};
use greenroom_app::realtime::{JoinRoom, Shown, Start, join_room};
use greenroom_app::social::list;
use greenroom_domain::access::Denied;
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::{
    ChannelRole, ChatDelay, ChatEvent, ChatSettings, CommandError, Ephemeral, FollowAge,
    PostRefused, Reaction, SlowMode,
};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::event::{Event, Happening};
use greenroom_domain::shared::page::{PageLimit, PageRequest};
use greenroom_testkit::builders::guest_id;
use tokio::time::{Instant, sleep};

use crate::support::{Ear, Platform, Running, message, ticking, username};

async fn types(it: &Platform, who: &Actor, channel: &Channel, text: &str) -> Result<Said, Refusal> {
    say::execute(&it.app, who, message(channel.id, text)).await
}

async fn done(it: &Platform, who: &Actor, channel: &Channel, text: &str) -> Done {
    match types(it, who, channel, text).await {
        Ok(Said::Done(done)) => done,
        other => panic!("{text}: {other:?}"),
    }
}

async fn settings(it: &Platform, channel: &Channel) -> ChatSettings {
    let room = configure::current(&it.app, &channel.handle).await;
    room.expect("there").value.settings
}

#[tokio::test]
async fn staff_act_by_what_they_type_and_nothing_of_it_is_said() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let who = bob.user().expect("a user");
    it.say(&bob, channel.id, "hello").await.expect("may");
    let name = username("bob");
    let restricted = async || {
        let listed = restrict::list(&it.app, &ada, channel.id, None, 10).await;
        listed.expect("hers").into_iter().map(|it| it.kind).next()
    };
    let typed = async |text: &str| done(&it, &ada, &channel, text).await;

    assert_eq!(
        typed("/timeout @bob 5m too loud").await,
        Done::Restricted(name.clone())
    );
    let held = restricted().await.expect("held");
    assert!(held.holds(it.app.now() + Duration::from_secs(299)));
    assert!(!held.holds(it.app.now() + Duration::from_secs(300)));
    assert_eq!(typed("/untimeout bob").await, Done::Lifted(name.clone()));
    assert_eq!(typed("/BAN bob").await, Done::Restricted(name.clone()));
    assert!(restricted().await.expect("held").is_ban());
    assert_eq!(typed("/unban bob").await, Done::Lifted(name.clone()));
    assert_eq!(restricted().await, None);
    assert_eq!(typed("/clear bob").await, Done::Cleared(name.clone(), 1));

    let role = async || {
        let listed = appoint::list(&it.app, &ada, channel.id).await;
        listed.expect("may").first().map(|it| it.role)
    };
    for (text, is) in [
        ("/mod bob", Some(ChannelRole::Moderator)),
        ("/unvip bob", Some(ChannelRole::Moderator)),
        ("/vip bob", Some(ChannelRole::Vip)),
        ("/unvip bob", None),
        ("/mod bob", Some(ChannelRole::Moderator)),
        ("/unmod bob", None),
    ] {
        assert_eq!(typed(text).await, Done::RoleChanged(name.clone()));
        assert_eq!(role().await, is, "{text}");
    }

    assert_eq!(typed("/block bob").await, Done::Blocked(name.clone()));
    let blocked = list::blocked(&it.app, &ada, None, 10).await.expect("hers");
    assert_eq!(blocked[0].user.id, who);
    assert_eq!(typed("/unblock bob").await, Done::Unblocked(name));

    let page = history::Part::Newest;
    let limit = PageLimit::MAX;
    let log = history::execute(&it.app, &ada, &channel.handle, page, limit).await;
    let log = format!("{:?}", log.expect("hers").lines);
    assert!(!log.contains("/mod") && !log.contains("/ban"), "{log}");
}

#[tokio::test]
async fn the_rooms_rules_are_typed() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let slow = |seconds| Some(SlowMode::new(seconds).expect("in range"));
    let age = FollowAge::new(Duration::from_secs(600)).expect("in range");
    let delay = ChatDelay::new(4).expect("in range");
    let plain = ChatSettings::default();
    let mut is = plain;
    for text in [
        "/slow 5",
        "/slow",
        "/followers 10m",
        "/emoteonly",
        "/delay 4",
        "/slowoff",
        "/followersoff",
        "/emoteonlyoff",
        "/delayoff",
    ] {
        match text {
            "/slow 5" => is.slow_mode = slow(5),
            "/slow" => is.slow_mode = slow(30),
            "/followers 10m" => is.followers_only = Some(age),
            "/emoteonly" => is.emotes_only = true,
            "/delay 4" => is.delay = Some(delay),
            "/slowoff" => is.slow_mode = None,
            "/followersoff" => is.followers_only = None,
            "/emoteonlyoff" => is.emotes_only = false,
            _ => is.delay = None,
        }
        assert_eq!(done(&it, &ada, &channel, text).await, Done::Configured);
        assert_eq!(settings(&it, &channel).await, is, "{text}");
    }
    assert_eq!(is, plain);
}

#[tokio::test]
async fn who_may_not_act_does_not_and_what_is_no_command_is_told() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let [bob, eve] = [it.user("bob").await, it.user("eve").await];
    let gus = Actor::Guest(guest_id("gus"));
    let all = [
        "/timeout eve",
        "/untimeout eve",
        "/ban eve",
        "/unban eve",
        "/clear eve",
        "/mod eve",
        "/unmod eve",
        "/vip eve",
        "/unvip eve",
        "/slow",
        "/followers",
        "/emoteonly",
        "/delay",
    ];
    for text in all {
        let refused = types(&it, &bob, &channel, text).await;
        assert!(
            matches!(refused, Err(Refusal::Denied(Denied::Forbidden))),
            "{text}: {refused:?}"
        );
        let refused = types(&it, &gus, &channel, text).await;
        assert!(
            matches!(refused, Err(Refusal::Denied(Denied::SignInFirst))),
            "{text}: {refused:?}"
        );
    }
    let refused = types(&it, &ada, &channel, "/dance").await;
    assert!(matches!(
        refused,
        Err(Refusal::Command(CommandError::Unknown))
    ));
    let refused = types(&it, &ada, &channel, "/ban").await;
    assert!(matches!(
        refused,
        Err(Refusal::Command(CommandError::Usage { .. }))
    ));
    let refused = types(&it, &ada, &channel, "/ban nobody-here").await;
    assert!(matches!(refused, Err(Refusal::NoSuchUser)), "{refused:?}");
    let said = types(&it, &eve, &channel, "1/2 of it").await;
    assert!(matches!(said, Ok(Said::Posted(_))));
    assert_eq!(settings(&it, &channel).await, ChatSettings::default());
}

fn reaction(text: &str) -> Reaction {
    Reaction::parse(text).expect("an emoji")
}

fn frames(ear: &Ear) -> Vec<Vec<(Reaction, u32)>> {
    let frames = ear.heard().into_iter().filter_map(|shown| match shown {
        Shown::Ephemeral(Ephemeral::Reactions { counts }) => Some(counts),
        _ => None,
    });
    frames.collect()
}

#[tokio::test(start_paused = true)]
async fn reactions_are_counted_together_and_shown_four_times_a_second() {
    let it = ticking();
    let other = it.another("two");
    let running = [Running::of(&it), Running::of(&other)];
    let (ada, channel) = it.creator("ada").await;
    let mut ears = Vec::new();
    for node in [&it, &other] {
        let ear = Ear::new();
        let join = JoinRoom {
            channel: channel.id,
            start: Start::Now,
            listener: ear.clone(),
        };
        let listening = join_room(&node.app, &ada, join).await.expect("may");
        ears.push((ear, listening));
    }
    let began = Instant::now();
    let mut sent = 0;
    while began.elapsed() < Duration::from_secs(2) {
        for n in 0..3 {
            let node = if n == 2 { &other } else { &it };
            let who = Actor::Guest(guest_id(&format!("guest {}", sent / 10)));
            let emoji = reaction(if n == 0 { "🎉" } else { ":heart:" });
            react::execute(&node.app, &who, channel.id, emoji)
                .await
                .expect("may");
            sent += 1;
        }
        sleep(Duration::from_millis(20)).await;
    }
    sleep(Duration::from_secs(1)).await;
    for (ear, _) in &ears {
        let frames = frames(ear);
        assert!(frames.len() <= 9, "{}", frames.len());
        let of = |emoji: &Reaction| {
            let all = frames.iter().flatten();
            let of = all.filter(|(reaction, _)| reaction == emoji);
            of.map(|(_, count)| *count).sum::<u32>()
        };
        assert_eq!(of(&reaction("🎉")), sent / 3);
        assert_eq!(of(&reaction("❤️")), sent / 3 * 2);
    }
    for running in running {
        running.stop().await;
    }
}

#[tokio::test]
async fn who_may_not_chat_does_not_react_and_nobody_ever_so_fast() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let gus = Actor::Guest(guest_id("gus"));
    let heart = || reaction(":heart:");
    for _ in 0..20 {
        react::execute(&it.app, &gus, channel.id, heart())
            .await
            .expect("may");
    }
    let fast = react::execute(&it.app, &gus, channel.id, heart()).await;
    assert!(matches!(fast, Err(Refusal::TooMany { .. })));
    let closed = ChatSettings {
        guests: false,
        ..ChatSettings::default()
    };
    configure::execute(&it.app, &ada, &channel.handle, closed, None)
        .await
        .expect("hers");
    let guest = Actor::Guest(guest_id("another"));
    let refused = react::execute(&it.app, &guest, channel.id, heart()).await;
    assert!(matches!(
        refused,
        Err(Refusal::Post(PostRefused::GuestsMayNot))
    ));
}

#[tokio::test]
async fn the_audit_log_tells_the_staff_who_did_what() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let [bob, moe] = [it.user("bob").await, it.user("moe").await];
    done(&it, &ada, &channel, "/mod moe").await;
    it.say(&bob, channel.id, "not of it").await.expect("may");
    it.advance(1);
    done(&it, &moe, &channel, "/ban bob for reasons").await;
    it.advance(1);
    done(&it, &ada, &channel, "/slow 10").await;

    let read = async |who: &Actor, page: &PageRequest| {
        audit::execute(&it.app, who, &channel.handle, page).await
    };
    let limit = PageLimit::new(2).expect("in range");
    let first = read(&moe, &PageRequest::first(limit)).await.expect("staff");
    assert!(matches!(
        &first.items[..],
        [
            Event {
                what: Happening::Chat(ChatEvent::SettingsChanged { .. }),
                ..
            },
            Event {
                what: Happening::Chat(ChatEvent::Restricted {
                    reason: Some(_),
                    ..
                }),
                ..
            },
        ]
    ));
    assert_eq!((first.items[0].by, first.items[1].by), (ada, moe));
    let after = first.next.expect("more");
    let limit = PageLimit::MAX;
    let rest = PageRequest {
        after: Some(after),
        limit,
    };
    let rest = read(&ada, &rest).await.expect("hers");
    assert!(matches!(
        &rest.items[0].what,
        Happening::Chat(ChatEvent::RoleChanged { .. })
    ));
    let refused = read(&bob, &PageRequest::first(limit)).await;
    assert!(matches!(refused, Err(Refusal::Denied(Denied::Forbidden))));
}
