//! Promises of `Archive`: what one store gives away, another takes in, and nobody sees a
//! difference.

mod entries;
mod house;
mod interrupted;

use std::sync::Arc;

use greenroom_domain::channel::Handle;
use greenroom_domain::chat::Seq;
use greenroom_domain::shared::archive::{Archive, Entry, EntryKind, EntryOrder, ImportError};
use greenroom_domain::shared::commit::{
    Changes, Claim, ClaimChange, CommitError, CounterChange, Holder, StateChange,
};
use greenroom_domain::shared::feed::FeedPosition;
use greenroom_domain::shared::store::Version;

use self::entries::{End, Entries};
use self::house::{LINES, answers, furnish, happened, subject};
use self::interrupted::Interrupted;
use super::{Kept, StoreUnderTest, Subject, assert_refused, keep};
use crate::builders::{
    channel, channel_id, creates_channel, event, follow, mac, message, reply, seen, stream_id,
    unfollows, user, user_id, viewer,
};

/// A store that can move house. A type that implements the ports is one already.
pub trait ArchiveUnderTest: StoreUnderTest {
    /// Moves.
    fn archive(&self) -> &dyn Archive;
}

impl<S: StoreUnderTest + Archive> ArchiveUnderTest for S {
    fn archive(&self) -> &dyn Archive {
        self
    }
}

impl<S: ArchiveUnderTest, K: Send + Sync + 'static> ArchiveUnderTest for Kept<S, K> {
    fn archive(&self) -> &dyn Archive {
        self.store.archive()
    }
}

/// The store that is moved out of, and the one that is moved into.
#[derive(Clone)]
pub struct Move {
    /// Out of.
    pub from: Arc<dyn ArchiveUnderTest>,
    /// Into.
    pub to: Arc<dyn ArchiveUnderTest>,
}

/// Makes a test of every promise of `Archive`, each on two fresh stores.
///
/// Takes the path of an `async fn() -> Arc<dyn ArchiveUnderTest>`.
#[macro_export]
macro_rules! archive_contract {
    ($make:path) => {
        mod archive {
            use super::*;
            $crate::archive_promises! { $make;
                an_empty_store_is_exported_as_one,
                what_is_exported_is_in_order_and_whole,
                an_import_is_exported_again_the_same,
                every_port_answers_as_before,
                life_goes_on_after_an_import,
                an_export_is_of_one_moment,
                commits_do_not_wait_for_an_export,
                a_store_that_holds_anything_is_not_imported_into,
                an_import_that_fails_leaves_nothing,
                an_import_that_is_dropped_leaves_nothing,
            }
        }
    };
}

/// Makes the tests of [`archive_contract!`].
#[doc(hidden)]
#[macro_export]
macro_rules! archive_promises {
    ($make:path; $($promise:ident),+,) => {$(
        #[test]
        fn $promise() {
            $crate::run(async {
                let (from, to) = ($make().await, $make().await);
                let stores = $crate::contract::archive::Move { from, to };
                $crate::contract::archive::$promise(stores).await;
            });
        }
    )+};
}

/// What there always is, and no more.
pub async fn an_empty_store_is_exported_as_one(stores: Move) {
    let entries = export(&*stores.from).await;
    assert!(
        matches!(
            entries[..],
            [Entry::Epoch(_), Entry::FeedBase(FeedPosition::START)]
        ),
        "{entries:?}"
    );
    import(&*stores.to, entries.clone()).await;
    assert_eq!(export(&*stores.to).await, entries);
}

/// Entries of every kind come in their order, a few at a time.
pub async fn what_is_exported_is_in_order_and_whole(stores: Move) {
    furnish(&stores.from).await;
    let entries = export(&*stores.from).await;
    let mut order = EntryOrder::default();
    for entry in &entries {
        order
            .add(entry)
            .unwrap_or_else(|error| panic!("{error}: {entry:?}"));
    }
    order.end().expect("nothing is missing");
    for kind in EntryKind::ALL {
        assert!(
            entries.iter().any(|entry| entry.kind() == kind),
            "none is a {kind:?}"
        );
    }
}

/// A house moved twice is the same house.
pub async fn an_import_is_exported_again_the_same(stores: Move) {
    furnish(&stores.from).await;
    let entries = export(&*stores.from).await;
    import(&*stores.to, entries.clone()).await;
    let again = export(&*stores.to).await;
    for (entry, again) in entries.iter().zip(&again) {
        assert_eq!(again, entry);
    }
    assert_eq!(again.len(), entries.len());
}

/// Nobody who reads can tell the stores apart.
pub async fn every_port_answers_as_before(stores: Move) {
    furnish(&stores.from).await;
    import(&*stores.to, export(&*stores.from).await).await;
    let (from, to): (Subject, Subject) = (stores.from, stores.to);
    assert_eq!(answers(&to).await, answers(&from).await);
    // Names are held, though nobody reads who holds them.
    for claim in [
        Claim::Username(user("ada").build().username),
        Claim::Subject(subject()),
        Claim::FirstAdministrator,
        Claim::Handle(Handle::parse("ada").expect("a handle that fits")),
        Claim::ChannelOf(user_id("ada")),
        Claim::KeyHash(mac("ada 2")),
        Claim::LiveStream(channel_id("ada")),
        Claim::RecordingOf(stream_id("ada", 1)),
    ] {
        let take = ClaimChange::Take(claim, Holder::User(user_id("somebody else")));
        assert_refused!(
            to.commit().commit(Changes::new().claim(take)).await,
            CommitError::Taken(_),
            "a name that was held before the move is free"
        );
    }
}

/// What is written after an import goes on where the other store stopped.
pub async fn life_goes_on_after_an_import(stores: Move) {
    furnish(&stores.from).await;
    import(&*stores.to, export(&*stores.from).await).await;
    let store: Subject = stores.to;
    let stale = seen(user("ada").shown_as("Stale").build(), Version(1));
    assert_refused!(
        store
            .commit()
            .commit(Changes::new().state(StateChange::User(stale)))
            .await,
        CommitError::Conflict,
        "a version was lost"
    );
    let current = seen(user("ada").shown_as("Current").build(), Version(2));
    keep(&store, Changes::new().state(StateChange::User(current))).await;

    let head = store.feed().head().await.expect("a read");
    let again = message("ada", viewer("ada"), "again").client_id("1").line();
    assert_refused!(
        store.commit().commit(Changes::new().line(again)).await,
        CommitError::Repeated(_),
        "a client message id was forgotten"
    );
    let asked = Changes {
        reply: Some(reply(viewer("ada"), "make:a-thing")),
        ..Changes::new()
    };
    assert_refused!(
        store.commit().commit(asked).await,
        CommitError::Answered(_),
        "a reply was forgotten"
    );
    let follow = follow("cyd", "ada");
    assert_refused!(
        store.commit().commit(unfollows(follow, Version(1))).await,
        CommitError::Conflict,
        "a follow's version was lost"
    );
    keep(&store, unfollows(follow, Version(2))).await;
    let counts = store.follows().followers(&[follow.channel]).await;
    assert_eq!(counts.expect("a read"), [1]);
    let line = message("ada", viewer("ada"), "next").line();
    let said = keep(&store, Changes::new().line(line)).await;
    assert_eq!(said.places[0].seq, Seq(u64::from(LINES) + 2));
    assert_eq!(
        said.places[0].epoch,
        store
            .room_log()
            .head(channel_id("ada"))
            .await
            .expect("a read")
            .epoch
    );
    let records = store.feed().read(head, 10).await.expect("a read");
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].position.0, head.0 + 1);
}

/// What is written while a store is exported is not in it: what was changed is there as it
/// was, what was removed is there, and what is new is not.
pub async fn an_export_is_of_one_moment(stores: Move) {
    furnish(&stores.from).await;
    let before = export(&*stores.from).await;
    let mut sink = Interrupted::of(&stores.from);
    let exported = stores.from.archive().export(&mut sink).await;
    exported.expect("an export");
    assert!(sink.has_changed);
    for (entry, expected) in sink.entries.iter().zip(&before) {
        assert_eq!(entry, expected);
    }
    assert_eq!(sink.entries.len(), before.len());
    // And what was changed meanwhile is in the next one.
    assert_ne!(export(&*stores.from).await, before);
}

/// Commits made all the while are each wholly in an export or not at all.
pub async fn commits_do_not_wait_for_an_export(stores: Move) {
    keep(
        &(stores.from.clone() as Subject),
        creates_channel(&channel("ada")),
    )
    .await;
    let writer = {
        let store: Subject = stores.from.clone();
        tokio::spawn(async move {
            for n in 0..300 {
                let line = message("ada", viewer("ada"), &n.to_string()).line();
                let counted = CounterChange::MessagesAdded(stream_id("ada", 1), 1);
                let mut changes = Changes::new().line(line).counter(counted);
                changes.events.push(event(n, happened(n)));
                keep(&store, changes).await;
            }
        })
    };
    while !writer.is_finished() {
        let (mut lines, mut counted, mut told) = (0, 0, 0);
        for entry in export(&*stores.from).await {
            match entry {
                Entry::Line(..) => lines += 1,
                Entry::Counts(_, counts) => counted = counts.messages,
                Entry::FeedRecord(_, record) => told += record.events.len() as u64,
                _ => {}
            }
        }
        assert_eq!((counted, told), (lines, lines), "half of a commit");
    }
    writer.await.expect("the writer");
}

/// Two houses do not become one.
pub async fn a_store_that_holds_anything_is_not_imported_into(stores: Move) {
    furnish(&stores.from).await;
    let entries = export(&*stores.from).await;
    let to: Subject = stores.to.clone();
    let line = message("ada", viewer("ada"), "somebody lives here").line();
    keep(&to, Changes::new().line(line)).await;
    let before = export(&*stores.to).await;
    let refused = stores.to.archive().import(&mut Entries::of(entries)).await;
    assert_refused!(refused, ImportError::NotEmpty, "two stores were mixed");
    assert_eq!(export(&*stores.to).await, before);
}

/// All or nothing: an import whose source breaks off leaves an empty store, which can be
/// imported into and used.
pub async fn an_import_that_fails_leaves_nothing(stores: Move) {
    furnish(&stores.from).await;
    let entries = export(&*stores.from).await;
    for whole in [0, 1, entries.len() / 2, entries.len()] {
        let mut torn = Entries::of(entries[..whole].to_vec());
        torn.end = End::Broken;
        let refused = stores.to.archive().import(&mut torn).await;
        assert_refused!(refused, ImportError::Source(_), "half was imported");
        assert_empty(&stores.to).await;
    }
    import(&*stores.to, entries.clone()).await;
    assert_eq!(export(&*stores.to).await, entries);
}

/// Whoever waits no longer has imported nothing.
pub async fn an_import_that_is_dropped_leaves_nothing(stores: Move) {
    furnish(&stores.from).await;
    let entries = export(&*stores.from).await;
    let mut stuck = Entries::of(entries.clone());
    let (at_the_end, arrived) = tokio::sync::oneshot::channel();
    stuck.end = End::Never(Some(at_the_end));
    let to = Arc::clone(&stores.to);
    let import_of_it = tokio::spawn(async move { to.archive().import(&mut stuck).await });
    arrived.await.expect("everything was taken");
    import_of_it.abort();
    let ended = import_of_it.await;
    assert!(ended.is_err_and(|error| error.is_cancelled()));
    assert_empty(&stores.to).await;
    import(&*stores.to, entries.clone()).await;
    assert_eq!(export(&*stores.to).await, entries);
}

/// Everything that a store exports.
pub async fn export(store: &dyn ArchiveUnderTest) -> Vec<Entry> {
    let mut entries = Entries::of(Vec::new());
    let exported = store.archive().export(&mut entries).await;
    exported.expect("an export that nothing speaks against");
    entries.all
}

/// A store takes in what another has exported.
pub async fn import(store: &dyn ArchiveUnderTest, entries: Vec<Entry>) {
    let imported = store.archive().import(&mut Entries::of(entries)).await;
    imported.expect("an import that nothing speaks against");
}

async fn assert_empty(store: &Arc<dyn ArchiveUnderTest>) {
    let entries = export(&**store).await;
    assert_eq!(entries.len(), 2, "something was left behind: {entries:?}");
    assert!(!store.users().has_administrator().await.expect("a read"));
}
