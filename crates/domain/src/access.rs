//! Who may do what: the one table.

use crate::account::Role;
use crate::shared::actor::Actor;
use crate::shared::id::UserId;

/// What an actor is to a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// An administrator, or whoever holds the machine.
    Admin,
    /// The channel's owner.
    Owner,
    /// Anybody else with an account.
    Viewer,
    /// Anybody without one.
    Guest,
    /// Banned from the channel.
    Banned,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Play the channel's stream and be part of its audience.
    Watch,
    /// Read the channel's chat.
    ReadChat,
    /// Post to the channel's chat; the room's rules apply on top.
    Chat,
    /// Delete others' messages, time out and ban.
    Moderate,
    /// Change the channel, its chat settings.
    ManageChannel,
    /// Create, see, rotate and revoke stream keys.
    ManageKeys,
    /// Create and start streams ahead.
    Broadcast,
    /// End the channel's stream.
    EndStream,
    /// Lock the channel against publishing, and lift that.
    LockIngest,
    /// Approve and suspend creators; see all accounts.
    ReviewCreators,
}

impl Standing {
    /// What the actor is to the channel of `owner`.
    pub fn of(actor: &Actor, owner: UserId, banned: bool) -> Self {
        match actor {
            Actor::Operator
            | Actor::System
            | Actor::User {
                role: Role::Admin, ..
            } => Self::Admin,
            Actor::User { id, .. } if *id == owner => Self::Owner,
            _ if banned => Self::Banned,
            Actor::User { .. } => Self::Viewer,
            Actor::Guest(_) => Self::Guest,
        }
    }

    /// What the actor is where no channel is concerned.
    pub fn at_large(actor: &Actor) -> Self {
        match actor {
            Actor::Operator
            | Actor::System
            | Actor::User {
                role: Role::Admin, ..
            } => Self::Admin,
            Actor::User { .. } => Self::Viewer,
            Actor::Guest(_) => Self::Guest,
        }
    }

    /// Whether one who stands so may do it.
    pub fn may(self, action: Action) -> bool {
        use Action::{Broadcast, Chat, LockIngest, ManageKeys, ReadChat, ReviewCreators, Watch};
        match self {
            // An administrator does not speak or broadcast for a creator.
            Self::Admin => !matches!(action, Broadcast | ManageKeys),
            Self::Owner => !matches!(action, LockIngest | ReviewCreators),
            Self::Viewer | Self::Guest => matches!(action, Watch | ReadChat | Chat),
            Self::Banned => false,
        }
    }
}

/// The actor may not do this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// They are not signed in, and it needs an account.
    #[error("sign in first")]
    SignInFirst,
    /// Not with this account.
    #[error("you may not do this")]
    Forbidden,
}

/// Refuses what the table does not allow.
pub fn require(standing: Standing, action: Action) -> Result<(), Denied> {
    if standing.may(action) {
        Ok(())
    } else if standing == Standing::Guest {
        Err(Denied::SignInFirst)
    } else {
        Err(Denied::Forbidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::id::{GuestId, UserId};
    use uuid::Uuid;

    fn user(n: u128) -> Actor {
        Actor::User {
            id: UserId::from_uuid(Uuid::from_u128(n)),
            role: Role::User,
        }
    }

    #[test]
    fn an_owner_stays_owner_and_an_admin_admin_even_when_banned() {
        let owner = UserId::from_uuid(Uuid::from_u128(1));
        assert_eq!(Standing::of(&user(1), owner, true), Standing::Owner);
        assert_eq!(Standing::of(&Actor::Operator, owner, true), Standing::Admin);
        assert_eq!(Standing::of(&user(2), owner, true), Standing::Banned);
    }

    #[test]
    fn only_the_owner_touches_keys() {
        for standing in [
            Standing::Admin,
            Standing::Viewer,
            Standing::Guest,
            Standing::Banned,
        ] {
            assert!(!standing.may(Action::ManageKeys), "{standing:?}");
        }
        assert!(Standing::Owner.may(Action::ManageKeys));
    }

    #[test]
    fn a_guest_is_asked_to_sign_in_and_a_viewer_refused() {
        let owner = UserId::from_uuid(Uuid::from_u128(1));
        let guest = Actor::Guest(GuestId::from_uuid(Uuid::from_u128(3)));
        assert_eq!(
            require(Standing::of(&guest, owner, false), Action::EndStream),
            Err(Denied::SignInFirst)
        );
        assert_eq!(
            require(Standing::of(&user(2), owner, false), Action::EndStream),
            Err(Denied::Forbidden)
        );
    }
}
