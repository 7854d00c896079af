//! Who may do what: the one table.

use crate::account::Role;
use crate::chat::ChannelRole;
use crate::shared::actor::Actor;
use crate::shared::id::UserId;

/// What an actor is to a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// An administrator, or whoever holds the machine.
    Admin,
    /// The channel's owner.
    Owner,
    /// Keeps order in the channel's chat.
    Moderator,
    /// Somebody of whom the owner thinks much.
    Vip,
    /// Anybody else with an account.
    Viewer,
    /// Anybody without one.
    Guest,
    /// Banned from the channel, or blocked by its owner.
    Banned,
}

/// What a channel has to do with somebody who is not its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tie {
    /// Nothing.
    None,
    /// Its owner has made something of them.
    Appointed(ChannelRole),
    /// They are banned from it, or blocked by its owner.
    ShutOut,
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
    /// Follow the channel, and unfollow it.
    Follow,
    /// Delete others' messages, time out and ban; read the audit log.
    Moderate,
    /// Keep messages in view.
    Pin,
    /// Make moderators and VIPs.
    Appoint,
    /// Change the channel, its chat settings.
    ManageChannel,
    /// Create, see, rotate and revoke stream keys.
    ManageKeys,
    /// Create and start streams ahead.
    Broadcast,
    /// End the channel's stream.
    EndStream,
    /// Record the channel's streams, and see what was recorded.
    Record,
    /// Lock the channel against publishing, and lift that.
    LockIngest,
    /// Approve and suspend creators; see all accounts.
    ReviewCreators,
}

impl Standing {
    /// What the actor is to the channel of `owner`, with which they have this tie.
    pub fn of(actor: &Actor, owner: UserId, tie: Tie) -> Self {
        match (actor, tie) {
            // An administrator too is a creator in their own channel.
            (Actor::User { id, .. }, _) if *id == owner => Self::Owner,
            (
                Actor::Operator
                | Actor::System
                | Actor::User {
                    role: Role::Admin, ..
                },
                _,
            ) => Self::Admin,
            (_, Tie::ShutOut) => Self::Banned,
            (Actor::Guest(_), _) => Self::Guest,
            (Actor::User { .. }, Tie::Appointed(ChannelRole::Moderator)) => Self::Moderator,
            (Actor::User { .. }, Tie::Appointed(ChannelRole::Vip)) => Self::Vip,
            (Actor::User { .. }, Tie::None) => Self::Viewer,
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
        use Action::{
            Broadcast, Chat, Follow, LockIngest, ManageKeys, Moderate, Pin, ReadChat,
            ReviewCreators, Watch,
        };
        match self {
            // An administrator does not speak or broadcast for a creator.
            Self::Admin => !matches!(action, Broadcast | ManageKeys),
            Self::Owner => !matches!(action, LockIngest | ReviewCreators),
            Self::Moderator => {
                matches!(action, Watch | ReadChat | Chat | Follow | Moderate | Pin)
            }
            Self::Vip | Self::Viewer => matches!(action, Watch | ReadChat | Chat | Follow),
            Self::Guest => matches!(action, Watch | ReadChat | Chat),
            Self::Banned => false,
        }
    }

    /// Whether they keep order in the chat: they see what others may not, at once, and no rule
    /// of the room holds them.
    pub fn is_staff(self) -> bool {
        matches!(self, Self::Admin | Self::Owner | Self::Moderator)
    }

    /// Whether the rules do not hold them that slow the chat down.
    pub fn is_privileged(self) -> bool {
        self.is_staff() || self == Self::Vip
    }

    /// What the owner has made of them.
    pub fn role(self) -> Option<ChannelRole> {
        match self {
            Self::Moderator => Some(ChannelRole::Moderator),
            Self::Vip => Some(ChannelRole::Vip),
            _ => None,
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
        assert_eq!(Standing::of(&user(1), owner, Tie::ShutOut), Standing::Owner);
        assert_eq!(
            Standing::of(&Actor::Operator, owner, Tie::ShutOut),
            Standing::Admin
        );
        assert_eq!(
            Standing::of(&user(2), owner, Tie::ShutOut),
            Standing::Banned
        );
    }

    #[test]
    fn an_administrator_owns_their_own_channel() {
        let id = UserId::from_uuid(Uuid::from_u128(1));
        let role = Role::Admin;
        let administrator = Actor::User { id, role };
        let own = Standing::of(&administrator, id, Tie::None);
        assert!(own.may(Action::Broadcast) && own.may(Action::ManageKeys));
        let anothers = UserId::from_uuid(Uuid::from_u128(2));
        let elsewhere = Standing::of(&administrator, anothers, Tie::None);
        assert!(!elsewhere.may(Action::Broadcast));
    }

    #[test]
    fn only_the_owner_touches_keys() {
        for standing in [
            Standing::Admin,
            Standing::Moderator,
            Standing::Vip,
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
            require(Standing::of(&guest, owner, Tie::None), Action::EndStream),
            Err(Denied::SignInFirst)
        );
        assert_eq!(
            require(Standing::of(&user(2), owner, Tie::None), Action::EndStream),
            Err(Denied::Forbidden)
        );
    }

    #[test]
    fn moderators_keep_order_and_change_nothing_else() {
        let owner = UserId::from_uuid(Uuid::from_u128(1));
        let tie = Tie::Appointed(ChannelRole::Moderator);
        let moderator = Standing::of(&user(2), owner, tie);
        assert!(moderator.may(Action::Moderate) && moderator.may(Action::Pin));
        for action in [Action::ManageChannel, Action::Appoint, Action::EndStream] {
            assert!(!moderator.may(action), "{action:?}");
        }
        // A guest cannot be appointed, whatever a store says.
        let guest = Actor::Guest(GuestId::from_uuid(Uuid::from_u128(3)));
        assert_eq!(Standing::of(&guest, owner, tie), Standing::Guest);
    }
}
