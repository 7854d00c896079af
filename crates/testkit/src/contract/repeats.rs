//! Promises of `Commit`: repeats that are recognised.

use std::sync::Arc;

use greenroom_domain::chat::{NewLine, Place, Seq};
use greenroom_domain::shared::commit::{Changes, CommitError};
use greenroom_domain::shared::store::Version;

use super::lines::{head, says, text};
use super::{Subject, assert_refused, keep};
use crate::builders::{channel, creates_channel, guest, message, noon_plus, viewer};

/// A message that its client sends again is answered with the line it became, and not kept.
pub async fn a_repeat_is_answered_with_the_first(store: &Subject) {
    keep(store, creates_channel(&channel("ada"))).await;
    let first = message("ada", viewer("bea"), "once").client_id("m-1");
    let place = keep(store, Changes::new().line(first.clone().line()))
        .await
        .places[0];
    let again = message("ada", viewer("bea"), "other words")
        .client_id("m-1")
        .at(noon_plus(60));
    assert_repeats(store, again.clone().line(), place, "once").await;
    assert_repeats(store, again.line(), place, "once").await;
    assert_eq!(head(store, "ada").await.seq, Seq(1), "a repeat is not kept");
}

/// The same client message id is no repeat from somebody else, in another room, or where it
/// was refused; and ids that differ in a letter's case are different ids.
pub async fn what_only_looks_like_a_repeat_is_kept(store: &Subject) {
    keep(store, creates_channel(&channel("ada"))).await;
    keep(store, creates_channel(&channel("bea"))).await;
    let same_uuid = greenroom_domain::shared::actor::Identity::Guest(
        greenroom_domain::shared::id::GuestId::from_uuid(crate::builders::user_id("bea").uuid()),
    );
    let refused = message("ada", viewer("bea"), "by old rules")
        .client_id("m-1")
        .checked_by(Version(9));
    assert_refused!(
        store
            .commit()
            .commit(Changes::new().line(refused.line()))
            .await,
        CommitError::PolicyMoved,
        "a line was taken by other rules than the room's"
    );
    for (handle, author, id) in [
        ("ada", viewer("bea"), "m-1"),
        ("ada", viewer("cleo"), "m-1"),
        ("ada", guest("bea"), "m-1"),
        ("ada", same_uuid, "m-1"),
        ("ada", viewer("bea"), "M-1"),
        ("ada", viewer("bea"), "m-11"),
        ("bea", viewer("bea"), "m-1"),
    ] {
        let line = message(handle, author, "new").client_id(id).line();
        keep(store, Changes::new().line(line)).await;
    }
    for _ in 0..2 {
        keep(store, says("ada", "the same, without an id")).await;
    }
}

/// A repeat is recognised after 9,999 other lines: the window is the last 10,000.
pub async fn a_repeat_is_recognised_after_many_lines(store: &Subject) {
    const AT_ONCE: usize = 303;
    const COMMITS: usize = 33;
    keep(store, creates_channel(&channel("ada"))).await;
    let first = message("ada", viewer("bea"), "once")
        .client_id("m-1")
        .line();
    let place = keep(store, Changes::new().line(first.clone())).await.places[0];
    for n in 0..COMMITS {
        let mut changes = Changes::new();
        for m in 0..AT_ONCE {
            let id = format!("{n}/{m}");
            // More than a day later, so that only their number keeps the id.
            let later = noon_plus(2 * 86_400 + n as u64);
            let line = message("ada", viewer("cleo"), "more")
                .client_id(&id)
                .at(later);
            changes = changes.line(line.line());
        }
        keep(store, changes).await;
    }
    assert_eq!(head(store, "ada").await.seq, Seq(10_000));
    assert_repeats(store, first, place, "once").await;
}

/// Of a message that is sent several times at once one is kept, and the others are told which.
pub async fn concurrent_repeats_are_kept_once(store: &Subject) {
    keep(store, creates_channel(&channel("ada"))).await;
    let senders: Vec<_> = (0..8)
        .map(|_| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let line = message("ada", viewer("bea"), "once").client_id("m-1");
                store
                    .commit()
                    .commit(Changes::new().line(line.line()))
                    .await
            })
        })
        .collect();
    let mut kept = 0;
    for sender in senders {
        match sender.await.expect("a sender that does not panic") {
            Ok(_) => kept += 1,
            Err(CommitError::Repeated(first)) => assert_eq!(first.place.seq, Seq(1)),
            Err(other) => panic!("a sender may only repeat another: {other:?}"),
        }
    }
    assert_eq!(kept, 1);
    assert_eq!(head(store, "ada").await.seq, Seq(1));
}

async fn assert_repeats(store: &Subject, line: NewLine, place: Place, first: &str) {
    match store.commit().commit(Changes::new().line(line)).await {
        Err(CommitError::Repeated(line)) => {
            assert_eq!((line.place, &*text(&line)), (place, first));
        }
        other => panic!("a repeat is answered with the first line: {other:?}"),
    }
}
