//! Promises of `Moderation`.

use std::time::Duration;

use greenroom_domain::account::DisplayName;
use greenroom_domain::chat::{
    Appointment, ChannelRole, ChatDelay, ChatRate, ChatSettings, FollowAge, ModerationReason, Pin,
    Restriction, RestrictionKind, Room, Seq, SlowMode,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Changes, StateChange};
use greenroom_domain::shared::id::{GuestId, UserId};
use greenroom_domain::shared::store::Version;
use uuid::Uuid;

use super::{Subject, keep};
use crate::builders::{
    appointment, ban, channel, channel_id, creates_channel, guest, noon_plus, room, seen, user_id,
    viewer,
};

/// A room's rules and what it keeps in view are read as they were set last.
pub async fn rooms_are_kept_exactly(store: &Subject) {
    keep(store, creates_channel(&channel("ada"))).await;
    let strict = ChatSettings {
        enabled: false,
        guests: false,
        slow_mode: SlowMode::new(3).ok(),
        max_length: ChatSettings::LONGEST,
        rate: ChatRate::Strict,
        delay: ChatDelay::new(60).ok(),
        followers_only: FollowAge::new(Duration::from_secs(FollowAge::LONGEST.into())).ok(),
        emotes_only: true,
    };
    let pin = |target, by, micros| Pin {
        target: Seq(target),
        by,
        at: Timestamp::from_micros(micros),
    };
    // The oldest first, which is not the order of their numbers.
    let pins = [
        pin(9, Some(viewer("ada")), -1),
        pin(1, Some(guest("gus")), i64::MIN),
        pin(u64::from(u32::MAX), None, i64::MAX),
        pin(4, None, 0),
        pin(5, None, 0),
    ];
    let settings = [strict, strict, ChatSettings::default()];
    for (settings, version) in settings.into_iter().zip(1..) {
        let next = Room {
            settings,
            pins: pins[usize::try_from(version).unwrap_or_default() - 1..].to_vec(),
            ..room("ada")
        };
        let write = seen(next.clone(), Version(version));
        keep(store, Changes::new().state(StateChange::Room(write))).await;
        let read = store.moderation().room(channel_id("ada")).await;
        let read = read.expect("a read").expect("the room is there");
        assert_eq!((read.value, read.version), (next, Version(version + 1)));
    }
    let unknown = store.moderation().room(channel_id("nobody")).await;
    assert_eq!(unknown.expect("a read"), None);
}

/// What holds somebody in one room holds nobody else, and nowhere else; the last word counts,
/// also after its time has run out.
pub async fn restrictions_hold_one_person_in_one_room(store: &Subject) {
    let id = Uuid::from_u128(7);
    let (user, guest) = (
        Identity::User(UserId::from_uuid(id)),
        Identity::Guest(GuestId::from_uuid(id)),
    );
    let timeout = Restriction {
        kind: RestrictionKind::Timeout {
            until: noon_plus(1),
        },
        reason: Some(ModerationReason::parse(&"é".repeat(300)).expect("300 graphemes")),
        name: DisplayName::parse("Troll 🧌").ok(),
        ..ban("ada", user)
    };
    let reads = async |handle: &str, who| {
        let read = store.moderation().restriction(channel_id(handle), who);
        read.await.expect("a read")
    };
    put(store, &timeout).await;
    assert_eq!(reads("ada", user).await, Some(timeout));
    assert_eq!(reads("ada", guest).await, None, "the same id, not a user's");
    assert_eq!(reads("bea", user).await, None);
    put(store, &ban("ada", user)).await;
    assert_eq!(reads("ada", user).await, Some(ban("ada", user)));
    put(store, &ban("ada", guest)).await;
    put(store, &ban("bea", user)).await;
    let lifted = StateChange::RestrictionLifted(channel_id("ada"), user);
    keep(store, Changes::new().state(lifted)).await;
    assert_eq!(reads("ada", user).await, None);
    assert_eq!(reads("ada", guest).await, Some(ban("ada", guest)));
    assert_eq!(reads("bea", user).await, Some(ban("bea", user)));
}

/// What holds somebody in several rooms, and what they are in several channels, come in the order
/// asked for.
pub async fn one_persons_come_in_the_order_asked_for(store: &Subject) {
    let id = Uuid::from_u128(7);
    let (user, guest) = (UserId::from_uuid(id), GuestId::from_uuid(id));
    let (eve, gus) = (Identity::User(user), Identity::Guest(guest));
    for (handle, who) in [
        ("ada", eve),
        ("bea", gus),
        ("cleo", eve),
        ("cleo", viewer("x")),
    ] {
        put(store, &ban(handle, who)).await;
    }
    let role = |handle, role| Appointment {
        user,
        ..appointment(handle, "eve", role)
    };
    let (vip, moderator) = (
        role("bea", ChannelRole::Vip),
        role("ada", ChannelRole::Moderator),
    );
    let stranger = appointment("cleo", "fay", ChannelRole::Vip);
    for appointment in [&vip, &moderator, &stranger] {
        appoint(store, appointment).await;
    }
    let handles = |handles: &[&str]| handles.iter().map(|it| channel_id(it)).collect::<Vec<_>>();
    let held = async |who, asked: &[&str]| {
        let rooms = handles(asked);
        let read = store.moderation().restrictions_of(who, &rooms).await;
        read.expect("a read")
    };
    let are = async |asked: &[&str]| {
        let channels = handles(asked);
        let read = store.moderation().appointments_of(user, &channels).await;
        read.expect("a read")
    };
    let asked = ["cleo", "nobody", "bea", "ada"];
    assert_eq!(held(eve, &asked).await, [ban("cleo", eve), ban("ada", eve)]);
    assert_eq!(held(gus, &asked).await, [ban("bea", gus)]);
    assert_eq!(held(eve, &["bea"]).await, []);
    assert_eq!(held(eve, &[]).await, []);
    assert_eq!(are(&asked).await, [vip.clone(), moderator.clone()]);
    assert_eq!(are(&["ada", "bea"]).await, [moderator, vip]);
    assert_eq!(are(&["cleo"]).await, []);
    assert_eq!(are(&[]).await, []);
}

/// All who are held in a room, in the order of identities (users before guests, by the bytes
/// of their ids), behind whom one has seen.
pub async fn restrictions_are_listed_by_identity(store: &Subject) {
    let ids = [1, 2, 0x7F << 120, 0x80 << 120, u128::MAX].map(Uuid::from_u128);
    let users = ids.map(|id| Identity::User(UserId::from_uuid(id)));
    let guests = ids.map(|id| Identity::Guest(GuestId::from_uuid(id)));
    let in_order: Vec<_> = users.into_iter().chain(guests).collect();
    for n in 0..in_order.len() {
        // Not in their order: 7 and 10 have no common divisor.
        let who = in_order[(n * 7) % in_order.len()];
        put(store, &ban("ada", who)).await;
    }
    put(store, &ban("bea", viewer("bea"))).await;
    assert_eq!(listed(store, None, 100).await, in_order);
    for limit in [1, 3, 7] {
        let mut met: Vec<Identity> = Vec::new();
        loop {
            let part = listed(store, met.last().copied(), limit).await;
            assert!(part.len() <= limit, "no more than asked for");
            if part.is_empty() {
                break;
            }
            met.extend(part);
            assert!(met.len() < 1000, "a listing that does not end");
        }
        assert_eq!(met, in_order, "{limit} at once");
    }
    // Whom one has seen need not be held any more.
    let lifted = StateChange::RestrictionLifted(channel_id("ada"), in_order[3]);
    keep(store, Changes::new().state(lifted)).await;
    assert_eq!(listed(store, Some(in_order[3]), 2).await, in_order[4..6]);
    assert_eq!(listed(store, Some(in_order[2]), 2).await, in_order[4..6]);
}

/// What somebody is in one channel they are nowhere else; the last word counts, and who was
/// dismissed is nothing.
pub async fn appointments_are_kept_exactly(store: &Subject) {
    let moderator = Appointment {
        name: DisplayName::parse(&"👨‍👩‍👧‍👦".repeat(50)).expect("50 graphemes"),
        at: Timestamp::from_micros(-1),
        ..appointment("ada", "eve", ChannelRole::Moderator)
    };
    let vip = appointment("ada", "eve", ChannelRole::Vip);
    let elsewhere = appointment("bea", "eve", ChannelRole::Vip);
    let reads = async |handle: &str, name: &str| {
        let read = store.moderation();
        let read = read.appointment(channel_id(handle), user_id(name)).await;
        read.expect("a read")
    };
    for appointment in [&moderator, &elsewhere] {
        appoint(store, appointment).await;
    }
    assert_eq!(reads("ada", "eve").await.as_ref(), Some(&moderator));
    assert_eq!(reads("ada", "fay").await, None);
    assert_eq!(reads("cleo", "eve").await, None);
    appoint(store, &vip).await;
    assert_eq!(reads("ada", "eve").await, Some(vip));
    for _ in 0..2 {
        let dismissed = StateChange::Dismissed(channel_id("ada"), user_id("eve"));
        keep(store, Changes::new().state(dismissed)).await;
        assert_eq!(reads("ada", "eve").await, None);
    }
    assert_eq!(reads("bea", "eve").await, Some(elsewhere));
}

/// All who are something in a channel come in the order of their ids, in as many as there may
/// be.
pub async fn appointments_are_listed_by_id(store: &Subject) {
    let mut changes = Changes::new();
    for n in 0..Appointment::MOST {
        let role = [ChannelRole::Vip, ChannelRole::Moderator][n % 2];
        let appointment = appointment("ada", &format!("user-{n}"), role);
        changes = changes.state(StateChange::Appointment(appointment));
    }
    let stranger = appointment("bea", "eve", ChannelRole::Vip);
    keep(store, changes.state(StateChange::Appointment(stranger))).await;
    let listed = async |handle: &str| {
        let all = store.moderation().appointments(channel_id(handle)).await;
        let all = all.expect("a read");
        all.iter().map(|it| it.user).collect::<Vec<_>>()
    };
    let mut in_order: Vec<_> = (0..Appointment::MOST)
        .map(|n| user_id(&format!("user-{n}")))
        .collect();
    in_order.sort();
    assert_eq!(listed("ada").await, in_order);
    let gone = StateChange::Dismissed(channel_id("ada"), in_order.remove(7));
    keep(store, Changes::new().state(gone)).await;
    assert_eq!(listed("ada").await, in_order);
    assert_eq!(listed("nobody").await, []);
}

async fn appoint(store: &Subject, appointment: &Appointment) {
    let change = StateChange::Appointment(appointment.clone());
    keep(store, Changes::new().state(change)).await;
}

async fn put(store: &Subject, restriction: &Restriction) {
    let change = StateChange::Restriction(restriction.clone());
    keep(store, Changes::new().state(change)).await;
}

async fn listed(store: &Subject, after: Option<Identity>, limit: usize) -> Vec<Identity> {
    let room = channel_id("ada");
    let held = store.moderation().restrictions(room, after, limit).await;
    let held = held.expect("a read");
    held.iter().map(|it| it.subject).collect()
}
