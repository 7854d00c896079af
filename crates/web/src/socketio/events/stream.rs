//! Streams: create, start, join, leave, end.

use std::sync::Arc;

use greenroom_app::Refusal;
use greenroom_app::chat::{configure, pin};
use greenroom_app::realtime::Start;
use greenroom_app::stream::create::{self, CreateStream};
use greenroom_app::stream::view::StreamView;
use greenroom_app::stream::{end, join, start};
use greenroom_domain::access::Denied;
use greenroom_domain::channel::{Category, Channel, ChannelTitle};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::connection::Connection;
use super::enter::{Entered, Purpose, enter};
use super::payload::{handle, place, require_own, stream_id};
use super::speech::{Document, Speech};
use super::vocabulary::Event;
use super::{Answer, Events, Nothing, Problem, done};
use crate::dialects::harmoniecore;
use crate::wire::{ChatSettingsJson, LineJson, StreamJson};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Create {
    artist_id: Option<String>,
    /// A handle; the actor's own channel if not said.
    channel: Option<String>,
    title: Option<String>,
    /// A stream has none of its own: the channel's is shown.
    description: Option<String>,
    category: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Named {
    stream_id: String,
    user_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Join {
    stream_id: String,
    /// Whatever the client says of its user; who that is was proven before.
    user_data: Option<Value>,
    /// The last place that was seen.
    after: Option<String>,
}

#[derive(Serialize)]
struct OneStream {
    stream: Shape,
}

/// A stream, as who asks reads it.
#[derive(Serialize)]
#[serde(untagged)]
enum Shape {
    Ours(StreamJson),
    HarmonieCore(harmoniecore::StreamJson),
}

impl Shape {
    fn of(connection: &Connection, view: &StreamView) -> Self {
        match connection.speech {
            Speech::Of(Document::HarmonieCore) => Self::HarmonieCore(view.into()),
            // `PawfectMatch`'s clients get streams by REST.
            Speech::Ours | Speech::Of(Document::PawfectMatch) => Self::Ours(view.into()),
        }
    }
}

/// A stream that is no line of a room that its actor listens to.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    stream_id: &'a str,
    channel_id: &'a str,
    title: &'a str,
    reason: Option<&'a str>,
    stream: &'a StreamJson,
}

pub(super) async fn create(
    events: &Events,
    connection: &Arc<Connection>,
    payload: Create,
) -> Result<Answer, Problem> {
    require_own(connection, "artistId", payload.artist_id.as_deref())?;
    let view = match connection.speech {
        Speech::Ours => create_ours(events, connection, payload).await?,
        Speech::Of(_) => create_by_document(events, connection, payload).await?,
    };
    let stream = Shape::of(connection, &view);
    connection.tell(Event::StreamCreated, &stream)?;
    done(&OneStream { stream })
}

async fn create_ours(
    events: &Events,
    connection: &Connection,
    payload: Create,
) -> Result<StreamView, Problem> {
    let handle = match &payload.channel {
        Some(name) => handle(name)?,
        None => own_channel(events, connection).await?.handle,
    };
    let title = payload.title.as_deref().map(ChannelTitle::parse);
    let category = payload.category.as_deref().map(Category::parse);
    let command = CreateStream {
        handle,
        title: title
            .transpose()
            .map_err(|error| Problem::text("title", error))?,
        category: category
            .transpose()
            .map_err(|error| Problem::text("category", error))?,
    };
    Ok(create::execute(&events.app, &connection.actor, command).await?)
}

async fn own_channel(events: &Events, connection: &Connection) -> Result<Channel, Problem> {
    let user = connection
        .actor
        .user()
        .ok_or(Refusal::Denied(Denied::SignInFirst))?;
    let channel = events.app.ports.channels.by_owner(user).await;
    let channel = channel.map_err(Refusal::from)?;
    Ok(channel.ok_or(Refusal::NoSuchChannel)?.value)
}

async fn create_by_document(
    events: &Events,
    connection: &Connection,
    payload: Create,
) -> Result<StreamView, Problem> {
    let (app, actor) = (&events.app, &connection.actor);
    let user = actor.user().ok_or(Refusal::Denied(Denied::SignInFirst))?;
    let user = app.ports.users.get(user).await.map_err(Refusal::from)?;
    let user = user.ok_or(Refusal::NoSuchUser)?.value;
    let stream = harmoniecore::NewStream {
        artist_id: payload.artist_id,
        title: payload.title,
        description: payload.description,
        category: payload.category,
    };
    stream.create(app, actor, &user).await
}

pub(super) async fn start(
    events: &Events,
    connection: &Arc<Connection>,
    payload: Named,
) -> Result<Answer, Problem> {
    require_own(connection, "userId", payload.user_id.as_deref())?;
    let id = stream_id(&payload.stream_id)?;
    let view = start::execute(&events.app, &connection.actor, id).await?;
    tell_outsider(connection, Event::StreamStarted, &view)?;
    let stream = Shape::of(connection, &view);
    done(&OneStream { stream })
}

pub(super) async fn end(
    events: &Events,
    connection: &Arc<Connection>,
    payload: Named,
) -> Result<Answer, Problem> {
    require_own(connection, "userId", payload.user_id.as_deref())?;
    let id = stream_id(&payload.stream_id)?;
    let view = end::execute(&events.app, &connection.actor, id).await?;
    tell_outsider(connection, Event::StreamEnded, &view)?;
    let stream = Shape::of(connection, &view);
    done(&OneStream { stream })
}

/// Who listens to the room hears of it by the line.
fn tell_outsider(connection: &Connection, event: Event, view: &StreamView) -> Result<(), Problem> {
    let hears = match connection.speech {
        Speech::Ours => connection.is_in(view.channel.id),
        Speech::Of(_) => connection.room_watched_for(view.stream.id).is_some(),
    };
    if hears {
        return Ok(());
    }
    match Shape::of(connection, view) {
        Shape::Ours(stream) => connection.tell(
            event,
            &Told {
                stream_id: &stream.id,
                channel_id: &stream.channel.id,
                title: &stream.title,
                reason: stream.end_reason,
                stream: &stream,
            },
        ),
        Shape::HarmonieCore(stream) => connection.tell(event, &stream),
    }
}

/// A room that was joined: what its chat is like.
#[derive(Serialize)]
pub(super) struct ChatJson {
    /// The place that the lines begin behind.
    place: String,
    /// What the client has is to be thrown away and read anew.
    resync: bool,
    settings: ChatSettingsJson,
    /// What is kept in view, oldest first.
    pins: Vec<LineJson>,
}

#[derive(Serialize)]
struct Joined {
    viewers: u64,
    #[serde(flatten)]
    harmoniecore: Option<JoinedByDocument>,
    stream: Shape,
    chat: ChatJson,
}

/// The same in the words of the document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JoinedByDocument {
    stream_id: String,
    viewer_count: u64,
}

pub(super) async fn join(
    events: &Events,
    connection: &Arc<Connection>,
    payload: Join,
) -> Result<Answer, Problem> {
    let app = &events.app;
    require_own_data(connection, payload.user_data.as_ref())?;
    let id = stream_id(&payload.stream_id)?;
    let start = start_at(payload.after.as_deref())?;
    let view = join::execute(app, &connection.actor, id, connection.id).await?;
    let purpose = Purpose::Watch(id);
    let entered = match enter(events, connection, &view.channel, start, purpose).await {
        Ok(entered) => entered,
        Err(problem) => {
            join::leave(app, id, connection.who, connection.id).await?;
            return Err(problem);
        }
    };
    let joined = Joined {
        viewers: view.viewers,
        harmoniecore: match connection.speech {
            Speech::Of(Document::HarmonieCore) => Some(JoinedByDocument {
                stream_id: id.to_string(),
                viewer_count: view.viewers,
            }),
            Speech::Of(Document::PawfectMatch) | Speech::Ours => None,
        },
        stream: Shape::of(connection, &view),
        chat: chat_of(events, connection, &view.channel, &entered).await?,
    };
    connection.tell(Event::StreamJoined, &joined)?;
    done(&joined)
}

pub(super) async fn leave(
    events: &Events,
    connection: &Arc<Connection>,
    payload: Named,
) -> Result<Answer, Problem> {
    require_own(connection, "userId", payload.user_id.as_deref())?;
    let id = stream_id(&payload.stream_id)?;
    connection.leave_stream(&events.app, id).await?;
    done(&Nothing {})
}

/// From where a client wants a room's lines.
pub(super) fn start_at(after: Option<&str>) -> Result<Start, Problem> {
    match after {
        None => Ok(Start::Now),
        Some(text) => place("after", text).map(Start::After),
    }
}

pub(super) async fn chat_of(
    events: &Events,
    connection: &Connection,
    channel: &Channel,
    entered: &Entered,
) -> Result<ChatJson, Problem> {
    let (app, handle) = (&events.app, &channel.handle);
    let room = configure::current(app, handle).await?;
    let pinned = pin::list(app, &connection.actor, handle).await?;
    Ok(ChatJson {
        pins: pinned
            .iter()
            .map(|pinned| LineJson::public(&pinned.line))
            .collect(),
        place: entered.from.to_string(),
        resync: entered.resync,
        settings: ChatSettingsJson::from(room.value.settings),
    })
}

fn require_own_data(connection: &Connection, data: Option<&Value>) -> Result<(), Problem> {
    let id = match data.and_then(|data| data.get("userId")) {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::String(id)) => id.clone(),
        Some(other) => other.to_string(),
    };
    require_own(connection, "userData.userId", Some(&id))
}
