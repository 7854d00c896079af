//! What viewers ask for: streams, and a seat in a creator's room.

use std::collections::HashSet;

use axum::Json;
use greenroom_app::Refusal;
use greenroom_app::channel::view;
use greenroom_app::social::list;
use greenroom_app::stream::playback;
use greenroom_app::stream::taste::LiveOrder;
use greenroom_domain::account::{DisplayName, Username};
use greenroom_domain::channel::Handle;
use greenroom_domain::media::Tab;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::UserId;
use serde::Deserialize;

use super::Creator;
use super::shape::{StreamJson, StreamWithChatJson, TokenJson, Told};
use super::stream::with_chat;
use crate::context::Context;
use crate::dialects::body::AnyBody;
use crate::dialects::{absent, live, person};
use crate::extract::Params;
use crate::problem::Problem;

/// The stream of a creator by their name, without anything that publishes.
pub(super) async fn stream(
    context: Context,
    Params(name): Params<String>,
) -> Result<Told<StreamWithChatJson>, Problem> {
    let username = Username::parse(&name).map_err(|_| Refusal::NoSuchUser)?;
    let found = context.app.ports.users.by_username(&username).await;
    let user = found.map_err(Refusal::from)?.ok_or(Refusal::NoSuchUser)?;
    let handle = handle_of(&context, user.value.id).await?;
    let channel = view::execute(&context.app, &handle).await?;
    Ok(Told(with_chat(&context, &channel).await?))
}

/// What is live, most viewers first.
pub(super) async fn live(context: Context) -> Result<Json<Vec<StreamJson>>, Problem> {
    ordered(&context, LiveOrder::Viewers).await.map(Json)
}

/// What is live, first what is like the channels that one follows: by category and tags.
pub(super) async fn recommended(context: Context) -> Result<Json<Vec<StreamJson>>, Problem> {
    ordered(&context, LiveOrder::Recommended).await.map(Json)
}

/// The streams of those whom one follows: live ones by viewers, then the others, the newest
/// followed first. A guest follows nobody.
pub(super) async fn following(context: Context) -> Result<Json<Vec<StreamJson>>, Problem> {
    if context.user.is_none() {
        return Ok(Json(Vec::new()));
    }
    let mut streams = ordered(&context, LiveOrder::FollowedOnly).await?;
    let followed = list::following(&context.app, &context.actor, &live::first_page()).await?;
    let live: HashSet<String> = streams.iter().map(|stream| stream.id.clone()).collect();
    let others = followed.items.iter();
    let others = others.filter(|it| !live.contains(&it.channel.id.to_string()));
    streams.extend(others.map(|it| StreamJson::off_air(&context, &it.channel, &it.owner)));
    Ok(Json(streams))
}

async fn ordered(context: &Context, order: LiveOrder) -> Result<Vec<StreamJson>, Problem> {
    let streams = live::ordered(&context.app, &context.actor, order).await?;
    let streams = streams.iter();
    Ok(streams
        .map(|view| StreamJson::of_live(context, view))
        .collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewToken {
    host_id: String,
}

/// A seat in a creator's room, to watch and to chat; for guests too, by the name that we call
/// them.
pub(super) async fn token(
    context: Context,
    AnyBody(body): AnyBody<NewToken>,
) -> Result<Told<TokenJson>, Problem> {
    let asker = context.user.as_ref();
    let host = person::by_id(&context.app, &context.config, asker, &body.host_id).await?;
    let handle = handle_of(&context, host.id).await?;
    Ok(Told(seat(&context, &handle).await?))
}

/// A seat in one's own room, to look on: the encoder is somebody else there.
pub(super) async fn creator_token(
    Creator { context, .. }: Creator,
) -> Result<Told<TokenJson>, Problem> {
    let channel = view::own(&context.app, &context.actor).await?;
    Ok(Told(seat(&context, &channel.channel.value.handle).await?))
}

async fn seat(context: &Context, handle: &Handle) -> Result<TokenJson, Problem> {
    // As the document names people: their other tabs are displaced, and what they say in the room
    // itself nobody moderates.
    let seat = playback::seat(&context.app, &context.actor, handle, Tab::Only).await?;
    let seat = seat.ok_or_else(absent::livekit)?;
    context.keep_guest();
    let name = match (&context.user, context.actor) {
        (Some(user), _) => user.display_name.to_string(),
        (None, Actor::Guest(guest)) => DisplayName::of_guest(guest).to_string(),
        (None, _) => seat.identity.clone(),
    };
    Ok(TokenJson {
        token: seat.token.expose().to_owned(),
        identity: seat.identity,
        name,
        ws_url: seat.url,
    })
}

async fn handle_of(context: &Context, owner: UserId) -> Result<Handle, Refusal> {
    let channel = context.app.ports.channels.by_owner(owner).await?;
    let channel = channel.ok_or(Refusal::NoSuchChannel)?;
    Ok(channel.value.handle)
}
