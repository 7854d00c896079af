use crate::access::{Action, Standing};
use crate::channel::ChannelTitle;
use crate::chat::{ChannelRole, Message, Place, RestrictionKind};
use crate::shared::actor::Identity;
use crate::shared::clock::Timestamp;
use crate::shared::id::{ChannelId, StreamId, UserId};

/// Something that concerns somebody.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    /// When it happened.
    pub at: Timestamp,
    /// In which channel.
    pub channel: ChannelId,
    /// What it was.
    pub what: NotificationKind,
}

/// What concerns somebody. Of an act of moderation it says neither who did it nor why: that is
/// for staff.
#[derive(Debug, Clone, PartialEq)]
pub enum NotificationKind {
    /// A channel that they follow went live.
    WentLive {
        /// With which stream.
        stream: StreamId,
        /// What it is called.
        title: ChannelTitle,
    },
    /// Somebody mentioned them in the channel's chat.
    Mentioned {
        /// Where that stands in the room's log.
        place: Place,
        /// What was said.
        message: Message,
    },
    /// They may not chat there, for a while or for good; or they may again.
    Restriction(Option<RestrictionKind>),
    /// They are something else there.
    Role(Option<ChannelRole>),
}

impl Notification {
    /// Whether one of its addressees is told who stands so to the channel.
    ///
    /// Nobody is told of what they do not get to see. Whoever is shut out hears that they were
    /// banned, and nothing else: not even what a block took from them, for a block is not told.
    pub fn is_for(&self, user: UserId, standing: Standing) -> bool {
        match &self.what {
            NotificationKind::WentLive { .. } => standing.may(Action::Watch),
            NotificationKind::Mentioned { message, .. } => {
                message.author.identity != Identity::User(user) && standing.may(Action::ReadChat)
            }
            NotificationKind::Restriction(Some(_)) => true,
            NotificationKind::Restriction(None) | NotificationKind::Role(_) => {
                standing.may(Action::ReadChat)
            }
        }
    }
}
