//! One encoder's connection: bytes from the socket through the session to the bus.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use greenroom_domain::channel::KeySecret;
use greenroom_domain::media::{
    IngestLease, MediaEvent, MediaEvents, PublishRefused, PublishRequest,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::registry::Publishing;
use crate::bus::StreamBus;
use crate::ingest::{Ingest, Ingested};
use crate::rtmp::{EndReason, Event, Limits, Refusal, Session, StreamKey};

/// The one application name that encoders publish to.
const APP: &str = "live";
/// Read at once while the peer is a stranger.
const STRANGER_READ: usize = 4 << 10;
/// Read at once from a publisher.
const PUBLISHER_READ: usize = 64 << 10;
/// How long a peer may take to read an answer.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);
/// How far media may be ahead of the clock before the encoder is slowed down.
const AHEAD: Duration = Duration::from_secs(3);
/// How often the application is told that an encoder has gone, if it cannot hear.
const TELLINGS: u32 = 5;

/// Serves an encoder until it goes, or is told to.
pub(super) async fn serve(
    engine: &Arc<Engine>,
    stream: TcpStream,
    peer: IpAddr,
    events: &dyn MediaEvents,
    shutdown: &CancellationToken,
) {
    // Answers are small and wanted at once.
    let _ = stream.set_nodelay(true);
    let mut connection = Connection {
        stream,
        session: Session::new(Limits::default()),
        input: BytesMut::new(),
    };
    let until = engine.config.patience;
    let lease = tokio::select! {
        lease = timeout(until, connection.negotiate(peer, events)) => lease.unwrap_or(None),
        () = shutdown.cancelled() => None,
    };
    if let Some(lease) = lease {
        publish(engine, connection, lease, events, shutdown).await;
    }
}

async fn publish(
    engine: &Arc<Engine>,
    mut connection: Connection,
    lease: IngestLease,
    events: &dyn MediaEvents,
    shutdown: &CancellationToken,
) {
    tracing::info!(stream = %lease.stream, channel = %lease.handle, "an encoder publishes");
    let (stream, generation) = (lease.stream, lease.generation);
    let bus = engine.channels.open(lease.handle.as_str(), engine.utc());
    let publishing = engine.registry.begin(lease);
    let mut pump = Pump {
        engine,
        publishing: &publishing,
        bus: &bus,
        ingest: Ingest::new(),
    };
    let end = tokio::select! {
        biased;
        () = publishing.stop_asked() => Some(publishing.why()),
        () = shutdown.cancelled() => Some(EndReason::Shutdown),
        end = pump.run(&mut connection) => end,
    };
    bus.interrupt();
    engine.registry.finish(&publishing);
    tracing::info!(%stream, ?end, "an encoder has gone");
    if let Some(end) = end {
        connection.session.end(end);
        let _ = timeout(WRITE_PATIENCE, connection.flush()).await;
    }
    // At shutdown the next start marks it: the stream is to go on there.
    if end != Some(EndReason::Shutdown) {
        tell(events, MediaEvent::IngestLost { stream, generation }).await;
    }
}

/// Tells the application; again and again while it cannot hear. What never arrives is found
/// by its sweep.
async fn tell(events: &dyn MediaEvents, event: MediaEvent) {
    for attempt in 0..TELLINGS {
        match events.report(event.clone()).await {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "an encoder's end is told again"
                );
                tokio::time::sleep(Duration::from_millis(200) * 2u32.pow(attempt)).await;
            }
        }
    }
}

struct Connection {
    stream: TcpStream,
    session: Session,
    input: BytesMut,
}

impl Connection {
    /// Until the encoder may publish; `None` when it may not, or is no encoder.
    async fn negotiate(&mut self, peer: IpAddr, events: &dyn MediaEvents) -> Option<IngestLease> {
        loop {
            let polled = self.session.poll(&mut self.input);
            let asked = match polled {
                Ok(Some(Event::PublishRequested { app, key, .. })) => Some((app, key)),
                Ok(Some(_)) => continue,
                Ok(None) => None,
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "not an encoder");
                    let _ = self.flush().await;
                    return None;
                }
            };
            if let Some((app, key)) = asked {
                let decision = authorize(&app, &key, peer, events).await;
                match &decision {
                    Ok(_) => self.session.accept_publish(),
                    Err(refusal) => self.session.refuse_publish(*refusal),
                }
                self.flush().await.ok()?;
                return decision.ok();
            }
            self.flush().await.ok()?;
            self.input.reserve(STRANGER_READ);
            if self.stream.read_buf(&mut self.input).await.ok()? == 0 {
                return None;
            }
        }
    }

    async fn flush(&mut self) -> std::io::Result<()> {
        if self.session.has_output() {
            let output = self.session.take_output();
            timeout(WRITE_PATIENCE, self.stream.write_all(&output)).await??;
        }
        Ok(())
    }
}

async fn authorize(
    app: &str,
    key: &StreamKey,
    peer: IpAddr,
    events: &dyn MediaEvents,
) -> Result<IngestLease, Refusal> {
    if app != APP {
        return Err(Refusal::UnknownApp);
    }
    let key = KeySecret::parse(key.expose()).ok_or(Refusal::BadName)?;
    events
        .authorize_publish(PublishRequest { key, peer })
        .await
        .map_err(|refused| {
            tracing::info!(
                error = &refused as &dyn std::error::Error,
                "an encoder is refused"
            );
            match refused {
                PublishRefused::UnknownKey => Refusal::BadName,
                PublishRefused::AlreadyPublishing => Refusal::Busy,
                PublishRefused::Held { .. } | PublishRefused::Locked | PublishRefused::Ended => {
                    Refusal::Rejected
                }
                PublishRefused::TooMany | PublishRefused::Unavailable(_) => Refusal::Unavailable,
            }
        })
}

/// Moves an encoder's media to the bus.
struct Pump<'a> {
    engine: &'a Engine,
    publishing: &'a Arc<Publishing>,
    bus: &'a StreamBus,
    ingest: Ingest,
}

impl Pump<'_> {
    /// Until the encoder goes; answers what it is to be told, if anything.
    async fn run(&mut self, connection: &mut Connection) -> Option<EndReason> {
        let idle = self.engine.config.idle;
        loop {
            match self.take(connection) {
                Ok(Flow::On) => {}
                Ok(Flow::Goodbye) => return None,
                Err(end) => return Some(end),
            }
            if connection.flush().await.is_err() {
                return None;
            }
            self.keep_in_step().await;
            connection.input.reserve(PUBLISHER_READ);
            match timeout(idle, connection.stream.read_buf(&mut connection.input)).await {
                Ok(Ok(1..)) => {}
                Ok(Ok(0) | Err(_)) | Err(_) => return None,
            }
        }
    }

    /// Takes what has arrived.
    fn take(&mut self, connection: &mut Connection) -> Result<Flow, EndReason> {
        let now = self.engine.utc();
        let at = Instant::now();
        loop {
            let event = match connection.session.poll(&mut connection.input) {
                Ok(Some(event)) => event,
                Ok(None) => return Ok(Flow::On),
                Err(error) => return Err(unusable(&error)),
            };
            let ingested = self
                .ingest
                .receive(event)
                .map_err(|error| unusable(&error))?;
            // A newer publisher may have the bus by now.
            if self.publishing.is_stopping() {
                return Err(self.publishing.why());
            }
            match ingested {
                Some(Ingested::Config(config)) => {
                    self.publishing.meter.lock().config(&config);
                    self.bus.config(config);
                }
                Some(Ingested::Frame(frame)) => {
                    self.publishing.meter.lock().frame(&frame, at);
                    self.bus
                        .frame(frame, now)
                        .map_err(|error| unusable(&error))?;
                }
                Some(Ingested::Ended) => return Ok(Flow::Goodbye),
                Some(Ingested::Metadata(_)) | None => {}
            }
        }
    }

    /// Slows down an encoder that sends faster than real time.
    async fn keep_in_step(&self) {
        let ahead = self.bus.ahead(self.engine.utc());
        if let Some(too_far) = ahead.checked_sub(AHEAD) {
            tokio::time::sleep(too_far.min(Duration::from_secs(1))).await;
        }
    }
}

enum Flow {
    On,
    Goodbye,
}

fn unusable(error: &(dyn std::error::Error + 'static)) -> EndReason {
    tracing::info!(error, "an encoder's stream cannot be used");
    EndReason::UnusableMedia
}
