use std::collections::BTreeMap;
use std::sync::Arc;

use greenroom_domain::chat::Seq;

use crate::realtime::{Listener, Published, Shown};

/// How many lines wait in memory for one that is late; what is more is read from the log.
const WAITING: usize = 1024;
/// From how many listeners on a room is shown its lines in rounds.
const CROWD: usize = 64;
/// How many lines a round has at most.
const TOGETHER: usize = 64;
/// How many listeners have their turn at a time, before others may do something.
const TURN: usize = 128;

/// What is known of a room while somebody listens to it.
#[derive(Default)]
pub(super) struct Room {
    /// The next line to show; unknown until the log has said where it ends.
    next: Option<Seq>,
    /// The newest line that was heard of.
    newest: Option<Seq>,
    /// Lines whose forerunners are not here yet: commits answer in any order.
    waiting: BTreeMap<Seq, Arc<Published>>,
    /// Somebody looks after a late line.
    is_filling: bool,
    /// Somebody shows the lines in rounds; until then they gather.
    in_rounds: bool,
    listeners: BTreeMap<u64, Listening>,
}

/// Some lines on their way to a crowd: each listener is woken once for all of them, and the
/// crowd by turns.
pub(super) struct Round {
    lines: Vec<Arc<Published>>,
    /// Who had their turn: all up to this number.
    up_to: Option<u64>,
}

struct Listening {
    /// What they have seen already: the log may be ahead of what has come by here.
    after: Seq,
    listener: Arc<dyn Listener>,
}

impl Room {
    /// Whether it is known which line is next.
    pub(super) fn is_known(&self) -> bool {
        self.next.is_some()
    }

    /// The log ends there, where that is not known yet.
    pub(super) fn begin_behind(&mut self, head: Seq) {
        if self.next.is_none() {
            self.next = Some(head.next());
            self.waiting = self.waiting.split_off(&head.next());
            self.show_what_is_next();
        }
    }

    /// The last line that was shown.
    pub(super) fn shown(&self) -> Option<Seq> {
        self.next.map(before)
    }

    /// Takes a line, and shows it once all before it have been.
    pub(super) fn take(&mut self, published: Arc<Published>) {
        let Shown::Line(line) = &published.shown else {
            return;
        };
        let seq = line.place.seq;
        self.newest = self.newest.max(Some(seq));
        let is_next = self.next == Some(seq);
        let is_to_come = self.next.is_none_or(|next| next < seq);
        if is_next || (is_to_come && self.waiting.len() < WAITING) {
            self.waiting.entry(seq).or_insert(published);
            if !self.in_rounds && self.listeners.len() < CROWD {
                self.show_what_is_next();
            }
        }
    }

    /// Whether lines are to be shown in rounds and nobody does: who asks does then.
    pub(super) fn begin_rounds(&mut self) -> bool {
        let is_next_here = self
            .next
            .is_some_and(|next| self.waiting.contains_key(&next));
        let begins = !self.in_rounds && is_next_here;
        self.in_rounds |= begins;
        begins
    }

    /// The next round. With nothing to show, rounds are over.
    pub(super) fn next_round(&mut self) -> Option<Round> {
        let mut lines = Vec::new();
        while lines.len() < TOGETHER
            && let Some(published) = self.take_next()
        {
            lines.push(published);
        }
        self.in_rounds = !lines.is_empty();
        self.in_rounds.then_some(Round { lines, up_to: None })
    }

    /// Whether a whole round is waiting: there is nothing to rest for.
    pub(super) fn has_a_round(&self) -> bool {
        self.waiting.len() >= TOGETHER
    }

    /// Shows a round to those whose turn it is. Whether somebody has theirs still to come.
    pub(super) fn show_turn(&self, round: &mut Round) -> bool {
        let from = round.up_to.map_or(0, |up_to| up_to + 1);
        let mut turn = 0;
        for (number, listening) in self.listeners.range(from..).take(TURN) {
            for line in &round.lines {
                listening.give(line);
            }
            round.up_to = Some(*number);
            turn += 1;
        }
        turn == TURN
    }

    /// Shows something at once.
    pub(super) fn show(&self, published: &Arc<Published>) {
        for listening in self.listeners.values() {
            listening.give(published);
        }
    }

    /// Behind which line others wait for one.
    pub(super) fn awaited(&self) -> Option<Seq> {
        self.next
            .filter(|next| self.newest.is_some_and(|newest| *next <= newest))
            .filter(|next| !self.waiting.contains_key(next))
            .map(before)
    }

    /// Whether somebody has to look after a late line, and nobody does: who asks does then.
    pub(super) fn begin_to_wait(&mut self) -> bool {
        let begins = !self.is_filling && self.awaited().is_some();
        self.is_filling |= begins;
        begins
    }

    /// Nobody looks after late lines any more.
    pub(super) fn stop_waiting(&mut self) {
        self.is_filling = false;
    }

    /// Somebody listens, who has seen everything up to there.
    pub(super) fn listen(&mut self, number: u64, after: Seq, listener: Arc<dyn Listener>) {
        self.listeners.insert(number, Listening { after, listener });
    }

    /// They leave, if they were there. To be dropped when the room is not locked.
    pub(super) fn leave(&mut self, number: u64) -> Option<Arc<dyn Listener>> {
        self.listeners.remove(&number).map(|it| it.listener)
    }

    pub(super) fn listeners(&self) -> usize {
        self.listeners.len()
    }

    fn show_what_is_next(&mut self) {
        while let Some(published) = self.take_next() {
            self.show(&published);
        }
    }

    fn take_next(&mut self) -> Option<Arc<Published>> {
        let next = self.next?;
        let published = self.waiting.remove(&next)?;
        self.next = Some(next.next());
        Some(published)
    }
}

impl Listening {
    /// Unless they have seen it already.
    fn give(&self, published: &Arc<Published>) {
        let is_new = match &published.shown {
            Shown::Line(line) => line.place.seq > self.after,
            Shown::Ephemeral(_) => true,
        };
        if is_new {
            self.listener.deliver(published);
        }
    }
}

fn before(seq: Seq) -> Seq {
    Seq(seq.0.saturating_sub(1))
}
