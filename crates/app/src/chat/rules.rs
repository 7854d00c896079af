//! Rooms' rules in memory: what a post is checked by. The store refuses a post that was
//! checked by old ones, so they may be late but never wrong.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use greenroom_domain::access::Tie;
use greenroom_domain::chat::{ChannelRole, RestrictionKind, Room};
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
    roles: HashMap<UserId, ChannelRole>,
    /// Whom the owner has blocked.
    blocked: HashSet<UserId>,
}

impl Rules {
    pub(crate) fn restriction(&self, who: Identity) -> Option<RestrictionKind> {
        self.restrictions.get(&who).copied()
    }

    /// What the channel has to do with them.
    pub(crate) fn tie(&self, who: Identity) -> Tie {
        let banned = self.restriction(who).is_some_and(RestrictionKind::is_ban);
        match who {
            Identity::User(user) if banned || self.blocked.contains(&user) => Tie::ShutOut,
            Identity::Guest(_) if banned => Tie::ShutOut,
            Identity::User(user) => match self.roles.get(&user) {
                Some(role) => Tie::Appointed(*role),
                None => Tie::None,
            },
            Identity::Guest(_) => Tie::None,
        }
    }

    /// How many have a role.
    pub(crate) fn appointed(&self) -> usize {
        self.roles.len()
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
    // The version first: what is newer than it makes the store refuse a post.
    let room = app
        .ports
        .moderation
        .room(channel)
        .await?
        .ok_or(Refusal::NoSuchChannel)?;
    let appointments = app.ports.moderation.appointments(channel).await?;
    Ok(Rules {
        owner,
        room: room.value,
        version: room.version,
        restrictions: restrictions(app, channel).await?,
        roles: appointments.iter().map(|it| (it.user, it.role)).collect(),
        blocked: blocked(app, owner).await?,
    })
}

async fn restrictions(
    app: &App,
    channel: ChannelId,
) -> Result<HashMap<Identity, RestrictionKind>, Refusal> {
    let mut all = HashMap::new();
    let mut after = None;
    loop {
        let batch = app
            .ports
            .moderation
            .restrictions(channel, after, BATCH)
            .await?;
        after = batch.last().map(|restriction| restriction.subject);
        let whole = batch.len() < BATCH;
        all.extend(batch.into_iter().map(|it| (it.subject, it.kind)));
        if whole {
            return Ok(all);
        }
    }
}

async fn blocked(app: &App, owner: UserId) -> Result<HashSet<UserId>, Refusal> {
    let mut all = HashSet::new();
    let mut after = None;
    loop {
        let batch = app.ports.blocks.of_user(owner, after, BATCH).await?;
        after = batch.last().map(|block| block.blocked);
        let whole = batch.len() < BATCH;
        all.extend(batch.into_iter().map(|block| block.blocked));
        if whole {
            return Ok(all);
        }
    }
}
