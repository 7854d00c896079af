//! The platform's events over Socket.IO: the ones that the `HarmonieCORE` document names, and a
//! few of our own; or those of a document whose clients move over unchanged. [`vocabulary`] is
//! the table of all names, `docs/api-map.md` has the payloads too.
//!
//! Each event of a client calls one use case, and is answered by its acknowledgement:
//! `{ ok: true, … }`, or `{ ok: false, error, code, details }` with the codes of REST. Without
//! an acknowledgement an error comes as the event `error`.
//!
//! What a room shows is encoded once, whoever listens; see [`outgoing`].

mod chat;
mod connection;
mod enter;
mod harmoniecore;
mod listener;
mod moderation;
mod moment;
mod notification;
mod outgoing;
mod pawfectmatch;
mod payload;
mod people;
mod pins;
mod recording;
mod room;
mod session;
mod speech;
mod stream;
mod translate;
mod upkeep;
mod vocabulary;
mod watch;

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use axum::Router;
use greenroom_app::{App, Refusal};
use greenroom_domain::shared::id::ConnectionId;
use http::StatusCode;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::value::RawValue;

use self::connection::Connection;
use self::payload::Payload;
use self::people::People;
use self::vocabulary::Request;
use super::service::{Args, ConnectError, DisconnectReason, Handshake, Service};
use super::socket::{Ack, Socket};
use super::{Config, Origins, SocketIo};
use crate::problem::{ErrorJson, Problem};
use crate::{Web, WebConfig};

/// The routes at `/socket.io/`. Starts the tasks behind them, which end at
/// [`WebConfig::shutdown`]; so it must be called inside a tokio runtime.
pub(crate) fn routes(web: &Web) -> Router {
    let (app, config) = (Arc::clone(&web.app), Arc::clone(&web.config));
    let listed = config.cors_origins.iter().map(String::as_str);
    let origins = listed.chain(config.public_origin());
    let limits = Config {
        origins: Origins::also(origins.map(|origin| origin.trim_end_matches('/'))),
        ..Config::default()
    };
    let ids = {
        let ids = Arc::clone(&app.ports.ids);
        move || {
            std::array::from_fn({
                let secret = ids.secret();
                move |at| secret[at]
            })
        }
    };
    let shutdown = config.shutdown.clone();
    let tasks = config.tasks.clone();
    let events = Events::new(app, config);
    let server = SocketIo::new(Arc::clone(&events), limits, ids, shutdown.clone());
    let ended = events.app.ended_sessions();
    let recorded = events.app.recording_events();
    let telling = recording::follow(Arc::clone(&events), recorded, shutdown.clone());
    tasks.spawn(telling);
    tasks.spawn(upkeep::run(events, ended, shutdown));
    let router = server.router();
    tasks.spawn(async move { server.closed().await });
    router
}

/// The application behind the sockets.
pub(crate) struct Events {
    app: Arc<App>,
    config: Arc<WebConfig>,
    people: Arc<People>,
    connections: Mutex<HashMap<ConnectionId, Weak<Connection>>>,
    /// For what goes on behind a connection.
    me: Weak<Self>,
}

/// A connection as the transport holds it.
pub(crate) struct Session(Arc<Connection>);

#[async_trait]
impl Service for Events {
    type Session = Session;

    async fn connect(&self, handshake: Handshake, socket: Socket) -> Result<Session, ConnectError> {
        let mut ended = self.app.ended_sessions();
        let opened = session::open(self, &handshake, socket).await;
        let (connection, entrance) = opened.map_err(|problem| refused(&problem))?;
        let connection = Arc::new(connection);
        notification::begin(&self.app, &connection)
            .await
            .map_err(|problem| refused(&problem))?;
        let known = Arc::downgrade(&connection);
        self.connections.lock().insert(connection.id, known);
        // Signed out since it was let in, and before the upkeep knew of it.
        if let Some(session) = connection.session
            && upkeep::has_ended(&mut ended, session)
        {
            self.connections.lock().remove(&connection.id);
            return Err(refused(&Refusal::NotSignedIn.into()));
        }
        if let Some(entrance) = entrance {
            watch::begin(self, &connection, entrance)
                .await
                .map_err(|problem| refused(&problem))?;
        }
        let meters = &self.config.meters;
        meters.connections.fetch_add(1, Ordering::Relaxed);
        Ok(Session(connection))
    }

    async fn event(&self, session: &Arc<Session>, name: &str, args: Args, ack: Option<Ack>) {
        let connection = &session.0;
        let done = match connection.admit(&self.app) {
            Ok(()) => self.handle(connection, name, &args).await,
            Err(problem) => Err(problem),
        };
        let sent = match (done, ack) {
            (Ok(_), None) => Ok(None),
            (Ok(answer), Some(ack)) => ack.send(&answer).map(Some),
            (Err(problem), Some(ack)) => {
                log(&problem);
                ack.send(&Refused::of(&problem)).map(Some)
            }
            (Err(problem), None) => {
                log(&problem);
                connection
                    .socket
                    .emit("error", &Failed::of(name, &problem))
                    .map(Some)
            }
        };
        if let Err(error) = sent {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "no answer could be written"
            );
        }
    }

    async fn disconnected(&self, session: Arc<Session>, _: DisconnectReason) {
        let connection = &session.0;
        self.connections.lock().remove(&connection.id);
        let meters = &self.config.meters;
        meters.connections.fetch_sub(1, Ordering::Relaxed);
        connection.leave_all(&self.app).await;
    }
}

impl Events {
    fn new(app: Arc<App>, config: Arc<WebConfig>) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            app,
            config,
            people: Arc::default(),
            connections: Mutex::default(),
            me: Weak::clone(me),
        })
    }

    /// Everybody who is connected now.
    fn connections(&self) -> Vec<Arc<Connection>> {
        let connections = self.connections.lock();
        connections.values().filter_map(Weak::upgrade).collect()
    }

    async fn handle(
        &self,
        connection: &Arc<Connection>,
        name: &str,
        args: &Args,
    ) -> Result<Answer, Problem> {
        let limit = self.config.request_timeout;
        match tokio::time::timeout(limit, self.dispatch(connection, name, args)).await {
            Ok(done) => done,
            Err(_) => Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "TOOK_TOO_LONG",
                "the answer took too long; what was asked for may have been done",
            )),
        }
    }

    async fn dispatch(
        &self,
        connection: &Arc<Connection>,
        name: &str,
        args: &Args,
    ) -> Result<Answer, Problem> {
        let Some(request) = Request::by_name(connection.speech, name) else {
            return Err(Problem::new(
                StatusCode::NOT_FOUND,
                "UNKNOWN_EVENT",
                "there is no such event",
            ));
        };
        let (it, args) = (connection, &Payload::new(connection, request, args));
        match request {
            Request::CreateStream => stream::create(self, it, args.read()?).await,
            Request::StartStream => stream::start(self, it, args.read()?).await,
            Request::JoinStream => stream::join(self, it, args.read()?).await,
            Request::LeaveStream => stream::leave(self, it, args.read()?).await,
            Request::EndStream => stream::end(self, it, args.read()?).await,
            Request::JoinChannel => chat::join(self, it, args.read()?).await,
            Request::LeaveChannel => chat::leave(self, it, args.read()?).await,
            Request::SendMessage => chat::send(self, it, args.read()?).await,
            Request::Typing => moment::typing(self, it, args.read()?).await,
            Request::GetHistory => chat::history(self, it, args.read()?).await,
            Request::DeleteMessage => chat::delete(self, it, args.read()?).await,
            Request::ModerateUser => moderation::moderate(self, it, args.read()?).await,
            Request::React => moment::react(self, it, args.read()?).await,
            Request::PinMessage => pins::pin(self, it, args).await,
            Request::UnpinMessage => pins::unpin(self, it, args.read()?).await,
            Request::SendTip | Request::SendGift => Err(absent("tips and gifts")),
            Request::StartRecording => recording::begin(self, it, args.read()?).await,
            Request::StopRecording => recording::end(self, it, args.read()?).await,
        }
    }
}

/// What the documents have and this server has not yet.
fn absent(what: &str) -> Problem {
    Problem::new(
        StatusCode::NOT_IMPLEMENTED,
        "NOT_AVAILABLE_YET",
        format!("{what} are still to come"),
    )
}

/// What an acknowledgement says, as JSON.
type Answer = Box<RawValue>;

/// It was done.
#[derive(Serialize)]
struct Done<T> {
    ok: bool,
    #[serde(flatten)]
    body: T,
}

/// The answer to what was done; an object.
fn done(body: &impl Serialize) -> Result<Answer, Problem> {
    serde_json::value::to_raw_value(&Done { ok: true, body })
        .map_err(|error| Problem::internal().because(error))
}

/// There is nothing more to say than that it was done.
#[derive(Serialize)]
struct Nothing {}

/// It was not done.
#[derive(Serialize)]
struct Refused {
    ok: bool,
    #[serde(flatten)]
    error: ErrorJson,
}

impl Refused {
    fn of(problem: &Problem) -> Self {
        let error = problem.json();
        Self { ok: false, error }
    }
}

/// It was not done, and nobody waits for the answer.
#[derive(Serialize)]
struct Failed<'a> {
    event: &'a str,
    #[serde(flatten)]
    error: ErrorJson,
}

impl<'a> Failed<'a> {
    fn of(event: &'a str, problem: &Problem) -> Self {
        let error = problem.json();
        Self { event, error }
    }
}

/// Why a client is not let in.
fn refused(problem: &Problem) -> ConnectError {
    log(problem);
    let told = problem.json();
    ConnectError {
        message: told.error.clone(),
        data: serde_json::to_value(told).ok(),
    }
}

fn log(problem: &Problem) {
    if let Some(cause) = problem.cause() {
        let code = problem.code();
        tracing::error!(
            error = &*cause.0 as &dyn std::error::Error,
            code,
            "an event failed"
        );
    }
}
