//! Tells those who are connected what concerns them: that a channel they follow went live, that
//! they were mentioned, that they were moderated.
//!
//! Live only: nothing is kept, so whoever is away or too slow is not told. Each node derives the
//! notifications of those who are connected to it from what reaches every node anyway: from
//! events by the commit and the feed, from lines by the commit and the bus. What reaches it
//! twice is told once; what does not (a line that the bus lost, a node that is overrun) is not
//! told: at most once, then. Who has just come may be told of what happened a moment before.
//!
//! Nothing is read but for those who are connected, and nobody waits for it who acts: one task
//! tells it all, one announcement after the other. For a channel that went live it asks for each
//! user who is connected to this node whether they follow it, a few at a time. So it costs by
//! who is here, not by how many follow, and a channel that is followed by a million is no worse
//! than another.

mod listen;
mod registry;
mod repeats;
mod subscribe;
pub(crate) mod tell;

pub use listen::{Listening, Subscriber, listen};
pub(crate) use registry::Registry;
pub(crate) use repeats::{Repeats, Source};
pub use subscribe::{Subscription, TooSlow, subscribe};

use greenroom_domain::channel::Channel;
use greenroom_domain::notification::Notification;

/// A notification as it is told.
#[derive(Debug, Clone, PartialEq)]
pub struct NotificationView {
    /// What it says.
    pub notification: Notification,
    /// The channel that it is about.
    pub channel: Channel,
}
