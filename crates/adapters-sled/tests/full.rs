//! A full disk: nothing is kept, nothing is lost, reading goes on, and writing too as soon as
//! there is space.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use greenroom_adapters_sled::{OpenError, SledStore, StoreOptions};
use greenroom_domain::chat::{RoomLog, Seq};
use greenroom_domain::shared::commit::{Changes, Commit, CommitError, Committed};
use greenroom_domain::shared::feed::{Feed, FeedError, FeedPosition};
use greenroom_testkit::builders::{NOON, channel_id, message, node_id, noon_plus, viewer};

const MIB: u64 = 1 << 20;

async fn say(store: &SledStore, n: u64) -> Result<Committed, CommitError> {
    let text = format!("message {n} {}", "x".repeat(900));
    let line = message("room", viewer("ada"), &text).client_id(&format!("m{n}"));
    store.commit(Changes::new().line(line.line())).await
}

async fn head(store: &SledStore) -> Seq {
    RoomLog::head(store, channel_id("room")).await.unwrap().seq
}

#[tokio::test]
async fn space_that_is_kept_back_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let free = Arc::new(AtomicU64::new(65 * MIB));
    let asked = Arc::clone(&free);
    let options =
        StoreOptions::new(node_id("node")).free_space(move |_| Ok(asked.load(Ordering::Relaxed)));
    let store = SledStore::open(folder.path(), options).unwrap();
    say(&store, 1).await.unwrap();

    free.store(63 * MIB, Ordering::Relaxed);
    for _ in 0..3 {
        let refused = say(&store, 2).await.unwrap_err();
        assert!(matches!(refused, CommitError::Full), "{refused:?}");
    }
    assert_eq!(head(&store).await, Seq(1), "reading goes on");
    // Forgetting goes on too: it is what makes space.
    let through = Feed::head(&store).await.unwrap();
    store.prune(through, noon_plus(1)).await.unwrap();
    let read = Feed::read(&store, FeedPosition::START, 9).await;
    assert!(matches!(read, Err(FeedError::Gone)), "{read:?} of {NOON:?}");

    free.store(65 * MIB, Ordering::Relaxed);
    assert_eq!(say(&store, 2).await.unwrap().places[0].seq, Seq(2));
}

/// A file system of its own that is full for real, where one may be mounted.
#[tokio::test]
async fn a_disk_that_is_really_full_is_got_over() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else {
        println!("not tested: a small file system cannot be mounted here");
        return;
    };
    let ballast = disk.0.join("ballast");
    std::fs::write(&ballast, vec![0; 12 << 20]).unwrap();
    // Nothing is kept back, so that the disk itself refuses.
    let options = StoreOptions::new(node_id("node")).kept_back(0);
    let store = SledStore::open(disk.0.join("data"), options).unwrap();

    let mut kept = Vec::new();
    let mut next = 1;
    loop {
        match say(&store, next).await {
            Ok(committed) => kept.push((next, committed.places[0].seq)),
            Err(CommitError::Store(_) | CommitError::Full) => break,
            Err(other) => panic!("a full disk was answered {other:?}"),
        }
        next += 1;
        assert!(next < 50_000, "the disk does not get full");
    }

    std::fs::remove_file(&ballast).unwrap();
    let after = tokio::time::timeout(Duration::from_secs(10), async {
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        loop {
            tick.tick().await;
            match say(&store, next).await {
                Ok(committed) => return committed.places[0].seq,
                // The one that failed may have been kept; then this is it.
                Err(CommitError::Repeated(first)) => return first.place.seq,
                Err(CommitError::Store(_) | CommitError::Full) => {}
                Err(other) => panic!("with space again it answered {other:?}"),
            }
        }
    });
    let after = after.await.expect("ten seconds are enough to get over it");
    assert_eq!(after, Seq(kept.last().unwrap().1.0 + 1));
    for &(n, seq) in &kept {
        let again = say(&store, n).await;
        let Err(CommitError::Repeated(line)) = again else {
            panic!("message {n} was acknowledged, and its repeat answered {again:?}")
        };
        assert_eq!(line.place.seq, seq);
        if n > 200 {
            break; // Each is a commit; the log below shows the rest.
        }
    }
    let log = store
        .after(channel_id("room"), Seq::ZERO, usize::MAX)
        .await
        .unwrap();
    assert_eq!(
        log.len(),
        usize::try_from(after.0).unwrap(),
        "no gap, no double"
    );
    store.close().await;
}

/// A folder that can only be read is refused by name, and all that was in it is still there.
#[tokio::test]
async fn a_folder_that_cannot_be_written_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else {
        println!("not tested: a small file system cannot be mounted here");
        return;
    };
    let data = disk.0.join("data");
    let open = || {
        let options = StoreOptions::new(node_id("node")).kept_back(0);
        SledStore::open(&data, options)
    };
    let store = open().unwrap();
    say(&store, 1).await.unwrap();
    store.close().await;

    disk.remount("ro");
    let refused = open().err().unwrap();
    assert!(matches!(refused, OpenError::Io { .. }), "{refused:?}");
    let said = refused.to_string();
    assert!(said.contains(&data.display().to_string()), "{said}");

    disk.remount("rw");
    let store = open().unwrap();
    assert_eq!(head(&store).await, Seq(1));
    store.close().await;
}

/// 24 MiB, given back when it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"])
            .arg(at);
        let mounted = mount.output().is_ok_and(|done| done.status.success());
        mounted.then(|| Self(at.to_owned()))
    }

    fn remount(&self, access: &str) {
        let how = format!("remount,{access}");
        let mounted = Command::new("mount")
            .args(["-o", &how])
            .arg(&self.0)
            .status();
        assert!(mounted.is_ok_and(|done| done.success()), "{how}");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|done| done.success()), "left mounted");
    }
}
