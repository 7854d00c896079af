//! Shows that somebody types.

use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::access::{Action, Denied};
use greenroom_domain::account::DisplayName;
use greenroom_domain::chat::Ephemeral;
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::rate::Quota;

use crate::chat::post::speaker;
use crate::{App, Refusal};

/// How often somebody's typing is shown.
const QUOTA: Quota = Quota {
    burst: 3,
    per: Duration::from_secs(6),
};

/// Kept by nobody; clients let it fade after a few seconds. Too often is not shown, and no
/// error.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    room: ChannelId,
    active: bool,
) -> Result<(), Refusal> {
    let who = actor.identity().ok_or(Denied::Forbidden)?;
    let channel = app.channel(room).await?.value;
    let standing = app.authorize(actor, &channel, Action::Chat).await?;
    let rules = app.rules.of(app, room).await?;
    let speaker = speaker(app, &rules, who, standing, room).await?;
    rules.room.admit(&speaker, app.now())?;
    match app.limit("typing", format!("{room}/{who:?}"), QUOTA).await {
        Err(Refusal::TooMany { .. }) => return Ok(()),
        other => other?,
    }
    let name = match who {
        Identity::User(id) => {
            let user = app.ports.users.get(id).await?.ok_or(Refusal::NoSuchUser)?;
            user.value.display_name
        }
        Identity::Guest(id) => DisplayName::of_guest(id),
    };
    app.show(room, Ephemeral::Typing { who, name, active });
    Ok(())
}
