//! Users, as the documents name them: by the host platform's subject.

use axum::extract::FromRequestParts;
use greenroom_app::{App, Refusal};
use greenroom_domain::access::Denied;
use greenroom_domain::account::{Login, Subject, User};
use http::request::Parts;

use crate::context::Context;
use crate::problem::Problem;
use crate::{Web, WebConfig};

/// Whoever asks, with an account.
pub(super) struct SignedIn {
    pub(super) context: Context,
    pub(super) user: User,
}

impl FromRequestParts<Web> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let mut context = Context::from_request_parts(parts, web).await?;
        match context.user.take() {
            Some(user) => Ok(Self { context, user }),
            None => Err(Refusal::Denied(Denied::SignInFirst).into()),
        }
    }
}

/// A user's id: the subject of the host platform's token, or a local account's id.
pub(crate) fn id(user: &User) -> String {
    match &user.login {
        Login::Host(subject) => subject.subject.clone(),
        Login::Local(_) => user.id.to_string(),
    }
}

/// Refuses an id that should be the asker's and is another's.
pub(crate) fn require_own(user: &User, id: &str) -> Result<(), Refusal> {
    if self::id(user) == id || user.id.to_string() == id {
        return Ok(());
    }
    Err(Refusal::Denied(Denied::Forbidden))
}

/// The user of an id, for whoever asks.
pub(crate) async fn by_id(
    app: &App,
    config: &WebConfig,
    asker: Option<&User>,
    id: &str,
) -> Result<User, Refusal> {
    let issuer = config.host_issuer.clone().or_else(|| match &asker?.login {
        Login::Host(subject) => Some(subject.issuer.clone()),
        Login::Local(_) => None,
    });
    let users = &app.ports.users;
    if let Some(issuer) = issuer {
        let subject = Subject {
            issuer,
            subject: id.to_owned(),
        };
        if let Some(found) = users.by_subject(&subject).await? {
            return Ok(found.value);
        }
    }
    let id = id.parse().map_err(|_| Refusal::NoSuchUser)?;
    let found = users.get(id).await?;
    Ok(found.ok_or(Refusal::NoSuchUser)?.value)
}
