//! The task of one connection.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_graphql::{Executor, Request};
use futures_util::future::{AbortHandle, BoxFuture, abortable};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use greenroom_app::Refusal;
use greenroom_app::account::authenticate;
use greenroom_app::realtime::Subscription;
use greenroom_domain::account::SessionId;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::rate::{Quota, TokenBucket};
use http::{HeaderMap, HeaderValue, header};
use hyper::upgrade::Upgraded;
use tokio::sync::broadcast::Receiver;
use tokio::time::{Instant, Sleep};

use super::Counted;
use super::mailbox::{Closed, Mailbox, Parcel};
use super::message::{self, Incoming, Init, Outgoing, Welcome, close};
use super::operation::{Operation, errors, too_many};
use crate::context::{self, Caller};
use crate::problem::Problem;
use crate::websocket::frame::{self, Message};
use crate::websocket::link::{Broken, Link};
use crate::wire::identity_text;

/// Bytes of one message of a client.
const LARGEST: usize = 64 * 1024;
/// How many operations may go on at once.
const OPERATIONS: usize = 20;
/// How often a client may ask for something.
const QUOTA: Quota = Quota {
    burst: 30,
    per: Duration::from_secs(3),
};
/// How long a client may take to say who it is, and each half-sent message to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// After so long of silence a client is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(25);
/// How long it may take to say so.
const ANSWER: Duration = Duration::from_secs(20);
/// How long a closing connection may take to deliver its last words.
const LINGER: Duration = Duration::from_secs(5);
/// A turn reads, and writes at once, at most so much.
const FAIR_SHARE: usize = 32;

/// One connection.
pub(super) struct Connection<E> {
    counted: Counted<E>,
    link: Link,
    mailbox: Arc<Mailbox>,
    phase: Phase,
    /// What is being done, and what may end the connection: not looked at until one of them is
    /// woken.
    working: FuturesUnordered<BoxFuture<'static, Done>>,
    operations: Vec<(Box<str>, Going)>,
    opened: Instant,
    heard: Instant,
    pinged: bool,
    /// Since when a message is half received.
    partial: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    /// Before then the timer needs no look; unknown when something has changed what it waits for.
    alarm: Option<Instant>,
}

/// How far a connection is.
enum Phase {
    /// It has not said who it is; this is what its request showed.
    Stranger(Box<HeaderMap>),
    /// That is looked into.
    Checking,
    Known(Box<Known>),
    /// Its last words are under way.
    Closing {
        until: Instant,
        said: bool,
        code: u16,
        why: &'static str,
    },
}

/// Who it is.
struct Known {
    caller: Caller,
    bucket: TokenBucket,
}

/// An operation goes on.
enum Going {
    Working(AbortHandle),
    Listening { _subscription: Subscription },
}

/// What was done.
enum Done {
    /// Who it is was found out.
    Met(
        Box<Result<(Caller, Option<String>), Problem>>,
        Option<Receiver<SessionId>>,
    ),
    /// An operation is over, or listens.
    Operation(Box<str>, Option<Subscription>),
    /// It was abandoned.
    Nothing,
    /// The server shuts down.
    Shutdown,
    /// The session is over that has proven who it is.
    SessionOver,
}

impl<E: Executor> Connection<E> {
    pub(super) fn new(counted: Counted<E>, io: Upgraded, proof: HeaderMap) -> Self {
        let now = Instant::now();
        let shutdown = counted.sockets.web.config.shutdown.clone();
        let shutdown: BoxFuture<'static, Done> =
            Box::pin(shutdown.cancelled_owned().map(|()| Done::Shutdown));
        Self {
            counted,
            link: Link::new(io, LARGEST),
            mailbox: Arc::default(),
            phase: Phase::Stranger(Box::new(proof)),
            working: FuturesUnordered::from_iter([shutdown]),
            operations: Vec::new(),
            opened: now,
            heard: now,
            pinged: false,
            partial: None,
            timer: Box::pin(tokio::time::sleep_until(now + PATIENCE)),
            alarm: None,
        }
    }

    /// Until it is over.
    pub(super) async fn run(mut self) {
        while !std::future::poll_fn(|cx| self.poll(cx)).await {
            // Behind everybody else, also those whom this turn has given something to send.
            tokio::task::yield_now().await;
        }
        self.mailbox.close();
    }

    /// Does what can be done now, for a turn at most; whether the connection is over.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        for _ in 0..FAIR_SHARE {
            let mut worked = self.poll_read(cx);
            worked |= self.poll_working(cx);
            worked |= self.poll_ends(cx);
            if self.poll_write(cx) {
                return Poll::Ready(true);
            }
            if !worked && self.mailbox_is_asleep(cx) {
                return Poll::Pending;
            }
        }
        Poll::Ready(false)
    }

    /// Nothing can be written anyway while the last batch is under way.
    fn mailbox_is_asleep(&self, cx: &Context<'_>) -> bool {
        let is_closing = matches!(self.phase, Phase::Closing { .. });
        self.mailbox.sleep(cx) || is_closing || !self.link.is_idle()
    }

    fn close(&mut self, code: u16, why: &'static str) {
        if !matches!(self.phase, Phase::Closing { .. }) {
            self.phase = Phase::Closing {
                until: Instant::now() + LINGER,
                said: false,
                code,
                why,
            };
            self.operations.clear();
            self.working.clear();
            self.alarm = None;
        }
    }

    // ---- what comes

    fn poll_read(&mut self, cx: &mut Context<'_>) -> bool {
        let mut worked = false;
        for _ in 0..FAIR_SHARE {
            // Whoever does not read is not read from either.
            if matches!(self.phase, Phase::Closing { .. }) || !self.mailbox.is_low() {
                break;
            }
            let Poll::Ready(message) = self.link.poll_message(cx) else {
                break;
            };
            worked = true;
            self.heard = Instant::now();
            self.pinged = false;
            match message {
                Ok(Message::Text(text)) => match message::read(&text) {
                    Ok(message) => self.take(message),
                    Err(message::NotAMessage) => {
                        self.close(close::BAD_REQUEST, "this is no message");
                    }
                },
                Ok(Message::Ping(data)) => self.link.push(frame::pong(&data)),
                Ok(Message::Pong) => {}
                Ok(Message::Close) | Err(Broken::Gone) => {
                    self.close(frame::close::NORMAL, "");
                }
                Err(Broken::Refused(error)) => self.close(error.close_code(), "bad frame"),
            }
        }
        let partial = self.link.is_partial();
        self.partial = partial.then(|| self.partial.unwrap_or_else(Instant::now));
        if worked || partial {
            self.alarm = None;
        }
        worked
    }

    fn take(&mut self, message: Incoming) {
        match message {
            Incoming::ConnectionInit { payload } => self.meet(payload.unwrap_or_default()),
            Incoming::Ping {} => self.mailbox.send(&Outgoing::Pong),
            Incoming::Pong {} => {}
            Incoming::Subscribe { id, payload } => self.begin(id, *payload),
            Incoming::Complete { id } => self.end(&id),
        }
    }

    fn meet(&mut self, init: Init) {
        if !matches!(self.phase, Phase::Stranger(_)) {
            return self.close(close::TOO_MANY_INITS, "it was initialised before");
        }
        let Phase::Stranger(mut proof) = std::mem::replace(&mut self.phase, Phase::Checking) else {
            return;
        };
        if let Some(given) = init.authorization {
            // What is no header's value is no token that is worth something.
            let value = HeaderValue::from_str(&given);
            let value = value.unwrap_or(HeaderValue::from_static(""));
            proof.insert(header::AUTHORIZATION, value);
        }
        let app = Arc::clone(&self.counted.sockets.web.app);
        let ended = app.ended_sessions();
        self.working.push(Box::pin(async move {
            let met = context::authenticate(&app, &proof, None).await;
            let met = met.map_err(Problem::from).map(|mut caller| {
                let known = init.guest.filter(|_| caller.new_guest.is_some());
                let known = known.and_then(|text| Some((authenticate::guest(&app, &text)?, text)));
                if let Some((guest, text)) = known {
                    caller.actor = Actor::Guest(guest);
                    caller.new_guest = Some(text);
                }
                let guest = caller.new_guest.clone();
                (caller, guest)
            });
            Done::Met(Box::new(met), Some(ended))
        }));
    }

    fn begin(&mut self, id: Box<str>, request: Request) {
        let now = self.counted.sockets.web.app.now();
        let Phase::Known(known) = &mut self.phase else {
            return self.close(close::UNAUTHORIZED, "connection_init comes first");
        };
        if self.operations.iter().any(|(is, _)| *is == id) {
            return self.close(close::SUBSCRIBER_EXISTS, "there is an operation of this id");
        }
        if known.has_expired(now) {
            return self.close(close::UNAUTHORIZED, "the proof has expired");
        }
        let admitted = match known.bucket.take(QUOTA, now) {
            Ok(bucket) => {
                known.bucket = bucket;
                if self.operations.len() < OPERATIONS {
                    Ok(())
                } else {
                    Err(too_many(OPERATIONS))
                }
            }
            Err(retry_after) => Err(Refusal::TooMany { retry_after }.into()),
        };
        if let Err(problem) = admitted {
            let (id, payload) = (&*id, &*errors(problem));
            return self.mailbox.send(&Outgoing::Error { id, payload });
        }
        let sockets = Arc::clone(&self.counted.sockets);
        let operation = Operation {
            id: id.clone(),
            asking: context::Context::over_socket(
                &sockets.web,
                self.counted.address,
                &known.caller,
            ),
            mailbox: Arc::clone(&self.mailbox),
        };
        let (work, handle) = abortable(operation.run(sockets, request));
        self.operations.push((id.clone(), Going::Working(handle)));
        self.working.push(Box::pin(async move {
            match work.await {
                Ok(listening) => Done::Operation(id, listening),
                Err(_) => Done::Nothing,
            }
        }));
    }

    fn end(&mut self, id: &str) {
        let at = self.operations.iter().position(|(is, _)| &**is == id);
        if let Some(at) = at
            && let (_, Going::Working(handle)) = self.operations.swap_remove(at)
        {
            handle.abort();
        }
    }

    // ---- what is done

    fn poll_working(&mut self, cx: &mut Context<'_>) -> bool {
        let mut worked = false;
        // Behind the answer to what has ended it, say a signing out.
        let mut end = None;
        while let Poll::Ready(Some(done)) = self.working.poll_next_unpin(cx) {
            worked = true;
            match done {
                Done::Met(met, ended) => self.met(*met, ended),
                Done::Operation(id, None) => self.operations.retain(|(is, _)| *is != id),
                Done::Operation(id, Some(subscription)) => {
                    // It may have been completed at this very moment.
                    let going = self.operations.iter_mut().find(|(is, _)| *is == id);
                    if let Some((_, going)) = going {
                        *going = Going::Listening {
                            _subscription: subscription,
                        };
                    }
                }
                Done::Nothing => {}
                Done::Shutdown => end = Some((frame::close::GOING_AWAY, "the server shuts down")),
                Done::SessionOver => end = Some((close::UNAUTHORIZED, "the session is over")),
            }
        }
        if let Some((code, why)) = end {
            self.close(code, why);
        }
        worked
    }

    fn met(
        &mut self,
        met: Result<(Caller, Option<String>), Problem>,
        ended: Option<Receiver<SessionId>>,
    ) {
        let (caller, guest) = match met {
            Ok(met) => met,
            Err(problem) if problem.status().is_client_error() => {
                return self.close(close::FORBIDDEN, "this proof is worth nothing");
            }
            Err(_) => return self.close(frame::close::TRY_AGAIN, "try again"),
        };
        let Some(identity) = caller.actor.identity() else {
            return self.close(close::FORBIDDEN, "this proof is worth nothing");
        };
        let payload = Welcome {
            identity: identity_text(identity),
            guest: guest.as_deref(),
            expires_at: caller.expires_at.map(Timestamp::to_rfc3339),
        };
        self.mailbox.send(&Outgoing::ConnectionAck { payload });
        let now = self.counted.sockets.web.app.now();
        if let Some(session) = caller.session_id.zip(ended) {
            self.working.push(over(session));
        }
        self.phase = Phase::Known(Box::new(Known {
            caller,
            bucket: TokenBucket::full(now),
        }));
        self.alarm = None;
    }

    // ---- what ends it

    fn poll_ends(&mut self, cx: &mut Context<'_>) -> bool {
        let is_closing = matches!(self.phase, Phase::Closing { .. });
        if !is_closing && self.mailbox.closed() == Some(Closed::TooSlow) {
            self.close(frame::close::TRY_AGAIN, "too slow: resume with after");
            return true;
        }
        if self.alarm.is_some_and(|alarm| Instant::now() < alarm) {
            return false;
        }
        let due = self.due();
        self.alarm = Some(due);
        self.timer.as_mut().reset(due);
        // Whatever else this turn has done: it has to know whom to wake, for it is not asked again.
        let timer = pin!(tokio::task::unconstrained(self.timer.as_mut()));
        if timer.poll(cx).is_pending() {
            return false;
        }
        self.alarm = None;
        self.on_time();
        true
    }

    /// When something is to be looked at next.
    fn due(&self) -> Instant {
        let heard = self.heard
            + if self.pinged {
                SILENCE + ANSWER
            } else {
                SILENCE
            };
        let due = match &self.phase {
            Phase::Stranger(_) | Phase::Checking => self.opened + PATIENCE,
            Phase::Known(known) => match known.caller.expires_at {
                Some(at) => heard.min(Instant::now() + at.since(self.now())),
                None => heard,
            },
            Phase::Closing { until, .. } => return *until,
        };
        let partial = self.partial.map(|since| since + PATIENCE);
        partial.map_or(due, |partial| due.min(partial))
    }

    fn on_time(&mut self) {
        let now = Instant::now();
        if self.partial.is_some_and(|since| since + PATIENCE <= now) {
            return self.close(frame::close::POLICY, "half a message for too long");
        }
        match &self.phase {
            Phase::Stranger(_) | Phase::Checking => {
                self.close(close::INIT_TIMEOUT, "it was not initialised in time");
            }
            Phase::Known(known) if known.has_expired(self.now()) => {
                self.close(close::UNAUTHORIZED, "the proof has expired");
            }
            Phase::Known(_) if self.pinged && self.heard + SILENCE + ANSWER <= now => {
                self.close(frame::close::GOING_AWAY, "no answer");
            }
            Phase::Known(_) if !self.pinged && self.heard + SILENCE <= now => {
                self.pinged = true;
                self.mailbox.send(&Outgoing::Ping);
            }
            Phase::Known(_) | Phase::Closing { .. } => {}
        }
    }

    fn now(&self) -> Timestamp {
        self.counted.sockets.web.app.now()
    }

    // ---- what goes

    /// Writes until the socket is full or nothing is left; whether the connection is over.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> bool {
        loop {
            if self.link.is_idle() {
                self.fill();
            }
            if self.link.is_idle() {
                break;
            }
            match self.link.poll_write(cx) {
                Poll::Pending => break,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return true,
            }
        }
        match &self.phase {
            Phase::Closing { until, .. } if Instant::now() >= *until => true,
            Phase::Closing { said: true, .. } => {
                self.link.is_idle() && self.link.poll_shutdown(cx).is_ready()
            }
            _ => false,
        }
    }

    /// Takes the next batch; behind the last one, the closing frame.
    fn fill(&mut self) {
        let mut parcels = Vec::new();
        self.mailbox.take(FAIR_SHARE, &mut parcels);
        for parcel in &parcels {
            parcel.write(self.link.batch());
            if let Parcel::Last(target, _) = parcel {
                self.operations.retain(|(id, _)| *id != target.id);
            }
        }
        if parcels.is_empty()
            && let Phase::Closing {
                said, code, why, ..
            } = &mut self.phase
            && !*said
        {
            *said = true;
            self.link.batch().push_back(frame::closing_with(*code, why));
        }
    }
}

/// Resolves when this session is over; as a precaution also when more ended than can be known.
fn over((session, mut ended): (SessionId, Receiver<SessionId>)) -> BoxFuture<'static, Done> {
    Box::pin(async move {
        while ended.recv().await.is_ok_and(|other| other != session) {}
        Done::SessionOver
    })
}

impl Known {
    fn has_expired(&self, now: Timestamp) -> bool {
        self.caller.expires_at.is_some_and(|at| at <= now)
    }
}
