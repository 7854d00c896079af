//! A live stream over HTTP: real players, blocking reloads, grants.

mod support;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use greenroom_adapters_media::bus::{Channels, StreamBus};
use greenroom_adapters_media::cmaf::Limits;
use greenroom_adapters_media::http::{Delivery, Gate, router};
use greenroom_domain::channel::Handle;
use greenroom_domain::media::{GrantToken, PlaybackRefused};
use greenroom_domain::shared::node::NodeAddress;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::{Sent, encode};
use tokio::process::Command;
use tokio::time::Instant;
use tower::ServiceExt as _;

/// One grant, until it is revoked.
#[derive(Default)]
struct OneGrant {
    revoked: AtomicBool,
}

#[async_trait]
impl Gate for OneGrant {
    async fn enter(
        &self,
        handle: &Handle,
        grant: Option<GrantToken>,
    ) -> Result<GrantToken, PlaybackRefused> {
        if handle.as_str() != "demo" {
            return Err(PlaybackRefused::NoSuchChannel);
        }
        let good = GrantToken::parse("grant-1").expect("a token");
        match grant {
            Some(other) if other != good || self.revoked.load(Ordering::SeqCst) => {
                Err(PlaybackRefused::Forbidden)
            }
            _ => Ok(good),
        }
    }

    async fn admit(&self, handle: &Handle, grant: &GrantToken) -> Result<(), PlaybackRefused> {
        if self.knows(handle, grant) {
            return Ok(());
        }
        self.enter(handle, Some(grant.clone())).await.map(drop)
    }

    async fn elsewhere(&self, _: &Handle) -> Option<NodeAddress> {
        None
    }

    async fn shut_out(&self, _: &Handle, _: &GrantToken) {
        std::future::pending::<()>().await;
    }

    fn knows(&self, handle: &Handle, grant: &GrantToken) -> bool {
        handle.as_str() == "demo"
            && grant.expose() == "grant-1"
            && !self.revoked.load(Ordering::SeqCst)
    }
}

struct Server {
    gate: Arc<OneGrant>,
    bus: Arc<StreamBus>,
    app: axum::Router,
    began: (Instant, DateTime<Utc>),
}

impl Server {
    fn new() -> Self {
        let epoch = DateTime::from_timestamp(1_780_000_000, 0).expect("a time");
        let began = (Instant::now(), epoch);
        let channels = Arc::new(Channels::new(Limits::default()));
        let gate = Arc::new(OneGrant::default());
        let bus = channels.open("demo", epoch);
        let app = router(Delivery {
            gate: Arc::clone(&gate) as Arc<dyn Gate>,
            channels,
            now: Box::new(move || now(began)),
            clock: "/dash/clock".into(),
        });
        Self {
            gate,
            bus,
            app,
            began,
        }
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = self.app.clone().oneshot(request).await.expect("infallible");
        let status = response.status();
        let body = to_bytes(response.into_body(), 64 << 20)
            .await
            .expect("a body");
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    /// Sends frames up to `until` (milliseconds), at once.
    fn send(&self, sent: &mut std::iter::Peekable<std::vec::IntoIter<Sent>>, until: i64) {
        let due = |sent: &Sent| {
            matches!(sent, Sent::Config(_))
                || matches!(sent, Sent::Frame(frame) if frame.dts < until)
        };
        while let Some(sent) = sent.next_if(due) {
            match sent {
                Sent::Config(config) => self.bus.config(config),
                Sent::Frame(frame) => {
                    let at = self.began.1 + TimeDelta::milliseconds(frame.dts);
                    self.bus.frame(frame, at).expect("an ordinary stream");
                }
            }
        }
    }
}

fn now((began, epoch): (Instant, DateTime<Utc>)) -> DateTime<Utc> {
    epoch + TimeDelta::from_std(began.elapsed()).expect("a short time")
}

fn tag<'a>(playlist: &'a str, tag: &str) -> &'a str {
    playlist
        .lines()
        .find_map(|line| line.strip_prefix(tag))
        .unwrap_or_else(|| panic!("{tag} in\n{playlist}"))
}

/// The number and the part that the playlist's hint names.
fn hinted(playlist: &str) -> (u64, usize) {
    let uri = tag(playlist, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"").trim_end_matches(".m4s\"");
    let (number, part) = uri.split_once('.').expect("a part");
    (
        number.parse().expect("a number"),
        part.parse().expect("a number"),
    )
}

const VIDEO: &str = "/hls/demo/g/grant-1/video";

#[tokio::test]
async fn a_blocked_reload_and_a_hinted_part_are_answered_when_the_part_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::new();
    let mut sent = encode(folder.path(), 6, 60).into_iter().peekable();
    assert_eq!(
        server.get("/hls/demo/index.m3u8").await.0,
        StatusCode::NOT_FOUND
    );
    server.send(&mut sent, 3_000);
    let (status, multivariant) = server.get("/hls/demo/index.m3u8").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        multivariant.contains("g/grant-1/video/index.2.m3u8"),
        "{multivariant}"
    );
    assert!(
        multivariant.contains("RESOLUTION=320x180,FRAME-RATE=30.000,AUDIO=\"audio\""),
        "{multivariant}"
    );
    let (_, playlist) = server.get(&format!("{VIDEO}/index.2.m3u8")).await;
    let (number, part) = hinted(&playlist);

    let reload = format!("{VIDEO}/index.2.m3u8?_HLS_msn={number}&_HLS_part={part}");
    let hint = format!("{VIDEO}/{number}.{part}.m4s");
    let (reloaded, fetched, ()) = tokio::join!(server.get(&reload), server.get(&hint), async {
        tokio::task::yield_now().await;
        server.send(&mut sent, 3_400);
    });
    assert_eq!((reloaded.0, fetched.0), (StatusCode::OK, StatusCode::OK));
    assert!(
        reloaded.1.contains(&format!("URI=\"{number}.{part}.m4s\"")),
        "{}",
        reloaded.1
    );
    assert!(fetched.1.contains("moof"));

    let ahead = format!("{VIDEO}/index.2.m3u8?_HLS_msn={}", number + 3);
    assert_eq!(server.get(&ahead).await.0, StatusCode::BAD_REQUEST);
    let malformed = format!("{VIDEO}/index.2.m3u8?_HLS_part=1");
    assert_eq!(server.get(&malformed).await.0, StatusCode::BAD_REQUEST);
    for path in [
        "/video/..%2f..%2fetc",
        "/video/%2e%2e/1.m4s",
        "/../video/index.2.m3u8",
        "/video/01.m4s",
    ] {
        let (status, _) = server.get(&format!("/hls/demo/g/grant-1{path}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_encoder_is_gone_a_reload_is_answered_unchanged_after_one_target_duration() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::new();
    let mut sent = encode(folder.path(), 6, 60).into_iter().peekable();
    server.send(&mut sent, 5_000);
    let (number, _) = hinted(&server.get(&format!("{VIDEO}/index.2.m3u8")).await.1);
    server.bus.interrupt();
    let (_, before) = server.get(&format!("{VIDEO}/index.2.m3u8")).await;
    let began = Instant::now();
    let (status, after) = server
        .get(&format!(
            "{VIDEO}/index.2.m3u8?_HLS_msn={}&_HLS_part=0",
            number + 1
        ))
        .await;
    assert_eq!((status, &after), (StatusCode::OK, &before));
    assert_eq!(began.elapsed().as_secs(), 2);
    assert!(!after.contains("ENDLIST"), "{after}");

    server.bus.end();
    let (_, ended) = server
        .get(&format!("{VIDEO}/index.2.m3u8?_HLS_msn={}", number + 1))
        .await;
    assert!(ended.contains("#EXT-X-ENDLIST"), "{ended}");
    let (_, manifest) = server.get("/dash/demo/index.mpd").await;
    assert!(manifest.contains("type=\"static\""), "{manifest}");
}

#[tokio::test]
async fn a_revoked_grant_stops_a_request_that_waits() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::new();
    let mut sent = encode(folder.path(), 4, 30).into_iter().peekable();
    server.send(&mut sent, 3_000);
    let (number, part) = hinted(&server.get(&format!("{VIDEO}/index.2.m3u8")).await.1);
    let reload = format!("{VIDEO}/index.2.m3u8?_HLS_msn={number}&_HLS_part={part}");
    let ((status, _), ()) = tokio::join!(server.get(&reload), async {
        tokio::task::yield_now().await;
        server.gate.revoked.store(true, Ordering::SeqCst);
        server.send(&mut sent, 3_900);
    });
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(
        server.get("/hls/demo/g/other/video/index.2.m3u8").await.0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        server.get("/hls/nobody/index.m3u8").await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn below_a_path_a_player_finds_the_clock_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::new();
    let mut sent = encode(folder.path(), 4, 30).into_iter().peekable();
    server.send(&mut sent, 3_000);
    server.app = axum::Router::new().nest("/live", server.app);
    let (_, manifest) = server.get("/live/dash/demo/index.mpd").await;
    assert!(
        manifest.contains("value=\"/live/dash/clock\""),
        "{manifest}"
    );
    let (status, _) = server.get("/live/dash/clock").await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_player_follows_the_live_stream_by_hls_and_by_dash() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut sent = encode(folder.path(), 16, 30).into_iter().peekable();
    let server = Server::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("bound");
    let serving = tokio::spawn(axum::serve(listener, server.app.clone()).into_future());

    // The first seconds at once, the rest in real time, as an encoder would.
    server.send(&mut sent, 6_000);
    let play = |path: &str| {
        let mut player = Command::new("ffmpeg");
        player.args([
            "-hide_banner",
            "-v",
            "error",
            "-i",
            &format!("http://{address}{path}"),
            "-t",
            "7",
        ]);
        player
            .args(["-map", "0", "-f", "null", "-"])
            .kill_on_drop(true);
        async move { player.output().await.expect("ffmpeg runs") }
    };
    let players =
        async { tokio::join!(play("/hls/demo/index.m3u8"), play("/dash/demo/index.mpd")) };
    let encoder = async {
        let began = Instant::now();
        let mut tick = tokio::time::interval(Duration::from_millis(30));
        while sent.peek().is_some() {
            tick.tick().await;
            let elapsed = i64::try_from(began.elapsed().as_millis()).expect("short");
            server.send(&mut sent, 6_000 + elapsed);
        }
        server.bus.end();
    };
    let ((hls, dash), ()) = tokio::time::timeout(Duration::from_mins(1), async {
        tokio::join!(players, encoder)
    })
    .await
    .expect("the players finish");
    for (name, output) in [("HLS", hls), ("DASH", dash)] {
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && errors.is_empty(),
            "{name}: {errors}"
        );
    }
    serving.abort();
}
