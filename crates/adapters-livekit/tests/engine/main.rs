//! The engine on LiveKit's stand-in.

mod contract;
mod nodes;
mod rooms;
mod support;
