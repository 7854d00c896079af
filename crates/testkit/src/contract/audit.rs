//! Promises of `Audit`.

use greenroom_domain::account::{AccountEvent, DisplayName, Role};
use greenroom_domain::channel::ChannelEvent;
use greenroom_domain::chat::{
    ChannelRole, ChatEvent, ChatSettings, ModerationReason, RestrictionKind, Seq,
};
use greenroom_domain::recording::{RecordingChange, RecordingEvent, RecordingFailure};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Changes, CommitError, StateChange};
use greenroom_domain::shared::event::{Event, Happening};
use greenroom_domain::shared::feed::FeedPosition;
use greenroom_domain::shared::id::{ChannelId, EventId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::social::{Notify, SocialEvent};
use greenroom_domain::stream::{EndReason, StreamEvent};
use uuid::Uuid;

use super::paging::{self, assert_unknown_cursors};
use super::{Subject, assert_refused, keep};
use crate::builders::{
    category, channel, channel_id, creates_channel, creates_user, event, guest, guest_id, new,
    noon_plus, picture_id, recording_id, stream_id, stream_key_id, title, user, user_id, viewer,
};

/// Every event that is to be audited stands in the log of its channel exactly as it was, and no
/// other does, however many channels one commit is about.
pub async fn events_stand_in_the_log_of_their_channel(store: &Subject) {
    let mut changes = Changes::new();
    let handles = ["ada", "bea"];
    for handle in handles {
        let all = audited(handle).into_iter().chain(unaudited(handle));
        for what in all {
            let n = u32::try_from(changes.events.len()).expect("a few");
            changes.events.push(by_somebody(n, what));
        }
    }
    let written = changes.events.clone();
    keep(store, changes).await;
    for handle in handles {
        let channel = Some(channel_id(handle));
        let theirs = written.iter().filter(|it| it.what.audited() == channel);
        let mut theirs: Vec<_> = theirs.cloned().collect();
        theirs.reverse();
        assert_eq!(theirs.len(), audited(handle).len());
        assert_eq!(all(store, handle).await, theirs);
    }
    assert_eq!(all(store, "nobody").await, []);
}

/// The newest comes first, by the time and then the id of the event, whenever it was written.
pub async fn the_newest_event_comes_first(store: &Subject) {
    let late = |n: u128, at| Event {
        id: EventId::from_uuid(Uuid::from_u128(n)),
        at,
        ..event(0, locked("ada"))
    };
    let moments = [i64::MIN, -1, i64::MAX].map(Timestamp::from_micros);
    let written = [
        late(4, noon_plus(7)),
        late(0x80 << 120, noon_plus(9)),
        late(1, noon_plus(9)),
        late(0x7F << 120, noon_plus(9)),
        late(5, moments[0]),
        late(6, moments[1]),
        late(7, moments[2]),
    ];
    for one in &written {
        keep(store, of_one(one.clone())).await;
        keep(store, of_one(event(1, locked("bea")))).await;
    }
    let in_order = [6, 1, 3, 2, 0, 5, 4].map(|n| written[n].clone());
    assert_eq!(all(store, "ada").await, in_order);

    for name in ["ada", "bea"] {
        keep(store, creates_user(&user(name).build())).await;
        keep(store, creates_channel(&channel(name))).await;
    }
    let list = async |page| list(store, "ada", page).await;
    let users = store.users().list(None, &paging::first(1)).await;
    assert_unknown_cursors(list, &[users]).await;
    let channels = store.channels().list(&paging::first(1)).await;
    assert_unknown_cursors(list, &[channels]).await;
}

/// Pages go on behind the last one while more is written, before it and behind it.
pub async fn the_audit_log_is_stable(store: &Subject) {
    let at = |n: u32, seconds| Event {
        at: noon_plus(seconds),
        ..event(n, locked("ada"))
    };
    for n in 1..=6 {
        keep(store, of_one(at(n, u64::from(n) * 10))).await;
    }
    let mut request = paging::first(3);
    let first = list(store, "ada", request.clone()).await;
    let first = first.expect("a first page");
    assert_eq!(first.items, [at(6, 60), at(5, 50), at(4, 40)]);
    request.after = first.next;
    for (n, seconds) in [(7, 70), (8, 45), (9, 25)] {
        keep(store, of_one(at(n, seconds))).await;
    }
    let rest = list(store, "ada", request).await;
    let rest = rest.expect("a cursor of this listing");
    assert_eq!(rest.items, [at(3, 30), at(9, 25), at(2, 20)]);
    assert!(rest.next.is_some(), "there is one more");
}

/// The feed forgets; the audit log does not. What was refused never stood in it.
pub async fn the_audit_log_is_for_good(store: &Subject) {
    let first = event(1, locked("ada"));
    keep(store, of_one(first.clone())).await;
    keep(store, creates_user(&user("ada").build())).await;
    let again = of_one(event(2, locked("ada")));
    let again = again.state(StateChange::User(new(user("ada").build())));
    assert_refused!(
        store.commit().commit(again).await,
        CommitError::Conflict,
        "a user that is there was made again"
    );
    let pruned = store.feed().prune(FeedPosition(9), noon_plus(9)).await;
    pruned.expect("forgotten");
    let records = store.feed().read(FeedPosition(1), 9).await;
    assert_eq!(records.expect("a read"), [], "the feed has forgotten it");
    assert_eq!(all(store, "ada").await, [first]);
}

async fn all(store: &Subject, handle: &str) -> Vec<Event> {
    paging::all(async |page| list(store, handle, page).await, 3).await
}

async fn list(
    store: &Subject,
    handle: &str,
    page: PageRequest,
) -> Result<Page<Event>, UnknownCursor> {
    let listed = store.audit().of_channel(channel_id(handle), &page).await;
    listed.expect("a read")
}

fn of_one(event: Event) -> Changes {
    Changes {
        events: vec![event],
        ..Changes::new()
    }
}

fn locked(handle: &str) -> ChannelEvent {
    ChannelEvent::IngestLocked {
        channel: channel_id(handle),
    }
}

/// One after the other, by everybody in turn.
fn by_somebody(n: u32, what: Happening) -> Event {
    let actors = [
        Actor::System,
        Actor::Operator,
        Actor::Guest(guest_id("gus")),
        Actor::User {
            id: user_id("eve"),
            role: Role::Admin,
        },
    ];
    Event {
        at: noon_plus(n.into()),
        by: actors[n as usize % actors.len()],
        ..event(n, what)
    }
}

/// One of each kind, with the longest texts.
fn audited(handle: &str) -> Vec<Happening> {
    let channel = channel_id(handle);
    let (stream, key) = (stream_id(handle, 1), stream_key_id(handle, 1));
    let family = title(&"👨‍👩‍👧‍👦".repeat(120));
    let name = DisplayName::parse(&"e\u{301}".repeat(50)).expect("50 graphemes");
    let subject = guest("troll");
    let mut happenings = of_the_chat(channel, &name);
    happenings.extend([
        Happening::from(ChannelEvent::Created {
            channel,
            owner: user_id(handle),
            handle: crate::builders::channel(handle).handle,
        }),
        ChannelEvent::Edited {
            channel,
            title: family.clone(),
            category: Some(category("Kölsch & <b>code</b>")),
        }
        .into(),
        ChannelEvent::CoverChanged {
            channel,
            cover: Some(picture_id("new")),
            before: None,
        }
        .into(),
        locked(handle).into(),
        ChannelEvent::KeyRevoked { channel, key }.into(),
        StreamEvent::Created { stream, channel }.into(),
        StreamEvent::Started {
            stream,
            channel,
            title: family,
        }
        .into(),
        StreamEvent::Ended {
            stream,
            channel,
            reason: EndReason::AdminEnded,
        }
        .into(),
        SocialEvent::Blocked {
            blocker: user_id(handle),
            blocked: user_id("troll"),
            channel: Some(channel),
        }
        .into(),
        SocialEvent::Unblocked {
            blocker: user_id(handle),
            blocked: user_id("troll"),
            channel: Some(channel),
        }
        .into(),
        ChatEvent::RestrictionLifted { channel, subject }.into(),
        recorded(handle, RecordingChange::Requested),
        recorded(handle, RecordingChange::Stopped),
    ]);
    happenings
}

fn of_the_chat(channel: ChannelId, name: &DisplayName) -> Vec<Happening> {
    let target = Seq(u64::from(u32::MAX));
    let reason = ModerationReason::parse(&"é".repeat(300)).expect("300 graphemes");
    let events = [
        ChatEvent::SettingsChanged {
            channel,
            settings: ChatSettings {
                emotes_only: true,
                ..ChatSettings::default()
            },
        },
        ChatEvent::Restricted {
            channel,
            subject: guest("troll"),
            name: Some(name.clone()),
            kind: RestrictionKind::Ban,
            reason: Some(reason),
        },
        ChatEvent::MessageDeleted {
            channel,
            target,
            author: viewer("troll"),
        },
        ChatEvent::Pinned { channel, target },
        ChatEvent::Unpinned { channel, target },
        ChatEvent::RoleChanged {
            channel,
            user: user_id("mod"),
            name: name.clone(),
            role: Some(ChannelRole::Vip),
        },
    ];
    events.map(Happening::from).into()
}

fn recorded(handle: &str, what: RecordingChange) -> Happening {
    let event = RecordingEvent {
        recording: recording_id(handle, 1),
        stream: stream_id(handle, 1),
        channel: channel_id(handle),
        what,
    };
    event.into()
}

/// What is about the channel, or could be, and is not to be audited.
fn unaudited(handle: &str) -> Vec<Happening> {
    let (channel, stream) = (channel_id(handle), stream_id(handle, 1));
    let (follower, blocker) = (user_id("bob"), user_id(handle));
    vec![
        StreamEvent::Interrupted { stream, channel }.into(),
        StreamEvent::Resumed { stream, channel }.into(),
        StreamEvent::AudienceChanged {
            stream,
            channel,
            joined: vec![viewer("bob")],
            left: Vec::new(),
            viewers: 1,
        }
        .into(),
        recorded(handle, RecordingChange::Began),
        recorded(handle, RecordingChange::Finished),
        recorded(handle, RecordingChange::Failed(RecordingFailure::Lost)),
        SocialEvent::Followed { follower, channel }.into(),
        SocialEvent::Unfollowed { follower, channel }.into(),
        SocialEvent::NotifyChanged {
            follower,
            channel,
            notify: Notify::Nothing,
        }
        .into(),
        SocialEvent::Blocked {
            blocker,
            blocked: user_id("troll"),
            channel: None,
        }
        .into(),
        AccountEvent::PasswordChanged {
            user: user_id(handle),
        }
        .into(),
    ]
}
