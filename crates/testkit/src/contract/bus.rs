//! Promises of `Bus`. Each function takes the ends of three nodes on a bus of their own, all
//! of which have joined it.

use std::time::Duration;

use greenroom_domain::account::DisplayName;
use greenroom_domain::chat::{Ephemeral, Line, Place, Seq};
use greenroom_domain::shared::bus::{Bus, Signal};
use tokio::time::timeout;

use crate::builders::{channel_id, guest, message, stream_id, viewer};

/// More than any queue holds.
const TOO_MANY: u64 = 100_000;
/// How long a bus that works may take at most.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long nothing is to be heard for.
const SILENCE: Duration = Duration::from_millis(100);

/// All of the promises, each on a new one.
pub async fn all<B: Bus>(make: impl AsyncFn() -> [B; 3]) {
    what_a_node_tells_the_others_hear(&make().await).await;
    a_node_does_not_hear_itself(&make().await).await;
    who_stops_waiting_loses_nothing(&make().await).await;
    too_much_is_told_and_it_goes_on(&make().await).await;
}

/// Every kind of signal arrives at every other node as it was told, in order.
pub async fn what_a_node_tells_the_others_hear<B: Bus>([one, two, three]: &[B; 3]) {
    let told = every_kind();
    for signal in &told {
        one.tell(signal.clone());
    }
    for other in [two, three] {
        for signal in &told {
            assert_eq!(next(other).await, *signal);
        }
    }
    three.tell(line(7));
    assert_eq!(next(one).await, line(7), "the other way too");
    assert_eq!(next(two).await, line(7));
}

/// A node hears the others and not itself.
pub async fn a_node_does_not_hear_itself<B: Bus>([one, two, _]: &[B; 3]) {
    one.tell(line(1));
    two.tell(line(2));
    assert_eq!(next(one).await, line(2));
    assert_eq!(next(two).await, line(1));
    for end in [one, two] {
        let heard = timeout(SILENCE, end.hear()).await;
        assert!(heard.is_err(), "it heard what it told itself: {heard:?}");
    }
}

/// Who gives up waiting hears what comes when they wait again.
pub async fn who_stops_waiting_loses_nothing<B: Bus>([one, two, _]: &[B; 3]) {
    for n in 1..=20 {
        let early = timeout(Duration::from_millis(1), two.hear()).await;
        assert!(early.is_err(), "nothing was told: {early:?}");
        one.tell(line(n));
        assert_eq!(next(two).await, line(n));
    }
}

/// However much is told while nobody hears, telling goes on; what is heard of it comes in
/// order, and what is told once there is room again is heard.
pub async fn too_much_is_told_and_it_goes_on<B: Bus>([one, two, _]: &[B; 3]) {
    for n in 1..=TOO_MANY {
        one.tell(line(n));
    }
    let mut heard = Vec::new();
    while let Ok(signal) = timeout(SILENCE, two.hear()).await {
        heard.push(number(&signal));
    }
    assert!(heard.is_sorted(), "out of order");
    let last = TOO_MANY + 1;
    let hearing = async {
        loop {
            one.tell(line(last));
            match timeout(SILENCE, two.hear()).await {
                Ok(signal) if number(&signal) == last => return,
                _ => {}
            }
        }
    };
    timeout(PATIENCE, hearing).await.expect("it is heard again");
}

async fn next(end: &dyn Bus) -> Signal {
    let signal = timeout(PATIENCE, end.hear()).await;
    signal.expect("a signal in time")
}

fn line(n: u64) -> Signal {
    let new = message("ada", viewer("bob"), &format!("Line {n} \u{1f980}")).line();
    let place = Place {
        epoch: 1,
        seq: Seq(n),
    };
    Signal::Line {
        room: channel_id("ada"),
        line: Line {
            place,
            at: new.at,
            body: new.body,
        },
    }
}

fn number(signal: &Signal) -> u64 {
    match signal {
        Signal::Line { line, .. } => line.place.seq.0,
        Signal::Ephemeral { .. } => panic!("nobody told {signal:?}"),
    }
}

fn every_kind() -> Vec<Signal> {
    let name = DisplayName::parse("Ada \"the\" Löwe").expect("a display name that fits");
    let room = channel_id("ada");
    let shown = [
        Ephemeral::Viewers {
            stream: stream_id("ada", 1),
            viewers: u64::MAX,
            joined: vec![viewer("bob"), guest("gus")],
            left: vec![],
        },
        Ephemeral::Typing {
            who: guest("gus"),
            name,
            active: true,
        },
    ];
    let shown = shown.map(|what| Signal::Ephemeral { room, what });
    [line(u64::MAX)].into_iter().chain(shown).collect()
}
