//! Pictures whose changes are written down: an adapter of the port [`Objects`] around another.
//!
//! Its tests hold it to what the port promises, with the suite that Greenroom's own adapters
//! pass; `Greenroom::builder(…).objects(Arc::new(AuditedObjects::new(…)))` puts it to use.

use std::io::{self, Write};

use async_trait::async_trait;
use bytes::Bytes;
use greenroom_domain::shared::object::{ObjectKey, Objects, ObjectsError};
use parking_lot::Mutex;

/// Keeps objects where another does, and writes a line for each that was kept or deleted.
pub struct AuditedObjects<O, W> {
    objects: O,
    log: Mutex<W>,
}

impl<O: Objects, W: Write + Send> AuditedObjects<O, W> {
    /// Writes to this log what is done to these objects.
    pub fn new(objects: O, log: W) -> Self {
        Self {
            objects,
            log: Mutex::new(log),
        }
    }

    /// What cannot be written down is an error: the caller does it again, until both are so.
    fn write_down(&self, line: &str) -> Result<(), ObjectsError> {
        let mut log = self.log.lock();
        writeln!(log, "{line}")
            .and_then(|()| log.flush())
            .map_err(|error| match error.kind() {
                io::ErrorKind::StorageFull => ObjectsError::Full,
                _ => ObjectsError::Unavailable(Box::new(error)),
            })
    }
}

#[async_trait]
impl<O: Objects, W: Write + Send> Objects for AuditedObjects<O, W> {
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), ObjectsError> {
        let size = bytes.len();
        self.objects.put(key, bytes).await?;
        self.write_down(&format!("kept {} ({size} bytes)", key.as_str()))
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Bytes>, ObjectsError> {
        self.objects.get(key).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), ObjectsError> {
        self.objects.delete(key).await?;
        self.write_down(&format!("deleted {}", key.as_str()))
    }
}
