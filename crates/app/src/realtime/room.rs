use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use greenroom_domain::access::Standing;
use greenroom_domain::chat::{ChannelRole, ChatDelay, Ephemeral, Line, LineBody, Seq};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::clock::Clock;
use greenroom_domain::shared::id::{ChannelId, StreamId, UserId};
use tokio::time::Instant;

use crate::realtime::delayed::{Delayed, Step};
use crate::realtime::slice::OnAir;
use crate::realtime::{Listener, Published, Shown};

/// How many lines wait in memory for one that is late; what is more is read from the log.
const WAITING: usize = 256;
/// From how many listeners on lines that follow each other closely are shown together: each
/// listener then is given several at once, for little more than one costs.
const CROWD: usize = 64;
/// How many lines are shown together at most.
const TOGETHER: usize = 64;

/// What is known of a room while somebody listens to it.
pub(super) struct Room {
    id: ChannelId,
    clock: Arc<dyn Clock>,
    /// The next line to show; unknown until the log has said where it ends.
    next: Option<Seq>,
    /// What is on air where the lines that were shown end.
    on_air: OnAir,
    /// The newest line that was heard of.
    newest: Option<Seq>,
    /// Lines whose forerunners are not here yet: commits answer in any order.
    waiting: BTreeMap<Seq, Line>,
    /// Somebody looks after a late line.
    is_filling: bool,
    /// Lines have just been shown: those that are next wait until [`Room::show_gathered`].
    is_gathering: bool,
    /// How far viewers are, where they are shown lines later than the staff.
    delayed: Option<Delayed>,
    /// Somebody sees to their being shown them.
    is_releasing: bool,
    viewers: HashMap<u64, Listening>,
    /// And who they are: they may be staff no more.
    staff: HashMap<u64, (Option<UserId>, Listening)>,
}

struct Listening {
    /// What they have seen already: the log may be ahead of what has come by here.
    after: Seq,
    listener: Arc<dyn Listener>,
}

/// As what somebody listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// One of the room's staff, who are shown everything at once.
    Staff(Option<UserId>),
    /// Anybody else.
    Viewer,
}

/// Where a log was found to end.
pub(super) struct Found {
    pub(super) head: Seq,
    pub(super) on_air: OnAir,
    /// The delay of a delayed chat, and where it is cut for viewers.
    pub(super) delayed: Option<(ChatDelay, Seq, OnAir)>,
}

impl Reader {
    pub(super) fn of(actor: &Actor, standing: Standing) -> Self {
        if standing.is_staff() {
            Self::Staff(actor.user())
        } else {
            Self::Viewer
        }
    }
}

impl Room {
    pub(super) fn new(id: ChannelId, clock: Arc<dyn Clock>) -> Self {
        Self {
            id,
            clock,
            next: None,
            on_air: OnAir(None),
            newest: None,
            waiting: BTreeMap::new(),
            is_filling: false,
            is_gathering: false,
            delayed: None,
            is_releasing: false,
            viewers: HashMap::new(),
            staff: HashMap::new(),
        }
    }

    /// Whether it is known which line is next.
    pub(super) fn is_known(&self) -> bool {
        self.next.is_some()
    }

    /// The log ends there, where that is not known yet.
    pub(super) fn begin_behind(&mut self, found: &Found) {
        if self.next.is_none() {
            let next = found.head.next();
            self.next = Some(next);
            self.on_air = found.on_air;
            self.delayed = found
                .delayed
                .map(|(delay, cut, on_air)| Delayed::begin(delay, cut, on_air));
            self.waiting = self.waiting.split_off(&next);
            self.show_what_is_next();
        }
    }

    /// The last line that was shown, to the staff at least.
    pub(super) fn shown(&self) -> Option<Seq> {
        self.next.map(before)
    }

    /// The last line that was shown to such readers.
    pub(super) fn shown_to(&self, reader: Reader) -> Option<Seq> {
        match (reader, &self.delayed) {
            (Reader::Viewer, Some(delayed)) => Some(delayed.cut()),
            _ => self.shown(),
        }
    }

    /// What is on air where such readers are.
    pub(super) fn on_air_for(&self, reader: Reader) -> OnAir {
        match (reader, &self.delayed) {
            (Reader::Viewer, Some(delayed)) => delayed.on_air(),
            _ => self.on_air,
        }
    }

    /// What is on air.
    pub(super) fn stream(&self) -> Option<StreamId> {
        self.on_air.0
    }

    /// Takes a line, and shows it once all before it have been.
    pub(super) fn take(&mut self, line: Line) {
        let seq = line.place.seq;
        self.newest = self.newest.max(Some(seq));
        let is_next = self.next == Some(seq);
        let is_to_come = self.next.is_none_or(|next| next < seq);
        if is_next || (is_to_come && self.waiting.len() < WAITING) {
            self.waiting.entry(seq).or_insert(line);
            if !self.is_gathering || self.waiting.len() >= TOGETHER {
                self.show_what_is_next();
            }
        }
    }

    /// Whether the lines that come from now on are to wait for each other, and nobody sees to
    /// their being shown: who asks does then, in a moment.
    pub(super) fn begin_to_gather(&mut self, has_shown: bool) -> bool {
        let begins = has_shown && !self.is_gathering && self.listeners() >= CROWD;
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

    /// Shows something at once that is worth nothing a moment later.
    pub(super) fn show(&self, what: Ephemeral) {
        let published = Published::ephemeral(self.id, self.on_air.0, what);
        self.show_to_all(&Arc::new(published));
    }

    fn show_to_all(&self, published: &Arc<Published>) {
        self.show_to_staff(published);
        self.show_to_viewers(published);
    }

    fn show_to_staff(&self, published: &Arc<Published>) {
        let seq = seq_of(published);
        for (_, listening) in self.staff.values() {
            listening.show(published, seq);
        }
    }

    fn show_to_viewers(&self, published: &Arc<Published>) {
        let seq = seq_of(published);
        for listening in self.viewers.values() {
            listening.show(published, seq);
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

    /// Whether viewers have to be shown what is due, and nobody sees to it: who asks does then.
    pub(super) fn begin_to_release(&mut self) -> bool {
        let begins = self.delayed.is_some()
            && !self.is_releasing
            && self.shown_to(Reader::Viewer) < self.shown();
        self.is_releasing |= begins;
        begins
    }

    /// Nobody sees any more to what viewers are shown.
    pub(super) fn stop_releasing(&mut self) {
        self.is_releasing = false;
    }

    /// What is next for viewers.
    pub(super) fn step(&mut self, now: Instant) -> Step {
        match (&mut self.delayed, self.next.map(before)) {
            (Some(delayed), Some(shown)) => delayed.step(shown, now),
            _ => Step::Rest,
        }
    }

    /// Takes notice of when lines were said that viewers are shown later.
    pub(super) fn look_at(&mut self, lines: &[Line]) {
        let shown = self.shown();
        if let Some(delayed) = &mut self.delayed {
            let now = self.clock.now();
            for line in lines {
                if Some(line.place.seq) <= shown {
                    delayed.hear(line.place.seq, line.at, now);
                }
            }
        }
    }

    /// Shows lines to viewers that are due.
    pub(super) fn release(&mut self, due: Vec<Line>, now: Instant) {
        for line in due {
            if let Some(delayed) = &mut self.delayed
                && delayed.lets_through(line.place.seq, now)
            {
                let stream = delayed.pass(&line.body);
                self.show_to_viewers(&Arc::new(Published::line(self.id, stream, line)));
            }
        }
        if let (Some(delayed), Some(shown)) = (&self.delayed, self.shown())
            && delayed.is_over(shown)
        {
            self.delayed = None;
            self.show_what_is_next();
        }
    }

    /// What is due could not be read.
    pub(super) fn give_way(&mut self) {
        if let Some(delayed) = &mut self.delayed {
            delayed.give_way();
            self.show_what_is_next();
        }
    }

    /// Somebody listens, who has seen everything up to there.
    pub(super) fn listen(
        &mut self,
        number: u64,
        reader: Reader,
        after: Seq,
        listener: Arc<dyn Listener>,
    ) {
        let listening = Listening { after, listener };
        match reader {
            Reader::Viewer => drop(self.viewers.insert(number, listening)),
            Reader::Staff(user) => drop(self.staff.insert(number, (user, listening))),
        }
    }

    /// They leave, if they were there. To be dropped when the room is not locked.
    pub(super) fn leave(&mut self, number: u64) -> Option<Arc<dyn Listener>> {
        let viewer = self.viewers.remove(&number);
        let listening = viewer.or_else(|| self.staff.remove(&number).map(|(_, it)| it));
        listening.map(|it| it.listener)
    }

    /// Everybody who listens.
    pub(super) fn all(&self) -> Vec<Arc<dyn Listener>> {
        let staff = self.staff.values().map(|(_, listening)| listening);
        let listening = self.viewers.values().chain(staff);
        listening.map(|it| Arc::clone(&it.listener)).collect()
    }

    pub(super) fn listeners(&self) -> usize {
        self.viewers.len() + self.staff.len()
    }

    fn show_what_is_next(&mut self) {
        while !self.delayed.as_ref().is_some_and(Delayed::is_closing)
            && let Some(next) = self.next
            && let Some(line) = self.waiting.remove(&next)
        {
            match &line.body {
                LineBody::SettingsChanged(settings) => self.delay(next, settings.delay),
                LineBody::RoleChanged { user, role, .. }
                    if *role != Some(ChannelRole::Moderator) =>
                {
                    self.dismiss(*user, next);
                }
                _ => {}
            }
            self.next = Some(next.next());
            let stream = self.on_air.step(&line.body);
            let said = line.at;
            let published = Arc::new(Published::line(self.id, stream, line));
            match &mut self.delayed {
                None => self.show_to_all(&published),
                Some(delayed) => {
                    delayed.hear(next, said, self.clock.now());
                    self.show_to_staff(&published);
                }
            }
        }
    }

    /// Viewers are shown what comes from `next` on so much later.
    fn delay(&mut self, next: Seq, delay: Option<ChatDelay>) {
        let shown = before(next);
        match (&mut self.delayed, delay) {
            (Some(delayed), None) if delayed.cut() >= shown => self.delayed = None,
            (Some(delayed), delay) => delayed.change(delay),
            (None, Some(delay)) => {
                self.delayed = Some(Delayed::begin(delay, shown, self.on_air));
            }
            (None, None) => {}
        }
    }

    /// They are staff no more, and see what comes from `next` on as viewers do.
    fn dismiss(&mut self, user: UserId, next: Seq) {
        let theirs = self
            .staff
            .extract_if(|_, (staff, _)| *staff == Some(user))
            .map(|(number, (_, listening))| {
                let after = listening.after.max(before(next));
                (number, Listening { after, ..listening })
            });
        self.viewers.extend(theirs);
    }
}

impl Listening {
    /// Shows them something; `seq` is a line's.
    fn show(&self, published: &Arc<Published>, seq: Option<Seq>) {
        if seq.is_none_or(|seq| seq > self.after) {
            self.listener.deliver(published);
        }
    }
}

fn seq_of(published: &Published) -> Option<Seq> {
    match &published.shown {
        Shown::Line(line) => Some(line.place.seq),
        Shown::Ephemeral(_) => None,
    }
}

fn before(seq: Seq) -> Seq {
    Seq(seq.0.saturating_sub(1))
}
