//! Promises of `Objects`. Each function takes
//! one that holds nothing.

use std::sync::Arc;

use bytes::Bytes;
use greenroom_domain::shared::object::{ObjectKey, Objects};

/// All of the promises, each on a new one.
pub async fn all<O: Objects + 'static>(make: impl AsyncFn() -> O) {
    what_is_put_is_read_until_it_is_deleted(&make().await).await;
    keys_are_kept_apart(&make().await).await;
    who_reads_sees_all_of_it(Arc::new(make().await)).await;
}

/// It is there, then another is, then none.
pub async fn what_is_put_is_read_until_it_is_deleted(objects: &dyn Objects) {
    let key = key("pictures/a.jpg");
    assert_eq!(read(objects, &key).await, None);
    objects.delete(&key).await.expect("nothing to delete");
    for bytes in [&b"one"[..], b"", b"another"] {
        let bytes = Bytes::from_static(bytes);
        objects.put(&key, bytes.clone()).await.expect("kept");
        assert_eq!(read(objects, &key).await, Some(bytes));
    }
    for _ in 0..2 {
        objects.delete(&key).await.expect("deleted");
        assert_eq!(read(objects, &key).await, None);
    }
}

/// Keys that are alike lead to different objects.
pub async fn keys_are_kept_apart(objects: &dyn Objects) {
    let keys = ["a", "a.b", "ab", "b/a", "b/a.b", "c/b/a"].map(key);
    for it in &keys {
        let bytes = Bytes::from(it.as_str().to_owned());
        objects.put(it, bytes).await.expect("kept");
    }
    objects.delete(&keys[0]).await.expect("deleted");
    assert_eq!(read(objects, &keys[0]).await, None);
    for it in &keys[1..] {
        let bytes = Bytes::from(it.as_str().to_owned());
        assert_eq!(read(objects, it).await, Some(bytes), "{it:?}");
    }
}

/// While it is written over and over, a reader sees one of what was written.
pub async fn who_reads_sees_all_of_it<O: Objects + 'static>(objects: Arc<O>) {
    const LEN: usize = 300_000;
    let key = key("pictures/busy.jpg");
    let first = Bytes::from(vec![0; LEN]);
    objects.put(&key, first).await.expect("kept");
    let writer = tokio::spawn({
        let (objects, key) = (Arc::clone(&objects), key.clone());
        async move {
            for fill in 1..20 {
                let bytes = Bytes::from(vec![fill; LEN]);
                objects.put(&key, bytes).await.expect("kept");
            }
        }
    });
    while !writer.is_finished() {
        let bytes = read(&*objects, &key).await.expect("it is there");
        assert_eq!(bytes.len(), LEN);
        assert!(bytes.iter().all(|byte| *byte == bytes[0]), "a mixture");
    }
    writer.await.expect("it writes");
}

async fn read(objects: &dyn Objects, key: &ObjectKey) -> Option<Bytes> {
    objects.get(key).await.expect("a read")
}

fn key(text: &str) -> ObjectKey {
    ObjectKey::parse(text).expect("a key that fits")
}
