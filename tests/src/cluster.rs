//! Several nodes that are one platform: on one PostgreSQL and one Redis of their own.

use greenroom_testkit::servers::{Database, PostgresServer, RedisServer};

use crate::server::Server;

/// Every node has it: what one sealed or signed, the others read.
const MASTER_KEY: &str = "7a57e57ab1e0000000000000000000000000000000000000000000000000a11c";

/// Running nodes, and what they stand on. Dropping it ends all of it.
#[derive(Debug)]
pub struct Cluster {
    /// The nodes, in the order of their starts.
    pub nodes: Vec<Server>,
    database: Database,
    /// What they keep everything in.
    pub postgres: PostgresServer,
    /// What ties them together.
    pub redis: RedisServer,
}

impl Cluster {
    /// Starts so many nodes, one after the other: the first makes the schema.
    pub async fn start(nodes: usize) -> Self {
        Self::start_with(nodes, &[]).await
    }

    /// Starts them with these variables (`GREENROOM_…`) added to their environment.
    pub async fn start_with(nodes: usize, environment: &[(&str, &str)]) -> Self {
        let servers = tokio::task::spawn_blocking(|| {
            let postgres = PostgresServer::start();
            (postgres.database(), postgres, RedisServer::start())
        });
        let (database, postgres, redis) = servers.await.expect("servers for the tests start");
        let mut cluster = Self {
            nodes: Vec::new(),
            database,
            postgres,
            redis,
        };
        for _ in 0..nodes {
            let node = cluster.node(environment).await;
            cluster.nodes.push(node);
        }
        cluster
    }

    /// Starts one more, which is the caller's.
    pub async fn node(&self, environment: &[(&str, &str)]) -> Server {
        let redis = self.redis.url();
        let mut all = vec![
            ("GREENROOM_STORE", "postgres"),
            ("GREENROOM_POSTGRES__URL", self.database.url()),
            ("GREENROOM_REDIS__URL", &redis),
            ("GREENROOM_SECRETS__MASTER_KEY", MASTER_KEY),
        ];
        all.extend(environment);
        Server::start_with(&all).await
    }

    /// Where the database is.
    #[must_use]
    pub fn database_url(&self) -> &str {
        self.database.url()
    }
}
