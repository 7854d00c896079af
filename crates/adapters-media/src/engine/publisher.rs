//! One encoder's connection: bytes from the socket through the session to the bus.

use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use bytes::BytesMut;
use greenroom_domain::channel::KeySecret;
use greenroom_domain::media::{
    IngestLease, MediaEvent, MediaEvents, PublishRefused, PublishRequest,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::registry::Publishing;
use super::{Engine, Secure, Socket};
use crate::ingest::{Ingest, Ingested};
use crate::rtmp::{EndReason, Event, Limits, Refusal, Session, StreamKey};

/// The one application name that encoders publish to.
const APP: &str = "live";
/// Room to read into while the peer is a stranger.
const STRANGER_READ: usize = 4 << 10;
/// Room to read into from a publisher: frames stay in it until they are packaged.
const PUBLISHER_READ: usize = 64 << 10;
/// When less room than this is left, there is new one.
const ROOM_LEFT: usize = 8 << 10;
/// How long a peer may take to read an answer.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);
/// How long the application may take to answer whether an encoder may publish.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);
/// How long a peer may take to read what it is told last.
const PARTING: Duration = Duration::from_millis(500);
/// How far media may be ahead of the clock before the encoder is slowed down.
const AHEAD: Duration = Duration::from_secs(3);
/// How often the application is told that an encoder has gone, if it cannot hear.
const TELLINGS: u32 = 5;

/// Serves an encoder until it goes, or is told to.
pub(super) async fn serve(
    engine: &Engine,
    stream: TcpStream,
    secure: Option<&dyn Secure>,
    peer: IpAddr,
    events: &dyn MediaEvents,
    shutdown: &CancellationToken,
) {
    // Answers are small and wanted at once.
    let _ = stream.set_nodelay(true);
    let asked = timeout(engine.config.patience, async {
        let mut connection = Connection::open(stream, secure).await?;
        let (app, key) = connection.request().await?;
        Some((connection, app, key))
    });
    let Some(Ok(Some((mut connection, app, key)))) = shutdown.run_until_cancelled(asked).await
    else {
        return;
    };

    // Not given up in the middle: a lease that nobody takes is an encoder that never goes.
    let mut deciding = pin!(authorize(&app, &key, peer, events));
    let decision = tokio::select! {
        decision = &mut deciding => decision,
        () = shutdown.cancelled() => {
            connection.session.end(EndReason::Shutdown);
            return connection.part().await;
        }
        () = sleep(ANSWER_PATIENCE) => {
            connection.session.refuse_publish(Refusal::Unavailable);
            connection.part().await;
            let late = shutdown.run_until_cancelled(deciding).await;
            if let Some(Ok(lease)) = late {
                tell_gone(events, &lease, shutdown).await;
            }
            return;
        }
    };
    match decision {
        Ok(lease) => {
            let parting = publish(engine, connection, &lease, shutdown);
            let connection = parting.await;
            tokio::join!(connection.part(), tell_gone(events, &lease, shutdown));
        }
        Err(refusal) => {
            connection.session.refuse_publish(refusal);
            connection.part().await;
        }
    }
}

/// Takes the encoder's media until it goes or is told to; answers with the connection, which is
/// to be parted from.
async fn publish(
    engine: &Engine,
    mut connection: Connection,
    lease: &IngestLease,
    shutdown: &CancellationToken,
) -> Connection {
    let stop = shutdown.child_token();
    let end = match engine.registry.begin(lease, stop, engine.utc()) {
        Ok(publication) => {
            tracing::info!(stream = %lease.stream, channel = %lease.handle, "an encoder publishes");
            connection.session.accept_publish();
            let publishing = publication.publishing();
            let mut pump = Pump {
                engine,
                publishing,
                ingest: Ingest::new(),
            };
            tokio::select! {
                biased;
                why = publishing.stopped() => Some(why),
                end = pump.run(&mut connection) => end,
            }
        }
        Err(why) => Some(why),
    };
    tracing::info!(stream = %lease.stream, ?end, "an encoder has gone");
    if let Some(end) = end {
        connection.session.end(end);
    }
    connection
}

/// Tells the application that an encoder has gone; again and again while it cannot hear. What
/// never arrives is found by its sweep. At shutdown nothing is told: the next start marks it,
/// and the stream goes on there.
async fn tell_gone(events: &dyn MediaEvents, lease: &IngestLease, shutdown: &CancellationToken) {
    let gone = MediaEvent::IngestLost {
        stream: lease.stream,
        generation: lease.generation,
    };
    let telling = async {
        for attempt in 1..=TELLINGS {
            let Err(error) = events.report(gone.clone()).await else {
                return;
            };
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                attempt,
                "it could not be told that an encoder has gone"
            );
            if attempt < TELLINGS {
                sleep(Duration::from_millis(100) * 2u32.pow(attempt)).await;
            }
        }
    };
    shutdown.run_until_cancelled(telling).await;
}

struct Connection {
    stream: Box<dyn Socket>,
    session: Session,
    input: BytesMut,
}

impl Connection {
    /// `None` when the peer cannot agree on how it is made secure.
    async fn open(stream: TcpStream, secure: Option<&dyn Secure>) -> Option<Self> {
        let stream: Box<dyn Socket> = match secure {
            None => Box::new(stream),
            Some(secure) => match secure.secure(stream).await {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "not secure");
                    return None;
                }
            },
        };
        Some(Self {
            stream,
            session: Session::new(Limits::default()),
            input: BytesMut::new(),
        })
    }

    /// Until the peer asks to publish; `None` when it is no encoder.
    async fn request(&mut self) -> Option<(String, StreamKey)> {
        loop {
            match self.session.poll(&mut self.input) {
                Ok(Some(Event::PublishRequested { app, key, .. })) => return Some((app, key)),
                Ok(Some(_)) => continue,
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "not an encoder");
                    let _ = self.flush().await;
                    return None;
                }
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
            let written = async {
                self.stream.write_all(&output).await?;
                // What lies between may keep something back.
                self.stream.flush().await
            };
            timeout(WRITE_PATIENCE, written).await??;
        }
        Ok(())
    }

    /// Says what there is left to say, and closes.
    async fn part(mut self) {
        let parting = async {
            self.flush().await?;
            self.stream.shutdown().await?;
            // An encoder is in the middle of sending. A socket closed with bytes unread is reset,
            // and the peer would not see what it was told.
            loop {
                self.input.clear();
                self.input.reserve(PUBLISHER_READ);
                if self.stream.read_buf(&mut self.input).await? == 0 {
                    return Ok::<_, std::io::Error>(());
                }
            }
        };
        // Gone is gone, however it went.
        let _ = timeout(PARTING, parting).await;
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
                PublishRefused::AlreadyPublishing | PublishRefused::Elsewhere => Refusal::Busy,
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
    publishing: &'a Publishing,
    ingest: Ingest,
}

impl Pump<'_> {
    /// Until the encoder goes; answers what it is to be told, if anything.
    async fn run(&mut self, connection: &mut Connection) -> Option<EndReason> {
        let idle = self.engine.config.idle;
        let mut heard = Instant::now();
        // One timer, set anew when it runs out, and not for every read.
        let mut silence = pin!(sleep(idle));
        loop {
            let ahead = match self.take(connection) {
                Ok(Flow::On { ahead }) => ahead,
                Ok(Flow::Goodbye) => return None,
                Err(end) => return Some(end),
            };
            if connection.flush().await.is_err() {
                return None;
            }
            // Slows down an encoder that sends faster than real time.
            if let Some(too_far) = ahead.checked_sub(AHEAD) {
                sleep(too_far.min(Duration::from_secs(1))).await;
            }
            if connection.input.capacity() - connection.input.len() < ROOM_LEFT {
                connection.input.reserve(PUBLISHER_READ);
            }
            loop {
                tokio::select! {
                    biased;
                    read = connection.stream.read_buf(&mut connection.input) => match read {
                        Ok(1..) => break,
                        Ok(0) | Err(_) => return None,
                    },
                    () = &mut silence => {
                        if heard.elapsed() >= idle {
                            return None;
                        }
                        silence.as_mut().reset(heard + idle);
                    }
                }
            }
            heard = Instant::now();
        }
    }

    /// Takes what has arrived.
    fn take(&mut self, connection: &mut Connection) -> Result<Flow, EndReason> {
        let now = self.engine.utc();
        let at = std::time::Instant::now();
        loop {
            let event = match connection.session.poll(&mut connection.input) {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(error) => return Err(unusable(&error)),
            };
            let ingested = self
                .ingest
                .receive(event)
                .map_err(|error| unusable(&error))?;
            match ingested {
                Some(Ingested::Config(config)) => {
                    self.publishing.write(|bus, meter| {
                        meter.config(&config);
                        bus.config(config);
                    })?;
                }
                Some(Ingested::Frame(frame)) => {
                    self.publishing
                        .write(|bus, meter| {
                            meter.frame(&frame, at);
                            bus.frame(frame, now)
                        })?
                        .map_err(|error| unusable(&error))?;
                }
                Some(Ingested::Ended) => return Ok(Flow::Goodbye),
                Some(Ingested::Metadata(_)) | None => {}
            }
        }
        let ahead = self.publishing.write(|bus, _| bus.ahead(now))?;
        Ok(Flow::On { ahead })
    }
}

enum Flow {
    /// Its media is this far ahead of the clock.
    On {
        ahead: Duration,
    },
    Goodbye,
}

fn unusable(error: &(dyn std::error::Error + 'static)) -> EndReason {
    tracing::info!(error, "an encoder's stream cannot be used");
    EndReason::UnusableMedia
}
