//! Whatever is said, deleted and set, and whoever comes and goes: viewers are shown exactly the
//! log, in order, nothing before its time and nothing that was deleted by then; staff are shown
//! everything at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use greenroom_app::chat::history::{self, Part};
use greenroom_app::chat::{configure, delete};
use greenroom_app::realtime::{JoinRoom, JoinedRoom, Listener, Published, Shown, Start, join_room};
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::{ChatDelay, ChatSettings, Content, Line, LineBody, Place, Seq};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::page::PageLimit;
use greenroom_testkit::builders::guest_id;
use proptest::prelude::*;
use tokio::time::Instant;

use crate::support::{Platform, ticking};

/// How late somebody may be shown what is due.
const PATIENCE: Duration = Duration::from_millis(500);
const PEOPLE: usize = 4;

#[derive(Debug, Clone)]
enum Step {
    Post { many: usize },
    Delete { which: usize },
    Delay { seconds: Option<u16> },
    Pass { millis: u64 },
    Join { who: usize, anew: bool },
    Leave { who: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => Just(Step::Post { many: 1 }),
        1 => (50..300_usize).prop_map(|many| Step::Post { many }),
        4 => any::<usize>().prop_map(|which| Step::Delete { which }),
        3 => proptest::option::weighted(0.75, 1..8_u16)
            .prop_map(|seconds| Step::Delay { seconds }),
        8 => (1..3_000_u64).prop_map(|millis| Step::Pass { millis }),
        4 => (0..PEOPLE, any::<bool>()).prop_map(|(who, anew)| Step::Join { who, anew }),
        2 => (0..PEOPLE).prop_map(|who| Step::Leave { who }),
    ]
}

/// What is true of the room.
#[derive(Default)]
struct Truth {
    /// When each line was said.
    said: Vec<Instant>,
    deleted: Vec<Seq>,
    /// From when on, and from which line on, there was which delay.
    delays: Vec<(Instant, Seq, Duration)>,
}

impl Truth {
    fn delay(&self) -> Duration {
        self.delays.last().map_or(Duration::ZERO, |last| last.2)
    }

    /// When a line could be shown first.
    fn first(&self, seq: u64) -> Instant {
        let index = usize::try_from(seq - 1).expect("of one that was said");
        let said = self.said[index];
        let ends = self.delays.iter().skip(1).map(|(at, from, _)| (*at, *from));
        let ends = ends.map(Some).chain([None]);
        let times = self
            .delays
            .iter()
            .zip(ends)
            .filter_map(|((at, _, delay), end)| {
                let time = (said + *delay).max(*at);
                let is_before =
                    |(end, from): (Instant, Seq)| time < end || (time == end && seq < from.0);
                end.is_none_or(is_before).then_some(time)
            });
        times.min().expect("the last goes on for ever")
    }

    /// The last line that a viewer may have been shown by now, whenever they came.
    fn at_most(&self, now: Instant) -> Seq {
        let count = self.said.len() as u64;
        let hidden = (1..=count).find(|seq| self.first(*seq) > now);
        Seq(hidden.map_or(count, |seq| seq - 1))
    }

    /// The last line that every viewer has to have been shown by now.
    fn at_least(&self, now: Instant) -> Seq {
        let since = self.delays.last().map_or(now, |last| last.0);
        let due = |said: &Instant| (*said + self.delay()).max(since) + PATIENCE <= now;
        Seq(self.said.iter().take_while(|said| due(said)).count() as u64)
    }
}

struct Witness {
    is_staff: bool,
    truth: Arc<Mutex<Truth>>,
    seen: Mutex<Vec<Seq>>,
}

impl Witness {
    fn sees(&self, line: &Line) {
        let truth = self.truth.lock().unwrap_or_else(PoisonError::into_inner);
        let seq = line.place.seq;
        if !self.is_staff {
            let at_most = truth.at_most(Instant::now());
            assert!(
                seq <= at_most,
                "{seq:?} is shown before {at_most:?} is over"
            );
        }
        if let LineBody::Message(message) = &line.body
            && message.content != Content::Deleted
        {
            assert!(!truth.deleted.contains(&seq), "{seq:?} was deleted");
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(seq);
    }

    fn seen(&self) -> Vec<Seq> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clone()
    }
}

#[async_trait]
impl Listener for Witness {
    fn deliver(&self, published: &Arc<Published>) {
        if let Shown::Line(line) = &published.shown {
            self.sees(line);
        }
    }

    async fn catch_up(&self, missed: Vec<Published>) {
        for published in &missed {
            tokio::task::yield_now().await;
            if let Shown::Line(line) = &published.shown {
                self.sees(line);
            }
        }
    }

    fn shut_out(&self, _: Identity) {}
}

struct World {
    it: Platform,
    owner: Actor,
    channel: Channel,
    truth: Arc<Mutex<Truth>>,
    /// Somebody of the staff first.
    listening: [Option<(Arc<Witness>, JoinedRoom)>; PEOPLE],
    left_at: [Option<Place>; PEOPLE],
    messages: Vec<Seq>,
}

impl World {
    async fn new() -> Self {
        let it = ticking();
        let (owner, channel) = it.creator("ada").await;
        let truth = Truth {
            delays: vec![(Instant::now(), Seq::ZERO, Duration::ZERO)],
            ..Truth::default()
        };
        Self {
            it,
            owner,
            channel,
            truth: Arc::new(Mutex::new(truth)),
            listening: Default::default(),
            left_at: Default::default(),
            messages: Vec::new(),
        }
    }

    fn truth(&self) -> std::sync::MutexGuard<'_, Truth> {
        self.truth.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self) -> Seq {
        let mut truth = self.truth();
        truth.said.push(Instant::now());
        Seq(truth.said.len() as u64)
    }

    fn actor(&self, who: usize) -> Actor {
        match who {
            0 => self.owner,
            _ => Actor::Guest(guest_id(&format!("viewer {who}"))),
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Post { many } => {
                for _ in 0..many {
                    let seq = self.line();
                    let who = Actor::Guest(guest_id(&format!("guest {}", seq.0)));
                    let posted = self.it.say(&who, self.channel.id, "a secret").await;
                    assert_eq!(posted.expect("may chat").line.place.seq, seq);
                    self.messages.push(seq);
                }
            }
            Step::Delete { which } => self.delete(which).await,
            Step::Delay { seconds } => self.delay(seconds).await,
            Step::Pass { millis } => tokio::time::sleep(Duration::from_millis(millis)).await,
            Step::Join { who, anew } => self.join(who, anew).await,
            Step::Leave { who } => self.leave(who),
        }
    }

    async fn delete(&mut self, which: usize) {
        // Rather one of the last.
        let last = self.messages.len().saturating_sub(10);
        let recent = &self.messages[last..];
        let Some(target) = recent.get(which % recent.len().max(1)).copied() else {
            return;
        };
        self.messages.retain(|seq| *seq != target);
        self.line();
        delete::execute(&self.it.app, &self.owner, self.channel.id, target)
            .await
            .expect("hers");
        self.truth().deleted.push(target);
    }

    async fn delay(&mut self, seconds: Option<u16>) {
        let length = Duration::from_secs(seconds.unwrap_or(0).into());
        if length == self.truth().delay() {
            return;
        }
        let seq = self.line();
        self.truth().delays.push((Instant::now(), seq, length));
        let settings = ChatSettings {
            delay: seconds.map(|seconds| ChatDelay::new(seconds).expect("in range")),
            ..ChatSettings::default()
        };
        configure::execute(
            &self.it.app,
            &self.owner,
            &self.channel.handle,
            settings,
            None,
        )
        .await
        .expect("hers");
    }

    async fn join(&mut self, who: usize, anew: bool) {
        self.leave(who);
        let start = match self.left_at[who] {
            Some(place) if !anew => Start::After(place),
            _ => Start::Now,
        };
        let witness = Arc::new(Witness {
            is_staff: who == 0,
            truth: Arc::clone(&self.truth),
            seen: Mutex::default(),
        });
        let join = JoinRoom {
            channel: self.channel.id,
            start,
            listener: witness.clone(),
        };
        let joined = join_room(&self.it.app, &self.actor(who), join).await;
        let joined = joined.expect("may");
        assert!(!joined.resync);
        match start {
            Start::After(place) => assert_eq!(joined.from, place),
            Start::Now => self.is_right(who, joined.from.seq),
        }
        self.listening[who] = Some((witness, joined));
    }

    fn leave(&mut self, who: usize) {
        if let Some((witness, joined)) = self.listening[who].take() {
            let seq = witness.seen().last().copied();
            let seq = seq.unwrap_or(joined.from.seq);
            self.left_at[who] = Some(Place { seq, ..joined.from });
        }
    }

    /// Whether it is right that somebody stands there now.
    fn is_right(&self, who: usize, at: Seq) {
        let (truth, now) = (self.truth(), Instant::now());
        let (least, most) = match who {
            0 => (Seq(truth.said.len() as u64), Seq(truth.said.len() as u64)),
            _ => (truth.at_least(now), truth.at_most(now)),
        };
        assert!(
            least <= at && at <= most,
            "{who}: {least:?} {at:?} {most:?}"
        );
    }

    async fn check(&self) {
        for (who, listening) in self.listening.iter().enumerate() {
            let Some((witness, joined)) = listening else {
                continue;
            };
            let seen = witness.seen();
            let from = joined.from.seq;
            for (seq, expected) in seen.iter().zip(from.0 + 1..) {
                assert_eq!(seq.0, expected, "{who} from {from:?}: {seen:?}");
            }
            // Who has seen more already, when there was no delay, waits for the rest.
            let stands = seen.last().copied().unwrap_or(from);
            let least = match who {
                0 => Seq(self.truth().said.len() as u64),
                _ => self.truth().at_least(Instant::now()),
            };
            assert!(least <= stands, "{who} stands at {stands:?} of {least:?}");
        }
        for who in 0..2 {
            let (app, handle) = (&self.it.app, &self.channel.handle);
            let (actor, limit) = (self.actor(who), PageLimit::MAX);
            let newest = history::execute(app, &actor, handle, Part::Newest, limit).await;
            let newest = newest.expect("may");
            self.is_right(who, newest.head.seq);
            let last = newest.lines.last().map_or(Seq::ZERO, |line| line.place.seq);
            assert_eq!(last, newest.head.seq);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 120,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn viewers_are_shown_the_log_when_it_is_due(
        steps in proptest::collection::vec(step(), 1..60)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in steps {
                world.take(step).await;
                world.check().await;
            }
            world.take(Step::Pass { millis: 10_000 }).await;
            world.check().await;
        });
    }
}
