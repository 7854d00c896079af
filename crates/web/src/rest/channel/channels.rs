//! Channels.

use axum::Json;
use axum::response::{IntoResponse, Response};
use greenroom_app::channel::cover;
use greenroom_app::channel::create::{self, CreateChannel};
use greenroom_app::channel::edit::{self, EditChannel};
use greenroom_app::channel::lock;
use greenroom_app::channel::view::{self, ChannelView};
use greenroom_domain::channel::{
    Category, ChannelEdit, ChannelTitle, Description, Handle, Language, Tag, Tags,
};
use greenroom_domain::shared::text::TextError;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::context::Context;
use crate::extract::{Body, IfMatch, Params, Patch, Upload, etag};
use crate::problem::Problem;
use crate::rest::docs::{
    Always, Conflicts, Named, PictureBytes, Restricted, Versioned, WithBody, WithPicture, Writes,
};
use crate::rest::handle;
use crate::rest::once::{BodyOnce, IdempotencyKey};
use crate::wire::ChannelJson;

/// A new channel.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewChannel {
    /// 3 to 32 of `a-z 0-9 - _`.
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9_-]{2,31}$")]
    handle: String,
    /// 1 to 120 characters.
    #[schema(min_length = 1)]
    title: String,
}

/// Makes one's channel, for approved creators.
#[utoipa::path(post, path = "/channels", tag = "channels", operation_id = "create_channel",
    params(IdempotencyKey),
    request_body = NewChannel,
    responses((status = 201, body = ChannelJson, headers(("etag" = String))), Always, WithBody,
        Restricted, Writes, Conflicts))]
pub(super) async fn create(
    context: Context,
    BodyOnce(body, once): BodyOnce<NewChannel>,
) -> Result<Response, Problem> {
    let command = CreateChannel {
        handle: Handle::parse(&body.handle).map_err(|error| Problem::text("handle", error))?,
        title: title(&body.title)?,
    };
    create::execute_once(&context.app, &context.actor, command, once.as_ref()).await?;
    let view = view::own(&context.app, &context.actor).await?;
    Ok((StatusCode::CREATED, shown(&context, &view)).into_response())
}

/// A channel: with `ingest` for whoever runs it.
#[utoipa::path(get, path = "/channels/{handle}", tag = "channels", operation_id = "get_channel",
    params(("handle" = String, Path)),
    responses((status = 200, body = ChannelJson, headers(("etag" = String))), Always, Named))]
pub(super) async fn get(
    context: Context,
    Params(name): Params<String>,
) -> Result<Response, Problem> {
    let view = view::execute(&context.app, &handle(&name)?).await?;
    Ok(shown(&context, &view))
}

/// One's own channel.
#[utoipa::path(get, path = "/me/channel", tag = "channels", operation_id = "get_my_channel",
    responses((status = 200, body = ChannelJson, headers(("etag" = String))), Always, Restricted,
        Named))]
pub(super) async fn own(context: Context) -> Result<Response, Problem> {
    let view = view::own(&context.app, &context.actor).await?;
    Ok(shown(&context, &view))
}

/// What is to be different; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EditChannelBody {
    /// 1 to 120 characters.
    #[schema(min_length = 1)]
    title: Option<String>,
    /// Up to 2,000 characters.
    description: Option<String>,
    /// 1 to 50 characters, or `null` for none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    category: Patch<String>,
    /// A language tag (BCP 47), or `null` for none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    language: Patch<String>,
    /// At most ten, of 1 to 25 characters each.
    tags: Option<Vec<String>>,
}

/// Changes a channel; viewers see it at once.
#[utoipa::path(patch, path = "/channels/{handle}", tag = "channels", operation_id = "edit_channel",
    params(("handle" = String, Path), ("if-match" = Option<String>, Header)),
    request_body = EditChannelBody,
    responses((status = 200, body = ChannelJson, headers(("etag" = String))), Always, WithBody,
        Restricted, Writes, Named, Versioned))]
pub(super) async fn edit(
    context: Context,
    Params(name): Params<String>,
    IfMatch(seen): IfMatch,
    Body(body): Body<EditChannelBody>,
) -> Result<Response, Problem> {
    let handle = handle(&name)?;
    let command = EditChannel {
        handle: handle.clone(),
        edit: ChannelEdit::try_from(body)?,
        seen,
    };
    edit::execute(&context.app, &context.actor, command).await?;
    let view = view::execute(&context.app, &handle).await?;
    Ok(shown(&context, &view))
}

impl TryFrom<EditChannelBody> for ChannelEdit {
    type Error = Problem;

    fn try_from(body: EditChannelBody) -> Result<Self, Problem> {
        let tags = body.tags.map(|tags| {
            // One more than there may be is enough to refuse them all.
            let tags = tags
                .iter()
                .take(100)
                .map(|tag| field("tags", tag, Tag::parse));
            Ok::<_, Problem>(Tags::new(tags.collect::<Result<Vec<_>, _>>()?)?)
        });
        let description = body.description.as_deref();
        let category = body.category;
        let category = category.parse(|text| field("category", &text, Category::parse))?;
        let language = body.language;
        let language = language.parse(|text| field("language", &text, Language::parse))?;
        Ok(Self {
            title: body.title.as_deref().map(title).transpose()?,
            description: description
                .map(|text| field("description", text, Description::parse))
                .transpose()?,
            category: category.into(),
            language: language.into(),
            tags: tags.transpose()?,
        })
    }
}

/// Shows another cover. It is shrunk to at most 1280 pixels and made anew: nothing of the
/// upload but its pixels is kept.
#[utoipa::path(put, path = "/channels/{handle}/cover", tag = "channels",
    operation_id = "set_cover",
    params(("handle" = String, Path)),
    request_body(content((PictureBytes = "image/jpeg"), (PictureBytes = "image/png"),
        (PictureBytes = "image/webp")), description = "Up to 2 MiB and 20 million pixels"),
    responses((status = 200, body = ChannelJson, headers(("etag" = String))), Always, WithPicture,
        Restricted, Writes, Named))]
pub(super) async fn set_cover(
    context: Context,
    Params(name): Params<String>,
    Upload(upload): Upload,
) -> Result<Response, Problem> {
    let handle = handle(&name)?;
    cover::set(&context.app, &context.actor, &handle, upload).await?;
    let view = view::execute(&context.app, &handle).await?;
    Ok(shown(&context, &view))
}

/// Shows no cover any more.
#[utoipa::path(delete, path = "/channels/{handle}/cover", tag = "channels",
    operation_id = "remove_cover",
    params(("handle" = String, Path)),
    responses((status = 200, body = ChannelJson, headers(("etag" = String))), Always, Restricted,
        Writes, Named))]
pub(super) async fn remove_cover(
    context: Context,
    Params(name): Params<String>,
) -> Result<Response, Problem> {
    let handle = handle(&name)?;
    cover::remove(&context.app, &context.actor, &handle).await?;
    let view = view::execute(&context.app, &handle).await?;
    Ok(shown(&context, &view))
}

/// Lets encoders in again after an administrator's end, for administrators.
#[utoipa::path(delete, path = "/channels/{handle}/ingest-lock", tag = "channels",
    operation_id = "unlock_ingest",
    params(("handle" = String, Path)),
    responses((status = 204), Always, Restricted, Writes, Named))]
pub(super) async fn unlock(
    context: Context,
    Params(name): Params<String>,
) -> Result<StatusCode, Problem> {
    lock::lift(&context.app, &context.actor, &handle(&name)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(context: &Context, view: &ChannelView) -> Response {
    let json = if context.runs(view.owner.id) {
        ChannelJson::private(view, &context.app)
    } else {
        ChannelJson::public(view)
    };
    (etag(view.channel.version), Json(json)).into_response()
}

fn title(text: &str) -> Result<ChannelTitle, Problem> {
    field("title", text, ChannelTitle::parse)
}

fn field<T>(
    name: &str,
    text: &str,
    parse: impl Fn(&str) -> Result<T, TextError>,
) -> Result<T, Problem> {
    parse(text).map_err(|error| Problem::text(name, error))
}
