//! Streams to look at.

use axum::Json;
use greenroom_app::stream::listing::{self, LiveFilter};
use greenroom_app::stream::taste::LiveOrder;
use greenroom_app::stream::view;
use serde::Deserialize;
use utoipa::IntoParams;

use super::stream_id;
use crate::context::Context;
use crate::extract::{Params, Query, page};
use crate::problem::Problem;
use crate::rest::docs::{Always, Named, Paged};
use crate::rest::handle;
use crate::wire::{PageJson, StreamJson};

/// What is wanted of what is live.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListLive {
    /// Its title, handle, creator's name, category or a tag holds this.
    search: Option<String>,
    /// It is of this category.
    category: Option<String>,
    /// It has this tag.
    tag: Option<String>,
    /// It is in this language.
    language: Option<String>,
    /// Goes on after the page that gave it.
    cursor: Option<String>,
    /// 25 if not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
}

/// What is live now, most viewers first. At most two seconds old.
#[utoipa::path(get, path = "/streams", tag = "streams", operation_id = "list_live",
    params(ListLive),
    responses((status = 200, body = PageJson<StreamJson>), Always, Paged))]
pub(super) async fn live(
    context: Context,
    Query(query): Query<ListLive>,
) -> Result<Json<PageJson<StreamJson>>, Problem> {
    let page = page(query.cursor, query.limit)?;
    let filter = LiveFilter {
        search: query.search,
        category: query.category,
        tag: query.tag,
        language: query.language,
        order: LiveOrder::default(),
    };
    let streams = listing::execute(&context.app, &context.actor, &filter, &page).await?;
    Ok(Json(PageJson::of(streams, |view| StreamJson::from(&view))))
}

/// A stream.
#[utoipa::path(get, path = "/streams/{id}", tag = "streams", operation_id = "get_stream",
    params(("id" = String, Path)),
    responses((status = 200, body = StreamJson), Always, Named))]
pub(super) async fn get(
    context: Context,
    Params(id): Params<String>,
) -> Result<Json<StreamJson>, Problem> {
    let view = view::execute(&context.app, stream_id(&id)?).await?;
    Ok(Json(StreamJson::from(&view)))
}

/// Which part of a listing.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListOfChannel {
    /// Goes on after the page that gave it.
    cursor: Option<String>,
    /// 25 if not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
}

/// A channel's streams, newest first.
#[utoipa::path(get, path = "/channels/{handle}/streams", tag = "streams",
    operation_id = "list_channel_streams",
    params(("handle" = String, Path), ListOfChannel),
    responses((status = 200, body = PageJson<StreamJson>), Always, Paged, Named))]
pub(super) async fn of_channel(
    context: Context,
    Params(name): Params<String>,
    Query(query): Query<ListOfChannel>,
) -> Result<Json<PageJson<StreamJson>>, Problem> {
    let page = page(query.cursor, query.limit)?;
    let streams = view::of_channel(&context.app, &handle(&name)?, &page).await?;
    Ok(Json(PageJson::of(streams, |view| StreamJson::from(&view))))
}
