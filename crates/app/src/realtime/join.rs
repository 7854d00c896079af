use std::sync::Arc;

use greenroom_domain::access::Action;
use greenroom_domain::chat::{Line, Place, Seq};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::store::StoreError;

use crate::realtime::room::Reader;
use crate::realtime::{Listener, Published, Subscription};
use crate::{App, Refusal};

/// How many missed lines are given on a resume; who missed more begins anew.
const LONGEST_RESUME: u64 = 10_000;
/// How many lines are read at a time.
const BATCH: usize = 500;

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
            Err(up_to) => {
                let seen = after.unwrap_or(up_to);
                after = Some(give_missed(app, channel.id, seen, up_to, listener).await?);
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

async fn give_missed(
    app: &App,
    room: ChannelId,
    mut after: Seq,
    up_to: Seq,
    listener: &Arc<dyn Listener>,
) -> Result<Seq, Refusal> {
    while after < up_to {
        let limit = usize::try_from(up_to.0 - after.0)
            .unwrap_or(BATCH)
            .min(BATCH);
        let lines: Vec<Line> = app.ports.room_log.after(room, after, limit).await?;
        let Some(last) = lines.last().map(|line| line.place.seq) else {
            let source = Box::new(LinesMissing { room, after, up_to });
            let what = "room's log";
            return Err(StoreError::Corrupt { what, source }.into());
        };
        listener
            .catch_up(
                lines
                    .into_iter()
                    .map(|line| Published::line(room, line))
                    .collect(),
            )
            .await;
        after = last;
    }
    Ok(after)
}
