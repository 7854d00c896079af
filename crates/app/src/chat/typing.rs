//! Shows that somebody types, for as long as they do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use greenroom_domain::account::DisplayName;
use greenroom_domain::chat::Ephemeral;
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::rate::Quota;
use tokio::time::Instant;

use crate::chat::post::may_speak;
use crate::{App, Refusal};

/// How often somebody's typing is shown.
const QUOTA: Quota = Quota {
    burst: 3,
    per: Duration::from_secs(6),
};
/// After how long without a word of it nobody types any more.
const FADES: Duration = Duration::from_secs(6);
/// How long lies between two looks at who has stopped.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Of how many in a room it is shown that they type; of more it helps nobody.
const MOST: usize = 200;

/// Who types, by what was heard at this node. As long as a room is in it, somebody sees to those
/// who stop without a word.
#[derive(Default)]
pub(crate) struct Typists(Mutex<HashMap<ChannelId, HashMap<Identity, Typist>>>);

struct Typist {
    name: DisplayName,
    until: Instant,
}

/// Kept by nobody. It ends by itself, unless it is said again within six seconds. Too often is
/// not shown, and no error.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    room: ChannelId,
    active: bool,
) -> Result<(), Refusal> {
    let who = may_speak(app, actor, room).await?;
    if !active {
        end(app, room, who);
        return Ok(());
    }
    match app.limit("typing", format!("{room}/{who:?}"), QUOTA).await {
        Err(Refusal::TooMany { .. }) => {
            app.typists.renew(room, who);
            return Ok(());
        }
        other => other?,
    }
    let name = match who {
        Identity::User(id) => {
            let user = app.ports.users.get(id).await?.ok_or(Refusal::NoSuchUser)?;
            user.value.display_name
        }
        Identity::Guest(id) => DisplayName::of_guest(id),
    };
    begin(app, room, who, name);
    Ok(())
}

fn begin(app: &Arc<App>, room: ChannelId, who: Identity, name: DisplayName) {
    let typist = Typist {
        name: name.clone(),
        until: Instant::now() + FADES,
    };
    let is_first = {
        let mut rooms = app.typists.rooms();
        let is_first = !rooms.contains_key(&room);
        let typists = rooms.entry(room).or_default();
        if typists.len() >= MOST && !typists.contains_key(&who) {
            return;
        }
        typists.insert(who, typist);
        is_first
    };
    if is_first {
        let app = Arc::clone(app);
        tokio::spawn(async move { fade(&app, room).await });
    }
    app.show(room, shown(who, name.clone(), true));
    if !app.typists.has(room, who) {
        // They stopped in between, and that was perhaps shown before.
        app.show(room, shown(who, name, false));
    }
}

/// They do not type any more: they have said it, or left. Nothing where they did not.
pub(crate) fn end(app: &App, room: ChannelId, who: Identity) {
    let typist = {
        let mut rooms = app.typists.rooms();
        rooms.get_mut(&room).and_then(|it| it.remove(&who))
    };
    if let Some(typist) = typist {
        app.show(room, shown(who, typist.name, false));
    }
}

/// Takes back what nobody has renewed, until nobody types any more.
async fn fade(app: &App, room: ChannelId) {
    while let Some(next) = app.typists.next(room) {
        tokio::time::sleep_until(next).await;
        for (who, typist) in app.typists.take_faded(room) {
            app.show(room, shown(who, typist.name, false));
        }
    }
}

fn shown(who: Identity, name: DisplayName, active: bool) -> Ephemeral {
    Ephemeral::Typing { who, name, active }
}

impl Typists {
    fn renew(&self, room: ChannelId, who: Identity) {
        let mut rooms = self.rooms();
        if let Some(typist) = rooms.get_mut(&room).and_then(|it| it.get_mut(&who)) {
            typist.until = Instant::now() + FADES;
        }
    }

    fn has(&self, room: ChannelId, who: Identity) -> bool {
        let rooms = self.rooms();
        rooms.get(&room).is_some_and(|it| it.contains_key(&who))
    }

    /// When somebody may have stopped, if anybody types.
    fn next(&self, room: ChannelId) -> Option<Instant> {
        let mut rooms = self.rooms();
        match rooms.get(&room)?.values().map(|it| it.until).min() {
            Some(next) => Some(next.max(Instant::now() + LOOK_EVERY)),
            None => {
                rooms.remove(&room);
                None
            }
        }
    }

    fn take_faded(&self, room: ChannelId) -> Vec<(Identity, Typist)> {
        let now = Instant::now();
        let mut rooms = self.rooms();
        let typists = rooms.get_mut(&room);
        let faded = typists.map(|it| it.extract_if(|_, typist| typist.until <= now).collect());
        faded.unwrap_or_default()
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<ChannelId, HashMap<Identity, Typist>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
