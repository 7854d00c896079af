//! WebSockets as every real-time interface here has them: codec, handshake, and bytes in and out
//! of an upgraded connection.

pub mod frame;
pub(crate) mod link;
pub(crate) mod upgrade;
