//! Greenroom's ports in memory: for tests, for trying things out, and for what need not
//! outlive the process (presence, limits, leases, the bus, nodes). Also the one place that asks
//! the machine for the time and for randomness.
#![deny(missing_docs)]

mod account;
mod archive;
mod bus;
mod channel;
mod chat;
mod clock;
mod commit;
mod feed;
mod ids;
mod leases;
mod limits;
mod nodes;
mod objects;
mod page;
mod presence;
mod recording;
mod social;
mod store;
mod stream;

pub use bus::InMemoryBus;
pub use clock::SystemClock;
pub use ids::SystemIds;
pub use leases::InMemoryLeases;
pub use limits::InMemoryRateLimits;
pub use nodes::InMemoryNodes;
pub use objects::InMemoryObjects;
pub use presence::InMemoryPresence;
pub use store::InMemoryStore;
