//! HTTP in front of the sessions: who may ask what.

use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;

use super::response::{packets, preflight, refusal, respond};
use super::{ClientAddr, Server};
use crate::socketio::config::Verdict;
use crate::socketio::engine::handshake::Refusal;
use crate::socketio::engine::packet;
use crate::socketio::engine::websocket::{self, close};
use crate::socketio::line::Line;
use crate::socketio::service::Service;
use crate::socketio::session::{Received, Session, Via};
use crate::websocket::upgrade;

/// Bytes of headers and address of the request that opens a session.
const MAX_HANDSHAKE: usize = 16 * 1024;

/// What a request's query says.
struct Query<'a> {
    via: Via,
    sid: Option<&'a str>,
}

/// Answers one request.
pub(super) async fn answer<S: Service>(server: &Arc<Server<S>>, request: Request) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let verdict = server.config.origins.judge(
        origin
            .as_ref()
            .map(|origin| origin.to_str().unwrap_or("null")),
        text(request.headers(), &header::HOST),
    );
    let mut response = match verdict {
        Verdict::Foreign => refusal(Refusal::ForeignOrigin),
        Verdict::Listed if request.method() == Method::OPTIONS => preflight(),
        Verdict::Same | Verdict::Listed => dispatch(server, request).await.unwrap_or_else(refusal),
    };
    if let (Verdict::Listed, Some(origin)) = (verdict, origin) {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    response
}

async fn dispatch<S: Service>(
    server: &Arc<Server<S>>,
    request: Request,
) -> Result<Response, Refusal> {
    let uri = request.uri().clone();
    let query = query(uri.query().unwrap_or_default())?;
    let method = request.method().clone();
    match (query.via, query.sid, method) {
        (Via::Polling, None, Method::GET) => handshake(server, &request),
        (Via::Polling, Some(sid), Method::GET) => poll(server.find(sid)?).await,
        (Via::Polling, Some(sid), Method::POST) => {
            let line = server.find(sid)?;
            post(server, &line, request.into_body()).await
        }
        (Via::WebSocket, sid, Method::GET) => open_websocket(server, sid, request),
        (_, None, _) => Err(Refusal::BadMethod),
        _ => Err(Refusal::BadRequest),
    }
}

fn query(query: &str) -> Result<Query<'_>, Refusal> {
    let (mut version, mut transport, mut sid) = (None, None, None);
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match name {
            "EIO" => version = Some(value),
            "transport" => transport = Some(value),
            "sid" => sid = Some(value),
            _ => {}
        }
    }
    let via = match transport {
        Some("polling") => Via::Polling,
        Some("websocket") => Via::WebSocket,
        _ => return Err(Refusal::UnknownTransport),
    };
    if version != Some("4") {
        return Err(Refusal::UnsupportedVersion);
    }
    Ok(Query { via, sid })
}

// ---- polling

fn handshake<S: Service>(server: &Arc<Server<S>>, request: &Request) -> Result<Response, Refusal> {
    let line = open(server, Via::Polling, request)?;
    let frames = line.update(|session| {
        session.begin_poll(Instant::now());
        session.take_poll()
    });
    Ok(packets(frames.into_iter().flatten()))
}

fn open<S: Service>(
    server: &Arc<Server<S>>,
    via: Via,
    request: &Request,
) -> Result<Arc<Line>, Refusal> {
    // They are kept until the client connects.
    let headers: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if headers + request.uri().to_string().len() > MAX_HANDSHAKE {
        return Err(Refusal::TooLarge);
    }
    let extensions = request.extensions();
    let remote = extensions
        .get::<ClientAddr>()
        .map(|address| address.0)
        .or_else(|| {
            extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|info| info.0.ip())
        })
        .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let query = request.uri().query().unwrap_or_default().to_owned();
    server.open(via, request.headers().clone(), query, remote)
}

/// Ends a poll whose client went away before it was answered.
struct Waiting(Arc<Line>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0
            .update(|session| session.abandon_poll(Instant::now()));
    }
}

async fn poll(line: Arc<Line>) -> Result<Response, Refusal> {
    let now = Instant::now();
    line.update(|session| {
        session.tick(now);
        if session.is_gone() {
            return Err(Refusal::UnknownSession);
        }
        if !session.expects(Via::Polling) || !session.begin_poll(now) {
            return Err(Refusal::BadRequest);
        }
        Ok(())
    })?;
    let waiting = Waiting(line);
    let frames = poll_fn(|cx| {
        let mut state = waiting.0.lock();
        match state.session.take_poll() {
            Some(frames) => Poll::Ready(frames),
            None => {
                state.poll = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    })
    .await;
    // The session's task may be waiting for its last words to be fetched.
    waiting.0.update(|_| ());
    Ok(packets(frames.into_iter()))
}

/// A POST under way; the session takes one at a time.
struct Posting<'a>(&'a Line);

impl Drop for Posting<'_> {
    fn drop(&mut self) {
        self.0.update(Session::end_post);
    }
}

async fn post<S: Service>(
    server: &Arc<Server<S>>,
    line: &Line,
    body: Body,
) -> Result<Response, Refusal> {
    let now = Instant::now();
    line.update(|session| {
        session.tick(now);
        if session.is_gone() {
            return Err(Refusal::UnknownSession);
        }
        if !session.expects(Via::Polling) || !session.begin_post(now) {
            return Err(Refusal::BadRequest);
        }
        Ok(())
    })?;
    let posting = Posting(line);
    let refused = |code, refusal| {
        line.update(|session| session.violation(code, Instant::now()));
        refusal
    };

    let body = axum::body::to_bytes(body, server.config.max_payload);
    let body = tokio::time::timeout(server.config.receive_timeout, body)
        .await
        .map_err(|_| refused(close::POLICY, Refusal::TooSlow))?
        .map_err(|_| refused(close::TOO_LARGE, Refusal::TooLarge))?;
    let body =
        std::str::from_utf8(&body).map_err(|_| refused(close::NOT_UTF8, Refusal::BadRequest))?;

    let received = async {
        for packet in packet::payload(body) {
            room(line).await;
            let received = line.update(|s| s.receive(Via::Polling, packet, Instant::now()));
            if received == Received::Ended {
                return packet == Ok(packet::Packet::Close);
            }
        }
        true
    };
    // As long as a client's own patience with a ping: a handler that takes longer is stuck.
    let accepted = tokio::time::timeout(server.config.ping_timeout, received)
        .await
        .map_err(|_| refused(close::TRY_AGAIN, Refusal::TooSlow))?;
    drop(posting);
    if !accepted {
        return Err(Refusal::BadRequest);
    }
    Ok(respond(StatusCode::OK, "text/html", Body::from("ok")))
}

/// Waits until the session's inbound queue has room.
async fn room(line: &Line) {
    poll_fn(|cx| {
        let mut state = line.lock();
        if state.session.has_room() {
            return Poll::Ready(());
        }
        state.post = Some(cx.waker().clone());
        Poll::Pending
    })
    .await;
}

// ---- WebSocket

fn open_websocket<S: Service>(
    server: &Arc<Server<S>>,
    sid: Option<&str>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let response = upgrade::accept(request.headers()).ok_or(Refusal::BadRequest)?;
    let (line, wanted) = match sid {
        None => (open(server, Via::WebSocket, &request)?, true),
        Some(sid) => {
            let line = server.find(sid)?;
            let wanted = line.update(|session| session.begin_upgrade(Instant::now()));
            (line, wanted)
        }
    };
    let fresh = sid.is_none();
    let upgraded = hyper::upgrade::on(&mut request);
    let wait = server.config.upgrade_timeout;
    server.tasks.spawn(async move {
        match tokio::time::timeout(wait, upgraded).await {
            Ok(Ok(websocket)) if wanted => line.attach(websocket),
            Ok(Ok(websocket)) => {
                // Clients of a session that has its WebSocket expect to be let in and shown out.
                let mut io = TokioIo::new(websocket);
                let goodbye = async {
                    io.write_all(&websocket::closing(close::NORMAL)).await?;
                    io.shutdown().await
                };
                let _ = tokio::time::timeout(wait, goodbye).await;
            }
            _ if fresh => line.update(|session| session.lost(Instant::now())),
            _ => line.update(Session::drop_candidate),
        }
    });
    Ok(response)
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
