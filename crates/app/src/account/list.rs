//! Lists accounts, for administrators.

use greenroom_domain::access::{Action, Standing, require};
use greenroom_domain::account::{CreatorStatus, User};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::page::{Page, PageRequest};

use crate::{App, Refusal};

/// All accounts, or those of one creator status: who waits for approval, say.
pub async fn execute(
    app: &App,
    actor: &Actor,
    creator: Option<CreatorStatus>,
    page: &PageRequest,
) -> Result<Page<User>, Refusal> {
    require(Standing::at_large(actor), Action::ReviewCreators)?;
    Ok(app.ports.users.list(creator, page).await??)
}
