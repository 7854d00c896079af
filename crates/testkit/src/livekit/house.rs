//! What is in the stand-in's rooms, and what its webhooks say.

use std::collections::BTreeMap;

use livekit_protocol::ingress_state::Status;
use livekit_protocol::participant_info::{Kind, State};
use livekit_protocol::{IngressInfo, IngressState, ParticipantInfo, Room, TrackInfo, WebhookEvent};
use tokio::sync::mpsc;

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
    /// Whoever is still connected is told that nobody is there.
    pub(super) is_dead: bool,
    pub(super) data: Vec<(String, Vec<u8>)>,
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
            is_dead: false,
            data: Vec::new(),
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
        info
    }

    /// Closes a room, with all who are in it; whether it was there.
    pub(super) fn close(&mut self, name: &str) -> bool {
        let Some(inside) = self.rooms.get(name) else {
            return false;
        };
        let sids: Vec<String> = inside.people.keys().cloned().collect();
        for sid in sids {
            self.leave(name, &sid);
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
            self.leave(room, &sid);
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
        self.say_of_ingress(
            "ingress_started",
            &about,
            &ingress,
            Status::EndpointPublishing,
        );
        let participant = ParticipantInfo {
            identity: ingress.participant_identity.clone(),
            metadata: ingress.participant_metadata.clone(),
            kind: Kind::Ingress.into(),
            ..ParticipantInfo::default()
        };
        let id = Some(ingress.ingress_id);
        let attendee = self.take_in(&ingress.room_name, participant, true, id)?;
        self.publish(&attendee)?;
        Ok(attendee)
    }

    /// They go, or are sent out; whether they were there.
    pub(super) fn leave(&mut self, room: &str, sid: &str) -> bool {
        let Some(inside) = self.rooms.get_mut(room) else {
            return false;
        };
        let Some(person) = inside.people.remove(sid) else {
            return false;
        };
        let about = inside.info.clone();
        self.say_of_tracks("track_unpublished", &about, &person.info);
        let who = WebhookEvent {
            participant: Some(ParticipantInfo {
                state: State::Disconnected.into(),
                ..person.info
            }),
            ..WebhookEvent::default()
        };
        self.say("participant_left", &about, who);
        let ingress = person
            .ingress
            .and_then(|id| self.ingresses.get(&id).cloned());
        if let Some(ingress) = ingress {
            self.say_of_ingress("ingress_ended", &about, &ingress, Status::EndpointInactive);
        }
        true
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
