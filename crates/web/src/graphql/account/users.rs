//! Accounts: made, looked up, and reviewed by administrators.

use async_graphql::{Context, Object};
use greenroom_app::account::register::{self, Register};
use greenroom_app::account::review_creator::{self, Review};
use greenroom_app::account::{list, profile};
use greenroom_app::{Refusal, account::setup};
use greenroom_domain::account::{DisplayName, Password, SessionToken, Username};

use super::{Account, CreatorStatus, User, Verdict};
use crate::context;
use crate::graphql::page::{self, Connection, READ};
use crate::graphql::{absent, asking};
use crate::problem::Problem;

#[derive(Default)]
pub(super) struct UserQuery;

#[Object]
impl UserQuery {
    /// Somebody by their user name.
    #[graphql(complexity = "READ + child_complexity")]
    async fn user(&self, ctx: &Context<'_>, username: String) -> Result<Option<User>, Problem> {
        let asking = asking(ctx)?;
        let Ok(username) = Username::parse(&username) else {
            return Ok(None);
        };
        absent(profile::by_username(&asking.app, &username).await.map(User))
    }

    /// All accounts, or those of one creator status, for administrators.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        creator_status: Option<CreatorStatus>,
        #[graphql(desc = "1 to 100; 25 if not said.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<Account>, Problem> {
        let asking = asking(ctx)?;
        let page = page::request(first, after)?;
        let status = creator_status.map(Into::into);
        let users = list::execute(&asking.app, &asking.actor, status, &page).await?;
        Ok(Connection::of_page(users, Account::from))
    }

    /// Whether the server still waits for its first administrator.
    async fn setup_open(&self, ctx: &Context<'_>) -> Result<bool, Problem> {
        Ok(setup::is_open(&asking(ctx)?.app))
    }
}

#[derive(Default)]
pub(super) struct UserMutation;

#[Object]
impl UserMutation {
    /// Makes a local account. A user name is 3 to 32 of `a-z 0-9 - _`, a display name 1 to 50
    /// characters, a password 10 to 256 bytes.
    #[graphql(complexity = "50 + child_complexity")]
    async fn register(
        &self,
        ctx: &Context<'_>,
        username: String,
        display_name: Option<String>,
        password: String,
    ) -> Result<Account, Problem> {
        let asking = asking(ctx)?;
        let command = command(asking, &username, display_name.as_deref(), password)?;
        let user = register::execute(&asking.app, &asking.actor, command).await?;
        Ok(user.into())
    }

    /// Makes the first administrator, by the secret of the one-time link that an empty server
    /// prints.
    #[graphql(complexity = "50 + child_complexity")]
    async fn set_up(
        &self,
        ctx: &Context<'_>,
        token: String,
        username: String,
        display_name: Option<String>,
        password: String,
    ) -> Result<Account, Problem> {
        let asking = asking(ctx)?;
        let token = SessionToken::parse(&token).ok_or(Refusal::SetupLinkInvalid)?;
        let command = command(asking, &username, display_name.as_deref(), password)?;
        let user = setup::execute(&asking.app, &token, command).await?;
        Ok(user.into())
    }

    /// Approves or suspends a creator, for administrators. A suspended one's stream ends.
    async fn review_creator(
        &self,
        ctx: &Context<'_>,
        username: String,
        verdict: Verdict,
    ) -> Result<Account, Problem> {
        let asking = asking(ctx)?;
        let username = Username::parse(&username).map_err(|_| Refusal::NoSuchUser)?;
        let user = profile::by_username(&asking.app, &username).await?;
        let review = match verdict {
            Verdict::Approved => Review::Approve,
            Verdict::Suspended => Review::Suspend,
        };
        let user = review_creator::execute(&asking.app, &asking.actor, user.id, review).await?;
        Ok(user.into())
    }
}

fn command(
    asking: &context::Context,
    username: &str,
    display_name: Option<&str>,
    password: String,
) -> Result<Register, Problem> {
    Ok(Register {
        username: Username::parse(username).map_err(|error| Problem::text("username", error))?,
        display_name: display_name
            .map(DisplayName::parse)
            .transpose()
            .map_err(|error| Problem::text("displayName", error))?,
        password: Password::parse(password).map_err(|error| Problem::text("password", error))?,
        peer: Some(asking.peer),
    })
}
