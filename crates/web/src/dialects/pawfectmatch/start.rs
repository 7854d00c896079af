//! Going live.

use axum::Json;
use greenroom_app::channel::edit::{self, EditChannel};
use greenroom_app::stream::create::{self, CreateStream};
use greenroom_app::stream::view::StreamView;
use greenroom_app::stream::{credentials, playback, start};
use greenroom_domain::channel::{ChannelEdit, ChannelTitle, Tag, Tags};
use greenroom_domain::media::Tab;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::shape::{SeatJson, StreamJson};
use super::{ingress, pins, recording};
use crate::context::Context;
use crate::dialects::body::AnyBody;
use crate::dialects::person::SignedIn;
use crate::dialects::{creator, playback as addresses};
use crate::problem::Problem;

/// What a stream is called. A cover is the channel's and is uploaded there: an address of one is
/// passed over.
#[derive(Deserialize)]
pub(super) struct NewStream {
    title: Option<String>,
    tags: Option<Vec<String>>,
}

/// A stream that is live, where it is published to from an application, and where it is played.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StartedJson {
    #[serde(flatten)]
    stream: StreamJson,
    #[serde(flatten)]
    seat: Option<SeatJson>,
    playback_url: Option<String>,
}

/// Who is live already goes on with that stream.
pub(super) async fn start(
    SignedIn { context, user }: SignedIn,
    AnyBody(body): AnyBody<NewStream>,
) -> Result<(StatusCode, Json<StartedJson>), Problem> {
    let (app, actor) = (&context.app, &context.actor);
    let title = body.title.as_deref().map(ChannelTitle::parse).transpose();
    let title = title.map_err(|error| Problem::text("title", error))?;
    let tags = body.tags.as_deref().map(tags).transpose()?;
    creator::ask(app, actor, &user).await?;
    let channel = creator::own_channel(app, actor, &user, title.as_ref()).await?;
    let handle = channel.channel.value.handle;
    let playback_url = addresses::for_everybody(&context, &handle);
    let (status, mut view) = match channel.live {
        Some(live) => (StatusCode::OK, live),
        None => {
            let command = CreateStream {
                handle: handle.clone(),
                title,
                category: None,
            };
            let planned = create::execute(app, actor, command).await?;
            let started = start::execute(app, actor, planned.stream.id).await?;
            (StatusCode::CREATED, started)
        }
    };
    if tags.is_some() {
        let edit = ChannelEdit {
            tags,
            ..ChannelEdit::default()
        };
        let command = EditChannel {
            handle,
            edit,
            seen: None,
        };
        view.channel = edit::execute(app, actor, command).await?.value;
    }
    let recording = recording::last(app, actor, view.stream.id).await?;
    let started = StartedJson {
        seat: seat(&context, &view).await?,
        stream: StreamJson::of(&view, Some(pins::of(app, &view).await?)).recorded(recording),
        playback_url,
    };
    Ok((status, Json(started)))
}

/// A seat in the stream's room, to publish from; `None` where the media engine has no rooms. Who
/// asks while it cannot be reached is live, and gets the seat when they ask again.
async fn seat(context: &Context, view: &StreamView) -> Result<Option<SeatJson>, Problem> {
    let (app, actor, handle) = (&context.app, &context.actor, &view.channel.handle);
    // Without rooms there is nothing that a key would be made for.
    let tab = Tab::OneOfMany(app.ports.ids.uuid());
    if playback::seat(app, actor, handle, tab).await?.is_none() {
        return Ok(None);
    }
    let key = ingress::key(context, handle.clone(), view.stream.id).await?;
    let seat = credentials::seat(app, actor, key).await?;
    Ok(seat.map(SeatJson::from))
}

fn tags(texts: &[String]) -> Result<Tags, Problem> {
    let tags = texts.iter().map(|text| Tag::parse(text));
    let tags = tags.collect::<Result<Vec<_>, _>>();
    let tags = tags.map_err(|error| Problem::text("tags", error))?;
    Ok(Tags::new(tags)?)
}
