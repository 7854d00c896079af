//! `greenroom serve`.

use greenroom::{Config, Platform};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::commands::demo;
use crate::failure::Failure;
use crate::telemetry;

pub(crate) async fn run(config: Config, with_demo: bool, json: bool) -> Result<(), Failure> {
    telemetry::init(&config)?;
    let shutdown = CancellationToken::new();
    stop_on_signal(shutdown.clone())?;
    let platform = Platform::open(config).await?;
    let demo = if with_demo {
        Some(demo::prepare(platform.app()).await?)
    } else {
        None
    };
    let running = platform.start(shutdown.clone()).await?;
    if json {
        let addresses = serde_json::json!({
            "http": running.http.to_string(),
            "rtmp": running.rtmp.map(|address| address.to_string()),
            "public_url": running.public_url,
            "ingest_url": running.ingest_url,
            "setup_link": running.setup_link,
        });
        println!("{addresses}");
    } else {
        println!("Greenroom is ready.");
        if let Some(url) = &running.ingest_url {
            println!("  Publish:  {url}/<stream key>");
            println!("  Watch:    {}/hls/<handle>/index.m3u8", running.public_url);
        }
        println!("  API:      {}/api/docs", running.public_url);
        if let Some(link) = &running.setup_link {
            println!("  Make the first administrator (once): {link}");
        }
    }
    let publisher = match demo {
        Some(demo) => Some(demo.publish(&running, json)?),
        None => None,
    };
    shutdown.cancelled().await;
    drop(publisher);
    running.finished().await;
    Ok(())
}

fn stop_on_signal(shutdown: CancellationToken) -> Result<(), Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("shutting down");
        shutdown.cancel();
    });
    Ok(())
}
