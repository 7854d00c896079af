//! Objects that are gone with the process.

use std::collections::HashMap;

use async_trait::async_trait;
use bytes::Bytes;
use greenroom_domain::shared::object::{ObjectKey, Objects, ObjectsError};
use parking_lot::RwLock;

/// Objects in a map.
#[derive(Debug, Default)]
pub struct InMemoryObjects(RwLock<HashMap<ObjectKey, Bytes>>);

impl InMemoryObjects {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.read().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[async_trait]
impl Objects for InMemoryObjects {
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), ObjectsError> {
        self.0.write().insert(key.clone(), bytes);
        Ok(())
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Bytes>, ObjectsError> {
        Ok(self.0.read().get(key).cloned())
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), ObjectsError> {
        self.0.write().remove(key);
        Ok(())
    }
}
