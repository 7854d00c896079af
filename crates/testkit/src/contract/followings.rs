//! Promises of `Follows`' listings: what somebody follows, and who follows a channel.

use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Changes, StateChange};
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::Version;
use greenroom_domain::social::{Follow, Notify};
use uuid::Uuid;

use super::paging::{self, assert_unknown_cursors};
use super::{Subject, keep};
use crate::builders::{
    channel, creates_channel, creates_user, follow, follows, noon_plus, seen, unfollows, user,
    user_id,
};

/// What somebody follows comes newest first, of one moment by channel.
pub async fn what_somebody_follows_comes_newest_first(store: &Subject) {
    comes_newest_first(store, Side::OfUser).await;
}

/// Who follows a channel comes newest first, of one moment by follower.
pub async fn who_follows_a_channel_comes_newest_first(store: &Subject) {
    comes_newest_first(store, Side::OfChannel).await;
}

/// Pages of what somebody follows go on behind the last one, whatever comes and goes.
pub async fn what_somebody_follows_is_stable(store: &Subject) {
    is_stable(store, Side::OfUser).await;
}

/// Pages of who follows a channel go on behind the last one, whoever comes and goes.
pub async fn who_follows_a_channel_is_stable(store: &Subject) {
    is_stable(store, Side::OfChannel).await;
}

async fn comes_newest_first(store: &Subject, side: Side) {
    let list = async |page| side.list(store, page).await;
    assert_eq!(paging::all(list, 3).await, [], "nothing yet");
    let moments = [noon_plus(7), noon_plus(7), noon_plus(7), noon_plus(3)]
        .into_iter()
        .chain([i64::MAX, -1, i64::MIN].map(Timestamp::from_micros));
    // Of one moment, the bytes of the ids count.
    let ids = [0x80 << 120, 1, 0x7F << 120, u128::MAX, 5, 5 << 64, 7];
    let written: Vec<_> = moments
        .zip(ids)
        .map(|(at, id)| side.follow(id, at))
        .collect();
    for follow in &written {
        keep(store, follows(*follow)).await;
        // Neither what others follow nor who follows others must show.
        keep(store, follows(side.of_others(*follow))).await;
    }
    let in_order = [4, 1, 2, 0, 3, 5, 6].map(|n| written[n]);
    assert_eq!(paging::all(list, 3).await, in_order);

    for name in ["ada", "bea"] {
        keep(store, creates_user(&user(name).build())).await;
        keep(store, creates_channel(&channel(name))).await;
    }
    let users = store.users().list(None, &paging::first(1)).await;
    assert_unknown_cursors(list, &[users]).await;
    let other_side = side.other().list(store, paging::first(1)).await;
    assert_unknown_cursors(list, &[Ok(other_side)]).await;
}

async fn is_stable(store: &Subject, side: Side) {
    let written: Vec<_> = (1..=9)
        .map(|n| side.follow(n.into(), noon_plus(100 - n)))
        .collect();
    for follow in &written {
        keep(store, follows(*follow)).await;
    }
    let mut request = paging::first(4);
    let first = side.list(store, request.clone()).await;
    let first = first.expect("a first page");
    assert_eq!(first.items, written[..4]);
    request.after = first.next;

    let came = side.follow(99, noon_plus(1000));
    keep(store, follows(came)).await;
    // One that was given, the last one that was, and one that was not yet.
    for gone in [1, 3, 5] {
        keep(store, unfollows(written[gone], Version(1))).await;
    }
    // One that was to be given comes anew, before all; another stays, but is told nothing.
    keep(store, unfollows(written[6], Version(1))).await;
    let anew = Follow {
        at: noon_plus(2000),
        ..written[6]
    };
    keep(store, follows(anew)).await;
    let quiet = Follow {
        notify: Notify::Nothing,
        ..written[7]
    };
    let write = StateChange::Follow(seen(quiet, Version(1)));
    keep(store, Changes::new().state(write)).await;

    let rest = side.list(store, request).await;
    let rest = rest.expect("a cursor of this listing");
    assert_eq!(rest.items, [written[4], quiet, written[8]]);
    assert_eq!(rest.next, None);
    let all = paging::all(async |page| side.list(store, page).await, 2).await;
    let now = [
        anew, came, written[0], written[2], written[4], quiet, written[8],
    ];
    assert_eq!(all, now);
}

/// Of the two listings, one.
#[derive(Debug, Clone, Copy)]
enum Side {
    /// What one user follows.
    OfUser,
    /// Who follows one channel.
    OfChannel,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::OfUser => Self::OfChannel,
            Self::OfChannel => Self::OfUser,
        }
    }

    async fn list(self, store: &Subject, page: PageRequest) -> Result<Page<Follow>, UnknownCursor> {
        let Follow {
            follower, channel, ..
        } = follow("ada", "ada");
        let listed = match self {
            Self::OfUser => store.follows().of_user(follower, &page).await,
            Self::OfChannel => store.follows().of_channel(channel, &page).await,
        };
        listed.expect("a read")
    }

    /// A follow in the listing; what it is in order of has this id.
    fn follow(self, id: u128, at: Timestamp) -> Follow {
        let id = Uuid::from_u128(id);
        let ada = follow("ada", "ada");
        match self {
            Self::OfUser => Follow {
                channel: ChannelId::from_uuid(id),
                at,
                ..ada
            },
            Self::OfChannel => Follow {
                follower: UserId::from_uuid(id),
                at,
                ..ada
            },
        }
    }

    /// The same in another listing.
    fn of_others(self, follow: Follow) -> Follow {
        match self {
            Self::OfUser => Follow {
                follower: user_id("bea"),
                ..follow
            },
            Self::OfChannel => Follow {
                channel: channel("bea").id,
                ..follow
            },
        }
    }
}
