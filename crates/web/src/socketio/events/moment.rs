//! What is worth nothing a moment later: typing, reactions.

use std::sync::Arc;

use greenroom_app::chat::{react, typing};
use greenroom_domain::chat::Reaction;
use serde::Deserialize;

use super::chat::room_now;
use super::connection::Connection;
use super::payload::require_own;
use super::{Answer, Events, Nothing, Problem, done};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Typing {
    stream_id: Option<String>,
    handle: Option<String>,
    user_id: Option<String>,
    #[serde(rename = "isTyping")]
    active: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct React {
    stream_id: Option<String>,
    handle: Option<String>,
    user_id: Option<String>,
    /// One emoji, or an emote's short code.
    reaction: String,
}

pub(super) async fn typing(
    events: &Events,
    connection: &Arc<Connection>,
    payload: Typing,
) -> Result<Answer, Problem> {
    require_own(connection, "userId", payload.user_id.as_deref())?;
    let channel = room_now(events, connection, payload.stream_id, payload.handle).await?;
    typing::execute(&events.app, &connection.actor, channel, payload.active).await?;
    done(&Nothing {})
}

/// Shown together with everybody else's, in a moment.
pub(super) async fn react(
    events: &Events,
    connection: &Arc<Connection>,
    payload: React,
) -> Result<Answer, Problem> {
    require_own(connection, "userId", payload.user_id.as_deref())?;
    let reaction = Reaction::parse(&payload.reaction);
    let reaction = reaction.map_err(|error| Problem::text("reaction", error))?;
    let channel = room_now(events, connection, payload.stream_id, payload.handle).await?;
    react::execute(&events.app, &connection.actor, channel, reaction).await?;
    done(&Nothing {})
}
