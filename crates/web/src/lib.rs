//! What the outside speaks to: REST with its OpenAPI document (feature `rest`), GraphQL (feature
//! `graphql`), Socket.IO (feature `socketio`), other platforms' interfaces (feature `dialects`),
//! health and metrics.
//!
//! An embedding program mounts [`router`], or puts [`routes`] beside its own inside
//! [`layered`]. The interface answers what no other route takes: whoever has pages or a
//! fallback of their own leaves that feature out. Below a path ([`WebConfig::public_url`]) there
//! is none: its pages name each other from the root. Serve it with
//! `into_make_service_with_connect_info::<SocketAddr>()`, so that limits know whom they count.
#![deny(missing_docs)]

mod config;
pub mod context;
#[cfg(feature = "dialects")]
mod dialects;
#[cfg(any(feature = "dialects", feature = "graphql", feature = "rest"))]
#[cfg_attr(not(feature = "rest"), expect(dead_code, reason = "REST takes more"))]
mod extract;
#[cfg(feature = "graphql")]
pub mod graphql;
mod layers;
mod limit;
mod mirror;
mod ops;
pub mod problem;
#[cfg(feature = "rest")]
pub mod rest;
#[cfg(feature = "socketio")]
pub mod socketio;
#[cfg(feature = "ui")]
mod ui;
#[cfg(any(feature = "graphql", feature = "socketio"))]
mod websocket;
pub mod wire;

use std::sync::Arc;

use axum::{Router, middleware};
use greenroom_app::App;

pub use config::{
    Dialect, MalformedNetwork, MalformedSite, MoreMetrics, Network, NotReady, Site, WebConfig,
};
pub use layers::layered;
pub use mirror::mirror;
pub use ops::Meters;

/// What handlers share.
#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) app: Arc<App>,
    pub(crate) config: Arc<WebConfig>,
    pub(crate) limits: Arc<limit::AddressLimits>,
}

impl Web {
    fn new(app: Arc<App>, config: &WebConfig) -> Self {
        Self {
            app,
            limits: Arc::new(limit::AddressLimits::new(config.quota)),
            config: Arc::new(config.clone()),
        }
    }
}

/// Everything, in its layers.
pub fn router(app: Arc<App>, config: &WebConfig) -> Router {
    layered(routes(app, config), config)
}

/// Everything, for whoever puts it into [`layered`] together with more routes.
///
/// With Socket.IO it starts the tasks behind it, so it must be called inside a tokio runtime;
/// they end at [`WebConfig::shutdown`].
pub fn routes(app: Arc<App>, config: &WebConfig) -> Router {
    let web = Web::new(app, config);
    let router = ops::routes();
    #[cfg(feature = "rest")]
    let router = router.merge(rest::routes(config));
    #[cfg(feature = "rest")]
    let router = if has_interface(config) {
        // It has a page of its own behind the one-time link.
        router
    } else {
        router.merge(rest::setup_page::routes())
    };
    let router = router
        .layer(middleware::from_fn_with_state(web.clone(), layers::guard))
        .layer(layers::cors(config));
    // Of one address, as many as there are viewers who come and go; and not for browsers.
    #[cfg(feature = "rest")]
    let router = router.merge(rest::webhooks::routes());
    #[cfg(feature = "dialects")]
    let router = router.merge(dialects::routes(&web));
    #[cfg(feature = "graphql")]
    let router = if config.graphql {
        let schema = graphql::schema(config);
        router.merge(graphql::routes(schema, &web, graphiql(config)).with_state(()))
    } else {
        router
    };
    #[cfg(feature = "socketio")]
    let router = router.merge(socketio::routes(&web).with_state(()));
    #[cfg(feature = "ui")]
    let router = if config.public_path().is_empty() {
        ui::mount(router, config)
    } else {
        router
    };
    router.with_state(web)
}

#[cfg(feature = "rest")]
fn has_interface(config: &WebConfig) -> bool {
    #[cfg(feature = "ui")]
    let has = ui::is_present();
    #[cfg(not(feature = "ui"))]
    let has = false;
    has && config.public_path().is_empty()
}

/// GraphQL's page: its files are the interface's.
#[cfg(feature = "graphql")]
fn graphiql(config: &WebConfig) -> graphql::GraphiQl {
    #[cfg(feature = "ui")]
    let there: graphql::GraphiQl = ui::graphiql;
    #[cfg(not(feature = "ui"))]
    let there: graphql::GraphiQl = |_| None;
    if config.public_path().is_empty() {
        there
    } else {
        |_| None
    }
}
