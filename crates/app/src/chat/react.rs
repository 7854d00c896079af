//! Reacts to what is on, together with everybody else who does.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use greenroom_domain::chat::{Ephemeral, Reaction};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::bus::Signal;
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::rate::Quota;

use crate::chat::post::may_speak;
use crate::{App, Refusal};

/// How often somebody may react.
const QUOTA: Quota = Quota {
    burst: 20,
    per: Duration::from_secs(4),
};
/// How long reactions are counted together: four frames a second for a room, however many
/// people react.
const FRAME: Duration = Duration::from_millis(250);
/// How many kinds are counted in a frame; what is more is dropped.
const KINDS: usize = 32;

type Counts = Vec<(Reaction, u32)>;

/// Reactions that have not been shown yet.
#[derive(Default)]
pub(crate) struct Tally(Mutex<HashMap<ChannelId, Pending>>);

/// Those of one room; somebody sees to their being shown.
#[derive(Default)]
struct Pending {
    /// To be shown here.
    shown: Counts,
    /// Of these, those that came in here: to be told to the other nodes.
    told: Counts,
}

/// Kept by nobody; whoever may chat may react.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    room: ChannelId,
    reaction: Reaction,
) -> Result<(), Refusal> {
    let who = may_speak(app, actor, room).await?;
    app.limit("reactions", format!("{room}/{who:?}"), QUOTA)
        .await?;
    let one = vec![(reaction, 1)];
    count(app, room, |pending| {
        add(&mut pending.shown, &one);
        add(&mut pending.told, &one);
    });
    Ok(())
}

/// Takes those that another node has counted.
pub(crate) fn take(app: &Arc<App>, room: ChannelId, counts: &Counts) {
    count(app, room, |pending| add(&mut pending.shown, counts));
}

fn count(app: &Arc<App>, room: ChannelId, add: impl FnOnce(&mut Pending)) {
    let begins = match app.reactions.pending().entry(room) {
        Entry::Occupied(mut pending) => {
            add(pending.get_mut());
            false
        }
        Entry::Vacant(vacant) => {
            add(vacant.insert(Pending::default()));
            true
        }
    };
    if begins {
        let app = Arc::clone(app);
        tokio::spawn(async move {
            tokio::time::sleep(FRAME).await;
            show(&app, room);
        });
    }
}

fn show(app: &App, room: ChannelId) {
    let Some(Pending { shown, told }) = app.reactions.pending().remove(&room) else {
        return;
    };
    if !told.is_empty() {
        let what = Ephemeral::Reactions { counts: told };
        app.ports.bus.tell(Signal::Ephemeral { room, what });
    }
    app.hub.show(room, Ephemeral::Reactions { counts: shown });
}

fn add(counts: &mut Counts, more: &Counts) {
    for (reaction, n) in more {
        if let Some((_, count)) = counts.iter_mut().find(|(known, _)| known == reaction) {
            *count = count.saturating_add(*n);
        } else if counts.len() < KINDS {
            counts.push((reaction.clone(), *n));
        }
    }
}

impl Tally {
    fn pending(&self) -> MutexGuard<'_, HashMap<ChannelId, Pending>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
