use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::chat::{ChatDelay, LineBody, Seq};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::StreamId;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::realtime::slice::OnAir;

/// Of how many lines it is kept in mind when they were said; of those behind them the log is
/// asked.
const KNOWN: usize = 1_024;
/// How many lines viewers are shown together at most: far fewer than may wait for one of them,
/// also where many are due at once because the delay has become shorter.
const TOGETHER: usize = 64;
/// How long at least between two times that they are shown any.
pub(super) const PACE: Duration = Duration::from_millis(25);

/// How far viewers are in a room whose chat is delayed. The staff are shown everything as it
/// comes.
///
/// Their lines are read from the log when they are due: so none waits in memory, and who has
/// deleted a message before can be sure that nobody is shown its text.
pub(super) struct Delayed {
    /// Nothing once the room is delayed no more, until viewers have caught up.
    length: Duration,
    /// The last line that viewers were shown.
    cut: Seq,
    /// What was on air there.
    on_air: OnAir,
    /// When the lines right behind it were said.
    said: VecDeque<Said>,
    /// Viewers catch up with the last few lines: no other is shown to anybody meanwhile.
    is_closing: bool,
    changed: Arc<Notify>,
}

/// When a line was said. It never waits for longer than the delay from when it was heard,
/// whatever its stamp and the time of day are: clocks are set.
struct Said {
    heard: Instant,
    age: Duration,
}

/// What is to be done next for the viewers of a delayed room.
pub(super) enum Step {
    /// Nothing: they have been shown everything.
    Rest,
    /// To wait, until then or until the delay is another.
    Wait(Instant, Arc<Notify>),
    /// To read so many lines behind there from the log, and show them.
    Show(Seq, usize),
    /// To read lines behind there, and see when they were said.
    Look(Seq),
}

impl Delayed {
    /// Viewers have been shown the log up to `cut`, where this was on air.
    pub(super) fn begin(delay: ChatDelay, cut: Seq, on_air: OnAir) -> Self {
        Self {
            length: delay.length(),
            cut,
            on_air,
            said: VecDeque::new(),
            is_closing: false,
            changed: Arc::default(),
        }
    }

    /// The last line that viewers were shown.
    pub(super) fn cut(&self) -> Seq {
        self.cut
    }

    /// What was on air there.
    pub(super) fn on_air(&self) -> OnAir {
        self.on_air
    }

    /// Whether no line may be shown to anybody for the moment.
    pub(super) fn is_closing(&self) -> bool {
        self.is_closing
    }

    /// Whether viewers have caught up with a room that is delayed no more.
    pub(super) fn is_over(&self, shown: Seq) -> bool {
        self.length.is_zero() && self.cut >= shown
    }

    /// Another delay from now on, or none.
    pub(super) fn change(&mut self, delay: Option<ChatDelay>) {
        self.length = delay.map_or(Duration::ZERO, ChatDelay::length);
        self.changed.notify_one();
    }

    /// A line that viewers are shown later.
    pub(super) fn hear(&mut self, seq: Seq, at: Timestamp, now: Timestamp) {
        let known = self.said.len();
        if known < KNOWN && self.cut.0 + known as u64 + 1 == seq.0 {
            self.said.push_back(Said {
                heard: Instant::now(),
                age: now.since(at),
            });
        }
    }

    /// What is next, where the log was shown to the staff up to `shown`.
    pub(super) fn step(&mut self, shown: Seq, now: Instant) -> Step {
        let left = usize::try_from(shown.0.saturating_sub(self.cut.0)).unwrap_or(usize::MAX);
        if left == 0 {
            return Step::Rest;
        }
        if self.length.is_zero() {
            self.is_closing = left <= TOGETHER;
            return Step::Show(self.cut, left.min(TOGETHER));
        }
        let Some(first) = self.said.front() else {
            return Step::Look(self.cut);
        };
        let due = first.due(self.length);
        if due > now {
            return Step::Wait(due, Arc::clone(&self.changed));
        }
        let are_due = self
            .said
            .iter()
            .take(TOGETHER)
            .take_while(|said| said.due(self.length) <= now);
        Step::Show(self.cut, are_due.count())
    }

    /// Whether viewers are shown this line now, which was read for them: the delay may have
    /// become longer meanwhile.
    pub(super) fn lets_through(&mut self, seq: Seq, now: Instant) -> bool {
        let is_due = self.length.is_zero()
            || self
                .said
                .front()
                .is_some_and(|said| said.due(self.length) <= now);
        let goes = is_due && seq == self.cut.next();
        if goes {
            self.said.pop_front();
            self.cut = seq;
        }
        goes
    }

    /// Passes over the line that was let through; says which stream it belongs to.
    pub(super) fn pass(&mut self, line: &LineBody) -> Option<StreamId> {
        self.on_air.step(line)
    }

    /// The log could not be read: everybody else goes on.
    pub(super) fn give_way(&mut self) {
        self.is_closing = false;
    }
}

impl Said {
    fn due(&self, delay: Duration) -> Instant {
        self.heard + delay.saturating_sub(self.age)
    }
}
