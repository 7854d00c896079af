//! Opening a store: whose it is, what a crash may leave in it, and what is refused.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};

use greenroom_adapters_sled::{OpenError, SledStore, StoreOptions};
use greenroom_domain::account::Users;
use greenroom_domain::chat::{RoomLog, Seq};
use greenroom_domain::recording::Recordings;
use greenroom_domain::shared::commit::{Changes, Commit};
use greenroom_domain::shared::store::StoreError;
use greenroom_testkit::builders::{
    channel_id, creates_recording, creates_user, message, node_id, recording, user, viewer,
};

fn open(folder: &Path) -> Result<SledStore, OpenError> {
    SledStore::open(folder, StoreOptions::new(node_id("node")).kept_back(0))
}

async fn say(store: &SledStore, text: &str) {
    let line = message("room", viewer("ada"), text).line();
    store.commit(Changes::new().line(line)).await.unwrap();
}

async fn lines(store: &SledStore) -> usize {
    let lines = store.after(channel_id("room"), Seq::ZERO, 1000).await;
    lines.unwrap().len()
}

#[tokio::test]
async fn a_store_keeps_its_node_and_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let ada = user("ada").build();
    let store = open(folder.path()).unwrap();
    assert_eq!(store.node(), node_id("node"));
    store.commit(creates_user(&ada)).await.unwrap();
    let recorded = recording("ada", 1);
    store.commit(creates_recording(&recorded)).await.unwrap();
    store.close().await;

    let options = StoreOptions::new(node_id("another")).kept_back(0);
    let store = SledStore::open(folder.path(), options).unwrap();
    assert_eq!(store.node(), node_id("node"));
    assert_eq!(store.epoch(), 1);
    let found = store.get_many(&[ada.id]).await.unwrap();
    assert_eq!(found, [ada]);
    let going_on = Recordings::open(&store).await.unwrap();
    assert_eq!(going_on.len(), 1);
    assert_eq!(going_on[0].value, recorded);
}

#[tokio::test]
async fn a_store_that_is_closed_answers_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    say(&store, "one").await;
    store.close().await;
    store.close().await;
    let line = message("room", viewer("ada"), "two").line();
    let refused = store.commit(Changes::new().line(line)).await.unwrap_err();
    assert_eq!(refused.to_string(), "the store cannot be reached");
    let read = store.head(channel_id("room")).await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    // The folder is free already.
    let again = open(folder.path()).unwrap();
    assert_eq!(lines(&again).await, 1);
}

#[tokio::test]
async fn a_folder_serves_one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let refused = open(folder.path()).err().expect("two have the folder");
    assert!(matches!(refused, OpenError::InUse { .. }), "{refused:?}");
    assert_eq!(
        refused.to_string(),
        format!(
            "the data folder {} is in use by process {}; stop that first, or give this one another data folder",
            folder.path().display(),
            std::process::id()
        )
    );
    say(&store, "undisturbed").await;
    drop(store);
    open(folder.path()).unwrap();
}

#[tokio::test]
async fn a_half_written_snapshot_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    for n in 0..100 {
        say(&store, &format!("message {n}")).await;
    }
    store.close().await;
    let torn = folder.path().join("store/snap.FFFFFFFFFFFFFFFF.generating");
    fs::write(&torn, b"half of a snap").unwrap();

    let store = open(folder.path()).unwrap();
    assert_eq!(lines(&store).await, 100);
    say(&store, "and on").await;
    assert!(!torn.exists(), "it would be in the way at the next start");
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).unwrap().close().await;
    let sled = sled::open(folder.path().join("store")).unwrap();
    sled.insert(b"\x01format", &7_u32.to_be_bytes()).unwrap();
    drop(sled);

    let refused = open(folder.path()).err().expect("it was opened");
    assert!(matches!(refused, OpenError::Newer { .. }), "{refused:?}");
    assert_eq!(
        refused.to_string(),
        format!(
            "the store in {} has format 7, and this version reads up to format 1; start the newer version of Greenroom that wrote it",
            folder.path().display()
        )
    );
}

#[tokio::test]
async fn an_import_that_came_to_no_end_is_told_and_can_be_run_again() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).unwrap().close().await;
    let importing = folder.path().join("store.importing");
    fs::create_dir(&importing).unwrap();

    let refused = open(folder.path()).err().expect("it was opened");
    assert!(
        matches!(refused, OpenError::Importing { .. }),
        "{refused:?}"
    );
    assert_eq!(
        refused.to_string(),
        format!(
            "an import into {} came to no end; run it again, or remove {} to begin with an empty store",
            folder.path().display(),
            importing.display()
        )
    );
    let options = StoreOptions::new(node_id("node")).kept_back(0);
    SledStore::open(folder.path(), options.imports_again()).unwrap();
    fs::remove_dir(&importing).unwrap();
    open(folder.path()).unwrap();
}

#[tokio::test]
async fn a_damaged_store_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    say(&store, "precious").await;
    store.close().await;
    // Opening it once more makes sled sum its log up in a snapshot.
    open(folder.path()).unwrap().close().await;
    let snapshot = snapshot(folder.path());
    let healthy = fs::read(&snapshot).unwrap();
    let mut damaged = healthy.clone();
    damaged[0] ^= 0xff;
    fs::write(&snapshot, &damaged).unwrap();

    let refused = open(folder.path()).err().expect("it was opened");
    assert!(matches!(refused, OpenError::Damaged { .. }), "{refused:?}");
    assert!(refused.to_string().contains("put a backup in its place"));
    assert!(refused.source().is_some(), "the log gets the reason");
    assert_eq!(
        fs::read(&snapshot).unwrap(),
        damaged,
        "it was left as it is"
    );

    fs::write(&snapshot, healthy).unwrap();
    assert_eq!(lines(&open(folder.path()).unwrap()).await, 1);
}

#[test]
fn a_file_that_lost_its_content_is_no_new_store() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).unwrap());
    let sled = sled::open(folder.path().join("store")).unwrap();
    sled.clear().unwrap();
    sled.insert("foreign", "content").unwrap();
    drop(sled);
    let refused = open(folder.path()).err().expect("it was opened");
    assert!(matches!(refused, OpenError::Damaged { .. }), "{refused:?}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = open(&file.join("data")).err().expect("it was opened");
    assert!(refused.to_string().contains("file/data"), "{refused}");
}

fn snapshot(folder: &Path) -> PathBuf {
    let entries = fs::read_dir(folder.join("store")).unwrap();
    let mut names = entries.map(|entry| entry.unwrap().path());
    names
        .find(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("snap.")
        })
        .expect("sled has written a snapshot")
}
