//! Circle's document: REST below `/api/livestream`, for those who are signed in.
//!
//! A stream is one broadcast with a key of its own, which only its owner sees and finds it by.
//! It is played at the channel's address, which says nothing of the key.

mod shape;

use axum::Router;
use axum::routing::{get, patch, post};
use greenroom_app::Refusal;
use greenroom_app::channel::keys::{self, CreateKey};
use greenroom_app::channel::view as channel_view;
use greenroom_app::stream::create::{self, CreateStream};
use greenroom_app::stream::view::{self, StreamView};
use greenroom_app::stream::{end, join, start};
use greenroom_domain::access::Denied;
use greenroom_domain::channel::{ChannelTitle, KeyLabel, KeySecret};
use greenroom_domain::shared::id::{ConnectionId, StreamId};
use greenroom_domain::stream::StreamState;
use http::StatusCode;
use serde::Deserialize;

pub(super) use self::shape::refused;
use self::shape::{Answer, StreamJson, UserJson};
use super::body::AnyBody;
use super::person::SignedIn;
use super::{creator, live, playback};
use crate::Web;
use crate::context::Context;
use crate::extract::{Params, Query};
use crate::problem::Problem;

pub(super) fn routes() -> Router<Web> {
    let streams = Router::new()
        .route("/", get(list).post(create))
        .route("/key", get(by_key))
        .route("/join", post(join))
        .route("/{id}", get(by_id))
        .route("/{id}/status", patch(set_status))
        .route("/{id}/start", post(start))
        .route("/{id}/end", post(end))
        .route("/{id}/participants", get(participants));
    Router::new().nest("/api/livestream/streams", streams)
}

#[derive(Deserialize)]
struct NewStream {
    title: Option<String>,
}

/// Plans a stream, with a key that serves it alone.
async fn create(
    SignedIn { context, user }: SignedIn,
    AnyBody(body): AnyBody<NewStream>,
) -> Result<Answer<StreamJson>, Problem> {
    let title = body.title.as_deref().map(ChannelTitle::parse).transpose();
    let title = title.map_err(|error| Problem::text("title", error))?;
    let (app, actor) = (&context.app, &context.actor);
    creator::ask(app, actor, &user).await?;
    let channel = creator::own_channel(app, actor, &user, title.as_ref()).await?;
    let handle = channel.channel.value.handle;
    let command = CreateStream {
        handle: handle.clone(),
        title,
        category: None,
    };
    let stream = create::execute(app, actor, command).await?;
    let command = CreateKey {
        handle,
        label: KeyLabel::parse("Circle").map_err(|error| Problem::text("label", error))?,
        bound_to: Some(stream.stream.id),
    };
    let key = keys::create(app, actor, command).await?;
    let shown = StreamJson::of(&context, &stream).with_key(&key.secret);
    Ok(Answer::created(shown, "Stream created successfully"))
}

/// What is live, most viewers first, and what the asker has planned or ended.
async fn list(SignedIn { context, user }: SignedIn) -> Result<Answer<Vec<StreamJson>>, Problem> {
    let mut streams = live::all(&context.app).await?;
    match channel_view::own(&context.app, &context.actor).await {
        Err(Refusal::NoSuchChannel) => {}
        own => {
            let handle = own?.channel.value.handle;
            let own = view::of_channel(&context.app, &handle, &live::first_page()).await?;
            streams.retain(|view| view.owner.id != user.id);
            streams.extend(own.items);
        }
    }
    let streams = streams.iter();
    let streams = streams.map(|view| StreamJson::of(&context, view));
    Ok(Answer::list(
        streams.collect(),
        "Streams retrieved successfully",
    ))
}

#[derive(Deserialize)]
struct ByKey {
    #[serde(rename = "streamKey")]
    stream_key: String,
}

/// The stream of a key, for its owner; to anybody else it does not exist.
async fn by_key(
    SignedIn { context, .. }: SignedIn,
    Query(query): Query<ByKey>,
) -> Result<Answer<StreamJson>, Problem> {
    let secret = KeySecret::parse(&query.stream_key).ok_or(Refusal::NoSuchKey)?;
    let key = keys::find(&context.app, &context.actor, &secret).await?;
    let stream = key.bound_to.ok_or(Refusal::NoSuchStream)?;
    let view = view::execute(&context.app, stream).await?;
    let shown = StreamJson::of(&context, &view).with_key(&secret);
    Ok(Answer::of(shown, "Stream retrieved successfully"))
}

async fn by_id(
    SignedIn { context, user }: SignedIn,
    Params(id): Params<String>,
) -> Result<Answer<StreamJson>, Problem> {
    let view = view::execute(&context.app, stream_id(&id)?).await?;
    let mut shown = StreamJson::of(&context, &view);
    if view.owner.id == user.id
        && let Some(secret) = key_of(&context, &view).await?
    {
        shown = shown.with_key(&secret);
    }
    Ok(Answer::of(shown, "Stream retrieved successfully"))
}

/// The secret of the key that serves this stream alone.
async fn key_of(context: &Context, view: &StreamView) -> Result<Option<KeySecret>, Problem> {
    let (app, actor) = (&context.app, &context.actor);
    let keys = keys::list(app, actor, &view.channel.handle).await?;
    let bound = keys
        .iter()
        .find(|key| key.bound_to == Some(view.stream.id) && key.hash().is_some());
    match bound {
        Some(key) => Ok(Some(keys::reveal(app, actor, key.id).await?.secret)),
        None => Ok(None),
    }
}

#[derive(Deserialize)]
struct NewStatus {
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Pending,
    Live,
    Ended,
}

/// Forward alone: a stream that was live is never pending again.
async fn set_status(
    SignedIn { context, .. }: SignedIn,
    Params(id): Params<String>,
    AnyBody(body): AnyBody<NewStatus>,
) -> Result<Answer<StreamJson>, Problem> {
    let (app, actor, id) = (&context.app, &context.actor, stream_id(&id)?);
    let view = match body.status {
        Status::Live => start::execute(app, actor, id).await?,
        Status::Ended => end::execute(app, actor, id).await?,
        Status::Pending => unstarted(&context, id).await?,
    };
    let shown = StreamJson::of(&context, &view);
    Ok(Answer::of(shown, "Stream status updated successfully"))
}

async fn unstarted(context: &Context, id: StreamId) -> Result<StreamView, Problem> {
    let view = view::execute(&context.app, id).await?;
    if !context.runs(view.owner.id) {
        return Err(Refusal::Denied(Denied::Forbidden).into());
    }
    if view.stream.started_at().is_none() {
        return Ok(view);
    }
    Err(Problem::new(
        StatusCode::CONFLICT,
        "STREAM_HAS_STARTED",
        "the stream has been live: it cannot be pending again",
    ))
}

async fn start(
    SignedIn { context, .. }: SignedIn,
    Params(id): Params<String>,
) -> Result<Answer<StreamJson>, Problem> {
    let view = start::execute(&context.app, &context.actor, stream_id(&id)?).await?;
    let shown = StreamJson::of(&context, &view);
    Ok(Answer::of(shown, "Stream started successfully"))
}

async fn end(
    SignedIn { context, .. }: SignedIn,
    Params(id): Params<String>,
) -> Result<Answer<StreamJson>, Problem> {
    let view = end::execute(&context.app, &context.actor, stream_id(&id)?).await?;
    let shown = StreamJson::of(&context, &view);
    Ok(Answer::of(shown, "Stream ended successfully"))
}

#[derive(Deserialize)]
struct Join {
    #[serde(alias = "streamId", alias = "id")]
    stream_id: String,
}

/// Joins a stream that has not ended: a participant until they are not heard of any more, as
/// their player will be. One that is planned may be waited for.
async fn join(
    SignedIn { context, user }: SignedIn,
    AnyBody(body): AnyBody<Join>,
) -> Result<Answer<StreamJson>, Problem> {
    let (app, actor, id) = (&context.app, &context.actor, stream_id(&body.stream_id)?);
    let mut view = view::execute(app, id).await?;
    if !matches!(view.stream.state, StreamState::Pending) {
        // Who has no connection of their own is present by one in their name, however often
        // they join.
        let connection = ConnectionId::from_uuid(user.id.uuid());
        view = join::execute(app, actor, id, connection).await?;
    }
    let mut shown = StreamJson::of(&context, &view);
    shown.playback_url = playback::for_asker(&context, &view.channel.handle).await?;
    Ok(Answer::of(shown, "Joined stream successfully"))
}

async fn participants(
    SignedIn { context, .. }: SignedIn,
    Params(id): Params<String>,
) -> Result<Answer<Vec<UserJson>>, Problem> {
    let found = join::participants(&context.app, &context.actor, stream_id(&id)?).await?;
    let users = found.users.iter().map(UserJson::from);
    Ok(Answer::list(
        users.collect(),
        "Participants retrieved successfully",
    ))
}

/// The stream of an id; what is no id names none.
fn stream_id(text: &str) -> Result<StreamId, Problem> {
    text.parse().map_err(|_| Refusal::NoSuchStream.into())
}
