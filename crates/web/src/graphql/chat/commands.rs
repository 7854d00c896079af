//! What a chat command has done.

use async_graphql::{Enum, SimpleObject};
use greenroom_app::chat::command::Done;

/// A chat command was carried out.
#[derive(SimpleObject)]
pub struct CommandDone {
    /// What it has done.
    done: CommandType,
    /// To whom.
    username: Option<String>,
    /// How many messages were deleted.
    count: Option<u64>,
}

/// What a chat command has done.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum CommandType {
    /// Somebody is quiet or gone.
    Restricted,
    /// Somebody may chat again.
    Lifted,
    /// What somebody said last is gone.
    Cleared,
    /// Somebody is something else in the channel.
    RoleChanged,
    /// Somebody is blocked.
    Blocked,
    /// They have made up.
    Unblocked,
    /// The room has another rule.
    Configured,
}

impl From<Done> for CommandDone {
    fn from(done: Done) -> Self {
        let (kind, user) = match &done {
            Done::Restricted(user) => (CommandType::Restricted, Some(user)),
            Done::Lifted(user) => (CommandType::Lifted, Some(user)),
            Done::Cleared(user, _) => (CommandType::Cleared, Some(user)),
            Done::RoleChanged(user) => (CommandType::RoleChanged, Some(user)),
            Done::Blocked(user) => (CommandType::Blocked, Some(user)),
            Done::Unblocked(user) => (CommandType::Unblocked, Some(user)),
            Done::Configured => (CommandType::Configured, None),
        };
        Self {
            done: kind,
            username: user.map(ToString::to_string),
            count: match done {
                Done::Cleared(_, count) => u64::try_from(count).ok(),
                _ => None,
            },
        }
    }
}
