//! What is larger than one value of the store may be.

use greenroom_adapters_sled::{SledStore, StoreOptions};
use greenroom_domain::shared::commit::{Changes, Commit};
use greenroom_domain::shared::feed::{Feed, FeedError, FeedPosition};
use greenroom_domain::stream::StreamEvent;
use greenroom_testkit::builders::{
    channel_id, event, guest, message, node_id, noon_plus, stream_id, viewer,
};

fn everybody_comes(n: u32, people: u32) -> Changes {
    let joined = (0..people).map(|n| guest(&format!("guest-{n}"))).collect();
    let mut changes = Changes::new();
    changes.events.push(event(
        n,
        StreamEvent::AudienceChanged {
            stream: stream_id("ada", 1),
            channel: channel_id("ada"),
            joined,
            left: Vec::new(),
            viewers: u64::from(people),
        },
    ));
    changes
}

#[tokio::test]
async fn an_event_of_any_size_is_replayed_and_forgotten_whole() {
    let folder = tempfile::tempdir().unwrap();
    let options = || StoreOptions::new(node_id("node")).kept_back(0);
    let store = SledStore::open(folder.path(), options()).unwrap();
    let large = everybody_comes(1, 20_000);
    let small = everybody_comes(2, 1);
    let line = message("ada", viewer("ada"), "so many")
        .at(noon_plus(60))
        .line();
    for changes in [large.clone(), small.clone(), Changes::new().line(line)] {
        store.commit(changes).await.unwrap();
    }
    store.close().await;

    let store = SledStore::open(folder.path(), options()).unwrap();
    let records = Feed::read(&store, FeedPosition::START, 9).await.unwrap();
    assert_eq!(records.len(), 3);
    assert_eq!(records[0].events, large.events);
    assert_eq!(records[1].events, small.events);
    let first = Feed::read(&store, FeedPosition::START, 1).await.unwrap();
    assert_eq!(first, records[..1], "all parts of it");

    store.prune(FeedPosition(9), noon_plus(60)).await.unwrap();
    assert!(matches!(
        Feed::read(&store, FeedPosition(1), 9).await,
        Err(FeedError::Gone)
    ));
    let rest = Feed::read(&store, FeedPosition(2), 9).await.unwrap();
    assert_eq!(rest, records[2..], "what was written later stays");
    assert_eq!(Feed::head(&store).await.unwrap(), FeedPosition(3));
}

#[tokio::test]
async fn positions_go_on_where_all_was_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let options = || StoreOptions::new(node_id("node")).kept_back(0);
    let store = SledStore::open(folder.path(), options()).unwrap();
    store.commit(everybody_comes(1, 1)).await.unwrap();
    store.prune(FeedPosition(1), noon_plus(1)).await.unwrap();
    store.close().await;
    let store = SledStore::open(folder.path(), options()).unwrap();
    assert_eq!(Feed::head(&store).await.unwrap(), FeedPosition(1));
    store.commit(everybody_comes(2, 1)).await.unwrap();
    let records = Feed::read(&store, FeedPosition(1), 9).await.unwrap();
    assert_eq!(records[0].position, FeedPosition(2));
}
