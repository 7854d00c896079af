use greenroom_domain::channel::ChannelEvent;
use greenroom_domain::chat::{ChatEvent, LineBody};
use greenroom_domain::shared::event::Happening;
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::stream::StreamEvent;

/// The line by which a room shows what happened, if it shows it at all.
pub(crate) fn line_of(happened: &Happening) -> Option<(ChannelId, LineBody)> {
    match happened {
        Happening::Account(_) | Happening::Social(_) | Happening::Recording(_) => None,
        Happening::Channel(event) => of_channel(event),
        Happening::Stream(event) => of_stream(event),
        Happening::Chat(event) => Some(of_chat(event)),
    }
}

fn of_channel(event: &ChannelEvent) -> Option<(ChannelId, LineBody)> {
    match event {
        ChannelEvent::Edited {
            channel,
            title,
            category,
        } => Some((
            *channel,
            LineBody::ChannelEdited {
                title: title.clone(),
                category: category.clone(),
            },
        )),
        ChannelEvent::Created { .. }
        | ChannelEvent::CoverChanged { .. }
        | ChannelEvent::IngestLocked { .. }
        | ChannelEvent::IngestUnlocked { .. }
        | ChannelEvent::KeyCreated { .. }
        | ChannelEvent::KeyRotated { .. }
        | ChannelEvent::KeyRevoked { .. } => None,
    }
}

fn of_stream(event: &StreamEvent) -> Option<(ChannelId, LineBody)> {
    match event {
        StreamEvent::Started {
            stream,
            channel,
            title,
        } => Some((
            *channel,
            LineBody::StreamStarted {
                stream: *stream,
                title: title.clone(),
            },
        )),
        StreamEvent::Interrupted { stream, channel } => {
            Some((*channel, LineBody::StreamInterrupted { stream: *stream }))
        }
        StreamEvent::Resumed { stream, channel } => {
            Some((*channel, LineBody::StreamResumed { stream: *stream }))
        }
        StreamEvent::Ended {
            stream,
            channel,
            reason,
        } => Some((
            *channel,
            LineBody::StreamEnded {
                stream: *stream,
                reason: *reason,
            },
        )),
        StreamEvent::Created { .. }
        | StreamEvent::Retitled { .. }
        | StreamEvent::AudienceChanged { .. } => None,
    }
}

fn of_chat(event: &ChatEvent) -> (ChannelId, LineBody) {
    match event {
        ChatEvent::SettingsChanged { channel, settings } => {
            (*channel, LineBody::SettingsChanged(*settings))
        }
        ChatEvent::Restricted {
            channel,
            subject,
            name,
            kind,
            reason,
        } => (
            *channel,
            LineBody::Restricted {
                subject: *subject,
                name: name.clone(),
                kind: *kind,
                reason: reason.clone(),
            },
        ),
        ChatEvent::RestrictionLifted { channel, subject } => {
            (*channel, LineBody::RestrictionLifted { subject: *subject })
        }
        ChatEvent::MessageDeleted {
            channel, target, ..
        } => (*channel, LineBody::Deleted { target: *target }),
        ChatEvent::Pinned { channel, target } => (*channel, LineBody::Pinned { target: *target }),
        ChatEvent::Unpinned { channel, target } => {
            (*channel, LineBody::Unpinned { target: *target })
        }
        ChatEvent::RoleChanged {
            channel,
            user,
            name,
            role,
        } => (
            *channel,
            LineBody::RoleChanged {
                user: *user,
                name: name.clone(),
                role: *role,
            },
        ),
    }
}
