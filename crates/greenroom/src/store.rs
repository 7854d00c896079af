//! Which store, by configuration.

use std::sync::Arc;

use greenroom_adapters_memory::{InMemoryObjects, InMemoryStore};
use greenroom_adapters_objects::ObjectFolder;
use greenroom_adapters_postgres::{Nodes, PgOptions, PgStore};
use greenroom_adapters_sled::{SledStore, StoreOptions};
use greenroom_domain::shared::archive::Archive;
use greenroom_domain::shared::id::NodeId;
use greenroom_domain::shared::object::Objects;

use crate::node::{self, Identity};
use crate::{Config, ConfigError, OpenError, StoreKind, backup};

/// The store, and what goes with it.
pub(crate) struct Store {
    pub(crate) node: NodeId,
    pub(crate) archive: Arc<dyn Archive>,
    pub(crate) kept: Arc<dyn greenroom_app::Store>,
    pub(crate) objects: Arc<dyn Objects>,
    /// Kept for as long as the node runs, where the store does not itself say who it is.
    pub(crate) identity: Option<Identity>,
}

/// What a store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// To serve: as a node, alone or with others.
    Serve,
    /// To change or read something beside whatever nodes run on it.
    Operate,
    /// To be filled, also where an import was interrupted.
    Import,
}

/// Opens the store; one that is new takes this node's id and keeps it.
pub(crate) async fn open(
    config: &Config,
    node_if_new: NodeId,
    to: Use,
) -> Result<Store, OpenError> {
    match config.store {
        StoreKind::Memory => Ok(ports(
            node_if_new,
            Arc::new(InMemoryStore::new()),
            Arc::new(InMemoryObjects::default()),
        )),
        StoreKind::Sled => {
            let options = StoreOptions::new(node_if_new);
            let options = match to {
                Use::Serve | Use::Operate => options,
                Use::Import => options.imports_again(),
            };
            let store = SledStore::open(&config.data_dir, options)
                .map_err(|error| backup::way_back(config, error))?;
            Ok(ports(store.node(), Arc::new(store), objects(config)?))
        }
        StoreKind::Postgres => postgres(config, node_if_new, to).await,
    }
}

async fn postgres(config: &Config, node_if_new: NodeId, to: Use) -> Result<Store, OpenError> {
    let mut options = pg_options(config)?;
    let identity = match to {
        Use::Serve => {
            options = options.nodes(if config.redis.url.is_empty() {
                Nodes::One
            } else {
                Nodes::Many
            });
            Some(node::identity(&config.data_dir, node_if_new)?)
        }
        Use::Operate | Use::Import => None,
    };
    // Whoever fills a database made it for that.
    if to == Use::Import || (to == Use::Serve && config.postgres.migrate) {
        PgStore::migrate(&options)
            .await
            .map_err(OpenError::Migrate)?;
    }
    let store = PgStore::open(&options).await.map_err(OpenError::Database)?;
    let node = identity.as_ref().map_or(node_if_new, |it| it.id);
    Ok(Store {
        identity,
        ..ports(node, Arc::new(store), objects(config)?)
    })
}

/// Brings the database's schema up to date.
pub(crate) async fn migrate(config: &Config) -> Result<(), OpenError> {
    let options = pg_options(config)?;
    PgStore::migrate(&options).await.map_err(OpenError::Migrate)
}

/// Whether the database answers and has the right schema. Changes nothing.
pub(crate) async fn reach(config: &Config) -> Result<(), OpenError> {
    let options = pg_options(config)?;
    let store = PgStore::open(&options).await.map_err(OpenError::Database)?;
    store.close().await;
    Ok(())
}

fn pg_options(config: &Config) -> Result<PgOptions, ConfigError> {
    let options = PgOptions::parse(&config.postgres.url).map_err(|error| ConfigError::Value {
        key: "postgres.url",
        problem: error.to_string(),
    })?;
    Ok(options.max_connections(config.postgres.max_connections))
}

fn objects(config: &Config) -> Result<Arc<dyn Objects>, OpenError> {
    let folder = config.objects_folder();
    match ObjectFolder::open(&folder) {
        Ok(objects) => Ok(Arc::new(objects)),
        Err(source) => Err(OpenError::Objects { folder, source }),
    }
}

fn ports<S>(node: NodeId, store: Arc<S>, objects: Arc<dyn Objects>) -> Store
where
    S: Archive + greenroom_app::Store,
{
    Store {
        node,
        archive: store.clone(),
        kept: store,
        objects,
        identity: None,
    }
}
