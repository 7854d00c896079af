//! What every response goes through: headers, an id, errors in one shape, a line in the log.

use std::any::Any;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use greenroom_app::Refusal;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tracing::Instrument;

use crate::context::{Cookies, Peer, peer};
use crate::problem::{Cause, Problem};
use crate::{Web, WebConfig};

/// What a page of ours may do unless it says otherwise: nothing, and stand in no frame.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// A body up to this many bytes has arrived by the time a request is refused.
const ARRIVES_WITH_THE_HEAD: u64 = 4 * 1024;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Puts a router inside the layers that all of Greenroom's routes share: security headers, the
/// client's address, a request id, errors in the API's shape, panics answered with 500, and
/// the log. For whoever mounts more routes than [`router`](crate::router) has.
pub fn layered(router: Router, config: &WebConfig) -> Router {
    let frame = Arc::new(Frame {
        config: config.clone(),
        requests: AtomicU64::new(0),
    });
    router
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(frame, around))
}

struct Frame {
    config: WebConfig,
    requests: AtomicU64,
}

async fn around(State(frame): State<Arc<Frame>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    // Unique as long as the process is, which is as long as its log's story.
    let id = format!(
        "{:x}-{:x}",
        std::process::id(),
        frame.requests.fetch_add(1, Ordering::Relaxed)
    );
    let address = client(&frame.config, &request);
    let cookies = Cookies::default();
    request.extensions_mut().insert(Peer(address));
    request.extensions_mut().insert(cookies.clone());
    #[cfg(feature = "socketio")]
    request
        .extensions_mut()
        .insert(crate::socketio::ClientAddr(address));
    // The route, never the address itself: grants stand in paths, tokens in queries.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("-", MatchedPath::as_str);
    let method = request.method().clone();
    // HTTP/2 takes a body back without the connection, and knows no such header.
    let may_stay_unread = request.version() < Version::HTTP_2 && has_long_body(request.headers());
    let span = tracing::info_span!("request", id, %method, route);

    let response = next.run(request).instrument(span.clone()).await;
    let mut response = shaped(response);
    let status = response.status();
    frame.config.meters.answered(status);
    span.in_scope(|| {
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        if status.is_server_error() {
            let cause = response.extensions().get::<Cause>();
            let cause = cause.map(|cause| chain(&*cause.0)).unwrap_or_default();
            tracing::error!(status = status.as_u16(), took_ms, cause, "not answered");
        } else {
            tracing::debug!(status = status.as_u16(), took_ms, "answered");
        }
    });
    let headers = response.headers_mut();
    cookies.write_to(headers);
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    secure(headers, frame.config.is_https());
    if may_stay_unread && (status.is_client_error() || status.is_server_error()) {
        // What is left of the body is not read: the client must not ask again on this connection.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether an early refusal may leave some of the body behind.
fn has_long_body(headers: &HeaderMap) -> bool {
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    match declared {
        Some(length) => length > ARRIVES_WITH_THE_HEAD,
        None => headers.contains_key(header::TRANSFER_ENCODING),
    }
}

/// Refuses who asks too often, ends what takes too long, and keeps answers out of caches.
pub(crate) async fn guard(State(web): State<Web>, request: Request, next: Next) -> Response {
    let address = peer(request.extensions());
    if let Err(retry_after) = web.limits.take(address, web.app.now()) {
        return Problem::from(Refusal::TooMany { retry_after }).into_response();
    }
    let limit = web.config.request_timeout;
    let mut response = match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::took_too_long().into_response(),
    };
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Lets pages of the listed origins read answers, with credentials.
pub(crate) fn cors(config: &WebConfig) -> CorsLayer {
    let anybody = config.cors_origins.iter().any(|origin| origin == "*");
    let origins = config
        .cors_origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin).ok());
    let origins = if anybody {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins)
    };
    CorsLayer::new()
        .allow_origin(origins)
        // Any page may ask, but not in the name of whoever looks at it.
        .allow_credentials(!anybody)
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
        ])
        .expose_headers([header::ETAG, header::RETRY_AFTER])
        .max_age(Duration::from_secs(600))
}

fn client(config: &WebConfig, request: &Request) -> IpAddr {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    // Several headers of the name are one list (RFC 9110, 5.3); the last proxy's is last.
    let forwarded: Vec<&str> = request
        .headers()
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    match forwarded.as_slice() {
        [] => config.client(peer, None),
        [one] => config.client(peer, Some(one)),
        several => config.client(peer, Some(&several.join(","))),
    }
}

/// The router's own refusals have no body: they get the one that all errors have.
fn shaped(response: Response) -> Response {
    if response.headers().contains_key(header::CONTENT_TYPE) {
        return response;
    }
    let problem = match response.status() {
        StatusCode::NOT_FOUND => Problem::not_found(),
        StatusCode::METHOD_NOT_ALLOWED => Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            "this cannot be done here",
        ),
        _ => return response,
    };
    let mut shaped = problem.into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        shaped.headers_mut().insert(header::ALLOW, allow.clone());
    }
    shaped
}

fn secure(headers: &mut HeaderMap, https: bool) {
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    for (name, value) in fixed {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    if https {
        headers
            .entry(header::STRICT_TRANSPORT_SECURITY)
            .or_insert(HeaderValue::from_static("max-age=31536000"));
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer hands the panic over"
)]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let said = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a word")
        .to_owned();
    Problem::internal().because(Panicked(said)).into_response()
}

/// A handler panicked; for the log.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

/// An error and all that caused it, each describing itself alone.
fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        told.push_str(": ");
        told.push_str(&error.to_string());
        next = error.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use axum::body::Body;
    use axum::routing::get;
    use parking_lot::Mutex;
    use tower::ServiceExt;
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Log {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    async fn broken() -> Problem {
        Problem::internal().because(Panicked("the innermost reason".to_owned()))
    }

    async fn panics() {
        panic!("at the disco")
    }

    /// Asks for it, and what the log has to say of that.
    async fn logged(path: &str) -> (StatusCode, String) {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(log.clone())
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .finish();
        let _logging = tracing::subscriber::set_default(subscriber);
        let router = Router::new()
            .route("/hls/{handle}/{grant}/index.m3u8", get(async || "fine"))
            .route("/broken", get(broken))
            .route("/panics", get(panics));
        let request = Request::get(path)
            .header("authorization", "Bearer gs_secret")
            .header("cookie", "greenroom_session=gs_secret")
            .body(Body::empty())
            .expect("a request");
        let response = layered(router, &WebConfig::default())
            .oneshot(request)
            .await;
        let status = response.expect("an answer").status();
        let said = String::from_utf8(log.0.lock().clone()).expect("text");
        (status, said)
    }

    #[tokio::test]
    async fn no_secret_is_in_the_log() {
        for path in [
            "/hls/ada/secret/index.m3u8?token=secret",
            "/nowhere/secret?token=secret",
            "/broken?token=secret",
        ] {
            let (_, said) = logged(path).await;
            assert!(said.contains("answered"), "{said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }

    #[tokio::test]
    async fn the_log_has_the_reason_and_the_request() {
        let (status, said) = logged("/broken").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(
            said.contains("the innermost reason") && said.contains("route=\"/broken\""),
            "{said}"
        );
        let (status, said) = logged("/panics").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(said.contains("a handler panicked: at the disco"), "{said}");
    }
}
