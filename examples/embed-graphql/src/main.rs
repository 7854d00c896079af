//! A shop that has a GraphQL schema: Greenroom's becomes part of it, for the shop's customers.
#![expect(clippy::unused_async, reason = "resolvers are async, whatever they do")]

use std::env;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, MergedObject, Object, Schema};
use async_trait::async_trait;
use axum::Router;
use greenroom::domain::account::{Subject, TokenError, TokenVerifier, VerifiedToken};
use greenroom::domain::shared::clock::Timestamp;
use greenroom::domain::shared::node::NodeAddress;
use greenroom::web::context;
use greenroom::web::graphql::{Limits, Mutation, QueryRoot, Subscription};
use greenroom::{Greenroom, WebConfig};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What the shop's own schema was before.
#[derive(Default)]
struct Shop;

#[Object]
impl Shop {
    /// What is on the shelf.
    async fn wares(&self) -> [&str; 2] {
        ["yarn", "needles"]
    }

    /// What whoever asks is greeted with; they were found by [`Customers`].
    async fn greeting(&self, ctx: &Context<'_>) -> async_graphql::Result<String> {
        let asking = ctx.data::<context::Context>()?;
        let name = asking.user.as_ref().map(|user| user.display_name.as_str());
        Ok(format!("Good day, {}!", name.unwrap_or("stranger")))
    }
}

/// One schema of both.
#[derive(MergedObject, Default)]
struct Query(Shop, QueryRoot);

/// The shop knows its customers by their tokens: so does Greenroom.
struct Customers;

#[async_trait]
impl TokenVerifier for Customers {
    async fn verify(&self, token: &str, now: Timestamp) -> Result<VerifiedToken, TokenError> {
        // A shop would look into its database.
        let name = token.strip_prefix("shop-").ok_or(TokenError::Invalid)?;
        Ok(VerifiedToken {
            subject: Subject {
                issuer: "https://yarns.example".to_owned(),
                subject: name.to_owned(),
            },
            name: Some(name.to_owned()),
            is_admin: None,
            is_creator: true,
            expires_at: now + Duration::from_secs(3600),
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let here = NodeAddress::parse(&format!("{url}/live")).ok_or("no address")?;
    let shutdown = CancellationToken::new();
    let greenroom = Greenroom::builder(here, shutdown.clone())
        .tokens(Arc::new(Customers))
        // The shop's schema is in its place.
        .web(|web| WebConfig {
            graphql: false,
            ..web
        })
        .build()
        .await?;
    let schema = Schema::build(
        Query::default(),
        Mutation::default(),
        Subscription::default(),
    )
    .extension(Limits::default())
    .finish();
    let shop = Router::new()
        .merge(greenroom.graphql(schema))
        .nest("/live", greenroom.router());

    let running = tokio::spawn(greenroom.run());
    println!("{url}");
    let service = shop.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move {
            let _ = tokio::signal::ctrl_c().await;
            shutdown.cancel();
        })
        .await?;
    Ok(running.await?)
}
