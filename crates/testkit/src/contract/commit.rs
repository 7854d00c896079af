//! Promises of `Commit`: versions, and all or
//! nothing.

use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::account::Session;
use greenroom_domain::channel::{Channel, IngestGate, KeyState};
use greenroom_domain::chat::{Restriction, RestrictionKind, Seq};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Changes, CommitError, StateChange};
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::feed::FeedPosition;
use greenroom_domain::shared::store::{Stored, Version};
use greenroom_domain::stream::{EndReason, StreamEvent};

use super::scene::{Bad, Picture, everything, set_the_scene};
use super::{Subject, assert_refused, keep};
use crate::builders::{
    NOON, ban, channel, channel_id, creates_channel, creates_key, creates_stream, creates_user,
    event, message, new, recording, room, seen, session, stream, stream_id, stream_key, title,
    user, user_id, viewer,
};

/// Each kind of state is read as it was written, and no longer once it is over.
pub async fn every_state_is_read_as_it_was_written(store: &Subject) {
    let ada = user("ada").shown_as("Ada 🦀").admin().build();
    let channel = channel("ada");
    let key = stream_key("ada", 1);
    let pending = stream("ada", 1).build();
    let signed_in = session("token", ada.id, 60);
    let banned = ban("ada", viewer("troll"));

    keep(store, creates_user(&ada)).await;
    keep(store, creates_channel(&channel)).await;
    keep(store, creates_key(&key)).await;
    keep(store, creates_stream(&pending)).await;
    keep(
        store,
        Changes::new()
            .state(StateChange::Session(signed_in.clone()))
            .state(StateChange::Room(seen(room("ada"), Version(1))))
            .state(StateChange::Restriction(banned.clone())),
    )
    .await;

    let picture = Picture::of(store).await;
    assert_eq!(picture.user, stored(ada, 1));
    assert_eq!(picture.channel, stored(channel, 1));
    assert_eq!(picture.key, stored(key, 1));
    assert_eq!(picture.stream, stored(pending, 1));
    assert_eq!(picture.room, stored(room("ada"), 2));
    assert_eq!(picture.session, Some(signed_in.clone()));
    assert_eq!(picture.restriction, Some(banned.clone()));

    for _ in 0..2 {
        keep(
            store,
            Changes::new()
                .state(StateChange::SessionEnded(signed_in.id))
                .state(StateChange::RestrictionLifted(banned.room, banned.subject)),
        )
        .await;
        let picture = Picture::of(store).await;
        assert_eq!(picture.session, None, "a session that is over is not read");
        assert_eq!(
            picture.restriction, None,
            "a restriction that was lifted is not read"
        );
    }
}

/// What is there cannot be made again.
pub async fn a_second_creation_conflicts(store: &Subject) {
    let first = channel("ada");
    keep(store, creates_channel(&first)).await;
    let second = Channel {
        title: title("Another"),
        ..first.clone()
    };
    let again = Changes::new().state(StateChange::Channel(new(second)));
    assert_refused!(
        store.commit().commit(again).await,
        CommitError::Conflict,
        "a channel that is there was made again"
    );
    let read = store.channels().get(first.id).await.expect("a read");
    assert_eq!(read, stored(first, 1), "the first stays");
}

/// Whoever decided on an old version is refused, for every kind of aggregate.
pub async fn a_stale_write_conflicts(store: &Subject) {
    set_the_scene(store).await;
    let writes: [fn(Version) -> StateChange; 6] = [
        |version| StateChange::User(seen(user("ada").build(), version)),
        |version| StateChange::Channel(seen(channel("ada"), version)),
        |version| StateChange::StreamKey(seen(stream_key("ada", 1), version)),
        |version| StateChange::Stream(seen(stream("ada", 1).build(), version)),
        |version| StateChange::Recording(seen(recording("ada", 1), version)),
        |version| StateChange::Room(seen(room("ada"), version)),
    ];
    for write in writes {
        keep(store, Changes::new().state(write(Version(1)))).await;
        for stale in [Version::NEW, Version(1), Version(3)] {
            let change = write(stale);
            let result = store
                .commit()
                .commit(Changes::new().state(change.clone()))
                .await;
            assert_refused!(
                result,
                CommitError::Conflict,
                "version 2 was overwritten by who had seen another"
            );
        }
    }
}

/// The version is how often an aggregate was written.
pub async fn versions_count_the_writes(store: &Subject) {
    keep(store, creates_user(&user("ada").build())).await;
    for written in 1..=5 {
        let read = store.users().get(user_id("ada")).await.expect("a read");
        let read = read.expect("the user is there");
        assert_eq!(read.version, Version(written));
        let next = user("ada").shown_as(&format!("Ada {written}")).build();
        keep(
            store,
            Changes::new().state(StateChange::User(seen(next, read.version))),
        )
        .await;
    }
}

/// What is not there cannot have been read.
pub async fn a_write_of_nothing_conflicts(store: &Subject) {
    let changes = Changes::new().state(StateChange::User(seen(user("ada").build(), Version(1))));
    assert_refused!(
        store.commit().commit(changes).await,
        CommitError::Conflict,
        "a user that is not there was overwritten"
    );
    let read = store.users().get(user_id("ada")).await.expect("a read");
    assert_eq!(read, None);
}

/// Many read, decide and write at once, and try again on a conflict: every decision counts.
pub async fn concurrent_writers_lose_nothing(store: &Subject) {
    const WRITERS: usize = 8;
    const EACH: usize = 8;
    let counter = Channel {
        title: title("0"),
        ..channel("ada")
    };
    keep(store, creates_channel(&counter)).await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                for _ in 0..EACH {
                    count_one_more(&store).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("a writer that does not panic");
    }
    let read = store.channels().get(counter.id).await.expect("a read");
    let read = read.expect("the channel is there");
    assert_eq!(read.value.title, title(&(WRITERS * EACH).to_string()));
    let count = u64::try_from(WRITERS * EACH).expect("a small number");
    assert_eq!(read.version, Version(count + 1));
}

async fn count_one_more(store: &Subject) {
    loop {
        let read = store.channels().get(channel_id("ada")).await;
        let read = read.expect("a read").expect("the channel is there");
        let count: usize = read.value.title.as_str().parse().expect("a number");
        let next = Channel {
            title: title(&(count + 1).to_string()),
            ..read.value
        };
        let changes = Changes::new().state(StateChange::Channel(seen(next, read.version)));
        match store.commit().commit(changes).await {
            Ok(_) => return,
            Err(CommitError::Conflict) => tokio::task::yield_now().await,
            Err(other) => panic!("a writer may only meet another writer: {other:?}"),
        }
    }
}

/// Whoever was gone before the answer came says it again, and it was said once: a repeat is
/// kept when the first was not, and refused when it was.
pub async fn who_was_not_answered_can_say_it_again(store: &Subject) {
    const TIMES: u32 = 40;
    for n in 0..TIMES {
        let name = format!("user-{n}");
        let mut changes = creates_user(&user(&name).build()).line(
            message("ada", viewer(&name), "still there?")
                .client_id("m-1")
                .line(),
        );
        let ended = StreamEvent::Ended {
            stream: stream_id("ada", n),
            channel: channel_id("ada"),
            reason: EndReason::OwnerEnded,
        };
        changes.events.push(event(n, ended));
        // Not waited for at all, or for a moment.
        let patience = Duration::from_micros(u64::from(n) * 50);
        let first = store.commit().commit(changes.clone());
        let first = tokio::time::timeout(patience, first).await;
        match (first, store.commit().commit(changes).await) {
            (_, Err(CommitError::Repeated(_))) | (Err(_), Ok(_)) => {}
            (first, again) => panic!("first {first:?}, then {again:?}"),
        }
        let there = store.users().get(user_id(&name)).await.expect("a read");
        assert_eq!(there, stored(user(&name).build(), 1));
    }
    let count = usize::try_from(TIMES).expect("a small number");
    let lines = store.room_log().after(channel_id("ada"), Seq::ZERO, 1000);
    assert_eq!(lines.await.expect("a read").len(), count);
    let records = store.feed().read(FeedPosition::START, 1000).await;
    let events = records.expect("a read").into_iter();
    let events = events.flat_map(|record| record.events);
    assert_eq!(events.count(), count);
}

/// Moments are kept exactly, whatever they are of: those before 1970, the first and the last
/// there are, and odd microseconds, as which no time zone shifts them.
pub async fn moments_are_kept_to_the_microsecond(store: &Subject) {
    let moments = [i64::MIN, -1, 1, NOON.micros() + 1, i64::MAX].map(Timestamp::from_micros);
    for (n, at) in (0..).zip(moments) {
        let until = moments[4 - n as usize];
        let signed_in = Session {
            created_at: at,
            expires_at: until,
            ..session(&format!("token {n}"), user_id("ada"), 0)
        };
        let channel = Channel {
            gate: IngestGate::Locked { since: until },
            created_at: at,
            ..channel(&format!("ada-{n}"))
        };
        let muted = Restriction {
            kind: RestrictionKind::Timeout { until },
            at,
            ..ban("ada", viewer(&format!("user-{n}")))
        };
        let mut key = stream_key("ada", n);
        key.created_at = at;
        key.state = KeyState::Revoked { at: until };
        let happened = Event {
            at,
            ..event(
                n,
                StreamEvent::Created {
                    stream: stream_id("ada", n),
                    channel: channel.id,
                },
            )
        };
        let mut changes = creates_channel(&channel)
            .state(StateChange::Session(signed_in.clone()))
            .state(StateChange::Restriction(muted.clone()))
            .state(StateChange::StreamKey(new(key.clone())))
            .line(message("ada", viewer("bea"), "now").at(at).line());
        changes.events.push(happened.clone());
        let place = keep(store, changes).await.places[0];

        let why = "a read";
        let read = store.sessions().get(signed_in.id).await.expect(why);
        assert_eq!(read, Some(signed_in));
        let read = store.channels().get(channel.id).await.expect(why);
        assert_eq!(read, stored(channel, 1));
        let read = store.moderation().restriction(muted.room, muted.subject);
        assert_eq!(read.await.expect(why), Some(muted));
        let read = store.stream_keys().get(key.id).await.expect(why);
        assert_eq!(read, stored(key, 1));
        let read = store.room_log().line(channel_id("ada"), place.seq);
        assert_eq!(read.await.expect(why).map(|line| line.at), Some(at));
        let records = store.feed().read(FeedPosition(n.into()), 1).await;
        assert_eq!(records.expect(why)[0].events, [happened]);
    }
}

/// One part that is refused keeps everything beside it from being seen, whatever refuses it.
pub async fn a_refused_commit_leaves_nothing(store: &Subject) {
    set_the_scene(store).await;
    let before = Picture::of(store).await;
    for bad in Bad::ALL {
        let result = store.commit().commit(bad.beside(everything())).await;
        assert!(bad.is(&result), "{bad:?} has to refuse: {result:?}");
        let after = Picture::of(store).await;
        assert_eq!(after, before, "after a refusal by {bad:?}");
    }

    let committed = keep(store, everything()).await;
    assert_eq!(committed.places.len(), 2);
    let after = Picture::of(store).await;
    assert_ne!(after.user, before.user);
    assert_ne!(after.newcomer, before.newcomer);
    assert_ne!(after.session, before.session);
    assert_ne!(after.channel, before.channel);
    assert_ne!(after.key, before.key);
    assert_ne!(after.stream, before.stream);
    assert_ne!(after.recording, before.recording);
    assert_ne!(after.recorded, before.recorded);
    assert_ne!(after.room, before.room);
    assert_ne!(after.restriction, before.restriction);
    assert_ne!(after.appointments, before.appointments);
    assert_ne!(after.follows, before.follows);
    assert_eq!(before.followers, [1, 0]);
    assert_eq!(after.followers, [2, 1]);
    assert_ne!(after.blocks, before.blocks);
    assert_ne!(after.audited, before.audited);
    assert_ne!(after.replies, before.replies);
    assert_ne!(after.counts, before.counts);
    assert_ne!(after.lines, before.lines);
    assert_ne!(after.records, before.records);
    assert_ne!(after.cursor, before.cursor);
}

/// Where several refusals apply, the one that the port names first is answered.
pub async fn an_earlier_refusal_wins(store: &Subject) {
    set_the_scene(store).await;
    for first in 0..Bad::ALL.len() {
        let bad = &Bad::ALL[first..];
        // The last one first: the order within the changes must not matter.
        let changes = bad
            .iter()
            .rev()
            .fold(everything(), |changes, bad| bad.beside(changes));
        let result = store.commit().commit(changes).await;
        assert!(bad[0].is(&result), "of {bad:?}, the first: {result:?}");
    }
}

#[expect(clippy::unnecessary_wraps, reason = "reads answer with an Option")]
fn stored<T>(value: T, version: u64) -> Option<Stored<T>> {
    Some(Stored {
        value,
        version: Version(version),
    })
}
