//! What a room keeps in view, and messages that go together.

use greenroom_app::Refusal;
use greenroom_app::chat::history::{self, Part};
use greenroom_app::chat::{clear, configure, delete, pin};
use greenroom_app::realtime::{JoinRoom, Start, join_room};
use greenroom_domain::access::Denied;
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::{ChatError, LineBody, Seq};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::page::PageLimit;
use greenroom_testkit::builders::{guest, guest_id};

use crate::support::{Ear, Platform, now};

async fn says(it: &Platform, who: &Actor, channel: &Channel, text: &str) -> Seq {
    let posted = it.say(who, channel.id, text).await;
    posted.expect("may").line.place.seq
}

/// What is shown, which is all that is kept.
async fn pinned(it: &Platform, channel: &Channel) -> Vec<Seq> {
    let gus = Actor::Guest(guest_id("gus"));
    let list = pin::list(&it.app, &gus, &channel.handle).await;
    let list = list.expect("for everybody").into_iter();
    let shown: Vec<Seq> = list.map(|pinned| pinned.line.place.seq).collect();
    let room = configure::current(&it.app, &channel.handle).await;
    let pins = room.expect("there").value.pins;
    let kept: Vec<Seq> = pins.iter().map(|pin| pin.target).collect();
    assert_eq!(shown, kept);
    shown
}

#[tokio::test]
async fn five_messages_are_kept_in_view_until_they_are_let_go() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let mut said = Vec::new();
    for n in 0..6 {
        said.push(says(&it, &ada, &channel, &n.to_string()).await);
    }
    let ear = Ear::new();
    let join = JoinRoom {
        channel: channel.id,
        start: Start::Now,
        listener: ear.clone(),
    };
    let _listening = join_room(&it.app, &bob, join).await.expect("may");
    for target in [said[4], said[0], said[1], said[2], said[3], said[4]] {
        let done = pin::execute(&it.app, &ada, channel.id, target).await;
        done.expect("again is no change");
    }
    assert_eq!(
        pinned(&it, &channel).await,
        [said[4], said[0], said[1], said[2], said[3]]
    );
    let many = pin::execute(&it.app, &ada, channel.id, said[5]).await;
    assert!(matches!(
        many,
        Err(Refusal::Chat(ChatError::TooManyPins { max: 5 }))
    ));
    for _ in 0..2 {
        let ended = pin::end(&it.app, &ada, channel.id, said[0]).await;
        ended.expect("again is no change");
    }
    it.advance(1);
    pin::execute(&it.app, &ada, channel.id, said[5])
        .await
        .expect("there is room");
    let kept = pin::list(&it.app, &bob, &channel.handle).await;
    let newest = kept.expect("may").pop().expect("five");
    assert_eq!(newest.pin.by, ada.identity());
    assert_eq!(newest.pin.at, now(&it));

    let told: Vec<_> = ear.lines().into_iter().map(|line| line.body).collect();
    assert_eq!(told.len(), 7);
    assert_eq!(told[0], LineBody::Pinned { target: said[4] });
    assert_eq!(told[5], LineBody::Unpinned { target: said[0] });

    for refused in [
        pin::execute(&it.app, &bob, channel.id, said[0]).await,
        pin::end(&it.app, &bob, channel.id, said[5]).await,
    ] {
        assert!(matches!(refused, Err(Refusal::Denied(Denied::Forbidden))));
    }
    for nothing in [Seq(99), Seq(7)] {
        let refused = pin::execute(&it.app, &ada, channel.id, nothing).await;
        assert!(matches!(
            refused,
            Err(Refusal::Chat(ChatError::NoSuchMessage))
        ));
    }
}

#[tokio::test]
async fn what_is_deleted_is_kept_in_view_no_more() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let one = says(&it, &bob, &channel, "secret one").await;
    let two = says(&it, &bob, &channel, "secret two").await;
    let three = says(&it, &ada, &channel, "stays").await;
    for target in [one, two, three] {
        pin::execute(&it.app, &ada, channel.id, target)
            .await
            .expect("hers");
    }
    delete::execute(&it.app, &bob, channel.id, one)
        .await
        .expect("his own");
    assert_eq!(pinned(&it, &channel).await, [two, three]);
    let again = pin::execute(&it.app, &ada, channel.id, one).await;
    assert!(matches!(
        again,
        Err(Refusal::Chat(ChatError::NoSuchMessage))
    ));
    let author = bob.identity().expect("a person");
    let cleared = clear::execute(&it.app, &ada, channel.id, author).await;
    assert_eq!(cleared.expect("hers"), 1);
    assert_eq!(pinned(&it, &channel).await, [three]);
    // At the same moment, whichever is first.
    let four = says(&it, &bob, &channel, "secret four").await;
    let pinning = pin::execute(&it.app, &ada, channel.id, four);
    let deleting = delete::execute(&it.app, &bob, channel.id, four);
    let (late, deleted) = it.commits.between(pinning, deleting).await;
    deleted.expect("his own");
    assert!(matches!(late, Err(Refusal::Chat(ChatError::NoSuchMessage))));
    assert_eq!(pinned(&it, &channel).await, [three]);
    let five = says(&it, &bob, &channel, "secret five").await;
    let deleting = delete::execute(&it.app, &bob, channel.id, five);
    let pinning = pin::execute(&it.app, &ada, channel.id, five);
    let (deleted, in_time) = it.commits.between(deleting, pinning).await;
    deleted.expect("his own");
    in_time.expect("hers");
    assert_eq!(pinned(&it, &channel).await, [three]);
    it.say(&bob, channel.id, "goes on").await.expect("may");
}

#[tokio::test]
async fn the_last_of_what_somebody_said_is_cleared() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let bob = it.user("bob").await;
    let gus = Actor::Guest(guest_id("gus"));
    for n in 0..13 {
        for m in 0..9 {
            says(&it, &gus, &channel, &format!("spam {n} {m}")).await;
        }
        says(&it, &ada, &channel, "hello").await;
        it.advance(3);
    }
    let refused = clear::execute(&it.app, &bob, channel.id, guest("gus")).await;
    assert!(matches!(refused, Err(Refusal::Denied(Denied::Forbidden))));
    let counts = [100, 17, 0];
    for count in counts {
        let cleared = clear::execute(&it.app, &ada, channel.id, guest("gus")).await;
        assert_eq!(cleared.expect("hers"), count);
    }
    let mut before = Seq(u64::MAX);
    let mut texts = Vec::new();
    loop {
        let (handle, limit) = (&channel.handle, PageLimit::MAX);
        let part = Part::Before(before);
        let seen = history::execute(&it.app, &bob, handle, part, limit).await;
        let seen = seen.expect("may").lines;
        let Some(first) = seen.first() else {
            break;
        };
        before = first.place.seq;
        texts.push(format!("{seen:?}"));
    }
    let texts = texts.concat();
    assert!(!texts.contains("spam"));
    assert_eq!(texts.matches("hello").count(), 13);
    assert_eq!(texts.matches("Deleted { target").count(), 117);
}
