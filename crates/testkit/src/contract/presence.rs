//! Promises of `Presence`. Each function takes an empty
//! one.

use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::StreamId;
use greenroom_domain::stream::{Audience, Presence, Via};

use crate::builders::{connection_id, guest, noon_plus, stream_id, user_id, viewer};

/// All of the promises, each on a new one.
pub async fn all<P: Presence>(make: impl AsyncFn() -> P) {
    nobody_watches_at_first(&make().await).await;
    however_present_somebody_counts_once(&make().await).await;
    everything_runs_out_by_itself(&make().await).await;
    renewing_holds(&make().await).await;
    comings_and_goings_are_told_once(&make().await).await;
    streams_are_apart(&make().await).await;
    a_cleared_stream_begins_anew(&make().await).await;
    many_at_once_are_counted_right(&make().await).await;
}

/// An audience nobody has joined is empty.
pub async fn nobody_watches_at_first(presence: &dyn Presence) {
    assert_eq!(audience(presence, 0).await, Audience::default());
    assert_eq!(count(presence, 0).await, 0);
    assert_eq!(participants(presence, 0, 10).await, []);
    leave(presence, viewer("ada"), Via::Media).await;
    assert_eq!(count(presence, 0).await, 0);
}

/// Sockets and players of one person, repeated renewals too, are one viewer, who is there
/// until the last way is left.
pub async fn however_present_somebody_counts_once(presence: &dyn Presence) {
    let ada = viewer("ada");
    let (tab, phone) = (socket("tab"), socket("phone"));
    for _ in 0..3 {
        for via in [tab, phone, Via::Media] {
            renew(presence, ada, via, 60).await;
        }
    }
    // The same id as a guest's is somebody else.
    let guest_of_same_id = Identity::Guest(greenroom_domain::shared::id::GuestId::from_uuid(
        user_id("ada").uuid(),
    ));
    renew(presence, guest_of_same_id, Via::Media, 60).await;
    assert_eq!(count(presence, 1).await, 2);
    assert_eq!(participants(presence, 1, 10).await, [ada, guest_of_same_id]);

    leave(presence, ada, tab).await;
    leave(presence, ada, tab).await;
    leave(presence, ada, Via::Media).await;
    assert_eq!(count(presence, 1).await, 2, "the phone is still there");
    leave(presence, guest_of_same_id, socket("never seen")).await;
    leave(presence, ada, phone).await;
    assert_eq!(participants(presence, 1, 10).await, [guest_of_same_id]);
}

/// Who is not renewed is gone when the time of every way has run out.
pub async fn everything_runs_out_by_itself(presence: &dyn Presence) {
    renew(presence, viewer("ada"), Via::Media, 10).await;
    renew(presence, viewer("ada"), socket("tab"), 30).await;
    renew(presence, viewer("bea"), Via::Media, 20).await;
    assert_eq!(count(presence, 9).await, 2);
    assert_eq!(count(presence, 19).await, 2);
    assert_eq!(participants(presence, 21, 10).await, [viewer("ada")]);
    assert_eq!(audience(presence, 29).await.viewers, 1);
    assert_eq!(audience(presence, 31).await.viewers, 0);
    assert_eq!(participants(presence, 31, 10).await, []);
}

/// Who is renewed in time stays.
pub async fn renewing_holds(presence: &dyn Presence) {
    for second in (0..60).step_by(5) {
        renew(presence, viewer("ada"), Via::Media, second + 15).await;
        assert_eq!(count(presence, second + 4).await, 1);
    }
    assert_eq!(count(presence, 69).await, 1);
    assert_eq!(count(presence, 71).await, 0);
}

/// Who came and who went is told once, in the order of identities, whatever was asked between.
pub async fn comings_and_goings_are_told_once(presence: &dyn Presence) {
    let mut both = [viewer("ada"), viewer("bea")];
    both.sort();
    renew(presence, guest("cleo"), Via::Media, 60).await;
    for who in both {
        renew(presence, who, Via::Media, 20).await;
    }
    let came = vec![both[0], both[1], guest("cleo")];
    let told = Audience {
        viewers: 3,
        joined: came.clone(),
        left: vec![],
    };
    count(presence, 1).await;
    participants(presence, 1, 10).await;
    assert_eq!(audience(presence, 1).await, told);
    let same = Audience {
        viewers: 3,
        ..Audience::default()
    };
    renew(presence, both[0], socket("tab"), 20).await;
    assert_eq!(audience(presence, 2).await, same);

    // Two run out, which nobody tells of but the next question; another comes.
    count(presence, 30).await;
    renew(presence, guest("dora"), Via::Media, 60).await;
    let told = Audience {
        viewers: 2,
        joined: vec![guest("dora")],
        left: both.to_vec(),
    };
    assert_eq!(audience(presence, 31).await, told);
    renew(presence, both[1], Via::Media, 60).await;
    leave(presence, guest("cleo"), Via::Media).await;
    let told = Audience {
        viewers: 2,
        joined: vec![both[1]],
        left: vec![guest("cleo")],
    };
    assert_eq!(audience(presence, 32).await, told);
    assert_eq!(
        participants(presence, 32, 1).await,
        [both[1]],
        "users first"
    );
}

/// One stream's viewers are not another's.
pub async fn streams_are_apart(presence: &dyn Presence) {
    let [one, other, none] = [1, 2, 3].map(|n| stream_id("ada", n));
    for (stream, who) in [(one, "ada"), (other, "ada"), (other, "bea")] {
        let renewed = presence.renew(stream, viewer(who), Via::Media, noon_plus(60));
        renewed.await.expect("renewed");
    }
    let counts = presence
        .counts(&[other, none, one, other], noon_plus(1))
        .await;
    assert_eq!(counts.expect("counted"), [2, 0, 1, 2]);
    let left = presence.leave(other, viewer("ada"), Via::Media).await;
    left.expect("left");
    let counts = presence.counts(&[one, other], noon_plus(1)).await;
    assert_eq!(counts.expect("counted"), [1, 1]);
}

/// A stream that was cleared has no audience, and who comes then came anew.
pub async fn a_cleared_stream_begins_anew(presence: &dyn Presence) {
    renew(presence, viewer("ada"), Via::Media, 60).await;
    audience(presence, 1).await;
    presence.clear(stream()).await.expect("cleared");
    presence.clear(stream()).await.expect("cleared again");
    assert_eq!(count(presence, 2).await, 0);
    assert_eq!(participants(presence, 2, 10).await, []);
    assert_eq!(audience(presence, 2).await.viewers, 0);
    renew(presence, viewer("ada"), Via::Media, 60).await;
    let again = audience(presence, 3).await;
    assert_eq!((again.viewers, again.joined), (1, vec![viewer("ada")]));
}

/// A thousand who come, stay and go by several ways bend the count by none.
pub async fn many_at_once_are_counted_right(presence: &dyn Presence) {
    let name = |n: u32| format!("viewer-{n}");
    for n in 0..1000 {
        for via in [Via::Media, socket(&name(n))] {
            renew(presence, guest(&name(n)), via, 60).await;
        }
    }
    let all = audience(presence, 1).await;
    assert_eq!((all.viewers, all.joined.len()), (1000, 1000));
    assert!(all.joined.is_sorted(), "in the order of identities");
    assert_eq!(participants(presence, 1, 10).await, all.joined[..10]);
    for n in (0..1000).step_by(2) {
        leave(presence, guest(&name(n)), Via::Media).await;
        if n % 4 == 0 {
            leave(presence, guest(&name(n)), socket(&name(n))).await;
        }
    }
    let rest = audience(presence, 2).await;
    assert_eq!((rest.viewers, rest.left.len()), (750, 250));
    assert_eq!(rest.joined, []);
}

fn stream() -> StreamId {
    stream_id("ada", 1)
}

fn socket(name: &str) -> Via {
    Via::Socket(connection_id(name))
}

async fn renew(presence: &dyn Presence, who: Identity, via: Via, until: u64) {
    let renewed = presence.renew(stream(), who, via, noon_plus(until)).await;
    renewed.expect("renewed");
}

async fn leave(presence: &dyn Presence, who: Identity, via: Via) {
    let left = presence.leave(stream(), who, via).await;
    left.expect("left");
}

async fn audience(presence: &dyn Presence, now: u64) -> Audience {
    let audience = presence.audience(stream(), noon_plus(now)).await;
    audience.expect("an audience")
}

async fn count(presence: &dyn Presence, now: u64) -> u64 {
    let counts = presence.counts(&[stream()], noon_plus(now)).await;
    counts.expect("counted")[0]
}

async fn participants(presence: &dyn Presence, now: u64, limit: usize) -> Vec<Identity> {
    let participants = presence.participants(stream(), noon_plus(now), limit).await;
    participants.expect("participants")
}
