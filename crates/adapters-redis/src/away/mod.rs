//! How a node goes on by itself while Redis is away.

mod limits;
mod own;
mod presence;
mod told;

pub use limits::RateLimitsWhenAway;
pub use presence::PresenceWhenAway;
