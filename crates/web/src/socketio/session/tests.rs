use std::time::Duration;

use super::*;
use crate::socketio::engine::packet::Packet as Engine;

const SECOND: Duration = Duration::from_secs(1);

struct Harness {
    session: Session,
    now: Instant,
}

impl Harness {
    fn new(via: Via) -> Self {
        let now = Instant::now();
        let config = Config {
            max_queued: 8,
            max_inbound: 4,
            ..Config::default()
        };
        let mut harness = Self {
            session: Session::new(Arc::new(config), via, "0{}", now),
            now,
        };
        assert_eq!(harness.sent(via), ["0{}"]);
        harness
    }

    /// A session whose client has been let in.
    fn connected(via: Via) -> Self {
        let mut harness = Self::new(via);
        assert_eq!(harness.get(via, "40"), Received::Accepted);
        assert!(matches!(
            harness.session.next_inbound(),
            Some(Inbound::Connect { .. })
        ));
        harness.session.accept("me");
        assert_eq!(harness.sent(via), [r#"40{"sid":"me"}"#]);
        harness
    }

    fn get(&mut self, via: Via, packet: &str) -> Received {
        self.session.receive(via, Engine::decode(packet), self.now)
    }

    fn sent(&mut self, via: Via) -> Vec<String> {
        let frames = match via {
            Via::Polling => {
                assert!(self.session.begin_poll(self.now));
                self.session.take_poll().unwrap_or_default()
            }
            Via::WebSocket => {
                let mut batch = VecDeque::new();
                self.session.take_batch(&mut batch);
                batch
            }
        };
        texts(frames)
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.session.tick(self.now);
    }

    fn ended(&self) -> Option<DisconnectReason> {
        self.session.ended().map(|end| end.reason)
    }
}

fn texts(frames: VecDeque<Bytes>) -> Vec<String> {
    let text = |frame| String::from_utf8(websocket::payload_of(&frame).to_vec()).unwrap();
    frames.into_iter().map(text).collect()
}

fn event(text: &str) -> Bytes {
    websocket::text(text)
}

#[test]
fn a_client_that_answers_pings_stays_and_one_that_does_not_is_timed_out() {
    let mut live = Harness::connected(Via::WebSocket);
    for _ in 0..3 {
        live.wait(25 * SECOND);
        assert_eq!(live.sent(Via::WebSocket), ["2"]);
        live.wait(19 * SECOND);
        assert_eq!(live.get(Via::WebSocket, "3"), Received::Accepted);
    }
    assert_eq!(live.ended(), None);

    let mut dead = Harness::connected(Via::Polling);
    dead.wait(25 * SECOND);
    dead.wait(20 * SECOND);
    assert_eq!(dead.ended(), Some(DisconnectReason::Timeout));
    assert!(dead.session.is_gone());
}

#[test]
fn who_never_connects_is_not_kept() {
    let mut harness = Harness::new(Via::Polling);
    harness.wait(10 * SECOND);
    assert_eq!(harness.ended(), Some(DisconnectReason::Timeout));
}

#[test]
fn a_half_sent_message_has_a_deadline() {
    let mut harness = Harness::connected(Via::WebSocket);
    harness.session.receiving(true, harness.now);
    harness.wait(5 * SECOND);
    harness.session.receiving(true, harness.now);
    assert_eq!(harness.ended(), None);
    harness.wait(3 * SECOND);
    assert_eq!(harness.ended(), Some(DisconnectReason::Timeout));
}

#[test]
fn an_upgrade_moves_the_queue_to_the_websocket() {
    let mut harness = Harness::connected(Via::Polling);
    assert!(harness.session.begin_poll(harness.now));
    assert!(harness.session.begin_upgrade(harness.now));
    assert!(!harness.session.begin_upgrade(harness.now), "one at a time");
    assert_eq!(harness.session.take_poll(), None);
    assert_eq!(
        harness.get(Via::WebSocket, "2probe"),
        Received::Reply(PROBE)
    );
    assert_eq!(
        texts(harness.session.take_poll().unwrap()),
        ["6"],
        "the poll is let go"
    );
    harness.session.send(event("42[\"a\"]"), Class::Durable);
    assert_eq!(harness.sent(Via::WebSocket), Vec::<String>::new());
    assert_eq!(harness.get(Via::WebSocket, "5"), Received::Accepted);
    assert_eq!(harness.sent(Via::WebSocket), ["42[\"a\"]"]);
    assert!(harness.session.expects(Via::WebSocket) && !harness.session.expects(Via::Polling));
}

#[test]
fn an_upgrade_that_fails_leaves_the_session_polling() {
    for misbehave in ["4hello", "5", "2", "x"] {
        let mut harness = Harness::connected(Via::Polling);
        harness.session.begin_upgrade(harness.now);
        assert_eq!(
            harness.get(Via::WebSocket, misbehave),
            Received::DropCandidate
        );
        assert!(harness.ended().is_none() && harness.session.expects(Via::Polling));
    }
    let mut slow = Harness::connected(Via::Polling);
    slow.session.begin_upgrade(slow.now);
    slow.wait(10 * SECOND);
    assert!(slow.session.concerns_task() && !slow.session.wants_websocket());
}

#[test]
fn an_end_in_the_middle_of_an_upgrade_waits_for_the_client_to_arrive() {
    let mut harness = Harness::connected(Via::Polling);
    harness.session.begin_upgrade(harness.now);
    harness.get(Via::WebSocket, "2probe");
    assert_eq!(harness.sent(Via::Polling), ["6"], "it polls no more");
    harness.session.disconnect(harness.now);
    assert!(harness.session.wants_websocket());
    assert!(!harness.session.lets_go_of_websocket());
    assert_eq!(harness.get(Via::WebSocket, "5"), Received::Accepted);
    assert!(
        !harness.session.lets_go_of_websocket(),
        "before the last words"
    );
    assert_eq!(harness.sent(Via::WebSocket), ["41"]);
    assert!(harness.session.lets_go_of_websocket());

    // One that gives its WebSocket up instead polls for the last words.
    let mut harness = Harness::connected(Via::Polling);
    harness.session.begin_upgrade(harness.now);
    harness.get(Via::WebSocket, "2probe");
    harness.session.disconnect(harness.now);
    harness.session.drop_candidate();
    assert_eq!(harness.sent(Via::Polling), ["41"]);
    assert_eq!(harness.sent(Via::Polling), ["1"]);
}

#[test]
fn an_end_before_the_probe_leaves_the_client_polling() {
    let mut harness = Harness::connected(Via::Polling);
    harness.session.begin_upgrade(harness.now);
    harness.session.disconnect(harness.now);
    assert!(!harness.session.wants_websocket());
    assert_eq!(
        harness.get(Via::WebSocket, "2probe"),
        Received::DropCandidate
    );
    assert_eq!(harness.sent(Via::Polling), ["41"]);
    assert!(
        !harness.session.lets_go_of_websocket(),
        "which would end the session before its client has heard of it"
    );
    assert_eq!(harness.sent(Via::Polling), ["1"]);
    assert!(harness.session.is_gone());
}

#[test]
fn a_second_poll_or_post_beside_the_first_ends_the_session() {
    let mut harness = Harness::connected(Via::Polling);
    assert!(harness.session.begin_poll(harness.now));
    assert!(!harness.session.begin_poll(harness.now));
    assert_eq!(texts(harness.session.take_poll().unwrap()), ["1"]);
    assert!(harness.session.is_gone());

    let mut harness = Harness::connected(Via::Polling);
    assert!(harness.session.begin_post(harness.now));
    assert!(!harness.session.begin_post(harness.now));
    assert!(harness.session.is_gone());
}

#[test]
fn a_full_queue_ends_with_a_hint_to_resume_and_nothing_in_between() {
    let mut harness = Harness::connected(Via::WebSocket);
    for n in 0..8 {
        let sent = harness
            .session
            .send(event(&format!("42[\"{n}\"]")), Class::Durable);
        assert_eq!(sent, Some(Pushed::Queued));
    }
    assert_eq!(
        harness.session.send(event("42[\"8\"]"), Class::Durable),
        Some(Pushed::Overflow)
    );
    harness.session.too_slow(harness.now);
    assert_eq!(harness.sent(Via::WebSocket), [RESUME]);
    assert_eq!(harness.ended(), Some(DisconnectReason::TooSlow));
    assert_eq!(
        harness.session.send(event("42[\"9\"]"), Class::Durable),
        None
    );
}

#[test]
fn what_is_sent_while_connecting_comes_after_the_answer() {
    let mut harness = Harness::new(Via::WebSocket);
    assert_eq!(
        harness.session.send(event("42[\"early\"]"), Class::Durable),
        None
    );
    harness.get(Via::WebSocket, "40");
    harness
        .session
        .send(event("42[\"welcome\"]"), Class::Durable);
    assert_eq!(harness.sent(Via::WebSocket), Vec::<String>::new());
    harness.session.accept("me");
    assert_eq!(
        harness.sent(Via::WebSocket),
        [r#"40{"sid":"me"}"#, "42[\"welcome\"]"]
    );
}

#[test]
fn a_refused_client_hears_why_and_may_try_again() {
    let mut harness = Harness::new(Via::WebSocket);
    harness.get(Via::WebSocket, "40");
    harness
        .session
        .send(event("42[\"secret\"]"), Class::Durable);
    let data = Some(serde_json::json!({ "code": "forbidden" }));
    harness.session.refuse(
        &ConnectError {
            message: "no".into(),
            data,
        },
        harness.now,
    );
    assert_eq!(
        harness.sent(Via::WebSocket),
        [r#"44{"message":"no","data":{"code":"forbidden"}}"#]
    );
    assert_eq!(
        harness.get(Via::WebSocket, r#"40{"token":"better"}"#),
        Received::Accepted
    );
}

#[test]
fn other_namespaces_are_refused_and_nothing_else_happens() {
    let mut harness = Harness::new(Via::WebSocket);
    harness.get(Via::WebSocket, "40/admin,{}");
    assert_eq!(
        harness.sent(Via::WebSocket),
        [r#"44/admin,{"message":"Invalid namespace"}"#]
    );
    assert!(harness.session.next_inbound().is_none());
    for _ in 0..9 {
        harness.get(Via::WebSocket, "40/admin,");
    }
    assert_eq!(
        harness.ended(),
        Some(DisconnectReason::TooSlow),
        "asking without reading"
    );
}

#[test]
fn packets_out_of_place_end_the_session() {
    for packet in [
        "2",
        "0{}",
        "5",
        "x",
        "",
        "bAQID",
        "4",
        "44{}",
        "40",
        "42[]",
        "42/x,[\"m\"]",
    ] {
        let mut harness = Harness::connected(Via::WebSocket);
        assert_eq!(
            harness.get(Via::WebSocket, packet),
            Received::Ended,
            "{packet}"
        );
        assert_eq!(harness.ended(), Some(DisconnectReason::Protocol));
    }
    let mut early = Harness::new(Via::WebSocket);
    assert_eq!(early.get(Via::WebSocket, "42[\"m\"]"), Received::Ended);
}

#[test]
fn attachments_are_refused_with_a_word() {
    for packet in ["451000000-[\"m\"]", "461-1[{}]"] {
        let mut harness = Harness::connected(Via::WebSocket);
        assert_eq!(harness.get(Via::WebSocket, packet), Received::Ended);
        assert_eq!(harness.sent(Via::WebSocket), ["41"]);
        assert_eq!(harness.session.ended().unwrap().code, close::UNSUPPORTED);
    }
}

#[test]
fn leaving_comes_after_the_events_before_it() {
    let mut harness = Harness::connected(Via::WebSocket);
    harness.get(Via::WebSocket, "42[\"last\"]");
    harness.get(Via::WebSocket, "41");
    harness.get(Via::WebSocket, "42[\"too late\"]");
    assert!(
        matches!(harness.session.next_inbound(), Some(Inbound::Event { name, .. }) if name == "last")
    );
    assert!(matches!(
        harness.session.next_inbound(),
        Some(Inbound::Leave)
    ));
    assert!(harness.session.next_inbound().is_none());
    assert_eq!(
        harness.session.send(event("42[\"m\"]"), Class::Durable),
        None
    );
}

#[test]
fn a_polling_client_gets_last_words_then_nothing() {
    let mut harness = Harness::connected(Via::Polling);
    harness.session.send(event("42[\"bye\"]"), Class::Durable);
    harness.session.disconnect(harness.now);
    assert!(!harness.session.is_gone());
    assert_eq!(harness.sent(Via::Polling), ["42[\"bye\"]", "41"]);
    assert!(!harness.session.is_gone());
    assert_eq!(harness.sent(Via::Polling), ["1"]);
    assert!(harness.session.is_gone());
}

#[test]
fn an_abandoned_poll_ends_the_session() {
    let mut harness = Harness::connected(Via::Polling);
    harness.session.begin_poll(harness.now);
    harness.session.abandon_poll(harness.now);
    assert_eq!(harness.ended(), Some(DisconnectReason::Transport));
}
