use std::collections::BTreeSet;

use greenroom_domain::channel::{ChannelTitle, Handle};
use greenroom_domain::recording::{Recording, RecordingProgress, RecordingRules};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, NodeId, RecordingId, StreamKeyId};
use greenroom_domain::stream::{Generation, NewStream, Publisher, Stream, StreamRules};
use livekit_protocol::output::Config;
use livekit_protocol::participant_info::Kind;
use livekit_protocol::{
    EgressInfo, EgressStatus, FileInfo, FileOutput, IngressInfo, Output, ParticipantInfo,
    Room as RoomInfo, StartEgressRequest, TrackInfo, WebhookEvent, egress_info,
};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::recording::RecordingOptions;
use crate::token::metadata_of;
use crate::webhook::{News, read};

mod recorded;

const OWNER: u128 = 7;

fn owner() -> UserId {
    UserId::from_uuid(Uuid::from_u128(OWNER))
}

fn key() -> KeyVersion {
    KeyVersion {
        key: StreamKeyId::from_uuid(Uuid::from_u128(3)),
        since: Timestamp::from_micros(5),
    }
}

fn stream() -> StreamId {
    StreamId::from_uuid(Uuid::from_u128(11))
}

/// An application that lets in whoever comes while nobody publishes, and has asked for a
/// recording.
#[derive(Debug)]
struct Application {
    generation: u64,
    current: Option<Generation>,
    watching: BTreeSet<Identity>,
    recording: Recording,
}

impl Application {
    fn new() -> Self {
        let now = Timestamp::EPOCH;
        let new = NewStream {
            id: stream(),
            channel: ChannelId::from_uuid(Uuid::from_u128(1)),
            title: ChannelTitle::parse("demo").expect("a title"),
            category: None,
        };
        let publisher = Publisher {
            node: NodeId::from_uuid(Uuid::from_u128(2)),
            key: key().key,
            since: now,
        };
        let stream = Stream::create(new, now).next;
        let attached = stream.attach(publisher, None, &StreamRules::default(), now);
        let on_air = attached.expect("nobody publishes").next;
        let rules = RecordingRules::default();
        let requested = Recording::request(recording(), &on_air, &rules, now);
        Self {
            generation: 0,
            current: None,
            watching: BTreeSet::new(),
            recording: requested.expect("somebody publishes").next,
        }
    }

    fn recorded(&mut self, progress: RecordingProgress) {
        let (rules, now) = (RecordingRules::default(), Timestamp::EPOCH);
        self.recording = self.recording.clone().advance(progress, &rules, now).next;
    }

    /// Does everything that follows in the room. Looking finds nothing out: webhooks alone have
    /// to do.
    fn settle(&mut self, rooms: &mut Rooms) {
        assert!(rooms.begin(owner()));
        while let Some(work) = rooms.next(owner()) {
            match work {
                Work::Lost(lease) if self.current == Some(lease.generation) => self.current = None,
                Work::Lost(_) | Work::Expel { .. } | Work::Look => {}
                Work::Admit { sid, .. } if self.current.is_some() => {
                    rooms.turn_away(owner(), &sid);
                }
                Work::Admit { sid, key: by, .. } => {
                    assert_eq!(by, Key::Ours(key()));
                    self.generation += 1;
                    self.current = Some(Generation(self.generation));
                    let lease = IngestLease {
                        stream: stream(),
                        channel: ChannelId::from_uuid(Uuid::from_u128(1)),
                        handle: Handle::parse("demo").expect("a handle"),
                        generation: Generation(self.generation),
                    };
                    rooms.let_in(owner(), &sid, lease, Instant::now());
                }
                Work::Judge(viewer) => rooms.judged(owner(), viewer, true),
                Work::Count { came, went } => {
                    for viewer in went {
                        assert!(self.watching.remove(&viewer), "they were there");
                    }
                    for viewer in came {
                        assert!(self.watching.insert(viewer), "they were not there");
                    }
                }
            }
        }
    }
}

fn participant(sid: &str, identity: &str, kind: Kind) -> ParticipantInfo {
    ParticipantInfo {
        sid: sid.to_owned(),
        identity: identity.to_owned(),
        kind: kind.into(),
        joined_at_ms: sid.trim_start_matches("PA_").parse().expect("a number"),
        ..ParticipantInfo::default()
    }
}

fn recording() -> RecordingId {
    RecordingId::from_uuid(Uuid::from_u128(31))
}

fn tape() -> RecordingOptions {
    RecordingOptions::in_directory("/recordings").expect("a directory")
}

/// The states of an egress that records the broadcast.
const EGRESS: [EgressStatus; 4] = [
    EgressStatus::EgressStarting,
    EgressStatus::EgressActive,
    EgressStatus::EgressEnding,
    EgressStatus::EgressComplete,
];

fn egress(status: EgressStatus) -> EgressInfo {
    let is_over = status == EgressStatus::EgressComplete;
    let path = format!("/recordings/{}.mp4", recording());
    let file = FileInfo {
        filename: path.clone(),
        started_at: 2_000_000,
        duration: i64::from(is_over) * 7_000_000,
        size: i64::from(is_over) * 9,
        ..FileInfo::default()
    };
    let output = Output {
        config: Some(Config::File(FileOutput {
            filepath: path,
            ..FileOutput::default()
        })),
        ..Output::default()
    };
    let request = StartEgressRequest {
        outputs: vec![output],
        ..StartEgressRequest::default()
    };
    EgressInfo {
        status: status.into(),
        file_results: vec![file],
        request: Some(egress_info::Request::Egress(request)),
        ..EgressInfo::default()
    }
}

/// The webhooks of a broadcast, in the order in which a real server sent them: RTMP comes in, is
/// recorded and watched in two tabs and by a guest, drops and comes back into the same room.
fn broadcast() -> Vec<WebhookEvent> {
    let (mut events, mut states) = (Vec::new(), EGRESS.into_iter());
    let mut say = |event: &str, who: Option<ParticipantInfo>, track: Option<&str>| {
        let of_egress = event.starts_with("egress");
        events.push(WebhookEvent {
            id: format!("EV_{}", events.len()),
            event: event.to_owned(),
            egress_info: of_egress.then(|| egress(states.next().expect("there are four"))),
            room: Some(RoomInfo {
                sid: "RM_1".to_owned(),
                name: owner().to_string(),
                ..RoomInfo::default()
            }),
            participant: who,
            track: track.map(|sid| TrackInfo {
                sid: sid.to_owned(),
                ..TrackInfo::default()
            }),
            ingress_info: event.starts_with("ingress").then(|| IngressInfo {
                room_name: owner().to_string(),
                ..IngressInfo::default()
            }),
            ..WebhookEvent::default()
        });
    };
    let encoder = |sid: &str| ParticipantInfo {
        metadata: metadata_of(key()),
        ..participant(sid, &owner().to_string(), Kind::Ingress)
    };
    let by_name = |sid: &str| ParticipantInfo {
        joined_at_ms: 0,
        ..participant(sid, &owner().to_string(), Kind::Standard)
    };
    let ada = UserId::from_uuid(Uuid::from_u128(21));
    let ada = |sid: &str, tab: u32| participant(sid, &format!("{ada}#{tab}"), Kind::Standard);
    let guest = |sid: &str| participant(sid, "guest-1-00000000000000000009", Kind::Standard);

    say("room_started", None, None);
    say("ingress_started", None, None);
    say("participant_joined", Some(encoder("PA_1")), None);
    say("track_published", Some(by_name("PA_1")), Some("TR_1"));
    say("track_published", Some(by_name("PA_1")), Some("TR_2"));
    say("participant_joined", Some(ada("PA_2", 1)), None);
    say("participant_joined", Some(ada("PA_3", 2)), None);
    say("participant_joined", Some(guest("PA_4")), None);
    let recorder = |sid: &str| participant(sid, "EG_1", Kind::Egress);
    say("egress_started", None, None);
    say("participant_joined", Some(recorder("PA_5")), None);
    say("egress_updated", None, None);
    say("participant_left", Some(ada("PA_2", 1)), None);
    say("track_unpublished", Some(by_name("PA_1")), Some("TR_1"));
    say("track_unpublished", Some(by_name("PA_1")), Some("TR_2"));
    say("participant_left", Some(encoder("PA_1")), None);
    say("ingress_ended", None, None);
    say("ingress_started", None, None);
    say("participant_joined", Some(encoder("PA_6")), None);
    say("track_published", Some(by_name("PA_6")), Some("TR_3"));
    say("egress_updated", None, None);
    say("participant_left", Some(recorder("PA_5")), None);
    say("egress_ended", None, None);
    say("participant_connection_aborted", Some(guest("PA_4")), None);
    say("participant_joined", Some(guest("PA_7")), None);
    say("participant_joined", Some(guest("PA_8")), None);
    say("participant_left", Some(guest("PA_7")), None);
    events
}

/// The rooms and the application after these deliveries.
fn play<'a>(deliveries: impl Iterator<Item = (&'a WebhookEvent, bool)>) -> (Rooms, Application) {
    let (mut rooms, mut application) = (Rooms::default(), Application::new());
    let tape = tape();
    let now = Instant::now();
    for (event, settles) in deliveries {
        match read(event, Some(&tape)) {
            Some(News::Room(room, heard)) => rooms.hear(room, heard, now),
            Some(News::Recorded(of, progress)) => {
                assert_eq!(of, recording());
                application.recorded(progress);
            }
            None => {}
        }
        if settles {
            application.settle(&mut rooms);
        }
    }
    application.settle(&mut rooms);
    (rooms, application)
}

/// What is in the room, and what the application believes, after these deliveries.
fn after<'a>(deliveries: impl Iterator<Item = (&'a WebhookEvent, bool)>) -> String {
    let (rooms, application) = play(deliveries);
    let people = rooms.known(owner());
    let on_air = (application.current.is_some(), rooms.is_on_air(owner()));
    let (watching, recording) = (&application.watching, &application.recording.state);
    format!("{people:?} {watching:?} {recording:?} {on_air:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Every event comes at least once, some again, in any order.
    #[test]
    fn deliveries_in_any_order_leave_the_state_of_the_ordered_ones(
        order in Just((0..26_usize).collect::<Vec<_>>()).prop_shuffle(),
        again in prop::collection::vec((0..26_usize, 0..60_usize), 0..20),
        settles in prop::collection::vec(any::<bool>(), 64),
    ) {
        let events = broadcast();
        prop_assert_eq!(events.len(), 26);
        let ordered = after(events.iter().map(|event| (event, true)));
        let mut order = order;
        for (event, place) in again {
            order.insert(place.min(order.len()), event);
        }
        let deliveries = order.iter().map(|at| &events[*at]);
        let permuted = after(deliveries.zip(settles.iter().copied().cycle()));
        prop_assert_eq!(permuted, ordered);
    }
}

#[test]
fn after_the_broadcast_one_publishes_two_watch_and_it_is_recorded() {
    let events = broadcast();
    let state = after(events.iter().map(|event| (event, true)));
    assert_eq!(state.matches("PA_").count(), 3, "{state}");
    assert!(state.contains("PA_3") && state.contains("PA_6") && state.contains("PA_8"));
    assert!(
        state.contains("Available") && state.contains("size: 9"),
        "{state}"
    );
    assert!(state.ends_with("(true, true)"), "{state}");
}

#[test]
fn who_is_not_in_the_list_any_more_has_gone_and_who_came_meanwhile_has_not() {
    let mut rooms = Rooms::default();
    let now = Instant::now();
    let hear = |rooms: &mut Rooms, event: &WebhookEvent| {
        if let Some(News::Room(room, heard)) = read(event, None) {
            rooms.hear(room, heard, now);
        }
    };
    let events = broadcast();
    for event in &events[..6] {
        hear(&mut rooms, event);
    }
    let known = rooms.known(owner());
    hear(&mut rooms, &events[6]);
    rooms.look(owner(), &known, Vec::new(), now);
    let there: Vec<String> = rooms.known(owner()).into_keys().collect();
    assert_eq!(there, ["PA_3"]);
    // What is said late of who has gone brings nobody back.
    hear(&mut rooms, &events[5]);
    assert_eq!(rooms.known(owner()).len(), 1);
}
