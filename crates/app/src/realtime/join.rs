use std::sync::Arc;

use greenroom_domain::access::Action;
use greenroom_domain::chat::{Line, Place, Seq};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::store::StoreError;

use crate::realtime::hub::{BATCH, End};
use crate::realtime::room::Reader;
use crate::realtime::slice::OnAir;
use crate::realtime::{Listener, Published, Subscription};
use crate::{App, Refusal};

/// How many missed lines are given on a resume; who missed more begins anew.
const LONGEST_RESUME: u64 = 10_000;

/// Listens to a channel's room.
pub struct JoinRoom {
    /// Whose room.
    pub channel: ChannelId,
    /// Where from.
    pub start: Start,
    /// Who listens: it is given what was missed, then what comes, without a gap or a double.
    pub listener: Arc<dyn Listener>,
}

/// From where to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// From now on.
    Now,
    /// Behind the last place that was seen.
    After(Place),
}

/// Somebody listens.
pub struct JoinedRoom {
    /// They leave when this is dropped.
    pub subscription: Subscription,
    /// The place that they began behind.
    pub from: Place,
    /// History since their place is not to be had in one piece: what they have is to be
    /// thrown away and read anew.
    pub resync: bool,
}

/// Listens to a room, for whoever may read it.
pub async fn join_room(
    app: &Arc<App>,
    actor: &Actor,
    command: JoinRoom,
) -> Result<JoinedRoom, Refusal> {
    let channel = app.channel(command.channel).await?.value;
    let standing = app.authorize(actor, &channel, Action::ReadChat).await?;
    let reader = Reader::of(actor, standing);
    let head = app.ports.room_log.head(channel.id).await?;
    let (from, resync) = match command.start {
        Start::Now => (None, false),
        Start::After(place) if continues(place, head) => (Some(place.seq), false),
        Start::After(_) => (None, true),
    };
    let mut after = from;
    let mut on_air = None;
    loop {
        let JoinRoom { listener, .. } = &command;
        let listening = app.hub.subscribe(channel.id, reader, after, listener);
        match listening.await? {
            Ok((mut subscription, began)) => {
                if let Some(who) = actor.identity() {
                    subscription.belongs_to(app, who);
                }
                let seq = from.unwrap_or(began);
                return Ok(JoinedRoom {
                    subscription,
                    from: Place { seq, ..head },
                    resync,
                });
            }
            Err(end) => {
                let seen = after.unwrap_or(end.seq);
                on_air = give_missed(app, channel.id, seen, on_air, end, listener).await?;
                after = Some(end.seq);
            }
        }
    }
}

fn continues(place: Place, head: Place) -> bool {
    place.epoch == head.epoch && place.seq <= head.seq && head.seq.0 - place.seq.0 <= LONGEST_RESUME
}

/// The log does not hold what it has held before.
#[derive(Debug, thiserror::Error)]
#[error("the log of room {room} has no line behind {} and had {}", after.0, up_to.0)]
struct LinesMissing {
    room: ChannelId,
    after: Seq,
    up_to: Seq,
}

/// Gives what was missed behind `after`, where `on_air` is on air if that is known; says what is
/// at the end.
async fn give_missed(
    app: &App,
    room: ChannelId,
    mut after: Seq,
    mut on_air: Option<OnAir>,
    end: End,
    listener: &Arc<dyn Listener>,
) -> Result<Option<OnAir>, Refusal> {
    let log = &*app.ports.room_log;
    let up_to = end.seq;
    while after < up_to {
        let limit = usize::try_from(up_to.0 - after.0)
            .unwrap_or(BATCH)
            .min(BATCH);
        let lines: Vec<Line> = log.after(room, after, limit).await?;
        let Some(last) = lines.last().map(|line| line.place.seq) else {
            let source = Box::new(LinesMissing { room, after, up_to });
            let what = "room's log";
            return Err(StoreError::Corrupt { what, source }.into());
        };
        let mut at = match on_air.or_else(|| OnAir::before(&lines)) {
            Some(known) => known,
            // None of these changes it.
            None => OnAir::behind(log, room, last, up_to, end.on_air).await?,
        };
        let missed = lines.into_iter().map(|line| {
            let stream = at.step(&line.body);
            Published::line(room, stream, line)
        });
        listener.catch_up(missed.collect()).await;
        on_air = Some(at);
        after = last;
    }
    Ok(on_air)
}
