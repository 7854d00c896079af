//! Reads a room's log.

use std::sync::Arc;

use greenroom_domain::access::Action;
use greenroom_domain::channel::Handle;
use greenroom_domain::chat::{ChatSettings, Line, Place, Seq};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::page::PageLimit;

use crate::{App, Refusal};

/// Which part of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The newest lines.
    Newest,
    /// Lines before this one.
    Before(Seq),
    /// Lines behind this place: what was missed.
    After(Place),
}

/// Part of a room's log.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// In order, oldest first; as the actor may see them.
    pub lines: Vec<Line>,
    /// Where the log ends, for the actor.
    pub head: Place,
    /// The place that was asked for cannot be gone on from: these are the newest lines instead.
    pub resync: bool,
    /// The room's rules.
    pub settings: ChatSettings,
}

/// For whoever may read the chat. Staff see moderation's reasons, and a delayed chat at once.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    handle: &Handle,
    part: Part,
    limit: PageLimit,
) -> Result<History, Refusal> {
    let channel = app.channel_by_handle(handle).await?.value;
    let standing = app.authorize(actor, &channel, Action::ReadChat).await?;
    let log = &app.ports.room_log;
    let end = app.end_of_log(channel.id, standing).await?;
    let (resync, head) = match part {
        Part::After(place) if place.epoch != end.epoch => (true, end),
        // They may have been shown more: there was no delay then, or they were staff.
        Part::After(place) if place.seq > end.seq => {
            let is_there = place.seq <= log.head(channel.id).await?.seq;
            (!is_there, if is_there { place } else { end })
        }
        _ => (false, end),
    };
    let behind = end.seq.next();
    let before = match part {
        Part::Before(seq) => seq.min(behind),
        Part::After(_) | Part::Newest => behind,
    };
    let mut lines = match part {
        Part::After(place) if !resync => log.after(channel.id, place.seq, limit.get()).await?,
        _ => log.before(channel.id, Some(before), limit.get()).await?,
    };
    if !standing.is_staff() {
        lines.retain(|line| line.place.seq <= end.seq);
        for line in &mut lines {
            line.body = line.body.public();
        }
    }
    let settings = app.rules.of(app, channel.id).await?.room.settings;
    Ok(History {
        lines,
        head,
        resync,
        settings,
    })
}
