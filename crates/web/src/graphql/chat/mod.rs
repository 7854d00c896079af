//! A channel's chat room.

mod audit;
mod commands;
mod lines;
mod live;
mod messages;
mod pins;
mod reactions;
mod restrictions;
mod roles;
mod settings;

use async_graphql::MergedObject;

pub use audit::AuditEvent;
pub(in crate::graphql) use audit::list as audit_of;
pub use commands::{CommandDone, CommandType};
pub(in crate::graphql) use lines::restriction;
pub use lines::{ChannelRole, ChatLine, ChatLineBody, RestrictionType};
pub(in crate::graphql) use live::ChatSubscription;
pub use live::{ChatEvent, ChatJoined, ChatTyping};
pub use messages::Chat;
pub use pins::ChatPin;
pub use reactions::{ChatReactions, ReactionCount};
pub use restrictions::ChatRestriction;
pub use roles::ChannelAppointment;
pub use settings::ChatSettings;

/// What is done with chat.
#[derive(MergedObject, Default)]
pub struct ChatMutation(
    messages::MessageMutation,
    pins::PinMutation,
    reactions::ReactionMutation,
    restrictions::RestrictionMutation,
    roles::RoleMutation,
    settings::SettingsMutation,
);
