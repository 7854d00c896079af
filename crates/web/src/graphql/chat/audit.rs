//! Who did what to a channel and its room.

use async_graphql::{ID, Object};
use greenroom_app::Refusal;
use greenroom_app::chat::audit;
use greenroom_domain::channel::Handle;
use greenroom_domain::chat::{ChatEvent, RestrictionKind};
use greenroom_domain::shared::event::{Event, Happening};
use greenroom_domain::shared::page::Page;
use greenroom_domain::stream::StreamEvent;

use super::lines::ChannelRole;
use super::settings::ChatSettings;
use crate::context;
use crate::graphql::page::{self, Connection};
use crate::graphql::scalar::Time;
use crate::graphql::stream::EndReason;
use crate::problem::Problem;
use crate::wire::{AuditEventJson, AuditPersonJson, AuditTypeJson, people_in};

/// Who did what to a channel and its room.
pub struct AuditEvent {
    event: Event,
    told: AuditEventJson,
}

/// Who did what to a channel and its room. The fields that do not belong to what was done are
/// `null`.
#[Object]
impl AuditEvent {
    /// Its id.
    async fn id(&self) -> ID {
        ID(self.told.id.clone())
    }

    /// When.
    async fn at(&self) -> Time {
        self.event.at.into()
    }

    /// Who did it; nobody where the operator did, or the server by itself.
    async fn by(&self) -> Option<AuditPersonJson> {
        self.told.by.clone()
    }

    /// What it was.
    #[graphql(name = "type")]
    async fn kind(&self) -> AuditTypeJson {
        self.told.kind
    }

    /// To whom.
    async fn subject(&self) -> Option<AuditPersonJson> {
        self.told.subject.clone()
    }

    /// Of which message: the number of its line.
    async fn target(&self) -> Option<u64> {
        self.told.target
    }

    /// Until when a timeout lasts.
    async fn until(&self) -> Option<Time> {
        match &self.event.what {
            Happening::Chat(ChatEvent::Restricted {
                kind: RestrictionKind::Timeout { until },
                ..
            }) => Some((*until).into()),
            _ => None,
        }
    }

    /// Why.
    async fn reason(&self) -> Option<&str> {
        self.told.reason.as_deref()
    }

    /// What they are in the channel now; `null` when nothing any more.
    async fn role(&self) -> Option<ChannelRole> {
        match &self.event.what {
            Happening::Chat(ChatEvent::RoleChanged { role, .. }) => role.map(Into::into),
            _ => None,
        }
    }

    /// The room's rules now.
    async fn settings(&self) -> Option<ChatSettings> {
        match &self.event.what {
            Happening::Chat(ChatEvent::SettingsChanged { settings, .. }) => {
                Some((*settings).into())
            }
            _ => None,
        }
    }

    /// What the channel or stream is called now.
    async fn title(&self) -> Option<&str> {
        self.told.title.as_deref()
    }

    /// The id of the stream, as REST has it.
    async fn stream_id(&self) -> Option<&str> {
        self.told.stream_id.as_deref()
    }

    /// Why it ended.
    async fn end_reason(&self) -> Option<EndReason> {
        match &self.event.what {
            Happening::Stream(StreamEvent::Ended { reason, .. }) => Some((*reason).into()),
            _ => None,
        }
    }

    /// The id of the stream key, as REST has it.
    async fn key_id(&self) -> Option<&str> {
        self.told.key_id.as_deref()
    }
}

/// The newest first, for the room's staff.
pub(in crate::graphql) async fn list(
    asking: &context::Context,
    handle: &Handle,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Connection<AuditEvent>, Problem> {
    let page = page::request(first, after)?;
    let page = audit::execute(&asking.app, &asking.actor, handle, &page).await?;
    let users = asking
        .app
        .ports
        .users
        .get_many(&people_in(&page.items))
        .await;
    let users = users.map_err(Refusal::from)?.into_iter();
    let people = users.map(|user| (user.id, user)).collect();
    let shown = page.items.into_iter().filter_map(|event| {
        let told = AuditEventJson::of(&event, &people)?;
        Some(AuditEvent { event, told })
    });
    let page = Page {
        items: shown.collect(),
        next: page.next,
    };
    Ok(Connection::of_page(page, |event| event))
}
