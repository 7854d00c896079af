//! What somebody is told because it concerns them, wherever they are.
//!
//! So far it is told live, to those who are connected, and kept nowhere.

mod announcement;
mod value;

pub use announcement::{Addressee, Announcement};
pub use value::{Notification, NotificationKind};
