//! What the documents call users: by the host platform's subject. It never changes, so it is
//! looked up once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use greenroom_app::App;
use greenroom_domain::account::User;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::UserId;
use parking_lot::Mutex;

use crate::dialects::person;
use crate::wire::identity_text;

/// How many users are remembered.
const KNOWN: usize = 50_000;
/// How long a look-up may take: what waits for it are a room's lines.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The users that were spoken of.
#[derive(Default)]
pub(super) struct People(Mutex<HashMap<UserId, Arc<str>>>);

/// What some of them are called.
pub(super) struct Names(HashMap<UserId, Arc<str>>);

impl Names {
    /// A guest is called what we call them, and so is whoever could not be looked up.
    pub(super) fn of(&self, who: Identity) -> String {
        match who {
            Identity::User(id) => match self.0.get(&id) {
                Some(name) => name.to_string(),
                None => id.to_string(),
            },
            Identity::Guest(_) => identity_text(who),
        }
    }
}

impl People {
    /// Takes notice of somebody.
    pub(super) fn meet(&self, user: &User) {
        let mut known = self.0.lock();
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(user.id, person::id(user).into());
    }

    /// What they are called, if all of them are known.
    pub(super) fn known(&self, people: &[Identity]) -> Option<Names> {
        let known = self.0.lock();
        let named = users(people).map(|id| Some((id, Arc::clone(known.get(&id)?))));
        named.collect::<Option<_>>().map(Names)
    }

    /// What they are called, looked up where that is not known.
    pub(super) async fn learn(&self, app: &App, people: &[Identity]) -> Names {
        if let Some(names) = self.known(people) {
            return names;
        }
        let mut ids: Vec<UserId> = users(people).collect();
        ids.sort_unstable();
        ids.dedup();
        let found = tokio::time::timeout(PATIENCE, app.ports.users.get_many(&ids)).await;
        match found {
            Ok(Ok(users)) => {
                for user in &users {
                    self.meet(user);
                }
                let names = users.iter().map(|user| (user.id, person::id(user).into()));
                Names(names.collect())
            }
            Ok(Err(error)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "people could not be looked up"
                );
                Names(HashMap::new())
            }
            Err(_) => {
                tracing::warn!("looking people up took too long");
                Names(HashMap::new())
            }
        }
    }
}

fn users(people: &[Identity]) -> impl Iterator<Item = UserId> {
    people.iter().filter_map(|who| match who {
        Identity::User(id) => Some(*id),
        Identity::Guest(_) => None,
    })
}
