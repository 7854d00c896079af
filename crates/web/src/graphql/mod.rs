//! GraphQL at `/graphql`: the same use cases as REST, one resolver each, and subscriptions to
//! rooms by `graphql-transport-ws`.
//!
//! An embedding program merges [`QueryRoot`], [`MutationRoot`] and [`SubscriptionRoot`] into its
//! own schema with [`async_graphql::MergedObject`], adds [`Limits`] to it, and serves it with
//! [`router`]. What its own resolvers need is in [`Context`].
//!
//! Left out: pictures are uploaded by REST, the list of emotes is read there once, and cookies are
//! REST's (see `account::sessions`).
#![expect(clippy::unused_async, reason = "resolvers are async, whatever they do")]

pub mod account;
pub mod channel;
pub mod chat;
mod document;
mod error;
mod http;
mod id;
mod limits;
mod loaders;
mod node;
pub mod notification;
pub mod page;
pub mod recording;
mod room;
mod scalar;
pub mod social;
mod socket;
pub mod stream;
mod together;

use std::hash::Hash;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{MergedObject, MergedSubscription, Request, Schema};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use axum::{Router, middleware};
use greenroom_app::account::profile;
use greenroom_app::{App, Refusal};
use greenroom_domain::account::{User, Username};
use greenroom_domain::channel::Handle;

use self::account::{AccountMutation, AccountQuery};
use self::channel::{ChannelMutation, ChannelQuery};
use self::chat::{ChatMutation, ChatSubscription};
use self::loaders::{Loaders, Reads};
use self::node::NodeQuery;
use self::notification::NotificationSubscription;
use self::recording::RecordingMutation;
use self::social::{SocialMutation, SocialQuery};
use self::socket::Sockets;
use self::stream::{StreamMutation, StreamQuery, StreamSubscription};
use crate::context::Context;
use crate::problem::Problem;
use crate::{Web, WebConfig, layers};

pub use async_graphql::Executor;
pub use limits::Limits;
pub use scalar::Time;

/// Where it is served.
pub const PATH: &str = "/graphql";

/// What can be asked.
#[derive(MergedObject, Default)]
pub struct QueryRoot(
    AccountQuery,
    ChannelQuery,
    SocialQuery,
    StreamQuery,
    NodeQuery,
);

/// What can be done.
#[derive(MergedObject, Default)]
pub struct MutationRoot(
    AccountMutation,
    ChannelMutation,
    SocialMutation,
    StreamMutation,
    RecordingMutation,
    ChatMutation,
);

/// What can be listened to: rooms and what concerns oneself, over the sockets that [`router`] serves.
#[derive(MergedSubscription, Default)]
pub struct SubscriptionRoot(
    ChatSubscription,
    StreamSubscription,
    NotificationSubscription,
);

/// What can be asked of a program that has no more to be asked.
#[derive(MergedObject, Default)]
pub struct Query(QueryRoot);

/// What can be done likewise.
#[derive(MergedObject, Default)]
pub struct Mutation(MutationRoot);

/// What can be listened to likewise.
#[derive(MergedSubscription, Default)]
pub struct Subscription(SubscriptionRoot);

/// The schema of a program that has none of its own.
pub type GreenroomSchema = Schema<Query, Mutation, Subscription>;

/// The schema of a program that has none of its own: what the checked-in `api/schema.graphql` is.
pub fn schema(config: &WebConfig) -> GreenroomSchema {
    let schema = Schema::build(
        Query::default(),
        Mutation::default(),
        Subscription::default(),
    )
    .extension(Limits::default());
    if config.introspection {
        schema.finish()
    } else {
        // Suggestions would tell of it too.
        schema
            .disable_introspection()
            .disable_suggestions()
            .finish()
    }
}

/// Answers who asks with these headers with the page for people, where it is there.
pub(crate) type GraphiQl = fn(&HeaderMap) -> Option<Response>;

/// Serves a schema at [`PATH`], without a page for people.
pub fn router<E: Executor>(schema: E, app: Arc<App>, config: &WebConfig) -> Router {
    routes(schema, &Web::new(app, config), |_| None)
}

/// The same, over what other routes share, with the page.
pub(crate) fn routes<E: Executor>(schema: E, web: &Web, page: GraphiQl) -> Router {
    let served = Served {
        sockets: Arc::new(Sockets::new(schema.clone(), web.clone())),
        executor: schema,
        web: web.clone(),
        page,
    };
    Router::new()
        .route(PATH, post(http::post::<E>).get(http::get::<E>))
        .layer(middleware::from_fn_with_state(web.clone(), layers::guard))
        .layer(layers::cors(&web.config))
        .with_state(served)
}

/// A schema, and what it is served with.
struct Served<E> {
    executor: E,
    sockets: Arc<Sockets<E>>,
    web: Web,
    page: GraphiQl,
}

impl<E: Executor> Clone for Served<E> {
    fn clone(&self) -> Self {
        Self {
            executor: self.executor.clone(),
            sockets: Arc::clone(&self.sockets),
            web: self.web.clone(),
            page: self.page,
        }
    }
}

/// A request in the name of whoever asks: what every resolver needs is with it. For whoever
/// executes a schema with these roots by a way of their own.
pub fn prepared(request: Request, asking: Context) -> Request {
    let loaders = loaders::loaders(&asking.app, asking.actor);
    let fresh = loaders::fresh(&asking.app, asking.actor);
    request.data(loaders).data(fresh).data(asking)
}

/// Who asks for what.
fn asking<'a>(ctx: &async_graphql::Context<'a>) -> Result<&'a Context, Problem> {
    ctx.data::<Context>().map_err(|_| Problem::internal())
}

/// Something that another thing refers to, and which is read together with others of its kind.
async fn read<K>(
    ctx: &async_graphql::Context<'_>,
    id: K,
) -> Result<<Reads as Loader<K>>::Value, Problem>
where
    K: id::Global + Hash + Eq + Clone + Send + Sync + 'static,
    Reads: Loader<K, Error = Problem>,
{
    let found = ctx.data_unchecked::<Loaders>().load_one(id).await?;
    found.ok_or_else(|| K::none().into())
}

/// The handle of an argument; what cannot be one names no channel.
fn handle(text: &str) -> Result<Handle, Problem> {
    Handle::parse(text).map_err(|_| Refusal::NoSuchChannel.into())
}

/// Whoever is called so; what cannot be a name names nobody.
async fn somebody(asking: &Context, name: &str) -> Result<User, Problem> {
    let name = Username::parse(name).map_err(|_| Refusal::NoSuchUser)?;
    Ok(profile::by_username(&asking.app, &name).await?)
}

/// What was looked for by its name is `null` when it is not there.
fn absent<T>(found: Result<T, Refusal>) -> Result<Option<T>, Problem> {
    match found {
        Err(
            Refusal::NoSuchUser
            | Refusal::NoSuchChannel
            | Refusal::NoSuchStream
            | Refusal::NoSuchRecording,
        ) => Ok(None),
        other => Ok(Some(other?)),
    }
}
