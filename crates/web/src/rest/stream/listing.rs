//! Streams to look at.

use axum::Json;
use greenroom_app::stream::listing::{self, LiveFilter};
use greenroom_app::stream::taste::LiveOrder;
use greenroom_app::stream::view;
use http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

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
    /// What comes first; among what is alike, most viewers. Most viewers if not said.
    #[param(inline)]
    order: Option<Order>,
    /// `only`: channels that one follows and no others, which needs an account.
    #[param(inline)]
    followed: Option<FollowedToo>,
    /// Goes on after the page that gave it.
    cursor: Option<String>,
    /// 25 if not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
}

/// What comes first.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// Most viewers.
    Viewers,
    /// Channels that one follows.
    Followed,
    /// What is of a category, or has a tag, of the channels that one has followed last.
    Recommended,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum FollowedToo {
    Only,
}

impl ListLive {
    fn order(&self) -> Result<LiveOrder, Problem> {
        match (self.followed, self.order) {
            (None, None | Some(Order::Viewers)) => Ok(LiveOrder::Viewers),
            (None, Some(Order::Followed)) => Ok(LiveOrder::FollowedFirst),
            (None, Some(Order::Recommended)) => Ok(LiveOrder::Recommended),
            (Some(FollowedToo::Only), None | Some(Order::Viewers | Order::Followed)) => {
                Ok(LiveOrder::FollowedOnly)
            }
            (Some(FollowedToo::Only), Some(Order::Recommended)) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "MALFORMED_QUERY",
                "order: what one follows is not recommended",
            )
            .with("field", "order")),
        }
    }
}

/// What is live now, most viewers first if nothing else is asked for. At most two seconds old.
#[utoipa::path(get, path = "/streams", tag = "streams", operation_id = "list_live",
    params(ListLive),
    responses((status = 200, body = PageJson<StreamJson>), Always, Paged))]
pub(super) async fn live(
    context: Context,
    Query(query): Query<ListLive>,
) -> Result<Json<PageJson<StreamJson>>, Problem> {
    let order = query.order()?;
    let page = page(query.cursor, query.limit)?;
    let filter = LiveFilter {
        search: query.search,
        category: query.category,
        tag: query.tag,
        language: query.language,
        order,
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
