//! Who is what to whom, and what requests have made.

use greenroom_domain::shared::once::RequestKey;

use super::super::strategy::{KEYS, NAMES};
use super::super::{Difference, Pair, Who};
use crate::builders::{channel_id, user_id};

/// Everything about the user and the channel of this name.
pub(super) async fn compare(
    pair: &Pair<'_>,
    name: &'static str,
    limit: usize,
) -> Result<(), Difference> {
    follows(pair, name).await?;
    blocks(pair, name, limit).await?;
    appointments(pair, name).await?;
    replies(pair, name).await
}

async fn follows(pair: &Pair<'_>, name: &str) -> Result<(), Difference> {
    for handle in NAMES {
        pair.agree(
            format_args!("whether {name} follows {handle}"),
            async |store| {
                let read = store.follows().get(user_id(name), channel_id(handle)).await;
                read.expect("a read")
            },
        )
        .await?;
    }
    let channels = ["cleo", "nobody", "ada", "bea"].map(channel_id);
    pair.agree(
        format_args!("what of several {name} follows"),
        async |store| {
            let read = store.follows().among(user_id(name), &channels).await;
            read.expect("a read")
        },
    )
    .await?;
    pair.agree(format_args!("how many {name} follows"), async |store| {
        let read = store.follows().following(user_id(name)).await;
        read.expect("a read")
    })
    .await?;
    pair.agree("how many follow several", async |store| {
        store.follows().followers(&channels).await.expect("a read")
    })
    .await?;
    Ok(())
}

async fn blocks(pair: &Pair<'_>, name: &str, limit: usize) -> Result<(), Difference> {
    for subject in NAMES {
        pair.agree(
            format_args!("whether {name} has blocked {subject}"),
            async |store| {
                let read = store.blocks().get(user_id(name), user_id(subject)).await;
                read.expect("a read")
            },
        )
        .await?;
    }
    for after in NAMES.iter().map(Some).chain([None]) {
        let question = format_args!("{limit} whom {name} has blocked after {after:?}").to_string();
        let after = after.map(|name| user_id(name));
        pair.agree(question, async |store| {
            let read = store.blocks().of_user(user_id(name), after, limit).await;
            read.expect("a read")
        })
        .await?;
    }
    Ok(())
}

async fn appointments(pair: &Pair<'_>, name: &str) -> Result<(), Difference> {
    let channel = channel_id(name);
    for user in NAMES {
        pair.agree(format_args!("what {user} is in {name}"), async |store| {
            let read = store.moderation().appointment(channel, user_id(user)).await;
            read.expect("a read")
        })
        .await?;
    }
    pair.agree(format_args!("who is something in {name}"), async |store| {
        let read = store.moderation().appointments(channel).await;
        read.expect("a read")
    })
    .await?;
    Ok(())
}

async fn replies(pair: &Pair<'_>, name: &'static str) -> Result<(), Difference> {
    for who in [Who::User(name), Who::Guest(name)] {
        for key in KEYS {
            let key = RequestKey::parse(key).expect("a request's key that fits");
            pair.agree(
                format_args!("what {key:?} of {who:?} has made"),
                async |store| {
                    let read = store.replies().get(who.identity(), &key).await;
                    read.expect("a read")
                },
            )
            .await?;
        }
    }
    Ok(())
}
