//! PostgreSQL is stopped as by a crash and started again, while two nodes write: nothing that
//! was acknowledged is lost, nothing stands twice, and the store is well within seconds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use greenroom_adapters_postgres::PgStore;
use greenroom_domain::chat::{LineBody, Place, RoomLog, Seq};
use greenroom_domain::shared::commit::{Changes, Commit, CommitError, CounterChange};
use greenroom_domain::shared::feed::{Feed, FeedPosition};
use greenroom_domain::shared::store::StoreError;
use greenroom_domain::stream::Streams;
use greenroom_testkit::builders::{channel_id, message, stream_id, viewer};
use greenroom_testkit::servers::{PostgresServer, StopMode};
use tokio::time::Instant;

use crate::support::{self, WELL_WITHIN, says, until_well};

const ROOMS: [&str; 2] = ["ada", "bea"];
const RESTARTS: u64 = 3;

/// What the writers were told.
#[derive(Default)]
struct Told {
    kept: AtomicU64,
    /// Views that were surely counted, and those that may have been.
    counted: AtomicU64,
    uncertain: AtomicU64,
    is_over: AtomicBool,
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_doubled() {
    greenroom_testkit::run(async {
        let mut server = tokio::task::spawn_blocking(PostgresServer::start_durable)
            .await
            .unwrap();
        let made = tokio::task::spawn_blocking(move || {
            let database = server.template("store", support::migrate).database();
            (server, database)
        });
        let database;
        (server, database) = made.await.unwrap();
        let nodes = [(); 2].map(|()| support::open(&database));
        let [one, other] = nodes;
        let nodes = [Arc::new(one.await), Arc::new(other.await)];

        let told = Arc::new(Told::default());
        let writers: Vec<_> = (0..8)
            .map(|n| {
                let (store, told) = (Arc::clone(&nodes[n % 2]), Arc::clone(&told));
                tokio::spawn(async move { writes(n, &store, &told).await })
            })
            .collect();
        for round in 1..=RESTARTS {
            while told.kept.load(Ordering::Relaxed) < round * 200 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let restarted = tokio::task::spawn_blocking(move || {
                server.restart(StopMode::Immediate);
                server
            });
            server = restarted.await.unwrap();
            for node in &nodes {
                let took = until_well(node, says("cleo", "well")).await;
                assert!(took < WELL_WITHIN, "{took:?}");
            }
        }
        told.is_over.store(true, Ordering::Relaxed);
        let mut acknowledged = BTreeMap::new();
        for writer in writers {
            acknowledged.extend(writer.await.unwrap());
        }
        assert_log(&nodes, &acknowledged).await;
        assert_feed(&nodes[0]).await;
        let counts = nodes[0].counts(&[stream_id("ada", 1)]).await.unwrap();
        let counted = told.counted.load(Ordering::Relaxed);
        let uncertain = told.uncertain.load(Ordering::Relaxed);
        assert!(
            (counted..=counted + uncertain).contains(&counts[0].views),
            "{counts:?}, {counted} acknowledged, {uncertain} unknown"
        );
    });
}

/// Posts until it is over, each message until it is acknowledged, and counts beside it what
/// no client message id guards.
async fn writes(writer: usize, store: &PgStore, told: &Told) -> BTreeMap<String, (usize, Place)> {
    let mut acknowledged = BTreeMap::new();
    let mut n = 0;
    while !told.is_over.load(Ordering::Relaxed) {
        n += 1;
        let id = format!("{writer}/{n}");
        let room = n % ROOMS.len();
        let place = loop {
            let line = message(ROOMS[room], viewer("bea"), "hello").client_id(&id);
            match answer(store, Changes::new().line(line.line())).await {
                Ok(places) => break places[0],
                Err(CommitError::Repeated(line)) => break line.place,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        acknowledged.insert(id, (room, place));
        told.kept.fetch_add(1, Ordering::Relaxed);
        let views = CounterChange::ViewsAdded(stream_id("ada", 1), 1);
        let count = match answer(store, Changes::new().counter(views)).await {
            Ok(_) => &told.counted,
            Err(_) => &told.uncertain,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

async fn answer(store: &PgStore, changes: Changes) -> Result<Vec<Place>, CommitError> {
    let begun = Instant::now();
    let answer = store.commit(changes).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(4), "an answer after {took:?}");
    match answer {
        Ok(committed) => Ok(committed.places),
        Err(
            refused @ (CommitError::Repeated(_) | CommitError::Store(StoreError::Unavailable(_))),
        ) => Err(refused),
        Err(other) => panic!("only the database may be away: {other:?}"),
    }
}

async fn assert_log(nodes: &[Arc<PgStore>; 2], acknowledged: &BTreeMap<String, (usize, Place)>) {
    let mut found = BTreeMap::new();
    for (room, handle) in ROOMS.iter().enumerate() {
        let lines = nodes[0]
            .after(channel_id(handle), Seq::ZERO, usize::MAX)
            .await
            .unwrap();
        let same = nodes[1]
            .after(channel_id(handle), Seq::ZERO, usize::MAX)
            .await
            .unwrap();
        assert_eq!(lines, same);
        for (line, seq) in lines.into_iter().zip(1..) {
            assert_eq!(line.place.seq, Seq(seq), "without a gap");
            let LineBody::Message(message) = line.body else {
                panic!("only messages were written");
            };
            let id = message.client_id.unwrap().as_str().to_owned();
            let before = found.insert(id, (room, line.place));
            assert_eq!(before, None, "a message stands twice");
        }
    }
    for (id, place) in acknowledged {
        assert_eq!(found.get(id), Some(place), "{id} was acknowledged");
    }
}

async fn assert_feed(store: &PgStore) {
    let records = Feed::read(store, FeedPosition::START, usize::MAX)
        .await
        .unwrap();
    let mut told = BTreeSet::new();
    for (record, position) in records.iter().zip(1..) {
        assert_eq!(record.position, FeedPosition(position), "without a gap");
        for range in &record.lines {
            for seq in range.first.0..=range.last.0 {
                assert!(told.insert((range.room, seq)), "a line is told of twice");
            }
        }
    }
    for handle in ROOMS {
        let room = channel_id(handle);
        let head = RoomLog::head(store, room).await.unwrap();
        let lines = told.iter().filter(|(of, _)| *of == room).count();
        assert_eq!(lines as u64, head.seq.0, "every line is told of");
    }
}
