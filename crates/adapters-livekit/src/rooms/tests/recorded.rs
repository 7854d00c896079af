//! Deliveries as the real parts sent them (livekit-server 1.13.5, ingress 1.5.0, egress 1.14.0),
//! one table row for each thing that happened to them.

use greenroom_domain::recording::{RecordingFailure, RecordingState};
use livekit_protocol::DisconnectReason::{
    ClientInitiated, ConnectionTimeout, DuplicateIdentity, RoomClosed, RoomDeleted,
};
use livekit_protocol::EgressStatus::{
    EgressAborted, EgressActive, EgressComplete, EgressEnding, EgressFailed, EgressLimitReached,
    EgressStarting,
};
use livekit_protocol::ingress_state::Status;
use livekit_protocol::{DisconnectReason, IngressState};

use super::*;
use Seen::{
    EgressEnded, EgressStarted, EgressUpdated, IngressEnded, IngressStarted, Joined, Left,
    Published, RecorderJoined, RecorderLeft, RoomFinished, RoomStarted, Unpublished,
};

/// A webhook. People and tracks are called by the number of their `sid`.
#[derive(Debug, Clone, Copy)]
enum Seen {
    /// Another room of the name, each time.
    RoomStarted,
    RoomFinished,
    IngressStarted,
    IngressEnded(Status),
    /// An encoder, without tracks.
    Joined(u32),
    Published(u32, u32),
    Unpublished(u32, u32),
    Left(u32, DisconnectReason),
    /// An egress as somebody in the room.
    RecorderJoined(u32),
    RecorderLeft(u32, DisconnectReason),
    EgressStarted,
    EgressUpdated(EgressStatus),
    /// With a file of this size; 0 where it has none.
    EgressEnded(EgressStatus, i64),
}

/// What happened, and what is so after it, by webhooks alone.
#[derive(Debug)]
struct Case {
    what: &'static str,
    seen: Vec<Seen>,
    /// Who is in the room.
    there: &'static [&'static str],
    /// How often the application was asked to let a publisher in, in the order seen.
    let_in: u64,
    is_on_air: bool,
    recording: &'static str,
}

const ON_AIR: &[Seen] = &[
    RoomStarted,
    IngressStarted,
    Joined(1),
    // Another event of the same start.
    IngressStarted,
    Published(1, 1),
    Published(1, 2),
];
const RECORDED: &[Seen] = &[
    EgressStarted,
    RecorderJoined(11),
    EgressUpdated(EgressActive),
];
const KILLED: &[Seen] = &[
    Unpublished(1, 1),
    IngressEnded(Status::EndpointInactive),
    Unpublished(1, 2),
    Left(1, ClientInitiated),
];
const BACK: &[Seen] = &[Joined(2), Published(2, 3), Published(2, 4)];
const STOPPED: &[Seen] = &[
    EgressUpdated(EgressEnding),
    RecorderLeft(11, ClientInitiated),
    EgressEnded(EgressComplete, 9),
];

fn of_ingress() -> Vec<Case> {
    let case = |what, then: &[&[Seen]], there: &'static [&'static str], let_in| Case {
        what,
        seen: [ON_AIR, &then.concat()].concat(),
        there,
        let_in,
        is_on_air: !there.is_empty(),
        recording: "starting",
    };
    let unpublished = [Unpublished(1, 1), Unpublished(1, 2)];
    let timed_out = [Left(1, ConnectionTimeout)];
    let displaced = [Left(1, DuplicateIdentity), IngressStarted];
    let without_capacity = Case {
        seen: vec![RoomStarted, IngressEnded(Status::EndpointError)],
        ..case("the ingress has no capacity", &[], &[], 0)
    };
    vec![
        case("an encoder begins", &[], &["PA_1"], 1),
        case("the encoder is killed", &[KILLED], &[], 1),
        case(
            "the encoder is killed and comes back",
            &[KILLED, &[IngressStarted], BACK],
            &["PA_2"],
            2,
        ),
        case(
            "the ingress is killed, and its encoder missed after 20 s",
            &[&unpublished, &timed_out],
            &[],
            1,
        ),
        case(
            "the ingress is killed, and its encoder back before that",
            &[&unpublished, &displaced, BACK],
            &["PA_2"],
            2,
        ),
        case(
            "the ingress is deleted while it publishes",
            &[&unpublished, &[Left(1, ClientInitiated)]],
            &[],
            1,
        ),
        without_capacity,
    ]
}

fn of_egress() -> Vec<Case> {
    let case = |what, then: &[&[Seen]], there: &'static [&'static str], recording| Case {
        what,
        seen: [ON_AIR, &then.concat()].concat(),
        there,
        let_in: 1 + u64::from(there.contains(&"PA_2")),
        is_on_air: !there.is_empty(),
        recording,
    };
    let gone = [RecorderLeft(11, ClientInitiated)];
    let never_began = [&RECORDED[..2], &gone].concat();
    let missed = [RecorderLeft(11, ConnectionTimeout)];
    let ending = [EgressUpdated(EgressEnding)];
    let deleted = [
        Left(1, RoomDeleted),
        RecorderLeft(11, RoomDeleted),
        RoomFinished,
    ];
    let closed = [RecorderLeft(11, RoomClosed), RoomFinished];
    let restarted = [RoomStarted, RecorderJoined(12)];
    let complete = [EgressEnded(EgressComplete, 9)];
    let failed = [EgressEnded(EgressFailed, 0)];
    let on_air: &[&str] = &["PA_1"];
    vec![
        case("it is stopped", &[RECORDED, STOPPED], on_air, "available"),
        case(
            "it is stopped after a drop, of which it says nothing",
            &[RECORDED, KILLED, &[IngressStarted], BACK, STOPPED],
            &["PA_2"],
            "available",
        ),
        case(
            "its source is closed",
            &[RECORDED, KILLED, STOPPED],
            &[],
            "available",
        ),
        case(
            "its file cannot be written, which is found out at the end",
            &[RECORDED, &ending, &gone, &failed],
            on_air,
            "failed",
        ),
        case(
            "it cannot begin",
            &[&never_began, &failed],
            on_air,
            "failed",
        ),
        case(
            "it is stopped before it has begun",
            &[&never_began, &[EgressEnded(EgressAborted, 0)]],
            on_air,
            "given up",
        ),
        case(
            "its room is deleted",
            &[RECORDED, &deleted, &ending, &complete],
            &[],
            "available",
        ),
        case(
            "its service is told to end at once, and keeps what it has",
            &[RECORDED, &ending, &gone, &[EgressEnded(EgressFailed, 9)]],
            on_air,
            "available",
        ),
        case(
            "its handler is killed, and missed after 20 s",
            &[RECORDED, &failed, &missed],
            on_air,
            "failed",
        ),
        // Only the lists show that it is dead.
        case(
            "its service is killed",
            &[RECORDED, &missed],
            on_air,
            "recording",
        ),
        case(
            "it has become as long as it may",
            &[RECORDED, &gone, &[EgressEnded(EgressLimitReached, 9)]],
            on_air,
            "available, cut",
        ),
        case(
            "it is left alone, and the room closes",
            &[RECORDED, KILLED, &closed, &ending, &complete],
            &[],
            "available",
        ),
        // Nobody of before is said to have gone.
        case(
            "the server is killed and comes back",
            &[RECORDED, &restarted, BACK],
            &["PA_12", "PA_2"],
            "recording",
        ),
    ]
}

fn deliveries(seen: &[Seen]) -> Vec<WebhookEvent> {
    let mut rooms = 0;
    let each = seen.iter().enumerate().map(|(number, seen)| {
        rooms += u32::from(matches!(seen, RoomStarted));
        WebhookEvent {
            id: format!("EV_{number}"),
            ..delivery(*seen, &format!("RM_{rooms}"))
        }
    });
    each.collect()
}

fn delivery(seen: Seen, room_sid: &str) -> WebhookEvent {
    let (name, nothing) = (owner().to_string(), WebhookEvent::default());
    let encoder = |sid: u32| ParticipantInfo {
        metadata: metadata_of(key()),
        ..participant(&format!("PA_{sid}"), &name, Kind::Ingress)
    };
    let recorder = |sid: u32| participant(&format!("PA_{sid}"), "EG_1", Kind::Egress);
    let left = |who: ParticipantInfo, why: DisconnectReason| ParticipantInfo {
        disconnect_reason: why.into(),
        ..who
    };
    let of_room = |event: &str, participant: Option<ParticipantInfo>| WebhookEvent {
        event: event.to_owned(),
        room: Some(RoomInfo {
            sid: room_sid.to_owned(),
            name: name.clone(),
            ..RoomInfo::default()
        }),
        participant,
        ..nothing.clone()
    };
    let of_track = |event: &str, sid: u32, track: u32| WebhookEvent {
        track: Some(TrackInfo {
            sid: format!("TR_{track}"),
            ..TrackInfo::default()
        }),
        // Of the participant only this is said.
        ..of_room(
            event,
            Some(ParticipantInfo {
                sid: format!("PA_{sid}"),
                identity: name.clone(),
                ..ParticipantInfo::default()
            }),
        )
    };
    let of_ingress = |event: &str, status: Status| WebhookEvent {
        event: event.to_owned(),
        ingress_info: Some(IngressInfo {
            room_name: name.clone(),
            state: Some(IngressState {
                status: status.into(),
                ..IngressState::default()
            }),
            ..IngressInfo::default()
        }),
        ..nothing.clone()
    };
    let of_egress = |event: &str, status: EgressStatus, size: i64| {
        let mut info = egress(status);
        info.file_results[0].size = size;
        WebhookEvent {
            event: event.to_owned(),
            egress_info: Some(info),
            ..nothing.clone()
        }
    };
    match seen {
        RoomStarted => of_room("room_started", None),
        RoomFinished => of_room("room_finished", None),
        IngressStarted => of_ingress("ingress_started", Status::EndpointPublishing),
        IngressEnded(status) => of_ingress("ingress_ended", status),
        Joined(sid) => of_room("participant_joined", Some(encoder(sid))),
        Published(sid, track) => of_track("track_published", sid, track),
        Unpublished(sid, track) => of_track("track_unpublished", sid, track),
        Left(sid, why) => of_room("participant_left", Some(left(encoder(sid), why))),
        RecorderJoined(sid) => of_room("participant_joined", Some(recorder(sid))),
        RecorderLeft(sid, why) => of_room("participant_left", Some(left(recorder(sid), why))),
        EgressStarted => of_egress("egress_started", EgressStarting, 0),
        EgressUpdated(status) => of_egress("egress_updated", status, 0),
        EgressEnded(status, size) => of_egress("egress_ended", status, size),
    }
}

/// What is in the room, and what the application believes.
#[derive(Debug, PartialEq, Eq)]
struct State {
    there: Vec<String>,
    is_on_air: bool,
    is_believed_on_air: bool,
    recording: &'static str,
}

impl State {
    fn of(rooms: &Rooms, application: &Application) -> Self {
        Self {
            there: rooms.known(owner()).into_keys().collect(),
            is_on_air: rooms.is_on_air(owner()),
            is_believed_on_air: application.current.is_some(),
            recording: match &application.recording.state {
                RecordingState::Starting { .. } => "starting",
                RecordingState::Recording { .. } => "recording",
                RecordingState::Processing { .. } => "processing",
                RecordingState::Available(file) if file.limit_reached => "available, cut",
                RecordingState::Available(_) => "available",
                RecordingState::Failed { reason, .. } if *reason == RecordingFailure::Aborted => {
                    "given up"
                }
                RecordingState::Failed { .. } => "failed",
            },
        }
    }
}

impl Case {
    fn expected(&self) -> State {
        State {
            there: self.there.iter().map(|&sid| sid.to_owned()).collect(),
            is_on_air: self.is_on_air,
            is_believed_on_air: self.is_on_air,
            recording: self.recording,
        }
    }
}

fn cases() -> Vec<Case> {
    of_ingress().into_iter().chain(of_egress()).collect()
}

#[test]
fn whatever_happens_to_the_services_is_understood_as_they_tell_it() {
    for case in cases() {
        let events = deliveries(&case.seen);
        let (rooms, application) = play(events.iter().map(|event| (event, true)));
        let state = State::of(&rooms, &application);
        assert_eq!(state, case.expected(), "{}", case.what);
        assert_eq!(application.generation, case.let_in, "{}", case.what);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Every event comes at least once, some again, in any order.
    #[test]
    fn and_in_any_other_order(
        case in (0..cases().len()).prop_map(|at| cases().swap_remove(at)),
        order in Just((0..24_usize).collect::<Vec<_>>()).prop_shuffle(),
        again in prop::collection::vec((0..24_usize, 0..40_usize), 0..10),
        settles in prop::collection::vec(any::<bool>(), 40),
    ) {
        let events = deliveries(&case.seen);
        prop_assert!(events.len() <= 24);
        let mut order = order;
        order.retain(|event| *event < events.len());
        for (event, place) in again {
            order.insert(place.min(order.len()), event % events.len());
        }
        let permuted = order.iter().map(|at| &events[*at]);
        let (rooms, application) = play(permuted.zip(settles.iter().copied().cycle()));
        let state = State::of(&rooms, &application);
        prop_assert_eq!(state, case.expected(), "{}", case.what);
    }
}
