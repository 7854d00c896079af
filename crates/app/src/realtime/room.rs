use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use greenroom_domain::chat::Seq;

use crate::realtime::{Listener, Published, Shown};

/// How many lines wait in memory for one that is late; what is more is read from the log.
const WAITING: usize = 256;
/// From how many listeners on lines that follow each other closely are shown together: each
/// listener then is given several at once, for little more than one costs.
const CROWD: usize = 64;
/// How many lines are shown together at most.
const TOGETHER: usize = 64;

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
    /// Lines have just been shown: those that are next wait until [`Room::show_gathered`].
    is_gathering: bool,
    listeners: HashMap<u64, Listening>,
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
            if !self.is_gathering || self.waiting.len() >= TOGETHER {
                self.show_what_is_next();
            }
        }
    }

    /// Whether the lines that come from now on are to wait for each other, and nobody sees to
    /// their being shown: who asks does then, in a moment.
    pub(super) fn begin_to_gather(&mut self, has_shown: bool) -> bool {
        let begins = has_shown && !self.is_gathering && self.listeners.len() >= CROWD;
        self.is_gathering |= begins;
        begins
    }

    /// Shows what was gathered. Whether there was anything: lines go on following each other.
    pub(super) fn show_gathered(&mut self) -> bool {
        let before = self.next;
        self.show_what_is_next();
        self.is_gathering = self.next != before;
        self.is_gathering
    }

    /// The log goes up to there.
    pub(super) fn expect(&mut self, up_to: Seq) {
        self.newest = self.newest.max(Some(up_to));
    }

    /// Shows something at once.
    pub(super) fn show(&self, published: &Arc<Published>) {
        let seq = match &published.shown {
            Shown::Line(line) => Some(line.place.seq),
            Shown::Ephemeral(_) => None,
        };
        for listening in self.listeners.values() {
            if seq.is_none_or(|seq| seq > listening.after) {
                listening.listener.deliver(published);
            }
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

    /// Everybody who listens.
    pub(super) fn all(&self) -> Vec<Arc<dyn Listener>> {
        let listening = self.listeners.values();
        listening.map(|it| Arc::clone(&it.listener)).collect()
    }

    pub(super) fn listeners(&self) -> usize {
        self.listeners.len()
    }

    fn show_what_is_next(&mut self) {
        while let Some(next) = self.next
            && let Some(published) = self.waiting.remove(&next)
        {
            self.next = Some(next.next());
            self.show(&published);
        }
    }
}

fn before(seq: Seq) -> Seq {
    Seq(seq.0.saturating_sub(1))
}
