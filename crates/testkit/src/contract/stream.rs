//! Promises of `Streams`.

use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::StreamId;
use greenroom_domain::shared::store::Version;
use greenroom_domain::stream::{EndReason, Stream};

use super::paging::{self, assert_unknown_cursors};
use super::{Subject, keep};
use crate::builders::{
    category, channel_id, creates_channel, creates_stream, creates_user, node_id, noon_plus,
    stream, stream_id, stream_key_id, title, user, writes_stream,
};

/// A stream is read as it is, in every state it can be in.
pub async fn streams_are_kept_exactly(store: &Subject) {
    let pending = stream("ada", 1);
    let key = stream_key_id("ada", 1);
    let states = [
        pending.clone().awaiting(Timestamp::from_micros(i64::MAX)),
        pending.clone().publishing(node_id("here"), key),
        pending.clone().interrupted(key, noon_plus(30)),
        pending.clone().ended(EndReason::OwnerEnded),
        pending.clone().ended(EndReason::AdminEnded),
        pending.clone().ended(EndReason::EncoderGone),
        pending.clone().ended(EndReason::NoMedia),
    ];
    keep(store, creates_stream(&pending.build())).await;
    for (state, version) in states.into_iter().zip(1..) {
        let mut next = state.build();
        next.title = title(&"👨‍👩‍👧‍👦".repeat(120));
        next.category = Some(category("Music"));
        keep(store, writes_stream(&next, Version(version))).await;
        let read = store.streams().get(next.id).await.expect("a read");
        let read = read.expect("the stream is there");
        assert_eq!((read.value, read.version), (next, Version(version + 1)));
    }
    let unknown = store.streams().get(stream_id("ada", 2)).await;
    assert_eq!(unknown.expect("a read"), None);
}

/// Live streams are found as long as they are live: by channel, and all in the order of their
/// ids.
pub async fn live_streams_are_found(store: &Subject) {
    let on_air = |handle: &str, n| {
        let key = stream_key_id(handle, 1);
        stream(handle, n).publishing(node_id("here"), key).build()
    };
    keep(store, creates_stream(&stream("ada", 1).build())).await;
    assert_eq!(live_of(store, "ada").await, None, "pending is not live");
    let streams = [on_air("ada", 2), on_air("bea", 3), on_air("cleo", 1)];
    for it in &streams {
        keep(store, creates_stream(it)).await;
    }
    for (handle, it) in ["ada", "bea", "cleo"].into_iter().zip(&streams) {
        assert_eq!(live_of(store, handle).await.as_ref(), Some(it));
    }
    let ids = streams.clone().map(|it| it.id);
    assert_eq!(live(store).await, [ids[2], ids[0], ids[1]]);

    let interrupted = stream("bea", 3).interrupted(stream_key_id("bea", 1), noon_plus(30));
    keep(store, writes_stream(&interrupted.build(), Version(1))).await;
    assert_eq!(live(store).await.len(), 3, "interrupted is live");
    let ended = stream("bea", 3).ended(EndReason::EncoderGone).build();
    keep(store, writes_stream(&ended, Version(2))).await;
    assert_eq!(live(store).await, [ids[2], ids[0]]);
    assert_eq!(live_of(store, "bea").await, None);

    let next = on_air("bea", 4);
    keep(store, creates_stream(&next)).await;
    assert_eq!(live_of(store, "bea").await, Some(next), "the next one");
}

/// What is due comes soonest first, as long as it is due.
pub async fn due_streams_come_soonest_first(store: &Subject) {
    let key = stream_key_id("ada", 1);
    let before_1970 = Timestamp::from_micros(-5_000_000);
    let streams = [
        stream("ada", 5).awaiting(noon_plus(10)),
        stream("bea", 4).interrupted(key, noon_plus(20)),
        stream("cleo", 3).awaiting(noon_plus(30)),
        stream("dora", 2).publishing(node_id("here"), key),
        stream("emmy", 1).ended(EndReason::NoMedia),
        stream("fay", 6),
        stream("grace", 7).awaiting(before_1970),
    ]
    .map(crate::builders::StreamBuilder::build);
    for n in [1, 6, 0, 5, 2, 4, 3] {
        keep(store, creates_stream(&streams[n])).await;
    }
    let ids = streams.map(|it| it.id);
    assert_eq!(due(store, Timestamp::from_micros(-5_000_001), 10).await, []);
    assert_eq!(
        due(store, before_1970, 10).await,
        [ids[6]],
        "then, not after"
    );
    assert_eq!(due(store, noon_plus(9), 10).await, [ids[6]]);
    assert_eq!(due(store, noon_plus(10), 10).await, [ids[6], ids[0]]);
    let all = [ids[6], ids[0], ids[1], ids[2]];
    assert_eq!(due(store, noon_plus(3600), 10).await, all);
    assert_eq!(due(store, noon_plus(3600), 2).await, all[..2]);

    // The first is published to, the second gets more time, the third ends.
    let published = stream("ada", 5).publishing(node_id("here"), key).build();
    keep(store, writes_stream(&published, Version(1))).await;
    let later = stream("bea", 4).interrupted(key, noon_plus(40)).build();
    keep(store, writes_stream(&later, Version(1))).await;
    let ended = stream("cleo", 3).ended(EndReason::NoMedia).build();
    keep(store, writes_stream(&ended, Version(1))).await;
    assert_eq!(due(store, noon_plus(39), 10).await, [ids[6]]);
    assert_eq!(due(store, noon_plus(40), 10).await, [ids[6], ids[1]]);
}

/// A channel's streams come newest first, in pages, stable while streams are written.
pub async fn streams_of_a_channel_come_newest_first(store: &Subject) {
    for n in [3, 1, 7, 2, 6, 4, 5] {
        keep(store, creates_stream(&stream("ada", n).build())).await;
        keep(store, creates_stream(&stream("bea", n).build())).await;
    }
    let of = async |handle: &str, page| {
        let read = store.streams().of_channel(channel_id(handle), &page).await;
        read.expect("a read")
    };
    let list = async |page| of("ada", page).await;
    let newest_first = [7, 6, 5, 4, 3, 2, 1].map(|n| stream_id("ada", n));
    assert_eq!(ids(&paging::all(list, 3).await), newest_first);
    let nobody = of("nobody", paging::first(10)).await.expect("a first page");
    assert_eq!((nobody.items, nobody.next), (vec![], None));

    for name in ["ada", "bea"] {
        keep(store, creates_user(&user(name).build())).await;
        keep(store, creates_channel(&crate::builders::channel(name))).await;
    }
    let users = store.users().list(None, &paging::first(1)).await;
    assert_unknown_cursors(list, &[users]).await;
    let channels = store.channels().list(&paging::first(1)).await;
    assert_unknown_cursors(list, &[channels]).await;

    let mut page = paging::first(3);
    let first = list(page.clone()).await.expect("a first page");
    page.after = first.next;
    keep(store, creates_stream(&stream("ada", 8).build())).await;
    let ended = stream("ada", 3).ended(EndReason::NoMedia).build();
    keep(store, writes_stream(&ended, Version(1))).await;
    let second = list(page).await.expect("a cursor of this listing");
    assert_eq!(ids(&second.items), newest_first[3..6]);
    assert_eq!(second.items[1], ended, "as it is now");
}

fn ids(streams: &[Stream]) -> Vec<StreamId> {
    streams.iter().map(|it| it.id).collect()
}

async fn live_of(store: &Subject, handle: &str) -> Option<Stream> {
    let read = store.streams().live_of(channel_id(handle)).await;
    read.expect("a read").map(|read| read.value)
}

async fn live(store: &Subject) -> Vec<StreamId> {
    let live = store.streams().live().await.expect("a read");
    live.into_iter().map(|read| read.value.id).collect()
}

async fn due(store: &Subject, now: Timestamp, limit: usize) -> Vec<StreamId> {
    let due = store.streams().due(now, limit).await.expect("a read");
    due.into_iter().map(|read| read.value.id).collect()
}
