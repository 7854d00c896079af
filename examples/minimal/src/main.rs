//! A site of its own, and a whole live-streaming platform below `/live`.

use std::env;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::{Router, routing::get};
use greenroom::Greenroom;
use greenroom::domain::shared::node::NodeAddress;
use greenroom::media::{Door, Engine, EngineConfig};
use greenroom::memory::SystemClock;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = |nth, default: &str| env::args().nth(nth).unwrap_or(default.to_owned());
    let http = TcpListener::bind(address(1, "127.0.0.1:3000")).await?;
    let rtmp = TcpListener::bind(address(2, "127.0.0.1:1935")).await?;
    let live = format!("http://{}/live", http.local_addr()?);
    let shutdown = CancellationToken::new();
    let engine = Engine::new(EngineConfig::default(), Arc::new(SystemClock));
    engine.advertise(vec![format!("rtmp://{}/live", rtmp.local_addr()?)]);
    let here = NodeAddress::parse(&live).ok_or("no address")?;
    let greenroom = Greenroom::builder(here, shutdown.clone())
        .media(engine.clone(), engine.router())
        .build()
        .await?;
    let site = Router::new()
        .route("/", get(async || "A site of its own."))
        .nest("/live", greenroom.router());

    let doors = vec![Door::plain(rtmp)];
    tokio::spawn(engine.run(doors, greenroom.media_events(), shutdown.clone()));
    let running = tokio::spawn(greenroom.run());
    println!("{live}");
    let service = site.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(http, service)
        .with_graceful_shutdown(async move {
            let _ = tokio::signal::ctrl_c().await;
            shutdown.cancel();
        })
        .await?;
    Ok(running.await?)
}
