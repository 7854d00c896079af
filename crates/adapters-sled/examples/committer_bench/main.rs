//! Durable writes a second with 64 writers: a bare committer that puts one key into sled,
//! beside [`SledStore`] keeping one chat message.
//!
//! ```text
//! cargo run --release -p greenroom-adapters-sled --example committer_bench -- [seconds] [folder]
//! ```
//!
//! Both batch what has queued, and make it durable alike: apply, `flush()`, `sync_data()`.
//! They run by turns, for a disk is not equally fast all the time.

mod bare;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use greenroom_adapters_sled::{SledStore, StoreOptions};
use greenroom_domain::account::{DisplayName, Username};
use greenroom_domain::chat::{
    Author, ClientMessageId, Content, LineBody, Message, MessageText, NewLine, Room, RoomLog,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Changes, Commit, StateChange, Write};
use greenroom_domain::shared::id::{ChannelId, NodeId, UserId};
use greenroom_domain::shared::store::Version;
use uuid::Uuid;

use self::bare::{Failure, ROUNDS, WRITERS, bare_committer, measure, median};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let seconds = args.next().map_or(Ok(2), |text| text.parse())?;
    let time = Duration::from_secs(seconds);
    let folder = match args.next() {
        Some(parent) => tempfile::tempdir_in(parent)?,
        None => tempfile::tempdir()?,
    };
    println!("{WRITERS} writers, {ROUNDS} rounds of {seconds} s each, 200 characters of text");
    let (mut bare, mut store) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        bare.push(bare_committer(&folder.path().join(format!("bare-{round}")), time).await?);
        store.push(whole_store(&folder.path().join(format!("store-{round}")), time).await?);
        println!(
            "  bare {:>7.0}/s   store {:>7.0}/s   ratio {:.2}",
            bare[round],
            store[round],
            store[round] / bare[round]
        );
    }
    let (bare, store) = (median(bare), median(store));
    println!(
        "median: bare {bare:.0}/s, store {store:.0}/s, ratio {:.2}",
        store / bare
    );
    Ok(())
}

async fn whole_store(path: &Path, time: Duration) -> Result<f64, Failure> {
    let node = NodeId::from_uuid(Uuid::from_u128(1));
    let store = Arc::new(SledStore::open(path, StoreOptions::new(node))?);
    let channel = ChannelId::from_uuid(Uuid::from_u128(7));
    let room = Write {
        next: Room::open(channel),
        seen: Version::NEW,
    };
    store
        .commit(Changes::new().state(StateChange::Room(room)))
        .await?;
    let next = Arc::new(AtomicU64::new(0));
    let rate = measure(time, {
        let store = Arc::clone(&store);
        move |writer| {
            let (store, n) = (Arc::clone(&store), next.fetch_add(1, Ordering::Relaxed));
            async move {
                store
                    .commit(Changes::new().line(message(channel, writer, n)?))
                    .await?;
                Ok(())
            }
        }
    })
    .await?;
    store.close().await;
    let begun = Instant::now();
    let reopened = SledStore::open(path, StoreOptions::new(node))?;
    let opened = begun.elapsed();
    let lines = reopened.head(channel).await?.seq.0;
    println!(
        "  (a log of {lines} lines was opened again in {} ms)",
        opened.as_millis()
    );
    Ok(rate)
}

fn message(room: ChannelId, writer: u64, n: u64) -> Result<NewLine, Failure> {
    Ok(NewLine {
        room,
        at: Timestamp::from_micros(i64::try_from(n)?),
        body: LineBody::Message(Message {
            author: Author {
                identity: Identity::User(UserId::from_uuid(Uuid::from_u128(writer.into()))),
                username: Some(Username::parse(&format!("writer-{writer}"))?),
                name: DisplayName::parse("Somebody")?,
                badges: Vec::new(),
            },
            client_id: Some(ClientMessageId::parse(&format!("message-{n}"))?),
            content: Content::Text(MessageText {
                text: "x".repeat(200),
                truncated: false,
            }),
            reply_to: None,
        }),
        policy_seen: Some(Version(1)),
    })
}
