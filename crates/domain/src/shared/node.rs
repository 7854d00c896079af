//! Nodes: the processes that are one platform together.

use std::fmt;

use async_trait::async_trait;

use crate::shared::clock::Timestamp;
use crate::shared::id::NodeId;
use crate::shared::store::StoreError;

/// Where players and browsers reach one node and no other: `https://node-1.example.org`.
///
/// Its scheme is `http` or `https`; it has neither query nor fragment, and no slash at its
/// end: a path is appended as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NodeAddress(String);

impl NodeAddress {
    /// The longest, in bytes.
    pub const MAX_LEN: usize = 255;

    /// Takes an address; `None` when it cannot be one. Slashes at the end are left out.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_end_matches('/');
        let rest = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))?;
        let fits = text.len() <= Self::MAX_LEN
            && !rest.is_empty()
            && !rest.starts_with([':', '/'])
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"?#\"<>\\^`{|}@".contains(&byte));
        fits.then(|| Self(text.to_owned()))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL of a path, which begins with a slash, on that node.
    pub fn url(&self, path: &str) -> String {
        format!("{self}{path}")
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which nodes there are.
///
/// Promises: a node is there from its announcement until it leaves, or the time that it
/// announced last has run out by the clock that the callers share; then it is gone by itself.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Nodes: Send + Sync {
    /// A node is there, and reached at this address, until `until`. Announced again, the last
    /// word holds.
    async fn announce(
        &self,
        node: NodeId,
        address: &NodeAddress,
        until: Timestamp,
    ) -> Result<(), StoreError>;

    /// A node is not there any more. Nothing happens when it was not.
    async fn leave(&self, node: NodeId) -> Result<(), StoreError>;

    /// All nodes that are there, in the order of their ids.
    async fn all(&self, now: Timestamp) -> Result<Vec<(NodeId, NodeAddress)>, StoreError>;

    /// Where a node is reached; `None` when it is not there.
    async fn get(&self, node: NodeId, now: Timestamp) -> Result<Option<NodeAddress>, StoreError> {
        let all = self.all(now).await?;
        let found = all.into_iter().find(|(id, _)| *id == node);
        Ok(found.map(|(_, address)| address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_that_a_path_can_be_appended_to() {
        for (text, kept) in [
            ("https://node-1.example.org", "https://node-1.example.org"),
            ("http://10.0.0.7:8080/", "http://10.0.0.7:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("https://example.org/live//", "https://example.org/live"),
        ] {
            let address = NodeAddress::parse(text).expect("an address");
            assert_eq!(address.as_str(), kept);
            assert_eq!(address.url("/hls/a"), format!("{kept}/hls/a"));
        }
        let long = format!("https://{}", "a".repeat(NodeAddress::MAX_LEN));
        for text in [
            "",
            "example.org",
            "ftp://example.org",
            "https://",
            "https:///hls",
            "https://:8080",
            "https://example.org?a",
            "https://example.org#a",
            "https://a@example.org",
            "https://example.org/\r\nset-cookie: a",
            "https://exämple.org",
            &long,
        ] {
            assert_eq!(NodeAddress::parse(text), None, "{text:?}");
        }
    }
}
