//! Moderators and VIPs.

use std::collections::HashMap;

use axum::Json;
use greenroom_app::Refusal;
use greenroom_app::account::profile;
use greenroom_app::chat::appoint;
use greenroom_domain::account::User;
use greenroom_domain::chat::ChannelRole;
use greenroom_domain::shared::id::UserId;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::context::Context;
use crate::extract::Params;
use crate::problem::Problem;
use crate::rest::docs::{Always, Conflicts, Named, Restricted, Writes};
use crate::rest::{channel_of, username};
use crate::wire::AppointmentJson;

/// Everybody who is something in a channel.
#[derive(Serialize, ToSchema)]
pub(super) struct RoleList {
    /// 200 at most.
    items: Vec<AppointmentJson>,
}

/// A channel's moderators and VIPs, for whoever may read its chat.
#[utoipa::path(get, path = "/channels/{handle}/roles", tag = "chat", operation_id = "list_roles",
    params(("handle" = String, Path)),
    responses((status = 200, body = RoleList), Always, Restricted, Named))]
pub(super) async fn list(
    context: Context,
    Params(name): Params<String>,
) -> Result<Json<RoleList>, Problem> {
    let channel = channel_of(&context, &name).await?.value.id;
    let appointments = appoint::list(&context.app, &context.actor, channel).await?;
    let ids: Vec<UserId> = appointments.iter().map(|it| it.user).collect();
    let users = context.app.ports.users.get_many(&ids).await;
    let users = users.map_err(Refusal::from)?.into_iter();
    let users: HashMap<UserId, User> = users.map(|user| (user.id, user)).collect();
    let shown = appointments.iter().filter_map(|appointment| {
        let user = users.get(&appointment.user)?;
        Some(AppointmentJson::of(appointment, user))
    });
    let items = shown.collect();
    Ok(Json(RoleList { items }))
}

/// Makes somebody a moderator, for the channel's owner. Again is no change.
#[utoipa::path(put, path = "/channels/{handle}/moderators/{username}", tag = "chat",
    operation_id = "put_moderator",
    params(("handle" = String, Path), ("username" = String, Path)),
    responses((status = 200, body = AppointmentJson), Always, Restricted, Writes, Named,
        Conflicts))]
pub(super) async fn put_moderator(
    context: Context,
    Params(path): Params<(String, String)>,
) -> Result<Json<AppointmentJson>, Problem> {
    appoint(&context, &path, ChannelRole::Moderator).await
}

/// They are a moderator no more, for the channel's owner and themselves. Again is no change.
#[utoipa::path(delete, path = "/channels/{handle}/moderators/{username}", tag = "chat",
    operation_id = "delete_moderator",
    params(("handle" = String, Path), ("username" = String, Path)),
    responses((status = 204), Always, Restricted, Writes, Named))]
pub(super) async fn delete_moderator(
    context: Context,
    Params(path): Params<(String, String)>,
) -> Result<StatusCode, Problem> {
    dismiss(&context, &path, ChannelRole::Moderator).await
}

/// Makes somebody a VIP, for the channel's owner. Again is no change.
#[utoipa::path(put, path = "/channels/{handle}/vips/{username}", tag = "chat",
    operation_id = "put_vip",
    params(("handle" = String, Path), ("username" = String, Path)),
    responses((status = 200, body = AppointmentJson), Always, Restricted, Writes, Named,
        Conflicts))]
pub(super) async fn put_vip(
    context: Context,
    Params(path): Params<(String, String)>,
) -> Result<Json<AppointmentJson>, Problem> {
    appoint(&context, &path, ChannelRole::Vip).await
}

/// They are a VIP no more, for the channel's owner and themselves. Again is no change.
#[utoipa::path(delete, path = "/channels/{handle}/vips/{username}", tag = "chat",
    operation_id = "delete_vip",
    params(("handle" = String, Path), ("username" = String, Path)),
    responses((status = 204), Always, Restricted, Writes, Named))]
pub(super) async fn delete_vip(
    context: Context,
    Params(path): Params<(String, String)>,
) -> Result<StatusCode, Problem> {
    dismiss(&context, &path, ChannelRole::Vip).await
}

async fn appoint(
    context: &Context,
    (name, who): &(String, String),
    role: ChannelRole,
) -> Result<Json<AppointmentJson>, Problem> {
    let channel = channel_of(context, name).await?.value.id;
    let user = profile::by_username(&context.app, &username(who)?).await?;
    let appointment = appoint::execute(&context.app, &context.actor, channel, user.id, role);
    Ok(Json(AppointmentJson::of(&appointment.await?, &user)))
}

async fn dismiss(
    context: &Context,
    (name, who): &(String, String),
    role: ChannelRole,
) -> Result<StatusCode, Problem> {
    let channel = channel_of(context, name).await?.value.id;
    let user = profile::by_username(&context.app, &username(who)?).await?;
    appoint::end(&context.app, &context.actor, channel, user.id, Some(role)).await?;
    Ok(StatusCode::NO_CONTENT)
}
