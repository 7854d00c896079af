//! Who is told what, by the letter.

use greenroom_domain::access::Standing;
use greenroom_domain::account::{DisplayName, Role, Username};
use greenroom_domain::channel::ChannelTitle;
use greenroom_domain::chat::{
    Author, ChannelRole, ChatEvent, Content, Line, LineBody, Message, MessageText, Place,
    RestrictionKind, Seq,
};
use greenroom_domain::notification::{Addressee, Announcement, NotificationKind};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::event::{Event, Happening};
use greenroom_domain::shared::id::{ChannelId, EventId, GuestId, StreamId, UserId};
use greenroom_domain::social::{Follow, Notify, SocialEvent};
use greenroom_domain::stream::StreamEvent;
use uuid::Uuid;

const CHANNEL: ChannelId = ChannelId::from_uuid(Uuid::from_u128(1));
const ADA: UserId = UserId::from_uuid(Uuid::from_u128(2));
const BOB: UserId = UserId::from_uuid(Uuid::from_u128(3));

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn name(text: &str) -> DisplayName {
    DisplayName::parse(text).expect("a name")
}

/// What follows when Ada does this.
fn follows_from(what: impl Into<Happening>) -> Option<Announcement> {
    Announcement::of_event(&Event {
        id: EventId::from_uuid(Uuid::from_u128(9)),
        at: at(5),
        by: Actor::User {
            id: ADA,
            role: Role::User,
        },
        what: what.into(),
    })
}

fn restricted(subject: Identity) -> ChatEvent {
    ChatEvent::Restricted {
        channel: CHANNEL,
        subject,
        name: None,
        kind: RestrictionKind::Ban,
        reason: None,
    }
}

fn role_changed(user: UserId) -> ChatEvent {
    ChatEvent::RoleChanged {
        channel: CHANNEL,
        user,
        name: name("Bob"),
        role: Some(ChannelRole::Vip),
    }
}

fn started() -> StreamEvent {
    StreamEvent::Started {
        stream: StreamId::from_uuid(Uuid::from_u128(4)),
        channel: CHANNEL,
        title: ChannelTitle::parse("Making").expect("a title"),
    }
}

/// Bob says this.
fn said(content: Content) -> Line {
    let message = Message {
        author: Author {
            identity: Identity::User(BOB),
            username: None,
            name: name("Bob"),
            badges: Vec::new(),
        },
        client_id: None,
        content,
        reply_to: None,
    };
    Line {
        place: Place {
            epoch: 0,
            seq: Seq(7),
        },
        at: at(5),
        body: LineBody::Message(message),
    }
}

fn text(text: &str) -> Content {
    Content::Text(MessageText::parse(text, 500).expect("a text"))
}

#[test]
fn acts_of_moderation_are_told_to_whom_they_are_against() {
    let bob = Identity::User(BOB);
    for (event, what) in [
        (
            restricted(bob),
            NotificationKind::Restriction(Some(RestrictionKind::Ban)),
        ),
        (
            ChatEvent::RestrictionLifted {
                channel: CHANNEL,
                subject: bob,
            },
            NotificationKind::Restriction(None),
        ),
        (
            role_changed(BOB),
            NotificationKind::Role(Some(ChannelRole::Vip)),
        ),
    ] {
        let told = follows_from(event).expect("it concerns Bob");
        assert_eq!(told.to, Addressee::User(BOB));
        assert_eq!(told.notification.what, what);
        assert_eq!(told.notification.channel, CHANNEL);
        assert_eq!(told.notification.at, at(5));
    }
}

#[test]
fn nobody_is_told_what_they_did_themselves_or_of_a_block() {
    assert_eq!(follows_from(role_changed(ADA)), None);
    let guest = GuestId::from_uuid(Uuid::from_u128(8));
    assert_eq!(follows_from(restricted(Identity::Guest(guest))), None);
    let blocked = SocialEvent::Blocked {
        blocker: ADA,
        blocked: BOB,
        channel: Some(CHANNEL),
    };
    assert_eq!(follows_from(blocked), None);
    let role = follows_from(role_changed(BOB)).expect("it concerns Bob");
    assert!(role.notification.is_for(BOB, Standing::Vip));
    assert!(
        !role.notification.is_for(BOB, Standing::Banned),
        "what a block takes is not told"
    );
    let ban = follows_from(restricted(Identity::User(BOB))).expect("it concerns Bob");
    assert!(ban.notification.is_for(BOB, Standing::Banned));
}

#[test]
fn a_stream_is_told_to_followers_who_want_to_know_and_may_watch() {
    let told = follows_from(started()).expect("it concerns followers");
    assert_eq!(told.to, Addressee::Followers);
    let follow = |notify| Follow {
        follower: BOB,
        channel: CHANNEL,
        notify,
        at: at(0),
    };
    assert!(told.is_wanted_by(&follow(Notify::Live)));
    assert!(!told.is_wanted_by(&follow(Notify::Nothing)));
    assert!(told.notification.is_for(BOB, Standing::Viewer));
    assert!(!told.notification.is_for(BOB, Standing::Banned));
}

#[test]
fn a_mention_is_told_to_others_who_may_read_it() {
    let line = said(text("@ada look, @bob too"));
    let told = Announcement::of_line(CHANNEL, &line).expect("it mentions somebody");
    let names = ["ada", "bob"].map(|name| Username::parse(name).expect("a name"));
    assert_eq!(told.to, Addressee::Named(names.to_vec()));
    assert!(told.notification.is_for(ADA, Standing::Viewer));
    assert!(!told.notification.is_for(ADA, Standing::Banned));
    assert!(
        !told.notification.is_for(BOB, Standing::Viewer),
        "they said it"
    );
}

#[test]
fn what_mentions_nobody_concerns_nobody() {
    for content in [text("hello"), text("mail@example.org"), Content::Deleted] {
        assert_eq!(Announcement::of_line(CHANNEL, &said(content)), None);
    }
}
