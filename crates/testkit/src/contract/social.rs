//! Promises of `Follows` and `Blocks`.

use std::sync::Arc;

use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Changes, CommitError, StateChange};
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::store::{Stored, Version};
use greenroom_domain::social::{Block, Follow, Notify};
use uuid::Uuid;

use super::{Subject, assert_refused, keep};
use crate::builders::{block, channel_id, follow, follows, noon_plus, seen, unfollows, user_id};

/// A follow is read as it was written last, by who follows what; nobody else follows by it.
pub async fn follows_are_kept_exactly(store: &Subject) {
    let moments = [i64::MIN, -1, 0, 1_767_268_800_000_001, i64::MAX];
    for (n, at) in moments.map(Timestamp::from_micros).into_iter().enumerate() {
        let begun = Follow {
            at,
            ..follow(&format!("user-{n}"), "ada")
        };
        keep(store, follows(begun)).await;
        assert_eq!(read(store, begun).await, stored(begun, 1));
        let quiet = Follow {
            notify: Notify::Nothing,
            ..begun
        };
        for (next, version) in [(quiet, 2), (begun, 3)] {
            let write = StateChange::Follow(seen(next, Version(version - 1)));
            keep(store, Changes::new().state(write)).await;
            assert_eq!(read(store, next).await, stored(next, version));
        }
    }
    for stranger in [follow("user-0", "bea"), follow("nobody", "ada")] {
        assert_eq!(read(store, stranger).await, None);
    }
}

/// Who follows already, or has seen another version, is refused; and so is who unfollows by an
/// old version, or what they do not follow.
pub async fn a_follow_is_changed_by_who_has_seen_it(store: &Subject) {
    let ada = follow("bea", "ada");
    keep(store, follows(ada)).await;
    for stale in [Version::NEW, Version(2)] {
        let write = Changes::new().state(StateChange::Follow(seen(ada, stale)));
        for changes in [write, unfollows(ada, stale)] {
            assert_refused!(
                store.commit().commit(changes).await,
                CommitError::Conflict,
                "a follow was changed by who had seen another"
            );
        }
    }
    assert_eq!(read(store, ada).await, stored(ada, 1));
    assert_eq!(followers(store, &["ada"]).await, [1], "one, once");

    keep(store, unfollows(ada, Version(1))).await;
    assert_eq!(read(store, ada).await, None);
    assert_refused!(
        store.commit().commit(unfollows(ada, Version(1))).await,
        CommitError::Conflict,
        "what nobody followed was unfollowed"
    );
    assert_eq!(followers(store, &["ada"]).await, [0]);
    let anew = Follow {
        at: noon_plus(60),
        ..ada
    };
    keep(store, follows(anew)).await;
    assert_eq!(read(store, anew).await, stored(anew, 1), "it begins anew");
}

/// Those of several channels that somebody follows come in the order asked for.
pub async fn follows_among_channels_come_in_their_order(store: &Subject) {
    for handle in ["ada", "bea", "cleo", "dora"] {
        keep(store, follows(follow("eve", handle))).await;
    }
    keep(store, follows(follow("fay", "grace"))).await;
    keep(store, unfollows(follow("eve", "dora"), Version(1))).await;
    let among = async |name: &str, handles: &[&str]| {
        let channels = channels(handles);
        let found = store.follows().among(user_id(name), &channels).await;
        found.expect("a read")
    };
    let theirs =
        |handles: &[&str]| -> Vec<Follow> { handles.iter().map(|it| follow("eve", it)).collect() };
    let asked = ["cleo", "grace", "ada", "dora", "nobody", "bea"];
    let found = among("eve", &asked).await;
    assert_eq!(found, theirs(&["cleo", "ada", "bea"]));
    let found = among("eve", &["bea", "cleo"]).await;
    assert_eq!(found, theirs(&["bea", "cleo"]));
    assert_eq!(among("eve", &[]).await, []);
    assert_eq!(among("nobody", &asked).await, []);
    let found = among("fay", &asked).await;
    assert_eq!(found, [follow("fay", "grace")]);
}

/// How many somebody follows, and how many follow each channel, in the order asked for.
pub async fn follows_are_counted(store: &Subject) {
    for (name, handle) in [
        ("dora", "ada"),
        ("dora", "bea"),
        ("dora", "cleo"),
        ("eve", "ada"),
        ("fay", "ada"),
        ("fay", "bea"),
    ] {
        keep(store, follows(follow(name, handle))).await;
    }
    let following = async |name: &str| {
        let count = store.follows().following(user_id(name)).await;
        count.expect("a read")
    };
    let handles = ["bea", "nobody", "ada", "cleo"];
    assert_eq!(followers(store, &handles).await, [2, 0, 3, 1]);
    assert!(followers(store, &[]).await.is_empty());
    keep(store, unfollows(follow("dora", "ada"), Version(1))).await;
    keep(store, unfollows(follow("dora", "cleo"), Version(1))).await;
    assert_eq!(followers(store, &handles).await, [2, 0, 2, 0]);
    for (name, count) in [("dora", 1), ("eve", 1), ("fay", 2), ("nobody", 0)] {
        assert_eq!(following(name).await, count, "{name}");
    }
}

/// Many come and go at once, nobody's commit is refused for another's, and everybody is
/// counted.
pub async fn concurrent_follows_are_all_counted(store: &Subject) {
    const PEOPLE: u64 = 24;
    let people: Vec<_> = (0..PEOPLE)
        .map(|n| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let name = format!("user-{n}");
                for handle in ["ada", "bea"] {
                    keep(&store, follows(follow(&name, handle))).await;
                }
                if n.is_multiple_of(3) {
                    keep(&store, unfollows(follow(&name, "bea"), Version(1))).await;
                }
            })
        })
        .collect();
    for person in people {
        person.await.expect("a follower that does not panic");
    }
    let counts = followers(store, &["ada", "bea"]).await;
    assert_eq!(counts, [PEOPLE, PEOPLE - PEOPLE / 3]);
}

/// Who has blocked somebody is not blocked by them, until they have made up.
pub async fn a_block_holds_one_way(store: &Subject) {
    let reads = async |blocker: &str, subject: &str| {
        let read = store.blocks().get(user_id(blocker), user_id(subject));
        read.await.expect("a read")
    };
    let first = Block {
        at: Timestamp::from_micros(-1),
        ..block("ada", "troll")
    };
    for block in [first, block("bea", "troll"), block("ada", "bea")] {
        put(store, block).await;
    }
    assert_eq!(reads("ada", "troll").await, Some(first));
    assert_eq!(reads("troll", "ada").await, None);
    assert_eq!(reads("bea", "ada").await, None);
    put(store, block("ada", "troll")).await;
    assert_eq!(reads("ada", "troll").await, Some(block("ada", "troll")));
    for _ in 0..2 {
        let unblocked = StateChange::Unblocked(user_id("ada"), user_id("troll"));
        keep(store, Changes::new().state(unblocked)).await;
        assert_eq!(reads("ada", "troll").await, None);
    }
    assert_eq!(reads("bea", "troll").await, Some(block("bea", "troll")));
    assert_eq!(reads("ada", "bea").await, Some(block("ada", "bea")));
}

/// Those of several people who have blocked somebody come in the order asked for.
pub async fn blocks_among_people_come_in_their_order(store: &Subject) {
    for (blocker, blocked) in [
        ("ada", "troll"),
        ("bea", "troll"),
        ("cleo", "ada"),
        ("troll", "dora"),
    ] {
        put(store, block(blocker, blocked)).await;
    }
    let among = async |blockers: &[&str], subject: &str| {
        let blockers: Vec<UserId> = blockers.iter().map(|it| user_id(it)).collect();
        let found = store.blocks().among(&blockers, user_id(subject)).await;
        found.expect("a read")
    };
    let asked = ["dora", "bea", "cleo", "ada"];
    let found = among(&asked, "troll").await;
    assert_eq!(found, [block("bea", "troll"), block("ada", "troll")]);
    let found = among(&["ada", "bea"], "troll").await;
    assert_eq!(found, [block("ada", "troll"), block("bea", "troll")]);
    assert_eq!(among(&asked, "ada").await, [block("cleo", "ada")]);
    assert_eq!(among(&asked, "dora").await, []);
    assert_eq!(among(&[], "troll").await, []);
}

/// All whom somebody has blocked, in the order of their ids, behind whom one has seen.
pub async fn blocks_are_listed_by_id(store: &Subject) {
    let ids = [1, 2, 0x7F << 120, 0x80 << 120, u128::MAX];
    let in_order = ids.map(|id| UserId::from_uuid(Uuid::from_u128(id)));
    // Not in their order.
    for n in [3, 0, 4, 2, 1] {
        for blocker in ["ada", "bea"] {
            let theirs = Block {
                blocked: in_order[n],
                ..block(blocker, "somebody")
            };
            put(store, theirs).await;
        }
    }
    let listed = async |after, limit| {
        let blocks = store.blocks().of_user(user_id("ada"), after, limit).await;
        let blocks = blocks.expect("a read");
        assert!(blocks.iter().all(|it| it.blocker == user_id("ada")));
        blocks.iter().map(|it| it.blocked).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, 100).await, in_order);
    assert_eq!(listed(None, 2).await, in_order[..2]);
    assert_eq!(listed(Some(in_order[1]), 2).await, in_order[2..4]);
    assert_eq!(listed(Some(in_order[4]), 2).await, []);
    // Whom one has seen need not be blocked any more.
    let unblocked = StateChange::Unblocked(user_id("ada"), in_order[2]);
    keep(store, Changes::new().state(unblocked)).await;
    assert_eq!(listed(Some(in_order[2]), 9).await, in_order[3..]);
    assert_eq!(listed(Some(in_order[1]), 9).await, in_order[3..]);
    let nobody = store.blocks().of_user(user_id("nobody"), None, 9).await;
    assert_eq!(nobody.expect("a read"), []);
}

async fn put(store: &Subject, block: Block) {
    keep(store, Changes::new().state(StateChange::Block(block))).await;
}

async fn read(store: &Subject, follow: Follow) -> Option<Stored<Follow>> {
    let read = store.follows().get(follow.follower, follow.channel).await;
    read.expect("a read")
}

async fn followers(store: &Subject, handles: &[&str]) -> Vec<u64> {
    let counts = store.follows().followers(&channels(handles)).await;
    counts.expect("a read")
}

fn channels(handles: &[&str]) -> Vec<ChannelId> {
    handles.iter().map(|handle| channel_id(handle)).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "reads answer with an Option")]
fn stored(value: Follow, version: u64) -> Option<Stored<Follow>> {
    Some(Stored {
        value,
        version: Version(version),
    })
}
