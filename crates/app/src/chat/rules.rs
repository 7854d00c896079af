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
        self.concerning(who).tie()
    }

    /// What of it concerns somebody.
    pub(crate) fn concerning(&self, who: Identity) -> Concern {
        let restriction = self.restriction(who);
        match who {
            Identity::User(user) => Concern {
                restriction,
                role: self.roles.get(&user).copied(),
                is_blocked: self.blocked.contains(&user),
            },
            Identity::Guest(_) => Concern {
                restriction,
                ..Concern::default()
            },
        }
    }

    /// How many have a role.
    pub(crate) fn appointed(&self) -> usize {
        self.roles.len()
    }
}

/// What of a room's rules concerns one person.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Concern {
    /// What holds them, run out or not.
    pub(crate) restriction: Option<RestrictionKind>,
    role: Option<ChannelRole>,
    /// The owner has blocked them.
    is_blocked: bool,
}

impl Concern {
    /// What the channel has to do with them.
    pub(crate) fn tie(self) -> Tie {
        let banned = self.restriction.is_some_and(RestrictionKind::is_ban);
        match self.role {
            _ if banned || self.is_blocked => Tie::ShutOut,
            Some(role) => Tie::Appointed(role),
            None => Tie::None,
        }
    }
}

impl RoomRules {
    /// What of several rooms' rules concerns somebody, in the order asked for; each room with
    /// its owner. Of rooms that are not in use only that is read, for all of them together.
    pub(crate) async fn concerning(
        &self,
        app: &App,
        who: Identity,
        rooms: &[(ChannelId, UserId)],
    ) -> Result<Vec<Concern>, Refusal> {
        let kept: Vec<Option<Arc<Rules>>> = {
            let kept = self.kept();
            let rules = rooms.iter().map(|(room, _)| kept.rooms.get(room).cloned());
            rules.collect()
        };
        let unknown = rooms.iter().zip(&kept).filter(|(_, kept)| kept.is_none());
        let unknown: Vec<(ChannelId, UserId)> = unknown.map(|(room, _)| *room).collect();
        let read = read_concerning(app, who, &unknown).await?;
        let concerns = rooms.iter().zip(kept).map(|(room, kept)| match kept {
            Some(rules) => rules.concerning(who),
            None => read.get(&room.0).copied().unwrap_or_default(),
        });
        Ok(concerns.collect())
    }

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

/// What concerns somebody of these rooms, where anything does.
async fn read_concerning(
    app: &App,
    who: Identity,
    rooms: &[(ChannelId, UserId)],
) -> Result<HashMap<ChannelId, Concern>, Refusal> {
    let mut found: HashMap<ChannelId, Concern> = HashMap::new();
    if rooms.is_empty() {
        return Ok(found);
    }
    let (channels, owners): (Vec<ChannelId>, Vec<UserId>) = rooms.iter().copied().unzip();
    let moderation = &app.ports.moderation;
    for it in moderation.restrictions_of(who, &channels).await? {
        found.entry(it.room).or_default().restriction = Some(it.kind);
    }
    let Identity::User(user) = who else {
        return Ok(found);
    };
    for it in moderation.appointments_of(user, &channels).await? {
        found.entry(it.channel).or_default().role = Some(it.role);
    }
    let blocks = app.ports.blocks.among(&owners, user).await?;
    let blockers: HashSet<UserId> = blocks.iter().map(|it| it.blocker).collect();
    for (room, _) in rooms.iter().filter(|(_, owner)| blockers.contains(owner)) {
        found.entry(*room).or_default().is_blocked = true;
    }
    Ok(found)
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
