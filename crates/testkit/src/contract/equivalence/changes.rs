//! How a part becomes changes: an aggregate is written with the names that it takes and gives
//! back, as a use case would. What it overwrites is looked up in the reference.

use greenroom_domain::account::{CreatorStatus, Login, Role, User};
use greenroom_domain::channel::{Channel, Handle, KeyState, StreamKey};
use greenroom_domain::chat::{
    ChatSettings, LineBody, NewLine, Pin, Restriction, RestrictionKind, Room, Seq, SlowMode,
};
use greenroom_domain::shared::commit::{Changes, Claim, ClaimChange, Holder, StateChange};
use greenroom_domain::shared::feed::{Consumer, CursorMove, FeedPosition};
use greenroom_domain::shared::secret::Sealed;
use greenroom_domain::shared::store::{Stored, Version};
use greenroom_domain::stream::Stream;

use super::part::ISSUER;
use super::{Hold, Part, Phase, Seen, Who, people};
use crate::builders::{
    NOON, UserBuilder, ban, channel, channel_id, mac, message, node_id, noon_plus, room, seen,
    session, stream, stream_id, stream_key, stream_key_id, title, user, user_id,
};
use crate::contract::Subject;

impl Part {
    /// Adds this part to a commit.
    pub(super) async fn put_into(&self, mut changes: Changes, reference: &Subject) -> Changes {
        match *self {
            Self::Account {
                name,
                seen,
                role,
                creator,
                subject,
                shown_as,
            } => {
                let next = account(name, role, creator, subject).shown_as(shown_as);
                write_user(changes, reference, next.build(), seen).await
            }
            Self::Session { token, user, until } => changes.state(sign_in(token, user, until)),
            Self::Channel {
                name,
                seen,
                handle,
                owner,
            } => {
                let next = Channel {
                    handle: Handle::parse(handle).expect("a handle that fits"),
                    owner: user_id(owner),
                    ..channel(name)
                };
                write_channel(changes, reference, next, seen).await
            }
            Self::Key {
                of,
                n,
                seen,
                secret,
            } => write_key(changes, reference, key(of, n, secret), seen).await,
            Self::Stream { of, n, seen, phase } => {
                write_stream(changes, reference, broadcast(of, n, phase), seen).await
            }
            Self::Recording(recorded) => recorded.put_into(changes, reference).await,
            Self::Rules {
                room,
                seen: version,
                slow,
                pins,
            } => {
                let version = version.of(rules_of(reference, room).await);
                changes.state(StateChange::Room(seen(rules(room, slow, pins), version)))
            }
            Self::Restriction { room, who, hold } => changes.state(restriction(room, who, hold)),
            Self::Take(ref claim, by) => changes.claim(ClaimChange::Take(claim.clone(), by)),
            Self::Release(ref claim, by) => changes.claim(ClaimChange::Release(claim.clone(), by)),
            Self::Count(counter) => changes.counter(counter),
            Self::Say {
                room,
                who,
                id,
                text,
                at,
                rules,
            } => {
                let mut line = message(room, who.identity(), text).at(noon_plus(at));
                if let Some(id) = id {
                    line = line.client_id(id);
                }
                if let Some(seen) = rules {
                    line = line.checked_by(seen.of(rules_of(reference, room).await));
                }
                changes.line(line.line())
            }
            Self::Announce { room, at } => changes.line(announcement(room, at)),
            Self::Redact { room, seq } => {
                changes.redactions.push((channel_id(room), Seq(seq)));
                changes
            }
            Self::Happen { n, of, act, at } => {
                changes.events.push(people::happened(n, of, act, at));
                changes
            }
            Self::Bond(ref bond) => bond.put_into(changes, reference).await,
            Self::Answer { who, key, made, at } => {
                changes.reply = Some(people::answer(who, key, made, at));
                changes
            }
            Self::Pass {
                consumer,
                seen,
                records,
            } => {
                changes.cursor = Some(passes(reference, Consumer(consumer), seen, records).await);
                changes
            }
        }
    }
}

impl Seen {
    pub(super) fn of<T>(self, there: Option<Stored<T>>) -> Version {
        let version = there.map_or(Version::NEW, |there| there.version);
        Version(self.among(version.0))
    }

    fn among(self, now: u64) -> u64 {
        match self {
            Self::Now => now,
            Self::Before => now.checked_sub(1).unwrap_or(1),
            Self::Nothing => 0,
        }
    }
}

async fn write_user(
    mut changes: Changes,
    reference: &Subject,
    next: User,
    version: Seen,
) -> Changes {
    let there = reference.users().get(next.id).await.expect("a read");
    let names = |user: &User| {
        let subject = match &user.login {
            Login::Host(subject) => Some(Claim::Subject(subject.clone())),
            Login::Local(_) => None,
        };
        let names = [Some(Claim::Username(user.username.clone())), subject];
        names.into_iter().flatten().collect::<Vec<_>>()
    };
    let old = there.as_ref().map(|it| names(&it.value));
    changes = pass_on(
        changes,
        old.unwrap_or_default(),
        names(&next),
        Holder::User(next.id),
    );
    changes.state(StateChange::User(seen(next, version.of(there))))
}

async fn write_channel(
    mut changes: Changes,
    reference: &Subject,
    next: Channel,
    version: Seen,
) -> Changes {
    let there = reference.channels().get(next.id).await.expect("a read");
    let names = |channel: &Channel| {
        let handle = Claim::Handle(channel.handle.clone());
        vec![handle, Claim::ChannelOf(channel.owner)]
    };
    let old = there.as_ref().map(|it| names(&it.value));
    changes = pass_on(
        changes,
        old.unwrap_or_default(),
        names(&next),
        Holder::Channel(next.id),
    );
    changes.state(StateChange::Channel(seen(next, version.of(there))))
}

async fn write_key(
    mut changes: Changes,
    reference: &Subject,
    next: StreamKey,
    version: Seen,
) -> Changes {
    let there = reference.stream_keys().get(next.id).await.expect("a read");
    let names = |key: &StreamKey| key.hash().map(Claim::KeyHash).into_iter().collect();
    let old = there.as_ref().map(|it| names(&it.value));
    changes = pass_on(
        changes,
        old.unwrap_or_default(),
        names(&next),
        Holder::StreamKey(next.id),
    );
    changes.state(StateChange::StreamKey(seen(next, version.of(there))))
}

async fn write_stream(
    mut changes: Changes,
    reference: &Subject,
    next: Stream,
    version: Seen,
) -> Changes {
    let there = reference.streams().get(next.id).await.expect("a read");
    let names = |stream: &Stream| {
        let live = stream.is_live().then_some(stream.channel);
        live.map(Claim::LiveStream).into_iter().collect()
    };
    let old = there.as_ref().map(|it| names(&it.value));
    changes = pass_on(
        changes,
        old.unwrap_or_default(),
        names(&next),
        Holder::Stream(next.id),
    );
    changes.state(StateChange::Stream(seen(next, version.of(there))))
}

/// Gives the old names back and takes the new ones.
pub(super) fn pass_on(
    changes: Changes,
    old: Vec<Claim>,
    new: Vec<Claim>,
    holder: Holder,
) -> Changes {
    let releases = old
        .into_iter()
        .map(|name| ClaimChange::Release(name, holder));
    let takes = new.into_iter().map(|name| ClaimChange::Take(name, holder));
    releases.chain(takes).fold(changes, Changes::claim)
}

async fn rules_of(reference: &Subject, name: &str) -> Option<Stored<Room>> {
    let read = reference.moderation().room(channel_id(name)).await;
    read.expect("a read")
}

async fn passes(reference: &Subject, consumer: Consumer, from: Seen, records: u64) -> CursorMove {
    let stands = reference.feed().cursor(consumer).await.expect("a read");
    let from = from.among(stands.map_or(0, |stands| stands.0));
    CursorMove {
        consumer,
        from: FeedPosition(from),
        to: FeedPosition(from + records),
    }
}

fn account(name: &str, role: Role, creator: CreatorStatus, subject: Option<&str>) -> UserBuilder {
    let mut account = user(name).creator(creator);
    if role == Role::Admin {
        account = account.admin();
    }
    match subject {
        Some(subject) => account.of_host(ISSUER, subject),
        None => account,
    }
}

fn sign_in(token: &str, user: &str, until: Option<u64>) -> StateChange {
    let session = session(token, user_id(user), until.unwrap_or_default());
    match until {
        Some(_) => StateChange::Session(session),
        None => StateChange::SessionEnded(session.id),
    }
}

fn key(of: &str, n: u32, secret: Option<&str>) -> StreamKey {
    let state = match secret {
        Some(secret) => KeyState::Active {
            hash: mac(secret),
            sealed: Sealed(secret.as_bytes().to_vec()),
            since: NOON,
        },
        None => KeyState::Revoked { at: NOON },
    };
    StreamKey {
        state,
        ..stream_key(of, n)
    }
}

fn broadcast(of: &str, n: u32, phase: Phase) -> Stream {
    let key = stream_key_id(of, 1);
    let planned = stream(of, n);
    let broadcast = match phase {
        Phase::Pending => planned,
        Phase::Awaiting(until) => planned.awaiting(noon_plus(until)),
        Phase::Publishing => planned.publishing(node_id("here"), key),
        Phase::Interrupted(until) => planned.interrupted(key, noon_plus(until)),
        Phase::Ended(reason) => planned.ended(reason),
    };
    broadcast.build()
}

fn rules(of: &str, slow: Option<u16>, pins: u64) -> Room {
    let pin = |n| Pin {
        target: Seq(n),
        by: None,
        at: noon_plus(n),
    };
    let settings = ChatSettings {
        slow_mode: slow.and_then(|seconds| SlowMode::new(seconds).ok()),
        ..ChatSettings::default()
    };
    Room {
        settings,
        pins: (0..pins).map(pin).collect(),
        ..room(of)
    }
}

fn restriction(room: &str, who: Who, hold: Option<Hold>) -> StateChange {
    let banned = ban(room, who.identity());
    let kind = match hold {
        None => return StateChange::RestrictionLifted(banned.room, banned.subject),
        Some(Hold::ForGood) => RestrictionKind::Ban,
        Some(Hold::Until(until)) => RestrictionKind::Timeout {
            until: noon_plus(until),
        },
    };
    StateChange::Restriction(Restriction { kind, ..banned })
}

fn announcement(room: &str, at: u64) -> NewLine {
    NewLine {
        room: channel_id(room),
        at: noon_plus(at),
        body: LineBody::StreamStarted {
            stream: stream_id(room, 1),
            title: title("On air"),
        },
        policy_seen: None,
    }
}
