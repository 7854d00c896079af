//! Promises of `Replies`, and of `Commit` of what is to be done once.

use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Changes, CommitError, StateChange};
use greenroom_domain::shared::id::GuestId;
use greenroom_domain::shared::once::Reply;
use greenroom_domain::shared::store::Version;
use uuid::Uuid;

use super::{Subject, assert_refused, keep};
use crate::builders::{
    NOON, channel, channel_id, creates_channel, creates_user, guest, mac, message, noon_plus,
    reply, seen, user, user_id, viewer,
};

/// A request that was answered is answered with what it made first, though it asks for
/// something else by now; nothing of it is kept.
pub async fn a_request_is_answered_with_the_first(store: &Subject) {
    let first = reply(viewer("ada"), "make-a-channel");
    keep(store, answered(creates_channel(&channel("ada")), &first)).await;
    assert_eq!(read(store, &first).await, Some(first.clone()));
    let other = Reply {
        request: mac("something else").0,
        ..first.clone()
    };
    let later = Reply {
        made: Uuid::from_u128(7),
        at: noon_plus(60),
        ..first.clone()
    };
    for again in [first.clone(), other, later] {
        let changes = answered(creates_channel(&channel("bea")), &again);
        assert_answered(store, changes, &first).await;
    }
    assert_eq!(read(store, &first).await, Some(first), "the first stays");
    let second = store.channels().get(channel_id("bea")).await;
    assert_eq!(second.expect("a read"), None);
}

/// The same key is another's where somebody else says it, and keys differ in a letter's case,
/// in what looks like a separator, and in their last letter.
pub async fn keys_are_of_who_asks(store: &Subject) {
    let bea = Identity::Guest(GuestId::from_uuid(user_id("bea").uuid()));
    let longest = "~".repeat(255);
    let replies: Vec<Reply> = [
        (viewer("bea"), "key"),
        (bea, "key"),
        (guest("bea"), "key"),
        (viewer("ada"), "key"),
        (viewer("bea"), "Key"),
        (viewer("bea"), "key:"),
        (viewer("bea"), "'\"\\%_;--"),
        (viewer("bea"), &longest[..254]),
        (viewer("bea"), &longest),
    ]
    .into_iter()
    .zip(0..)
    .map(|((by, key), n)| Reply {
        made: Uuid::from_u128(n),
        ..reply(by, key)
    })
    .collect();
    let moments = [i64::MIN, -1, i64::MAX].map(Timestamp::from_micros);
    for reply in &replies {
        assert_eq!(read(store, reply).await, None);
        keep(store, answered(Changes::new(), reply)).await;
    }
    for reply in &replies {
        assert_eq!(read(store, reply).await.as_ref(), Some(reply));
    }
    for (n, at) in (100..).zip(moments) {
        let odd = Reply {
            at,
            made: Uuid::from_u128(n),
            ..reply(viewer("cleo"), &format!("key-{n}"))
        };
        keep(store, answered(Changes::new(), &odd)).await;
        assert_eq!(read(store, &odd).await, Some(odd));
    }
}

/// A request that was refused has made nothing, and may come again.
pub async fn a_refused_request_is_not_answered(store: &Subject) {
    keep(store, creates_user(&user("ada").build())).await;
    let request = reply(viewer("ada"), "key");
    let stale = seen(user("ada").shown_as("Stale").build(), Version(9));
    let refused = answered(Changes::new().state(StateChange::User(stale)), &request);
    assert_refused!(
        store.commit().commit(refused).await,
        CommitError::Conflict,
        "a version that is not there was overwritten"
    );
    assert_eq!(read(store, &request).await, None);
    keep(store, answered(Changes::new(), &request)).await;
    assert_eq!(read(store, &request).await, Some(request));
}

/// A reply is there for 24 hours, by the times that commits speak of, however many come
/// meanwhile.
pub async fn a_reply_is_kept_for_a_day(store: &Subject) {
    const OTHERS: u64 = 60;
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let first = reply(viewer("ada"), "the-first");
    keep(store, answered(Changes::new(), &first)).await;
    for n in 1..=OTHERS {
        // Up to a day, and that very moment.
        let at = NOON + DAY - Duration::from_secs(OTHERS - n);
        let line = message("ada", viewer("bea"), "meanwhile").at(at).line();
        let other = Reply {
            at,
            ..reply(viewer("bea"), &format!("key-{n}"))
        };
        keep(store, answered(Changes::new().line(line), &other)).await;
        assert_eq!(read(store, &first).await.as_ref(), Some(&first));
    }
    let again = answered(creates_channel(&channel("ada")), &first);
    assert_answered(store, again, &first).await;
    // Then it may be forgotten; those that are younger may not.
    for n in 1..=OTHERS {
        let next = Reply {
            at: NOON + DAY + Duration::from_secs(1),
            ..reply(viewer("cleo"), &format!("key-{n}"))
        };
        keep(store, answered(Changes::new(), &next)).await;
    }
    for n in 1..=OTHERS {
        let younger = reply(viewer("bea"), &format!("key-{n}"));
        assert!(read(store, &younger).await.is_some(), "reply {n}");
    }
}

/// Many send one request at once: one of them makes something, and all hear of the same.
pub async fn concurrent_requests_make_one(store: &Subject) {
    const TIMES: u128 = 12;
    let requests: Vec<_> = (0..TIMES)
        .map(|n| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let reply = Reply {
                    made: Uuid::from_u128(n),
                    ..reply(viewer("ada"), "key")
                };
                let line = message("ada", viewer("ada"), "once").line();
                let changes = answered(Changes::new().line(line), &reply);
                match store.commit().commit(changes).await {
                    Ok(_) => (true, reply),
                    Err(CommitError::Answered(first)) => (false, *first),
                    Err(other) => panic!("a request may only meet itself: {other:?}"),
                }
            })
        })
        .collect();
    let mut answers = Vec::new();
    for request in requests {
        answers.push(request.await.expect("a request that does not panic"));
    }
    let makers: Vec<_> = answers.iter().filter(|(made, _)| *made).collect();
    assert_eq!(makers.len(), 1, "{answers:?}");
    let made = &makers[0].1;
    assert!(answers.iter().all(|(_, reply)| reply == made));
    assert_eq!(read(store, made).await.as_ref(), Some(made));
    let head = store.room_log().head(channel_id("ada")).await;
    assert_eq!(head.expect("a read").seq.0, 1);
}

fn answered(changes: Changes, reply: &Reply) -> Changes {
    Changes {
        reply: Some(reply.clone()),
        ..changes
    }
}

async fn assert_answered(store: &Subject, changes: Changes, first: &Reply) {
    match store.commit().commit(changes).await {
        Err(CommitError::Answered(reply)) => assert_eq!(&*reply, first),
        other => panic!("a request is answered with the first: {other:?}"),
    }
}

async fn read(store: &Subject, of: &Reply) -> Option<Reply> {
    store.replies().get(of.by, &of.key).await.expect("a read")
}
