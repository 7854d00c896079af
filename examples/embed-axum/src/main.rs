//! A shop that was there before: its own pages, its own users. Its customers stream and chat
//! below `/live`, signed in by the shop.

mod customers;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use greenroom::domain::shared::node::NodeAddress;
use greenroom::{Greenroom, Settings};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::customers::Customers;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.cancel();
        }
    });
    serve(listener, shutdown).await
}

/// Serves the shop until shutdown.
async fn serve(listener: TcpListener, shutdown: CancellationToken) -> Result<(), Box<dyn Error>> {
    let customers = Arc::new(Customers::default());
    let here = format!("http://{}/live", listener.local_addr()?);
    let here = NodeAddress::parse(&here).ok_or("the shop has no address")?;
    let greenroom = Greenroom::builder(here, shutdown.clone())
        .tokens(customers.clone())
        .settings(Settings {
            // Accounts are the shop's alone.
            registration: greenroom::app::Registration::Closed,
            ..Settings::default()
        })
        .build()
        .await?;

    let shop = Router::new()
        .route("/", get(async || "Fine yarns. Knit along at /live."))
        .merge(customers::routes(customers))
        .fallback(async || {
            (
                axum::http::StatusCode::NOT_FOUND,
                "The shop has no such page.",
            )
        })
        .nest("/live", greenroom.router());

    let running = tokio::spawn(greenroom.run());
    axum::serve(
        listener,
        shop.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .with_graceful_shutdown(shutdown.cancelled_owned())
    .await?;
    Ok(running.await?)
}
