//! The OpenAPI document, and the page that shows it.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use http::{HeaderValue, header};
use utoipa::openapi::schema::{KnownFormat, Schema, SchemaFormat, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, ObjectBuilder, Ref, RefOr, ResponseBuilder, Server};
use utoipa::{IntoResponses, OpenApi, PartialSchema, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::context::SESSION_COOKIE;
use crate::problem::ErrorJson;
use crate::{Web, WebConfig};

/// The document: what the checked-in `api/openapi.json` is.
pub fn openapi() -> utoipa::openapi::OpenApi {
    super::api().into_openapi()
}

/// As it is served and checked in.
pub(super) fn json(document: &utoipa::openapi::OpenApi) -> String {
    document
        .to_pretty_json()
        .expect("a document of texts and lists is JSON")
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Greenroom",
        description = "Live streaming: channels, streams and chat.\n\nErrors are `{\"error\", \
            \"code\", \"details\"}`; programs go by `code`. Times are RFC 3339, in UTC. Whoever \
            shows no token and no cookie is a guest.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(ErrorJson)),
    security((), ("bearer" = []), ("session" = [])),
    tags(
        (name = "setup", description = "The first administrator"),
        (name = "accounts", description = "Accounts, sessions, creators"),
        (name = "channels", description = "Channels and their stream keys"),
        (name = "streams", description = "Streams, their audience and playback"),
        (name = "recordings", description = "What was kept of streams"),
        (name = "chat", description = "A channel's chat room"),
        (name = "social", description = "Who follows whom, who has blocked whom")
    )
)]
struct Document;

pub(super) fn base() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(
        "bearer",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some("A session's token, or a JWT of the host platform"))
                .build(),
        ),
    );
    components.add_security_scheme(
        "session",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE))),
    );
    document
}

/// Where the document's paths begin, when the platform is served below a path: no host, for the
/// document's reader is there already (`OpenAPI` 3.1, 4.8.5).
pub(super) fn servers(config: &WebConfig) -> Option<Vec<Server>> {
    let path = config.public_path();
    (!path.is_empty()).then(|| vec![Server::new(path)])
}

/// The page at `/api/docs`: all of it comes from the binary.
pub(super) fn page() -> Router<Web> {
    // By its place beside the page, wherever both are nested. Without a validator, the page
    // would show the document to one on another host.
    let config = Config::from("../v1/openapi.json").validator_url("none");
    let page: Router<Web> = SwaggerUi::new("/api/docs").config(config).into();
    page.layer(middleware::from_fn(allow_page))
}

/// Its scripts are its own files, its styles stand in it too.
async fn allow_page(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.status().is_redirection() {
        // From `docs` to `docs/`, wherever it is nested.
        let beside = HeaderValue::from_static("docs/");
        response.headers_mut().insert(header::LOCATION, beside);
    }
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
             img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'",
        ),
    );
    response
}

/// A picture as a body: bytes, not text.
pub(super) struct PictureBytes;

impl PartialSchema for PictureBytes {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .into()
    }
}

impl ToSchema for PictureBytes {}

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident { $($status:literal => $what:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
                BTreeMap::from([$((stringify!($status).to_owned(), error($what))),*])
            }
        }
    )*};
}

errors! {
    /// What any operation may come to.
    Always {
        401 => "The token is not valid",
        429 => "Too many requests; see Retry-After",
        500 => "Something went wrong on the server",
        503 => "Not now; see Retry-After",
    }
    /// It reads a query with pages.
    Paged {
        400 => "The query is malformed, or the cursor is not of this listing",
    }
    /// It needs an account, or a certain one.
    Restricted {
        401 => "Sign in first",
        403 => "Not with this account, or not from this page",
    }
    /// It names something that may not be there.
    Named {
        404 => "There is no such thing",
    }
    /// It reads a body.
    WithBody {
        400 => "The body is not JSON",
        408 => "The body took too long",
        413 => "The body is too large",
        415 => "The body is not of type application/json",
        422 => "A field is unknown, missing or does not fit",
    }
    /// It reads a picture.
    WithPicture {
        408 => "The body took too long",
        413 => "The body is larger than 2 MiB",
        415 => "It is no PNG, JPEG or WebP",
        422 => "The picture is broken, or has more than 20 million pixels",
    }
    /// It keeps something.
    Writes {
        403 => "Not with this account, or not from this page",
        507 => "There is no space left; nothing was kept",
    }
    /// It does not go with what is so.
    Conflicts {
        409 => "It does not go with what is so already",
    }
    /// It is about something that may be over.
    Ends {
        410 => "It is over for good",
    }
    /// It reads no body, and is done once for each idempotency key.
    Once {
        400 => "The idempotency key is malformed",
        422 => "The idempotency key was used for another request",
    }
    /// It is changed by version.
    Versioned {
        412 => "It has changed since `If-Match` was read",
    }
}

fn error(description: &str) -> RefOr<utoipa::openapi::Response> {
    let body = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Error")))
        .build();
    RefOr::T(
        ResponseBuilder::new()
            .description(description)
            .content("application/json", body)
            .build(),
    )
}
