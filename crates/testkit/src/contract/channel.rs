//! Promises of `Channels` and
//! `StreamKeys`.

use std::sync::Arc;

use greenroom_domain::channel::{
    Channel, ChannelEdit, Description, IngestGate, KeyLabel, Language, StreamKey, Tag, Tags,
};
use greenroom_domain::shared::commit::{
    Changes, Claim, ClaimChange, CommitError, Holder, StateChange,
};
use greenroom_domain::shared::secret::{Mac, Sealed};
use greenroom_domain::shared::store::Version;

use super::paging::{self, assert_unknown_cursors};
use super::{Subject, keep};
use crate::builders::{
    NOON, category, channel, channel_id, creates_channel, creates_key, creates_user, mac,
    noon_plus, picture_id, seen, stream_id, stream_key, stream_key_id, title, user, user_id,
};

/// A channel is found by its id, its handle and its owner.
pub async fn channels_are_found(store: &Subject) {
    let (ada, bea) = (channel("ada"), channel("bea"));
    keep(store, creates_channel(&ada)).await;
    keep(store, creates_channel(&bea)).await;
    let channels = store.channels();
    for it in [&ada, &bea] {
        let reads = [
            channels.get(it.id).await,
            channels.by_handle(&it.handle).await,
            channels.by_owner(it.owner).await,
        ];
        for read in reads {
            let read = read.expect("a read").expect("the channel is there");
            assert_eq!((&read.value, read.version), (it, Version(1)));
        }
    }
    let nobody = channel("bea-");
    assert_eq!(channels.get(nobody.id).await.expect("a read"), None);
    let by_handle = channels.by_handle(&nobody.handle).await;
    assert_eq!(by_handle.expect("a read"), None);
    let by_owner = channels.by_owner(nobody.owner).await;
    assert_eq!(by_owner.expect("a read"), None);

    let ids = ["bea", "nobody", "ada"].map(channel_id);
    let several = channels.get_many(&ids).await.expect("a read");
    assert_eq!(several, [bea, ada]);
}

/// Of several that are made with one handle at once there is one, and of the others nothing.
pub async fn a_handle_leads_to_one_channel(store: &Subject) {
    let handle = channel("studio").handle;
    let makers: Vec<_> = ["ada", "bea", "cleo", "dora"]
        .into_iter()
        .map(|name| {
            let wanted = Channel {
                handle: handle.clone(),
                ..channel(name)
            };
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let made = store.commit().commit(creates_channel(&wanted)).await;
                (wanted, made)
            })
        })
        .collect();
    let mut there = Vec::new();
    for maker in makers {
        let (wanted, made) = maker.await.expect("a maker that does not panic");
        match made {
            Ok(_) => there.push(wanted),
            Err(CommitError::Taken(Claim::Handle(taken))) => {
                assert_eq!(taken, handle);
                let read = store.channels().get(wanted.id).await.expect("a read");
                assert_eq!(read, None, "it was refused");
                let rules = store.moderation().room(wanted.id).await.expect("a read");
                assert_eq!(rules, None, "it was refused");
            }
            Err(other) => panic!("a maker may only be too late: {other:?}"),
        }
    }
    assert_eq!(there.len(), 1);
    let found = store.channels().by_handle(&handle).await.expect("a read");
    assert_eq!(found.as_ref().map(|it| &it.value), there.first());
    let listed = store.channels().list(&paging::first(10)).await;
    let listed = listed.expect("a read").expect("the first page");
    assert_eq!(listed.items, there);
}

/// All channels in the order of the bytes of their handles, in pages, stable while channels
/// are written.
pub async fn channels_are_listed_by_handle(store: &Subject) {
    // As bytes: '-' before digits, '_' between digits and letters, a prefix before what it
    // begins.
    let in_order = [
        "0-9", "a--", "a-b", "a0a", "a0a0", "a9-", "a_b", "aa-", "aa-a", "aaa", "z00", "z_0",
    ];
    for n in 0..in_order.len() {
        // Not in their order: 5 and 12 have no common divisor.
        let handle = in_order[(n * 5) % in_order.len()];
        keep(store, creates_channel(&channel(handle))).await;
    }
    let list = async |page| store.channels().list(&page).await.expect("a read");
    let handles = |channels: &[Channel]| -> Vec<String> {
        let handles = channels.iter().map(|it| it.handle.to_string());
        handles.collect()
    };
    assert_eq!(handles(&paging::all(list, 5).await), in_order);

    for name in ["ada", "bea"] {
        keep(store, creates_user(&user(name).build())).await;
    }
    let users = store.users().list(None, &paging::first(1)).await;
    assert_unknown_cursors(list, &[users]).await;

    let mut page = paging::first(4);
    let first = list(page.clone()).await.expect("the first page");
    page.after = first.next;
    keep(store, creates_channel(&channel("a-a"))).await;
    let edited = Channel {
        title: title("Another"),
        ..channel("aaa")
    };
    let write = seen(edited, Version(1));
    keep(store, Changes::new().state(StateChange::Channel(write))).await;
    let second = list(page).await.expect("a cursor of this listing");
    assert_eq!(handles(&second.items), in_order[4..8]);
}

/// Everything a channel may hold, at its largest, comes back as it was.
pub async fn channels_are_kept_exactly(store: &Subject) {
    let made = channel("ada");
    keep(store, creates_channel(&made)).await;
    // A family is one grapheme of 25 bytes.
    let family = "👨‍👩‍👧‍👦";
    let tags = (0..Tags::MAX).map(|n| {
        let tag = format!("{}{n}", "é".repeat(24));
        Tag::parse(&tag).expect("25 graphemes")
    });
    let edit = ChannelEdit {
        title: Some(title(&family.repeat(120))),
        description: Some(Description::parse(&family.repeat(2000)).expect("2000 graphemes")),
        category: Some(Some(category(&family.repeat(50)))),
        language: Some(Some(Language::parse("pt-BR").expect("a language"))),
        tags: Some(Tags::new(tags).expect("ten tags")),
    };
    let largest = made.edit(edit).next;
    let gates = [
        IngestGate::Held {
            key: stream_key_id("ada", 1),
            until: noon_plus(60),
        },
        IngestGate::Locked { since: NOON },
        IngestGate::Open,
    ];
    for (gate, version) in gates.into_iter().zip(1..) {
        let next = Channel {
            gate,
            cover: Some(picture_id("cover")),
            ..largest.clone()
        };
        let write = seen(next.clone(), Version(version));
        keep(store, Changes::new().state(StateChange::Channel(write))).await;
        let read = store.channels().get(next.id).await.expect("a read");
        assert_eq!(read.map(|read| read.value), Some(next));
    }
    let by_owner = store.channels().by_owner(user_id("ada")).await;
    let version = by_owner.expect("a read").map(|read| read.version);
    assert_eq!(version, Some(Version(4)));
}

/// A key is found by the hash that it has now, and by none that it had.
pub async fn keys_are_found_by_their_present_hash(store: &Subject) {
    let made = stream_key("ada", 1);
    keep(store, creates_key(&made)).await;
    keep(store, creates_key(&stream_key("ada", 2))).await;
    let old = made.hash().expect("active");
    assert_eq!(by_hash(store, old).await, Some(made.clone()));

    let new = mac("another secret");
    let sealed = Sealed((0..=255).collect());
    let rotated = made.rotate(new, sealed, noon_plus(1)).expect("active").next;
    rewrite(store, &rotated, 1, Some(old)).await;
    assert_eq!(
        by_hash(store, old).await,
        None,
        "the old secret is worth nothing"
    );
    assert_eq!(by_hash(store, new).await, Some(rotated.clone()));

    let revoked = rotated.revoke(noon_plus(2)).next;
    rewrite(store, &revoked, 2, Some(new)).await;
    assert_eq!(
        by_hash(store, new).await,
        None,
        "nor is that of a revoked key"
    );
    let read = store.stream_keys().get(revoked.id).await.expect("a read");
    let read = read.expect("a revoked key is still there");
    assert_eq!((read.value, read.version), (revoked, Version(3)));
    let unknown = store.stream_keys().get(stream_key_id("ada", 9)).await;
    assert_eq!(unknown.expect("a read"), None);
}

/// A channel's keys come oldest first, revoked ones too, and nobody else's.
pub async fn keys_of_a_channel_come_oldest_first(store: &Subject) {
    let mut keys: Vec<_> = (1..=5).map(|n| stream_key("ada", n)).collect();
    keys[3].bound_to = Some(stream_id("ada", 1));
    keys[4].label = KeyLabel::parse(&"é".repeat(50)).expect("50 graphemes");
    for n in [2, 0, 4, 1, 3] {
        keep(store, creates_key(&keys[n])).await;
    }
    keep(store, creates_key(&stream_key("bea", 1))).await;
    keys[1] = keys[1].clone().revoke(noon_plus(60)).next;
    let old = stream_key("ada", 2).hash();
    rewrite(store, &keys[1], 1, old).await;
    let read = store.stream_keys().of_channel(channel_id("ada")).await;
    assert_eq!(read.expect("a read"), keys);
    let none = store.stream_keys().of_channel(channel_id("cleo")).await;
    assert_eq!(none.expect("a read"), []);
}

async fn by_hash(store: &Subject, hash: Mac) -> Option<StreamKey> {
    let read = store.stream_keys().by_hash(hash).await.expect("a read");
    read.map(|read| read.value)
}

/// Writes a key that had another hash.
async fn rewrite(store: &Subject, key: &StreamKey, version: u64, had: Option<Mac>) {
    let holder = Holder::StreamKey(key.id);
    let write = seen(key.clone(), Version(version));
    let mut changes = Changes::new().state(StateChange::StreamKey(write));
    if let Some(had) = had {
        changes = changes.claim(ClaimChange::Release(Claim::KeyHash(had), holder));
    }
    if let Some(has) = key.hash() {
        changes = changes.claim(ClaimChange::Take(Claim::KeyHash(has), holder));
    }
    keep(store, changes).await;
}
