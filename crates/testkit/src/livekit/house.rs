//! What is in the stand-in's rooms, and what its webhooks say.

use std::collections::BTreeMap;
use std::sync::Arc;

use livekit_protocol::ingress_state::Status;
use livekit_protocol::participant_info::{Kind, State};
use livekit_protocol::{
    DisconnectReason, IngressInfo, IngressState, ParticipantInfo, Room, TrackInfo, WebhookEvent,
};
use tokio::sync::{RwLock, mpsc};

use super::delivery::{Delivery, sign};
use super::egress::{Egress, EgressService};
use super::{Attendee, TurnedAway, tracks};

/// Everything that the stand-in knows.
pub(super) struct House {
    pub(super) rooms: BTreeMap<String, Inside>,
    pub(super) ingresses: BTreeMap<String, IngressInfo>,
    pub(super) has_ingress: bool,
    pub(super) egresses: BTreeMap<String, Egress>,
    pub(super) egress_service: EgressService,
    /// Egresses go no further by themselves.
    pub(super) egress_waits: bool,
    /// While somebody writes, nobody hears that their egress has begun.
    pub(super) egress_answers: Arc<RwLock<()>>,
    /// Whoever is still connected is told that nobody is there.
    pub(super) is_dead: bool,
    pub(super) data: Vec<(String, Vec<u8>)>,
    /// Encoders and egresses that come back into their room when it is there again.
    returning: Vec<(String, Person)>,
    post: mpsc::UnboundedSender<Delivery>,
    made: i64,
}

/// A room.
pub(super) struct Inside {
    pub(super) info: Room,
    /// By `sid`.
    pub(super) people: BTreeMap<String, Person>,
}

/// Somebody in a room.
pub(super) struct Person {
    pub(super) info: ParticipantInfo,
    publishes: bool,
    ingress: Option<String>,
}

impl House {
    pub(super) fn new(post: mpsc::UnboundedSender<Delivery>) -> Self {
        Self {
            rooms: BTreeMap::new(),
            ingresses: BTreeMap::new(),
            has_ingress: true,
            egresses: BTreeMap::new(),
            egress_service: EgressService::Working,
            egress_waits: false,
            egress_answers: Arc::default(),
            is_dead: false,
            data: Vec::new(),
            returning: Vec::new(),
            post,
            made: 0,
        }
    }

    /// A number that nothing else has.
    pub(super) fn number(&mut self) -> i64 {
        self.made += 1;
        self.made
    }

    /// A room of that name; the one that is there, or a new one.
    pub(super) fn open(&mut self, asked: Room) -> Room {
        if let Some(inside) = self.rooms.get(&asked.name) {
            return inside.info.clone();
        }
        let info = Room {
            sid: format!("RM_{}", self.number()),
            turn_password: "not to be kept".to_owned(),
            ..asked
        };
        let inside = Inside {
            info: info.clone(),
            people: BTreeMap::new(),
        };
        self.rooms.insert(info.name.clone(), inside);
        self.say("room_started", &info, WebhookEvent::default());
        self.bring_back(&info.name);
        info
    }

    /// All rooms are gone, and nothing is said. The ingress and egress services live on.
    pub(super) fn lose_rooms(&mut self) {
        for (name, inside) in std::mem::take(&mut self.rooms) {
            let people = inside.people.into_values();
            let returning =
                people.filter(|it| matches!(it.info.kind(), Kind::Ingress | Kind::Egress));
            self.returning
                .extend(returning.map(|person| (name.clone(), person)));
        }
    }

    /// They are called as before, and are somebody else; the services do not say a word.
    fn bring_back(&mut self, room: &str) {
        let (back, away) = std::mem::take(&mut self.returning)
            .into_iter()
            .partition(|(name, _)| name == room);
        self.returning = away;
        let back: Vec<(String, Person)> = back;
        for (_, person) in back {
            let (id, ingress) = (person.info.identity.clone(), person.ingress.clone());
            let is_egress = person.info.kind() == Kind::Egress;
            let goes_on = if is_egress {
                self.egresses.get(&id).is_some_and(|it| it.seat.is_some())
            } else {
                ingress.is_some_and(|id| self.ingresses.contains_key(&id))
            };
            if !goes_on {
                continue;
            }
            let info = ParticipantInfo {
                tracks: Vec::new(),
                ..person.info
            };
            let Ok(attendee) = self.take_in(room, info, person.publishes, person.ingress) else {
                continue;
            };
            if let Some(egress) = self.egresses.get_mut(&id) {
                egress.seat = Some(attendee.sid);
            } else {
                self.publish(&attendee)
                    .expect("it has published there before");
            }
        }
    }

    /// Whoever publishes by it is sent out, and the ingress service says nothing.
    pub(super) fn delete_ingress(&mut self, id: &str) -> Option<IngressInfo> {
        let ingress = self.ingresses.remove(id)?;
        let inside = self.rooms.get(&ingress.room_name);
        let people = inside.into_iter().flat_map(|it| it.people.values());
        let by_it = people.filter(|person| person.ingress.as_deref() == Some(id));
        let sids: Vec<String> = by_it.map(|person| person.info.sid.clone()).collect();
        for sid in sids {
            self.leave(&ingress.room_name, &sid, DisconnectReason::ClientInitiated);
        }
        Some(ingress)
    }

    /// Closes a room, with all who are in it; whether it was there.
    pub(super) fn close(&mut self, name: &str) -> bool {
        let Some(inside) = self.rooms.get(name) else {
            return false;
        };
        let sids: Vec<String> = inside.people.keys().cloned().collect();
        for sid in sids {
            self.leave(name, &sid, DisconnectReason::RoomDeleted);
        }
        if let Some(inside) = self.rooms.remove(name) {
            self.say("room_finished", &inside.info, WebhookEvent::default());
            self.end_egresses_of(&inside.info.sid);
        }
        true
    }

    pub(super) fn enter(
        &mut self,
        room: &str,
        participant: ParticipantInfo,
        publishes: bool,
    ) -> Result<Attendee, TurnedAway> {
        self.take_in(room, participant, publishes, None)
    }

    fn take_in(
        &mut self,
        room: &str,
        participant: ParticipantInfo,
        publishes: bool,
        ingress: Option<String>,
    ) -> Result<Attendee, TurnedAway> {
        let inside = self.rooms.get(room).ok_or(TurnedAway::NoSuchRoom)?;
        let same = |person: &&Person| person.info.identity == participant.identity;
        let displaced = inside
            .people
            .values()
            .find(same)
            .map(|it| it.info.sid.clone());
        if let Some(sid) = displaced {
            self.leave(room, &sid, DisconnectReason::DuplicateIdentity);
        }
        let number = self.number();
        let info = ParticipantInfo {
            sid: format!("PA_{number}"),
            joined_at: number,
            joined_at_ms: number,
            state: State::Active.into(),
            ..participant
        };
        let attendee = Attendee {
            room: room.to_owned(),
            identity: info.identity.clone(),
            sid: info.sid.clone(),
        };
        let inside = self.rooms.get_mut(room).ok_or(TurnedAway::NoSuchRoom)?;
        let about = inside.info.clone();
        let person = Person {
            info: info.clone(),
            publishes,
            ingress,
        };
        inside.people.insert(info.sid.clone(), person);
        let who = WebhookEvent {
            participant: Some(info),
            ..WebhookEvent::default()
        };
        self.say("participant_joined", &about, who);
        Ok(attendee)
    }

    pub(super) fn publish(&mut self, attendee: &Attendee) -> Result<(), TurnedAway> {
        let inside = self.rooms.get_mut(&attendee.room);
        let inside = inside.ok_or(TurnedAway::NoSuchRoom)?;
        let person = inside.people.get_mut(&attendee.sid);
        let person = person.filter(|person| person.publishes);
        let person = person.ok_or(TurnedAway::NotAllowed)?;
        person.info.tracks = tracks(&attendee.sid);
        let (room, info) = (inside.info.clone(), person.info.clone());
        self.say_of_tracks("track_published", &room, &info);
        Ok(())
    }

    pub(super) fn connect(&mut self, stream_key: &str) -> Result<Attendee, TurnedAway> {
        let mut ingresses = self.ingresses.values();
        let ingress = ingresses.find(|ingress| ingress.stream_key == stream_key);
        let ingress = ingress.cloned().ok_or(TurnedAway::NoSuchIngress)?;
        let room = self.rooms.get(&ingress.room_name);
        let about = room
            .map(|it| it.info.clone())
            .ok_or(TurnedAway::NoSuchRoom)?;
        let publishing = Status::EndpointPublishing;
        self.say_of_ingress("ingress_started", &about, &ingress, publishing);
        let participant = ParticipantInfo {
            identity: ingress.participant_identity.clone(),
            metadata: ingress.participant_metadata.clone(),
            kind: Kind::Ingress.into(),
            ..ParticipantInfo::default()
        };
        let id = Some(ingress.ingress_id.clone());
        let attendee = self.take_in(&ingress.room_name, participant, true, id)?;
        // It may be said twice, and after they have joined: that is another queue.
        self.say_of_ingress("ingress_started", &about, &ingress, publishing);
        self.publish(&attendee)?;
        Ok(attendee)
    }

    /// They go, or are sent out, if they are there.
    pub(super) fn leave(&mut self, room: &str, sid: &str, why: DisconnectReason) {
        let Some(inside) = self.rooms.get_mut(room) else {
            return;
        };
        let Some(person) = inside.people.remove(sid) else {
            return;
        };
        let about = inside.info.clone();
        // Only an encoder that goes by itself is said to have ended, and before it has left.
        let by_itself = why == DisconnectReason::ClientInitiated;
        let ingress = person.ingress.as_ref().filter(|_| by_itself);
        if let Some(ingress) = ingress.and_then(|id| self.ingresses.get(id).cloned()) {
            self.say_of_ingress("ingress_ended", &about, &ingress, Status::EndpointInactive);
        }
        self.say_of_tracks("track_unpublished", &about, &person.info);
        let who = WebhookEvent {
            participant: Some(ParticipantInfo {
                state: State::Disconnected.into(),
                disconnect_reason: why.into(),
                ..person.info
            }),
            ..WebhookEvent::default()
        };
        self.say("participant_left", &about, who);
    }

    /// Of a track only who has it is said, and of them and the room only the names.
    fn say_of_tracks(&mut self, event: &str, room: &Room, who: &ParticipantInfo) {
        let room = Room {
            sid: room.sid.clone(),
            name: room.name.clone(),
            ..Room::default()
        };
        let tracks: Vec<TrackInfo> = who.tracks.clone();
        for track in tracks {
            let about = WebhookEvent {
                participant: Some(ParticipantInfo {
                    sid: who.sid.clone(),
                    identity: who.identity.clone(),
                    ..ParticipantInfo::default()
                }),
                track: Some(track),
                ..WebhookEvent::default()
            };
            self.say(event, &room, about);
        }
    }

    fn say_of_ingress(&mut self, event: &str, room: &Room, ingress: &IngressInfo, status: Status) {
        let about = WebhookEvent {
            ingress_info: Some(IngressInfo {
                state: Some(IngressState {
                    status: status.into(),
                    room_id: room.sid.clone(),
                    ..IngressState::default()
                }),
                ..ingress.clone()
            }),
            ..WebhookEvent::default()
        };
        self.post(event, about);
    }

    fn say(&mut self, event: &str, room: &Room, about: WebhookEvent) {
        let about = WebhookEvent {
            room: Some(room.clone()),
            ..about
        };
        self.post(event, about);
    }

    pub(super) fn post(&mut self, event: &str, about: WebhookEvent) {
        let number = self.number();
        let event = WebhookEvent {
            event: event.to_owned(),
            id: format!("EV_{number}"),
            created_at: number,
            ..about
        };
        let body = serde_json::to_vec(&event).expect("the protocol's types are JSON");
        // Nobody may be there to take it.
        let _ = self.post.send(sign(&body));
    }
}
