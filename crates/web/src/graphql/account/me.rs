//! One's own account.
//!
//! A picture is uploaded by REST (`PUT /api/v1/me/avatar`): GraphQL has no bytes.

use async_graphql::{Context, Object};
use greenroom_app::account::{avatar, become_creator, change_password, profile};
use greenroom_domain::account::{DisplayName, Password};

use super::Account;
use crate::graphql::asking;
use crate::problem::Problem;

#[derive(Default)]
pub(super) struct MeQuery;

#[Object]
impl MeQuery {
    /// One's own account; `null` for a guest.
    async fn me(&self, ctx: &Context<'_>) -> Result<Option<Account>, Problem> {
        Ok(asking(ctx)?.user.clone().map(Account::from))
    }
}

#[derive(Default)]
pub(super) struct MeMutation;

#[Object]
impl MeMutation {
    /// Changes how one is called: 1 to 50 characters.
    async fn rename_me(&self, ctx: &Context<'_>, display_name: String) -> Result<Account, Problem> {
        let asking = asking(ctx)?;
        let name = DisplayName::parse(&display_name)
            .map_err(|error| Problem::text("displayName", error))?;
        let user = profile::rename(&asking.app, &asking.actor, name).await?;
        Ok(user.into())
    }

    /// Shows no picture any more.
    async fn remove_avatar(&self, ctx: &Context<'_>) -> Result<Account, Problem> {
        let asking = asking(ctx)?;
        Ok(avatar::remove(&asking.app, &asking.actor).await?.into())
    }

    /// Changes one's password, and ends every session. A password has 10 to 256 bytes.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        old_password: String,
        new_password: String,
    ) -> Result<bool, Problem> {
        let asking = asking(ctx)?;
        let parse =
            |field, text| Password::parse(text).map_err(|error| Problem::text(field, error));
        let old = parse("oldPassword", old_password)?;
        let new = parse("newPassword", new_password)?;
        change_password::execute(&asking.app, &asking.actor, old, new).await?;
        asking.forget_session();
        Ok(true)
    }

    /// Asks to become a creator: approved at once, or put before an administrator.
    async fn become_creator(&self, ctx: &Context<'_>) -> Result<Account, Problem> {
        let asking = asking(ctx)?;
        let user = become_creator::execute(&asking.app, &asking.actor).await?;
        Ok(user.into())
    }
}
