use greenroom_domain::account::{CreatorStatus, Role, User};
use greenroom_domain::shared::id::PictureId;
use serde::Serialize;

/// Somebody as everybody may see them.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = User))]
pub struct UserJson {
    /// Their id.
    pub id: String,
    /// As it stands in addresses and mentions.
    pub username: String,
    /// As they are called.
    pub display_name: String,
    /// Their picture, relative to the server's address.
    pub avatar_url: Option<String>,
}

/// Where an uploaded picture is, relative to the server's address.
pub(crate) fn picture_url(id: PictureId) -> String {
    format!("/pictures/{id}.jpg")
}

impl From<&User> for UserJson {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username.to_string(),
            display_name: user.display_name.to_string(),
            avatar_url: user.avatar.map(picture_url),
        }
    }
}

/// An account as its holder and administrators see it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = Account))]
pub struct AccountJson {
    /// Its id.
    pub id: String,
    /// As it stands in addresses and mentions.
    pub username: String,
    /// As they are called.
    pub display_name: String,
    /// Their picture, relative to the server's address.
    pub avatar_url: Option<String>,
    /// `user` or `admin`.
    pub role: &'static str,
    /// `none`, `requested`, `approved` or `suspended`.
    pub creator_status: &'static str,
    /// Since when, by RFC 3339.
    pub created_at: String,
}

impl From<&User> for AccountJson {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username.to_string(),
            display_name: user.display_name.to_string(),
            avatar_url: user.avatar.map(picture_url),
            role: match user.role {
                Role::User => "user",
                Role::Admin => "admin",
            },
            creator_status: match user.creator {
                CreatorStatus::None => "none",
                CreatorStatus::Requested => "requested",
                CreatorStatus::Approved => "approved",
                CreatorStatus::Suspended => "suspended",
            },
            created_at: user.created_at.to_rfc3339(),
        }
    }
}
