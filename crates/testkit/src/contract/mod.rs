//! What every adapter of a port promises, as tests: each is a public async function that
//! panics with what was broken.
//!
//! The suites of the stores take a store of their own each, empty at first:
//! [`store_contract!`](crate::store_contract) makes a test of every one. The other ports'
//! are called one by one.

pub mod account;
pub mod archive;
pub mod audit;
mod bodies;
pub mod bus;
pub mod channel;
pub mod claims;
pub mod commit;
#[cfg(feature = "properties")]
pub mod equivalence;
pub mod feed;
pub mod followings;
pub mod identity;
pub mod leases;
pub mod limits;
pub mod lines;
pub mod media_server;
pub mod moderation;
pub mod nodes;
pub mod objects;
mod paging;
pub mod presence;
pub mod recorder;
pub mod recording;
pub mod repeats;
pub mod replies;
pub mod rules;
mod scene;
pub mod social;
pub mod stream;

use std::sync::Arc;

use greenroom_domain::account::{Sessions, Users};
use greenroom_domain::channel::{Channels, StreamKeys};
use greenroom_domain::chat::{Audit, Moderation, RoomLog};
use greenroom_domain::recording::Recordings;
use greenroom_domain::shared::commit::{Changes, Commit, Committed};
use greenroom_domain::shared::feed::Feed;
use greenroom_domain::shared::once::Replies;
use greenroom_domain::social::{Blocks, Follows};
use greenroom_domain::stream::Streams;

/// Everything that one store keeps, by its ports.
///
/// A type that implements all of them is one already.
pub trait StoreUnderTest: Send + Sync + 'static {
    /// Writes.
    fn commit(&self) -> &dyn Commit;
    /// Replays.
    fn feed(&self) -> &dyn Feed;
    /// Reads accounts.
    fn users(&self) -> &dyn Users;
    /// Reads local sessions.
    fn sessions(&self) -> &dyn Sessions;
    /// Reads channels.
    fn channels(&self) -> &dyn Channels;
    /// Reads stream keys.
    fn stream_keys(&self) -> &dyn StreamKeys;
    /// Reads streams.
    fn streams(&self) -> &dyn Streams;
    /// Reads recordings.
    fn recordings(&self) -> &dyn Recordings;
    /// Reads rooms' logs.
    fn room_log(&self) -> &dyn RoomLog;
    /// Reads rooms' rules and who may not chat.
    fn moderation(&self) -> &dyn Moderation;
    /// Reads who did what.
    fn audit(&self) -> &dyn Audit;
    /// Reads who follows whom.
    fn follows(&self) -> &dyn Follows;
    /// Reads who has blocked whom.
    fn blocks(&self) -> &dyn Blocks;
    /// Reads what requests have made.
    fn replies(&self) -> &dyn Replies;
}

impl<S> StoreUnderTest for S
where
    S: Commit
        + Feed
        + Users
        + Sessions
        + Channels
        + StreamKeys
        + Streams
        + Recordings
        + RoomLog
        + Moderation
        + Audit
        + Follows
        + Blocks
        + Replies
        + 'static,
{
    fn commit(&self) -> &dyn Commit {
        self
    }
    fn feed(&self) -> &dyn Feed {
        self
    }
    fn users(&self) -> &dyn Users {
        self
    }
    fn sessions(&self) -> &dyn Sessions {
        self
    }
    fn channels(&self) -> &dyn Channels {
        self
    }
    fn stream_keys(&self) -> &dyn StreamKeys {
        self
    }
    fn streams(&self) -> &dyn Streams {
        self
    }
    fn recordings(&self) -> &dyn Recordings {
        self
    }
    fn room_log(&self) -> &dyn RoomLog {
        self
    }
    fn moderation(&self) -> &dyn Moderation {
        self
    }
    fn audit(&self) -> &dyn Audit {
        self
    }
    fn follows(&self) -> &dyn Follows {
        self
    }
    fn blocks(&self) -> &dyn Blocks {
        self
    }
    fn replies(&self) -> &dyn Replies {
        self
    }
}

/// A store together with what has to live as long: its folder, say.
#[derive(Debug)]
pub struct Kept<S, K> {
    /// What is tested.
    pub store: S,
    /// What is dropped after it.
    pub with: K,
}

impl<S: StoreUnderTest, K: Send + Sync + 'static> StoreUnderTest for Kept<S, K> {
    fn commit(&self) -> &dyn Commit {
        self.store.commit()
    }
    fn feed(&self) -> &dyn Feed {
        self.store.feed()
    }
    fn users(&self) -> &dyn Users {
        self.store.users()
    }
    fn sessions(&self) -> &dyn Sessions {
        self.store.sessions()
    }
    fn channels(&self) -> &dyn Channels {
        self.store.channels()
    }
    fn stream_keys(&self) -> &dyn StreamKeys {
        self.store.stream_keys()
    }
    fn streams(&self) -> &dyn Streams {
        self.store.streams()
    }
    fn recordings(&self) -> &dyn Recordings {
        self.store.recordings()
    }
    fn room_log(&self) -> &dyn RoomLog {
        self.store.room_log()
    }
    fn moderation(&self) -> &dyn Moderation {
        self.store.moderation()
    }
    fn audit(&self) -> &dyn Audit {
        self.store.audit()
    }
    fn follows(&self) -> &dyn Follows {
        self.store.follows()
    }
    fn blocks(&self) -> &dyn Blocks {
        self.store.blocks()
    }
    fn replies(&self) -> &dyn Replies {
        self.store.replies()
    }
}

/// The store that a promise is checked on: shared, because some are about many at once.
pub type Subject = Arc<dyn StoreUnderTest>;

/// Commits what nothing speaks against.
async fn keep(store: &Subject, changes: Changes) -> Committed {
    match store.commit().commit(changes).await {
        Ok(committed) => committed,
        Err(refused) => panic!("a commit that nothing speaks against was refused: {refused:?}"),
    }
}

/// Unwraps what a refusal should have been.
macro_rules! assert_refused {
    ($result:expr, $refusal:pat $(if $guard:expr)?, $why:literal) => {
        match $result {
            Err($refusal) $(if $guard)? => {}
            other => panic!("{}: it answered {other:?}", $why),
        }
    };
}
use assert_refused;

/// Makes a test of every promise of the stores, each on a fresh store.
///
/// Takes the path of an `async fn() -> Arc<dyn StoreUnderTest>`.
#[macro_export]
macro_rules! store_contract {
    ($make:path) => {
        $crate::store_promises! { $make;
            commit:
                every_state_is_read_as_it_was_written,
                a_second_creation_conflicts,
                a_stale_write_conflicts,
                versions_count_the_writes,
                a_write_of_nothing_conflicts,
                concurrent_writers_lose_nothing,
                who_was_not_answered_can_say_it_again,
                moments_are_kept_to_the_microsecond,
                a_refused_commit_leaves_nothing,
                an_earlier_refusal_wins;
            claims:
                a_name_that_is_held_is_taken,
                a_name_of_ones_own_stays,
                a_released_name_is_free,
                a_name_is_passed_on_in_one_commit,
                a_release_by_another_does_nothing,
                one_commit_gives_a_name_once,
                names_that_look_alike_are_apart,
                names_of_any_script_are_apart,
                concurrent_takers_get_a_name_once,
                counters_add_up;
            lines:
                an_empty_room_has_no_lines,
                lines_are_read_as_they_were_written,
                the_log_is_read_both_ways,
                concurrent_lines_leave_no_gap,
                redacted_text_is_gone,
                redacting_nothing_does_nothing,
                the_largest_message_fits;
            rules:
                old_rules_admit_nobody,
                a_ban_is_not_overtaken;
            repeats:
                a_repeat_is_answered_with_the_first,
                what_only_looks_like_a_repeat_is_kept,
                a_repeat_is_recognised_after_many_lines,
                concurrent_repeats_are_kept_once;
            feed:
                an_empty_feed_has_nothing,
                what_was_committed_is_replayed_in_order,
                the_feed_is_read_from_any_place,
                a_reader_misses_nothing,
                what_tells_of_nothing_leaves_no_record,
                cursors_move_from_where_they_stand,
                a_cursor_moves_with_its_effect,
                a_consumer_that_dies_is_told_again,
                the_largest_record_is_replayed_whole,
                a_change_wakes_who_waits,
                forgotten_records_are_gone;
            account:
                users_are_found,
                users_are_read_as_they_are_now,
                several_users_come_in_the_order_asked_for,
                users_are_listed_by_id,
                an_administrator_is_seen,
                accounts_are_kept_exactly,
                sessions_are_kept_until_they_end;
            channel:
                channels_are_found,
                a_handle_leads_to_one_channel,
                channels_are_listed_by_handle,
                channels_are_kept_exactly,
                keys_are_found_by_their_present_hash,
                keys_of_a_channel_come_oldest_first;
            stream:
                streams_are_kept_exactly,
                live_streams_are_found,
                due_streams_come_soonest_first,
                streams_of_a_channel_come_newest_first;
            recording:
                recordings_are_kept_exactly,
                a_stream_is_recorded_once_at_a_time,
                open_recordings_come_by_id,
                recordings_of_a_stream_come_newest_first,
                recordings_of_a_stream_are_stable;
            moderation:
                rooms_are_kept_exactly,
                restrictions_hold_one_person_in_one_room,
                restrictions_are_listed_by_identity,
                appointments_are_kept_exactly,
                appointments_are_listed_by_id,
                one_persons_come_in_the_order_asked_for;
            audit:
                events_stand_in_the_log_of_their_channel,
                the_newest_event_comes_first,
                the_audit_log_is_stable,
                the_audit_log_is_for_good;
            social:
                follows_are_kept_exactly,
                a_follow_is_changed_by_who_has_seen_it,
                follows_among_channels_come_in_their_order,
                follows_are_counted,
                concurrent_follows_are_all_counted,
                a_block_holds_one_way,
                blocks_are_listed_by_id,
                blocks_among_people_come_in_their_order;
            followings:
                what_somebody_follows_comes_newest_first,
                who_follows_a_channel_comes_newest_first,
                what_somebody_follows_is_stable,
                who_follows_a_channel_is_stable;
            replies:
                a_request_is_answered_with_the_first,
                keys_are_of_who_asks,
                a_refused_request_is_not_answered,
                a_reply_is_kept_for_a_day,
                concurrent_requests_make_one;
        }
    };
}

/// Makes the tests of [`store_contract!`].
#[doc(hidden)]
#[macro_export]
macro_rules! store_promises {
    ($make:path; $($suite:ident: $($promise:ident),+;)+) => {$(
        mod $suite {
            use super::*;
            $(
                #[test]
                fn $promise() {
                    $crate::run(async {
                        let store = $make().await;
                        $crate::contract::$suite::$promise(&store).await;
                    });
                }
            )+
        }
    )+};
}
