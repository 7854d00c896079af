//! The web interface: the app that `scripts/build-ui` leaves in `ui/dist`, as a part of the
//! program. Where it was not built, a page says so.

mod assets;
mod negotiation;
mod policy;
#[cfg(test)]
mod tests;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::WebConfig;
use crate::problem::Problem;

use assets::{Assets, File};
use policy::Policies;

/// The page for every address that the app knows.
const INDEX: &str = "index.html";
/// The page for `/embed/<handle>`.
const EMBED: &str = "embed.html";
/// The page for people at GraphQL's address.
const GRAPHIQL: &str = "graphiql.html";
/// The app's build names what is in here by its content.
const HASHED: &str = "assets/";

const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// What programs ask for: an address below these is never a page of the app.
const FOR_PROGRAMS: &[&str] = &[
    "api",
    "assets",
    "dash",
    "graphql",
    "healthz",
    "hls",
    "media",
    "metrics",
    "pictures",
    "readyz",
    "socket.io",
    "thumbnails",
];

static EMBEDDED: LazyLock<Arc<Assets>> = LazyLock::new(|| Arc::new(Assets::embedded()));

/// Whether the interface was built into this program.
#[cfg(feature = "rest")]
pub(crate) fn is_present() -> bool {
    EMBEDDED.file(INDEX).is_some()
}

/// The page on which people ask GraphQL; `None` where it was not built.
#[cfg(feature = "graphql")]
pub(crate) fn graphiql(asked: &HeaderMap) -> Option<Response> {
    let file = EMBEDDED.file(GRAPHIQL)?;
    Some(sent(file, asked, ASK_AGAIN, &policy::GRAPHIQL))
}

/// The interface behind all other routes.
pub(crate) fn mount<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    config: &WebConfig,
) -> Router<S> {
    mount_of(router, Arc::clone(&EMBEDDED), config)
}

fn mount_of<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    assets: Arc<Assets>,
    config: &WebConfig,
) -> Router<S> {
    let ui = Arc::new(Interface {
        assets,
        policies: Policies::of(config),
    });
    router.fallback(async move |request: Request| ui.answer(request.method(), &request))
}

struct Interface {
    assets: Arc<Assets>,
    policies: Policies,
}

impl Interface {
    fn answer(&self, method: &Method, request: &Request) -> Response {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return not_found();
        }
        let headers = request.headers();
        let path = request.uri().path();
        let name = path.trim_start_matches('/');
        if self.assets.file(INDEX).is_none() {
            return if path == "/" { left_out() } else { not_found() };
        }
        let mut response = match Place::of(name, headers) {
            Place::Index => self.page(INDEX, headers, &self.policies.page),
            Place::Embed => self.page(EMBED, headers, &self.policies.embed),
            Place::File => match self.assets.file(name) {
                Some(file) if name.starts_with(HASHED) => {
                    sent(file, headers, FOREVER, &self.policies.page)
                }
                Some(file) => sent(file, headers, ASK_AGAIN, &self.policies.page),
                None => not_found(),
            },
            Place::None => not_found(),
        };
        if *method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        response
    }

    fn page(&self, name: &str, headers: &HeaderMap, policy: &HeaderValue) -> Response {
        match self.assets.file(name) {
            Some(file) => sent(file, headers, ASK_AGAIN, policy),
            None => not_found(),
        }
    }
}

/// What a path that no route takes is.
enum Place {
    Index,
    Embed,
    File,
    None,
}

impl Place {
    /// `name` is the path without its first slash.
    fn of(name: &str, headers: &HeaderMap) -> Self {
        let (first, rest) = name.split_once('/').unwrap_or((name, ""));
        let last = name.rsplit('/').next().unwrap_or(name);
        // No handle, and so no page, has a dot.
        let is_file = first == "assets" || last.contains('.');
        let is_page =
            name.is_empty() || (!FOR_PROGRAMS.contains(&first) && negotiation::wants_page(headers));
        // A page by its file's name would come without its address, or with the wrong policy.
        let is_nothing = [INDEX, EMBED, GRAPHIQL].contains(&name) || !(is_file || is_page);
        if is_nothing {
            Self::None
        } else if is_file {
            Self::File
        } else if first == "embed" && !rest.is_empty() {
            Self::Embed
        } else {
            Self::Index
        }
    }
}

/// The file in the best encoding that the client reads, or word that it has it already.
fn sent(file: &File, asked: &HeaderMap, cache: HeaderValue, policy: &HeaderValue) -> Response {
    let (content, encoding) = file.best(asked);
    let fresh = negotiation::has(asked, &content.etag);
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(content.bytes.clone()))
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, content.etag.clone());
    headers.insert(header::CACHE_CONTROL, cache);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    if file.is_compressed() {
        headers.insert(
            header::VARY,
            HeaderValue::from_static(header::ACCEPT_ENCODING.as_str()),
        );
    }
    if fresh {
        return response;
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
    headers.insert(header::CONTENT_LENGTH, content.bytes.len().into());
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

fn not_found() -> Response {
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (no_store, Problem::not_found()).into_response()
}

/// The page of a program without the app. It says so instead of looking broken.
fn left_out() -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CACHE_CONTROL, ASK_AGAIN),
    ];
    (headers, include_str!("left_out.html")).into_response()
}
