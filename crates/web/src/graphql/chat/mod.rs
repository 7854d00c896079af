//! A channel's chat room.

mod lines;
mod live;
mod messages;
mod restrictions;
mod settings;

use async_graphql::MergedObject;

pub use lines::{ChatLine, ChatLineBody};
pub(in crate::graphql) use live::ChatSubscription;
pub use live::{ChatEvent, ChatJoined, ChatTyping};
pub use messages::Chat;
pub use restrictions::ChatRestriction;
pub use settings::ChatSettings;

/// What is done with chat.
#[derive(MergedObject, Default)]
pub struct ChatMutation(
    messages::MessageMutation,
    restrictions::RestrictionMutation,
    settings::SettingsMutation,
);
