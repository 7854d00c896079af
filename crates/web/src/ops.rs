//! For whoever runs the server: alive, ready, numbers.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use greenroom_app::Refusal;
use http::{StatusCode, header};

use crate::Web;
use crate::problem::Problem;

/// What the web counts since it started. Numbers alone: nothing here names anybody.
#[derive(Debug, Default)]
pub struct Meters {
    /// Answers by the first digit of their status, 1 to 5.
    answers: [AtomicU64; 5],
    /// Chat messages that were taken, by whichever interface.
    pub chat_messages: AtomicU64,
    /// Real-time connections that are open.
    pub connections: AtomicU64,
}

impl Meters {
    pub(crate) fn answered(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        self.answers[class].fetch_add(1, Ordering::Relaxed);
    }
}

pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

async fn ready(State(web): State<Web>) -> Result<&'static str, Problem> {
    let users = &web.app.ports.users;
    users.has_administrator().await.map_err(Refusal::from)?;
    let reason = web.config.not_ready.as_ref().and_then(|ask| ask());
    match reason {
        None => Ok("ready\n"),
        Some(reason) => Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "NOT_READY",
            reason,
        )),
    }
}

async fn metrics(State(web): State<Web>) -> Result<Response, Problem> {
    let ports = &web.app.ports;
    let live = ports.streams.live().await.map_err(Refusal::from)?;
    let live: Vec<_> = live.iter().map(|stored| stored.value.id).collect();
    let viewers = ports.presence.counts(&live, web.app.now()).await;
    let viewers: u64 = viewers.map_err(Refusal::from)?.into_iter().sum();
    let meters = &web.config.meters;
    let mut text = String::new();
    let gauges = [
        (
            "greenroom_streams_live",
            "gauge",
            "Streams that are on air.",
            live.len() as u64,
        ),
        (
            "greenroom_viewers",
            "gauge",
            "People who watch, over all streams.",
            viewers,
        ),
        (
            "greenroom_realtime_connections",
            "gauge",
            "Real-time connections that are open.",
            meters.connections.load(Ordering::Relaxed),
        ),
        (
            "greenroom_chat_messages_total",
            "counter",
            "Chat messages that were taken.",
            meters.chat_messages.load(Ordering::Relaxed),
        ),
    ];
    // Writing to a String cannot fail.
    for (name, kind, help, value) in gauges {
        let _ = writeln!(
            text,
            "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}"
        );
    }
    let name = "greenroom_http_responses_total";
    let _ = writeln!(
        text,
        "# HELP {name} Answers by status class.\n# TYPE {name} counter"
    );
    for (class, count) in (1..).zip(&meters.answers) {
        let count = count.load(Ordering::Relaxed);
        let _ = writeln!(text, "{name}{{class=\"{class}xx\"}} {count}");
    }
    if let Some(more) = &web.config.more_metrics {
        text.push_str(&more());
    }
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    Ok((kind, text).into_response())
}
