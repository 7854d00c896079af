//! Moderation: mute, ban, and the end of either.

use std::sync::Arc;
use std::time::Duration;

use greenroom_app::Refusal;
use greenroom_app::chat::restrict::{self, Restrict};
use greenroom_domain::account::Subject;
use greenroom_domain::chat::{Lift, ModerationReason};
use greenroom_domain::shared::actor::Identity;
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
    let subject = subject(events, connection, &payload.target_user_id).await?;
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
            restrict::lift(app, actor, channel, subject, Lift::Timeout).await?;
            done(&Nothing {})
        }
        Action::Unban => {
            restrict::lift(app, actor, channel, subject, Lift::Whatever).await?;
            done(&Nothing {})
        }
    }
}

/// By our names, or by the host platform's subject. What names nobody is nobody.
async fn subject(
    events: &Events,
    connection: &Connection,
    text: &str,
) -> Result<Identity, Problem> {
    let ours = identity(text).or_else(|| text.parse().ok().map(Identity::User));
    if let Some(ours) = ours {
        return Ok(ours);
    }
    let own = connection.subject.as_ref();
    let issuer = (events.config.host_issuer.clone()).or_else(|| Some(own?.issuer.clone()));
    let subject = Subject {
        issuer: issuer.ok_or(Refusal::NoSuchUser)?,
        subject: text.to_owned(),
    };
    let user = events.app.ports.users.by_subject(&subject).await;
    let user = user.map_err(Refusal::from)?.ok_or(Refusal::NoSuchUser)?;
    Ok(Identity::User(user.value.id))
}
