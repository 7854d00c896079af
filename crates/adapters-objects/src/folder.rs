//! A folder with a file for each object: written aside, synced, and moved to its place.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use greenroom_domain::shared::object::{ObjectKey, Objects, ObjectsError};

/// Where files are written. No key begins with a dot.
const INCOMING: &str = ".incoming";

/// Objects as files below a folder, which is this process's alone.
#[derive(Debug, Clone)]
pub struct ObjectFolder(Arc<Folder>);

#[derive(Debug)]
struct Folder {
    root: PathBuf,
    written: AtomicU64,
}

impl ObjectFolder {
    /// Makes the folder where there is none, and forgets what a crash left half written.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        let incoming = root.join(INCOMING);
        match fs::remove_dir_all(&incoming) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir_all(&incoming)?;
        Ok(Self(Arc::new(Folder {
            root,
            written: AtomicU64::new(0),
        })))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> io::Result<T> + Send + 'static,
    ) -> Result<T, ObjectsError> {
        let folder = Arc::clone(&self.0);
        match tokio::task::spawn_blocking(move || work(&folder)).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ObjectsError::Full,
                _ => ObjectsError::Unavailable(Box::new(error)),
            }),
            Err(panicked) => Err(ObjectsError::Unavailable(Box::new(panicked))),
        }
    }
}

#[async_trait]
impl Objects for ObjectFolder {
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), ObjectsError> {
        let key = key.clone();
        self.blocking(move |folder| folder.put(&key, &bytes)).await
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Bytes>, ObjectsError> {
        let key = key.clone();
        self.blocking(move |folder| match fs::read(folder.path(&key)) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if is_nothing(&error) => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), ObjectsError> {
        let key = key.clone();
        self.blocking(move |folder| match fs::remove_file(folder.path(&key)) {
            Err(error) if !is_nothing(&error) => Err(error),
            _ => Ok(()),
        })
        .await
    }
}

impl Folder {
    /// A key's parts hold nothing by which a path leads elsewhere.
    fn path(&self, key: &ObjectKey) -> PathBuf {
        let mut path = self.root.clone();
        path.extend(key.as_str().split('/'));
        // An object and a folder of the same name do not get into each other's way.
        path.add_extension("object");
        path
    }

    fn put(&self, key: &ObjectKey, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(key);
        let parent = path.parent().unwrap_or(&self.root);
        if !parent.is_dir() {
            fs::create_dir_all(parent)?;
            sync_up_to(parent, &self.root)?;
        }
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let aside = self.root.join(INCOMING).join(number.to_string());
        let written = write(&aside, bytes).and_then(|()| fs::rename(&aside, &path));
        if written.is_err() {
            let _ = fs::remove_file(&aside);
        }
        written?;
        sync(parent)
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// What a folder lists is durable: a file's sync does not say so of its name.
#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// There folders cannot be opened, and renames are durable by the file system's journal.
#[cfg(not(unix))]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

fn sync_up_to(folder: &Path, root: &Path) -> io::Result<()> {
    for folder in folder.ancestors() {
        sync(folder)?;
        if folder == root {
            break;
        }
    }
    Ok(())
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
