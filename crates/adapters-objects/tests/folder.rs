//! Objects in a folder, held to the promises of their port.

use bytes::Bytes;
use greenroom_adapters_objects::ObjectFolder;
use greenroom_domain::shared::object::{ObjectKey, Objects};
use greenroom_testkit::{contract, run};

#[test]
fn the_promises_of_objects() {
    let folder = tempfile::tempdir().unwrap();
    let mut number = 0;
    let numbers = std::iter::from_fn(move || {
        number += 1;
        Some(number)
    });
    let numbers = std::sync::Mutex::new(numbers);
    run(contract::objects::all(async || {
        let number = numbers.lock().unwrap().next().unwrap();
        ObjectFolder::open(folder.path().join(number.to_string())).unwrap()
    }));
}

#[tokio::test]
async fn what_was_kept_is_there_after_a_restart_and_nothing_half_written_is() {
    let folder = tempfile::tempdir().unwrap();
    let key = ObjectKey::parse("pictures/a.jpg").unwrap();
    let objects = ObjectFolder::open(folder.path()).unwrap();
    objects
        .put(&key, Bytes::from_static(b"kept"))
        .await
        .unwrap();
    let half = folder.path().join(".incoming/7");
    std::fs::write(&half, "ha").unwrap();
    drop(objects);
    let objects = ObjectFolder::open(folder.path()).unwrap();
    let read = objects.get(&key).await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"kept"[..]));
    assert!(!half.exists());
}

#[tokio::test]
async fn a_folder_that_is_gone_is_an_error_and_not_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let objects = ObjectFolder::open(folder.path().join("objects")).unwrap();
    std::fs::remove_dir_all(folder.path().join("objects")).unwrap();
    let key = ObjectKey::parse("pictures/a.jpg").unwrap();
    assert!(objects.put(&key, Bytes::from_static(b"x")).await.is_err());
    assert_eq!(objects.get(&key).await.unwrap(), None);
}
