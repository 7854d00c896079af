//! Promises of `Feed`.
//!
//! A store may put several commits into one record, so what is compared is the order of
//! events and lines, never how records are cut.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::account::AccountEvent;
use greenroom_domain::chat::Seq;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Changes, CommitError, CounterChange, StateChange};
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::feed::{
    Consumer, CursorMove, FeedError, FeedPosition, FeedRecord, LineRange,
};
use greenroom_domain::shared::id::ChannelId;

use super::{Subject, assert_refused, keep};
use crate::builders::{
    channel, channel_id, creates_channel, event, message, session, stream_id, user_id, viewer,
};

const ONE: Consumer = Consumer("one");
const OTHER: Consumer = Consumer("other");

/// An empty feed ends where it starts.
pub async fn an_empty_feed_has_nothing(store: &Subject) {
    assert_eq!(head(store).await, FeedPosition::START);
    assert_eq!(read(store, 0, 10).await, []);
    assert_eq!(cursor(store, ONE).await, None);
}

/// Events and the ranges of lines stand in the order of their commits, in records that are
/// numbered without a gap and there as soon as the commit was answered.
pub async fn what_was_committed_is_replayed_in_order(store: &Subject) {
    keep(store, creates_channel(&channel("ada"))).await;
    keep(store, creates_channel(&channel("bea"))).await;
    let mut events = Vec::new();
    for n in 1..=12 {
        let happened = [happened(2 * n), happened(2 * n + 1)];
        events.extend(happened.clone());
        let mut changes = says(&["ada", "bea", "ada"]);
        changes.events.extend(happened);
        keep(store, changes).await;

        let records = read(store, 0, 1000).await;
        assert_without_gap(&records, 0);
        assert_eq!(all_events(&records), events, "what was answered is there");
        assert_eq!(head(store).await, records[records.len() - 1].position);
    }
    let records = read(store, 0, 1000).await;
    assert_eq!(lines(&records, "ada"), (1..=24).collect::<Vec<_>>());
    assert_eq!(lines(&records, "bea"), (1..=12).collect::<Vec<_>>());
    for record in &records {
        let mut rooms: Vec<_> = record.lines.iter().map(|range| range.room).collect();
        rooms.sort();
        rooms.dedup();
        assert_eq!(rooms.len(), record.lines.len(), "one range a room");
    }
}

/// Whoever reads on from where they are, in steps of any size, gets the same.
pub async fn the_feed_is_read_from_any_place(store: &Subject) {
    for n in 1..=20 {
        keep(store, tells(n)).await;
    }
    let whole = read(store, 0, 1000).await;
    for step in [1, 3, 7, 1000] {
        let mut place = 0;
        let mut records = Vec::new();
        loop {
            let part = read(store, place, step).await;
            assert!(part.len() <= step, "no more than was asked for");
            let Some(last) = part.last() else { break };
            assert_without_gap(&part, place);
            place = last.position.0;
            records.extend(part);
            assert!(records.len() < 1000, "a feed that does not end");
        }
        assert_eq!(records, whole, "in steps of {step}");
    }
    let end = head(store).await;
    assert_eq!(read(store, end.0, 10).await, []);
}

/// Many commit while one reads on and on: the reader gets everything once, and what one
/// writer did in the order in which it did it.
pub async fn a_reader_misses_nothing(store: &Subject) {
    const WRITERS: u32 = 4;
    const EACH: u32 = 20;
    keep(store, creates_channel(&channel("ada"))).await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                for n in 0..EACH {
                    let mut changes = says(&["ada"]);
                    changes.events.push(happened(writer * 1000 + n));
                    keep(&store, changes).await;
                }
            })
        })
        .collect();
    let mut records = Vec::new();
    let mut place = FeedPosition::START;
    while all_events(&records).len() < (WRITERS * EACH) as usize {
        store.feed().changed(place).await;
        let part = read(store, place.0, 7).await;
        assert_without_gap(&part, place.0);
        place = part.last().map_or(place, |record| record.position);
        records.extend(part);
    }
    for writer in writers {
        writer.await.expect("a writer that does not panic");
    }
    assert_eq!(records, read(store, 0, 1000).await);
    let mut by_writer: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for event in all_events(&records) {
        let (n, _) = event.id.uuid().as_u64_pair();
        by_writer.entry(n / 1000).or_default().push(n % 1000);
    }
    let in_order: Vec<_> = (0..u64::from(EACH)).collect();
    assert_eq!(
        by_writer.into_values().collect::<Vec<_>>(),
        vec![in_order; WRITERS as usize]
    );
    assert_eq!(
        lines(&records, "ada"),
        (1..=u64::from(WRITERS * EACH)).collect::<Vec<_>>()
    );
}

/// Commits that tell of nothing leave no record: a consumer that only moves its cursor would
/// have something new to read for ever.
pub async fn what_tells_of_nothing_leaves_no_record(store: &Subject) {
    keep(store, tells(1)).await;
    let end = head(store).await;
    keep(store, moves(ONE, 0, end.0)).await;
    let quiet = Changes::new()
        .counter(CounterChange::ViewsAdded(stream_id("ada", 1), 1))
        .state(StateChange::Session(session("token", user_id("ada"), 60)));
    keep(store, quiet).await;
    assert_eq!(head(store).await, end);
    assert_eq!(read(store, end.0, 10).await, []);
}

/// A cursor moves from where it stands, for each consumer apart; one that stands elsewhere
/// refuses the commit.
pub async fn cursors_move_from_where_they_stand(store: &Subject) {
    for n in 1..=5 {
        keep(store, tells(n)).await;
    }
    keep(store, moves(ONE, 0, 2)).await;
    assert_eq!(cursor(store, ONE).await, Some(FeedPosition(2)));
    assert_eq!(cursor(store, OTHER).await, None);
    for from in [0, 1, 3] {
        let result = store.commit().commit(moves(ONE, from, 5)).await;
        assert_refused!(
            result,
            CommitError::CursorMoved,
            "a cursor was moved from where it does not stand"
        );
    }
    assert_refused!(
        store.commit().commit(moves(OTHER, 1, 2)).await,
        CommitError::CursorMoved,
        "a cursor that never moved stands at the start"
    );
    keep(store, moves(ONE, 2, 5)).await;
    assert_eq!(cursor(store, ONE).await, Some(FeedPosition(5)));
}

/// A cursor and the effect of what it passed are kept together, or neither.
pub async fn a_cursor_moves_with_its_effect(store: &Subject) {
    keep(store, tells(1)).await;
    let effect =
        |from| moves(ONE, from, 1).counter(CounterChange::MessagesAdded(stream_id("ada", 1), 1));
    // The second is another node's, which believes to be the only one.
    keep(store, effect(0)).await;
    assert_refused!(
        store.commit().commit(effect(0)).await,
        CommitError::CursorMoved,
        "two nodes passed the same records"
    );
    let counts = store.streams().counts(&[stream_id("ada", 1)]).await;
    assert_eq!(counts.expect("a read")[0].messages, 1);
}

/// A consumer that dies between what it was told and its commit is told the same again, and
/// once it has passed, what comes behind.
pub async fn a_consumer_that_dies_is_told_again(store: &Subject) {
    const TOLD: u32 = 7;
    for n in 1..=TOLD {
        keep(store, tells(n)).await;
    }
    let stream = stream_id("ada", 1);
    let mut delivered = Vec::new();
    // Whoever takes over knows nothing but the cursor; every other one dies.
    for dies in [true, false].into_iter().cycle() {
        let stands = cursor(store, ONE).await.unwrap_or(FeedPosition::START);
        let told = read(store, stands.0, 2).await;
        let Some(last) = told.last() else { break };
        delivered.extend(all_events(&told));
        if dies {
            continue;
        }
        let told = all_events(&told).len() as u64;
        let passes = moves(ONE, stands.0, last.position.0);
        let passes = passes.counter(CounterChange::MessagesAdded(stream, told));
        keep(store, passes).await;
        assert!(delivered.len() < 100, "a feed that does not end");
    }
    let told: Vec<_> = (1..=TOLD).map(happened).collect();
    let mut once = delivered.clone();
    once.dedup();
    once.sort_by_key(|event| event.id);
    once.dedup();
    assert_eq!(once, told, "nothing was passed over");
    assert_eq!(delivered.len(), 2 * told.len(), "who died was told in vain");
    let counts = store.streams().counts(&[stream]).await.expect("a read");
    assert_eq!(
        counts[0].messages,
        u64::from(TOLD),
        "each had its effect once"
    );
}

/// However much one commit tells of, it is replayed whole and in order.
pub async fn the_largest_record_is_replayed_whole(store: &Subject) {
    let mut changes = Changes::new();
    changes.events.extend((1..=5_000).map(happened));
    let told = changes.events.clone();
    let long = "🇺🇳".repeat(1000);
    for _ in 0..100 {
        changes = changes.line(message("ada", viewer("bea"), &long).line());
    }
    keep(store, changes).await;
    keep(store, tells(5_001)).await;
    let records = read(store, 0, 10).await;
    assert_without_gap(&records, 0);
    let events = all_events(&records);
    assert_eq!(events[..5_000], told);
    assert_eq!(events[5_000..], [happened(5_001)]);
    assert_eq!(lines(&records, "ada"), (1..=100).collect::<Vec<_>>());
}

/// Who waits is woken by events and by lines, and not kept waiting for what is there.
pub async fn a_change_wakes_who_waits(store: &Subject) {
    keep(store, creates_channel(&channel("ada"))).await;
    for changes in [tells(1), says(&["ada"])] {
        let end = head(store).await;
        let waits = {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                // It may return early.
                while read(&store, end.0, 1).await.is_empty() {
                    store.feed().changed(end).await;
                }
            })
        };
        tokio::task::yield_now().await;
        keep(store, changes).await;
        let woken = tokio::time::timeout(Duration::from_secs(30), waits).await;
        woken.expect("woken").expect("a waiter that does not panic");
        let there = store.feed().changed(end);
        let there = tokio::time::timeout(Duration::from_secs(30), there).await;
        there.expect("what is there already wakes at once");
    }
}

/// What was forgotten cannot be read, and says so; all behind it stays where it was.
pub async fn forgotten_records_are_gone(store: &Subject) {
    for n in 1..=10 {
        keep(store, tells(n)).await;
    }
    let whole = read(store, 0, 1000).await;
    let end = head(store).await;
    let long_ago = Timestamp::from_micros(1);
    let far_ahead = Timestamp::from_micros(7_258_118_400_000_000);
    let through = whole[whole.len() / 2].position;

    let feed = store.feed();
    feed.prune(end, long_ago).await.expect("pruned");
    assert_eq!(read(store, 0, 1000).await, whole, "younger ones stay");

    feed.prune(through, far_ahead).await.expect("pruned");
    for place in 0..through.0 {
        match feed.read(FeedPosition(place), 10).await {
            Err(FeedError::Gone) => {}
            other => panic!("what comes after {place} is gone: {other:?}"),
        }
    }
    let rest = &whole[whole.len() / 2 + 1..];
    assert_eq!(read(store, through.0, 1000).await, rest);
    assert_eq!(head(store).await, end);

    feed.prune(through, far_ahead).await.expect("pruned again");
    keep(store, tells(11)).await;
    let more = read(store, through.0, 1000).await;
    assert_without_gap(&more, through.0);
    assert_eq!(all_events(&more).last(), Some(&happened(11)));

    let end = head(store).await;
    feed.prune(end, far_ahead).await.expect("pruned");
    assert_eq!(head(store).await, end, "an empty feed remembers its place");
    assert_eq!(read(store, end.0, 10).await, []);
    keep(store, tells(12)).await;
    let next = read(store, end.0, 10).await;
    assert_without_gap(&next, end.0);
    assert_eq!(all_events(&next), [happened(12)]);
}

fn happened(n: u32) -> Event {
    event(
        n,
        AccountEvent::PasswordChanged {
            user: user_id("ada"),
        },
    )
}

fn tells(n: u32) -> Changes {
    let mut changes = Changes::new();
    changes.events.push(happened(n));
    changes
}

fn says(rooms: &[&str]) -> Changes {
    rooms.iter().fold(Changes::new(), |changes, handle| {
        changes.line(message(handle, viewer("bea"), "hello").line())
    })
}

fn moves(consumer: Consumer, from: u64, to: u64) -> Changes {
    Changes {
        cursor: Some(CursorMove {
            consumer,
            from: FeedPosition(from),
            to: FeedPosition(to),
        }),
        ..Changes::new()
    }
}

fn all_events(records: &[FeedRecord]) -> Vec<Event> {
    let events = records.iter().flat_map(|record| &record.events);
    events.cloned().collect()
}

/// The numbers of a room's lines, as the records name them.
fn lines(records: &[FeedRecord], handle: &str) -> Vec<u64> {
    let of: ChannelId = channel_id(handle);
    let ranges = records.iter().flat_map(|record| &record.lines);
    ranges
        .filter(|range| range.room == of)
        .flat_map(
            |LineRange {
                 first: Seq(first),
                 last: Seq(last),
                 ..
             }| *first..=*last,
        )
        .collect()
}

fn assert_without_gap(records: &[FeedRecord], after: u64) {
    for (record, position) in records.iter().zip(after + 1..) {
        assert_eq!(record.position, FeedPosition(position), "without a gap");
    }
}

async fn read(store: &Subject, after: u64, limit: usize) -> Vec<FeedRecord> {
    let records = store.feed().read(FeedPosition(after), limit).await;
    records.expect("a read")
}

async fn head(store: &Subject) -> FeedPosition {
    store.feed().head().await.expect("a read")
}

async fn cursor(store: &Subject, consumer: Consumer) -> Option<FeedPosition> {
    store.feed().cursor(consumer).await.expect("a read")
}
