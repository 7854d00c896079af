//! The engine on LiveKit's stand-in.

mod contract;
mod nodes;
mod recording;
mod rooms;
mod support;
