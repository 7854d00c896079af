//! This node among the others.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::shared::id::{ChannelId, NodeId};
use greenroom_domain::shared::node::NodeAddress;
use greenroom_domain::shared::store::StoreError;
use greenroom_domain::stream::Stream;
use tokio_util::sync::CancellationToken;

use crate::stream::{audience, sweep};
use crate::{App, Refusal};

/// After so long without an announcement a node is not there any more.
pub(crate) const LEASE: Duration = Duration::from_secs(15);
const ANNOUNCE_EVERY: Duration = Duration::from_secs(5);
/// How long a node that goes may take over its farewell.
const FAREWELL: Duration = Duration::from_secs(5);

impl App {
    /// Where another node is, as long as it is there; `None` for this one.
    pub(crate) async fn another_node(
        &self,
        node: NodeId,
    ) -> Result<Option<NodeAddress>, StoreError> {
        if node == self.node {
            return Ok(None);
        }
        self.ports.nodes.get(node, self.now()).await
    }

    /// Where a channel's media are, if that is another node, and it is there.
    pub(crate) async fn media_elsewhere(
        &self,
        channel: ChannelId,
    ) -> Result<Option<NodeAddress>, Refusal> {
        match self.live.newest(self).await?.publisher_of(channel) {
            Some(publisher) => Ok(self.another_node(publisher.node).await?),
            None => Ok(None),
        }
    }

    /// Where the other nodes are that these streams publish to, as far as that can be found out.
    pub(crate) async fn other_nodes_with<'a>(
        &self,
        streams: impl IntoIterator<Item = &'a Stream>,
    ) -> HashMap<NodeId, NodeAddress> {
        let mut publishers = streams.into_iter().filter_map(Stream::publisher);
        if publishers.all(|publisher| publisher.node == self.node) {
            return HashMap::new();
        }
        match self.ports.nodes.all(self.now()).await {
            Ok(nodes) => nodes.into_iter().collect(),
            Err(error) => {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "it is not known where other nodes are"
                );
                HashMap::new()
            }
        }
    }
}

/// Tells the others that this node is there, and where, until shutdown; then says goodbye.
pub(crate) async fn announce(app: &Arc<App>, address: &NodeAddress, shutdown: &CancellationToken) {
    let announcing = async {
        loop {
            let until = app.now() + LEASE;
            if let Err(error) = app.ports.nodes.announce(app.node, address, until).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the other nodes cannot be told that this one is there"
                );
            }
            tokio::time::sleep(ANNOUNCE_EVERY).await;
        }
    };
    shutdown.run_until_cancelled(announcing).await;
}

/// This node goes: where others are, they go on with what it leaves at once. Alone, what it had
/// waits for it as after a crash, however long it is away.
pub(crate) async fn leave(app: &Arc<App>) {
    let leaving = async {
        app.ports.nodes.leave(app.node).await?;
        audience::leave_to_others(app).await?;
        if !app.ports.nodes.all(app.now()).await?.is_empty() {
            sweep::interrupt_own(app).await?;
        }
        Ok::<_, Refusal>(())
    };
    match tokio::time::timeout(FAREWELL, leaving).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the other nodes find out by themselves that this one has gone"
        ),
        Err(_) => tracing::warn!("the other nodes find out by themselves that this one has gone"),
    }
}
