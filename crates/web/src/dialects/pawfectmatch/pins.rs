//! Messages that a stream's owner keeps in view. To us they are the room's, by whoever moderates
//! it; here they are the owner's alone, and one stream's.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use greenroom_app::chat::pin;
use greenroom_app::stream::view::{self, StreamView};
use greenroom_app::{App, Refusal};
use greenroom_domain::access::{Denied, Standing};
use greenroom_domain::chat::{ChatError, Content, Line, LineBody, Place};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::id::{StreamId, UserId};
use greenroom_domain::stream::{StreamError, StreamState};
use serde::{Deserialize, Serialize};

use super::shape::PinnedJson;
use super::stream_id;
use crate::dialects::body::AnyBody;
use crate::dialects::person::{self, SignedIn};
use crate::extract::Params;
use crate::problem::Problem;
use crate::wire::identity_text;

/// What is said of the content is the message's own business.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewPin {
    message_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PinsJson {
    pinned_messages: Vec<PinnedJson>,
}

pub(super) async fn create(
    SignedIn { context, .. }: SignedIn,
    Params(id): Params<String>,
    AnyBody(body): AnyBody<NewPin>,
) -> Result<Json<PinsJson>, Problem> {
    let (app, actor) = (&context.app, &context.actor);
    let view = pin(app, actor, stream_id(&id)?, &body.message_id).await?;
    Ok(Json(PinsJson {
        pinned_messages: of(app, &view).await?,
    }))
}

/// Keeps a message in view: five at most, those of earlier streams make room. Again is no
/// change.
pub(crate) async fn pin(
    app: &Arc<App>,
    actor: &Actor,
    stream: StreamId,
    message: &str,
) -> Result<StreamView, Refusal> {
    let view = view::execute(app, stream).await?;
    if actor.user() != Some(view.owner.id) {
        return Err(Refusal::Denied(Denied::Forbidden));
    }
    if let StreamState::Ended { .. } = view.stream.state {
        return Err(Refusal::Stream(StreamError::Ended));
    }
    let room = view.channel.id;
    let target = message.parse::<Place>().ok();
    let target = target.ok_or(ChatError::NoSuchMessage)?.seq;
    let line = app.ports.room_log.line(room, target).await?;
    if !line.is_some_and(|line| is_of(&view, &line)) {
        return Err(ChatError::NoSuchMessage.into());
    }
    match pin::execute(app, actor, room, target).await {
        Err(Refusal::Chat(ChatError::TooManyPins { .. })) => {}
        done => return done.map(|()| view),
    }
    for line in kept(app, &view).await? {
        if !is_of(&view, &line) {
            pin::end(app, actor, room, line.place.seq).await?;
        }
    }
    pin::execute(app, actor, room, target).await?;
    Ok(view)
}

/// What is kept in view of a stream.
pub(crate) async fn of(app: &App, view: &StreamView) -> Result<Vec<PinnedJson>, Refusal> {
    // What viewers of a delayed chat have not been shown yet is not shown by its pin either.
    let end = app.end_of_log(view.channel.id, Standing::Viewer).await?.seq;
    let is_shown = |line: &Line| is_of(view, line) && line.place.seq <= end;
    let lines = kept(app, view).await?.into_iter();
    let lines: Vec<Line> = lines.filter(is_shown).collect();
    let authors = lines.iter().filter_map(|line| match author(line)? {
        Identity::User(id) => Some(id),
        Identity::Guest(_) => None,
    });
    let authors: Vec<UserId> = authors.collect();
    let authors = app.ports.users.get_many(&authors).await?;
    let authors = authors.iter().map(|user| (user.id, person::id(user)));
    let authors: HashMap<UserId, String> = authors.collect();
    let json = lines.iter().filter_map(|line| {
        let LineBody::Message(message) = &line.body else {
            return None;
        };
        let Content::Text(text) = &message.content else {
            return None;
        };
        let author = message.author.identity;
        let named = match author {
            Identity::User(id) => authors.get(&id).cloned(),
            Identity::Guest(_) => None,
        };
        Some(PinnedJson {
            message_id: line.place.to_string(),
            author_id: named.unwrap_or_else(|| identity_text(author)),
            content: text.text.clone(),
            timestamp: line.at.to_rfc3339(),
        })
    });
    Ok(json.collect())
}

/// What the room keeps in view, of whatever stream. From the store: who was just told of a
/// change reads it right away.
async fn kept(app: &App, view: &StreamView) -> Result<Vec<Line>, Refusal> {
    let room = app.ports.moderation.room(view.channel.id).await?;
    let pins = room.map(|room| room.value.pins).unwrap_or_default();
    let mut lines = Vec::with_capacity(pins.len());
    for pin in pins {
        let line = app.ports.room_log.line(view.channel.id, pin.target).await?;
        lines.extend(line);
    }
    Ok(lines)
}

/// Whether a line was said during a stream.
fn is_of(view: &StreamView, line: &Line) -> bool {
    match view.stream.state {
        StreamState::Pending => false,
        StreamState::Live { started_at, .. } => line.at >= started_at,
        StreamState::Ended {
            started_at,
            ended_at,
            ..
        } => (started_at..=ended_at).contains(&line.at),
    }
}

fn author(line: &Line) -> Option<Identity> {
    match &line.body {
        LineBody::Message(message) => Some(message.author.identity),
        _ => None,
    }
}
