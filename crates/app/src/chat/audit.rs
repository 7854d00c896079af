//! Shows who did what to a channel and its room.

use std::sync::Arc;

use greenroom_domain::access::Action;
use greenroom_domain::channel::Handle;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::page::{Page, PageRequest};

use crate::{App, Refusal};

/// The newest first, for the room's staff.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    handle: &Handle,
    page: &PageRequest,
) -> Result<Page<Event>, Refusal> {
    let channel = app.channel_by_handle(handle).await?.value;
    app.authorize(actor, &channel, Action::Moderate).await?;
    Ok(app.ports.audit.of_channel(channel.id, page).await??)
}
