//! Moderation: mute, ban, and the end of either.

use std::sync::Arc;
use std::time::Duration;

use greenroom_app::Refusal;
use greenroom_app::chat::restrict::{self, Restrict};
use greenroom_domain::chat::ModerationReason;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::ChannelId;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::chat::{invalid, room_of};
use super::connection::Connection;
use super::{Answer, Events, Nothing, Problem, done};
use crate::wire::{RestrictionJson, identity};

/// How long a mute lasts when nothing is said.
const MUTED: Duration = Duration::from_secs(600);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Moderate {
    stream_id: Option<String>,
    handle: Option<String>,
    /// A user's id, or `user:<id>` or `guest:<id>`.
    target_user_id: String,
    action: Action,
    reason: Option<String>,
    /// How long a mute lasts, in seconds.
    duration: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Mute,
    Unmute,
    Timeout,
    Ban,
    Unban,
}

#[derive(Serialize)]
struct Moderated {
    restriction: RestrictionJson,
}

pub(super) async fn moderate(
    events: &Events,
    connection: &Arc<Connection>,
    payload: Moderate,
) -> Result<Answer, Problem> {
    let (app, actor) = (&events.app, &connection.actor);
    let subject = subject(&payload.target_user_id)?;
    let reason = payload.reason.as_deref().map(ModerationReason::parse);
    let reason = reason
        .transpose()
        .map_err(|error| Problem::text("reason", error))?;
    let timeout = match (payload.action, payload.duration) {
        (Action::Mute | Action::Timeout, seconds) => {
            Some(seconds.map_or(MUTED, Duration::from_secs))
        }
        (_, None) => None,
        (_, Some(_)) => return Err(invalid("duration", "only a mute has one")),
    };
    let channel = room_of(events, connection, payload.stream_id, payload.handle).await?;
    match payload.action {
        Action::Mute | Action::Timeout | Action::Ban => {
            if payload.action != Action::Ban {
                require_not_banned(events, channel, subject).await?;
            }
            let command = Restrict {
                channel,
                subject,
                timeout,
                reason,
            };
            let restriction = restrict::execute(app, actor, command).await?;
            done(&Moderated {
                restriction: RestrictionJson::from(&restriction),
            })
        }
        Action::Unmute => {
            require_not_banned(events, channel, subject).await?;
            restrict::lift(app, actor, channel, subject).await?;
            done(&Nothing {})
        }
        Action::Unban => {
            restrict::lift(app, actor, channel, subject).await?;
            done(&Nothing {})
        }
    }
}

/// A mute takes the place of a ban, and its end too: nobody means that who says "mute".
async fn require_not_banned(
    events: &Events,
    channel: ChannelId,
    subject: Identity,
) -> Result<(), Problem> {
    let restriction = events.app.ports.moderation.restriction(channel, subject);
    let restriction = restriction.await.map_err(Refusal::from)?;
    if restriction.is_some_and(|it| it.kind.is_ban()) {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "USER_IS_BANNED",
            "this user is banned; lift the ban first",
        ));
    }
    Ok(())
}

/// What names nobody is nobody.
fn subject(text: &str) -> Result<Identity, Problem> {
    identity(text)
        .or_else(|| text.parse().ok().map(Identity::User))
        .ok_or_else(|| Refusal::NoSuchUser.into())
}
