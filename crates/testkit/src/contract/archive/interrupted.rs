//! An export that much happens during.

use std::sync::Arc;

use async_trait::async_trait;
use greenroom_domain::chat::Seq;
use greenroom_domain::shared::archive::{BoxError, Entry, EntrySink};
use greenroom_domain::shared::commit::{CounterChange, StateChange};
use greenroom_domain::shared::feed::{CursorMove, FeedPosition};
use greenroom_domain::shared::store::Version;
use greenroom_domain::stream::EndReason;

use super::ArchiveUnderTest;
use super::house::{CONSUMER, LINES, failed, locked, moderator};
use crate::builders::{
    block, channel_id, event, follow, message, new, noon_plus, recording, reply, seen, session,
    stream, user, user_id, viewer, writes_stream,
};
use crate::contract::{Subject, keep};

/// Takes entries, and changes the store when it has the first.
pub(super) struct Interrupted {
    pub(super) entries: Vec<Entry>,
    store: Arc<dyn ArchiveUnderTest>,
    pub(super) has_changed: bool,
}

impl Interrupted {
    pub(super) fn of(store: &Arc<dyn ArchiveUnderTest>) -> Self {
        Self {
            entries: Vec::new(),
            store: Arc::clone(store),
            has_changed: false,
        }
    }
}

#[async_trait]
impl EntrySink for Interrupted {
    async fn take(&mut self, entries: Vec<Entry>) -> Result<(), BoxError> {
        self.entries.extend(entries);
        if !std::mem::replace(&mut self.has_changed, true) {
            let store: Subject = self.store.clone();
            let renamed = seen(user("ada").shown_as("Another").build(), Version(2));
            let live = stream("ada", 1).ended(EndReason::OwnerEnded).build();
            let mut changes = writes_stream(&live, Version(1))
                .state(StateChange::User(renamed))
                .state(StateChange::User(new(user("cyd").build())))
                .state(StateChange::SessionEnded(
                    session("phone", user_id("ada"), 60).id,
                ))
                .state(StateChange::RestrictionLifted(
                    channel_id("bea"),
                    viewer("troll"),
                ))
                .state(StateChange::Recording(seen(failed("ada", 1), Version(1))))
                .state(StateChange::Recording(new(recording("ada", 4))))
                .counter(CounterChange::ViewsAdded(live.id, 1))
                .state(StateChange::Appointment(moderator("new")))
                .state(StateChange::Dismissed(channel_id("ada"), user_id("mod")))
                .state(StateChange::Block(block("bea", "troll")))
                .state(StateChange::Unblocked(user_id("ada"), user_id("troll")))
                .state(StateChange::Follow(new(follow("new", "ada"))))
                .state(StateChange::Unfollowed(
                    user_id("cyd"),
                    channel_id("ada"),
                    Version(2),
                ))
                .counter(CounterChange::FollowerCame(channel_id("bea")))
                .line(message("ada", viewer("ada"), "new").line())
                .line(message("cyd", viewer("ada"), "a new room").line());
            changes.redactions = vec![(channel_id("ada"), Seq(LINES.into()))];
            changes.reply = Some(reply(viewer("new"), "key"));
            changes.events.push(event(1, locked()));
            changes.cursor = Some(CursorMove {
                consumer: CONSUMER,
                from: FeedPosition(3),
                to: FeedPosition(4),
            });
            keep(&store, changes).await;
            let through = FeedPosition(5);
            let pruned = store.feed().prune(through, noon_plus(1)).await;
            pruned.expect("forgotten");
        }
        Ok(())
    }
}
