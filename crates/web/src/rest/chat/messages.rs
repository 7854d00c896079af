//! What is said in a room.

use std::sync::atomic::Ordering;

use axum::Json;
use greenroom_app::Refusal;
use greenroom_app::chat::history::{self, Part};
use greenroom_app::chat::post::Post;
use greenroom_app::chat::say::{self, Said};
use greenroom_app::chat::{clear, delete};
use greenroom_domain::chat::{ClientMessageId, Place, Seq};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::context::Context;
use crate::extract::{Params, Query, page_limit};
use crate::problem::Problem;
use crate::rest::docs::{Always, Conflicts, Named, Paged, Restricted, WithBody, Writes};
use crate::rest::once::{BodyOnce, IdempotencyKey, message_id};
use crate::rest::{channel_of, handle};
use crate::wire::{DoneJson, HistoryJson, LineJson, identity};

/// Which part of a room's log; the newest lines if nothing is said.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Range {
    /// Lines before this place.
    before: Option<String>,
    /// Lines behind this place: what was missed. Not together with `before`.
    after: Option<String>,
    /// 25 if not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
}

impl Range {
    fn part(&self) -> Result<Part, Problem> {
        let place = |field: &str, text: &str| {
            text.parse::<Place>().map_err(|_| {
                Problem::new(
                    StatusCode::BAD_REQUEST,
                    "MALFORMED_QUERY",
                    format!("{field}: this is not a place"),
                )
                .with("field", field)
            })
        };
        match (&self.before, &self.after) {
            (None, None) => Ok(Part::Newest),
            (Some(before), None) => Ok(Part::Before(place("before", before)?.seq)),
            (None, Some(after)) => Ok(Part::After(place("after", after)?)),
            (Some(_), Some(_)) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "MALFORMED_QUERY",
                "either before or after, not both",
            )),
        }
    }
}

/// Part of a room's log, oldest line first.
#[utoipa::path(get, path = "/channels/{handle}/chat", tag = "chat", operation_id = "read_chat",
    params(("handle" = String, Path), Range),
    responses((status = 200, body = HistoryJson), Always, Paged, Restricted, Named))]
pub(super) async fn history(
    context: Context,
    Params(name): Params<String>,
    Query(range): Query<Range>,
) -> Result<Json<HistoryJson>, Problem> {
    let (part, limit) = (range.part()?, page_limit(range.limit)?);
    let handle = handle(&name)?;
    let history = history::execute(&context.app, &context.actor, &handle, part, limit).await?;
    Ok(Json(HistoryJson::from(&history)))
}

/// A message.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMessage {
    /// Cut where the room's limit is; at most 8 KiB. What begins with `/` is a command.
    #[schema(min_length = 1)]
    text: String,
    /// What the client calls it: sent again with the same, it is the same message. 1 to 64
    /// printable ASCII characters.
    #[schema(pattern = "^[!-~]{1,64}$")]
    client_message_id: Option<String>,
    /// The number of the line that it answers.
    #[schema(format = "uint64")]
    reply_to: Option<u64>,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Said)]
pub(super) enum Answer {
    /// It is in the log.
    Line(Box<LineJson>),
    /// It was a command, and was carried out.
    Done(DoneJson),
}

/// Posts a message: 201 when it is durable, 200 when it was there already. Or carries out a
/// command (`/timeout name 10m`): 200.
#[utoipa::path(post, path = "/channels/{handle}/chat", tag = "chat", operation_id = "post_message",
    params(("handle" = String, Path), IdempotencyKey),
    request_body = NewMessage,
    responses((status = 201, body = LineJson), (status = 200, body = Answer), Always, WithBody,
        Restricted, Writes, Named, Conflicts))]
pub(super) async fn post(
    context: Context,
    Params(name): Params<String>,
    BodyOnce(body, once): BodyOnce<NewMessage>,
) -> Result<(StatusCode, Json<Answer>), Problem> {
    let client_id = body
        .client_message_id
        .as_deref()
        .map(ClientMessageId::parse);
    let client_id = client_id
        .transpose()
        .map_err(|error| Problem::text("client_message_id", error))?
        .or_else(|| once.as_ref().map(message_id));
    let post = Post {
        channel: channel_of(&context, &name).await?.value.id,
        text: body.text,
        client_id,
        reply_to: body.reply_to.map(Seq),
    };
    let posted = match say::execute(&context.app, &context.actor, post).await? {
        Said::Posted(posted) => posted,
        Said::Done(done) => return Ok((StatusCode::OK, Json(Answer::Done((&done).into())))),
    };
    context.keep_guest();
    let status = if posted.repeated {
        StatusCode::OK
    } else {
        let meters = &context.config.meters;
        meters.chat_messages.fetch_add(1, Ordering::Relaxed);
        StatusCode::CREATED
    };
    let line = Box::new(LineJson::public(&posted.line));
    Ok((status, Json(Answer::Line(line))))
}

/// Deletes a message: one's own, or anybody's for the room's staff. Again is no change.
#[utoipa::path(delete, path = "/channels/{handle}/chat/{seq}", tag = "chat",
    operation_id = "delete_message",
    params(("handle" = String, Path), ("seq" = u64, Path)),
    responses((status = 204), Always, Restricted, Writes, Named))]
pub(super) async fn delete(
    context: Context,
    Params((name, seq)): Params<(String, String)>,
) -> Result<StatusCode, Problem> {
    let channel = channel_of(&context, &name).await?.value;
    let seq = super::seq(&seq)?;
    delete::execute(&context.app, &context.actor, channel.id, seq).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Messages are gone.
#[derive(Serialize, ToSchema)]
pub(super) struct Cleared {
    /// How many.
    count: usize,
}

/// Deletes what somebody said last, for the room's staff: up to a hundred messages among the
/// room's newest thousand lines.
#[utoipa::path(delete, path = "/channels/{handle}/chat/authors/{subject}", tag = "chat",
    operation_id = "clear_messages",
    params(("handle" = String, Path),
        ("subject" = String, Path, description = "`user:<id>` or `guest:<id>`")),
    responses((status = 200, body = Cleared), Always, Restricted, Writes, Named))]
pub(super) async fn clear(
    context: Context,
    Params((name, who)): Params<(String, String)>,
) -> Result<Json<Cleared>, Problem> {
    let room = channel_of(&context, &name).await?.value.id;
    let author = identity(&who).ok_or(Refusal::NoSuchUser)?;
    let count = clear::execute(&context.app, &context.actor, room, author).await?;
    Ok(Json(Cleared { count }))
}
