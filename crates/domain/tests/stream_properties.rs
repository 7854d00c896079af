//! Whatever order commands and media events come in, a stream keeps its promises.

use std::time::Duration;

use greenroom_domain::channel::ChannelTitle;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::event::Happening;
use greenroom_domain::shared::id::{ChannelId, NodeId, StreamId, StreamKeyId};
use greenroom_domain::stream::{
    EndReason, Generation, NewStream, Publisher, Stream, StreamError, StreamEvent, StreamRules,
    StreamState,
};
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

/// What can be done to a stream.
#[derive(Debug, Clone)]
enum Step {
    GoLive,
    Attach {
        node: u8,
        key: u8,
        silence_ms: Option<u64>,
    },
    /// The publisher so many generations ago says that it is gone.
    Lose {
        ago: u64,
    },
    NodeRestarted {
        node: u8,
    },
    End(EndReason),
    Sweep,
    Retitle(u8),
}

fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let silence_ms = proptest::option::of(0..4000_u64);
    let step = prop_oneof![
        2 => Just(Step::GoLive),
        4 => (0..3_u8, 0..3_u8, silence_ms).prop_map(|(node, key, silence_ms)| Step::Attach {
            node,
            key,
            silence_ms
        }),
        4 => (0..3_u64).prop_map(|ago| Step::Lose { ago }),
        2 => (0..3_u8).prop_map(|node| Step::NodeRestarted { node }),
        1 => prop_oneof![
            Just(EndReason::OwnerEnded),
            Just(EndReason::AdminEnded),
        ].prop_map(Step::End),
        4 => Just(Step::Sweep),
        1 => (0..3_u8).prop_map(Step::Retitle),
    ];
    let passes_ms = prop_oneof![0..1000_u64, 0..400_000_u64];
    vec((passes_ms, step), 1..60)
}

/// What a step answers: the next state and what is told, or a refusal.
fn take(
    stream: Stream,
    step: &Step,
    now: Timestamp,
) -> Result<(Stream, Vec<Happening>), StreamError> {
    let rules = StreamRules::default();
    let decision = match step {
        Step::GoLive => stream.go_live(&rules, now)?,
        Step::Attach {
            node,
            key,
            silence_ms,
        } => {
            let publisher = Publisher {
                node: node_id(*node),
                key: StreamKeyId::from_uuid(Uuid::from_u128((*key).into())),
                since: now,
            };
            let silence = silence_ms.map(Duration::from_millis);
            stream.attach(publisher, silence, &rules, now)?
        }
        Step::Lose { ago } => {
            let generation = Generation(stream.generation.0.saturating_sub(*ago));
            stream.lose_ingest(generation, &rules, now)
        }
        Step::NodeRestarted { node } => stream.lose_node(node_id(*node), &rules, now),
        Step::End(reason) => stream.end(*reason, now)?,
        Step::Sweep => stream.sweep(now),
        Step::Retitle(n) => stream.retitle(title(*n), None),
    };
    Ok((decision.next, decision.happened))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_of_steps_keeps_the_promises(steps in steps()) {
        let mut now = Timestamp::from_micros(1_767_268_800_000_000);
        let mut stream = pending(now);
        for (passes_ms, step) in steps {
            now = now + Duration::from_millis(passes_ms);
            let Ok((next, told)) = take(stream.clone(), &step, now) else {
                // A refusal leaves everything as it was.
                continue;
            };
            if told.is_empty() {
                prop_assert_eq!(&next, &stream, "nothing to tell, so nothing changed");
            }
            one_publisher_is_current(&stream, &next, &step)?;
            ended_stays_ended(&stream, &next, &told)?;
            it_starts_once(&stream, &next, &told)?;
            deadlines_are_kept(&stream, &next, &step, now)?;
            stream = next;
        }
    }

    #[test]
    fn a_publisher_is_replaced_only_when_it_is_silent(silence_ms in 0..10_000_u64) {
        let now = Timestamp::EPOCH;
        let first = Step::Attach { node: 1, key: 1, silence_ms: None };
        let (live, _) = take(pending(now), &first, now).expect("pending takes a publisher");
        let second = Step::Attach { node: 2, key: 1, silence_ms: Some(silence_ms) };
        let answer = take(live.clone(), &second, now);
        if silence_ms < 2000 {
            prop_assert_eq!(answer, Err(StreamError::AlreadyPublishing));
        } else {
            let (taken_over, _) = answer.expect("taken over");
            prop_assert_eq!(taken_over.publisher().map(|it| it.node), Some(node_id(2)));
            let rules = StreamRules::default();
            let late = taken_over.clone().lose_ingest(live.generation, &rules, now);
            prop_assert!(late.is_unchanged(), "the old one's goodbye is not the new one's");
        }
    }
}

/// Two publishers are never both current: each that comes in gets a generation of its own, and
/// only the current one's goodbye counts.
fn one_publisher_is_current(
    before: &Stream,
    after: &Stream,
    step: &Step,
) -> Result<(), TestCaseError> {
    let came_in = matches!(step, Step::Attach { .. });
    let expected = before.generation.0 + u64::from(came_in);
    prop_assert_eq!(after.generation, Generation(expected));
    prop_assert_eq!(came_in, came_in && after.publisher().is_some());
    if let Step::Lose { ago } = step
        && *ago > 0
        && before.generation.0 > 0
    {
        prop_assert_eq!(after, before, "an old publisher's goodbye changes nothing");
    }
    if let Step::NodeRestarted { node } = step
        && before
            .publisher()
            .is_none_or(|it| it.node != node_id(*node))
    {
        prop_assert_eq!(after, before, "another node's restart changes nothing");
    }
    Ok(())
}

/// The first reason stays, and nothing is told of an ended stream.
fn ended_stays_ended(
    before: &Stream,
    after: &Stream,
    told: &[Happening],
) -> Result<(), TestCaseError> {
    if matches!(before.state, StreamState::Ended { .. }) {
        prop_assert_eq!(after, before);
        prop_assert!(told.is_empty());
    }
    let tells = told
        .iter()
        .any(|it| matches!(it, Happening::Stream(StreamEvent::Ended { .. })));
    let ended = matches!(after.state, StreamState::Ended { .. }) && before != after;
    prop_assert_eq!(tells, ended, "an end is told when it comes");
    Ok(())
}

/// Once on air, the time when it started stays; a stream that never started never ends.
fn it_starts_once(
    before: &Stream,
    after: &Stream,
    told: &[Happening],
) -> Result<(), TestCaseError> {
    let tells = told
        .iter()
        .any(|it| matches!(it, Happening::Stream(StreamEvent::Started { .. })));
    match before.started_at() {
        Some(started_at) => {
            prop_assert_eq!(after.started_at(), Some(started_at));
            prop_assert!(!tells);
        }
        None => prop_assert_eq!(tells, after.is_live()),
    }
    Ok(())
}

/// It waits for an encoder only until a deadline, and no sweep ends it before.
fn deadlines_are_kept(
    before: &Stream,
    after: &Stream,
    step: &Step,
    now: Timestamp,
) -> Result<(), TestCaseError> {
    let waits = after.is_live() && after.publisher().is_none();
    prop_assert_eq!(after.deadline().is_some(), waits);
    if let Step::Sweep = step {
        let due = before.deadline().is_some_and(|deadline| deadline <= now);
        let ended = matches!(after.state, StreamState::Ended { .. });
        if due {
            prop_assert!(ended);
        } else {
            prop_assert_eq!(after, before);
        }
    }
    if waits && before.deadline().is_none() {
        prop_assert!(
            after.deadline() > Some(now),
            "there is time when the wait begins"
        );
    }
    Ok(())
}

fn pending(now: Timestamp) -> Stream {
    let new = NewStream {
        id: StreamId::from_uuid(Uuid::from_u128(1)),
        channel: ChannelId::from_uuid(Uuid::from_u128(2)),
        title: title(0),
        category: None,
    };
    Stream::create(new, now).next
}

fn node_id(n: u8) -> NodeId {
    NodeId::from_uuid(Uuid::from_u128(n.into()))
}

fn title(n: u8) -> ChannelTitle {
    ChannelTitle::parse(&format!("Title {n}")).expect("a title that fits")
}
