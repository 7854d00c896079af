//! What the nodes of one Greenroom share by Redis (6.2 or newer, or Valkey): all of it is
//! worth nothing a few minutes later, so Redis need not keep anything on a disk.
//!
//! [`Redis`] is the way to it, shared by everything else: [`RedisBus`], [`RedisPresence`],
//! [`RedisRateLimits`], [`RedisLeases`] and [`RedisNodes`] fill the ports of the same names.
//!
//! While Redis is away every answer is
//! [`Unavailable`](greenroom_domain::shared::store::StoreError::Unavailable), within a second
//! and mostly at once; within two seconds after its return all is well again.
//! [`RateLimitsWhenAway`] and [`PresenceWhenAway`] let a node go on by itself meanwhile;
//! leases nobody has then.
//!
//! Times are the callers': the nodes' clocks should agree within a second.
#![deny(missing_docs)]

mod away;
mod backoff;
mod bus;
mod frame;
mod leases;
mod limits;
mod link;
mod nodes;
mod options;
mod presence;

pub use away::{PresenceWhenAway, RateLimitsWhenAway};
pub use bus::RedisBus;
pub use leases::RedisLeases;
pub use limits::RedisRateLimits;
pub use link::{OpenError, Redis};
pub use nodes::RedisNodes;
pub use options::{InvalidUrl, RedisOptions};
pub use presence::RedisPresence;
