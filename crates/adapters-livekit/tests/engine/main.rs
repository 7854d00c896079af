//! The engine on LiveKit's stand-in.

mod contract;
mod rooms;
mod support;
