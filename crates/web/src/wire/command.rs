use greenroom_app::chat::command::Done;
use serde::Serialize;

/// A chat command was carried out: what it has done.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "done", rename_all = "snake_case")]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = CommandDone))]
pub enum DoneJson {
    /// Somebody is quiet or gone.
    Restricted {
        /// Who.
        username: String,
    },
    /// Somebody may chat again.
    Lifted {
        /// Who.
        username: String,
    },
    /// What somebody said last is gone.
    Cleared {
        /// Who.
        username: String,
        /// How many messages.
        count: usize,
    },
    /// Somebody is something else in the channel.
    RoleChanged {
        /// Who.
        username: String,
    },
    /// Somebody is blocked.
    Blocked {
        /// Who.
        username: String,
    },
    /// They have made up.
    Unblocked {
        /// Who.
        username: String,
    },
    /// The room has another rule.
    Configured,
}

impl From<&Done> for DoneJson {
    fn from(done: &Done) -> Self {
        match done {
            Done::Restricted(user) => Self::Restricted {
                username: user.to_string(),
            },
            Done::Lifted(user) => Self::Lifted {
                username: user.to_string(),
            },
            Done::Cleared(user, count) => Self::Cleared {
                username: user.to_string(),
                count: *count,
            },
            Done::RoleChanged(user) => Self::RoleChanged {
                username: user.to_string(),
            },
            Done::Blocked(user) => Self::Blocked {
                username: user.to_string(),
            },
            Done::Unblocked(user) => Self::Unblocked {
                username: user.to_string(),
            },
            Done::Configured => Self::Configured,
        }
    }
}
