//! A house full of things, and everything that can be asked about it.

use std::sync::Arc;

use greenroom_domain::account::{AccountEvent, CreatorStatus, Subject as HostSubject};
use greenroom_domain::channel::ChannelEvent;
use greenroom_domain::chat::{
    Appointment, ChannelRole, ChatDelay, ChatSettings, FollowAge, LineBody, NewLine, Pin, Room, Seq,
};
use greenroom_domain::recording::{Recording, RecordingFailure, RecordingState};
use greenroom_domain::shared::commit::{
    Changes, Claim, ClaimChange, CounterChange, Holder, StateChange,
};
use greenroom_domain::shared::feed::{Consumer, CursorMove, FeedPosition};
use greenroom_domain::shared::store::Version;
use greenroom_domain::social::{Follow, Notify};
use greenroom_domain::stream::EndReason;

use super::ArchiveUnderTest;
use crate::builders::{
    NOON, appointment, ban, block, category, channel, channel_id, creates_channel, creates_key,
    creates_recording, creates_stream, creates_user, event, follow, follows, guest, mac, message,
    node_id, noon_plus, recorded_file, recording, recording_id, reply, room, seen, session, stream,
    stream_id, stream_key, stream_key_id, unfollows, user, user_id, viewer, writes_recording,
    writes_stream,
};
use crate::contract::{Subject, keep, paging};

pub(super) const CONSUMER: Consumer = Consumer("contract");

/// How many lines the room has that is longer than a batch.
pub(super) const LINES: u32 = 700;

/// Something of every kind, some of it changed and some gone again.
pub(super) async fn furnish(store: &Arc<dyn ArchiveUnderTest>) {
    let store: &Subject = &(store.clone() as Subject);
    let ada = user("ada").admin().creator(CreatorStatus::Approved);
    let ada = ada.avatar("face").shown_as("Ada 🦀").build();
    keep(store, creates_user(&ada)).await;
    let HostSubject { issuer, subject } = subject();
    let bea = user("bea").of_host(&issuer, &subject).build();
    keep(store, creates_user(&bea)).await;
    let first = ClaimChange::Take(Claim::FirstAdministrator, Holder::User(ada.id));
    let again = StateChange::User(seen(ada.clone(), Version(1)));
    keep(store, Changes::new().state(again).claim(first)).await;
    for (token, seconds) in [("phone", 60), ("laptop", 3600), ("lost", 60)] {
        let session = StateChange::Session(session(token, ada.id, seconds));
        keep(store, Changes::new().state(session)).await;
    }
    let lost = StateChange::SessionEnded(session("lost", ada.id, 60).id);
    keep(store, Changes::new().state(lost)).await;

    for handle in ["ada", "bea"] {
        keep(store, creates_channel(&channel(handle))).await;
    }
    let mut edited = channel("ada");
    edited.category = Some(category("Kölsch & <b>code</b>"));
    let edited = StateChange::Channel(seen(edited.lock(noon_plus(5)).next, Version(1)));
    keep(store, Changes::new().state(edited)).await;
    for n in 1..=2 {
        keep(store, creates_key(&stream_key("ada", n))).await;
    }
    let revoked = stream_key("ada", 1).revoke(noon_plus(9)).next;
    let gone = ClaimChange::Release(Claim::KeyHash(mac("ada 1")), Holder::StreamKey(revoked.id));
    let revoked = StateChange::StreamKey(seen(revoked, Version(1)));
    keep(store, Changes::new().state(revoked).claim(gone)).await;

    let key = stream_key_id("ada", 2);
    let live = stream("ada", 1).publishing(node_id("node"), key).build();
    keep(store, creates_stream(&live)).await;
    let over = stream("bea", 1).awaiting(noon_plus(300)).build();
    keep(store, creates_stream(&over)).await;
    let over = stream("bea", 1).ended(EndReason::NoMedia).build();
    keep(store, writes_stream(&over, Version(1))).await;
    keep(store, creates_stream(&stream("ada", 2).build())).await;
    for n in [4, 2] {
        let counted = Changes::new()
            .counter(CounterChange::ViewsAdded(live.id, n))
            .counter(CounterChange::PeakSeen(live.id, n))
            // Says nothing.
            .counter(CounterChange::ViewsAdded(over.id, 0));
        keep(store, counted).await;
    }
    recordings(store).await;
    chat(store).await;
    people(store).await;
    let begun = CursorMove {
        consumer: CONSUMER,
        from: FeedPosition::START,
        to: FeedPosition(3),
    };
    let through = FeedPosition(2);
    store
        .feed()
        .prune(through, noon_plus(1))
        .await
        .expect("pruned");
    keep(
        store,
        Changes {
            cursor: Some(begun),
            ..Changes::new()
        },
    )
    .await;
}

/// One that runs, and what has become of others.
async fn recordings(store: &Subject) {
    let over = |state, n| Recording {
        state,
        stream: stream_id("ada", 1),
        ..recording("ada", n)
    };
    let available = over(RecordingState::Available(recorded_file("ada", 2)), 2);
    for it in [available, failed("ada", 3), recording("ada", 1)] {
        keep(store, creates_recording(&it)).await;
    }
    keep(store, creates_recording(&recording("bea", 1))).await;
    let (since, until) = (noon_plus(9), noon_plus(99));
    let stopped = Recording {
        state: RecordingState::Processing { since, until },
        ..recording("bea", 1)
    };
    keep(store, writes_recording(&stopped, Version(1))).await;
}

/// A channel's nth recording, of which nothing has come.
pub(super) fn failed(handle: &str, n: u32) -> Recording {
    let state = RecordingState::Failed {
        reason: RecordingFailure::Recorder,
        at: noon_plus(7),
    };
    Recording {
        state,
        ..recording(handle, n)
    }
}

/// Lines, more than one batch of them, and who may not write more.
async fn chat(store: &Subject) {
    for n in 0..LINES {
        let line = message("ada", viewer("ada"), &format!("line {n} 🧌"));
        let mut changes = Changes::new().line(line.client_id(&n.to_string()).line());
        if n.is_multiple_of(50) {
            changes = changes.line(message("bea", guest("gus"), "hello\nthere").line());
            changes.events.push(event(n, happened(n)));
        }
        keep(store, changes).await;
    }
    let settings = ChatSettings {
        guests: false,
        delay: ChatDelay::new(4).ok(),
        followers_only: Some(FollowAge::ANY),
        emotes_only: true,
        ..ChatSettings::default()
    };
    let pin = Pin {
        target: Seq(1),
        by: Some(viewer("mod")),
        at: noon_plus(3),
    };
    let strict = Room {
        settings,
        pins: vec![pin],
        ..room("bea")
    };
    let changes = Changes::new()
        .state(StateChange::Room(seen(strict, Version(1))))
        .state(StateChange::Restriction(ban("bea", viewer("troll"))))
        .state(StateChange::Restriction(ban("bea", guest("gus"))))
        .line(NewLine {
            room: channel_id("ada"),
            at: NOON,
            body: LineBody::Deleted { target: Seq(3) },
            policy_seen: None,
        });
    let redacted = Changes {
        redactions: vec![(channel_id("ada"), Seq(3))],
        ..changes
    };
    keep(store, redacted).await;
}

/// Who follows, is something, and is blocked; and what requests have made.
async fn people(store: &Subject) {
    for (name, handle) in [
        ("bea", "ada"),
        ("cyd", "ada"),
        ("dan", "ada"),
        ("ada", "bea"),
        ("ada", "gone"),
    ] {
        keep(store, follows(follow(name, handle))).await;
    }
    let quiet = Follow {
        notify: Notify::Nothing,
        ..follow("cyd", "ada")
    };
    let quiet = StateChange::Follow(seen(quiet, Version(1)));
    keep(store, Changes::new().state(quiet)).await;
    keep(store, unfollows(follow("dan", "ada"), Version(1))).await;
    keep(store, unfollows(follow("ada", "gone"), Version(1))).await;
    let mut changes = Changes::new()
        .state(StateChange::Appointment(moderator("mod")))
        .state(StateChange::Appointment(moderator("lost")))
        .state(StateChange::Block(block("ada", "troll")))
        .state(StateChange::Block(block("ada", "friend")));
    changes.events = (1000..1600).map(|n| event(n, locked())).collect();
    keep(store, changes).await;
    let over = Changes::new()
        .state(StateChange::Dismissed(channel_id("ada"), user_id("lost")))
        .state(StateChange::Unblocked(user_id("ada"), user_id("friend")));
    keep(store, over).await;
    for by in [viewer("ada"), guest("gus")] {
        let changes = Changes {
            reply: Some(reply(by, "make:a-thing")),
            ..Changes::new()
        };
        keep(store, changes).await;
    }
}

pub(super) fn moderator(name: &str) -> Appointment {
    appointment("ada", name, ChannelRole::Moderator)
}

pub(super) fn locked() -> ChannelEvent {
    ChannelEvent::IngestLocked {
        channel: channel_id("ada"),
    }
}

/// A user of the host platform.
pub(super) fn subject() -> HostSubject {
    HostSubject {
        issuer: "https://host.example".to_owned(),
        subject: "0001|bea".to_owned(),
    }
}

pub(super) fn happened(n: u32) -> AccountEvent {
    AccountEvent::Renamed {
        user: user_id("ada"),
        display_name: user("ada")
            .shown_as(&format!("Ada {n}"))
            .build()
            .display_name,
    }
}

/// What every port answers, as text: two stores that say the same are told apart by nobody.
pub(super) async fn answers(store: &Subject) -> Vec<String> {
    let mut answers = Vec::new();
    macro_rules! ask {
        ($($question:expr),+ $(,)?) => {$(
            answers.push(format!("{}: {:?}", stringify!($question), $question.await.expect("a read")));
        )+};
    }
    let (users, channels, keys) = (store.users(), store.channels(), store.stream_keys());
    let (streams, log, feed) = (store.streams(), store.room_log(), store.feed());
    let (ada, page) = (user("ada").build(), paging::first(100));
    let (people, asked) = (store.follows(), reply(guest("gus"), "make:a-thing"));
    ask!(
        users.get(ada.id),
        users.get(user_id("bea")),
        users.by_username(&ada.username),
        users.by_subject(&subject()),
        users.has_administrator(),
        users.list(None, &page),
        users.list(Some(CreatorStatus::Approved), &page),
        store.sessions().get(session("phone", ada.id, 60).id),
        store.sessions().get(session("lost", ada.id, 60).id),
        store.sessions().expired(noon_plus(100), 10),
        channels.get(channel_id("ada")),
        channels.by_handle(&channel("bea").handle),
        channels.by_owner(user_id("bea")),
        channels.list(&page),
        keys.get(stream_key_id("ada", 1)),
        keys.by_hash(mac("ada 1")),
        keys.by_hash(mac("ada 2")),
        keys.of_channel(channel_id("ada")),
        streams.get(stream_id("ada", 1)),
        streams.live(),
        streams.live_of(channel_id("ada")),
        streams.due(noon_plus(1_000_000), 10),
        streams.of_channel(channel_id("ada"), &page),
        streams.of_channel(channel_id("bea"), &page),
        streams.counts(&[stream_id("ada", 1), stream_id("bea", 1)]),
        store.recordings().get(recording_id("ada", 3)),
        store.recordings().of_stream(stream_id("ada", 1), &page),
        store.recordings().open(),
        log.head(channel_id("ada")),
        log.after(channel_id("ada"), Seq::ZERO, 10_000),
        log.before(channel_id("bea"), None, 10_000),
        log.line(channel_id("ada"), Seq(3)),
        store.moderation().room(channel_id("bea")),
        store
            .moderation()
            .restriction(channel_id("bea"), viewer("troll")),
        store.moderation().restrictions(channel_id("bea"), None, 10),
        store.moderation().appointments(channel_id("ada")),
        store
            .moderation()
            .appointment(channel_id("ada"), user_id("mod")),
        store.audit().of_channel(channel_id("ada"), &page),
        store.audit().of_channel(channel_id("bea"), &page),
        people.get(user_id("cyd"), channel_id("ada")),
        people.get(user_id("dan"), channel_id("ada")),
        people.among(user_id("ada"), &[channel_id("gone"), channel_id("bea")]),
        people.of_user(user_id("ada"), &page),
        people.of_channel(channel_id("ada"), &page),
        people.following(user_id("ada")),
        people.followers(&[channel_id("ada"), channel_id("gone"), channel_id("bea")]),
        store.blocks().get(user_id("ada"), user_id("troll")),
        store.blocks().of_user(user_id("ada"), None, 10),
        store.replies().get(asked.by, &asked.key),
        feed.head(),
        feed.read(FeedPosition(2), 10_000),
        feed.cursor(CONSUMER),
        feed.cursor(Consumer("nobody")),
    );
    let forgotten = feed.read(FeedPosition::START, 10).await;
    answers.push(format!("what was forgotten: {forgotten:?}"));
    answers
}
