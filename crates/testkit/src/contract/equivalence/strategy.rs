//! Random commands over so few names that they collide.

use std::collections::BTreeSet;

use greenroom_domain::account::{CreatorStatus, Role, Username};
use greenroom_domain::channel::Handle;
use greenroom_domain::chat::ChannelRole;
use greenroom_domain::recording::RecordingFailure;
use greenroom_domain::shared::commit::{Claim, CounterChange, Holder};
use greenroom_domain::shared::page::PageLimit;
use greenroom_domain::social::Notify;
use greenroom_domain::stream::EndReason;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::part::host_user;
use super::{Act, Bond, Command, Hold, Listing, Part, Phase, Recorded, Seen, Stage, Who};
use crate::builders::{channel_id, mac, stream_id, user_id};

pub(super) const NAMES: &[&str] = &["ada", "bea", "cleo"];
pub(super) const HANDLES: &[&str] = &["ada", "bea", "studio-1", "studio-2"];
pub(super) const SUBJECTS: &[&str] = &["1", "2"];
pub(super) const SECRETS: &[&str] = &["sesame", "mellon", "xyzzy"];
pub(super) const TOKENS: &[&str] = &["one", "two", "three", "four"];
/// What requests are called.
pub(super) const KEYS: &[&str] = &["one", "One"];
pub(super) const CONSUMERS: &[&str] = &["mail", "search"];
pub(super) const CREATORS: &[CreatorStatus] = &[
    CreatorStatus::None,
    CreatorStatus::Requested,
    CreatorStatus::Approved,
    CreatorStatus::Suspended,
];
/// A channel has so many streams and keys at most.
pub(super) const EACH: u32 = 4;
/// So many of a channel's streams are recorded at most.
pub(super) const RECORDED: u32 = 2;
/// Seconds within which everything happens.
pub(super) const SECONDS: u64 = 60;

const SHOWN: &[&str] = &["Ada", "Ünï\u{301}çødé", "👩🏽‍🚀"];
const TEXTS: &[&str] = &["hello", "שלום 🦀", "'\"\\{}", "é e\u{301}"];
const MESSAGE_IDS: &[&str] = &["m-1", "m-2", "M-1"];

/// Sequences of commands, of which most commits are kept and some are refused.
pub fn commands() -> impl Strategy<Value = Vec<Command>> {
    let command = prop_oneof![
        12 => vec(part(), 1..6).prop_map(|parts| Command::Commit(each_thing_once(parts))),
        1 => (0..12_u64, 0..2 * SECONDS)
            .prop_map(|(through, before)| Command::Prune { through, before }),
        4 => (listing(), 1..4_u16).prop_map(|(listing, limit)| Command::Turn {
            listing,
            limit: PageLimit::new(limit).unwrap_or_default(),
        }),
        1 => (1..5_u16).prop_map(|limit| Command::Read { limit }),
    ];
    vec(command, 1..40)
}

/// Every name that a part can speak of.
pub(super) fn claims() -> Vec<Claim> {
    let handle = |name| Handle::parse(name).expect("a handle that fits");
    let username = |name| Username::parse(name).expect("a user's name that fits");
    let of_accounts = NAMES.iter().map(|name| Claim::Username(username(name)));
    let of_host = SUBJECTS.iter().map(|it| Claim::Subject(host_user(it)));
    let of_channels = HANDLES.iter().map(|name| Claim::Handle(handle(name)));
    let of_owners = NAMES.iter().map(|name| Claim::ChannelOf(user_id(name)));
    let of_keys = SECRETS.iter().map(|secret| Claim::KeyHash(mac(secret)));
    let of_streams = NAMES.iter().map(|name| Claim::LiveStream(channel_id(name)));
    let of_recordings = NAMES.iter().flat_map(|name| {
        let streams = (1..=RECORDED).map(|n| stream_id(name, n));
        streams.map(Claim::RecordingOf)
    });
    of_accounts
        .chain(of_host)
        .chain(of_channels)
        .chain(of_owners)
        .chain(of_keys)
        .chain(of_streams)
        .chain(of_recordings)
        .chain(free_claims())
        .collect()
}

/// Names that nothing but a claim speaks of: aggregates keep theirs, as use cases see to.
fn free_claims() -> Vec<Claim> {
    vec![
        Claim::FirstAdministrator,
        Claim::Subject(host_user("nobody")),
        Claim::KeyHash(mac("nobody's")),
        Claim::LiveStream(channel_id("nobody")),
        Claim::RecordingOf(stream_id("nobody", 1)),
    ]
}

/// What a commit changes twice no use case writes, and no port speaks of.
fn each_thing_once(parts: Vec<Part>) -> Vec<Part> {
    let mut changed = BTreeSet::new();
    let mut once = |part: &Part| part.thing().is_none_or(|thing| changed.insert(thing));
    parts.into_iter().filter(|part| once(part)).collect()
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        4 => account(),
        2 => session(),
        4 => channel(),
        4 => key(),
        6 => stream(),
        6 => recording(),
        2 => rules(),
        2 => restriction(),
        4 => claim(),
        3 => count(),
        10 => said(),
        1 => (name(), seconds()).prop_map(|(room, at)| Part::Announce { room, at }),
        3 => (name(), 0..8_u64).prop_map(|(room, seq)| Part::Redact { room, seq }),
        5 => happens(),
        2 => appointment().prop_map(Part::Bond),
        8 => follow().prop_map(Part::Bond),
        3 => (name(), name(), of(seconds()))
            .prop_map(|(name, subject, at)| Part::Bond(Bond::Block { name, subject, at })),
        2 => (who(), select(KEYS), 0..3_u128, seconds())
            .prop_map(|(who, key, made, at)| Part::Answer { who, key, made, at }),
        2 => (select(CONSUMERS), seen(), 0..3_u64)
            .prop_map(|(consumer, seen, records)| Part::Pass { consumer, seen, records }),
    ]
}

fn account() -> impl Strategy<Value = Part> {
    let role = prop_oneof![4 => Just(Role::User), 1 => Just(Role::Admin)];
    let subject = of(select(SUBJECTS));
    (
        name(),
        seen(),
        role,
        select(CREATORS),
        subject,
        select(SHOWN),
    )
        .prop_map(
            |(name, seen, role, creator, subject, shown_as)| Part::Account {
                name,
                seen,
                role,
                creator,
                subject,
                shown_as,
            },
        )
}

fn session() -> impl Strategy<Value = Part> {
    (select(TOKENS), name(), of(seconds())).prop_map(|(token, user, until)| Part::Session {
        token,
        user,
        until,
    })
}

fn channel() -> impl Strategy<Value = Part> {
    (name(), seen(), select(HANDLES), name()).prop_map(|(name, seen, handle, owner)| {
        Part::Channel {
            name,
            seen,
            handle,
            owner,
        }
    })
}

fn key() -> impl Strategy<Value = Part> {
    let secret = of(select(SECRETS));
    (name(), 1..=EACH, seen(), secret).prop_map(|(of, n, seen, secret)| Part::Key {
        of,
        n,
        seen,
        secret,
    })
}

fn stream() -> impl Strategy<Value = Part> {
    let reason = select(vec![EndReason::OwnerEnded, EndReason::EncoderGone]);
    let phase = prop_oneof![
        Just(Phase::Pending),
        seconds().prop_map(Phase::Awaiting),
        Just(Phase::Publishing),
        seconds().prop_map(Phase::Interrupted),
        reason.prop_map(Phase::Ended),
    ];
    (name(), 1..=EACH, seen(), phase).prop_map(|(of, n, seen, phase)| Part::Stream {
        of,
        n,
        seen,
        phase,
    })
}

fn recording() -> impl Strategy<Value = Part> {
    let failure = select(vec![RecordingFailure::Lost, RecordingFailure::Recorder]);
    let stage = prop_oneof![
        2 => seconds().prop_map(Stage::Starting),
        2 => seconds().prop_map(Stage::Recording),
        1 => seconds().prop_map(Stage::Processing),
        1 => prop_oneof![0..5_u64, Just(u64::MAX)].prop_map(Stage::Available),
        1 => failure.prop_map(Stage::Failed),
    ];
    // Few moments, so that several are asked for at one.
    (name(), 1..=EACH, seen(), 1..=RECORDED, stage, 0..4_u64).prop_map(
        |(of, n, seen, stream, stage, at)| {
            Part::Recording(Recorded {
                of,
                n,
                seen,
                stream,
                stage,
                at,
            })
        },
    )
}

fn rules() -> impl Strategy<Value = Part> {
    (name(), seen(), of(1..600_u16), 0..4_u64).prop_map(|(room, seen, slow, pins)| Part::Rules {
        room,
        seen,
        slow,
        pins,
    })
}

fn restriction() -> impl Strategy<Value = Part> {
    let hold = prop_oneof![Just(Hold::ForGood), seconds().prop_map(Hold::Until)];
    (name(), who(), of(hold)).prop_map(|(room, who, hold)| Part::Restriction { room, who, hold })
}

fn appointment() -> impl Strategy<Value = Bond> {
    let role = of(select(vec![ChannelRole::Moderator, ChannelRole::Vip]));
    (name(), name(), role, select(SHOWN)).prop_map(|(room, name, role, shown_as)| {
        Bond::Appointment {
            room,
            name,
            role,
            shown_as,
        }
    })
}

fn follow() -> impl Strategy<Value = Bond> {
    let notify = of(select(vec![Notify::Live, Notify::Nothing]));
    // Few moments, so that several begin at one.
    (name(), name(), seen(), notify, 0..4_u64).prop_map(|(name, of, seen, notify, at)| {
        Bond::Follow {
            name,
            of,
            seen,
            notify,
            at,
        }
    })
}

fn happens() -> impl Strategy<Value = Part> {
    let acts = [
        Act::Planned,
        Act::Interrupted,
        Act::Blocked,
        Act::Followed,
        Act::Recorded,
        Act::Lost,
    ];
    (0..8_u32, name(), select(acts.to_vec()), seconds()).prop_map(|(n, of, act, at)| Part::Happen {
        n,
        of,
        act,
        at,
    })
}

fn claim() -> impl Strategy<Value = Part> {
    let holder = name().prop_map(|name| Holder::User(user_id(name)));
    (any::<bool>(), select(free_claims()), holder).prop_map(|(take, claim, holder)| {
        if take {
            Part::Take(claim, holder)
        } else {
            Part::Release(claim, holder)
        }
    })
}

fn count() -> impl Strategy<Value = Part> {
    let counter = select(vec![
        CounterChange::ViewsAdded,
        CounterChange::PeakSeen,
        CounterChange::MessagesAdded,
    ] as Vec<fn(_, _) -> _>);
    let amount = prop_oneof![0..5_u64, Just(1 << 40)];
    (counter, name(), 1..=EACH, amount)
        .prop_map(|(counter, of, n, amount)| Part::Count(counter(stream_id(of, n), amount)))
}

fn said() -> impl Strategy<Value = Part> {
    let id = of(select(MESSAGE_IDS));
    (name(), who(), id, select(TEXTS), seconds(), of(seen())).prop_map(
        |(room, who, id, text, at, rules)| Part::Say {
            room,
            who,
            id,
            text,
            at,
            rules,
        },
    )
}

fn listing() -> impl Strategy<Value = Listing> {
    prop_oneof![
        of(select(CREATORS)).prop_map(Listing::Users),
        Just(Listing::Channels),
        name().prop_map(Listing::Streams),
        (name(), 1..=RECORDED).prop_map(|(name, n)| Listing::Recordings(name, n)),
        name().prop_map(Listing::Following),
        name().prop_map(Listing::Followers),
        name().prop_map(Listing::Audit),
    ]
}

fn name() -> impl Strategy<Value = &'static str> {
    select(NAMES)
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![name().prop_map(Who::User), name().prop_map(Who::Guest)]
}

fn seconds() -> impl Strategy<Value = u64> {
    0..SECONDS
}

fn seen() -> impl Strategy<Value = Seen> {
    prop_oneof![14 => Just(Seen::Now), 1 => Just(Seen::Before), 1 => Just(Seen::Nothing)]
}
