//! Accounts: setup, sessions, one's own and others', creators.

mod me;
mod sessions;
mod setup;
mod users;

use greenroom_app::account::register::Register;
use greenroom_domain::account::{DisplayName, Password, Username};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Web;
use crate::context::Context;
use crate::problem::Problem;

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(setup::state, setup::execute))
        .routes(routes!(users::register, users::list))
        .routes(routes!(users::profile))
        .routes(routes!(users::review))
        .routes(routes!(sessions::open))
        .routes(routes!(sessions::current, sessions::close))
        .routes(routes!(me::own, me::rename))
        .routes(routes!(me::set_avatar, me::remove_avatar))
        .routes(routes!(me::change_password))
        .routes(routes!(me::become_creator))
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    /// 3 to 32 of `a-z 0-9 - _`.
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9_-]{2,31}$")]
    username: String,
    /// As shown, 1 to 50 characters; the user name if nothing else.
    #[schema(min_length = 1)]
    display_name: Option<String>,
    /// 10 to 256 bytes.
    password: String,
}

impl NewAccount {
    fn command(self, context: &Context) -> Result<Register, Problem> {
        Ok(Register {
            username: Username::parse(&self.username)
                .map_err(|error| Problem::text("username", error))?,
            display_name: self
                .display_name
                .map(|name| display_name(&name))
                .transpose()?,
            password: password("password", self.password)?,
            peer: Some(context.peer),
        })
    }
}

fn display_name(text: &str) -> Result<DisplayName, Problem> {
    DisplayName::parse(text).map_err(|error| Problem::text("display_name", error))
}

fn password(field: &str, text: String) -> Result<Password, Problem> {
    Password::parse(text).map_err(|error| Problem::text(field, error))
}
