//! A file becomes a store.

use greenroom_adapters_identity::secret_box::MasterKeyError;
use greenroom_adapters_memory::SystemIds;
use greenroom_domain::shared::archive::{self, Archive};
use greenroom_domain::shared::id::{Ids as _, NodeId};
use tokio::io::AsyncBufRead;

use crate::archive::reader::{ReadError, Reader, Source};
use crate::archive::{Progress, Summary, summary_of};
use crate::store::{self, Use};
use crate::{Config, OpenError, StoreKind, identity};

/// An import came to no end; unless it says otherwise, nothing was kept.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The archive cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its secrets could never be opened here.
    #[error(
        "the archive's secrets are sealed under the master key {archive}, and this store {}; \
         put the other store's secret.key into {folder} (or its key into secrets.master_key) \
         and import again",
        here.as_ref().map_or("has none".to_owned(), |here| format!("has {here}"))
    )]
    OtherKey {
        /// The fingerprint that the archive names.
        archive: String,
        /// The fingerprint of the key that is configured, if one is.
        here: Option<String>,
        /// Where the key is looked for.
        folder: String,
    },
    /// What is imported would be gone at once.
    #[error("a store in memory is gone with its process; set store to another kind")]
    InMemory,
    /// The target cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The target did not take it.
    #[error(transparent)]
    Store(archive::ImportError),
    /// It was imported, and cannot be read.
    #[error("the store was imported, but cannot be read")]
    ReadBack(#[source] archive::ExportError),
    /// It was imported, and is not the same.
    #[error(
        "the store was imported and is not what it was given ({stored} instead of {given}); \
         do not use it, and report this"
    )]
    Different {
        /// The checksum of what it was given.
        given: String,
        /// The store's.
        stored: String,
    },
}

/// What an archive is imported for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To move: nothing was written since it was made. Clients go on where they were.
    Move,
    /// To restore: what was written since it was made is lost. Clients that have seen it begin
    /// anew, for its rooms' history is another one (see
    /// [`Place`](greenroom_domain::chat::Place)).
    Restore,
}

/// Imports an archive into the empty store that the configuration names, while no server
/// runs on it; answers with what the store holds then.
pub async fn import(
    config: &Config,
    from: impl AsyncBufRead + Send + Unpin,
    purpose: Purpose,
    progress: Progress<'_>,
) -> Result<Summary, ImportError> {
    if config.store == StoreKind::Memory {
        return Err(ImportError::InMemory);
    }
    let reader = Reader::open(from).await?;
    check_key(config, &reader.header().master_key)?;
    let node = NodeId::from_uuid(SystemIds.uuid());
    let store = store::open(config, node, Use::Import).await?;
    fill(&*store.archive, reader, purpose, progress).await
}

/// Imports the rest of an archive, and looks whether the store holds what it was given.
pub(super) async fn fill(
    store: &dyn Archive,
    reader: Reader<impl AsyncBufRead + Send + Unpin>,
    purpose: Purpose,
    progress: Progress<'_>,
) -> Result<Summary, ImportError> {
    let mut source = Source::new(reader, purpose, progress);
    let imported = store.import(&mut source).await;
    imported.map_err(ImportError::Store)?;
    let given = source.given();
    let stored = summary_of(store).await;
    let stored = stored.map_err(ImportError::ReadBack)?;
    if stored != given {
        return Err(ImportError::Different {
            given: given.content,
            stored: stored.content,
        });
    }
    Ok(stored)
}

fn check_key(config: &Config, archive: &str) -> Result<(), ImportError> {
    let configured = identity::configured_key(config).map_err(OpenError::Config)?;
    // It is never made here: a new one could open nothing.
    let here = match identity::master_key(config, configured, false) {
        Ok(key) => Some(key.fingerprint()),
        Err(OpenError::MasterKey(MasterKeyError::Missing { .. })) => None,
        Err(other) => return Err(other.into()),
    };
    if here.as_deref() == Some(archive) {
        return Ok(());
    }
    Err(ImportError::OtherKey {
        archive: archive.to_owned(),
        here,
        folder: config.data_dir.display().to_string(),
    })
}
