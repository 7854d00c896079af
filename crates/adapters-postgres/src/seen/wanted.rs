//! What has to be locked and read for a batch.

use std::collections::BTreeSet;

use greenroom_domain::shared::commit::{Changes, ClaimChange, StateChange};
use greenroom_domain::shared::id::ChannelId;

use crate::claim::ClaimKey;
use crate::seen::{Aggregate, RepeatKey, ReplyKey};

/// All that a batch speaks of, each once and in order.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) rooms: BTreeSet<ChannelId>,
    pub(super) policies: BTreeSet<ChannelId>,
    pub(super) repeats: BTreeSet<RepeatKey>,
    pub(super) aggregates: BTreeSet<Aggregate>,
    pub(super) claims: BTreeSet<ClaimKey>,
    pub(super) cursors: BTreeSet<&'static str>,
    pub(super) replies: BTreeSet<ReplyKey>,
}

impl Wanted {
    pub(super) fn by(batch: &[&Changes]) -> Self {
        let mut wanted = Self::default();
        for changes in batch {
            for change in &changes.states {
                wanted.state(change);
            }
            for line in &changes.lines {
                wanted.rooms.insert(line.room);
                wanted.policies.extend(line.policy_seen.map(|_| line.room));
                let repeat = line.repeat_key();
                let repeat = repeat.map(|(author, id)| (line.room, author, id.clone()));
                wanted.repeats.extend(repeat);
            }
            wanted
                .rooms
                .extend(changes.redactions.iter().map(|(room, _)| *room));
            wanted
                .claims
                .extend(changes.claims.iter().map(|change| match change {
                    ClaimChange::Take(claim, _) | ClaimChange::Release(claim, _) => {
                        ClaimKey::of(claim)
                    }
                }));
            wanted
                .cursors
                .extend(changes.cursor.map(|it| it.consumer.0));
            let reply = changes.reply.as_ref();
            wanted
                .replies
                .extend(reply.map(|it| (it.by, it.key.clone())));
        }
        wanted
    }

    fn state(&mut self, change: &StateChange) {
        self.aggregates
            .extend(Aggregate::of(change).map(|(it, _)| it));
        match change {
            StateChange::Room(write) => {
                self.rooms.insert(write.next.channel);
                self.policies.insert(write.next.channel);
            }
            StateChange::Restriction(restriction) => {
                self.rooms.insert(restriction.room);
            }
            StateChange::Appointment(appointment) => {
                self.rooms.insert(appointment.channel);
            }
            StateChange::RestrictionLifted(room, _) | StateChange::Dismissed(room, _) => {
                self.rooms.insert(*room);
            }
            _ => {}
        }
    }
}
