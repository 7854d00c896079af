//! What exports still need of what is overwritten.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, MutexGuard};
use sled::IVec;

use crate::archive::is_exported;
use crate::database::{Database, refused};
use crate::keyspace::Key;

/// So much is put aside for one export at most, in bytes.
const MOST: usize = 64 << 20;

/// What a pair costs beyond its bytes, about.
const OVERHEAD: usize = 100;

/// The exports that are under way.
#[derive(Default)]
pub(crate) struct Exports {
    running: Mutex<Vec<Weak<Before>>>,
}

/// More was overwritten than is put aside.
#[derive(Debug)]
pub(crate) struct Overtaken;

/// The tree at the moment at which an export began, as far as it is different by now.
pub(crate) struct Before {
    aside: Mutex<Aside>,
}

#[derive(Default)]
struct Aside {
    /// What was there; `None` where nothing was.
    pairs: BTreeMap<Key, Option<IVec>>,
    bytes: usize,
    overtaken: bool,
}

impl Exports {
    /// Begins one: its moment is between two batches, so this waits for the one that is
    /// being written.
    pub(crate) fn begin(&self) -> Arc<Before> {
        let before = Arc::new(Before {
            aside: Mutex::default(),
        });
        self.running.lock().push(Arc::downgrade(&before));
        before
    }

    /// Puts aside what is about to be overwritten. No export begins until the answer is
    /// dropped: that has to be after the write.
    pub(crate) fn put_aside<'exports, 'keys>(
        &'exports self,
        database: &Database,
        keys: &(impl Iterator<Item = &'keys Key> + Clone),
    ) -> MutexGuard<'exports, Vec<Weak<Before>>> {
        let mut running = self.running.lock();
        running.retain(|export| match export.upgrade() {
            Some(before) => {
                before.put_aside(database, keys.clone());
                true
            }
            None => false,
        });
        running
    }
}

impl Before {
    fn put_aside<'keys>(&self, database: &Database, keys: impl Iterator<Item = &'keys Key>) {
        let mut aside = self.aside.lock();
        for key in keys.filter(|key| is_exported(key)) {
            if aside.overtaken {
                return;
            }
            if aside.pairs.contains_key(key) {
                continue;
            }
            match database.read(|tree| tree.get(key).map_err(refused)) {
                Ok(value) => aside.add(key, value),
                Err(error) => {
                    tracing::warn!(%error, "an export cannot be told what was there before");
                    aside.give_up();
                }
            }
        }
    }

    /// Makes of what was just read what was there at the export's moment.
    pub(crate) fn restore(
        &self,
        read: &mut BTreeMap<Key, IVec>,
        range: Range<Key>,
    ) -> Result<(), Overtaken> {
        let aside = self.aside.lock();
        if aside.overtaken {
            return Err(Overtaken);
        }
        for (key, value) in aside.pairs.range(range) {
            match value {
                Some(value) => read.insert(key.clone(), value.clone()),
                None => read.remove(key),
            };
        }
        Ok(())
    }
}

impl Aside {
    fn add(&mut self, key: &Key, value: Option<IVec>) {
        self.bytes += key.len() + value.as_ref().map_or(0, |value| value.len()) + OVERHEAD;
        self.pairs.insert(key.clone(), value);
        if self.bytes > MOST {
            self.give_up();
        }
    }

    fn give_up(&mut self) {
        *self = Self {
            overtaken: true,
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_that_is_overtaken_gives_up_what_it_kept() {
        let large = IVec::from(vec![0; 1 << 20]);
        let before = Before {
            aside: Mutex::default(),
        };
        for n in 0..70_u8 {
            before.aside.lock().add(&vec![n], Some(large.clone()));
        }
        let aside = before.aside.lock();
        assert!(aside.overtaken && aside.pairs.len() < 10);
        drop(aside);
        let all = Key::new()..vec![0xff];
        assert!(before.restore(&mut BTreeMap::new(), all).is_err());
    }

    #[test]
    fn what_was_there_is_what_an_export_sees() {
        let before = Before {
            aside: Mutex::default(),
        };
        before.aside.lock().add(&vec![1], Some(IVec::from("old")));
        before.aside.lock().add(&vec![2], None);
        before.aside.lock().add(&vec![3], Some(IVec::from("gone")));
        let found = [(1, "new"), (2, "made since"), (4, "as it was")];
        let mut found: BTreeMap<Key, IVec> = found
            .map(|(key, value)| (vec![key], IVec::from(value)))
            .into();
        before.restore(&mut found, vec![0]..vec![9]).unwrap();
        let seen: Vec<_> = found
            .iter()
            .map(|(key, value)| (key[0], &value[..]))
            .collect();
        assert_eq!(seen, [(1, &b"old"[..]), (3, b"gone"), (4, b"as it was")]);
    }
}
