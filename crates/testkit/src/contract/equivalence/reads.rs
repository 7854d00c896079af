//! Everything that every read port answers about what the commands speak of.

mod people;

use greenroom_domain::account::{SessionId, Username};
use greenroom_domain::channel::Handle;
use greenroom_domain::chat::Seq;
use greenroom_domain::shared::feed::{Consumer, FeedError, FeedPosition, FeedRecord};
use greenroom_domain::shared::id::{ChannelId, StreamId, StreamKeyId, UserId};
use greenroom_domain::shared::page::PageLimit;

use super::answer::of_no_epoch;
use super::part::host_user;
use super::strategy::{
    CONSUMERS, CREATORS, EACH, HANDLES, NAMES, RECORDED, SECONDS, SECRETS, SUBJECTS, TOKENS,
};
use super::{Difference, Listing, Pair, Who};
use crate::builders::{
    channel_id, mac, noon_plus, recording_id, stream_id, stream_key_id, user_id,
};
use crate::contract::{Subject, paging};

/// Asks for all of it, in parts of at most `limit` where there are parts.
pub(super) async fn compare(pair: &Pair<'_>, limit: u16) -> Result<(), Difference> {
    let limit = PageLimit::new(limit).unwrap_or_default();
    accounts(pair).await?;
    sessions(pair, limit.get()).await?;
    channels(pair).await?;
    keys(pair).await?;
    streams(pair, limit.get()).await?;
    recordings(pair).await?;
    listings(pair, limit).await?;
    for name in NAMES {
        room_log(pair, name, limit.get()).await?;
        moderation(pair, name, limit.get()).await?;
        people::compare(pair, name, limit.get()).await?;
    }
    feed(pair, limit.get()).await
}

async fn accounts(pair: &Pair<'_>) -> Result<(), Difference> {
    for name in NAMES {
        let id = user_id(name);
        pair.agree(format_args!("the user {name}"), async |store| {
            store.users().get(id).await.expect("a read")
        })
        .await?;
        let username = Username::parse(name).expect("a user's name that fits");
        pair.agree(format_args!("the user called {name}"), async |store| {
            store.users().by_username(&username).await.expect("a read")
        })
        .await?;
    }
    for subject in SUBJECTS {
        let subject = host_user(subject);
        pair.agree(format_args!("the user of {subject:?}"), async |store| {
            store.users().by_subject(&subject).await.expect("a read")
        })
        .await?;
    }
    let ids: Vec<UserId> = ["cleo", "nobody", "ada", "bea"].map(user_id).to_vec();
    pair.agree("several users", async |store| {
        store.users().get_many(&ids).await.expect("a read")
    })
    .await?;
    pair.agree("whether there is an administrator", async |store| {
        store.users().has_administrator().await.expect("a read")
    })
    .await?;
    Ok(())
}

async fn sessions(pair: &Pair<'_>, limit: usize) -> Result<(), Difference> {
    for token in TOKENS {
        let id = SessionId(mac(token));
        pair.agree(format_args!("the session {token}"), async |store| {
            store.sessions().get(id).await.expect("a read")
        })
        .await?;
    }
    for name in NAMES {
        pair.agree(format_args!("the sessions of {name}"), async |store| {
            let theirs = store.sessions().of_user(user_id(name)).await;
            sorted(theirs.expect("a read"))
        })
        .await?;
    }
    for now in [0, SECONDS / 2, SECONDS] {
        let now = noon_plus(now);
        pair.agree(format_args!("the sessions over by {now}"), async |store| {
            let all = store.sessions().expired(now, usize::MAX).await;
            sorted(all.expect("a read"))
        })
        .await?;
        // Which of them is the store's choice.
        pair.agree(
            format_args!("how many of {limit} of these"),
            async |store| {
                let some = store.sessions().expired(now, limit).await;
                some.expect("a read").len()
            },
        )
        .await?;
    }
    Ok(())
}

async fn channels(pair: &Pair<'_>) -> Result<(), Difference> {
    for name in NAMES {
        pair.agree(format_args!("the channel {name}"), async |store| {
            let read = store.channels().get(channel_id(name)).await;
            read.expect("a read")
        })
        .await?;
        pair.agree(
            format_args!("the channel that {name} owns"),
            async |store| {
                let read = store.channels().by_owner(user_id(name)).await;
                read.expect("a read")
            },
        )
        .await?;
    }
    for handle in HANDLES {
        let handle = Handle::parse(handle).expect("a handle that fits");
        pair.agree(format_args!("the channel called {handle}"), async |store| {
            store.channels().by_handle(&handle).await.expect("a read")
        })
        .await?;
    }
    let ids: Vec<ChannelId> = ["cleo", "nobody", "ada", "bea"].map(channel_id).to_vec();
    pair.agree("several channels", async |store| {
        store.channels().get_many(&ids).await.expect("a read")
    })
    .await?;
    Ok(())
}

async fn keys(pair: &Pair<'_>) -> Result<(), Difference> {
    for name in NAMES {
        pair.agree(format_args!("the keys of {name}"), async |store| {
            let keys = store.stream_keys().of_channel(channel_id(name)).await;
            keys.expect("a read")
        })
        .await?;
        let ids: Vec<StreamKeyId> = (1..=EACH).map(|n| stream_key_id(name, n)).collect();
        for id in ids {
            pair.agree(format_args!("the key {id}"), async |store| {
                store.stream_keys().get(id).await.expect("a read")
            })
            .await?;
        }
    }
    for secret in SECRETS {
        pair.agree(format_args!("the key found by {secret}"), async |store| {
            let read = store.stream_keys().by_hash(mac(secret)).await;
            read.expect("a read")
        })
        .await?;
    }
    Ok(())
}

async fn streams(pair: &Pair<'_>, limit: usize) -> Result<(), Difference> {
    let mut ids: Vec<StreamId> = Vec::new();
    for name in NAMES {
        ids.extend((1..=EACH).map(|n| stream_id(name, n)));
        pair.agree(format_args!("the live stream of {name}"), async |store| {
            let read = store.streams().live_of(channel_id(name)).await;
            read.expect("a read")
        })
        .await?;
    }
    for id in &ids {
        pair.agree(format_args!("the stream {id}"), async |store| {
            store.streams().get(*id).await.expect("a read")
        })
        .await?;
    }
    pair.agree("the live streams", async |store| {
        store.streams().live().await.expect("a read")
    })
    .await?;
    for now in [0, SECONDS / 2, SECONDS] {
        let now = noon_plus(now);
        pair.agree(
            format_args!("{limit} streams due by {now}"),
            async |store| store.streams().due(now, limit).await.expect("a read"),
        )
        .await?;
    }
    pair.agree("what was counted of all streams", async |store| {
        store.streams().counts(&ids).await.expect("a read")
    })
    .await?;
    Ok(())
}

async fn recordings(pair: &Pair<'_>) -> Result<(), Difference> {
    for name in NAMES {
        for id in (1..=EACH).map(|n| recording_id(name, n)) {
            pair.agree(format_args!("the recording {id}"), async |store| {
                store.recordings().get(id).await.expect("a read")
            })
            .await?;
        }
    }
    pair.agree("the recordings that are open", async |store| {
        store.recordings().open().await.expect("a read")
    })
    .await?;
    Ok(())
}

async fn listings(pair: &Pair<'_>, limit: PageLimit) -> Result<(), Difference> {
    let of_users = CREATORS.iter().copied().map(Some).chain([None]);
    let of_each = NAMES.iter().copied().flat_map(|name| {
        [
            Listing::Streams(name),
            Listing::Following(name),
            Listing::Followers(name),
            Listing::Audit(name),
        ]
    });
    let of_streams = NAMES.iter().copied().flat_map(|name| {
        let streams = 1..=RECORDED;
        streams.map(move |n| Listing::Recordings(name, n))
    });
    let all = of_users.map(Listing::Users).chain(of_each);
    let all = all.chain(of_streams);
    for listing in all.chain([Listing::Channels]) {
        let question = format_args!("{listing:?} in pages of {}", limit.get()).to_string();
        pair.agree(question, async |store| {
            paging::in_pages(&async |request| listing.page(store, &request).await, limit).await
        })
        .await?;
    }
    Ok(())
}

async fn room_log(pair: &Pair<'_>, name: &str, limit: usize) -> Result<(), Difference> {
    let room = channel_id(name);
    let Seq(head) = pair
        .agree(
            format_args!("where the log of {name} ends"),
            async |store| {
                let head = store.room_log().head(room).await;
                head.expect("a read").seq
            },
        )
        .await?;
    let limit = limit.min(usize::try_from(head).unwrap_or(usize::MAX) + 1);
    for seq in (0..=head + 1).step_by(limit) {
        pair.agree(
            format_args!("{limit} lines of {name} after {seq}"),
            async |store| {
                let lines = store.room_log().after(room, Seq(seq), limit).await;
                lines
                    .expect("a read")
                    .into_iter()
                    .map(of_no_epoch)
                    .collect::<Vec<_>>()
            },
        )
        .await?;
        pair.agree(format_args!("the line {seq} of {name}"), async |store| {
            let line = store.room_log().line(room, Seq(seq)).await;
            line.expect("a read").map(of_no_epoch)
        })
        .await?;
    }
    for before in (0..=head + 1).step_by(limit).map(Some).chain([None]) {
        pair.agree(
            format_args!("{limit} lines of {name} before {before:?}"),
            async |store| {
                let lines = store.room_log().before(room, before.map(Seq), limit).await;
                lines
                    .expect("a read")
                    .into_iter()
                    .map(of_no_epoch)
                    .collect::<Vec<_>>()
            },
        )
        .await?;
    }
    Ok(())
}

async fn moderation(pair: &Pair<'_>, name: &str, limit: usize) -> Result<(), Difference> {
    let room = channel_id(name);
    pair.agree(format_args!("the rules of {name}"), async |store| {
        store.moderation().room(room).await.expect("a read")
    })
    .await?;
    let users = NAMES.iter().copied().map(Who::User);
    for who in users.chain(NAMES.iter().copied().map(Who::Guest)) {
        let subject = who.identity();
        pair.agree(
            format_args!("what holds {who:?} in {name}"),
            async |store| {
                let read = store.moderation().restriction(room, subject).await;
                read.expect("a read")
            },
        )
        .await?;
        let question = format_args!("{limit} who are held in {name} after {who:?}").to_string();
        pair.agree(question, async |store| {
            let after = Some(subject);
            let held = store.moderation().restrictions(room, after, limit).await;
            held.expect("a read")
        })
        .await?;
    }
    pair.agree(
        format_args!("the first {limit} who are held in {name}"),
        async |store| {
            let held = store.moderation().restrictions(room, None, limit).await;
            held.expect("a read")
        },
    )
    .await?;
    Ok(())
}

async fn feed(pair: &Pair<'_>, limit: usize) -> Result<(), Difference> {
    let FeedPosition(head) = pair
        .agree("where the feed ends", async |store| {
            store.feed().head().await.expect("a read")
        })
        .await?;
    for after in 0..=head {
        pair.agree(
            format_args!("{limit} records after {after}"),
            async |store| records(store, FeedPosition(after), limit).await,
        )
        .await?;
    }
    for consumer in CONSUMERS {
        pair.agree(format_args!("where {consumer} stands"), async |store| {
            let stands = store.feed().cursor(Consumer(consumer)).await;
            stands.expect("a read")
        })
        .await?;
    }
    Ok(())
}

/// `None` where they were forgotten.
async fn records(store: &Subject, after: FeedPosition, limit: usize) -> Option<Vec<FeedRecord>> {
    match store.feed().read(after, limit).await {
        Ok(mut records) => {
            for record in &mut records {
                record.lines.sort_by_key(|range| range.room);
            }
            Some(records)
        }
        Err(FeedError::Gone) => None,
        Err(FeedError::Store(failed)) => panic!("a store that is well can be read: {failed:?}"),
    }
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}
