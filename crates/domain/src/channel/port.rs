//! What channels need of the outside.

use async_trait::async_trait;

use crate::channel::{Channel, Handle, StreamKey};
use crate::shared::id::{ChannelId, StreamKeyId, UserId};
use crate::shared::page::{Page, PageRequest, UnknownCursor};
use crate::shared::secret::Mac;
use crate::shared::store::{StoreError, Stored};

/// Reads channels.
///
/// Promises: sees every commit that was acknowledged before the call.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Channels: Send + Sync {
    /// By id.
    async fn get(&self, id: ChannelId) -> Result<Option<Stored<Channel>>, StoreError>;

    /// Several at once, in the order asked for; those that do not exist are left out.
    async fn get_many(&self, ids: &[ChannelId]) -> Result<Vec<Channel>, StoreError>;

    /// By its name in addresses.
    async fn by_handle(&self, handle: &Handle) -> Result<Option<Stored<Channel>>, StoreError>;

    /// The channel of a creator.
    async fn by_owner(&self, owner: UserId) -> Result<Option<Stored<Channel>>, StoreError>;

    /// All channels in the order of their handles. Stable while channels are written.
    async fn list(
        &self,
        page: &PageRequest,
    ) -> Result<Result<Page<Channel>, UnknownCursor>, StoreError>;
}

/// Reads stream keys.
///
/// Promises: sees every commit that was acknowledged before the call.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait StreamKeys: Send + Sync {
    /// By id.
    async fn get(&self, id: StreamKeyId) -> Result<Option<Stored<StreamKey>>, StoreError>;

    /// The active key with this keyed hash.
    async fn by_hash(&self, hash: Mac) -> Result<Option<Stored<StreamKey>>, StoreError>;

    /// All keys of a channel, revoked ones too, oldest first.
    async fn of_channel(&self, channel: ChannelId) -> Result<Vec<StreamKey>, StoreError>;
}
