//! Ends local sessions.

use std::sync::Arc;

use greenroom_domain::account::SessionToken;
use greenroom_domain::shared::commit::{Changes, StateChange};

use crate::account::sign_in::session_id;
use crate::{App, Refusal};

/// Ends the session of this token; nothing happens when there is none.
pub async fn execute(app: &Arc<App>, token: &SessionToken) -> Result<(), Refusal> {
    let id = session_id(app, token);
    app.retry(|| app.commit(Changes::new().state(StateChange::SessionEnded(id))))
        .await?;
    Ok(())
}
