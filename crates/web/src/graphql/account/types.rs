use async_graphql::{Enum, ID, Object, SimpleObject};
use greenroom_domain::account;

use crate::graphql::id::global;
use crate::graphql::scalar::Time;
use crate::wire::UserJson;

/// Somebody with an account, as everybody may see them.
#[derive(Clone)]
pub struct User(pub(in crate::graphql) account::User);

/// Somebody with an account, as everybody may see them.
#[Object]
impl User {
    /// Their global id.
    pub(in crate::graphql) async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// As the chat knows them: `user:<id>`.
    async fn identity(&self) -> String {
        crate::wire::identity_text(greenroom_domain::shared::actor::Identity::User(self.0.id))
    }

    /// As it stands in addresses and mentions.
    async fn username(&self) -> &str {
        self.0.username.as_str()
    }

    /// As they are called.
    async fn display_name(&self) -> &str {
        self.0.display_name.as_str()
    }

    /// Their picture, relative to the server's address.
    async fn avatar_url(&self) -> Option<String> {
        UserJson::from(&self.0).avatar_url
    }
}

/// An account as its holder and administrators see it.
#[derive(SimpleObject)]
pub struct Account {
    /// Whose it is.
    user: User,
    /// What they may do beyond their own things.
    role: Role,
    /// Whether they may have a channel.
    creator_status: CreatorStatus,
    /// Since when.
    created_at: Time,
}

/// What an account may do beyond its own things.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "account::Role")]
pub enum Role {
    /// Nothing.
    User,
    /// Administer the platform.
    Admin,
}

/// Whether an account may have a channel.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "account::CreatorStatus")]
pub enum CreatorStatus {
    /// They have not asked.
    None,
    /// They wait for an administrator.
    Requested,
    /// They may.
    Approved,
    /// They may no longer.
    Suspended,
}

/// What an administrator says of a creator.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They may create.
    Approved,
    /// They may not; their live stream ends.
    Suspended,
}

/// Somebody is signed in.
#[derive(SimpleObject)]
pub struct SignedIn {
    /// A bearer token.
    pub(super) token: String,
    /// Until when it is worth something.
    pub(super) expires_at: Time,
    /// Who it is.
    pub(super) account: Account,
}

impl From<account::User> for Account {
    fn from(user: account::User) -> Self {
        Self {
            role: user.role.into(),
            creator_status: user.creator.into(),
            created_at: user.created_at.into(),
            user: User(user),
        }
    }
}
