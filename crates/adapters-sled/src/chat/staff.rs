//! Whom an owner has made something of, as it is written.

use greenroom_domain::account::DisplayName;
use greenroom_domain::chat::{Appointment, ChannelRole};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::codec::{BoxError, Kept};
use crate::keyspace::{self, Key};

#[derive(Serialize, Deserialize)]
pub(crate) struct AppointmentRecord {
    channel: Uuid,
    user: Uuid,
    role: ChannelRole,
    name: String,
    at: i64,
}

impl Kept for Appointment {
    const WHAT: &'static str = "appointment";
    type Record = AppointmentRecord;

    fn key(&self) -> Key {
        keyspace::appointment(self.channel, self.user)
    }

    fn record(&self) -> AppointmentRecord {
        AppointmentRecord {
            channel: self.channel.uuid(),
            user: self.user.uuid(),
            role: self.role,
            name: self.name.as_str().to_owned(),
            at: self.at.micros(),
        }
    }

    fn parse(record: AppointmentRecord) -> Result<Self, BoxError> {
        Ok(Self {
            channel: ChannelId::from_uuid(record.channel),
            user: UserId::from_uuid(record.user),
            role: record.role,
            name: DisplayName::parse(&record.name)?,
            at: Timestamp::from_micros(record.at),
        })
    }
}
