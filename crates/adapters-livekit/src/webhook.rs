//! LiveKit's webhooks: who sent them, and what they say about rooms and recordings.

use std::time::Instant;

use async_trait::async_trait;
use greenroom_domain::media::{MediaWebhooks, WebhookRefused};
use greenroom_domain::recording::RecordingProgress;
use greenroom_domain::shared::id::{RecordingId, UserId};
use livekit_api::webhooks::WebhookError;
use livekit_protocol::participant_info::State;
use livekit_protocol::{ParticipantInfo, TrackInfo, TrackType, WebhookEvent};

use crate::LiveKit;
use crate::identity;
use crate::recording::{self, RecordingOptions};
use crate::rooms::{Heard, Key, Told, Track};
use crate::token;

/// What a webhook tells.
#[derive(Debug)]
pub(crate) enum News {
    /// Of a creator's room.
    Room(UserId, Heard),
    /// How far a recording is.
    Recorded(RecordingId, RecordingProgress),
}

#[async_trait]
impl MediaWebhooks for LiveKit {
    async fn receive(&self, authorization: &str, body: &[u8]) -> Result<(), WebhookRefused> {
        let body = std::str::from_utf8(body).map_err(|_| WebhookRefused::Unsigned)?;
        let received = self.receiver.receive(body, authorization);
        let event = received.map_err(|error| match error {
            WebhookError::InvalidData(_) => WebhookRefused::Malformed,
            _ => WebhookRefused::Unsigned,
        })?;
        let Some(news) = read(&event, self.options.recording.as_ref()) else {
            return Ok(());
        };
        let place = self.heard.try_reserve().map_err(|_| WebhookRefused::Busy)?;
        if self.delivered.lock().insert(&event.id, Instant::now()) {
            // What is kept of it holds no stream key, no TURN password and no key of a bucket.
            place.send(news);
        }
        Ok(())
    }
}

/// What an event says about which room or recording.
pub(crate) fn read(event: &WebhookEvent, recording: Option<&RecordingOptions>) -> Option<News> {
    if let Some(egress) = &event.egress_info {
        let (recording, progress) = recording::read(recording?, egress)?;
        return Some(News::Recorded(recording, progress));
    }
    if let Some(ingress) = &event.ingress_info {
        // Who publishes is seen in the room; this is only when to look.
        let room = ingress.room_name.parse().ok()?;
        return Some(News::Room(room, Heard::Unclear));
    }
    let room = event.room.as_ref()?;
    let owner: UserId = room.name.parse().ok()?;
    let heard = match (event.event.as_str(), &event.participant) {
        ("room_finished", _) => Heard::Closed {
            room_sid: room.sid.clone(),
        },
        ("participant_joined", Some(participant)) => {
            Heard::There(whole(participant, &room.sid, owner))
        }
        ("participant_left" | "participant_connection_aborted", Some(participant)) => Heard::Gone {
            sid: participant.sid.clone(),
        },
        ("track_published", Some(participant)) => Heard::There(Told {
            // Only the name is said here.
            key: Key::Unsaid,
            tracks: event.track.iter().map(track).collect(),
            ..whole(participant, &room.sid, owner)
        }),
        ("track_unpublished", Some(participant)) => Heard::TrackGone {
            track: event.track.as_ref()?.sid.clone(),
            sid: participant.sid.clone(),
        },
        _ => return None,
    };
    Some(News::Room(owner, heard))
}

/// Everybody who is there, of a list.
pub(crate) fn listed(people: &[ParticipantInfo], room_sid: &str, owner: UserId) -> Vec<Told> {
    let there = people
        .iter()
        .filter(|person| person.state() != State::Disconnected);
    there.map(|person| whole(person, room_sid, owner)).collect()
}

fn whole(participant: &ParticipantInfo, room_sid: &str, owner: UserId) -> Told {
    Told {
        sid: participant.sid.clone(),
        room_sid: room_sid.to_owned(),
        joined_at: match participant.joined_at_ms {
            0 => participant.joined_at.saturating_mul(1000),
            milliseconds => milliseconds,
        },
        name: participant.identity.clone(),
        who: identity::read(&participant.identity, participant.kind(), owner),
        key: token::key_in(&participant.metadata).map_or(Key::Foreign, Key::Ours),
        tracks: participant.tracks.iter().map(track).collect(),
    }
}

fn track(info: &TrackInfo) -> (String, Track) {
    let track = Track {
        is_video: info.r#type() == TrackType::Video,
        mime: info.mime_type.clone(),
        width: info.width,
        height: info.height,
    };
    (info.sid.clone(), track)
}
