//! Ends local sessions.

use std::sync::Arc;

use greenroom_domain::account::{AccountEvent, SessionId, SessionToken};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::StateChange;
use greenroom_domain::shared::event::Happening;
use greenroom_domain::shared::id::UserId;

use crate::account::sign_in::session_id;
use crate::commit::Attempt;
use crate::{App, Refusal};

/// Ends the session of this token; nothing happens when there is none.
pub async fn execute(app: &Arc<App>, token: &SessionToken) -> Result<(), Refusal> {
    let id = session_id(app, token);
    app.retry(|| attempt(app, id)).await
}

async fn attempt(app: &Arc<App>, id: SessionId) -> Result<(), Attempt> {
    let Some(session) = app.ports.sessions.get(id).await? else {
        return Ok(());
    };
    let user = app.ports.users.get(session.user).await?;
    let by = user.map_or(Actor::System, |user| Actor::User {
        id: session.user,
        role: user.value.role,
    });
    let happened = vec![signed_out(session.user, id)];
    let changes = app
        .tell(&by, happened, app.now())
        .state(StateChange::SessionEnded(id));
    app.commit(changes).await?;
    Ok(())
}

/// What is told of a session that somebody ends.
pub(super) fn signed_out(user: UserId, session: SessionId) -> Happening {
    AccountEvent::SignedOut { user, session }.into()
}
