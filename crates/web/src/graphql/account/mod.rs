//! Accounts: one's own and others', sessions, creators.

mod me;
mod sessions;
mod types;
mod users;

use async_graphql::MergedObject;

pub use types::{Account, CreatorStatus, Role, SignedIn, User, Verdict};

/// What is asked of accounts.
#[derive(MergedObject, Default)]
pub struct AccountQuery(me::MeQuery, users::UserQuery);

/// What is done with accounts.
#[derive(MergedObject, Default)]
pub struct AccountMutation(
    me::MeMutation,
    sessions::SessionMutation,
    users::UserMutation,
);
