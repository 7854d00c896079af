//! Which store, by configuration.

use std::sync::Arc;

use greenroom_adapters_memory::{InMemoryObjects, InMemoryStore};
use greenroom_adapters_objects::ObjectFolder;
use greenroom_adapters_sled::{SledStore, StoreOptions};
use greenroom_domain::account::{Sessions, Users};
use greenroom_domain::channel::{Channels, StreamKeys};
use greenroom_domain::chat::{Moderation, RoomLog};
use greenroom_domain::shared::archive::Archive;
use greenroom_domain::shared::commit::Commit;
use greenroom_domain::shared::feed::Feed;
use greenroom_domain::shared::id::NodeId;
use greenroom_domain::shared::object::Objects;
use greenroom_domain::stream::Streams;

use crate::{Config, OpenError, StoreKind, backup};

/// The ports that one store fills.
pub(crate) struct Store {
    pub(crate) node: NodeId,
    pub(crate) archive: Arc<dyn Archive>,
    pub(crate) commit: Arc<dyn Commit>,
    pub(crate) feed: Arc<dyn Feed>,
    pub(crate) users: Arc<dyn Users>,
    pub(crate) sessions: Arc<dyn Sessions>,
    pub(crate) channels: Arc<dyn Channels>,
    pub(crate) stream_keys: Arc<dyn StreamKeys>,
    pub(crate) streams: Arc<dyn Streams>,
    pub(crate) room_log: Arc<dyn RoomLog>,
    pub(crate) moderation: Arc<dyn Moderation>,
    pub(crate) objects: Arc<dyn Objects>,
}

/// Opens the store; one that is new takes this node's id and keeps it.
pub(crate) fn open(config: &Config, node_if_new: NodeId) -> Result<Store, OpenError> {
    open_with(config, StoreOptions::new(node_if_new), node_if_new)
}

/// The same, also where an import was interrupted.
pub(crate) fn open_for_import(config: &Config, node_if_new: NodeId) -> Result<Store, OpenError> {
    let options = StoreOptions::new(node_if_new).imports_again();
    open_with(config, options, node_if_new)
}

fn open_with(
    config: &Config,
    options: StoreOptions,
    node_if_new: NodeId,
) -> Result<Store, OpenError> {
    match config.store {
        StoreKind::Memory => Ok(ports(
            node_if_new,
            Arc::new(InMemoryStore::new()),
            Arc::new(InMemoryObjects::default()),
        )),
        StoreKind::Sled => {
            let store = SledStore::open(&config.data_dir, options)
                .map_err(|error| backup::way_back(config, error))?;
            let folder = config.data_dir.join("objects");
            let objects = ObjectFolder::open(&folder)
                .map_err(|source| OpenError::Objects { folder, source })?;
            Ok(ports(store.node(), Arc::new(store), Arc::new(objects)))
        }
    }
}

fn ports<S>(node: NodeId, store: Arc<S>, objects: Arc<dyn Objects>) -> Store
where
    S: Archive
        + Commit
        + Feed
        + Users
        + Sessions
        + Channels
        + StreamKeys
        + Streams
        + RoomLog
        + Moderation
        + 'static,
{
    Store {
        node,
        archive: store.clone(),
        commit: store.clone(),
        feed: store.clone(),
        users: store.clone(),
        sessions: store.clone(),
        channels: store.clone(),
        stream_keys: store.clone(),
        streams: store.clone(),
        room_log: store.clone(),
        moderation: store,
        objects,
    }
}
