//! What tests of Greenroom are made with: contract suites that hold every adapter to the
//! promises of its port, builders of readable test data, a clock that only a test moves and
//! ids that repeat.
//!
//! An adapter of the stores is held to its promises in three lines:
//!
//! ```text
//! async fn make() -> Arc<dyn StoreUnderTest> { Arc::new(MyStore::open_empty().await) }
//! greenroom_testkit::store_contract!(make);
//! ```
//!
//! With the feature `properties`, `contract::equivalence` gives it and another store random
//! commands, and compares every answer.
#![deny(missing_docs)]
#![expect(
    clippy::missing_panics_doc,
    reason = "a test's part panics where what it checks or is given is not right"
)]

pub mod builders;
pub mod bus;
pub mod clock;
pub mod contract;
pub mod identity;
pub mod ids;
#[cfg(feature = "livekit")]
pub mod livekit;
pub mod media;
pub mod pictures;
pub mod recording;
mod runtime;
#[cfg(feature = "servers")]
pub mod servers;

pub use clock::ManualClock;
pub use ids::SeededIds;
pub use runtime::run;
