//! Who may not chat in a room.

use std::time::Duration;

use axum::Json;
use greenroom_app::Refusal;
use greenroom_app::chat::restrict::{self, Restrict};
use greenroom_domain::chat::{Lift, ModerationReason};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::page::{Cursor, Page, UnknownCursor};
use http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::context::Context;
use crate::extract::{Body, Params, Query, page_limit};
use crate::problem::Problem;
use crate::rest::channel_of;
use crate::rest::docs::{Always, Conflicts, Named, Paged, Restricted, WithBody, Writes};
use crate::wire::{PageJson, RestrictionJson, identity, identity_text};

/// Which part of a listing.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListRestrictions {
    /// Goes on after the page that gave it.
    cursor: Option<String>,
    /// 25 if not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
}

/// Who may not chat, for whoever runs the channel.
#[utoipa::path(get, path = "/channels/{handle}/chat/restrictions", tag = "chat",
    operation_id = "list_restrictions",
    params(("handle" = String, Path), ListRestrictions),
    responses((status = 200, body = PageJson<RestrictionJson>), Always, Paged, Restricted, Named))]
pub(super) async fn list(
    context: Context,
    Params(name): Params<String>,
    Query(query): Query<ListRestrictions>,
) -> Result<Json<PageJson<RestrictionJson>>, Problem> {
    let limit = page_limit(query.limit)?.get();
    let after = query
        .cursor
        .map(|cursor| identity(&cursor).ok_or(Refusal::from(UnknownCursor)))
        .transpose()?;
    let room = channel_of(&context, &name).await?.value.id;
    let mut items = restrict::list(&context.app, &context.actor, room, after, limit + 1).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| more);
    let next = last.map(|last| Cursor(identity_text(last.subject)));
    let page = Page { items, next };
    Ok(Json(PageJson::of(page, |item| {
        RestrictionJson::from(&item)
    })))
}

/// How somebody is restricted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRestriction {
    kind: Kind,
    /// How long a timeout lasts, 1 second to 14 days. Not for a ban.
    #[schema(minimum = 1, maximum = 1_209_600)]
    seconds: Option<u64>,
    /// Why, for staff; 1 to 300 characters.
    #[schema(min_length = 1)]
    reason: Option<String>,
}

/// A timeout keeps from chatting, a ban from watching too.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NewRestrictionKind)]
enum Kind {
    Timeout,
    Ban,
}

impl NewRestriction {
    fn timeout(&self) -> Result<Option<Duration>, Problem> {
        let wrong = |code, error: &str| {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, error).with("field", "seconds")
        };
        match (self.kind, self.seconds) {
            (Kind::Timeout, Some(seconds)) => Ok(Some(Duration::from_secs(seconds))),
            (Kind::Timeout, None) => Err(wrong("MISSING_FIELD", "seconds: a timeout needs it")),
            (Kind::Ban, None) => Ok(None),
            (Kind::Ban, Some(_)) => Err(wrong("INVALID_FIELD", "seconds: a ban has no end")),
        }
    }
}

/// Times somebody out or bans them, for whoever runs the channel.
#[utoipa::path(put, path = "/channels/{handle}/chat/restrictions/{subject}", tag = "chat",
    operation_id = "restrict",
    params(("handle" = String, Path),
        ("subject" = String, Path, description = "`user:<id>` or `guest:<id>`")),
    request_body = NewRestriction,
    responses((status = 200, body = RestrictionJson), Always, WithBody, Restricted, Writes,
        Named, Conflicts))]
pub(super) async fn put(
    context: Context,
    Params((name, who)): Params<(String, String)>,
    Body(body): Body<NewRestriction>,
) -> Result<Json<RestrictionJson>, Problem> {
    let timeout = body.timeout()?;
    let reason = body.reason.as_deref().map(ModerationReason::parse);
    let command = Restrict {
        channel: channel_of(&context, &name).await?.value.id,
        subject: subject(&who)?,
        timeout,
        reason: reason
            .transpose()
            .map_err(|error| Problem::text("reason", error))?,
    };
    let restriction = restrict::execute(&context.app, &context.actor, command).await?;
    Ok(Json(RestrictionJson::from(&restriction)))
}

/// Lets somebody chat again, for whoever runs the channel. Again is no change.
#[utoipa::path(delete, path = "/channels/{handle}/chat/restrictions/{subject}", tag = "chat",
    operation_id = "lift_restriction",
    params(("handle" = String, Path),
        ("subject" = String, Path, description = "`user:<id>` or `guest:<id>`")),
    responses((status = 204), Always, Restricted, Writes, Named))]
pub(super) async fn lift(
    context: Context,
    Params((name, who)): Params<(String, String)>,
) -> Result<StatusCode, Problem> {
    let room = channel_of(&context, &name).await?.value.id;
    let who = subject(&who)?;
    restrict::lift(&context.app, &context.actor, room, who, Lift::Whatever).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What names nobody.
fn subject(text: &str) -> Result<Identity, Problem> {
    identity(text).ok_or_else(|| Refusal::NoSuchUser.into())
}
