//! Whom an owner has made something of in their channel.

use crate::access::Standing;
use crate::account::DisplayName;
use crate::chat::{ChatError, ChatEvent};
use crate::shared::clock::Timestamp;
use crate::shared::decision::Decision;
use crate::shared::id::{ChannelId, UserId};

/// What an owner has made of somebody in their channel; one thing at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum ChannelRole {
    /// Keeps order in the chat.
    Moderator,
    /// Is somebody whom the rules of the chat do not slow down.
    Vip,
}

/// Somebody is something in a channel. Its room's version guards it, as it does a
/// [`Restriction`](crate::chat::Restriction).
#[derive(Debug, Clone, PartialEq)]
pub struct Appointment {
    /// In whose channel.
    pub channel: ChannelId,
    /// Who.
    pub user: UserId,
    /// What.
    pub role: ChannelRole,
    /// What they were called then.
    pub name: DisplayName,
    /// Since when.
    pub at: Timestamp,
}

impl Appointment {
    /// How many a channel may have.
    pub const MOST: usize = 200;

    /// Makes something of somebody who stands so, in a channel that has so many.
    pub fn begin(
        appointment: Self,
        standing: Standing,
        appointed: usize,
    ) -> Result<Decision<Self>, ChatError> {
        let before = standing.role();
        match standing {
            Standing::Owner | Standing::Admin => return Err(ChatError::CannotAppointStaff),
            Standing::Banned => return Err(ChatError::IsBanned),
            _ if before == Some(appointment.role) => {
                return Ok(Decision::unchanged(appointment));
            }
            _ if before.is_none() && appointed >= Self::MOST => {
                return Err(ChatError::TooManyAppointed { max: Self::MOST });
            }
            _ => {}
        }
        let event = ChatEvent::RoleChanged {
            channel: appointment.channel,
            user: appointment.user,
            name: appointment.name.clone(),
            role: Some(appointment.role),
        };
        Ok(Decision::changed(appointment, event))
    }

    /// They are it no more.
    pub fn end(&self) -> ChatEvent {
        ChatEvent::RoleChanged {
            channel: self.channel,
            user: self.user,
            name: self.name.clone(),
            role: None,
        }
    }
}
