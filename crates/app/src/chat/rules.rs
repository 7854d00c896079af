//! Rooms' rules in memory: what a post is checked by. The store refuses a post that was
//! checked by old ones, so they may be late but never wrong.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use greenroom_domain::chat::{RestrictionKind, Room};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::store::Version;

use crate::{App, Refusal};

/// How many rooms' rules are kept at once.
const ROOMS: usize = 10_000;
/// How many restrictions are read at a time.
const BATCH: usize = 1_000;

/// The rules of rooms that are in use.
#[derive(Default)]
pub(crate) struct RoomRules(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    rooms: HashMap<ChannelId, Arc<Rules>>,
    /// How often any were forgotten: what was read meanwhile may be what has just changed.
    forgotten: u64,
}

/// A room's rules as they were at a version.
pub(crate) struct Rules {
    /// Whose channel it is, for good.
    pub(crate) owner: UserId,
    pub(crate) room: Room,
    pub(crate) version: Version,
    restrictions: HashMap<Identity, RestrictionKind>,
}

impl Rules {
    pub(crate) fn restriction(&self, who: Identity) -> Option<RestrictionKind> {
        self.restrictions.get(&who).copied()
    }
}

impl RoomRules {
    /// The rules of a room.
    pub(crate) async fn of(&self, app: &App, channel: ChannelId) -> Result<Arc<Rules>, Refusal> {
        let forgotten = {
            let kept = self.kept();
            if let Some(rules) = kept.rooms.get(&channel) {
                return Ok(Arc::clone(rules));
            }
            kept.forgotten
        };
        let rules = Arc::new(read(app, channel).await?);
        let mut kept = self.kept();
        if kept.forgotten == forgotten {
            if kept.rooms.len() >= ROOMS {
                kept.rooms.clear();
            }
            kept.rooms.insert(channel, Arc::clone(&rules));
        }
        Ok(rules)
    }

    /// They have changed: read again on the next use.
    pub(crate) fn forget(&self, channel: ChannelId) {
        let mut kept = self.kept();
        kept.rooms.remove(&channel);
        kept.forgotten += 1;
    }

    /// Any of them may have changed.
    pub(crate) fn forget_all(&self) {
        let mut kept = self.kept();
        kept.rooms.clear();
        kept.forgotten += 1;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read(app: &App, channel: ChannelId) -> Result<Rules, Refusal> {
    let owner = app.channel(channel).await?.value.owner;
    // The version first: restrictions that are newer than it make the store refuse a post.
    let room = app
        .ports
        .moderation
        .room(channel)
        .await?
        .ok_or(Refusal::NoSuchChannel)?;
    let mut restrictions = HashMap::new();
    let mut after = None;
    loop {
        let batch = app
            .ports
            .moderation
            .restrictions(channel, after, BATCH)
            .await?;
        after = batch.last().map(|restriction| restriction.subject);
        let whole = batch.len() < BATCH;
        restrictions.extend(
            batch
                .into_iter()
                .map(|restriction| (restriction.subject, restriction.kind)),
        );
        if whole {
            return Ok(Rules {
                owner,
                room: room.value,
                version: room.version,
                restrictions,
            });
        }
    }
}
