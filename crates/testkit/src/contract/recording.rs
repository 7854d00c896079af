//! Promises of `Recordings`.

use std::time::Duration;

use greenroom_domain::recording::{RecordedFile, Recording, RecordingFailure, RecordingState};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Changes, CommitError, StateChange};
use greenroom_domain::shared::id::RecordingId;
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::{Stored, Version};
use uuid::Uuid;

use super::paging::{self, assert_unknown_cursors};
use super::{Subject, assert_refused, keep};
use crate::builders::{
    NOON, channel, creates_channel, creates_recording, creates_user, noon_plus, recorded_file,
    recording, recording_id, seen, stream_id, user, writes_recording,
};

/// A recording is read as it is, in every state it can be in; who has seen an old version is
/// refused.
pub async fn recordings_are_kept_exactly(store: &Subject) {
    let asked_for = recording("ada", 1);
    keep(store, creates_recording(&asked_for)).await;
    for (state, version) in states().into_iter().zip(1..) {
        let next = Recording {
            state,
            ..asked_for.clone()
        };
        keep(store, writes_recording(&next, Version(version))).await;
        let written = Stored {
            value: next,
            version: Version(version + 1),
        };
        assert_eq!(read(store, asked_for.id).await.as_ref(), Some(&written));
        for stale in [Version::NEW, Version(version), Version(version + 2)] {
            let stale = StateChange::Recording(seen(asked_for.clone(), stale));
            assert_refused!(
                store.commit().commit(Changes::new().state(stale)).await,
                CommitError::Conflict,
                "a recording was overwritten by who had seen another"
            );
        }
        assert_eq!(read(store, asked_for.id).await, Some(written));
    }
    assert_eq!(read(store, recording_id("ada", 2)).await, None);
}

/// One recording of a stream runs; the next one comes when it has stopped, or in one commit
/// with its end. Other streams have their own.
pub async fn a_stream_is_recorded_once_at_a_time(store: &Subject) {
    let [first, second, third] = [1, 2, 3].map(of_one_stream);
    keep(store, creates_recording(&first)).await;
    assert_refused!(
        store.commit().commit(creates_recording(&second)).await,
        CommitError::Taken(_),
        "a stream was recorded twice at once"
    );
    assert_eq!(read(store, second.id).await, None);
    keep(store, creates_recording(&recording("ada", 2))).await;

    let stopped = processing(&first);
    keep(store, writes_recording(&stopped, Version(1))).await;
    let second = Recording {
        id: recording_id("ada", 9),
        ..second
    };
    keep(store, creates_recording(&second)).await;

    let mut both = creates_recording(&third);
    let failed = writes_recording(&failed(&second), Version(1));
    both.states.extend(failed.states);
    both.claims.extend(failed.claims);
    keep(store, both).await;
    // It has given its place away, and has none to give back.
    keep(store, writes_recording(&processing(&second), Version(2))).await;
    assert_refused!(
        store
            .commit()
            .commit(creates_recording(&of_one_stream(4)))
            .await,
        CommitError::Taken(_),
        "a recording that is over gave another's place away"
    );
}

/// What something is still to come of is found, by id, as long as it is open.
pub async fn open_recordings_come_by_id(store: &Subject) {
    assert_eq!(open(store).await, []);
    let all = [
        recording("cleo", 3),
        running(&recording("ada", 5)),
        processing(&recording("bea", 2)),
        available(&recording("ada", 1)),
        failed(&recording("bea", 4)),
    ];
    for it in &all {
        keep(store, creates_recording(it)).await;
    }
    assert_eq!(open(store).await, [2, 0, 1].map(|n| all[n].id));
    let read = store.recordings().open().await.expect("a read");
    assert!(read.iter().all(|it| it.version == Version(1)));

    keep(store, writes_recording(&available(&all[2]), Version(1))).await;
    keep(store, writes_recording(&processing(&all[1]), Version(1))).await;
    assert_eq!(open(store).await, [0, 1].map(|n| all[n].id));
    keep(store, writes_recording(&failed(&all[0]), Version(1))).await;
    keep(store, writes_recording(&failed(&all[1]), Version(2))).await;
    assert_eq!(open(store).await, []);
}

/// A stream's recordings come newest first, of one moment by id backwards.
pub async fn recordings_of_a_stream_come_newest_first(store: &Subject) {
    let list = async |page| list(store, page).await;
    assert_eq!(paging::all(list, 3).await, [], "nothing yet");
    let moments = [noon_plus(7), noon_plus(7), noon_plus(7), noon_plus(3)]
        .into_iter()
        .chain([i64::MAX, -1, i64::MIN].map(Timestamp::from_micros));
    // Of one moment, the bytes of the ids count.
    let ids = [0x80 << 120, 1, 0x7F << 120, u128::MAX - 1, 5, 5 << 64, 7];
    let written: Vec<_> = moments
        .zip(ids)
        .map(|(created_at, id)| Recording {
            id: RecordingId::from_uuid(Uuid::from_u128(id)),
            created_at,
            ..available(&of_one_stream(1))
        })
        .collect();
    for (n, it) in (1..).zip(&written) {
        keep(store, creates_recording(it)).await;
        // What is of the channel's other streams must not show.
        let other = Recording {
            id: recording_id("ada", n),
            stream: stream_id("ada", 2),
            ..it.clone()
        };
        keep(store, creates_recording(&other)).await;
    }
    let in_order = [4, 0, 2, 1, 3, 5, 6].map(|n| written[n].clone());
    assert_eq!(paging::all(list, 3).await, in_order);

    for name in ["ada", "bea"] {
        keep(store, creates_user(&user(name).build())).await;
        keep(store, creates_channel(&channel(name))).await;
    }
    let users = store.users().list(None, &paging::first(1)).await;
    assert_unknown_cursors(list, &[users]).await;
    let channels = store.channels().list(&paging::first(1)).await;
    assert_unknown_cursors(list, &[channels]).await;
}

/// Pages go on behind the last one, whatever is asked for and comes to an end meanwhile.
pub async fn recordings_of_a_stream_are_stable(store: &Subject) {
    let written: Vec<_> = (1..=7).map(|n| processing(&of_one_stream(n))).collect();
    for it in &written {
        keep(store, creates_recording(it)).await;
    }
    let mut page = paging::first(3);
    let first = list(store, page.clone()).await.expect("a first page");
    assert_eq!(ids(&first.items), [6, 5, 4].map(|n| written[n].id));
    page.after = first.next;

    keep(store, creates_recording(&of_one_stream(8))).await;
    let done = available(&written[2]);
    keep(store, writes_recording(&done, Version(1))).await;
    let gone = failed(&written[4]);
    keep(store, writes_recording(&gone, Version(1))).await;
    let second = list(store, page).await.expect("a cursor of this listing");
    assert_eq!(ids(&second.items), [3, 2, 1].map(|n| written[n].id));
    assert_eq!(second.items[1], done, "as it is now");
}

/// The nth recording of the channel's first stream.
fn of_one_stream(n: u32) -> Recording {
    Recording {
        stream: stream_id("ada", 1),
        ..recording("ada", n)
    }
}

/// Every state, some at the ends of what can be said.
fn states() -> Vec<RecordingState> {
    let [first, before_1970, last] = [i64::MIN, -1, i64::MAX].map(Timestamp::from_micros);
    let whole = recorded_file("ada", 1);
    let largest = RecordedFile {
        location: "Ünï\u{301}çødé 🦀/'\"\\%{}.mp4".to_owned(),
        size: u64::MAX,
        started_at: first,
        duration: Duration::MAX,
        limit_reached: true,
        ..whole.clone()
    };
    let failed = |reason| RecordingState::Failed { reason, at: NOON };
    vec![
        RecordingState::Starting { until: last },
        RecordingState::Recording { started_at: first },
        RecordingState::Processing {
            since: before_1970,
            until: last,
        },
        RecordingState::Available(whole),
        RecordingState::Available(largest),
        failed(RecordingFailure::Recorder),
        failed(RecordingFailure::Aborted),
        failed(RecordingFailure::Lost),
    ]
}

fn running(recording: &Recording) -> Recording {
    let started_at = recording.created_at;
    in_state(recording, RecordingState::Recording { started_at })
}

fn processing(recording: &Recording) -> Recording {
    let (since, until) = (noon_plus(100), noon_plus(200));
    in_state(recording, RecordingState::Processing { since, until })
}

fn available(recording: &Recording) -> Recording {
    let file = recorded_file("ada", 1);
    in_state(recording, RecordingState::Available(file))
}

fn failed(recording: &Recording) -> Recording {
    let (reason, at) = (RecordingFailure::Lost, noon_plus(300));
    in_state(recording, RecordingState::Failed { reason, at })
}

fn in_state(recording: &Recording, state: RecordingState) -> Recording {
    Recording {
        state,
        ..recording.clone()
    }
}

fn ids(recordings: &[Recording]) -> Vec<RecordingId> {
    recordings.iter().map(|it| it.id).collect()
}

async fn read(store: &Subject, id: RecordingId) -> Option<Stored<Recording>> {
    store.recordings().get(id).await.expect("a read")
}

async fn open(store: &Subject) -> Vec<RecordingId> {
    let open = store.recordings().open().await.expect("a read");
    open.into_iter().map(|it| it.value.id).collect()
}

async fn list(store: &Subject, page: PageRequest) -> Result<Page<Recording>, UnknownCursor> {
    let listed = store
        .recordings()
        .of_stream(stream_id("ada", 1), &page)
        .await;
    listed.expect("a read")
}
