//! Who is asking: one way for every interface.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use greenroom_app::account::authenticate::{self, Authenticated};
use greenroom_app::{App, Refusal};
use greenroom_domain::access::{Action, Standing, Tie};
use greenroom_domain::account::{Session, SessionId, SessionToken, User};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{GuestId, UserId};
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, header};
use parking_lot::Mutex;

use crate::problem::Problem;
use crate::{Web, WebConfig};

/// The cookie of a local session.
pub const SESSION_COOKIE: &str = "greenroom_session";
/// The cookie by which a guest stays the same person.
pub const GUEST_COOKIE: &str = "greenroom_guest";

/// How long a guest stays the same person.
const GUEST_LIFETIME_SECONDS: u64 = 365 * 24 * 3600;

/// Who asks for what, as a handler gets it.
#[derive(Clone)]
pub struct Context {
    /// The application.
    pub app: Arc<App>,
    /// What the operator chose of the web.
    pub config: Arc<WebConfig>,
    /// Who is asking.
    pub actor: Actor,
    /// Their account, if they are signed in.
    pub user: Option<User>,
    /// Where the request came from.
    pub peer: IpAddr,
    /// The local session that it was proven by.
    pub session: Option<SessionToken>,
    new_guest: Option<String>,
    cookies: Cookies,
    /// By which host they asked.
    #[cfg(feature = "dialects")]
    host: Option<Box<str>>,
}

impl Context {
    /// Whoever asks over a connection that was opened in the name of this caller. Such a
    /// connection sets no cookies.
    #[cfg(feature = "graphql")]
    pub(crate) fn over_socket(web: &Web, peer: IpAddr, caller: &Caller) -> Self {
        Self {
            app: Arc::clone(&web.app),
            config: Arc::clone(&web.config),
            actor: caller.actor,
            user: caller.user.clone(),
            peer,
            session: caller.session.clone(),
            new_guest: None,
            cookies: Cookies::default(),
            #[cfg(feature = "dialects")]
            host: None,
        }
    }

    /// The whole address of a path, also where no public URL is said: by the host that was
    /// asked then. For clients that know nothing else of this server.
    #[cfg(feature = "dialects")]
    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.config.is_https() {
            "https"
        } else {
            "http"
        };
        match (&self.config.public_url, &self.host) {
            (None, Some(host)) => format!("{scheme}://{host}{path}"),
            _ => self.config.url(path),
        }
    }

    /// Whoever asks is somebody from now on: a guest who has no cookie yet gets one, so that
    /// they are the same person the next time.
    pub fn keep_guest(&self) {
        if let Some(value) = &self.new_guest {
            self.cookies
                .set(&self.config, GUEST_COOKIE, value, GUEST_LIFETIME_SECONDS);
        }
    }

    /// The client keeps this session from now on.
    pub fn keep_session(&self, token: &SessionToken, session: &Session) {
        let lifetime = session.expires_at.since(session.created_at).as_secs();
        self.cookies
            .set(&self.config, SESSION_COOKIE, token.expose(), lifetime);
    }

    /// The client forgets its session.
    pub fn forget_session(&self) {
        self.cookies.set(&self.config, SESSION_COOKIE, "", 0);
    }

    /// Whether they run what is this user's: its owner, or an administrator.
    pub fn runs(&self, owner: UserId) -> bool {
        Standing::of(&self.actor, owner, Tie::None).may(Action::ManageChannel)
    }
}

/// Who was found to be asking, by any interface.
#[derive(Debug, Clone)]
pub struct Caller {
    /// As the use cases know them.
    pub actor: Actor,
    /// Their account, if they are signed in.
    pub user: Option<User>,
    /// The proof is worth nothing from then on: long connections are closed.
    pub expires_at: Option<Timestamp>,
    /// The local session that it was proven by.
    pub session: Option<SessionToken>,
    /// By what that session is known.
    pub session_id: Option<SessionId>,
    /// What the cookie of a guest holds who had none.
    pub new_guest: Option<String>,
    /// The client shows a session that is over: it is to forget it.
    pub stale_session: bool,
}

/// Finds out who is asking, by the headers of a request. `token` is a bearer token that came
/// by another way (a real-time handshake's), and goes before the headers.
///
/// A bearer token that is worth nothing is refused; a cookie that is worth nothing makes a
/// guest. The caller has asked [`require_friendly`] before.
pub async fn authenticate(
    app: &Arc<App>,
    headers: &HeaderMap,
    token: Option<&str>,
) -> Result<Caller, Refusal> {
    if let Some(token) = token.or_else(|| bearer(headers)) {
        let found = authenticate::by_token(app, token).await?;
        return Ok(Caller::signed_in(found, SessionToken::parse(token)));
    }
    let mut stale_session = false;
    if let Some(value) = cookie(headers, SESSION_COOKIE) {
        let found = match SessionToken::parse(value) {
            Some(token) => authenticate::by_session(app, &token)
                .await
                .map(|found| Caller::signed_in(found, Some(token))),
            None => Err(Refusal::NotSignedIn),
        };
        match found {
            Err(Refusal::NotSignedIn) => stale_session = true,
            other => return other,
        }
    }
    let known = cookie(headers, GUEST_COOKIE).and_then(|value| authenticate::guest(app, value));
    let (guest, new_guest) = match known {
        Some(guest) => (guest, None),
        None => {
            let (guest, cookie) = authenticate::new_guest(app);
            (guest, Some(cookie))
        }
    };
    Ok(Caller::guest(guest, new_guest, stale_session))
}

impl Caller {
    fn signed_in(found: Authenticated, session: Option<SessionToken>) -> Self {
        Self {
            actor: found.actor,
            user: Some(found.user),
            expires_at: Some(found.expires_at),
            session,
            session_id: found.session,
            new_guest: None,
            stale_session: false,
        }
    }

    fn guest(guest: GuestId, new_guest: Option<String>, stale_session: bool) -> Self {
        Self {
            actor: Actor::Guest(guest),
            user: None,
            expires_at: None,
            session: None,
            session_id: None,
            new_guest,
            stale_session,
        }
    }
}

/// Refuses a request by which another site's page would act for whoever looks at it.
///
/// A browser sends cookies along unasked, and says whose page it was; who shows a bearer token
/// means it. Ask it of every request that changes something and of every handshake.
pub fn require_friendly(config: &WebConfig, headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key(header::AUTHORIZATION) {
        return Ok(());
    }
    let friendly = match headers.get(header::ORIGIN) {
        Some(origin) => origin
            .to_str()
            .is_ok_and(|origin| config.is_friendly(origin, text(headers, &header::HOST))),
        // A browser too old or too shy for `Origin` may still say this much.
        None => headers
            .get("sec-fetch-site")
            .is_none_or(|site| site != "cross-site"),
    };
    if friendly {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "FOREIGN_ORIGIN",
        "pages of this origin may not do this",
    ))
}

/// Where a request came from, as a layer further out has found, or else by its connection.
pub fn peer(extensions: &Extensions) -> IpAddr {
    extensions
        .get::<Peer>()
        .map(|peer| peer.0)
        .or_else(|| {
            extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|info| info.0.ip().to_canonical())
        })
        .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// Where a request came from: set by [`layered`](crate::layered).
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Cookies that the response will set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cookies(Arc<Mutex<Vec<HeaderValue>>>);

impl Cookies {
    fn set(&self, config: &WebConfig, name: &str, value: &str, lifetime: u64) {
        let secure = if config.cookies_are_secure() {
            "; Secure"
        } else {
            ""
        };
        let path = match config.public_path() {
            "" => "/",
            path => path,
        };
        let cookie = format!(
            "{name}={value}; Path={path}; Max-Age={lifetime}; HttpOnly; SameSite=Lax{secure}"
        );
        if let Ok(mut cookie) = HeaderValue::try_from(cookie) {
            cookie.set_sensitive(true);
            let mut cookies = self.0.lock();
            // The last word counts: a session that is forgotten and made anew is kept.
            cookies.retain(|set| {
                !set.as_bytes()
                    .strip_prefix(name.as_bytes())
                    .is_some_and(|rest| rest.starts_with(b"="))
            });
            cookies.push(cookie);
        }
    }

    pub(crate) fn write_to(&self, headers: &mut HeaderMap) {
        for cookie in self.0.lock().drain(..) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
}

impl FromRequestParts<Web> for Context {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        if !is_safe(&parts.method) {
            require_friendly(&web.config, &parts.headers)?;
        }
        let caller = authenticate(&web.app, &parts.headers, None).await?;
        let context = Self {
            app: Arc::clone(&web.app),
            config: Arc::clone(&web.config),
            actor: caller.actor,
            user: caller.user,
            peer: peer(&parts.extensions),
            session: caller.session,
            new_guest: caller.new_guest,
            cookies: parts
                .extensions
                .get::<Cookies>()
                .cloned()
                .unwrap_or_default(),
            #[cfg(feature = "dialects")]
            host: text(&parts.headers, &header::HOST).map(Box::from),
        };
        if caller.stale_session {
            context.forget_session();
        }
        Ok(context)
    }
}

/// Whether a request only reads (RFC 9110, 9.2.1).
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// A bearer token. Any other `Authorization` is no token that is worth something: it is
/// refused, like a wrong one, and not mistaken for a guest.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?;
    let value = value.to_str().unwrap_or_default();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim()),
        _ => Some(""),
    }
}

/// The value of a cookie.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(is, value)| (is == name).then_some(value))
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
