//! Local sessions, for clients that keep a token. Browsers sign in by REST, which sets the
//! cookie: an answer over a WebSocket could not, and a page's script should not see the token.

use async_graphql::{Context, Object};
use greenroom_app::Refusal;
use greenroom_app::account::sign_in::{self, SignIn};
use greenroom_app::account::sign_out;
use greenroom_domain::account::{Password, Username};

use super::SignedIn;
use crate::graphql::asking;
use crate::problem::Problem;

#[derive(Default)]
pub(super) struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Signs in: answers with a bearer token, and sets no cookie.
    #[graphql(complexity = "50 + child_complexity")]
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        username: String,
        password: String,
    ) -> Result<SignedIn, Problem> {
        let asking = asking(ctx)?;
        // What cannot be a name or password is a wrong one.
        let command = SignIn {
            username: Username::parse(&username).map_err(|_| Refusal::WrongCredentials)?,
            password: Password::parse(password).map_err(|_| Refusal::WrongCredentials)?,
            peer: asking.peer,
        };
        let signed_in = sign_in::execute(&asking.app, command).await?;
        Ok(SignedIn {
            token: signed_in.token.expose().to_owned(),
            expires_at: signed_in.session.expires_at.into(),
            account: signed_in.user.into(),
        })
    }

    /// Ends the session by which this is asked. Again is no change.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<bool, Problem> {
        let asking = asking(ctx)?;
        if let Some(token) = &asking.session {
            sign_out::execute(&asking.app, token).await?;
        }
        asking.forget_session();
        Ok(true)
    }
}
