//! Promises of `Commit`: names that only one may
//! have, and counters that never conflict.

use std::sync::Arc;

use greenroom_domain::account::Subject as HostUser;
use greenroom_domain::shared::commit::{
    Changes, Claim, ClaimChange, CommitError, CounterChange, Holder,
};
use greenroom_domain::shared::id::{ChannelId, StreamId};
use greenroom_domain::stream::StreamCounts;

use super::{Subject, assert_refused, keep};
use crate::builders::{channel, channel_id, creates_user, mac, stream_id, user, user_id};

/// What somebody holds nobody else gets, whatever kind of name it is; the refusal says which.
pub async fn a_name_that_is_held_is_taken(store: &Subject) {
    for claim in claims() {
        keep(store, take(&claim, ada())).await;
        let result = store.commit().commit(take(&claim, bea())).await;
        assert_refused!(
            result,
            CommitError::Taken(taken) if taken == claim,
            "a name that is another's was given away"
        );
    }
}

/// Who holds a name may take it again.
pub async fn a_name_of_ones_own_stays(store: &Subject) {
    let claim = Claim::FirstAdministrator;
    keep(store, take(&claim, ada())).await;
    keep(store, take(&claim, ada())).await;
    assert_taken(store, &claim, bea()).await;
}

/// A name that was given back is free.
pub async fn a_released_name_is_free(store: &Subject) {
    for claim in claims() {
        keep(store, take(&claim, ada())).await;
        keep(store, release(&claim, ada())).await;
        keep(store, take(&claim, bea())).await;
        assert_taken(store, &claim, ada()).await;
    }
}

/// Within one commit releases come first, wherever they stand.
pub async fn a_name_is_passed_on_in_one_commit(store: &Subject) {
    let claim = Claim::LiveStream(channel_id("ada"));
    keep(store, take(&claim, ada())).await;
    let passed_on = take(&claim, bea()).claim(ClaimChange::Release(claim.clone(), ada()));
    keep(store, passed_on).await;
    assert_taken(store, &claim, ada()).await;
}

/// What is not theirs nobody gives back.
pub async fn a_release_by_another_does_nothing(store: &Subject) {
    let claim = Claim::LiveStream(channel_id("ada"));
    keep(store, release(&claim, ada())).await;
    keep(store, take(&claim, ada())).await;
    keep(store, release(&claim, bea())).await;
    assert_taken(store, &claim, bea()).await;
    let both = take(&claim, bea()).claim(ClaimChange::Release(claim.clone(), bea()));
    assert_refused!(
        store.commit().commit(both).await,
        CommitError::Taken(_),
        "a release by who does not hold the name made it free"
    );
}

/// Two cannot take a name in one commit either.
pub async fn one_commit_gives_a_name_once(store: &Subject) {
    let claim = Claim::FirstAdministrator;
    let both = take(&claim, ada()).claim(ClaimChange::Take(claim.clone(), bea()));
    assert_refused!(
        store.commit().commit(both).await,
        CommitError::Taken(_),
        "two got one name in one commit"
    );
    keep(store, take(&claim, bea())).await;
}

/// Names that look alike are different names.
pub async fn names_that_look_alike_are_apart(store: &Subject) {
    let subject = |issuer: &str, subject: &str| {
        Claim::Subject(HostUser {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
        })
    };
    let long = "x".repeat(255);
    let alike = [
        Claim::Username(user("same").build().username),
        Claim::Handle(channel("same").handle),
        subject("a", "b/c"),
        subject("a/b", "c"),
        subject("a\0b", "c"),
        subject("a", "b\0c"),
        subject("ab", ""),
        subject("", "ab"),
        subject(&long, &long),
        subject(&long, &long[1..]),
        // The same id, as an owner, as a channel and as a stream.
        Claim::ChannelOf(user_id("ada")),
        Claim::LiveStream(ChannelId::from_uuid(user_id("ada").uuid())),
        Claim::RecordingOf(StreamId::from_uuid(user_id("ada").uuid())),
    ];
    for (n, claim) in alike.iter().enumerate() {
        let n = u32::try_from(n).expect("a small number");
        let holder = Holder::Stream(stream_id("ada", n));
        keep(store, take(claim, holder)).await;
    }
    for claim in &alike {
        assert_taken(store, claim, bea()).await;
    }
}

/// Names are compared by their bytes: what some locale takes for the same is not.
pub async fn names_of_any_script_are_apart(store: &Subject) {
    let alike = [
        "é",
        "e\u{301}",
        "E\u{301}",
        "É",
        "ss",
        "ß",
        "ẞ",
        "i",
        "I",
        "ı",
        "İ",
        "ﬁ",
        "fi",
        "ﾊ",
        "ハ",
        "は",
        "א",
        "א\u{200F}",
        "a",
        "а",
        "a ",
        " a",
        "a\u{200B}",
        "🦀",
        "\u{10FFFF}",
    ];
    let subjects = alike.map(|subject| HostUser {
        issuer: "https://host.example".to_owned(),
        subject: subject.to_owned(),
    });
    let users = subjects.clone().map(|HostUser { issuer, subject }| {
        let name = format!(
            "user-{}",
            subject.bytes().fold(0, |n: u64, b| n * 257 + u64::from(b))
        );
        user(&name).of_host(&issuer, &subject).build()
    });
    for user in &users {
        keep(store, creates_user(user)).await;
    }
    for (subject, user) in subjects.into_iter().zip(users) {
        let read = store.users().by_subject(&subject).await.expect("a read");
        assert_eq!(read.map(|read| read.value), Some(user), "{subject:?}");
        assert_taken(store, &Claim::Subject(subject), bea()).await;
    }
}

/// Of many who want a name at once one gets it.
pub async fn concurrent_takers_get_a_name_once(store: &Subject) {
    let takers: Vec<_> = (0..16)
        .map(|n| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let holder = Holder::Stream(stream_id("ada", n));
                let claim = Claim::LiveStream(channel_id("ada"));
                store.commit().commit(take(&claim, holder)).await
            })
        })
        .collect();
    let mut got_it = 0;
    for taker in takers {
        match taker.await.expect("a taker that does not panic") {
            Ok(_) => got_it += 1,
            Err(CommitError::Taken(_)) => {}
            Err(other) => panic!("a taker may only be too late: {other:?}"),
        }
    }
    assert_eq!(got_it, 1);
}

/// Counters add up and the peak is the largest, in whatever order they come and from however
/// many at once.
pub async fn counters_add_up(store: &Subject) {
    let (counted, other) = (stream_id("ada", 1), stream_id("ada", 2));
    let counters: Vec<_> = (1..=16)
        .map(|n| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let changes = Changes::new()
                    .counter(CounterChange::ViewsAdded(counted, n))
                    .counter(CounterChange::PeakSeen(counted, (n * 7) % 17))
                    .counter(CounterChange::MessagesAdded(counted, 1))
                    .counter(CounterChange::MessagesAdded(counted, 2));
                keep(&store, changes).await;
            })
        })
        .collect();
    for counter in counters {
        counter.await.expect("a counter that does not panic");
    }
    let lower = Changes::new().counter(CounterChange::PeakSeen(counted, 3));
    keep(store, lower).await;
    let counts = store.streams().counts(&[other, counted, other]).await;
    let expected = StreamCounts {
        views: 136,
        peak: 16,
        messages: 48,
    };
    let zeros = StreamCounts::default();
    assert_eq!(counts.expect("a read"), [zeros, expected, zeros]);
}

fn ada() -> Holder {
    Holder::User(user_id("ada"))
}

fn bea() -> Holder {
    Holder::User(user_id("bea"))
}

/// One of each kind.
fn claims() -> [Claim; 8] {
    [
        Claim::Username(user("ada").build().username),
        Claim::Subject(HostUser {
            issuer: "https://host.example".to_owned(),
            subject: "42".to_owned(),
        }),
        Claim::FirstAdministrator,
        Claim::Handle(channel("ada").handle),
        Claim::ChannelOf(user_id("ada")),
        Claim::KeyHash(mac("secret")),
        Claim::LiveStream(channel_id("ada")),
        Claim::RecordingOf(stream_id("ada", 1)),
    ]
}

fn take(claim: &Claim, holder: Holder) -> Changes {
    Changes::new().claim(ClaimChange::Take(claim.clone(), holder))
}

fn release(claim: &Claim, holder: Holder) -> Changes {
    Changes::new().claim(ClaimChange::Release(claim.clone(), holder))
}

/// Whoever else holds it does not let `taker` have it; nothing is changed by asking.
async fn assert_taken(store: &Subject, claim: &Claim, taker: Holder) {
    assert_refused!(
        store.commit().commit(take(claim, taker)).await,
        CommitError::Taken(_),
        "a name that is another's was given away"
    );
}
