//! The adapter by itself, and in a platform.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use example_custom_adapter::AuditedObjects;
use greenroom::Greenroom;
use greenroom::domain::shared::node::NodeAddress;
use greenroom::domain::shared::object::ObjectKey;
use greenroom::memory::InMemoryObjects;
use greenroom_testkit::{contract, run};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

#[test]
fn it_keeps_the_promises_of_its_port() {
    run(contract::objects::all(async || {
        AuditedObjects::new(InMemoryObjects::default(), io::sink())
    }));
}

#[tokio::test]
async fn a_platform_keeps_its_pictures_by_it() {
    let log = Log::default();
    let objects = AuditedObjects::new(InMemoryObjects::default(), log.clone());
    let here = NodeAddress::parse("http://localhost:3000").expect("an address");
    let greenroom = Greenroom::builder(here, CancellationToken::new())
        .objects(Arc::new(objects))
        .build()
        .await
        .expect("a store in memory answers");

    let objects = &greenroom.app().ports.objects;
    let key = ObjectKey::parse("pictures/a.jpg").expect("a key");
    let picture = Bytes::from_static(b"a picture");
    objects.put(&key, picture.clone()).await.expect("kept");
    assert_eq!(objects.get(&key).await.expect("a read"), Some(picture));
    objects.delete(&key).await.expect("deleted");
    assert_eq!(
        log.text(),
        "kept pictures/a.jpg (9 bytes)\ndeleted pictures/a.jpg\n"
    );
}

/// A log that a test can read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).expect("text")
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
