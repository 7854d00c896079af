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
    /// Where the log ends.
    pub head: Place,
    /// The place that was asked for cannot be gone on from: these are the newest lines instead.
    pub resync: bool,
    /// The room's rules.
    pub settings: ChatSettings,
}

/// For whoever may read the chat; staff see moderation's reasons.
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
    let head = log.head(channel.id).await?;
    let resync =
        matches!(part, Part::After(place) if place.epoch != head.epoch || place.seq > head.seq);
    let lines = match part {
        Part::After(place) if !resync => log.after(channel.id, place.seq, limit.get()).await?,
        Part::Before(seq) => log.before(channel.id, Some(seq), limit.get()).await?,
        Part::After(_) | Part::Newest => log.before(channel.id, None, limit.get()).await?,
    };
    let public = |line: Line| Line {
        body: line.body.public(),
        ..line
    };
    let lines = if standing.is_staff() {
        lines
    } else {
        lines.into_iter().map(public).collect()
    };
    let settings = app.rules.of(app, channel.id).await?.room.settings;
    Ok(History {
        lines,
        head,
        resync,
        settings,
    })
}
