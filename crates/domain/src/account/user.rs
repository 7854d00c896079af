//! The account itself.

use std::fmt;

use crate::account::{AccountError, AccountEvent};
use crate::shared::clock::Timestamp;
use crate::shared::decision::Decision;
use crate::shared::id::{GuestId, PictureId, UserId};
use crate::shared::text::{TextError, address_name, free_text, text_fields};

/// An account.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Its id, for ever.
    pub id: UserId,
    /// Unique, as it stands in addresses and mentions.
    pub username: Username,
    /// As it is shown.
    pub display_name: DisplayName,
    /// Its picture.
    pub avatar: Option<PictureId>,
    /// What it may do beyond its own things.
    pub role: Role,
    /// Whether it may have a channel.
    pub creator: CreatorStatus,
    /// How it proves who it is.
    pub login: Login,
    /// Since when.
    pub created_at: Timestamp,
}

/// What it takes to make an account.
#[derive(Debug, Clone, PartialEq)]
pub struct NewUser {
    /// Its id.
    pub id: UserId,
    /// Its name.
    pub username: Username,
    /// As shown.
    pub display_name: DisplayName,
    /// Its role.
    pub role: Role,
    /// How it signs in.
    pub login: Login,
}

/// What an account may do beyond its own things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Role {
    /// Nothing.
    User,
    /// Administer the platform.
    Admin,
}

/// Whether somebody may have a channel and go live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum CreatorStatus {
    /// They have not asked.
    None,
    /// They wait for an administrator.
    Requested,
    /// They may.
    Approved,
    /// They might, and may not now.
    Suspended,
}

/// Who approves creators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreatorApproval {
    /// Whoever asks is approved.
    Automatic,
    /// An administrator decides.
    ByAdministrator,
}

/// How an account proves who it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Login {
    /// By a password kept here.
    Local(PasswordHash),
    /// By the host platform's tokens.
    Host(Subject),
}

/// A user of the host platform, known by issuer and subject (RFC 7519, 4.1.1 and 4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// The token's `iss`.
    pub issuer: String,
    /// The token's `sub`.
    pub subject: String,
}

text_fields! {
    /// A unique name: 3 to 32 of `a-z 0-9 - _`, folded to lower case.
    Username = |text| address_name(text, 3, 32);
    /// A name as it is shown: 1 to 50 characters, anything that can be read.
    DisplayName = |text| match free_text(text, 50)? {
        name if name.is_empty() => Err(TextError::Empty),
        name if name.contains('\n') => Err(TextError::Forbidden { allowed: "it must stand on one line" }),
        name => Ok(name),
    };
}

impl DisplayName {
    /// What a guest is called, by the last digits of their id.
    pub fn of_guest(id: GuestId) -> Self {
        let digits = id.uuid().simple().to_string();
        Self(format!("Guest {}", &digits[digits.len() - 4..]))
    }
}

impl From<&Username> for DisplayName {
    /// Who says nothing else is shown by their user name.
    fn from(username: &Username) -> Self {
        Self(username.0.clone())
    }
}

/// A password as it was typed. Never shown, never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Between 10 and 256 bytes (NIST SP 800-63B: length, no composition rules).
    pub fn parse(text: String) -> Result<Self, TextError> {
        match text.len() {
            0..10 => Err(TextError::TooShort { min: 10 }),
            10..=256 => Ok(Self(text)),
            _ => Err(TextError::TooLong { max: 256 }),
        }
    }

    /// Its bytes, for hashing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A password's hash in PHC string format.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

impl User {
    /// Makes an account.
    pub fn register(new: NewUser, now: Timestamp) -> Decision<Self> {
        let NewUser {
            id,
            username,
            display_name,
            role,
            login,
        } = new;
        let event = AccountEvent::Registered {
            user: id,
            username: username.clone(),
        };
        let user = Self {
            id,
            username,
            display_name,
            avatar: None,
            role,
            creator: CreatorStatus::None,
            login,
            created_at: now,
        };
        Decision::changed(user, event)
    }

    /// Shows another name.
    pub fn rename(self, display_name: DisplayName) -> Decision<Self> {
        if self.display_name == display_name {
            return Decision::unchanged(self);
        }
        let event = AccountEvent::Renamed {
            user: self.id,
            display_name: display_name.clone(),
        };
        Decision::changed(
            Self {
                display_name,
                ..self
            },
            event,
        )
    }

    /// Shows another picture, or none.
    pub fn show_avatar(self, avatar: Option<PictureId>) -> Decision<Self> {
        if self.avatar == avatar {
            return Decision::unchanged(self);
        }
        let event = AccountEvent::AvatarChanged {
            user: self.id,
            avatar,
            before: self.avatar,
        };
        Decision::changed(Self { avatar, ..self }, event)
    }

    /// Signs in with another password from now on.
    pub fn change_password(self, hash: PasswordHash) -> Result<Decision<Self>, AccountError> {
        match self.login {
            Login::Host(_) => Err(AccountError::SignsInElsewhere),
            Login::Local(_) => {
                let event = AccountEvent::PasswordChanged { user: self.id };
                Ok(Decision::changed(
                    Self {
                        login: Login::Local(hash),
                        ..self
                    },
                    event,
                ))
            }
        }
    }

    /// Asks to become a creator.
    pub fn request_creator(
        self,
        approval: CreatorApproval,
    ) -> Result<Decision<Self>, AccountError> {
        match (self.creator, approval) {
            (CreatorStatus::None | CreatorStatus::Requested, CreatorApproval::Automatic) => {
                Ok(self.approved())
            }
            (CreatorStatus::None, CreatorApproval::ByAdministrator) => {
                let event = AccountEvent::CreatorRequested { user: self.id };
                Ok(Decision::changed(
                    Self {
                        creator: CreatorStatus::Requested,
                        ..self
                    },
                    event,
                ))
            }
            (CreatorStatus::Requested | CreatorStatus::Approved, _) => {
                Ok(Decision::unchanged(self))
            }
            (CreatorStatus::Suspended, _) => Err(AccountError::CreatorSuspended),
        }
    }

    /// An administrator says yes, to whoever asked or was suspended, or without being asked.
    pub fn approve_creator(self) -> Decision<Self> {
        match self.creator {
            CreatorStatus::Approved => Decision::unchanged(self),
            _ => self.approved(),
        }
    }

    /// An administrator takes it back.
    pub fn suspend_creator(self) -> Decision<Self> {
        match self.creator {
            CreatorStatus::Suspended => Decision::unchanged(self),
            _ => {
                let event = AccountEvent::CreatorSuspended { user: self.id };
                Decision::changed(
                    Self {
                        creator: CreatorStatus::Suspended,
                        ..self
                    },
                    event,
                )
            }
        }
    }

    /// Gives or takes the administrator's role.
    pub fn set_role(self, role: Role) -> Decision<Self> {
        if self.role == role {
            return Decision::unchanged(self);
        }
        let event = AccountEvent::RoleChanged {
            user: self.id,
            role,
        };
        Decision::changed(Self { role, ..self }, event)
    }

    /// Refuses whoever is not an approved creator.
    pub fn require_creator(&self) -> Result<(), AccountError> {
        match self.creator {
            CreatorStatus::Approved => Ok(()),
            CreatorStatus::Suspended => Err(AccountError::CreatorSuspended),
            CreatorStatus::None | CreatorStatus::Requested => Err(AccountError::NotACreator),
        }
    }

    fn approved(self) -> Decision<Self> {
        let event = AccountEvent::CreatorApproved { user: self.id };
        Decision::changed(
            Self {
                creator: CreatorStatus::Approved,
                ..self
            },
            event,
        )
    }
}
