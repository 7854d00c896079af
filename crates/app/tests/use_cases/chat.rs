//! Posting and reading.

use std::time::Duration;

use greenroom_app::Refusal;
use greenroom_app::chat::history::{self, Part};
use greenroom_app::chat::{configure, delete, typing};
use greenroom_app::realtime::{JoinRoom, Shown, Start, join_room};
use greenroom_app::stream::view;
use greenroom_domain::access::Denied;
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::{
    Badge, ChatError, ChatRate, ChatSettings, Content, Ephemeral, Line, LineBody, Place,
    PostRefused, RoomLog, Seq, SlowMode,
};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::page::PageLimit;
use greenroom_testkit::builders::guest_id;

use crate::support::{Ear, Platform};

fn text(line: &Line) -> Option<&str> {
    match &line.body {
        LineBody::Message(message) => match &message.content {
            Content::Text(text) => Some(&text.text),
            Content::Deleted => None,
        },
        _ => None,
    }
}

async fn set(it: &Platform, owner: &Actor, channel: &Channel, settings: ChatSettings) {
    configure::execute(&it.app, owner, &channel.handle, settings, None)
        .await
        .expect("the owner may");
}

async fn read(it: &Platform, actor: &Actor, channel: &Channel, part: Part) -> history::History {
    history::execute(&it.app, actor, &channel.handle, part, PageLimit::default())
        .await
        .expect("may read")
}

#[tokio::test]
async fn messages_stand_in_the_order_of_their_answers() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let gus = Actor::Guest(guest_id("gus"));
    let mut last = Seq::ZERO;
    for (n, who) in [&ada, &bob, &gus].into_iter().enumerate() {
        let posted = it.say(who, channel.id, &format!("{n}")).await;
        let posted = posted.expect("may chat");
        assert!(posted.line.place.seq > last && !posted.repeated);
        last = posted.line.place.seq;
    }
    let seen = read(&it, &gus, &channel, Part::Newest).await;
    let texts: Vec<_> = seen.lines.iter().filter_map(text).collect();
    assert_eq!(texts, ["0", "1", "2"]);
    let authors: Vec<_> = seen
        .lines
        .iter()
        .filter_map(|line| match &line.body {
            LineBody::Message(message) => {
                Some((message.author.name.as_str(), message.author.badges.clone()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(authors[0], ("ada", vec![Badge::Owner]));
    assert_eq!(authors[1], ("bob", vec![]));
    assert!(authors[2].0.starts_with("Guest "), "{authors:?}");
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_answered_as_the_first_time() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let first = it.say_as(&bob, channel.id, "hello", "m1").await;
    let first = first.expect("may chat");
    it.advance(10);
    let again = it.say_as(&bob, channel.id, "hello?", "m1").await;
    let again = again.expect("may chat");
    assert!(again.repeated);
    assert_eq!(again.line, first.line);
    let other = it.say_as(&ada, channel.id, "hello", "m1").await;
    assert!(
        !other.expect("may chat").repeated,
        "that was somebody else's"
    );
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_not_too_fast() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let slow_mode = Some(SlowMode::new(30).expect("in range"));
    let settings = ChatSettings {
        slow_mode,
        ..ChatSettings::default()
    };
    set(&it, &ada, &channel, settings).await;
    let bob = it.user("bob").await;
    let first = it.say_as(&bob, channel.id, "hello", "m1").await;
    let first = first.expect("may chat");
    let again = it.say_as(&bob, channel.id, "hello", "m1").await;
    let again = again.expect("it is taken already");
    assert!(again.repeated);
    assert_eq!(again.line, first.line);
    let next = it.say_as(&bob, channel.id, "more", "m2").await;
    assert!(matches!(next, Err(Refusal::TooMany { .. })));
    let head = RoomLog::head(&*it.store, channel.id).await;
    assert_eq!(head.expect("memory answers"), first.line.place);
}

#[tokio::test]
async fn a_long_message_is_cut_and_an_endless_or_empty_one_refused() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let posted = it.say(&ada, channel.id, &"é".repeat(501)).await;
    let posted = posted.expect("may chat");
    let LineBody::Message(message) = &posted.line.body else {
        panic!("{posted:?}");
    };
    let Content::Text(text) = &message.content else {
        panic!("{posted:?}");
    };
    assert!(text.truncated);
    assert!(text.text.starts_with(&"é".repeat(499)) && text.text.chars().count() <= 501);

    let large = it.say(&ada, channel.id, &"x".repeat(8 * 1024 + 1)).await;
    assert!(matches!(
        large,
        Err(Refusal::Post(PostRefused::TooLarge { .. }))
    ));
    let empty = it.say(&ada, channel.id, " \n ").await;
    assert!(matches!(empty, Err(Refusal::Post(PostRefused::Empty))));
}

#[tokio::test]
async fn who_is_too_fast_is_told_when_to_go_on() {
    let it = Platform::new();
    let (_, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    for n in 0..10 {
        it.say(&bob, channel.id, &format!("{n}"))
            .await
            .expect("not too fast yet");
    }
    let Err(Refusal::TooMany { retry_after }) = it.say(&bob, channel.id, "11").await else {
        panic!("too fast");
    };
    assert!(retry_after > Duration::ZERO && retry_after <= Duration::from_secs(3));
    let eve = it.user("eve").await;
    it.say(&eve, channel.id, "others may go on")
        .await
        .expect("may");
    it.clock.advance(retry_after);
    it.say(&bob, channel.id, "11").await.expect("waited");
}

#[tokio::test]
async fn slow_mode_makes_everybody_wait_but_the_owner() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let settings = ChatSettings {
        slow_mode: Some(SlowMode::new(30).expect("in range")),
        rate: ChatRate::Strict,
        ..ChatSettings::default()
    };
    set(&it, &ada, &channel, settings).await;
    let bob = it.user("bob").await;
    it.say(&bob, channel.id, "one").await.expect("may chat");
    it.advance(29);
    let Err(Refusal::TooMany { retry_after }) = it.say(&bob, channel.id, "two").await else {
        panic!("too fast");
    };
    assert_eq!(retry_after, Duration::from_secs(1));
    it.advance(1);
    it.say(&bob, channel.id, "two").await.expect("waited");
    for text in ["one", "two"] {
        it.say(&ada, channel.id, text).await.expect("hers");
    }
}

#[tokio::test]
async fn a_room_may_be_closed_to_guests_or_to_all() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let gus = Actor::Guest(guest_id("gus"));
    let settings = ChatSettings {
        guests: false,
        ..ChatSettings::default()
    };
    set(&it, &ada, &channel, settings).await;
    let refused = it.say(&gus, channel.id, "hello").await;
    assert!(matches!(
        refused,
        Err(Refusal::Post(PostRefused::GuestsMayNot))
    ));
    it.say(&bob, channel.id, "hello").await.expect("may chat");
    let settings = ChatSettings {
        enabled: false,
        ..settings
    };
    set(&it, &ada, &channel, settings).await;
    let refused = it.say(&bob, channel.id, "hello").await;
    assert!(matches!(refused, Err(Refusal::Post(PostRefused::Disabled))));
    it.say(&ada, channel.id, "hello").await.expect("hers");
    let bobs = configure::execute(&it.app, &bob, &channel.handle, settings, None).await;
    assert!(matches!(bobs, Err(Refusal::Denied(Denied::Forbidden))));
}

#[tokio::test]
async fn messages_of_the_live_stream_are_counted() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    it.say(&ada, channel.id, "soon").await.expect("hers");
    let key = it.key(&ada, &channel, None).await;
    let lease = it.publish(&key.secret).await.expect("let in");
    for text in ["now", "really"] {
        it.say(&ada, channel.id, text).await.expect("hers");
    }
    let seen = view::execute(&it.app, lease.stream).await.expect("there");
    assert_eq!(seen.counts.messages, 2);
}

#[tokio::test]
async fn rules_that_moved_on_another_node_are_looked_at_again() {
    let it = Platform::new();
    let other = it.another("two");
    let (ada, channel) = it.creator("ada").await;
    let gus = Actor::Guest(guest_id("gus"));
    for node in [&it, &other] {
        node.say(&gus, channel.id, "hello").await.expect("may chat");
    }
    let settings = ChatSettings {
        guests: false,
        ..ChatSettings::default()
    };
    set(&other, &ada, &channel, settings).await;
    let refused = it.say(&gus, channel.id, "hello?").await;
    assert!(matches!(
        refused,
        Err(Refusal::Post(PostRefused::GuestsMayNot))
    ));
    let bob = it.user("bob").await;
    it.say(&bob, channel.id, "hello").await.expect("may chat");
}

#[tokio::test]
async fn history_is_read_from_either_side_and_gone_on_with() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let mut places = Vec::new();
    for n in 0..30 {
        it.advance(1);
        let posted = it.say(&ada, channel.id, &format!("{n}")).await;
        places.push(posted.expect("hers").line.place);
    }
    let gus = Actor::Guest(guest_id("gus"));
    let newest = read(&it, &gus, &channel, Part::Newest).await;
    assert_eq!(newest.lines.len(), 25);
    assert_eq!(newest.head, places[29]);
    assert_eq!(newest.lines.last().map(|line| line.place), Some(places[29]));
    let older = read(&it, &gus, &channel, Part::Before(newest.lines[0].place.seq)).await;
    let seqs: Vec<_> = older.lines.iter().map(|line| line.place).collect();
    assert_eq!(seqs, places[..5]);
    let missed = read(&it, &gus, &channel, Part::After(places[26])).await;
    let seqs: Vec<_> = missed.lines.iter().map(|line| line.place).collect();
    assert_eq!(seqs, places[27..]);
    assert!(!missed.resync);

    let lost = [
        Place {
            epoch: places[0].epoch + 1,
            ..places[0]
        },
        Place {
            seq: places[29].seq.next(),
            ..places[0]
        },
    ];
    for place in lost {
        let anew = read(&it, &gus, &channel, Part::After(place)).await;
        assert!(anew.resync, "{place:?}");
        assert_eq!(anew.lines, newest.lines);
    }
}

#[tokio::test]
async fn typing_is_shown_now_and_then() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let ear = Ear::new();
    let join = JoinRoom {
        channel: channel.id,
        start: Start::Now,
        listener: ear.clone(),
    };
    let _listening = join_room(&it.app, &ada, join).await.expect("listening");
    for _ in 0..10 {
        typing::execute(&it.app, &bob, channel.id, true)
            .await
            .expect("too often is no error");
    }
    assert_eq!(ear.heard().len(), 3);
    assert!(matches!(
        &ear.heard()[0],
        Shown::Ephemeral(Ephemeral::Typing { name, active: true, .. }) if name.as_str() == "bob"
    ));
    it.advance(2);
    typing::execute(&it.app, &bob, channel.id, false)
        .await
        .expect("may");
    assert_eq!(ear.heard().len(), 4);
    let gus = Actor::Guest(guest_id("gus"));
    let guest = typing::execute(&it.app, &gus, channel.id, true).await;
    assert!(guest.is_ok(), "guests chat, so they type");
}

#[tokio::test]
async fn a_message_is_deleted_by_its_author_or_staff_and_its_text_is_nowhere() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let eve = it.user("eve").await;
    let gus = Actor::Guest(guest_id("gus"));
    let place = |posted: Result<greenroom_app::chat::post::Posted, Refusal>| {
        posted.expect("may chat").line.place
    };
    let first = place(it.say(&bob, channel.id, "secret one").await);
    let second = place(it.say_as(&bob, channel.id, "secret two", "m2").await);
    let ear = Ear::new();
    let join = JoinRoom {
        channel: channel.id,
        start: Start::Now,
        listener: ear.clone(),
    };
    let _listening = join_room(&it.app, &gus, join).await.expect("listening");

    for (stranger, denied) in [(&eve, Denied::Forbidden), (&gus, Denied::SignInFirst)] {
        let refused = delete::execute(&it.app, stranger, channel.id, first.seq).await;
        assert!(matches!(refused, Err(Refusal::Denied(it)) if it == denied));
    }
    delete::execute(&it.app, &bob, channel.id, first.seq)
        .await
        .expect("his own");
    for _ in 0..2 {
        delete::execute(&it.app, &ada, channel.id, second.seq)
            .await
            .expect("staff; again is no change");
    }
    let targets: Vec<_> = ear
        .lines()
        .into_iter()
        .map(|line| match line.body {
            LineBody::Deleted { target } => target,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(targets, [first.seq, second.seq]);

    let again = it.say_as(&bob, channel.id, "secret two", "m2").await;
    let again = again.expect("sent before");
    assert!(again.repeated && text(&again.line).is_none());
    let late = Ear::new();
    let join = JoinRoom {
        channel: channel.id,
        start: Start::After(Place {
            seq: Seq::ZERO,
            ..first
        }),
        listener: late.clone(),
    };
    let _listening = join_room(&it.app, &gus, join).await.expect("listening");
    let seen = read(&it, &ada, &channel, Part::Newest).await;
    for lines in [seen.lines, late.lines()] {
        assert_eq!(lines.len(), 4);
        assert!(!format!("{lines:?}").contains("secret"), "{lines:?}");
    }
    for nothing in [Seq(99), Seq(3)] {
        let refused = delete::execute(&it.app, &ada, channel.id, nothing).await;
        assert!(matches!(
            refused,
            Err(Refusal::Chat(ChatError::NoSuchMessage))
        ));
    }
}
