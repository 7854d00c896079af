//! GraphQL over HTTP (the GraphQL Foundation's draft): `POST` with a JSON body, one request at a
//! time. People who come by a browser are shown a page.

use async_graphql::{Executor, Response as Answer, ServerError, Value};
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::error::answer;
use super::together::together;
use super::{Served, prepared, socket};
use crate::context::Context;
use crate::extract::Body;
use crate::problem::Problem;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const GRAPHQL: HeaderValue = HeaderValue::from_static("application/graphql-response+json");

const LEFT_OUT: &str = "This is GraphQL: ask it by POST. The page for people is left out here: \
    it comes with the web interface, which is not below a path, nor in a program that was built \
    without Node.\n";

pub(super) async fn post<E: Executor>(
    State(served): State<Served<E>>,
    request: Request,
) -> Response {
    let kind = kind(request.headers());
    match execute(&served, request).await {
        Ok(answer) => {
            // With the older type 200 means that there is an answer, whatever it says.
            let status = match &answer {
                answer if is_whole(answer) && kind == GRAPHQL => StatusCode::BAD_REQUEST,
                _ => StatusCode::OK,
            };
            let body = written(&answer).into_response();
            finished(body, status, kind)
        }
        Err(problem) => {
            let status = problem.status();
            let headers = problem.clone().into_response();
            let (mut parts, _) = headers.into_parts();
            parts.headers.remove(header::CONTENT_LENGTH);
            let body = written(&answer(problem)).into_response().into_body();
            finished(Response::from_parts(parts, body), status, kind)
        }
    }
}

/// A WebSocket, or the page for people. Queries by `GET` are left out: whoever would cache them
/// cannot tell who asks.
pub(super) async fn get<E: Executor>(
    State(served): State<Served<E>>,
    request: Request,
) -> Response {
    if request.headers().contains_key(header::UPGRADE) {
        return socket::open(&served.sockets, request).unwrap_or_else(Problem::into_response);
    }
    if served.web.config.introspection && accepts(request.headers(), "text/html") {
        return page(&served, request.headers());
    }
    let allow = [(header::ALLOW, "POST")];
    (StatusCode::METHOD_NOT_ALLOWED, allow).into_response()
}

/// The page, or why it is not there.
fn page<E>(served: &Served<E>, asked: &HeaderMap) -> Response {
    let left_out = || {
        let cache = HeaderValue::from_static("no-cache");
        ([(header::CACHE_CONTROL, cache)], LEFT_OUT).into_response()
    };
    let mut page = (served.page)(asked).unwrap_or_else(left_out);
    let vary = HeaderValue::from_static("accept");
    page.headers_mut().append(header::VARY, vary);
    page
}

async fn execute<E: Executor>(served: &Served<E>, request: Request) -> Result<Answer, Problem> {
    let (mut parts, body) = request.into_parts();
    let context = Context::from_request_parts(&mut parts, &served.web).await?;
    let request = Request::from_parts(parts, body);
    let Body(request) = Body::<async_graphql::Request>::from_request(request, &served.web).await?;
    let answering = served.executor.execute(prepared(request, context));
    Ok(together(answering).await)
}

/// Whether the request failed as a whole, so that there is no data, not even `null`.
fn is_whole(answer: &Answer) -> bool {
    answer.data == Value::Null
        && !answer.errors.is_empty()
        && answer.errors.iter().all(|error| error.path.is_empty())
}

/// An answer as it is written.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
}

/// The JSON of an answer.
pub(super) fn written(answer: &Answer) -> Vec<u8> {
    let written = Written {
        data: (!is_whole(answer)).then_some(&answer.data),
        errors: &answer.errors,
    };
    serde_json::to_vec(&written).unwrap_or_else(|error| {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "an answer could not be written"
        );
        b"{}".to_vec()
    })
}

/// The media type that the client reads: the newer one where it says so.
fn kind(headers: &HeaderMap) -> HeaderValue {
    let newer = GRAPHQL.to_str().is_ok_and(|kind| accepts(headers, kind));
    if newer { GRAPHQL } else { JSON }
}

/// Whether the client names this media type among those that it reads.
fn accepts(headers: &HeaderMap, kind: &str) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.split(';').next())
        .any(|range| range.trim().eq_ignore_ascii_case(kind))
}

fn finished(mut response: Response, status: StatusCode, kind: HeaderValue) -> Response {
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
