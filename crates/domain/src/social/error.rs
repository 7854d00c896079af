//! What following and blocking refuse.

/// It was not taken. Nothing of it was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SocialError {
    /// One's own channel.
    #[error("you cannot follow your own channel")]
    OwnChannel,
    /// They follow as many as anybody may.
    #[error("you follow {max} channels; unfollow one first")]
    FollowsTooMany {
        /// How many one may follow.
        max: u64,
    },
    /// Oneself.
    #[error("you cannot block yourself")]
    Oneself,
    /// They block as many as anybody may.
    #[error("you block {max} people; unblock one first")]
    BlocksTooMany {
        /// How many one may block.
        max: u64,
    },
}
