//! Two nodes on one database are one store.

use std::sync::Arc;
use std::time::Duration;

use greenroom_adapters_postgres::{Nodes, OpenError, PgStore};
use greenroom_domain::account::AccountEvent;
use greenroom_domain::chat::{LineBody, Moderation, NewLine, RoomLog};
use greenroom_domain::shared::commit::{
    Changes, Claim, ClaimChange, Commit, CommitError, Holder, StateChange,
};
use greenroom_domain::shared::feed::{Consumer, CursorMove, Feed, FeedPosition};
use greenroom_domain::shared::store::Version;
use greenroom_testkit::builders::{
    ban, channel, channel_id, creates_channel, event, message, seen, user_id, viewer,
};
use greenroom_testkit::servers::Database;
use tokio::time::Instant;

use crate::support::{self, WELL_WITHIN, log, options, says};

async fn two() -> (Arc<PgStore>, Arc<PgStore>, Database) {
    let database = support::database().await;
    let one = support::open(&database).await;
    let other = support::open(&database).await;
    (Arc::new(one), Arc::new(other), database)
}

#[test]
fn lines_of_two_nodes_stand_in_one_order() {
    greenroom_testkit::run(async {
        const EACH: usize = 40;
        let (one, other, _database) = two().await;
        let writers: Vec<_> = [&one, &one, &other, &other]
            .into_iter()
            .enumerate()
            .map(|(writer, store)| {
                let store = Arc::clone(store);
                tokio::spawn(async move {
                    for n in 0..EACH {
                        // In rooms in both orders: locks must not meet crosswise.
                        let rooms = [["ada", "bea"], ["bea", "ada"]][writer % 2];
                        let text = format!("{writer}/{n}");
                        let changes = rooms.iter().fold(Changes::new(), |changes, room| {
                            changes.line(message(room, viewer("cleo"), &text).line())
                        });
                        store.commit(changes).await.unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        for handle in ["ada", "bea"] {
            let lines = log(&one, channel_id(handle)).await;
            assert_eq!(lines, log(&other, channel_id(handle)).await);
            let numbers: Vec<_> = lines.iter().map(|(place, _)| place.seq.0).collect();
            assert_eq!(numbers, (1..=4 * EACH as u64).collect::<Vec<_>>());
        }
    });
}

#[test]
fn a_ban_at_one_node_is_not_overtaken_at_the_other() {
    greenroom_testkit::run(async {
        let (one, other, _database) = two().await;
        one.commit(creates_channel(&channel("ada"))).await.unwrap();
        let posters: Vec<_> = [&one, &one, &other, &other]
            .into_iter()
            .map(|store| {
                let store = Arc::clone(store);
                tokio::spawn(async move { while posts(&store).await < Version(6) {} })
            })
            .collect();
        for n in 1..=5_u64 {
            while RoomLog::head(&*other, channel_id("ada"))
                .await
                .unwrap()
                .seq
                .0
                < n * 20
            {
                tokio::task::yield_now().await;
            }
            bans(&other, &format!("troll-{n}")).await;
        }
        for poster in posters {
            poster.await.unwrap();
        }
        let mut rules = 1;
        for line in one
            .after(
                channel_id("ada"),
                greenroom_domain::chat::Seq::ZERO,
                100_000,
            )
            .await
            .unwrap()
        {
            match line.body {
                LineBody::Restricted { .. } => rules += 1,
                body => assert!(
                    format!("{body:?}").contains(&format!("rules {rules};")),
                    "{body:?} behind rules {rules}"
                ),
            }
        }
        assert_eq!(rules, 6);
    });
}

/// Answers with the version of the rules it posted by.
async fn posts(store: &PgStore) -> Version {
    loop {
        let rules = Moderation::room(store, channel_id("ada")).await.unwrap();
        let rules = rules.unwrap().version;
        let text = format!("rules {};", rules.0);
        let line = message("ada", viewer("bea"), &text).checked_by(rules);
        match store.commit(Changes::new().line(line.line())).await {
            Ok(_) => return rules,
            Err(CommitError::PolicyMoved) => {}
            Err(other) => panic!("a poster may only meet new rules: {other:?}"),
        }
    }
}

async fn bans(store: &PgStore, name: &str) {
    let rules = Moderation::room(store, channel_id("ada")).await.unwrap();
    let rules = rules.unwrap();
    let restriction = ban("ada", viewer(name));
    let line = NewLine {
        room: restriction.room,
        at: restriction.at,
        body: LineBody::Restricted {
            subject: restriction.subject,
            name: None,
            kind: restriction.kind,
            reason: None,
        },
        policy_seen: None,
    };
    let changes = Changes::new()
        .state(StateChange::Room(seen(rules.value, rules.version)))
        .state(StateChange::Restriction(restriction))
        .line(line);
    store.commit(changes).await.unwrap();
}

#[test]
fn a_name_is_given_once_over_all_nodes() {
    greenroom_testkit::run(async {
        let (one, other, _database) = two().await;
        for round in 0..20 {
            let handle = format!("name-{round}");
            let takers: Vec<_> = [&one, &other, &one, &other]
                .into_iter()
                .zip(["ada", "bea", "cleo", "dora"])
                .map(|(store, who)| {
                    let store = Arc::clone(store);
                    let claim = Claim::Handle(channel(&handle).handle);
                    let holder = Holder::User(user_id(who));
                    tokio::spawn(async move {
                        let take = ClaimChange::Take(claim, holder);
                        store.commit(Changes::new().claim(take)).await
                    })
                })
                .collect();
            let mut given = 0;
            for taker in takers {
                match taker.await.unwrap() {
                    Ok(_) => given += 1,
                    Err(CommitError::Taken(_)) => {}
                    Err(other) => panic!("a taker may only be late: {other:?}"),
                }
            }
            assert_eq!(given, 1, "{handle}");
        }
    });
}

#[test]
fn an_aggregate_is_created_by_one_node() {
    greenroom_testkit::run(async {
        let (one, other, _database) = two().await;
        for round in 0..20 {
            let made = channel(&format!("channel-{round}"));
            let (first, second) = tokio::join!(
                one.commit(creates_channel(&made)),
                other.commit(creates_channel(&made))
            );
            match (first, second) {
                (Ok(_), Err(CommitError::Conflict)) | (Err(CommitError::Conflict), Ok(_)) => {}
                both => panic!("one of two creates: {both:?}"),
            }
        }
    });
}

#[test]
fn both_nodes_read_one_feed_in_the_order_of_commits() {
    greenroom_testkit::run(async {
        const EACH: u32 = 50;
        let (one, other, _database) = two().await;
        let writers: Vec<_> = [&one, &other, &one, &other]
            .into_iter()
            .zip(0_u32..)
            .map(|(store, writer)| {
                let store = Arc::clone(store);
                tokio::spawn(async move {
                    for n in 0..EACH {
                        let mut changes = says("ada", "hello");
                        let what = AccountEvent::PasswordChanged {
                            user: user_id("ada"),
                        };
                        changes.events.push(event(writer * 1000 + n, what));
                        store.commit(changes).await.unwrap();
                    }
                })
            })
            .collect();
        // One reads while they write, and misses nothing.
        let mut records = Vec::new();
        let mut events = Vec::new();
        while events.len() < 4 * EACH as usize {
            let place = FeedPosition(records.len() as u64);
            other.changed(place).await;
            let part = Feed::read(&*other, place, 7).await.unwrap();
            events.extend(part.iter().flat_map(|record| record.events.clone()));
            records.extend(part);
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let all = Feed::read(&*one, FeedPosition::START, 10_000)
            .await
            .unwrap();
        assert_eq!(records, all);
        let places: Vec<_> = records.iter().map(|record| record.position.0).collect();
        assert_eq!(places, (1..=places.len() as u64).collect::<Vec<_>>());
        let ranges = records.iter().flat_map(|record| &record.lines);
        let lines: Vec<_> = ranges.flat_map(|it| it.first.0..=it.last.0).collect();
        assert_eq!(lines, (1..=u64::from(4 * EACH)).collect::<Vec<_>>());
        for writer in 0..4 {
            let of = events.iter().map(|event| event.id.uuid().as_u64_pair().0);
            let theirs: Vec<_> = of.filter(|n| n / 1000 == writer).collect();
            assert!(theirs.is_sorted(), "{theirs:?}");
        }
    });
}

/// By notification: asking now and then would take a second each time.
#[test]
fn a_commit_wakes_the_other_node() {
    greenroom_testkit::run(async {
        const ROUNDS: u32 = 20;
        let (one, other, _database) = two().await;
        let begun = Instant::now();
        for _ in 0..ROUNDS {
            let place = Feed::head(&*one).await.unwrap();
            let waits = {
                let other = Arc::clone(&other);
                tokio::spawn(async move { other.changed(place).await })
            };
            one.commit(says("ada", "hello")).await.unwrap();
            waits.await.unwrap();
            let read = Feed::read(&*other, place, 1).await.unwrap();
            assert_eq!(read.len(), 1);
        }
        assert!(begun.elapsed() < Duration::from_millis(500) * ROUNDS);
    });
}

#[test]
fn who_shares_nothing_runs_alone() {
    greenroom_testkit::run(async {
        let database = support::database().await;
        let open = async |nodes| {
            let options = options(database.url()).nodes(nodes);
            PgStore::open(&options).await
        };
        let alone = open(Nodes::One).await.unwrap();
        for nodes in [Nodes::One, Nodes::Many] {
            let refused = open(nodes).await.err().unwrap();
            assert!(matches!(refused, OpenError::AnotherNode), "{refused:?}");
            assert!(refused.to_string().contains("[redis]"));
        }
        // A tool that asks for no place is no node.
        support::open(&database)
            .await
            .commit(says("ada", "hello"))
            .await
            .unwrap();
        // Also after its connection was cut, before it has written again.
        let mut operator = support::connect(&database).await;
        support::cut(&mut operator).await;
        until_refused(async || open(Nodes::One).await).await;
        support::until_well(&alone, says("ada", "hello")).await;
        alone.close().await;

        let first = open(Nodes::Many).await.unwrap();
        let second = open(Nodes::Many).await.unwrap();
        let refused = open(Nodes::One).await.err().unwrap();
        assert!(matches!(refused, OpenError::AnotherNode), "{refused:?}");
        first.close().await;
        second.close().await;
        open(Nodes::One).await.unwrap();
    });
}

/// The place is another's for a moment at most.
async fn until_refused(open: impl AsyncFn() -> Result<PgStore, OpenError>) {
    let begun = Instant::now();
    while let Ok(opened) = open().await {
        opened.close().await;
        assert!(begun.elapsed() < WELL_WITHIN, "the place is still free");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[test]
fn a_cursor_is_moved_by_one_node() {
    greenroom_testkit::run(async {
        const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
        let (one, other, _database) = two().await;
        for name in NAMES {
            let moves = || Changes {
                cursor: Some(CursorMove {
                    consumer: Consumer(name),
                    from: FeedPosition::START,
                    to: FeedPosition(1),
                }),
                ..Changes::new()
            };
            match tokio::join!(one.commit(moves()), other.commit(moves())) {
                (Ok(_), Err(CommitError::CursorMoved)) | (Err(CommitError::CursorMoved), Ok(_)) => {
                }
                both => panic!("one of two moves the cursor of {name}: {both:?}"),
            }
        }
    });
}
