//! Promises of `Users` and
//! `Sessions`.

use std::collections::BTreeSet;

use greenroom_domain::account::{CreatorStatus, Session, SessionId, Subject as HostUser, User};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Changes, StateChange};
use greenroom_domain::shared::id::UserId;
use greenroom_domain::shared::store::Version;
use uuid::Uuid;

use super::paging::{self, assert_unknown_cursors};
use super::{Subject, keep};
use crate::builders::{
    NOON, UserBuilder, channel, creates_channel, creates_user, mac, noon_plus, seen, session, user,
    user_id,
};

/// An account is found by its id, its name, and the host's subject, and by nothing that only
/// looks like them.
pub async fn users_are_found(store: &Subject) {
    let ada = user("ada").build();
    let bea = user("bea")
        .of_host("https://a.example", "b/42")
        .avatar("bea")
        .build();
    keep(store, creates_user(&ada)).await;
    keep(store, creates_user(&bea)).await;
    let users = store.users();
    for it in [&ada, &bea] {
        let by_id = users.get(it.id).await.expect("a read");
        let by_name = users.by_username(&it.username).await.expect("a read");
        assert_eq!(by_id.as_ref().map(|read| &read.value), Some(it));
        assert_eq!(by_id.map(|read| read.version), Some(Version(1)));
        assert_eq!(by_name.map(|read| read.value).as_ref(), Some(it));
    }
    let by_subject = async |issuer: &str, subject: &str| {
        let subject = HostUser {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
        };
        let read = users.by_subject(&subject).await.expect("a read");
        read.map(|read| read.value)
    };
    assert_eq!(by_subject("https://a.example", "b/42").await, Some(bea));
    assert_eq!(by_subject("https://a.example/b", "42").await, None);
    assert_eq!(by_subject("https://a.example", "b/4").await, None);
    assert_eq!(users.get(user_id("nobody")).await.expect("a read"), None);
    for name in ["ad0", "adaa", "be-"] {
        let read = users.by_username(&user(name).build().username).await;
        assert_eq!(read.expect("a read"), None, "{name}");
    }
}

/// What an account was is read no longer once it is changed.
pub async fn users_are_read_as_they_are_now(store: &Subject) {
    let asked = user("ada").creator(CreatorStatus::Requested);
    keep(store, creates_user(&asked.clone().build())).await;
    let approved = asked.creator(CreatorStatus::Approved).build();
    rewrite(store, &approved, 1).await;
    let read = store.users().by_username(&approved.username).await;
    assert_eq!(
        read.expect("a read").map(|it| it.value),
        Some(approved.clone())
    );
    assert_eq!(listed(store, Some(CreatorStatus::Requested)).await, []);
    assert_eq!(
        listed(store, Some(CreatorStatus::Approved)).await,
        [approved]
    );
}

/// Several at once come in the order asked for, without those that do not exist.
pub async fn several_users_come_in_the_order_asked_for(store: &Subject) {
    for name in ["ada", "bea", "cleo"] {
        keep(store, creates_user(&user(name).build())).await;
    }
    let ids = ["cleo", "nobody", "ada", "bea"].map(user_id);
    let users = store.users().get_many(&ids).await.expect("a read");
    let names: Vec<_> = users.iter().map(|user| user.username.as_str()).collect();
    assert_eq!(names, ["cleo", "ada", "bea"]);
    assert_eq!(store.users().get_many(&[]).await.expect("a read"), []);
}

/// All accounts in the order of the bytes of their ids, or those of one creator status, in
/// pages.
pub async fn users_are_listed_by_id(store: &Subject) {
    let statuses = [
        CreatorStatus::None,
        CreatorStatus::Requested,
        CreatorStatus::Approved,
        CreatorStatus::Suspended,
    ];
    // From the last to the first, and over the whole range.
    let mut users: Vec<User> = (0..12_u8)
        .map(|n| {
            let id = Uuid::from_u64_pair(u64::from(n) << 60 | 7, u64::MAX - u64::from(n));
            user(&format!("user-{n}"))
                .id(UserId::from_uuid(id))
                .creator(statuses[usize::from(n) % 4])
                .build()
        })
        .collect();
    for user in users.iter().rev() {
        keep(store, creates_user(user)).await;
    }
    // Channels must not show up among users.
    keep(store, creates_channel(&channel("ada"))).await;
    keep(store, creates_channel(&channel("bea"))).await;
    assert_eq!(listed(store, None).await, users);
    for status in statuses {
        let expected: Vec<_> = users.iter().filter(|it| it.creator == status).collect();
        let listed = listed(store, Some(status)).await;
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected);
    }
    let list = async |page| store.users().list(None, &page).await.expect("a read");
    assert_unknown_cursors(list, &[store.channels().list(&paging::first(1)).await]).await;

    // While one pages, others come and change: whoever was there is met once, where they were.
    let mut met = Vec::new();
    let mut page = paging::first(5);
    loop {
        let read = store.users().list(None, &page).await;
        let read = read.expect("a read").expect("a cursor of this listing");
        met.extend(read.items.into_iter().map(|it| it.id));
        assert!(met.len() < 1000, "a listing that does not end");
        let Some(next) = read.next else { break };
        page.after = Some(next);
        if met.len() == 5 {
            let before = Uuid::from_u64_pair(1, 1);
            let newcomer = user("newcomer").id(UserId::from_uuid(before));
            keep(store, creates_user(&newcomer.build())).await;
            users[4].creator = CreatorStatus::Suspended;
            users[9].creator = CreatorStatus::Suspended;
            rewrite(store, &users[4], 1).await;
            rewrite(store, &users[9], 1).await;
        }
    }
    assert_eq!(met, users.iter().map(|it| it.id).collect::<Vec<_>>());
}

/// There is an administrator as long as one account has the role.
pub async fn an_administrator_is_seen(store: &Subject) {
    let has_one = async || store.users().has_administrator().await.expect("a read");
    assert!(!has_one().await);
    keep(store, creates_user(&user("ada").build())).await;
    assert!(!has_one().await);
    keep(store, creates_user(&user("bea").admin().build())).await;
    keep(store, creates_user(&user("cleo").admin().build())).await;
    assert!(has_one().await);
    rewrite(store, &user("bea").build(), 1).await;
    assert!(has_one().await, "one is left");
    rewrite(store, &user("cleo").build(), 1).await;
    assert!(!has_one().await);
    rewrite(store, &user("ada").admin().build(), 1).await;
    assert!(has_one().await);
}

/// Moments are kept to the microsecond, the first and the last there are too; names of the
/// greatest length and of any script.
pub async fn accounts_are_kept_exactly(store: &Subject) {
    let moments = [i64::MIN, -1, 0, 1, NOON.micros() + 1, i64::MAX];
    let names = [
        "👩🏽‍🚀".repeat(50),
        "Ünï\u{301}çødé עברית ١".to_owned(),
        "a".to_owned(),
    ];
    let longest = "n".repeat(32);
    for (n, at) in moments.into_iter().enumerate() {
        let it: UserBuilder = user(&format!("{}{n}", &longest[1..]))
            .shown_as(&names[n % names.len()])
            .of_host(&"i".repeat(255), &format!("\0\u{10FFFF}{n}\n"))
            .created_at(Timestamp::from_micros(at));
        let it = it.build();
        keep(store, creates_user(&it)).await;
        let read = store.users().get(it.id).await.expect("a read");
        assert_eq!(read.map(|read| read.value), Some(it));
    }
}

/// A session is kept until it ends, and prolonged by being written again.
pub async fn sessions_are_kept_until_they_end(store: &Subject) {
    let short = session("short", user_id("ada"), 10);
    let long = session("long", user_id("ada"), 1000);
    let other = session("other", user_id("bea"), 10);
    for it in [&short, &long, &other] {
        put(store, it).await;
    }
    let of_ada = async || {
        let ids = store.sessions().of_user(user_id("ada")).await;
        ids.expect("a read").into_iter().collect::<BTreeSet<_>>()
    };
    assert_eq!(of_ada().await, BTreeSet::from([short.id, long.id]));
    assert_eq!(expired(store, 9).await, BTreeSet::new());
    assert_eq!(
        expired(store, 11).await,
        BTreeSet::from([short.id, other.id])
    );
    let some = store.sessions().expired(noon_plus(11), 1).await;
    assert_eq!(some.expect("a read").len(), 1, "as many as asked for");

    let prolonged = Session {
        expires_at: noon_plus(500),
        ..short.clone()
    };
    put(store, &prolonged).await;
    assert_eq!(read(store, short.id).await, Some(prolonged));
    assert_eq!(
        expired(store, 11).await,
        BTreeSet::from([other.id]),
        "a session that was prolonged is not swept"
    );
    assert_eq!(of_ada().await.len(), 2, "prolonged, it is still one");

    assert_eq!(
        read(store, other.id).await,
        Some(other.clone()),
        "one that ran out is there until it is swept"
    );
    for id in [other.id, short.id] {
        keep(store, Changes::new().state(StateChange::SessionEnded(id))).await;
        assert_eq!(read(store, id).await, None);
    }
    assert_eq!(expired(store, 700).await, BTreeSet::new());
    assert_eq!(of_ada().await, BTreeSet::from([long.id]));
    let of_bea = store.sessions().of_user(user_id("bea")).await;
    assert_eq!(of_bea.expect("a read"), []);
    assert_eq!(read(store, SessionId(mac("unknown"))).await, None);
}

async fn listed(store: &Subject, status: Option<CreatorStatus>) -> Vec<User> {
    let list = async |page| store.users().list(status, &page).await.expect("a read");
    paging::all(list, 5).await
}

async fn rewrite(store: &Subject, user: &User, version: u64) {
    let write = seen(user.clone(), Version(version));
    keep(store, Changes::new().state(StateChange::User(write))).await;
}

async fn put(store: &Subject, session: &Session) {
    let changes = Changes::new().state(StateChange::Session(session.clone()));
    keep(store, changes).await;
}

async fn read(store: &Subject, id: SessionId) -> Option<Session> {
    store.sessions().get(id).await.expect("a read")
}

async fn expired(store: &Subject, seconds: u64) -> BTreeSet<SessionId> {
    let ids = store.sessions().expired(noon_plus(seconds), 100).await;
    ids.expect("a read").into_iter().collect()
}
